//! One HTTP request from a chosen address, exactly as given: for phones, and for tests that play somebody else.

mod tls;

use std::io;
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http::{HeaderMap, HeaderName, HeaderValue, Version};
use http_body_util::{BodyExt, Full, LengthLimitError, Limited};
use hyper::client::conn::http1::{self, SendRequest};
use hyper_util::rt::TokioIo;
use rustls_pki_types::ServerName;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::{TcpSocket, TcpStream};
use tokio::task::JoinHandle;
use wire::auth::basic_answer;
use wire::challenge::{self, Challenge};

use crate::address::{Address, Login};
use crate::limits::{BODY_BYTES_MAX, RAW_BYTES_MAX};
use crate::login::{Answers, Scheme};

pub use self::tls::{Tls, TlsError};

/// Makes connections: from where, whom it trusts, how long it waits.
#[derive(Clone, Debug)]
pub struct Client {
    /// Whom it trusts.
    pub tls: Tls,
    /// The local address to call from; the system's choice if none. On loopback, `127.0.0.2` and `127.0.1.1` play
    /// phones of other networks.
    pub source: Option<IpAddr>,
    /// Where every host name leads, whatever it is: the phone's name server in a test.
    pub resolve: Option<IpAddr>,
    /// For name, TCP and TLS together.
    pub connect_timeout: Duration,
    /// From the request's first byte to the answer's last.
    pub answer_timeout: Duration,
}

impl Default for Client {
    fn default() -> Self {
        let minute = Duration::from_mins(1);
        Self { tls: Tls::default(), source: None, resolve: None, connect_timeout: minute, answer_timeout: minute }
    }
}

/// Why there is no answer.
#[derive(Debug, thiserror::Error)]
pub enum ClientError {
    /// No address for the host's name.
    #[error("the name {0} is not known")]
    Name(String),
    /// No TCP connection.
    #[error("no connection: {0}")]
    Connect(io::Error),
    /// No TLS session; most often a certificate that is not trusted.
    #[error("no TLS session: {0}")]
    Tls(io::Error),
    /// Too slow.
    #[error("no answer in time")]
    Timeout,
    /// The connection ended, or what came is no HTTP.
    #[error("no HTTP answer: {0}")]
    Http(#[from] hyper::Error),
    /// The same for a raw exchange.
    #[error("the connection broke: {0}")]
    Broken(io::Error),
    /// A body larger than [`BODY_BYTES_MAX`].
    #[error("the answer is too large")]
    TooLarge,
    /// What no HTTP library would send; [`Client::raw`] does.
    #[error("the request cannot be written: {0}")]
    Request(#[from] http::Error),
}

/// A request, exactly as it is to be sent. `Host` is added in front.
#[derive(Clone, Debug)]
pub struct Request {
    /// Method.
    pub method: String,
    /// Path and query.
    pub target: String,
    /// Headers in their order.
    pub headers: Vec<(String, String)>,
    /// Body; with one, a `Content-Length` is added.
    pub body: Bytes,
    /// HTTP/1.0 instead of 1.1.
    pub http_10: bool,
}

impl Request {
    /// Any method.
    pub fn new(method: &str, target: &str) -> Self {
        Self { method: method.to_owned(), target: target.to_owned(), headers: Vec::new(), body: Bytes::new(), http_10: false }
    }

    /// A GET.
    pub fn get(target: &str) -> Self {
        Self::new("GET", target)
    }

    /// With one more header.
    #[must_use]
    pub fn header(mut self, name: &str, value: &str) -> Self {
        self.headers.push((name.to_owned(), value.to_owned()));
        self
    }

    /// With Basic credentials, unasked.
    #[must_use]
    pub fn basic(self, user: &str, password: &str) -> Self {
        self.header("Authorization", &basic_answer(user, password))
    }

    /// With a body.
    #[must_use]
    pub fn body(mut self, body: impl Into<Bytes>) -> Self {
        self.body = body.into();
        self
    }
}

/// A whole answer.
#[derive(Clone, Debug)]
pub struct Answer {
    /// Status code.
    pub status: u16,
    /// Headers.
    pub headers: HeaderMap,
    /// Body.
    pub body: Bytes,
}

impl Answer {
    /// A header's first value, if it is text.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name)?.to_str().ok()
    }

    /// The body as text; what is not UTF-8 is replaced.
    pub fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }

    /// What a 401 offers, in its order; headers that cannot be read offer nothing.
    pub fn challenges(&self) -> Vec<Challenge> {
        let values = self.headers.get_all(http::header::WWW_AUTHENTICATE).iter();
        values.filter_map(|value| challenge::parse(value.as_bytes()).ok()).flatten().collect()
    }

