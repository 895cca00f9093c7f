//! The examples of the RFCs, through the whole way that a server goes: header, proof.

use wire::{
    auth::{self, Credentials, DigestResponse},
    digest::{Algorithm, Ha1, Rules, Verifier, ha1, verify},
};

const TLS: Rules = Rules { allow_rfc2069: true };
const PLAIN: Rules = Rules { allow_rfc2069: false };

fn digest(header: &str) -> DigestResponse {
    match auth::parse(header.as_bytes()) {
        Ok(Credentials::Digest(sent)) => sent,
        other => panic!("{header} was read as {other:?}"),
    }
}

/// The password, both forms of knowing it, and nothing near it.
fn check(header: &str, password: &str) {
    let sent = digest(header);
    let proves = |verifier| verify(&sent, "GET", "/dir/index.html", verifier, TLS);
    assert!(proves(Verifier::Password(password)), "{header}");
    let known = ha1(sent.algorithm, &sent.username, &sent.realm, password);
    let stored = Ha1::parse(known.expose()).expect("the stored form can be read");
    assert!(proves(Verifier::Ha1(&stored)), "{header}");
    let near = format!("{password} ");
    assert!(!verify(&sent, "GET", "/dir/index.html", Verifier::Password(&near), TLS));
    assert!(!proves(Verifier::Password("")));
    let other = if known.expose().len() == 32 { Algorithm::Sha256 } else { Algorithm::Md5 };
    assert!(!proves(Verifier::Ha1(&ha1(other, &sent.username, &sent.realm, password))));
    assert!(!verify(&sent, "HEAD", "/dir/index.html", Verifier::Password(password), TLS));
    assert!(!verify(&sent, "GET", "/dir/index.htm", Verifier::Password(password), TLS));
}

#[test]
fn rfc7616_section_3_9_1_with_md5_and_sha256() {
    let header = |algorithm: &str, response: &str| {
        format!(
            r#"Digest username="Mufasa", realm="http-auth@example.org", uri="/dir/index.html", algorithm={algorithm},
             nonce="7ypf/xlj9XXwfDPEoM4URrv/xwf94BcCAzFZH4GiTo0v", nc=00000001,
             cnonce="f2/wE4q74E6zIJEtWaHKaf5wv/H5QzzpXusqGemxURZJ", qop=auth, response="{response}",
             opaque="FQhe/qaU925kfnzjCev0ciny7QMkPqMAFRtzCUYo5tdS""#
        )
        .replace('\n', " ")
    };
    check(&header("MD5", "8ca523f5e9506fed4657c9700eebdbec"), "Circle of Life");
    check(&header("SHA-256", "753927fa0e85d155564e2e272a28d1802ca10daf4496794697cf8db5856cb6c1"), "Circle of Life");
}

/// RFC 2617 section 3.5, and the same exchange for the algorithms that no RFC has an example of: their responses
/// were computed from the formulas with Python's hashlib.
#[test]
fn rfc2617_section_3_5_and_its_kin() {
    let header = |more: &str| {
        format!(
            r#"Digest username="Mufasa", realm="testrealm@host.com", nonce="dcd98b7102dd2f0e8b11d0f600bfb0c093", uri="/dir/index.html", qop=auth, nc=00000001, cnonce="0a4f113b", opaque="5ccc069c403ebaf9f0171e9517f40e41", {more}"#
        )
    };
    let password = "Circle Of Life";
    check(&header("response=6629fae49393a05397450978507c4ef1"), password);
    check(&header("algorithm=MD5-sess, response=8e3825c57e897f5a0dec6c2d4e5059d0"), password);
    let sha256 = "5abdd07184ba512a22c53f41470e5eea7dcaa3a93a59b630c13dfe0a5dc6e38b";
    check(&header(&format!("algorithm=SHA-256, response={sha256}")), password);
    check(&header(&format!("response={sha256}")), password);
    check(&header("algorithm=\"sha-256-SESS\", response=b8822e12417cb7750f4e2b8515f0dcf25b7dd26993e80bee1426201446a7f59b"), password);
}

/// The response printed in RFC 2069 section 2.4 is wrong; its erratum 749 has the right one.
#[test]
fn rfc2069_section_2_4_with_its_erratum() {
    let header = |response: &str| {
        format!(
            r#"Digest username="Mufasa", realm="testrealm@host.com", nonce="dcd98b7102dd2f0e8b11d0f600bfb0c093", uri="/dir/index.html", response="{response}", opaque="5ccc069c403ebaf9f0171e9517f40e41""#
        )
    };
    let right = header("1949323746fe6a43ef61f9606e7febea");
    check(&right, "CircleOfLife");
    let password = Verifier::Password("CircleOfLife");
    assert!(!verify(&digest(&right), "GET", "/dir/index.html", password, PLAIN));
    let printed = digest(&header("e966c932a9242554e42c8ee200cec7f6"));
    assert!(!verify(&printed, "GET", "/dir/index.html", password, TLS));
}
