//! Snom's SRAPS and Gigaset's GRAPE, played: REST with links between resources, signed with Hawk.
//!
//! Calls, fields and paging are those that public clients use. Assumed beyond them: every status of a refusal, that one endpoint can be
//! read, the fields of its answer, the order of checks.

use std::collections::{BTreeMap, BTreeSet};

use domain::Mac;
use http::Method;
use serde_json::{Value, json};

use super::{Answer, Asked, Directions, Provider};

mod hawk;

/// Whose it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Maker {
    /// Snom: SRAPS.
    Snom,
    /// Gigaset: GRAPE.
    Gigaset,
}

/// What it does otherwise than usual: where public sources leave it open.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Habit {
    /// The key may read only: its role is "None".
    ReadsOnly,
    /// One endpoint cannot be read alone (that it can is assumed).
    NoSingleReads,
    /// A write is answered with 204 instead of the endpoint.
    NoEcho,
    /// Lists are an object with `results` and `next` instead of an array and a header.
    ListsInObjects,
    /// The setting of the server stands in another section than Snom's.
    OtherSection,
}

/// The service, with one company and its key.
#[derive(Debug)]
pub struct Sraps {
    /// What it does otherwise.
    pub habits: Vec<Habit>,
    /// Rows of a page at most, whatever is asked for.
    pub page_max: usize,
    /// The host that the company's link names, if it is not this one.
    pub company_host: Option<String>,
    maker: Maker,
    guard: hawk::Guard,
    endpoints: BTreeMap<Mac, Value>,
    foreign: BTreeSet<Mac>,
}

const COMPANY: &str = "/companies/0a1b2c3d";
/// The real list passed 1170 settings in 2026: more than its largest page.
const SETTINGS: usize = 1180;
const SETTING_IDS: &str = "5e771196-0000-4000-8000-";
const PAGE: usize = 20;
const PAGE_MAX: usize = 1000;

impl Sraps {
    /// For a company with this API key.
    pub fn new(maker: Maker, key_id: &str, secret: &str) -> Self {
        Self {
            habits: Vec::new(),
            page_max: PAGE_MAX,
            company_host: None,
            maker,
            guard: hawk::Guard::new(key_id, secret),
            endpoints: BTreeMap::new(),
            foreign: BTreeSet::new(),
        }
    }

    /// A device of another company.
    pub fn add_foreign(&mut self, mac: Mac) {
        self.foreign.insert(mac);
    }

    /// A device that somebody entered in the portal, with a name, a profile and an address.
    pub fn add_by_hand(&mut self, mac: Mac, name: &str, address: &str) {
        let settings = json!({ server_id(): { "value": address, "attrs": { "perm": "RW" } } });
        let endpoint = json!({
            "mac": mac.to_string(), "autoprovisioning_enabled": true, "name": name, "provisioning_profile": "profile-1", "settings_manager": settings,
        });
        self.endpoints.insert(mac, endpoint);
    }

    /// A device of the company, as it is kept.
    pub fn endpoint(&self, mac: Mac) -> Option<&Value> {
        self.endpoints.get(&mac)
    }

    /// How many devices the company has.
    pub fn endpoint_count(&self) -> usize {
        self.endpoints.len()
    }

    fn has(&self, habit: Habit) -> bool {
        self.habits.contains(&habit)
    }

    fn route(&mut self, asked: &Asked, path: &str, root: &str) -> Answer {
        let at = |path: &str| format!("https://{}{root}{path}", asked.host);
        let get = asked.method == Method::GET;
        if let Some(token) = path.strip_prefix("/tokens/") {
            if !get || token != self.guard.key_id() {
                return refused(404, "not_found");
            }
            let host = self.company_host.clone().unwrap_or_else(|| asked.host.clone());
            return Answer::json(200, &json!({ "links": { "company": format!("https://{host}{root}{COMPANY}") } }));
        }
        if path == COMPANY && get {
            return Answer::json(200, &json!({ "name": "Example", "links": { "endpoints": at(&format!("{COMPANY}/endpoints/")) } }));
        }
        if path == "/settings/" && get {
            return self.page(asked, self.settings().iter(), &at(path));
        }
        match path.strip_prefix(COMPANY).and_then(|rest| rest.strip_prefix("/endpoints/")) {
            Some("") if get => self.page(asked, self.endpoints.values(), &at(path)),
            Some("") => refused(405, "method_not_allowed"),
            Some(mac) => self.endpoint_call(asked, mac),
            None => refused(404, "not_found"),
        }
    }

    /// A name may stand in several sections. The one that is meant comes on the second page of even the largest size.
    fn settings(&self) -> Vec<Value> {
        let name = server_setting(self.maker);
        let other = self.has(Habit::OtherSection);
        let row = |n| match n {
            7 if !other => (name.to_owned(), "dect-settings"),
            n if n == SETTINGS - 3 => (name.to_owned(), if other { "provisioning" } else { "phone-settings" }),
            n => (format!("setting_{n}"), "phone-settings"),
        };
        let row = |n| (setting_id(n), row(n));
        (0..SETTINGS).map(row).map(|(id, (name, section))| json!({ "uuid": id, "param_name": name, "section": section })).collect()
    }

