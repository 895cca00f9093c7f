//! MAC addresses: twelve lower-case digits inside, any spelling outside.

use std::fmt;
use std::str::FromStr;

/// The hardware address of a phone, its name on the whole platform.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Mac([u8; 6]);

/// Why a text is no MAC address.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum MacError {
    /// Not twelve hexadecimal digits with `:`, `-` or `.` between them.
    #[error("a MAC address has 12 hexadecimal digits, such as 00:15:65:1a:2b:3c")]
    Form,
    /// All zeros, all ones or a group address: no phone has it.
    #[error("this MAC address belongs to no single phone (all zeros, or a group address)")]
    NotADevice,
}

impl Mac {
    /// From six bytes as they stand on the wire.
    pub fn from_bytes(bytes: [u8; 6]) -> Result<Self, MacError> {
        if bytes == [0; 6] || bytes[0] & 1 == 1 {
            return Err(MacError::NotADevice);
        }
        Ok(Self(bytes))
    }

    /// The six bytes.
    pub fn bytes(self) -> [u8; 6] {
        self.0
    }

    /// `00:15:65:1a:2b:3c`, as people read it.
    pub fn with_colons(self) -> String {
        self.0.map(|byte| format!("{byte:02x}")).join(":")
    }
}

impl FromStr for Mac {
    type Err = MacError;

    fn from_str(text: &str) -> Result<Self, MacError> {
        let mut nibbles = [0u8; 12];
        let mut count = 0;
        for (at, byte) in text.trim().bytes().enumerate() {
            match byte {
                b':' | b'-' | b'.' if at > 0 => continue,
                _ => {}
            }
            let digit = (byte as char).to_digit(16).ok_or(MacError::Form)?;
            *nibbles.get_mut(count).ok_or(MacError::Form)? = digit as u8;
            count += 1;
        }
        if count != 12 || text.trim().len() > 17 {
            return Err(MacError::Form);
        }
        let mut bytes = [0u8; 6];
        for (byte, pair) in bytes.iter_mut().zip(nibbles.chunks_exact(2)) {
            *byte = pair[0] << 4 | pair[1];
        }
        Self::from_bytes(bytes)
    }
}

impl fmt::Display for Mac {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

impl fmt::Debug for Mac {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl serde::Serialize for Mac {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> serde::Deserialize<'de> for Mac {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = std::borrow::Cow::<'de, str>::deserialize(deserializer)?;
        text.parse().map_err(serde::de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn any_spelling_is_one_mac() {
        for text in ["1a2b3c4d5e6f", "1a:2b:3c:4d:5e:6f", "1A-2B-3C-4D-5E-6F", "1a2b.3c4d.5e6f", " 1A2B3C4D5E6F "] {
            assert_eq!(text.parse::<Mac>().unwrap().to_string(), "1a2b3c4d5e6f", "{text}");
        }
    }

    #[test]
    fn absurd_macs_are_refused() {
        for text in ["", "1a2b3c4d5e6", "1a2b3c4d5e6f0", "1a2b3c4d5e6g", ":::::::::::::::::", "1a 2b3c4d5e6f", "１a2b3c4d5e6f"] {
            assert_eq!(text.parse::<Mac>(), Err(MacError::Form), "{text}");
        }
        for text in ["000000000000", "ffffffffffff", "01005e000001"] {
            assert_eq!(text.parse::<Mac>(), Err(MacError::NotADevice), "{text}");
        }
    }
}
