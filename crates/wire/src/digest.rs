//! The Digest scheme's arithmetic: HA1, the response, its proof, and the client's answer.
//!
//! RFC 7616 with `qop=auth`, MD5 and SHA-256, plain and `-sess`; and the form of RFC 2069, which has no `qop` and
//! no count, where the caller allows it. `auth-int` is never offered and never right: a phone's GET has no body, so
//! it would prove nothing more.

use std::fmt;

use md5::Md5;
use sha2::Sha256;
use subtle::ConstantTimeEq;

use crate::{
    challenge::DigestChallenge,
    params::{Malformed, Parameters, write_quoted},
};

/// The hash, and whether the secret part is bound to one nonce (`-sess`).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Algorithm {
    /// `MD5`, and what a missing parameter means.
    Md5,
    /// `MD5-sess`.
    Md5Sess,
    /// `SHA-256`.
    Sha256,
    /// `SHA-256-sess`.
    Sha256Sess,
}

impl Algorithm {
    const ALL: [Self; 4] = [Self::Md5, Self::Md5Sess, Self::Sha256, Self::Sha256Sess];

    /// The name on the wire.
    pub fn name(self) -> &'static str {
        match self {
            Self::Md5 => "MD5",
            Self::Md5Sess => "MD5-sess",
            Self::Sha256 => "SHA-256",
            Self::Sha256Sess => "SHA-256-sess",
        }
    }

    /// The algorithm of that name, in any case; none if it is another.
    pub fn named(name: &[u8]) -> Option<Self> {
        Self::ALL.into_iter().find(|algorithm| name.eq_ignore_ascii_case(algorithm.name().as_bytes()))
    }

    pub(crate) fn is_session(self) -> bool {
        matches!(self, Self::Md5Sess | Self::Sha256Sess)
    }

    fn digits(self) -> usize {
        match self {
            Self::Md5 | Self::Md5Sess => 32,
            Self::Sha256 | Self::Sha256Sess => 64,
        }
    }

    /// The hash over the parts with a colon between them.
    fn hash(self, parts: &[&[u8]]) -> Hex {
        match self {
            Self::Md5 | Self::Md5Sess => joined::<Md5>(parts),
            Self::Sha256 | Self::Sha256Sess => joined::<Sha256>(parts),
        }
    }
}

/// A hash as lower-case hexadecimal digits, 32 or 64 of them. Compared in constant time; `Debug` shows nothing,
/// as a response is enough to try passwords on.
#[derive(Clone, Copy)]
pub struct Hex {
    digits: [u8; 64],
    length: usize,
}

impl Hex {
    /// Reads 32 or 64 hexadecimal digits of either case.
    pub fn parse(text: &[u8]) -> Option<Self> {
        if !matches!(text.len(), 32 | 64) || !text.iter().all(u8::is_ascii_hexdigit) {
            return None;
        }
        let mut hex = Self { digits: [b'0'; 64], length: text.len() };
        hex.digits[..text.len()].copy_from_slice(text);
        hex.digits.make_ascii_lowercase();
        Some(hex)
    }

    /// The digits.
    pub fn as_str(&self) -> &str {
        std::str::from_utf8(self.as_bytes()).expect("hexadecimal digits are ASCII")
    }

    fn as_bytes(&self) -> &[u8] {
        &self.digits[..self.length]
    }

    /// The first 64 bits, to tell one response from another.
    pub(crate) fn mark(&self) -> u64 {
        self.digits[..16].iter().fold(0, |mark, digit| mark << 4 | u64::from(nibble(*digit)))
    }

    fn of(bytes: &[u8]) -> Self {
        let mut hex = Self { digits: [b'0'; 64], length: bytes.len() * 2 };
        for (pair, byte) in hex.digits.chunks_exact_mut(2).zip(bytes) {
            pair[0] = b"0123456789abcdef"[usize::from(byte >> 4)];
            pair[1] = b"0123456789abcdef"[usize::from(byte & 15)];
        }
        hex
    }
}

impl PartialEq for Hex {
    fn eq(&self, other: &Self) -> bool {
        self.as_bytes().ct_eq(other.as_bytes()).into()
    }
}

