//! Counters of the telephone face.

use prometheus_client::registry::Registry;

use crate::emergency;
use crate::media;
use crate::notify::NotifyMetrics;
use crate::pins;

/// All that is counted. Clones count together.
#[derive(Clone, Debug, Default)]
pub struct Metrics {
    /// PINs.
    pub pins: pins::Metrics,
    /// Phones told to fetch.
    pub notifies: NotifyMetrics,
    /// Emergency calls.
    pub emergency: emergency::Metrics,
    /// RTP.
    pub media: media::Metrics,
}

impl Metrics {
    /// Makes the families and registers them. The registry carries no prefix of its own.
    pub fn register(registry: &mut Registry) -> Self {
        let emergency = emergency::Metrics::default();
        emergency.register(registry);
        Self {
            pins: pins::Metrics::register(registry),
            notifies: NotifyMetrics::register(registry),
            emergency,
            media: media::Metrics::register(registry),
        }
    }
}
