//! Keys for SRTP in the description itself (SDES, RFC 4568). Only of use where the signalling is encrypted.

use std::fmt;

use base64::{
    Engine as _,
    alphabet::STANDARD,
    engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig},
};

/// A key of 16 bytes and a salt of 14, for both suites.
const KEY_BYTES: usize = 30;

const BASE64: GeneralPurpose =
    GeneralPurpose::new(&STANDARD, GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent));

/// The ciphers that phones share. They differ in the length of the tag.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Suite {
    /// `AES_CM_128_HMAC_SHA1_80`
    Tag80,
    /// `AES_CM_128_HMAC_SHA1_32`
    Tag32,
}

impl Suite {
    /// The name on the wire.
    pub fn name(self) -> &'static str {
        match self {
            Self::Tag80 => "AES_CM_128_HMAC_SHA1_80",
            Self::Tag32 => "AES_CM_128_HMAC_SHA1_32",
        }
    }

    fn named(name: &str) -> Option<Self> {
        [Self::Tag80, Self::Tag32].into_iter().find(|suite| name.eq_ignore_ascii_case(suite.name()))
    }
}

/// A master key and its salt: whoever has it can listen. `Debug` shows nothing.
#[derive(Clone, PartialEq, Eq)]
pub struct SrtpKey([u8; KEY_BYTES]);

impl SrtpKey {
    /// From random bytes: 16 of key, 14 of salt.
    pub fn new(bytes: [u8; KEY_BYTES]) -> Self {
        Self(bytes)
    }

    /// Key, then salt.
    pub fn expose(&self) -> (&[u8; 16], &[u8; 14]) {
        let (key, salt) = self.0.split_first_chunk().expect("30 bytes are more than 16");
        (key, salt.first_chunk().expect("30 bytes are 16 and 14"))
    }
}

impl fmt::Debug for SrtpKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SrtpKey(..)")
    }
}

/// One `a=crypto` line that can be used.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Crypto {
    /// Its number, which the answer repeats.
    pub tag: u32,
    /// The cipher.
    pub suite: Suite,
    /// The key of what its writer sends.
    pub key: SrtpKey,
}

impl Crypto {
    /// Reads the value of the attribute; none for other suites, several keys, key identifiers, and options that would
    /// change the packets. A lifetime is passed over: no call reaches 2^31 packets.
    pub fn parse(value: &str) -> Option<Self> {
        let mut words = value.split_ascii_whitespace();
        let tag = words.next()?.parse().ok().filter(|tag| *tag < 1_000_000_000)?;
        let suite = Suite::named(words.next()?)?;
        let (method, key) = words.next()?.split_once(':')?;
        let mut parts = key.split('|');
        let encoded = parts.next()?;
        let is_plain = method.eq_ignore_ascii_case("inline") && parts.all(|part| !part.contains(':'));
        let has_no_options = words.all(|word| word.get(..4).is_some_and(|name| name.eq_ignore_ascii_case("WSH=")));
        if !is_plain || !has_no_options {
            return None;
        }
        let key = BASE64.decode(encoded).ok()?.try_into().ok()?;
        Some(Self { tag, suite, key: SrtpKey(key) })
    }

    /// The value of the attribute. A secret.
    pub fn expose(&self) -> String {
        format!("{} {} inline:{}", self.tag, self.suite.name(), BASE64.encode(self.key.0))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const KEY: &str = "AQIDBAUGBwgJCgsMDQ4PEBESExQVFhcYGRobHB0e";

    #[test]
    fn lines_of_phones() {
        let key = SrtpKey::new(std::array::from_fn(|at| at as u8 + 1));
        let check = |value: &str, expected: Option<(u32, Suite)>| {
            let read = Crypto::parse(&value.replace("KEY", KEY));
            assert_eq!(read.as_ref().map(|crypto| (crypto.tag, crypto.suite)), expected, "{value}");
            assert!(read.is_none_or(|crypto| crypto.key == key), "{value}");
        };
        check("1 AES_CM_128_HMAC_SHA1_80 inline:KEY", Some((1, Suite::Tag80)));
        check("2 AES_CM_128_HMAC_SHA1_32 inline:KEY|2^31", Some((2, Suite::Tag32)));
        check("3  aes_cm_128_hmac_sha1_80  INLINE:KEY|2147483647 WSH=64", Some((3, Suite::Tag80)));
        check("1 AES_CM_128_HMAC_SHA1_80 inline:KEY|2^31|1:1", None);
        check("1 AES_CM_128_HMAC_SHA1_80 inline:KEY|1:4", None);
        check("1 AES_CM_128_HMAC_SHA1_80 inline:KEY;inline:KEY", None);
        check("1 AES_CM_128_HMAC_SHA1_80 inline:KEY UNENCRYPTED_SRTP", None);
        check("1 AES_CM_128_HMAC_SHA1_80 inline:KEY KDR=1", None);
        check("1 AES_CM_128_HMAC_SHA1_80 inline:AAAA", None);
        check("1 AES_CM_128_HMAC_SHA1_80 inline:KEYAA==", None);
        check("1 AES_256_CM_HMAC_SHA1_80 inline:KEY", None);
        check("1 F8_128_HMAC_SHA1_80 inline:KEY", None);
        check("x AES_CM_128_HMAC_SHA1_80 inline:KEY", None);
        check("1 AES_CM_128_HMAC_SHA1_80", None);
        check("", None);
    }

    #[test]
    fn a_key_is_written_as_it_is_read_and_shown_nowhere() {
        let line = format!("7 AES_CM_128_HMAC_SHA1_32 inline:{KEY}");
        let crypto = Crypto::parse(&line).unwrap();
        assert_eq!(crypto.expose(), line);
        assert_eq!(crypto.key.expose().1[13], 30);
        assert!(!format!("{crypto:?}").contains("AQID"));
    }
}
