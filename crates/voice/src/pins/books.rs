//! What the PIN rules need besides the device: policy and global logins, kept as long as their revision is the store's.

use std::sync::Arc;

use domain::Mac;
use domain::Time;
use domain::login::GlobalLogin;
use domain::net::site_network;
use domain::policy::Policy;
use domain::settings::Settings;
use domain::tenancy::{CustomerId, SiteId};
use quick_cache::sync::Cache;
use store::context::{Context, Revision};
use store::device::Fetched;
use store::{Db, StoreError};

use crate::limits::BOOKS_MAX;

/// Policy and global logins for one place.
#[derive(Debug)]
pub(super) struct Books {
    /// The policy in force.
    pub policy: Policy,
    /// What else was loaded.
    pub context: Context,
    /// The language set for this place, whatever the device.
    pub language: Option<String>,
}

impl Books {
    /// All global logins.
    pub fn globals(&self) -> &[GlobalLogin] {
        &self.context.globals
    }

    fn open(db: &Db, place: Option<(CustomerId, Option<SiteId>)>) -> Result<Self, StoreError> {
        let context = store::context::load(db, place.map(|(customer, _)| customer))?;
        let site = place.and_then(|(_, site)| site);
        let policy = context.policy(site).map_err(|error| StoreError::Refused(error.to_string()))?.policy;
        let language = context.settings(site, "", &Settings::new()).value("language").map(str::to_owned);
        Ok(Self { policy, context, language })
    }
}

/// The customer's for a site, or the platform's for phones that nobody added.
type Shelf = Option<(CustomerId, Option<SiteId>)>;

/// Books by place.
#[derive(Debug)]
pub(super) struct Bookcase(Cache<Shelf, Arc<Books>>);

/// What becomes of books that had to be opened.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Shelving {
    /// They hold for others too.
    Keep,
    /// Read in a transaction, they may show what is never committed: rolled back, the next change has the same revision.
    UseOnce,
}

impl Default for Bookcase {
    fn default() -> Self {
        Self(Cache::new(BOOKS_MAX))
    }
}

impl Bookcase {
    /// A MAC's device, if somebody added it, and the books that hold for it.
    pub fn find(&self, db: &Db, mac: Mac, from: std::net::IpAddr, now: Time, shelving: Shelving) -> Result<Found, StoreError> {
        let device = store::device::fetch(db, mac, &site_network(from), now)?;
        // A disabled device is heard like one that nobody knows, under the platform's own policy.
        let added = device.as_ref().filter(|found| !found.stored.device.disabled);
        let shelf = added.map(|found| (found.stored.device.place.customer, found.stored.device.place.site));
        let revision = match added {
            Some(found) => found.revision,
            None => Revision { platform: store::context::platform_revision(db)?, customer: 0 },
        };
        if let Some(books) = self.0.get(&shelf).filter(|books| books.context.revision == revision) {
            return Ok(Found { device, books });
        }
        let books = self.open(db, shelf, shelving)?;
        Ok(Found { device, books })
    }

    /// The platform's own books.
    pub fn platform(&self, db: &Db) -> Result<Arc<Books>, StoreError> {
        let revision = Revision { platform: store::context::platform_revision(db)?, customer: 0 };
        match self.0.get(&None).filter(|books| books.context.revision == revision) {
            Some(books) => Ok(books),
            None => self.open(db, None, Shelving::Keep),
        }
    }

    fn open(&self, db: &Db, shelf: Shelf, shelving: Shelving) -> Result<Arc<Books>, StoreError> {
        let books = Arc::new(Books::open(db, shelf)?);
        if shelving == Shelving::Keep {
            self.0.insert(shelf, Arc::clone(&books));
        }
        Ok(books)
    }
}

/// A device, if somebody added it, and its books.
#[derive(Debug)]
pub(super) struct Found {
    pub device: Option<Fetched>,
    pub books: Arc<Books>,
}
