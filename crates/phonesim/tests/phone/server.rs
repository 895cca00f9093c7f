//! A provisioning server that does as it is told and writes down what came.

use std::collections::BTreeMap;
use std::convert::Infallible;
use std::fmt::Write as _;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, MutexGuard};

use bytes::Bytes;
use http_body_util::Full;
use hyper::service::service_fn;
use hyper::{Request, Response, body::Incoming, server::conn::http1};
use hyper_util::rt::TokioIo;
use phonesim::Tls;
use rustls::server::WebPkiClientVerifier;
use rustls_pki_types::PrivateKeyDer;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpListener;
use tokio::task::JoinHandle;
use tokio_rustls::TlsAcceptor;
use wire::auth::{self, Credentials};
use wire::challenge::Offer;
use wire::digest::{self, Algorithm, Rules, Verifier};

/// What is asked for a path.
#[derive(Clone)]
pub struct Demand {
    pub user: String,
    pub password: String,
    pub algorithms: &'static [Algorithm],
    pub basic: bool,
}

impl Demand {
    pub fn of(user: &str, password: &str) -> Self {
        Self { user: user.into(), password: password.into(), algorithms: Offer::ALGORITHMS, basic: true }
    }
}

/// What the server does; changed by tests at any time.
#[derive(Default)]
pub struct Script {
    /// Bodies by path; everything else is 404.
    pub files: BTreeMap<String, String>,
    /// Logins by the path's beginning; the longest counts.
    pub demands: BTreeMap<String, Demand>,
    /// Answers that come before any other: how many more times 503, and its `Retry-After`.
    pub busy: Option<(u32, &'static str)>,
    /// How many answered proofs a nonce is good for; then `stale=true`.
    pub nonce_uses: Option<u32>,
    /// Whether the server closes each connection without an answer.
    pub mute: bool,
    /// One line for each request: `connection method path proof -> status`.
    pub seen: Vec<String>,
    /// The headers of the last request as they came, names and values.
    pub headers: Vec<(String, String)>,
    /// How many connections showed a device certificate of [`Maker`]'s.
    pub certificates: usize,
    /// Addresses of the callers, without ports.
    pub callers: Vec<String>,
    nonce: (u32, u32),
    connections: usize,
}

pub struct Server {
    pub address: SocketAddr,
    /// The authority that issued its certificate, in PEM.
    pub authority: String,
    /// The maker of the phones whose device certificates it takes.
    pub maker: Maker,
    secure: bool,
    script: Arc<Mutex<Script>>,
    accepting: JoinHandle<()>,
}

impl Server {
    /// Starts it; with TLS its certificate names `phones.example.com`.
    pub async fn start(secure: bool) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let maker = Maker::new();
        let (acceptor, authority) = certificate(&maker);
        let script = Arc::new(Mutex::new(Script::default()));
        let shared = Arc::clone(&script);
        let acceptor = secure.then_some(acceptor);
        let accepting = tokio::spawn(async move {
            while let Ok((stream, caller)) = listener.accept().await {
                let connection = {
                    let mut script = shared.lock().unwrap();
                    script.connections += 1;
                    script.callers.push(caller.ip().to_string());
                    script.connections
                };
                let (shared, acceptor) = (Arc::clone(&shared), acceptor.clone());
                tokio::spawn(async move {
                    match acceptor {
                        None => converse(stream, connection, shared).await,
                        Some(acceptor) => {
                            if let Ok(stream) = acceptor.accept(stream).await {
                                let shown = stream.get_ref().1.peer_certificates().is_some();
                                shared.lock().unwrap().certificates += usize::from(shown);
                                converse(stream, connection, shared).await;
                            }
                        }
                    }
                });
            }
        });
        Self { address, authority, maker, secure, script, accepting }
    }

    /// Its script, locked.
    pub fn script(&self) -> MutexGuard<'_, Script> {
        self.script.lock().unwrap()
    }

    /// Puts a file there.
    pub fn put(&self, path: &str, body: &str) {
        self.script().files.insert(path.into(), body.into());
    }

    /// An address on it.
    pub fn url(&self, path: &str) -> String {
        let scheme = if self.secure { "https" } else { "http" };
        format!("{scheme}://{}{path}", self.address)
    }

    /// What it saw so far; forgets it.
    pub fn take_seen(&self) -> Vec<String> {
        std::mem::take(&mut self.script().seen)
    }

    /// Trusts its authority.
    pub fn trusted(&self, check_name: bool) -> Tls {
        Tls::authorities(self.authority.as_bytes(), check_name).unwrap()
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.accepting.abort();
    }
}

async fn converse(stream: impl AsyncRead + AsyncWrite + Unpin, connection: usize, script: Arc<Mutex<Script>>) {
    if script.lock().unwrap().mute {
        return;
    }
    let service = service_fn(move |request: Request<Incoming>| {
        let answer = script.lock().unwrap().answer(connection, &request);
        async move { Ok::<_, Infallible>(answer) }
    });
    // A phone may go away in the middle; that is no test's business.
    drop(http1::Builder::new().preserve_header_case(true).serve_connection(TokioIo::new(stream), service).await);
}

