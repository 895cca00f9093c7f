//! Spectralink: IP-DECT Server 200, 400, 6500 and Virtual IP-DECT Server, once KIRK and Polycom KWS.
//!
//! Public sources prove little of them: the address is a folder with user and password in it, data comes as XML in several files, users
//! have SIP logins, a base has no display. What is marked *guess* below stands as `unverified` in the brand's folder: these bases are
//! played so that the files hold together, and no story of theirs says that a real one lives through it.

mod file;
#[cfg(test)]
mod tests;

use std::time::Duration;

use domain::settings::Transport;
use domain::{Mac, Secret};

use crate::address::{Address, Slash};
use crate::display::Account;
use crate::firmware::{Ask, Brand, Cause, Firmware, Pass, Provisioning, Then, Told, Unit};
use crate::flash::Flash;
use crate::identity::{AgentForm, Identity};
use crate::in_turn::InTurn;
use crate::phone::Outcome;

/// The bases.
pub(crate) struct Spectralink;

/// Where the address is kept, and whether it counts before DHCP's: a page of the web interface has both, their names are a guess.
const SERVER: &str = "provisioning.server.url";
const METHOD: &str = "provisioning.server.method";

impl Identity {
    /// A base by its model, such as `Server200`.
    pub fn spectralink(model: &str, mac: Mac, firmware: &str, accounts: u16) -> Self {
        Self {
            brand: Brand::Spectralink,
            model: model.to_owned(),
            mac,
            serial: String::new(),
            firmware: firmware.to_owned(),
            common: None,
            accounts,
            agent: AgentForm::SPECTRALINK,
            capitals: false,
        }
    }
}

impl AgentForm {
    /// Nobody has written one down: this tells nothing that a server could lean on.
    pub const SPECTRALINK: Self = Self("HTTP client");
}

impl Firmware for Spectralink {
    fn built(&self, model: &brands::Model, mac: Mac, firmware: &str) -> Identity {
        Identity::spectralink(&model.name, mac, firmware, model.accounts)
    }

    fn has_screen(&self, _identity: &Identity) -> bool {
        false
    }

    fn provisioning(&self, unit: Unit<'_>) -> Provisioning {
        Provisioning { url: unit.text(SERVER).map(str::to_owned), login: None }
    }

    fn store_server(&self, _identity: &Identity, flash: &mut Flash, address: &str) {
        if address.is_empty() { flash.unset(SERVER) } else { flash.set(SERVER, address) }
    }

    /// There is no place for a login but the address.
    fn store_login(&self, _identity: &Identity, flash: &mut Flash, user: &str, password: &Secret<String>) {
        if let Some(url) = flash.setting(SERVER).and_then(|url| Address::typed_with_login(url, user, password)) {
            flash.set(SERVER, &url);
        }
    }

    /// Guess: the method says where the address comes from.
    fn heeds_dhcp(&self, unit: Unit<'_>) -> bool {
        unit.text(METHOD) != Some("static")
    }

    /// System and users are fetched apart; names and order are a guess.
    fn pass(&self, unit: Unit<'_>, server: &Address, _cause: Cause) -> Box<dyn Pass> {
        let mac = unit.identity.mac_in_names();
        let files = ["config", "users"].map(|part| Ask::get(server.file(&format!("{mac}-{part}.xml"), Slash::One)));
        Box::new(InTurn::over(files, file::take))
    }

    fn prompts(&self, _unit: Unit<'_>) -> bool {
        false
    }

    /// Guess: in minutes, as the web page has it.
    fn poll(&self, unit: Unit<'_>, _last: Option<Outcome>) -> Option<Duration> {
        let minutes: u64 = unit.text("provisioning.check.interval")?.parse().ok()?;
        Some(Duration::from_secs(60 * minutes)).filter(|poll| !poll.is_zero())
    }

    fn accounts(&self, unit: Unit<'_>) -> Vec<Account> {
        (1..=unit.identity.accounts).filter_map(|slot| account(unit, slot)).collect()
    }

    /// Guess: a setting says what a NOTIFY leads to, and nothing does in the box.
    fn told(&self, unit: Unit<'_>, _slot: u16, event: &str) -> Option<Told> {
        event.split(';').next().filter(|name| name.trim().eq_ignore_ascii_case("check-sync"))?;
        let then = match unit.text("provisioning.check.check_sync") {
            Some("update") => Then::Fetch,
            Some("reboot") => Then::Restart,
            _ => Then::Nothing,
        };
        Some(Told { challenged: false, then })
    }
}

/// A user of the list. Guess: it registers in its own domain, or else in that of all; port and transport are those of the base's proxy.
fn account(unit: Unit<'_>, slot: u16) -> Option<Account> {
    let text = |name: &str| unit.text(&file::of_user(slot, name));
    let user = text("username")?.to_owned();
    let server = text("domain").or(unit.text("sip.defaultdomain")).unwrap_or_default();
    let proxy = unit.text("sip.proxy.domain1").filter(|proxy| *proxy == server);
    let transport = match unit.text("sip.transport") {
        Some("TCP") => Transport::Tcp,
        Some("TLS") => Transport::Tls,
        _ => Transport::Udp,
    };
    Some(Account {
        slot,
        auth_user: text("authname").map_or_else(|| user.clone(), str::to_owned),
        user,
        password: Secret::from(text("password").unwrap_or_default()),
        server: server.to_owned(),
        port: proxy.and_then(|_| unit.text("sip.proxy.port1")?.parse().ok()),
        transport,
        label: text("standbytext").unwrap_or_default().to_owned(),
        display_name: text("displayname").unwrap_or_default().to_owned(),
        hotline: None,
    })
}
