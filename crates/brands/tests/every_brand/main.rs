//! What holds for every brand, whatever its files look like. A new brand's folder is tested by being there.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails")]

mod cast;
mod cisco;
mod claims;
mod fanvil;
mod gigaset;
mod grandstream;
mod hostile;
mod panasonic;
mod patton;
mod poly;
mod recognition;
mod reverting;
mod snapshots;
mod snom;
mod sources;
#[path = "../support/orders.rs"]
mod support;
#[path = "../support/texts.rs"]
mod texts;
