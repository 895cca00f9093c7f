//! Grandstream's Device Management System. It redirects nobody: a device is added to the account with its serial number, and then gets a
//! configuration of its own over the cloud that names our door and the global login.

use async_trait::async_trait;
use domain::{Mac, Secret, Span, Time};
use reqwest::Method;
use reqwest::header::{CONTENT_TYPE, HeaderName};
use serde_json::{Value, json};
use tokio::sync::{Mutex, OnceCell};

use crate::account::Credentials;
use crate::limits::PAGES_MAX;
use crate::outcome::{Failure, Outcome};
use crate::road::{Ask, Line};
use crate::service::{Entry, Listed, Page, Service, Standing, Target};
use rows::{chosen, is_id, listed, mac_of, number, rows};
use words::{Envelope, Verdict, text};

mod config;
mod rows;
mod sign;
mod words;

/// Devices of a page; the service's own limit is not public.
const PAGE: usize = 100;
/// A token is renewed before its end.
const EARLY: Span = Span::from_millis(60_000);
/// How long a token lasts that does not say so.
const TOKEN_SECONDS: i64 = 1800;

/// The client.
pub(crate) struct Gdms {
    line: Line,
    credentials: Credentials,
    token: Mutex<Option<Token>>,
    place: OnceCell<Place>,
}

#[derive(Clone)]
struct Token {
    text: Secret<String>,
    until: Time,
}

/// Where in the account devices go.
struct Place {
    organization: Value,
    site: Value,
}

/// What a call carries.
enum Body<'a> {
    Nothing,
    Json(Value),
    /// A configuration for a device.
    Config {
        mac: String,
        organization: Option<String>,
        xml: &'a Secret<String>,
    },
}

impl Gdms {
    pub(crate) fn new(line: Line, credentials: Credentials) -> Self {
        Self { line, credentials, token: Mutex::new(None), place: OnceCell::new() }
    }

    /// The token; another than `ended`, if that one is known to be no good.
    async fn token(&self, ended: Option<&Token>) -> Result<Token, Failure> {
        let mut kept = self.token.lock().await;
        let is_good = |token: &&Token| token.until > self.line.now() && ended.is_none_or(|ended| ended.text != token.text);
        if let Some(token) = kept.as_ref().filter(is_good) {
            return Ok(token.clone());
        }
        *kept = None;
        let token = self.sign_in().await?;
        *kept = Some(token.clone());
        Ok(token)
    }

    async fn sign_in(&self) -> Result<Token, Failure> {
        let url = self.line.at("oauth/token");
        let mut form = url.clone();
        let get = |name| self.credentials.get(name);
        form.query_pairs_mut().extend_pairs([
            ("username", get("user")),
            ("password", &sign::password(get("password"))),
            ("grant_type", "password"),
            ("client_id", get("client_id")),
            ("client_secret", get("client_secret")),
        ]);
        let body = Some(("application/x-www-form-urlencoded", form.query().unwrap_or_default().as_bytes().to_vec()));
        let reply = self.line.send(Ask { method: Method::POST, url, headers: Vec::new(), body }).await?;
        if [400, 401, 403].contains(&reply.status) {
            return Err(Failure::Auth);
        }
        if !reply.is_good() {
            return Err(Failure::protocol(format!("status {}", reply.status)));
        }
        let content: Value = reply.json()?;
        let Some(text) = content["access_token"].as_str() else {
            let is_no = content.get("error").is_some() || content.get("retCode").is_some();
            return Err(if is_no { Failure::Auth } else { Failure::protocol("no token") });
        };
        let seconds = words::text(&content["expires_in"]).and_then(|text| text.parse().ok()).unwrap_or(TOKEN_SECONDS);
        let until = self.line.now() + Span::from_millis(seconds.clamp(0, 1_000_000) * 1000) - EARLY;
        Ok(Token { text: Secret::new(text.to_owned()), until })
    }

    /// Sends a call; once more with another token if the first had ended, as nothing was done then.
    async fn call(&self, method: Method, path: &str, query: &[(&str, &str)], body: Body<'_>) -> Result<Envelope, Failure> {
        let token = self.token(None).await?;
        let reply = self.line.send(self.signed(&method, path, query, &body, &token)).await?;
        if let Verdict::Told(envelope) = words::verdict(&reply)? {
            return Ok(envelope);
        }
        let token = self.token(Some(&token)).await?;
        let reply = self.line.send(self.signed(&method, path, query, &body, &token)).await?;
        match words::verdict(&reply)? {
            Verdict::Told(envelope) => Ok(envelope),
            Verdict::TokenEnded => Err(Failure::Auth),
        }
    }

