//! Brands, and the files that their phones get.

use std::sync::Arc;

use ::brands::{Body, Brand, Catalogue, Door, Entry, FileKind, Firmware, Model, Notice, Order, Parsed, RestrictedAccount};
use domain::admission::ordinary_poll;
use domain::channel::at_host;
use domain::claim::PlatformKeys;
use domain::device::{Auth, State};
use domain::extra::with_addresses;
use domain::login::Login;
use domain::menu_password::MenuPasswords;
use domain::phonebook::{Person, book, named};
use domain::policy::Policy;
use domain::role::Action;
use domain::settings::{Resolved, Settings};
use domain::tenancy::Place;
use domain::{Mac, Secret};
use serde::Serialize;
use store::Db;
use store::context::Context;
use store::device::{Setup, Stored};
use utoipa::ToSchema;

use super::device::{load, node_of, parse_mac};
use super::{Admin, By, Error, Platform};

mod steps;

/// What stands in a preview where a login would stand that is not made yet.
const NOT_ISSUED: &str = "not-issued-yet";

/// Which file to show.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Preview {
    /// Its name; the phone's device file if absent.
    pub file: Option<String>,
    /// As a phone gets it that is not cleared.
    pub restricted: bool,
    /// Where each line comes from; secrets masked.
    pub why: bool,
}

/// A file as it is shown.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct RenderedView {
    /// Its name.
    pub file: String,
    /// The whole file, passwords included; absent where its lines are explained.
    pub text: Option<String>,
    /// Its lines with their sources, secrets masked.
    pub lines: Option<Vec<WhyView>>,
}

/// A line and where it comes from.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct WhyView {
    /// The line.
    pub text: String,
    /// `template`, `platform`, or the layer of settings.
    pub source: String,
}

/// The names of all brands, short and as people write them.
pub fn names(admin: &Admin) -> Vec<(String, String)> {
    admin.catalogue.current().brands().iter().map(|brand| (brand.name().to_owned(), brand.display().to_owned())).collect()
}

/// Reads a phone's file back.
pub fn parse(catalogue: &Catalogue, brand: &str, bytes: &[u8]) -> Result<Parsed, Error> {
    let known = || catalogue.brands().iter().map(Brand::name).collect::<Vec<_>>().join(", ");
    let brand = catalogue.brand(brand).ok_or_else(|| Error::invalid("brand", format!("unknown brand {brand:?}; there are {}", known())))?;
    catalogue.parse(brand, bytes).map_err(|error| Error::invalid("file", error))
}

/// Shows a file of a phone. Whole, it holds passwords: that is audited. With its reasons they are masked.
pub async fn render(admin: &Admin, by: &By, mac: &str, preview: Preview) -> Result<RenderedView, Error> {
    let (mac, by, admin_too) = (parse_mac(mac)?, by.clone(), admin.clone());
    if preview.why {
        let look = move |db: &Db| {
            let (stored, policy) = load(db, &by, mac, Action::ViewDevices)?;
            let setup = store::device::setup(db, &by.scope(), mac)?;
            within(db, &admin_too, &by, (&stored, &setup), &policy, &preview)
        };
        return admin.read(look).await;
    }
    admin
        .write(move |db| {
            let (stored, policy) = load(db, &by, mac, Action::RevealPassword)?;
            let setup = store::device::setup(db, &by.scope(), mac)?;
            by.audit(db, node_of(stored.device.place), Action::RevealPassword.code(), &mac.to_string(), "configuration file")?;
            within(db, &admin_too, &by, (&stored, &setup), &policy, &preview)
        })
        .await
}

/// The names of the files that a phone asks for.
pub async fn files(admin: &Admin, by: &By, mac: &str) -> Result<Vec<String>, Error> {
    let (mac, by, catalogue) = (parse_mac(mac)?, by.clone(), admin.catalogue.current());
    let look = move |db: &Db| {
        let (stored, _) = load(db, &by, mac, Action::ViewDevices)?;
        let model = catalogue.model(&stored.device.model);
        Ok(model.map(|(brand, model)| brand.file_names(mac, model).map(|(name, _)| name).collect()).unwrap_or_default())
    };
    admin.read(look).await
}

