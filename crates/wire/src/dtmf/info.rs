//! Keys in the body of a SIP INFO request: the two forms that phones use, neither of which a standard describes.

use super::Key;
use crate::limits::DTMF_INFO_BYTES_MAX;

/// The key in the body; none if the body is of another type, too long, or names no key (a flash, for one). Whatever it
/// is, the request is answered with 200: a phone that hears an error may end the call.
pub fn key(content_type: &str, body: &[u8]) -> Option<Key> {
    let kind = content_type.split(';').next().unwrap_or_default().trim();
    let body = std::str::from_utf8(body).ok().filter(|body| body.len() <= DTMF_INFO_BYTES_MAX)?;
    let is = |name: &str| kind.eq_ignore_ascii_case(name);
    // Some firmware writes one form under the other's name.
    if is("application/dtmf-relay") || is("application/dtmf") { relayed(body).or_else(|| named(body)) } else { None }
}

/// `Signal=5` and `Duration=160`, each on a line, with or without blanks.
fn relayed(body: &str) -> Option<Key> {
    let fields = body.split(['\r', '\n']).filter_map(|line| line.split_once('='));
    let mut signals = fields.filter(|(name, _)| name.trim().eq_ignore_ascii_case("signal"));
    named(signals.next()?.1)
}

/// A key's name, or the event code of one that is no digit.
fn named(text: &str) -> Option<Key> {
    let text = text.trim().trim_matches('"');
    let mut characters = text.chars();
    match (characters.next(), characters.next()) {
        (Some(name), None) => Key::named(name),
        (Some('1'), Some(_)) => Key::of_event(text.parse().ok()?),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bodies_of_phones() {
        let check = |kind: &str, body: &str, expected: Option<char>| {
            assert_eq!(key(kind, body.as_bytes()).map(Key::name), expected, "{kind}: {body:?}");
        };
        let relay = "application/dtmf-relay";
        check(relay, "Signal=5\r\nDuration=160\r\n", Some('5'));
        check(relay, "Signal= 5\r\nDuration= 250", Some('5'));
        check(relay, "Duration=250\nsignal = 0", Some('0'));
        check(relay, "\r\nSIGNAL=*\r\n", Some('*'));
        check(relay, "Signal=#", Some('#'));
        check(relay, "Signal=10\r\nDuration=100", Some('*'));
        check(relay, "Signal=11", Some('#'));
        check(relay, "Signal=12", Some('A'));
        check(relay, "Signal=d", Some('D'));
        check(relay, "Signal=\"7\"", Some('7'));
        check(relay, "8", Some('8'));
        check("Application/DTMF-Relay ; charset=utf-8", "Signal=1", Some('1'));
        check("application/dtmf", "9", Some('9'));
        check("application/dtmf", " 11\r\n", Some('#'));
        check("application/dtmf", "Signal=3", Some('3'));
        check(relay, "Signal=16", None);
        check(relay, "Signal=flash", None);
        check(relay, "Signal=", None);
        check(relay, "Signal=55", None);
        check(relay, "Signal=100000000000000000000", None);
        check(relay, "Duration=5", None);
        check(relay, "", None);
        check("application/sdp", "Signal=5", None);
        check("", "Signal=5", None);
        assert_eq!(key(relay, b"Signal=\xFF"), None);
        let padded = format!("{}Signal=5", "\r\n".repeat(DTMF_INFO_BYTES_MAX));
        assert_eq!(key(relay, padded.as_bytes()), None);
    }
}
