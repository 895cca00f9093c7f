//! Messages as the phone writes and keeps them.

use std::fmt::{self, Write as _};

use wire::sip::message::{Message as Parsed, Start as ParsedStart};

/// A request or a response, owned. `Debug` shows its first line without addresses' secrets, no field and no body.
#[derive(Clone, PartialEq, Eq)]
pub struct Message {
    start: Start,
    headers: Vec<(String, String)>,
    body: Vec<u8>,
}

#[derive(Clone, PartialEq, Eq)]
enum Start {
    Request { method: String, uri: String },
    Response { status: u16, reason: String },
}

impl Message {
    /// A request with nothing but its first line.
    pub fn request(method: &str, uri: &str) -> Self {
        Self::new(Start::Request { method: method.to_owned(), uri: uri.to_owned() })
    }

    /// The response to a request: what has to be repeated is. `tag` is added to `To` if it has none; 100 has none.
    pub fn response(request: &Self, status: u16, reason: &str, tag: &str) -> Self {
        let mut response = Self::new(Start::Response { status, reason: reason.to_owned() });
        for via in request.all("Via") {
            response.push("Via", via);
        }
        if status < 300 && status > 100 {
            for route in request.all("Record-Route") {
                response.push("Record-Route", route);
            }
        }
        for name in ["From", "To", "Call-ID", "CSeq"] {
            let value = request.header(name).unwrap_or_default();
            if name == "To" && status > 100 && tag_of(value).is_none() {
                response.push(name, &format!("{value};tag={tag}"));
            } else {
                response.push(name, value);
            }
        }
        response
    }

    /// Reads one; none if it is no message, or one that cannot be relied on.
    pub fn read(bytes: &[u8]) -> Option<Self> {
        let parsed = Parsed::parse(bytes).ok().filter(|parsed| parsed.fault.is_none())?;
        let start = match parsed.start {
            ParsedStart::Request { method, uri, .. } => Start::Request { method: method.to_owned(), uri: uri.to_owned() },
            ParsedStart::Response { status, reason, .. } => Start::Response { status, reason: reason.to_owned() },
        };
        let headers = parsed.headers.iter().map(|header| (header.name.to_owned(), header.value.clone().into_owned())).collect();
        Some(Self { start, headers, body: parsed.body.to_vec() })
    }

    /// The method; that of the request for a response.
    pub fn method(&self) -> &str {
        match &self.start {
            Start::Request { method, .. } => method,
            Start::Response { .. } => self.cseq().map_or("", |(_, method)| method),
        }
    }

    /// A request's address.
    pub fn uri(&self) -> &str {
        match &self.start {
            Start::Request { uri, .. } => uri,
            Start::Response { .. } => "",
        }
    }

    /// A response's code.
    pub fn status(&self) -> Option<u16> {
        match &self.start {
            Start::Request { .. } => None,
            Start::Response { status, .. } => Some(*status),
        }
    }

    /// The first field of that name.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.all(name).next()
    }

    /// All fields of that name, in their order.
    pub fn all(&self, name: &str) -> impl Iterator<Item = &str> {
        self.headers.iter().filter(move |(own, _)| own.eq_ignore_ascii_case(name)).map(|(_, value)| value.as_str())
    }

    /// The body.
    pub fn body(&self) -> &[u8] {
        &self.body
    }

    /// Number and method of `CSeq`.
    pub fn cseq(&self) -> Option<(u32, &str)> {
        let (number, method) = self.header("CSeq")?.split_once(' ')?;
        Some((number.trim().parse().ok()?, method.trim()))
    }

    /// The dialog's or transaction series' name.
    pub fn call_id(&self) -> &str {
        self.header("Call-ID").unwrap_or_default()
    }

    /// The `branch` of the topmost `Via`.
    pub fn branch(&self) -> Option<&str> {
        parameter(self.header("Via")?, "branch")
    }

    /// One more field.
    #[must_use]
    pub fn with(mut self, name: &str, value: &str) -> Self {
        self.push(name, value);
        self
    }

    /// The same with a body.
    #[must_use]
    pub fn with_body(mut self, content_type: &str, body: impl Into<Vec<u8>>) -> Self {
        self.set("Content-Type", content_type);
        self.body = body.into();
        self
    }

    /// The same with another method, as ACK and CANCEL belong to an INVITE.
    pub(crate) fn renamed(mut self, method: &str) -> Self {
        let count = self.cseq().map_or(0, |(count, _)| count);
        if let Start::Request { method: own, .. } = &mut self.start {
            method.clone_into(own);
        }
        self.set("CSeq", &format!("{count} {method}"));
        self
    }

    /// Puts a field in the place of the first of that name.
    pub(crate) fn set(&mut self, name: &str, value: &str) {
        match self.headers.iter().position(|(own, _)| own.eq_ignore_ascii_case(name)) {
            Some(at) => value.clone_into(&mut self.headers[at].1),
            None => self.push(name, value),
        }
    }

    /// Puts a field before all others.
    pub(crate) fn put_first(&mut self, name: &str, value: &str) {
        self.headers.insert(0, (name.to_owned(), value.to_owned()));
    }

    /// Takes all fields of that name away.
    pub(crate) fn remove(&mut self, name: &str) {
        self.headers.retain(|(own, _)| !own.eq_ignore_ascii_case(name));
    }

    /// The bytes to send.
    pub fn to_bytes(&self) -> Vec<u8> {
        let mut text = match &self.start {
            Start::Request { method, uri } => format!("{method} {uri} SIP/2.0\r\n"),
            Start::Response { status, reason } => format!("SIP/2.0 {status} {reason}\r\n"),
        };
        for (name, value) in self.headers.iter().filter(|(name, _)| !name.eq_ignore_ascii_case("Content-Length")) {
            text.extend([name, ": ", value, "\r\n"]);
        }
        write!(text, "Content-Length: {}\r\n\r\n", self.body.len()).expect("a string takes everything");
        let mut bytes = text.into_bytes();
        bytes.extend_from_slice(&self.body);
        bytes
    }

    fn new(start: Start) -> Self {
        Self { start, headers: Vec::new(), body: Vec::new() }
    }

    fn push(&mut self, name: &str, value: &str) {
        self.headers.push((name.to_owned(), value.to_owned()));
    }
}

