//! What is to be written: pure, from what is wanted, what was written and what the service says.
//!
//! A device's row goes from *nothing* to *writing* to *listed*, and by *removing* back to nothing. *Writing* and *removing* are noted
//! before a call leaves and replaced when its answer is there; so whoever finds them, after a crash or a lost answer, looks the device up
//! before it writes again. What an account holds that we never wrote is never touched.

use domain::Time;
use serde::{Deserialize, Serialize};

use crate::outcome::Outcome;
use crate::service::Standing;

/// A mark of all that a device's record says: door, login, and the way they travel. Two records of one mark need no write.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Mark(pub i64);

/// Where a device stands in an account, as far as we know.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Kept {
    /// A registration or a change was sent, or was about to be.
    Writing(Mark),
    /// A removal was sent, or was about to be.
    Removing,
    /// The service said yes to this.
    Listed(Mark),
    /// The service said no to this; not before `again` once more.
    Refused {
        /// What was wanted.
        mark: Mark,
        /// When it is tried again; never, if only a change of what is wanted can help.
        again: Option<Time>,
    },
}

/// What is to be done about a device.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Step {
    /// Nothing.
    Rest,
    /// Register it.
    Register,
    /// It is ours: send it elsewhere.
    Retarget,
    /// Remove it from the service.
    Unregister,
    /// Nobody knows what came of the last write: look it up, then [`settle`].
    LookUp,
    /// The service has nothing of it: drop what we know.
    Forget,
}

/// Decides about a device from what is wanted (none: it has left the account) and what is kept.
pub fn step(wanted: Option<Mark>, kept: Option<&Kept>, now: Time) -> Step {
    let Some(kept) = kept else { return if wanted.is_some() { Step::Register } else { Step::Rest } };
    match (wanted, kept) {
        (_, Kept::Writing(_) | Kept::Removing) => Step::LookUp,
        (Some(wanted), Kept::Listed(written)) if *written != wanted => Step::Retarget,
        (Some(wanted), Kept::Refused { mark, again }) if *mark != wanted || again.is_some_and(|again| again <= now) => Step::Register,
        (Some(_), Kept::Listed(_) | Kept::Refused { .. }) => Step::Rest,
        (None, Kept::Listed(_)) => Step::Unregister,
        (None, Kept::Refused { .. }) => Step::Forget,
    }
}

/// What a lookup leads to. `says_wanted`: the record that it showed is, as far as can be seen, the one that is wanted.
pub fn settle(wanted: Option<Mark>, kept: &Kept, standing: &Standing, says_wanted: bool) -> Settled {
    match (wanted, standing) {
        (Some(wanted), Standing::Ours(_)) => {
            // The last write asked for just this, and nothing visible speaks against its having arrived. If a password is part of it that
            // nobody can read back, it is written again: once more is harmless, a wrong one is not.
            if says_wanted && *kept == Kept::Writing(wanted) { Settled::Listed(wanted) } else { Settled::Step(Step::Retarget) }
        }
        (Some(_), Standing::Free | Standing::NotVisible) => Settled::Step(Step::Register),
        (Some(wanted), Standing::Foreign { owner }) => Settled::Refused(wanted, Outcome::OwnedByOther { owner: owner.clone() }),
        (None, Standing::Ours(_)) => Settled::Step(Step::Unregister),
        (None, Standing::Free | Standing::NotVisible | Standing::Foreign { .. }) => Settled::Step(Step::Forget),
    }
}

/// What a lookup leads to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Settled {
    /// The last write had arrived.
    Listed(Mark),
    /// It is somebody else's.
    Refused(Mark, Outcome),
    /// Do this now.
    Step(Step),
}

/// What a comparison with the whole list of an account found.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Drift {
    /// Devices that both sides know alike.
    pub same: u64,
    /// Listed by us, and gone at the service: registered again.
    pub gone: u64,
    /// Sent elsewhere by the service than we wrote: written again.
    pub elsewhere: u64,
    /// In the account, and never written by us: left alone.
    pub unknown: u64,
}

#[cfg(test)]
mod tests {
    use super::*;

    fn listed() -> Standing {
        let mac = "00:15:65:00:00:01".parse().unwrap();
        Standing::Ours(crate::service::Listed { mac, target: None, asked: None })
    }

    #[test]
    fn every_pair_of_wanted_and_kept_has_its_step() {
        let now = Time::from_millis(1000);
        let (a, b) = (Mark(1), Mark(2));
        let later = Kept::Refused { mark: a, again: Some(Time::from_millis(2000)) };
        let due = Kept::Refused { mark: a, again: Some(now) };
        let never = Kept::Refused { mark: a, again: None };
        for (wanted, kept, expected) in [
            (None, None, Step::Rest),
            (Some(a), None, Step::Register),
            (Some(a), Some(Kept::Listed(a)), Step::Rest),
            (Some(b), Some(Kept::Listed(a)), Step::Retarget),
            (None, Some(Kept::Listed(a)), Step::Unregister),
            (Some(a), Some(Kept::Writing(a)), Step::LookUp),
            (Some(b), Some(Kept::Writing(a)), Step::LookUp),
            (None, Some(Kept::Writing(a)), Step::LookUp),
            (Some(a), Some(Kept::Removing), Step::LookUp),
            (None, Some(Kept::Removing), Step::LookUp),
            (Some(a), Some(later.clone()), Step::Rest),
            (Some(b), Some(later.clone()), Step::Register),
            (Some(a), Some(due), Step::Register),
            (Some(a), Some(never.clone()), Step::Rest),
            (Some(b), Some(never), Step::Register),
            (None, Some(later), Step::Forget),
        ] {
            assert_eq!(step(wanted, kept.as_ref(), now), expected, "{wanted:?} {kept:?}");
        }
    }

    #[test]
    fn a_lookup_ends_every_doubt() {
        let (a, b) = (Mark(1), Mark(2));
        let foreign = Standing::Foreign { owner: None };
        let other = Outcome::OwnedByOther { owner: None };
        for (wanted, kept, standing, says_wanted, expected) in [
            (Some(a), Kept::Writing(a), listed(), true, Settled::Listed(a)),
            (Some(a), Kept::Writing(a), listed(), false, Settled::Step(Step::Retarget)),
            (Some(b), Kept::Writing(a), listed(), true, Settled::Step(Step::Retarget)),
            (Some(a), Kept::Removing, listed(), true, Settled::Step(Step::Retarget)),
            (Some(a), Kept::Writing(a), Standing::Free, false, Settled::Step(Step::Register)),
            (Some(a), Kept::Writing(a), Standing::NotVisible, false, Settled::Step(Step::Register)),
            (Some(a), Kept::Writing(a), foreign.clone(), false, Settled::Refused(a, other)),
            (None, Kept::Removing, listed(), false, Settled::Step(Step::Unregister)),
            (None, Kept::Writing(a), listed(), true, Settled::Step(Step::Unregister)),
            (None, Kept::Removing, Standing::NotVisible, false, Settled::Step(Step::Forget)),
            (None, Kept::Removing, foreign, false, Settled::Step(Step::Forget)),
        ] {
            assert_eq!(settle(wanted, &kept, &standing, says_wanted), expected, "{wanted:?} {kept:?} {standing:?}");
        }
    }
}
