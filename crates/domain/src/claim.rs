//! Claims: the identity of one phone body, proved by arithmetic instead of by a row.
//!
//! A claim's *token* is its handle (own door), its HTTP user and its SIP account at once. The token hides the MAC, the
//! time, the device's epoch and what the claim proved when it was made; the passwords are keyed digests of all that. So the platform key
//! alone tells a claim's whole story, and an unused claim is stored nowhere. The token by itself proves nothing: it is not even
//! authenticated, because whoever forges one still lacks the password that goes with it.

use std::fmt;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use hmac::{Hmac, KeyInit, Mac as _};
use serde::{Deserialize, Serialize};
use sha2::Sha256;

use crate::chance::Chance;
use crate::limits::ACCOUNT_GRACE;
use crate::login::GlobalId;
use crate::mac::Mac;
use crate::secret::Secret;
use crate::time::Time;

/// A token is one key letter and 31 characters: old vendor tables give users and passwords 32 characters.
pub const TOKEN_CHARS: usize = 32;
/// The most platform keys a ring can hold: one letter each.
pub const PLATFORM_KEYS_MAX: usize = 26;
const BODY_BYTES: usize = 23;
const NONCE_BYTES: usize = 8;
/// Claims count seconds from here (2026-01-01), so that 32 bits last until 2162.
const CLAIM_EPOCH_SECONDS: i64 = 1_767_225_600;

/// What a claim had proved, and how it was earned, when it was made.
#[expect(clippy::struct_excessive_bools, reason = "independent facts, each a bit of the token")]
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Grounds {
    /// The global login that was shown while the device was armed.
    pub global: Option<GlobalId>,
    /// A manufacturer's certificate was accepted.
    pub certificate: bool,
    /// It was handed over: the request that made it had everything the policy then asked.
    pub handed_over: bool,
    /// At that hand-over a stand-in took the PIN's place.
    pub stood_in: bool,
    /// The device's switch was at no. Only a disabled device is given such a claim, because it is answered like a MAC that nobody added:
    /// what was shown for it counts for nothing once the device is known again.
    #[serde(default)]
    pub spent: bool,
}

/// When the throw-away account of a claim ends, after another claim of its device was taken up at `since`; none if it does not.
///
/// A claim made later is of a phone that came after: it stays reachable, so that it can be told that a reset is needed, and when that came.
pub fn account_ends(claim: &Claim, taken_up: &Claim, since: Time) -> Option<Time> {
    (claim != taken_up && claim.issued() <= since).then(|| since + ACCOUNT_GRACE)
}

/// The identity of one phone body.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Claim {
    key: u8,
    nonce: [u8; NONCE_BYTES],
    /// The phone's MAC.
    pub mac: Mac,
    issued: u32,
    /// The device's epoch when it was made.
    pub epoch: u16,
    /// What it proved.
    pub grounds: Grounds,
}

impl Claim {
    /// When it was made (whole seconds).
    pub fn issued(&self) -> Time {
        Time::from_millis((CLAIM_EPOCH_SECONDS + i64::from(self.issued)) * 1000)
    }

    fn body(&self) -> [u8; BODY_BYTES - NONCE_BYTES] {
        let global = self.grounds.global.map_or(0, |id| id.0);
        let Grounds { certificate, handed_over, stood_in, spent, .. } = self.grounds;
        let flags = [certificate, handed_over, stood_in, spent].into_iter().rev().fold(0, |flags, flag| flags << 1 | u8::from(flag));
        let mut body = [0; BODY_BYTES - NONCE_BYTES];
        body[..6].copy_from_slice(&self.mac.bytes());
        body[6..10].copy_from_slice(&self.issued.to_be_bytes());
        body[10..12].copy_from_slice(&self.epoch.to_be_bytes());
        body[12] = flags;
        body[13..].copy_from_slice(&global.to_be_bytes());
        body
    }
}

impl fmt::Debug for Claim {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Claim({} epoch {} at {} {:?})", self.mac, self.epoch, self.issued().rfc3339(), self.grounds)
    }
}

/// The platform's keys for claims. The newest makes claims, all of them recognise them.
#[derive(Clone)]
pub struct PlatformKeys(Vec<(u8, Hmac<Sha256>)>);

/// The letters alone.
impl fmt::Debug for PlatformKeys {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.0.iter().map(|(letter, _)| char::from(*letter))).finish()
    }
}

/// Why a ring of keys is refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum KeysError {
    /// None, or more than letters.
    #[error("a platform key ring holds 1 to 26 keys")]
    Count,
    /// Shorter than 32 bytes.
    #[error("a platform key has at least 32 bytes")]
    Short,
}

