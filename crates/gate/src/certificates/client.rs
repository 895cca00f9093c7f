//! Certificates that manufacturers put into phones.
//!
//! Vendor chains break general rules, and a phone whose certificate is odd must still reach us and log in otherwise. So the
//! handshake takes any certificate or none, checks only that the client has its key, and the chain is judged afterwards.

use std::path::PathBuf;
use std::sync::Arc;

use domain::Mac;
use rustls::client::danger::HandshakeSignatureValid;
use rustls::crypto::{CryptoProvider, WebPkiSupportedAlgorithms, verify_tls12_signature, verify_tls13_signature};
use rustls::server::danger::{ClientCertVerified, ClientCertVerifier};
use rustls::server::{ParsedCertificate, WebPkiClientVerifier};
use rustls::{DigitallySignedStruct, DistinguishedName, Error, RootCertStore, SignatureScheme};
use rustls_pki_types::{CertificateDer, UnixTime};
use x509_parser::oid_registry::{OID_EC_P256, OID_NIST_EC_P384, OID_NIST_EC_P521, OID_X509_SERIALNUMBER, Oid};
use x509_parser::prelude::{FromDer, X509Certificate};
use x509_parser::public_key::PublicKey;

use super::{CertificateError, files};
use crate::phones::CertifiedMac;

