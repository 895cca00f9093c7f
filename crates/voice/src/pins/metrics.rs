//! What is counted of PINs.

use domain::pin::PinAnswer;
use prometheus_client::encoding::{EncodeLabelSet, EncodeLabelValue};
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::registry::Registry;

use super::above::Alarm;

/// Counters of PINs. Clones count together.
#[derive(Clone, Debug, Default)]
pub struct Metrics {
    attempts: Family<Attempts, Counter>,
    alarms: Family<Alarms, Counter>,
}

/// What came of a PIN that was keyed in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Tried {
    /// Right.
    Ok,
    /// Wrong.
    Wrong,
    /// Wrong and now locked for a while, or locked already.
    Failed,
    /// Locked until a reset.
    Blocked,
    /// Only a reset helps.
    ResetNeeded,
    /// Not six digits.
    NoTry,
    /// Not looked at.
    Busy,
    /// The store was out of reach.
    Unavailable,
}

impl Tried {
    /// The label.
    pub fn code(self) -> &'static str {
        match self {
            Self::Ok => "ok",
            Self::Wrong => "wrong",
            Self::Failed => "failed",
            Self::Blocked => "blocked",
            Self::ResetNeeded => "reset_needed",
            Self::NoTry => "no_try",
            Self::Busy => "busy",
            Self::Unavailable => "unavailable",
        }
    }

    /// The count of an answer.
    pub fn of(answer: PinAnswer) -> Self {
        match answer {
            PinAnswer::Right => Self::Ok,
            PinAnswer::Wrong { .. } => Self::Wrong,
            PinAnswer::Failed { .. } => Self::Failed,
            PinAnswer::Blocked => Self::Blocked,
            PinAnswer::ResetNeeded => Self::ResetNeeded,
            PinAnswer::NoTry => Self::NoTry,
        }
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Attempts {
    result: &'static str,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Alarms {
    of: Many,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, EncodeLabelValue)]
enum Many {
    Source,
    Customer,
    Platform,
}

impl Metrics {
    /// Makes the families and registers them. The registry carries no prefix of its own.
    pub fn register(registry: &mut Registry) -> Self {
        let metrics = Self::default();
        registry.register("ringfence_pin_attempts", "PINs keyed in, by what came of them", metrics.attempts.clone());
        registry.register("ringfence_pin_alarms", "Times that many wrong PINs came within an hour, by where", metrics.alarms.clone());
        metrics
    }

    /// Counts a PIN.
    pub(super) fn count(&self, result: Tried) {
        self.attempts.get_or_create(&Attempts { result: result.code() }).inc();
    }

    pub(super) fn alarm(&self, alarm: Alarm) {
        let of = match alarm {
            Alarm::Source(_) => Many::Source,
            Alarm::Customer(_) => Many::Customer,
            Alarm::Platform => Many::Platform,
        };
        self.alarms.get_or_create(&Alarms { of }).inc();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn results_are_named_as_documented() {
        let mut registry = Registry::default();
        let metrics = Metrics::register(&mut registry);
        for result in [Tried::Ok, Tried::Wrong, Tried::Wrong, Tried::ResetNeeded] {
            metrics.count(result);
        }
        metrics.alarm(Alarm::Platform);
        let mut text = String::new();
        prometheus_client::encoding::text::encode(&mut text, &registry).unwrap();
        assert!(text.contains("ringfence_pin_attempts_total{result=\"wrong\"} 2"), "{text}");
    }
}
