//! WAV files in and out. What people bring comes at any rate and level; what is kept is 8 kHz, mono, 16 bits, and as loud as ours.

#![expect(clippy::cast_precision_loss, reason = "counts of samples stay far below 2^52")]

use hound::{SampleFormat, WavReader, WavSpec, WavWriter};
use rubato::audioadapter_buffers::direct::InterleavedSlice;
use rubato::{Async, FixedAsync, Resampler, SincInterpolationParameters, SincInterpolationType, WindowFunction};
use wire::g711::SAMPLES_PER_SECOND;

use crate::limits::{RATES, SECONDS_MAX, WAV_BYTES_MAX};

/// The highest sample of a recording: -6 dB of full scale.
const PEAK: f64 = 0.501_187;
/// The most power of its loud parts, as a mean square: -16 dB. Speech at that peak is below; squeezed recordings are not.
const POWER_MAX: f64 = 0.025_119;
/// Below this peak, -60 dB, a recording is taken for silence.
const SILENCE: f64 = 0.001;
/// Taps of the low-pass on either side of a sample of the lower rate: above 4 kHz less than -80 dB is left.
const SINC_HALF: usize = 64;

/// Why a file is not taken.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum WavError {
    /// Too many bytes.
    #[error("has {0} bytes; at most {max} are taken", max = WAV_BYTES_MAX)]
    TooLarge(usize),
    /// Not RIFF/WAVE at all.
    #[error("is no WAV file: it does not begin with RIFF and WAVE; convert it to WAV (PCM) first")]
    NotWav,
    /// Compressed, or of a kind that is not read.
    #[error("is a WAV file, but its sound is compressed or of an unusual kind; save it as PCM, 8, 16, 24 or 32 bits, or 32-bit float")]
    Compressed,
    /// Rate out of bounds.
    #[error("has {0} samples a second; {from} to {upto} are taken", from = RATES.start(), upto = RATES.end())]
    Rate(u32),
    /// Neither mono nor stereo.
    #[error("has {0} channels; one or two are taken")]
    Channels(u16),
    /// Too long.
    #[error("lasts longer than {SECONDS_MAX} seconds")]
    TooLong,
    /// Nothing in it.
    #[error("holds no sound")]
    Empty,
    /// Nothing to be heard.
    #[error("is silent")]
    Silent,
    /// Ends early, or its parts contradict each other.
    #[error("is damaged: {0}")]
    Damaged(String),
}

/// A recording as it is kept: 8000 samples a second, mono, 16 bits. Mixed down, resampled and levelled as needed.
pub fn read(file: &[u8]) -> Result<Vec<i16>, WavError> {
    let (mono, rate) = decode(file)?;
    let peak = mono.iter().fold(0.0_f64, |peak, sample| peak.max(sample.abs()));
    if peak < SILENCE {
        return Err(WavError::Silent);
    }
    let narrow = if rate == SAMPLES_PER_SECOND { mono } else { resampled(&mono, rate)? };
    Ok(levelled(&narrow))
}

/// The samples of a file that is as [`write`] makes it; no change of rate or level.
pub fn samples(file: &[u8]) -> Result<Vec<i16>, WavError> {
    let reader = WavReader::new(file).map_err(|error| wrong(&error))?;
    let spec = reader.spec();
    if spec != KEPT {
        return Err(WavError::Damaged("it is not 8 kHz, mono, 16 bits".into()));
    }
    reader.into_samples::<i16>().collect::<Result<_, _>>().map_err(|error| wrong(&error))
}

/// A WAV file of samples as they are kept.
pub fn write(samples: &[i16]) -> Vec<u8> {
    const MEMORY: &str = "writing to memory does not fail";
    let mut file = std::io::Cursor::new(Vec::with_capacity(2 * samples.len() + 44));
    let mut writer = WavWriter::new(&mut file, KEPT).expect(MEMORY);
    for sample in samples {
        writer.write_sample(*sample).expect(MEMORY);
    }
    writer.finalize().expect(MEMORY);
    file.into_inner()
}

const KEPT: WavSpec = WavSpec { channels: 1, sample_rate: SAMPLES_PER_SECOND, bits_per_sample: 16, sample_format: SampleFormat::Int };

