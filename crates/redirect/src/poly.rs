//! Poly Zero Touch: JSON over REST with an API key.
//!
//! A profile holds the address and the login that all its phones get; a device is its MAC and a profile's id. No call changes a device:
//! it is removed and registered again. Other accounts' devices are not shown; a write tells of them with 409.

mod words;

use async_trait::async_trait;
use domain::{Mac, Secret};
use reqwest::header::HeaderName;
use reqwest::{Method, Url};
use serde_json::{Value, json};

use self::words::{Refusal, refusal};
use crate::account::Credentials;
use crate::limits::{PAGES_MAX, POLY_ADDRESS_BYTES_MAX, POLY_LOGIN_BYTES_MAX, POLY_NAME_BYTES_MAX, POLY_PAGE};
use crate::loose::{segment, text};
use crate::outcome::{Failure, No, Outcome};
use crate::road::{Ask, Line, Reply};
use crate::row::{Row, in_turn};
use crate::service::{Entry, Listed, Page, Profile, Service, Standing, Target};

const API_KEY: HeaderName = HeaderName::from_static("api-key");

/// An account at the service.
#[derive(Debug)]
pub(crate) struct Poly {
    line: Line,
    api_key: Secret<String>,
}

/// What a removal came to.
enum Removed {
    /// It is not there any more, or was not before.
    Gone,
    /// Another account has it.
    Foreign,
    /// No.
    Not(Outcome),
}

impl Poly {
    pub fn new(line: Line, credentials: &Credentials) -> Self {
        Self { line, api_key: credentials.get("api_key").into() }
    }

    async fn ask(&self, method: Method, url: Url, body: Option<&Value>) -> Result<Reply, No<Refusal>> {
        let headers = vec![(API_KEY, self.api_key.expose().clone())];
        let body = body.map(|body| ("application/json", body.to_string().into_bytes()));
        let reply = self.line.send(Ask { method, url, headers, body }).await?;
        if reply.is_good() { Ok(reply) } else { Err(refusal(&reply)) }
    }

    async fn look(&self, path: &str) -> Result<Reply, No<Refusal>> {
        self.ask(Method::GET, self.line.at(path), None).await
    }
}

#[async_trait]
impl Service for Poly {
    async fn verify(&self) -> Result<(), Failure> {
        Rows::read(&self.look("profiles").await?).map(drop)
    }

    async fn ensure_profile(&self, profile: &Profile, rewrite: bool) -> Result<String, Failure> {
        self.ensure(profile, rewrite).await.map_err(|failure| failure.without(&profile.password))
    }

    async fn remove_profile(&self, id: &str) -> Result<(), Failure> {
        let Some(id) = segment(id) else { return Ok(()) };
        match self.ask(Method::DELETE, self.line.at(&format!("profiles/{id}")), None).await {
            Ok(_) => Ok(()),
            Err(No::Refused(refusal)) if refusal.status == 404 => Ok(()),
            Err(no) => Err(no.into()),
        }
    }

    async fn register(&self, entries: &[Entry]) -> Result<Vec<Outcome>, Failure> {
        in_turn(entries.iter().map(|entry| self.add(entry))).await
    }

    async fn retarget(&self, entries: &[Entry]) -> Result<Vec<Outcome>, Failure> {
        in_turn(entries.iter().map(|entry| self.move_one(entry))).await
    }

    async fn unregister(&self, devices: &[Entry]) -> Result<Vec<Outcome>, Failure> {
        let mut row = Row::default();
        for device in devices {
            let came = self.remove(device.mac).await.map(|removed| match removed {
                // What another account has, ours has not: that is what was asked for.
                Removed::Gone | Removed::Foreign => vec![Outcome::Done],
                Removed::Not(outcome) => vec![outcome],
            });
            if !row.add(came)? {
                break;
            }
        }
        Ok(row.finish(devices.len()))
    }

    async fn look_up(&self, device: &Entry) -> Result<Standing, Failure> {
        Ok(match self.look(&format!("devices/{}", device.mac)).await {
            Ok(reply) => Standing::Ours(read_device(&reply.json()?, Some(device.mac))?),
            Err(No::Refused(refusal)) if refusal.status == 404 => Standing::NotVisible,
            // That it tells so much of a lookup is not known; of a removal it does.
            Err(No::Refused(refusal)) if refusal.status == 409 => Standing::Foreign { owner: None },
            Err(no) => return Err(no.into()),
        })
    }

