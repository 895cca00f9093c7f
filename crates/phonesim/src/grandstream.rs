//! Grandstream: GXP, GRP, GXV and WP phones, HT adapters, DP bases.
//!
//! From the vendor's provisioning and administration guides and its configuration templates. Everything is a P-value; newer phones
//! know names for them as well. A file names what it changes; a blank value clears, an absent one stays.

mod dial_plan;
mod file;
mod names;
mod pass;

use std::time::Duration;

use domain::settings::Transport;
use domain::{Mac, Secret};

use crate::address::Address;
use crate::address::Login;
use crate::display::Account;
use crate::firmware::{Brand, Cause, Firmware, Pass, Provisioning, Then, Told, Unit};
use crate::flash::Flash;
use crate::identity::{AgentForm, Identity};
use crate::phone::Outcome;

use self::dial_plan::DialPlan;
use self::names::slot_key;
use self::pass::ConfigFiles;

/// The phones, adapters and bases.
pub(crate) struct Grandstream;

/// The shortest and the longest `P193`, in minutes.
const POLL_MINUTES: std::ops::RangeInclusive<u64> = 60..=5_256_000;

/// What models differ in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Family {
    /// Phones: GXP, GRP, GXV, WP.
    Phone,
    /// Adapters with an account for each port.
    Fxs,
    /// Adapters and bases whose ports share the server of a profile.
    Profiles,
    /// DP75x: the same, with handsets that are mapped to accounts.
    Base,
}

impl Family {
    fn of(identity: &Identity) -> Self {
        match identity.model.as_str() {
            "HT704" | "HT814" | "HT818" | "DP715" => Self::Profiles,
            model if model.starts_with("DP") => Self::Base,
            model if model.starts_with("HT") => Self::Fxs,
            _ => Self::Phone,
        }
    }

    /// `P194`, where it means "every P193 minutes".
    fn every_minutes(self, identity: &Identity) -> &'static str {
        let is_phone = matches!(self, Self::Phone | Self::Base) && !identity.model.starts_with("GXV32");
        if is_phone { "1" } else { "3" }
    }
}

impl Identity {
    /// A Grandstream phone, adapter or base.
    pub fn grandstream(model: &str, mac: Mac, firmware: &str, accounts: u16) -> Self {
        let agent = if model.starts_with("HT") { AgentForm::GRANDSTREAM_HARDWARE } else { AgentForm::GRANDSTREAM };
        Self {
            brand: Brand::Grandstream,
            model: model.to_owned(),
            mac,
            serial: String::new(),
            firmware: firmware.to_owned(),
            common: None,
            accounts,
            agent,
            capitals: false,
        }
    }
}

impl AgentForm {
    /// `Grandstream Model HW GXP2135 SW 1.0.7.97 DevId 000b828aa872`.
    pub const GRANDSTREAM: Self = Self("Grandstream Model HW {model} SW {firmware} DevId {mac}");
    /// `Grandstream Model HW HT801 V1.1A SW 1.0.17.5 DevId c074ad273a10`: with the hardware's revision.
    pub const GRANDSTREAM_HARDWARE: Self = Self("Grandstream Model HW {model} V1.1A SW {firmware} DevId {mac}");
}

impl Firmware for Grandstream {
    fn built(&self, model: &brands::Model, mac: Mac, firmware: &str) -> Identity {
        Identity::grandstream(&model.name, mac, firmware, model.accounts)
    }

    /// GXP1100 and GXP1105 have neither clock nor account name; a base's displays are its handsets'.
    fn has_screen(&self, identity: &Identity) -> bool {
        Family::of(identity) == Family::Phone && !identity.model.starts_with("GXP110")
    }

    fn provisioning(&self, unit: Unit<'_>) -> Provisioning {
        let scheme = if unit.text("P212") == Some("2") { "https" } else { "http" };
        let url = unit.text("P237").map(|path| if path.contains("://") { path.to_owned() } else { format!("{scheme}://{path}") });
        let [user, password] = ["P1360", "P1361"].map(|key| unit.text(key));
        let login = (user.is_some() || password.is_some()).then(|| Login::new(user.unwrap_or_default(), password.unwrap_or_default()));
        Provisioning { url, login }
    }

