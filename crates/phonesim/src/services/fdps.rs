//! Fanvil's device provisioning service, played.

use std::collections::BTreeMap;

use domain::Mac;
use md5::{Digest as _, Md5};

use super::xmlrpc::{Door, Param, Said, Spelling, Value, mac};
use super::{Answer, Asked, Directions, Provider};

/// The service, with one account that calls it and others that have devices too.
#[derive(Clone, Debug)]
pub struct Fdps {
    door: Door,
    servers: BTreeMap<String, BTreeMap<String, String>>,
    devices: BTreeMap<String, Device>,
}

#[derive(Clone, Debug)]
enum Device {
    Ours { server: String },
    Foreign,
}

impl Fdps {
    /// Where it answers.
    pub const PATH: &'static str = "/xmlrpc.php";

    /// With the login of the account that calls; the password as a person knows it.
    pub fn new(user: &str, password: &str) -> Self {
        let (user, password) = (user.to_owned(), md5(&md5(password)));
        let spelling = Spelling { blanks: true, ..Spelling::default() };
        let door = Door { path: Self::PATH, realm: "FDPS", user, password, spelling };
        Self { door, servers: BTreeMap::new(), devices: BTreeMap::new() }
    }

    /// Another way to write the same answers.
    pub fn spell(&mut self, spelling: Spelling) {
        self.door.spelling = spelling;
    }

    /// A device of another account.
    pub fn add_foreign(&mut self, mac: Mac) {
        self.devices.insert(upper(mac), Device::Foreign);
    }

    /// The names of the account's server records.
    pub fn servers(&self) -> Vec<String> {
        self.servers.keys().cloned().collect()
    }

    fn act(&mut self, procedure: &str, params: &[Param]) -> Said {
        match (procedure, params) {
            ("redirect.listDevices", []) => {
                let ours = self.devices.iter().filter(|(_, device)| matches!(device, Device::Ours { .. }));
                let macs = ours.map(|(mac, _)| Value::Text(mac.clone())).collect();
                Said::Value(Value::List(vec![Value::Bool(true), Value::List(macs)]))
            }
            ("redirect.deRegisterDevice", [Param::Text(told)]) => self.deregister(told),
            ("redirect.deleteServer", [Param::Text(name)]) => self.delete(name),
            ("redirect.addMaterialServer", [Param::Texts(fields)]) => self.add(fields),
            ("redirect.registerDevice", [Param::Text(told), Param::Text(server)]) => self.register(told, server),
            _ => Said::no_such_call(),
        }
    }

    fn deregister(&mut self, told: &str) -> Said {
        let Some(mac) = maker(told) else { return no(" mac_format_error") };
        match self.devices.get(&mac) {
            Some(Device::Ours { .. }) => {
                self.devices.remove(&mac);
                yes()
            }
            // Assumed: another's device is not there for this account.
            Some(Device::Foreign) | None => no("device_not_exist"),
        }
    }

    fn delete(&mut self, name: &str) -> Said {
        let holds = |device: &Device| matches!(device, Device::Ours { server } if server == name);
        if self.devices.values().any(holds) {
            // That it is refused is known; the text is assumed.
            return no("server_in_use");
        }
        // Both texts are in use.
        if self.servers.remove(name).is_some() { yes() } else { no("server_not_existed") }
    }

    fn add(&mut self, fields: &[String]) -> Said {
        let pairs: Option<BTreeMap<_, _>> = fields.iter().map(|field| field.split_once('=')).collect();
        let Some(pairs) = pairs else { return Said::no_such_call() };
        let value = |name: &str| pairs.get(name).copied().unwrap_or_default();
        let name = value("cfgName").to_owned();
        // Assumed: no name, and one that is taken.
        if name.is_empty() || self.servers.contains_key(&name) {
            return no("server_had_existed");
        }
        let host = value("cfgPfSrv");
        let is_host = !host.is_empty() && !host.contains(['/', '@', ' ']);
        if !is_host || value("cfgPfName").starts_with('/') || !["1", "2", "4", "5"].contains(&value("cfgPfProt")) {
            return no(" url_format_error");
        }
        let record = pairs.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
        self.servers.insert(name, record);
        yes()
    }

    fn register(&mut self, told: &str, server: &str) -> Said {
        let Some(mac) = maker(told) else { return no(" mac_format_error") };
        // Known of another's device; of one's own it is assumed.
        if self.devices.contains_key(&mac) {
            return no(" device_had_existed");
        }
        if !self.servers.contains_key(server) {
            return no("server_not_exist");
        }
        self.devices.insert(mac, Device::Ours { server: server.to_owned() });
        yes()
    }
}

impl Provider for Fdps {
    fn answer(&mut self, asked: &Asked) -> Answer {
        let door = self.door.clone();
        door.receive(asked, |procedure, params| self.act(procedure, params))
    }

    fn directions(&self, mac: Mac) -> Option<Directions> {
        let Device::Ours { server } = self.devices.get(&upper(mac))? else { return None };
        let record = self.servers.get(server)?;
        let value = |name: &str| record.get(name).map(String::as_str).unwrap_or_default();
        let scheme = match value("cfgPfProt") {
            "1" => "ftp",
            "2" => "tftp",
            "4" => "http",
            _ => "https",
        };
        let url = format!("{scheme}://{}/{}", value("cfgPfSrv"), value("cfgPfName"));
        Some(Directions { url: url.replace("$mac", &mac.to_string()), user: String::new(), password: String::new() })
    }
}

/// In small hexadecimal digits.
fn md5(text: &str) -> String {
    let digest: [u8; 16] = Md5::digest(text.as_bytes()).into();
    format!("{:032x}", u128::from_be_bytes(digest))
}

fn yes() -> Said {
    Said::verdict(true, "OK")
}

fn no(word: &str) -> Said {
    Said::verdict(false, format!("Error:{word}"))
}

/// A MAC of Fanvil's ranges. That the service knows them is assumed.
fn maker(told: &str) -> Option<String> {
    mac(told).filter(|mac| ["0C383E", "00A859"].iter().any(|range| mac.starts_with(range)))
}

fn upper(mac: Mac) -> String {
    mac.to_string().to_ascii_uppercase()
}
