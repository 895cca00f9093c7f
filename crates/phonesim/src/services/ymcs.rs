//! Yealink's management cloud, version 2: tokens, servers and devices of its redirection part.
//!
//! Shapes, limits and the codes 900400, 900403, 900444, 500403, 500401 and 800005 are those that public clients met. What is assumed
//! says so where it stands.

mod devices;
mod servers;

use std::collections::{BTreeMap, BTreeSet};

use domain::Mac;
use http::Method;
use serde_json::{Value, json};

pub use self::devices::Device;
pub use self::servers::Server;
use super::{Answer, Asked, Directions, Provider};

/// Rows of one page; more are refused, not cut.
const PAGE_MAX: u64 = 500;

/// How far a timestamp may be off. Assumed: nobody publishes it.
const SKEW_MS: i64 = 5 * 60 * 1000;

/// What the service, or this account, is like.
#[derive(Clone, Debug, Default)]
#[expect(clippy::struct_excessive_bools, reason = "independent quirks, each on or off")]
pub struct Options {
    /// Yealink has allowed the account to add devices by MAC alone.
    pub without_serial: bool,
    /// The key may not use this part of the service.
    pub forbidden: bool,
    /// Failures within a call for many carry the code in front of their words (both were seen).
    pub codes_in_texts: bool,
    /// Failures within a call for many are counted and not named. Assumed; a client must not take the others for done.
    pub unnamed_failures: bool,
    /// A serial number that is not the MAC's fails. Off as one live account had it.
    pub checks_serials: bool,
    /// One device that is wrong makes the whole call for many fail, and nothing is written. Assumed.
    pub whole_batches: bool,
    /// A device that is not there makes the whole removal fail, and nothing is removed. Assumed.
    pub whole_removals: bool,
    /// A refusal repeats what it was sent. Assumed, the worst that it could do.
    pub echoes: bool,
}

/// The service with one account that may log in, and the devices and servers of others.
pub struct Ymcs {
    key_id: String,
    secret: String,
    /// What it is like.
    pub options: Options,
    token_seconds: i64,
    tokens: BTreeMap<String, i64>,
    nonces: BTreeSet<String>,
    servers: BTreeMap<String, Server>,
    foreign_servers: BTreeSet<String>,
    devices: BTreeMap<Mac, Device>,
    ids: BTreeMap<String, Mac>,
    foreign: BTreeSet<Mac>,
    serials: BTreeMap<Mac, String>,
    pins: BTreeMap<Mac, String>,
    made: u64,
}

impl std::fmt::Debug for Ymcs {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Ymcs").field("devices", &self.devices.len()).finish_non_exhaustive()
    }
}

impl Ymcs {
    /// With an account's key.
    pub fn new(key_id: &str, secret: &str) -> Self {
        Self {
            key_id: key_id.to_owned(),
            secret: secret.to_owned(),
            options: Options::default(),
            token_seconds: 3600,
            tokens: BTreeMap::new(),
            nonces: BTreeSet::new(),
            servers: BTreeMap::new(),
            foreign_servers: BTreeSet::new(),
            devices: BTreeMap::new(),
            ids: BTreeMap::new(),
            foreign: BTreeSet::new(),
            serials: BTreeMap::new(),
            pins: BTreeMap::new(),
            made: 0,
        }
    }

    /// Another account's device.
    pub fn add_foreign(&mut self, mac: Mac) {
        self.foreign.insert(mac);
    }

    /// Another account's server.
    pub fn add_foreign_server(&mut self, name: &str) {
        self.foreign_servers.insert(name.to_owned());
    }

    /// The serial number that the maker gave a device.
    pub fn know_serial(&mut self, mac: Mac, serial: &str) {
        self.serials.insert(mac, serial.to_owned());
    }

    /// A PIN that the phone asks for.
    pub fn set_pin(&mut self, mac: Mac, pin: &str) {
        self.pins.insert(mac, pin.to_owned());
    }

    /// No token counts any more, though its time is not over.
    pub fn expire_tokens(&mut self) {
        self.tokens.clear();
    }

    /// How long tokens live, of those that it gives from now on.
    pub fn live_for(&mut self, seconds: i64) {
        self.token_seconds = seconds;
    }

