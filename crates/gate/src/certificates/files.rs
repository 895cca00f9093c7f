//! PEM files of certificates and keys.

use std::fs::File;
use std::io::Read;
use std::path::Path;

use rustls::crypto::CryptoProvider;
use rustls::sign::CertifiedKey;
use rustls::{Error, InconsistentKeys};
use rustls_pki_types::pem::{self, PemObject};
use rustls_pki_types::{CertificateDer, PrivateKeyDer};

use super::{CertificateError, PairFiles, Pairs};
use crate::limits::{CHAIN_CERTIFICATES_MAX, PEM_BYTES_MAX};

/// Reads all pairs.
pub(super) fn read_pairs(files: &[PairFiles], provider: &CryptoProvider) -> Result<Pairs, CertificateError> {
    let mut pairs = Pairs::default();
    for PairFiles { certificate, key } in files {
        let chain = read_certificates(certificate)?;
        let private = read_key(key)?;
        let pair = CertifiedKey::from_der(chain, private, provider).map_err(|error| explain(certificate, key, error))?;
        pairs.add(pair).map_err(|problem| CertificateError::new(key, problem))?;
    }
    if files.is_empty() {
        return Err(CertificateError::new("[tls]", "no certificate is configured"));
    }
    Ok(pairs)
}

/// All certificates of a file, in its order; at least one.
pub(super) fn read_certificates(file: &Path) -> Result<Vec<CertificateDer<'static>>, CertificateError> {
    let text = read(file)?;
    let found: Result<Vec<_>, _> = CertificateDer::pem_slice_iter(&text).take(CHAIN_CERTIFICATES_MAX + 1).collect();
    let found = found.map_err(|error| broken(file, &error))?;
    match found.len() {
        0 => Err(CertificateError::new(file, "holds no certificate (a PEM file with BEGIN CERTIFICATE is wanted)")),
        count if count > CHAIN_CERTIFICATES_MAX => {
            Err(CertificateError::new(file, format!("holds more than {CHAIN_CERTIFICATES_MAX} certificates")))
        }
        _ => Ok(found),
    }
}

fn read_key(file: &Path) -> Result<PrivateKeyDer<'static>, CertificateError> {
    let text = read(file)?;
    if contains(&text, b"ENCRYPTED") {
        return Err(CertificateError::new(file, "the key is encrypted; store it without a passphrase, readable only to the service"));
    }
    PrivateKeyDer::from_pem_slice(&text).map_err(|error| match error {
        pem::Error::NoItemsFound => CertificateError::new(file, "holds no private key (a PEM file with BEGIN PRIVATE KEY is wanted)"),
        error => broken(file, &error),
    })
}

/// The file's bytes, bounded.
fn read(file: &Path) -> Result<Vec<u8>, CertificateError> {
    let mut text = Vec::new();
    let opened = File::open(file).and_then(|open| open.take(PEM_BYTES_MAX + 1).read_to_end(&mut text));
    opened.map_err(|error| CertificateError::new(file, format!("cannot be read: {error}")))?;
    if text.len() as u64 > PEM_BYTES_MAX {
        return Err(CertificateError::new(file, format!("is larger than {PEM_BYTES_MAX} bytes")));
    }
    Ok(text)
}

/// Never quotes the file: it may be a key.
fn broken(file: &Path, error: &pem::Error) -> CertificateError {
    let problem = match error {
        pem::Error::MissingSectionEnd { .. } => "is cut off: a PEM section has no END line",
        pem::Error::Base64Decode(_) => "has broken base64 in a PEM section",
        _ => "is no PEM file",
    };
    CertificateError::new(file, problem)
}

fn explain(certificate: &Path, key: &Path, error: Error) -> CertificateError {
    match error {
        Error::InconsistentKeys(InconsistentKeys::KeyMismatch) => {
            CertificateError::new(key, format!("is not the key of the certificate in {}", certificate.display()))
        }
        Error::InvalidCertificate(problem) => CertificateError::new(certificate, format!("the certificate is unusable: {problem}")),
        Error::General(problem) => CertificateError::new(key, format!("the key is unusable: {problem}")),
        error => CertificateError::new(certificate, error.to_string()),
    }
}

fn contains(text: &[u8], word: &[u8]) -> bool {
    text.windows(word.len()).any(|window| window == word)
}