impl Eq for Hex {}

impl fmt::Debug for Hex {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Hex(..)")
    }
}

/// What stands for the password: the hash over user, realm and password. As good as the password within its realm,
/// so to be kept like one; `Debug` shows nothing.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Ha1(Hex);

impl Ha1 {
    /// From its stored form, 32 (MD5) or 64 (SHA-256) hexadecimal digits.
    pub fn parse(digits: &str) -> Option<Self> {
        Hex::parse(digits.as_bytes()).map(Self)
    }

    /// Its form for storage. A secret.
    pub fn expose(&self) -> &str {
        self.0.as_str()
    }
}

impl fmt::Debug for Ha1 {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Ha1(..)")
    }
}

/// The hash over user, realm and password. The same for an algorithm and its `-sess` form.
pub fn ha1(algorithm: Algorithm, user: &str, realm: &str, password: &str) -> Ha1 {
    Ha1(algorithm.hash(&[user.as_bytes(), realm.as_bytes(), password.as_bytes()]))
}

/// What a response is computed over, besides the secret; each text exactly as it stands in the header.
#[derive(Debug, Clone, Copy)]
pub struct Exchange<'a> {
    /// The hash in use.
    pub algorithm: Algorithm,
    /// The request's method.
    pub method: &'a str,
    /// The header's `uri`.
    pub uri: &'a str,
    /// The header's `nonce`.
    pub nonce: &'a str,
    /// The header's `nc` and `cnonce` under `qop=auth`; none in the form of RFC 2069.
    pub counted: Option<(&'a str, &'a str)>,
}

/// The response that proves the secret. `-sess` binds to this exchange's nonce and cnonce.
pub fn response(ha1: &Ha1, exchange: &Exchange<'_>) -> Hex {
    let hash = |parts: &[&[u8]]| exchange.algorithm.hash(parts);
    let nonce = exchange.nonce.as_bytes();
    let (nc, cnonce) = exchange.counted.unwrap_or_default();
    let secret = if exchange.algorithm.is_session() { hash(&[ha1.0.as_bytes(), nonce, cnonce.as_bytes()]) } else { ha1.0 };
    let request = hash(&[exchange.method.as_bytes(), exchange.uri.as_bytes()]);
    if exchange.counted.is_some() {
        hash(&[secret.as_bytes(), nonce, nc.as_bytes(), cnonce.as_bytes(), b"auth", request.as_bytes()])
    } else {
        hash(&[secret.as_bytes(), nonce, request.as_bytes()])
    }
}

/// What a phone sent in `Authorization: Digest …`. Parsed, not yet believed.
#[derive(Debug, Clone)]
pub struct DigestResponse {
    /// Who the phone says it is.
    pub username: String,
    /// The realm it answers for.
    pub realm: String,
    /// The challenge's nonce, as sent.
    pub nonce: String,
    /// The target it signs, as sent.
    pub uri: String,
    /// The proof.
    pub response: Hex,
    /// The hash; a missing parameter is read from the response's length.
    pub algorithm: Algorithm,
    /// `qop` and what comes with it; none in the form of RFC 2069.
    pub protection: Option<Protection>,
    /// The challenge's `opaque`, returned.
    pub opaque: Option<String>,
}

/// The part of a response that RFC 2069 did not have.
#[derive(Debug, Clone)]
pub struct Protection {
    /// What the response covers.
    pub qop: Qop,
    /// How often the nonce was used.
    pub nc: NonceCount,
    /// The phone's own nonce, as sent.
    pub cnonce: String,
}

/// What a response covers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Qop {
    /// Method and target.
    Auth,
    /// The body too; never offered, never right.
    AuthInt,
}

/// A nonce count: its value, and its digits as sent, because those are hashed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct NonceCount {
    /// The count.
    pub value: u32,
    digits: [u8; 8],
    length: usize,
}

impl NonceCount {
    /// Reads one to eight hexadecimal digits (RFC 7616 asks for eight, some phones drop the zeros).
    pub fn parse(text: &[u8]) -> Option<Self> {
        if !matches!(text.len(), 1..=8) || !text.iter().all(u8::is_ascii_hexdigit) {
            return None;
        }
        let value = text.iter().fold(0, |value, digit| value << 4 | u32::from(nibble(*digit)));
        let mut digits = [b'0'; 8];
        digits[..text.len()].copy_from_slice(text);
        Some(Self { value, digits, length: text.len() })
    }

