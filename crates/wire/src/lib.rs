//! What bytes mean: the pure protocol of HTTP authentication, and of the telephone call.
//!
//! Parses and makes `Authorization` and `WWW-Authenticate` values (Basic, RFC 7617; Digest, RFC 7616 with the
//! older forms that phones still speak), mints and checks nonces, and counts their uses. Encrypts files for phones that speak no TLS
//! of today ([`openssl`]). Reads and makes what a call consists of: messages ([`sip`]), what both sides agree on ([`sdp`]), sound
//! ([`g711`]) in [`rtp`], and keys ([`dtmf`]).
//!
//! What always holds: no sockets, no clock and no randomness (time and chance are arguments); every input, list
//! and table has a limit, all of them in [`limits`]; nothing here prints a password.

pub mod auth;
pub mod challenge;
pub mod digest;
pub mod dtmf;
pub mod g711;
pub mod limits;
pub mod nonce;
pub mod openssl;
mod params;
pub mod rtp;
pub mod sdp;
pub mod sip;
