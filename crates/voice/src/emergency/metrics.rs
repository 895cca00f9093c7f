//! What emergency calls count.

use domain::emergency::Outcome;
use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::registry::Registry;

/// The metrics of emergency calls. Clones count together.
#[derive(Clone, Debug, Default)]
pub struct Metrics {
    /// `ringfence_emergency_calls_total`: by how they ended.
    pub calls: Family<Ended, Counter>,
    /// `ringfence_emergency_calls`: up now.
    pub up: Gauge,
    /// `ringfence_emergency_call_backs_total`: by how they ended.
    pub call_backs: Family<Ended, Counter>,
    /// `ringfence_trunks_down`: that do not answer.
    pub trunks_down: Gauge,
}

/// How a call ended.
#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
pub struct Ended {
    /// A code of `domain::emergency::Outcome`.
    pub result: &'static str,
}

impl Metrics {
    /// Enters them.
    pub fn register(&self, registry: &mut Registry) {
        registry.register("ringfence_emergency_calls", "Emergency calls by how they ended", self.calls.clone());
        registry.register("ringfence_emergency_calls_up", "Emergency calls up now", self.up.clone());
        registry.register("ringfence_emergency_call_backs", "Calls back to phones by how they ended", self.call_backs.clone());
        registry.register("ringfence_trunks_down", "Trunks that do not answer", self.trunks_down.clone());
    }

    /// A call ended.
    pub fn count(&self, outcome: Outcome) {
        self.calls.get_or_create(&Ended { result: outcome.code() }).inc();
    }

    /// A call back ended.
    pub fn count_back(&self, outcome: Outcome) {
        self.call_backs.get_or_create(&Ended { result: outcome.code() }).inc();
    }
}
