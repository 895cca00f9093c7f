//! How often: token buckets in bounded tables.

use std::hash::Hash;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use domain::Mac;
use quick_cache::sync::Cache;

use crate::address::AddressKey;
use crate::limits::{Limits, THROTTLED_ADDRESSES_MAX, WRONG_LOGINS_MAX};

/// Requests per address.
pub type AddressThrottle = Throttle<AddressKey>;
/// Wrong logins per device and address: ask [`Throttle::exhausted`] before looking at a login,
/// [`Throttle::take`] for each wrong one, and [`Throttle::forgive`] after a right one.
pub type WrongLogins = Throttle<(Mac, AddressKey)>;

/// A token bucket per key, in a table that forgets the least used keys when full.
///
/// A bucket is one number: the time at which it would be full again (the generic cell rate algorithm), so that taking is one
/// atomic exchange and nothing has to be swept.
#[derive(Debug)]
pub struct Throttle<K> {
    full_again: Cache<K, Arc<AtomicU64>>,
    started: Instant,
    /// Nanoseconds for one token to come back.
    interval: u64,
    /// Nanoseconds for a whole bucket to come back.
    depth: u64,
}

impl AddressThrottle {
    /// The throttle of a listener.
    pub fn of_addresses(limits: &Limits, now: Instant) -> Self {
        let interval = Duration::from_secs(1) / limits.address_rate.max(1);
        Self::new(limits.address_burst, interval, THROTTLED_ADDRESSES_MAX, now)
    }
}

impl WrongLogins {
    /// The throttle of wrong logins.
    pub fn of_logins(limits: &Limits, now: Instant) -> Self {
        Self::new(limits.wrong_logins, limits.wrong_login_forgiven, WRONG_LOGINS_MAX, now)
    }
}

impl<K: Hash + Eq + Clone> Throttle<K> {
    /// Buckets of `burst` tokens, of which one comes back per `interval`; at most `keys` of them.
    pub fn new(burst: u32, interval: Duration, keys: usize, now: Instant) -> Self {
        let interval = nanos(interval).max(1);
        Self { full_again: Cache::new(keys), started: now, interval, depth: interval.saturating_mul(burst.into()) }
    }

    /// Takes one token, or says how long until there is one.
    pub fn take(&self, key: &K, now: Instant) -> Result<(), Duration> {
        let now = self.since_start(now);
        let Some(bucket) = self.full_again.get(key) else {
            // Two at the same moment may each bring a new bucket; the one that stays has lost one token of its burst.
            let first = now.saturating_add(self.interval);
            if first - now > self.depth {
                return Err(Duration::from_nanos(self.interval));
            }
            self.full_again.insert(key.clone(), Arc::new(AtomicU64::new(first)));
            return Ok(());
        };
        let taken = |full_again: u64| {
            let next = full_again.max(now).saturating_add(self.interval);
            (next - now <= self.depth).then_some(next)
        };
        match bucket.fetch_update(Ordering::Relaxed, Ordering::Relaxed, taken) {
            Ok(_) => Ok(()),
            Err(full_again) => Err(self.wait(full_again, now)),
        }
    }

    /// How long until there is a token, if there is none now. Takes none.
    pub fn exhausted(&self, key: &K, now: Instant) -> Option<Duration> {
        let now = self.since_start(now);
        let full_again = self.full_again.get(key)?.load(Ordering::Relaxed);
        let wait = self.wait(full_again, now);
        (!wait.is_zero()).then_some(wait)
    }

    /// Fills the bucket of a key.
    pub fn forgive(&self, key: &K) {
        self.full_again.remove(key);
    }

    /// Keys remembered now.
    pub fn keys(&self) -> usize {
        self.full_again.len()
    }

    fn wait(&self, full_again: u64, now: u64) -> Duration {
        Duration::from_nanos(full_again.max(now).saturating_add(self.interval).saturating_sub(now).saturating_sub(self.depth))
    }

    fn since_start(&self, now: Instant) -> u64 {
        nanos(now.saturating_duration_since(self.started))
    }
}

fn nanos(duration: Duration) -> u64 {
    u64::try_from(duration.as_nanos()).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: Duration = Duration::from_secs(1);

    #[expect(clippy::disallowed_methods, reason = "the only way to make an `Instant`; all others are counted from it")]
    fn any_start() -> Instant {
        Instant::now()
    }

    #[test]
    fn an_office_boots_and_then_has_its_rate() {
        let start = any_start();
        let throttle = AddressThrottle::of_addresses(&Limits::default(), start);
        let office = AddressKey::of("192.0.2.1".parse().unwrap());
        let taken = |at: Instant| (0..20_000).filter(|_| throttle.take(&office, at).is_ok()).count();
        assert_eq!(taken(start), 8000);
        let wait = throttle.take(&office, start).unwrap_err();
        assert!(wait > Duration::ZERO && wait <= SECOND / 200, "{wait:?}");
        assert_eq!(taken(start + SECOND), 200);
        assert_eq!(taken(start + SECOND * 3), 400);
        assert_eq!(taken(start + SECOND * 1000), 8000);
        let neighbour = AddressKey::of("192.0.2.2".parse().unwrap());
        assert_eq!(throttle.take(&neighbour, start), Ok(()));
    }

    #[test]
    fn wrong_logins_are_few_and_forgiven() {
        let start = any_start();
        let wrong = WrongLogins::of_logins(&Limits { wrong_logins: 3, ..Limits::default() }, start);
        let key = ("001565aabbcc".parse().unwrap(), AddressKey::of("198.51.100.7".parse().unwrap()));
        for _ in 0..3 {
            assert_eq!(wrong.exhausted(&key, start), None);
            assert_eq!(wrong.take(&key, start), Ok(()));
        }
        assert_eq!(wrong.exhausted(&key, start), Some(SECOND * 60));
        assert_eq!(wrong.exhausted(&key, start + SECOND * 60), None);
        assert!(wrong.take(&key, start).is_err());
        wrong.forgive(&key);
        assert_eq!(wrong.exhausted(&key, start), None);
    }

    #[test]
    fn the_table_is_bounded() {
        let start = any_start();
        let throttle = Throttle::<u32>::new(10, SECOND, 100, start);
        for key in 0..10_000 {
            assert_eq!(throttle.take(&key, start), Ok(()));
        }
        assert!(throttle.keys() <= 200, "{}", throttle.keys());
    }

    #[test]
    fn a_bucket_of_nothing_gives_nothing() {
        let start = any_start();
        let throttle = Throttle::<u32>::new(0, SECOND, 100, start);
        assert!(throttle.take(&1, start).is_err());
    }
}
