//! Cisco and Linksys: adapters (PAP2, SPA1xx, SPA2xxx, ATA19x), desk phones (SPA3xx, SPA5xx, SPA9xx) and multiplatform phones.
//!
//! From the vendor's provisioning guides and integrators' public templates. One stack in five families: profile rules, flat
//! profiles, dial plans. What a file does not name stays as it is, and so does what it named once.

mod dial_plan;
mod pass;
mod profile;
mod rule;

use std::time::Duration;

use domain::settings::Transport;
use domain::{Mac, Secret};

use crate::address::{Address, Login};
use crate::display::Account;
use crate::firmware::{Brand, Cause, Firmware, Pass, Provisioning, Then, Told, Unit, Work};
use crate::flash::Flash;
use crate::identity::{AgentForm, Identity};
use crate::phone::{Network, Outcome};

use self::dial_plan::DialPlan;
use self::pass::Rules;
use self::rule::Target;

/// The phones, under one of the two names.
pub(crate) struct Cisco(pub Brand);

/// Rules, in the order of a resync.
const RULES: [&str; 4] = ["Profile_Rule", "Profile_Rule_B", "Profile_Rule_C", "Profile_Rule_D"];

/// `Resync_Periodic` and `Resync_Error_Retry_Delay` where nothing else is set, in seconds.
const RESYNC_SECONDS: u64 = 3600;

/// Where a multiplatform phone keeps its profile account: what somebody types into "Profile account setup".
const ACCOUNT: [&str; 2] = ["Profile_Account_User", "Profile_Account_Password"];

/// What models differ in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Family {
    /// PAP2T and everything of Sipura's with a number above 2000, adapters.
    Sipura,
    /// SPA112, SPA122, SPA232D.
    Adapter,
    /// SPA3xx, SPA5xx, SPA9xx: with a display.
    Desk,
    /// ATA191 and ATA192.
    Ata19,
    /// 68xx, 78xx, 88xx, 98xx with multiplatform firmware.
    Multiplatform,
}

impl Family {
    fn of(identity: &Identity) -> Self {
        let model = short(&identity.model);
        let number = &model[..model.find(|c: char| !c.is_ascii_digit()).unwrap_or(model.len())];
        match (identity.model.as_str(), number) {
            (name, _) if name.starts_with("ATA") => Self::Ata19,
            (name, number) if name.starts_with("SPA") => match number.len() {
                3 if matches!(&number[..1], "1" | "2") => Self::Adapter,
                3 => Self::Desk,
                _ => Self::Sipura,
            },
            (name, _) if name.starts_with("PAP") => Self::Sipura,
            _ => Self::Multiplatform,
        }
    }

    fn has_screen(self) -> bool {
        matches!(self, Self::Desk | Self::Multiplatform)
    }

    /// `Profile_Rule` as it is in the box: no server in it, that comes by DHCP.
    fn factory_rule(self, identity: &Identity) -> &'static str {
        match self {
            Self::Sipura if identity.model.starts_with("PAP2T") => "/init.cfg",
            Self::Sipura | Self::Adapter | Self::Desk => "/spa$PSN.cfg",
            Self::Ata19 => "/ata$PSN.cfg",
            Self::Multiplatform => "/$PSN.xml",
        }
    }
}

impl Identity {
    /// A Cisco phone or adapter: SPA1xx, SPA3xx, SPA5xx, ATA19x, or a multiplatform phone by its number, such as `8841`.
    pub fn cisco(model: &str, mac: Mac, serial: &str, firmware: &str, accounts: u16) -> Self {
        let identity = Self {
            brand: Brand::Cisco,
            model: model.to_owned(),
            mac,
            serial: serial.to_owned(),
            firmware: firmware.to_owned(),
            common: None,
            accounts,
            agent: AgentForm::CISCO_SPA,
            capitals: false,
        };
        let agent = match Family::of(&identity) {
            Family::Sipura | Family::Adapter | Family::Desk => AgentForm::CISCO_SPA,
            Family::Ata19 => AgentForm::CISCO_ATA,
            Family::Multiplatform => AgentForm::CISCO_MULTIPLATFORM,
        };
        Self { agent, ..identity }
    }

