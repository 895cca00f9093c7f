//! PINs keyed in: loaded, decided by the domain, kept.
//!
//! One transaction loads the device, decides, and keeps device and effects. A MAC that nobody added takes the same way and writes
//! nothing; its tries are counted in memory, and its PIN is never right. Every answer takes at least [`PIN_ANSWER_AFTER`].

mod above;
mod account;
mod attempt;
mod books;
mod metrics;

use std::net::IpAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use domain::claim::{Claim, PlatformKeys};
use domain::pin::{Caller, PinAnswer, Stranger};
use domain::tenancy::CustomerId;
use domain::{Mac, Secret, Time};
use store::device::{Fetched, Stored};
use store::{Db, Store, StoreError};
use tokio::time::sleep;

pub use self::above::{Above, Alarm, Verdict};
pub use self::account::SipAccount;
pub use self::attempt::{Attempt, AttemptAnswer, AttemptError, AttemptResult, Who};
pub use self::metrics::{Metrics, Tried};

use self::books::{Bookcase, Books, Found, Shelving};
use crate::limits::{PIN_ANSWER_AFTER, PIN_CONFLICTS_MAX};

/// The tries of MACs that nobody added, in memory and bounded. Shared with whoever shows such a phone what it should display.
pub trait Strangers: Send + Sync {
    /// What is remembered of a MAC, if anything.
    fn stranger(&self, mac: Mac) -> Option<Stranger>;

    /// Works on what is remembered of a MAC; called once, on a new one if nothing is.
    fn change(&self, mac: Mac, work: &mut dyn FnMut(&mut Stranger));
}

/// A phone that calls.
#[derive(Clone, Debug)]
pub struct Calling {
    /// The claim whose digest proved the call.
    pub claim: Claim,
    /// Where the call came from.
    pub address: IpAddr,
    /// Brand and model that the phone showed, `yealink/T46S`; empty if it showed none.
    pub model: String,
}

impl Calling {
    fn caller(&self) -> Caller<'_> {
        Caller { claim: self.claim, address: self.address, model: &self.model }
    }
}

/// What a caller hears before the prompt.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Opening {
    /// Nothing, or why no PIN is taken now.
    pub standing: Option<PinAnswer>,
    /// The setting `language` of the device; only for a caller who proved more than a MAC, or a stranger would learn which MACs were added.
    pub device_language: Option<String>,
    /// The operator's setting `language`.
    pub operator_language: Option<String>,
}

/// What the voice tells a caller.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Told {
    /// What the rules say.
    Pin(PinAnswer),
    /// Too many wrong PINs around this caller: not looked at, not counted.
    Busy,
}

/// Takes PINs.
#[derive(Clone)]
pub struct PinDesk(Arc<Core>);

struct Core {
    store: Store,
    keys: Arc<PlatformKeys>,
    strangers: Arc<dyn Strangers>,
    books: Bookcase,
    above: Mutex<Above>,
    /// Held while an engine's attempt for an unknown MAC is counted and kept.
    unknown_attempts: tokio::sync::Mutex<()>,
    metrics: Metrics,
    pace: Pace,
}

/// How long things take at least, and at most; tests have no time.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Pace {
    answer_after: Duration,
    delay_max: Duration,
}

impl PinDesk {
    /// Over a store, with the platform's keys and the tries of unknown MACs.
    pub fn new(store: Store, keys: Arc<PlatformKeys>, strangers: Arc<dyn Strangers>, metrics: Metrics) -> Self {
        let pace = Pace { answer_after: PIN_ANSWER_AFTER, delay_max: Duration::MAX };
        Self::at_pace(pace, store, keys, strangers, metrics)
    }

