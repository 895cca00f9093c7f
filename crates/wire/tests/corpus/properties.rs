//! What holds for any bytes at all. Shared by the replay of the corpus and the fuzz targets.

use wire::{
    auth::{self, Credentials, Malformed, Rules, Verifier},
    challenge::{self, Challenge},
    digest::{answer, verify},
    limits::{CHALLENGES_MAX, PARAMETER_BYTES_MAX},
};

const ANY_FORM: Rules = Rules { allow_rfc2069: true };

/// An `Authorization` value: bounded when read; Basic says the same when written again; no Digest proves an empty
/// password by accident.
pub fn authorization(bytes: &[u8]) {
    // A character of Latin-1 takes two bytes in UTF-8.
    let bounded = |text: &str| assert!(text.len() <= 2 * PARAMETER_BYTES_MAX);
    match auth::parse(bytes) {
        Err(_) => {}
        Ok(Credentials::Basic { user, password }) => {
            bounded(&user);
            bounded(password.expose());
            assert!(!user.contains(':'));
            match auth::parse(auth::basic_answer(&user, password.expose()).as_bytes()) {
                Ok(Credentials::Basic { user: again, password: tried }) => assert!(again == user && tried.matches(password.expose())),
                other => assert!(matches!(other, Err(Malformed::TooLong)), "{other:?}"),
            }
        }
        Ok(Credentials::Digest(sent)) => {
            for text in [&sent.username, &sent.realm, &sent.nonce, &sent.uri] {
                bounded(text);
            }
            assert!(!verify(&sent, "GET", &sent.uri, Verifier::Password(""), ANY_FORM));
        }
    }
}

/// A `WWW-Authenticate` value: what can be read can be answered, and the answer proves the password.
pub fn challenge(bytes: &[u8]) {
    let Ok(challenges) = challenge::parse(bytes) else { return };
    assert!(challenges.len() <= CHALLENGES_MAX);
    for challenge in &challenges {
        let Challenge::Digest(challenge) = challenge else { continue };
        match auth::parse(answer(challenge, "user", "secret", "GET", "/a", 1, "cnonce").as_bytes()) {
            Ok(Credentials::Digest(sent)) => assert!(verify(&sent, "GET", "/a", Verifier::Password("secret"), ANY_FORM)),
            other => assert!(matches!(other, Err(Malformed::TooLong)), "{other:?}"),
        }
    }
}
