//! The in-band detector against what lines and voices do to it. Each row: 20 runs of 19 random keys, each run over one
//! of the two codecs, all from seeded chance.

#![expect(clippy::cast_precision_loss, clippy::cast_sign_loss, reason = "counts of samples are small and positive")]

mod signals;

use std::{f64::consts::TAU, iter};

use signals::{EASY, Keying, RATE, Seeded, add_noise, add_tone, keyed, level, over_the_line, samples, speech};
use wire::{
    dtmf::{Key, inband::Detector},
    g711::Codec,
};

const RUNS: u64 = 20;
const KEYS: usize = 19;

fn heard(samples: impl Iterator<Item = i16>) -> String {
    let mut detector = Detector::default();
    samples.filter_map(|sample| detector.push(sample)).map(Key::name).collect()
}

fn codec(run: u64) -> Codec {
    Codec::ALL[(run % 2) as usize]
}

fn random_keys(chance: &mut Seeded) -> String {
    (0..KEYS).map(|_| char::from(b"0123456789*#ABCD"[chance.below(16)])).collect()
}

/// How many of the runs were heard without a fault.
fn right_runs(keying: &Keying, line: impl Fn(Vec<i16>, &mut Seeded) -> Vec<i16>) -> u64 {
    let is_right = |run: &u64| {
        let mut chance = Seeded::new(run + 1);
        let keys = random_keys(&mut chance);
        let sound = keyed(&keys, keying, &mut chance);
        let received = line(over_the_line(&sound, codec(*run)).collect(), &mut chance);
        heard(received.into_iter()) == keys
    };
    (0..RUNS).filter(is_right).count() as u64
}

fn check(name: &str, keying: &Keying) {
    assert_eq!(right_runs(keying, |sound, _| sound), RUNS, "{name}");
}

#[test]
fn slow_and_quick_keys() {
    check("100/100 ms", &EASY);
    check("50/50 ms", &Keying { down_ms: 50.0, up_ms: 50.0, ..EASY });
    check("40/40 ms", &Keying { down_ms: 40.0, up_ms: 40.0, ..EASY });
    check("300/40 ms", &Keying { down_ms: 300.0, up_ms: 40.0, ..EASY });
}

#[test]
fn a_little_off_pitch_is_taken_and_far_off_is_not() {
    check("+1.5 %", &Keying { pitch: 1.015, ..EASY });
    check("-1.5 %", &Keying { pitch: 0.985, ..EASY });
    for pitch in [1.035, 0.965] {
        for run in 0..RUNS {
            let mut chance = Seeded::new(run + 1);
            let keys = random_keys(&mut chance);
            let sound = keyed(&keys, &Keying { pitch, ..EASY }, &mut chance);
            assert_eq!(heard(over_the_line(&sound, codec(run))), "", "{keys} at {pitch}");
        }
    }
}

#[test]
fn twist_low_levels_and_noise() {
    check("twist +4 dB", &Keying { twist_db: 4.0, ..EASY });
    check("twist -8 dB", &Keying { twist_db: -8.0, ..EASY });
    check("loud", &Keying { dbm0: -3.0, ..EASY });
    check("-27 dBm0", &Keying { dbm0: -27.0, ..EASY });
    check("15 dB over noise", &Keying { snr_db: Some(15.0), ..EASY });
    check("10 dB over noise", &Keying { snr_db: Some(10.0), ..EASY });
    check("quick, off, twisted", &Keying { down_ms: 45.0, up_ms: 45.0, pitch: 1.01, twist_db: -4.0, snr_db: Some(25.0), ..EASY });
}

/// One packet of 20 ms at random in every key is lost; nothing is heard twice, nothing is missed.
#[test]
fn a_lost_packet_inside_a_key_does_not_double_it() {
    let keying = Keying { down_ms: 120.0, ..EASY };
    let period = samples(keying.down_ms + keying.up_ms);
    let lossy = |mut sound: Vec<i16>, chance: &mut Seeded| {
        for begin in (0..sound.len().saturating_sub(period)).step_by(period) {
            let packet = begin / 160 + chance.below(period / 160);
            sound[packet * 160..(packet + 1) * 160].fill(0);
        }
        sound
    };
    assert_eq!(right_runs(&keying, lossy), RUNS);
}

