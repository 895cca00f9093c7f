//! The administrative acts, by everybody who may ask for them; and the listener, from outside.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on ends there")]

mod api;
mod listener;
mod pages;
mod roles;
mod telephone;
mod told;
mod world;
