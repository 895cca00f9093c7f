//! Grandstream's Device Management System, played: sign-in by password, signed calls, an account's devices, and a configuration for each.
//!
//! Paths, the signature, the frame around answers, error 30010 and the upload are from public sources that called the live service.
//! Assumed: all other codes and words, the status of an ended token, the window of time, `device/delete` as a whole, the form of
//! `lastTime`, that the filter of a list finds parts of a MAC.

use std::collections::{BTreeMap, BTreeSet};

use domain::Mac;
use http::Method;
use serde_json::{Value, json};

use super::{Answer, Asked, Directions, Provider};

mod access;
mod upload;

pub use access::Credentials;

/// What it does otherwise than usual: where public sources leave it open.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Habit {
    /// An ended token is told in the frame of an answer instead of by 401.
    TellsTokenInFrame,
    /// One bad device has a whole call of additions refused.
    RefusesWhole,
    /// A removal of one absent device has the whole call refused.
    RemovesAllOrNone,
    /// A device of another account is told in the words for one of our own.
    ForeignExists,
    /// Errors are bare numbers.
    TellsNumbers,
    /// Numbers come as texts, lists bare.
    LooseShapes,
    /// Removals are unknown.
    NoRemoval,
}

/// The service, with one account.
#[derive(Debug)]
pub struct Gdms {
    /// What it does otherwise.
    pub habits: Vec<Habit>,
    /// Rows of a page at most, whatever is asked for.
    pub page_max: usize,
    access: access::Access,
    serials: BTreeMap<Mac, String>,
    devices: BTreeMap<Mac, Device>,
    foreign: BTreeSet<Mac>,
}

#[derive(Debug)]
struct Device {
    site: u64,
    config: Option<String>,
}

/// The account's organization.
pub const ORGANIZATION: u64 = 71;
/// Its sites by id and name, the default one first.
pub const SITES: [(u64, &str); 2] = [(3345, "Main"), (3346, "Branch")];

const PAGE_MAX: usize = 1000;

impl Gdms {
    /// For an account.
    pub fn new(credentials: Credentials) -> Self {
        let (habits, access) = (Vec::new(), access::Access::new(credentials));
        let (serials, devices, foreign) = (BTreeMap::new(), BTreeMap::new(), BTreeSet::new());
        Self { habits, page_max: PAGE_MAX, access, serials, devices, foreign }
    }

    /// A device that left the factory with this serial number.
    pub fn make(&mut self, mac: Mac, serial: &str) {
        self.serials.insert(mac, serial.to_owned());
    }

    /// A device of another account.
    pub fn add_foreign(&mut self, mac: Mac, serial: &str) {
        self.make(mac, serial);
        self.foreign.insert(mac);
    }

    /// A device that somebody entered in the portal.
    pub fn add_by_hand(&mut self, mac: Mac, serial: &str) {
        self.make(mac, serial);
        self.devices.insert(mac, Device { site: SITES[0].0, config: None });
    }

    /// A configuration of it that somebody uploaded in the portal.
    pub fn configure_by_hand(&mut self, mac: Mac, config: &str) {
        if let Some(device) = self.devices.get_mut(&mac) {
            device.config = Some(config.to_owned());
        }
    }

    /// Ends every token that was given out.
    pub fn end_tokens(&mut self) {
        self.access.end_tokens();
    }

    /// The site of a device of the account.
    pub fn site(&self, mac: Mac) -> Option<u64> {
        self.devices.get(&mac).map(|device| device.site)
    }

    /// How many devices the account has.
    pub fn device_count(&self) -> usize {
        self.devices.len()
    }

    fn has(&self, habit: Habit) -> bool {
        self.habits.contains(&habit)
    }

