//! The request log: kept in memory for a moment, written in batches, so that fetching a config writes nothing by itself.

use std::collections::HashMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError};

use domain::Mac;
use domain::seen::Seen;

use crate::limits::RECORDED_DEVICES_MAX;

/// What was seen since the last flush, by device.
#[derive(Debug, Default)]
pub struct Recorder {
    seen: Mutex<HashMap<Mac, Seen>>,
    dropped: AtomicU64,
}

impl Recorder {
    /// Notes something of a device. While too many devices wait to be written, a new one is not taken and counted as dropped.
    pub fn note(&self, mac: Mac, note: impl FnOnce(&mut Seen)) {
        let mut seen = self.seen.lock().unwrap_or_else(PoisonError::into_inner);
        if seen.len() >= RECORDED_DEVICES_MAX && !seen.contains_key(&mac) {
            self.dropped.fetch_add(1, Ordering::Relaxed);
            return;
        }
        note(seen.entry(mac).or_default());
    }

    /// Takes out at most `most` devices, for writing.
    pub fn take(&self, most: usize) -> Vec<(Mac, Seen)> {
        let mut seen = self.seen.lock().unwrap_or_else(PoisonError::into_inner);
        if seen.len() <= most {
            return std::mem::take(&mut *seen).into_iter().collect();
        }
        let macs: Vec<Mac> = seen.keys().copied().take(most).collect();
        macs.into_iter().filter_map(|mac| seen.remove_entry(&mac)).collect()
    }

    /// Puts back what could not be written, under what came since.
    pub fn put_back(&self, batch: Vec<(Mac, Seen)>) {
        let mut seen = self.seen.lock().unwrap_or_else(PoisonError::into_inner);
        for (mac, mut older) in batch {
            if let Some(newer) = seen.remove(&mac) {
                older.merge(newer);
            }
            if seen.len() < RECORDED_DEVICES_MAX {
                seen.insert(mac, older);
            }
        }
    }

    /// Requests that were not recorded because too many devices waited.
    pub fn dropped(&self) -> u64 {
        self.dropped.load(Ordering::Relaxed)
    }
}

#[cfg(test)]
mod tests {
    use domain::Time;

    use super::*;

    fn mac(number: u32) -> Mac {
        let [a, b, c, d] = number.to_be_bytes();
        Mac::from_bytes([0, 0x15, a, b, c, d]).unwrap()
    }

    #[test]
    fn batches_are_bounded_and_come_back_under_what_is_newer() {
        let recorder = Recorder::default();
        let address = "198.51.100.7".parse().unwrap();
        (0..10).for_each(|number| recorder.note(mac(number), |seen| seen.fetched(Time::from_millis(1), address)));
        let batch = recorder.take(4);
        assert_eq!(batch.len(), 4);
        let again = batch[0].0;
        recorder.note(again, |seen| seen.fetched(Time::from_millis(2), address));
        recorder.put_back(batch);
        let all = recorder.take(100);
        assert_eq!(all.len(), 10);
        let newest = all.iter().find(|(mac, _)| *mac == again).unwrap();
        assert_eq!(newest.1.last_fetch, Some(Time::from_millis(2)));
    }

    #[test]
    fn a_flood_of_devices_is_dropped_and_counted() {
        let recorder = Recorder::default();
        let flood = u32::try_from(RECORDED_DEVICES_MAX).unwrap() + 5;
        (0..flood).for_each(|number| recorder.note(mac(number), |_| ()));
        assert_eq!(recorder.dropped(), 5);
        assert_eq!(recorder.take(usize::MAX).len(), RECORDED_DEVICES_MAX);
    }
}
