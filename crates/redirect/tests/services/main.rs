//! Each client against its service, played, over TLS.

#![expect(clippy::unwrap_used, reason = "what fails to be set up fails the test")]

mod fanvil;
mod gdms;
mod gigaset_xmlrpc;
mod panasonic;
mod poly;
mod snom_xmlrpc;
mod sraps;
mod xmlrpc;
mod yealink;

#[path = "../support/mod.rs"]
mod support;
