//! The desk against a real SQLite store, with time as an argument.

mod attempts;
mod rules;
mod twins;
pub(crate) mod world;
