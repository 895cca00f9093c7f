//! G.711, the two ways of telephony to say a sample in eight bits.
//!
//! Samples are linear, 16 bits, 8000 a second; their scale is that of ITU-T G.191, where a sine of 0 dBm0 swings to
//! about 22 700. The silent code is not zero: an RTP frame of zeros is loud.

/// Samples a second, and so the RTP clock of both codecs.
pub const SAMPLES_PER_SECOND: u32 = 8000;

/// Which of the two laws.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Codec {
    /// µ-law, used in America and Japan; static payload type 0.
    Pcmu,
    /// A-law, used elsewhere; static payload type 8.
    Pcma,
}

impl Codec {
    /// Both, in the order of preference that answers use when the offer leaves it open.
    pub const ALL: [Self; 2] = [Self::Pcma, Self::Pcmu];

    /// The name in `a=rtpmap`.
    pub fn name(self) -> &'static str {
        match self {
            Self::Pcmu => "PCMU",
            Self::Pcma => "PCMA",
        }
    }

    /// The static RTP payload type (RFC 3551).
    pub fn payload_type(self) -> u8 {
        match self {
            Self::Pcmu => 0,
            Self::Pcma => 8,
        }
    }

    /// The code of a sample of nothing.
    pub fn silence(self) -> u8 {
        self.encode(0)
    }

    /// The code whose range holds the sample.
    pub fn encode(self, sample: i16) -> u8 {
        match self {
            Self::Pcmu => mu_law_code(sample),
            Self::Pcma => a_law_code(sample),
        }
    }

    /// The middle of the code's range.
    pub fn decode(self, code: u8) -> i16 {
        match self {
            Self::Pcmu => mu_law_sample(code),
            Self::Pcma => a_law_sample(code),
        }
    }
}

/// What µ-law adds before it takes the logarithm, in its own scale of 14 bits.
const MU_BIAS: u16 = 33;

fn mu_law_code(sample: i16) -> u8 {
    let biased = ((magnitude(sample) >> 2) + MU_BIAS).min(0x1FFF);
    let segment = biased.ilog2() - 5;
    let mantissa = biased >> (segment + 1) & 15;
    let code = !((segment as u8) << 4 | mantissa as u8);
    if sample < 0 { code & 0x7F } else { code }
}

fn mu_law_sample(code: u8) -> i16 {
    let (segment, mantissa) = parts(!code);
    let magnitude = ((2 * mantissa + MU_BIAS.cast_signed()) << segment) - MU_BIAS.cast_signed();
    if code & 0x80 == 0 { -4 * magnitude } else { 4 * magnitude }
}

fn a_law_code(sample: i16) -> u8 {
    let linear = magnitude(sample) >> 4;
    // The two lowest segments are equally fine.
    let segment = linear.max(16).ilog2() - 4 + u32::from(linear >= 16);
    let mantissa = linear >> segment.saturating_sub(1) & 15;
    let code = ((segment as u8) << 4 | mantissa as u8) ^ 0x55;
    if sample < 0 { code } else { code | 0x80 }
}

fn a_law_sample(code: u8) -> i16 {
    let (segment, mantissa) = parts(code ^ 0x55);
    let middle = 16 * mantissa + 8;
    let magnitude = if segment == 0 { middle } else { (middle + 256) << (segment - 1) };
    if code & 0x80 == 0 { -magnitude } else { magnitude }
}

/// One's complement, as G.191 has it: the range of the smallest negative code then begins at -1.
fn magnitude(sample: i16) -> u16 {
    if sample < 0 { (!sample).cast_unsigned() } else { sample.cast_unsigned() }
}

fn parts(code: u8) -> (u8, i16) {
    (code >> 4 & 7, i16::from(code & 15))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// G.711 tables 5 and 6: the periodic sequences of a 1 kHz sine of 0 dBm0.
    #[expect(clippy::approx_constant, reason = "3.14 dBm0 is the level at which A-law clips")]
    const MILLIWATT: [(Codec, [u8; 8], f64); 2] = [
        (Codec::Pcma, [0x34, 0x21, 0x21, 0x34, 0xB4, 0xA1, 0xA1, 0xB4], 3.14),
        (Codec::Pcmu, [0x1E, 0x0B, 0x0B, 0x1E, 0x9E, 0x8B, 0x8B, 0x9E], 3.17),
    ];

    #[test]
    fn the_milliwatt_of_the_standard_decodes_to_its_sine_and_back() {
        for (codec, codes, overload_dbm0) in MILLIWATT {
            let clipping = if codec == Codec::Pcma { 4096.0 * 8.0 } else { 8159.0 * 4.0 };
            let peak = clipping / 10f64.powf(overload_dbm0 / 20.0);
            for (at, code) in (0u8..).zip(codes) {
                // The sequence begins on the falling side, half a sample after the zero crossing.
                let sine = -peak * (std::f64::consts::FRAC_PI_4 * (f64::from(at) + 0.5)).sin();
                let decoded = f64::from(codec.decode(code));
                assert!((decoded - sine).abs() < peak * 0.02, "{codec:?} {at}: {decoded} is not {sine}");
                assert_eq!(codec.encode(sine as i16), code, "{codec:?} {at}");
            }
        }
    }

    /// End points of the segments from the value tables 1 and 2 of G.711, in the scale of 16 bits.
    #[test]
    fn values_of_the_standard() {
        let mu = [(0x80, 32124), (0x8F, 16764), (0x9F, 8316), (0xAF, 4092), (0xBF, 1980), (0xCF, 924), (0xDF, 396), (0xEF, 132)];
        let a = [(0xAA, 32256), (0xA5, 16896), (0xB5, 8448), (0x85, 4224), (0x95, 2112), (0xE5, 1056), (0xF5, 528), (0xC5, 264), (0xD5, 8)];
        let check = |codec: Codec, code: u8, value: i16| {
            assert_eq!(codec.decode(code), value, "{codec:?} {code:#x}");
            assert_eq!(codec.decode(code ^ 0x80), -value, "{codec:?} {code:#x}, negative");
        };
        for (code, value) in mu {
            check(Codec::Pcmu, code, value);
        }
        for (code, value) in a {
            check(Codec::Pcma, code, value);
        }
        assert_eq!((Codec::Pcmu.silence(), Codec::Pcma.silence()), (0xFF, 0xD5));
        assert_eq!(Codec::Pcmu.decode(0xFF), 0);
    }

    /// Between segments the standard's decision values lie beside the middle, so the nearest code is not always the right one.
    #[test]
    fn every_code_survives_and_every_sample_comes_back_within_its_step() {
        for codec in Codec::ALL {
            for code in 0..=255 {
                let again = codec.encode(codec.decode(code));
                // µ-law has two zeros.
                assert!(again == code || (codec == Codec::Pcmu && code == 0x7F && again == 0xFF), "{codec:?} {code:#x}");
            }
            let mut before = i16::MIN;
            for sample in i16::MIN..=i16::MAX {
                let code = codec.encode(sample);
                let decoded = codec.decode(code);
                assert!(decoded >= before, "{codec:?} falls at {sample}");
                assert_eq!(code & 0x80 == 0, sample < 0, "{codec:?} {sample}");
                let half_a_step = u32::from(sample.unsigned_abs()) / 32 + 12;
                assert!(u32::from(decoded.abs_diff(sample)) <= half_a_step, "{codec:?} {sample} became {decoded}");
                before = decoded;
            }
        }
    }
}