    /// What the caller hears before the prompt, and in which language. Fails when the store is out of reach.
    pub async fn opening(&self, calling: &Calling, now: Time) -> Result<Opening, StoreError> {
        let core = Arc::clone(&self.0);
        let (mac, from) = (calling.claim.mac, calling.address);
        let look = move |db: &Db| Ok((core.books.find(db, mac, from, now, Shelving::Keep)?, core.books.platform(db)?));
        let (Found { device, books }, platform) = self.0.store.read(look).await?;
        let (policy, globals, caller) = (&books.policy, books.globals(), calling.caller());
        let operator_language = platform.language.clone();
        let Some(found) = device else {
            let standing = self.0.strangers.stranger(mac).unwrap_or_default().standing(caller, policy, globals, now);
            return Ok(Opening { standing, device_language: None, operator_language });
        };
        let device = &found.stored.device;
        let standing = domain::pin::standing(device, caller, policy, globals, now);
        let grounds = calling.claim.grounds;
        let is_live = device.auth.live.as_ref().is_some_and(|live| live.login.claim == calling.claim);
        let proved = !device.disabled && (is_live || grounds.global.is_some() || grounds.certificate);
        let device_language = if proved { self.device_language(&found, &books)? } else { None };
        Ok(Opening { standing, device_language, operator_language })
    }

    fn device_language(&self, found: &Fetched, books: &Books) -> Result<Option<String>, StoreError> {
        let (setup, device) = (found.setup(&self.0.store)?, &found.stored.device);
        let of_line = setup.lines.first().and_then(|line| line.settings.get("language"));
        let resolved = books.context.settings(device.place.site, &device.model, &setup.settings);
        Ok(of_line.map(String::as_str).or(resolved.value("language")).map(str::to_owned))
    }

    /// Takes a PIN of six digits. Fails when the store is out of reach: then nothing was counted, and nothing is right.
    pub async fn enter(&self, calling: &Calling, pin: &Secret<String>, now: Time) -> Result<Told, StoreError> {
        let (told, ()) = tokio::join!(self.enter_at_once(calling, pin, now), sleep(self.0.pace.answer_after));
        self.0.metrics.count(match &told {
            Ok(Told::Pin(answer)) => Tried::of(*answer),
            Ok(Told::Busy) => Tried::Busy,
            Err(_) => Tried::Unavailable,
        });
        told
    }

    async fn enter_at_once(&self, calling: &Calling, pin: &Secret<String>, now: Time) -> Result<Told, StoreError> {
        if !self.admitted(calling.address, now).await {
            return Ok(Told::Busy);
        }
        let decided = self.decide(calling, pin, now).await;
        self.settle(calling.address, &decided, now);
        decided.map(|decided| Told::Pin(decided.answer))
    }

    /// Waits as long as the limits above the device want; false if they refuse.
    async fn admitted(&self, address: IpAddr, now: Time) -> bool {
        let (mut verdict, mut alarms) = self.0.above().begin(address, now);
        if verdict == Verdict::Busy && self.has_served(address, now).await {
            self.0.above().succeeded(address, now);
            (verdict, alarms) = self.0.above().begin(address, now);
        }
        for alarm in alarms {
            self.raise(alarm);
        }
        match verdict {
            Verdict::After(delay) => {
                sleep(Duration::from_millis(delay.millis().unsigned_abs()).min(self.0.pace.delay_max)).await;
                true
            }
            Verdict::Busy => false,
        }
    }

    /// Whether a phone has ever got its configuration there: a success that all nodes know of, and that a restart does not forget.
    async fn has_served(&self, address: IpAddr, now: Time) -> bool {
        let network = domain::net::site_network(address);
        let known = self.0.store.read(move |db| store::trust::address_known(db, &network, now)).await;
        known.unwrap_or(false)
    }

    async fn decide(&self, calling: &Calling, pin: &Secret<String>, now: Time) -> Result<Decided, StoreError> {
        let core = Arc::clone(&self.0);
        let (of, digits) = (calling.clone(), pin.clone());
        let work = move |db: &Db| core.decide_in(db, &of, &digits, now);
        match self.0.write(work).await? {
            Looked::Known(decided) => Ok(decided),
            Looked::Unknown(found) => Ok(self.0.count_stranger(calling, pin, &found, now)),
        }
    }

