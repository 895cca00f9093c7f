//! Snom's SRAPS and Gigaset's GRAPE: one REST protocol with Hawk, two names of the setting that holds a phone's server.
//!
//! Resources name each other by links. Those are followed on the service's own host alone, as each call carries a signature.

use async_trait::async_trait;
use domain::{Mac, Secret};
use reqwest::header::{ACCEPT, AUTHORIZATION, HeaderMap, LINK};
use reqwest::{Method, Url};
use serde_json::{Map, Value, json};
use tokio::sync::OnceCell;

use crate::account::Credentials;
use crate::hawk;
use crate::limits::PAGES_MAX;
use crate::outcome::{Failure, Outcome};
use crate::road::{Ask, Line, Reply};
use crate::service::{Entry, Listed, Page, Service, Standing, Target};

mod words;

/// The setting that holds a phone's server, at Snom's.
pub(crate) const SNOM_SETTING: &str = "setting_server";
/// The same, at Gigaset's.
pub(crate) const GIGASET_SETTING: &str = "ProvisioningServer";

/// Where both keep it.
const SECTION: &str = "phone-settings";
/// Settings of a page; the service gives 1000 at most, and has more than that.
const SETTINGS_PAGE: usize = 1000;
/// Devices of a page: they may carry settings of their own, and an answer has its limit.
const ENDPOINTS_PAGE: usize = 200;
const JSON: &str = "application/json";

/// The client.
pub(crate) struct Sraps {
    line: Line,
    key_id: String,
    secret: Secret<String>,
    setting: &'static str,
    /// Found once for each client: where the account's devices are, and the id of the setting.
    endpoints: OnceCell<Url>,
    setting_id: OnceCell<String>,
}

impl Sraps {
    /// For the setting of this name.
    pub(crate) fn new(line: Line, credentials: &Credentials, setting: &'static str) -> Self {
        let (key_id, secret) = (credentials.get("key_id").to_owned(), Secret::new(credentials.get("secret").to_owned()));
        Self { line, key_id, secret, setting, endpoints: OnceCell::new(), setting_id: OnceCell::new() }
    }

    async fn call(&self, method: Method, url: Url, body: Option<&Value>) -> Result<Reply, Failure> {
        let body = body.map(|body| (JSON, body.to_string().into_bytes()));
        let signed = body.as_ref().map_or(("", &b""[..]), |(kind, bytes)| (*kind, bytes));
        let nonce = self.line.random::<12>().map(|byte| format!("{byte:02x}")).concat();
        let header = hawk::authorization(&self.key_id, &self.secret, method.as_str(), &url, signed, self.line.now(), &nonce);
        let header = header.ok_or_else(|| Failure::refused("the key id holds characters that it cannot have"))?;
        let headers = vec![(ACCEPT, JSON.to_owned()), (AUTHORIZATION, header)];
        self.line.send(Ask { method, url, headers, body }).await
    }

    /// What stands at an address; anything but an answer with content fails the call.
    async fn read(&self, url: Url) -> Result<(Value, HeaderMap), Failure> {
        let reply = self.call(Method::GET, url, None).await?;
        if !reply.is_good() {
            return Err(words::failure(&reply));
        }
        Ok((content(&reply)?, reply.headers))
    }

    fn token(&self) -> Url {
        below(self.line.at("tokens"), &self.key_id)
    }

    /// Where the account's devices are: key → company → its endpoints.
    async fn endpoints(&self) -> Result<&Url, Failure> {
        let found = async {
            let (token, _) = self.read(self.token()).await?;
            let company = link(&token, "company").ok_or_else(|| Failure::protocol("the key names no company"))?;
            let (content, _) = self.read(joined(self.line.base(), company)?).await?;
            match link(&content, "endpoints") {
                Some(endpoints) => joined(self.line.base(), endpoints),
                None => Ok(below(joined(self.line.base(), company)?, "endpoints")),
            }
        };
        self.endpoints.get_or_try_init(|| found).await
    }

    async fn endpoint(&self, mac: Mac) -> Result<Url, Failure> {
        Ok(below(self.endpoints().await?.clone(), &mac.to_string()))
    }

