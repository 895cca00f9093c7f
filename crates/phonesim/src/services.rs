//! Brands' redirect services, played: their providers' side from what is public of it, over TLS on loopback, with the faults that real
//! ones have.
//!
//! [`Emulator`] is the house: certificate, HTTP, faults, a count of calls. A [`Provider`] is one service: a file each.
//!
//! **The phones' side is invented.** No maker publishes what a phone asks its service; here it is `GET /phones/<mac>`, answered by
//! [`Directions`] in JSON. [`Emulator::for_phones`] is what a [`crate::Phone`] out of its carton must know. What a provider assumes beyond public sources says so where it stands.

pub mod fdps;
pub mod gdms;
pub mod gigaset_xmlrpc;
pub mod panasonic;
pub mod poly_zero_touch;
pub mod snom_xmlrpc;
pub mod sraps;
pub mod xmlrpc;
pub mod ymcs;

use std::collections::VecDeque;
use std::convert::Infallible;
use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::atomic::{AtomicI64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{SystemTime, UNIX_EPOCH};

use bytes::Bytes;
use domain::Mac;
use http::{HeaderMap, Method, Request, Response, StatusCode};
use http_body_util::{BodyExt, Full, Limited};
use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use rcgen::{BasicConstraints, CertificateParams, IsCa, Issuer, KeyPair};
use rustls::ServerConfig;
use rustls_pki_types::{CertificateDer, PrivateKeyDer, PrivatePkcs8KeyDer};
use serde::{Deserialize, Serialize};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinHandle;
use tokio_rustls::TlsAcceptor;

use crate::limits::{SERVICE_BODY_BYTES_MAX, SERVICE_CALLS_KEPT};
use crate::phone::RedirectService;

/// One service's provider side.
pub trait Provider: Send + 'static {
    /// Answers a call. What it keeps, it keeps in itself.
    fn answer(&mut self, asked: &Asked) -> Answer;

    /// What it tells a phone that asks; nothing to one that it does not know.
    fn directions(&self, mac: Mac) -> Option<Directions>;

    /// A phone asked at this time, in milliseconds since 1970: for services that tell their providers so.
    fn phone_asked(&mut self, mac: Mac, now: i64) {
        let _ = (mac, now);
    }
}

/// A call.
#[derive(Clone, Debug)]
pub struct Asked {
    /// Its method.
    pub method: Method,
    /// The path, without the query.
    pub path: String,
    /// The query, as it came; empty if there is none.
    pub query: String,
    /// The host that was asked, as the client named it.
    pub host: String,
    /// The headers.
    pub headers: HeaderMap,
    /// The body.
    pub body: Bytes,
    /// The service's clock, milliseconds since 1970.
    pub now: i64,
}

impl Asked {
    /// A header; empty if there is none.
    pub fn header(&self, name: &str) -> &str {
        self.headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default()
    }

    /// User and password of HTTP Basic.
    pub fn basic(&self) -> Option<(String, String)> {
        use base64::Engine as _;
        let text = self.header("authorization").strip_prefix("Basic ")?;
        let decoded = String::from_utf8(base64::engine::general_purpose::STANDARD.decode(text).ok()?).ok()?;
        decoded.split_once(':').map(|(user, password)| (user.to_owned(), password.to_owned()))
    }

    /// A value of the query; not decoded.
    pub fn query_value(&self, name: &str) -> Option<&str> {
        self.query.split('&').filter_map(|pair| pair.split_once('=')).find(|(key, _)| *key == name).map(|(_, value)| value)
    }
}

/// An answer.
#[derive(Clone, Debug)]
pub struct Answer {
    /// The status.
    pub status: u16,
    /// Headers besides the length.
    pub headers: Vec<(&'static str, String)>,
    /// The body.
    pub body: Vec<u8>,
}

impl Answer {
    /// JSON.
    pub fn json(status: u16, body: &serde_json::Value) -> Self {
        Self { status, headers: vec![("content-type", "application/json".to_owned())], body: body.to_string().into_bytes() }
    }

    /// XML.
    pub fn xml(body: String) -> Self {
        Self { status: 200, headers: vec![("content-type", "text/xml".to_owned())], body: body.into_bytes() }
    }

    /// A status alone.
    pub fn status(status: u16) -> Self {
        Self { status, headers: Vec::new(), body: Vec::new() }
    }
}

/// What a service tells a phone (invented).
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Directions {
    /// Where to go.
    pub url: String,
    /// With which login; empty if the service carries none.
    #[serde(default)]
    pub user: String,
    /// Its password.
    #[serde(default)]
    pub password: String,
}

impl std::fmt::Debug for Directions {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Directions(…)")
    }
}

/// What goes wrong with a call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    /// It is done, and the answer never arrives.
    LostAnswer,
    /// It is not even read: the connection ends.
    LostCall,
    /// It is done, and the answer is cut in the middle.
    Malformed,
    /// It is not done: 429, with that many seconds to wait if they are given.
    TooMany(Option<u64>),
    /// It is not done: the service fails with this status.
    Broken(u16),
}

