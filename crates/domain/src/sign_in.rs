//! How long wrong sign-ins of people make the next one wait.

use crate::Span;
use crate::limits::{
    SIGN_IN_WAIT_FIRST, SIGN_IN_WAIT_LONGEST, WRONG_SIGN_INS_BY_NAME, WRONG_SIGN_INS_BY_NAME_AND_NETWORK, WRONG_SIGN_INS_BY_NETWORK,
};

/// What wrong sign-ins are counted under. The name alone allows many more than the name from one network, so that nobody is shut out by a
/// stranger who guesses.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Counted {
    /// One name from one network.
    NameAndNetwork,
    /// One network, whatever the name.
    Network,
    /// One name, from everywhere.
    Name,
}

impl Counted {
    /// How many wrong ones cost nothing.
    pub fn free(self) -> u32 {
        match self {
            Self::NameAndNetwork => WRONG_SIGN_INS_BY_NAME_AND_NETWORK,
            Self::Network => WRONG_SIGN_INS_BY_NETWORK,
            Self::Name => WRONG_SIGN_INS_BY_NAME,
        }
    }

    /// How long nothing is looked at after so many wrong ones in a row: twice as long with each beyond the free ones.
    pub fn wait(self, wrong: u32) -> Option<Span> {
        let beyond = wrong.checked_sub(self.free())?;
        let doubled = SIGN_IN_WAIT_FIRST.millis().saturating_mul(1 << beyond.min(20));
        Some(Span::from_millis(doubled.min(SIGN_IN_WAIT_LONGEST.millis())))
    }

    /// Whether a right sign-in ends the count. That of a network goes on: one right name in between must not free a guesser.
    pub fn ends_when_right(self) -> bool {
        self == Self::NameAndNetwork
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_are_free_and_then_each_costs_twice_as_much() {
        let both = Counted::NameAndNetwork;
        assert_eq!(both.wait(4), None);
        assert_eq!(both.wait(5), Some(SIGN_IN_WAIT_FIRST));
        assert_eq!(both.wait(6), Some(Span::from_millis(2 * SIGN_IN_WAIT_FIRST.millis())));
        assert_eq!(both.wait(5_000), Some(SIGN_IN_WAIT_LONGEST));
        assert!(both.free() < Counted::Network.free() && Counted::Network.free() < Counted::Name.free());
    }
}
