//! Snom's redirection over XML-RPC, played.

use std::collections::BTreeMap;

use domain::Mac;

use super::xmlrpc::{Door, Param, Said, Spelling, Value, is_address, mac};
use super::{Answer, Asked, Directions, Provider};

/// The service, with one account that calls it and others that have phones too.
#[derive(Clone, Debug)]
pub struct SnomXmlrpc {
    door: Door,
    lists_all: bool,
    names_company: bool,
    phones: BTreeMap<String, Phone>,
}

#[derive(Clone, Debug)]
struct Phone {
    company: String,
    url: String,
    of: &'static str,
}

/// The company of the account that calls.
const OURS: &str = "Example Telephony";

impl SnomXmlrpc {
    /// Where it answers, with the slash behind.
    pub const PATH: &'static str = "/xmlrpc/";

    /// With the login of the account that calls.
    pub fn new(user: &str, password: &str) -> Self {
        let (user, password) = (user.to_owned(), password.to_owned());
        let door = Door { path: Self::PATH, realm: "snom", user, password, spelling: Spelling::default() };
        Self { door, lists_all: true, names_company: true, phones: BTreeMap::new() }
    }

    /// Another way to write the same answers.
    pub fn spell(&mut self, spelling: Spelling) {
        self.door.spelling = spelling;
    }

    /// Lists only by type: the vendor's documentation allows nil, its program always names one. How it refuses nil is assumed.
    pub fn list_by_type(&mut self) {
        self.lists_all = false;
    }

    /// Answers with the address alone where the vendor's documentation has company and address: one client expects it so.
    pub fn omit_company(&mut self) {
        self.names_company = false;
    }

    /// A phone of another company.
    pub fn add_foreign(&mut self, mac: Mac, company: &str) {
        self.phones.insert(upper(mac), Phone { company: company.to_owned(), url: "https://other.example.com/".to_owned(), of: TYPE });
    }

    /// The type of a phone that is registered.
    pub fn make(&mut self, mac: Mac, of: &'static str) {
        if let Some(phone) = self.phones.get_mut(&upper(mac)) {
            phone.of = of;
        }
    }

    fn act(&mut self, procedure: &str, params: &[Param]) -> Said {
        match (procedure, params) {
            // What a ping is answered with is assumed.
            ("network.echo", [Param::Text(text)]) => Said::Value(Value::Text(text.clone())),
            ("redirect.registerPhone", [Param::Text(mac), Param::Text(url)]) => self.register(mac, url),
            ("redirect.deregisterPhone", [Param::Text(told)]) => match self.own(told).map(|(mac, _)| mac) {
                Ok(mac) => {
                    self.phones.remove(&mac);
                    Said::verdict(true, "Ok")
                }
                Err(refusal) => refusal,
            },
            ("redirect.checkPhone", [Param::Text(told)]) => match self.own(told) {
                Ok(_) => Said::verdict(true, "Ok"),
                Err(refusal) => refusal,
            },
            ("redirect.getPhoneRedirection", [Param::Text(told)]) => self.redirection(told),
            ("redirect.listPhones", [Param::Nil]) if self.lists_all => self.list(|_| true),
            ("redirect.listPhones", [Param::Nil]) => Said::verdict(false, "Error:no_type"),
            ("redirect.listPhones", [Param::Text(of)]) if self.phones.values().any(|phone| phone.of == of) => {
                self.list(|phone| phone.of == of)
            }
            // Whether a type without phones is refused is assumed.
            ("redirect.listPhones", [Param::Text(_)]) => Said::verdict(false, "Error:no_such_type"),
            _ => Said::no_such_call(),
        }
    }

    fn register(&mut self, told: &str, url: &str) -> Said {
        match self.own(told) {
            Err(refusal) if maker(told).is_none_or(|mac| self.phones.contains_key(&mac)) => return refusal,
            _ => {}
        }
        if !is_address(url) {
            return Said::verdict(false, "Error:malformed_url");
        }
        let Some(mac) = maker(told) else { return Said::verdict(false, "Error:malformed_mac") };
        let of = self.phones.get(&mac).map_or(TYPE, |phone| phone.of);
        self.phones.insert(mac, Phone { company: OURS.to_owned(), url: url.to_owned(), of });
        Said::verdict(true, "Ok")
    }

    /// A phone of the company that calls.
    fn own(&self, told: &str) -> Result<(String, &Phone), Said> {
        let mac = maker(told).ok_or_else(|| Said::verdict(false, "Error:malformed_mac"))?;
        match self.phones.get(&mac) {
            Some(phone) if phone.company == OURS => Ok((mac, phone)),
            Some(_) => Err(Said::verdict(false, "Error:owned_by_other_user")),
            None => Err(Said::verdict(false, "Error:no_such_mac")),
        }
    }

    fn redirection(&self, told: &str) -> Said {
        let Some(phone) = maker(told).and_then(|mac| self.phones.get(&mac)) else { return Said::verdict(false, "Error:no_such_mac") };
        // That another company's address is kept back is assumed; its name is given.
        let url = if phone.company == OURS { Value::Text(phone.url.clone()) } else { Value::Text(String::new()) };
        let company = Some(Value::Text(phone.company.clone())).filter(|_| self.names_company);
        Said::Value(Value::List([Some(Value::Bool(true)), company, Some(url)].into_iter().flatten().collect()))
    }

    fn list(&self, which: impl Fn(&Phone) -> bool) -> Said {
        let ours = self.phones.iter().filter(|(_, phone)| phone.company == OURS && which(phone));
        Said::Value(Value::List(ours.map(|(mac, _)| Value::Text(mac.clone())).collect()))
    }
}

impl Provider for SnomXmlrpc {
    fn answer(&mut self, asked: &Asked) -> Answer {
        let door = self.door.clone();
        door.receive(asked, |procedure, params| self.act(procedure, params))
    }

    fn directions(&self, mac: Mac) -> Option<Directions> {
        let name = upper(mac);
        let phone = self.phones.get(&name)?;
        Some(Directions { url: phone.url.replace("{mac}", &name), user: String::new(), password: String::new() })
    }
}

/// What a phone is taken for here: nobody tells the service its type. The real one reads it from the MAC, or from the phone (assumed).
const TYPE: &str = "snomD785";

/// A MAC of Snom's ranges.
fn maker(told: &str) -> Option<String> {
    mac(told).filter(|mac| ["000413", "00087B"].iter().any(|range| mac.starts_with(range)))
}

fn upper(mac: Mac) -> String {
    mac.to_string().to_ascii_uppercase()
}
