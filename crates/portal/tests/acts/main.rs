//! The administrative acts, by everybody who may ask for them; and the listener, from outside.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on ends there")]

mod api;
mod floor;
mod listener;
mod mails;
mod pages;
mod patience;
mod roles;
mod telephone;
mod told;
mod webhooks;
mod world;
