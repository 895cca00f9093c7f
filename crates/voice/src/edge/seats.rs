//! How many connections one source address holds.

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::{Arc, Mutex, PoisonError};

use super::throttle::Source;

/// Counts connections by source.
#[derive(Default)]
pub(super) struct Seats {
    taken: Mutex<HashMap<Source, usize>>,
}

/// One connection's place; free again when dropped.
pub(super) struct Seat {
    seats: Arc<Seats>,
    source: Source,
}

impl Seats {
    /// A place for one more connection; none if the source has `most` of them.
    pub(super) fn take(self: &Arc<Self>, address: IpAddr, most: usize) -> Option<Seat> {
        let source = Source::of(address);
        let mut taken = self.taken.lock().unwrap_or_else(PoisonError::into_inner);
        let held = taken.entry(source).or_default();
        if *held >= most {
            return None;
        }
        *held += 1;
        Some(Seat { seats: Arc::clone(self), source })
    }
}

impl Drop for Seat {
    fn drop(&mut self) {
        let mut taken = self.seats.taken.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(held) = taken.get_mut(&self.source) {
            *held -= 1;
            if *held == 0 {
                taken.remove(&self.source);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_place_is_free_again() {
        let seats = Arc::new(Seats::default());
        let address = IpAddr::from([192, 0, 2, 1]);
        let (first, second) = (seats.take(address, 2), seats.take(address, 2));
        assert!(first.is_some() && second.is_some() && seats.take(address, 2).is_none());
        drop(first);
        assert!(seats.take(address, 2).is_some());
        drop(second);
        assert!(seats.taken.lock().unwrap().is_empty());
    }
}
