//! What goes back to a phone.

use std::fmt;
use std::hash::{BuildHasher as _, Hasher as _};

use bytes::Bytes;
use foldhash::quality::FixedState;
use http::header::{ACCEPT_RANGES, ALLOW, CACHE_CONTROL, CONNECTION, CONTENT_RANGE, CONTENT_TYPE, ETAG, RETRY_AFTER, WWW_AUTHENTICATE};
use http::{HeaderValue, Response, StatusCode};
use http_body_util::Full;

use crate::limits::ENTITY_TAGS_MAX;
use crate::phones::Method;
use crate::transfer::{Payload, Transfer};

/// A whole answer. It goes out with `Content-Length`, never chunked; `HEAD` and matching entity tags lose the body by themselves.
pub struct Answer {
    /// Status code.
    pub status: StatusCode,
    /// `Content-Type`, if there is a body.
    pub content_type: Option<HeaderValue>,
    /// The bytes, the same for the same content.
    pub body: Bytes,
    /// A file that is read while it is sent, in the body's place.
    pub transfer: Option<Transfer>,
    /// `Content-Range`, of 206 and 416.
    pub content_range: Option<HeaderValue>,
    /// `ETag`. A `GET` or `HEAD` that names it in `If-None-Match` is answered 304 instead of 200.
    pub etag: Option<HeaderValue>,
    /// `Retry-After`, in seconds.
    pub retry_after: Option<u32>,
    /// `WWW-Authenticate`, one line each, strongest first.
    pub challenges: Vec<HeaderValue>,
    /// `Allow`.
    pub allow: Option<HeaderValue>,
    /// The connection ends with this answer.
    pub close: bool,
    /// The body is encrypted for one phone.
    pub sealed: bool,
}

impl Answer {
    /// A status without a body.
    pub fn empty(status: StatusCode) -> Self {
        let body = Bytes::new();
        Self {
            status,
            content_type: None,
            body,
            transfer: None,
            content_range: None,
            etag: None,
            retry_after: None,
            challenges: Vec::new(),
            allow: None,
            close: false,
            sealed: false,
        }
    }

    /// A status with one line of text for people.
    pub fn text(status: StatusCode, line: &'static str) -> Self {
        let content_type = Some(HeaderValue::from_static("text/plain; charset=utf-8"));
        Self { content_type, body: Bytes::from_static(line.as_bytes()), ..Self::empty(status) }
    }

    /// 200 with a file.
    pub fn file(content_type: HeaderValue, body: impl Into<Bytes>) -> Self {
        Self { content_type: Some(content_type), body: body.into(), ..Self::empty(StatusCode::OK) }
    }

    /// 200 with a file that is read while it is sent.
    pub fn transfer(transfer: Transfer, etag: HeaderValue) -> Self {
        let content_type = Some(HeaderValue::from_static("application/octet-stream"));
        Self { content_type, transfer: Some(transfer), etag: Some(etag), ..Self::empty(StatusCode::OK) }
    }

    /// How many bytes its body has.
    pub fn bytes(&self) -> u64 {
        self.transfer.as_ref().map_or(self.body.len() as u64, Transfer::bytes)
    }

    /// The same with the entity tag of its body.
    #[must_use]
    pub fn tagged(mut self) -> Self {
        self.etag = Some(entity_tag(&self.body));
        self
    }

    /// 401 with challenges.
    pub fn unauthorized(challenges: Vec<HeaderValue>) -> Self {
        Self { challenges, ..Self::text(StatusCode::UNAUTHORIZED, "Login required.\n") }
    }

    /// 404: next file, please.
    pub fn not_found() -> Self {
        Self::text(StatusCode::NOT_FOUND, "No such file.\n")
    }

    /// 503: come back after so many seconds.
    pub fn unavailable(retry_after: u32) -> Self {
        Self { retry_after: Some(retry_after), ..Self::text(StatusCode::SERVICE_UNAVAILABLE, "Busy, try again later.\n") }
    }

    /// The answer to a phone's upload: kept or not, a phone only wants to hear that it went well.
    pub fn uploaded() -> Self {
        Self::empty(StatusCode::OK)
    }

    /// Ends the connection after this answer.
    #[must_use]
    pub fn closing(mut self) -> Self {
        self.close = true;
        self
    }

