#![no_main]

#[path = "../../crates/wire/tests/corpus/properties.rs"]
#[expect(dead_code, reason = "each target uses its own property")]
mod properties;

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| properties::rtp(bytes));