    /// The wait in seconds that the server asks for.
    pub fn retry_after_seconds(&self) -> Option<u64> {
        self.header("retry-after")?.trim().parse().ok()
    }
}

impl Client {
    /// A client that trusts as told, with a minute's patience.
    pub fn new(tls: Tls) -> Self {
        Self { tls, ..Self::default() }
    }

    /// The same client calling from another local address.
    #[must_use]
    pub fn from(&self, source: IpAddr) -> Self {
        Self { source: Some(source), ..self.clone() }
    }

    /// Connects to the server of an address.
    pub async fn connect(&self, server: &Address) -> Result<Connection, ClientError> {
        let stream = self.stream(server).await?;
        let handshake = http1::Builder::new().title_case_headers(true).handshake(TokioIo::new(stream)).await?;
        let (sender, connection) = handshake;
        let driver = tokio::spawn(async move { drop(connection.await) });
        Ok(Connection { sender, driver, host: server.host_header(), timeout: self.answer_timeout })
    }

    /// Sends one request over a connection of its own.
    pub async fn send(&self, server: &Address, request: Request) -> Result<Answer, ClientError> {
        self.connect(server).await?.send(request).await
    }

    /// Asks without a login; if challenged, answers with the strongest scheme offered. Gives the last answer.
    pub async fn send_with_login(&self, server: &Address, request: Request, login: &Login) -> Result<Answer, ClientError> {
        let first = self.send(server, request.clone()).await?;
        if first.status != 401 {
            return Ok(first);
        }
        let mut answers = Answers::new(u64::from(server.port));
        let challenges = first.challenges();
        let Some(challenge) = Answers::choose(&challenges, Scheme::Basic..=Scheme::Sha256) else { return Ok(first) };
        let value = answers.answer(challenge, login, &request.method, &request.target);
        self.send(server, request.header("Authorization", &value)).await
    }

    /// Sends bytes as they are and gives what comes back: up to the end of the first answer that has a
    /// `Content-Length`, else up to the connection's end. The answer may be empty, if the server just closed.
    pub async fn raw(&self, server: &Address, bytes: &[u8]) -> Result<Vec<u8>, ClientError> {
        let mut stream = self.stream(server).await?;
        let exchange = async {
            // A server may answer and close before it has read all; what it said still counts.
            let sent = stream.write_all(bytes).await;
            let mut received = Vec::new();
            while received.len() < RAW_BYTES_MAX && !is_whole(&received) {
                match stream.read_buf(&mut received).await {
                    Ok(0) => break,
                    // Closed without TLS's own farewell: an end like any other for what was sent on purpose.
                    Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => break,
                    Ok(_) => {}
                    Err(_) if !received.is_empty() || sent.is_err() => break,
                    Err(error) => return Err(ClientError::Broken(error)),
                }
            }
            Ok(received)
        };
        tokio::time::timeout(self.answer_timeout, exchange).await.map_err(|_| ClientError::Timeout)?
    }

    /// An open stream to the server of an address, TLS included, with nothing sent: for slow or rude clients.
    pub async fn stream(&self, server: &Address) -> Result<Box<dyn Stream>, ClientError> {
        Ok(self.open(server).await?.stream)
    }

    /// The same with both ends' addresses.
    pub(crate) async fn open(&self, server: &Address) -> Result<Opened, ClientError> {
        let opening = async {
            let tcp = self.tcp(server).await?;
            let (local, peer) = (tcp.local_addr().map_err(ClientError::Connect)?, tcp.peer_addr().map_err(ClientError::Connect)?);
            if !server.secure {
                return Ok(Opened { stream: Box::new(tcp), local, peer });
            }
            let name = ServerName::try_from(server.host.clone()).map_err(|_| ClientError::Name(server.host.clone()))?;
            let connector = tokio_rustls::TlsConnector::from(Arc::clone(&self.tls.config));
            let tls = connector.connect(name, tcp).await.map_err(ClientError::Tls)?;
            Ok(Opened { stream: Box::new(tls), local, peer })
        };
        tokio::time::timeout(self.connect_timeout, opening).await.map_err(|_| ClientError::Timeout)?
    }

