//! Certificates that phones bring: a proof if a manufacturer vouches for it, and never an obstacle.

use std::path::Path;

use gate::certificates::{CertificateError, Certificates, ManufacturerFile, Source};
use gate::listener::Config;

use crate::client::run;
use crate::{House, SELF_MADE};

/// Runs openssl in a directory and expects it to succeed.
async fn openssl(directory: &Path, line: &str) {
    let config = directory.join("openssl.cnf");
    std::fs::write(
        &config,
        "[req]\ndistinguished_name=dn\n[dn]\n[authority]\nbasicConstraints=critical,CA:true\n[v3]\nbasicConstraints=CA:false\n",
    )
    .unwrap();
    let words: Vec<String> = line.split(' ').map(|word| word.replace("DIR", directory.to_str().unwrap())).collect();
    let words: Vec<&str> = words.iter().map(String::as_str).collect();
    let (text, succeeded) = run("openssl", &words, "").await;
    assert!(succeeded, "{line}: {text}");
}

async fn authority(directory: &Path, name: &str) {
    let line = "req -x509 -newkey rsa:2048 -nodes -days 30 -config DIR/openssl.cnf -extensions authority";
    openssl(directory, &format!("{line} -subj /CN={name} -keyout DIR/{name}.key -out DIR/{name}.pem")).await;
}

/// A phone's certificate; `extensions` empty makes it X.509 version 1.
async fn phone(directory: &Path, name: &str, subject: &str, key: &str, signing: &str) {
    openssl(
        directory,
        &format!("req -new -newkey {key} -nodes -config DIR/openssl.cnf -subj {subject} -keyout DIR/{name}.key -out DIR/{name}.csr"),
    )
    .await;
    openssl(directory, &format!("x509 -req -in DIR/{name}.csr -CAcreateserial -out DIR/{name}.pem {signing}")).await;
}

/// What the rules hear of a phone's certificate.
async fn certified(house: &House, directory: &Path, phone: Option<&str>, version: &str) -> String {
    let address = house.https().to_string();
    let mut arguments = vec!["s_client", "-connect", &address, version, "-cipher", "DEFAULT@SECLEVEL=0"];
    let files = phone.map(|phone| [directory.join(format!("{phone}.pem")), directory.join(format!("{phone}.key"))]);
    if let Some([certificate, key]) = &files {
        arguments.extend(["-cert", certificate.to_str().unwrap(), "-key", key.to_str().unwrap()]);
    }
    let request = "GET /cfg/who HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n";
    let (text, _) = run("openssl", &arguments, request).await;
    let heard = text.lines().find_map(|line| line.split_once("tls=true certificate="));
    heard.unwrap_or_else(|| panic!("{phone:?} {version}: {text}")).1.to_owned()
}

fn load(authorities: &Path) -> Result<std::sync::Arc<Certificates>, CertificateError> {
    let source = Source::SelfMade { directory: SELF_MADE.0.path().into(), names: vec!["phones.example.com".into()] };
    Certificates::load(source, vec![ManufacturerFile { name: "maker".into(), authorities: authorities.into() }])
}

#[tokio::test]
async fn only_a_certificate_of_a_known_manufacturer_names_a_phone_and_no_other_is_an_obstacle() {
    let directory = tempfile::tempdir().unwrap();
    let directory = directory.path();
    std::fs::write(directory.join("openssl.cnf"), "[req]\ndistinguished_name=dn\n[dn]\n").unwrap();
    for name in ["maker", "stranger"] {
        openssl(directory, "version").await;
        authority(directory, name).await;
    }
    let maker = "-sha256 -days 30 -CA DIR/maker.pem -CAkey DIR/maker.key -extfile DIR/openssl.cnf -extensions v3";
    let stranger = maker.replace("maker", "stranger");
    let curve = "ec -pkeyopt ec_paramgen_curve:P-256";
    phone(directory, "good", "/CN=001565AABBCC", "rsa:2048", maker).await;
    phone(directory, "curve", "/CN=SEP001565AABBCD", curve, maker).await;
    phone(directory, "serial", "/CN=device/serialNumber=00:15:65:aa:bb:ce", curve, maker).await;
    phone(directory, "generic", "/CN=generic", curve, maker).await;
    phone(directory, "foreign", "/CN=001565aabbcc", curve, &stranger).await;
    phone(directory, "expired", "/CN=001565aabbcc", curve, &maker.replace("-days 30", "-days -1")).await;
    phone(directory, "old", "/CN=001565aabbcc", "rsa:1024", "-sha1 -days 30 -CA DIR/maker.pem -CAkey DIR/maker.key").await;
    phone(directory, "weak", "/CN=001565aabbcc", "rsa:1024", maker).await;

    let house = House::open_with(&Config::default(), &load(&directory.join("maker.pem")).unwrap());
    let table = [
        (Some("good"), "001565aabbcc@maker"),
        (Some("curve"), "001565aabbcd@maker"),
        (Some("serial"), "001565aabbce@maker"),
        (Some("generic"), "none"),
        (Some("foreign"), "none"),
        (Some("expired"), "none"),
        (Some("old"), "none"),
        (Some("weak"), "none"),
        (None, "none"),
    ];
    for (phone, expected) in table {
        for version in ["-tls1_2", "-tls1_3"] {
            assert_eq!(certified(&house, directory, phone, version).await, expected, "{phone:?} {version}");
        }
    }
    // Without manufacturers nobody is asked.
    let house = House::open_with(&Config::default(), &SELF_MADE.1);
    assert_eq!(certified(&house, directory, Some("good"), "-tls1_3").await, "none");
}

#[tokio::test]
async fn a_certificate_without_its_key_is_refused() {
    let directory = tempfile::tempdir().unwrap();
    let directory = directory.path();
    openssl(directory, "version").await;
    authority(directory, "maker").await;
    phone(
        directory,
        "good",
        "/CN=001565aabbcc",
        "ec -pkeyopt ec_paramgen_curve:P-256",
        "-CA DIR/maker.pem -CAkey DIR/maker.key -extfile DIR/openssl.cnf -extensions v3",
    )
    .await;
    let house = House::open_with(&Config::default(), &load(&directory.join("maker.pem")).unwrap());
    let chain =
        rustls_pki_types::pem::PemObject::pem_file_iter(directory.join("good.pem")).unwrap().collect::<Result<Vec<_>, _>>().unwrap();
    crate::client::handshake_with_foreign_key(house.https(), chain).await.unwrap_err();
    assert_eq!(house.cut(gate::metrics::Cut::Handshake), 1);
}

#[tokio::test]
async fn a_broken_manufacturers_file_is_named() {
    let directory = tempfile::tempdir().unwrap();
    let file = directory.path().join("maker.pem");
    std::fs::write(&file, "nothing\n").unwrap();
    let error = load(&file).unwrap_err().to_string();
    assert!(error.contains("maker.pem: holds no certificate"), "{error}");
}
