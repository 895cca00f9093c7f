//! How much one source address may ask.

use std::net::{IpAddr, Ipv6Addr};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use quick_cache::unsync::Cache;
use tokio::time::Instant;

use crate::limits::THROTTLED_ADDRESSES_MAX;

/// An IPv4 address, or the /64 of an IPv6 address: what one customer has.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) struct Source(IpAddr);

impl Source {
    pub(super) fn of(address: IpAddr) -> Self {
        match address.to_canonical() {
            IpAddr::V4(address) => Self(address.into()),
            IpAddr::V6(address) => Self(Ipv6Addr::from_bits(address.to_bits() & !u128::from(u64::MAX)).into()),
        }
    }
}

/// A token bucket for each source, kept as the time at which it would be full again.
pub(super) struct Throttle {
    started: Instant,
    interval: Duration,
    burst: Duration,
    full_at: Mutex<Cache<Source, Duration>>,
}

impl Throttle {
    /// So many at once, then so many per second.
    pub(super) fn new(burst: u32, rate: u32, now: Instant) -> Self {
        let interval = Duration::from_secs(1) / rate.max(1);
        Self { started: now, interval, burst: interval * burst.max(1), full_at: Mutex::new(Cache::new(THROTTLED_ADDRESSES_MAX)) }
    }

    /// Takes a token; false if there is none left.
    pub(super) fn admit(&self, source: IpAddr, now: Instant) -> bool {
        let (source, now) = (Source::of(source), now.saturating_duration_since(self.started));
        let mut full_at = self.full_at.lock().unwrap_or_else(PoisonError::into_inner);
        let then = full_at.get(&source).copied().unwrap_or_default().max(now) + self.interval;
        let is_admitted = then <= now + self.burst;
        if is_admitted {
            full_at.insert(source, then);
        }
        is_admitted
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_burst_then_a_rate() {
        let start = Instant::now();
        let throttle = Throttle::new(3, 10, start);
        let (one, other) = (IpAddr::from([192, 0, 2, 1]), IpAddr::from([192, 0, 2, 2]));
        let admitted =
            |count: u32, at: u64, source| (0..count).filter(|_| throttle.admit(source, start + Duration::from_millis(at))).count();
        assert_eq!(admitted(9, 0, one), 3);
        assert_eq!(admitted(9, 0, other), 3, "each address has its own");
        assert_eq!(admitted(9, 100, one), 1, "one in a tenth of a second");
        assert_eq!(admitted(9, 10_000, one), 3, "never more than the burst");
    }

    #[test]
    fn one_customer_is_one_source() {
        let source = |text: &str| Source::of(text.parse().unwrap());
        assert_eq!(source("2001:db8::1"), source("2001:db8::ffff:1"));
        assert_ne!(source("2001:db8::1"), source("2001:db8:0:1::1"));
        assert_eq!(source("::ffff:192.0.2.1"), source("192.0.2.1"));
    }
}
