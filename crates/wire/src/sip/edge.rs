//! The decisions that need no state: whether a message may go on to the transactions, and the answer if not.
//!
//! Stricter than the parser behind it, which takes other versions, double fields and unknown schemes, and drops what it
//! does not know, so that the phone repeats it for 32 s.

use std::{fmt::Write as _, net::SocketAddr};

use super::message::{Fault, Message, Start, is_token};

/// The methods that go on.
pub const METHODS: [&str; 10] = ["INVITE", "ACK", "BYE", "CANCEL", "OPTIONS", "REGISTER", "INFO", "NOTIFY", "PRACK", "UPDATE"];

/// Methods that are known, and of no use here.
const METHODS_REFUSED: [&str; 4] = ["MESSAGE", "PUBLISH", "REFER", "SUBSCRIBE"];

/// The schemes of addresses that can be called: service numbers of emergencies are `urn`.
const SCHEMES: [&str; 4] = ["sip", "sips", "tel", "urn"];

/// Fields that every request has once.
const SINGLE: [&str; 4] = ["From", "To", "Call-ID", "CSeq"];

/// What to do with a message.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    /// It goes on.
    Pass,
    /// Silence.
    Drop,
    /// It is answered, see [`reply`].
    Refuse(Refusal),
}

/// A final answer that needs no state.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Refusal {
    /// 400
    BadRequest,
    /// 405, with what is allowed.
    MethodNotAllowed,
    /// 416
    UnsupportedScheme,
    /// 420, with what is not supported.
    BadExtension,
    /// 501
    NotImplemented,
    /// 505
    VersionNotSupported,
    /// 513
    TooLarge,
}

impl Refusal {
    /// The code on the wire.
    pub fn status(self) -> u16 {
        match self {
            Self::BadRequest => 400,
            Self::MethodNotAllowed => 405,
            Self::UnsupportedScheme => 416,
            Self::BadExtension => 420,
            Self::NotImplemented => 501,
            Self::VersionNotSupported => 505,
            Self::TooLarge => 513,
        }
    }

    fn phrase(self) -> &'static str {
        match self {
            Self::BadRequest => "Bad Request",
            Self::MethodNotAllowed => "Method Not Allowed",
            Self::UnsupportedScheme => "Unsupported URI Scheme",
            Self::BadExtension => "Bad Extension",
            Self::NotImplemented => "Not Implemented",
            Self::VersionNotSupported => "Version Not Supported",
            Self::TooLarge => "Message Too Large",
        }
    }
}

/// Judges a message; `extensions` are the option tags that we know.
pub fn judge(message: &Message<'_>, extensions: &[&str]) -> Verdict {
    let has_way_back = message.all("Via").next().is_some_and(|value| Via::top(value).is_some());
    match message.start {
        _ if !has_way_back => Verdict::Drop,
        Start::Response { version, status, .. } => {
            let is_sound = message.fault.is_none() && is_our_version(version) && (100..700).contains(&status);
            let is_complete = message.cseq().is_some() && SINGLE.iter().all(|name| message.only(name).is_some());
            if is_sound && is_complete { Verdict::Pass } else { Verdict::Drop }
        }
        Start::Request { method, uri, version } => match refusal(message, method, uri, version, extensions) {
            None => Verdict::Pass,
            // An ACK is never answered.
            Some(_) if method == "ACK" => Verdict::Drop,
            Some(refusal) => Verdict::Refuse(refusal),
        },
    }
}

/// The answer to a request that [`judge`] refuses, or another one that needs no state. `tag` is random; `source` is where
/// the request came from. None if the request has no way back.
pub fn reply(request: &Message<'_>, refusal: Refusal, extensions: &[&str], source: SocketAddr, tag: &str) -> Option<Vec<u8>> {
    let mut vias = request.all("Via");
    let top = Via::top(vias.next()?)?;
    let mut answer = format!("SIP/2.0 {} {}\r\n", refusal.status(), refusal.phrase());
    let mut field = |name: &str, value: &str| write!(answer, "{name}: {value}\r\n").expect("a string takes everything");
    field("Via", &top.answered(source));
    for via in vias {
        field("Via", via);
    }
    for name in SINGLE {
        let Some(value) = request.all(name).next() else { continue };
        if name == "To" && !has_tag(value) {
            field(name, &format!("{value};tag={tag}"));
        } else {
            field(name, value);
        }
    }
    match refusal {
        Refusal::MethodNotAllowed => field("Allow", &METHODS.join(", ")),
        Refusal::BadExtension => field("Unsupported", &unknown_extensions(request, extensions).collect::<Vec<_>>().join(", ")),
        _ => {}
    }
    field("Content-Length", "0");
    answer.push_str("\r\n");
    Some(answer.into_bytes())
}

/// The value of a request's first Via as it stands in the answers: where the request really came from is added. None if it
/// does not say where to answer to.
pub fn answered_via(value: &str, source: SocketAddr) -> Option<String> {
    Some(Via::top(value)?.answered(source))
}

