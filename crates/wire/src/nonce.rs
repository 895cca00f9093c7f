//! Nonces that need no memory: time and randomness under a keyed tag, so that every node with the key can check them.
//!
//! 43 characters of base64url: 8 bytes of time (milliseconds, big end first), 8 random ones, 16 of an HMAC-SHA-256
//! over both. The key must be used for nothing else. What was used up is remembered by [`Counts`], per node.

mod counts;

use std::fmt;

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use hmac::{Hmac, KeyInit as _, Mac as _};
use sha2::Sha256;
use subtle::ConstantTimeEq as _;

pub use self::counts::{CountWindow, Counts, Mark, Use};
use crate::limits::CLOCK_SKEW_MILLIS;

const ID_BYTES: usize = 16;
const NONCE_BYTES: usize = 32;

/// The key that tags nonces. During a rotation the new one mints and both check. `Debug` shows nothing.
#[derive(Clone)]
pub struct NonceKey(Hmac<Sha256>);

impl NonceKey {
    /// From 32 secret bytes.
    pub fn new(key: &[u8; 32]) -> Self {
        Self(Hmac::new_from_slice(key).expect("HMAC takes keys of any length"))
    }

    fn tag(&self, id: &NonceId) -> [u8; 16] {
        let mut mac = self.0.clone();
        mac.update(b"wire nonce 1");
        mac.update(&id.0);
        *mac.finalize().into_bytes().first_chunk().expect("the tag of SHA-256 has 32 bytes")
    }
}

impl fmt::Debug for NonceKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("NonceKey(..)")
    }
}

/// A nonce without its tag. Ordered by the time of minting.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct NonceId([u8; ID_BYTES]);

impl NonceId {
    /// When it was minted, in milliseconds of the caller's clock.
    pub fn minted_millis(&self) -> u64 {
        u64::from_be_bytes(*self.0.first_chunk().expect("an id has 16 bytes"))
    }

    fn is_past(&self, now_millis: u64, lifetime_millis: u64) -> bool {
        now_millis.saturating_sub(self.minted_millis()) > lifetime_millis
    }
}

/// What a returned nonce is worth.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Freshness {
    /// Ours and young enough.
    Fresh(NonceId),
    /// Ours, but older than its lifetime.
    Stale,
    /// Not ours, or of a key that is no longer valid, or from the future.
    Forged,
}

/// A nonce minted now. `random` keeps two nonces of one millisecond apart.
pub fn mint(key: &NonceKey, now_millis: u64, random: [u8; 8]) -> String {
    let mut id = [0; ID_BYTES];
    id[..8].copy_from_slice(&now_millis.to_be_bytes());
    id[8..].copy_from_slice(&random);
    let mut nonce = [0; NONCE_BYTES];
    nonce[..ID_BYTES].copy_from_slice(&id);
    nonce[ID_BYTES..].copy_from_slice(&key.tag(&NonceId(id)));
    URL_SAFE_NO_PAD.encode(nonce)
}

/// Checks a returned nonce against the keys valid now; it is good for `lifetime_millis` from its minting.
pub fn check(keys: &[NonceKey], nonce: &str, now_millis: u64, lifetime_millis: u64) -> Freshness {
    let mut bytes = [0; NONCE_BYTES];
    // A text of another length fails too: it does not fit, or does not fill.
    if URL_SAFE_NO_PAD.decode_slice(nonce, &mut bytes) != Ok(NONCE_BYTES) {
        return Freshness::Forged;
    }
    let id = NonceId(*bytes.first_chunk().expect("a nonce has 32 bytes"));
    let is_ours = keys.iter().any(|key| key.tag(&id).ct_eq(&bytes[ID_BYTES..]).into());
    if !is_ours || id.minted_millis() > now_millis.saturating_add(CLOCK_SKEW_MILLIS) {
        return Freshness::Forged;
    }
    if id.is_past(now_millis, lifetime_millis) { Freshness::Stale } else { Freshness::Fresh(id) }
}

#[cfg(test)]
mod tests {
    use super::*;

    const LIFETIME: u64 = 300_000;

    fn keys() -> [NonceKey; 3] {
        [1, 2, 3].map(|byte| NonceKey::new(&[byte; 32]))
    }

    #[test]
    fn a_nonce_lives_from_its_minting_to_its_lifetimes_end() {
        let [key, ..] = keys();
        let minted = 1_000_000_000;
        let nonce = mint(&key, minted, [7; 8]);
        assert_eq!(nonce.len(), 43);
        let at = |now| check(std::slice::from_ref(&key), &nonce, now, LIFETIME);
        let Freshness::Fresh(id) = at(minted) else { panic!("a new nonce is fresh") };
        assert_eq!(id.minted_millis(), minted);
        assert_eq!(at(minted + LIFETIME), Freshness::Fresh(id));
        assert_eq!(at(minted + LIFETIME + 1), Freshness::Stale);
        assert_eq!(at(minted - CLOCK_SKEW_MILLIS), Freshness::Fresh(id));
        assert_eq!(at(minted - CLOCK_SKEW_MILLIS - 1), Freshness::Forged);
        assert_eq!(at(u64::MAX), Freshness::Stale);
        assert_eq!(at(0), Freshness::Forged);
    }

    #[test]
    fn every_valid_key_is_taken_and_no_other() {
        let [old, new, foreign] = keys();
        let nonce = |key| mint(key, 5, [0; 8]);
        let both = [new.clone(), old.clone()];
        assert!(matches!(check(&both, &nonce(&old), 5, LIFETIME), Freshness::Fresh(_)));
        assert!(matches!(check(&both, &nonce(&new), 5, LIFETIME), Freshness::Fresh(_)));
        assert_eq!(check(&both, &nonce(&foreign), 5, LIFETIME), Freshness::Forged);
        assert_eq!(check(&[], &nonce(&new), 5, LIFETIME), Freshness::Forged);
    }

    #[test]
    fn every_changed_bit_is_a_forgery() {
        let [key, ..] = keys();
        let bytes = URL_SAFE_NO_PAD.decode(mint(&key, 77, [9; 8])).unwrap();
        for bit in 0..bytes.len() * 8 {
            let mut changed = bytes.clone();
            changed[bit / 8] ^= 1 << (bit % 8);
            let nonce = URL_SAFE_NO_PAD.encode(changed);
            assert_eq!(check(std::slice::from_ref(&key), &nonce, 77, LIFETIME), Freshness::Forged, "bit {bit}");
        }
    }

    #[test]
    fn texts_of_another_form_are_forgeries() {
        let [key, ..] = keys();
        let nonce = mint(&key, 77, [9; 8]);
        let long = "A".repeat(500);
        for text in ["", "x", &nonce[1..], &format!("{nonce}A"), &format!("{nonce}="), "öööö", &long, "dcd98b7102dd2f0e8b11d0f600bfb0c093"]
        {
            assert_eq!(check(std::slice::from_ref(&key), text, 77, LIFETIME), Freshness::Forged, "{text}");
        }
    }

    #[test]
    fn a_key_prints_nothing() {
        assert_eq!(format!("{:?}", keys()[0]), "NonceKey(..)");
    }
}
