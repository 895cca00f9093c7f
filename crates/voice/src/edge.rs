//! What faces the internet: UDP, TCP and TLS listeners, framing, limits, flows. Only sound messages go on to the stack.

pub mod flow;

pub use self::flow::{Flow, FlowGone, FlowId, Transport};
