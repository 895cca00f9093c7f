//! What bytes mean: the pure protocol of HTTP authentication.
//!
//! Parses and makes `Authorization` and `WWW-Authenticate` values (Basic, RFC 7617; Digest, RFC 7616 with the
//! older forms that phones still speak), mints and checks nonces, and counts their uses.
//!
//! What always holds: no sockets, no clock and no randomness (time and chance are arguments); every input, list
//! and table has a limit, all of them in [`limits`]; nothing here prints a password.

pub mod auth;
pub mod challenge;
pub mod digest;
pub mod limits;
pub mod nonce;
mod params;
