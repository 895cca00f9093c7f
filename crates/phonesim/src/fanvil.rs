//! Fanvil: C, X, V, H, i and W series, whose generations read three kinds of file.
//!
//! From the vendor's manuals and what integrators' projects send. The device's file comes after that of the hardware; what a file does
//! not name stays as it is.

mod file;
mod pass;

use std::time::Duration;

use domain::settings::Transport;
use domain::{Mac, Secret};

use crate::address::{Address, Login, Slash};
use crate::display::Account;
use crate::firmware::{Brand, Cause, Firmware, Pass, Provisioning, Then, Told, Unit};
use crate::flash::Flash;
use crate::identity::{AgentForm, Identity};
use crate::phone::Outcome;

use self::pass::CommonThenDevice;

/// The phones.
pub(crate) struct Fanvil;

/// What a phone's firmware reads.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Generation {
    /// Text with `Flash …` words; a file counts only if its version rises.
    First,
    /// Text.
    Text,
    /// XML with modules.
    Modules,
    /// XML with sections.
    Sections,
}

impl Generation {
    fn of(identity: &Identity) -> Self {
        match identity.model.as_str() {
            "C58" | "C62" => Self::First,
            "X2" | "X3" => Self::Text,
            "X3S" | "X3SG" | "X4" | "X5" | "X5S" | "X6" | "X6V2" => Self::Modules,
            _ => Self::Sections,
        }
    }

    /// The key of a setting: by the words of text files, or by the path in XML with sections.
    fn key<'k>(self, words: &'k str, path: &'k str) -> &'k str {
        if self == Self::Sections { path } else { words }
    }

    /// The key of a line's setting, by the words of text files. XML with sections leaves out the blanks.
    fn of_line(self, line: u16, words: &str) -> String {
        match self {
            Self::Sections => format!("sip/line[{line}]/{}", words.replace(' ', "")),
            _ => format!("SIP{line} {words}"),
        }
    }

    /// Where the server and its login are kept.
    fn provisioning_keys(self) -> Keys {
        match self {
            Self::First => Keys {
                server: "Flash Server IP",
                file: "Flash File Name",
                protocol: "Flash Protocol",
                mode: "Flash Mode",
                interval: "Flash Interval",
                user: "Default Username",
                password: "Default Password",
            },
            Self::Text | Self::Modules => Keys {
                server: "Download Server IP",
                file: "Config File Name",
                protocol: "Download Protocol",
                mode: "Download Mode",
                interval: "Download Interval",
                user: "Download Username",
                password: "Download Password",
            },
            Self::Sections => Keys {
                server: "ap/FlashServerIP",
                file: "ap/FlashFileName",
                protocol: "ap/FlashProtocol",
                mode: "ap/FlashMode",
                interval: "ap/FlashInterval",
                user: "ap/DefaultUsername",
                password: "ap/DefaultPassword",
            },
        }
    }
}

/// Keys of the provisioning settings.
struct Keys {
    server: &'static str,
    file: &'static str,
    protocol: &'static str,
    mode: &'static str,
    interval: &'static str,
    user: &'static str,
    password: &'static str,
}

impl Identity {
    /// A Fanvil phone; `common` is the name of its hardware's file, such as `f0X4hw1.100`.
    pub fn fanvil(model: &str, mac: Mac, firmware: &str, common: Option<&str>, accounts: u16) -> Self {
        Self {
            brand: Brand::Fanvil,
            model: model.to_owned(),
            mac,
            serial: String::new(),
            firmware: firmware.to_owned(),
            common: common.map(str::to_owned),
            accounts,
            agent: AgentForm::FANVIL,
            capitals: false,
        }
    }
}

impl AgentForm {
    /// `Fanvil X4 2.10.2.6887 0c383e07e16c`.
    pub const FANVIL: Self = Self("Fanvil {model} {firmware} {mac}");
}

impl Firmware for Fanvil {
    fn built(&self, model: &brands::Model, mac: Mac, firmware: &str) -> Identity {
        Identity::fanvil(&model.name, mac, firmware, None, model.accounts)
    }

    /// Door phones and hotel phones have keys only.
    fn has_screen(&self, identity: &Identity) -> bool {
        !identity.model.starts_with(['i', 'H'])
    }

    fn provisioning(&self, unit: Unit<'_>) -> Provisioning {
        let keys = Generation::of(unit.identity).provisioning_keys();
        let scheme = if unit.text(keys.protocol) == Some("4") { "http" } else { "https" };
        let server = unit.text(keys.server);
        let url = server.map(|server| if server.contains("://") { server.to_owned() } else { format!("{scheme}://{server}") });
        let login = unit.text(keys.user).map(|user| Login::new(user, unit.text(keys.password).unwrap_or_default()));
        Provisioning { url, login }
    }

    fn store_server(&self, identity: &Identity, flash: &mut Flash, address: &str) {
        let keys = Generation::of(identity).provisioning_keys();
        flash.set(keys.server, address);
        flash.set(keys.protocol, if address.starts_with("http://") { "4" } else { "5" });
        flash.set(keys.mode, "1");
    }

    /// Host and file are two fields of the service's record, and stay two.
    fn store_directed(&self, identity: &Identity, flash: &mut Flash, address: &str) {
        self.store_server(identity, flash, address);
        let keys = Generation::of(identity).provisioning_keys();
        let host_and_file = address.split_once("://").and_then(|(_, rest)| rest.split_once('/'));
        if let Some((host, file)) = host_and_file.filter(|(_, file)| file.to_ascii_lowercase().ends_with(".cfg")) {
            flash.set(keys.server, host);
            flash.set(keys.file, file);
        }
    }

