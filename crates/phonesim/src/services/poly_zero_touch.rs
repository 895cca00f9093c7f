//! Poly Zero Touch: profiles and devices behind an API key.
//!
//! Paths, bodies, the 404 and the 409 are those that public clients met. What is assumed says so where it stands.

use std::collections::{BTreeMap, BTreeSet};

use domain::Mac;
use http::Method;
use serde_json::{Value, json};

use super::{Answer, Asked, Directions, Provider};

/// Rows of one page. Assumed, as is that more are cut: clients ask for 50.
const PAGE_MAX: usize = 100;

/// What registering a device does that the account has already. Nobody publishes it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Again {
    /// 409, as for another account's.
    #[default]
    Conflict,
    /// 200, and its profile stays what it was.
    Keeps,
    /// 200, and it has the new profile.
    Moves,
}

/// How a page tells where the next begins.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Next {
    /// By a cursor, as was seen.
    #[default]
    Cursor,
    /// By an address of its own. Assumed: many services do.
    Address,
    /// By an address somewhere else, which no client may follow. Assumed, the worst that it could do.
    Elsewhere,
    /// By the cursor that was asked for, for ever. Assumed, as bad.
    Itself,
}

/// What the service is like.
#[derive(Clone, Debug)]
pub struct Options {
    /// The field of a device that names its profile; two were seen: `profile` and `profileid`.
    pub profile_field: &'static str,
    /// Ids of devices come back in capitals. Their case is not known.
    pub capitals: bool,
    /// Registering again.
    pub again: Again,
    /// The way to the next page.
    pub next: Next,
    /// A lookup tells that another account has a device. Assumed: public clients only met 404.
    pub shows_foreign: bool,
    /// The status of a wrong key, whose words alone were seen.
    pub key_status: u16,
    /// A refusal repeats what it was sent. Assumed, the worst that it could do.
    pub echoes: bool,
}

/// A profile.
#[derive(Clone, PartialEq, Eq)]
pub struct ZeroTouchProfile {
    /// Its name.
    pub name: String,
    /// Whether it counts.
    pub enabled: bool,
    /// Where its phones go.
    pub address: String,
    /// With which user.
    pub username: String,
    /// With which password.
    pub password: String,
}

impl std::fmt::Debug for ZeroTouchProfile {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("ZeroTouchProfile").field("name", &self.name).finish_non_exhaustive()
    }
}

/// The service with one account that may call, and the devices of others.
pub struct PolyZeroTouch {
    api_key: String,
    /// What it is like.
    pub options: Options,
    profiles: BTreeMap<String, ZeroTouchProfile>,
    devices: BTreeMap<Mac, String>,
    foreign: BTreeSet<Mac>,
    made: u64,
}

impl std::fmt::Debug for PolyZeroTouch {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("PolyZeroTouch").field("devices", &self.devices.len()).finish_non_exhaustive()
    }
}

impl PolyZeroTouch {
    /// With an account's key.
    pub fn new(api_key: &str) -> Self {
        let options = Options {
            profile_field: "profile",
            capitals: false,
            again: Again::default(),
            next: Next::default(),
            shows_foreign: false,
            key_status: 401,
            echoes: false,
        };
        let (profiles, devices, foreign) = (BTreeMap::new(), BTreeMap::new(), BTreeSet::new());
        Self { api_key: api_key.to_owned(), options, profiles, devices, foreign, made: 0 }
    }

    /// Another account's device.
    pub fn add_foreign(&mut self, mac: Mac) {
        self.foreign.insert(mac);
    }

    /// The account's devices, with the id of the profile of each.
    pub fn devices(&self) -> &BTreeMap<Mac, String> {
        &self.devices
    }

    /// The account's profiles, by id.
    pub fn profiles(&mut self) -> &mut BTreeMap<String, ZeroTouchProfile> {
        &mut self.profiles
    }