    /// The digits as sent.
    pub fn as_str(&self) -> &str {
        std::str::from_utf8(&self.digits[..self.length]).expect("hexadecimal digits are ASCII")
    }
}

impl DigestResponse {
    pub(crate) fn from_parameters(parameters: &Parameters<'_>) -> Result<Self, Malformed> {
        let response = parameters.find("response").ok_or(Malformed::Missing("response"))?;
        let response = Hex::parse(response).ok_or(Malformed::Value("response"))?;
        let algorithm = match parameters.find("algorithm") {
            Some(name) => Algorithm::named(name).ok_or(Malformed::Value("algorithm"))?,
            None if response.length == Algorithm::Sha256.digits() => Algorithm::Sha256,
            None => Algorithm::Md5,
        };
        if response.length != algorithm.digits() {
            return Err(Malformed::Value("response"));
        }
        let protection = Protection::from_parameters(parameters)?;
        if algorithm.is_session() && protection.is_none() {
            return Err(Malformed::Missing("qop"));
        }
        Ok(Self {
            username: parameters.text("username")?,
            realm: parameters.text("realm")?,
            nonce: parameters.exact("nonce")?,
            uri: parameters.exact("uri")?,
            response,
            algorithm,
            protection,
            opaque: parameters.find("opaque").map(|_| parameters.exact("opaque")).transpose()?,
        })
    }
}

impl Protection {
    fn from_parameters(parameters: &Parameters<'_>) -> Result<Option<Self>, Malformed> {
        let qop = match parameters.find("qop") {
            // Without `qop` the form is that of RFC 2069, whatever else is there: that is how it was hashed.
            None | Some(b"") => return Ok(None),
            Some(name) if name.eq_ignore_ascii_case(b"auth") => Qop::Auth,
            Some(name) if name.eq_ignore_ascii_case(b"auth-int") => Qop::AuthInt,
            Some(_) => return Err(Malformed::Value("qop")),
        };
        let nc = parameters.find("nc").ok_or(Malformed::Missing("nc"))?;
        let nc = NonceCount::parse(nc).ok_or(Malformed::Value("nc"))?;
        Ok(Some(Self { qop, nc, cnonce: parameters.exact("cnonce")? }))
    }
}

/// What the server knows of the user. `Debug` shows nothing of it.
#[derive(Clone, Copy)]
pub enum Verifier<'a> {
    /// The password in clear.
    Password(&'a str),
    /// Its hash; right only for responses of the same hash.
    Ha1(&'a Ha1),
}

impl fmt::Debug for Verifier<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Verifier(..)")
    }
}

/// What the place of the request allows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Rules {
    /// The form without `qop`: it has no count, so only inside TLS, where nobody can listen and repeat it.
    pub allow_rfc2069: bool,
}

/// Whether the response proves the secret for this method and target. Judges neither nonce nor realm nor count:
/// that is [`crate::auth::check_digest`], which is what a server wants.
///
/// `target` is the request's. The header's `uri` must be the same text, where an absolute `http(s)` address counts
/// as its path and query; nothing is decoded or resolved. Takes constant time in the secret.
pub fn verify(sent: &DigestResponse, method: &str, target: &str, verifier: Verifier<'_>, rules: Rules) -> bool {
    origin_form(&sent.uri) == origin_form(target) && verify_sip(sent, method, verifier, rules)
}

