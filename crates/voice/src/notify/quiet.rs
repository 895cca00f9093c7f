//! When a phone must be left alone: while it speaks with us, and for an hour after an emergency call.

use std::collections::{HashMap, HashSet};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use domain::claim::Claim;
use domain::{Mac, Span, Time};
use tokio::sync::Notify;

use crate::limits::{AFTER_EMERGENCY, QUIET_PHONES_MAX};

/// The calls in progress, and the emergencies not long past.
#[derive(Debug)]
pub struct Quiet {
    clock: fn() -> Time,
    stir: Mutex<Stir>,
    pub(super) changed: Notify,
}

#[derive(Debug, Default)]
struct Stir {
    /// By claim: who calls with another claim of the same MAC keeps nothing from its owner.
    calls: HashMap<Claim, Calls>,
    /// Until when an emergency call keeps a phone in peace.
    peace: HashMap<Mac, Time>,
}

#[derive(Clone, Copy, Debug, Default)]
struct Calls {
    count: u32,
    /// When the last one ended.
    ended: Option<Time>,
}

/// Why a phone is not told now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Hold {
    /// It may be told.
    No,
    /// Not before then.
    Until(Time),
    /// Not as long as it speaks.
    Call,
}

impl Quiet {
    /// Nobody speaks.
    pub fn new(clock: fn() -> Time) -> Arc<Self> {
        Arc::new(Self { clock, stir: Mutex::default(), changed: Notify::new() })
    }

    /// A call with the phone of this claim begins; it lasts as long as what is returned is kept. To be let go when the phone has answered
    /// our BYE.
    pub fn begin_call(self: &Arc<Self>, claim: Claim) -> CallGuard {
        self.stir().calls.entry(claim).or_default().count += 1;
        CallGuard { quiet: Arc::clone(self), claim }
    }

    /// An emergency call of this phone begins, goes on or ends: no NOTIFY from now on and for 60 minutes.
    pub fn emergency(&self, mac: Mac, now: Time) {
        let mut stir = self.stir();
        if stir.peace.len() >= QUIET_PHONES_MAX {
            stir.forget_past(now);
        }
        let peace = stir.peace.entry(mac).or_insert(now);
        *peace = (*peace).max(now + AFTER_EMERGENCY);
    }

    /// Whether this phone may be told now; `pause` says what it needs after a call.
    pub fn hold(&self, claim: &Claim, pause: impl FnOnce() -> Span, now: Time) -> Hold {
        let (calls, peace) = {
            let stir = self.stir();
            (stir.calls.get(claim).copied().unwrap_or_default(), stir.peace.get(&claim.mac).copied())
        };
        if calls.count > 0 {
            return Hold::Call;
        }
        let until = peace.max(calls.ended.map(|ended| ended + pause()));
        until.filter(|until| now < *until).map_or(Hold::No, Hold::Until)
    }

    /// The phones that are in a call.
    pub fn speaking(&self) -> HashSet<Mac> {
        self.stir().calls.iter().filter(|(_, calls)| calls.count > 0).map(|(claim, _)| claim.mac).collect()
    }

    /// Whether an emergency call keeps this phone in peace.
    pub fn in_peace(&self, mac: Mac, now: Time) -> bool {
        self.stir().peace.get(&mac).is_some_and(|peace| now < *peace)
    }

    /// Forgets what is past.
    pub fn sweep(&self, now: Time) {
        self.stir().forget_past(now);
    }

    fn end_call(&self, claim: &Claim) {
        let now = (self.clock)();
        if let Some(calls) = self.stir().calls.get_mut(claim) {
            calls.count = calls.count.saturating_sub(1);
            calls.ended = Some(now);
        }
        self.changed.notify_one();
    }

    fn stir(&self) -> MutexGuard<'_, Stir> {
        self.stir.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Stir {
    /// A minute after a call nothing about it matters any more.
    fn forget_past(&mut self, now: Time) {
        let spoke = |ended: Time| now.since(ended) < Span::minutes(1);
        self.calls.retain(|_, calls| calls.count > 0 || calls.ended.is_some_and(spoke));
        self.peace.retain(|_, peace| now < *peace);
    }
}

/// A call in progress.
#[derive(Debug)]
pub struct CallGuard {
    quiet: Arc<Quiet>,
    claim: Claim,
}

impl Drop for CallGuard {
    fn drop(&mut self) {
        self.quiet.end_call(&self.claim);
    }
}

#[cfg(test)]
mod tests {
    use domain::Secret;
    use domain::chance::Seeded;
    use domain::claim::{Grounds, PlatformKeys};

    use super::*;

    const NOW: Time = Time::from_millis(1_795_305_600_000);
    const PAUSE: Span = Span::seconds(1);

    fn claim(seed: u64) -> Claim {
        let keys = PlatformKeys::new(vec![Secret::new(vec![7; 32])]).unwrap();
        keys.issue("001565000001".parse().unwrap(), 1, Grounds::default(), NOW, &mut Seeded::new(seed))
    }

    fn hold(quiet: &Quiet, seed: u64, now: Time) -> Hold {
        quiet.hold(&claim(seed), || PAUSE, now)
    }

    #[test]
    fn nobody_is_told_while_he_speaks_and_shortly_after() {
        let quiet = Quiet::new(|| NOW);
        assert_eq!(hold(&quiet, 1, NOW), Hold::No);
        let (one, other) = (quiet.begin_call(claim(1)), quiet.begin_call(claim(1)));
        assert_eq!(hold(&quiet, 1, NOW), Hold::Call);
        assert_eq!(hold(&quiet, 2, NOW), Hold::No, "another claim of the same MAC");
        drop(one);
        assert_eq!(hold(&quiet, 1, NOW), Hold::Call, "a second call is in progress");
        drop(other);
        assert_eq!(hold(&quiet, 1, NOW), Hold::Until(NOW + PAUSE));
        assert_eq!(hold(&quiet, 1, NOW + PAUSE), Hold::No);
    }

    #[test]
    fn an_emergency_call_gives_peace_for_an_hour() {
        let (quiet, mac) = (Quiet::new(|| NOW), claim(1).mac);
        let call = quiet.begin_call(claim(1));
        quiet.emergency(mac, NOW);
        let ended = NOW + Span::minutes(20);
        quiet.emergency(mac, ended);
        drop(call);
        let end = ended + Span::minutes(60);
        assert_eq!(hold(&quiet, 1, ended), Hold::Until(end));
        quiet.sweep(ended + Span::minutes(59));
        assert_eq!(hold(&quiet, 2, ended + Span::minutes(59)), Hold::Until(end));
        assert!(quiet.in_peace(mac, end - PAUSE));
        assert_eq!(hold(&quiet, 1, end), Hold::No);
        quiet.sweep(end);
        assert!(quiet.stir().peace.is_empty() && quiet.stir().calls.is_empty());
    }
}
