//! The request log: kept in memory for a moment, written in batches, so that fetching a config writes nothing by itself.

use std::collections::{BTreeMap, HashMap};
use std::net::IpAddr;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use domain::effect::Attention;
use domain::net::site_network;
use domain::tenancy::CustomerId;
use domain::{Mac, Time};
use ipnet::IpNet;
use store::seen::{News, Request, Seen, Served};
use store::sightings::{self, Knock};
use store::traffic::Fetches;
use store::{Db, Store, StoreError};

use crate::limits::{KNOCKS_WAITING_MAX, RECORDED_DEVICES_MAX, RECORDED_FETCHES_MAX, RECORDED_PER_WRITE_MAX, RECORDED_REQUESTS_MAX};

/// What was seen since the last flush. Unproved traffic writes here, so everything is bounded, and what does not fit is counted and lost.
#[derive(Debug, Default)]
pub struct Recorder {
    devices: Mutex<HashMap<Mac, Noted>>,
    knocks: Mutex<HashMap<Mac, Knock>>,
    dropped: AtomicU64,
}

/// What was seen of one device.
#[derive(Clone, Debug, Default)]
struct Noted {
    firmware: Option<String>,
    model: Option<String>,
    served: Option<Served>,
    fetched: Option<(IpAddr, CustomerId)>,
    flags: BTreeMap<Attention, (IpAddr, Time)>,
    requests: Vec<Request>,
}

impl Recorder {
    /// A request was answered.
    pub fn seen(&self, mac: Mac, request: Request, firmware: Option<&str>, model: Option<String>) {
        self.note(mac, RECORDED_DEVICES_MAX, |noted| {
            if let Some(firmware) = firmware.filter(|firmware| noted.firmware.as_deref() != Some(*firmware)) {
                noted.firmware = Some(firmware.to_owned());
            }
            noted.model = model.or_else(|| noted.model.take());
            if noted.requests.len() >= RECORDED_REQUESTS_MAX {
                noted.requests.remove(0);
            }
            noted.requests.push(request);
        });
    }

    /// A configuration with a login went out to it.
    pub fn served(&self, mac: Mac, served: Served) {
        self.note(mac, RECORDED_DEVICES_MAX, |noted| noted.served = Some(served));
    }

    /// A full config went out: what made somebody look at this device is over.
    ///
    /// Trust goes by where devices fetched from, so there is room for this when unproved traffic has taken all of its own.
    pub fn fetched(&self, mac: Mac, address: IpAddr, customer: CustomerId) {
        self.note(mac, RECORDED_DEVICES_MAX + RECORDED_FETCHES_MAX, |noted| {
            noted.fetched = Some((address, customer));
            noted.settle();
        });
    }

    /// Somebody should look at this device.
    pub fn flagged(&self, mac: Mac, flag: Attention, address: IpAddr, now: Time) {
        self.note(mac, RECORDED_DEVICES_MAX, |noted| {
            noted.flags.insert(flag, (address, now));
        });
    }

    /// A MAC came by that nobody added.
    pub fn knocked(&self, mac: Mac, address: IpAddr, model: &str, now: Time) {
        let mut knocks = self.knocks.lock().unwrap_or_else(PoisonError::into_inner);
        if knocks.len() >= KNOCKS_WAITING_MAX && !knocks.contains_key(&mac) {
            self.dropped.fetch_add(1, Ordering::Relaxed);
            return;
        }
        let model = model.to_owned();
        let knock = knocks.entry(mac).or_insert(Knock { mac, first_seen: now, last_seen: now, address, model, times: 0 });
        knock.times += 1;
        knock.last_seen = now;
        knock.address = address;
    }

    /// Notes that were lost because too many devices waited.
    pub fn dropped(&self) -> u64 {
        self.dropped.load(Ordering::Relaxed)
    }

    fn note(&self, mac: Mac, max: usize, note: impl FnOnce(&mut Noted)) {
        let mut devices = self.devices.lock().unwrap_or_else(PoisonError::into_inner);
        if devices.len() >= max && !devices.contains_key(&mac) {
            self.dropped.fetch_add(1, Ordering::Relaxed);
            return;
        }
        note(devices.entry(mac).or_default());
    }