impl PlatformKeys {
    /// From the oldest to the newest. A key's place in the list is its letter, so old keys are never reordered.
    pub fn new(keys: Vec<Secret<Vec<u8>>>) -> Result<Self, KeysError> {
        if keys.is_empty() || keys.len() > PLATFORM_KEYS_MAX {
            return Err(KeysError::Count);
        }
        if keys.iter().any(|key| key.expose().len() < 32) {
            return Err(KeysError::Short);
        }
        // Keyed once: each request takes several digests, and setting the key is half the work of a short one.
        let keyed = keys.into_iter().map(|key| Hmac::new_from_slice(key.expose()).expect("HMAC takes keys of any length"));
        Ok(Self((b'a'..=b'z').zip(keyed).collect()))
    }

    /// Makes a claim for a phone.
    pub fn issue(&self, mac: Mac, epoch: u16, grounds: Grounds, now: Time, chance: &mut dyn Chance) -> Claim {
        let mut nonce = [0; NONCE_BYTES];
        chance.fill(&mut nonce);
        let (key, _) = self.0.last().expect("a ring is never empty: `new` refuses that");
        let seconds = now.millis().div_euclid(1000) - CLAIM_EPOCH_SECONDS;
        let issued = u32::try_from(seconds.max(0)).unwrap_or(u32::MAX);
        Claim { key: *key, nonce, mac, issued, epoch, grounds }
    }

    /// The claim's token: its handle, its HTTP user and its SIP account.
    pub fn token(&self, claim: &Claim) -> String {
        let mut bytes = [0; BODY_BYTES];
        bytes[..NONCE_BYTES].copy_from_slice(&claim.nonce);
        bytes[NONCE_BYTES..].copy_from_slice(&self.veil(claim.key, claim.nonce, claim.body()));
        let mut token = String::with_capacity(TOKEN_CHARS);
        token.push(char::from(claim.key));
        URL_SAFE_NO_PAD.encode_string(bytes, &mut token);
        token
    }

    /// The claim that a token speaks of. It is proved only by the password.
    pub fn read(&self, token: &str) -> Option<Claim> {
        if token.len() != TOKEN_CHARS || !token.is_ascii() {
            return None;
        }
        let key = token.as_bytes()[0];
        self.key(key)?;
        let mut bytes = [0; BODY_BYTES];
        if URL_SAFE_NO_PAD.decode_slice(&token[1..], &mut bytes).ok()? != BODY_BYTES {
            return None;
        }
        let (nonce, veiled) = bytes.split_first_chunk::<NONCE_BYTES>()?;
        let body: [u8; BODY_BYTES - NONCE_BYTES] = self.veil(key, *nonce, *veiled.first_chunk()?);
        let (mac, rest) = body.split_first_chunk::<6>()?;
        let global = u16::from_be_bytes([rest[7], rest[8]]);
        let flags = rest[6];
        Some(Claim {
            key,
            nonce: *nonce,
            mac: Mac::from_bytes(*mac).ok()?,
            issued: u32::from_be_bytes(*rest.first_chunk()?),
            epoch: u16::from_be_bytes([rest[4], rest[5]]),
            grounds: Grounds {
                global: (global != 0).then_some(GlobalId(global)),
                certificate: flags & 1 != 0,
                handed_over: flags & 2 != 0,
                stood_in: flags & 4 != 0,
                spent: flags & 8 != 0,
            },
        })
    }

    /// The HTTP password that proves the claim: 160 bits in 32 letters and digits.
    pub fn http_password(&self, claim: &Claim) -> Secret<String> {
        self.password(b"http", claim)
    }

    /// The SIP password of its throw-away account.
    pub fn sip_password(&self, claim: &Claim) -> Secret<String> {
        self.password(b"sip", claim)
    }

    /// The password of encrypted files at the claim's own door: it goes with the login from config to config.
    pub fn file_key(&self, claim: &Claim) -> Secret<String> {
        self.password(b"file", claim)
    }

    /// A keyed digest for other secrets of the platform that derive rather than rest (nonces, path tokens); the newest key.
    pub fn derive(&self, purpose: &[u8]) -> Secret<Vec<u8>> {
        let (key, _) = self.0.last().expect("a ring is never empty: `new` refuses that");
        Secret::new(self.digest(*key, &[b"derive", purpose]).to_vec())
    }

    fn password(&self, purpose: &[u8], claim: &Claim) -> Secret<String> {
        let digest = self.digest(claim.key, &[b"password", purpose, &claim.nonce, &claim.body()]);
        Secret::new(base32(&digest[..20]))
    }

    fn key(&self, letter: u8) -> Option<&Hmac<Sha256>> {
        self.0.iter().find(|(name, _)| *name == letter).map(|(_, key)| key)
    }