    /// The id of the setting that holds a phone's server.
    async fn setting_id(&self) -> Result<&str, Failure> {
        let found = async {
            let mut elsewhere = Vec::new();
            let mut next = Some(self.line.at(&format!("settings/?page_size={SETTINGS_PAGE}")));
            for _ in 0..PAGES_MAX {
                let Some(url) = next else { break };
                let (content, headers) = self.read(url.clone()).await?;
                for row in items(&content)?.iter().filter(|row| row["param_name"].as_str() == Some(self.setting)) {
                    let id = row["uuid"].as_str().ok_or_else(|| Failure::protocol("a setting without an id"))?;
                    if row["section"].as_str() == Some(SECTION) {
                        return Ok(id.to_owned());
                    }
                    elsewhere.push(id.to_owned());
                }
                next = following(&url, &content, &headers)?;
            }
            // Whether Gigaset keeps it in the section of the same name is not public.
            match elsewhere.as_slice() {
                [id] => Ok(id.clone()),
                [] => Err(Failure::protocol(format!("no setting is named {}", self.setting))),
                _ => Err(Failure::protocol(format!("several settings are named {}, none in {SECTION}", self.setting))),
            }
        };
        self.setting_id.get_or_try_init(|| found).await.map(String::as_str)
    }

    /// Registers a device, or replaces all that the service keeps of it.
    async fn put(&self, entry: &Entry, keep: Map<String, Value>) -> Result<Outcome, Failure> {
        let Target::Address(address) = &entry.target else { return Err(Failure::refused("this service carries addresses only")) };
        let url = self.endpoint(entry.mac).await?;
        let mac = entry.mac.to_string();
        let mut body = keep;
        let setting = json!({ self.setting_id().await?: { "value": address.expose(), "attrs": { "perm": "RW" } } });
        body.insert("mac".to_owned(), json!(mac));
        body.insert("autoprovisioning_enabled".to_owned(), json!(true));
        body.insert("settings_manager".to_owned(), setting);
        let reply = self.call(Method::PUT, url, Some(&Value::Object(body))).await?;
        if !reply.is_good() {
            return words::outcome(&reply, Some(address));
        }
        // Nothing, or the device as it is now.
        if !reply.body.is_empty() && content(&reply)?["mac"].as_str().is_some_and(|told| told.parse() != Ok(entry.mac)) {
            return Err(Failure::protocol("another device than was written"));
        }
        Ok(Outcome::Done)
    }

    async fn put_again(&self, entry: &Entry) -> Result<Outcome, Failure> {
        // The service replaces everything: what people gave the device there by hand is sent along.
        let mut keep = Map::new();
        if let Found::There(content) = self.find(entry.mac).await? {
            for name in ["name", "provisioning_profile"] {
                if let Some(text) = content[name].as_str().filter(|text| !text.is_empty()) {
                    keep.insert(name.to_owned(), json!(text));
                }
            }
        }
        self.put(entry, keep).await
    }

    async fn delete(&self, mac: Mac) -> Result<Outcome, Failure> {
        let reply = self.call(Method::DELETE, self.endpoint(mac).await?, None).await?;
        if reply.is_good() || reply.status == 404 { Ok(Outcome::Done) } else { words::outcome(&reply, None) }
    }

    async fn find(&self, mac: Mac) -> Result<Found, Failure> {
        let reply = self.call(Method::GET, self.endpoint(mac).await?, None).await?;
        match reply.status {
            404 => Ok(Found::Absent),
            // That one device can be read is seen at one client only.
            405 => self.find_in_list(mac).await,
            _ if reply.is_good() => {
                let content = content(&reply)?;
                if mac_of(&content) == Some(mac) {
                    Ok(Found::There(content))
                } else {
                    Err(Failure::protocol("another device than was asked for"))
                }
            }
            _ if words::is_foreign(&reply) => Ok(Found::Foreign),
            _ => Err(words::failure(&reply)),
        }
    }

    async fn find_in_list(&self, mac: Mac) -> Result<Found, Failure> {
        let mut next = Some(self.first_page().await?);
        for _ in 0..PAGES_MAX {
            let Some(url) = next else { return Ok(Found::Absent) };
            let (content, headers) = self.read(url.clone()).await?;
            if let Some(found) = items(&content)?.iter().find(|item| mac_of(item) == Some(mac)) {
                return Ok(Found::There(found.clone()));
            }
            next = following(&url, &content, &headers)?;
        }
        Err(Failure::protocol("a list without an end"))
    }

