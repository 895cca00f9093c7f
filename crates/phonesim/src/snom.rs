//! Snom: desk phones and the DECT bases M300 to M900, which read settings as XML.
//!
//! From the vendor's wiki and integrators' public templates. What a file does not name stays as it was; a setting's flag says who may
//! change it afterwards.

mod dial_plan;
mod file;
#[cfg(test)]
mod tests;

use std::time::Duration;

use domain::settings::Transport;
use domain::{Mac, Secret};

use crate::address::{Address, Login, Slash};
use crate::display::Account;
use crate::firmware::{Ask, Brand, Cause, Firmware, Pass, Provisioning, Then, Told, Unit, Work};
use crate::flash::Flash;
use crate::identity::{AgentForm, Identity};
use crate::in_turn::InTurn;
use crate::phone::{Network, Outcome};

use self::dial_plan::DialPlan;

/// The phones.
pub(crate) struct Snom;

/// Where server and login are kept.
const SERVER: &str = "setting_server";
const LOGIN: [&str; 2] = ["http_client_user", "http_client_pass"];

/// The first firmware with `prov_polling_…`; those before have `settings_refresh_timer`.
const POLLING_SINCE: u32 = 10;
/// The first with `checksync_action`.
const ACTION_SINCE: [u32; 3] = [10, 1, 180];

impl Identity {
    /// A Snom phone by its model, such as `D385` or `M700`.
    pub fn snom(model: &str, mac: Mac, firmware: &str, accounts: u16) -> Self {
        let agent = if is_base(model) { AgentForm::SNOM_BASE } else { AgentForm::SNOM };
        Self {
            brand: Brand::Snom,
            model: model.to_owned(),
            mac,
            serial: String::new(),
            firmware: firmware.to_owned(),
            common: None,
            accounts,
            agent,
            capitals: true,
        }
    }
}

impl AgentForm {
    /// `Mozilla/4.0 (compatible; snomD785-SIP 10.1.33.33 2010.12-00004-g9ba52f5 000413922D24 SXM:0 UXM:0)`.
    pub const SNOM: Self = Self("Mozilla/4.0 (compatible; snom{model}-SIP {firmware} 2010.12-00004-g9ba52f5 {MAC} SXM:0 UXM:0)");
    /// `Mozilla/4.0 (compatible; snom320-SIP 8.4.18 1.1.3-s)`: no MAC.
    pub const SNOM_NO_MAC: Self = Self("Mozilla/4.0 (compatible; snom{model}-SIP {firmware} 1.1.3-s)");
    /// `Mozilla/4.0 (compatible; Snom M900 05.20.0001 000413b60680)`.
    pub const SNOM_BASE: Self = Self("Mozilla/4.0 (compatible; Snom {model} {firmware} {mac})");
    /// `snomD345/10.1.159.12`, in SIP.
    pub const SNOM_SIP: Self = Self("snom{model}/{firmware}");
}

impl Firmware for Snom {
    fn built(&self, model: &brands::Model, mac: Mac, firmware: &str) -> Identity {
        Identity::snom(&model.name, mac, firmware, model.accounts)
    }

    fn sip_user_agent(&self, unit: Unit<'_>) -> String {
        AgentForm::SNOM_SIP.fill(unit.identity)
    }

