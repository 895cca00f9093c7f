//! The `Authorization` value as phones write it, and the judgement over a Digest.

use std::fmt::Write as _;

use base64::{Engine as _, engine::general_purpose::STANDARD};
use proptest::prelude::*;
use wire::{
    auth::{self, Check, Credentials, DigestResponse, Malformed, Request, check_digest},
    challenge::{self, Challenge, DigestChallenge, Offer},
    digest::{Algorithm, Qop, Rules, Verifier, answer, verify},
    limits::{HEADER_BYTES_MAX, PARAMETER_BYTES_MAX},
    nonce::{Counts, NonceKey, mint},
};

fn digest(header: &str) -> DigestResponse {
    match auth::parse(header.as_bytes()) {
        Ok(Credentials::Digest(sent)) => sent,
        other => panic!("{header} was read as {other:?}"),
    }
}

fn basic(header: &[u8]) -> Result<(String, String), Malformed> {
    match auth::parse(header)? {
        Credentials::Basic { user, password } => Ok((user, password.expose().to_owned())),
        Credentials::Digest(sent) => panic!("read as {sent:?}"),
    }
}

#[test]
fn basic_is_read_as_phones_write_it() {
    let check = |header: &[u8], user: &str, password: &str| {
        assert_eq!(basic(header), Ok((user.to_owned(), password.to_owned())), "{}", header.escape_ascii());
    };
    check(b"Basic QWxhZGRpbjpvcGVuIHNlc2FtZQ==", "Aladdin", "open sesame");
    check(b"basic  QWxhZGRpbjpvcGVuIHNlc2FtZQ== ", "Aladdin", "open sesame");
    check(b"BASIC\tQWxhZGRpbjpvcGVuIHNlc2FtZQ", "Aladdin", "open sesame");
    check(b"Basic Og==", "", "");
    let encoded = |pair: &[u8]| format!("Basic {}", STANDARD.encode(pair));
    check(encoded(b"a:b:c:").as_bytes(), "a", "b:c:");
    check(encoded("Jörg:geheim€".as_bytes()).as_bytes(), "Jörg", "geheim€");
    check(encoded(b"J\xf6rg:\xa3").as_bytes(), "Jörg", "£");
    check(auth::basic_answer("Jörg", "a:b").as_bytes(), "Jörg", "a:b");
}

#[test]
fn basic_that_says_nothing_is_refused() {
    let encoded = |pair: &[u8]| format!("Basic {}", STANDARD.encode(pair));
    assert_eq!(basic(b"Basic"), Err(Malformed::Basic));
    assert_eq!(basic(b"Basic QWxhZGRpbg=="), Err(Malformed::Basic), "no colon");
    assert_eq!(basic(b"Basic QWxh ZGRpbjpv"), Err(Malformed::Basic));
    assert_eq!(basic(b"Basic a:b"), Err(Malformed::Basic));
    assert_eq!(basic(encoded(b"a:b\r\nX: y").as_bytes()), Err(Malformed::ControlCharacter));
    assert_eq!(basic(encoded(b"a\0:b").as_bytes()), Err(Malformed::ControlCharacter));
    let long = "x".repeat(PARAMETER_BYTES_MAX);
    assert!(basic(encoded(format!("{long}:{long}").as_bytes()).as_bytes()).is_ok());
    assert_eq!(basic(encoded(format!("{long}x:").as_bytes()).as_bytes()), Err(Malformed::TooLong));
    assert_eq!(basic(encoded(format!(":{long}x").as_bytes()).as_bytes()), Err(Malformed::TooLong));
}

#[test]
fn other_schemes_and_rubbish_are_told_apart() {
    let check = |header: &[u8], expected| assert_eq!(auth::parse(header).unwrap_err(), expected, "{}", header.escape_ascii());
    check(b"", Malformed::OtherScheme);
    check(b"Bearer abc", Malformed::OtherScheme);
    check(b"\"Basic\" x", Malformed::OtherScheme);
    check(b"Basic\0", Malformed::ControlCharacter);
    check(&vec![b'B'; HEADER_BYTES_MAX + 1], Malformed::TooLong);
    check(b"Digest", Malformed::Missing("response"));
}

const RESPONSE: &str = "6629fae49393a05397450978507c4ef1";