    fn take(&self) -> Batch {
        let mut devices = self.devices.lock().unwrap_or_else(PoisonError::into_inner);
        let macs: Vec<Mac> = devices.keys().copied().take(RECORDED_PER_WRITE_MAX).collect();
        let devices = macs.into_iter().filter_map(|mac| devices.remove_entry(&mac)).collect();
        let knocks = std::mem::take(&mut *self.knocks.lock().unwrap_or_else(PoisonError::into_inner));
        Batch { devices, knocks: knocks.into_values().collect() }
    }

    /// Puts back devices that could not be written, under what came since.
    fn put_back(&self, devices: Vec<(Mac, Noted)>) {
        let mut waiting = self.devices.lock().unwrap_or_else(PoisonError::into_inner);
        for (mac, mut older) in devices {
            if let Some(newer) = waiting.remove(&mac) {
                older.overlay(newer);
            }
            if waiting.len() < RECORDED_DEVICES_MAX + RECORDED_FETCHES_MAX {
                waiting.insert(mac, older);
            }
        }
    }
}

/// What one transaction writes.
#[derive(Clone, Debug)]
struct Batch {
    devices: Vec<(Mac, Noted)>,
    knocks: Vec<Knock>,
}

impl Batch {
    /// From where whose devices fetched, and when last: once for an office, however many of its phones came.
    fn addresses(&self) -> HashMap<(IpNet, CustomerId), Time> {
        let mut latest = HashMap::new();
        for (_, noted) in &self.devices {
            let Some(((address, customer), last)) = noted.fetched.zip(noted.requests.last()) else { continue };
            let at = latest.entry((site_network(address), customer)).or_insert(last.time);
            *at = last.time.max(*at);
        }
        latest
    }
}

/// What a full config settles. That another phone's name was shown with it settles nothing.
const SETTLED: [Attention; 2] = [Attention::CameBackWithoutLogin, Attention::StillUsesGlobal];

impl Noted {
    fn settle(&mut self) {
        self.flags.retain(|flag, _| !SETTLED.contains(flag));
    }

    fn overlay(&mut self, newer: Self) {
        self.firmware = newer.firmware.or_else(|| self.firmware.take());
        self.model = newer.model.or_else(|| self.model.take());
        self.served = newer.served.or(self.served.take());
        if newer.fetched.is_some() {
            self.fetched = newer.fetched;
            self.settle();
        }
        self.flags.extend(newer.flags);
        self.requests.extend(newer.requests);
        let surplus = self.requests.len().saturating_sub(RECORDED_REQUESTS_MAX);
        self.requests.drain(..surplus);
    }

    fn write(&self, db: &Db, mac: Mac) -> Result<Fetches, StoreError> {
        if self.requests.is_empty() {
            return Ok(Fetches::default());
        }
        let seen = Seen {
            served: self.served.clone(),
            own_address: self.fetched.map(|(address, _)| address),
            firmware: self.firmware.clone().unwrap_or_default(),
            model: self.model.clone().unwrap_or_default(),
        };
        let fetches = store::seen::note(db, &[News { mac, seen, requests: self.requests.clone() }])?;
        if self.fetched.is_some() {
            sightings::clear_two(db, mac, SETTLED.map(Attention::code))?;
        }
        for (flag, (address, at)) in &self.flags {
            sightings::raise(db, &sightings::Attention { mac, kind: flag.code().to_owned(), at: *at, address: Some(*address) })?;
        }
        Ok(fetches)
    }
}

/// The job that writes what was recorded. Call [`Flusher::flush`] a few times a second, and once more when the gate is shut.
#[derive(Clone, Debug)]
pub struct Flusher {
    store: Store,
    recorder: Arc<Recorder>,
}

impl Flusher {
    pub(super) fn new(store: Store, recorder: Arc<Recorder>) -> Self {
        Self { store, recorder }
    }

