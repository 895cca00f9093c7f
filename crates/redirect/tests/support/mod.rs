//! What the services' tests share.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{SystemTime, UNIX_EPOCH};

use domain::{Mac, Secret, Time};
use phonesim::services::{Emulator, Provider};
use redirect::{Account, Credentials, Entry, Kind, Profile, Road, Service, Target};

/// The door and login of the profile, and the account's secret, which must be in no error.
pub const DOOR: &str = "https://phones.example.com:8443/cfg/";
pub const PASSWORD: &str = "leaflet-password-1";

/// A client of a played service, with an account's fields.
pub fn open<P: Provider>(kind: Kind, emulator: &Emulator<P>, path: &str, fields: &[(&str, &str)]) -> Box<dyn Service> {
    let road = Road::new(&[emulator.authority()], clock, chance).unwrap().in_a_hurry();
    account(kind, &format!("{}{path}", emulator.base()), fields).open(&road)
}

pub fn account(kind: Kind, base: &str, fields: &[(&str, &str)]) -> Account {
    let fields: BTreeMap<_, _> = fields.iter().map(|(name, value)| ((*name).to_owned(), Secret::from(*value))).collect();
    Account { kind, base: base.parse().unwrap(), credentials: Credentials::new(kind, &fields).unwrap() }
}

pub fn profile(name: &str) -> Profile {
    Profile { name: name.to_owned(), door: DOOR.to_owned(), user: "phone".to_owned(), password: PASSWORD.into() }
}

/// A device with a profile.
pub fn entry(mac: Mac, serial: Option<&str>, profile: &str) -> Entry {
    Entry { mac, serial: serial.map(str::to_owned), mac_id: None, target: Target::Profile(profile.to_owned()) }
}

/// A device that is to go to an address of its own.
pub fn sent_to(mac: &str, address: &str) -> Entry {
    aimed(mac, Target::Address(Secret::from(address)))
}

/// A device with a target.
pub fn aimed(mac: &str, target: Target) -> Entry {
    Entry { mac: mac.parse().unwrap(), serial: None, mac_id: None, target }
}

/// A MAC of a range, by number.
pub fn mac(oui: &str, n: usize) -> Mac {
    format!("{oui}{n:06x}").parse().unwrap()
}

#[expect(clippy::disallowed_methods, reason = "the edge of a test: the played services have a real clock")]
pub fn clock() -> Time {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap();
    Time::from_millis(i64::try_from(since.as_millis()).unwrap())
}

/// Never the same twice.
pub fn chance(bytes: &mut [u8]) {
    static COUNT: AtomicU64 = AtomicU64::new(0);
    let count = COUNT.fetch_add(1, Ordering::Relaxed).to_be_bytes();
    bytes.iter_mut().zip(count.iter().cycle()).for_each(|(byte, count)| *byte = *count);
}
