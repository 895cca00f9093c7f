//! What the gate shows to phones, and what phones show to it.
//!
//! Two certificates at a time, RSA for old phones and P-256 for those that can, chosen by each client's hello. Files of one's
//! own or a self-made authority under `DIR/tls/`; both are read again on [`Certificates::reload`].

pub mod client;
mod files;
mod self_made;

use std::path::PathBuf;
use std::sync::{Arc, PoisonError, RwLock};

use rustls::crypto::{CryptoProvider, aws_lc_rs};
use rustls::server::{ClientHello, ResolvesServerCert, ServerSessionMemoryCache};
use rustls::sign::CertifiedKey;
use rustls::{CipherSuite, NamedGroup, ServerConfig, SignatureAlgorithm, SignatureScheme};
use rustls_pki_types::{CertificateDer, UnixTime};

use self::client::AnyClient;
pub use self::client::{Manufacturer, ManufacturerFile};
use crate::limits::TLS_SESSIONS_MAX;
use crate::phones::CertifiedMac;

/// Where the server certificates come from.
#[derive(Clone, Debug)]
pub enum Source {
    /// PEM files of one's own: one pair, or one RSA and one P-256 pair.
    Files(Vec<PairFiles>),
    /// An authority and certificates of our own making, in this directory (`DIR/tls`). What is absent is made; the authority
    /// (`ca.pem`) stays, the certificates follow the names.
    SelfMade {
        /// The directory.
        directory: PathBuf,
        /// Host names and addresses by which phones know us.
        names: Vec<String>,
    },
}

/// A certificate chain and its key, both PEM.
#[derive(Clone, Debug)]
pub struct PairFiles {
    /// The chain, our certificate first.
    pub certificate: PathBuf,
    /// The private key: PKCS#8, PKCS#1 or SEC1. May be the same file.
    pub key: PathBuf,
}

/// Why certificates cannot be used. Names the file and says what is wrong with it.
#[derive(Debug, thiserror::Error)]
#[error("{}: {problem}", file.display())]
pub struct CertificateError {
    /// The file or directory.
    pub file: PathBuf,
    /// What is wrong, in words.
    pub problem: String,
}

/// The certificates in force.
#[derive(Debug)]
pub struct Certificates {
    source: Source,
    manufacturers: Vec<ManufacturerFile>,
    provider: Arc<CryptoProvider>,
    current: RwLock<Arc<Current>>,
}

/// What one reading of the files gave.
#[derive(Debug)]
struct Current {
    pairs: Pairs,
    manufacturers: Vec<Manufacturer>,
}

/// One certificate per kind of key, at least one of them.
#[derive(Debug, Default)]
pub(crate) struct Pairs {
    rsa: Option<Arc<CertifiedKey>>,
    p256: Option<Arc<CertifiedKey>>,
}

impl Certificates {
    /// Reads (or makes) the server certificates, and the manufacturers' authorities that client certificates are judged by. With
    /// no manufacturers no client is asked for a certificate.
    pub fn load(source: Source, manufacturers: Vec<ManufacturerFile>) -> Result<Arc<Self>, CertificateError> {
        let provider = Arc::new(quick_first(aws_lc_rs::default_provider()));
        let current = RwLock::new(Arc::new(Current::read(&source, &manufacturers, &provider)?));
        Ok(Arc::new(Self { source, manufacturers, provider, current }))
    }

    /// Reads all files again. On an error everything stays as it was. Open connections keep what they began with.
    pub fn reload(&self) -> Result<(), CertificateError> {
        let fresh = Arc::new(Current::read(&self.source, &self.manufacturers, &self.provider)?);
        *self.current.write().unwrap_or_else(PoisonError::into_inner) = fresh;
        Ok(())
    }

    /// The TLS side of a listener: TLS 1.2 and 1.3, tickets on, certificates always the current ones.
    pub fn server_config(self: &Arc<Self>) -> Result<ServerConfig, rustls::Error> {
        let versions = [&rustls::version::TLS13, &rustls::version::TLS12];
        let builder = ServerConfig::builder_with_provider(Arc::clone(&self.provider)).with_protocol_versions(&versions)?;
        let builder = if self.manufacturers.is_empty() {
            builder.with_no_client_auth()
        } else {
            builder.with_client_cert_verifier(Arc::new(AnyClient::new(&self.provider)))
        };
        let mut config = builder.with_cert_resolver(Arc::new(Choice(Arc::clone(self))));
        config.ignore_client_order = true;
        config.ticketer = aws_lc_rs::Ticketer::new()?;
        config.session_storage = ServerSessionMemoryCache::new(TLS_SESSIONS_MAX);
        // A phone keeps one session; each further ticket would be sealed and sent for nothing.
        config.send_tls13_tickets = 1;
        Ok(config)
    }