    async fn tcp(&self, server: &Address) -> Result<TcpStream, ClientError> {
        let address = self.lookup(server).await?;
        let socket = if address.is_ipv4() { TcpSocket::new_v4() } else { TcpSocket::new_v6() };
        let socket = socket.map_err(ClientError::Connect)?;
        if let Some(source) = self.source {
            socket.bind(SocketAddr::new(source, 0)).map_err(ClientError::Connect)?;
        }
        let stream = socket.connect(address).await.map_err(ClientError::Connect)?;
        stream.set_nodelay(true).map_err(ClientError::Connect)?;
        Ok(stream)
    }

    /// Where a server is.
    pub(crate) async fn lookup(&self, server: &Address) -> Result<SocketAddr, ClientError> {
        let literal = server.host.parse::<IpAddr>().ok();
        if let Some(ip) = literal.or(self.resolve) {
            return Ok(SocketAddr::new(ip, server.port));
        }
        let unknown = || ClientError::Name(server.host.clone());
        let mut found = tokio::net::lookup_host((server.host.as_str(), server.port)).await.map_err(|_| unknown())?;
        let usable = |address: &SocketAddr| self.source.is_none_or(|source| source.is_ipv4() == address.is_ipv4());
        found.find(usable).ok_or_else(unknown)
    }
}

/// A stream and its two ends.
pub(crate) struct Opened {
    pub stream: Box<dyn Stream>,
    pub local: SocketAddr,
    pub peer: SocketAddr,
}

/// An open byte stream, with or without TLS.
pub trait Stream: AsyncRead + AsyncWrite + Send + Unpin {}

impl<T: AsyncRead + AsyncWrite + Send + Unpin> Stream for T {}

/// One open connection; closed when dropped.
#[derive(Debug)]
pub struct Connection {
    sender: SendRequest<Full<Bytes>>,
    driver: JoinHandle<()>,
    host: String,
    timeout: Duration,
}

impl Connection {
    /// Whether the server still takes requests on it.
    pub fn is_open(&self) -> bool {
        !self.sender.is_closed()
    }

    /// Sends one request and reads its whole answer.
    pub async fn send(&mut self, request: Request) -> Result<Answer, ClientError> {
        let request = self.written(request)?;
        let exchange = async {
            self.sender.ready().await?;
            let (head, body) = self.sender.send_request(request).await?.into_parts();
            let body = Limited::new(body, BODY_BYTES_MAX).collect().await.map_err(|error| {
                if error.is::<LengthLimitError>() {
                    return ClientError::TooLarge;
                }
                error.downcast::<hyper::Error>().map_or(ClientError::TooLarge, |error| ClientError::Http(*error))
            })?;
            Ok(Answer { status: head.status.as_u16(), headers: head.headers, body: body.to_bytes() })
        };
        tokio::time::timeout(self.timeout, exchange).await.map_err(|_| ClientError::Timeout)?
    }

    fn written(&self, request: Request) -> Result<http::Request<Full<Bytes>>, ClientError> {
        let version = if request.http_10 { Version::HTTP_10 } else { Version::HTTP_11 };
        let mut written = http::Request::builder().method(request.method.as_str()).uri(request.target.as_str()).version(version);
        if !request.headers.iter().any(|(name, _)| name.eq_ignore_ascii_case("host")) {
            written = written.header("host", &self.host);
        }
        for (name, value) in &request.headers {
            let value = HeaderValue::from_bytes(value.as_bytes()).map_err(http::Error::from)?;
            written = written.header(HeaderName::from_bytes(name.as_bytes()).map_err(http::Error::from)?, value);
        }
        Ok(written.body(Full::new(request.body))?)
    }
}

impl Drop for Connection {
    fn drop(&mut self) {
        self.driver.abort();
    }
}

/// Whether these bytes hold a head with a `Content-Length` and that much body.
fn is_whole(bytes: &[u8]) -> bool {
    let Some(end) = bytes.windows(4).position(|four| four == b"\r\n\r\n") else { return false };
    let head = String::from_utf8_lossy(&bytes[..end]);
    let length = head.lines().find_map(|line| {
        let (name, value) = line.split_once(':')?;
        name.eq_ignore_ascii_case("content-length").then(|| value.trim().parse::<usize>().ok())?
    });
    length.is_some_and(|length| bytes.len() >= end + 4 + length)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_raw_answer_is_whole_when_its_length_is_there() {
        let check = |bytes: &str, expected| assert_eq!(is_whole(bytes.as_bytes()), expected, "{bytes:?}");
        check("HTTP/1.1 200 OK\r\ncontent-LENGTH: 2\r\n\r\nok", true);
        check("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\no", false);
        check("HTTP/1.1 200 OK\r\n\r\nok", false);
        check("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n", false);
    }
}