    fn page<'a>(&self, asked: &Asked, rows: impl ExactSizeIterator<Item = &'a Value>, address: &str) -> Answer {
        let number = |name| asked.query_value(name).map_or(Ok(0), str::parse::<usize>);
        let (Ok(size), Ok(page)) = (number("page_size"), number("page")) else { return refused(400, "page") };
        if size > PAGE_MAX {
            // Assumed: the limit is known, what comes of passing it is not.
            return refused(400, "page_size");
        }
        let (asked_size, page) = (if size == 0 { PAGE } else { size }, page.max(1));
        let size = asked_size.min(self.page_max);
        let (begin, total) = ((page - 1) * size, rows.len());
        let next = (begin + size < total).then(|| format!("{address}?page_size={asked_size}&page={}", page + 1));
        let rows: Vec<_> = rows.skip(begin).take(size).cloned().collect();
        if self.has(Habit::ListsInObjects) {
            return Answer::json(200, &json!({ "results": rows, "next": next }));
        }
        let mut answer = Answer::json(200, &Value::Array(rows));
        let mut links = vec![format!("<{address}?page_size={asked_size}&page=1>; rel=\"first\"")];
        links.extend(next.map(|next| format!("<{next}>; rel=\"next\"")));
        answer.headers.push(("link", links.join(", ")));
        answer
    }

    fn endpoint_call(&mut self, asked: &Asked, name: &str) -> Answer {
        let Ok(mac) = name.parse::<Mac>() else { return refused(404, "not_found") };
        if self.foreign.contains(&mac) {
            return self.foreign(asked);
        }
        match asked.method {
            Method::GET if self.has(Habit::NoSingleReads) => refused(405, "method_not_allowed"),
            Method::GET => self.endpoints.get(&mac).map_or_else(|| refused(404, "not_found"), |endpoint| Answer::json(200, endpoint)),
            _ if self.has(Habit::ReadsOnly) => refused(403, "role"),
            Method::PUT => self.put(asked, mac),
            Method::DELETE if self.endpoints.remove(&mac).is_some() => Answer::status(204),
            Method::DELETE => refused(404, "not_found"),
            _ => refused(405, "method_not_allowed"),
        }
    }

    /// Both words are known, their statuses are assumed; that a read of it shows nothing is assumed too.
    fn foreign(&self, asked: &Asked) -> Answer {
        match asked.method {
            Method::GET if self.has(Habit::NoSingleReads) => refused(405, "method_not_allowed"),
            Method::GET => refused(404, "not_found"),
            Method::PUT => refused(400, "taken_mac_or_forbidden"),
            _ => Answer::json(403, &json!({ "message": "User lacks permission to endpoint" })),
        }
    }

    /// Creates or replaces: nothing of an earlier endpoint stays.
    fn put(&mut self, asked: &Asked, mac: Mac) -> Answer {
        let Ok(body) = serde_json::from_slice::<Value>(&asked.body) else { return refused(400, "malformed") };
        if !asked.header("content-type").starts_with("application/json") {
            return refused(415, "media_type");
        }
        if body["mac"].as_str().and_then(|text| text.parse().ok()) != Some(mac) || !self.knows(mac) {
            return Answer::json(400, &json!({ "mac": ["Not a MAC of this endpoint."] }));
        }
        if !body["autoprovisioning_enabled"].is_boolean() {
            return Answer::json(400, &json!({ "autoprovisioning_enabled": ["Required."] }));
        }
        let Some(settings) = body["settings_manager"].as_object() else { return refused(400, "settings_manager") };
        for (id, setting) in settings {
            let known = number_of(id).is_some_and(|n| n < SETTINGS);
            let perm = setting["attrs"]["perm"].as_str().is_some_and(|perm| ["R", "RW"].contains(&perm));
            let value = setting["value"].as_str().is_some_and(|value| value.starts_with("http"));
            if !known || !perm || !value {
                // A service that repeats what it refuses: clients must not pass that on.
                return Answer::json(400, &json!({ "message": format!("settings_manager: {} is no value", setting["value"]) }));
            }
        }
        let is_new = self.endpoints.insert(mac, body.clone()).is_none();
        if self.has(Habit::NoEcho) { Answer::status(204) } else { Answer::json(if is_new { 201 } else { 200 }, &body) }
    }

    /// Snom's ranges are known from its own program; Gigaset's are not.
    fn knows(&self, mac: Mac) -> bool {
        let text = mac.to_string();
        self.maker == Maker::Gigaset || text.starts_with("000413") || text.starts_with("00087b")
    }
}

impl Provider for Sraps {
    fn answer(&mut self, asked: &Asked) -> Answer {
        if let Err(challenge) = self.guard.check(asked) {
            let body = json!({ "message": "Unauthorized" });
            let mut answer = Answer::json(401, &body);
            answer.headers.push(("www-authenticate", challenge));
            return answer;
        }
        if !asked.header("accept").contains("application/json") {
            return refused(406, "accept");
        }
        let root = if asked.path.starts_with("/api/v1/") { "/api/v1" } else { "" };
        let path = asked.path.strip_prefix(root).unwrap_or_default().to_owned();
        self.route(asked, &path, root)
    }

    fn directions(&self, mac: Mac) -> Option<Directions> {
        let endpoint = self.endpoints.get(&mac)?;
        let url = endpoint["settings_manager"][server_id()]["value"].as_str()?.to_owned();
        (endpoint["autoprovisioning_enabled"] == true).then(|| Directions { url, user: String::new(), password: String::new() })
    }
}

fn server_setting(maker: Maker) -> &'static str {
    match maker {
        Maker::Snom => "setting_server",
        Maker::Gigaset => "ProvisioningServer",
    }
}

fn server_id() -> String {
    setting_id(SETTINGS - 3)
}

fn setting_id(n: usize) -> String {
    format!("{SETTING_IDS}{n:012x}")
}

fn number_of(setting_id: &str) -> Option<usize> {
    usize::from_str_radix(setting_id.strip_prefix(SETTING_IDS)?, 16).ok()
}

fn refused(status: u16, word: &str) -> Answer {
    Answer::json(status, &json!({ "error": word }))
}
