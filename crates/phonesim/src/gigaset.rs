//! Gigaset: DECT bases N610 to N870, the older N510, N300, C610 and N720, and Maxwell desk phones.
//!
//! From the maker's wiki and integrators' public templates. Digest alone, and first with a login from the factory: the MAC, and a secret
//! that the label bears.

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
use crate::login::Scheme;
use crate::phone::Outcome;

/// The phones.
pub(crate) struct Gigaset;

/// Where what a person types under "HTTP digest" is kept; the older bases name it so themselves.
const LOGIN: [&str; 2] = ["BS_IP_Data.aucS_HTTP_DIGEST_USERNAME", "BS_IP_Data.aucS_HTTP_DIGEST_PASSWORD"];

/// What models differ in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Family {
    /// N610, N670, N770, N870.
    Nx70,
    /// N510, N300, C610: six accounts with names of their own.
    Older,
    /// N720: a list of accounts, and one of servers.
    Manager,
    Maxwell,
}

impl Family {
    fn of(identity: &Identity) -> Self {
        match identity.model.as_str() {
            "N510" | "N300" | "C610" => Self::Older,
            "N720" => Self::Manager,
            model if model.starts_with("Maxwell") => Self::Maxwell,
            _ => Self::Nx70,
        }
    }

    /// Where the server's address is kept.
    fn server(self) -> &'static str {
        match self {
            Self::Nx70 => "Provisioning.global.ProvisioningServer",
            Self::Maxwell => "System.Provision.ProvisioningServer",
            Self::Older | Self::Manager => "S_CONFIGFILE_URL",
        }
    }
}

impl Identity {
    /// A Gigaset base or phone, such as `N870` or `Maxwell3`. `secret` is the part of its MAC-ID that only the label tells.
    pub fn gigaset(model: &str, mac: Mac, secret: &str, firmware: &str, accounts: u16) -> Self {
        let identity = Self {
            brand: Brand::Gigaset,
            model: model.to_owned(),
            mac,
            serial: secret.to_owned(),
            firmware: firmware.to_owned(),
            common: None,
            accounts,
            agent: AgentForm::GIGASET_NX70,
            capitals: true,
        };
        let agent = match Family::of(&identity) {
            Family::Nx70 => AgentForm::GIGASET_NX70,
            Family::Older => AgentForm::GIGASET_OLDER,
            Family::Manager => AgentForm::GIGASET_MANAGER,
            Family::Maxwell => AgentForm::GIGASET_MAXWELL,
        };
        Self { agent, ..identity }
    }
}

impl AgentForm {
    /// `Gigaset N870 IP PRO/83.V2.11.0+build.a546b91;7C2F80E0D605`.
    pub const GIGASET_NX70: Self = Self("Gigaset {model} IP PRO/83.V{firmware}+build.a546b91;{MAC}");
    /// `N510 IP PRO/42.245.00.000.000;7C2F804DF9A9`.
    pub const GIGASET_OLDER: Self = Self("{model} IP PRO/{firmware};{MAC}");
    /// `Gigaset N720 DM PRO/70.089.00.000.000;7C2F80CA21E4`.
    pub const GIGASET_MANAGER: Self = Self("Gigaset {model} DM PRO/{firmware};{MAC}");
    /// `Gigaset Maxwell 3 2.41.0 7C:2F:80:AA:BB:D8`: the model is filled in without its family.
    pub const GIGASET_MAXWELL: Self = Self("Gigaset Maxwell {model} {firmware} {mac:}");
}

impl Firmware for Gigaset {
    fn built(&self, model: &brands::Model, mac: Mac, firmware: &str) -> Identity {
        Identity::gigaset(&model.name, mac, &mac.to_string()[8..], firmware, model.accounts)
    }

    fn user_agent(&self, unit: Unit<'_>) -> String {
        match unit.identity.model.strip_prefix("Maxwell") {
            Some(model) => Identity { model: model.to_owned(), ..unit.identity.clone() }.user_agent(),
            None => unit.identity.user_agent(),
        }
    }

    fn has_screen(&self, identity: &Identity) -> bool {
        Family::of(identity) == Family::Maxwell
    }

    fn provisioning(&self, unit: Unit<'_>) -> Provisioning {
        Provisioning { url: unit.text(Family::of(unit.identity).server()).map(str::to_owned), login: configured(unit) }
    }

    fn store_server(&self, identity: &Identity, flash: &mut Flash, address: &str) {
        let key = Family::of(identity).server();
        if address.is_empty() { flash.unset(key) } else { flash.set(key, address) }
    }

