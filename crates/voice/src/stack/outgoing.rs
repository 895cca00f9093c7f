//! What we say: replies and requests, built field by field. No value can end its line.

use std::fmt;

use bytes::Bytes;
use domain::Secret;

/// The answer to a request. Via, From, To, Call-ID and CSeq come from the request.
#[derive(Clone)]
pub struct Reply {
    pub(crate) status: u16,
    pub(crate) reason: String,
    pub(crate) headers: Vec<(String, String)>,
    pub(crate) body: Option<(String, Bytes)>,
}

impl Reply {
    /// A reply with the usual phrase of its code.
    pub fn new(status: u16) -> Self {
        Self { status, reason: phrase(status).to_owned(), headers: Vec::new(), body: None }
    }

    /// Another phrase.
    #[must_use]
    pub fn reason(mut self, reason: &str) -> Self {
        self.reason = one_line(reason);
        self
    }

    /// One more field.
    #[must_use]
    pub fn header(mut self, name: &str, value: &str) -> Self {
        self.headers.push((one_line(name), one_line(value)));
        self
    }

    /// The body and its kind.
    #[must_use]
    pub fn body(mut self, content_type: &str, body: impl Into<Bytes>) -> Self {
        self.body = Some((one_line(content_type), body.into()));
        self
    }

    /// A session description as body.
    #[must_use]
    pub fn sdp(self, sdp: impl Into<Bytes>) -> Self {
        self.body("application/sdp", sdp)
    }

    /// The code.
    pub fn status(&self) -> u16 {
        self.status
    }

    /// The fields added to it, in their order.
    pub fn headers(&self) -> impl Iterator<Item = (&str, &str)> {
        self.headers.iter().map(|(name, value)| (name.as_str(), value.as_str()))
    }
}

impl fmt::Debug for Reply {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Reply").field("status", &self.status).finish_non_exhaustive()
    }
}

/// A request that begins something: NOTIFY, OPTIONS, INVITE. What is not set is filled in: From (the service), To (the
/// request's address), Call-ID, CSeq, Contact, Max-Forwards. A tag is added to From.
#[derive(Clone)]
pub struct Request {
    pub(crate) method: String,
    pub(crate) uri: String,
    pub(crate) headers: Vec<(String, String)>,
    pub(crate) body: Option<(String, Bytes)>,
    pub(crate) credentials: Option<Credentials>,
}

impl Request {
    /// A request of that method to that address.
    pub fn new(method: &str, uri: &str) -> Self {
        Self { method: one_line(method), uri: one_line(uri), headers: Vec::new(), body: None, credentials: None }
    }

    /// One more field, or another value of From, To, Call-ID, Contact or Max-Forwards.
    #[must_use]
    pub fn header(mut self, name: &str, value: &str) -> Self {
        self.headers.push((one_line(name), one_line(value)));
        self
    }

    /// The body and its kind.
    #[must_use]
    pub fn body(mut self, content_type: &str, body: impl Into<Bytes>) -> Self {
        self.body = Some((one_line(content_type), body.into()));
        self
    }

    /// A session description as body.
    #[must_use]
    pub fn sdp(self, sdp: impl Into<Bytes>) -> Self {
        self.body("application/sdp", sdp)
    }

    /// What a challenge (401, 407) is answered with, once.
    #[must_use]
    pub fn credentials(mut self, user: &str, password: Secret<String>) -> Self {
        self.credentials = Some(Credentials { user: user.to_owned(), password });
        self
    }
}

impl fmt::Debug for Request {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Request").field("method", &self.method).finish_non_exhaustive()
    }
}

/// A digest user.
#[derive(Clone, Debug)]
pub(crate) struct Credentials {
    pub(crate) user: String,
    pub(crate) password: Secret<String>,
}

/// A text without what would end a line.
pub(crate) fn one_line(text: &str) -> String {
    text.chars().map(|character| if character.is_control() { ' ' } else { character }).collect()
}

/// The usual phrase of a code.
pub(crate) fn phrase(status: u16) -> &'static str {
    match status {
        100 => "Trying",
        180 => "Ringing",
        182 => "Queued",
        183 => "Session Progress",
        202 => "Accepted",
        400 => "Bad Request",
        401 => "Unauthorized",
        403 => "Forbidden",
        404 => "Not Found",
        405 => "Method Not Allowed",
        407 => "Proxy Authentication Required",
        408 => "Request Timeout",
        415 => "Unsupported Media Type",
        423 => "Interval Too Brief",
        480 => "Temporarily Unavailable",
        481 => "Call/Transaction Does Not Exist",
        482 => "Loop Detected",
        484 => "Address Incomplete",
        486 => "Busy Here",
        487 => "Request Terminated",
        488 => "Not Acceptable Here",
        489 => "Bad Event",
        491 => "Request Pending",
        500 => "Server Internal Error",
        503 => "Service Unavailable",
        504 => "Server Time-out",
        600 => "Busy Everywhere",
        603 => "Decline",
        _ => match status / 100 {
            0 | 1 => "Progress",
            2 => "OK",
            3 => "Redirected",
            4 => "Request Failure",
            5 => "Server Failure",
            _ => "Global Failure",
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_value_cannot_end_its_line() {
        let reply = Reply::new(200).header("X", "a\r\nY: b").reason("O\nK");
        assert_eq!(reply.headers().collect::<Vec<_>>(), [("X", "a  Y: b")]);
        assert_eq!(reply.reason, "O K");
    }

    #[test]
    fn debug_shows_no_field() {
        let request = Request::new("NOTIFY", "sip:token@192.0.2.1").credentials("u", Secret::new("p".to_owned()));
        assert_eq!(format!("{request:?}"), r#"Request { method: "NOTIFY", .. }"#);
    }
}
