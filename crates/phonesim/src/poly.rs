//! Poly: what runs UC Software or its forerunner. SoundPoint IP, SoundStation, VVX, Trio, CCX, Edge E.
//!
//! From Polycom's guides and FAQ, and integrators' public templates. A master names the files; all settings are attributes; what no
//! file names goes back to the factory's, except what lies in flash (`device.*`), which a file changes only with a `.set` beside it.

mod file;
mod pass;
#[cfg(test)]
mod tests;

use std::time::Duration;

use domain::settings::Transport;
use domain::{Mac, Secret};

use crate::address::{Address, Login};
use crate::display::Account;
use crate::firmware::{Brand, Cause, Firmware, Pass, Provisioning, Then, Told, Unit};
use crate::flash::Flash;
use crate::identity::{AgentForm, Identity};
use crate::phone::Outcome;

use self::pass::Masters;

/// The phones.
pub(crate) struct Poly;

/// The provisioning account as it is in the box: sent to whoever challenges.
const FACTORY: &str = "PlcmSpIp";

/// `prov.polling.period` is more than this, in seconds.
const POLL_SECONDS_MIN: u64 = 3601;
/// The same where nothing is set.
const POLL_SECONDS: u64 = 86_400;

/// Which of the two programs asks: each start runs one after the other.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Program {
    /// Looks for firmware and what belongs into flash.
    Updater,
    /// Telephones.
    Application,
}

impl Identity {
    /// A Poly phone by its model without underline, such as `VVX450` or `SPIP335`.
    pub fn poly(model: &str, mac: Mac, firmware: &str, accounts: u16) -> Self {
        Self {
            brand: Brand::Poly,
            model: model.to_owned(),
            mac,
            serial: String::new(),
            firmware: firmware.to_owned(),
            common: None,
            accounts,
            agent: AgentForm::POLY,
            capitals: false,
        }
    }
}

impl AgentForm {
    /// `FileTransport PolycomVVX-VVX_450-UA/6.4.0.1234`, before the program's name.
    pub const POLY: Self = Self("FileTransport {model}-UA/{firmware}");
}

impl Firmware for Poly {
    fn built(&self, model: &brands::Model, mac: Mac, firmware: &str) -> Identity {
        Identity::poly(&model.name, mac, firmware, model.accounts)
    }

    fn user_agent(&self, unit: Unit<'_>) -> String {
        agent(unit, Program::Application)
    }

    fn sip_user_agent(&self, unit: Unit<'_>) -> String {
        format!("{}-UA/{}", family(&unit.identity.model), unit.identity.firmware)
    }

    /// The server's name stands without a scheme, which is a setting of its own.
    fn provisioning(&self, unit: Unit<'_>) -> Provisioning {
        let scheme = if unit.text("device.prov.serverType") == Some("HTTP") { "http" } else { "https" };
        let url = unit
            .text("device.prov.serverName")
            .map(|name| if name.contains("://") { name.to_owned() } else { format!("{scheme}://{name}") });
        let [user, password] = ["user", "password"].map(|name| unit.text(&format!("device.prov.{name}")));
        let login = user.map(|user| Login::new(user, password.unwrap_or_default()));
        Provisioning { url, login }
    }

    fn store_server(&self, _identity: &Identity, flash: &mut Flash, address: &str) {
        match address.split_once("://") {
            Some((scheme, name)) => {
                flash.set("device.prov.serverType", &scheme.to_ascii_uppercase());
                flash.set("device.prov.serverName", name);
            }
            None if address.is_empty() => flash.unset("device.prov.serverName"),
            None => flash.set("device.prov.serverName", address),
        }
    }

    fn store_login(&self, _identity: &Identity, flash: &mut Flash, user: &str, password: &Secret<String>) {
        for (name, value) in [("user", user), ("password", password.expose().as_str())] {
            let key = format!("device.prov.{name}");
            if value.is_empty() { flash.unset(&key) } else { flash.set(&key, value) }
        }
    }

    /// What a person changes beats every file, until it is reset there.
    fn change(&self, _identity: &Identity, flash: &mut Flash, key: &str, value: &str) {
        if key.starts_with("device.") { flash.set(key, value) } else { flash.set_by_hand(key, value) }
    }

    fn heeds_dhcp(&self, unit: Unit<'_>) -> bool {
        unit.text("device.dhcp.bootSrvUseOpt") != Some("Static")
    }

    fn pass(&self, _unit: Unit<'_>, server: &Address, cause: Cause) -> Box<dyn Pass> {
        Box::new(Masters::over(server, cause))
    }

    /// One in the address, else the stored one, else the factory's; each only to who asks.
    fn logins(&self, unit: Unit<'_>, at: &Address, _server: &Address) -> Vec<Login> {
        let Provisioning { url, login } = self.provisioning(unit);
        let is_own = url.and_then(|url| url.parse::<Address>().ok()).is_some_and(|own| own.same_server(at));
        let stored = login.filter(|_| is_own);
        vec![at.login.clone().or(stored).unwrap_or_else(|| Login::new(FACTORY, FACTORY))]
    }

