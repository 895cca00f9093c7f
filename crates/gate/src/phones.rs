//! The seam to the rules: what a request is, and who answers it.

use std::fmt;
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;

use domain::{Mac, Time};
use http::header::{AUTHORIZATION, HOST, IF_NONE_MATCH, USER_AGENT};
use http::{HeaderMap, HeaderName, HeaderValue, Uri};

use crate::answer::{self, Answer};
use crate::path::Target;

/// Who answers phones. A panic inside is logged and answered 503; so is a decision that takes longer than `Limits::decide`.
pub trait Phones: Send + Sync + 'static {
    /// Decides one request. To be an `async fn`: only what happens inside its future is guarded against panics.
    fn handle(&self, request: &Request) -> impl Future<Output = Answer> + Send;
}

/// One request that is well formed, within all limits, and names a door.
#[derive(Clone)]
pub struct Request {
    /// The connection that it came on.
    pub connection: Arc<ConnectionInfo>,
    /// The client's address, behind trusted proxies too; IPv4 is never mapped into IPv6.
    pub address: IpAddr,
    /// What it wants.
    pub method: Method,
    /// Door and file.
    pub target: Target,
    /// The target as it was sent, which Digest is computed over. It may hold a path secret: never log it.
    pub uri: Uri,
    /// All headers. `Host` and `Authorization` stand there once at most.
    pub headers: HeaderMap,
    /// The upload's size in bytes. Its content is not kept.
    pub uploaded: u64,
    /// When it was received.
    pub now: Time,
}

/// The methods that phones use.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Method {
    /// Give me the file.
    Get,
    /// Tell me about the file.
    Head,
    /// Take my log, contacts or settings.
    Put,
    /// The same, of other brands.
    Post,
}

impl Method {
    /// As it stands in the request line.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Get => "GET",
            Self::Head => "HEAD",
            Self::Put => "PUT",
            Self::Post => "POST",
        }
    }
}

/// What is known of a connection.
#[derive(Clone, Debug)]
pub struct ConnectionInfo {
    /// The other end; behind a proxy that speaks the PROXY protocol, the client.
    pub peer: SocketAddr,
    /// Whether it is encrypted up to here.
    pub tls: bool,
    /// The phone that a manufacturer's certificate names, if the client proved to have its key.
    pub client_certificate: Option<CertifiedMac>,
}

/// A MAC address out of a certificate whose chain ends at a configured manufacturer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CertifiedMac {
    /// The phone.
    pub mac: Mac,
    /// The manufacturer's name in the configuration.
    pub manufacturer: Arc<str>,
}

impl Request {
    /// The `Authorization` header.
    pub fn authorization(&self) -> Option<&str> {
        self.header(AUTHORIZATION)
    }

    /// The `User-Agent` header.
    pub fn user_agent(&self) -> Option<&str> {
        self.header(USER_AGENT)
    }

    /// The host name that the phone asked for, without port, as spelled.
    pub fn host(&self) -> Option<&str> {
        let host = self.uri.host().or_else(|| self.header(HOST))?;
        match host.strip_prefix('[') {
            Some(v6) => v6.split(']').next(),
            None => host.split(':').next(),
        }
    }

    /// Whether the phone says that it holds this entity already, so that the answer will be 304 and carry nothing.
    pub fn holds(&self, etag: &HeaderValue) -> bool {
        let held: Vec<HeaderValue> = self.headers.get_all(IF_NONE_MATCH).iter().cloned().collect();
        matches!(self.method, Method::Get | Method::Head) && answer::holds(&held, etag)
    }

    fn header(&self, name: HeaderName) -> Option<&str> {
        self.headers.get(name)?.to_str().ok()
    }
}

/// Without headers and raw target: they hold logins.
impl fmt::Debug for Request {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut request = f.debug_struct("Request");
        request.field("address", &self.address).field("method", &self.method).field("target", &self.target);
        request.finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn request(uri: &'static str, headers: &[(&'static str, &'static str)]) -> Request {
        let peer = SocketAddr::from(([192, 0, 2, 1], 4660));
        let connection = Arc::new(ConnectionInfo { peer, tls: true, client_certificate: None });
        let headers = headers.iter().map(|(name, value)| (HeaderName::from_static(name), HeaderValue::from_static(value))).collect();
        let (address, method, target) = (peer.ip(), Method::Get, Target::parse(uri).unwrap());
        Request { connection, address, method, target, uri: Uri::from_static(uri), headers, uploaded: 0, now: Time::from_millis(0) }
    }

    #[test]
    fn the_host_comes_without_its_port() {
        for (host, expected) in [
            ("phones.example.com", "phones.example.com"),
            ("phones.example.com:8443", "phones.example.com"),
            ("192.0.2.1:8443", "192.0.2.1"),
            ("[2001:db8::1]:8443", "2001:db8::1"),
            ("[2001:db8::1]", "2001:db8::1"),
        ] {
            assert_eq!(request("/cfg/x", &[("host", host)]).host(), Some(expected), "{host}");
        }
        assert_eq!(request("/cfg/x", &[]).host(), None);
    }

    #[test]
    fn a_request_shows_no_secret() {
        let request = request("/cfg/k/s3cret/x", &[("authorization", "Basic s3cret")]);
        assert_eq!(request.authorization(), Some("Basic s3cret"));
        assert!(!format!("{request:?} {request:#?}").contains("s3cret"));
    }
}
