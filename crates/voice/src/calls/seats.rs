//! How many calls there may be: of one phone, from one address, at all. Emergency calls take no seat.

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use domain::claim::Claim;
use domain::net::site_network;
use ipnet::IpNet;

use crate::limits::{CALLS_MAX, CALLS_PER_CLAIM_MAX, CALLS_PER_SOURCE_MAX};

/// The seats of a node. Clones share them.
#[derive(Clone, Debug, Default)]
pub struct Seats(Arc<Mutex<Taken>>);

#[derive(Debug, Default)]
struct Taken {
    all: usize,
    claims: HashMap<Claim, usize>,
    sources: HashMap<IpNet, usize>,
}

/// Why there is no seat.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Full {
    /// This phone, or its address, has all that it may.
    Caller,
    /// The node has.
    Node,
}

impl Full {
    /// The status of the SIP answer.
    pub fn status(self) -> u16 {
        match self {
            Self::Caller => 486,
            Self::Node => 503,
        }
    }
}

impl Seats {
    /// A seat for a call.
    pub fn take(&self, claim: &Claim, address: IpAddr) -> Result<Seat, Full> {
        let (claim, source) = (*claim, site_network(address));
        let mut taken = self.lock();
        let of = |count: Option<&usize>| count.copied().unwrap_or(0);
        if of(taken.claims.get(&claim)) >= CALLS_PER_CLAIM_MAX || of(taken.sources.get(&source)) >= CALLS_PER_SOURCE_MAX {
            return Err(Full::Caller);
        }
        if taken.all >= CALLS_MAX {
            return Err(Full::Node);
        }
        taken.all += 1;
        *taken.claims.entry(claim).or_default() += 1;
        *taken.sources.entry(source).or_default() += 1;
        Ok(Seat { seats: self.clone(), claim, source })
    }

    /// Calls now.
    pub fn taken(&self) -> usize {
        self.lock().all
    }

    fn lock(&self) -> MutexGuard<'_, Taken> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A call's seat, given back when dropped.
#[derive(Debug)]
pub struct Seat {
    seats: Seats,
    claim: Claim,
    source: IpNet,
}

impl Drop for Seat {
    fn drop(&mut self) {
        let mut taken = self.seats.lock();
        taken.all = taken.all.saturating_sub(1);
        give_back(&mut taken.claims, &self.claim);
        give_back(&mut taken.sources, &self.source);
    }
}

fn give_back<K: std::hash::Hash + Eq>(counts: &mut HashMap<K, usize>, key: &K) {
    if let Some(count) = counts.get_mut(key) {
        *count = count.saturating_sub(1);
        if *count == 0 {
            counts.remove(key);
        }
    }
}

#[cfg(test)]
mod tests {
    use domain::chance::Seeded;
    use domain::claim::{Grounds, PlatformKeys};
    use domain::{Secret, Time};

    use super::*;

    fn claim(seed: u64) -> Claim {
        let keys = PlatformKeys::new(vec![Secret::new(vec![7; 32])]).unwrap();
        let now = Time::from_millis(1_795_305_600_000);
        keys.issue("001565000001".parse().unwrap(), 1, Grounds::default(), now, &mut Seeded::new(seed))
    }

    #[test]
    fn a_phone_has_two_and_an_address_some() {
        let seats = Seats::default();
        let home: IpAddr = "198.51.100.7".parse().unwrap();
        let two = [seats.take(&claim(1), home).unwrap(), seats.take(&claim(1), home).unwrap()];
        assert_eq!(seats.take(&claim(1), home).unwrap_err(), Full::Caller);
        drop(two);
        let many: Vec<_> = (0..CALLS_PER_SOURCE_MAX as u64).map(|seed| seats.take(&claim(seed), home).unwrap()).collect();
        assert_eq!(seats.take(&claim(99_999), home).unwrap_err(), Full::Caller);
        seats.take(&claim(99_999), "198.51.100.8".parse().unwrap()).unwrap();
        drop(many);
        let taken = seats.lock();
        assert_eq!((taken.all, taken.claims.len(), taken.sources.len()), (0, 0, 0));
    }

    #[test]
    fn a_node_has_an_end() {
        let seats = Seats::default();
        let address = |number: u64| IpAddr::from(std::net::Ipv4Addr::from(0xc633_0000 + number as u32));
        let all: Vec<_> = (0..CALLS_MAX as u64).map(|number| seats.take(&claim(number), address(number)).unwrap()).collect();
        assert_eq!(seats.take(&claim(99_999), address(99_999)).unwrap_err(), Full::Node);
        assert_eq!((all.len(), Full::Node.status(), Full::Caller.status()), (CALLS_MAX, 503, 486));
    }
}