    /// The person has to open the menu or QSetup.
    fn prompts(&self, _unit: Unit<'_>) -> bool {
        false
    }

    fn poll(&self, unit: Unit<'_>, _last: Option<Outcome>) -> Option<Duration> {
        let seconds = text(unit, "prov.polling.period").and_then(|period| period.parse().ok()).unwrap_or(POLL_SECONDS);
        let is_on = text(unit, "prov.polling.enabled") == Some("1");
        is_on.then(|| Duration::from_secs(seconds.max(POLL_SECONDS_MIN)))
    }

    fn accounts(&self, unit: Unit<'_>) -> Vec<Account> {
        (1..=unit.identity.accounts).filter_map(|slot| account(unit, slot)).collect()
    }

    /// The first soft key, if it shows while nothing goes on.
    fn texts(&self, unit: Unit<'_>) -> Vec<String> {
        let is_on = ["feature.enhancedFeatureKeys.enabled", "softkey.1.enable", "softkey.1.use.idle"];
        let shown = is_on.iter().all(|key| text(unit, key) == Some("1"));
        text(unit, "softkey.1.label").filter(|_| shown).map(str::to_owned).into_iter().collect()
    }

    /// Only the handset's lifting calls by itself.
    fn dials(&self, unit: Unit<'_>, slot: u16, digits: &str) -> Option<String> {
        let lifted = || account(unit, slot).and_then(|account| account.hotline);
        if digits.is_empty() { lifted() } else { Some(digits.to_owned()) }
    }

    fn is_emergency(&self, unit: Unit<'_>, number: &str) -> bool {
        (1..=64).any(|n| text(unit, &format!("dialplan.routing.emergency.{n}.value")) == Some(number))
    }

    /// With `alwaysReboot` it restarts; else it looks for what has changed.
    fn told(&self, unit: Unit<'_>, _slot: u16, event: &str) -> Option<Told> {
        event.split(';').next().filter(|name| name.trim().eq_ignore_ascii_case("check-sync"))?;
        let always = text(unit, "voIpProt.SIP.specialEvent.checkSync.alwaysReboot") == Some("1");
        Some(Told { challenged: false, then: if always { Then::Restart } else { Then::Fetch } })
    }
}

/// A setting as it counts: what a person set, else what files say.
fn text<'p>(unit: Unit<'p>, key: &str) -> Option<&'p str> {
    unit.flash.by_hand(key).or_else(|| unit.flash.setting(key)).filter(|text| !text.is_empty())
}

/// `PolycomVVX-VVX_450`: the family, and the model with an underline before its number.
fn family(model: &str) -> String {
    let number = model.find(|c: char| c.is_ascii_digit()).unwrap_or(model.len());
    let (name, number) = model.split_at(number);
    match name {
        "SPIP" => format!("PolycomSoundPointIP-SPIP_{number}"),
        "SSIP" => format!("PolycomSoundStationIP-SSIP_{number}"),
        "Trio" => format!("PolycomTrio-Trio_{number}"),
        "CCX" => format!("PolyCCX-CCX_{number}"),
        "EdgeE" => format!("PolyEdge-Edge_E{number}"),
        other => format!("Polycom{other}-{other}_{number}"),
    }
}

fn agent(unit: Unit<'_>, program: Program) -> String {
    let identity = unit.identity;
    let mut agent = AgentForm(identity.agent.0).fill(&Identity { model: family(&identity.model), ..identity.clone() });
    if unit.text("device.prov.tagSerialNo") == Some("1") {
        agent = format!("{agent} (SN:{})", identity.mac);
    }
    format!("{agent} Type/{program:?}")
}

fn account(unit: Unit<'_>, slot: u16) -> Option<Account> {
    let text = |name: &str| text(unit, &format!("reg.{slot}.{name}"));
    let user = text("address")?.to_owned();
    let server = text("server.1.address")?.to_owned();
    let transport = match text("server.1.transport") {
        Some("TCPOnly") => Transport::Tcp,
        Some("TLS") => Transport::Tls,
        _ => Transport::Udp,
    };
    let off_hook = |name: &str| self::text(unit, &format!("call.autoOffHook.{slot}.{name}"));
    let hotline = off_hook("contact").filter(|_| off_hook("enabled") == Some("1"));
    Some(Account {
        slot,
        auth_user: text("auth.userId").unwrap_or(&user).to_owned(),
        user,
        password: Secret::from(text("auth.password").unwrap_or_default()),
        server,
        port: text("server.1.port").and_then(|port| port.parse().ok()).filter(|port| *port != 0),
        transport,
        label: text("label").unwrap_or_default().to_owned(),
        display_name: text("displayName").unwrap_or_default().to_owned(),
        hotline: hotline.map(str::to_owned),
    })
}
