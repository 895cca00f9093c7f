//! Patton SmartNode with SmartWare: gateways for analog telephones.
//!
//! From integrators' public configurations and the vendor's guide to its call router. A file is the whole startup configuration: it
//! takes the place of everything, the way back included. Nothing is known of logins: none is sent.

mod script;

use std::time::Duration;

use domain::settings::Transport;
use domain::{Mac, Secret};

use crate::address::{Address, Login};
use crate::display::Account;
use crate::firmware::{Brand, Came, Cause, Ended, Firmware, Got, Pass, Provisioning, Step, Then, Told, Unit, Work};
use crate::flash::Flash;
use crate::identity::{AgentForm, Identity};
use crate::phone::Outcome;

use self::script::Script;

/// The gateways.
pub(crate) struct Patton;

/// The configuration that it starts with; none from the factory.
const STARTUP: &str = "startup-config";
/// Where it fetches from: as typed at the console, or as the configuration says.
const LOCATION: &str = "location";
/// What the gateway puts in place of its MAC.
const MAC: &str = "$(system.mac)";
/// The call router's context, and the gateway's.
const SWITCH: &str = "context cs switch";

impl Identity {
    /// A gateway with this many telephone ports.
    pub fn patton(model: &str, mac: Mac, firmware: &str, ports: u16) -> Self {
        Self {
            brand: Brand::Patton,
            model: model.to_owned(),
            mac,
            serial: mac.to_string().to_ascii_uppercase(),
            firmware: firmware.to_owned(),
            common: None,
            accounts: ports,
            agent: AgentForm::SMARTNODE,
            capitals: false,
        }
    }
}

impl AgentForm {
    /// `SmartNode (Model:SN4316/JS; Serial:00A0BA0BA9A5; Software Version:R6.9 2016-07-05 H323 SIP FXS FXO; Hardware Version:2.3)`.
    pub const SMARTNODE: Self =
        Self("SmartNode (Model:{model}/JS; Serial:{MAC}; Software Version:R{firmware} 2016-07-05 H323 SIP FXS FXO; Hardware Version:2.3)");
}

impl Firmware for Patton {
    fn built(&self, model: &brands::Model, mac: Mac, firmware: &str) -> Identity {
        Identity::patton(&model.name, mac, firmware, model.accounts)
    }

    fn has_screen(&self, _identity: &Identity) -> bool {
        false
    }

    fn provisioning(&self, unit: Unit<'_>) -> Provisioning {
        Provisioning { url: unit.text(LOCATION).map(|location| fill(location, unit.identity)), login: None }
    }

    fn store_server(&self, _identity: &Identity, flash: &mut Flash, address: &str) {
        if address.is_empty() { flash.unset(LOCATION) } else { flash.set(LOCATION, address) }
    }

    /// There is no command for it.
    fn store_login(&self, _identity: &Identity, _flash: &mut Flash, _user: &str, _password: &Secret<String>) {}

    /// The factory's configuration asks DHCP; one that was fetched names a location.
    fn heeds_dhcp(&self, unit: Unit<'_>) -> bool {
        unit.flash.setting(STARTUP).is_none()
    }

    fn pass(&self, unit: Unit<'_>, server: &Address, _cause: Cause) -> Box<dyn Pass> {
        // Option 66 names a folder or the file.
        let is_file = server.file_name().contains('.');
        let path = if is_file { server.path.clone() } else { format!("{}/{MAC}.cfg", server.path.trim_end_matches('/')) };
        Box::new(Once { at: Address { path: fill(&path, unit.identity), login: None, ..server.clone() } })
    }

    fn logins(&self, _unit: Unit<'_>, _at: &Address, _server: &Address) -> Vec<Login> {
        Vec::new()
    }

    fn attempts(&self, _unit: Unit<'_>) -> Option<u32> {
        Some(1)
    }

    fn prompts(&self, _unit: Unit<'_>) -> bool {
        false
    }

    /// By a timer that repeats, or else a minute after the next start.
    fn poll(&self, unit: Unit<'_>, _last: Option<Outcome>) -> Option<Duration> {
        let script = running(unit)?;
        let timers = script.all(&[], "timer").into_iter().filter_map(|words| {
            let fetches = words.last().is_some_and(|last| is_fetch(&script, last));
            let unit_of = |at: usize| -> Option<u64> {
                let number: u64 = words.get(at)?.parse().ok()?;
                let seconds = if words.get(at + 1)?.starts_with("minute") { 60 } else { 3600 };
                Some(number * seconds)
            };
            let start = words.iter().position(|word| *word == "+").and_then(|at| unit_of(at + 1));
            let every = words.iter().position(|word| *word == "every").and_then(|at| unit_of(at + 1));
            every.or(start).filter(|_| fetches).map(|seconds| (every.is_none(), seconds))
        });
        timers.min().map(|(_, seconds)| Duration::from_secs(seconds))
    }

