//! Hawk 1.0, the client's side: a header that signs method, address, time, a nonce, and the body if its hash is told.

use std::fmt::Write as _;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use domain::{Secret, Time};
use hmac::{Hmac, KeyInit as _, Mac as _};
use reqwest::Url;
use sha2::{Digest as _, Sha256};

/// What is signed besides the key's holder.
struct Request<'a> {
    method: &'a str,
    url: &'a Url,
    seconds: i64,
    nonce: &'a str,
    hash: &'a str,
    ext: &'a str,
}

/// The value of `Authorization` for a request. Its body, empty if there is none, is signed too: services may look at that or not.
///
/// `None` if the id holds what no Hawk header can carry.
pub(crate) fn authorization(
    id: &str,
    key: &Secret<String>,
    method: &str,
    url: &Url,
    body: (&str, &[u8]),
    now: Time,
    nonce: &str,
) -> Option<String> {
    // Within quotation marks, and Hawk knows no way to escape one.
    if id.is_empty() || !id.bytes().all(|byte| matches!(byte, b' '..=b'~') && !matches!(byte, b'"' | b'\\')) {
        return None;
    }
    let hash = payload_hash(body.0, body.1);
    let seconds = now.millis().div_euclid(1000);
    let mac = mac(key, &Request { method, url, seconds, nonce, hash: &hash, ext: "" });
    Some(format!(r#"Hawk id="{id}", ts="{seconds}", nonce="{nonce}", hash="{hash}", mac="{mac}""#))
}

fn mac(key: &Secret<String>, request: &Request) -> String {
    let Request { method, url, seconds, nonce, hash, ext } = request;
    let (host, port) = (url.host_str().unwrap_or_default(), url.port_or_known_default().unwrap_or(443));
    let mut text = format!("hawk.1.header\n{seconds}\n{nonce}\n{method}\n{}", url.path());
    if let Some(query) = url.query() {
        let _ = write!(text, "?{query}");
    }
    let _ = write!(text, "\n{}\n{port}\n{hash}\n{ext}\n", host.to_ascii_lowercase());
    let mut signer = Hmac::<Sha256>::new_from_slice(key.expose().as_bytes()).expect("HMAC takes keys of any length");
    signer.update(text.as_bytes());
    STANDARD.encode(signer.finalize().into_bytes())
}

fn payload_hash(content_type: &str, body: &[u8]) -> String {
    let kind = content_type.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
    let mut hash = Sha256::new();
    hash.update(format!("hawk.1.payload\n{kind}\n"));
    hash.update(body);
    hash.update("\n");
    STANDARD.encode(hash.finalize())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The example of Hawk's own specification.
    const SPECIFICATION: (&str, &str) = ("http://example.com:8000/resource/1?b=1&a=2", "werxhqb98rpaxn39848xrunpaw3489ruxnpa98w4rxn");
    const SRAPS: (&str, &str) = ("https://api.sraps.snom.com/api/v1/tokens/testkeyid", "sraps-test-secret");

    #[test]
    fn macs_are_those_of_the_known_answers() {
        let hash = payload_hash("Text/Plain; charset=utf-8", b"Thank you for flying Hawk");
        assert_eq!(hash, "Yi9LfIIFRtBEPt74PVmbTF/xVAwPn7ub15ePICfgnuY=");
        let empty = payload_hash("", b"");
        assert_eq!(empty, "B0weSUXsMcb5UhL41FZbrUJCAotzSI3HawE1NPLRUz8=");
        for ((address, key), method, seconds, nonce, hash, ext, expected) in [
            (SPECIFICATION, "GET", 1_353_832_234, "j4h3g2", "", "some-app-ext-data", "6R4rV5iE+NPoym+WwjeHzjAGXUtLNIxmo1vpMofpLAE="),
            (SPECIFICATION, "POST", 1_353_832_234, "j4h3g2", &*hash, "some-app-ext-data", "aSe1DERmZuRl3pI36/9BdZmnErTw3sNzOOAUlfeKjVw="),
            (SRAPS, "GET", 1_700_000_000, "abcdefgh", "", "", "Aoz2jADRhrV+JkhcYgtHGlQmEcKM1WZ87pgPBTBdrgc="),
            (SRAPS, "GET", 1_700_000_000, "abcdefgh", &*empty, "", "1ApemxTjnSoWYRkdbB2mDRGBg+/nFjxnewnMdBJR3qY="),
        ] {
            let url = address.parse().unwrap();
            let request = Request { method, url: &url, seconds, nonce, hash, ext };
            assert_eq!(mac(&Secret::new(key.to_owned()), &request), expected, "{method} {address} {hash}");
        }
    }

    #[test]
    fn a_header_names_all_that_was_signed() {
        let (address, key) = SRAPS;
        let (url, key) = (address.parse().unwrap(), Secret::new(key.to_owned()));
        let header = |id| authorization(id, &key, "GET", &url, ("", b""), Time::from_millis(1_700_000_000_999), "abcdefgh");
        let expected = r#"Hawk id="testkeyid", ts="1700000000", nonce="abcdefgh", hash="B0weSUXsMcb5UhL41FZbrUJCAotzSI3HawE1NPLRUz8=", mac="1ApemxTjnSoWYRkdbB2mDRGBg+/nFjxnewnMdBJR3qY=""#;
        assert_eq!(header("testkeyid").as_deref(), Some(expected));
        for bad in ["", "a\"b", "a\\b", "ä"] {
            assert_eq!(header(bad), None, "{bad:?}");
        }
    }
}