/// One channel between -1 and 1, and its rate.
fn decode(file: &[u8]) -> Result<(Vec<f64>, u32), WavError> {
    if file.len() > WAV_BYTES_MAX {
        return Err(WavError::TooLarge(file.len()));
    }
    if file.len() < 12 || &file[..4] != b"RIFF" || &file[8..12] != b"WAVE" {
        return Err(WavError::NotWav);
    }
    let reader = WavReader::new(file).map_err(|error| wrong(&error))?;
    let spec = reader.spec();
    if !RATES.contains(&spec.sample_rate) {
        return Err(WavError::Rate(spec.sample_rate));
    }
    if !(1..=2).contains(&spec.channels) {
        return Err(WavError::Channels(spec.channels));
    }
    let frames = reader.len() / u32::from(spec.channels);
    if frames == 0 {
        return Err(WavError::Empty);
    }
    if frames > SECONDS_MAX * spec.sample_rate {
        return Err(WavError::TooLong);
    }
    let decoded: Result<Vec<f64>, hound::Error> = match (spec.sample_format, spec.bits_per_sample) {
        (SampleFormat::Float, 32) => reader.into_samples::<f32>().map(|sample| sample.map(f64::from)).collect(),
        (SampleFormat::Int, bits @ (8 | 16 | 24 | 32)) => {
            let full = f64::from(1_u32 << (bits - 1));
            reader.into_samples::<i32>().map(|sample| sample.map(|sample| f64::from(sample) / full)).collect()
        }
        _ => return Err(WavError::Compressed),
    };
    let interleaved = decoded.map_err(|error| wrong(&error))?;
    if interleaved.iter().any(|sample| !sample.is_finite()) {
        return Err(WavError::Damaged("a sample is no number".into()));
    }
    // A float file may go beyond full scale; what is absurd must not become infinite on the way.
    let bounded = |sample: f64| sample.clamp(-1024.0, 1024.0);
    let mix = |frame: &[f64]| frame.iter().copied().map(bounded).sum::<f64>() / f64::from(spec.channels);
    Ok((interleaved.chunks_exact(usize::from(spec.channels)).map(mix).collect(), spec.sample_rate))
}

/// To 8000 samples a second, with nothing above 4 kHz folded down.
fn resampled(mono: &[f64], rate: u32) -> Result<Vec<f64>, WavError> {
    let failed = |error: &dyn std::fmt::Display| WavError::Damaged(format!("it cannot be resampled: {error}"));
    let ratio = f64::from(SAMPLES_PER_SECOND) / f64::from(rate);
    let parameters = SincInterpolationParameters {
        // The taps are counted at the higher rate.
        sinc_len: (2 * SINC_HALF * rate.div_ceil(SAMPLES_PER_SECOND) as usize).next_multiple_of(8),
        f_cutoff: None,
        interpolation: SincInterpolationType::Cubic,
        oversampling_factor: 128,
        window: WindowFunction::BlackmanHarris2,
    };
    let mut resampler = Async::<f64>::new_sinc(ratio, 1.0, &parameters, 1024, 1, FixedAsync::Input).map_err(|error| failed(&error))?;
    let input = InterleavedSlice::new(mono, 1, mono.len()).map_err(|error| failed(&error))?;
    let output = resampler.process_all(&input, mono.len(), None).map_err(|error| failed(&error))?;
    Ok(output.take_data())
}

/// At the peak of our own recordings, or below it if it would be louder than they are.
fn levelled(sound: &[f64]) -> Vec<i16> {
    let middle = sound.iter().sum::<f64>() / sound.len() as f64;
    let centred: Vec<f64> = sound.iter().map(|sample| sample - middle).collect();
    let peak = centred.iter().fold(f64::MIN_POSITIVE, |peak, sample| peak.max(sample.abs()));
    let gain = (PEAK / peak).min((POWER_MAX / loud_power(&centred)).sqrt());
    centred.iter().map(|sample| (sample * gain * f64::from(i16::MAX)).round() as i16).collect()
}

/// Mean square of the louder parts of 20 ms: pauses do not count.
fn loud_power(sound: &[f64]) -> f64 {
    let powers: Vec<f64> =
        sound.chunks(160).map(|part| part.iter().map(|sample| sample * sample).sum::<f64>() / part.len() as f64).collect();
    let loudest = powers.iter().copied().fold(f64::MIN_POSITIVE, f64::max);
    let loud: Vec<f64> = powers.into_iter().filter(|power| *power > loudest / 1000.0).collect();
    loud.iter().sum::<f64>() / loud.len().max(1) as f64
}

