//! The edge and the stack on the loopback, by what a phone sees.

#![expect(clippy::unwrap_used, reason = "what fails to be set up fails the test")]

mod calls;
mod connections;
mod datagrams;
mod house;
mod logs;
mod peer;
mod streams;
mod wire;
