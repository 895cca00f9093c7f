//! Certificate files: one's own, self-made, read again, and broken in every way.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use gate::certificates::{Certificates, PairFiles, Source};
use gate::listener::Config;
use tempfile::TempDir;

use crate::House;
use crate::client::run;

/// A self-signed pair of a kind that `openssl req -newkey` knows.
async fn make(directory: &Path, name: &str, kind: &[&str]) -> PairFiles {
    let pair = PairFiles { certificate: directory.join(format!("{name}.pem")), key: directory.join(format!("{name}.key")) };
    let subject = format!("/CN={name}.example.com");
    let (certificate, key) = (pair.certificate.to_str().unwrap(), pair.key.to_str().unwrap());
    let fixed = ["req", "-x509", "-nodes", "-days", "30", "-subj", &subject, "-out", certificate, "-keyout", key, "-newkey"];
    let (text, made) = run("openssl", &[&fixed, kind].concat(), "").await;
    assert!(made, "{text}");
    pair
}

const RSA: &[&str] = &["rsa:2048"];
const P256: &[&str] = &["ec", "-pkeyopt", "ec_paramgen_curve:P-256"];

async fn convert(arguments: &[&str], from: &Path) -> PathBuf {
    let to = from.with_extension("converted");
    let (text, converted) = run("openssl", &[arguments, &["-in", from.to_str().unwrap(), "-out", to.to_str().unwrap()]].concat(), "").await;
    assert!(converted, "{text}");
    to
}

/// The subject that a client of one kind is shown.
async fn shown(house: &House, arguments: &[&str]) -> String {
    let address = house.https().to_string();
    let request = "GET /cfg/hello.cfg HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n";
    let (text, _) = run("openssl", &[&["s_client", "-connect", &address], arguments].concat(), request).await;
    let subject = text.lines().find_map(|line| line.strip_prefix("subject=")).unwrap_or_else(|| panic!("no subject in {text}"));
    subject.replace(' ', "")
}

const AS_RSA: &[&str] = &["-tls1_2", "-cipher", "ECDHE-RSA-AES128-GCM-SHA256"];
const AS_P256: &[&str] = &["-tls1_3"];

#[tokio::test]
async fn files_of_ones_own_serve_alone_or_together() {
    let directory = tempfile::tempdir().unwrap();
    let mut rsa = make(directory.path(), "rsa", RSA).await;
    let mut p256 = make(directory.path(), "p256", P256).await;
    let house = |pairs| House::open_with(&Config::default(), &Certificates::load(Source::Files(pairs), Vec::new()).unwrap());

    let both = house(vec![rsa.clone(), p256.clone()]);
    assert_eq!(shown(&both, AS_RSA).await, "CN=rsa.example.com");
    assert_eq!(shown(&both, AS_P256).await, "CN=p256.example.com");

    // The older forms of key files, and one alone for everybody.
    rsa.key = convert(&["rsa", "-traditional"], &rsa.key).await;
    p256.key = convert(&["ec"], &p256.key).await;
    let alone = house(vec![rsa]);
    assert_eq!(shown(&alone, AS_RSA).await, "CN=rsa.example.com");
    assert_eq!(shown(&alone, AS_P256).await, "CN=rsa.example.com");
    assert_eq!(shown(&house(vec![p256]), AS_P256).await, "CN=p256.example.com");
}

#[tokio::test]
async fn reload_takes_new_files_and_keeps_the_old_on_errors() {
    let directory = tempfile::tempdir().unwrap();
    let pair = make(directory.path(), "one", P256).await;
    let certificates = Certificates::load(Source::Files(vec![pair.clone()]), Vec::new()).unwrap();
    let house = House::open_with(&Config::default(), &certificates);
    assert_eq!(shown(&house, AS_P256).await, "CN=one.example.com");

    let next = make(directory.path(), "two", P256).await;
    fs::copy(&next.certificate, &pair.certificate).unwrap();
    let error = certificates.reload().unwrap_err().to_string();
    assert!(error.contains("one.key: is not the key of the certificate in") && error.ends_with("one.pem"), "{error}");
    assert_eq!(shown(&house, AS_P256).await, "CN=one.example.com");

    fs::copy(&next.key, &pair.key).unwrap();
    certificates.reload().unwrap();
    assert_eq!(shown(&house, AS_P256).await, "CN=two.example.com");
}

