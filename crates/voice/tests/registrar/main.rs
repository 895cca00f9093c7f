//! Registrar and NOTIFY on the loopback, by what a phone sees.

#![expect(clippy::unwrap_used, reason = "whatever goes wrong in a test ends it")]

mod house;
mod phone;
mod registrations;
mod told;