    /// The response as hyper sends it. `held` are the request's `If-None-Match` lines.
    pub(crate) fn into_response(mut self, method: Option<Method>, held: &[HeaderValue]) -> Response<Payload> {
        let reads = matches!(method, Some(Method::Get | Method::Head));
        if reads && self.status == StatusCode::OK && self.etag.as_ref().is_some_and(|etag| holds(held, etag)) {
            self.status = StatusCode::NOT_MODIFIED;
            self.body = Bytes::new();
            self.transfer = None;
            self.content_type = None;
        }
        let (tagged, ranges) = (self.etag.is_some(), self.transfer.is_some() || self.content_range.is_some());
        let mut response = Response::new(self.transfer.map_or_else(|| Payload::Whole(Full::new(self.body)), Payload::File));
        *response.status_mut() = self.status;
        let headers = response.headers_mut();
        let mut set = |name, value: Option<HeaderValue>| value.map(|value| headers.insert(name, value));
        set(CONTENT_TYPE, self.content_type);
        set(ETAG, self.etag);
        set(ACCEPT_RANGES, ranges.then_some(HeaderValue::from_static("bytes")));
        set(CONTENT_RANGE, self.content_range);
        set(ALLOW, self.allow);
        set(RETRY_AFTER, self.retry_after.map(HeaderValue::from));
        // What one phone gets is for that phone: no cache on the way may keep it.
        set(CACHE_CONTROL, tagged.then_some(HeaderValue::from_static("private, no-cache")));
        set(CONNECTION, self.close.then_some(HeaderValue::from_static("close")));
        for challenge in self.challenges {
            headers.append(WWW_AUTHENTICATE, challenge);
        }
        response
    }
}

/// Without the body: it may hold passwords.
impl fmt::Debug for Answer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Answer").field("status", &self.status.as_u16()).field("bytes", &self.bytes()).finish_non_exhaustive()
    }
}

/// The entity tag of a body: its hash and length.
///
/// A fixed-key hash is enough: nothing rests on it but a saved transfer, who sees the tag may see the body, and two releases
/// that hash differently cost one full answer.
pub fn entity_tag(body: &[u8]) -> HeaderValue {
    let mut hasher = FixedState::default().build_hasher();
    hasher.write(body);
    HeaderValue::try_from(format!("\"{:016x}{:x}\"", hasher.finish(), body.len())).expect("hexadecimal digits in quotes")
}

/// Whether one of the `If-None-Match` lines names the tag (weak comparison, `*` included).
pub(crate) fn holds(lines: &[HeaderValue], etag: &HeaderValue) -> bool {
    fn opaque(tag: &[u8]) -> &[u8] {
        let tag = tag.trim_ascii();
        tag.strip_prefix(b"W/").unwrap_or(tag)
    }
    let tags = lines.iter().flat_map(|line| line.as_bytes().split(|byte| *byte == b','));
    tags.take(ENTITY_TAGS_MAX).any(|tag| tag.trim_ascii() == b"*" || opaque(tag) == opaque(etag.as_bytes()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_bytes_have_the_same_tag() {
        assert_eq!(entity_tag(b"a"), entity_tag(b"a"));
        assert_ne!(entity_tag(b"a"), entity_tag(b"b"));
        assert_ne!(entity_tag(b""), entity_tag(b"\0"));
    }

    #[test]
    fn tags_are_compared_weakly() {
        let etag = HeaderValue::from_static("\"abc\"");
        let held = |line: &'static str| holds(&[HeaderValue::from_static(line)], &etag);
        for line in ["\"abc\"", "W/\"abc\"", "*", "\"x\", \"abc\"", " \"abc\" ,\"x\""] {
            assert!(held(line), "{line}");
        }
        for line in ["", "abc", "\"abcd\"", "\"ab\"", ",,,,,,,,,,,,,,,,,,,,,,,\"abc\""] {
            assert!(!held(line), "{line}");
        }
    }

    #[test]
    fn the_body_is_not_in_debug() {
        let answer = Answer::file(HeaderValue::from_static("text/plain"), "password = hunter2");
        assert!(!format!("{answer:?}").contains("hunter2"));
    }
}
