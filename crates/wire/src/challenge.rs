//! The `WWW-Authenticate` values: made for phones, read for our own simulated ones.

use crate::{
    digest::Algorithm,
    limits::CHALLENGES_MAX,
    params::{Malformed, Parameters, Scanner, write_quoted},
};

/// What a 401 offers.
#[derive(Debug, Clone, Copy)]
pub struct Offer<'a> {
    /// The realm of every challenge.
    pub realm: &'a str,
    /// The nonce of every Digest challenge.
    pub nonce: &'a str,
    /// Digest algorithms, most wanted first; usually [`Offer::ALGORITHMS`].
    pub algorithms: &'a [Algorithm],
    /// Whether to offer Basic, last. Never outside TLS.
    pub basic: bool,
    /// Whether the phone's answer was refused only because its nonce is of no use any more.
    pub stale: bool,
}

impl Offer<'_> {
    /// SHA-256 first: a client takes the first that it knows. MD5 for the phones, which mostly know no other.
    pub const ALGORITHMS: &'static [Algorithm] = &[Algorithm::Sha256, Algorithm::Md5];

    /// The challenges, each the value of a header field of its own: old clients read no list of challenges.
    pub fn header_values(&self) -> Vec<String> {
        let mut values = self.algorithms.iter().map(|algorithm| self.digest(*algorithm)).collect::<Vec<_>>();
        if self.basic {
            let mut value = String::from("Basic ");
            write_quoted(&mut value, "realm", self.realm);
            values.push(value);
        }
        values
    }

    fn digest(&self, algorithm: Algorithm) -> String {
        let mut value = String::with_capacity(160);
        value.push_str("Digest ");
        write_quoted(&mut value, "realm", self.realm);
        value.push_str(", ");
        write_quoted(&mut value, "nonce", self.nonce);
        value.push_str(", algorithm=");
        value.push_str(algorithm.name());
        value.push_str(", qop=\"auth\"");
        if self.stale {
            value.push_str(", stale=true");
        }
        value
    }
}

/// One challenge of a server.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Challenge {
    /// User and password in clear.
    Basic {
        /// What the server calls itself.
        realm: String,
    },
    /// A proof of the password.
    Digest(DigestChallenge),
}

/// A Digest challenge that [`crate::digest::answer`] can answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DigestChallenge {
    /// What the server calls itself.
    pub realm: String,
    /// To be returned and hashed.
    pub nonce: String,
    /// The hash asked for.
    pub algorithm: Algorithm,
    /// Whether `qop=auth` is offered; without any `qop` the answer has the form of RFC 2069.
    pub qop_auth: bool,
    /// Whether the last answer failed only by its nonce, so that the user need not be asked again.
    pub stale: bool,
    /// To be returned.
    pub opaque: Option<String>,
}