    fn signed(&self, method: &Method, path: &str, query: &[(&str, &str)], body: &Body<'_>, token: &Token) -> Ask {
        let now = self.line.now().millis().to_string();
        let mut sent = query.to_vec();
        sent.extend([("access_token", token.text.expose().as_str()), ("timestamp", &now)]);
        let mut values = sent.clone();
        // Signed, and never sent.
        values.extend(["client_id", "client_secret"].map(|name| (name, self.credentials.get(name))));
        let mut headers = Vec::new();
        let (signature, body) = match body {
            Body::Nothing => (sign::signature(values, None), None),
            Body::Json(content) => {
                let bytes = content.to_string().into_bytes();
                (sign::signature(values, Some(&bytes)), Some(("application/json", bytes)))
            }
            Body::Config { mac, organization, xml } => {
                let hash = sign::file(xml.expose().as_bytes());
                values.extend([("mac", mac.as_str()), ("xml", &hash)]);
                values.extend(organization.as_deref().map(|id| ("orgId", id)));
                let (header, bytes) = self.multipart(mac, organization.as_deref(), xml);
                headers.push(header);
                (sign::signature(values, None), Some(("multipart/form-data", bytes)))
            }
        };
        let mut url = self.line.at(&format!("v1.0.0/{path}"));
        url.query_pairs_mut().extend_pairs(sent).append_pair("signature", &signature);
        Ask { method: method.clone(), url, headers, body }
    }

    fn multipart(&self, mac: &str, organization: Option<&str>, xml: &Secret<String>) -> ((HeaderName, String), Vec<u8>) {
        let boundary = self.line.random::<16>().map(|byte| format!("{byte:02x}")).concat();
        let part = |name: &str, more: &str, content: &str| {
            format!("--{boundary}\r\nContent-Disposition: form-data; name=\"{name}\"{more}\r\n\r\n{content}\r\n")
        };
        let mut body = part("mac", "", mac);
        if let Some(organization) = organization {
            body += &part("orgId", "", organization);
        }
        body += &part("xml", "; filename=\"config.xml\"\r\nContent-Type: text/xml", xml.expose());
        body.extend(["--", &boundary, "--\r\n"]);
        ((CONTENT_TYPE, format!("multipart/form-data; boundary={boundary}")), body.into_bytes())
    }

    /// Organization and site: their ids as the account gives them, or found by name, or the only or default ones.
    async fn find_place(&self) -> Result<Place, Failure> {
        // Even if both ids are known: this is the call that proves the credentials.
        let organizations = self.call(Method::GET, "org/list", &[], Body::Nothing).await?.good()?;
        let organization = chosen("organization", self.credentials.get("organization"), rows(&organizations)?)?;
        let site = self.credentials.get("site");
        if is_id(site) {
            return Ok(Place { organization, site: number(site) });
        }
        let id = text(&organization).unwrap_or_default();
        let sites = self.call(Method::GET, "site/list", &[("orgId", &id)], Body::Nothing).await?.good()?;
        let site = chosen("site", site, rows(&sites)?)?;
        Ok(Place { organization, site })
    }

    async fn place(&self) -> Result<&Place, Failure> {
        self.place.get_or_try_init(|| self.find_place()).await
    }

    /// Adds devices in one call; what the service says of each, or its refusal of them all.
    async fn add(&self, entries: &[&Entry]) -> Result<Result<Vec<Outcome>, Envelope>, Failure> {
        let place = self.place().await?;
        let row = |entry: &&Entry| {
            let serial = entry.serial.as_deref().unwrap_or_default().trim();
            json!({ "mac": wire(entry.mac), "sn": serial, "siteId": place.site, "orgId": place.organization })
        };
        let body = Body::Json(entries.iter().map(row).collect());
        let envelope = self.call(Method::POST, "device/add", &[], body).await?;
        if !envelope.is_good() {
            return Ok(Err(envelope));
        }
        Ok(Ok(each(&entries.iter().map(|entry| entry.mac).collect::<Vec<_>>(), &envelope.data)))
    }

    /// Adds devices; if the service refuses them all, one by one, so that one bad device stops nobody.
    async fn add_all(&self, entries: &[&Entry]) -> Result<Vec<Outcome>, Failure> {
        let refusal = match self.add(entries).await? {
            Ok(outcomes) => return Ok(outcomes),
            Err(envelope) => envelope,
        };
        if let [_] = entries {
            return Ok(vec![refusal.outcome()]);
        }
        // A limit or a missing permission is not one device's.
        if let failure @ (Failure::RateLimited { .. } | Failure::NotPermitted { .. }) = refusal.failure() {
            return Err(failure);
        }
        let mut outcomes = Vec::with_capacity(entries.len());
        for entry in entries {
            match self.add(&[*entry]).await {
                Ok(Ok(mut one)) => outcomes.append(&mut one),
                Ok(Err(envelope)) => outcomes.push(envelope.outcome()),
                Err(failure) if outcomes.is_empty() => return Err(failure),
                Err(_) => break,
            }
        }
        outcomes.resize(entries.len(), Outcome::Uncertain);
        Ok(outcomes)
    }