    /// Protocol and path are two fields of the page.
    fn store_server(&self, _identity: &Identity, flash: &mut Flash, address: &str) {
        let (protocol, path) = match address.split_once("://") {
            Some((scheme, path)) => (if scheme == "https" { "2" } else { "1" }, path),
            None => ("1", address),
        };
        flash.set("P212", protocol);
        flash.set("P237", path.trim_end_matches('/'));
    }

    fn store_login(&self, _identity: &Identity, flash: &mut Flash, user: &str, password: &Secret<String>) {
        flash.set("P1360", user);
        flash.set("P1361", password.expose());
    }

    fn heeds_dhcp(&self, unit: Unit<'_>) -> bool {
        unit.text("P145") != Some("0")
    }

    fn pass(&self, unit: Unit<'_>, server: &Address, _cause: Cause) -> Box<dyn Pass> {
        Box::new(ConfigFiles::over(server, unit))
    }

    /// The guide of GXP21xx and GXP17xx says so; of no other.
    fn prompts(&self, unit: Unit<'_>) -> bool {
        ["GXP17", "GXP213", "GXP214", "GXP216", "GXP217"].iter().any(|series| unit.identity.model.starts_with(series))
    }

    fn poll(&self, unit: Unit<'_>, _last: Option<Outcome>) -> Option<Duration> {
        let every_minutes = Family::of(unit.identity).every_minutes(unit.identity);
        match unit.text("P194")? {
            mode if mode == every_minutes => {
                let minutes = unit.text("P193").and_then(|text| text.parse().ok()).unwrap_or(10_080);
                Some(Duration::from_secs(60 * minutes.clamp(*POLL_MINUTES.start(), *POLL_MINUTES.end())))
            }
            "0" => None,
            // Daily or weekly, which of the two is another number for each family.
            _ => Some(Duration::from_hours(24)),
        }
    }

    fn accounts(&self, unit: Unit<'_>) -> Vec<Account> {
        (1..=unit.identity.accounts).filter_map(|slot| account(unit, slot)).collect()
    }

    /// What keys say: by name on new phones, seven by number on GXP2100 and its like.
    fn texts(&self, unit: Unit<'_>) -> Vec<String> {
        let named = (1..=48).map(|n| format!("pks.vpk.{n}.description"));
        let keys = named.chain((1..=7).map(|n| format!("P{}", 299 + 3 * n)));
        keys.filter_map(|key| unit.text(&key).map(str::to_owned)).collect()
    }

    /// Lifting the handset dials by itself; what is keyed in before goes through the dial plan.
    fn dials(&self, unit: Unit<'_>, slot: u16, digits: &str) -> Option<String> {
        if digits.is_empty() {
            return account(unit, slot)?.hotline;
        }
        let plan = DialPlan::read(unit.text(&plan_key(unit.identity, slot)).unwrap_or_default());
        plan.lets(digits).then(|| digits.to_owned())
    }

    /// A restart where a setting needs one, which no document lists; a fetch in any case.
    fn told(&self, unit: Unit<'_>, _slot: u16, event: &str) -> Option<Told> {
        event.split(';').next().filter(|name| name.trim().eq_ignore_ascii_case("check-sync"))?;
        // "Disable SIP NOTIFY authentication": off on phones, on with HT80x. Models without it are taken for phones.
        let newer_adapter = unit.identity.model.starts_with("HT8");
        let challenged = unit.text("P4428").unwrap_or(if newer_adapter { "1" } else { "0" }) != "1";
        Some(Told { challenged, then: Then::Fetch })
    }

    fn realm(&self) -> &'static str {
        "grandstream"
    }
}

