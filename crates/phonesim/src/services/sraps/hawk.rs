//! Hawk 1.0, the server's side: signature, hash of the body if one is told, time, and each nonce once.

use std::collections::{BTreeMap, BTreeSet};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use hmac::{Hmac, KeyInit as _, Mac as _};
use sha2::{Digest as _, Sha256};

use crate::services::Asked;

/// Hawk's default; the services' own is not public.
const WINDOW_SECONDS: u64 = 60;

/// A key, and what was signed with it lately.
pub(super) struct Guard {
    key_id: String,
    secret: String,
    seen: BTreeSet<(i64, String)>,
}

impl std::fmt::Debug for Guard {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Guard(…)")
    }
}

impl Guard {
    pub(super) fn new(key_id: &str, secret: &str) -> Self {
        Self { key_id: key_id.to_owned(), secret: secret.to_owned(), seen: BTreeSet::new() }
    }

    pub(super) fn key_id(&self) -> &str {
        &self.key_id
    }

    /// Lets a call in, or says with which challenge it is sent back.
    pub(super) fn check(&mut self, asked: &Asked) -> Result<(), String> {
        let told = asked.header("authorization").strip_prefix("Hawk ").ok_or("Hawk")?;
        let told = attributes(told).ok_or(r#"Hawk error="Bad header format""#)?;
        let get = |name: &str| told.get(name).copied().unwrap_or_default();
        let (nonce, hash) = (get("nonce"), get("hash"));
        let seconds: i64 = get("ts").parse().map_err(|_| r#"Hawk error="Missing attributes""#)?;
        if nonce.is_empty() || get("id") != self.key_id {
            return Err(r#"Hawk error="Unknown credentials""#.to_owned());
        }
        let target = if asked.query.is_empty() { asked.path.clone() } else { format!("{}?{}", asked.path, asked.query) };
        let (host, port) = asked.host.rsplit_once(':').unwrap_or((&asked.host, "443"));
        let lines = ["hawk.1.header", get("ts"), nonce, asked.method.as_str(), &target, &host.to_lowercase(), port, hash, get("ext"), ""];
        if self.sign(&lines.join("\n")) != get("mac") {
            return Err(r#"Hawk error="Bad mac""#.to_owned());
        }
        if !hash.is_empty() && hash != hash_of(asked) {
            return Err(r#"Hawk error="Bad payload hash""#.to_owned());
        }
        let now = asked.now.div_euclid(1000);
        if now.abs_diff(seconds) > WINDOW_SECONDS {
            let tsm = self.sign(&format!("hawk.1.ts\n{now}\n"));
            return Err(format!(r#"Hawk ts="{now}", tsm="{tsm}", error="Stale timestamp""#));
        }
        // Older ones are refused by their time.
        while self.seen.first().is_some_and(|(seconds, _)| now.abs_diff(*seconds) > WINDOW_SECONDS && *seconds < now) {
            self.seen.pop_first();
        }
        if self.seen.insert((seconds, nonce.to_owned())) { Ok(()) } else { Err(r#"Hawk error="Invalid nonce""#.to_owned()) }
    }

    fn sign(&self, text: &str) -> String {
        let mut signer = Hmac::<Sha256>::new_from_slice(self.secret.as_bytes()).expect("HMAC takes keys of any length");
        signer.update(text.as_bytes());
        STANDARD.encode(signer.finalize().into_bytes())
    }
}

fn hash_of(asked: &Asked) -> String {
    let kind = asked.header("content-type").split(';').next().unwrap_or_default().trim().to_lowercase();
    let body = [format!("hawk.1.payload\n{kind}\n").as_bytes(), &asked.body, b"\n"].concat();
    STANDARD.encode(Sha256::digest(body))
}

/// `name="value"` pairs in any order; none of them twice.
fn attributes(text: &str) -> Option<BTreeMap<&str, &str>> {
    let mut found = BTreeMap::new();
    for pair in text.split(',') {
        let (name, value) = pair.trim().split_once('=')?;
        let value = value.strip_prefix('"')?.strip_suffix('"')?;
        if !["id", "ts", "nonce", "hash", "ext", "mac"].contains(&name) || found.insert(name, value).is_some() {
            return None;
        }
    }
    Some(found)
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;
    use http::{HeaderMap, Method};

    use super::*;

    fn asked(authorization: &str, now: i64) -> Asked {
        let mut headers = HeaderMap::new();
        headers.insert("authorization", authorization.parse().unwrap());
        let (path, host) = ("/api/v1/tokens/testkeyid".to_owned(), "api.sraps.snom.com".to_owned());
        Asked { method: Method::GET, path, query: String::new(), host, headers, body: Bytes::new(), now: now * 1000 }
    }

    #[test]
    fn known_answers_come_in_once_and_in_time() {
        let (now, times) = (1_700_000_000, r#"ts="1700000000", nonce="abcdefgh""#);
        let bare = format!(r#"Hawk mac="Aoz2jADRhrV+JkhcYgtHGlQmEcKM1WZ87pgPBTBdrgc=", id="testkeyid", {times}"#);
        let hash = r#"hash="B0weSUXsMcb5UhL41FZbrUJCAotzSI3HawE1NPLRUz8=", mac="1ApemxTjnSoWYRkdbB2mDRGBg+/nFjxnewnMdBJR3qY=""#;
        let hashed = format!(r#"Hawk id="testkeyid", {times}, {hash}"#);
        let guard = || Guard::new("testkeyid", "sraps-test-secret");
        for header in [&bare, &hashed] {
            let mut guard = guard();
            assert_eq!(guard.check(&asked(header, now + 60)), Ok(()), "{header}");
            assert_eq!(guard.check(&asked(header, now + 60)).unwrap_err(), r#"Hawk error="Invalid nonce""#);
            for late in [now + 61, now - 61] {
                assert!(guard.check(&asked(header, late)).unwrap_err().ends_with(r#"error="Stale timestamp""#));
            }
        }
        for (bad, why) in [
            (bare.replace("abcdefgh", "abcdefgi"), "Bad mac"),
            (bare.replace("testkeyid", "other"), "Unknown credentials"),
            (bare.replace("nonce=", "nonce"), "Bad header format"),
        ] {
            assert_eq!(guard().check(&asked(&bad, now)).unwrap_err(), format!(r#"Hawk error="{why}""#));
        }
        let mut other = asked(&hashed, now);
        other.body = Bytes::from_static(b"x");
        assert_eq!(guard().check(&other).unwrap_err(), r#"Hawk error="Bad payload hash""#);
    }
}
