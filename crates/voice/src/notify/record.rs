//! What became of NOTIFYs: counted, and written to the devices' logs many at a time.

use std::net::IpAddr;
use std::time::Duration;

use domain::{Mac, Time};
use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::registry::Registry;
use store::Store;
use store::seen::{News, Request, Seen};
use tokio::sync::mpsc;

use super::Told;
use crate::limits::NOTIFY_RECORDS_MAX;

/// How long records are collected before they are written.
const COLLECT: Duration = Duration::from_millis(300);

/// `ringfence_notifies_total`. Clones count together.
#[derive(Clone, Debug, Default)]
pub struct NotifyMetrics {
    notifies: Family<Labels, Counter>,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Labels {
    result: &'static str,
}

impl NotifyMetrics {
    /// Makes the family and registers it.
    pub fn register(registry: &mut Registry) -> Self {
        let metrics = Self::default();
        registry.register("ringfence_notifies", "Phones told by SIP to fetch", metrics.notifies.clone());
        metrics
    }

    /// How many ended so: `done`, `phone_refused`, `flow_gone`.
    pub fn count_of(&self, result: &'static str) -> u64 {
        self.notifies.get_or_create(&Labels { result }).get()
    }

    fn count(&self, told: Told) {
        self.notifies.get_or_create(&Labels { result: told.code() }).inc();
    }
}

/// Where results go. A row in the device's log reads like a request of ours: method NOTIFY, the phone's status.
#[derive(Clone, Debug)]
pub(super) struct Recorder {
    metrics: NotifyMetrics,
    rows: mpsc::Sender<News>,
}

impl Recorder {
    /// A recorder, and what it hands its rows to.
    pub fn new(metrics: NotifyMetrics) -> (Self, mpsc::Receiver<News>) {
        let (rows, written) = mpsc::channel(NOTIFY_RECORDS_MAX);
        (Self { metrics, rows }, written)
    }

    /// Counts a result and, if it is among the first of its change, notes it. `way`: `flow` or `proxy`.
    pub fn note(&self, mac: Mac, address: IpAddr, way: &str, told: Told, shown: bool, now: Time) {
        self.metrics.count(told);
        tracing::info!(%mac, %address, way, status = told.status(), result = told.code(), "told a phone to fetch");
        let request = Request {
            time: now,
            address,
            method: "NOTIFY".to_owned(),
            file: String::new(),
            status: told.status(),
            evidence: way.to_owned(),
            decision: "told".to_owned(),
            reason: told.code().to_owned(),
            bytes: 0,
            transport: "sip".to_owned(),
        };
        let seen = Seen { served: None, own_address: None, firmware: String::new(), model: String::new() };
        if shown && self.rows.try_send(News { mac, seen, requests: vec![request] }).is_err() {
            tracing::debug!(%mac, "too many results at once: this one is not in the phone's log");
        }
    }
}

/// Writes rows until nobody has any more to write.
pub(super) async fn write(store: Store, mut rows: mpsc::Receiver<News>) {
    let mut batch = Vec::new();
    while rows.recv_many(&mut batch, NOTIFY_RECORDS_MAX).await > 0 {
        tokio::time::sleep(COLLECT).await;
        while let Ok(row) = rows.try_recv() {
            batch.push(row);
        }
        let news = std::mem::take(&mut batch);
        if let Err(error) = store.write(move |db| store::seen::note(db, &news)).await {
            tracing::warn!(%error, "what became of NOTIFYs could not be written to the phones' logs");
        }
    }
}
