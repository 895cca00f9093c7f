//! Each client against its service, played, over TLS.

#![expect(clippy::unwrap_used, reason = "what fails to be set up fails the test")]

mod poly;
mod yealink;

#[path = "../support/mod.rs"]
mod support;
