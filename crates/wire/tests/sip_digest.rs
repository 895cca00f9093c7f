//! Digest in SIP: the same arithmetic over other methods and addresses, and no comparison of addresses.
//!
//! No RFC has an example with a true response, so these were computed from the formulas with Python's hashlib.

use wire::{
    auth::{self, Check, Credentials, DigestResponse, Request, check_digest, check_sip_digest},
    challenge::{self, Challenge, Offer},
    digest::{Algorithm, Rules, Verifier, answer, ha1, verify, verify_sip},
    nonce::{Counts, NonceKey, mint},
};

const USER: &str = "c7";
const REALM: &str = "phones.example.com";
const PASSWORD: &str = "throw-away";
const TLS: Rules = Rules { allow_rfc2069: true };
const PLAIN: Rules = Rules { allow_rfc2069: false };

const REGISTER: &str = "sip:phones.example.com";
const INVITE: &str = "sip:*89@phones.example.com;user=phone";
const NOTIFY: &str = "sip:c7@192.0.2.7:5062;transport=tcp";

fn digest(header: &str) -> DigestResponse {
    match auth::parse(header.as_bytes()) {
        Ok(Credentials::Digest(sent)) => sent,
        other => panic!("{header} was read as {other:?}"),
    }
}

fn header(uri: &str, more: &str) -> String {
    format!(r#"Digest username="{USER}",realm="{REALM}",nonce="84a4cc6f3082121f32b42a2187831a9e",uri="{uri}",{more}"#)
}

#[test]
fn responses_of_each_method_and_hash() {
    let check = |method: &str, uri: &str, response: &str| {
        let counted = format!(r#"qop=auth,nc=00000001,cnonce="0a4f113b",response="{response}""#);
        let sent = digest(&header(uri, &counted));
        let known = ha1(sent.algorithm, USER, REALM, PASSWORD);
        assert!(verify_sip(&sent, method, Verifier::Password(PASSWORD), PLAIN), "{method}");
        assert!(verify_sip(&sent, method, Verifier::Ha1(&known), PLAIN), "{method}");
        assert!(!verify_sip(&sent, method, Verifier::Password("throw-awaY"), PLAIN));
        for other in ["REGISTER", "INVITE", "NOTIFY", "BYE", "register"].into_iter().filter(|other| *other != method) {
            assert!(!verify_sip(&sent, other, Verifier::Password(PASSWORD), PLAIN), "{method} is not {other}");
        }
        let moved = digest(&header(&format!("{uri} "), &counted));
        assert!(!verify_sip(&moved, method, Verifier::Password(PASSWORD), PLAIN), "the address is hashed");
    };
    check("REGISTER", REGISTER, "bf9eb0ff3ef7b8823be5ad2f880831cd");
    check("REGISTER", REGISTER, "6bdf68d0b2ab5508e13d0b15a21ee3e2168a9dde2645fcde665157c9a0c98daf");
    check("INVITE", INVITE, "b245c61c8231409d2db632e24ce90cbf");
    check("INVITE", INVITE, "8c7dedd6b706648cc8704d6a74e44839f1a434cf3afc7ebb41de6a3e26cc3861");
    check("NOTIFY", NOTIFY, "44a61b7497659b7f5c1753c9bb23aad2");
    check("NOTIFY", NOTIFY, "cc7480fe94b67648868377c2750202d553220bcf362299b233f69775b355c7b4");
}

#[test]
fn the_old_form_counts_where_it_is_allowed() {
    let check = |method: &str, uri: &str, response: &str| {
        let sent = digest(&header(uri, &format!("response={response}")));
        assert!(verify_sip(&sent, method, Verifier::Password(PASSWORD), TLS));
        assert!(!verify_sip(&sent, method, Verifier::Password(PASSWORD), PLAIN));
    };
    check("REGISTER", REGISTER, "ea063fe64ba615f8604b2946e509299b");
    check("INVITE", INVITE, "1852f698767766dd9a5257ddda60813e");
    check("NOTIFY", NOTIFY, "a685a444ae50058d2669ebe5129cd783");
}

/// The whole way: our challenge, the phone's answer, and a proxy in between that rewrote the address.
#[test]
fn a_rewritten_address_does_not_matter_but_nonce_realm_and_count_do() {
    let key = NonceKey::new(&[7; 32]);
    let keys = [key.clone()];
    let request = Request {
        method: "INVITE",
        target: "sip:service@198.51.100.3",
        realm: REALM,
        keys: &keys,
        now_millis: 2_000,
        lifetime_millis: 60_000,
        rules: PLAIN,
    };
    for algorithm in [Algorithm::Md5, Algorithm::Sha256] {
        let nonce = mint(&key, 1_000, [algorithm as u8; 8]);
        let offer = Offer { realm: REALM, nonce: &nonce, algorithms: &[algorithm], basic: false, stale: false };
        let [value] = &offer.header_values()[..] else { panic!("one challenge was asked for") };
        let [Challenge::Digest(challenge)] = &challenge::parse(value.as_bytes()).unwrap()[..] else { panic!("{value}") };
        let sent = digest(&answer(challenge, USER, PASSWORD, "INVITE", INVITE, 1, "cnonce"));
        assert!(!verify(&sent, "INVITE", request.target, Verifier::Password(PASSWORD), PLAIN), "HTTP does compare");

        let mut counts = Counts::new(8, 60_000);
        let mut judge = |request: &Request<'_>, password: &str| {
            check_sip_digest(&sent, request, Verifier::Password(password), |used| counts.spend(used, 2_000))
        };
        assert_eq!(judge(&request, "another"), Check::Wrong);
        assert_eq!(judge(&Request { method: "BYE", ..request }, PASSWORD), Check::Wrong);
        assert_eq!(judge(&Request { realm: "other.example.com", ..request }, PASSWORD), Check::Wrong);
        assert_eq!(judge(&Request { now_millis: 62_000, ..request }, PASSWORD), Check::Stale);
        assert_eq!(judge(&Request { keys: &[NonceKey::new(&[8; 32])], ..request }, PASSWORD), Check::Stale);
        assert_eq!(judge(&request, PASSWORD), Check::Right);
        assert_eq!(judge(&request, PASSWORD), Check::Stale, "a repetition");
        assert_eq!(check_digest(&sent, &request, Verifier::Password(PASSWORD), |_| true), Check::Wrong, "HTTP does compare");
    }
}
