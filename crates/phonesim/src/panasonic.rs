//! Panasonic: HDV, UT and TGP with their strict text files, UTG with XML.
//!
//! From the Administrator's Guides and integrators' public templates. An entry file names up to three others; logins stand in addresses;
//! what a file does not name stays, the first of several values counts, and what a person has set counts before all of them.

mod dial_plan;
mod file;
mod pass;
#[cfg(test)]
mod tests;

use std::time::Duration;

use domain::settings::Transport;
use domain::{Mac, Secret};

use crate::address::{Address, Login};
use crate::display::Account;
use crate::firmware::{Brand, Cause, Firmware, Pass, Provisioning, Then, Told, Unit, Work};
use crate::flash::Flash;
use crate::identity::{AgentForm, Identity};
use crate::phone::{Network, Outcome};

use self::pass::Paths;

/// The phones.
pub(crate) struct Panasonic;

/// The files in the order in which they are fetched and in which they count.
const PATHS: [&str; 3] = ["CFG_STANDARD_FILE_PATH", "CFG_PRODUCT_FILE_PATH", "CFG_MASTER_FILE_PATH"];

/// The server that a person types into UTG, with its login.
const USER_SERVER: [&str; 3] = ["USR_PROV_SVR_URL", "USR_PROV_SVR_AUTH_ID", "USR_PROV_SVR_AUTH_PASSWORD"];

impl Identity {
    /// A Panasonic phone by its model without `KX-`, such as `HDV130`.
    pub fn panasonic(model: &str, mac: Mac, firmware: &str, accounts: u16) -> Self {
        Self {
            brand: Brand::Panasonic,
            model: model.to_owned(),
            mac,
            serial: String::new(),
            firmware: firmware.to_owned(),
            common: None,
            accounts,
            agent: AgentForm::PANASONIC,
            capitals: true,
        }
    }
}

impl AgentForm {
    /// `Panasonic_KX-UT113/01.133 (0080f0c8c381)`.
    pub const PANASONIC: Self = Self("Panasonic_KX-{model}/{firmware} ({mac})");
}

impl Firmware for Panasonic {
    fn built(&self, model: &brands::Model, mac: Mac, firmware: &str) -> Identity {
        Identity::panasonic(&model.name, mac, firmware, model.accounts)
    }

    fn user_agent(&self, unit: Unit<'_>) -> String {
        text(unit, "HTTP_USER_AGENT").map_or_else(|| unit.identity.user_agent(), |form| fill(unit, form))
    }

    fn sip_user_agent(&self, unit: Unit<'_>) -> String {
        unit.identity.user_agent()
    }

    /// TGP500 shows nothing itself.
    fn has_screen(&self, identity: &Identity) -> bool {
        !matches!(identity.model.as_str(), "TGP500" | "TGP600")
    }

    fn provisioning(&self, unit: Unit<'_>) -> Provisioning {
        let [url, user, password] = USER_SERVER.map(|key| text(unit, key));
        if let (true, Some(url)) = (is_utg(unit.identity), url) {
            let login = user.map(|user| Login::new(user, password.unwrap_or_default()));
            return Provisioning { url: Some(fill(unit, url)), login };
        }
        let url = PATHS.iter().find_map(|key| text(unit, key)).map(|path| fill(unit, path));
        Provisioning { url, login: None }
    }

    fn store_server(&self, identity: &Identity, flash: &mut Flash, address: &str) {
        let key = if is_utg(identity) { USER_SERVER[0] } else { PATHS[0] };
        if address.is_empty() { flash.unset(key) } else { flash.set(key, address) }
    }

    /// There is no place for a login but the address; UTG has one.
    fn store_login(&self, identity: &Identity, flash: &mut Flash, user: &str, password: &Secret<String>) {
        if is_utg(identity) {
            for (key, value) in USER_SERVER[1..].iter().zip([user, password.expose().as_str()]) {
                if value.is_empty() { flash.unset(key) } else { flash.set(key, value) }
            }
        } else if let Some(path) = flash.setting(PATHS[0]).and_then(|path| Address::typed_with_login(path, user, password)) {
            flash.set(PATHS[0], &path);
        }
    }

