//! Yealink firmware: which files it asks for, how it reads them, what its settings mean to it.
//!
//! From the vendor's guides (V81, V84, T5) and a recorded boot; not from what a provisioning server believes.

mod file;

mod pass;

use std::collections::BTreeMap;
use std::time::Duration;

use domain::settings::Transport;
use domain::{Mac, Secret};

use crate::address::{Address, Login};
use crate::display::Account;
use crate::firmware::{Brand, Cause, Firmware, Pass, Provisioning, Then, Told, Unit};
use crate::flash::Flash;
use crate::identity::{AgentForm, Identity};
use crate::limits::POLL_MINUTES;
use crate::phone::Outcome;

use self::file::File;
use self::pass::BootThenFiles;

/// The first generation with boot files, and with `static.` before the settings that a reset of others leaves alone.
const STATIC_SINCE: u32 = 81;

/// Settings that were given `static.` in front. A phone heeds them under its own generation's name only: whether newer ones
/// take the old names as well is unknown, and a server must not lean on it.
const MOVED: [&str; 7] =
    ["auto_provision.", "autoprovision.", "zero_touch.", "security.user_password", "security.user_name.", "firmware.url", "network."];

/// What a value says to forget itself.
const NULL: &str = "%NULL%";
/// The same, seen with file addresses only (unverified).
const EMPTY: &str = "%EMPTY%";

/// The phones.
pub(crate) struct Yealink;

impl Identity {
    /// A Yealink phone: model, firmware, the number in its common file's name, account slots.
    pub fn yealink(model: &str, mac: Mac, firmware: &str, common: Option<&str>, accounts: u16) -> Self {
        Self {
            brand: Brand::Yealink,
            model: model.to_owned(),
            mac,
            serial: String::new(),
            firmware: firmware.to_owned(),
            common: common.map(str::to_owned),
            accounts,
            agent: AgentForm::YEALINK,
            capitals: false,
        }
    }

    /// A T46S with firmware V86, the phone of most tests.
    pub fn yealink_t46s(mac: Mac) -> Self {
        Self::yealink("T46S", mac, "66.86.0.15", Some("066"), 16)
    }
}

impl AgentForm {
    /// `Yealink SIP-T46S 66.86.0.15 00:15:65:aa:bb:cc`.
    pub const YEALINK: Self = Self("Yealink SIP-{model} {firmware} {mac:}");
    /// `Yealink SIP-T56A  58.80.0.25 001565aabbcc`.
    pub const YEALINK_PLAIN: Self = Self("Yealink SIP-{model}  {firmware} {mac}");
    /// `Yealink SIP-T46S 66.86.0.15`: `user_agent_mac.enable = 0`.
    pub const YEALINK_NO_MAC: Self = Self("Yealink SIP-{model} {firmware}");
    /// `Yealink W60B 77.81.0.35 80:5e:c0:aa:bb:cc`: DECT bases and some conference phones.
    pub const YEALINK_NO_SIP: Self = Self("Yealink {model} {firmware} {mac:}");
    /// `Yealink-T46G 28.71.0.81 28.1.0.128.0.0.0`: the hardware's version instead of a MAC.
    pub const YEALINK_HARDWARE: Self = Self("Yealink-{model} {firmware} 28.1.0.128.0.0.0");
}

impl Firmware for Yealink {
    fn built(&self, model: &brands::Model, mac: Mac, firmware: &str) -> Identity {
        let agent = if model.kind == "dect" { AgentForm::YEALINK_NO_SIP } else { AgentForm::YEALINK };
        Identity { agent, ..Identity::yealink(&model.name, mac, firmware, model.common.as_deref(), model.accounts) }
    }

    fn user_agent(&self, unit: Unit<'_>) -> String {
        let tells_mac = Generation::of(unit.identity).text(unit.flash, "auto_provision.user_agent_mac.enable") != Some("0");
        if tells_mac { unit.identity.user_agent() } else { AgentForm::YEALINK_NO_MAC.fill(unit.identity) }
    }

