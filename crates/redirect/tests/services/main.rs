//! Each client against its service, played, over TLS.

mod poly;
mod yealink;

#[path = "../support/mod.rs"]
mod support;
