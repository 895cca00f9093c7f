//! What is counted of a session; never contents.

use std::sync::{
    Arc,
    atomic::{AtomicU64, Ordering},
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

/// One session's counters, shared with its handle, and those of all sessions.
#[derive(Debug, Clone, Default)]
pub(super) struct Counters {
    own: Arc<[AtomicU64; 7]>,
    all: Arc<[AtomicU64; 7]>,
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

impl Counters {
    /// Counters of another session among the same.
    pub(super) fn beside(&self) -> Self {
        Self { own: Arc::default(), all: Arc::clone(&self.all) }
    }

    pub(super) fn add(&self, count: Count) {
        for counts in [&self.own, &self.all] {
            counts[count as usize].fetch_add(1, Ordering::Relaxed);
        }
    }

    /// What all sessions counted, those that ended among them.
    pub(super) fn read_all(&self) -> Statistics {
        Self { own: Arc::clone(&self.all), all: Arc::clone(&self.all) }.read()
    }

    pub(super) fn read(&self) -> Statistics {
        let of = |count: Count| self.own[count as usize].load(Ordering::Relaxed);
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
}