/// A fault that waits for its call.
#[derive(Clone, Debug)]
struct Trap {
    path: String,
    fault: Fault,
}

/// A call as it is remembered.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Call {
    /// Its method.
    pub method: String,
    /// Its path.
    pub path: String,
    /// For XML-RPC: the method that it names.
    pub procedure: String,
    /// The status of the answer; 0 if none was given.
    pub status: u16,
}

#[derive(Debug, Default)]
struct Log {
    calls: Vec<Call>,
    count: usize,
    traps: VecDeque<Trap>,
}

/// A service that runs until it is dropped.
#[derive(Debug)]
pub struct Emulator<P: Provider> {
    address: SocketAddr,
    authority: Vec<u8>,
    authority_pem: String,
    provider: Arc<Mutex<P>>,
    log: Arc<Mutex<Log>>,
    skew: Arc<AtomicI64>,
    door: JoinHandle<()>,
}

impl<P: Provider> Emulator<P> {
    /// Opens it on a free port of loopback.
    pub async fn start(provider: P) -> io::Result<Self> {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await?;
        let address = listener.local_addr()?;
        let Papers { authority, authority_pem, tls } = papers()?;
        let (provider, log, skew) = (Arc::new(Mutex::new(provider)), Arc::default(), Arc::new(AtomicI64::new(0)));
        let house = House { provider: Arc::clone(&provider), log: Arc::clone(&log), skew: Arc::clone(&skew) };
        let door = tokio::spawn(serve(listener, TlsAcceptor::from(tls), house));
        Ok(Self { address, authority, authority_pem, provider, log, skew, door })
    }

    /// `https://127.0.0.1:<port>`, without a slash behind.
    pub fn base(&self) -> String {
        format!("https://{}", self.address)
    }

    /// Whom its clients must trust, in DER.
    pub fn authority(&self) -> Vec<u8> {
        self.authority.clone()
    }

    /// The same, in PEM.
    pub fn authority_pem(&self) -> &str {
        &self.authority_pem
    }

    /// The service as its phones know it.
    pub fn for_phones(&self) -> RedirectService {
        let at = self.base().parse().expect("a loopback address and a port");
        RedirectService::new(at, self.authority_pem.as_bytes()).expect("the authority was made here")
    }

    /// The service itself: what it holds.
    pub fn provider(&self) -> MutexGuard<'_, P> {
        self.provider.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The next call whose path, method and path (`POST /devices`), or XML-RPC procedure begins so meets this.
    pub fn fail_next(&self, path: &str, fault: Fault) {
        self.log().traps.push_back(Trap { path: path.to_owned(), fault });
    }

    /// Puts its clock ahead, or back.
    pub fn skew(&self, seconds: i64) {
        self.skew.store(seconds * 1000, Ordering::Relaxed);
    }

    /// The calls so far, oldest first; phones' are not counted.
    pub fn calls(&self) -> Vec<Call> {
        self.log().calls.clone()
    }

    /// How many calls there were.
    pub fn count(&self) -> usize {
        self.log().count
    }

    /// Forgets the calls so far.
    pub fn forget_calls(&self) {
        let mut log = self.log();
        log.calls.clear();
        log.count = 0;
    }

    fn log(&self) -> MutexGuard<'_, Log> {
        self.log.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl<P: Provider> Drop for Emulator<P> {
    fn drop(&mut self) {
        self.door.abort();
    }
}

struct House<P> {
    provider: Arc<Mutex<P>>,
    log: Arc<Mutex<Log>>,
    skew: Arc<AtomicI64>,
}

impl<P> Clone for House<P> {
    fn clone(&self) -> Self {
        Self { provider: Arc::clone(&self.provider), log: Arc::clone(&self.log), skew: Arc::clone(&self.skew) }
    }
}

async fn serve<P: Provider>(listener: TcpListener, acceptor: TlsAcceptor, house: House<P>) {
    let mut guests = tokio::task::JoinSet::new();
    while let Ok((stream, _)) = listener.accept().await {
        guests.spawn(receive(stream, acceptor.clone(), house.clone()));
        while guests.try_join_next().is_some() {}
    }
}

async fn receive<P: Provider>(stream: TcpStream, acceptor: TlsAcceptor, house: House<P>) {
    let Ok(stream) = acceptor.accept(stream).await else { return };
    let service = service_fn(move |request| {
        let house = house.clone();
        async move { house.hear(request).await }
    });
    // A client that goes away in the middle is no error of the service.
    let _ = hyper::server::conn::http1::Builder::new().serve_connection(TokioIo::new(stream), service).await;
}

/// Ends a connection without an answer.
#[derive(Debug, thiserror::Error)]
#[error("the answer is lost, as was asked for")]
struct Gone;

impl From<Infallible> for Gone {
    fn from(never: Infallible) -> Self {
        match never {}
    }
}

impl<P: Provider> House<P> {
    async fn hear(&self, request: Request<Incoming>) -> Result<Response<Full<Bytes>>, Gone> {
        let (head, body) = request.into_parts();
        let body = Limited::new(body, SERVICE_BODY_BYTES_MAX).collect().await.map_err(|_| Gone)?.to_bytes();
        let host = head.headers.get("host").and_then(|host| host.to_str().ok()).unwrap_or_default().to_owned();
        let asked = Asked {
            method: head.method,
            path: head.uri.path().to_owned(),
            query: head.uri.query().unwrap_or_default().to_owned(),
            host,
            headers: head.headers,
            body,
            now: now() + self.skew.load(Ordering::Relaxed),
        };
        if let Some(mac) = asked.path.strip_prefix("/phones/") {
            return Ok(response(self.direct(mac, asked.now)));
        }
        self.meet(&asked)
    }

