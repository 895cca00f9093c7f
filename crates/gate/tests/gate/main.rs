//! The gate from outside: real sockets on loopback, curl and openssl as clients.

#![expect(clippy::unwrap_used, reason = "whatever goes wrong in a test ends it")]

mod addresses;
mod certificates;
mod client;
mod http;
mod limits;
mod manufacturers;
mod stop;
mod tls;
mod uploads;

use std::net::SocketAddr;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, LazyLock};

use ::http::{HeaderValue, StatusCode};
use gate::answer::Answer;
use gate::certificates::{Certificates, Source};
use gate::limits::Limits;
use gate::listener::{Config, Gate};
use gate::metrics::{Cut, CutConnection, Metrics, Refused, RefusedRequest};
use gate::phones::{Method, Phones, Request};
use tempfile::TempDir;
use tokio::sync::Semaphore;

/// What the test's phones get: the file's name says how the rules behave.
struct Rules {
    /// How many `wait` requests are being decided.
    waiting: AtomicUsize,
    /// One permit lets one of them go.
    release: Semaphore,
}

impl Phones for Rules {
    async fn handle(&self, request: &Request) -> Answer {
        if matches!(request.method, Method::Put | Method::Post) {
            return Answer::file(HeaderValue::from_static("text/plain"), format!("{} bytes", request.uploaded));
        }
        match request.target.file.as_str() {
            "hello.cfg" => Answer::file(HeaderValue::from_static("text/plain"), "hello = phone\n").tagged(),
            "big.cfg" => Answer::file(HeaderValue::from_static("text/plain"), vec![b'x'; 64 << 20]),
            "panic.cfg" => panic!("a rule that panics, on purpose"),
            "login.cfg" => {
                Answer::unauthorized(vec![HeaderValue::from_static("Digest realm=\"r\""), HeaderValue::from_static("Basic realm=\"r\"")])
            }
            "busy.cfg" => Answer::unavailable(7),
            "door" => Answer::file(HeaderValue::from_static("text/plain"), format!("{} host={:?}", request.target, request.host())),
            "who" => who(request),
            "wait.cfg" => {
                self.waiting.fetch_add(1, Ordering::SeqCst);
                self.release.acquire().await.unwrap().forget();
                Answer::file(HeaderValue::from_static("text/plain"), "waited\n")
            }
            _ => Answer::not_found(),
        }
    }
}

fn who(request: &Request) -> Answer {
    let info = &request.connection;
    let certificate =
        info.client_certificate.as_ref().map_or(String::from("none"), |proof| format!("{}@{}", proof.mac, proof.manufacturer));
    let text = format!("address={} peer={} tls={} certificate={certificate}\n", request.address, info.peer.ip(), info.tls);
    Answer::file(HeaderValue::from_static("text/plain"), text)
}

/// One certificate directory for all tests that do not care: keys take long to make.
static SELF_MADE: LazyLock<(TempDir, Arc<Certificates>)> = LazyLock::new(|| {
    let directory = tempfile::tempdir().unwrap();
    let source = Source::SelfMade { directory: directory.path().into(), names: vec!["phones.example.com".into()] };
    let certificates = Certificates::load(source, Vec::new()).unwrap();
    (directory, certificates)
});

/// An open gate on loopback.
struct House {
    gate: Gate,
    rules: Arc<Rules>,
    metrics: Metrics,
}

impl House {
    fn open(limits: Limits) -> Self {
        Self::open_with(&Config { limits, ..Config::default() }, &SELF_MADE.1)
    }

    fn open_with(config: &Config, certificates: &Arc<Certificates>) -> Self {
        let loopback = Some(SocketAddr::from(([127, 0, 0, 1], 0)));
        let config = Config { https: loopback, http: loopback, ..config.clone() };
        let rules = Arc::new(Rules { waiting: AtomicUsize::new(0), release: Semaphore::new(0) });
        let metrics = Metrics::default();
        let gate = Gate::open(&config, certificates, Arc::clone(&rules), metrics.clone()).unwrap();
        Self { gate, rules, metrics }
    }

    fn http(&self) -> SocketAddr {
        self.gate.http().unwrap()
    }

    fn https(&self) -> SocketAddr {
        self.gate.https().unwrap()
    }

    fn cut(&self, why: Cut) -> u64 {
        self.metrics.cut.get_or_create(&CutConnection { why }).get()
    }

    fn refused(&self, why: Refused) -> u64 {
        self.metrics.refused.get_or_create(&RefusedRequest { why }).get()
    }

    /// Until so many `wait` requests are being decided.
    async fn until_waiting(&self, count: usize) {
        client::until(|| self.rules.waiting.load(Ordering::SeqCst) >= count).await;
    }
}

const OK: u16 = StatusCode::OK.as_u16();
