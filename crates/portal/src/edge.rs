//! The operating system's clock and randomness, for whoever stands at the edge.

use domain::{Chance, Time};

/// The operating system's randomness.
#[derive(Clone, Copy, Debug, Default)]
pub struct SystemChance;

impl Chance for SystemChance {
    fn fill(&mut self, buffer: &mut [u8]) {
        #[expect(clippy::disallowed_methods, reason = "this is the edge where chance comes in")]
        getrandom::fill(buffer).expect("an operating system without randomness cannot run this program safely");
    }
}

/// The time of day.
pub fn now() -> Time {
    #[expect(clippy::disallowed_methods, reason = "this is the edge where time comes in")]
    let now = std::time::SystemTime::now();
    let since = now.duration_since(std::time::UNIX_EPOCH).unwrap_or_default();
    Time::from_millis(i64::try_from(since.as_millis()).unwrap_or(i64::MAX))
}
