//! What the service says in its answers: its codes and texts, and the results of calls for many devices.
//!
//! Of the codes, 900400, 900403, 900444, 500403, 500401 and 800005 were seen live by others; the rest stands in one client's table.

use domain::Mac;
use serde_json::Value;

use crate::loose::{number, text};
use crate::outcome::{Failure, No, Outcome};
use crate::road::Reply;

/// A refusal of what was asked.
#[derive(Debug)]
pub(super) struct Refusal {
    code: String,
    said: String,
}

impl From<Refusal> for Failure {
    fn from(refusal: Refusal) -> Self {
        Self::refused(refusal.said)
    }
}

impl Refusal {
    /// The one thing asked for is not there: unknown ids are *bad parameters* here.
    pub fn is_absence(&self) -> bool {
        ["900400", "900404"].contains(&self.code.as_str())
    }

    /// Its words, the code in front.
    pub fn said(&self) -> &str {
        &self.said
    }

    /// What it means for the one device that was asked for.
    pub fn outcome(&self) -> Outcome {
        outcome(&self.said)
    }
}

/// Reads an answer that is no success.
pub(super) fn refusal(reply: &Reply) -> No<Refusal> {
    let body: Value = serde_json::from_slice(&reply.body).unwrap_or(Value::Null);
    let code = text(&body["code"]);
    let oauth = text(&body["error"]);
    let words = [code.clone(), oauth.clone(), text(&body["message"]), text(&body["error_description"])];
    let details = body["details"].as_array().into_iter().flatten().flat_map(|one| [text(&one["field"]), text(&one["message"])]);
    let said = words.into_iter().chain(details).filter(|word| !word.is_empty()).collect::<Vec<_>>().join(" ");
    let said = if said.is_empty() { format!("status {}", reply.status) } else { said };
    No::Failed(match (code.as_str(), reply.status) {
        ("900401" | "900440", _) => Failure::Auth,
        ("500401" | "500403", _) => Failure::refused(said),
        ("900403", _) => Failure::NotPermitted { said: crate::outcome::cut(&said) },
        ("900429", _) => Failure::RateLimited { pause: None },
        // The service's own troubles: whether it had written before them, nobody knows.
        ("900408", _) => Failure::Lost,
        (code, status) if code.len() == 6 && code.starts_with("9005") => Failure::Broken { status },
        ("", 401) => Failure::Auth,
        (_, 400) if oauth.eq_ignore_ascii_case("invalid_client") => Failure::Auth,
        ("", 403) => Failure::NotPermitted { said: crate::outcome::cut(&said) },
        (_, status) if status < 400 => Failure::protocol(format!("status {status}")),
        _ => return No::Refused(Refusal { code, said }),
    })
}

/// What a code, or a text that may hold one, says of a device.
pub(super) fn outcome(said: &str) -> Outcome {
    let lower = said.to_ascii_lowercase();
    // As a word of its own: a MAC may hold the same digits.
    let has = |code: &str| lower.split(|c: char| !c.is_ascii_alphanumeric()).any(|word| word == code);
    if has("800004") || lower.contains("already managed") {
        Outcome::OwnedByOther { owner: None }
    } else if has("800003") || lower.contains("already exist") {
        Outcome::AlreadyOurs
    } else if has("800001") || lower.contains("device.mac.invalid") || lower.contains("invalid mac") {
        Outcome::InvalidMac
    } else if has("800002") || lower.contains("device.sn.invalid") || lower.contains("invalid sn") {
        Outcome::InvalidSerial
    } else if has("900403") {
        Outcome::NotPermitted
    } else if has("900404") {
        Outcome::NotFound
    } else {
        Outcome::refused(said)
    }
}

/// The result of a call for many.
#[derive(Debug)]
pub(super) struct Bulk {
    errors: Vec<Error>,
    failures: usize,
}

#[derive(Debug)]
struct Error {
    names: String,
    said: String,
}

/// What it says of one of them.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Of<'a> {
    /// It succeeded.
    Done,
    /// It failed, in these words.
    Failed(&'a str),
    /// Some failed of which it does not say who they are.
    Unsaid,
}

impl Bulk {
    /// Reads the result of a call for that many.
    pub fn read(reply: &Reply, sent: usize) -> Result<Self, Failure> {
        let body: Value = reply.json()?;
        let count = |name: &str| number(&body[name]).and_then(|count| usize::try_from(count).ok());
        let (done, failed) = (count("successCount"), count("failureCount"));
        if done.is_none() && failed.is_none() {
            return Err(Failure::protocol("a result without counts"));
        }
        let errors: Vec<_> = body["errors"].as_array().into_iter().flatten().map(Error::read).collect();
        let missing = sent.saturating_sub(done.unwrap_or(sent));
        let failures = failed.unwrap_or(0).max(missing).max(errors.len());
        Ok(Self { errors, failures })
    }

    /// What it says of a device, known by these names (MAC, serial, id).
    pub fn of(&self, names: &[&str], all: &[Vec<&str>]) -> Of<'_> {
        if let Some(error) = self.errors.iter().find(|error| error.is_of(names)) {
            return Of::Failed(&error.said);
        }
        let named = all.iter().filter(|names| self.errors.iter().any(|error| error.is_of(names))).count();
        if named < self.failures { Of::Unsaid } else { Of::Done }
    }
}