    fn store_login(&self, identity: &Identity, flash: &mut Flash, user: &str, password: &Secret<String>) {
        let keys = Generation::of(identity).provisioning_keys();
        flash.set(keys.user, user);
        flash.set(keys.password, password.expose());
    }

    /// The number of the option; 0 is off.
    fn heeds_dhcp(&self, unit: Unit<'_>) -> bool {
        unit.text(Generation::of(unit.identity).key("DHCP Option", "ap/opt/DHCPOption")) != Some("0")
    }

    fn pass(&self, unit: Unit<'_>, server: &Address, _cause: Cause) -> Box<dyn Pass> {
        Box::new(CommonThenDevice::over(server, unit))
    }

    /// Whether a phone asks for a login is unknown: `DisplayProvisionprompt` exists, and nobody says what it does.
    fn prompts(&self, _unit: Unit<'_>) -> bool {
        false
    }

    /// In whole hours, if the mode says so; otherwise at boot only.
    fn poll(&self, unit: Unit<'_>, _last: Option<Outcome>) -> Option<Duration> {
        let keys = Generation::of(unit.identity).provisioning_keys();
        let hours = unit.text(keys.interval).and_then(|text| text.parse::<u32>().ok()).unwrap_or(1);
        (unit.text(keys.mode) == Some("2")).then(|| Duration::from_hours(u64::from(hours.max(1))))
    }

    fn accounts(&self, unit: Unit<'_>) -> Vec<Account> {
        (1..=unit.identity.accounts).filter_map(|line| account(unit, line)).collect()
    }

    /// The title, and what keys say.
    fn texts(&self, unit: Unit<'_>) -> Vec<String> {
        let generation = Generation::of(unit.identity);
        let title = unit.text(generation.key("LCD Title", "phone/display/LCDTitle")).map(str::to_owned);
        let is_key = |key: &str| match generation {
            Generation::Sections => key.starts_with("dsskey/") && key.ends_with("/Title"),
            _ => key.starts_with("Fkey") && key.ends_with(" Title"),
        };
        let keys = unit.flash.settings().iter().filter(|(key, value)| is_key(key) && !value.is_empty());
        title.into_iter().chain(keys.map(|(_, value)| value.clone())).collect()
    }

    /// Nothing leaves a line that is banned; a hotline takes all that does.
    fn dials(&self, unit: Unit<'_>, slot: u16, digits: &str) -> Option<String> {
        if unit.text(Generation::of(unit.identity).key("P1 Ban Dial Out", "call/port[1]/BanDialOut")) == Some("1") {
            return None;
        }
        let hotline = account(unit, slot).and_then(|account| account.hotline);
        hotline.or_else(|| Some(digits.to_owned()).filter(|digits| !digits.is_empty()))
    }

    fn is_emergency(&self, unit: Unit<'_>, number: &str) -> bool {
        unit.text(Generation::of(unit.identity).key("Emergency Call", "phone/EmergencyCall")) == Some(number)
    }

    /// Whether it must be proved is unknown; this one asks for it, which is harder for a server.
    fn told(&self, unit: Unit<'_>, _slot: u16, event: &str) -> Option<Told> {
        event.split(';').next().filter(|name| name.trim().eq_ignore_ascii_case("check-sync"))?;
        let restarts = event.replace(' ', "").to_ascii_lowercase().contains(";reboot=true");
        let allowed = unit.text(Generation::of(unit.identity).key("Notify Reboot", "sip/NotifyReboot")) != Some("0");
        Some(Told { challenged: true, then: if restarts && allowed { Then::Restart } else { Then::Fetch } })
    }

    fn realm(&self) -> &'static str {
        "fanvil"
    }
}

/// The address of the device's file: its name may hold folders, and stands behind the server's own path. An address that ends in a file's
/// name, as DHCP brings it, is one already.
fn device_file(unit: Unit<'_>, server: &Address) -> Address {
    let mac = unit.identity.mac_in_names();
    let with_mac = |text: &str| text.replace("$mac", &mac);
    if server.file_name().to_ascii_lowercase().ends_with(".cfg") {
        return Address { path: with_mac(&server.path), ..server.clone() };
    }
    let name = unit.text(Generation::of(unit.identity).provisioning_keys().file).unwrap_or("$mac.cfg");
    server.file(with_mac(name).trim_start_matches('/'), Slash::One)
}

fn account(unit: Unit<'_>, line: u16) -> Option<Account> {
    let generation = Generation::of(unit.identity);
    let text = |words: &str| unit.text(&generation.of_line(line, words)).unwrap_or_default();
    if text("Enable Reg") != "1" {
        return None;
    }
    let (user, auth) = (text("Phone Number"), text("Register User"));
    let hotline = Some(text("Hotline Num")).filter(|number| text("Enable Hotline") == "1" && !number.is_empty());
    Some(Account {
        slot: line,
        user: user.to_owned(),
        auth_user: if auth.is_empty() { user } else { auth }.to_owned(),
        password: Secret::from(text("Register Pswd")),
        server: text("Register Addr").to_owned(),
        port: text("Register Port").parse().ok(),
        transport: match text("Transport") {
            "1" => Transport::Tcp,
            "3" => Transport::Tls,
            _ => Transport::Udp,
        },
        label: String::new(),
        display_name: text("Display Name").to_owned(),
        hotline: hotline.map(str::to_owned),
    })
}

#[cfg(test)]
mod tests;
