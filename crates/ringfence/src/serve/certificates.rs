//! Which certificate is shown at which door.

use std::path::Path;
use std::sync::Arc;

use gate::certificates::{CertificateError, Certificates, ManufacturerFile, PairFiles, Source};

use crate::config::Config;
use crate::failure::Failure;

/// The certificates of the phones' and the people's door. They are one where both are of our own making and no
/// phone is asked for a certificate.
#[derive(Debug)]
pub struct Doors {
    phones: Arc<Certificates>,
    portal: Option<Arc<Certificates>>,
}

impl Doors {
    /// Reads or makes them.
    pub fn open(config: &Config, directory: &Path) -> Result<Self, Failure> {
        let load = |files: Option<&crate::config::PairFiles>, makers: Vec<ManufacturerFile>| {
            Certificates::load(source(config, files, directory), makers).map_err(|error| Failure::refused(error.to_string()))
        };
        let makers = manufacturers(config);
        // A browser that is asked for a certificate would ask its user: people's door has no makers.
        let shared = makers.is_empty();
        let phones = load(config.tls.phones.as_ref(), makers)?;
        let portal = match (config.portal.tls, &config.tls.phones, &config.tls.portal) {
            (false, ..) => None,
            (true, None, None) if shared => Some(Arc::clone(&phones)),
            (true, _, files) => Some(load(files.as_ref(), Vec::new())?),
        };
        Ok(Self { phones, portal })
    }

    /// What phones are shown.
    pub fn phones(&self) -> &Arc<Certificates> {
        &self.phones
    }

    /// What people are shown; nothing where the portal speaks plain HTTP behind a proxy.
    pub fn portal(&self) -> Option<&Arc<Certificates>> {
        self.portal.as_ref()
    }

    /// Reads all files again.
    pub fn reload(&self) -> Result<(), CertificateError> {
        self.phones.reload()?;
        self.portal.as_ref().map_or(Ok(()), |portal| portal.reload())
    }
}

/// Whose certificates in phones are a proof.
pub fn manufacturers(config: &Config) -> Vec<ManufacturerFile> {
    let maker = |(name, file): (&String, &std::path::PathBuf)| ManufacturerFile { name: name.clone(), authorities: file.clone() };
    config.tls.manufacturers.iter().map(maker).collect()
}

/// Files of one's own, or the self-made authority.
pub fn source(config: &Config, files: Option<&crate::config::PairFiles>, directory: &Path) -> Source {
    match files {
        Some(files) => Source::Files(vec![PairFiles { certificate: files.cert.clone(), key: files.key.clone() }]),
        None => Source::SelfMade { directory: directory.to_owned(), names: config.certificate_names() },
    }
}
