//! What a node remembers of unproved traffic: in memory, bounded, lost without harm.

use std::collections::{HashMap, HashSet};
use std::hash::Hash;
use std::net::IpAddr;
use std::sync::{Mutex, PoisonError};

use domain::challenges::Unanswered;
use domain::net::{handover_network, site_network};
use domain::pin::Stranger;
use domain::{Mac, Span, Time};
use ipnet::IpNet;

use crate::limits::{CONTACT_ADDRESSES_MAX, CONTACTS_PER_ADDRESS_MAX, STRANGERS_MAX, UNANSWERED_MAX};

/// The tables.
#[derive(Debug, Default)]
pub struct Tables {
    contacts: Mutex<HashMap<IpNet, Contacts>>,
    unanswered: Mutex<HashMap<(Mac, IpNet), Unanswered>>,
    strangers: Mutex<HashMap<Mac, Stranger>>,
}

/// The devices that one address contacted us for within the hour that began then.
#[derive(Debug)]
struct Contacts {
    began: Time,
    macs: HashSet<Mac>,
}

impl Tables {
    /// How many *other* devices this address contacted us for within the hour.
    pub fn first_contacts(&self, address: IpAddr, mac: Mac, now: Time) -> u32 {
        let contacts = self.contacts.lock().unwrap_or_else(PoisonError::into_inner);
        let held = contacts.get(&site_network(address)).filter(|held| now.since(held.began) < Span::hours(1));
        held.map_or(0, |held| u32::try_from(held.macs.len() - usize::from(held.macs.contains(&mac))).unwrap_or(u32::MAX))
    }

    /// A claim was given out to that address for that device.
    pub fn contacted(&self, address: IpAddr, mac: Mac, now: Time) {
        let mut contacts = self.contacts.lock().unwrap_or_else(PoisonError::into_inner);
        let network = site_network(address);
        make_room(&mut contacts, &network, CONTACT_ADDRESSES_MAX, |held| held.began);
        let held = contacts.entry(network).or_insert_with(|| Contacts { began: now, macs: HashSet::new() });
        if now.since(held.began) >= Span::hours(1) {
            *held = Contacts { began: now, macs: HashSet::new() };
        }
        if held.macs.len() < CONTACTS_PER_ADDRESS_MAX {
            held.macs.insert(mac);
        }
    }

    /// Whether this phone has left two challenges unanswered, far enough apart.
    pub fn ignores_challenges(&self, mac: Mac, address: IpAddr) -> bool {
        let unanswered = self.unanswered.lock().unwrap_or_else(PoisonError::into_inner);
        unanswered.get(&(mac, handover_network(address))).is_some_and(Unanswered::ignores_challenges)
    }

    /// A request without a login was challenged.
    pub fn challenged(&self, mac: Mac, address: IpAddr, now: Time) {
        let mut unanswered = self.unanswered.lock().unwrap_or_else(PoisonError::into_inner);
        let key = (mac, handover_network(address));
        if let Some(held) = unanswered.get_mut(&key) {
            held.again(now);
            return;
        }
        make_room(&mut unanswered, &key, UNANSWERED_MAX, Unanswered::first);
        unanswered.insert(key, Unanswered::new(now));
    }

    /// The phone answered a challenge after all.
    pub fn answered(&self, mac: Mac, address: IpAddr) {
        let mut unanswered = self.unanswered.lock().unwrap_or_else(PoisonError::into_inner);
        unanswered.remove(&(mac, handover_network(address)));
    }

    /// The PIN tries of an unknown MAC, if anybody ever tried.
    pub fn stranger(&self, mac: Mac) -> Option<Stranger> {
        self.strangers.lock().unwrap_or_else(PoisonError::into_inner).get(&mac).cloned()
    }

    /// Works on what is remembered of an unknown MAC: the claims that it fetched with, and its wrong PINs, which the voice counts and the
    /// display then shows.
    pub fn with_stranger<T>(&self, mac: Mac, work: impl FnOnce(&mut Stranger) -> T) -> T {
        let mut strangers = self.strangers.lock().unwrap_or_else(PoisonError::into_inner);
        if strangers.len() >= STRANGERS_MAX && !strangers.contains_key(&mac) {
            // Any one goes that only fetched; then any one: all of them are strangers, and none of them has a PIN.
            let fetched = strangers.iter().find(|(_, stranger)| !stranger.has_tried()).map(|(mac, _)| *mac);
            let goes = fetched.or_else(|| strangers.keys().next().copied());
            goes.map(|goes| strangers.remove(&goes));
        }
        work(strangers.entry(mac).or_default())
    }
}

/// Keeps a table below its bound: the oldest goes.
fn make_room<K: Eq + Hash + Clone, V>(table: &mut HashMap<K, V>, coming: &K, max: usize, age: impl Fn(&V) -> Time) {
    if table.len() < max || table.contains_key(coming) {
        return;
    }
    let oldest = table.iter().min_by_key(|(_, value)| age(value)).map(|(key, _)| key.clone());
    oldest.map(|key| table.remove(&key));
}

#[cfg(test)]
mod tests {
    use super::*;

    fn mac(number: u8) -> Mac {
        Mac::from_bytes([0, 0x15, 0x65, 0, 0, number]).unwrap()
    }

    #[test]
    fn contacts_count_other_devices_for_an_hour() {
        let (tables, now) = (Tables::default(), Time::from_millis(0));
        let address = "198.51.100.7".parse().unwrap();
        (1..=3).for_each(|number| tables.contacted(address, mac(number), now));
        assert_eq!(tables.first_contacts(address, mac(1), now), 2);
        assert_eq!(tables.first_contacts(address, mac(9), now), 3);
        assert_eq!(tables.first_contacts("198.51.100.8".parse().unwrap(), mac(9), now), 0);
        assert_eq!(tables.first_contacts(address, mac(9), now + Span::hours(1)), 0);
    }

    #[test]
    fn an_answer_forgives_unanswered_challenges() {
        let (tables, now) = (Tables::default(), Time::from_millis(0));
        let address = "198.51.100.7".parse().unwrap();
        tables.challenged(mac(1), address, now);
        tables.challenged(mac(1), address, now + Span::seconds(31));
        assert!(tables.ignores_challenges(mac(1), address));
        assert!(!tables.ignores_challenges(mac(2), address));
        tables.answered(mac(1), address);
        assert!(!tables.ignores_challenges(mac(1), address));
    }

    #[test]
    fn every_table_is_bounded() {
        let (tables, now) = (Tables::default(), Time::from_millis(0));
        for number in 0..u32::try_from(UNANSWERED_MAX + 10).unwrap() {
            let address = std::net::Ipv4Addr::from(number << 8).into();
            tables.challenged(mac(1), address, now + Span::seconds(number.into()));
        }
        assert_eq!(tables.unanswered.lock().unwrap().len(), UNANSWERED_MAX);
    }
}
