//! An authority of our own, for installations without certificates of their own: phones are given `ca.pem`.

use std::fs::{self, DirBuilder, OpenOptions};
use std::io::Write;
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::Path;

use rcgen::{
    BasicConstraints, CertificateParams, DistinguishedName, DnType, ExtendedKeyUsagePurpose, IsCa, Issuer, KeyPair, KeyUsagePurpose,
    PKCS_ECDSA_P256_SHA256, PKCS_RSA_SHA256, SignatureAlgorithm, date_time_ymd,
};

use super::{CertificateError, PairFiles};

/// Makes what is absent and says where the pairs are.
///
/// The authority's key is RSA, so that phones which know nothing else can check both certificates. It is made once: phones that
/// trust it are out in the world. The certificates are made anew when the names change.
pub(super) fn prepare(directory: &Path, names: &[String]) -> Result<Vec<PairFiles>, CertificateError> {
    let failed = |error: rcgen::Error| CertificateError::new(directory, format!("a certificate cannot be made: {error}"));
    let mut builder = DirBuilder::new();
    builder.recursive(true).mode(0o700);
    builder.create(directory).map_err(|error| CertificateError::new(directory, format!("cannot be made: {error}")))?;

    let kinds: [(&str, &'static SignatureAlgorithm); 2] = [("phones-rsa", &PKCS_RSA_SHA256), ("phones-p256", &PKCS_ECDSA_P256_SHA256)];
    let pairs = kinds.map(|(name, _)| PairFiles {
        certificate: directory.join(name).with_extension("pem"),
        key: directory.join(name).with_extension("key"),
    });
    let names_file = directory.join("names");
    let wanted_names = known_names(names);
    let authority_exists = directory.join("ca.pem").exists();
    let pairs_exist = pairs.iter().all(|pair| pair.certificate.exists() && pair.key.exists());
    if authority_exists && pairs_exist && fs::read_to_string(&names_file).is_ok_and(|text| text == wanted_names.join("\n")) {
        return Ok(pairs.into());
    }

    let authority = authority(directory, authority_exists)?;
    for ((_, algorithm), pair) in kinds.iter().zip(&pairs) {
        let key = KeyPair::generate_for(algorithm).map_err(failed)?;
        let certificate = server_params(&wanted_names).and_then(|params| params.signed_by(&key, &authority)).map_err(failed)?;
        write(&pair.key, &key.serialize_pem(), 0o600)?;
        write(&pair.certificate, &certificate.pem(), 0o644)?;
    }
    // Last: were we stopped before, all of this is done again.
    write(&names_file, &wanted_names.join("\n"), 0o644)?;
    Ok(pairs.into())
}

/// The authority in the directory, made if it is absent.
fn authority(directory: &Path, exists: bool) -> Result<Issuer<'static, KeyPair>, CertificateError> {
    let (certificate_file, key_file) = (directory.join("ca.pem"), directory.join("ca.key"));
    let params = authority_params();
    if exists {
        let text = fs::read_to_string(&key_file).map_err(|error| {
            CertificateError::new(&key_file, format!("cannot be read ({error}); without it the names in the certificate cannot change"))
        })?;
        let key = KeyPair::from_pem_and_sign_algo(&text, &PKCS_RSA_SHA256)
            .map_err(|error| CertificateError::new(&key_file, format!("the authority's key is unusable: {error}")))?;
        return Ok(Issuer::new(params, key));
    }
    let failed = |error: rcgen::Error| CertificateError::new(directory, format!("an authority cannot be made: {error}"));
    let key = KeyPair::generate_for(&PKCS_RSA_SHA256).map_err(failed)?;
    let certificate = params.self_signed(&key).map_err(failed)?;
    write(&key_file, &key.serialize_pem(), 0o600)?;
    write(&certificate_file, &certificate.pem(), 0o644)?;
    Ok(Issuer::new(params, key))
}

fn authority_params() -> CertificateParams {
    let mut params = valid(CertificateParams::default());
    params.distinguished_name = named("Ringfence phone authority");
    params.is_ca = IsCa::Ca(BasicConstraints::Constrained(0));
    params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
    params
}

fn server_params(names: &[String]) -> Result<CertificateParams, rcgen::Error> {
    let mut params = valid(CertificateParams::new(names)?);
    // Phones from before subject alternative names look at the common name, which holds 64 characters.
    let common = names.iter().find(|name| name.len() <= 64).map_or("Ringfence", String::as_str);
    params.distinguished_name = named(common);
    params.key_usages = vec![KeyUsagePurpose::DigitalSignature, KeyUsagePurpose::KeyEncipherment];
    params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
    params.use_authority_key_identifier_extension = true;
    Ok(params)
}

/// Valid for any clock a phone may have: a phone without time believes in the year of its firmware, and a phone that meets an
/// expired certificate is lost until somebody walks to it.
fn valid(mut params: CertificateParams) -> CertificateParams {
    params.not_before = date_time_ymd(2000, 1, 1);
    params.not_after = date_time_ymd(2049, 12, 31);
    params
}

fn named(common: &str) -> DistinguishedName {
    let mut name = DistinguishedName::new();
    name.push(DnType::CommonName, common);
    name
}

/// The names of the certificate: what is configured, and this machine to itself.
fn known_names(names: &[String]) -> Vec<String> {
    let mut known: Vec<String> = Vec::new();
    for name in names.iter().map(String::as_str).chain(["localhost", "127.0.0.1", "::1"]) {
        let name = name.trim_matches(['[', ']']).to_ascii_lowercase();
        if !name.is_empty() && !known.contains(&name) {
            known.push(name);
        }
    }
    known
}

/// Writes beside the file and renames, so that nobody ever reads half a key.
fn write(file: &Path, text: &str, mode: u32) -> Result<(), CertificateError> {
    let beside = file.with_extension("new");
    let _ = fs::remove_file(&beside);
    let written = OpenOptions::new().write(true).create_new(true).mode(mode).open(&beside).and_then(|mut open| {
        open.write_all(text.as_bytes())?;
        open.sync_all()
    });
    written.and_then(|()| fs::rename(&beside, file)).map_err(|error| CertificateError::new(file, format!("cannot be written: {error}")))
}
