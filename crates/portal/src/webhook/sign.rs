//! Signatures of Standard Webhooks: HMAC-SHA256 over id, time and body, so that a receiver knows who sends, and that it is new.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use domain::{Chance, Secret, Time};
use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;

/// What every secret begins with, as people see it.
const PREFIX: &str = "whsec_";
/// Bytes of a secret: the length of the hash.
const SECRET_BYTES: usize = 32;

/// A new secret.
pub fn new_secret(chance: &mut impl Chance) -> Secret<Vec<u8>> {
    let mut secret = vec![0; SECRET_BYTES];
    chance.fill(&mut secret);
    Secret::new(secret)
}

/// A secret as its receiver configures it.
pub fn shown(secret: &Secret<Vec<u8>>) -> Secret<String> {
    Secret::new(format!("{PREFIX}{}", STANDARD.encode(secret.expose())))
}

/// The headers that a delivery carries, at this moment.
pub fn headers(secret: &Secret<Vec<u8>>, id: &str, now: Time, body: &[u8]) -> [(&'static str, String); 3] {
    let timestamp = now.millis().div_euclid(1_000).to_string();
    let signature = format!("v1,{}", STANDARD.encode(signature(secret.expose(), id, &timestamp, body)));
    [("webhook-id", id.to_owned()), ("webhook-timestamp", timestamp), ("webhook-signature", signature)]
}

fn signature(secret: &[u8], id: &str, timestamp: &str, body: &[u8]) -> impl AsRef<[u8]> {
    let mut mac = Hmac::<Sha256>::new_from_slice(secret).expect("HMAC takes keys of any length");
    for part in [id.as_bytes(), b".", timestamp.as_bytes(), b".", body] {
        mac.update(part);
    }
    mac.finalize().into_bytes()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The example of the public specification's reference implementations.
    #[test]
    fn the_published_example_is_signed_alike() {
        let secret = Secret::new(STANDARD.decode("MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw").unwrap());
        let now = Time::from_millis(1_614_265_330_999);
        let [id, timestamp, signature] = headers(&secret, "msg_p5jXN8AQM9LWM0D4loKWxJek", now, br#"{"test": 2432232314}"#);
        assert_eq!(id, ("webhook-id", "msg_p5jXN8AQM9LWM0D4loKWxJek".into()));
        assert_eq!(timestamp, ("webhook-timestamp", "1614265330".into()));
        assert_eq!(signature, ("webhook-signature", "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=".into()));
        assert_eq!(shown(&secret).expose(), "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw");
    }

    #[test]
    fn a_new_secret_is_random() {
        let mut chance = domain::chance::Seeded::new(1);
        let (one, other) = (new_secret(&mut chance), new_secret(&mut chance));
        assert_eq!((one.expose().len(), one.expose() == other.expose()), (32, false));
    }
}