fn refusal(message: &Message<'_>, method: &str, uri: &str, version: &str, extensions: &[&str]) -> Option<Refusal> {
    if !is_our_version(version) {
        return Some(Refusal::VersionNotSupported);
    }
    if message.fault == Some(Fault::BodyTooLong) {
        return Some(Refusal::TooLarge);
    }
    let is_numbered = message.cseq().is_some_and(|(_, numbered)| numbered == method);
    let hops = message.all("Max-Forwards").all(|hops| hops.parse::<u8>().is_ok());
    let is_complete = SINGLE.iter().all(|name| message.only(name).is_some_and(|value| !value.is_empty()));
    if message.fault.is_some() || !is_complete || !is_numbered || !hops {
        return Some(Refusal::BadRequest);
    }
    if METHODS_REFUSED.contains(&method) {
        return Some(Refusal::MethodNotAllowed);
    }
    if !METHODS.contains(&method) {
        return Some(Refusal::NotImplemented);
    }
    match scheme(uri) {
        None => return Some(Refusal::BadRequest),
        Some(scheme) if !SCHEMES.iter().any(|known| scheme.eq_ignore_ascii_case(known)) => return Some(Refusal::UnsupportedScheme),
        Some(_) => {}
    }
    // A CANCEL must get through whatever it asks for, and an ACK cannot be answered (RFC 3261 section 8.2.2).
    let must_know = !matches!(method, "ACK" | "CANCEL");
    (must_know && unknown_extensions(message, extensions).next().is_some()).then_some(Refusal::BadExtension)
}

/// The scheme of an address; none if it has none, or holds a character that an address cannot hold.
fn scheme(uri: &str) -> Option<&str> {
    let is_clean = uri.bytes().all(|byte| byte.is_ascii_graphic() && !b"<>\"".contains(&byte));
    let (scheme, rest) = uri.split_once(':').filter(|_| is_clean)?;
    (!scheme.is_empty() && !rest.is_empty() && scheme.bytes().all(is_token)).then_some(scheme)
}

fn is_our_version(version: &str) -> bool {
    version.eq_ignore_ascii_case("SIP/2.0")
}

fn unknown_extensions<'a>(message: &'a Message<'_>, known: &'a [&str]) -> impl Iterator<Item = &'a str> {
    let tags = message.all("Require").flat_map(|value| value.split(',')).map(str::trim_ascii).filter(|tag| !tag.is_empty());
    tags.filter(|tag| !known.iter().any(|known| tag.eq_ignore_ascii_case(known)))
}

/// Whether an address in a field carries a tag: behind the closing bracket, or without brackets anywhere.
fn has_tag(value: &str) -> bool {
    let parameters = value.rsplit_once('>').map_or(value, |(_, behind)| behind);
    parameters.split(';').skip(1).any(|parameter| parameter.trim_ascii().get(..4).is_some_and(|name| name.eq_ignore_ascii_case("tag=")))
}

/// One hop of the way back.
struct Via<'a> {
    /// The whole of it.
    value: &'a str,
    /// Further hops in the same field, with their comma.
    others: &'a str,
    /// The host that its sender says it is.
    host: &'a str,
}

impl<'a> Via<'a> {
    /// The first hop in a field; none if it does not say where to answer to.
    fn top(field: &'a str) -> Option<Self> {
        let mut is_quoted = false;
        let comma = field.char_indices().find(|(_, character)| {
            is_quoted ^= *character == '"';
            *character == ',' && !is_quoted
        });
        let (value, others) = field.split_at(comma.map_or(field.len(), |(at, _)| at));
        let value = value.trim_ascii();
        let mut parts = value.splitn(3, '/');
        let (name, number) = (parts.next()?.trim_ascii(), parts.next()?.trim_ascii());
        let (transport, sent_by) = parts.next()?.trim_ascii().split_once([' ', '\t'])?;
        let host = sent_by.split(';').next()?.trim_ascii();
        let is_via = name.eq_ignore_ascii_case("SIP") && number == "2.0" && transport.bytes().all(is_token) && !host.is_empty();
        is_via.then_some(Self { value, others, host })
    }

    /// As it goes back: where the request really came from is added (section 18.2.1, RFC 3581).
    fn answered(&self, source: SocketAddr) -> String {
        let address = source.ip().to_canonical();
        let mut parts = self.value.split(';');
        let mut value = parts.next().unwrap_or_default().to_owned();
        let mut wants_port = false;
        for part in parts {
            let (name, _) = part.split_once('=').unwrap_or((part, ""));
            match name.trim_ascii().to_ascii_lowercase().as_str() {
                "rport" => wants_port = true,
                // What the sender itself put there counts for nothing.
                "received" => {}
                _ => {
                    value.push(';');
                    value.push_str(part);
                }
            }
        }
        let is_said = self.host.trim_matches(['[', ']']) == address.to_string();
        if wants_port {
            write!(value, ";rport={}", source.port()).expect("a string takes everything");
        }
        if wants_port || !is_said {
            write!(value, ";received={address}").expect("a string takes everything");
        }
        value + self.others
    }
}