impl fmt::Debug for Message {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.start {
            Start::Request { method, uri } => write!(f, "{method} {uri}"),
            Start::Response { status, reason } => write!(f, "{status} {reason} ({})", self.method()),
        }
    }
}

/// The address in a field such as `Contact`: between angle brackets, or up to the parameters.
pub(crate) fn address_of(value: &str) -> &str {
    match value.split_once('<') {
        Some((_, rest)) => rest.split('>').next().unwrap_or_default(),
        None => value.split(';').next().unwrap_or_default().trim(),
    }
}

/// The `tag` of `From` or `To`.
pub(crate) fn tag_of(value: &str) -> Option<&str> {
    parameter(value.rsplit('>').next()?, "tag")
}

/// A parameter behind a semicolon; empty if it has no value.
pub(crate) fn parameter<'v>(value: &'v str, name: &str) -> Option<&'v str> {
    value.split(';').skip(1).find_map(|piece| {
        let (own, value) = piece.split_once('=').unwrap_or((piece, ""));
        own.trim().eq_ignore_ascii_case(name).then(|| value.trim().trim_matches('"'))
    })
}

/// Host and port of an address such as `sip:user@192.0.2.1:5060;transport=udp`; the host without brackets.
pub(crate) fn server_of(uri: &str) -> Option<(&str, Option<u16>)> {
    let rest = uri.split_once(':')?.1;
    let server = rest.split([';', '?']).next()?;
    let server = server.rsplit('@').next()?;
    match server.strip_prefix('[') {
        Some(rest) => {
            let (host, after) = rest.split_once(']')?;
            Some((host, after.strip_prefix(':').and_then(|port| port.parse().ok())))
        }
        None => match server.split_once(':') {
            Some((host, port)) => Some((host, port.parse().ok())),
            None => Some((server, None)),
        },
    }
}

/// The user of an address.
pub(crate) fn user_of(uri: &str) -> Option<&str> {
    let rest = uri.split_once(':')?.1;
    rest.split_once('@').map(|(user, _)| user)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_is_read_back() {
        let request =
            Message::request("INFO", "sip:a@h").with("Via", "SIP/2.0/UDP h;branch=z1").with("CSeq", "2 INFO").with_body("a/b", "x");
        let read = Message::read(&request.to_bytes()).unwrap();
        assert_eq!(
            (read.method(), read.uri(), read.body(), read.branch(), read.cseq()),
            ("INFO", "sip:a@h", &b"x"[..], Some("z1"), Some((2, "INFO")))
        );
        assert_eq!(read.header("content-type"), Some("a/b"));
        assert_eq!(Message::read(b"hello"), None);
        assert_eq!(Message::read(b"INFO sip:a SIP/2.0\r\nContent-Length: 9\r\n\r\nx"), None, "cut short");
    }

    #[test]
    fn a_response_repeats_what_it_must_and_adds_a_tag_once() {
        let request =
            Message::request("BYE", "sip:a@h").with("Via", "SIP/2.0/UDP h;branch=z1").with("From", "<sip:b>;tag=1").with("To", "<sip:a>");
        let response = Message::response(&request, 200, "OK", "own");
        assert_eq!((response.status(), response.header("To"), response.branch()), (Some(200), Some("<sip:a>;tag=own"), Some("z1")));
        let again = Message::response(&request.with("To", "unused"), 100, "Trying", "own");
        assert_eq!(again.header("To"), Some("<sip:a>"));
    }

    #[test]
    fn addresses_are_taken_apart() {
        assert_eq!(address_of("\"A\" <sip:a@h:1;x=y>;expires=3"), "sip:a@h:1;x=y");
        assert_eq!(address_of("sip:a@h;expires=3"), "sip:a@h");
        assert_eq!(server_of("sip:a@h:5062;transport=tcp"), Some(("h", Some(5062))));
        assert_eq!(server_of("sip:[2001:db8::1]:5070"), Some(("2001:db8::1", Some(5070))));
        assert_eq!(server_of("sips:*89@phones.example.com"), Some(("phones.example.com", None)));
        assert_eq!((user_of("sip:*89@h"), user_of("sip:h")), (Some("*89"), None));
        assert_eq!((tag_of("<sip:a;tag=no>;x=1;tag=yes"), tag_of("<sip:a>")), (Some("yes"), None));
    }
}