    fn sip_user_agent(&self, unit: Unit<'_>) -> String {
        unit.identity.user_agent()
    }

    fn provisioning(&self, unit: Unit<'_>) -> Provisioning {
        Generation::of(unit.identity).provisioning(unit.flash)
    }

    fn store_server(&self, identity: &Identity, flash: &mut Flash, address: &str) {
        Generation::of(identity).set_url(flash, address);
    }

    fn store_login(&self, identity: &Identity, flash: &mut Flash, user: &str, password: &Secret<String>) {
        Generation::of(identity).set_login(flash, user, password);
    }

    fn heeds_dhcp(&self, unit: Unit<'_>) -> bool {
        Generation::of(unit.identity).text(unit.flash, "auto_provision.dhcp_option.enable") != Some("0")
    }

    fn pass(&self, _unit: Unit<'_>, server: &Address, _cause: Cause) -> Box<dyn Pass> {
        Box::new(BootThenFiles::over(server))
    }

    fn keep_alive(&self, unit: Unit<'_>) -> Option<bool> {
        Generation::of(unit.identity).text(unit.flash, "auto_provision.connect.keep_alive").map(|text| text == "1")
    }

    fn prompts(&self, _unit: Unit<'_>) -> bool {
        true
    }

    fn fetches_at_boot(&self, unit: Unit<'_>) -> bool {
        Generation::of(unit.identity).text(unit.flash, "auto_provision.power_on") != Some("0")
    }

    fn poll(&self, unit: Unit<'_>, _last: Option<Outcome>) -> Option<Duration> {
        Generation::of(unit.identity).poll(unit.flash)
    }

    fn accounts(&self, unit: Unit<'_>) -> Vec<Account> {
        let generation = Generation::of(unit.identity);
        (1..=unit.identity.accounts).filter_map(|slot| generation.account(unit.flash, slot)).collect()
    }

    /// What the line keys show.
    fn texts(&self, unit: Unit<'_>) -> Vec<String> {
        (1..=128u16).filter_map(|n| unit.text(&format!("linekey.{n}.label"))).map(str::to_owned).collect()
    }

    fn dials(&self, unit: Unit<'_>, slot: u16, digits: &str) -> Option<String> {
        let account = Generation::of(unit.identity).account(unit.flash, slot);
        let hotline = || unit.text("features.hotline_number").map(str::to_owned).filter(|_| digits.is_empty());
        let dialled = || Some(digits.to_owned()).filter(|digits| !digits.is_empty());
        account.and_then(|account| account.hotline).or_else(hotline).or_else(dialled)
    }

    fn is_emergency(&self, unit: Unit<'_>, number: &str) -> bool {
        (1..=255).any(|n| unit.text(&format!("dialplan.emergency.{n}.value")) == Some(number))
    }

    fn told(&self, unit: Unit<'_>, _slot: u16, event: &str) -> Option<Told> {
        event.split(';').next().filter(|name| name.trim().eq_ignore_ascii_case("check-sync"))?;
        // `sip.notify_reboot_enable`: 0 = only with `reboot=true`, 1 = always, 2 = not at all.
        let then = match unit.text("sip.notify_reboot_enable") {
            Some("2") => Then::Nothing,
            Some("0") if !event.replace(' ', "").to_ascii_lowercase().contains(";reboot=true") => Then::Fetch,
            _ => Then::Restart,
        };
        Some(Told { challenged: false, then })
    }

    /// `sip.request_validation.digest.realm`.
    fn realm(&self) -> &'static str {
        "YealinkSPIP"
    }
}

/// How one generation of firmware names its settings.
#[derive(Clone, Copy, Debug)]
struct Generation {
    is_static: bool,
}

impl Generation {
    fn of(identity: &Identity) -> Self {
        Self { is_static: number(&identity.firmware).is_none_or(|number| number >= STATIC_SINCE) }
    }

