//! PINs that an operator's own telephone system collected and passes on.
//!
//! The same attempt of the same session is answered alike and counted once, on any node: the answer is kept in the transaction that
//! decides it. The digits are kept nowhere.

use std::net::{IpAddr, Ipv4Addr};
use std::sync::Arc;

use domain::pin::PinAnswer;
use domain::{Mac, Secret, Time};
use store::pin_attempt::Kept;
use store::{Db, StoreError};
use tokio::time::sleep;

use super::books::{Found, Shelving};
use super::metrics::Tried;
use super::{Calling, Core, Decided, Looked, PinDesk};
use crate::limits::SESSION_BYTES_MAX;

/// Who keyed in a PIN elsewhere.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Who {
    /// The phone that proved this account.
    Account {
        /// Its name: the claim's token.
        name: String,
        /// Where it called from, if the engine says.
        source: Option<IpAddr>,
    },
    /// The one phone that fetched with this MAC from that address. If several did, or none, nobody is cleared.
    Phone {
        /// Its MAC.
        mac: Mac,
        /// Its address.
        source: IpAddr,
    },
}

/// A PIN keyed in elsewhere.
#[derive(Clone, Debug)]
pub struct Attempt {
    /// By whom.
    pub who: Who,
    /// The digits.
    pub pin: Secret<String>,
    /// The engine's name for the call, 1 to 200 bytes.
    pub session: String,
    /// Which PIN of the call.
    pub attempt: u32,
}

/// What is answered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct AttemptAnswer {
    /// What came of it.
    pub result: AttemptResult,
    /// Tries left before a lock, where that means anything.
    pub attempts_left: Option<u32>,
}

/// What came of an attempt.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AttemptResult {
    /// Right: the phone is cleared and told to fetch.
    Ok,
    /// Wrong.
    Wrong,
    /// Locked for a while.
    Failed,
    /// Locked until a reset.
    Blocked,
    /// This phone can no longer be cleared by a PIN: only a reset helps.
    Expired,
}

impl AttemptResult {
    const ALL: [Self; 5] = [Self::Ok, Self::Wrong, Self::Failed, Self::Blocked, Self::Expired];

    /// The code of interfaces.md.
    pub fn code(self) -> &'static str {
        match self {
            Self::Ok => "ok",
            Self::Wrong => "wrong",
            Self::Failed => "failed",
            Self::Blocked => "blocked",
            Self::Expired => "expired",
        }
    }
}

/// Why an attempt was not answered. Nothing was counted.
#[derive(Debug, thiserror::Error)]
pub enum AttemptError {
    /// A field that cannot be; its name.
    #[error("{0}: the account's name, a PIN of six digits, a session of 1 to 200 bytes")]
    Invalid(&'static str),
    /// The session and number belong to another phone's attempt.
    #[error("this attempt of this session was another phone's")]
    Mismatch,
    /// Too many wrong PINs around this caller.
    #[error("too many wrong PINs: try again later")]
    Busy,
    /// The store is out of reach.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl AttemptAnswer {
    fn of(answer: PinAnswer) -> Self {
        let (result, attempts_left) = match answer {
            PinAnswer::Right => (AttemptResult::Ok, None),
            PinAnswer::Wrong { left } => (AttemptResult::Wrong, Some(left)),
            PinAnswer::Failed { .. } => (AttemptResult::Failed, Some(0)),
            PinAnswer::Blocked => (AttemptResult::Blocked, Some(0)),
            PinAnswer::ResetNeeded | PinAnswer::NoTry => (AttemptResult::Expired, None),
        };
        Self { result, attempts_left }
    }

    fn kept(self, subject: &str) -> Kept {
        let attempts_left = self.attempts_left.map(i64::from);
        Kept { subject: subject.to_owned(), result: self.result.code().to_owned(), attempts_left }
    }

    fn read(kept: &Kept) -> Option<Self> {
        let result = AttemptResult::ALL.into_iter().find(|result| result.code() == kept.result)?;
        Some(Self { result, attempts_left: kept.attempts_left.and_then(|left| u32::try_from(left).ok()) })
    }
}

impl Who {
    /// What a kept answer is compared with.
    fn subject(&self) -> String {
        match self {
            Self::Account { name, .. } => name.clone(),
            Self::Phone { mac, source } => format!("{mac} {source}"),
        }
    }

    fn address(&self) -> IpAddr {
        match self {
            Self::Account { source, .. } => source.unwrap_or(Ipv4Addr::UNSPECIFIED.into()),
            Self::Phone { source, .. } => *source,
        }
    }
}

impl PinDesk {
    /// Takes an attempt, or says again what was said to it before.
    pub async fn attempt(&self, attempt: &Attempt, now: Time) -> Result<AttemptAnswer, AttemptError> {
        let (answer, ()) = tokio::join!(self.attempt_at_once(attempt, now), sleep(self.0.pace.answer_after));
        answer
    }

    async fn attempt_at_once(&self, attempt: &Attempt, now: Time) -> Result<AttemptAnswer, AttemptError> {
        let mac = self.check(attempt)?;
        let again = attempt.clone();
        if let Some(answer) = self.0.store.read(move |db| said_before(db, &again, now)).await? {
            return answer;
        }
        if !self.admitted(attempt.who.address(), now).await {
            self.0.metrics.count(Tried::Busy);
            return Err(AttemptError::Busy);
        }
        match self.try_attempt(attempt, mac, now).await {
            Ok(Tally::Now(answer, decided)) => {
                self.settle(attempt.who.address(), &Ok(decided), now);
                self.0.metrics.count(Tried::of(decided.answer));
                Ok(answer)
            }
            Ok(Tally::Before(answer)) => {
                self.0.above().take_back(attempt.who.address());
                answer
            }
            Err(error) => {
                self.0.above().take_back(attempt.who.address());
                self.0.metrics.count(Tried::Unavailable);
                Err(error.into())
            }
        }
    }