/// The talk-off test: eight voices, 125 s.
#[test]
fn nothing_is_heard_in_speech() {
    for (voice, hz) in [85.0, 100.0, 115.0, 130.0, 160.0, 190.0, 220.0, 260.0].into_iter().enumerate() {
        let mut chance = Seeded::new(voice as u64 + 100);
        let sound = speech(15.7, hz, &mut chance);
        assert_eq!(heard(over_the_line(&sound, codec(voice as u64))), "", "a voice of {hz} Hz");
    }
}

#[test]
fn nothing_is_heard_in_noise_and_in_the_tones_of_exchanges() {
    let mut chance = Seeded::new(1);
    let mut noise = vec![0.0; samples(20_000.0)];
    add_noise(&mut noise, 3000.0, &mut chance);
    assert_eq!(heard(over_the_line(&noise, Codec::Pcma)), "");

    let tones: [&[f64]; 9] = [
        &[425.0],
        &[350.0, 440.0],
        &[440.0, 480.0],
        &[480.0, 620.0],
        &[950.0, 1400.0, 1800.0],
        &[697.0],
        &[1336.0],
        &[697.0, 941.0],
        &[1209.0, 1633.0],
    ];
    for hz in tones {
        let mut sound = vec![0.0; samples(1000.0)];
        for hz in hz {
            add_tone(&mut sound, *hz, level(-10.0), chance.between(0.0, TAU));
        }
        assert_eq!(heard(over_the_line(&sound, Codec::Pcma)), "", "{hz:?}");
    }
    // Two singers on the pitches of a key: alone these would be one, so it is their overtones that tell.
    for (overtones, expected) in [(0.0, "1"), (0.5, "")] {
        let mut sound = vec![0.0; samples(1000.0)];
        for hz in [697.0, 1209.0] {
            add_tone(&mut sound, hz, level(-12.0), 0.0);
            add_tone(&mut sound, 2.0 * hz, overtones * level(-12.0), 1.0);
        }
        assert_eq!(heard(over_the_line(&sound, Codec::Pcma)), expected);
    }
    // A third tone, as a voice on these pitches has one.
    for (third, expected) in [(0.1, "1"), (0.4, "")] {
        let mut sound = vec![0.0; samples(1000.0)];
        for (hz, swing) in [(697.0, 1.0), (1209.0, 1.0), (400.0, third)] {
            add_tone(&mut sound, hz, swing * level(-12.0), 0.0);
        }
        assert_eq!(heard(over_the_line(&sound, Codec::Pcma)), expected);
    }
    // A siren, over all frequencies of all keys.
    let siren = (0..samples(20_000.0)).scan((0.0, 0.0), |(first, second), at| {
        let part = at as f64 / RATE / 20.0;
        *first += TAU * (650.0 + 350.0 * part) / RATE;
        *second += TAU * (1150.0 + 550.0 * (part * 7.0).fract()) / RATE;
        Some(level(-6.0) * f64::sin(*first) + 0.05 * level(-6.0) * f64::sin(*second))
    });
    assert_eq!(heard(over_the_line(&siren.collect::<Vec<_>>(), Codec::Pcma)), "");
}

/// The tests above prove something only if the detector would hear what they are about.
#[test]
fn too_much_of_everything_is_refused_or_missed() {
    let runs = |keying: &Keying| right_runs(keying, |sound, _| sound);
    assert_eq!(runs(&Keying { twist_db: 14.0, ..EASY }), 0);
    assert_eq!(runs(&Keying { twist_db: -14.0, ..EASY }), 0);
    assert_eq!(runs(&Keying { dbm0: -40.0, ..EASY }), 0);
    assert_eq!(runs(&Keying { snr_db: Some(0.0), ..EASY }), 0);
    assert_eq!(runs(&Keying { down_ms: 15.0, ..EASY }), 0);
}

#[test]
fn one_long_press_is_one_key_and_extremes_do_no_harm() {
    let mut chance = Seeded::new(5);
    let sound = keyed("5", &Keying { down_ms: 5000.0, ..EASY }, &mut chance);
    assert_eq!(heard(over_the_line(&sound, Codec::Pcmu)), "5");
    let square = (0..8000).map(|at| if at / 4 % 2 == 0 { i16::MIN } else { i16::MAX });
    assert_eq!(heard(square), "");
    assert_eq!(heard(iter::repeat_n(i16::MIN, 8000)), "");
    assert_eq!(heard(iter::repeat_n(0, 8000)), "");
}
