//! A message's head, read once and leniently; what is wrong with it is remembered, so that it can be answered.

use std::borrow::Cow;

use thiserror::Error;

use crate::limits::{SIP_BODY_BYTES_MAX, SIP_HEAD_BYTES_MAX, SIP_HEADERS_MAX};

/// Why bytes are no message at all. There is nobody to answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum Malformed {
    /// The head is longer than [`SIP_HEAD_BYTES_MAX`] or has more than [`SIP_HEADERS_MAX`] fields.
    #[error("the head exceeds a limit")]
    TooLong,
    /// The first line is neither a request's nor a response's.
    #[error("the bytes are no SIP message")]
    NotSip,
}

/// What is wrong with a message that can be answered all the same.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum Fault {
    /// A line of the head that is no field, or a character that no field may hold.
    #[error("a header line cannot be read")]
    Line,
    /// The length is no number, stands there twice with two values, or says more than there is.
    #[error("the content length is wrong")]
    Length,
    /// The body is longer than [`SIP_BODY_BYTES_MAX`].
    #[error("the body exceeds the limit")]
    BodyTooLong,
}

/// The first line.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Start<'a> {
    /// Of a request; each part as sent, not checked.
    Request {
        /// `INVITE` and the like.
        method: &'a str,
        /// The address, with any blanks in it; empty if it is missing or not UTF-8.
        uri: &'a str,
        /// `SIP/2.0`.
        version: &'a str,
    },
    /// Of a response.
    Response {
        /// `SIP/2.0`.
        version: &'a str,
        /// The code; 0 if it is no number of three digits.
        status: u16,
        /// The phrase behind it.
        reason: &'a str,
    },
}

/// One field of the head.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Header<'a> {
    /// The name as sent, or the long one for a compact one.
    pub name: &'a str,
    /// The value on one line, without blanks around it; Latin-1 was made UTF-8.
    pub value: Cow<'a, str>,
}

/// A message, borrowed from the bytes that held it. `Debug` may show secrets: it is for tests.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Message<'a> {
    /// The first line.
    pub start: Start<'a>,
    /// The fields in their order.
    pub headers: Vec<Header<'a>>,
    /// The body, as long as the head says, or all that is there if it says nothing.
    pub body: &'a [u8],
    /// The first thing wrong with it.
    pub fault: Option<Fault>,
}

impl<'a> Message<'a> {
    /// Reads a datagram, or one message cut from a stream.
    pub fn parse(bytes: &'a [u8]) -> Result<Self, Malformed> {
        let blank = bytes.iter().take_while(|byte| matches!(byte, b'\r' | b'\n')).count();
        let bytes = &bytes[blank..];
        // A head that never ends is read as far as it goes: on UDP the empty line may be missing.
        let (head, rest) = bytes.split_at(head_end(bytes, 0).unwrap_or(bytes.len()));
        if head.len() > SIP_HEAD_BYTES_MAX {
            return Err(Malformed::TooLong);
        }
        let mut lines = head.split(|byte| *byte == b'\n').map(|line| line.strip_suffix(b"\r").unwrap_or(line));
        let start = Start::parse(lines.next().unwrap_or_default())?;
        let mut message = Self { start, headers: Vec::new(), body: rest, fault: None };
        for line in lines.filter(|line| !line.is_empty()) {
            message.line(line)?;
        }
        match message.content_length() {
            Err(fault) => message.blame(fault),
            Ok(Some(length)) if length > rest.len() => message.blame(Fault::Length),
            Ok(length) => message.body = &rest[..length.unwrap_or(rest.len())],
        }
        if message.body.len() > SIP_BODY_BYTES_MAX {
            message.blame(Fault::BodyTooLong);
        }
        Ok(message)
    }

    /// All values of a field of that long name, in their order.
    pub fn all(&self, name: &str) -> impl Iterator<Item = &str> {
        self.headers.iter().filter(move |header| header.name.eq_ignore_ascii_case(name)).map(|header| header.value.as_ref())
    }

    /// The value of a field that may be there once; none if it is missing or there twice.
    pub fn only(&self, name: &str) -> Option<&str> {
        let mut values = self.all(name);
        values.next().filter(|_| values.next().is_none())
    }

    /// The request's method, or that of the request that is responded to.
    pub fn method(&self) -> Option<&str> {
        match self.start {
            Start::Request { method, .. } => Some(method),
            Start::Response { .. } => self.cseq().map(|(_, method)| method),
        }
    }

    /// The number and method of `CSeq`.
    pub fn cseq(&self) -> Option<(u32, &str)> {
        let (number, method) = self.only("CSeq")?.split_once([' ', '\t'])?;
        let number = number.bytes().all(|byte| byte.is_ascii_digit()).then(|| number.parse().ok())??;
        Some((number, method.trim_ascii())).filter(|(number, _)| *number < 1 << 31)
    }

    /// What the head says about the body's length, the same each time.
    pub fn content_length(&self) -> Result<Option<usize>, Fault> {
        let mut said = None;
        for value in self.all("Content-Length") {
            let is_number = (1..=10).contains(&value.len()) && value.bytes().all(|byte| byte.is_ascii_digit());
            let length = Some(value).filter(|_| is_number).and_then(|value| value.parse::<usize>().ok());
            let length = length.ok_or(Fault::Length)?;
            if said.is_some_and(|said| said != length) {
                return Err(Fault::Length);
            }
            said = Some(length);
        }
        Ok(said)
    }

