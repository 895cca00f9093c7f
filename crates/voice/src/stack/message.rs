//! A message as the rooms behind the edge see it: owned, cheap to clone, and silent about what it holds.

use std::{fmt, net::SocketAddr, ops::Range, sync::Arc};

use bytes::Bytes;
use wire::sip::edge::answered_via;
use wire::sip::message as head;

use super::address::Address;

/// A request or a response. A clone shares it. `Debug` shows neither fields nor body.
#[derive(Clone)]
pub struct Message(Arc<Parts>);

struct Parts {
    start: Start,
    fields: Vec<Field>,
    /// Everything of the head that fields and start point to.
    text: String,
    body: Bytes,
}

enum Start {
    Request { method: Range<usize>, uri: Range<usize> },
    Response { status: u16, reason: Range<usize> },
}

struct Field {
    name: Range<usize>,
    value: Range<usize>,
}

impl Message {
    /// Reads bytes leniently, without the edge's judgement. None if they are no SIP message.
    pub fn read(bytes: &[u8]) -> Option<Self> {
        Some(Self::copied(&head::Message::parse(bytes).ok()?, None))
    }

    /// As the edge hands it on: the first Via of a request says where it really came from.
    pub(crate) fn received(message: &head::Message<'_>, source: SocketAddr) -> Self {
        Self::copied(message, Some(source))
    }

    fn copied(message: &head::Message<'_>, source: Option<SocketAddr>) -> Self {
        let mut text = String::with_capacity(512);
        let mut keep = |part: &str| {
            let from = text.len();
            text.push_str(part);
            from..text.len()
        };
        let start = match message.start {
            head::Start::Request { method, uri, .. } => Start::Request { method: keep(method), uri: keep(uri) },
            head::Start::Response { status, reason, .. } => Start::Response { status, reason: keep(reason) },
        };
        let is_request = matches!(start, Start::Request { .. });
        let mut source = source.filter(|_| is_request);
        let mut fields = Vec::with_capacity(message.headers.len());
        for header in &message.headers {
            let is_top = header.name.eq_ignore_ascii_case("Via") && source.is_some();
            let answered = if is_top { source.take().and_then(|source| answered_via(&header.value, source)) } else { None };
            fields.push(Field { name: keep(header.name), value: keep(answered.as_deref().unwrap_or(&header.value)) });
        }
        text.shrink_to_fit();
        Self(Arc::new(Parts { start, fields, text, body: Bytes::copy_from_slice(message.body) }))
    }

    /// Whether it is a request.
    pub fn is_request(&self) -> bool {
        matches!(self.0.start, Start::Request { .. })
    }

    /// The request's method, or that of the request which is responded to. Empty if a response does not say.
    pub fn method(&self) -> &str {
        match &self.0.start {
            Start::Request { method, .. } => self.text(method),
            Start::Response { .. } => self.cseq().map_or("", |(_, method)| method),
        }
    }

    /// The response's code; 0 for a request.
    pub fn status(&self) -> u16 {
        match self.0.start {
            Start::Request { .. } => 0,
            Start::Response { status, .. } => status,
        }
    }

    /// The response's phrase; empty for a request.
    pub fn reason(&self) -> &str {
        match &self.0.start {
            Start::Request { .. } => "",
            Start::Response { reason, .. } => self.text(reason),
        }
    }

    /// The request's address; empty for a response.
    pub fn uri(&self) -> &str {
        match &self.0.start {
            Start::Request { uri, .. } => self.text(uri),
            Start::Response { .. } => "",
        }
    }