    /// A Linksys or Sipura one: PAP2T, SPA2102, SPA942.
    pub fn linksys(model: &str, mac: Mac, serial: &str, firmware: &str, accounts: u16) -> Self {
        Self { brand: Brand::Linksys, agent: AgentForm::LINKSYS, ..Self::cisco(model, mac, serial, firmware, accounts) }
    }
}

impl AgentForm {
    /// `Linksys/SPA-942-6.1.5(a) (88019FA42805)`: serial number, no MAC.
    pub const LINKSYS: Self = Self("Linksys/{model}-{firmware} ({serial})");
    /// `Cisco/SPA508G-7.4.8a (0002FDFF2103)(CBT141400UK)`.
    pub const CISCO_SPA: Self = Self("Cisco/{model}-{firmware} ({MAC})({serial})");
    /// `Cisco/ATA191-MPP-11-1-0-MSR4 (FCH2443D9R4)`: no MAC.
    pub const CISCO_ATA: Self = Self("Cisco/{model}-MPP-{firmware} ({serial})");
    /// `Cisco-CP-7832-3PCC/11.0.1 (00562b043615)`.
    pub const CISCO_MULTIPLATFORM: Self = Self("Cisco-CP-{model}-3PCC/{firmware} ({mac})");
}

impl Firmware for Cisco {
    fn built(&self, model: &brands::Model, mac: Mac, firmware: &str) -> Identity {
        // The catalogue knows no serial numbers.
        let serial = format!("FICT{}", &mac.to_string()[6..]);
        match self.0 {
            Brand::Linksys => Identity::linksys(&model.name, mac, &serial, firmware, model.accounts),
            _ => Identity::cisco(&model.name, mac, &serial, firmware, model.accounts),
        }
    }

    fn has_screen(&self, identity: &Identity) -> bool {
        Family::of(identity).has_screen()
    }

    fn provisioning(&self, unit: Unit<'_>) -> Provisioning {
        let target = first_target(unit);
        let login = target.as_ref().and_then(|target| target.login.clone()).or_else(|| account(unit));
        Provisioning { url: target.map(|target| target.url).filter(|url| url.contains("://")), login }
    }

    fn store_server(&self, _identity: &Identity, flash: &mut Flash, address: &str) {
        if address.is_empty() { flash.unset(RULES[0]) } else { flash.set(RULES[0], address) }
    }

    /// Adapters and SPA phones have no place for a login but the rule.
    fn store_login(&self, identity: &Identity, flash: &mut Flash, user: &str, password: &Secret<String>) {
        if Family::of(identity) == Family::Multiplatform {
            for (key, value) in ACCOUNT.into_iter().zip([user, password.expose()]) {
                if value.is_empty() { flash.unset(key) } else { flash.set(key, value) }
            }
        } else if let Some(rule) = flash.setting(RULES[0]) {
            let rule = rule::with_login(rule, user, password.expose());
            flash.set(RULES[0], &rule);
        }
    }

    /// A rule with a server in it needs nobody else; the factory's rule asks DHCP, and the redirect service where DHCP is silent.
    fn servers(&self, work: &mut Work<'_>, network: &Network) -> Vec<Address> {
        if self.provisioning(work.unit()).url.is_none() {
            if let Some(dhcp) = &network.dhcp {
                work.note(format!("DHCP names the server {}", dhcp.shown()));
                return vec![factory_file(work.unit(), dhcp)];
            }
            self.redirected(work, network);
        }
        self.provisioning(work.unit()).url.and_then(|url| url.parse().ok()).into_iter().collect()
    }

    fn pass(&self, _unit: Unit<'_>, server: &Address, _cause: Cause) -> Box<dyn Pass> {
        Box::new(Rules::over(server))
    }

    /// A rule's options are its own: they answer for no other rule. The profile account answers where a rule has none.
    fn logins(&self, unit: Unit<'_>, at: &Address, _server: &Address) -> Vec<Login> {
        at.login.clone().or_else(|| account(unit)).into_iter().collect()
    }

    /// A failure arms the timer of `Resync_Error_Retry_Delay`; within a resync nothing is tried again.
    fn attempts(&self, _unit: Unit<'_>) -> Option<u32> {
        Some(1)
    }

