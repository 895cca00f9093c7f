//! A firmware version as a phone tells it.

use std::fmt;
use std::str::FromStr;

use crate::limits::FIRMWARE_BYTES_MAX;

/// Digits and dots, at most 32 bytes, such as `66.86.0.15`. Kept as the phone wrote it.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct Firmware {
    text: [u8; FIRMWARE_BYTES_MAX],
    length: u8,
}

/// Why a text is no firmware version.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a firmware version has digits and dots, such as 66.86.0.15, at most 32 characters")]
pub struct FirmwareError;

impl Firmware {
    /// The version as the phone wrote it.
    pub fn as_str(&self) -> &str {
        std::str::from_utf8(&self.text[..usize::from(self.length)]).unwrap_or_default()
    }

    /// One of its numbers, counted from 1; none if there are fewer.
    pub fn part(&self, number: usize) -> Option<u32> {
        self.as_str().split('.').nth(number.checked_sub(1)?)?.parse().ok()
    }
}

impl FromStr for Firmware {
    type Err = FirmwareError;

    fn from_str(text: &str) -> Result<Self, FirmwareError> {
        let bytes = text.as_bytes();
        let formed = bytes.iter().all(|byte| byte.is_ascii_digit() || *byte == b'.');
        let dotted = bytes.first().is_some_and(u8::is_ascii_digit) && bytes.contains(&b'.') && bytes.last() != Some(&b'.');
        if !formed || !dotted || bytes.len() > FIRMWARE_BYTES_MAX {
            return Err(FirmwareError);
        }
        let mut kept = [0; FIRMWARE_BYTES_MAX];
        kept[..bytes.len()].copy_from_slice(bytes);
        Ok(Self { text: kept, length: bytes.len() as u8 })
    }
}

impl fmt::Display for Firmware {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl fmt::Debug for Firmware {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl serde::Serialize for Firmware {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.as_str())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_keep_their_spelling_and_give_their_numbers() {
        let firmware: Firmware = "66.86.0.15".parse().unwrap();
        assert_eq!(
            (firmware.to_string().as_str(), firmware.part(2), firmware.part(4), firmware.part(5)),
            ("66.86.0.15", Some(86), Some(15), None)
        );
        assert_eq!("05.20.0001".parse::<Firmware>().unwrap().as_str(), "05.20.0001");
        for text in ["", "66", ".1", "1.", "V81.0", "1.2.3.4.5.6.7.8.9.10.11.12.13.14.15"] {
            assert_eq!(text.parse::<Firmware>(), Err(FirmwareError), "{text}");
        }
    }
}
