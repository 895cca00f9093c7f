//! Yealink as its catalogue folder describes it: recognition, files, reading back.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails")]

mod hostile;
mod orders;
mod recognition;
mod reverting;
mod settings;
mod snapshots;
#[path = "../support/orders.rs"]
mod support;
#[path = "../support/texts.rs"]
mod texts;
