//! How often a token, or somebody signed in, may ask: a bucket for each, filled anew all the time.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

use domain::Time;
use uuid::Uuid;

use crate::limits::{RATE_BURST, RATE_PER_SECOND, RATE_TOKENS_MAX};

/// The buckets of this node. Each node has its own: they share nothing but the database, and a write per request would cost more than it saves.
#[derive(Debug, Default)]
pub struct Rates(Mutex<HashMap<Uuid, Bucket>>);

/// Thousandths of a request, so that a millisecond refills a whole number of them.
#[derive(Clone, Copy, Debug)]
struct Bucket {
    left: u64,
    at: Time,
}

const REQUEST: u64 = 1_000;
const FULL: u64 = RATE_BURST * REQUEST;

impl Rates {
    /// Takes one request of a caller's share; otherwise says after how many seconds there is one again.
    pub(crate) fn take(&self, caller: Uuid, now: Time) -> Result<(), u32> {
        let mut buckets = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if buckets.len() >= RATE_TOKENS_MAX && !buckets.contains_key(&caller) {
            // Whoever has a full bucket loses nothing by being forgotten; if nobody has one, all begin anew.
            buckets.retain(|_, bucket| bucket.filled(now).left < FULL);
            if buckets.len() >= RATE_TOKENS_MAX {
                buckets.clear();
            }
        }
        let bucket = buckets.entry(caller).or_insert(Bucket { left: FULL, at: now });
        *bucket = bucket.filled(now);
        if bucket.left >= REQUEST {
            bucket.left -= REQUEST;
            return Ok(());
        }
        Err(u32::try_from((REQUEST - bucket.left).div_ceil(RATE_PER_SECOND * REQUEST)).unwrap_or(u32::MAX))
    }
}

impl Bucket {
    fn filled(self, now: Time) -> Self {
        // A clock that was set back refills nothing.
        let passed = u64::try_from(now.since(self.at).millis()).unwrap_or(0);
        Self { left: self.left.saturating_add(passed.saturating_mul(RATE_PER_SECOND)).min(FULL), at: now }
    }
}

#[cfg(test)]
mod tests {
    use domain::Span;

    use super::*;

    const NOW: Time = Time::from_millis(1_795_305_600_000);

    fn taken(rates: &Rates, token: u128, now: Time) -> u64 {
        (0..10 * RATE_BURST).filter(|_| rates.take(Uuid::from_u128(token), now).is_ok()).count() as u64
    }

    #[test]
    fn a_burst_is_served_and_then_so_many_a_second() {
        let rates = Rates::default();
        assert_eq!(taken(&rates, 1, NOW), RATE_BURST);
        assert_eq!(rates.take(Uuid::from_u128(1), NOW), Err(1));
        assert_eq!(taken(&rates, 1, NOW + Span::seconds(2)), 2 * RATE_PER_SECOND);
        assert_eq!(taken(&rates, 1, NOW), 0, "a clock that was set back");
        assert_eq!(taken(&rates, 2, NOW), RATE_BURST, "another token has its own");
    }

    #[test]
    fn the_table_is_bounded() {
        let rates = Rates::default();
        for token in 0..2 * RATE_TOKENS_MAX as u128 {
            rates.take(Uuid::from_u128(token), NOW).unwrap();
        }
        assert!(rates.0.lock().unwrap().len() <= RATE_TOKENS_MAX);
    }
}