    fn api(&mut self, asked: &Asked, path: &str) -> Answer {
        let is_upload = path == "device/config/xml";
        let parts = is_upload.then(|| upload::parts(asked)).flatten().unwrap_or_default();
        match self.access.check(asked, &parts) {
            Ok(()) => {}
            Err(access::No::Token) if self.has(Habit::TellsTokenInFrame) => return refused(40102, "access_token expired"),
            Err(access::No::Token) => return Answer::json(401, &json!({ "error": "invalid_token" })),
            Err(access::No::Time) => return refused(40005, "timestamp out of range"),
            Err(access::No::Signature) => return refused(40003, "signature error"),
        }
        if is_upload {
            return self.upload(&parts);
        }
        if asked.method == Method::GET {
            return match path {
                "org/list" => self.list(&[json!({ "id": ORGANIZATION, "organization": "Example", "isDefault": 1 })]),
                "site/list" if asked.query_value("orgId") == Some(&ORGANIZATION.to_string()) => self.list(&sites()),
                "site/list" => refused(50005, "orgId"),
                _ => Answer::status(404),
            };
        }
        let Ok(body) = serde_json::from_slice::<Value>(&asked.body) else { return refused(50005, "no JSON") };
        match path {
            "device/add" => self.add(&body),
            "device/list" => self.devices(&body),
            "device/delete" if !self.has(Habit::NoRemoval) => self.remove(&body),
            _ => Answer::status(404),
        }
    }

    fn list(&self, rows: &[Value]) -> Answer {
        if self.has(Habit::LooseShapes) {
            return Answer::json(200, &json!({ "retCode": "0", "msg": "", "data": rows }));
        }
        let total = rows.len();
        good(&json!({ "result": rows, "total": total, "pages": 1 }))
    }

    /// A batch: devices that are refused are listed, the others are added. Only the serial's error is known, the other words are assumed.
    fn add(&mut self, body: &Value) -> Answer {
        let Some(rows) = body.as_array().filter(|rows| !rows.is_empty()) else { return refused(50005, "an array is wanted") };
        let errors: Vec<_> = rows.iter().map(|row| self.error_of(row)).collect();
        if self.has(Habit::RefusesWhole)
            && let Some(error) = errors.iter().flatten().next()
        {
            return refused(30000, error);
        }
        let mut listed = Vec::new();
        for (row, error) in rows.iter().zip(errors) {
            let mac = mac_of(&row["mac"]);
            match (error, mac) {
                (None, Some(mac)) => {
                    let site = row["siteId"].as_u64().unwrap_or_default();
                    self.devices.insert(mac, Device { site, config: None });
                }
                (error, mac) => listed.push(json!({
                    "orgId": null, "deviceName": null, "siteId": row["siteId"], "sn": row["sn"], "errorMsg": error.unwrap_or_default(),
                    "mac": mac.map(|mac| mac.to_string().to_uppercase()),
                })),
            }
        }
        let failure = listed.len();
        good(&json!({ "total": rows.len(), "success": rows.len() - failure, "failure": failure, "errorDeviceList": listed }))
    }

    fn error_of(&self, row: &Value) -> Option<String> {
        let words = |number: &str, words: &str| Some(if self.has(Habit::TellsNumbers) { number } else { words }.to_owned());
        let Some(mac) = mac_of(&row["mac"]) else { return words("30001", "The MAC format is wrong") };
        if !row["siteId"].as_u64().is_some_and(|id| SITES.iter().any(|(site, _)| *site == id)) {
            return words("30003", "No such site");
        }
        if self.serials.get(&mac).map(String::as_str) != row["sn"].as_str() {
            return Some("30010".to_owned());
        }
        if self.foreign.contains(&mac) && !self.has(Habit::ForeignExists) {
            return words("30098", "The device is bound to another account");
        }
        if self.devices.contains_key(&mac) || self.foreign.contains(&mac) { words("30099", "The device already exists") } else { None }
    }

