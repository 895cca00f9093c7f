//! Whom a phone trusts.

use std::sync::Arc;

use rustls::client::WebPkiServerVerifier;
use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::client::{Resumption, WantsClientCert};
use rustls::crypto::{CryptoProvider, aws_lc_rs, verify_tls12_signature, verify_tls13_signature};
use rustls::{CertificateError, ClientConfig, ConfigBuilder, DigitallySignedStruct, Error, RootCertStore, SignatureScheme};
use rustls_pki_types::pem::PemObject;
use rustls_pki_types::{CertificateDer, PrivateKeyDer, ServerName, UnixTime};

/// A phone's TLS settings. Cheap to clone; phones may share one.
#[derive(Clone, Debug)]
pub struct Tls {
    pub(super) config: Arc<ClientConfig>,
    verifier: Arc<dyn ServerCertVerifier>,
    tls13: bool,
}

/// Why certificates cannot be used.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("no certificate or key can be read from the PEM: {0}")]
pub struct TlsError(String);

impl TlsError {
    fn of(error: impl std::fmt::Display) -> Self {
        Self(error.to_string())
    }
}

impl Tls {
    /// Takes any certificate: "only accept trusted certificates" is off.
    pub fn any() -> Self {
        Self::with(Arc::new(AnyCertificate { provider: provider() }), true)
    }

    /// Takes certificates issued by these authorities. Phones check the name in it only if told to
    /// (`static.security.cn_validation`), hence `check_name`.
    pub fn authorities(pem: &[u8], check_name: bool) -> Result<Self, TlsError> {
        Ok(Self::with(issued_by(pem, check_name)?, true))
    }

    /// The same as [`Tls::authorities`] for a phone that ends at TLS 1.2.
    pub fn authorities_tls12(pem: &[u8], check_name: bool) -> Result<Self, TlsError> {
        Ok(Self::with(issued_by(pem, check_name)?, false))
    }

    /// The same, with the device certificate that the maker put in: shown to servers that ask for one.
    pub fn presenting(&self, chain_pem: &[u8], key_pem: &[u8]) -> Result<Self, TlsError> {
        let chain = CertificateDer::pem_slice_iter(chain_pem).collect::<Result<Vec<_>, _>>().map_err(TlsError::of)?;
        let key = PrivateKeyDer::from_pem_slice(key_pem).map_err(TlsError::of)?;
        let config = builder(&self.verifier, self.tls13).with_client_auth_cert(chain, key).map_err(TlsError::of)?;
        Ok(Self { config: finished(config), ..self.clone() })
    }

    fn with(verifier: Arc<dyn ServerCertVerifier>, tls13: bool) -> Self {
        Self { config: finished(builder(&verifier, tls13).with_no_client_auth()), verifier, tls13 }
    }
}

impl Default for Tls {
    fn default() -> Self {
        Self::any()
    }
}

fn builder(verifier: &Arc<dyn ServerCertVerifier>, tls13: bool) -> ConfigBuilder<ClientConfig, WantsClientCert> {
    let versions: &[_] = if tls13 { rustls::DEFAULT_VERSIONS } else { &[&rustls::version::TLS12] };
    let builder = ClientConfig::builder_with_provider(provider()).with_protocol_versions(versions);
    builder.expect("the provider knows both versions").dangerous().with_custom_certificate_verifier(Arc::clone(verifier))
}

fn finished(mut config: ClientConfig) -> Arc<ClientConfig> {
    // A new session for each file is what a server has to carry in the worst case; whether phones resume is unknown.
    config.resumption = Resumption::disabled();
    Arc::new(config)
}

fn provider() -> Arc<CryptoProvider> {
    Arc::new(aws_lc_rs::default_provider())
}

fn issued_by(pem: &[u8], check_name: bool) -> Result<Arc<dyn ServerCertVerifier>, TlsError> {
    let mut roots = RootCertStore::empty();
    for certificate in CertificateDer::pem_slice_iter(pem) {
        let certificate = certificate.map_err(TlsError::of)?;
        roots.add(certificate).map_err(TlsError::of)?;
    }
    let checked = WebPkiServerVerifier::builder_with_provider(Arc::new(roots), provider()).build();
    let checked = checked.map_err(TlsError::of)?;
    if check_name { Ok(checked) } else { Ok(Arc::new(AnyName { checked })) }
}

/// Checks who issued a certificate, not whose it is.
#[derive(Debug)]
struct AnyName {
    checked: Arc<WebPkiServerVerifier>,
}

impl ServerCertVerifier for AnyName {
    fn verify_server_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        server_name: &ServerName<'_>,
        ocsp_response: &[u8],
        now: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        match self.checked.verify_server_cert(end_entity, intermediates, server_name, ocsp_response, now) {
            // The name is looked at last, so everything else was right.
            Err(Error::InvalidCertificate(CertificateError::NotValidForName | CertificateError::NotValidForNameContext { .. })) => {
                Ok(ServerCertVerified::assertion())
            }
            other => other,
        }
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        self.checked.verify_tls12_signature(message, cert, dss)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        self.checked.verify_tls13_signature(message, cert, dss)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.checked.supported_verify_schemes()
    }
}

/// Checks nothing about a certificate, only that the server holds its key.
#[derive(Debug)]
struct AnyCertificate {
    provider: Arc<CryptoProvider>,
}

impl ServerCertVerifier for AnyCertificate {
    fn verify_server_cert(
        &self,
        _: &CertificateDer<'_>,
        _: &[CertificateDer<'_>],
        _: &ServerName<'_>,
        _: &[u8],
        _: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        Ok(ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        verify_tls12_signature(message, cert, dss, &self.provider.signature_verification_algorithms)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        verify_tls13_signature(message, cert, dss, &self.provider.signature_verification_algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.provider.signature_verification_algorithms.supported_schemes()
    }
}
