//! The authorities that the system trusts, for connections that we open.

use std::path::Path;

use rustls::RootCertStore;
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject as _;

/// Where systems keep them: Debian and its kin, Fedora and its kin, Alpine, the BSDs.
const SYSTEM: [&str; 4] =
    ["/etc/ssl/certs/ca-certificates.crt", "/etc/pki/tls/certs/ca-bundle.crt", "/etc/ssl/cert.pem", "/usr/local/etc/ssl/cert.pem"];

/// Their certificates, those that can be used; none if the system keeps them elsewhere.
pub(crate) fn system() -> Vec<CertificateDer<'static>> {
    let pem = SYSTEM.iter().find_map(|path| std::fs::read(Path::new(path)).ok()).unwrap_or_default();
    let usable = |certificate: &CertificateDer<'static>| RootCertStore::empty().add(certificate.clone()).is_ok();
    CertificateDer::pem_slice_iter(&pem).filter_map(Result::ok).filter(usable).collect()
}
