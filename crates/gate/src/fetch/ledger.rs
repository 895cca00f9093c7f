//! The desk's dealings with the store: one read for a request, one transaction for a decision that changes something.

use std::sync::Arc;

use brands::InForce;
use domain::admission::Decision;
use domain::claim::PlatformKeys;
use domain::login::GlobalLogin;
use domain::menu_password::{MenuPasswords, PasswordForm};
use domain::net::site_network;
use domain::phonebook::{Person, book, named};
use domain::policy::Policy;
use domain::settings::{Resolved, Settings};
use domain::tenancy::{CustomerId, Place, SiteId};
use domain::trust::Trust;
use domain::{Mac, Time};
use quick_cache::sync::Cache;
use store::context::{Context, Revision};
use store::device::{Fetched, Setup, Stored};
use store::{Db, Store, StoreError};

use super::reply::Content;
use crate::limits::BOOKS_MAX;
use crate::phones::Request;

/// What rules and templates need besides the device, for one place and model. Holds as long as its revision is the store's, and passwords of
/// menus have the form that it was made with.
#[derive(Debug)]
pub struct Books {
    context: Context,
    policy: Policy,
    settings: Arc<Resolved>,
    password_form: Option<PasswordForm>,
}

impl Books {
    fn open(db: &Db, shelf: &Shelf, menus: &Menus) -> Result<Self, StoreError> {
        let context = store::context::load(db, shelf.customer)?;
        let password_form = menus.form(&shelf.model);
        let policy = context.policy(shelf.site).map_err(|error| StoreError::Refused(error.to_string()))?.policy;
        let place =
            context.customer.as_ref().map(|(customer, _, reseller)| Place { reseller: *reseller, customer: *customer, site: shelf.site });
        let settings = match place {
            Some(place) => menus.fill(&context, place, &shelf.model, &Settings::new(), password_form),
            None => context.settings(None, &shelf.model, &Settings::new()),
        };
        Ok(Self { context, policy, settings: Arc::new(settings), password_form })
    }

    /// The policy in force.
    pub fn policy(&self) -> &Policy {
        &self.policy
    }

    /// The platform's language, if the operator chose one.
    pub fn language(&self) -> Option<&str> {
        self.context.platform_setting("language")
    }

    /// What phones call the customer's phone book: as the setting says, else the customer's name.
    pub fn phonebook_title(&self) -> &str {
        let customer = self.context.customer.as_ref().map(|(_, name, _)| name.as_str());
        self.settings.value("phonebook_name").or(customer).unwrap_or_default()
    }

    /// All global logins.
    pub fn globals(&self) -> &[GlobalLogin] {
        &self.context.globals
    }

    /// The customer's trust.
    pub fn trust(&self) -> &Trust {
        &self.context.trust
    }
}

/// What the passwords of phones' menus are made from.
#[derive(Debug)]
pub struct Menus {
    /// The platform's keys.
    pub keys: PlatformKeys,
    /// What form each brand's passwords have.
    pub catalogue: InForce,
}

impl Menus {
    /// The settings in force for a phone, with passwords where nobody set one.
    fn fill(&self, context: &Context, place: Place, model: &str, own: &Settings, form: Option<PasswordForm>) -> Resolved {
        let mut settings = context.settings(place.site, model, own);
        if let Some(form) = form {
            MenuPasswords::of(&self.keys, place, context.menu_round(place)).fill(&mut settings, form);
        }
        settings
    }

    /// The form of a model's passwords; none if there is no such model.
    fn form(&self, model: &str) -> Option<PasswordForm> {
        self.catalogue.current().model(model).map(|(brand, _)| brand.password_form())
    }
}

/// Which books: the customer's for a site and a model, or the platform's for phones that nobody added.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
struct Shelf {
    customer: Option<CustomerId>,
    site: Option<SiteId>,
    model: String,
}

impl Shelf {
    fn of(found: Option<&Fetched>) -> Self {
        match found.map(|found| &found.stored.device) {
            Some(device) if !device.disabled => {
                Self { customer: Some(device.place.customer), site: device.place.site, model: device.model.clone() }
            }
            // A disabled device is served like one that nobody knows, under the policy of the host name.
            _ => Self { customer: None, site: None, model: String::new() },
        }
    }
}

/// Reads and writes for the desk.
#[derive(Debug)]
pub struct Ledger {
    store: Store,
    menus: Menus,
    books: Cache<Shelf, Arc<Books>>,
}

impl Ledger {
    /// Over a store.
    pub fn new(store: Store, menus: Menus) -> Self {
        Self { store, menus, books: Cache::new(BOOKS_MAX) }
    }

    /// The store itself.
    pub fn store(&self) -> &Store {
        &self.store
    }

    /// The device of a request, and the books that hold for it: one statement, unless the books have changed.
    pub fn find(&self, mac: Mac, request: &Request) -> Result<(Option<Fetched>, Arc<Books>), StoreError> {
        self.store.read_now(|db| self.find_in(db, mac, request, Shelving::Keep))
    }

    /// Decides again inside a transaction, against the device and the books as they are there, and keeps what the decision changes.
    pub async fn commit<F>(
        ledger: impl AsRef<Self> + Send + 'static,
        mac: Mac,
        request: Arc<Request>,
        decide: F,
    ) -> Result<Kept, StoreError>
    where
        F: Fn(Option<&Fetched>, &Books) -> Decision + Send + 'static,
    {
        let store = ledger.as_ref().store.clone();
        let work = move |db: &Db| {
            let (found, books) = ledger.as_ref().find_in(db, mac, &request, Shelving::UseOnce)?;
            let decision = decide(found.as_ref(), &books);
            keep(db, found.as_ref(), &decision, request.now)?;
            Ok(Kept { decision, found, books })
        };
        store.write(work).await
    }