    fn direct(&self, mac: &str, now: i64) -> Answer {
        let asks = |mac| {
            let mut provider = lock(&self.provider);
            provider.phone_asked(mac, now);
            provider.directions(mac)
        };
        let found = mac.parse().ok().and_then(asks);
        found.map_or_else(|| Answer::status(404), |directions| Answer::json(200, &serde_json::json!(directions)))
    }

    fn meet(&self, asked: &Asked) -> Result<Response<Full<Bytes>>, Gone> {
        let procedure = procedure(&asked.body);
        let fault = {
            let mut log = lock(&self.log);
            let call = format!("{} {}", asked.method, asked.path);
            let begins = |text: &str, trap: &Trap| !text.is_empty() && text.starts_with(&trap.path);
            let meets = |trap: &Trap| [&asked.path, &call, &procedure].iter().any(|text| begins(text, trap));
            let found = log.traps.iter().position(meets);
            found.and_then(|at| log.traps.remove(at)).map(|trap| trap.fault)
        };
        let answer = match fault {
            Some(Fault::TooMany(seconds)) => {
                let headers = seconds.map(|seconds| ("retry-after", seconds.to_string())).into_iter().collect();
                Some(Answer { headers, ..Answer::status(429) })
            }
            Some(Fault::Broken(status)) => Some(Answer::status(status)),
            Some(Fault::LostCall) => None,
            Some(Fault::LostAnswer) => {
                lock(&self.provider).answer(asked);
                None
            }
            Some(Fault::Malformed) => {
                let mut answer = lock(&self.provider).answer(asked);
                answer.body.truncate(answer.body.len() / 2);
                answer.body.extend_from_slice(b"<{");
                Some(answer)
            }
            None => Some(lock(&self.provider).answer(asked)),
        };
        let mut log = lock(&self.log);
        log.count += 1;
        if log.calls.len() < SERVICE_CALLS_KEPT {
            let status = answer.as_ref().map_or(0, |answer| answer.status);
            log.calls.push(Call { method: asked.method.to_string(), path: asked.path.clone(), procedure, status });
        }
        answer.map(response).ok_or(Gone)
    }
}

/// The method that an XML-RPC body names; empty for others.
fn procedure(body: &[u8]) -> String {
    let text = std::str::from_utf8(body).unwrap_or_default();
    let inner = text.split_once("<methodName>").and_then(|(_, rest)| rest.split_once("</methodName>"));
    inner.map(|(name, _)| name.trim().to_owned()).unwrap_or_default()
}

fn response(answer: Answer) -> Response<Full<Bytes>> {
    let mut response = Response::new(Full::new(Bytes::from(answer.body)));
    *response.status_mut() = StatusCode::from_u16(answer.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    for (name, value) in answer.headers {
        if let Ok(value) = value.parse() {
            response.headers_mut().append(name, value);
        }
    }
    response
}

struct Papers {
    authority: Vec<u8>,
    authority_pem: String,
    tls: Arc<ServerConfig>,
}

/// An authority of its own, and a certificate for loopback from it.
fn papers() -> io::Result<Papers> {
    let made = || -> Result<Papers, Box<dyn std::error::Error + Send + Sync>> {
        let key = KeyPair::generate()?;
        let mut params = CertificateParams::new(Vec::new())?;
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let authority = params.self_signed(&key)?;
        let issuer = Issuer::new(params, key);
        let own_key = KeyPair::generate()?;
        let own = CertificateParams::new(vec!["127.0.0.1".to_owned(), "localhost".to_owned()])?.signed_by(&own_key, &issuer)?;
        let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
        let chain = vec![CertificateDer::from(own.der().to_vec())];
        let key = PrivateKeyDer::from(PrivatePkcs8KeyDer::from(own_key.serialize_der()));
        let tls = ServerConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()?
            .with_no_client_auth()
            .with_single_cert(chain, key)?;
        Ok(Papers { authority: authority.der().to_vec(), authority_pem: authority.pem(), tls: Arc::new(tls) })
    };
    made().map_err(io::Error::other)
}

fn lock<T>(of: &Mutex<T>) -> MutexGuard<'_, T> {
    of.lock().unwrap_or_else(PoisonError::into_inner)
}

#[expect(clippy::disallowed_methods, reason = "a played service has a clock of its own, as its phones have")]
fn now() -> i64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    i64::try_from(since.as_millis()).unwrap_or(i64::MAX)
}
