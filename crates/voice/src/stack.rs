//! Requests, calls and dialogs as the rest of the crate sees them: transactions and dialogs of RFC 3261 and RFC 6026.

pub mod address;
mod message;
mod outgoing;

pub use self::message::Message;
pub use self::outgoing::{Reply, Request};
pub use crate::edge::{Flow, FlowGone, FlowId, Transport};