    fn route(&mut self, asked: &Asked) -> Result<Answer, Answer> {
        if asked.header("api-key") != self.api_key {
            return Err(said(self.options.key_status, "Unauthorized"));
        }
        let path = asked.path.strip_prefix("/v1/").ok_or_else(|| said(404, "Not Found"))?;
        match (&asked.method, path.split_once('/')) {
            (&Method::GET, None) if path == "devices" => self.list_devices(asked),
            (&Method::POST, None) if path == "devices" => self.add_device(&body(asked)?),
            (&Method::GET, Some(("devices", mac))) => self.device(read_mac(mac)?),
            (&Method::DELETE, Some(("devices", mac))) => self.remove_device(read_mac(mac)?),
            (&Method::GET, None) if path == "profiles" => Ok(self.list_profiles()),
            (&Method::POST, None) if path == "profiles" => self.add_profile(&body(asked)?),
            (&Method::GET, Some(("profiles", id))) => self.profile(id),
            (&Method::PUT, Some(("profiles", id))) => self.change_profile(id, &body(asked)?),
            (&Method::DELETE, Some(("profiles", id))) => self.remove_profile(id),
            // The gateway's own words for a path that it does not know (assumed).
            _ => Err(said(403, "Missing Authentication Token")),
        }
    }

    fn row(&self, mac: Mac, profile: &str) -> Value {
        let id = if self.options.capitals { mac.to_string().to_uppercase() } else { mac.to_string() };
        json!({ "id": id, self.options.profile_field: profile, "created": "2026-11-01T00:00:00Z" })
    }

    fn list_devices(&self, asked: &Asked) -> Result<Answer, Answer> {
        let limit = asked.query_value("limit").map_or(Ok(PAGE_MAX), str::parse).map_err(|_| said(400, "limit is not a number"))?;
        let cursor = asked.query_value("cursor").filter(|cursor| !cursor.is_empty());
        let from = match cursor {
            // What a cursor is made of is its own affair; this one needs escaping on its way (assumed).
            Some(cursor) => cursor.strip_prefix("after%3D").and_then(|mac| mac.parse::<Mac>().ok()).ok_or_else(|| said(400, "cursor"))?,
            None => Mac::from_bytes([0, 0, 0, 0, 0, 1]).map_err(|_| said(400, "cursor"))?,
        };
        let mut rest = self.devices.range(from..).filter(|(mac, _)| cursor.is_none() || **mac != from);
        let page: Vec<_> = rest.by_ref().take(limit.clamp(1, PAGE_MAX)).collect();
        let mut body = json!({ "results": page.iter().map(|(mac, profile)| self.row(**mac, profile)).collect::<Vec<_>>() });
        if let Some((last, _)) = page.last().filter(|_| rest.next().is_some()) {
            body["next"] = json!(match self.options.next {
                Next::Cursor => format!("after={last}"),
                Next::Address => format!("https://{}/v1/devices?limit={limit}&cursor=after%3D{last}", asked.host),
                Next::Elsewhere => format!("https://elsewhere.example.net/v1/devices?cursor=after%3D{last}"),
                Next::Itself => "after=000000000001".to_owned(),
            });
        }
        Ok(Answer::json(200, &body))
    }

    fn device(&self, mac: Mac) -> Result<Answer, Answer> {
        match self.devices.get(&mac) {
            Some(profile) => Ok(Answer::json(200, &self.row(mac, profile))),
            None if self.options.shows_foreign && self.foreign.contains(&mac) => Err(taken()),
            None => Err(said(404, "Not Found")),
        }
    }

    fn add_device(&mut self, body: &Value) -> Result<Answer, Answer> {
        let mac = read_mac(body["id"].as_str().unwrap_or_default())?;
        let profile = body["profile"].as_str().unwrap_or_default();
        if !self.profiles.contains_key(profile) {
            // Assumed: the status and words for a profile that is not there.
            return Err(said(400, "profile does not exist"));
        }
        if self.foreign.contains(&mac) {
            // Assumed: a removal was seen to be answered so.
            return Err(taken());
        }
        match (self.devices.get(&mac), self.options.again) {
            (Some(_), Again::Conflict) => return Err(taken()),
            (Some(kept), Again::Keeps) => return Ok(Answer::json(200, &self.row(mac, kept))),
            (Some(_), Again::Moves) | (None, _) => {}
        }
        self.devices.insert(mac, profile.to_owned());
        Ok(Answer::json(200, &self.row(mac, profile)))
    }

    fn remove_device(&mut self, mac: Mac) -> Result<Answer, Answer> {
        if self.foreign.contains(&mac) {
            return Err(taken());
        }
        self.devices.remove(&mac).ok_or_else(|| said(404, "Not Found"))?;
        Ok(said(200, "Deleted"))
    }