    /// "Profile account setup" comes up where neither the rule nor the profile account has a login. Adapters and SPA phones never ask.
    fn prompts(&self, unit: Unit<'_>) -> bool {
        let rule_has_one = first_target(unit).is_some_and(|target| target.login.is_some());
        Family::of(unit.identity) == Family::Multiplatform && !rule_has_one && account(unit).is_none()
    }

    fn fetches_at_boot(&self, unit: Unit<'_>) -> bool {
        unit.text("Provision_Enable") != Some("No") && unit.text("Resync_On_Reset") != Some("No")
    }

    fn poll(&self, unit: Unit<'_>, last: Option<Outcome>) -> Option<Duration> {
        let has_failed = last.is_some_and(|last| !matches!(last, Outcome::Configured | Outcome::Unchanged));
        let seconds = if has_failed {
            // `1800,3600,7200+600`: how often it failed in a row is not counted here.
            let list = unit.flash.setting("Resync_Error_Retry_Delay").unwrap_or_default();
            list.split([',', '+']).next().and_then(|first| first.trim().parse().ok()).unwrap_or(RESYNC_SECONDS)
        } else if unit.text("Resync_At__HHmm_").is_some() {
            0
        } else {
            unit.text("Resync_Periodic").and_then(|text| text.parse().ok()).unwrap_or(RESYNC_SECONDS)
        };
        Some(Duration::from_secs(seconds)).filter(|poll| !poll.is_zero())
    }

    fn accounts(&self, unit: Unit<'_>) -> Vec<Account> {
        (1..=unit.identity.accounts).filter_map(|line| line_account(unit, line)).collect()
    }

    fn texts(&self, unit: Unit<'_>) -> Vec<String> {
        let logo = unit.text("Text_Logo").filter(|_| unit.text("Select_Background_Picture") == Some("Text Logo"));
        let texts = [unit.text("Station_Display_Name"), unit.text("Station_Name"), logo];
        texts.into_iter().flatten().map(str::to_owned).collect()
    }

    fn dials(&self, unit: Unit<'_>, slot: u16, digits: &str) -> Option<String> {
        match plan(unit, slot) {
            Some(plan) => plan.lifted().or_else(|| plan.dialled(digits)).filter(|number| !number.is_empty()),
            None => Some(digits.to_owned()).filter(|digits| !digits.is_empty()),
        }
    }

    fn is_emergency(&self, unit: Unit<'_>, number: &str) -> bool {
        let listed = (1..=unit.identity.accounts).filter_map(|line| unit.text(&format!("Emergency_Number_{line}_")));
        listed.flat_map(|list| list.split(',')).any(|listed| listed.trim() == number)
    }

    /// `resync` from the guides, `check-sync` from what integrators send. Both must be proved by the line's own SIP login, unless
    /// `Auth_Resync-Reboot` of the line says No.
    fn told(&self, unit: Unit<'_>, slot: u16, event: &str) -> Option<Told> {
        let name = event.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
        if !matches!(name.as_str(), "resync" | "check-sync") {
            return None;
        }
        let challenged = unit.text(&format!("Auth_Resync-Reboot_{slot}_")) != Some("No");
        let then = if unit.text("Resync_From_SIP") == Some("No") { Then::Nothing } else { Then::Fetch };
        Some(Told { challenged, then })
    }
}

/// `112` of `SPA112`, `8841` of `CP-8841-3PCC`, `504G` of `SPA-504G`.
fn short(model: &str) -> &str {
    let model = model.strip_suffix("-3PCC").unwrap_or(model);
    let prefixed = ["SPA-", "SPA", "ATA", "CP-", "WIP"].iter().find_map(|prefix| model.strip_prefix(prefix));
    prefixed.unwrap_or(model)
}

/// A rule as it is stored; the first one as it is in the box if nobody changed it.
fn rule_text(unit: Unit<'_>, name: &str) -> String {
    let factory = || if name == RULES[0] { Family::of(unit.identity).factory_rule(unit.identity) } else { "" };
    unit.flash.setting(name).unwrap_or_else(factory).to_owned()
}

fn first_target(unit: Unit<'_>) -> Option<Target> {
    Target::of(&rule_text(unit, RULES[0]), &|name| macro_value(unit, name)).ok().flatten()
}