    /// The value of the first field of that long name.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.all(name).next()
    }

    /// The values of all fields of that long name, in their order.
    pub fn all(&self, name: &str) -> impl Iterator<Item = &str> {
        let fields = self.0.fields.iter().filter(move |field| self.text(&field.name).eq_ignore_ascii_case(name));
        fields.map(|field| self.text(&field.value))
    }

    /// The body; empty if there is none.
    pub fn body(&self) -> &[u8] {
        &self.0.body
    }

    /// The body, shared.
    pub fn body_bytes(&self) -> Bytes {
        self.0.body.clone()
    }

    /// The body's kind without its parameters, as sent: `application/sdp`.
    pub fn content_type(&self) -> Option<&str> {
        Some(self.header("Content-Type")?.split(';').next().unwrap_or_default().trim_ascii())
    }

    /// The session description in the body, if it is one.
    pub fn sdp(&self) -> Option<&[u8]> {
        let is_sdp = self.content_type().is_some_and(|kind| kind.eq_ignore_ascii_case("application/sdp"));
        (is_sdp && !self.body().is_empty()).then(|| self.body())
    }

    /// `Call-ID`; empty if it is missing, which the edge lets nobody do.
    pub fn call_id(&self) -> &str {
        self.header("Call-ID").unwrap_or_default()
    }

    /// The number and method of `CSeq`.
    pub fn cseq(&self) -> Option<(u32, &str)> {
        let (number, method) = self.header("CSeq")?.split_once([' ', '\t'])?;
        Some((number.parse().ok()?, method.trim_ascii()))
    }

    /// The address in `From`.
    pub fn from(&self) -> Address<'_> {
        Address::parse(self.header("From").unwrap_or_default())
    }

    /// The address in `To`.
    pub fn to(&self) -> Address<'_> {
        Address::parse(self.header("To").unwrap_or_default())
    }

    /// The tag in `From`; empty if there is none.
    pub fn from_tag(&self) -> &str {
        self.from().parameter("tag").unwrap_or_default()
    }

    /// The tag in `To`; none outside a dialog.
    pub fn to_tag(&self) -> Option<&str> {
        self.to().parameter("tag").filter(|tag| !tag.is_empty())
    }

    fn text(&self, range: &Range<usize>) -> &str {
        &self.0.text[range.clone()]
    }
}

impl fmt::Debug for Message {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut shown = f.debug_struct("Message");
        match self.0.start {
            Start::Request { .. } => shown.field("method", &self.method()),
            Start::Response { status, .. } => shown.field("status", &status),
        };
        shown.finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const INVITE: &str = "INVITE sip:*89@example.com SIP/2.0\r\nv: SIP/2.0/UDP 10.0.0.1;branch=z9hG4bKa;rport\r\nVia: SIP/2.0/UDP b\r\n\
        f: \"A\" <sip:a@example.com>;tag=1\r\nTo: <sip:*89@example.com>\r\ni: c\r\nCSeq: 7 INVITE\r\nAuthorization: Digest secret\r\n\
        c: application/SDP ;x=y\r\nl: 5\r\n\r\nv=0\r\n";

    #[test]
    fn parts_of_a_request() {
        let message = Message::read(INVITE.as_bytes()).unwrap();
        assert_eq!((message.method(), message.uri(), message.status()), ("INVITE", "sip:*89@example.com", 0));
        assert_eq!((message.call_id(), message.cseq(), message.from_tag(), message.to_tag()), ("c", Some((7, "INVITE")), "1", None));
        assert_eq!((message.content_type(), message.sdp()), (Some("application/SDP"), Some(&b"v=0\r\n"[..])));
        assert_eq!(message.all("via").count(), 2);
    }

    #[test]
    fn the_first_via_says_where_a_request_came_from() {
        let parsed = head::Message::parse(INVITE.as_bytes()).unwrap();
        let message = Message::received(&parsed, "192.0.2.7:1234".parse().unwrap());
        let vias: Vec<_> = message.all("Via").collect();
        assert_eq!(vias, ["SIP/2.0/UDP 10.0.0.1;branch=z9hG4bKa;rport=1234;received=192.0.2.7", "SIP/2.0/UDP b"]);
    }

    proptest! {
        /// A request with anything changed in it: it is read or not, and everything that can be asked of it has an answer.
        #[test]
        fn any_bytes_are_survived(at in 0..INVITE.len(), bytes in proptest::collection::vec(any::<u8>(), 0..8), cut in 0..INVITE.len()) {
            let mut changed = INVITE.as_bytes().to_vec();
            changed.splice(at..at, bytes);
            changed.remove(cut);
            if let Ok(parsed) = head::Message::parse(&changed) {
                let message = Message::received(&parsed, "192.0.2.7:1234".parse().unwrap());
                let _ = (message.method(), message.uri(), message.cseq(), message.call_id(), message.from_tag(), message.to_tag());
                let _ = (message.content_type(), message.sdp(), message.all("Via").count(), format!("{message:?}"));
                prop_assert!(message.body().len() <= changed.len());
            }
        }
    }

    #[test]
    fn nothing_secret_is_shown() {
        assert_eq!(format!("{:?}", Message::read(INVITE.as_bytes()).unwrap()), r#"Message { method: "INVITE", .. }"#);
    }
}