    async fn list(&self, cursor: Option<&str>) -> Result<Page, Failure> {
        let mut url = self.line.at("devices");
        url.query_pairs_mut().append_pair("limit", &POLY_PAGE.to_string());
        if let Some(cursor) = cursor {
            url.query_pairs_mut().append_pair("cursor", cursor);
        }
        let rows = Rows::read(&self.ask(Method::GET, url, None).await?)?;
        let next = self.next(&rows)?;
        if next.is_some() && next.as_deref() == cursor {
            return Err(Failure::protocol("a page that leads to itself"));
        }
        // A row without a MAC is no phone that we could have registered.
        Ok(Page { items: rows.items.iter().filter_map(|row| read_device(row, None).ok()).collect(), next })
    }
}

impl Poly {
    /// Where the next page begins. Should the service give an address in place of a cursor, it must be one of its own.
    fn next(&self, rows: &Rows) -> Result<Option<String>, Failure> {
        let Some(next) = rows.next.clone() else { return Ok(None) };
        match Url::parse(&next) {
            Ok(url) if url.has_host() => {
                if url.origin() != self.line.base().origin() {
                    return Err(Failure::protocol("a next page on another host"));
                }
                let cursor = url.query_pairs().find(|(name, _)| name == "cursor").map(|(_, cursor)| cursor.into_owned());
                cursor.map(Some).ok_or_else(|| Failure::protocol("a next page without a cursor"))
            }
            _ => Ok(Some(next)),
        }
    }

    async fn ensure(&self, profile: &Profile, rewrite: bool) -> Result<String, Failure> {
        check(profile)?;
        let says = json!({
            "name": profile.name,
            "enabled": true,
            "template": { "provisioning": { "server": {
                "address": profile.door,
                "username": profile.user,
                "password": profile.password.expose(),
            } } },
        });
        let Some(id) = self.profile_named(&profile.name).await.map_err(Failure::of_a_read)? else {
            let made: Value = self.ask(Method::POST, self.line.at("profiles"), Some(&says)).await?.json()?;
            return id_of(&made).ok_or_else(|| Failure::protocol("a profile without an id"));
        };
        let path = format!("profiles/{id}");
        if rewrite || !self.says_so(&path, profile).await.map_err(Failure::of_a_read)? {
            self.ask(Method::PUT, self.line.at(&path), Some(&says)).await?;
        }
        Ok(id)
    }

    async fn profile_named(&self, name: &str) -> Result<Option<String>, Failure> {
        let mut url = self.line.at("profiles");
        for _ in 0..PAGES_MAX {
            let rows = Rows::read(&self.ask(Method::GET, url.clone(), None).await?)?;
            if let Some(row) = rows.items.iter().find(|row| row["name"] == name) {
                return id_of(row).map(Some).ok_or_else(|| Failure::protocol("a profile without an id"));
            }
            // Whether profiles come in pages is not known: if they do, then as devices do.
            let Some(next) = self.next(&rows)? else { break };
            url.query_pairs_mut().clear().append_pair("cursor", &next);
        }
        Ok(None)
    }

    /// Whether a profile says what it should, as far as it can be read.
    async fn says_so(&self, path: &str, profile: &Profile) -> Result<bool, Failure> {
        let said: Value = self.look(path).await?.json()?;
        let server = &said["template"]["provisioning"]["server"];
        let same = |name: &str, wanted: &str| server[name].as_str().is_none_or(|said| said == wanted);
        Ok(same("address", &profile.door) && same("username", &profile.user) && said["enabled"] != Value::Bool(false))
    }

    async fn has_profile(&self, id: &str) -> Result<bool, Failure> {
        match self.look(&format!("profiles/{id}")).await {
            Ok(_) => Ok(true),
            Err(No::Refused(refusal)) if [400, 404].contains(&refusal.status) => Ok(false),
            Err(no) => Err(no.into()),
        }
    }

    async fn add(&self, entry: &Entry) -> Result<Outcome, Failure> {
        let profile = match profile_of(entry) {
            Ok(profile) => profile,
            Err(outcome) => return Ok(outcome),
        };
        let says = json!({ "id": entry.mac.to_string(), "profile": profile });
        let refused = match self.ask(Method::POST, self.line.at("devices"), Some(&says)).await {
            Ok(reply) => return added(&reply, profile),
            Err(No::Refused(refusal)) => refusal,
            Err(No::Failed(failure)) => return Err(failure),
        };
        // A read after a refusal: if it fails, nothing was written all the same.
        Ok(match refused.status {
            // Whether ours or another's, only the list tells.
            409 => match self.look_up(entry).await.map_err(Failure::of_a_read)? {
                Standing::Ours(_) => Outcome::AlreadyOurs,
                _ => Outcome::OwnedByOther { owner: None },
            },
            400 | 404 | 422 if !self.has_profile(profile).await.map_err(Failure::of_a_read)? => Outcome::InvalidProfile,
            400 => Outcome::InvalidMac,
            _ => Outcome::refused(refused.said),
        })
    }

