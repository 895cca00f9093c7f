//! A server over the gate's own listener with one fixed answer: what the listener alone can do.

use std::net::{Ipv4Addr, SocketAddr};
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use anyhow::Result;
use gate::answer::Answer;
use gate::certificates::{Certificates, PairFiles, Source};
use gate::listener::{Config, Gate};
use gate::metrics::Metrics;
use gate::phones::{Phones, Request};
use hyper::header::HeaderValue;
use prometheus_client::registry::Registry;
use tokio::signal::unix::{SignalKind, signal};

use crate::certificate::Certificate;

/// Answers every request with this body through the same listener.
pub async fn serve(body: &Path, certificate: &Certificate) -> Result<()> {
    let fixed = Fixed(Answer::file(HeaderValue::from_static("text/plain"), std::fs::read(body)?).tagged());
    let gate = open_gate(fixed, certificate, Metrics::register(&mut Registry::default()))?;
    signal(SignalKind::terminate())?.recv().await;
    gate.drain(Duration::from_secs(5)).await;
    Ok(())
}

/// The one answer; its tag was made once.
struct Fixed(Answer);

impl Phones for Fixed {
    async fn handle(&self, _: &Request) -> Answer {
        let content_type = self.0.content_type.clone().unwrap_or(HeaderValue::from_static("text/plain"));
        Answer { etag: self.0.etag.clone(), ..Answer::file(content_type, self.0.body.clone()) }
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
