//! Servers over the gate's own listener: the phone path as `ringfence serve` wires it, and the same listener with one fixed answer.

use std::net::{Ipv4Addr, SocketAddr};
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use anyhow::Result;
use brands::Catalogue;
use domain::settings::Transport;
use domain::{Chance as _, Time};
use gate::answer::Answer;
use gate::certificates::{Certificates, PairFiles, Source};
use gate::fetch::{Desk, Face, Parts};
use gate::limits::Limits;
use gate::listener::{Config, Gate};
use gate::metrics::Metrics;
use gate::phones::{Phones, Request};
use hyper::header::HeaderValue;
use prometheus_client::registry::Registry;
use tokio::signal::unix::{SignalKind, signal};
use tokio::time::{MissedTickBehavior, interval};

use crate::certificate::Certificate;
use crate::clock;
use crate::population::{System, open, platform_keys};

/// How often the request log is written.
const FLUSH: Duration = Duration::from_millis(250);

/// Answers phones from a data folder, over HTTP and over HTTPS with this certificate, until it is told to stop.
pub async fn serve(data: &Path, certificate: &Certificate) -> Result<()> {
    let store = open(data).await?;
    let metrics = Metrics::register(&mut Registry::default());
    let parts = Parts {
        keys: platform_keys(&store).await?,
        store: store.clone(),
        catalogue: Arc::new(Catalogue::embedded()),
        face: face(),
        limits: Limits::default(),
        metrics: metrics.clone(),
        dice: Arc::new(|buffer: &mut [u8]| System.fill(buffer)),
        started: clock::now(),
    };
    let desk = Desk::new(parts, wall_clock());
    let flusher = desk.flusher();
    let gate = open_gate(desk, certificate, metrics)?;
    let mut flushes = interval(FLUSH);
    flushes.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let mut stop = signal(SignalKind::terminate())?;
    loop {
        tokio::select! {
            _ = stop.recv() => break,
            _ = flushes.tick() => drop(flusher.flush().await?),
        }
    }
    gate.drain(Duration::from_secs(5)).await;
    store.close().await;
    Ok(())
}

/// Answers every request with this body through the same listener.
pub async fn serve_fixed(body: &Path, certificate: &Certificate) -> Result<()> {
    let fixed = Fixed(Answer::file(HeaderValue::from_static("text/plain"), std::fs::read(body)?).tagged());
    let gate = open_gate(fixed, certificate, Metrics::register(&mut Registry::default()))?;
    signal(SignalKind::terminate())?.recv().await;
    gate.drain(Duration::from_secs(5)).await;
    Ok(())
}

/// The one answer.
struct Fixed(Answer);

impl Phones for Fixed {
    async fn handle(&self, _: &Request) -> Answer {
        self.0.clone()
    }
}

/// Opens both listeners on free ports of loopback and says so in one line, as `ringfence serve` does.
fn open_gate<P: Phones>(phones: P, certificate: &Certificate, metrics: Metrics) -> Result<Gate> {
    let any = Some(SocketAddr::from((Ipv4Addr::LOCALHOST, 0)));
    let config = Config { https: any, http: any, ..Config::default() };
    let files = PairFiles { certificate: certificate.certificate.clone(), key: certificate.key.clone() };
    let certificates = Certificates::load(Source::Files(vec![files]), Vec::new())?;
    let gate = Gate::open(&config, &certificates, Arc::new(phones), metrics)?;
    println!("{}", serde_json::json!({ "phones_https": gate.https(), "phones_http": gate.http(), "portal": null }));
    Ok(gate)
}

fn face() -> Face {
    Face {
        https_url: "https://phones.example.com:8443".into(),
        http_url: Some("http://phones.example.com:8080".into()),
        realm: "Ringfence".into(),
        sip_host: "phones.example.com".into(),
        sip_port: 5060,
        sip_transport: Transport::Udp,
        service_number: "*89".into(),
        emergency_numbers: vec!["112".into(), "110".into()],
        language: "en".into(),
    }
}

#[expect(clippy::disallowed_methods, reason = "the edge of the bench's own server")]
fn wall_clock() -> Time {
    let since_1970 = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
    Time::from_millis(i64::try_from(since_1970.as_millis()).unwrap_or(i64::MAX))
}