    async fn move_one(&self, entry: &Entry) -> Result<Outcome, Failure> {
        let profile = match profile_of(entry) {
            Ok(profile) => profile,
            Err(outcome) => return Ok(outcome),
        };
        match self.look_up(entry).await.map_err(Failure::of_a_read)? {
            Standing::Ours(listed) if listed.target.as_ref().is_some_and(|target| target.expose() == profile) => return Ok(Outcome::Done),
            Standing::Ours(_) => {}
            Standing::Foreign { owner } => return Ok(Outcome::OwnedByOther { owner }),
            Standing::Free | Standing::NotVisible => return Ok(Outcome::NotFound),
        }
        // What cannot be registered again is not removed.
        if !self.has_profile(profile).await.map_err(Failure::of_a_read)? {
            return Ok(Outcome::InvalidProfile);
        }
        match self.remove(entry.mac).await? {
            Removed::Gone => {}
            Removed::Foreign => return Ok(Outcome::OwnedByOther { owner: None }),
            Removed::Not(outcome) => return Ok(outcome),
        }
        // It is nowhere now, or wherever the call got.
        Ok(self.add(entry).await.unwrap_or(Outcome::Uncertain))
    }

    async fn remove(&self, mac: Mac) -> Result<Removed, Failure> {
        match self.ask(Method::DELETE, self.line.at(&format!("devices/{mac}")), None).await {
            Ok(_) => Ok(Removed::Gone),
            Err(No::Refused(refusal)) => Ok(match refusal.status {
                404 => Removed::Gone,
                409 => Removed::Foreign,
                400 => Removed::Not(Outcome::InvalidMac),
                _ => Removed::Not(Outcome::refused(refusal.said)),
            }),
            Err(No::Failed(failure)) => Err(failure),
        }
    }
}

/// A yes, unless the answer shows that the device kept another profile.
fn added(reply: &Reply, profile: &str) -> Result<Outcome, Failure> {
    let body: Value = if reply.body.is_empty() { Value::Null } else { reply.json()? };
    Ok(match words::profile(&body) {
        Some(has) if has != profile => Outcome::AlreadyOurs,
        _ => Outcome::Done,
    })
}

/// Rows of a list.
struct Rows {
    items: Vec<Value>,
    next: Option<String>,
}

impl Rows {
    fn read(reply: &Reply) -> Result<Self, Failure> {
        let mut body: Value = reply.json()?;
        let next = Some(text(&body["next"])).filter(|next| !next.is_empty());
        let found = ["results", "items"].iter().find_map(|name| body.get_mut(name).map(Value::take));
        match found {
            Some(Value::Array(items)) => Ok(Self { items, next }),
            Some(Value::Null) => Ok(Self { items: Vec::new(), next }),
            _ => Err(Failure::protocol("a list without rows")),
        }
    }
}

/// A device; `wanted`: the one that was asked for, should the answer not name it.
fn read_device(row: &Value, wanted: Option<Mac>) -> Result<Listed, Failure> {
    let named: Option<Mac> = text(&row["id"]).parse().ok();
    let mac = named.or(wanted).filter(|mac| wanted.is_none_or(|wanted| wanted == *mac) && row.is_object());
    let mac = mac.ok_or_else(|| Failure::protocol("another device than was asked for"))?;
    Ok(Listed { mac, target: words::profile(row).map(Secret::new), asked: None })
}

fn profile_of(entry: &Entry) -> Result<&str, Outcome> {
    match &entry.target {
        Target::Profile(id) => segment(id).ok_or(Outcome::InvalidProfile),
        Target::Address(_) | Target::Config(_) => Err(Outcome::refused("phones are sent by a profile here")),
    }
}

fn id_of(row: &Value) -> Option<String> {
    segment(&text(&row["id"])).map(str::to_owned)
}

fn check(profile: &Profile) -> Result<(), Failure> {
    for (what, text, bytes_max) in [
        ("the profile's name", &profile.name, POLY_NAME_BYTES_MAX),
        ("the address", &profile.door, POLY_ADDRESS_BYTES_MAX),
        ("the user", &profile.user, POLY_LOGIN_BYTES_MAX),
        ("the password", profile.password.expose(), POLY_LOGIN_BYTES_MAX),
    ] {
        if text.is_empty() || text.len() > bytes_max {
            return Err(Failure::refused(format!("{what}: 1 to {bytes_max} characters")));
        }
    }
    Ok(())
}
