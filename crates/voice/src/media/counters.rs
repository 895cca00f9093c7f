//! What is counted of sessions; never contents.

use std::sync::{
    Arc,
    atomic::{AtomicU64, Ordering},
};

use prometheus_client::{
    encoding::EncodeLabelSet,
    metrics::{counter::Counter, family::Family, gauge::Gauge},
    registry::Registry,
};

/// The counts of one session so far, or of all.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Statistics {
    /// RTP packets that were taken.
    pub packets_in: u64,
    /// RTP packets sent.
    pub packets_out: u64,
    /// Times that the next packet of ours came more than 40 ms after the one before, or 20 ms after its turn.
    pub gaps_out: u64,
    /// Packets from addresses that are not the telephone's.
    pub wrong_source: u64,
    /// Packets from the telephone that are no sound or keys of this call: broken, not authentic, or of a type that was not agreed on.
    pub ignored: u64,
    /// Packets beyond what a session is looked after in a second.
    pub limited: u64,
    /// RTCP packets that were passed on.
    pub control: u64,
}

#[derive(Debug, Clone, Copy)]
pub(super) enum Count {
    PacketsIn,
    PacketsOut,
    GapsOut,
    WrongSource,
    Ignored,
    Limited,
    Control,
}

/// In the order of [`Count`].
const NAMES: [&str; 7] = ["in", "out", "gap", "wrong_source", "ignored", "limited", "rtcp"];

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Label {
    kind: &'static str,
}

/// What all sessions count together. Clones count together.
#[derive(Clone, Debug)]
pub struct Metrics {
    packets: Family<Label, Counter>,
    sessions: Family<Label, Gauge>,
    /// Those of `packets`, so that nothing is looked up for a packet.
    counts: Arc<[Counter; 7]>,
}

impl Default for Metrics {
    fn default() -> Self {
        let packets = Family::<Label, Counter>::default();
        let counts = Arc::new(NAMES.map(|kind| packets.get_or_create(&Label { kind }).clone()));
        Self { packets, sessions: Family::default(), counts }
    }
}

impl Metrics {
    /// Makes the families and registers them. The registry carries no prefix of its own.
    pub fn register(registry: &mut Registry) -> Self {
        let metrics = Self::default();
        registry.register(
            "ringfence_rtp_packets",
            "RTP packets by what became of them, and gaps over 40 ms between ours",
            metrics.packets.clone(),
        );
        registry.register("ringfence_rtp_sessions", "RTP sessions now: calls with the voice, and relays", metrics.sessions.clone());
        metrics
    }

    /// The count of sessions of one kind.
    pub(super) fn sessions(&self, kind: &'static str) -> Gauge {
        self.sessions.get_or_create(&Label { kind }).clone()
    }

    /// What all sessions counted, those that ended among them.
    pub(super) fn read(&self) -> Statistics {
        statistics(|count| self.counts[count as usize].get())
    }
}

/// One session's counters, shared with its handle, and those of all sessions.
#[derive(Debug, Clone, Default)]
pub(super) struct Counters {
    own: Arc<[AtomicU64; 7]>,
    all: Metrics,
}

impl Counters {
    pub(super) fn among(all: &Metrics) -> Self {
        Self { own: Arc::default(), all: all.clone() }
    }

    pub(super) fn add(&self, count: Count) {
        self.own[count as usize].fetch_add(1, Ordering::Relaxed);
        self.all.counts[count as usize].inc();
    }

    pub(super) fn read(&self) -> Statistics {
        statistics(|count| self.own[count as usize].load(Ordering::Relaxed))
    }
}

fn statistics(of: impl Fn(Count) -> u64) -> Statistics {
    Statistics {
        packets_in: of(Count::PacketsIn),
        packets_out: of(Count::PacketsOut),
        gaps_out: of(Count::GapsOut),
        wrong_source: of(Count::WrongSource),
        ignored: of(Count::Ignored),
        limited: of(Count::Limited),
        control: of(Count::Control),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counts_have_their_names() {
        let mut registry = Registry::default();
        let metrics = Metrics::register(&mut registry);
        let [one, other] = [(); 2].map(|()| Counters::among(&metrics));
        one.add(Count::PacketsIn);
        other.add(Count::PacketsIn);
        other.add(Count::Control);
        other.add(Count::GapsOut);
        metrics.sessions("relay").inc();
        assert_eq!((one.read().packets_in, other.read().packets_in, metrics.read().packets_in), (1, 1, 2));
        let mut text = String::new();
        prometheus_client::encoding::text::encode(&mut text, &registry).unwrap();
        for line in [
            "ringfence_rtp_packets_total{kind=\"in\"} 2",
            "ringfence_rtp_packets_total{kind=\"rtcp\"} 1",
            "ringfence_rtp_packets_total{kind=\"gap\"} 1",
            "ringfence_rtp_packets_total{kind=\"limited\"} 0",
            "ringfence_rtp_sessions{kind=\"relay\"} 1",
        ] {
            assert!(text.contains(line), "{line}\n{text}");
        }
    }
}
