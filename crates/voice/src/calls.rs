//! What is noted of each call; never digits. And how many calls there may be.

mod seats;

use std::net::IpAddr;

use domain::claim::Claim;
use domain::{Chance, Time};
use store::Store;
use store::call::Call;
use uuid::Uuid;

pub use self::seats::{Full, Seat, Seats};
use crate::limits::DIALLED_CHARS_MAX;

/// How a call ended, as its record says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CallResult {
    /// The PIN was right.
    Right,
    /// The last PIN was wrong, and the caller went.
    Wrong,
    /// Locked for a while.
    Failed,
    /// Locked until a reset.
    Blocked,
    /// Only a reset helps.
    ResetNeeded,
    /// Too many wrong PINs around this caller.
    Busy,
    /// The store was out of reach.
    Unavailable,
    /// Nothing that could be a PIN was keyed in.
    NoPin,
    /// An emergency number was keyed in, and the call was put through.
    Emergency,
}

impl CallResult {
    /// Its name in the record.
    pub fn code(self) -> &'static str {
        match self {
            Self::Right => "right",
            Self::Wrong => "wrong",
            Self::Failed => "failed",
            Self::Blocked => "blocked",
            Self::ResetNeeded => "reset_needed",
            Self::Busy => "busy",
            Self::Unavailable => "unavailable",
            Self::NoPin => "no_pin",
            Self::Emergency => "emergency",
        }
    }
}

/// A call while it lasts.
#[derive(Clone, Debug)]
pub struct Record {
    claim: Claim,
    started: Time,
    source: IpAddr,
    account: String,
    dialled: String,
    prompts: Vec<&'static str>,
    result: CallResult,
}

impl Record {
    /// Begins with the call. `account` is the claim's token; `dialled` what the phone wants to reach.
    pub fn new(claim: Claim, account: String, source: IpAddr, dialled: &str, started: Time) -> Self {
        Self { claim, started, source, account, dialled: sanitized(dialled), prompts: Vec::new(), result: CallResult::NoPin }
    }

    /// Something was said.
    pub fn said(&mut self, prompts: impl IntoIterator<Item = &'static str>) {
        let room = store::limits::CALL_PROMPTS_MAX.saturating_sub(self.prompts.len());
        self.prompts.extend(prompts.into_iter().take(room));
    }

    /// How it stands, until something else is said of it.
    pub fn result(&mut self, result: CallResult) {
        self.result = result;
    }

    /// Keeps it, if somebody added the phone. A store out of reach costs the record and nothing else.
    pub async fn keep(self, store: &Store, ended: Time, chance: &mut (dyn Chance + Send)) {
        let id = call_id(self.started, chance);
        let Self { claim, started, source, account, dialled, prompts, result } = self;
        tracing::debug!(device.mac = %claim.mac, %source, result = result.code(), "a call to the service ended");
        let prompts = prompts.into_iter().map(str::to_owned).collect();
        let call = Call { mac: claim.mac, started, ended, source, account, dialled, prompts, result: result.code().to_owned() };
        if let Err(error) = store.write(move |db| store::call::note(db, id, &call)).await {
            tracing::warn!(%error, "a call could not be noted");
        }
    }
}

/// A new id: sorted by time, the rest random.
fn call_id(now: Time, chance: &mut dyn Chance) -> Uuid {
    let mut random = [0; 10];
    chance.fill(&mut random);
    uuid::Builder::from_unix_timestamp_millis(now.millis().unsigned_abs(), &random).into_uuid()
}

/// What was dialled, as far as it can be a number or a name.
fn sanitized(dialled: &str) -> String {
    dialled.chars().filter(char::is_ascii_graphic).take(DIALLED_CHARS_MAX).collect()
}

#[cfg(test)]
mod tests {
    use domain::chance::Seeded;

    use super::*;
    use crate::pins::world::{NOW, World, mac};

    #[tokio::test]
    async fn a_call_is_noted_of_a_phone_that_somebody_added() {
        let world = World::new().await;
        for number in [1, 201] {
            let claim = world.claim(number, 1);
            let mut record = Record::new(claim, world.keys.token(&claim), "192.0.2.7".parse().unwrap(), "*8\r\n9 ü", NOW);
            record.said(["enter_code", "wrong"]);
            record.said(std::iter::repeat_n("enter_code_again", 100));
            record.result(CallResult::Failed);
            record.keep(&world.store, NOW + domain::Span::seconds(9), &mut Seeded::new(number.into())).await;
        }
        let calls = |number| world.store.read(move |db| store::call::of_device(db, &store::Scope::Operator, mac(number)));
        let noted = calls(1).await.unwrap();
        assert_eq!(noted.len(), 1);
        assert_eq!((noted[0].dialled.as_str(), noted[0].result.as_str(), noted[0].prompts.len()), ("*89", "failed", 64));
        assert_eq!((noted[0].started, noted[0].account.len()), (NOW, 32));
        assert!(calls(201).await.unwrap().is_empty());
    }
}
