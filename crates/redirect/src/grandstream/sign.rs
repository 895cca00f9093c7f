//! How a call is signed: SHA-256 over all that it names, sorted, with the client's secret among it, and over the hash of its body.

use std::fmt::Write as _;

use md5::Md5;
use sha2::{Digest, Sha256};

/// The password as it is sent.
pub(super) fn password(plain: &str) -> String {
    hex(&Sha256::digest(file(plain.as_bytes())))
}

/// What stands for a file among the signed values.
pub(super) fn file(bytes: &[u8]) -> String {
    hex(&Md5::digest(bytes))
}

/// The signature over these values, in any order, and a JSON body. Values are signed as they are, not escaped.
pub(super) fn signature(mut values: Vec<(&str, &str)>, body: Option<&[u8]>) -> String {
    values.sort_unstable();
    let mut text = String::from("&");
    for (name, value) in values {
        let _ = write!(text, "{name}={value}&");
    }
    if let Some(body) = body {
        text += &hex(&Sha256::digest(body));
        text.push('&');
    }
    hex(&Sha256::digest(text))
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::with_capacity(bytes.len() * 2), |mut text, byte| {
        let _ = write!(text, "{byte:02x}");
        text
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn known_answers() {
        assert_eq!(password("Passw0rd!"), "482d90cb0eedab2930db991eb994781b692d2ae5e40a7e77094c80ae62c96045");
        let body = br#"[{"mac":"00:0B:82:AA:BB:CC","sn":"20EZTEST0001","siteId":3345}]"#;
        for (body, expected) in [
            (None, "cc0eacc8ddcd985529521a245fc68dd95de35ba34fe59d65d5384337949adb15"),
            (Some(&body[..]), "d83fbce6955a33dd2ae20cfe71f5813b0936324f71cd1eb37115480ae03801f0"),
        ] {
            let values =
                vec![("timestamp", "1700000000000"), ("access_token", "tok-1"), ("client_secret", "gdmssecret"), ("client_id", "100001")];
            assert_eq!(signature(values, body), expected);
        }
    }
}