    /// The secret is *reacquired*: the old one and its tokens end.
    pub fn reacquire(&mut self, secret: &str) {
        secret.clone_into(&mut self.secret);
        self.tokens.clear();
    }

    /// Our account's device.
    pub fn device(&mut self, mac: Mac) -> Option<&mut Device> {
        self.devices.get_mut(&mac)
    }

    /// Our account's devices.
    pub fn devices(&self) -> impl Iterator<Item = &Device> {
        self.devices.values()
    }

    /// Our account's servers, by id.
    pub fn servers(&self) -> impl Iterator<Item = (&str, &Server)> {
        self.servers.iter().map(|(id, server)| (id.as_str(), server))
    }

    fn id(&mut self) -> String {
        self.made += 1;
        format!("{:032x}", 0x51_u128 << 64 | u128::from(self.made))
    }

    /// Timestamp and nonce, which every call needs.
    fn stamped(&mut self, asked: &Asked) -> Result<(), Answer> {
        let timestamp: Option<i64> = asked.header("timestamp").parse().ok();
        let nonce = asked.header("nonce");
        let hex = (16..=32).contains(&nonce.len()) && nonce.bytes().all(|byte| byte.is_ascii_hexdigit());
        let fresh = timestamp.is_some_and(|at| (asked.now - at).abs() <= SKEW_MS);
        if !asked.header("x-ca-key").is_empty() || !hex || !fresh {
            return Err(refused(401, "500401", "the headers are not those of this version"));
        }
        if !self.nonces.insert(nonce.to_owned()) {
            return Err(refused(403, "500403", "nonce was used before"));
        }
        Ok(())
    }

    fn token(&mut self, asked: &Asked) -> Result<Answer, Answer> {
        if asked.basic() != Some((self.key_id.clone(), self.secret.clone())) {
            // Assumed: the shape of this one.
            return Err(Answer::json(401, &json!({ "error": "invalid_client", "error_description": "Bad client credentials" })));
        }
        if body(asked)?["grant_type"] != "client_credentials" {
            return Err(refused(400, "70011", "grant_type is invalid"));
        }
        let token = format!("token-{}", self.id());
        self.tokens.insert(token.clone(), asked.now + self.token_seconds * 1000);
        Ok(Answer::json(200, &json!({ "access_token": token, "token_type": "bearer", "expires_in": self.token_seconds })))
    }

    fn admitted(&self, asked: &Asked) -> Result<(), Answer> {
        let token = asked.header("authorization").strip_prefix("Bearer ").unwrap_or_default();
        if self.tokens.get(token).is_none_or(|until| *until <= asked.now) {
            return Err(refused(401, "900401", "no session, or one that has ended"));
        }
        if self.options.forbidden {
            return Err(refused(403, "900403", "Request forbidden"));
        }
        Ok(())
    }

    fn route(&mut self, asked: &Asked) -> Result<Answer, Answer> {
        self.stamped(asked)?;
        if asked.path == "/v2/token" && asked.method == Method::POST {
            return self.token(asked);
        }
        self.admitted(asked)?;
        let path = asked.path.strip_prefix("/v2/rps/").unwrap_or_default();
        match (asked.method.as_str(), path.split_once('/')) {
            ("POST", None) => self.post(path, &body(asked)?),
            ("GET", Some(("devices", id))) => self.device_detail(id),
            ("PATCH", Some(("devices", id))) => self.change_device(id, &body(asked)?),
            ("GET", Some(("servers", id))) => self.server_detail(id),
            ("PATCH", Some(("servers", id))) => self.change_server(id, &body(asked)?),
            (_, Some(("servers" | "devices", _))) => Err(Answer::status(405)),
            _ => Err(Answer::status(404)),
        }
    }

    fn post(&mut self, path: &str, body: &Value) -> Result<Answer, Answer> {
        match path {
            "listDevices" => self.list_devices(body),
            "devices" => self.add_device(body),
            "addDevices" => self.add_devices(body, true),
            "addDevicesByMac" if !self.options.without_serial => Err(refused(403, "900403", "Request forbidden")),
            "addDevicesByMac" => self.add_devices(body, false),
            "delDevices" => self.remove_devices(body),
            "listDevicePins" => self.list_pins(body),
            "servers" => self.add_server(body),
            "listServers" => self.list_servers(body),
            "delServers" => self.remove_servers(body),
            _ => Err(Answer::status(404)),
        }
    }
}