    /// What an addition that did not simply succeed means: the device may be in the account already.
    async fn settled(&self, entry: &Entry, outcome: Outcome) -> Result<Outcome, Failure> {
        if outcome.is_done() || !may_be_there(&outcome) {
            return Ok(outcome);
        }
        Ok(match (self.find(entry.mac).await?, outcome) {
            (Some(_), _) => Outcome::Done,
            (None, Outcome::AlreadyOurs) => Outcome::OwnedByOther { owner: None },
            (None, outcome) => outcome,
        })
    }

    /// Hands a device of the account its configuration.
    async fn push(&self, entry: &Entry) -> Result<Outcome, Failure> {
        let Target::Config(profile) = &entry.target else { return Ok(Outcome::InvalidProfile) };
        let xml = match config::config(entry.mac, profile) {
            Ok(xml) => xml,
            Err(outcome) => return Ok(outcome),
        };
        let organization = text(&self.place().await?.organization);
        let body = Body::Config { mac: wire(entry.mac), organization, xml: &xml };
        let envelope = self.call(Method::POST, "device/config/xml", &[], body).await?;
        match envelope.failure() {
            _ if envelope.is_good() => Ok(Outcome::Done),
            failure @ (Failure::RateLimited { .. } | Failure::NotPermitted { .. }) => Err(failure),
            _ => Ok(envelope.outcome()),
        }
    }

    async fn page(&self, number: usize, mac: Option<Mac>) -> Result<(Vec<Listed>, bool), Failure> {
        let mut body = json!({ "pageNum": number, "pageSize": PAGE, "orgId": self.place().await?.organization });
        if let Some(mac) = mac {
            body["mac"] = json!(wire(mac));
        }
        let data = self.call(Method::POST, "device/list", &[], Body::Json(body)).await?.good()?;
        let rows = rows(&data)?;
        let pages = text(&data["pages"]).and_then(|pages| pages.parse::<usize>().ok());
        let more = pages.map_or(rows.len() >= PAGE, |pages| number < pages) && !rows.is_empty();
        Ok((rows.iter().filter_map(listed).collect(), more))
    }

    /// The device, if it is in the account. The service's filter may find more than was asked for.
    async fn find(&self, mac: Mac) -> Result<Option<Listed>, Failure> {
        for number in 1..=PAGES_MAX {
            let (items, more) = self.page(number, Some(mac)).await?;
            if let Some(found) = items.into_iter().find(|item| item.mac == mac) {
                return Ok(Some(found));
            }
            if !more {
                return Ok(None);
            }
        }
        Err(Failure::protocol("a list without an end"))
    }
}

#[async_trait]
impl Service for Gdms {
    async fn verify(&self) -> Result<(), Failure> {
        self.find_place().await.map(|_| ())
    }

    async fn register(&self, entries: &[Entry]) -> Result<Vec<Outcome>, Failure> {
        let mut outcomes: Vec<Option<Outcome>> = entries.iter().map(refused_here).collect();
        let sent: Vec<_> = entries.iter().zip(&outcomes).filter(|(_, outcome)| outcome.is_none()).map(|(entry, _)| entry).collect();
        if sent.is_empty() {
            return Ok(outcomes.into_iter().flatten().collect());
        }
        let mut added = self.add_all(&sent).await?.into_iter();
        let mut in_doubt = false;
        for (entry, outcome) in entries.iter().zip(&mut outcomes).filter(|(_, outcome)| outcome.is_none()) {
            let told = added.next().unwrap_or(Outcome::Uncertain);
            // Devices are added by now: from here on a failure is a doubt about each that has no configuration yet.
            let done = if in_doubt {
                Ok(if may_be_there(&told) { Outcome::Uncertain } else { told })
            } else {
                match self.settled(entry, told).await {
                    Ok(Outcome::Done) => self.push(entry).await,
                    other => other,
                }
            };
            in_doubt |= done.is_err();
            *outcome = Some(done.unwrap_or(Outcome::Uncertain));
        }
        Ok(outcomes.into_iter().flatten().collect())
    }

    async fn retarget(&self, entries: &[Entry]) -> Result<Vec<Outcome>, Failure> {
        let mut outcomes = Vec::with_capacity(entries.len());
        for entry in entries {
            match self.push(entry).await {
                Ok(outcome) => outcomes.push(outcome),
                Err(failure) if outcomes.is_empty() => return Err(failure),
                Err(_) => break,
            }
        }
        outcomes.resize(entries.len(), Outcome::Uncertain);
        Ok(outcomes)
    }

