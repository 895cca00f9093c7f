//! The one place where the bench reads a clock.

use std::time::Instant;

/// Now, on the clock that only rises.
#[expect(clippy::disallowed_methods, reason = "measuring time is what a bench is for")]
pub fn now() -> Instant {
    Instant::now()
}