/// How a phone of this model is set to factory state, step by step, from its brand's guide; nothing where that is not known.
pub fn factory_reset(admin: &Admin, model: &str) -> Vec<String> {
    admin.catalogue.current().model(model).map(|(brand, _)| steps::factory_reset(brand.guide())).unwrap_or_default()
}

/// How many lines a model has; none if it is not in the catalogue any more.
pub fn accounts(admin: &Admin, model: &str) -> usize {
    admin.catalogue.current().model(model).map_or(0, |(_, model)| model.accounts.into())
}

/// Names of settings that phones of this model know, for a list to choose from.
pub fn known_settings(admin: &Admin, model: &str) -> Vec<String> {
    let samples = |(brand, _): (&Brand, &Model)| brand.sample_settings().0.into_keys().collect();
    admin.catalogue.current().model(model).map(samples).unwrap_or_default()
}

/// The settings in force for a phone set up like this, with the menus' passwords.
pub(crate) fn in_force(admin: &Admin, context: &Context, stored: &Stored, setup: &Setup) -> Resolved {
    let place = stored.device.place;
    let mut settings = context.settings(place.site, &stored.device.model, &setup.settings);
    if let Some((brand, _)) = admin.catalogue.current().model(&stored.device.model) {
        MenuPasswords::of(&admin.keys, place, context.menu_round(place)).fill(&mut settings, brand.password_form());
    }
    settings
}

/// A file of a phone as it would be if the phone were set up like this.
pub(crate) fn within(
    db: &Db,
    admin: &Admin,
    by: &By,
    (stored, setup): (&Stored, &Setup),
    policy: &Policy,
    preview: &Preview,
) -> Result<RenderedView, Error> {
    let context = store::context::load(db, Some(stored.device.place.customer))?;
    let settings = in_force(admin, &context, stored, setup);
    let firmware = store::seen::seen(db, &by.scope(), stored.device.mac)?.map(|seen| seen.firmware);
    let book = Book::open(db, &context, stored)?;
    let phone = Phone {
        stored,
        setup,
        settings: &settings,
        policy,
        firmware: firmware.as_deref(),
        language: context.platform_setting("language").unwrap_or("en"),
        has_contacts: context.has_contacts,
        host: context.phone_host.as_deref(),
        book: &book,
    };
    phone.render(&admin.catalogue.current(), &admin.keys, &admin.platform, preview, by)
}

/// What a preview is made from.
struct Phone<'a> {
    stored: &'a Stored,
    setup: &'a Setup,
    settings: &'a Resolved,
    policy: &'a Policy,
    firmware: Option<&'a str>,
    /// The platform's.
    language: &'a str,
    has_contacts: bool,
    /// The host of the phone's reseller.
    host: Option<&'a str>,
    book: &'a Book,
}

/// The customer's phone book.
struct Book {
    title: String,
    entries: Vec<Entry>,
}

impl Book {
    /// As the phones get it: what they call it is no matter of one phone.
    fn open(db: &Db, context: &Context, stored: &Stored) -> Result<Self, Error> {
        let Place { customer, site, .. } = stored.device.place;
        let settings = context.settings(site, &stored.device.model, &Settings::new());
        let name = context.customer.as_ref().map(|(_, name, _)| name.as_str());
        let title = settings.value("phonebook_name").or(name).unwrap_or_default().to_owned();
        let people = book(store::contact::directory(db, customer)?);
        Ok(Self { title, entries: people.into_iter().map(|person| Entry { name: person.name, number: person.number }).collect() })
    }
}

/// Where the previewed file sends its phone.
struct Way {
    url: String,
    user: String,
    password: Secret<String>,
    poll_seconds: u32,
}