    /// Whose attempt it is, if it can be one.
    fn check(&self, attempt: &Attempt) -> Result<Mac, AttemptError> {
        let digits = attempt.pin.expose();
        if digits.len() != domain::pin::PIN_DIGITS || !digits.bytes().all(|byte| byte.is_ascii_digit()) {
            return Err(AttemptError::Invalid("pin"));
        }
        if !(1..=SESSION_BYTES_MAX).contains(&attempt.session.len()) {
            return Err(AttemptError::Invalid("session"));
        }
        match &attempt.who {
            Who::Account { name, .. } => self.0.keys.read(name).map(|claim| claim.mac).ok_or(AttemptError::Invalid("account")),
            Who::Phone { mac, .. } => Ok(*mac),
        }
    }

    async fn try_attempt(&self, attempt: &Attempt, mac: Mac, now: Time) -> Result<Tally, StoreError> {
        let (core, of) = (Arc::clone(&self.0), attempt.clone());
        let work = move |db: &Db| core.attempt_in(db, &of, mac, now);
        match self.0.write_attempt(work).await? {
            AttemptLooked::Answered(tally) => Ok(tally),
            AttemptLooked::Unknown(found) => self.try_stranger(attempt, mac, &found, now).await,
        }
    }

    /// Counted in memory, and kept like any other. One at a time, so that two of the same are one.
    async fn try_stranger(&self, attempt: &Attempt, mac: Mac, found: &Found, now: Time) -> Result<Tally, StoreError> {
        let _one = self.0.unknown_attempts.lock().await;
        let again = attempt.clone();
        if let Some(answer) = self.0.store.read(move |db| said_before(db, &again, now)).await? {
            return Ok(Tally::Before(answer));
        }
        let stranger = self.0.strangers.stranger(mac);
        let waiting = |address| stranger.as_ref().and_then(|stranger| stranger.only_claim_at(address));
        let decided = match self.0.calling(attempt, waiting) {
            Some(calling) => self.0.count_stranger(&calling, &attempt.pin, found, now),
            None => NOBODY,
        };
        let answer = AttemptAnswer::of(decided.answer);
        let of = attempt.clone();
        let keep = move |db: &Db| {
            // Another node may have been asked the same at the same time.
            if let Some(before) = said_before(db, &of, now)? {
                return Ok(Tally::Before(before));
            }
            keep(db, &of, answer, now)?;
            Ok(Tally::Now(answer, decided))
        };
        self.0.write_attempt(keep).await
    }
}

/// The answer to an attempt: decided now, or before.
enum Tally {
    Now(AttemptAnswer, Decided),
    Before(Result<AttemptAnswer, AttemptError>),
}

enum AttemptLooked {
    Answered(Tally),
    Unknown(Box<Found>),
}

/// No phone, or more than one, waits where the engine says.
const NOBODY: Decided = Decided { answer: PinAnswer::ResetNeeded, counted: false, customer: None };

impl Core {
    fn attempt_in(&self, db: &Db, attempt: &Attempt, mac: Mac, now: Time) -> Result<AttemptLooked, StoreError> {
        if let Some(answer) = said_before(db, attempt, now)? {
            return Ok(AttemptLooked::Answered(Tally::Before(answer)));
        }
        let found = self.books.find(db, mac, attempt.who.address(), now, Shelving::UseOnce)?;
        let Some(device) = &found.device else { return Ok(AttemptLooked::Unknown(Box::new(found))) };
        let decided = match self.calling(attempt, |address| device.stored.device.auth.only_claim_at(address)) {
            Some(calling) => match self.decide_in(db, &calling, &attempt.pin, now)? {
                Looked::Known(decided) => decided,
                // In one transaction a device does not vanish.
                Looked::Unknown(_) => NOBODY,
            },
            None => NOBODY,
        };
        let answer = AttemptAnswer::of(decided.answer);
        keep(db, attempt, answer, now)?;
        Ok(AttemptLooked::Answered(Tally::Now(answer, decided)))
    }

    /// Who calls. `waiting`: the one claim last used from an address.
    fn calling(&self, attempt: &Attempt, waiting: impl Fn(IpAddr) -> Option<domain::claim::Claim>) -> Option<Calling> {
        let address = attempt.who.address();
        let claim = match &attempt.who {
            Who::Account { name, .. } => self.keys.read(name),
            Who::Phone { source, .. } => waiting(*source),
        };
        claim.map(|claim| Calling { claim, address, model: String::new() })
    }

    /// A transaction that is run again when another change, or the same attempt, came first.
    async fn write_attempt<T, F>(&self, work: F) -> Result<T, StoreError>
    where
        T: Send + 'static,
        F: Fn(&Db) -> Result<T, StoreError> + Clone + Send + 'static,
    {
        match self.write(work.clone()).await {
            Err(StoreError::Exists) => self.write(work).await,
            done => done,
        }
    }
}

fn said_before(db: &Db, attempt: &Attempt, now: Time) -> Result<Option<Result<AttemptAnswer, AttemptError>>, StoreError> {
    let kept = store::pin_attempt::find(db, &attempt.session, attempt.attempt.into(), now)?;
    Ok(kept.map(|kept| {
        let answer = AttemptAnswer::read(&kept).filter(|_| kept.subject == attempt.who.subject());
        answer.ok_or(AttemptError::Mismatch)
    }))
}

fn keep(db: &Db, attempt: &Attempt, answer: AttemptAnswer, now: Time) -> Result<(), StoreError> {
    store::pin_attempt::keep(db, &attempt.session, attempt.attempt.into(), &answer.kept(&attempt.who.subject()), now)
}
