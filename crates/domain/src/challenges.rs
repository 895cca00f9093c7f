//! Phones that cannot answer a challenge: two left unanswered, far enough apart, show it (authentication.md section 4, row 8).

use crate::limits::UNANSWERED_CHALLENGES_APART;
use crate::time::Time;

/// The challenges that one phone in one network has left unanswered. Kept in memory only: unproved traffic writes nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Unanswered {
    first: Time,
    last: Time,
}

impl Unanswered {
    /// The first challenge.
    pub fn new(now: Time) -> Self {
        Self { first: now, last: now }
    }

    /// When the first one was.
    pub fn first(&self) -> Time {
        self.first
    }

    /// One more challenge that nobody has answered.
    pub fn again(&mut self, now: Time) {
        self.last = now;
    }

    /// Whether this phone has shown that it does not answer challenges.
    pub fn ignores_challenges(&self) -> bool {
        self.last.since(self.first) >= UNANSWERED_CHALLENGES_APART
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::time::Span;

    #[test]
    fn two_challenges_thirty_seconds_apart() {
        let start = Time::from_millis(0);
        let mut unanswered = Unanswered::new(start);
        unanswered.again(start + Span::seconds(29));
        assert!(!unanswered.ignores_challenges());
        unanswered.again(start + Span::seconds(30));
        assert!(unanswered.ignores_challenges());
    }
}