    /// The lines and settings of a full config.
    pub fn content(&self, found: &Fetched, books: &Books) -> Result<Content, StoreError> {
        let Setup { lines, settings } = found.setup(&self.store)?;
        let device = &found.stored.device;
        let settings = if settings.is_empty() {
            Arc::clone(&books.settings)
        } else {
            Arc::new(self.menus.fill(&books.context, device.place, &device.model, &settings, books.password_form))
        };
        let phonebook =
            named(settings.value("phonebook"), books.context.has_contacts || lines.iter().any(|line| Person::of_line(line).is_some()));
        Ok(Content { lines, settings, phonebook, host: books.context.phone_host.clone() })
    }

    /// Everybody in a customer's phone book.
    pub async fn directory(&self, customer: CustomerId) -> Result<Vec<Person>, StoreError> {
        Ok(book(self.store.report(move |db| store::contact::directory(db, customer)).await?))
    }

    fn find_in(&self, db: &Db, mac: Mac, request: &Request, shelving: Shelving) -> Result<(Option<Fetched>, Arc<Books>), StoreError> {
        let found = store::device::fetch(db, mac, &site_network(request.address), request.now)?;
        let shelf = Shelf::of(found.as_ref());
        let held = self.books.get(&shelf);
        if let Some(books) = held {
            let current = match found.as_ref().filter(|_| shelf.customer.is_some()) {
                Some(found) => found.revision,
                None => Revision { platform: store::context::platform_revision(db)?, customer: 0 },
            };
            if books.context.revision == current && books.password_form == self.menus.form(&shelf.model) {
                return Ok((found, books));
            }
        }
        let books = Arc::new(Books::open(db, &shelf, &self.menus)?);
        if shelving == Shelving::Keep {
            self.books.insert(shelf, Arc::clone(&books));
        }
        Ok((found, books))
    }
}

/// What becomes of books that had to be opened.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Shelving {
    /// They hold for others too.
    Keep,
    /// Read in a transaction, they may show what is never committed: rolled back, the next change has the same revision.
    UseOnce,
}

/// A decision that was kept, and what it was made on.
#[derive(Debug)]
pub struct Kept {
    /// The decision.
    pub decision: Decision,
    /// The device as it was before.
    pub found: Option<Fetched>,
    /// The books.
    pub books: Arc<Books>,
}

/// Device and effects in one transaction.
fn keep(db: &Db, found: Option<&Fetched>, decision: &Decision, now: Time) -> Result<(), StoreError> {
    let Some(found) = found else { return Ok(()) };
    if let Some(device) = &decision.device {
        store::device::save(db, &Stored { device: device.clone(), version: found.stored.version }, now)?;
    }
    store::effect::carry_out(db, &found.stored.device, &decision.effects, now)
}

#[cfg(test)]
mod tests {
    use std::net::SocketAddr;

    use domain::chance::Seeded;
    use domain::policy::Patch;
    use domain::tenancy::Node;
    use http::{HeaderMap, Uri};
    use store::{KeyRing, Options, Scope};

    use super::*;
    use crate::path::Target;
    use crate::phones::{ConnectionInfo, Method};

    fn request() -> Request {
        let peer = SocketAddr::from(([192, 0, 2, 1], 4660));
        let connection = Arc::new(ConnectionInfo { peer, tls: true, client_certificate: None });
        let (target, uri) = (Target::parse("/cfg/001565000001.cfg").unwrap(), Uri::from_static("/cfg/001565000001.cfg"));
        let (address, now) = (peer.ip(), Time::from_millis(1_795_305_600_000));
        Request { connection, address, method: Method::Get, target, uri, headers: HeaderMap::new(), uploaded: 0, now }
    }

    fn menus() -> Menus {
        let keys = PlatformKeys::new(vec![domain::Secret::new(vec![7; 32])]).unwrap();
        Menus { keys, catalogue: InForce::embedded() }
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn what_was_rolled_back_is_on_no_shelf() {
        let directory = tempfile::tempdir().unwrap();
        let ring = KeyRing::generate(&mut Seeded::new(1));
        let store = Store::open("sqlite:test.db", &ring, Box::new(Seeded::new(2)), Options::new(directory.path())).await.unwrap();
        let ledger = Arc::new(Ledger::new(store.clone(), menus()));
        let mac: Mac = "001565000001".parse().unwrap();
        let retries = |count: &str| Patch([("retry_files".to_owned(), count.to_owned())].into());

        let (inside, never) = (Arc::clone(&ledger), retries("3"));
        let refused = store.write(move |db| {
            store::policy::save_patch(db, &Scope::Operator, Node::Operator, &never)?;
            let (_, books) = inside.find_in(db, mac, &request(), Shelving::UseOnce)?;
            assert_eq!(books.policy().retry_files, 3, "a transaction sees its own changes");
            Err::<(), _>(StoreError::NotFound)
        });
        refused.await.unwrap_err();
        let second = retries("4");
        store.write(move |db| store::policy::save_patch(db, &Scope::Operator, Node::Operator, &second)).await.unwrap();
        let (_, books) = ledger.find(mac, &request()).unwrap();
        assert_eq!(books.policy().retry_files, 4, "the same revision, another policy");
    }
}
