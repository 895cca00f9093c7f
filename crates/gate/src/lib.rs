//! The phones' door: the HTTPS listener that fussy phones can talk to, and the way from a request to its answer.
//!
//! The lower half knows bytes, certificates, addresses and limits, and nothing of devices: it turns a connection into
//! [`phones::Request`]s, hands each to a [`phones::Phones`] and sends the [`answer::Answer`] back.

pub mod address;
pub mod answer;
pub mod certificates;
pub mod fetch;
pub mod limits;
pub mod listener;
pub mod metrics;
pub mod path;
pub mod phones;
pub mod range;
pub mod throttle;
pub mod transfer;
