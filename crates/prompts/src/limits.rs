//! Every number that bounds this crate.

use std::ops::RangeInclusive;

/// The largest WAV file that is read, in bytes.
pub const WAV_BYTES_MAX: usize = 5_000_000;
/// The longest recording, in seconds.
pub const SECONDS_MAX: u32 = 30;
/// Sample rates that are read.
pub const RATES: RangeInclusive<u32> = 8_000..=48_000;
/// The highest number that has a recording.
pub const NUMBER_MAX: u8 = 60;
/// Languages with recordings of their own.
pub const LANGUAGES_MAX: usize = 32;
