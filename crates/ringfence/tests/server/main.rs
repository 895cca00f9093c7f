//! Whole stories with real pieces: the program as it is shipped, on a directory of its own, with simulated phones, curl, openssl
//! and rude clients around it.

#![expect(clippy::unwrap_used, reason = "whatever goes wrong in a test ends it")]

#[path = "../support/house.rs"]
#[expect(dead_code, reason = "some of it is for houses with a telephone")]
mod house;
#[path = "../support/pins.rs"]
mod pins;

mod abuse;
mod certificates;
mod clients;
mod crash;
mod faults;
mod fleet;
mod limits;
mod logins;
mod menus;
mod pin;
mod policies;
mod race;
mod resets;
mod secrets;
mod told;
