//! The call that asks for the PIN, from a simulated phone's keys to the device's row: the whole telephone face on the loopback, with real
//! SIP, RTP and recordings.

#![expect(clippy::unwrap_used, reason = "whatever goes wrong in a test ends it")]

mod calls;
mod emergency;
mod house;
mod logs;
