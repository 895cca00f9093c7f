//! SIP (RFC 3261) as far as the edge needs it before a full parser sees a message: cutting streams into messages,
//! reading a message's head, and the answers that need no state.
//!
//! Written for what phones send and what strangers send: nothing here panics, allocates without a bound, or logs.

pub mod edge;
pub mod framing;
pub mod message;
