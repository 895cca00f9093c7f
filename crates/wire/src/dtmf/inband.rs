//! Keys as tones in the sound, for calls without telephone events.
//!
//! Own code, as the crate for it misses keys of 40 ms and hears keys in speech. Windows of 20 ms, a
//! new one every 10 ms; a key counts after two equal windows, and may come again after four without it.
//! What keeps speech out: nearly all of the sound's energy must be in the two tones, they must be about equally loud,
//! and have no second harmonic.

use std::f32::consts::TAU;

use super::Key;

const SAMPLES_PER_SECOND: f32 = 8000.0;
const WINDOW: usize = 160;
const HOP: usize = WINDOW / 2;
/// [`WINDOW`] for arithmetic.
const SAMPLES: f32 = 160.0;

const LOW_HZ: [f32; 4] = [697.0, 770.0, 852.0, 941.0];
const HIGH_HZ: [f32; 4] = [1209.0, 1336.0, 1477.0, 1633.0];

/// Keys by row and column.
const KEYPAD: [[char; 4]; 4] = [['1', '2', '3', 'A'], ['4', '5', '6', 'B'], ['7', '8', '9', 'C'], ['*', '0', '#', 'D']];

/// Where a tone is looked for besides its nominal frequency. Receivers must take 1.5 % off and refuse 3.5 % (Q.24).
const OFF_NOMINAL: [f32; 2] = [0.99, 1.01];

/// The quieter tone's least power in a window: a sine of -33 dBm0.
const TONE_POWER_MIN: f32 = 1.6e9;

/// How much one tone may be louder than the other: 9.5 dB. Phones and lines stay within 8.
const TWIST_MAX: f32 = 8.9;

/// The tones' least share of all energy. Speech seldom gets there, a tone in noise 10 dB below it does.
const SHARE_MIN: f32 = 0.75;

/// The most power of a tone's second harmonic, as a share of the tone's. In speech they are alike.
const HARMONIC_MAX: f32 = 0.1;

/// The most that any single frequency of [`VOICE_HZ`] may have of all energy. Noise spreads, a voice's harmonics do not.
const STRAY_MAX: f32 = 0.04;

/// Where a voice that sounds like a key has its other harmonics.
const VOICE_HZ: std::ops::Range<u16> = 150..1150;

/// Empty windows after which the same key may come again. A pause of 40 ms has five of them; one lost packet inside a
/// tone makes three.
const EMPTY_TO_REARM: u8 = 4;

/// Listens to one call's sound, 8000 samples a second.
#[derive(Debug)]
pub struct Detector {
    window: [f32; WINDOW],
    filled: usize,
    before: Option<Key>,
    down: Option<Key>,
    empty: u8,
}

impl Default for Detector {
    fn default() -> Self {
        Self { window: [0.0; WINDOW], filled: 0, before: None, down: None, empty: 0 }
    }
}

impl Detector {
    /// Takes the next sample; gives each key once, about 30 ms after it went down. For lost packets, give samples of 0.
    pub fn push(&mut self, sample: i16) -> Option<Key> {
        self.window[self.filled] = f32::from(sample);
        self.filled += 1;
        if self.filled < WINDOW {
            return None;
        }
        let seen = key_in(&self.window);
        self.window.copy_within(HOP.., 0);
        self.filled = WINDOW - HOP;
        self.step(seen)
    }

    fn step(&mut self, seen: Option<Key>) -> Option<Key> {
        let steady = seen.filter(|_| seen == self.before);
        self.before = seen;
        if seen.is_some() && seen == self.down {
            self.empty = 0;
            return None;
        }
        if steady.is_some() {
            self.empty = 0;
            self.down = steady;
            return steady;
        }
        self.empty = self.empty.saturating_add(1);
        if self.empty >= EMPTY_TO_REARM {
            self.down = None;
        }
        None
    }
}

/// The key whose tones fill the window.
fn key_in(window: &[f32; WINDOW]) -> Option<Key> {
    let mut energy = 0.0;
    for sample in window {
        energy += sample * sample;
    }
    // What two tones of the least power would have.
    if energy < 4.0 * TONE_POWER_MIN / SAMPLES {
        return None;
    }
    let (row, low_hz, low) = strongest(window, LOW_HZ);
    let (column, high_hz, high) = strongest(window, HIGH_HZ);
    let share = 2.0 * (low + high) / (SAMPLES * energy);
    let (quiet, loud) = (low.min(high), low.max(high));
    if share < SHARE_MIN || quiet < TONE_POWER_MIN || loud > quiet * TWIST_MAX {
        return None;
    }
    // The low tone's second harmonic may lie so near to the high tone that it cannot be told from it.
    let apart = (2.0 * low_hz - high_hz).abs() > 2.0 * SAMPLES_PER_SECOND / SAMPLES;
    let is_sung = power(window, 2.0 * high_hz) > HARMONIC_MAX * high || (apart && power(window, 2.0 * low_hz) > HARMONIC_MAX * low);
    if is_sung || has_stray(window, energy, [low_hz, high_hz]) { None } else { Key::named(KEYPAD[row][column]) }
}

/// Whether a third tone stands beside the two.
fn has_stray(window: &[f32; WINDOW], energy: f32, tones_hz: [f32; 2]) -> bool {
    // Nearer to a tone its own skirts would be found.
    let is_apart = |hz: &f32| tones_hz.iter().all(|tone| (hz - tone).abs() > 95.0);
    let mut probes = VOICE_HZ.step_by(50).map(f32::from).filter(is_apart);
    probes.any(|hz| 2.0 * power(window, hz) > STRAY_MAX * SAMPLES * energy)
}

/// Which of the four tones is the loudest, its frequency and its power.
fn strongest(window: &[f32; WINDOW], tones: [f32; 4]) -> (usize, f32, f32) {
    let mut best = (0, 0.0, -1.0);
    for (at, (hz, power)) in tones.into_iter().zip(powers(window, tones)).enumerate() {
        if power > best.2 {
            best = (at, hz, power);
        }
    }
    let beside = OFF_NOMINAL.map(|factor| best.1 * factor);
    for (hz, power) in beside.into_iter().zip(powers(window, beside)) {
        if power > best.2 {
            best = (best.0, hz, power);
        }
    }
    best
}

/// The power at one frequency.
fn power(window: &[f32; WINDOW], hz: f32) -> f32 {
    powers(window, [hz])[0]
}

/// The power at some frequencies (Goertzel): (amplitude × samples / 2)². Side by side, as one alone mostly waits for its
/// own last step.
fn powers<const COUNT: usize>(window: &[f32; WINDOW], hz: [f32; COUNT]) -> [f32; COUNT] {
    let twice_cosine = hz.map(|hz| 2.0 * (TAU * hz / SAMPLES_PER_SECOND).cos());
    let (mut last, mut before) = ([0.0; COUNT], [0.0; COUNT]);
    for sample in window {
        for at in 0..COUNT {
            (last[at], before[at]) = (sample + twice_cosine[at] * last[at] - before[at], last[at]);
        }
    }
    std::array::from_fn(|at| last[at] * last[at] + before[at] * before[at] - twice_cosine[at] * last[at] * before[at])
}
