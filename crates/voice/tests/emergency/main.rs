//! Emergency calls on the loopback: a phone, a server and trunks, each with a stack of its own.

#![expect(clippy::unwrap_used, reason = "whatever goes wrong in a test ends it")]

mod calls;
mod keyed;
mod lasting;
mod proof;
mod sipp;
mod trunks;
mod world;
