//! What the service says in its answers. Its codes are HTTP's; of its words, `message` and `error` were seen.

use serde_json::Value;

use crate::loose::text;
use crate::outcome::{Failure, No, cut};
use crate::road::Reply;

/// A refusal of what was asked.
#[derive(Debug)]
pub(super) struct Refusal {
    pub status: u16,
    pub said: String,
}

impl From<Refusal> for Failure {
    fn from(refusal: Refusal) -> Self {
        Self::refused(refusal.said)
    }
}

/// Reads an answer that is no success.
pub(super) fn refusal(reply: &Reply) -> No<Refusal> {
    let status = reply.status;
    let body: Value = serde_json::from_slice(&reply.body).unwrap_or(Value::Null);
    let words = ["message", "error"].iter().map(|name| text(&body[*name])).find(|text| !text.is_empty());
    let said = words.map_or_else(|| format!("status {status}"), |words| format!("{status} {words}"));
    // The words of a bad key were seen, its status was not; gateways that want an API key answer 403 to a wrong one.
    let key = ["unauthorized", "forbidden", "missing authentication token"].iter().any(|words| said.to_ascii_lowercase().ends_with(words));
    No::Failed(match status {
        401 => Failure::Auth,
        403 if key => Failure::Auth,
        403 => Failure::NotPermitted { said: cut(&said) },
        408 => Failure::Lost,
        ..=399 => Failure::protocol(format!("status {status}")),
        _ => return No::Refused(Refusal { status, said }),
    })
}

/// The id of a device's profile: its field has two names, and may hold the profile itself.
pub(super) fn profile(row: &Value) -> Option<String> {
    let of = |name: &str| {
        let value = &row[name];
        let id = if value.is_object() { text(&value["id"]) } else { text(value) };
        Some(id).filter(|id| !id.is_empty())
    };
    ["profile", "profileid", "profileId"].iter().find_map(|name| of(name))
}

#[cfg(test)]
mod tests {
    use reqwest::header::HeaderMap;
    use serde_json::json;

    use super::*;

    #[test]
    fn answers_that_are_no_success() {
        for (status, body, expected) in [
            (401, r#"{"message":"Unauthorized"}"#, "auth_failed"),
            (403, r#"{"message":"Unauthorized"}"#, "auth_failed"),
            (403, r#"{"message":"Forbidden"}"#, "auth_failed"),
            (403, r#"{"error":"your role may not do this"}"#, "not_permitted"),
            (302, "", "protocol"),
            (408, "", "lost"),
            (404, r#"{"message":"Not Found"}"#, "refused"),
            (409, "<html>", "refused"),
        ] {
            let reply = Reply { status, headers: HeaderMap::new(), body: body.as_bytes().to_vec() };
            assert_eq!(Failure::from(refusal(&reply)).code(), expected, "{status} {body}");
        }
    }

    #[test]
    fn the_profile_of_a_device_has_many_spellings() {
        for (row, expected) in [
            (json!({ "profile": "p1" }), Some("p1")),
            (json!({ "profileid": "p1" }), Some("p1")),
            (json!({ "profile": null, "profileId": 7 }), Some("7")),
            (json!({ "profile": { "id": "p1", "name": "x" } }), Some("p1")),
            (json!({ "id": "0004f2000001" }), None),
        ] {
            assert_eq!(profile(&row).as_deref(), expected, "{row}");
        }
    }
}