    fn has_screen(&self, identity: &Identity) -> bool {
        !is_base(&identity.model) && identity.model != "PA1"
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

    /// What a file has delivered as read-only stays as it is.
    fn change(&self, _identity: &Identity, flash: &mut Flash, key: &str, value: &str) {
        if !file::is_read_only(flash, key) {
            flash.set(key, value);
        }
    }

    /// Before DHCP.
    fn asks_maker(&self, _unit: Unit<'_>, _network: &Network) -> bool {
        true
    }

    /// Only the factory's server leads to the redirect service, and then to DHCP.
    fn servers(&self, work: &mut Work<'_>, network: &Network) -> Vec<Address> {
        if self.provisioning(work.unit()).url.is_none() {
            self.redirected(work, network);
        }
        let stored = self.provisioning(work.unit()).url.and_then(|url| url.parse().ok());
        let dhcp = || {
            work.note("DHCP is asked for a server");
            network.dhcp.clone()
        };
        stored.or_else(dhcp).into_iter().collect()
    }

    fn pass(&self, unit: Unit<'_>, server: &Address, _cause: Cause) -> Box<dyn Pass> {
        Box::new(InTurn::over(files(unit.identity, server).into_iter().map(Ask::get), file::take))
    }

    /// No document tells of a window, and old phones have none.
    fn prompts(&self, _unit: Unit<'_>) -> bool {
        false
    }

    fn poll(&self, unit: Unit<'_>, _last: Option<Outcome>) -> Option<Duration> {
        let seconds = |key: &str| unit.text(key).and_then(|text| text.parse().ok()).filter(|seconds| *seconds > 0);
        let polls = numbers(&unit.identity.firmware).first().is_some_and(|first| *first >= POLLING_SINCE);
        let relative = || unit.text("prov_polling_enabled") == Some("on") && unit.text("prov_polling_mode") == Some("rel");
        let period = if polls { seconds("prov_polling_period").filter(|_| relative()) } else { seconds("settings_refresh_timer") };
        period.map(Duration::from_secs)
    }

    fn accounts(&self, unit: Unit<'_>) -> Vec<Account> {
        (1..=unit.identity.accounts).filter_map(|slot| account(unit, slot)).collect()
    }

    /// What the function keys show.
    fn texts(&self, unit: Unit<'_>) -> Vec<String> {
        (0..128).filter_map(|n| unit.text(&format!("fkey!{n}@label"))).map(str::to_owned).collect()
    }

    fn dials(&self, unit: Unit<'_>, slot: u16, digits: &str) -> Option<String> {
        let plan = unit.text(&format!("user_dp_str!{slot}")).map(DialPlan::read).unwrap_or_default();
        Some(plan.dialled(digits)).filter(|number| !number.is_empty())
    }

    fn is_emergency(&self, unit: Unit<'_>, number: &str) -> bool {
        unit.text("keyboard_lock_emergency").is_some_and(|list| list.split(' ').any(|listed| listed == number))
    }

    fn told(&self, unit: Unit<'_>, _slot: u16, event: &str) -> Option<Told> {
        event.split(';').next().filter(|name| name.trim().eq_ignore_ascii_case("check-sync"))?;
        let action = unit.text("checksync_action").filter(|_| numbers(&unit.identity.firmware).as_slice() >= ACTION_SINCE.as_slice());
        let restarts = event.replace(' ', "").to_ascii_lowercase().contains(";reboot=true");
        let then = match action {
            Some("sync") => Then::Fetch,
            Some("reboot") => Then::Restart,
            Some(_) => Then::Nothing,
            None if restarts => Then::Restart,
            None => Then::Fetch,
        };
        Some(Told { challenged: unit.text("challenge_checksync") != Some("off"), then })
    }
}

fn is_base(model: &str) -> bool {
    model.starts_with('M') && model[1..].bytes().all(|byte| byte.is_ascii_digit())
}

fn numbers(firmware: &str) -> Vec<u32> {
    firmware.split('.').map(|part| part.parse().unwrap_or_default()).collect()
}

/// A folder has two files; an address with the MAC's place in it, or with a file's name, is one.
fn files(identity: &Identity, server: &Address) -> Vec<Address> {
    let mac = identity.mac_in_names();
    let path = server.path.replace("{mac}", &mac);
    if path != server.path {
        return vec![Address { path, ..server.clone() }];
    }
    let own = server.file_name();
    if let Some((name, extension)) = own.rsplit_once('.') {
        let beside = server.reference(&format!("{name}-{mac}.{extension}")).unwrap_or_else(|_| server.clone());
        return vec![server.clone(), beside];
    }
    let names = [format!("snom{}.htm", identity.model), format!("snom{}-{mac}.htm", identity.model)];
    names.iter().map(|name| server.file(name, Slash::One)).collect()
}

fn account(unit: Unit<'_>, slot: u16) -> Option<Account> {
    let text = |name: &str| unit.text(&format!("{name}!{slot}"));
    if text("user_active") == Some("off") {
        return None;
    }
    let user = text("user_name")?.to_owned();
    // On a base lines share the servers of a list.
    let at = if is_base(&unit.identity.model) { text("subscr_sip_ua_data_server_id")?.to_owned() } else { slot.to_string() };
    let of_server = |name: &str| unit.text(&format!("{name}!{at}")).unwrap_or_default();
    let (server, port) = host_and_port(of_server("user_host"));
    let transport = match of_server("user_outbound").split_once(";transport=").map_or("", |(_, word)| word) {
        "tcp" => Transport::Tcp,
        "tls" => Transport::Tls,
        _ => Transport::Udp,
    };
    let plan = text("user_dp_str").map(DialPlan::read).unwrap_or_default();
    Some(Account {
        slot,
        auth_user: text("user_pname").map_or_else(|| user.clone(), str::to_owned),
        user,
        password: Secret::from(text("user_pass").unwrap_or_default()),
        server,
        port,
        transport,
        label: text("user_idle_text").unwrap_or_default().to_owned(),
        display_name: text("user_realname").unwrap_or_default().to_owned(),
        hotline: plan.hotline(),
    })
}

/// `host`, `host:port`, `[address]:port`.
fn host_and_port(text: &str) -> (String, Option<u16>) {
    if let Some((host, rest)) = text.strip_prefix('[').and_then(|rest| rest.split_once(']')) {
        return (host.to_owned(), rest.strip_prefix(':').and_then(|port| port.parse().ok()));
    }
    match text.split_once(':') {
        Some((host, port)) => (host.to_owned(), port.parse().ok()),
        None => (text.to_owned(), None),
    }
}