    /// What a person changes counts before every file, for good; on UTG a file's `!` takes it back.
    fn change(&self, identity: &Identity, flash: &mut Flash, key: &str, value: &str) {
        if is_utg(identity) { flash.set(key, value) } else { flash.set_by_hand(key, value) }
    }

    fn heeds_dhcp(&self, unit: Unit<'_>) -> bool {
        text(unit, "OPTION66_ENABLE") != Some("N")
    }

    /// An address that is stored needs nobody else; else DHCP, then the redirect service.
    fn servers(&self, work: &mut Work<'_>, network: &Network) -> Vec<Address> {
        if self.provisioning(work.unit()).url.is_none() {
            if let Some(dhcp) = network.dhcp.as_ref().filter(|_| self.heeds_dhcp(work.unit())) {
                work.note(format!("DHCP names the server {}", dhcp.shown()));
                return vec![entry(work.unit(), dhcp)];
            }
            self.redirected(work, network);
        }
        let stored = self.provisioning(work.unit()).url.and_then(|url| url.parse().ok());
        stored.map(|server| entry(work.unit(), &server)).into_iter().collect()
    }

    fn pass(&self, unit: Unit<'_>, server: &Address, _cause: Cause) -> Box<dyn Pass> {
        let http_10 = text(unit, "HTTP_VER").map_or_else(|| unit.identity.model.starts_with("TGP5"), |version| version == "1");
        Box::new(Paths::from(server, http_10))
    }

    fn attempts(&self, _unit: Unit<'_>) -> Option<u32> {
        Some(1)
    }

    /// No document tells of a window.
    fn prompts(&self, _unit: Unit<'_>) -> bool {
        false
    }

    fn fetches_at_boot(&self, unit: Unit<'_>) -> bool {
        text(unit, "PROVISION_ENABLE") != Some("N")
    }

    /// A fixed time switches cycle and retry off.
    fn poll(&self, unit: Unit<'_>, last: Option<Outcome>) -> Option<Duration> {
        if text(unit, "CFG_RESYNC_TIME").is_some() {
            return None;
        }
        let minutes = |key: &str| text(unit, key).and_then(|minutes| minutes.parse::<u64>().ok());
        let has_failed = last.is_some_and(|last| !matches!(last, Outcome::Configured | Outcome::Unchanged));
        let retry = minutes("CFG_RTRY_INTVL").filter(|_| has_failed);
        let cycle = || minutes("CFG_CYCLIC_INTVL").filter(|_| text(unit, "CFG_CYCLIC") == Some("Y"));
        retry.or_else(cycle).map(|minutes| Duration::from_secs(60 * minutes.clamp(1, 40_320)))
    }

    fn accounts(&self, unit: Unit<'_>) -> Vec<Account> {
        let mut ports = Vec::new();
        let lines = (1..=unit.identity.accounts).filter(|line| {
            // Two lines on one port: the second does not come up.
            let port = text(unit, &format!("SIP_SRC_PORT_{line}")).unwrap_or_default();
            let is_free = port.is_empty() || !ports.contains(&port);
            ports.push(port);
            is_free
        });
        lines.filter_map(|line| account(unit, line)).collect()
    }

    fn texts(&self, unit: Unit<'_>) -> Vec<String> {
        (1..=24).filter_map(|n| text(unit, &format!("FLEX_BUTTON_LABEL{n}"))).map(str::to_owned).collect()
    }

    fn dials(&self, unit: Unit<'_>, slot: u16, digits: &str) -> Option<String> {
        if digits.is_empty() {
            return hotline(unit);
        }
        let plan = text(unit, &format!("DIAL_PLAN_{slot}")).unwrap_or_default();
        let lets_all = text(unit, &format!("DIAL_PLAN_NOT_MATCH_ENABLE_{slot}")) != Some("N");
        (lets_all || dial_plan::matches(plan, digits)).then(|| digits.to_owned())
    }

