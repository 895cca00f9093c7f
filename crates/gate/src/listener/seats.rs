//! How many: connections from one address, requests at a time.

use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use crate::address::AddressKey;

/// Counts connections per address. The table holds no more keys than there are connections, which are bounded elsewhere.
#[derive(Debug)]
pub(crate) struct Seats {
    taken: Mutex<HashMap<AddressKey, usize>>,
    per_address: usize,
}

/// One connection's seat; given back on drop.
#[derive(Debug)]
pub(crate) struct Seat {
    seats: Arc<Seats>,
    key: AddressKey,
}

impl Seats {
    pub(crate) fn new(per_address: usize) -> Arc<Self> {
        Arc::new(Self { taken: Mutex::default(), per_address })
    }

    /// A seat, unless the address has all of its own.
    pub(crate) fn take(self: &Arc<Self>, key: AddressKey) -> Option<Seat> {
        let mut taken = self.taken.lock().unwrap_or_else(PoisonError::into_inner);
        let count = taken.entry(key).or_default();
        if *count >= self.per_address {
            return None;
        }
        *count += 1;
        drop(taken);
        Some(Seat { seats: Arc::clone(self), key })
    }
}

impl Drop for Seat {
    fn drop(&mut self) {
        let mut taken = self.seats.taken.lock().unwrap_or_else(PoisonError::into_inner);
        if let Entry::Occupied(mut count) = taken.entry(self.key) {
            *count.get_mut() -= 1;
            if *count.get() == 0 {
                count.remove();
            }
        }
    }
}

/// Lets so many in at a time and turns the next away.
#[derive(Debug)]
pub(crate) struct Turnstile {
    inside: AtomicUsize,
    most: usize,
}

/// Somebody inside; leaves on drop.
#[derive(Debug)]
pub(crate) struct Inside<'a>(&'a Turnstile);

impl Turnstile {
    pub(crate) fn new(most: usize) -> Self {
        Self { inside: AtomicUsize::new(0), most }
    }

    /// In, unless it is full.
    pub(crate) fn enter(&self) -> Option<Inside<'_>> {
        let entered = Inside(self);
        (self.inside.fetch_add(1, Ordering::Relaxed) < self.most).then_some(entered)
    }
}

impl Drop for Inside<'_> {
    fn drop(&mut self) {
        self.0.inside.fetch_sub(1, Ordering::Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn seats_are_counted_and_given_back() {
        let seats = Seats::new(2);
        let one = AddressKey::of("192.0.2.1".parse().unwrap());
        let other = AddressKey::of("192.0.2.2".parse().unwrap());
        let first = seats.take(one).unwrap();
        let second = seats.take(one).unwrap();
        assert!(seats.take(one).is_none());
        assert!(seats.take(other).is_some());
        drop(first);
        let third = seats.take(one).unwrap();
        assert!(seats.take(one).is_none());
        drop((second, third));
        assert!(seats.taken.lock().unwrap().is_empty());
    }

    #[test]
    fn a_turnstile_counts_who_is_inside() {
        let turnstile = Turnstile::new(2);
        let first = turnstile.enter().unwrap();
        let _second = turnstile.enter().unwrap();
        assert!(turnstile.enter().is_none());
        assert!(turnstile.enter().is_none());
        drop(first);
        let _third = turnstile.enter().unwrap();
        assert!(turnstile.enter().is_none());
    }
}