impl Error {
    fn read(value: &Value) -> Self {
        let of =
            |names: &[&str]| names.iter().map(|name| text(&value[*name])).filter(|text| !text.is_empty()).collect::<Vec<_>>().join(" ");
        let said = of(&["errorInfo", "code", "msg", "message"]);
        Self { names: of(&["mac", "sn", "field", "id", "errorInfo", "msg"]), said }
    }

    fn is_of(&self, names: &[&str]) -> bool {
        let words =
            || self.names.split(|c: char| !(c.is_ascii_alphanumeric() || ":-.".contains(c))).map(|word| word.trim_matches([':', '-', '.']));
        names.iter().filter(|name| !name.is_empty()).any(|name| {
            let mac: Option<Mac> = name.parse().ok();
            words().any(|word| word.eq_ignore_ascii_case(name) || (mac.is_some() && word.parse().ok() == mac))
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn reply(status: u16, body: &str) -> Reply {
        Reply { status, headers: reqwest::header::HeaderMap::new(), body: body.as_bytes().to_vec() }
    }

    #[test]
    fn codes_and_texts_of_one_device() {
        let other = || Outcome::OwnedByOther { owner: None };
        for (said, expected) in [
            ("800004", other()),
            ("Device already managed by another organization", other()),
            ("device ALREADY MANAGED", other()),
            ("Resource already exists", Outcome::AlreadyOurs),
            ("code: 800003", Outcome::AlreadyOurs),
            ("device.mac.invalid", Outcome::InvalidMac),
            ("[800001] Invalid MAC", Outcome::InvalidMac),
            ("800002 Invalid SN", Outcome::InvalidSerial),
            ("900403", Outcome::NotPermitted),
            ("900404 Resource not found", Outcome::NotFound),
            ("0015 80000412 is odd", Outcome::refused("0015 80000412 is odd")),
            ("800005 Device type is invalid", Outcome::refused("800005 Device type is invalid")),
        ] {
            assert_eq!(outcome(said), expected, "{said}");
        }
    }

    #[test]
    fn answers_that_are_no_success() {
        for (status, body, expected) in [
            (401, r#"{"code":"900401"}"#, "auth_failed"),
            (401, r#"{"error":"invalid_client"}"#, "auth_failed"),
            (400, r#"{"error":"invalid_client"}"#, "auth_failed"),
            (401, "", "auth_failed"),
            (401, r#"{"code":500401,"message":"x"}"#, "refused"),
            (403, r#"{"code":"500403"}"#, "refused"),
            (403, r#"{"code":"900403","message":"Request forbidden"}"#, "not_permitted"),
            (403, "<html>", "not_permitted"),
            (400, r#"{"code":"900429"}"#, "rate_limited"),
            (400, r#"{"code":"900500"}"#, "broken"),
            (400, r#"{"code":"900408"}"#, "lost"),
            (302, "", "protocol"),
            (400, r#"{"code":"900400","details":null}"#, "refused"),
            (404, "<html>", "refused"),
        ] {
            assert_eq!(Failure::from(refusal(&reply(status, body))).code(), expected, "{status} {body}");
        }
    }

    #[test]
    fn a_refusal_tells_the_field_and_no_address() {
        let body =
            r#"{"code":"900400","message":"bad","details":[{"field":"url","message":"https://phones.example.com/cfg/g/x/ is no URL"}]}"#;
        let failure = Failure::from(refusal(&reply(400, body)));
        assert_eq!(failure, Failure::Refused { said: "900400 bad url (an address) is no URL".to_owned() });
    }

    #[test]
    fn a_result_is_told_apart_by_device() {
        let all = vec![vec!["001565000001", "S1"], vec!["001565000002", "S2"], vec!["001565000003", ""]];
        let of = |body: &str| {
            let bulk = Bulk::read(&reply(200, body), all.len()).unwrap();
            all.iter().map(|names| format!("{:?}", bulk.of(names, &all))).collect::<Vec<_>>().join(" ")
        };
        assert_eq!(of(r#"{"total":3,"successCount":3,"failureCount":0,"errors":null}"#), "Done Done Done");
        assert_eq!(of(r#"{"total":"3","successCount":"3"}"#), "Done Done Done");
        assert_eq!(
            of(r#"{"successCount":2,"failureCount":1,"errors":[{"mac":"00-15-65-00-00-02","errorInfo":"no"}]}"#),
            r#"Done Failed("no") Done"#
        );
        assert_eq!(
            of(r#"{"successCount":2,"failureCount":1,"errors":[{"mac":null,"sn":"s1","errorInfo":"no"}]}"#),
            r#"Failed("no") Done Done"#
        );
        assert_eq!(
            of(r#"{"successCount":2,"failureCount":1,"errors":[{"field":"deviceIds","msg":"001565000003: no"}]}"#),
            r#"Done Done Failed("001565000003: no")"#
        );
        // Counted, and not named: nobody else can be taken for done.
        assert_eq!(
            of(r#"{"successCount":1,"failureCount":2,"errors":[{"mac":"001565000002","errorInfo":"no"}]}"#),
            r#"Unsaid Failed("no") Unsaid"#
        );
        assert_eq!(of(r#"{"successCount":1,"errors":[]}"#), "Unsaid Unsaid Unsaid");
        assert!(Bulk::read(&reply(200, r#"{"code":"900400"}"#), 1).unwrap_err().leaves_doubt());
    }
}