    fn is_emergency(&self, unit: Unit<'_>, number: &str) -> bool {
        (1..=5).any(|n| text(unit, &format!("EMERGENCY_CALL{n}")) == Some(number))
    }

    /// By the word that a setting holds, which is blank in the box.
    fn told(&self, unit: Unit<'_>, _slot: u16, event: &str) -> Option<Told> {
        let name = event.split(';').next().unwrap_or_default().trim();
        text(unit, "CFG_RESYNC_FROM_SIP").filter(|word| word.eq_ignore_ascii_case(name))?;
        Some(Told { challenged: false, then: Then::Fetch })
    }
}

fn is_utg(identity: &Identity) -> bool {
    identity.model.starts_with("UTG")
}

/// A setting as it counts: what a person set, else what files say.
fn text<'p>(unit: Unit<'p>, key: &str) -> Option<&'p str> {
    unit.flash.by_hand(key).or_else(|| unit.flash.setting(key)).filter(|text| !text.is_empty())
}

/// Fills the macros; case matters, and what is none stays.
fn fill(unit: Unit<'_>, text: &str) -> String {
    let mac = unit.identity.mac.to_string();
    let model = format!("KX-{}", unit.identity.model);
    let capitals = mac.to_ascii_uppercase();
    let macros = [("{MAC}", capitals.as_str()), ("{mac}", &mac), ("{MODEL}", &model), ("{fwver}", &unit.identity.firmware)];
    macros.iter().fold(text.to_owned(), |text, (mark, filling)| text.replace(mark, filling))
}

/// The file that an address means: a folder's is the model's.
fn entry(unit: Unit<'_>, server: &Address) -> Address {
    let path = fill(unit, &server.path);
    let server = Address { path, ..server.clone() };
    if server.file_name().contains('.') {
        return server;
    }
    server.file(&format!("KX-{}.cfg", unit.identity.model), crate::address::Slash::One)
}

/// UTG calls it when the handset is lifted. No other has one.
fn hotline(unit: Unit<'_>) -> Option<String> {
    let is_on = is_utg(unit.identity) && text(unit, "HOT_LINE_ENABLE") == Some("Y") && text(unit, "HOT_LINE_DELAY_TIME") == Some("0");
    text(unit, "HOT_LINE_NUMBER").filter(|_| is_on).map(str::to_owned)
}

fn account(unit: Unit<'_>, line: u16) -> Option<Account> {
    let text = |name: &str| text(unit, &format!("{name}_{line}"));
    if matches!(text("LINE_ENABLE"), Some("Disabled" | "No")) {
        return None;
    }
    let number = text("PHONE_NUMBER");
    let uri = text("SIP_URI").map(|uri| uri.strip_prefix("sip:").unwrap_or(uri));
    let user = uri.map(|uri| uri.split('@').next().unwrap_or(uri)).or(number)?.to_owned();
    let server = text("SIP_RGSTR_ADDR")?.to_owned();
    // With another domain it registers as somebody whom the registrar does not know.
    if text("SIP_SVCDOMAIN").is_some_and(|domain| domain != server) {
        return None;
    }
    let transport = match text("SIP_TRANSPORT") {
        Some("1") => Transport::Tcp,
        Some("2") => Transport::Tls,
        _ => Transport::Udp,
    };
    Some(Account {
        slot: line,
        auth_user: text("SIP_AUTHID").unwrap_or(&user).to_owned(),
        user,
        password: Secret::from(text("SIP_PASS").unwrap_or_default()),
        server,
        port: text("SIP_RGSTR_PORT").and_then(|port| port.parse().ok()),
        transport,
        label: String::new(),
        display_name: text("DISPLAY_NAME").unwrap_or_default().to_owned(),
        hotline: hotline(unit),
    })
}