impl Phone<'_> {
    fn render(
        &self,
        catalogue: &Arc<Catalogue>,
        keys: &PlatformKeys,
        platform: &Platform,
        preview: &Preview,
        by: &By,
    ) -> Result<RenderedView, Error> {
        let device = &self.stored.device;
        let unknown = || Error::refused("model", format!("model {:?} is not in the catalogue any more", device.model));
        let (brand, model) = catalogue.model(&device.model).ok_or_else(unknown)?;
        let (name, file) = choose(brand, model, device.mac, preview.file.as_deref())?;
        let way = self.way(keys, platform, preview.restricted, model);
        let door = Door { url: &way.url, user: &way.user, password: &way.password, poll_seconds: way.poll_seconds, file_key: None };
        let settings = with_addresses(self.settings, &way.url, self.named_book(brand, model).as_deref());
        let body = match (file, preview.restricted) {
            (FileKind::Phonebook, true) => return Err(Error::refused("no_such_file", "a phone that is not cleared gets no phone book")),
            (FileKind::Phonebook, false) => Body::Phonebook { title: &self.book.title, entries: &self.book.entries },
            (FileKind::Boot | FileKind::Common, _) => Body::PublicIn { folder: &way.url },
            (_, false) => {
                let language = self.settings.value("language").unwrap_or(self.language);
                Body::Full { lines: &self.setup.lines, settings: &settings, door, language }
            }
            (_, true) => Body::Restricted {
                notice: notice(&device.auth, by),
                account: RestrictedAccount {
                    user: &way.user,
                    password: &way.password,
                    server: &platform.sip_host,
                    port: platform.sip_port,
                    transport: platform.sip_transport,
                },
                service_number: &platform.service_number,
                emergency_numbers: &platform.emergency_numbers,
                door,
                language: self.language,
            },
        };
        let firmware = self.firmware.and_then(|text| text.parse::<Firmware>().ok());
        let order = Order { brand, model, firmware, mac: Some(device.mac), file, body };
        let broken = |error: ::brands::RenderError| Error::refused("render", error);
        if preview.why {
            let why = catalogue.render_with_why(&order).map_err(broken)?;
            let lines = why.into_iter().map(|line| WhyView { text: line.text, source: line.source.to_string() }).collect();
            return Ok(RenderedView { file: name, text: None, lines: Some(lines) });
        }
        let bytes = catalogue.render(&order).map_err(broken)?.bytes;
        Ok(RenderedView { file: name, text: Some(String::from_utf8_lossy(&bytes).into_owned()), lines: None })
    }

    /// The phone book's file, where the full config names it.
    fn named_book(&self, brand: &Brand, model: &Model) -> Option<String> {
        let has_people = self.has_contacts || self.setup.lines.iter().any(|line| Person::of_line(line).is_some());
        let is_named = named(self.settings.value("phonebook"), has_people);
        brand.phonebook_name(self.stored.device.mac, model).filter(|_| is_named)
    }

    /// The login that the phone has or waits for. A claim is never made for a preview.
    fn way(&self, keys: &PlatformKeys, platform: &Platform, restricted: bool, model: &Model) -> Way {
        let auth = &self.stored.device.auth;
        let own = || auth.live.as_ref().map(|live| &live.login).or(auth.pending.as_ref().and_then(|pending| pending.login.as_ref()));
        let login: Option<&Login> = if restricted { None } else { own() };
        let handle = login.map_or_else(|| NOT_ISSUED.to_owned(), |login| keys.token(&login.claim));
        let poll = if restricted {
            i64::from(model.shortest_poll_seconds)
        } else {
            ordinary_poll(self.stored.device.mac, self.policy).as_seconds()
        };
        let base = at_host(&platform.phones_url, self.host.filter(|_| !restricted));
        Way {
            url: format!("{base}/cfg/d/{handle}/"),
            user: login.map_or_else(|| NOT_ISSUED.to_owned(), |login| login.user(keys)),
            password: login.map_or_else(|| Secret::from(NOT_ISSUED), |login| login.password(keys)),
            poll_seconds: u32::try_from(poll).unwrap_or(u32::MAX),
        }
    }
}

fn choose(brand: &Brand, model: &Model, mac: Mac, wanted: Option<&str>) -> Result<(String, FileKind), Error> {
    let mut files = brand.file_names(mac, model);
    let found = match wanted {
        None => files.find(|(_, kind)| *kind == FileKind::Carrier),
        Some(name) => files.find(|(known, _)| known == name),
    };
    found.ok_or_else(|| {
        let known: Vec<String> = brand.file_names(mac, model).map(|(name, _)| name).collect();
        Error::refused("no_such_file", format!("this phone has no file of that name; it asks for {}", known.join(", ")))
    })
}

fn notice(auth: &Auth, by: &By) -> Notice {
    match auth.state(by.now) {
        State::Needed => Notice::Needed,
        State::Failed => Notice::Failed,
        State::Blocked => Notice::Blocked,
        State::Successful => Notice::ResetNeeded,
    }
}