    /// By the first port of each: an identity is registered once, however many ports call by it.
    fn accounts(&self, unit: Unit<'_>) -> Vec<Account> {
        let Some(script) = running(unit) else { return Vec::new() };
        let mut accounts: Vec<Account> = Vec::new();
        for account in (1..=unit.identity.accounts).filter_map(|slot| port_account(&script, slot)) {
            if accounts.iter().all(|known| (&known.user, &known.server) != (&account.user, &account.server)) {
                accounts.push(account);
            }
        }
        accounts
    }

    fn dials(&self, unit: Unit<'_>, slot: u16, digits: &str) -> Option<String> {
        let script = running(unit)?;
        let port = Port::of(&script, slot)?;
        port.lifted().or_else(|| port.route(digits)).map(|(_, number)| number).filter(|number| !number.is_empty())
    }

    /// Accepted where the gateway says so; an action makes a fetch of it.
    fn told(&self, unit: Unit<'_>, _slot: u16, event: &str) -> Option<Told> {
        let name = event.split(';').next().unwrap_or_default().trim();
        let script = running(unit).filter(|_| name.eq_ignore_ascii_case("check-sync"))?;
        let gateway = gateway(&script)?;
        let accepted = script.word(&[&format!("context sip-gateway {gateway}")], "notify check-sync") == Some("accept");
        let condition = format!("sip gateway:{gateway} NOTIFY_CHECK_SYNC_RELOAD");
        let fetches = script.opened(&["actions"], "rule").into_iter().any(|rule| {
            let inside = ["actions", &format!("rule {rule}")];
            let is_met = script.last(&inside, "condition").is_some_and(|words| words.join(" ") == condition);
            is_met && script.word(&inside, "action").is_some_and(|action| is_fetch(&script, action))
        });
        let then = if fetches { Then::Fetch } else { Then::Nothing };
        accepted.then_some(Told { challenged: false, then })
    }
}

/// One request for one file.
struct Once {
    at: Address,
}

impl Pass for Once {
    fn next(&mut self, work: &mut Work<'_>, came: Came) -> Step {
        let Some(got) = came.one() else { return Step::get(self.at.clone()) };
        let Got::File(fetched) = got else { return Step::End(got.stop().unwrap_or(Ended::NothingThere)) };
        let text = String::from_utf8_lossy(&fetched.body).into_owned();
        if !text.is_ascii() {
            work.refuses(&fetched.at, "it has characters beyond ASCII");
            return Step::End(Ended::Bad);
        }
        let script = match Script::read(&text) {
            Ok(script) => script,
            Err(why) => {
                work.refuses(&fetched.at, why);
                return Step::End(Ended::Bad);
            }
        };
        if work.flash.setting(STARTUP) == Some(text.as_str()) {
            return Step::End(Ended::Unchanged);
        }
        let location = own_location(&script).map(str::to_owned);
        work.flash.retain(|_| false);
        work.flash.set(STARTUP, &text);
        match location {
            Some(location) => work.flash.set(LOCATION, &location),
            None => work.note("has no way back in its configuration"),
        }
        work.note("takes it for its whole configuration and reloads");
        Step::End(Ended::Applied)
    }
}

fn fill(text: &str, identity: &Identity) -> String {
    text.replace(MAC, &identity.mac.to_string())
}

fn running(unit: Unit<'_>) -> Option<Script> {
    Script::read(unit.text(STARTUP)?).ok()
}

/// The first location of a profile that is fetched for a configuration.
fn own_location(script: &Script) -> Option<&str> {
    let profiles = script.opened(&[], "profile");
    profiles.into_iter().filter(|profile| is_configuration(script, profile)).find_map(|profile| location(script, profile))
}

fn location<'s>(script: &'s Script, profile: &str) -> Option<&'s str> {
    (1..=4).find_map(|number| script.word(&[&format!("profile {profile}")], &format!("location {number}")))
}

/// `provisioning NAME`, whose file is a configuration that is activated.
fn is_configuration(script: &Script, profile: &str) -> bool {
    let inside = format!("profile {profile}");
    let is = |words: &str, value: &str| script.word(&[&inside], words) == Some(value);
    profile.starts_with("provisioning ") && is("destination", "configuration") && is("activation", "reload")
}

/// `provisioning execute NAME`, for a profile that is there.
fn is_fetch(script: &Script, command: &str) -> bool {
    let profile = command.strip_prefix("provisioning execute ").map(|name| format!("provisioning {name}"));
    profile.is_some_and(|profile| is_configuration(script, &profile) && location(script, &profile).is_some())
}

/// The SIP gateway that is switched on and has an interface.
fn gateway(script: &Script) -> Option<&str> {
    script.opened(&[], "context sip-gateway").into_iter().find(|name| {
        let inside = format!("context sip-gateway {name}");
        let bound = script.opened(&[&inside], "interface").into_iter().any(|interface| {
            let inside = [inside.as_str(), &format!("interface {interface}")];
            script.word(&inside, "bind interface").is_some()
        });
        script.is_up(&[&inside]) && bound
    })
}

