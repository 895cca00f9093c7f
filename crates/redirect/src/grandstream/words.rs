//! What the service says when it says no. One code is known: all else is told by its words, and those are from two clients' tests.

use serde_json::Value;

use crate::outcome::{Failure, Outcome};
use crate::road::Reply;

/// The frame around every answer.
pub(super) struct Envelope {
    /// `0` is yes.
    pub(super) code: String,
    pub(super) words: String,
    pub(super) data: Value,
}

/// What an answer is.
pub(super) enum Verdict {
    Told(Envelope),
    /// The token has ended, or was never one; nothing was done.
    TokenEnded,
}

impl Envelope {
    pub(super) fn is_good(&self) -> bool {
        self.code == "0"
    }

    /// The content of a yes.
    pub(super) fn good(self) -> Result<Value, Failure> {
        if self.is_good() { Ok(self.data) } else { Err(self.failure()) }
    }

    /// Why the whole call was refused.
    pub(super) fn failure(&self) -> Failure {
        let words = self.words.to_lowercase();
        let says = |what: &[&str]| what.iter().any(|what| words.contains(what));
        if says(&["frequent", "too many"]) {
            Failure::RateLimited { pause: None }
        } else if says(&["permission", "no authority"]) {
            Failure::NotPermitted { said: self.said() }
        } else {
            Failure::refused(self.said())
        }
    }

    /// What the refusal means for the only device of the call.
    pub(super) fn outcome(&self) -> Outcome {
        if self.is_good() { Outcome::Done } else { outcome(&self.code, &self.words) }
    }

    /// Its words.
    pub(super) fn said(&self) -> String {
        format!("{} {}", self.code, shown(&self.words)).trim_end().to_owned()
    }
}

/// Reads an answer.
pub(super) fn verdict(reply: &Reply) -> Result<Verdict, Failure> {
    match reply.status {
        401 => return Ok(Verdict::TokenEnded),
        403 => return Err(Failure::NotPermitted { said: "403".to_owned() }),
        400..=499 => return Err(Failure::refused(reply.status.to_string())),
        200..=299 => {}
        status => return Err(Failure::protocol(format!("status {status}"))),
    }
    let mut content: Value = reply.json()?;
    let code = text(&content["retCode"]).ok_or_else(|| Failure::protocol("no retCode"))?;
    let words = text(&content["msg"]).unwrap_or_default();
    let ended = code != "0" && words.to_lowercase().contains("token");
    Ok(if ended { Verdict::TokenEnded } else { Verdict::Told(Envelope { code, words, data: content["data"].take() }) })
}

/// What the service says of one device of a call. "There already" is told as [`Outcome::AlreadyOurs`]; whose it is, a lookup shows.
pub(super) fn outcome(code: &str, words: &str) -> Outcome {
    let lower = words.to_lowercase();
    let says = |what: &[&str]| what.iter().any(|what| lower.contains(what));
    if code == "30010" || lower.trim() == "30010" {
        Outcome::InvalidSerial
    } else if is_absent(words) {
        Outcome::NotFound
    } else if says(&["another", "other account", "other user", "bound"]) {
        Outcome::OwnedByOther { owner: None }
    } else if says(&["exist"]) {
        Outcome::AlreadyOurs
    } else if says(&["mac "]) && says(&["invalid", "illegal", "format"]) {
        Outcome::InvalidMac
    } else {
        Outcome::refused(format!("{code} {}", shown(words)).trim())
    }
}

/// Whether the words say that there is no such device.
pub(super) fn is_absent(words: &str) -> bool {
    let lower = words.to_lowercase();
    ["not exist", "not found", "no such"].iter().any(|what| lower.contains(what))
}

/// A number or a text, as text.
pub(super) fn text(value: &Value) -> Option<String> {
    match value {
        Value::String(text) => Some(text.clone()),
        Value::Number(number) => Some(number.to_string()),
        _ => None,
    }
}

/// Words without what they may repeat of a configuration that was sent.
fn shown(words: &str) -> String {
    let word = |word| if ["/", "<", ">", "="].iter().any(|mark| str::contains(word, *mark)) { "…" } else { word };
    words.split_whitespace().map(word).collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_have_their_outcome() {
        for (code, words, expected) in [
            ("", "30010", Outcome::InvalidSerial),
            ("30010", "", Outcome::InvalidSerial),
            ("10012", "The device already exists", Outcome::AlreadyOurs),
            ("10003", "Device bound to another account", Outcome::OwnedByOther { owner: None }),
            ("10013", "The device does not exist", Outcome::NotFound),
            ("10001", "The MAC format is wrong", Outcome::InvalidMac),
            ("", "30099", Outcome::refused("30099")),
            ("7", "odd <P1361>hidden</P1361> thing", Outcome::refused("7 odd … thing")),
        ] {
            assert_eq!(outcome(code, words), expected, "{code} {words}");
        }
    }

    #[test]
    fn envelopes_have_their_failure() {
        for (words, expected) in [("Too many requests", "rate_limited"), ("No permission", "not_permitted"), ("signature error", "refused")]
        {
            let envelope = Envelope { code: "40003".to_owned(), words: words.to_owned(), data: Value::Null };
            assert_eq!(envelope.failure().code(), expected, "{words}");
        }
    }
}