    async fn unregister(&self, devices: &[Entry]) -> Result<Vec<Outcome>, Failure> {
        let macs: Vec<_> = devices.iter().map(|device| wire(device.mac)).collect();
        let body = json!({ "macList": macs, "orgId": self.place().await?.organization });
        let envelope = self.call(Method::POST, "device/delete", &[], Body::Json(body)).await?;
        if envelope.is_good() {
            let told = each(&devices.iter().map(|device| device.mac).collect::<Vec<_>>(), &envelope.data);
            return Ok(told.into_iter().map(gone).collect());
        }
        if let failure @ (Failure::RateLimited { .. } | Failure::NotPermitted { .. }) = envelope.failure() {
            return Err(failure);
        }
        // One absent device may be why all are refused: those that are still there are asked for again by the caller.
        let mut outcomes = Vec::with_capacity(devices.len());
        for device in devices {
            let is_there = self.find(device.mac).await?.is_some();
            outcomes.push(if is_there { Outcome::refused(envelope.said()) } else { Outcome::Done });
        }
        Ok(outcomes)
    }

    async fn look_up(&self, device: &Entry) -> Result<Standing, Failure> {
        Ok(self.find(device.mac).await?.map_or(Standing::NotVisible, Standing::Ours))
    }

    async fn list(&self, cursor: Option<&str>) -> Result<Page, Failure> {
        let number = cursor.map_or(Ok(1), str::parse).map_err(|_| Failure::refused("no place in this list"))?;
        let (items, more) = self.page(number, None).await?;
        Ok(Page { items, next: more.then(|| (number + 1).to_string()) })
    }
}

/// Whether a device is in the account after its addition, or may have been before.
fn may_be_there(outcome: &Outcome) -> bool {
    matches!(outcome, Outcome::Done | Outcome::AlreadyOurs | Outcome::Refused { .. })
}

/// What is not worth a call.
fn refused_here(entry: &Entry) -> Option<Outcome> {
    let Target::Config(profile) = &entry.target else { return Some(Outcome::InvalidProfile) };
    if entry.serial.as_deref().is_none_or(|serial| serial.trim().is_empty()) {
        return Some(Outcome::MissingSerial);
    }
    config::config(entry.mac, profile).err()
}

/// Absent is done.
fn gone(outcome: Outcome) -> Outcome {
    if outcome == Outcome::NotFound { Outcome::Done } else { outcome }
}

/// One outcome for each device of a call that was taken: those that are listed as errors have theirs. If the service tells of more errors
/// than can be laid at somebody's door, the others are in doubt.
fn each(devices: &[Mac], data: &Value) -> Vec<Outcome> {
    let errors = data["errorDeviceList"].as_array().map(Vec::as_slice).unwrap_or_default();
    let counted = text(&data["failure"]).and_then(|count| count.parse::<usize>().ok()).unwrap_or_default().max(errors.len());
    let error_of = |mac: &Mac| errors.iter().find(|error| mac_of(error) == Some(*mac));
    let placed = devices.iter().filter(|mac| error_of(mac).is_some()).count();
    let rest = if counted > placed { Outcome::Uncertain } else { Outcome::Done };
    let outcome = |error: &Value| words::outcome("", &text(&error["errorMsg"]).unwrap_or_default());
    devices.iter().map(|mac| error_of(mac).map_or_else(|| rest.clone(), outcome)).collect()
}

/// As requests spell it.
fn wire(mac: Mac) -> String {
    mac.with_colons().to_ascii_uppercase()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn errors_are_laid_at_the_door_of_their_device() {
        let macs: [Mac; 2] = ["000b82000001", "000b82000002"].map(|mac| mac.parse().unwrap());
        let serial = json!({ "mac": "000B82000002", "errorMsg": 30010 });
        for (data, expected) in [
            (Value::Null, [Outcome::Done, Outcome::Done]),
            (json!({ "failure": 1, "errorDeviceList": [serial] }), [Outcome::Done, Outcome::InvalidSerial]),
            (json!({ "failure": "2", "errorDeviceList": [serial] }), [Outcome::Uncertain, Outcome::InvalidSerial]),
            (json!({ "errorDeviceList": [{ "errorMsg": "30010" }] }), [Outcome::Uncertain, Outcome::Uncertain]),
            (json!({ "failure": 0, "errorDeviceList": null }), [Outcome::Done, Outcome::Done]),
        ] {
            assert_eq!(each(&macs, &data), expected, "{data}");
        }
    }
}
