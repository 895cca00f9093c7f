//! The program as it is shipped, on the telephone, with peers that others wrote: SIPp, baresip and Kamailio.
//!
//! Every house is closed at the end of its test, which reads the server's log, at the level of `trace`, for secrets: PINs, passwords,
//! Authorization values, SDES keys, INFO bodies.

#![expect(clippy::unwrap_used, reason = "whatever goes wrong in a test ends it")]

#[path = "../support/house.rs"]
#[expect(dead_code, reason = "some of it is for houses without a telephone")]
mod house;

mod account;
mod baresip;
mod kamailio;
mod process;
mod scenario;
mod scene;
mod sipp;

mod emergency;
mod notify;
mod pins;
mod proxy;
mod soft_phone;