fn wrong(error: &hound::Error) -> WavError {
    match error {
        hound::Error::Unsupported | hound::Error::InvalidSampleFormat => WavError::Compressed,
        hound::Error::FormatError(why) => WavError::Damaged((*why).to_owned()),
        hound::Error::IoError(_) | hound::Error::UnfinishedSample => WavError::Damaged("it ends early".into()),
        hound::Error::TooWide => WavError::Damaged("a sample is wider than the file says".into()),
    }
}

#[cfg(test)]
mod tests {
    use std::f64::consts::TAU;

    use proptest::prelude::*;

    use super::*;

    fn spec(rate: u32, channels: u16, bits: u16) -> WavSpec {
        let sample_format = if bits == 32 { SampleFormat::Float } else { SampleFormat::Int };
        WavSpec { channels, sample_rate: rate, bits_per_sample: bits, sample_format }
    }

    /// A second of tones of equal strength, the channels alike.
    fn tones(spec: WavSpec, tones: &[f64]) -> Vec<u8> {
        let mut file = std::io::Cursor::new(Vec::new());
        let mut writer = WavWriter::new(&mut file, spec).unwrap();
        for at in 0..spec.sample_rate {
            let angle = TAU * f64::from(at) / f64::from(spec.sample_rate);
            let sample = 0.4 * tones.iter().map(|tone| (angle * tone).sin()).sum::<f64>() / tones.len() as f64;
            for _ in 0..spec.channels {
                if spec.sample_format == SampleFormat::Float {
                    writer.write_sample(sample as f32).unwrap();
                } else {
                    writer.write_sample((sample * f64::from((1_u32 << (spec.bits_per_sample - 1)) - 1)) as i32).unwrap();
                }
            }
        }
        writer.finalize().unwrap();
        file.into_inner()
    }

    /// How strong a tone is in the middle of a recording: Goertzel's sum, as the amplitude of a sine, full scale 1.
    fn strength(samples: &[i16], tone: f64) -> f64 {
        let middle = &samples[1000..samples.len() - 1000];
        let (mut real, mut imaginary) = (0.0, 0.0);
        for (at, sample) in middle.iter().enumerate() {
            let (sine, cosine) = (TAU * tone * at as f64 / 8000.0).sin_cos();
            real += f64::from(*sample) * cosine;
            imaginary += f64::from(*sample) * sine;
        }
        2.0 * real.hypot(imaginary) / middle.len() as f64 / f64::from(i16::MAX)
    }

    #[test]
    fn a_tone_stays_itself_at_every_rate_and_width() {
        for (rate, channels, bits) in [
            (8000, 1, 8),
            (8000, 2, 16),
            (11_025, 1, 16),
            (16_000, 1, 24),
            (22_050, 2, 16),
            (44_100, 2, 16),
            (48_000, 1, 32),
            (48_000, 2, 24),
        ] {
            let samples = read(&tones(spec(rate, channels, bits), &[1000.0])).unwrap();
            let what = format!("{rate} Hz, {channels} channels, {bits} bits");
            assert!(samples.len().abs_diff(8000) <= 1, "{what}: {} samples", samples.len());
            // A sine of that peak has more power than speech, so it is held at -16 dB: 0.22 at its top.
            let heard = strength(&samples, 1000.0);
            assert!((0.20..0.24).contains(&heard), "{what}: {heard}");
            for other in [500.0, 988.0, 1012.0, 2000.0, 3000.0] {
                assert!(strength(&samples, other) < 0.003, "{what}: {} at {other} Hz", strength(&samples, other));
            }
        }
    }

    #[test]
    fn what_a_telephone_cannot_carry_is_not_folded_into_it() {
        // 6 kHz would come back at 2 kHz, 9 kHz at 1 kHz, 4.4 kHz at 3.6 kHz.
        for (high, folded) in [(6000.0, 2000.0), (9000.0, 1000.0), (4400.0, 3600.0)] {
            let samples = read(&tones(spec(48_000, 1, 16), &[700.0, high])).unwrap();
            assert!(strength(&samples, 700.0) > 0.2);
            assert!(strength(&samples, folded) < 0.0005, "{high} Hz left {}", strength(&samples, folded));
        }
    }