    fn store_login(&self, _identity: &Identity, flash: &mut Flash, user: &str, password: &Secret<String>) {
        for (key, value) in LOGIN.into_iter().zip([user, password.expose()]) {
            if value.is_empty() { flash.unset(key) } else { flash.set(key, value) }
        }
    }

    fn heeds_dhcp(&self, unit: Unit<'_>) -> bool {
        unit.text("NET.IP.IPv4.DHCP.Options.Disabled").is_none_or(|options| !options.split(',').any(|option| option == "66"))
    }

    fn pass(&self, unit: Unit<'_>, server: &Address, _cause: Cause) -> Box<dyn Pass> {
        Box::new(InTurn::over(asks(unit.identity, server), file::take))
    }

    /// The factory's first, then what is configured, then what stands in the address.
    fn logins(&self, unit: Unit<'_>, at: &Address, _server: &Address) -> Vec<Login> {
        let factory = Login::new(&unit.identity.mac_in_names(), &unit.identity.serial);
        [Some(factory), configured(unit), at.login.clone()].into_iter().flatten().collect()
    }

    fn weakest(&self) -> Scheme {
        Scheme::Md5
    }

    /// DE phones have a window; what is played here has none.
    fn prompts(&self, _unit: Unit<'_>) -> bool {
        false
    }

    /// A Maxwell's alone is known; its unit is taken as the second.
    fn poll(&self, unit: Unit<'_>, _last: Option<Outcome>) -> Option<Duration> {
        let seconds: u64 = unit.text("System.Provision.Period")?.parse().ok()?;
        Some(Duration::from_secs(seconds)).filter(|poll| !poll.is_zero())
    }

    fn accounts(&self, unit: Unit<'_>) -> Vec<Account> {
        (1..=unit.identity.accounts).filter_map(|slot| account(unit, slot)).collect()
    }

    /// What the function keys show.
    fn texts(&self, unit: Unit<'_>) -> Vec<String> {
        (0..8).filter_map(|n| unit.text(&format!("PhoneUI.Keys.FunctionKeys.{n}.DisplayName"))).map(str::to_owned).collect()
    }

    /// New settings count without a restart. Older bases and Maxwell pass over `reboot=`.
    fn told(&self, unit: Unit<'_>, _slot: u16, event: &str) -> Option<Told> {
        event.split(';').next().filter(|name| name.trim().eq_ignore_ascii_case("check-sync"))?;
        let asked = event.replace(' ', "").to_ascii_lowercase().contains(";reboot=true");
        let restarts = match Family::of(unit.identity) {
            Family::Nx70 => asked && unit.text("SystemSettings.global.CheckSyncRebootEnabled") == Some("1"),
            Family::Maxwell => unit.text("SIP.Checksync.Simple") == Some("1"),
            Family::Older | Family::Manager => false,
        };
        Some(Told { challenged: false, then: if restarts { Then::Restart } else { Then::Fetch } })
    }
}

fn configured(unit: Unit<'_>) -> Option<Login> {
    let [user, password] = LOGIN.map(|key| unit.text(key));
    (user.is_some() || password.is_some()).then(|| Login::new(user.unwrap_or_default(), password.unwrap_or_default()))
}

/// An address of a file is that file. A folder is first asked for itself, once; then newer ones look for a list of files, and all for the
/// file with their MAC; older ones for firmware before.
fn asks(identity: &Identity, server: &Address) -> Vec<Ask> {
    let mac = identity.mac_in_names();
    let path = server.path.replace("%MACD", &mac);
    if path.to_ascii_lowercase().ends_with(".xml") {
        return vec![Ask::get(Address { path, ..server.clone() })];
    }
    let file = |name: &str| server.file(name, Slash::One);
    match Family::of(identity) {
        Family::Nx70 | Family::Maxwell => {
            let once = |at: Address, attempts| Ask { attempts: Some(attempts), ..Ask::get(at) };
            vec![once(server.clone(), 1), once(file("provisioning.xml"), 2), Ask::get(file(&format!("{mac}.xml")))]
        }
        Family::Older => vec![Ask::get(file("42/2/master.bin")), Ask::get(file(&format!("{mac}.xml")))],
        Family::Manager => vec![Ask::get(file("70/2/master.bin")), Ask::get(file(&format!("{mac}.xml")))],
    }
}

