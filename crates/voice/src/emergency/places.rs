//! Where phones stand, learned when they register, so that an emergency call need not ask the database.

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use domain::Mac;
use domain::tenancy::{CustomerId, SiteId};

use crate::limits::{EMERGENCY_PLACES_MAX, EMERGENCY_STRANGERS_MAX};

/// Where a phone stands, as far as emergency calls care.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Spot {
    /// Its customer.
    pub customer: CustomerId,
    /// Its site, if it has one.
    pub site: Option<SiteId>,
}

/// What is known of a phone's place.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Learned {
    /// Nothing.
    Nothing,
    /// Nobody added it.
    NotAdded,
    /// It stands here.
    At(Spot),
}

/// The places of phones. The longest unheard of are forgotten; phones that nobody added never push out those that somebody did.
#[derive(Debug, Default)]
pub struct Places {
    inner: Mutex<Inner>,
}

/// Twelve bytes a phone: places are few and stand in a list of their own.
#[derive(Debug, Default)]
struct Inner {
    spots: Vec<Spot>,
    index: HashMap<Spot, u32>,
    added: Generations<u32>,
    strangers: Generations<()>,
    /// Counts changes.
    version: u64,
}

/// Two maps: when the young one is full it becomes the old one, and what nobody asked for since is forgotten with the one before.
#[derive(Debug)]
struct Generations<V> {
    young: HashMap<Mac, V>,
    old: HashMap<Mac, V>,
}

impl<V> Default for Generations<V> {
    fn default() -> Self {
        Self { young: HashMap::new(), old: HashMap::new() }
    }
}

impl Places {
    /// A phone stands here; none: nobody added it.
    pub fn learn(&self, mac: Mac, spot: Option<Spot>) {
        let mut inner = self.inner();
        if inner.of(mac) == spot.map_or(Learned::NotAdded, Learned::At) {
            return;
        }
        inner.version += 1;
        if let Some(spot) = spot {
            let at = inner.index_of(spot);
            inner.strangers.forget(mac);
            inner.added.put(mac, at, EMERGENCY_PLACES_MAX);
        } else {
            inner.added.forget(mac);
            inner.strangers.put(mac, (), EMERGENCY_STRANGERS_MAX);
        }
    }

    /// Where a phone stands.
    pub fn of(&self, mac: Mac) -> Learned {
        self.inner().of(mac)
    }

    /// Moves with every change.
    pub fn version(&self) -> u64 {
        self.inner().version
    }

    /// All places with the phones that stand there, for the file.
    pub fn all(&self) -> Vec<(Spot, Vec<Mac>)> {
        let inner = self.inner();
        let mut macs = vec![Vec::new(); inner.spots.len()];
        for (mac, at) in inner.added.iter() {
            macs[*at as usize].push(mac);
        }
        inner.spots.iter().copied().zip(macs).filter(|(_, macs)| !macs.is_empty()).collect()
    }

    fn inner(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Inner {
    fn of(&mut self, mac: Mac) -> Learned {
        let spot = self.added.find(mac, EMERGENCY_PLACES_MAX).and_then(|at| self.spots.get(at as usize));
        match spot {
            Some(spot) => Learned::At(*spot),
            None if self.strangers.find(mac, EMERGENCY_STRANGERS_MAX).is_some() => Learned::NotAdded,
            None => Learned::Nothing,
        }
    }

    fn index_of(&mut self, spot: Spot) -> u32 {
        if let Some(at) = self.index.get(&spot) {
            return *at;
        }
        let at = u32::try_from(self.spots.len()).expect("fewer places than phones, of which there is a limit");
        self.spots.push(spot);
        self.index.insert(spot, at);
        at
    }
}

impl<V: Copy> Generations<V> {
    fn find(&mut self, mac: Mac, max: usize) -> Option<V> {
        if let Some(value) = self.young.get(&mac) {
            return Some(*value);
        }
        let value = self.old.remove(&mac)?;
        self.put(mac, value, max);
        Some(value)
    }

    fn put(&mut self, mac: Mac, value: V, max: usize) {
        self.old.remove(&mac);
        if self.young.len() >= max / 2 && !self.young.contains_key(&mac) {
            self.old = std::mem::take(&mut self.young);
        }
        self.young.insert(mac, value);
    }

    fn forget(&mut self, mac: Mac) {
        self.young.remove(&mac);
        self.old.remove(&mac);
    }

    fn iter(&self) -> impl Iterator<Item = (Mac, &V)> {
        self.young.iter().chain(&self.old).map(|(mac, value)| (*mac, value))
    }
}

#[cfg(test)]
mod tests {
    use uuid::Uuid;

    use super::*;

    fn spot(customer: u128, site: Option<u128>) -> Spot {
        Spot { customer: CustomerId(Uuid::from_u128(customer)), site: site.map(|site| SiteId(Uuid::from_u128(site))) }
    }

    fn mac(number: u32) -> Mac {
        let [a, b, c, d] = number.to_be_bytes();
        Mac::from_bytes([0x00, 0x15, a, b, c, d]).unwrap()
    }

    #[test]
    fn what_was_learned_last_holds() {
        let places = Places::default();
        assert_eq!(places.of(mac(1)), Learned::Nothing);
        places.learn(mac(1), None);
        assert_eq!(places.of(mac(1)), Learned::NotAdded);
        places.learn(mac(1), Some(spot(1, Some(2))));
        assert_eq!(places.of(mac(1)), Learned::At(spot(1, Some(2))));
        let version = places.version();
        places.learn(mac(1), Some(spot(1, Some(2))));
        assert_eq!(places.version(), version, "nothing new");
        places.learn(mac(1), Some(spot(1, None)));
        assert_eq!(places.of(mac(1)), Learned::At(spot(1, None)));
        assert_eq!(places.all(), [(spot(1, None), vec![mac(1)])]);
        places.learn(mac(1), None);
        assert_eq!(places.of(mac(1)), Learned::NotAdded);
        assert!(places.all().is_empty());
    }

    #[test]
    fn strangers_are_bounded_and_push_nobody_out() {
        let places = Places::default();
        places.learn(mac(1), Some(spot(1, None)));
        for number in 2..u32::try_from(3 * EMERGENCY_STRANGERS_MAX).unwrap() {
            places.learn(mac(number), None);
        }
        let inner = places.inner();
        assert!(inner.strangers.young.len() + inner.strangers.old.len() <= EMERGENCY_STRANGERS_MAX);
        drop(inner);
        assert_eq!(places.of(mac(1)), Learned::At(spot(1, None)));
    }

    #[test]
    fn the_longest_unheard_of_are_forgotten() {
        let mut kept = Generations::default();
        for number in 0..10 {
            kept.put(mac(number), number, 8);
            assert_eq!(kept.find(mac(0), 8), Some(0), "asked for again and again");
        }
        assert!(kept.young.len() + kept.old.len() <= 8);
        assert_eq!(kept.find(mac(9), 8), Some(9));
        assert_eq!(kept.find(mac(1), 8), None);
    }
}