/// Reads the challenges of one header value in their order. Those that nobody here could answer are left out:
/// other schemes, other algorithms, `auth-int` alone, `-sess` without `qop`.
///
/// # Errors
///
/// [`Malformed`] if the value is no list of challenges or passes a limit.
pub fn parse(header_value: &[u8]) -> Result<Vec<Challenge>, Malformed> {
    let mut scanner = Scanner::new(header_value)?;
    let mut read: Vec<(&str, Parameters<'_>)> = Vec::new();
    scanner.separator();
    while !scanner.rest().is_empty() {
        let name = scanner.token().ok_or(Malformed::Syntax)?;
        if scanner.equals() {
            let (_, parameters) = read.last_mut().ok_or(Malformed::OtherScheme)?;
            parameters.push(name, scanner.value()?)?;
        } else {
            if read.len() == CHALLENGES_MAX {
                return Err(Malformed::TooLong);
            }
            read.push((name, Parameters::default()));
            if !scanner.token68() {
                continue;
            }
        }
        if !scanner.separator() {
            return Err(Malformed::Syntax);
        }
    }
    read.iter().filter_map(|(scheme, parameters)| challenge(scheme, parameters).transpose()).collect()
}

fn challenge(scheme: &str, parameters: &Parameters<'_>) -> Result<Option<Challenge>, Malformed> {
    if scheme.eq_ignore_ascii_case("basic") {
        return Ok(Some(Challenge::Basic { realm: parameters.text("realm")? }));
    }
    if !scheme.eq_ignore_ascii_case("digest") {
        return Ok(None);
    }
    let algorithm = parameters.find("algorithm").map_or(Some(Algorithm::Md5), Algorithm::named);
    let qop = parameters.find("qop");
    let qop_auth = qop.is_some_and(|list| list.split(|byte| *byte == b',').any(|one| one.trim_ascii().eq_ignore_ascii_case(b"auth")));
    let can_answer = |algorithm: &Algorithm| qop_auth || qop.is_none() && !algorithm.is_session();
    let Some(algorithm) = algorithm.filter(can_answer) else { return Ok(None) };
    Ok(Some(Challenge::Digest(DigestChallenge {
        realm: parameters.text("realm")?,
        nonce: parameters.exact("nonce")?,
        algorithm,
        qop_auth,
        stale: parameters.find("stale").is_some_and(|value| value.eq_ignore_ascii_case(b"true")),
        opaque: parameters.find("opaque").map(|_| parameters.exact("opaque")).transpose()?,
    })))
}

#[cfg(test)]
mod tests {
    use super::*;

    const OFFER: Offer<'_> = Offer { realm: "Ringfence", nonce: "abc", algorithms: Offer::ALGORITHMS, basic: true, stale: false };

    fn digest(algorithm: Algorithm) -> DigestChallenge {
        DigestChallenge { realm: "Ringfence".into(), nonce: "abc".into(), algorithm, qop_auth: true, stale: false, opaque: None }
    }

    #[test]
    fn the_offer_is_sha256_then_md5_then_basic() {
        let expected = [
            r#"Digest realm="Ringfence", nonce="abc", algorithm=SHA-256, qop="auth""#,
            r#"Digest realm="Ringfence", nonce="abc", algorithm=MD5, qop="auth""#,
            r#"Basic realm="Ringfence""#,
        ];
        assert_eq!(OFFER.header_values(), expected);
        let stale = Offer { basic: false, stale: true, ..OFFER }.header_values();
        assert_eq!(stale, expected[..2].iter().map(|value| format!("{value}, stale=true")).collect::<Vec<_>>());
    }

    #[test]
    fn a_realm_cannot_end_its_header() {
        let offer = Offer { realm: "a\"b\\c\r\nX: y", algorithms: &[Algorithm::Md5], basic: false, ..OFFER };
        let values = offer.header_values();
        assert_eq!(values, [r#"Digest realm="a\"b\\cX: y", nonce="abc", algorithm=MD5, qop="auth""#]);
        let read = parse(values[0].as_bytes()).unwrap();
        let [Challenge::Digest(read)] = &read[..] else { panic!("one Digest challenge, not {read:?}") };
        assert_eq!(read.realm, "a\"b\\cX: y");
    }

    #[test]
    fn what_we_offer_we_can_read_one_by_one_and_joined() {
        let basic = Challenge::Basic { realm: "Ringfence".into() };
        let expected = [Challenge::Digest(digest(Algorithm::Sha256)), Challenge::Digest(digest(Algorithm::Md5)), basic];
        let values = OFFER.header_values();
        for (value, challenge) in values.iter().zip(&expected) {
            assert_eq!(parse(value.as_bytes()).as_deref(), Ok(std::slice::from_ref(challenge)));
        }
        assert_eq!(parse(values.join(", ").as_bytes()).as_deref(), Ok(&expected[..]));
    }

    #[test]
    fn other_servers_challenges_are_read_or_left_out() {
        let check = |value: &str, expected: Result<&[Challenge], Malformed>| {
            assert_eq!(parse(value.as_bytes()).as_deref(), expected.as_ref().map(|list| *list), "{value}");
        };
        let rfc2069 = DigestChallenge { qop_auth: false, opaque: Some("o".into()), ..digest(Algorithm::Md5) };
        check(r#"DIGEST Realm="Ringfence",NONCE=abc,opaque=o"#, Ok(&[Challenge::Digest(rfc2069)]));
        let stale = DigestChallenge { stale: true, ..digest(Algorithm::Md5) };
        check(r#"Digest realm="Ringfence", nonce=abc, qop="auth-int, AUTH", stale="TRUE""#, Ok(&[Challenge::Digest(stale)]));
        check(r#"Digest realm="Ringfence", nonce=abc, qop="auth-int""#, Ok(&[]));
        check(r#"Digest realm="Ringfence", nonce=abc, algorithm=SHA-512-256, qop="auth""#, Ok(&[]));
        check("Digest realm=r, nonce=n, algorithm=MD5-sess", Ok(&[]));
        check("Negotiate", Ok(&[]));
        let basic = [Challenge::Basic { realm: "r".into() }];
        check("Negotiate TlRMTVNTUAAC==, Basic realm=r", Ok(&basic));
        check("Negotiate, Bearer scope=\"a b\", error=x, Basic realm=r,", Ok(&basic));
        check("", Ok(&[]));
        check("Basic", Err(Malformed::Missing("realm")));
        check("Digest realm=r", Err(Malformed::Missing("nonce")));
        check("realm=r", Err(Malformed::OtherScheme));
        check("Basic realm=a, realm=b", Err(Malformed::Duplicate));
        check("Basic realm=\"a", Err(Malformed::Syntax));
        check(&["Basic realm=a"; CHALLENGES_MAX + 1].join(","), Err(Malformed::TooLong));
    }
}
