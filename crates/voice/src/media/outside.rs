//! Where the clock and chance come in.

use std::time::{Duration, Instant};

/// Microseconds since the media were opened.
pub(super) type Moment = u64;

/// A clock that all threads of the media share.
#[derive(Clone, Copy, Debug)]
pub(super) struct Clock(Instant);

impl Clock {
    pub(super) fn start() -> Self {
        #[expect(clippy::disallowed_methods, reason = "this is the edge where time comes in")]
        Self(Instant::now())
    }

    pub(super) fn now(self) -> Moment {
        #[expect(clippy::disallowed_methods, reason = "this is the edge where time comes in")]
        let passed: Duration = self.0.elapsed();
        passed.as_micros() as Moment
    }
}

/// Random bytes.
pub(super) fn random<const BYTES: usize>() -> [u8; BYTES] {
    let mut bytes = [0; BYTES];
    #[expect(clippy::disallowed_methods, reason = "this is the edge where chance comes in")]
    getrandom::fill(&mut bytes).expect("an operating system without randomness cannot run this program safely");
    bytes
}