    /// Boot files to look for, in order. The first that is there decides.
    fn boot_files(self, identity: &Identity) -> Vec<String> {
        if !self.is_static {
            return Vec::new();
        }
        vec![format!("{}.boot", identity.mac_in_names()), "y000000000000.boot".to_owned()]
    }

    fn provisioning(self, flash: &Flash) -> Provisioning {
        let text = |name: &str| self.text(flash, &format!("auto_provision.server.{name}"));
        let (user, password) = (text("username"), text("password"));
        let login = (user.is_some() || password.is_some()).then(|| Login::new(user.unwrap_or_default(), password.unwrap_or_default()));
        Provisioning { url: text("url").map(str::to_owned), login }
    }

    fn set_url(self, flash: &mut Flash, url: &str) {
        flash.set(&self.key("auto_provision.server.url"), url);
    }

    fn set_login(self, flash: &mut Flash, user: &str, password: &Secret<String>) {
        for (name, value) in [("username", user), ("password", password.expose().as_str())] {
            let key = self.key(&format!("auto_provision.server.{name}"));
            if value.is_empty() { flash.unset(&key) } else { flash.set(&key, value) }
        }
    }

    /// The repeated fetch, if it is on.
    fn poll(self, flash: &Flash) -> Option<Duration> {
        if self.text(flash, "auto_provision.repeat.enable") != Some("1") {
            return None;
        }
        let minutes = self.text(flash, "auto_provision.repeat.minutes").and_then(|text| text.parse().ok()).unwrap_or(1440);
        Some(Duration::from_secs(60 * minutes.clamp(*POLL_MINUTES.start(), *POLL_MINUTES.end())))
    }

    /// Takes parsed files over into flash. With `overwrite` they are all that counts: what they do not name goes back to
    /// the factory's value, `static.*` excepted. Without it, absent and blank parameters leave the stored ones alone.
    fn apply(self, flash: &mut Flash, files: &[File], overwrite: bool) {
        let mut named: BTreeMap<&str, &str> = BTreeMap::new();
        let users = self.key("security.user_password");
        for (key, value) in files.iter().flat_map(|file| &file.settings).filter(|(key, _)| self.heeds(key)) {
            match value.split_once(':') {
                Some((user, password)) if *key == users => flash.set_user_password(user, password),
                _ => drop(named.insert(key, value)),
            }
        }
        if overwrite {
            flash.retain(|key| key.starts_with("static.") || named.contains_key(key));
        }
        for (key, value) in named {
            match value {
                NULL | EMPTY => flash.unset(key),
                "" if overwrite || self.clears_when_blank(key) => flash.unset(key),
                "" => {}
                value => flash.set(key, value),
            }
        }
    }

    /// Blank user and password take the stored ones away, so that a login of a former provider can be ended.
    fn clears_when_blank(self, key: &str) -> bool {
        key == self.key("auto_provision.server.username") || key == self.key("auto_provision.server.password")
    }

    fn heeds(self, key: &str) -> bool {
        if self.is_static { !MOVED.iter().any(|moved| key.starts_with(moved)) } else { !key.starts_with("static.") }
    }

    fn key(self, name: &str) -> String {
        if self.is_static { format!("static.{name}") } else { name.to_owned() }
    }

    fn text<'f>(self, flash: &'f Flash, name: &str) -> Option<&'f str> {
        flash.setting(&self.key(name)).filter(|text| !text.is_empty())
    }

    fn account(self, flash: &Flash, slot: u16) -> Option<Account> {
        let text = |name: &str| flash.setting(&format!("account.{slot}.{name}")).unwrap_or_default().to_owned();
        if text("enable") != "1" {
            return None;
        }
        let user = text("user_name");
        let auth_user = Some(text("auth_name")).filter(|auth| !auth.is_empty()).unwrap_or_else(|| user.clone());
        let transport = if self.is_static {
            text("sip_server.1.transport_type")
        } else {
            first(text("sip_server.1.transport_type"), text("transport"))
        };
        let transport = match transport.as_str() {
            "1" => Transport::Tcp,
            "2" => Transport::Tls,
            _ => Transport::Udp,
        };
        let hotline = Some(text("auto_dial_num")).filter(|number| text("auto_dial_enable") == "1" && !number.is_empty());
        Some(Account {
            slot,
            user,
            auth_user,
            password: Secret::new(text("password")),
            server: text("sip_server.1.address"),
            port: text("sip_server.1.port").parse().ok(),
            transport,
            label: text("label"),
            display_name: text("display_name"),
            hotline,
        })
    }
}