    /// Hides a claim's body, or shows it again: the exclusive or with a keyed digest of its nonce.
    fn veil<const N: usize>(&self, key: u8, nonce: [u8; NONCE_BYTES], mut body: [u8; N]) -> [u8; N] {
        let stream = self.digest(key, &[b"veil", &nonce]);
        body.iter_mut().zip(stream).for_each(|(byte, mask)| *byte ^= mask);
        body
    }

    fn digest(&self, key: u8, parts: &[&[u8]]) -> [u8; 32] {
        let key = self.key(key).expect("claims carry the letter of a key of this ring: `issue` and `read` see to it");
        let mut hmac = key.clone();
        for part in parts {
            hmac.update(&[part.len() as u8]);
            hmac.update(part);
        }
        hmac.finalize().into_bytes().into()
    }
}

/// Lower-case letters and digits 2–7: nothing that a phone's file format, URL or keypad could mistake.
pub(crate) fn base32(bytes: &[u8]) -> String {
    const ALPHABET: &[u8; 32] = b"abcdefghijklmnopqrstuvwxyz234567";
    let mut text = String::with_capacity(bytes.len() * 8 / 5 + 1);
    let (mut held, mut bits) = (0u32, 0);
    for byte in bytes {
        held = held << 8 | u32::from(*byte);
        bits += 8;
        while bits >= 5 {
            bits -= 5;
            text.push(char::from(ALPHABET[(held >> bits & 31) as usize]));
        }
    }
    if bits > 0 {
        text.push(char::from(ALPHABET[(held << (5 - bits) & 31) as usize]));
    }
    text
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::chance::Seeded;

    pub(crate) fn keys() -> PlatformKeys {
        PlatformKeys::new(vec![Secret::new(vec![7; 32])]).unwrap()
    }

    fn now() -> Time {
        Time::from_millis(1_795_305_600_000)
    }

    proptest! {
        #[test]
        fn a_token_tells_the_whole_story(mac: [u8; 6], epoch: u16, global in 1u16.., certificate: bool, handed_over: bool, stood_in: bool, spent: bool, seed: u64) {
            let Ok(mac) = Mac::from_bytes(mac) else { return Ok(()) };
            let grounds = Grounds { global: Some(GlobalId(global)), certificate, handed_over, stood_in, spent };
            let claim = keys().issue(mac, epoch, grounds, now(), &mut Seeded::new(seed));
            let token = keys().token(&claim);
            prop_assert_eq!(token.len(), TOKEN_CHARS);
            prop_assert_eq!(keys().read(&token), Some(claim));
            prop_assert_eq!(claim.issued(), now());
            prop_assert_eq!(keys().http_password(&claim).expose().len(), 32);
        }

        #[test]
        fn no_text_breaks_the_reader(text in ".{0,40}") {
            let _ = keys().read(&text);
        }
    }

    #[test]
    fn a_take_up_ends_the_accounts_before_it() {
        let mac = "001565000001".parse().unwrap();
        let issue = |at, seed| keys().issue(mac, 1, Grounds::default(), at, &mut Seeded::new(seed));
        let (own, other) = (issue(now(), 1), issue(now(), 2));
        let since = now() + crate::Span::minutes(5);
        assert_eq!(account_ends(&own, &own, since), None);
        assert_eq!(account_ends(&other, &own, since), Some(since + crate::Span::minutes(10)));
        assert_eq!(account_ends(&issue(since + crate::Span::minutes(1), 3), &own, since), None);
    }

    #[test]
    fn every_bit_of_the_story_changes_the_passwords() {
        let mac = "001565000001".parse().unwrap();
        let claim = keys().issue(mac, 1, Grounds::default(), now(), &mut Seeded::new(1));
        let forged = Claim { grounds: Grounds { handed_over: true, ..claim.grounds }, ..claim };
        assert_ne!(keys().http_password(&claim), keys().http_password(&forged));
        assert_ne!(keys().http_password(&claim), keys().http_password(&Claim { epoch: 2, ..claim }));
        assert_ne!(keys().http_password(&claim), keys().sip_password(&claim));
    }

    #[test]
    fn old_keys_still_read_and_new_ones_are_not_old_ones() {
        let mac = "001565000001".parse().unwrap();
        let old = keys().issue(mac, 1, Grounds::default(), now(), &mut Seeded::new(1));
        let rotated = PlatformKeys::new(vec![Secret::new(vec![7; 32]), Secret::new(vec![8; 32])]).unwrap();
        assert_eq!(rotated.read(&keys().token(&old)), Some(old));
        assert_eq!(rotated.http_password(&old), keys().http_password(&old));
        let new = rotated.issue(mac, 1, Grounds::default(), now(), &mut Seeded::new(1));
        assert_eq!(keys().read(&rotated.token(&new)), None);
    }

    #[test]
    fn base32_is_that_of_rfc_4648() {
        assert_eq!(base32(b"foobar"), "mzxw6ytboi");
    }
}
