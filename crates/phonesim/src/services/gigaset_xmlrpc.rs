//! Gigaset's redirection over XML-RPC, played.

use std::collections::BTreeMap;

use domain::Mac;

use super::xmlrpc::{Door, Param, Said, Spelling, Value, is_address, mac};
use super::{Answer, Asked, Directions, Provider};

/// The service, with one account that calls it and others that have devices too.
#[derive(Clone, Debug)]
pub struct GigasetXmlrpc {
    door: Door,
    without_mac_id: bool,
    check: Check,
    labels: BTreeMap<String, String>,
    devices: BTreeMap<String, Device>,
}

/// How a check says yes. Clients know all three.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Check {
    /// `[true, MAC]`.
    #[default]
    Verdict,
    /// The bare boolean.
    Boolean,
    /// `[false, MAC]`: no error's word before the MAC.
    Mac,
}

#[derive(Clone, Debug)]
struct Device {
    is_ours: bool,
    url: String,
}

impl GigasetXmlrpc {
    /// Where it answers.
    pub const PATH: &'static str = "/apxml/rpc.do";

    /// With the login of the account that calls. It must name MAC-IDs unless it is [`Self::allow_mac_alone`].
    pub fn new(user: &str, password: &str) -> Self {
        let (user, password) = (user.to_owned(), password.to_owned());
        let door = Door { path: Self::PATH, realm: "Gigaset", user, password, spelling: Spelling::default() };
        Self { door, without_mac_id: false, check: Check::default(), labels: BTreeMap::new(), devices: BTreeMap::new() }
    }

    /// Another way to write the same answers.
    pub fn spell(&mut self, spelling: Spelling) {
        self.door.spelling = spelling;
    }

    /// Another way to say yes to a check.
    pub fn check(&mut self, check: Check) {
        self.check = check;
    }

    /// The account may leave the MAC-ID out.
    pub fn allow_mac_alone(&mut self) {
        self.without_mac_id = true;
    }

    /// A device leaves the factory with this on its label. The service knows no others.
    pub fn label(&mut self, mac: Mac, id: &str) {
        self.labels.insert(upper(mac), id.to_owned());
    }

    /// A device of another account.
    pub fn add_foreign(&mut self, mac: Mac, id: &str) {
        self.label(mac, id);
        self.devices.insert(upper(mac), Device { is_ours: false, url: "https://other.example.com/".to_owned() });
    }

    fn act(&mut self, procedure: &str, params: &[Param]) -> Said {
        match (procedure, params) {
            ("autoprov.registerDevice", [Param::Text(name), Param::Text(url), Param::Text(provider)]) => self.register(name, url, provider),
            ("autoprov.deregisterDevice", [Param::Text(name)]) => match self.own(name) {
                Ok(mac) => {
                    self.devices.remove(&mac);
                    Said::verdict(true, "")
                }
                Err(refusal) => refusal,
            },
            ("autoprov.checkDevice", [Param::Text(name)]) => self.found(name),
            _ => Said::no_such_call(),
        }
    }

    fn register(&mut self, name: &str, url: &str, provider: &str) -> Said {
        let mac = match self.device(name) {
            Ok(mac) => mac,
            Err(refusal) => return refusal,
        };
        if self.devices.contains_key(&mac) {
            // Assumed: of one's own device too, since every client removes it first.
            return no("mac_already_in_use", name);
        }
        if !is_address(url) {
            return no("url_invalid", url);
        }
        if provider.is_empty() {
            return no("name_invalid", provider);
        }
        self.devices.insert(mac, Device { is_ours: true, url: url.to_owned() });
        Said::verdict(true, "")
    }

    fn found(&self, name: &str) -> Said {
        let mac = match self.own(name) {
            Ok(mac) => mac,
            Err(refusal) => return refusal,
        };
        match self.check {
            Check::Verdict => Said::verdict(true, mac),
            Check::Boolean => Said::Value(Value::Bool(true)),
            Check::Mac => Said::verdict(false, mac),
        }
    }

    /// A device of the account that calls. What is said of another's is assumed.
    fn own(&self, name: &str) -> Result<String, Said> {
        let mac = self.device(name)?;
        match self.devices.get(&mac) {
            Some(device) if device.is_ours => Ok(mac),
            Some(_) => Err(no("mac_already_in_use", name)),
            None => Err(no("mac_not_found", name)),
        }
    }

    /// A device of the maker's, by MAC and MAC-ID.
    fn device(&self, name: &str) -> Result<String, Said> {
        let (told, id) = name.split_once('-').map_or((name, None), |(mac, id)| (mac, Some(id)));
        let mac = mac(told).filter(|mac| mac == told).ok_or_else(|| no("mac_invalid", name))?;
        let label = self.labels.get(&mac).ok_or_else(|| no("mac_not_exist", name))?;
        let is_known = id.map_or(self.without_mac_id, |id| id == label);
        if is_known { Ok(mac) } else { Err(no("mac_invalid", name)) }
    }
}

impl Provider for GigasetXmlrpc {
    fn answer(&mut self, asked: &Asked) -> Answer {
        let door = self.door.clone();
        door.receive(asked, |procedure, params| self.act(procedure, params))
    }

    fn directions(&self, mac: Mac) -> Option<Directions> {
        let name = upper(mac);
        let device = self.devices.get(&name)?;
        Some(Directions { url: device.url.replace("%MACD", &name), user: String::new(), password: String::new() })
    }
}

fn no(word: &str, value: &str) -> Said {
    Said::verdict(false, format!("{word}:{value}"))
}

fn upper(mac: Mac) -> String {
    mac.to_string().to_ascii_uppercase()
}