/// The generation's number: the second of the version (`66.86.0.15` is V86).
fn number(firmware: &str) -> Option<u32> {
    firmware.split('.').nth(1)?.parse().ok()
}

/// Files to ask for where no boot file is, in order.
fn config_files(identity: &Identity) -> Vec<String> {
    let common = identity.common.iter().map(|id| format!("y{id:0>12}.cfg"));
    common.chain([format!("{}.cfg", identity.mac_in_names())]).collect()
}

fn first(one: String, other: String) -> String {
    if one.is_empty() { other } else { one }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn user_agents_are_written_in_every_form() {
        let phone = Identity::yealink_t46s("001565aabbcc".parse().unwrap());
        let check = |agent, expected: &str| assert_eq!(Identity { agent, ..phone.clone() }.user_agent(), expected);
        check(AgentForm::YEALINK, "Yealink SIP-T46S 66.86.0.15 00:15:65:aa:bb:cc");
        check(AgentForm::YEALINK_PLAIN, "Yealink SIP-T46S  66.86.0.15 001565aabbcc");
        check(AgentForm::YEALINK_NO_MAC, "Yealink SIP-T46S 66.86.0.15");
        check(AgentForm::YEALINK_NO_SIP, "Yealink T46S 66.86.0.15 00:15:65:aa:bb:cc");
        check(AgentForm::YEALINK_HARDWARE, "Yealink-T46S 66.86.0.15 28.1.0.128.0.0.0");
        assert_eq!(number(&phone.firmware), Some(86));
    }

    /// Firmware of generation 86, with boot files.
    const NEW: &str = "66.86.0.15"; // firmware
    /// Firmware of generation 72, without.
    const OLD: &str = "28.72.0.1"; // firmware

    fn firmware(version: &str) -> (Identity, Generation) {
        let identity = Identity { firmware: version.into(), ..Identity::yealink_t46s("001565aabbcc".parse().unwrap()) };
        let generation = Generation::of(&identity);
        (identity, generation)
    }

    fn file(lines: &str) -> File {
        File::read(format!("#!version:1.0.0.1\n{lines}").as_bytes(), "T46S").unwrap()
    }

    #[test]
    fn files_are_asked_for_in_the_order_of_their_generation() {
        let (identity, new) = firmware(NEW);
        assert_eq!(new.boot_files(&identity), ["001565aabbcc.boot", "y000000000000.boot"]);
        assert_eq!(config_files(&identity), ["y000000000066.cfg", "001565aabbcc.cfg"]);
        let (identity, old) = firmware(OLD);
        assert_eq!(old.boot_files(&identity), Vec::<String>::new());
        let nameless = Identity { common: None, capitals: true, ..identity };
        assert_eq!(config_files(&nameless), ["001565AABBCC.cfg"]);
    }

    /// Applies texts one after the other and shows what is stored.
    fn check(version: &str, overwrite: bool, files: &[&str], expected: &[(&str, &str)]) {
        let (_, firmware) = firmware(version);
        let mut flash = Flash::default();
        for lines in files {
            firmware.apply(&mut flash, &[file(lines)], overwrite);
        }
        let stored: Vec<_> = flash.settings().iter().map(|(key, value)| (key.as_str(), value.as_str())).collect();
        assert_eq!(stored, expected, "{version} overwrite={overwrite} {files:?}");
    }

    #[test]
    fn without_overwrite_absent_and_blank_parameters_stay() {
        check(NEW, false, &["a.x = 1\na.y = 2", "a.x =\n#a.y = 3"], &[("a.x", "1"), ("a.y", "2")]);
        check(NEW, false, &["a.x = 1\na.y = 2", "a.x = %NULL%\na.y = %EMPTY%"], &[]);
    }

    #[test]
    fn with_overwrite_only_static_parameters_stay() {
        check(NEW, true, &["a.x = 1\nstatic.s = 1\na.y = 2", "a.y = 3"], &[("a.y", "3"), ("static.s", "1")]);
        check(NEW, true, &["a.x = 1\nstatic.s = 1", "a.x =\nstatic.s ="], &[]);
    }

    #[test]
    fn the_last_of_a_repeated_parameter_counts_but_users_are_a_list() {
        check(NEW, false, &["a.x = 1\na.x = 2"], &[("a.x", "2")]);
        let (_, firmware) = firmware(NEW);
        let mut flash = Flash::default();
        firmware.apply(&mut flash, &[file("static.security.user_password = admin:one:1\nstatic.security.user_password = user:two")], false);
        assert_eq!((flash.user_password("admin"), flash.user_password("user")), (Some("one:1"), Some("two")));
    }

    #[test]
    fn a_generation_heeds_its_own_names_only() {
        let both = "auto_provision.server.url = http://old/\nstatic.auto_provision.server.url = http://new/";
        check(NEW, false, &[both], &[("static.auto_provision.server.url", "http://new/")]);
        check(OLD, false, &[both], &[("auto_provision.server.url", "http://old/")]);
    }

    #[test]
    fn blank_credentials_are_cleared_and_a_blank_url_is_not() {
        for (version, prefix) in [(NEW, "static."), (OLD, "")] {
            let (_, firmware) = firmware(version);
            let mut flash = Flash::default();
            firmware.set_url(&mut flash, "https://h/");
            firmware.set_login(&mut flash, "u", &Secret::from("p"));
            let blank = ["url", "username", "password"].map(|name| format!("{prefix}auto_provision.server.{name} =")).join("\n");
            firmware.apply(&mut flash, &[file(&blank)], false);
            assert_eq!(firmware.provisioning(&flash), Provisioning { url: Some("https://h/".into()), login: None });
        }
    }

    #[test]
    fn the_poll_is_read_within_the_vendors_bounds() {
        let (_, firmware) = firmware(NEW);
        let check = |lines: &str, expected: Option<u64>| {
            let mut flash = Flash::default();
            firmware.apply(&mut flash, &[file(lines)], false);
            assert_eq!(firmware.poll(&flash).map(|poll| poll.as_secs()), expected, "{lines}");
        };
        check("static.auto_provision.repeat.minutes = 5", None);
        check("static.auto_provision.repeat.enable = 1", Some(86_400));
        check("static.auto_provision.repeat.enable = 1\nstatic.auto_provision.repeat.minutes = 5", Some(300));
        check("static.auto_provision.repeat.enable = 1\nstatic.auto_provision.repeat.minutes = 0", Some(60));
    }

    #[test]
    fn accounts_beyond_the_models_slots_are_not_there() {
        let (identity, _) = firmware(NEW);
        let small = Identity { accounts: 1, ..identity };
        let mut flash = Flash::default();
        let account =
            |n: u8| format!("account.{n}.enable = 1\naccount.{n}.user_name = {n}00\naccount.{n}.sip_server.1.transport_type = {n}\n");
        Generation::of(&small).apply(&mut flash, &[file(&(account(1) + &account(2)))], false);
        let accounts = Yealink.accounts(Unit { identity: &small, flash: &flash });
        assert_eq!(accounts.len(), 1);
        assert_eq!((accounts[0].user.as_str(), accounts[0].auth_user.as_str(), accounts[0].transport), ("100", "100", Transport::Tcp));
    }
}