impl Provider for Ymcs {
    fn answer(&mut self, asked: &Asked) -> Answer {
        self.route(asked).unwrap_or_else(|refusal| refusal)
    }

    fn directions(&self, mac: Mac) -> Option<Directions> {
        let device = self.devices.get(&mac)?;
        let server = self.servers.get(&device.server_id);
        let own = |own: &str, of: fn(&Server) -> &str| if own.is_empty() { server.map_or("", of).to_owned() } else { own.to_owned() };
        let url = own(&device.own_url, |server| &server.url);
        let (user, password) = (own(&device.auth_name, |server| &server.auth_name), own(&device.password, |server| &server.password));
        (!url.is_empty()).then_some(Directions { url, user, password })
    }

    fn phone_asked(&mut self, mac: Mac, now: i64) {
        if let Some(device) = self.devices.get_mut(&mac) {
            device.connected_ms = now;
        }
    }
}

/// A body of JSON; a POST without one is told so.
fn body(asked: &Asked) -> Result<Value, Answer> {
    if asked.body.is_empty() {
        return Err(refused(412, "900444", "Request body is missing"));
    }
    // Assumed: the answer to a body that is no JSON.
    serde_json::from_slice(&asked.body).map_err(|_| refused(400, "900400", "Request parameters are incorrect or missing"))
}

fn refused(status: u16, code: &str, message: &str) -> Answer {
    Answer::json(status, &json!({ "code": code, "requestId": "6f1d", "message": message, "details": null }))
}

fn bad(field: &str, message: &str) -> Answer {
    let details = [json!({ "field": field, "message": message })];
    Answer::json(
        400,
        &json!({ "code": "900400", "requestId": "6f1e", "message": "Request parameters are incorrect or missing", "details": details }),
    )
}

/// A text of a body: absent is empty, another type or too many characters are refused.
fn text(body: &Value, field: &str, chars_max: usize) -> Result<String, Answer> {
    match &body[field] {
        Value::Null => Ok(String::new()),
        Value::String(text) if text.chars().count() <= chars_max => Ok(text.clone()),
        _ => Err(bad(field, "size or type")),
    }
}

/// A page of rows; an empty one holds `null`.
fn page(body: &Value, rows: Vec<Value>) -> Result<Answer, Answer> {
    let (Some(skip), Some(limit)) = (body["skip"].as_u64(), body["limit"].as_u64()) else { return Err(bad("limit", "must be there")) };
    if !body["filter"].is_object() {
        // Assumed: clients always send one, even an empty one.
        return Err(bad("filter", "must be there"));
    }
    if !(1..=PAGE_MAX).contains(&limit) {
        return Err(bad("limit", "must be between 1 and 500"));
    }
    let total = rows.len();
    let rows: Vec<_> = rows.into_iter().skip(skip as usize).take(limit as usize).collect();
    let data = if rows.is_empty() { Value::Null } else { Value::Array(rows) };
    Ok(Answer::json(200, &json!({ "skip": skip, "limit": limit, "total": total, "data": data })))
}

/// The texts of an array.
fn texts<'a>(body: &'a Value, field: &str, count_max: usize) -> Result<Vec<&'a str>, Answer> {
    let found: Option<Vec<_>> = body[field].as_array().and_then(|items| items.iter().map(Value::as_str).collect());
    let found = found.filter(|found| !found.is_empty()).ok_or_else(|| bad(field, "must be an array of texts"))?;
    if found.len() > count_max { Err(refused(400, "800006", "Batch size exceeds limit")) } else { Ok(found) }
}

/// The result of a call for many.
fn result(total: usize, errors: &[Value], named: bool) -> Answer {
    let (failed, done) = (errors.len(), total - errors.len());
    let errors = if named && failed > 0 { json!(errors) } else { Value::Null };
    Answer::json(200, &json!({ "total": total, "successCount": done, "failureCount": failed, "errors": errors }))
}

#[cfg(test)]
mod tests {
    use http::HeaderMap;

    use super::*;

    const NOW: i64 = 1_700_000_000_000;

