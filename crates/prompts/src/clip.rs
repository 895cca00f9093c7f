//! Sound ready to be sent.

use std::time::Duration;

use bytes::Bytes;
use wire::g711::Codec;

/// Samples, and in G.711 bytes, of one RTP frame of 20 ms.
pub const FRAME: usize = 160;

/// A piece of sound at 8000 samples a second, encoded once in both laws of G.711; whole frames of [`FRAME`] bytes.
#[derive(Clone, PartialEq, Eq)]
pub struct Clip {
    pcmu: Bytes,
    pcma: Bytes,
}

impl Clip {
    /// Encodes linear samples, 8000 a second; the last frame is filled up with silence.
    pub fn from_pcm8k(samples: &[i16]) -> Self {
        let encode = |codec: Codec| {
            let mut coded: Vec<u8> = samples.iter().map(|sample| codec.encode(*sample)).collect();
            coded.resize(samples.len().next_multiple_of(FRAME), codec.silence());
            Bytes::from(coded)
        };
        Self { pcmu: encode(Codec::Pcmu), pcma: encode(Codec::Pcma) }
    }

    /// Silence of a length, rounded up to whole frames.
    pub fn silence(length: Duration) -> Self {
        let samples = length.as_millis().div_ceil(20) as usize * FRAME;
        Self::from_pcm8k(&vec![0; samples])
    }

    /// All of it in one law.
    pub fn coded(&self, codec: Codec) -> &Bytes {
        match codec {
            Codec::Pcmu => &self.pcmu,
            Codec::Pcma => &self.pcma,
        }
    }

    /// One frame of [`FRAME`] bytes; none behind the end.
    pub fn frame(&self, codec: Codec, index: usize) -> Option<&[u8]> {
        self.coded(codec).chunks_exact(FRAME).nth(index)
    }

    /// How many frames it has.
    pub fn frames(&self) -> usize {
        self.pcmu.len() / FRAME
    }

    /// How long it takes.
    pub fn length(&self) -> Duration {
        Duration::from_millis(20 * self.frames() as u64)
    }
}

impl std::fmt::Debug for Clip {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Clip({} ms)", self.length().as_millis())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_frame_is_filled_with_silence() {
        let clip = Clip::from_pcm8k(&[1000; FRAME + 1]);
        assert_eq!((clip.frames(), clip.length()), (2, Duration::from_millis(40)));
        for codec in Codec::ALL {
            let last = clip.frame(codec, 1).unwrap();
            assert_eq!((last[0], last[1], last.len()), (codec.encode(1000), codec.silence(), FRAME));
            assert_eq!(clip.frame(codec, 2), None);
        }
    }

    #[test]
    fn silence_is_of_whole_frames() {
        assert_eq!(Clip::silence(Duration::from_millis(21)).frames(), 2);
        assert_eq!(Clip::from_pcm8k(&[]).frames(), 0);
    }
}
