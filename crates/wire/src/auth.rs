//! The `Authorization` value: reading it, and judging a Digest in it as a whole.

use std::fmt;

use base64::{
    Engine as _,
    alphabet::STANDARD,
    engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig},
};
use subtle::ConstantTimeEq as _;

use crate::{
    digest,
    limits::PARAMETER_BYTES_MAX,
    nonce::{self, Freshness, Mark, NonceKey, Use},
    params::{Parameters, Scanner, text},
};
pub use crate::{
    digest::{DigestResponse, Rules, Verifier},
    params::Malformed,
};

/// Base64 as phones write it: padding may be absent, unused bits may be set.
const BASE64: GeneralPurpose = GeneralPurpose::new(
    &STANDARD,
    GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent).with_decode_allow_trailing_bits(true),
);

/// What an `Authorization` value says. Parsed, not yet believed.
#[expect(clippy::large_enum_variant, reason = "lives on the stack of one request; a box would cost an allocation each")]
#[derive(Debug, Clone)]
pub enum Credentials {
    /// User and password in clear.
    Basic {
        /// Everything before the first colon.
        user: String,
        /// Everything after it.
        password: Password,
    },
    /// A proof of the password, for [`check_digest`].
    Digest(DigestResponse),
}

/// A password as it was sent. `Debug` shows nothing.
#[derive(Clone)]
pub struct Password(String);

impl Password {
    /// The password itself.
    pub fn expose(&self) -> &str {
        &self.0
    }

    /// Compares in a time that depends on the lengths only.
    pub fn matches(&self, expected: &str) -> bool {
        self.0.as_bytes().ct_eq(expected.as_bytes()).into()
    }
}

impl fmt::Debug for Password {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Password(..)")
    }
}

/// Reads one `Authorization` value. A request with several such headers has none that counts; that is for the caller.
///
/// Text that is not UTF-8 is taken for Latin-1.
///
/// # Errors
///
/// [`Malformed`]; of these, [`Malformed::OtherScheme`] only says that it is meant for somebody else.
pub fn parse(header_value: &[u8]) -> Result<Credentials, Malformed> {
    let mut scanner = Scanner::new(header_value)?;
    let scheme = scanner.token().ok_or(Malformed::OtherScheme)?;
    if scheme.eq_ignore_ascii_case("basic") {
        return basic(scanner.rest());
    }
    if scheme.eq_ignore_ascii_case("digest") {
        return DigestResponse::from_parameters(&Parameters::read(&mut scanner)?).map(Credentials::Digest);
    }
    Err(Malformed::OtherScheme)
}

/// The client's `Authorization` value for Basic.
pub fn basic_answer(user: &str, password: &str) -> String {
    let mut header = String::from("Basic ");
    BASE64.encode_string(format!("{user}:{password}"), &mut header);
    header
}

/// What a request's Digest is worth.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Check {
    /// Proved, and its count is spent.
    Right,
    /// Fresh, but not proved: secret, method, target, realm or form is not the one expected. Counts as a try.
    Wrong,
    /// Nothing was learned, as the nonce is of no use: too old, used up, or not ours (any more). Answered with a new
    /// nonce and `stale=true`, never counted as a try.
    Stale,
    /// Cannot be read as an answer to any challenge.
    Malformed,
}

impl From<Malformed> for Check {
    fn from(_: Malformed) -> Self {
        Self::Malformed
    }
}

/// The request that a Digest came with, and what the server holds against it.
#[derive(Debug, Clone, Copy)]
pub struct Request<'a> {
    /// The method, as sent.
    pub method: &'a str,
    /// The request target, as sent. Of no effect in SIP.
    pub target: &'a str,
    /// The realm of our challenges.
    pub realm: &'a str,
    /// The keys whose nonces are valid.
    pub keys: &'a [NonceKey],
    /// Now, in milliseconds of the clock that minted the nonces.
    pub now_millis: u64,
    /// How long a nonce is good for.
    pub lifetime_millis: u64,
    /// What this place allows.
    pub rules: Rules,
}

/// Judges a Digest: first the nonce, then the proof, last the count.
///
/// * A nonce that is not ours is `Stale` like an old one: after a change of keys, or with a nonce kept from another
///   server, a phone recovers by itself instead of asking its user. The secret is not looked at then, so such
///   requests try no password and give no hint about one.
/// * `spend` (usually [`crate::nonce::Counts::spend`] under a lock) is asked only for a right proof. If it refuses,
///   the answer is a repetition: `Stale`, since an honest phone whose request was sent twice then just asks again.
/// * `Wrong` spends nothing, so that the same answer may be tried on the next of several logins.
///
/// For an unknown user, check against any password that nobody has, so that the time tells nothing.
pub fn check_digest(sent: &DigestResponse, request: &Request<'_>, verifier: Verifier<'_>, spend: impl FnOnce(Use) -> bool) -> Check {
    judge(sent, request, || digest::verify(sent, request.method, request.target, verifier, request.rules), spend)
}

/// Judges a Digest of a SIP request like [`check_digest`], but for the target: see [`digest::verify_sip`]. The form of
/// RFC 2069 repeats more freely here, as a request of SIP may travel without TLS: allow it on TLS only.
pub fn check_sip_digest(sent: &DigestResponse, request: &Request<'_>, verifier: Verifier<'_>, spend: impl FnOnce(Use) -> bool) -> Check {
    judge(sent, request, || digest::verify_sip(sent, request.method, verifier, request.rules), spend)
}

fn judge(sent: &DigestResponse, request: &Request<'_>, proves: impl FnOnce() -> bool, spend: impl FnOnce(Use) -> bool) -> Check {
    let Freshness::Fresh(nonce) = nonce::check(request.keys, &sent.nonce, request.now_millis, request.lifetime_millis) else {
        return Check::Stale;
    };
    if !proves() || sent.realm != request.realm {
        return Check::Wrong;
    }
    let mark = match &sent.protection {
        Some(protection) => Mark::Count(protection.nc.value),
        None => Mark::Response(sent.response.mark()),
    };
    if spend(Use { nonce, mark }) { Check::Right } else { Check::Stale }
}

fn basic(encoded: &[u8]) -> Result<Credentials, Malformed> {
    let decoded = BASE64.decode(encoded).map_err(|_| Malformed::Basic)?;
    let colon = decoded.iter().position(|byte| *byte == b':').ok_or(Malformed::Basic)?;
    let (user, password) = (&decoded[..colon], &decoded[colon + 1..]);
    if user.len().max(password.len()) > PARAMETER_BYTES_MAX {
        return Err(Malformed::TooLong);
    }
    if decoded.iter().any(u8::is_ascii_control) {
        return Err(Malformed::ControlCharacter);
    }
    // One character set for both halves: a user name alone may happen to be ASCII.
    let both = text(&decoded);
    let (user, password) = both.split_once(':').ok_or(Malformed::Basic)?;
    Ok(Credentials::Basic { user: user.to_owned(), password: Password(password.to_owned()) })
}