    async fn first_page(&self) -> Result<Url, Failure> {
        let mut url = self.endpoints().await?.clone();
        url.set_query(Some(&format!("page_size={ENDPOINTS_PAGE}")));
        Ok(url)
    }
}

enum Found {
    There(Value),
    Absent,
    Foreign,
}

#[async_trait]
impl Service for Sraps {
    async fn verify(&self) -> Result<(), Failure> {
        let (token, _) = self.read(self.token()).await?;
        link(&token, "company").map(|_| ()).ok_or_else(|| Failure::protocol("the key names no company"))
    }

    async fn register(&self, entries: &[Entry]) -> Result<Vec<Outcome>, Failure> {
        let mut outcomes = Vec::with_capacity(entries.len());
        for entry in entries {
            let outcome = self.put(entry, Map::new()).await;
            if !taken(&mut outcomes, outcome)? {
                break;
            }
        }
        Ok(filled(outcomes, entries.len()))
    }

    async fn retarget(&self, entries: &[Entry]) -> Result<Vec<Outcome>, Failure> {
        let mut outcomes = Vec::with_capacity(entries.len());
        for entry in entries {
            let outcome = self.put_again(entry).await;
            if !taken(&mut outcomes, outcome)? {
                break;
            }
        }
        Ok(filled(outcomes, entries.len()))
    }

    async fn unregister(&self, devices: &[Entry]) -> Result<Vec<Outcome>, Failure> {
        let mut outcomes = Vec::with_capacity(devices.len());
        for device in devices {
            let outcome = self.delete(device.mac).await;
            if !taken(&mut outcomes, outcome)? {
                break;
            }
        }
        Ok(filled(outcomes, devices.len()))
    }

    async fn look_up(&self, device: &Entry) -> Result<Standing, Failure> {
        let setting_id = self.setting_id().await?;
        Ok(match self.find(device.mac).await? {
            Found::There(content) => Standing::Ours(listed(device.mac, &content, setting_id)),
            Found::Absent => Standing::NotVisible,
            Found::Foreign => Standing::Foreign { owner: None },
        })
    }

    async fn list(&self, cursor: Option<&str>) -> Result<Page, Failure> {
        let setting_id = self.setting_id().await?;
        let url = match cursor {
            Some(cursor) => cursor.parse().map_err(|_| Failure::refused("no place in this list"))?,
            None => self.first_page().await?,
        };
        let (content, headers) = self.read(url.clone()).await?;
        // An endpoint without a MAC is none of ours.
        let items = items(&content)?.iter().filter_map(|item| Some(listed(mac_of(item)?, item, setting_id))).collect();
        Ok(Page { items, next: following(&url, &content, &headers)?.map(String::from) })
    }
}

/// Keeps an outcome. A failure ends the call: as the call's own if nothing was written before, else as a doubt about the device.
fn taken(outcomes: &mut Vec<Outcome>, outcome: Result<Outcome, Failure>) -> Result<bool, Failure> {
    match outcome {
        Ok(outcome) => outcomes.push(outcome),
        Err(failure) if outcomes.is_empty() => return Err(failure),
        Err(_) => return Ok(false),
    }
    Ok(true)
}

/// Devices that it never came to are looked up, as those whose answer is lost.
fn filled(mut outcomes: Vec<Outcome>, length: usize) -> Vec<Outcome> {
    outcomes.resize(length, Outcome::Uncertain);
    outcomes
}

/// An answer's content. The shape is told by hand: serde's errors name what they found, and that may be an address with a secret.
fn content(reply: &Reply) -> Result<Value, Failure> {
    reply.json()
}

fn listed(mac: Mac, content: &Value, setting_id: &str) -> Listed {
    let target = content["settings_manager"][setting_id]["value"].as_str().map(|text| Secret::new(text.to_owned()));
    Listed { mac, target, asked: None }
}

fn link<'a>(content: &'a Value, name: &str) -> Option<&'a str> {
    content["links"][name].as_str()
}

fn mac_of(content: &Value) -> Option<Mac> {
    content["mac"].as_str()?.parse().ok()
}

