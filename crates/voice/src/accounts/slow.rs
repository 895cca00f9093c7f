//! Wrong answers slow the source that sends them, for that phone, and nobody else.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

use domain::{Mac, Time};
use ipnet::IpNet;
use quick_cache::sync::Cache;

use crate::limits::{WRONG_ANSWER_FORGIVEN, WRONG_ANSWERS, WRONG_ANSWERS_MAX};

/// From where, and for which phone (none: a name that is no claim's).
pub(super) type Key = (IpNet, Option<Mac>);

/// A bucket of tries per key. When the table is full the least used are forgotten.
#[derive(Debug)]
pub(super) struct Slow {
    /// When each bucket would be full again, in milliseconds.
    full_again: Cache<Key, Arc<AtomicI64>>,
}

impl Default for Slow {
    fn default() -> Self {
        Self { full_again: Cache::new(WRONG_ANSWERS_MAX) }
    }
}

impl Slow {
    /// Whether there is no try left now.
    pub fn exhausted(&self, key: &Key, now: Time) -> bool {
        let full_again = self.full_again.get(key).map_or(0, |bucket| bucket.load(Ordering::Relaxed));
        full_again.saturating_sub(now.millis()) > (WRONG_ANSWERS - 1) * WRONG_ANSWER_FORGIVEN.millis()
    }

    /// Counts a wrong answer.
    pub fn count(&self, key: Key, now: Time) {
        let later = |full_again: i64| full_again.max(now.millis()) + WRONG_ANSWER_FORGIVEN.millis();
        match self.full_again.get(&key) {
            // The closure always gives a value, so the update cannot fail.
            Some(bucket) => drop(bucket.fetch_update(Ordering::Relaxed, Ordering::Relaxed, |at| Some(later(at)))),
            None => self.full_again.insert(key, Arc::new(AtomicI64::new(later(0)))),
        }
    }

    /// A right answer makes up for all wrong ones.
    pub fn forgive(&self, key: &Key) {
        self.full_again.remove(key);
    }
}