/// Whether the response proves the secret for this method of SIP (RFC 3261 section 22, RFC 8760).
///
/// The header's `uri` is hashed as it stands and compared with nothing: a proxy may have rewritten the request's own
/// (section 22.4), and phones differ in what they put there. So the proof is for the method and the nonce only.
pub fn verify_sip(sent: &DigestResponse, method: &str, verifier: Verifier<'_>, rules: Rules) -> bool {
    let form_allowed = match &sent.protection {
        Some(protection) => protection.qop == Qop::Auth,
        None => rules.allow_rfc2069 && !sent.algorithm.is_session(),
    };
    if !form_allowed {
        return false;
    }
    let exchange = Exchange {
        algorithm: sent.algorithm,
        method,
        uri: &sent.uri,
        nonce: &sent.nonce,
        counted: sent.protection.as_ref().map(|protection| (protection.nc.as_str(), protection.cnonce.as_str())),
    };
    match verifier {
        Verifier::Ha1(ha1) => response(ha1, &exchange) == sent.response,
        Verifier::Password(password) => {
            let utf8 = ha1(sent.algorithm, &sent.username, &sent.realm, password);
            let right = response(&utf8, &exchange) == sent.response;
            right || latin1_ha1(sent, password).is_some_and(|latin1| response(&latin1, &exchange) == sent.response)
        }
    }
}

/// The client's `Authorization` value for a challenge: `nc` counts the uses of its nonce from 1, `cnonce` is the
/// client's own randomness. Without `qop` in the challenge the form is that of RFC 2069.
pub fn answer(challenge: &DigestChallenge, user: &str, password: &str, method: &str, uri: &str, nc: u32, cnonce: &str) -> String {
    let algorithm = challenge.algorithm;
    let count = format!("{nc:08x}");
    let counted = challenge.qop_auth.then_some((count.as_str(), cnonce));
    let exchange = Exchange { algorithm, method, uri, nonce: &challenge.nonce, counted };
    let proof = response(&ha1(algorithm, user, &challenge.realm, password), &exchange);

    let mut header = String::with_capacity(320);
    header.push_str("Digest ");
    for (name, value) in [("username", user), ("realm", &challenge.realm), ("nonce", &challenge.nonce), ("uri", uri)] {
        write_quoted(&mut header, name, value);
        header.push_str(", ");
    }
    write_quoted(&mut header, "response", proof.as_str());
    header.push_str(", algorithm=");
    header.push_str(algorithm.name());
    if counted.is_some() {
        header.push_str(", qop=auth, nc=");
        header.push_str(&count);
        header.push_str(", ");
        write_quoted(&mut header, "cnonce", cnonce);
    }
    if let Some(opaque) = &challenge.opaque {
        header.push_str(", ");
        write_quoted(&mut header, "opaque", opaque);
    }
    header
}

/// A phone with an old character set hashes Latin-1. Only worth a try where that differs from UTF-8.
fn latin1_ha1(sent: &DigestResponse, password: &str) -> Option<Ha1> {
    if sent.username.is_ascii() && sent.realm.is_ascii() && password.is_ascii() {
        return None;
    }
    let latin1 = |text: &str| text.chars().map(|character| u8::try_from(u32::from(character)).ok()).collect::<Option<Vec<u8>>>();
    let (user, realm, password) = (latin1(&sent.username)?, latin1(&sent.realm)?, latin1(password)?);
    Some(Ha1(sent.algorithm.hash(&[&user, &realm, &password])))
}

/// Path and query of a target; scheme and authority of an absolute address are left out.
fn origin_form(target: &str) -> (&str, &str) {
    let absolute = ["http://", "https://"].into_iter().find_map(|scheme| {
        let (start, rest) = target.split_at_checked(scheme.len())?;
        start.eq_ignore_ascii_case(scheme).then_some(rest)
    });
    let path_and_query = absolute.map_or(target, |rest| &rest[rest.find(['/', '?']).unwrap_or(rest.len())..]);
    let (path, query) = path_and_query.split_at(path_and_query.find('?').unwrap_or(path_and_query.len()));
    (if absolute.is_some() && path.is_empty() { "/" } else { path }, query)
}

fn joined<D: sha2::Digest>(parts: &[&[u8]]) -> Hex {
    let mut hash = D::new();
    for (at, part) in parts.iter().enumerate() {
        if at > 0 {
            hash.update(b":");
        }
        hash.update(part);
    }
    Hex::of(&hash.finalize())
}

fn nibble(digit: u8) -> u8 {
    match digit {
        b'0'..=b'9' => digit - b'0',
        _ => (digit | 0x20) - b'a' + 10,
    }
}