#[tokio::test]
async fn errors_name_the_file_and_what_is_wrong() {
    let directory = tempfile::tempdir().unwrap();
    let file = |name: &str, text: &str| {
        let file = directory.path().join(name);
        fs::write(&file, text).unwrap();
        file
    };
    let rsa = make(directory.path(), "rsa", RSA).await;
    let second = make(directory.path(), "second", RSA).await;
    let edwards = make(directory.path(), "edwards", &["ed25519"]).await;
    let p384 = make(directory.path(), "p384", &["ec", "-pkeyopt", "ec_paramgen_curve:P-384"]).await;
    let locked = convert(&["rsa", "-aes128", "-passout", "pass:x"], &rsa.key).await;
    let pem = fs::read_to_string(&rsa.certificate).unwrap();
    let absent = directory.path().join("absent.pem");
    let pair = |certificate: &Path, key: &Path| vec![PairFiles { certificate: certificate.into(), key: key.into() }];

    let table = [
        (pair(&absent, &rsa.key), "absent.pem: cannot be read: No such file"),
        (pair(directory.path(), &rsa.key), "cannot be read: Is a directory"),
        (pair(&file("empty.pem", ""), &rsa.key), "empty.pem: holds no certificate"),
        (pair(&file("text.pem", "hello\n"), &rsa.key), "text.pem: holds no certificate"),
        (pair(&file("cut.pem", &pem[..pem.len() / 2]), &rsa.key), "cut.pem: is cut off"),
        (pair(&file("base64.pem", &pem.replace("MII", "M!I")), &rsa.key), "base64.pem: has broken base64"),
        (pair(&file("der.pem", &pem.replace("MII", "AII")), &rsa.key), "der.pem: the certificate is unusable"),
        (pair(&file("many.pem", &pem.repeat(17)), &rsa.key), "many.pem: holds more than 16 certificates"),
        (pair(&file("large.pem", &"x".repeat(300_000)), &rsa.key), "large.pem: is larger than 262144 bytes"),
        (pair(&rsa.certificate, &rsa.certificate), "rsa.pem: holds no private key"),
        (pair(&rsa.certificate, &second.key), "second.key: is not the key of the certificate in"),
        (pair(&rsa.certificate, &locked), "the key is encrypted"),
        (vec![edwards], "edwards.key: the key is neither RSA nor P-256"),
        (vec![p384], "p384.key: the key is neither RSA nor P-256"),
        (vec![rsa.clone(), second], "second.key: a second certificate with the same kind of key"),
        (vec![], "no certificate is configured"),
    ];
    for (pairs, expected) in table {
        let error = Certificates::load(Source::Files(pairs), Vec::new()).unwrap_err().to_string();
        assert!(error.contains(expected), "{expected} is not in {error}");
        assert!(!error.contains("MII"), "{error}");
    }
}

#[tokio::test]
async fn the_self_made_authority_stays_and_its_certificates_follow_the_names() {
    let directory = TempDir::new().unwrap();
    let tls = directory.path().join("tls");
    let load = |names: &[&str]| {
        let names = names.iter().map(|name| (*name).to_owned()).collect();
        Certificates::load(Source::SelfMade { directory: tls.clone(), names }, Vec::new())
    };
    let read = |name: &str| fs::read(tls.join(name)).unwrap();
    load(&["phones.example.com"]).unwrap();
    let (authority, certificate) = (read("ca.pem"), read("phones-rsa.pem"));
    load(&["phones.example.com"]).unwrap();
    assert_eq!((read("ca.pem"), read("phones-rsa.pem")), (authority.clone(), certificate.clone()));

    load(&["Phones.Example.NET", "192.0.2.1", "[2001:db8::1]"]).unwrap();
    assert_eq!(read("ca.pem"), authority);
    assert_ne!(read("phones-rsa.pem"), certificate);
    let files = ["-CAfile", tls.join("ca.pem").to_str().unwrap(), tls.join("phones-rsa.pem").to_str().unwrap()].map(String::from);
    for (kind, name) in [
        ("-verify_hostname", "phones.example.net"),
        ("-verify_ip", "192.0.2.1"),
        ("-verify_ip", "2001:db8::1"),
        ("-verify_ip", "127.0.0.1"),
    ] {
        let (text, verified) = run("openssl", &["verify", kind, name, "-purpose", "sslserver", &files[0], &files[1], &files[2]], "").await;
        assert!(verified, "{name}: {text}");
    }
    for key in ["ca.key", "phones-rsa.key", "phones-p256.key"] {
        assert_eq!(fs::metadata(tls.join(key)).unwrap().permissions().mode() & 0o777, 0o600, "{key}");
    }
    assert_eq!(fs::metadata(&tls).unwrap().permissions().mode() & 0o777, 0o700);

    // Without the authority's key the certificates still serve, under the names that they have.
    fs::remove_file(tls.join("ca.key")).unwrap();
    load(&["phones.example.net", "192.0.2.1", "2001:db8::1"]).unwrap();
    let error = load(&["other.example.com"]).unwrap_err().to_string();
    assert!(error.contains("ca.key: cannot be read"), "{error}");
    let error = load(&["not a name\u{e4}"]).unwrap_err().to_string();
    assert!(error.contains("tls") || error.contains("ca.key"), "{error}");
}
