//! The call that asks for the PIN, from a simulated phone's keys to the device's row: the whole telephone face on the loopback, with real
//! SIP, RTP and recordings.

mod calls;
mod emergency;
mod house;
