//! How many calls there are: of callers without proof by address, and on each trunk.

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use domain::emergency::{Trunk, TrunkId, UNPROVED_PER_ADDRESS_MAX, counted_network};
use ipnet::IpNet;

use crate::limits::UNPROVED_CALLS_MAX;

/// Counts of calls that are up. Clones share them.
#[derive(Clone, Debug, Default)]
pub struct Seats {
    counts: Arc<Mutex<Counts>>,
}

#[derive(Debug, Default)]
struct Counts {
    unproved: HashMap<IpNet, usize>,
    trunks: HashMap<TrunkId, u32>,
}

/// A place among the calls without proof; given back when dropped.
#[derive(Debug)]
pub struct Unproved {
    seats: Seats,
    network: IpNet,
}

/// A channel of a trunk; given back when dropped.
#[derive(Debug)]
pub struct Channel {
    seats: Seats,
    trunk: TrunkId,
}

impl Seats {
    /// A seat for a caller without proof; none if his address, or the platform, has all it may have.
    pub fn unproved(&self, address: IpAddr) -> Option<Unproved> {
        let network = counted_network(address);
        let mut counts = self.counts();
        let all: usize = counts.unproved.values().sum();
        let own = counts.unproved.entry(network).or_default();
        if *own >= UNPROVED_PER_ADDRESS_MAX || all >= UNPROVED_CALLS_MAX {
            if *own == 0 {
                counts.unproved.remove(&network);
            }
            return None;
        }
        *own += 1;
        Some(Unproved { seats: self.clone(), network })
    }

    /// A channel of a trunk, if it admits this caller.
    pub fn channel(&self, trunk: &Trunk, proved: bool) -> Option<Channel> {
        let mut counts = self.counts();
        let calls = counts.trunks.entry(trunk.id).or_default();
        if !trunk.admits(proved, *calls) {
            return None;
        }
        *calls += 1;
        Some(Channel { seats: self.clone(), trunk: trunk.id })
    }

    /// Calls on a trunk now.
    pub fn calls(&self, trunk: TrunkId) -> u32 {
        self.counts().trunks.get(&trunk).copied().unwrap_or(0)
    }

    fn counts(&self) -> MutexGuard<'_, Counts> {
        self.counts.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Unproved {
    fn drop(&mut self) {
        let mut counts = self.seats.counts();
        if let Some(own) = counts.unproved.get_mut(&self.network) {
            *own = own.saturating_sub(1);
            if *own == 0 {
                counts.unproved.remove(&self.network);
            }
        }
    }
}

impl Drop for Channel {
    fn drop(&mut self) {
        let mut counts = self.seats.counts();
        if let Some(calls) = counts.trunks.get_mut(&self.trunk) {
            *calls = calls.saturating_sub(1);
            if *calls == 0 {
                counts.trunks.remove(&self.trunk);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use domain::emergency::Owner;
    use uuid::Uuid;

    use super::*;

    fn address(last: u8) -> IpAddr {
        [192, 0, 2, last].into()
    }

    #[test]
    fn two_calls_without_proof_from_one_address() {
        let seats = Seats::default();
        let first = seats.unproved(address(1)).unwrap();
        let _second = seats.unproved(address(1)).unwrap();
        assert!(seats.unproved(address(1)).is_none());
        assert!(seats.unproved(address(2)).is_some(), "another address has its own");
        drop(first);
        assert!(seats.unproved(address(1)).is_some());
    }

    #[test]
    fn the_platform_has_a_bound_and_no_traces_stay() {
        let seats = Seats::default();
        let one = |number: usize| IpAddr::V4(u32::try_from(number).unwrap().into());
        let held: Vec<_> = (0..UNPROVED_CALLS_MAX).map(|number| seats.unproved(one(number)).unwrap()).collect();
        assert!(seats.unproved(one(UNPROVED_CALLS_MAX)).is_none());
        drop(held);
        assert!(seats.counts().unproved.is_empty());
    }

    #[test]
    fn channels_kept_for_proved_callers_stay_free() {
        let seats = Seats::default();
        let trunk = Trunk {
            id: TrunkId(Uuid::from_u128(1)),
            name: "main".into(),
            address: "sip:trunk.example.com".parse().unwrap(),
            login: None,
            owner: Owner::Operator,
            priority: 1,
            channels: Some(2),
            reserved: 1,
            test_number: None,
        };
        let stranger = seats.channel(&trunk, false).unwrap();
        assert!(seats.channel(&trunk, false).is_none());
        let _proved = seats.channel(&trunk, true).unwrap();
        let _beyond = seats.channel(&trunk, true).unwrap();
        assert_eq!(seats.calls(trunk.id), 3);
        drop(stranger);
        assert!(seats.channel(&trunk, false).is_none(), "proved calls count, too");
        assert_eq!(seats.calls(trunk.id), 2);
    }
}
