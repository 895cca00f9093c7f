//! Panasonic's redirection over XML-RPC, played.

use std::collections::BTreeMap;

use domain::{Mac, Time};

use super::xmlrpc::{Door, Param, Said, Spelling, Value, is_address, mac};
use super::{Answer, Asked, Directions, Provider};

/// The service, with one account that calls it and others that have phones too.
#[derive(Clone, Debug)]
pub struct Panasonic {
    door: Door,
    numbers: Numbers,
    phones: BTreeMap<String, Phone>,
}

/// What its faults are numbered like: two sources contradict each other.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Numbers {
    /// As in the samples of the specification: 201 for a MAC that it does not take, 203 for another's phone. What it says of a phone
    /// that nobody registered is in no sample; 201 is assumed.
    #[default]
    Specification,
    /// As an implementation reads them: 200 for a bad MAC, 201 for an unknown phone, 202 for another's; their texts are assumed.
    Implementation,
}

#[derive(Clone, Debug)]
struct Phone {
    is_ours: bool,
    url: String,
    registered: String,
    accessed: Option<String>,
}

impl Panasonic {
    /// Where it answers.
    pub const PATH: &'static str = "/redirect/xmlrpc";

    /// With the login of the account that calls.
    pub fn new(user: &str, password: &str) -> Self {
        let (user, password) = (user.to_owned(), password.to_owned());
        let door = Door { path: Self::PATH, realm: "Please Enter Your Password", user, password, spelling: Spelling::default() };
        Self { door, numbers: Numbers::default(), phones: BTreeMap::new() }
    }

    /// Another way to write the same answers.
    pub fn spell(&mut self, spelling: Spelling) {
        self.door.spelling = spelling;
    }

    /// Another way to number its faults.
    pub fn number(&mut self, numbers: Numbers) {
        self.numbers = numbers;
    }

    /// A phone of another account.
    pub fn add_foreign(&mut self, mac: Mac) {
        let url = "https://other.example.com/".to_owned();
        let phone = Phone { is_ours: false, url, registered: "20250101T00:00:00".to_owned(), accessed: None };
        self.phones.insert(upper(mac), phone);
    }

    /// A phone asked at this time (`20260131T08:09:10`, UTC).
    pub fn accessed(&mut self, mac: Mac, at: &str) {
        if let Some(phone) = self.phones.get_mut(&upper(mac)) {
            phone.accessed = Some(at.to_owned());
        }
    }

    fn act(&mut self, now: i64, procedure: &str, params: &[Param]) -> Said {
        match (procedure, params) {
            ("ipredirect.listPhones", []) => {
                let ours = self.phones.iter().filter(|(_, phone)| phone.is_ours);
                Said::Value(Value::List(ours.map(|(mac, _)| Value::Text(mac.clone())).collect()))
            }
            ("ipredirect.getPhone", [Param::Text(mac)]) => {
                self.own(mac).map_or_else(|fault| fault, |(mac, phone)| Said::Value(told(&mac, phone)))
            }
            ("ipredirect.unregisterPhone", [Param::Text(mac)]) => match self.own(mac).map(|(mac, _)| mac) {
                Ok(mac) => {
                    self.phones.remove(&mac);
                    Said::Value(Value::Bool(true))
                }
                Err(fault) => fault,
            },
            ("ipredirect.registerPhone", [Param::Text(mac), Param::Text(url)]) => self.register(now, mac, url),
            _ => Said::no_such_call(),
        }
    }

    fn register(&mut self, now: i64, told: &str, url: &str) -> Said {
        let Some(mac) = maker(told) else { return self.bad(told) };
        if self.phones.get(&mac).is_some_and(|phone| !phone.is_ours) {
            return self.foreign(&mac);
        }
        if !is_address(url) {
            // The number is an implementation's, the text is assumed.
            return Said::Fault(100, format!("{url}: Invalid URL"));
        }
        let registered = written(now);
        let accessed = self.phones.remove(&mac).and_then(|phone| phone.accessed);
        self.phones.insert(mac, Phone { is_ours: true, url: url.to_owned(), registered, accessed });
        Said::Value(Value::Bool(true))
    }

    /// A phone of the account that calls.
    fn own(&self, told: &str) -> Result<(String, &Phone), Said> {
        let mac = maker(told).ok_or_else(|| self.bad(told))?;
        match self.phones.get(&mac) {
            Some(phone) if phone.is_ours => Ok((mac, phone)),
            Some(_) => Err(self.foreign(&mac)),
            None => Err(match self.numbers {
                Numbers::Specification => Said::Fault(201, format!("{mac}:Invalid MAC address")),
                Numbers::Implementation => Said::Fault(201, format!("{mac}: unknown")),
            }),
        }
    }

    fn bad(&self, mac: &str) -> Said {
        match self.numbers {
            Numbers::Specification => Said::Fault(201, format!("{mac}:Invalid MAC address")),
            Numbers::Implementation => Said::Fault(200, mac.to_owned()),
        }
    }

    fn foreign(&self, mac: &str) -> Said {
        match self.numbers {
            Numbers::Specification => Said::Fault(203, format!("{mac}: You are not owner of the phone.")),
            Numbers::Implementation => Said::Fault(202, mac.to_owned()),
        }
    }
}

impl Provider for Panasonic {
    fn answer(&mut self, asked: &Asked) -> Answer {
        let door = self.door.clone();
        door.receive(asked, |procedure, params| self.act(asked.now, procedure, params))
    }

    fn directions(&self, mac: Mac) -> Option<Directions> {
        let name = upper(mac);
        let phone = self.phones.get(&name)?;
        // `{MAC}` is documented; here it is the service that fills it in, there it may be the phone.
        Some(Directions { url: phone.url.replace("{MAC}", &name), user: String::new(), password: String::new() })
    }

    fn phone_asked(&mut self, mac: Mac, now: i64) {
        self.accessed(mac, &written(now));
    }
}

/// `20260131T08:09:10`.
fn written(now: i64) -> String {
    Time::from_millis(now).rfc3339().replace(['-', 'Z'], "")
}

fn told(mac: &str, phone: &Phone) -> Value {
    let nil_or = |at: &Option<String>| at.clone().map_or(Value::Nil, Value::At);
    Value::Map(vec![
        ("mac", Value::Text(mac.to_owned())),
        ("url", Value::Text(phone.url.clone())),
        ("register_date", Value::At(phone.registered.clone())),
        ("access_date", nil_or(&phone.accessed)),
        ("note", Value::Text(String::new())),
        ("model", Value::Nil),
        ("version", Value::Nil),
        ("profile", Value::Nil),
    ])
}

/// A MAC of Panasonic's ranges. That the service knows them is assumed.
fn maker(told: &str) -> Option<String> {
    mac(told).filter(|mac| ["0080F0", "080023", "BCC342"].iter().any(|range| mac.starts_with(range)))
}

fn upper(mac: Mac) -> String {
    mac.to_string().to_ascii_uppercase()
}