/// The rows of a list: bare, or in `results`, or in `items`.
fn items(content: &Value) -> Result<&[Value], Failure> {
    let list = if content.is_object() { content.get("results").or_else(|| content.get("items")).unwrap_or(&Value::Null) } else { content };
    list.as_array().map(Vec::as_slice).ok_or_else(|| Failure::protocol("no list"))
}

/// Where a list goes on: a header, or a field beside its rows.
fn following(from: &Url, content: &Value, headers: &HeaderMap) -> Result<Option<Url>, Failure> {
    let header = headers.get_all(LINK).iter().find_map(|value| next_of(value.to_str().ok()?));
    let next = header.or_else(|| content.get("next").and_then(Value::as_str).filter(|next| !next.is_empty()));
    let next = next.map(|next| joined(from, next)).transpose()?;
    if next.as_ref() == Some(from) { Err(Failure::protocol("a page that leads to itself")) } else { Ok(next) }
}

/// The address of `rel="next"` in a header `Link`.
fn next_of(header: &str) -> Option<&str> {
    header.split('<').skip(1).find_map(|part| {
        let (address, params) = part.split_once('>')?;
        let is_next = params.split([';', ',']).filter_map(|param| param.split_once('=')).any(|(name, value)| {
            name.trim().eq_ignore_ascii_case("rel") && value.trim().trim_matches('"').split(' ').any(|rel| rel.eq_ignore_ascii_case("next"))
        });
        is_next.then_some(address)
    })
}

fn joined(base: &Url, address: &str) -> Result<Url, Failure> {
    base.join(address).map_err(|_| Failure::protocol("a link that is no address"))
}

/// A resource below another; the name is escaped.
fn below(mut url: Url, name: &str) -> Url {
    url.set_query(None);
    if let Ok(mut path) = url.path_segments_mut() {
        path.pop_if_empty().push(name);
    }
    url
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_next_page_is_found_among_links() {
        for (header, expected) in [
            (r#"<https://a.example/?page=2>; rel="next""#, Some("https://a.example/?page=2")),
            (
                r#"<https://a.example/?page=1>; rel="prev", <https://a.example/?a=1,2&page=3>; title="x"; rel=next"#,
                Some("https://a.example/?a=1,2&page=3"),
            ),
            (r#"<https://a.example/?page=1>; rel="prev""#, None),
            (r#"<https://a.example/>; rel="last Next""#, Some("https://a.example/")),
            (r#"<https://a.example/>; title="next""#, None),
            ("", None),
        ] {
            assert_eq!(next_of(header), expected, "{header}");
        }
    }

    #[test]
    fn a_list_goes_on_where_it_says() {
        let from: Url = "https://a.example/endpoints/?page=1".parse().unwrap();
        let mut header = HeaderMap::new();
        header.insert(LINK, "<?page=2>; rel=\"next\"".parse().unwrap());
        for (content, headers, expected) in [
            (json!([]), &header, Ok(Some("https://a.example/endpoints/?page=2"))),
            (json!({ "next": "/endpoints/?page=3" }), &HeaderMap::new(), Ok(Some("https://a.example/endpoints/?page=3"))),
            (json!({ "next": null }), &HeaderMap::new(), Ok(None)),
            (json!({ "next": "" }), &HeaderMap::new(), Ok(None)),
            (json!({ "next": "https://a.example/endpoints/?page=1" }), &HeaderMap::new(), Err("protocol")),
            (json!({ "next": "https://:1" }), &HeaderMap::new(), Err("protocol")),
        ] {
            let next = following(&from, &content, headers);
            let next = next.as_ref().map(|next| next.as_ref().map(Url::as_str)).map_err(Failure::code);
            assert_eq!(next, expected, "{content}");
        }
    }

    #[test]
    fn a_name_below_an_address_stays_one_name() {
        for (address, name, expected) in [
            ("https://a.example/tokens", "k", "https://a.example/tokens/k"),
            ("https://a.example/endpoints/?x=1", "000413000001", "https://a.example/endpoints/000413000001"),
            ("https://a.example/tokens", "../k?x", "https://a.example/tokens/..%2Fk%3Fx"),
        ] {
            assert_eq!(below(address.parse().unwrap(), name).as_str(), expected);
        }
    }
}