fn account(unit: Unit<'_>, slot: u16) -> Option<Account> {
    match Family::of(unit.identity) {
        Family::Phone => phone_account(unit, slot),
        Family::Fxs => port_account(unit, slot),
        Family::Profiles | Family::Base => shared_account(unit, slot),
    }
}

fn phone_account(unit: Unit<'_>, slot: u16) -> Option<Account> {
    let text = |name: &str| unit.text(&slot_key(slot, name)).unwrap_or_default();
    if text("enable") != "1" || text("sip.registration") == "0" {
        return None;
    }
    Some(Account {
        slot,
        label: text("name").to_owned(),
        display_name: text("sip.subscriber.name").to_owned(),
        hotline: unit.text("P71").map(str::to_owned),
        ..known(
            text("sip.userid"),
            text("sip.subscriber.userid"),
            text("sip.subscriber.password"),
            text("sip.server.1.address"),
            text("sip.transport"),
        )
    })
}

fn port_account(unit: Unit<'_>, slot: u16) -> Option<Account> {
    let numbers: [u16; 9] = match slot {
        1 => [271, 31, 35, 36, 34, 47, 130, 3, 71],
        2 => [401, 731, 735, 736, 734, 747, 830, 703, 771],
        _ => return None,
    };
    let [active, registers, user, auth, password, server, transport, name, hotline] =
        numbers.map(|number| unit.text(&format!("P{number}")).unwrap_or_default());
    if active != "1" || registers == "0" {
        return None;
    }
    let hotline = Some(hotline).filter(|number| !number.is_empty()).map(str::to_owned);
    Some(Account { slot, display_name: name.to_owned(), hotline, ..known(user, auth, password, server, transport) })
}

/// Each port or handset has user and password; the server is that of profile 1, the only one which is on.
fn shared_account(unit: Unit<'_>, slot: u16) -> Option<Account> {
    let of_slot = |first: u16| unit.text(&format!("P{}", first + slot - 1)).unwrap_or_default();
    let text = |key: &str| unit.text(key).unwrap_or_default();
    if of_slot(4595) != "1" || text("P271") != "1" || of_slot(4150) != "0" {
        return None;
    }
    let handset = if Family::of(unit.identity) == Family::Base { handset_of(unit, slot) } else { Some(slot) };
    let hotline = handset.and_then(|handset| unit.text(&format!("P{}", 4209 + handset))).map(str::to_owned);
    Some(Account {
        slot,
        display_name: of_slot(4180).to_owned(),
        hotline,
        ..known(of_slot(4060), of_slot(4090), of_slot(4120), text("P47"), text("P130"))
    })
}

/// The handset whose first line an account is.
fn handset_of(unit: Unit<'_>, slot: u16) -> Option<u16> {
    const FIRST_LINES: [&str; 5] = ["P4300", "P4310", "P4320", "P4250", "P21328"];
    (1..=5).zip(FIRST_LINES).find(|(_, key)| unit.text(key) == Some(slot.to_string().as_str())).map(|(handset, _)| handset)
}

fn known(user: &str, auth: &str, password: &str, server: &str, transport: &str) -> Account {
    let (host, port) = match server.rsplit_once(':').and_then(|(host, port)| Some((host, port.parse().ok()?))) {
        Some((host, port)) => (host, Some(port)),
        None => (server, None),
    };
    Account {
        slot: 0,
        user: user.to_owned(),
        auth_user: if auth.is_empty() { user } else { auth }.to_owned(),
        password: Secret::from(password),
        server: host.to_owned(),
        port,
        transport: match transport {
            "1" => Transport::Tcp,
            "2" => Transport::Tls,
            _ => Transport::Udp,
        },
        label: String::new(),
        display_name: String::new(),
        hotline: None,
    }
}

fn plan_key(identity: &Identity, slot: u16) -> String {
    match (Family::of(identity), slot) {
        (Family::Phone, _) => slot_key(slot, "call.dialplan"),
        (Family::Fxs, 2) => "P4201".to_owned(),
        _ => "P4200".to_owned(),
    }
}

#[cfg(test)]
mod tests;
