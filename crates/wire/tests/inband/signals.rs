//! Sound made by arithmetic: tones, noise and something like speech, 8000 samples a second, from seeded chance.

use std::f64::consts::TAU;

use wire::g711::Codec;

pub const RATE: f64 = 8000.0;
/// The swing of a sine of 0 dBm0.
const ZERO_DBM0: f64 = 22_700.0;

const LOW_HZ: [f64; 4] = [697.0, 770.0, 852.0, 941.0];
const HIGH_HZ: [f64; 4] = [1209.0, 1336.0, 1477.0, 1633.0];
const KEYPAD: [&str; 4] = ["123A", "456B", "789C", "*0#D"];

/// Chance that is the same in every run (xorshift64*).
pub struct Seeded(u64);

impl Seeded {
    pub fn new(seed: u64) -> Self {
        Self(seed.wrapping_mul(0x9E37_79B9_7F4A_7C15) | 1)
    }

    /// 0 to 1, without 1.
    pub fn unit(&mut self) -> f64 {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        (self.0.wrapping_mul(0x2545_F491_4F6C_DD1D) >> 40) as f64 / (1u64 << 24) as f64
    }

    pub fn between(&mut self, low: f64, high: f64) -> f64 {
        low + (high - low) * self.unit()
    }

    pub fn below(&mut self, count: usize) -> usize {
        (self.unit() * count as f64) as usize
    }

    /// Of a standard normal distribution (Box-Muller).
    pub fn normal(&mut self) -> f64 {
        (-2.0 * (1.0 - self.unit()).ln()).sqrt() * (TAU * self.unit()).cos()
    }
}

/// How keys are pressed.
#[derive(Clone, Copy)]
pub struct Keying {
    pub down_ms: f64,
    pub up_ms: f64,
    /// 1.015 is 1.5 % too high.
    pub pitch: f64,
    /// Each tone's level.
    pub dbm0: f64,
    /// How much louder the high tone is.
    pub twist_db: f64,
    /// Signal over white noise, of the whole sound.
    pub snr_db: Option<f64>,
}

pub const EASY: Keying = Keying { down_ms: 100.0, up_ms: 100.0, pitch: 1.0, dbm0: -10.0, twist_db: 0.0, snr_db: None };

/// The keys as sound, with a little silence at both ends.
pub fn keyed(keys: &str, keying: &Keying, chance: &mut Seeded) -> Vec<f64> {
    let mut sound = vec![0.0; 400 + chance.below(160)];
    for key in keys.chars() {
        let row = KEYPAD.iter().position(|row| row.contains(key)).expect("a key");
        let column = KEYPAD[row].find(key).expect("it is in the row");
        let tones = [(LOW_HZ[row], -keying.twist_db / 2.0), (HIGH_HZ[column], keying.twist_db / 2.0)];
        let begin = sound.len();
        sound.resize(begin + samples(keying.down_ms), 0.0);
        for (hz, louder_db) in tones {
            add_tone(&mut sound[begin..], hz * keying.pitch, level(keying.dbm0 + louder_db), chance.between(0.0, TAU));
        }
        sound.resize(sound.len() + samples(keying.up_ms), 0.0);
    }
    sound.resize(sound.len() + 800, 0.0);
    if let Some(snr_db) = keying.snr_db {
        // Two tones have twice half of their swing's square.
        let swing = level(keying.dbm0);
        add_noise(&mut sound, swing * 10f64.powf(-snr_db / 20.0), chance);
    }
    sound
}

/// The swing of a sine.
pub fn level(dbm0: f64) -> f64 {
    ZERO_DBM0 * 10f64.powf(dbm0 / 20.0)
}

pub fn samples(ms: f64) -> usize {
    (ms * RATE / 1000.0).round() as usize
}

pub fn add_tone(sound: &mut [f64], hz: f64, swing: f64, phase: f64) {
    let mut angle = phase;
    for sample in sound {
        *sample += swing * angle.sin();
        angle += TAU * hz / RATE;
    }
}

/// `deviation` is the noise's effective value.
pub fn add_noise(sound: &mut [f64], deviation: f64, chance: &mut Seeded) {
    for sample in sound {
        *sample += deviation * chance.normal();
    }
}

/// What comes out at the other end of a telephone line.
pub fn over_the_line(sound: &[f64], codec: Codec) -> impl Iterator<Item = i16> {
    sound.iter().map(move |sample| codec.decode(codec.encode(sample.clamp(-32768.0, 32767.0) as i16)))
}

/// Formants of vowels in Hz: round numbers near those of an adult's voice.
const VOWELS: [[f64; 3]; 8] = [
    [730.0, 1090.0, 2440.0],
    [270.0, 2290.0, 3010.0],
    [300.0, 870.0, 2240.0],
    [530.0, 1840.0, 2480.0],
    [570.0, 840.0, 2410.0],
    [660.0, 1720.0, 2410.0],
    [490.0, 1350.0, 1690.0],
    [640.0, 1190.0, 2390.0],
];

/// Something like speech: a buzzing voice through moving formants, hisses and pauses. About -16 dBm0.
pub fn speech(seconds: f64, voice_hz: f64, chance: &mut Seeded) -> Vec<f64> {
    let mut sound = Vec::new();
    let mut formants = Formants::default();
    let (mut cycle, mut pulse) = (0.0f64, 0.0);
    let mut now = VOWELS[chance.below(8)];
    while (sound.len() as f64) < seconds * RATE {
        let length = samples(chance.between(60.0, 260.0));
        let kind = chance.below(10);
        let target = VOWELS[chance.below(8)].map(|hz| hz * chance.between(0.9, 1.15));
        let (from_hz, to_hz) = (voice_hz * chance.between(0.75, 1.35), voice_hz * chance.between(0.75, 1.35));
        for at in 0..length {
            let part = at as f64 / length as f64;
            // The vocal cords' pulse is round: half as loud with each octave, so there is always a fundamental.
            pulse *= 0.93;
            let excitation = match kind {
                0 => 0.0,
                1 | 2 => 0.25 * chance.normal(),
                _ => {
                    cycle += (from_hz + (to_hz - from_hz) * part) / RATE * chance.between(0.99, 1.01);
                    pulse += f64::from(u8::from(cycle >= 1.0));
                    pulse + 0.01 * chance.normal()
                }
            };
            cycle -= cycle.floor();
            // A held vowel arrives early and stays: steady sound is what deceives a detector.
            let glide = (part * 3.0).min(1.0);
            let place = [0, 1, 2].map(|formant| now[formant] + (target[formant] - now[formant]) * glide);
            sound.push(formants.filter(excitation, place));
        }
        now = target;
    }
    let power = sound.iter().map(|sample| sample * sample).sum::<f64>() / sound.len() as f64;
    let gain = level(-16.0) / 2f64.sqrt() / power.sqrt();
    for sample in &mut sound {
        *sample *= gain;
    }
    sound
}

/// Three resonators one behind the other.
#[derive(Default)]
struct Formants([(f64, f64); 3]);

impl Formants {
    fn filter(&mut self, excitation: f64, hz: [f64; 3]) -> f64 {
        let mut sample = excitation;
        for ((state, hz), width_hz) in self.0.iter_mut().zip(hz).zip([60.0, 90.0, 150.0]) {
            let radius = (-TAU / 2.0 * width_hz / RATE).exp();
            let twice_cosine = 2.0 * radius * (TAU * hz / RATE).cos();
            let out = (1.0 - twice_cosine + radius * radius) * sample + twice_cosine * state.0 - radius * radius * state.1;
            *state = (out, state.0);
            sample = out;
        }
        sample
    }
}