    /// Writes at most one batch; returns how many devices were in it. What cannot be written now is kept for the next time.
    pub async fn flush(&self) -> Result<usize, StoreError> {
        let batch = self.recorder.take();
        let count = batch.devices.len();
        if count == 0 && batch.knocks.is_empty() {
            return Ok(0);
        }
        let written = batch.clone();
        let write = self.store.write(move |db| {
            let mut fetches = Fetches::default();
            for (mac, noted) in &written.devices {
                fetches.join(noted.write(db, *mac)?);
            }
            written
                .addresses()
                .into_iter()
                .try_for_each(|((network, customer), at)| store::trust::note_address(db, &network, customer, at))?;
            if !written.knocks.is_empty() {
                sightings::note_knocks(db, &written.knocks)?;
            }
            // Last: other nodes count in the same rows.
            store::traffic::add(db, &fetches)
        });
        match write.await {
            Ok(()) => Ok(count),
            Err(error) => {
                self.recorder.put_back(batch.devices);
                Err(error)
            }
        }
    }

    /// Notes that were lost because too many devices waited.
    pub fn dropped(&self) -> u64 {
        self.recorder.dropped()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn mac(number: u32) -> Mac {
        let [a, b, c, d] = number.to_be_bytes();
        Mac::from_bytes([0, 0x15, a, b, c, d]).unwrap()
    }

    fn request(at: i64) -> Request {
        Request {
            time: Time::from_millis(at),
            address: "198.51.100.7".parse().unwrap(),
            method: "GET".into(),
            file: "001565000001.cfg".into(),
            status: 200,
            evidence: "own".into(),
            decision: "full".into(),
            reason: "own".into(),
            bytes: 1,
            transport: "https".into(),
        }
    }

    #[test]
    fn a_batch_comes_back_under_what_is_newer() {
        let recorder = Recorder::default();
        recorder.seen(mac(1), request(1), Some("V86"), None);
        for flag in [Attention::CameBackWithoutLogin, Attention::IdentityMismatch] {
            recorder.flagged(mac(1), flag, "198.51.100.7".parse().unwrap(), Time::from_millis(1));
        }
        let batch = recorder.take();
        recorder.seen(mac(1), request(2), None, Some("yealink/T46S".into()));
        recorder.fetched(mac(1), "198.51.100.7".parse().unwrap(), CustomerId(uuid()));
        recorder.put_back(batch.devices);
        let again = recorder.take();
        let noted = &again.devices[0].1;
        assert_eq!(noted.requests.iter().map(|request| request.time.millis()).collect::<Vec<_>>(), [1, 2]);
        assert_eq!((noted.firmware.as_deref(), noted.model.as_deref()), (Some("V86"), Some("yealink/T46S")));
        let left: Vec<_> = noted.flags.keys().collect();
        assert_eq!(left, [&Attention::IdentityMismatch], "the full config settled the other");
    }

    #[test]
    fn floods_are_dropped_and_counted() {
        let recorder = Recorder::default();
        let flood = u32::try_from(RECORDED_DEVICES_MAX).unwrap() + 5;
        (0..flood).for_each(|number| recorder.seen(mac(number), request(1), None, None));
        assert_eq!(recorder.dropped(), 5);
        recorder.fetched(mac(flood), "198.51.100.7".parse().unwrap(), CustomerId(uuid()));
        recorder.seen(mac(flood), request(1), None, None);
        let proved = recorder.devices.lock().unwrap()[&mac(flood)].clone();
        assert!(proved.fetched.is_some() && proved.requests.len() == 1, "a flood does not hide who proved itself");
        (0..200).for_each(|at| recorder.seen(mac(1), request(at), None, None));
        assert_eq!(recorder.devices.lock().unwrap()[&mac(1)].requests.len(), RECORDED_REQUESTS_MAX);
        assert_eq!(recorder.take().devices.len(), RECORDED_PER_WRITE_MAX);
    }

    fn uuid() -> uuid::Uuid {
        uuid::Uuid::nil()
    }
}
