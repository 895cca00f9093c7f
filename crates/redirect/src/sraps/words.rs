//! What the service says when it says no. Statuses are the usual ones of HTTP; the words are what three clients know of them.

use domain::Secret;
use reqwest::header::WWW_AUTHENTICATE;
use serde_json::Value;

use crate::outcome::{Failure, Outcome};
use crate::road::Reply;

/// Words for a device that another company has; at which status they come is not public.
const FOREIGN: [&str; 2] = ["taken_mac_or_forbidden", "user lacks permission to endpoint"];

/// Shorter parts of an address are words that anything may say.
const SECRET_CHARS_MIN: usize = 8;

/// Whether another company has the device.
pub(super) fn is_foreign(reply: &Reply) -> bool {
    let said = String::from_utf8_lossy(&reply.body).to_lowercase();
    !reply.is_good() && FOREIGN.iter().any(|words| said.contains(words))
}

/// What a refused write of one device means. `hidden`: an address that must not come back in its words.
pub(super) fn outcome(reply: &Reply, hidden: Option<&Secret<String>>) -> Result<Outcome, Failure> {
    if is_foreign(reply) {
        return Ok(Outcome::OwnedByOther { owner: None });
    }
    let said = said(reply, hidden);
    let names = |what: &[&str]| said.to_lowercase().split(|c: char| !c.is_alphanumeric()).any(|word| what.contains(&word));
    match reply.status {
        404 | 410 => Ok(Outcome::NotFound),
        400 | 409 | 422 if names(&["mac"]) => Ok(Outcome::InvalidMac),
        400 | 422 if names(&["url", "uri", "value", "settings", "server"]) => Ok(Outcome::InvalidAddress),
        400 | 409 | 422 => Ok(Outcome::refused(said)),
        _ => Err(failure(reply)),
    }
}

/// Why a call came to nothing.
pub(super) fn failure(reply: &Reply) -> Failure {
    match reply.status {
        401 if is_stale(reply) => Failure::refused("the clock of this server and the service's are too far apart"),
        401 => Failure::Auth,
        403 => Failure::NotPermitted { said: said(reply, None) },
        200..=399 => Failure::protocol(format!("status {}", reply.status)),
        status => Failure::refused(format!("{status} {}", said(reply, None))),
    }
}

/// Hawk's own words for a time that it does not take.
fn is_stale(reply: &Reply) -> bool {
    let challenge = reply.headers.get(WWW_AUTHENTICATE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    [challenge, &String::from_utf8_lossy(&reply.body)].iter().any(|text| text.to_lowercase().contains("stale timestamp"))
}

/// Its words, without addresses: one may be the secret that was to be written.
fn said(reply: &Reply, hidden: Option<&Secret<String>>) -> String {
    let content: Value = serde_json::from_slice(&reply.body).unwrap_or_default();
    let found: Vec<String> = ["error", "message", "detail"].iter().filter_map(|name| content.get(name).map(flat)).collect();
    // Without any of the three: the fields that it complains of, as frameworks name them.
    let mut text = if found.is_empty() { flat(&content) } else { found.join(": ") };
    if let Some(hidden) = hidden {
        // Whole, or the part that is the secret.
        for part in hidden.expose().split('/').filter(|part| part.len() >= SECRET_CHARS_MIN) {
            text = text.replace(part, "…");
        }
    }
    let words = text.split_whitespace().map(|word| if word.contains("//") || word.contains("/cfg") { "…" } else { word });
    words.collect::<Vec<_>>().join(" ").chars().take(crate::limits::SAID_CHARS_MAX).collect()
}

/// All names and texts of a value, in their order.
fn flat(value: &Value) -> String {
    match value {
        Value::Null => String::new(),
        Value::String(text) => text.clone(),
        Value::Array(items) => items.iter().map(flat).collect::<Vec<_>>().join(" "),
        Value::Object(fields) => fields.iter().map(|(name, value)| format!("{name}: {}", flat(value))).collect::<Vec<_>>().join(" "),
        other => other.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use reqwest::header::HeaderMap;

    use super::*;

    const ADDRESS: &str = "https://phones.example.com:8443/cfg/g/hidden-token/";

    fn reply(status: u16, body: &str) -> Reply {
        Reply { status, headers: HeaderMap::new(), body: body.as_bytes().to_vec() }
    }

    #[test]
    fn every_no_has_its_outcome() {
        let foreign = || Ok(Outcome::OwnedByOther { owner: None });
        for (status, body, expected) in [
            (403, r#"{"error":"Taken_MAC_or_forbidden"}"#, foreign()),
            (400, r#"{"message":"User lacks permission to endpoint 000413000001"}"#, foreign()),
            (401, r#"{"detail":"User lacks permission to endpoint"}"#, foreign()),
            (401, r#"{"detail":"Bad mac"}"#, Err(Failure::Auth)),
            (
                401,
                r#"{"message":"Stale timestamp"}"#,
                Err(Failure::refused("the clock of this server and the service's are too far apart")),
            ),
            (403, r#"{"detail":"no role"}"#, Err(Failure::NotPermitted { said: "no role".to_owned() })),
            (404, "", Ok(Outcome::NotFound)),
            (400, r#"{"mac":["Not a MAC of ours."]}"#, Ok(Outcome::InvalidMac)),
            (422, r#"{"message":"value is no URL"}"#, Ok(Outcome::InvalidAddress)),
            (400, r#"{"message":"a machine is missing"}"#, Ok(Outcome::refused("a machine is missing"))),
            (302, "", Err(Failure::protocol("status 302"))),
            (418, "tea", Err(Failure::refused("418 "))),
        ] {
            assert_eq!(outcome(&reply(status, body), None), expected, "{status} {body}");
        }
    }

    #[test]
    fn no_address_comes_back() {
        let hidden = Secret::new(ADDRESS.to_owned());
        for body in [
            format!(r#"{{"message":"odd: {ADDRESS}"}}"#),
            format!(r#"{{"odd":{{"x":["{ADDRESS}"]}}}}"#),
            r#"{"detail":"path /cfg/g/hidden-token/ is odd"}"#.to_owned(),
            r#"{"detail":"what is 'hidden-token'? odd"}"#.to_owned(),
        ] {
            let Ok(Outcome::Refused { said }) = outcome(&reply(400, &body), Some(&hidden)) else { panic!("{body}") };
            assert!(said.contains("odd") && !said.contains("hidden-token"), "{said}");
        }
    }
}