    /// The message as a strict parser wants it: UTF-8, one line for each field, long names, one right length.
    pub fn canonical(&self) -> Vec<u8> {
        let first = match self.start {
            Start::Request { method, uri, version } => format!("{method} {uri} {version}\r\n"),
            Start::Response { version, status, reason } => format!("{version} {status} {reason}\r\n"),
        };
        let mut bytes = first.into_bytes();
        for header in self.headers.iter().filter(|header| !header.name.eq_ignore_ascii_case("Content-Length")) {
            bytes.extend_from_slice(header.name.as_bytes());
            bytes.extend_from_slice(b": ");
            bytes.extend_from_slice(header.value.as_bytes());
            bytes.extend_from_slice(b"\r\n");
        }
        bytes.extend_from_slice(format!("Content-Length: {}\r\n\r\n", self.body.len()).as_bytes());
        bytes.extend_from_slice(self.body);
        bytes
    }

    fn line(&mut self, line: &'a [u8]) -> Result<(), Malformed> {
        if line.iter().any(|byte| byte.is_ascii_control() && *byte != b'\t') {
            self.blame(Fault::Line);
            return Ok(());
        }
        if matches!(line.first(), Some(b' ' | b'\t')) {
            match self.headers.last_mut() {
                Some(header) => header.go_on(line.trim_ascii()),
                // The first line does not go on.
                None => self.blame(Fault::Line),
            }
            return Ok(());
        }
        let colon = line.iter().position(|byte| *byte == b':');
        let name =
            colon.map(|colon| line[..colon].trim_ascii_end()).filter(|name| !name.is_empty() && name.iter().all(|byte| is_token(*byte)));
        let (Some(colon), Some(name)) = (colon, name.and_then(|name| std::str::from_utf8(name).ok())) else {
            self.blame(Fault::Line);
            return Ok(());
        };
        if self.headers.len() == SIP_HEADERS_MAX {
            return Err(Malformed::TooLong);
        }
        self.headers.push(Header { name: long_name(name), value: text(line[colon + 1..].trim_ascii()) });
        Ok(())
    }

    fn blame(&mut self, fault: Fault) {
        self.fault.get_or_insert(fault);
    }
}

impl Header<'_> {
    /// A folded line stands for one blank.
    fn go_on(&mut self, line: &[u8]) {
        let more = text(line);
        if !self.value.is_empty() && !more.is_empty() {
            self.value.to_mut().push(' ');
        }
        self.value.to_mut().push_str(&more);
    }
}

impl<'a> Start<'a> {
    fn parse(line: &'a [u8]) -> Result<Self, Malformed> {
        let is_version = |word: &[u8]| word.get(..4).is_some_and(|name| name.eq_ignore_ascii_case(b"SIP/"));
        let readable = |word: &'a [u8]| std::str::from_utf8(word).unwrap_or_default();
        let line = line.trim_ascii_end();
        let blank = line.iter().position(|byte| *byte == b' ').ok_or(Malformed::NotSip)?;
        let (first, rest) = (&line[..blank], &line[blank + 1..]);
        if is_version(first) {
            let (status, reason) = rest.split_at(rest.iter().position(|byte| *byte == b' ').unwrap_or(rest.len()));
            let status = Some(readable(status)).filter(|status| status.len() == 3).and_then(|status| status.parse().ok());
            return Ok(Self::Response {
                version: readable(first),
                status: status.unwrap_or_default(),
                reason: readable(reason).trim_ascii(),
            });
        }
        // Other blanks stay in the address, to be refused with it.
        let last = rest.iter().rposition(|byte| *byte == b' ').map_or(0, |blank| blank + 1);
        let (uri, version) = (readable(rest[..last].strip_suffix(b" ").unwrap_or_default()), &rest[last..]);
        let is_request = !first.is_empty() && first.iter().all(|byte| is_token(*byte)) && is_version(version);
        if is_request { Ok(Self::Request { method: readable(first), uri, version: readable(version) }) } else { Err(Malformed::NotSip) }
    }
}

/// Where the head ends, behind its empty line; looked for from a place on. Lines may end with a bare line feed.
pub(super) fn head_end(bytes: &[u8], from: usize) -> Option<usize> {
    let mut at = from;
    loop {
        at += bytes.get(at..)?.iter().position(|byte| *byte == b'\n')? + 1;
        match &bytes[at..] {
            [b'\n', ..] => return Some(at + 1),
            [b'\r', b'\n', ..] => return Some(at + 2),
            _ => {}
        }
    }
}

/// UTF-8, or what Latin-1 makes of it.
fn text(value: &[u8]) -> Cow<'_, str> {
    match std::str::from_utf8(value) {
        Ok(text) => Cow::Borrowed(text),
        Err(_) => Cow::Owned(value.iter().map(|byte| char::from(*byte)).collect()),
    }
}

fn long_name(name: &str) -> &str {
    let [letter] = name.as_bytes() else { return name };
    match letter.to_ascii_lowercase() {
        b'a' => "Accept-Contact",
        b'b' => "Referred-By",
        b'c' => "Content-Type",
        b'e' => "Content-Encoding",
        b'f' => "From",
        b'i' => "Call-ID",
        b'k' => "Supported",
        b'l' => "Content-Length",
        b'm' => "Contact",
        b'o' => "Event",
        b'r' => "Refer-To",
        b's' => "Subject",
        b't' => "To",
        b'u' => "Allow-Events",
        b'v' => "Via",
        b'x' => "Session-Expires",
        _ => name,
    }
}

pub(super) fn is_token(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || b"-.!%*_+`'~".contains(&byte)
}