impl Script {
    fn answer(&mut self, connection: usize, request: &Request<Incoming>) -> Response<Full<Bytes>> {
        let path = request.uri().path_and_query().unwrap().as_str().to_owned();
        let header = |(name, value): (&http::HeaderName, &http::HeaderValue)| (name.to_string(), value.to_str().unwrap().to_owned());
        self.headers = request.headers().iter().map(header).collect();
        let mut seen = format!("{connection} {} {path}", request.method());
        let response = self.decide(&path, request, &mut seen);
        write!(seen, " -> {}", response.status().as_u16()).unwrap();
        self.seen.push(seen);
        response
    }

    fn decide(&mut self, path: &str, request: &Request<Incoming>, seen: &mut String) -> Response<Full<Bytes>> {
        if let Some((times, after)) = self.busy.take() {
            self.busy = (times > 1).then_some((times - 1, after));
            return Response::builder().status(503).header("Retry-After", after).body(Full::default()).unwrap();
        }
        let demand = self.demands.iter().rev().find(|(start, _)| path.starts_with(start.as_str())).map(|(_, demand)| demand.clone());
        if let Some(demand) = demand {
            match self.judge(&demand, path, request, seen) {
                Verdict::Right => {}
                verdict => return self.challenge(&demand, verdict == Verdict::Stale),
            }
        }
        match self.files.get(path) {
            Some(body) => Response::new(Full::from(body.clone())),
            None => Response::builder().status(404).body(Full::default()).unwrap(),
        }
    }

    fn judge(&mut self, demand: &Demand, path: &str, request: &Request<Incoming>, seen: &mut String) -> Verdict {
        let Some(value) = request.headers().get("authorization") else { return Verdict::Wrong };
        let right = match auth::parse(value.as_bytes()).unwrap() {
            Credentials::Basic { user, password } => {
                seen.push_str(" Basic");
                user == demand.user && password.matches(&demand.password)
            }
            Credentials::Digest(sent) => {
                let count = sent.protection.as_ref().map_or(0, |protection| protection.nc.value);
                write!(seen, " {} {}/{count}", sent.algorithm.name(), sent.nonce).unwrap();
                if sent.nonce != format!("n{}", self.nonce.0) || self.nonce_uses.is_some_and(|uses| self.nonce.1 >= uses) {
                    return Verdict::Stale;
                }
                self.nonce.1 += 1;
                let verifier = Verifier::Password(&demand.password);
                sent.username == demand.user
                    && digest::verify(&sent, request.method().as_str(), path, verifier, Rules { allow_rfc2069: false })
            }
        };
        if right { Verdict::Right } else { Verdict::Wrong }
    }

    fn challenge(&mut self, demand: &Demand, stale: bool) -> Response<Full<Bytes>> {
        // Without a limit of uses the nonce never changes, so that a phone has to count.
        if self.nonce_uses.is_some() || self.nonce.0 == 0 {
            self.nonce = (self.nonce.0 + 1, 0);
        }
        let nonce = format!("n{}", self.nonce.0);
        let offer = Offer { realm: "Ringfence", nonce: &nonce, algorithms: demand.algorithms, basic: demand.basic, stale };
        let mut response = Response::builder().status(401);
        for value in offer.header_values() {
            response = response.header("WWW-Authenticate", value);
        }
        response.body(Full::default()).unwrap()
    }
}

#[derive(PartialEq, Eq)]
enum Verdict {
    Right,
    Wrong,
    Stale,
}

/// Issues device certificates, as makers of phones do.
pub struct Maker {
    issuer: rcgen::CertifiedIssuer<'static, rcgen::KeyPair>,
}

impl Maker {
    fn new() -> Self {
        let mut parameters = rcgen::CertificateParams::default();
        parameters.is_ca = rcgen::IsCa::Ca(rcgen::BasicConstraints::Unconstrained);
        Self { issuer: rcgen::CertifiedIssuer::self_signed(parameters, rcgen::KeyPair::generate().unwrap()).unwrap() }
    }

    /// A device certificate and its key, in PEM.
    pub fn device(&self) -> (String, String) {
        let key = rcgen::KeyPair::generate().unwrap();
        let certificate = rcgen::CertificateParams::default().signed_by(&key, &self.issuer).unwrap();
        (certificate.pem(), key.serialize_pem())
    }
}

fn certificate(maker: &Maker) -> (TlsAcceptor, String) {
    let key = rcgen::KeyPair::generate().unwrap();
    let certificate = rcgen::CertificateParams::new(vec!["phones.example.com".into()]).unwrap().self_signed(&key).unwrap();
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let config = rustls::ServerConfig::builder_with_provider(provider).with_safe_default_protocol_versions().unwrap();
    let private = PrivateKeyDer::try_from(key.serialize_der()).unwrap();
    let mut makers = rustls::RootCertStore::empty();
    makers.add(maker.issuer.der().clone()).unwrap();
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let verifier = WebPkiClientVerifier::builder_with_provider(Arc::new(makers), provider).allow_unauthenticated().build().unwrap();
    let config = config.with_client_cert_verifier(verifier).with_single_cert(vec![certificate.der().clone()], private).unwrap();
    (TlsAcceptor::from(Arc::new(config)), certificate.pem())
}