    fn list_profiles(&self) -> Answer {
        // Assumed: the list holds names and ids, one profile the rest.
        let rows: Vec<_> = self.profiles.iter().map(|(id, profile)| json!({ "id": id, "name": profile.name })).collect();
        Answer::json(200, &json!({ "results": rows }))
    }

    fn profile(&self, id: &str) -> Result<Answer, Answer> {
        let profile = self.profiles.get(id).ok_or_else(|| said(404, "Not Found"))?;
        Ok(Answer::json(200, &shown(id, profile)))
    }

    fn add_profile(&mut self, body: &Value) -> Result<Answer, Answer> {
        let profile = self.read_profile(body)?;
        self.made += 1;
        let id = format!("prof-{:08x}", 0xbeef_0000_u64 + self.made);
        let answer = Answer::json(200, &shown(&id, &profile));
        self.profiles.insert(id, profile);
        Ok(answer)
    }

    /// The whole profile anew: what is left out is gone.
    fn change_profile(&mut self, id: &str, body: &Value) -> Result<Answer, Answer> {
        let profile = self.read_profile(body)?;
        let kept = self.profiles.get_mut(id).ok_or_else(|| said(404, "Not Found"))?;
        *kept = profile;
        Ok(Answer::json(200, &shown(id, kept)))
    }

    fn remove_profile(&mut self, id: &str) -> Result<Answer, Answer> {
        if self.devices.values().any(|profile| profile == id) {
            // Assumed: a profile that devices have stays.
            return Err(said(409, "profile is in use"));
        }
        self.profiles.remove(id).ok_or_else(|| said(404, "Not Found"))?;
        Ok(said(200, "Deleted"))
    }

    fn read_profile(&self, body: &Value) -> Result<ZeroTouchProfile, Answer> {
        let text = |value: &Value, chars_max: usize| match value.as_str() {
            Some(text) if text.chars().count() <= chars_max => Ok(text.to_owned()),
            None if value.is_null() => Ok(String::new()),
            _ => Err(said(400, "a field is too long, or no text")),
        };
        let server = &body["template"]["provisioning"]["server"];
        let (name, address) = (text(&body["name"], 100)?, text(&server["address"], 255)?);
        let (username, password) = (text(&server["username"], 64)?, text(&server["password"], 64)?);
        let schemes = ["https://", "http://", "ftp://", "ftps://", "tftp://"];
        if name.is_empty() || !schemes.iter().any(|scheme| address.starts_with(scheme)) {
            return Err(said(400, "name and address must be there"));
        }
        if self.options.echoes {
            return Err(said(400, &format!("refused: {address} {username} {password}")));
        }
        Ok(ZeroTouchProfile { name, enabled: body["enabled"].as_bool().unwrap_or(false), address, username, password })
    }
}

impl Provider for PolyZeroTouch {
    fn answer(&mut self, asked: &Asked) -> Answer {
        self.route(asked).unwrap_or_else(|refusal| refusal)
    }

    fn directions(&self, mac: Mac) -> Option<Directions> {
        let profile = self.profiles.get(self.devices.get(&mac)?).filter(|profile| profile.enabled)?;
        Some(Directions { url: profile.address.clone(), user: profile.username.clone(), password: profile.password.clone() })
    }
}

/// A profile as it is shown. Assumed: without the password, so that no client relies on reading it.
fn shown(id: &str, profile: &ZeroTouchProfile) -> Value {
    let server = json!({ "address": profile.address, "username": profile.username });
    json!({ "id": id, "name": profile.name, "enabled": profile.enabled, "template": { "provisioning": { "server": server } } })
}

/// A MAC in twelve digits, in either case.
fn read_mac(text: &str) -> Result<Mac, Answer> {
    let digits = text.len() == 12 && text.bytes().all(|byte| byte.is_ascii_hexdigit());
    let mac = text.parse::<Mac>().ok().filter(|_| digits);
    // Assumed: that another maker's MAC (here Snom's) is a bad one.
    mac.filter(|mac| mac.bytes()[..3] != [0x00, 0x04, 0x13]).ok_or_else(|| said(400, "invalid MAC"))
}

fn body(asked: &Asked) -> Result<Value, Answer> {
    serde_json::from_slice(&asked.body).map_err(|_| said(400, "no JSON"))
}

fn taken() -> Answer {
    Answer::json(409, &json!({ "error": "device is registered with a different account" }))
}

fn said(status: u16, message: &str) -> Answer {
    Answer::json(status, &json!({ "message": message }))
}
