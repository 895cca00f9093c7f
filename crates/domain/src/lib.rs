//! What is true: how a phone proves who it is, and what it is then given.
//!
//! Pure rules. Nobody here opens a socket, reads a clock or makes randomness: time and chance are arguments.

pub mod chance;
pub mod mac;
pub mod secret;
pub mod settings;
pub mod time;

pub use crate::chance::Chance;
pub use crate::mac::Mac;
pub use crate::secret::Secret;
pub use crate::time::{Span, Time};
