//! Who may call: sign-in by password, tokens that end, and a signature on each call.

use std::collections::BTreeMap;

use http::Method;
use md5::Md5;
use serde_json::json;
use sha2::{Digest, Sha256};

use super::upload::Part;
use crate::services::{Answer, Asked};

const TOKEN_SECONDS: i64 = 3600;
/// Assumed: how far a call's time may be off.
const WINDOW_SECONDS: u64 = 300;

/// An account.
#[derive(Clone)]
pub struct Credentials {
    /// Who signs in.
    pub user: String,
    /// The password in plain.
    pub password: String,
    /// The id of the API access.
    pub client_id: String,
    /// Its secret.
    pub client_secret: String,
}

impl std::fmt::Debug for Credentials {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Credentials(…)")
    }
}

/// Why a call is sent back.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum No {
    Token,
    Time,
    Signature,
}

#[derive(Debug)]
pub(super) struct Access {
    credentials: Credentials,
    /// Until when each token is good.
    tokens: BTreeMap<String, i64>,
    given: u64,
}

impl Access {
    pub(super) fn new(credentials: Credentials) -> Self {
        Self { credentials, tokens: BTreeMap::new(), given: 0 }
    }

    pub(super) fn end_tokens(&mut self) {
        self.tokens.clear();
    }

    pub(super) fn sign_in(&mut self, asked: &Asked) -> Answer {
        let is_form = asked.header("content-type").starts_with("application/x-www-form-urlencoded");
        let body = String::from_utf8_lossy(&asked.body).into_owned();
        let form: BTreeMap<_, _> =
            body.split('&').filter_map(|pair| pair.split_once('=')).map(|(name, value)| (name, plain(value))).collect();
        let is = |name: &str, value: &str| form.get(name).is_some_and(|told| told == value);
        let Credentials { user, password, client_id, client_secret } = &self.credentials;
        if asked.method != Method::POST || !is_form || !is("grant_type", "password") {
            return Answer::json(400, &json!({ "error": "unsupported_grant_type" }));
        }
        if !is("client_id", client_id) || !is("client_secret", client_secret) {
            return Answer::json(401, &json!({ "error": "invalid_client" }));
        }
        if !is("username", user) || !is("password", &sha256(&md5(password.as_bytes()))) {
            return Answer::json(400, &json!({ "error": "invalid_grant" }));
        }
        self.given += 1;
        // With signs that an address must escape.
        let token = format!("token+{}/=", self.given);
        self.tokens.insert(token.clone(), asked.now + TOKEN_SECONDS * 1000);
        Answer::json(200, &json!({ "access_token": token, "refresh_token": "refresh", "expires_in": TOKEN_SECONDS }))
    }

    /// Lets a call in. `parts`: those of an upload; other calls are signed over their body.
    pub(super) fn check(&self, asked: &Asked, parts: &[Part]) -> Result<(), No> {
        let pairs = asked.query.split('&').filter_map(|pair| pair.split_once('='));
        let mut values: BTreeMap<String, String> = pairs.map(|(name, value)| (name.to_owned(), plain(value))).collect();
        let signature = values.remove("signature").ok_or(No::Signature)?;
        let token = values.get("access_token").ok_or(No::Token)?;
        if self.tokens.get(token).is_none_or(|until| *until <= asked.now) {
            return Err(No::Token);
        }
        let time: i64 = values.get("timestamp").and_then(|time| time.parse().ok()).ok_or(No::Time)?;
        if asked.now.abs_diff(time) > WINDOW_SECONDS * 1000 {
            return Err(No::Time);
        }
        // The secret is never sent.
        if values.insert("client_secret".to_owned(), self.credentials.client_secret.clone()).is_some() {
            return Err(No::Signature);
        }
        values.insert("client_id".to_owned(), self.credentials.client_id.clone());
        for part in parts {
            let value = if part.is_file { md5(part.content.as_bytes()) } else { part.content.clone() };
            values.insert(part.name.clone(), value);
        }
        let pairs: Vec<_> = values.iter().map(|(name, value)| format!("{name}={value}")).collect();
        let mut text = format!("&{}&", pairs.join("&"));
        if parts.is_empty() && !asked.body.is_empty() {
            text += &sha256(&String::from_utf8_lossy(&asked.body));
            text.push('&');
        }
        if sha256(&text) == signature { Ok(()) } else { Err(No::Signature) }
    }
}

/// A value of a form or a query.
fn plain(text: &str) -> String {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.bytes();
    while let Some(byte) = rest.next() {
        bytes.push(match byte {
            b'+' => b' ',
            b'%' => {
                let digit = |byte: Option<u8>| byte.and_then(|byte| (byte as char).to_digit(16)).and_then(|digit| u8::try_from(digit).ok());
                let (high, low) = (digit(rest.next()), digit(rest.next()));
                high.zip(low).map_or(b'?', |(high, low)| high << 4 | low)
            }
            byte => byte,
        });
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

fn sha256(text: &str) -> String {
    Sha256::digest(text).iter().map(|byte| format!("{byte:02x}")).collect::<Vec<_>>().concat()
}

fn md5(bytes: &[u8]) -> String {
    Md5::digest(bytes).iter().map(|byte| format!("{byte:02x}")).collect::<Vec<_>>().concat()
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;
    use http::HeaderMap;

    use super::*;

    #[test]
    fn known_answers_come_in() {
        let text = |text: &str| text.to_owned();
        let credentials =
            Credentials { user: text("u"), password: text("Passw0rd!"), client_id: text("100001"), client_secret: text("gdmssecret") };
        let mut access = Access::new(credentials);
        access.tokens.insert(text("tok-1"), 1_700_000_100_000);
        assert_eq!(sha256(&md5(b"Passw0rd!")), "482d90cb0eedab2930db991eb994781b692d2ae5e40a7e77094c80ae62c96045");
        let body = r#"[{"mac":"00:0B:82:AA:BB:CC","sn":"20EZTEST0001","siteId":3345}]"#;
        let asked = |body: &'static str, signature: &str, now| Asked {
            method: Method::POST,
            path: text("/"),
            query: format!("access_token=tok-1&timestamp=1700000000000&signature={signature}"),
            host: text("www.gdms.cloud"),
            headers: HeaderMap::new(),
            body: Bytes::from_static(body.as_bytes()),
            now,
        };
        let now = 1_700_000_000_000;
        let (bare, signed) = (
            "cc0eacc8ddcd985529521a245fc68dd95de35ba34fe59d65d5384337949adb15",
            "d83fbce6955a33dd2ae20cfe71f5813b0936324f71cd1eb37115480ae03801f0",
        );
        for (body, signature, now, expected) in [
            ("", bare, now, Ok(())),
            (body, signed, now, Ok(())),
            (body, bare, now, Err(No::Signature)),
            ("", signed, now, Err(No::Signature)),
            ("", bare, now + 100_000, Err(No::Token)),
            ("", bare, now - 300_001, Err(No::Time)),
        ] {
            assert_eq!(access.check(&asked(body, signature, now), &[]), expected, "{body} {now}");
        }
    }
}
