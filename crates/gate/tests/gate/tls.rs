//! TLS, seen by openssl and curl.

use gate::limits::Limits;
use gate::metrics::{Cut, Handshake};

use crate::client::{Raw, get_request, run, until};
use crate::{House, SELF_MADE};

/// A request that also ends the connection, and so openssl.
const REQUEST: &str = "GET /cfg/hello.cfg HTTP/1.1\r\nHost: phones.example.com\r\nConnection: close\r\n\r\n";

fn authority() -> String {
    SELF_MADE.0.path().join("ca.pem").to_str().unwrap().to_owned()
}

async fn openssl(house: &House, arguments: &[&str]) -> String {
    let (address, authority) = (house.https().to_string(), authority());
    let fixed = ["s_client", "-connect", &address, "-CAfile", &authority, "-verify_return_error", "-verify_hostname", "phones.example.com"];
    run("openssl", &[&fixed, arguments].concat(), REQUEST).await.0
}

#[tokio::test]
async fn each_client_gets_the_certificate_that_it_can_use() {
    let house = House::open(Limits::default());
    let table: [(&[&str], &str, &str); 8] = [
        (&["-tls1_3"], "TLSv1.3", "256 bit"),
        (&["-tls1_2"], "TLSv1.2", "256 bit"),
        (&["-tls1_2", "-cipher", "ECDHE-RSA-AES128-GCM-SHA256"], "TLSv1.2", "2048 bit"),
        (&["-tls1_2", "-cipher", "ECDHE-ECDSA-AES256-GCM-SHA384"], "TLSv1.2", "256 bit"),
        (&["-tls1_3", "-sigalgs", "rsa_pss_rsae_sha256:RSA+SHA256"], "TLSv1.3", "2048 bit"),
        (&["-tls1_2", "-sigalgs", "RSA+SHA256"], "TLSv1.2", "2048 bit"),
        (&["-tls1_2", "-curves", "X25519"], "TLSv1.2", "2048 bit"),
        (&["-tls1_3", "-curves", "P-256:P-384"], "TLSv1.3", "256 bit"),
    ];
    for (arguments, version, key) in table {
        let text = openssl(&house, arguments).await;
        for expected in [version, &format!("Server public key is {key}"), "Verification: OK", "hello = phone"] {
            assert!(text.contains(expected), "{arguments:?}: {expected} is not in {text}");
        }
    }
}

#[tokio::test]
async fn sessions_are_resumed() {
    let house = House::open(Limits::default());
    let saved = tempfile::NamedTempFile::new().unwrap();
    let saved = saved.path().to_str().unwrap();
    for version in ["-tls1_2", "-tls1_3"] {
        let first = openssl(&house, &[version, "-sess_out", saved]).await;
        assert!(first.contains("New, TLSv1"), "{first}");
        let second = openssl(&house, &[version, "-sess_in", saved]).await;
        assert!(second.contains("Reused, TLSv1") && second.contains("hello = phone"), "{second}");
    }
    for version in ["1.2", "1.3"] {
        assert_eq!(house.metrics.handshakes.get_or_create(&Handshake { version, resumed: true }).get(), 1, "{version}");
    }
    // Phones that know no tickets are given a session by number.
    let first = openssl(&house, &["-tls1_2", "-no_ticket", "-sess_out", saved]).await;
    assert!(first.contains("New, TLSv1"), "{first}");
    let second = openssl(&house, &["-tls1_2", "-no_ticket", "-sess_in", saved]).await;
    assert!(second.contains("Reused, TLSv1"), "{second}");
}

#[tokio::test]
async fn curl_fetches() {
    let house = House::open(Limits::default());
    let authority = authority();
    let resolve = format!("phones.example.com:{}:127.0.0.1", house.https().port());
    let url = format!("https://phones.example.com:{}/cfg/who", house.https().port());
    for versions in [["--tlsv1.2", "--tls-max", "1.2"], ["--tlsv1.3", "--tls-max", "1.3"]] {
        let arguments =
            [&["-sS", "--max-time", "50", "--cacert", &authority, "--resolve", &resolve], &versions[..], &[&url, &url]].concat();
        let (text, succeeded) = run("curl", &arguments, "").await;
        assert!(succeeded, "{text}");
        assert_eq!(text, "address=127.0.0.1 peer=127.0.0.1 tls=true certificate=none\n".repeat(2));
    }
}

#[tokio::test]
async fn old_versions_and_plain_text_are_cut_and_counted() {
    let house = House::open(Limits::default());
    let text = openssl(&house, &["-tls1_1", "-cipher", "DEFAULT@SECLEVEL=0"]).await;
    assert!(!text.contains("hello = phone"), "{text}");
    until(|| house.cut(Cut::Handshake) == 1).await;
    let mut raw = Raw::connect(house.https()).await;
    raw.send(get_request("/cfg/hello.cfg")).await;
    raw.end().await;
    until(|| house.cut(Cut::Handshake) == 2).await;
}
