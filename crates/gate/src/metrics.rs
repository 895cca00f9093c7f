//! What the gate counts. Label values are enums or come from the catalogue, so the number of series is bounded.

use std::sync::Arc;

use prometheus_client::encoding::{EncodeLabelSet, EncodeLabelValue};
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::registry::Registry;

/// The gate's metrics. Clones count together.
#[derive(Clone, Debug, Default)]
pub struct Metrics {
    /// `ringfence_fetches_total`: decided requests, by decision, reason and brand.
    pub fetches: Family<Fetch, Counter>,
    /// `ringfence_phone_requests_refused_total`: requests that never came to a decision.
    pub refused: Family<RefusedRequest, Counter>,
    /// `ringfence_phone_connections`: open now.
    pub connections: Family<Listener, Gauge>,
    /// `ringfence_phone_connections_opened_total`.
    pub opened: Family<Listener, Counter>,
    /// `ringfence_phone_connections_cut_total`: ended by us, by cause.
    pub cut: Family<CutConnection, Counter>,
    /// `ringfence_phone_handshakes_total`: finished TLS handshakes.
    pub handshakes: Family<Handshake, Counter>,
}

/// Labels of a decided request.
#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
pub struct Fetch {
    /// What was answered.
    pub decision: &'static str,
    /// Why: one of the reasons of the request log.
    pub reason: &'static str,
    /// The brand's name in the catalogue, or `unknown`. Never what a phone wrote.
    pub brand: Arc<str>,
}

/// Label of a refused request.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
pub struct RefusedRequest {
    /// Why.
    pub why: Refused,
}

/// Why a request never came to a decision.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, EncodeLabelValue)]
pub enum Refused {
    /// 405.
    Method,
    /// 400: headers twice, or a host that is none.
    Headers,
    /// 400: a path trick.
    MalformedPath,
    /// 404: no door of ours.
    NoDoor,
    /// 414.
    TargetTooLong,
    /// 413.
    UploadTooLarge,
    /// 400 or 408: an upload that broke off or took too long.
    UploadBroken,
    /// 503: the address sent too many.
    AddressRate,
    /// 503: the house is full.
    Concurrency,
    /// 503: deciding took too long.
    TooSlow,
    /// 503: the rules panicked.
    Panic,
}

/// Label of a listener.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
pub struct Listener {
    /// Which.
    pub listener: Scheme,
}

/// What a listener speaks.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, EncodeLabelValue)]
pub enum Scheme {
    /// HTTP over TLS.
    Https,
    /// Plain HTTP.
    Http,
}

/// Label of a connection that was cut.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
pub struct CutConnection {
    /// Why.
    pub why: Cut,
}

/// Why a connection was cut.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, EncodeLabelValue)]
pub enum Cut {
    /// Too many from one address.
    AddressConnections,
    /// No or a broken PROXY protocol header from a trusted proxy.
    ProxyHeader,
    /// The TLS handshake failed.
    Handshake,
    /// Too slow: a handshake, a head, or an answer that did not leave.
    Slow,
    /// No further request. Nothing is wrong with that.
    Idle,
    /// The stop's time ran out.
    Stop,
}

/// Labels of a finished handshake.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
pub struct Handshake {
    /// `1.2` or `1.3`.
    pub version: &'static str,
    /// Whether the session was an earlier one.
    pub resumed: bool,
}

impl Metrics {
    /// Makes the families and registers them. The registry carries no prefix of its own.
    pub fn register(registry: &mut Registry) -> Self {
        let metrics = Self::default();
        registry.register("ringfence_fetches", "Decided requests of phones", metrics.fetches.clone());
        registry.register("ringfence_phone_requests_refused", "Requests that never came to a decision", metrics.refused.clone());
        registry.register("ringfence_phone_connections", "Open connections of phones", metrics.connections.clone());
        registry.register("ringfence_phone_connections_opened", "Connections of phones", metrics.opened.clone());
        registry.register("ringfence_phone_connections_cut", "Connections that we ended", metrics.cut.clone());
        registry.register("ringfence_phone_handshakes", "Finished TLS handshakes", metrics.handshakes.clone());
        metrics
    }

    pub(crate) fn count_refused(&self, why: Refused) {
        self.refused.get_or_create(&RefusedRequest { why }).inc();
    }

    pub(crate) fn count_cut(&self, why: Cut) {
        self.cut.get_or_create(&CutConnection { why }).inc();
    }
}

#[cfg(test)]
mod tests {
    use prometheus_client::encoding::text::encode;

    use super::*;

    #[test]
    fn families_have_the_promised_names() {
        let mut registry = Registry::default();
        let metrics = Metrics::register(&mut registry);
        metrics.fetches.get_or_create(&Fetch { decision: "full", reason: "own", brand: "yealink".into() }).inc();
        metrics.count_refused(Refused::Concurrency);
        let mut text = String::new();
        encode(&mut text, &registry).unwrap();
        assert!(text.contains("ringfence_fetches_total{decision=\"full\",reason=\"own\",brand=\"yealink\"} 1\n"), "{text}");
        assert!(text.contains("ringfence_phone_requests_refused_total{why=\"Concurrency\"} 1\n"), "{text}");
    }
}
