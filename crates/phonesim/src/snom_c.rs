//! Snom's C520, C620, M100, M200 and M500, which are VTech's platform: text files of `module.setting = value`.
//!
//! From the M100 and M200 manuals, the vendor's wiki and integrators' public templates.

mod file;
#[cfg(test)]
mod tests;

use std::time::Duration;

use domain::settings::Transport;
use domain::{Mac, Secret};

use crate::address::{Address, Login, Slash};
use crate::display::Account;
use crate::firmware::{Ask, Brand, Cause, Firmware, Pass, Provisioning, Then, Told, Unit};
use crate::flash::Flash;
use crate::identity::{AgentForm, Identity};
use crate::in_turn::InTurn;
use crate::phone::Outcome;

/// The phones.
pub(crate) struct SnomC;

const SERVER: &str = "provisioning.server_address";
const LOGIN: [&str; 2] = ["provisioning.server_username", "provisioning.server_access_password"];

impl Identity {
    /// A phone or base by its model, such as `C520-WiMi` or `M200SC`.
    pub fn snom_c(model: &str, mac: Mac, firmware: &str, accounts: u16) -> Self {
        Self {
            brand: Brand::SnomC,
            model: model.to_owned(),
            mac,
            serial: String::new(),
            firmware: firmware.to_owned(),
            common: None,
            accounts,
            agent: AgentForm::SNOM_C,
            capitals: true,
        }
    }
}

impl AgentForm {
    /// Nobody has written one down: this tells nothing that a server could lean on.
    pub const SNOM_C: Self = Self("HTTP client");
}

impl Firmware for SnomC {
    fn built(&self, model: &brands::Model, mac: Mac, firmware: &str) -> Identity {
        Identity::snom_c(&model.name, mac, firmware, model.accounts)
    }

    /// A base has none itself.
    fn has_screen(&self, identity: &Identity) -> bool {
        identity.model.starts_with('C')
    }

    fn provisioning(&self, unit: Unit<'_>) -> Provisioning {
        let [user, password] = LOGIN.map(|key| unit.text(key));
        let login = (user.is_some() || password.is_some()).then(|| Login::new(user.unwrap_or_default(), password.unwrap_or_default()));
        Provisioning { url: unit.text(SERVER).map(str::to_owned), login }
    }

    fn store_server(&self, _identity: &Identity, flash: &mut Flash, address: &str) {
        if address.is_empty() { flash.unset(SERVER) } else { flash.set(SERVER, address) }
    }

    fn store_login(&self, _identity: &Identity, flash: &mut Flash, user: &str, password: &Secret<String>) {
        for (key, value) in LOGIN.into_iter().zip([user, password.expose()]) {
            if value.is_empty() { flash.unset(key) } else { flash.set(key, value) }
        }
    }

    fn heeds_dhcp(&self, unit: Unit<'_>) -> bool {
        unit.text("provisioning.dhcp_option_enable") != Some("0")
    }

    fn pass(&self, unit: Unit<'_>, server: &Address, _cause: Cause) -> Box<dyn Pass> {
        Box::new(InTurn::over(files(unit.identity, server).into_iter().map(Ask::get), file::take))
    }

    /// No document tells of a window.
    fn prompts(&self, _unit: Unit<'_>) -> bool {
        false
    }

    fn fetches_at_boot(&self, unit: Unit<'_>) -> bool {
        unit.text("provisioning.bootup_check_enable") != Some("0")
    }

    /// `resync_time` counts minutes, 0 is off; a schedule of days would be another mode.
    fn poll(&self, unit: Unit<'_>, _last: Option<Outcome>) -> Option<Duration> {
        let minutes: u64 = unit.text("provisioning.resync_time")?.parse().ok()?;
        let on = unit.text("provisioning.schedule_mode").is_none_or(|mode| mode == "interval");
        Some(Duration::from_secs(60 * minutes)).filter(|poll| on && !poll.is_zero())
    }

    fn accounts(&self, unit: Unit<'_>) -> Vec<Account> {
        (1..=unit.identity.accounts).filter_map(|slot| account(unit, slot)).collect()
    }

    fn told(&self, unit: Unit<'_>, _slot: u16, event: &str) -> Option<Told> {
        event.split(';').next().filter(|name| name.trim().eq_ignore_ascii_case("check-sync"))?;
        let heeds = unit.text("provisioning.remote_check_sync_enable") == Some("1");
        Some(Told { challenged: false, then: if heeds { Then::Fetch } else { Then::Nothing } })
    }
}

/// A folder has two files; an address with a query, or one that ends in `.cfg`, is a file.
fn files(identity: &Identity, server: &Address) -> Vec<Address> {
    if server.path.contains('?') || server.path.to_ascii_lowercase().ends_with(".cfg") {
        return vec![server.clone()];
    }
    let names = [format!("{}.cfg", identity.model), format!("{}_{}.cfg", identity.model, identity.mac_in_names())];
    names.iter().map(|name| server.file(name, Slash::One)).collect()
}

fn account(unit: Unit<'_>, slot: u16) -> Option<Account> {
    let text = |name: &str| unit.text(&format!("sip_account.{slot}.{name}"));
    if text("sip_account_enable") != Some("1") {
        return None;
    }
    let user = text("user_id")?.to_owned();
    let transport = match text("transport_mode") {
        Some("tcp") => Transport::Tcp,
        Some("tls") => Transport::Tls,
        _ => Transport::Udp,
    };
    Some(Account {
        slot,
        auth_user: text("authentication_name").map_or_else(|| user.clone(), str::to_owned),
        user,
        password: Secret::from(text("authentication_access_password").unwrap_or_default()),
        // The registration has a server of its own.
        server: text("primary_registration_server_address").or(text("primary_sip_server_address")).unwrap_or_default().to_owned(),
        port: text("primary_registration_server_port").or(text("primary_sip_server_port")).and_then(|port| port.parse().ok()),
        transport,
        label: text("label").unwrap_or_default().to_owned(),
        display_name: text("display_name").unwrap_or_default().to_owned(),
        hotline: None,
    })
}
