//! The one place where the bench reads a clock.

use std::time::{Instant, SystemTime, UNIX_EPOCH};

/// Now, on the clock that only rises.
#[expect(clippy::disallowed_methods, reason = "measuring time is what a bench is for")]
pub fn now() -> Instant {
    Instant::now()
}

/// Now, in milliseconds of the calendar.
#[expect(clippy::disallowed_methods, reason = "claims are made now")]
pub fn wall_millis() -> i64 {
    SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| i64::try_from(since.as_millis()).unwrap_or(0))
}