    /// The limits above the device learn what came of it.
    fn settle(&self, address: IpAddr, decided: &Result<Decided, StoreError>, now: Time) {
        let Ok(decided) = decided else { return self.0.above().take_back(address) };
        match (decided.counted, decided.answer) {
            (true, PinAnswer::Right) => {
                let mut above = self.0.above();
                above.take_back(address);
                above.succeeded(address, now);
            }
            (true, _) => {
                let alarm = decided.customer.and_then(|customer| self.0.above().wrong_for(customer, now));
                if let Some(alarm) = alarm {
                    self.raise(alarm);
                }
            }
            (false, _) => self.0.above().take_back(address),
        }
    }

    fn raise(&self, alarm: Alarm) {
        self.0.metrics.alarm(alarm);
        match alarm {
            Alarm::Source(network) => tracing::warn!(source = %network, "many wrong PINs from {network}"),
            Alarm::Customer(customer) => tracing::warn!(customer = %customer.0, "many wrong PINs for the phones of one customer"),
            Alarm::Platform => tracing::warn!("many wrong PINs on the whole platform"),
        }
    }

    fn at_pace(pace: Pace, store: Store, keys: Arc<PlatformKeys>, strangers: Arc<dyn Strangers>, metrics: Metrics) -> Self {
        Self(Arc::new(Core {
            store,
            keys,
            strangers,
            books: Bookcase::default(),
            above: Mutex::default(),
            unknown_attempts: tokio::sync::Mutex::default(),
            metrics,
            pace,
        }))
    }
}

/// What was decided of a PIN.
#[derive(Clone, Copy, Debug)]
struct Decided {
    answer: PinAnswer,
    /// The PIN was looked at.
    counted: bool,
    customer: Option<CustomerId>,
}

/// What a transaction found.
enum Looked {
    Known(Decided),
    /// Nobody added the MAC. It is counted after the transaction, which may run more than once.
    Unknown(Box<Found>),
}

impl Core {
    /// Loads, decides, keeps.
    fn decide_in(&self, db: &Db, calling: &Calling, pin: &Secret<String>, now: Time) -> Result<Looked, StoreError> {
        let found = self.books.find(db, calling.claim.mac, calling.address, now, Shelving::UseOnce)?;
        let Some(stored) = found.device.as_ref().map(|device| &device.stored) else { return Ok(Looked::Unknown(Box::new(found))) };
        let (policy, globals) = (&found.books.policy, found.books.globals());
        let decision = domain::pin::enter(&stored.device, calling.caller(), pin.expose(), policy, globals, now);
        if let Some(device) = &decision.device {
            store::device::save(db, &Stored { device: device.clone(), version: stored.version }, now)?;
        }
        store::effect::carry_out(db, &stored.device, &decision.effects, now)?;
        let customer = (!stored.device.disabled).then_some(stored.device.place.customer);
        Ok(Looked::Known(Decided { answer: decision.answer, counted: decision.device.is_some(), customer }))
    }

    fn count_stranger(&self, calling: &Calling, pin: &Secret<String>, found: &Found, now: Time) -> Decided {
        let (policy, globals) = (&found.books.policy, found.books.globals());
        let mut decided = Decided { answer: PinAnswer::NoTry, counted: false, customer: None };
        self.strangers.change(calling.claim.mac, &mut |stranger| {
            let standing = stranger.standing(calling.caller(), policy, globals, now);
            decided.answer = stranger.enter(calling.caller(), pin.expose(), policy, globals, now);
            decided.counted = standing.is_none() && decided.answer != PinAnswer::NoTry;
        });
        decided
    }

    /// A transaction that is run again when another change of the device came first.
    async fn write<T, F>(&self, work: F) -> Result<T, StoreError>
    where
        T: Send + 'static,
        F: Fn(&Db) -> Result<T, StoreError> + Clone + Send + 'static,
    {
        let mut conflicts = 0;
        loop {
            match self.store.write(work.clone()).await {
                Err(StoreError::Conflict) if conflicts < PIN_CONFLICTS_MAX => conflicts += 1,
                done => return done,
            }
        }
    }

    fn above(&self) -> MutexGuard<'_, Above> {
        self.above.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
pub(crate) use self::tests::world;

#[cfg(test)]
mod tests;
