//! The portal in a real browser, with the real program behind it and simulated phones on the other side.

mod browser;
#[path = "../support/house.rs"]
#[expect(dead_code, reason = "the houses of other tests need more")]
mod house;
mod inventory;
mod people;
