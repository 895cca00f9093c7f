//! Keys pressed during a call: the three ways in which they arrive, and what a caller enters with them.
//!
//! A key may be a digit of a PIN, so no `Debug` here shows one.

pub mod entry;
pub mod event;
pub mod inband;
pub mod info;

use std::fmt;

/// The keys by their event code (RFC 4733 section 3.2).
const CHARACTERS: &[u8; 16] = b"0123456789*#ABCD";

/// One of the sixteen keys. `Debug` shows nothing.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Key(u8);

impl Key {
    /// `*`
    pub const STAR: Self = Self(10);
    /// `#`
    pub const POUND: Self = Self(11);

    /// The key of an event code, 0 to 15; none for flash and all other events.
    pub fn of_event(code: u8) -> Option<Self> {
        (code < 16).then_some(Self(code))
    }

    /// The key of that name; letters in any case.
    pub fn named(name: char) -> Option<Self> {
        let name = u8::try_from(name).ok()?.to_ascii_uppercase();
        CHARACTERS.iter().position(|character| *character == name).map(|code| Self(code as u8))
    }

    /// The event code.
    pub fn event(self) -> u8 {
        self.0
    }

    /// What is printed on the key.
    pub fn name(self) -> char {
        char::from(CHARACTERS[usize::from(self.0)])
    }

    /// Whether it is one of 0 to 9.
    pub fn is_digit(self) -> bool {
        self.0 < 10
    }
}

impl fmt::Debug for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Key(..)")
    }
}

/// How a key arrived.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Method {
    /// As a telephone event in RTP (RFC 4733).
    Event,
    /// In the body of a SIP INFO request.
    Info,
    /// As tones in the sound.
    Inband,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_have_codes_and_names() {
        let check = |code: u8, name: char| {
            let key = Key::of_event(code).unwrap();
            assert_eq!((key.event(), key.name(), Key::named(name)), (code, name, Some(key)));
        };
        check(0, '0');
        check(9, '9');
        check(10, '*');
        check(11, '#');
        check(15, 'D');
        assert_eq!(Key::named('d'), Key::of_event(15));
        assert!(Key::of_event(16).is_none() && Key::named('x').is_none() && Key::named('٣').is_none());
        assert_eq!((Key::named('*'), Key::named('#')), (Some(Key::STAR), Some(Key::POUND)));
        assert_eq!((0..16).filter(|code| Key(*code).is_digit()).count(), 10);
        assert_eq!(format!("{:?}", Key::POUND), "Key(..)");
    }
}