    /// The phone that a client's chain names, if it ends at one of the manufacturers. The handshake has proved the key.
    pub fn judge(&self, chain: &[CertificateDer<'_>], now: UnixTime) -> Option<CertifiedMac> {
        self.current().manufacturers.iter().find_map(|manufacturer| manufacturer.judge(chain, now))
    }

    fn current(&self) -> Arc<Current> {
        Arc::clone(&self.current.read().unwrap_or_else(PoisonError::into_inner))
    }
}

impl Current {
    fn read(source: &Source, manufacturers: &[ManufacturerFile], provider: &Arc<CryptoProvider>) -> Result<Self, CertificateError> {
        let pairs = match source {
            Source::Files(files) => files::read_pairs(files, provider)?,
            Source::SelfMade { directory, names } => files::read_pairs(&self_made::prepare(directory, names)?, provider)?,
        };
        let manufacturers = manufacturers.iter().map(|file| Manufacturer::read(file, provider)).collect::<Result<_, _>>()?;
        Ok(Self { pairs, manufacturers })
    }
}

/// Puts AES-128-GCM before AES-256-GCM. Both are beyond any attack, but the latter comes with SHA-384, for which few processors have
/// instructions: its key schedule is a tenth of a handshake here, and more in a phone.
fn quick_first(mut provider: CryptoProvider) -> CryptoProvider {
    provider.cipher_suites.sort_by_key(|suite| !format!("{:?}", suite.suite()).contains("AES_128_GCM"));
    provider
}

/// Chooses by the client's hello.
#[derive(Debug)]
struct Choice(Arc<Certificates>);

impl ResolvesServerCert for Choice {
    fn resolve(&self, hello: ClientHello<'_>) -> Option<Arc<CertifiedKey>> {
        let current = self.0.current();
        let Pairs { rsa, p256 } = &current.pairs;
        let fitting = if speaks_p256(&hello) { p256.as_ref().or(rsa.as_ref()) } else { rsa.as_ref().or(p256.as_ref()) };
        fitting.map(Arc::clone)
    }
}

/// Whether a client can use a P-256 certificate: it must know the signature, the curve, and, below TLS 1.3, a suite with it.
fn speaks_p256(hello: &ClientHello<'_>) -> bool {
    let signature = hello.signature_schemes().contains(&SignatureScheme::ECDSA_NISTP256_SHA256);
    let curve = hello.named_groups().is_none_or(|groups| groups.contains(&NamedGroup::secp256r1));
    signature && curve && hello.cipher_suites().iter().copied().any(suits_ecdsa)
}

fn suits_ecdsa(suite: CipherSuite) -> bool {
    matches!(
        suite,
        CipherSuite::TLS13_AES_128_GCM_SHA256
            | CipherSuite::TLS13_AES_256_GCM_SHA384
            | CipherSuite::TLS13_CHACHA20_POLY1305_SHA256
            | CipherSuite::TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256
            | CipherSuite::TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384
            | CipherSuite::TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256
    )
}

impl Pairs {
    /// Puts a pair into the place of its kind. The reason if it has none.
    pub(crate) fn add(&mut self, pair: CertifiedKey) -> Result<(), &'static str> {
        let slot = match pair.key.algorithm() {
            SignatureAlgorithm::RSA => &mut self.rsa,
            SignatureAlgorithm::ECDSA if pair.key.choose_scheme(&[SignatureScheme::ECDSA_NISTP256_SHA256]).is_some() => &mut self.p256,
            _ => return Err("the key is neither RSA nor P-256, which is all that phones know"),
        };
        if slot.is_some() {
            return Err("a second certificate with the same kind of key: at most one RSA and one P-256 are possible");
        }
        *slot = Some(Arc::new(pair));
        Ok(())
    }
}

impl CertificateError {
    pub(crate) fn new(file: impl Into<PathBuf>, problem: impl Into<String>) -> Self {
        Self { file: file.into(), problem: problem.into() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_quick_suites_come_first_and_none_is_lost() {
        let usual = aws_lc_rs::default_provider().cipher_suites;
        let ordered = quick_first(aws_lc_rs::default_provider()).cipher_suites;
        let names: Vec<_> = ordered.iter().map(rustls::SupportedCipherSuite::suite).collect();
        assert_eq!(names.len(), usual.len());
        assert!(usual.iter().all(|suite| names.contains(&suite.suite())));
        let at = |suite| names.iter().position(|name| *name == suite).unwrap();
        assert_eq!(at(CipherSuite::TLS13_AES_128_GCM_SHA256), 0);
        assert!(
            at(CipherSuite::TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256) < at(CipherSuite::TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384),
            "{names:?}"
        );
    }
}
