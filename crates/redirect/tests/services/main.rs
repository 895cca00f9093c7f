//! Each client against its service, played, over TLS.

mod yealink;

#[path = "../support/mod.rs"]
mod support;
