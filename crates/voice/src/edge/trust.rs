//! Whose word is taken on the names of trunks and proxies that are called over TLS.

use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject;
use rustls::{ClientConfig, RootCertStore};

/// Where systems keep the authorities that they trust.
const SYSTEM: [&str; 3] = ["/etc/ssl/certs/ca-certificates.crt", "/etc/pki/tls/certs/ca-bundle.crt", "/etc/ssl/cert.pem"];

/// Why there is no trust.
#[derive(Debug, thiserror::Error)]
pub enum TrustError {
    /// The file cannot be read.
    #[error("{}: {error}", path.display())]
    File {
        /// Which.
        path: PathBuf,
        /// The system's words.
        error: io::Error,
    },
    /// It holds no certificate.
    #[error("{}: no certificate in it", path.display())]
    Empty {
        /// Which.
        path: PathBuf,
    },
}

/// TLS for connections of our own: trusted are the authorities in this PEM file, or those of the system. A system without any trusts
/// nobody, and no connection comes up.
///
/// # Errors
///
/// [`TrustError`] if the file that was named cannot be used.
pub fn client_tls(authorities: Option<&Path>) -> Result<Arc<ClientConfig>, TrustError> {
    let roots = match authorities {
        Some(path) => roots(path)?,
        None => SYSTEM.iter().find_map(|path| roots(Path::new(path)).ok()).unwrap_or_else(RootCertStore::empty),
    };
    Ok(Arc::new(ClientConfig::builder().with_root_certificates(roots).with_no_client_auth()))
}

fn roots(path: &Path) -> Result<RootCertStore, TrustError> {
    let pem = std::fs::read(path).map_err(|error| TrustError::File { path: path.to_owned(), error })?;
    let mut roots = RootCertStore::empty();
    roots.add_parsable_certificates(CertificateDer::pem_slice_iter(&pem).filter_map(Result::ok));
    if roots.is_empty() { Err(TrustError::Empty { path: path.to_owned() }) } else { Ok(roots) }
}