/// The profile account, where there is one.
fn account(unit: Unit<'_>) -> Option<Login> {
    let [user, password] = ACCOUNT.map(|key| unit.text(key));
    (user.is_some() || password.is_some()).then(|| Login::new(user.unwrap_or_default(), password.unwrap_or_default()))
}

/// The factory's file on a server that DHCP names: the server's own path, if that is a file's, else the rule's.
fn factory_file(unit: Unit<'_>, dhcp: &Address) -> Address {
    let path = rule::fill(&dhcp.path, &|name| macro_value(unit, name));
    if dhcp.file_name().contains(['.', '$']) {
        return Address { path, ..dhcp.clone() };
    }
    let file = rule::fill(&rule_text(unit, RULES[0]), &|name| macro_value(unit, name));
    Address { path: format!("{}{file}", path.trim_end_matches('/')), ..dhcp.clone() }
}

/// What a macro stands for, by its name without `$`.
fn macro_value(unit: Unit<'_>, name: &str) -> Option<String> {
    let identity = unit.identity;
    let mac = identity.mac.to_string();
    let value = match name {
        "MA" => mac,
        "MAU" => mac.to_ascii_uppercase(),
        "MAC" => identity.mac.with_colons().to_ascii_uppercase(),
        "PN" => identity.model.clone(),
        "PSN" if Family::of(identity) == Family::Multiplatform => format!("{}-3PCC", short(&identity.model)),
        "PSN" => short(&identity.model).to_owned(),
        "SN" => identity.serial.clone(),
        "SWVER" => identity.firmware.clone(),
        "CCERT" => "Installed".to_owned(),
        "SA" | "SB" | "SC" | "SD" => general_purpose(unit, name),
        _ if name.len() == 1 && matches!(name.as_bytes()[0], b'A'..=b'P') => general_purpose(unit, name),
        _ => return None,
    };
    Some(value)
}

fn general_purpose(unit: Unit<'_>, name: &str) -> String {
    unit.flash.setting(&format!("GPP_{name}")).unwrap_or_default().to_owned()
}

fn plan(unit: Unit<'_>, line: u16) -> Option<DialPlan> {
    DialPlan::read(unit.text(&format!("Dial_Plan_{line}_"))?)
}

fn line_account(unit: Unit<'_>, line: u16) -> Option<Account> {
    let text = |name: &str| unit.text(&format!("{name}_{line}_"));
    if text("Line_Enable") == Some("No") {
        return None;
    }
    let user = text("User_ID")?.to_owned();
    // Multiplatform phones have no switch beside it.
    let has_own = text("Use_Auth_ID") == Some("Yes") || Family::of(unit.identity) == Family::Multiplatform;
    let auth_user = text("Auth_ID").filter(|_| has_own).map_or_else(|| user.clone(), str::to_owned);
    let (server, port) = proxy(text("Proxy").unwrap_or_default());
    let transport = match text("SIP_Transport") {
        Some("TCP") => Transport::Tcp,
        Some("TLS") => Transport::Tls,
        _ => Transport::Udp,
    };
    Some(Account {
        slot: line,
        user,
        auth_user,
        password: Secret::from(text("Password").unwrap_or_default()),
        server,
        port,
        transport,
        label: text("Short_Name").unwrap_or_default().to_owned(),
        display_name: text("Display_Name").unwrap_or_default().to_owned(),
        hotline: plan(unit, line).and_then(|plan| plan.lifted()),
    })
}

/// `host`, `host:port`, `[address]:port`, or the first host of `name:SRV=host:port:p=0|…`.
fn proxy(text: &str) -> (String, Option<u16>) {
    let first = text.split_once(":SRV=").map_or(text, |(_, list)| list.split('|').next().unwrap_or_default());
    if let Some((host, rest)) = first.strip_prefix('[').and_then(|rest| rest.split_once(']')) {
        return (host.to_owned(), rest.strip_prefix(':').and_then(|port| port.parse().ok()));
    }
    let mut parts = first.split(':');
    let host = parts.next().unwrap_or_default().to_owned();
    (host, parts.next().and_then(|port| port.parse().ok()))
}

#[cfg(test)]
mod tests;
