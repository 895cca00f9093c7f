//! Emergency calls: put through to a trunk in every state, with or without a database.
//!
//! A call asks nothing but memory: which numbers hold, where its phone stands, which trunks there are. What memory holds is read from the
//! store beforehand, and from a sealed file when there is no store. Nothing here refuses a call for a limit, a lock or a wrong digest;
//! only callers without proof are counted.

mod cache;
mod call;
mod call_back;
mod dial;
mod health;
mod join;
mod keep;
mod metrics;
mod places;
mod probe;
mod recent;
mod record;
mod resolve;
mod routes;
mod seats;
mod standing;

use std::fmt;
use std::sync::Arc;

use domain::emergency::{Numbers, Trunk};
use domain::tenancy::Place;
use domain::{Mac, Secret, Time};
use store::Store;

pub use self::cache::{Cache, CacheError, Content};
pub use self::call::{Left, PutThrough};
use self::health::{Found, Watch};
pub use self::metrics::{Ended, Metrics};
pub use self::places::Spot;
use self::places::{Learned, Places};
pub use self::probe::{Step, probe};
use self::recent::Recent;
pub use self::record::{EMERGENCY_CALL, TRUNK_DOWN, TRUNK_UP};
use self::record::{Entry, Waiting};
use self::resolve::Resolver;
pub use self::routes::Routes;
use self::routes::Table;
use self::seats::Seats;
use self::standing::Challenged;
use crate::limits::{TRUNK_SILENCE, TRUNK_TRYING};
use crate::media::{Media, Srtp};
use crate::registrar::{Notice, Registrar};
use crate::stack::{IsEmergency, Message, Stack};

/// What emergency calls are made of.
pub struct Parts {
    /// Which numbers they are.
    pub numbers: Numbers,
    /// The operator's own number, E.164.
    pub caller_number: Option<String>,
    /// Who carries the messages.
    pub stack: Stack,
    /// Who carries the sound.
    pub media: Media,
    /// Who knows callers.
    pub registrar: Arc<Registrar>,
    /// Who is told of each call's phone, at its begin and end: it is not to be disturbed.
    pub on_call: OnCall,
    /// The file.
    pub cache: Cache,
    /// The store; none while it cannot be opened.
    pub store: Option<Store>,
    /// The key that claims are made from, to be kept in the file; none keeps the one that is there.
    pub claims_key: Option<Secret<Vec<u8>>>,
    /// Where time comes in.
    pub clock: fn() -> Time,
    /// How long trunks are waited for.
    pub waits: Waits,
    /// What is counted.
    pub metrics: Metrics,
}

/// Is told that a phone makes an emergency call.
pub type OnCall = Arc<dyn Fn(Mac, Time) + Send + Sync>;

/// How long trunks are waited for.
#[derive(Clone, Copy, Debug)]
pub struct Waits {
    /// Until the first word.
    pub silence: std::time::Duration,
    /// From "trying" until it rings.
    pub trying: std::time::Duration,
}

impl Default for Waits {
    fn default() -> Self {
        Self { silence: TRUNK_SILENCE, trying: TRUNK_TRYING }
    }
}

/// Emergency calls of one node.
pub struct Emergency {
    numbers: Numbers,
    caller_number: Option<String>,
    stack: Stack,
    media: Media,
    registrar: Arc<Registrar>,
    on_call: OnCall,
    cache: Cache,
    store: Option<Store>,
    claims_key: Option<Secret<Vec<u8>>>,
    clock: fn() -> Time,
    waits: Waits,
    metrics: Metrics,
    table: Table,
    places: Places,
    seats: Seats,
    recent: Recent,
    watch: Watch,
    resolver: Resolver,
    challenged: Challenged,
    waiting: Waiting,
    /// Held while the store writes what waits.
    writing: tokio::sync::Mutex<()>,
    /// The routes are others.
    changed: tokio::sync::Notify,
}

/// Which requests no limit holds up: for the edge, before anything else is there.
pub fn is_emergency(numbers: Numbers) -> IsEmergency {
    Arc::new(move |uri: &str| numbers.anywhere(uri))
}

impl Emergency {
    /// Opens with what the file holds. A damaged file is told and passed over.
    pub fn open(parts: Parts) -> Arc<Self> {
        let Parts { numbers, caller_number, stack, media, registrar, on_call, cache, store, claims_key, clock, waits, metrics } = parts;
        let mut this = Self {
            numbers,
            caller_number,
            stack,
            media,
            registrar,
            on_call,
            cache,
            store,
            claims_key,
            clock,
            waits,
            metrics,
            table: Table::default(),
            places: Places::default(),
            seats: Seats::default(),
            recent: Recent::default(),
            watch: Watch::default(),
            resolver: Resolver::default(),
            challenged: Challenged::default(),
            waiting: Waiting::default(),
            writing: tokio::sync::Mutex::default(),
            changed: tokio::sync::Notify::new(),
        };
        match this.cache.read() {
            Ok(content) => this.take_over(content),
            Err(CacheError::Missing) => {}
            Err(error) => {
                let path = this.cache.path().display();
                tracing::error!(%path, %error, "the routes of emergency calls cannot be read from their file: until the store answers there are none");
            }
        }
        Arc::new(this)
    }

    /// The emergency number that a call asks for; none if it asks for none.
    pub fn number_of(&self, message: &Message, mac: Option<Mac>) -> Option<String> {
        let routes = self.table.current();
        self.numbers.dialled(message.uri(), routes.whereabouts(self.spot(mac)))
    }

    /// The numbers that are emergencies for a phone: those that may be keyed into the prompt.
    pub fn numbers_for(&self, mac: Option<Mac>) -> Vec<String> {
        let routes = self.table.current();
        routes.numbers(&self.numbers, self.spot(mac)).into_iter().map(str::to_owned).collect()
    }

    /// The trunks as they are known now.
    pub fn routes(&self) -> Arc<Routes> {
        self.table.current()
    }

    fn spot(&self, mac: Option<Mac>) -> Option<Spot> {
        match self.places.of(mac?) {
            Learned::At(spot) => Some(spot),
            Learned::Nothing | Learned::NotAdded => None,
        }
    }

    fn now(&self) -> Time {
        (self.clock)()
    }

    fn take_over(&mut self, content: Content) {
        let Content { routes, places, addresses, claims_key } = content;
        for (spot, macs) in places {
            for mac in macs {
                self.places.learn(mac, Some(spot));
            }
        }
        self.resolver.remember(addresses);
        self.table.replace(routes);
        self.claims_key = self.claims_key.take().or(claims_key);
    }

    /// Notes what was found of a trunk, and tells of a change.
    fn found(&self, trunk: &Trunk, found: &Found) {
        let at = self.now();
        if self.watch.note(trunk.id, found, at) {
            let (name, up, detail) = (trunk.name.clone(), found.up, found.detail.clone());
            self.waiting.push(Entry::Trunk { at, name, up, detail });
        }
    }
}

impl Notice for Emergency {
    fn stands(&self, mac: Mac, place: Option<Place>) {
        self.places.learn(mac, place.map(|place| Spot { customer: place.customer, site: place.site }));
    }
}

impl fmt::Debug for Emergency {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Emergency").field("trunks", &self.routes().trunks.len()).finish_non_exhaustive()
    }
}

/// How secure sound towards a phone is: an emergency call is never refused for it.
const PHONE_SRTP: Srtp = Srtp::Preferred;