/// The smallest RSA key whose signature proves anything, in bits.
const RSA_BITS_MIN: usize = 2048;
/// The curves that the provider checks signatures on.
const CURVES: [Oid<'static>; 3] = [OID_EC_P256, OID_NIST_EC_P384, OID_NIST_EC_P521];

/// A manufacturer's authorities, as configured.
#[derive(Clone, Debug)]
pub struct ManufacturerFile {
    /// The name that a proof carries on.
    pub name: String,
    /// PEM: root authorities, or the intermediate ones if phones send none.
    pub authorities: PathBuf,
}

/// A manufacturer whose word on a MAC address is taken.
#[derive(Debug)]
pub struct Manufacturer {
    name: Arc<str>,
    verifier: Arc<dyn ClientCertVerifier>,
}

impl Manufacturer {
    pub(super) fn read(file: &ManufacturerFile, provider: &Arc<CryptoProvider>) -> Result<Self, CertificateError> {
        let path = &file.authorities;
        let mut roots = RootCertStore::empty();
        for authority in files::read_certificates(path)? {
            roots.add(authority).map_err(|error| CertificateError::new(path, format!("an authority is unusable: {error}")))?;
        }
        let built = WebPkiClientVerifier::builder_with_provider(Arc::new(roots), Arc::clone(provider)).build();
        let verifier = built.map_err(|error| CertificateError::new(path, format!("the authorities are unusable: {error}")))?;
        Ok(Self { name: file.name.as_str().into(), verifier })
    }

    /// The phone that a chain names, if it ends here, is in date, and names exactly one.
    pub(super) fn judge(&self, chain: &[CertificateDer<'_>], now: UnixTime) -> Option<CertifiedMac> {
        let (end, others) = chain.split_first()?;
        // What the handshake could not check proves nothing, whoever signed it.
        if !checkable(end) {
            return None;
        }
        self.verifier.verify_client_cert(end, others, now).ok()?;
        Some(CertifiedMac { mac: mac_of(end)?, manufacturer: Arc::clone(&self.name) })
    }
}

/// Takes any client certificate, and checks that the client has its key.
#[derive(Debug)]
pub(super) struct AnyClient {
    algorithms: WebPkiSupportedAlgorithms,
}

impl AnyClient {
    pub(super) fn new(provider: &CryptoProvider) -> Self {
        Self { algorithms: provider.signature_verification_algorithms }
    }
}

impl ClientCertVerifier for AnyClient {
    fn client_auth_mandatory(&self) -> bool {
        false
    }

    /// None: a phone that finds no fitting authority in a list may send nothing, or give up.
    fn root_hint_subjects(&self) -> &[DistinguishedName] {
        &[]
    }

    fn verify_client_cert(&self, _: &CertificateDer<'_>, _: &[CertificateDer<'_>], _: UnixTime) -> Result<ClientCertVerified, Error> {
        Ok(ClientCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        if !checkable(cert) {
            return Ok(HandshakeSignatureValid::assertion());
        }
        verify_tls12_signature(message, cert, dss, &self.algorithms)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        if !checkable(cert) {
            return Ok(HandshakeSignatureValid::assertion());
        }
        verify_tls13_signature(message, cert, dss, &self.algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.algorithms.supported_schemes()
    }
}

/// Whether a signature with this certificate's key can be checked at all.
///
/// Depends on the certificate alone, so that the handshake, which lets the others through unchecked, and the judgement, which
/// refuses them, always agree; also when a session is resumed.
fn checkable(certificate: &CertificateDer<'_>) -> bool {
    let Ok((_, parsed)) = X509Certificate::from_der(certificate) else { return false };
    let key = parsed.public_key();
    let curve = || key.algorithm.parameters.as_ref().and_then(|curve| curve.as_oid().ok());
    let strong = match key.parsed() {
        Ok(PublicKey::RSA(key)) => key.key_size() >= RSA_BITS_MIN,
        Ok(PublicKey::EC(_)) => curve().is_some_and(|curve| CURVES.contains(&curve)),
        _ => false,
    };
    strong && ParsedCertificate::try_from(certificate).is_ok()
}

/// The one MAC address in the subject's common name or serial number.
fn mac_of(certificate: &CertificateDer<'_>) -> Option<Mac> {
    let (_, parsed) = X509Certificate::from_der(certificate).ok()?;
    let subject = parsed.subject();
    let attributes = subject.iter_common_name().chain(subject.iter_by_oid(&OID_X509_SERIALNUMBER));
    let mut macs: Vec<Mac> = attributes.filter_map(|attribute| attribute.as_str().ok()).filter_map(mac_in).collect();
    macs.dedup();
    match macs[..] {
        [mac] => Some(mac),
        _ => None,
    }
}

/// The MAC address in a name such as `001565AABBCC`, `00:15:65:aa:bb:cc` or `CP-8841-SEP001565AABBCC`: a word that is one, or ends
/// in one behind a letter that is no hexadecimal digit.
fn mac_in(text: &str) -> Option<Mac> {
    let words = text.split([' ', ',', ';', '/', '=', '_', '(', ')', '@']);
    let mut found = words.filter_map(|word| {
        let whole = || word.parse().ok();
        let tail = || {
            let (before, last) = word.split_at_checked(word.len().checked_sub(12)?)?;
            before.bytes().next_back().filter(|byte| !byte.is_ascii_hexdigit())?;
            last.bytes().all(|byte| byte.is_ascii_hexdigit()).then(|| last.parse().ok())?
        };
        whole().or_else(tail)
    });
    let mac = found.next()?;
    found.all(|other| other == mac).then_some(mac)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn macs_in_names() {
        let table = [
            ("001565aabbcc", Some("001565aabbcc")),
            ("001565AABBCC", Some("001565aabbcc")),
            ("00:15:65:AA:BB:CC", Some("001565aabbcc")),
            ("00-15-65-AA-BB-CC", Some("001565aabbcc")),
            ("SEP001565AABBCC", Some("001565aabbcc")),
            ("CP-8841-SEP001565AABBCC", Some("001565aabbcc")),
            ("PID:CP-8841 SN:FCH12345678 SEP001565AABBCC", Some("001565aabbcc")),
            ("phone 001565aabbcc", Some("001565aabbcc")),
            ("001565aabbcc 001565aabbcc", Some("001565aabbcc")),
            ("001565aabbcc 001565aabbcd", None),
            ("Yealink generic device", None),
            ("1001565aabbcc", None),
            ("f001565aabbcc", None),
            ("001565aabbc", None),
            ("ffffffffffff", None),
            ("", None),
            ("äää001565aabbcc", Some("001565aabbcc")),
        ];
        for (name, expected) in table {
            assert_eq!(mac_in(name).map(|mac| mac.to_string()).as_deref(), expected, "{name}");
        }
    }
}