/// A telephone port that works, and how its calls are led.
struct Port<'s> {
    script: &'s Script,
    interface: &'s str,
    table: &'s str,
}

impl<'s> Port<'s> {
    fn of(script: &'s Script, slot: u16) -> Option<Self> {
        let port = format!("port fxs 0 {}", slot - 1);
        let is_on = script.is_up(&[&port]) && script.is_up(&[SWITCH]) && script.word(&[&port], "encapsulation") == Some("cc-fxs");
        let interface = script.word(&[&port], "bind interface").filter(|_| is_on)?;
        let table = script.word(&[SWITCH, &format!("interface fxs {interface}")], "route call dest-table")?;
        Some(Self { script, interface, table })
    }

    /// What leaves when the handset is lifted: a table with nothing but its default is not waited for.
    fn lifted(&self) -> Option<(&'s str, String)> {
        let routes = self.routes();
        (routes.len() == 1 && routes[0].0 == "default").then(|| self.follow(&routes[0], ""))
    }

    /// The interface and number that a dialled number leads to: the longest entry that fits, the default where none does. Without a
    /// number, entries that it could still become keep the default waiting.
    fn route(&self, digits: &str) -> Option<(&'s str, String)> {
        let routes = self.routes();
        let fits = |route: &&Route<'s>| match route.0 {
            "default" | ".T" => !digits.is_empty(),
            number => number == digits,
        };
        let weight = |route: &&Route<'s>| match route.0 {
            "default" => 0,
            ".T" => 1,
            number => 1 + number.len(),
        };
        routes.iter().filter(fits).max_by_key(weight).map(|route| self.follow(route, digits))
    }

    fn routes(&self) -> Vec<Route<'s>> {
        let table = format!("routing-table called-e164 {}", self.table);
        let read = |words: Vec<&'s str>| match words[..] {
            [number, "dest-interface", interface] => Some((number, interface, None)),
            [number, "dest-interface", interface, mapping] => Some((number, interface, Some(mapping))),
            _ => None,
        };
        self.script.all(&[SWITCH, &table], "route").into_iter().filter_map(read).collect()
    }

    fn follow(&self, (_, interface, mapping): &Route<'s>, digits: &str) -> (&'s str, String) {
        let Some(mapping) = mapping else { return (interface, digits.to_owned()) };
        let table = format!("mapping-table called-e164 to called-e164 {mapping}");
        let mapped = self.script.all(&[SWITCH, &table], "map").into_iter().find_map(|words| match words[..] {
            [".%" | "default", "to", number] => Some(number.to_owned()),
            [from, "to", number] if from == digits => Some(number.to_owned()),
            _ => None,
        });
        (interface, mapped.unwrap_or_else(|| digits.to_owned()))
    }
}

/// Which number, to which interface, through which mapping.
type Route<'s> = (&'s str, &'s str, Option<&'s str>);

/// The account by which a port's calls are made: its own number's, where a location service that the gateway has registers it.
fn port_account(script: &Script, slot: u16) -> Option<Account> {
    let port = Port::of(script, slot)?;
    let user = script.word(&[SWITCH, &format!("interface fxs {}", port.interface)], "subscriber-number")?;
    let (interface, _) = port.lifted().or_else(|| port.route("0"))?;
    let remote = script.last(&[SWITCH, &format!("interface sip {interface}")], "remote")?;
    let gateway = gateway(script)?;
    let bound = script.all(&[&format!("context sip-gateway {gateway}")], "bind location-service");
    let knows = |service: &&str| script.opened(&[&format!("location-service {service}")], "identity").contains(&user);
    let service = bound.into_iter().filter_map(|words| words.first().copied()).find(knows)?;
    let (service, identity) = (format!("location-service {service}"), format!("identity {user}"));
    let inside = |context: &'static str| [service.as_str(), identity.as_str(), context];
    let registers = script.word(&inside("registration outbound"), "register") == Some("auto");
    let registrar = script.last(&inside("registration outbound"), "registrar").filter(|_| registers)?;
    let shown = script.last(&inside("authentication outbound"), "authenticate authentication-service")?;
    let [keeper, "username", auth_user] = shown[..] else { return None };
    let password = script.last(&[&format!("authentication-service {keeper}")], &format!("username {auth_user} password"))?;
    let transport = match script.word(&inside("registration outbound"), "preferred-transport-protocol") {
        Some("tcp") => Transport::Tcp,
        _ => Transport::Udp,
    };
    // A call goes to the interface's remote side, which has to be the one that knows the account.
    (remote.first() == registrar.first()).then(|| Account {
        slot,
        user: user.to_owned(),
        auth_user: auth_user.to_owned(),
        password: Secret::from(password.first().copied().unwrap_or_default()),
        server: registrar[0].to_owned(),
        port: registrar.get(1).and_then(|port| port.parse().ok()),
        transport,
        label: String::new(),
        display_name: String::new(),
        hotline: port.lifted().map(|(_, number)| number),
    })
}

#[cfg(test)]
mod tests;
