//! Keys as they are pressed: for how long, and in which way they travel.

use std::f64::consts::TAU;
use std::time::Duration;

use wire::dtmf::Key;
use wire::dtmf::event::Event;
use wire::g711::Codec;

use crate::limits::{KEY_MS_MAX, KEYS_MAX};

/// How pressed keys travel.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum By {
    /// Telephone events in RTP (RFC 4733).
    Rfc4733,
    /// SIP INFO with `application/dtmf-relay`.
    InfoRelay,
    /// SIP INFO with `application/dtmf`.
    InfoDtmf,
    /// Tones in the sound.
    Tones,
}

/// How a person presses keys.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Keying {
    /// How long a key is down; whole packets of 20 ms.
    pub pressed: Duration,
    /// How long it takes to the next.
    pub pause: Duration,
    /// How fast 20 ms pass while keys are pressed: less than that and everything is as long as before on the line's own
    /// clock, but a test waits less.
    pub packet_every: Duration,
}

impl Default for Keying {
    /// A quick finger.
    fn default() -> Self {
        Self { pressed: Duration::from_millis(100), pause: Duration::from_millis(100), packet_every: Duration::from_millis(20) }
    }
}

impl Keying {
    /// The shortest presses that every receiver must take, and no waiting in between.
    pub fn hasty() -> Self {
        let shortest = Duration::from_millis(60);
        Self { pressed: shortest, pause: shortest, packet_every: Duration::from_millis(4) }
    }

    pub(super) fn packets_down(self) -> u16 {
        packets(self.pressed)
    }

    pub(super) fn packets_up(self) -> u16 {
        packets(self.pause)
    }
}

fn packets(time: Duration) -> u16 {
    (time.as_millis().min(KEY_MS_MAX) / 20).max(1) as u16
}

/// Why keys cannot be pressed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum KeyError {
    /// A character that is on no key, or more than [`KEYS_MAX`] of them.
    #[error("there is no such key, or too many of them")]
    NoSuchKey,
    /// The call is over, or not yet answered.
    #[error("nobody listens")]
    NoCall,
    /// Telephone events were not agreed on.
    #[error("the other side takes no telephone events")]
    NoEvents,
    /// The other side refused the key.
    #[error("the key was refused with {0}")]
    Refused(u16),
}

/// The keys of a text such as `123456#`.
pub(super) fn keys(text: &str) -> Result<Vec<Key>, KeyError> {
    if text.len() > KEYS_MAX {
        return Err(KeyError::NoSuchKey);
    }
    text.chars().map(|name| Key::named(name).ok_or(KeyError::NoSuchKey)).collect()
}

/// The payloads of one press: updates every 20 ms, then the end three times.
pub(super) fn event_payloads(key: Key, packets: u16) -> (Vec<[u8; 4]>, [u8; 4]) {
    let event = |end, packets: u16| Event { key, end, attenuation: 10, duration: packets.saturating_mul(160) }.payload();
    ((1..=packets).map(|packets| event(false, packets)).collect(), event(true, packets))
}

/// The sound of one key, in frames of 20 ms.
pub(super) fn tone(key: Key, packets: u16, codec: Codec) -> Vec<Vec<u8>> {
    const ROWS: [f64; 4] = [697.0, 770.0, 852.0, 941.0];
    const COLUMNS: [f64; 4] = [1209.0, 1336.0, 1477.0, 1633.0];
    let at = "123A456B789C*0#D".find(key.name()).expect("every key is on the pad");
    let (low, high) = (ROWS[at / 4], COLUMNS[at % 4]);
    // The higher tone is 2 dB louder, as telephones make it.
    let sample = |n: u32| {
        let time = f64::from(n) / 8000.0;
        (4000.0 * (TAU * low * time).sin() + 5000.0 * (TAU * high * time).sin()) as i16
    };
    (0..u32::from(packets)).map(|frame| (0..160).map(|n| codec.encode(sample(frame * 160 + n))).collect()).collect()
}

#[cfg(test)]
mod tests {
    use wire::dtmf::inband::Detector;

    use super::*;

    #[test]
    fn tones_are_those_of_the_pad() {
        for codec in Codec::ALL {
            let mut detector = Detector::default();
            let mut found = String::new();
            for key in keys("1590*#AD").unwrap() {
                let frames = tone(key, 5, codec).into_iter().chain(vec![vec![codec.silence(); 160]; 5]);
                let samples = frames.flatten().map(|code| codec.decode(code));
                found.extend(samples.filter_map(|sample| detector.push(sample)).map(Key::name));
            }
            assert_eq!(found, "1590*#AD", "{codec:?}");
        }
    }

    #[test]
    fn only_keys_can_be_pressed() {
        assert_eq!(keys("12x"), Err(KeyError::NoSuchKey));
        assert_eq!(keys(&"1".repeat(KEYS_MAX + 1)), Err(KeyError::NoSuchKey));
        assert_eq!(keys("09*#").unwrap().len(), 4);
    }

    #[test]
    fn a_press_grows_and_ends() {
        let (updates, end) = event_payloads(Key::POUND, 3);
        let read: Vec<_> = updates.iter().chain([&end]).map(|payload| Event::parse(payload).unwrap()).collect();
        assert_eq!(
            read.iter().map(|event| (event.end, event.duration)).collect::<Vec<_>>(),
            [(false, 160), (false, 320), (false, 480), (true, 480)]
        );
    }
}