    fn devices(&self, body: &Value) -> Answer {
        let number = |name: &str| body[name].as_u64().and_then(|number| usize::try_from(number).ok()).filter(|number| *number > 0);
        let (Some(page), Some(size)) = (number("pageNum"), number("pageSize")) else { return refused(50005, "pageNum and pageSize") };
        let wanted = body["mac"].as_str().unwrap_or_default();
        let found: Vec<_> = match mac_of(&body["mac"]) {
            Some(mac) => self.devices.get_key_value(&mac).into_iter().collect(),
            None => self.devices.iter().filter(|(mac, _)| written(**mac).contains(wanted)).collect(),
        };
        let size = size.min(self.page_max);
        let loose = self.has(Habit::LooseShapes);
        let row = |(mac, device): &(&Mac, &Device)| {
            let time = if loose { json!("2026-09-15 12:00:00") } else { json!(1_790_000_000_000_i64) };
            json!({
                "orgId": ORGANIZATION, "mac": written(**mac), "sn": self.serials.get(mac), "siteId": device.site, "status": 1,
                "deviceType": "GRP2614", "lastTime": time, "isSynchronized": u8::from(device.config.is_some()),
            })
        };
        let rows: Vec<_> = found.iter().skip((page - 1) * size).take(size).map(row).collect();
        let pages = found.len().div_ceil(size);
        let rows = if loose && rows.is_empty() { Value::Null } else { json!(rows) };
        good(&json!({ "result": rows, "total": found.len(), "pages": if loose { json!(pages.to_string()) } else { json!(pages) } }))
    }

    /// Assumed as a whole: one client takes this shape, the guide does not name the call.
    fn remove(&mut self, body: &Value) -> Answer {
        let macs: Vec<_> = body["macList"].as_array().into_iter().flatten().filter_map(mac_of).collect();
        let absent: Vec<_> = macs.iter().filter(|mac| !self.devices.contains_key(mac)).copied().collect();
        if self.has(Habit::RemovesAllOrNone) && !absent.is_empty() {
            return refused(30004, "The device does not exist");
        }
        for mac in &macs {
            self.devices.remove(mac);
        }
        let row = |mac: &Mac| json!({ "mac": mac.to_string().to_uppercase(), "errorMsg": "The device does not exist" });
        let errors: Vec<_> = absent.iter().map(row).collect();
        good(&json!({ "total": macs.len(), "failure": errors.len(), "errorDeviceList": errors }))
    }

    fn upload(&mut self, parts: &[upload::Part]) -> Answer {
        let part = |name: &str| parts.iter().find(|part| part.name == name);
        let (Some(mac), Some(file)) = (part("mac"), part("xml").filter(|part| part.is_file)) else { return refused(50005, "mac and xml") };
        let Some(mac) = mac_of(&json!(mac.content)) else { return refused(50005, "mac") };
        let Some(told) = upload::config(&file.content) else {
            // A service that repeats what it refuses: clients must not pass that on.
            return refused(50006, &format!("bad xml: {}", file.content));
        };
        if told.mac.is_some_and(|told| told != mac) {
            return refused(50006, "bad xml: another mac");
        }
        match self.devices.get_mut(&mac) {
            Some(device) => device.config = Some(file.content.clone()),
            None => return refused(30004, "The device does not exist"),
        }
        good(&json!(""))
    }
}

impl Provider for Gdms {
    fn answer(&mut self, asked: &Asked) -> Answer {
        let path = asked.path.strip_prefix("/oapi").unwrap_or(&asked.path).to_owned();
        match path.strip_prefix("/v1.0.0/") {
            Some(path) => self.api(asked, path),
            None if path == "/oauth/token" => self.access.sign_in(asked),
            None => Answer::status(404),
        }
    }

    /// The service delivers the configuration itself; here the phone is told what stands in it.
    fn directions(&self, mac: Mac) -> Option<Directions> {
        let told = upload::config(self.devices.get(&mac)?.config.as_deref()?)?;
        Some(Directions { url: told.url?, user: told.user, password: told.password })
    }
}

fn sites() -> Vec<Value> {
    let row = |(id, name): (u64, &str)| json!({ "id": id, "siteName": name, "isDefault": u8::from(id == SITES[0].0), "children": [] });
    SITES.into_iter().map(row).collect()
}

/// Requests spell it with colons, in capitals.
fn mac_of(value: &Value) -> Option<Mac> {
    let text = value.as_str()?;
    let mac: Mac = text.parse().ok()?;
    (written(mac) == text).then_some(mac)
}

fn written(mac: Mac) -> String {
    mac.with_colons().to_uppercase()
}

fn good(data: &Value) -> Answer {
    Answer::json(200, &json!({ "retCode": 0, "msg": "", "data": data }))
}

fn refused(code: u32, words: &str) -> Answer {
    Answer::json(200, &json!({ "retCode": code, "msg": words, "data": null }))
}