    #[test]
    fn levels_become_alike() {
        let quiet: Vec<i16> = (0..8000).map(|at| if at % 400 < 8 { 900 } else { (at % 7) as i16 }).collect();
        let levelled = read(&write(&quiet)).unwrap();
        let peak = |samples: &[i16]| samples.iter().map(|sample| sample.unsigned_abs()).max().unwrap();
        assert!((16_300..16_450).contains(&peak(&levelled)), "speech-like: peak {}", peak(&levelled));
        let loud: Vec<i16> = (0..8000).map(|at| if at % 20 < 10 { 32_000 } else { -32_000 }).collect();
        assert!((4000..6000).contains(&peak(&read(&write(&loud)).unwrap())), "squeezed");
        let offset: Vec<i16> = (0..8000).map(|at| 5000 + if at % 400 < 8 { 900 } else { 0 }).collect();
        let mean = read(&write(&offset)).unwrap().iter().map(|sample| f64::from(*sample)).sum::<f64>() / 8000.0;
        assert!(mean.abs() < 2.0, "mean {mean}");
    }

    #[test]
    fn what_is_written_reads_back() {
        let samples: Vec<i16> = (0..500).map(|at| at * 65 - 16_000).collect();
        assert_eq!(super::samples(&write(&samples)), Ok(samples));
    }

    #[test]
    fn wrong_files_are_told_apart() {
        let good = tones(spec(16_000, 1, 16), &[1000.0]);
        let told = |file: &[u8]| read(file).unwrap_err().to_string();
        assert_eq!(told(b""), "is no WAV file: it does not begin with RIFF and WAVE; convert it to WAV (PCM) first");
        assert_eq!(read(b"Press hash, please."), Err(WavError::NotWav));
        assert_eq!(read(b"ID3\x04\x00\x00 an MP3 file"), Err(WavError::NotWav));
        assert!(told(&good[..good.len() / 2]).starts_with("is damaged"), "{}", told(&good[..good.len() / 2]));
        assert!(told(&good[..20]).starts_with("is damaged"), "{}", told(&good[..20]));
        let mut alaw = good.clone();
        alaw[20] = 6;
        assert_eq!(read(&alaw), Err(WavError::Compressed));
        assert_eq!(read(&write(&[])), Err(WavError::Empty));
        assert_eq!(read(&write(&[0; 8000])), Err(WavError::Silent));
        assert_eq!(read(&vec![0; WAV_BYTES_MAX + 1]), Err(WavError::TooLarge(WAV_BYTES_MAX + 1)));
        assert_eq!(read(&write(&vec![1000; 240_001])), Err(WavError::TooLong));
        assert_eq!(read(&tones(spec(96_000, 1, 16), &[1000.0])), Err(WavError::Rate(96_000)));
        assert_eq!(read(&tones(spec(4_000, 1, 16), &[1000.0])), Err(WavError::Rate(4_000)));
        assert_eq!(read(&tones(spec(8_000, 6, 16), &[1000.0])), Err(WavError::Channels(6)));
        let mut endless = tones(spec(16_000, 1, 32), &[1000.0]);
        let end = endless.len();
        endless[end - 4..].copy_from_slice(&f32::INFINITY.to_le_bytes());
        assert_eq!(read(&endless), Err(WavError::Damaged("a sample is no number".into())));
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(2000))]

        #[test]
        fn no_file_makes_it_fall_over(start in prop::collection::vec((0..120_usize, any::<u8>()), 0..12), cut in 0..2000_usize, wide in any::<bool>()) {
            let mut file = if wide { tones(spec(8_000, 2, 24), &[1000.0]) } else { write(&[77; 900]) };
            file.truncate(file.len().min(2000).saturating_sub(cut));
            for (at, byte) in start {
                if let Some(place) = file.get_mut(at) {
                    *place = byte;
                }
            }
            if let Ok(samples) = read(&file) {
                prop_assert!(samples.len() <= 240_001 && samples.iter().all(|sample| sample.unsigned_abs() <= 16_450));
            }
        }
    }
}