#[test]
fn digest_is_read_as_phones_write_it() {
    let sent = digest(&format!(
        r#"dIGEST  Username = "we\"ird\\ us, er" ,realm="r",,NONCE=abc==,uri=/cfg/a.cfg?x=1&y,qop="auth",algorithm="md5",nc=1,cnonce="c",response={}, opaque="", userhash=false,"#,
        RESPONSE.to_uppercase()
    ));
    assert_eq!(sent.username, r#"we"ird\ us, er"#);
    assert_eq!((&*sent.realm, &*sent.nonce, &*sent.uri, sent.opaque.as_deref()), ("r", "abc==", "/cfg/a.cfg?x=1&y", Some("")));
    assert_eq!((sent.algorithm, sent.response.as_str()), (Algorithm::Md5, RESPONSE));
    let protection = sent.protection.unwrap();
    assert_eq!((protection.qop, protection.nc.value, protection.nc.as_str(), &*protection.cnonce), (Qop::Auth, 1, "1", "c"));
    let header = [b"Digest username=\"J\xf6rg\",realm=r,nonce=n,uri=/,response=", RESPONSE.as_bytes()].concat();
    let Ok(Credentials::Digest(sent)) = auth::parse(&header) else { panic!("Latin-1 is read") };
    assert_eq!(sent.username, "Jörg");
    assert!(sent.protection.is_none());
}

#[test]
fn digest_that_cannot_be_meant_is_refused() {
    let base =
        ["username=u", "realm=r", "nonce=n", "uri=/", "qop=auth", "nc=00000001", "cnonce=c", "response=6629fae49393a05397450978507c4ef1"];
    let check = |changed: &str, expected: Malformed| {
        let name = changed.split('=').next().unwrap();
        let kept = base.iter().filter(|one| one.split('=').next() != Some(name)).copied();
        let header = format!("Digest {}", kept.chain(changed.contains('=').then_some(changed)).collect::<Vec<_>>().join(", "));
        assert_eq!(auth::parse(header.as_bytes()).unwrap_err(), expected, "{header}");
    };
    for name in ["username", "realm", "nonce", "uri", "response", "nc", "cnonce"] {
        check(name, Malformed::Missing(name));
    }
    check("response=6629fae49393a05397450978507c4ef", Malformed::Value("response"));
    check("response=x629fae49393a05397450978507c4ef1", Malformed::Value("response"));
    check("algorithm=SHA-256", Malformed::Value("response"));
    check("algorithm=SHA-1", Malformed::Value("algorithm"));
    check("qop=none", Malformed::Value("qop"));
    check("nc=000000001", Malformed::Value("nc"));
    check("nc=-1", Malformed::Value("nc"));
    check("nc=", Malformed::Value("nc"));
    check("username=u, USERNAME=v", Malformed::Duplicate);
    check("x=1, x=1", Malformed::Duplicate);
    let sess = format!("Digest username=u, realm=r, nonce=n, uri=/, algorithm=MD5-sess, response={RESPONSE}");
    assert_eq!(auth::parse(sess.as_bytes()).unwrap_err(), Malformed::Missing("qop"));
}

#[test]
fn nothing_that_helps_a_thief_is_printed() {
    let basic = auth::parse(auth::basic_answer("phone", "hunter2").as_bytes()).unwrap();
    assert_eq!(format!("{basic:?}"), r#"Basic { user: "phone", password: Password(..) }"#);
    let digest = auth::parse(format!("Digest username=u,realm=r,nonce=n,uri=/,response={RESPONSE}").as_bytes()).unwrap();
    assert!(!format!("{digest:?}").contains("6629"));
    assert_eq!(format!("{:?}", Verifier::Password("hunter2")), "Verifier(..)");
    assert_eq!(format!("{:?}", wire::digest::ha1(Algorithm::Md5, "a", "b", "c")), "Ha1(..)");
}

#[test]
fn the_signed_target_is_the_requested_one() {
    let check = |signed: &str, requested: &str, same: bool| {
        let sent = digest(&answer(&offered(Algorithm::Md5, "n"), "u", "p", "GET", signed, 1, "c"));
        let proved = verify(&sent, "GET", requested, Verifier::Password("p"), Rules { allow_rfc2069: false });
        assert_eq!(proved, same, "{signed} for {requested}");
    };
    check("/cfg/a.cfg?x=1", "/cfg/a.cfg?x=1", true);
    check("https://phones.example.com:8443/cfg/a.cfg?x=1", "/cfg/a.cfg?x=1", true);
    check("/cfg/a.cfg", "HTTP://phones.example.com/cfg/a.cfg", true);
    check("http://phones.example.com", "/", true);
    check("http://phones.example.com?x", "/?x", true);
    check("*", "*", true);
    check("/cfg/a.cfg", "/cfg/a.cfg?x=1", false);
    check("/cfg/a.cfg?x=1", "/cfg/a.cfg", false);
    check("/cfg/a.cfg?", "/cfg/a.cfg", false);
    check("/cfg/%61.cfg", "/cfg/a.cfg", false);
    check("/cfg/../cfg/a.cfg", "/cfg/a.cfg", false);
    check("/cfg//a.cfg", "/cfg/a.cfg", false);
    check("/CFG/a.cfg", "/cfg/a.cfg", false);
    check("ftp://phones.example.com/cfg/a.cfg", "/cfg/a.cfg", false);
    check("", "/", false);
}

/// What a phone with an old character set hashes is right too, as long as it means the same text.
#[test]
fn passwords_beyond_ascii_are_proved_in_utf8_and_latin1() {
    let check = |username: &[u8], secret: &[u8], expected: bool| {
        let hash = |text: &[u8]| md5_hex(text);
        let secret = hash(&[username, b":r:", secret].concat());
        let response = hash(format!("{secret}:n:{}", hash(b"GET:/")).as_bytes());
        let header = [b"Digest username=\"", username, b"\",realm=r,nonce=n,uri=/,response=", response.as_bytes()].concat();
        let Ok(Credentials::Digest(sent)) = auth::parse(&header) else { panic!("not read") };
        assert_eq!(verify(&sent, "GET", "/", Verifier::Password("gäh"), Rules { allow_rfc2069: true }), expected);
    };
    check("Jörg".as_bytes(), "gäh".as_bytes(), true);
    check(b"J\xf6rg", b"g\xe4h", true);
    check(b"Joerg", b"g\xe4h", true);
    check(b"J\xf6rg", b"g\xe5h", false);
}

fn md5_hex(text: &[u8]) -> String {
    use md5::Digest as _;
    format!("{:032x}", u128::from_be_bytes(md5::Md5::digest(text).into()))
}

const NOW: u64 = 1_800_000_000_000;
const LIFETIME: u64 = 300_000;

fn offered(algorithm: Algorithm, nonce: &str) -> DigestChallenge {
    DigestChallenge { realm: "Ringfence".into(), nonce: nonce.into(), algorithm, qop_auth: true, stale: false, opaque: None }
}

/// Every nonce with every kind of answer: what it is worth, and (`+`) whether it used up a count.
#[test]
fn the_matrix_of_judgements() {
    let (key, foreign) = (NonceKey::new(&[1; 32]), NonceKey::new(&[2; 32]));
    let nonces = [
        ("fresh", mint(&key, NOW - 1, [0; 8])),
        ("old", mint(&key, NOW - LIFETIME - 1, [0; 8])),
        ("future", mint(&key, NOW + 60_001, [0; 8])),
        ("foreign", mint(&foreign, NOW - 1, [0; 8])),
        ("rubbish", "dcd98b7102dd2f0e8b11d0f600bfb0c093".to_owned()),
    ];
    let mut table = String::new();
    for (name, nonce) in &nonces {
        write!(table, "{name:8}").unwrap();
        for kind in ["right", "password", "method", "target", "realm", "auth-int", "rfc2069", "rfc2069 tls", "repeated"] {
            let (check, spent) = judge(&key, nonce, kind);
            write!(table, " | {kind}: {check:?}{}", if spent { "+" } else { "" }).unwrap();
        }
        table.push('\n');
    }
    let useless = "right: Stale | password: Stale | method: Stale | target: Stale | realm: Stale | auth-int: Stale | rfc2069: Stale | rfc2069 tls: Stale | repeated: Stale\n";
    let fresh = "right: Right+ | password: Wrong | method: Wrong | target: Wrong | realm: Wrong | auth-int: Wrong | rfc2069: Wrong | rfc2069 tls: Right+ | repeated: Stale\n";
    let expected = format!("fresh    | {fresh}old      | {useless}future   | {useless}foreign  | {useless}rubbish  | {useless}");
    assert_eq!(table, expected);
}

fn judge(key: &NonceKey, nonce: &str, kind: &str) -> (Check, bool) {
    let mut challenge = offered(Algorithm::Sha256, nonce);
    challenge.qop_auth = !kind.starts_with("rfc2069");
    if kind == "realm" {
        challenge.realm = "elsewhere".into();
    }
    let mut header = answer(&challenge, "u", if kind == "password" { "q" } else { "p" }, "GET", "/a", 1, "c");
    if kind == "auth-int" {
        header = header.replace("qop=auth", "qop=auth-int");
    }
    let request = Request {
        method: if kind == "method" { "PUT" } else { "GET" },
        target: if kind == "target" { "/b" } else { "/a" },
        realm: "Ringfence",
        keys: std::slice::from_ref(key),
        now_millis: NOW,
        lifetime_millis: LIFETIME,
        rules: Rules { allow_rfc2069: kind == "rfc2069 tls" },
    };
    let mut counts = Counts::new(10, LIFETIME);
    let sent = digest(&header);
    if kind == "repeated" {
        check_digest(&sent, &request, Verifier::Password("p"), |one| counts.spend(one, NOW));
    }
    let before = counts.len();
    let check = check_digest(&sent, &request, Verifier::Password("p"), |one| counts.spend(one, NOW));
    (check, counts.len() > before)
}

proptest! {
    #[test]
    fn no_bytes_make_it_panic(bytes in prop::collection::vec(any::<u8>(), 0..600)) {
        let _ = auth::parse(&bytes);
        let _ = challenge::parse(&bytes);
    }

    #[test]
    fn no_headerlike_bytes_make_it_panic(text in r#"(Basic|Digest|digest|X)[ \t]{0,2}((username|realm|nonce|uri|qop|nc|cnonce|response|algorithm|[a-z]{1,3})[ ]?=?[ ]?("?[a-zA-Z0-9=\\",/ ö-]{0,40}"?),?[ ]?){0,12}"#) {
        let _ = auth::parse(text.as_bytes());
        if let Ok(challenges) = challenge::parse(text.as_bytes()) {
            for challenge in challenges {
                if let Challenge::Digest(challenge) = challenge {
                    let sent = digest(&answer(&challenge, "u", "p", "GET", "/", 1, "c"));
                    prop_assert_eq!(sent.nonce, challenge.nonce);
                }
            }
        }
    }

    #[test]
    fn what_a_client_builds_is_read_back_and_proved(
        user in r"[^\x00-\x1f\x7f]{0,60}",
        password in r"[^\x00-\x1f\x7f]{0,60}",
        realm in r"[^\x00-\x1f\x7f]{0,60}",
        path in r"/[!-~]{0,60}",
        cnonce in "[!-~]{1,40}",
        nc in any::<u32>(),
        algorithm in prop::sample::select(&[Algorithm::Md5, Algorithm::Md5Sess, Algorithm::Sha256, Algorithm::Sha256Sess][..]),
    ) {
        let offer = Offer { realm: &realm, nonce: "abc-_123", algorithms: &[algorithm], basic: false, stale: true };
        let read = challenge::parse(offer.header_values()[0].as_bytes()).unwrap();
        let [Challenge::Digest(challenge)] = &read[..] else { panic!("{read:?}") };
        prop_assert_eq!(&challenge.realm, &realm);
        let sent = digest(&answer(challenge, &user, &password, "GET", &path, nc, &cnonce));
        prop_assert_eq!(&sent.username, &user);
        prop_assert_eq!(&sent.uri, &path);
        prop_assert_eq!(sent.protection.as_ref().unwrap().nc.value, nc);
        let strict = Rules { allow_rfc2069: false };
        prop_assert!(verify(&sent, "GET", &path, Verifier::Password(&password), strict));
        let other = format!("{password}x");
        prop_assert!(!verify(&sent, "GET", &path, Verifier::Password(&other), strict));
    }

    #[test]
    fn basic_is_read_back(user in r"[^:\x00-\x1f\x7f]{0,60}", password in r"[^\x00-\x1f\x7f]{0,60}") {
        let header = auth::basic_answer(&user, &password);
        prop_assert_eq!(basic(header.as_bytes()), Ok((user, password)));
    }
}
