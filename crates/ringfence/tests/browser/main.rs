//! The portal in a real browser, with the real program behind it and simulated phones on the other side.

#![expect(clippy::unwrap_used, reason = "whatever goes wrong in a test ends it")]

mod browser;
#[path = "../support/house.rs"]
#[expect(dead_code, reason = "the houses of other tests need more")]
mod house;
mod inventory;
mod office;
mod people;
mod phone;
#[path = "../support/pins.rs"]
mod pins;
mod redirects;