    /// A call as a good client would make it, but for what `headers` replace.
    fn call(ymcs: &mut Ymcs, call: &str, body: &str, headers: &[(&'static str, &str)]) -> (u16, Value) {
        let (method, path) = call.split_once(' ').unwrap();
        let mut sent = HeaderMap::new();
        let nonce = format!("{:032x}", ymcs.nonces.len());
        for (name, value) in [("timestamp", "1700000000000"), ("nonce", &nonce), ("authorization", "Bearer t")].iter().chain(headers) {
            sent.insert(*name, value.parse().unwrap());
        }
        ymcs.tokens.insert("t".to_owned(), NOW + 1);
        let asked = Asked {
            method: method.parse().unwrap(),
            path: format!("/v2/{path}"),
            query: String::new(),
            host: "127.0.0.1".to_owned(),
            headers: sent,
            body: body.to_owned().into(),
            now: NOW,
        };
        let answer = ymcs.answer(&asked);
        (answer.status, serde_json::from_slice(&answer.body).unwrap_or(Value::Null))
    }

    #[test]
    fn wrong_shapes_are_refused_as_others_met_it() {
        let mut ymcs = Ymcs::new("k", "s");
        let device = r#"{"mac":"001565000001","sn":"S1"}"#;
        let many = format!("[{}]", vec![device; 101].join(","));
        for (asked, body, status, code) in [
            ("POST rps/listDevices", "", 412, "900444"),
            ("POST rps/listDevices", r#"{"skip":0,"limit":501,"filter":{}}"#, 400, "900400"),
            ("POST rps/listDevices", r#"{"skip":0,"limit":500,"filter":{}}"#, 200, ""),
            ("POST rps/addDevices", &format!(r#"{{"devices":[{device}]}}"#), 412, "900444"),
            ("POST rps/addDevices", &many, 400, "800006"),
            ("POST rps/addDevices", r#"[{"mac":"001565000001"}]"#, 400, "900400"),
            ("POST rps/addDevicesByMac", r#"[{"mac":"001565000001"}]"#, 403, "900403"),
            ("POST rps/devices", &format!("[{device}]"), 412, "900444"),
            ("POST rps/devices", device, 201, ""),
            ("POST rps/devices", device, 400, "800003"),
            ("POST rps/deleteDevices", "{}", 404, ""),
            ("POST rps/delDevices", r#"{"deviceIds":["001565000001"]}"#, 400, "900400"),
            ("GET rps/devices/0", "", 400, "900400"),
            ("DELETE rps/servers/0", "", 405, ""),
            ("PATCH rps/servers/0", r#"{"serverName":"a","url":"https://phones.example.com/"}"#, 400, "900400"),
            ("POST rps/servers", r#"{"serverName":"a-name-of-21-letters-","url":"https://phones.example.com/"}"#, 400, "900400"),
        ] {
            let (got, answer) = call(&mut ymcs, asked, body, &[]);
            assert_eq!((got, answer["code"].as_str().unwrap_or_default()), (status, code), "{asked} {body}");
        }
    }

    #[test]
    fn headers_are_checked_before_anything_else() {
        let mut ymcs = Ymcs::new("k", "s");
        for (header, status, code) in [
            (("nonce", ""), 401, "500401"),
            (("nonce", "no-hex-but-long-enough"), 401, "500401"),
            (("timestamp", ""), 401, "500401"),
            (("timestamp", "1699999000000"), 401, "500401"),
            (("x-ca-key", "k"), 401, "500401"),
            (("authorization", "Bearer other"), 401, "900401"),
            (("nonce", "00000000000000000000000000000000"), 403, "500403"),
        ] {
            let (got, answer) = call(&mut ymcs, "GET rps/devices/0", "", &[header]);
            assert_eq!((got, answer["code"].as_str().unwrap_or_default()), (status, code), "{header:?}");
        }
        let (status, answer) = call(&mut ymcs, "POST token", r#"{"grant_type":"password"}"#, &[("authorization", "Basic azpz")]);
        assert_eq!((status, answer["code"].as_str()), (400, Some("70011")));
        let (status, answer) = call(&mut ymcs, "POST token", "{}", &[("authorization", "Basic azp4")]);
        assert_eq!((status, answer["error"].as_str()), (401, Some("invalid_client")));
    }
}