/// A number as the memory of older bases holds it.
fn number(text: &str) -> Option<u32> {
    text.strip_prefix("0x").map_or_else(|| text.parse().ok(), |digits| u32::from_str_radix(digits, 16).ok())
}

/// Which parameters an account has, by family.
struct Names {
    user: String,
    auth: String,
    password: String,
    name: String,
    server: String,
    port: String,
    transport: String,
    /// On where this is, and where it is named it must be so.
    active: Option<String>,
}

fn names(unit: Unit<'_>, slot: u16) -> Option<Names> {
    let at = slot - 1;
    Some(match Family::of(unit.identity) {
        Family::Nx70 => {
            let account = |name: &str| format!("SipAccount.{slot:05}.{name}");
            let provider = unit.text(&account("ProviderId")).unwrap_or("0").to_owned();
            let provider = |name: &str| format!("SipProvider.{provider}.{name}");
            // A handset that nobody has added has no account.
            unit.text(&file::handset(&format!("{slot:05}")))?;
            Names {
                user: account("UserName"),
                auth: account("AuthName"),
                password: account("AuthPassword"),
                name: account("DisplayName"),
                server: provider("ProxyServerAddress"),
                port: provider("ProxyServerPort"),
                transport: provider("TransportProtocol"),
                active: None,
            }
        }
        Family::Maxwell => {
            let account = |name: &str| format!("SIP.Account.{at}.{name}");
            Names {
                user: account("Username"),
                auth: account("AuthName"),
                password: account("AuthPassword"),
                name: account("DisplayName"),
                server: account("ProxyServer.Address"),
                port: account("ProxyServer.Port"),
                transport: "SIP.TransportProtocol".to_owned(),
                active: Some(account("Active")),
            }
        }
        Family::Older => {
            let suffix = if slot == 1 { String::new() } else { format!("_{slot}") };
            let data = |name: &str| format!("BS_IP_Data1.{name}{suffix}");
            Names {
                user: data("aucS_SIP_USER_ID"),
                auth: format!("BS_IP_Data3.aucS_SIP_LOGIN_ID{suffix}"),
                password: data("aucS_SIP_PASSWORD"),
                name: data("aucS_SIP_DISPLAYNAME"),
                server: data("aucS_SIP_SERVER"),
                port: data("uiI_SIP_SERVER_PORT"),
                transport: String::new(),
                active: Some(format!("BS_IP_Data1.ucB_SIP_ACCOUNT_IS_ACTIVE_{slot}")),
            }
        }
        Family::Manager => {
            let account = |name: &str| format!("BS_VOIP_Data.astVoipAccounts[{at}].{name}");
            let provider = unit.text(&account("ucVoipProviderIndex")).unwrap_or("0").to_owned();
            let provider = |name: &str| format!("BS_VOIP_Data.astVoipProviders[{provider}].{name}");
            Names {
                user: account("aucS_SIP_USER_ID[0]"),
                auth: account("aucS_SIP_LOGIN_ID[0]"),
                password: account("aucS_SIP_PASSWORD[0]"),
                name: account("aucS_SIP_DISPLAYNAME[0]"),
                server: provider("aucSIP_SERVER[%]"),
                port: provider("uiSIP_SERVER_PORT"),
                transport: String::new(),
                active: Some(account("ucB_SIP_ACCOUNT_IS_ACTIVE_1")),
            }
        }
    })
}

fn account(unit: Unit<'_>, slot: u16) -> Option<Account> {
    let names = names(unit, slot)?;
    let text = |name: &str| unit.text(name);
    if names.active.is_some_and(|name| unit.text(&name).and_then(number) != Some(1)) {
        return None;
    }
    let user = text(&names.user)?.to_owned();
    let is_secure = Family::of(unit.identity) == Family::Maxwell && text("SIP.Security.UseSIPS") == Some("1");
    let transport = match text(&names.transport) {
        _ if is_secure => Transport::Tls,
        Some("2") => Transport::Tcp,
        Some("3") => Transport::Tls,
        _ => Transport::Udp,
    };
    Some(Account {
        slot,
        auth_user: text(&names.auth).map_or_else(|| user.clone(), str::to_owned),
        user,
        password: Secret::from(text(&names.password).unwrap_or_default()),
        server: text(&names.server).unwrap_or_default().to_owned(),
        port: text(&names.port).and_then(number).and_then(|port| port.try_into().ok()),
        transport,
        label: String::new(),
        display_name: text(&names.name).unwrap_or_default().to_owned(),
        hotline: None,
    })
}
