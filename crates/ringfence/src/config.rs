//! `DIR/ringfence.toml`: read with the environment laid over it, all of its errors reported at once.

mod keys;
mod kinds;
mod read;

use std::collections::BTreeMap;
use std::fmt;
use std::net::{IpAddr, SocketAddr};
use std::path::{Path, PathBuf};

use domain::Secret;
use ipnet::IpNet;

pub use self::kinds::{PublicUrl, RtpPorts, Transport};
use self::read::Reader;

/// The file's name inside the data directory.
pub const FILE_NAME: &str = "ringfence.toml";

/// Everything that an operator can configure.
#[derive(Clone, Debug)]
pub struct Config {
    /// The file that it was read from.
    pub file: PathBuf,
    /// The data directory: where the file lies, and where relative paths start.
    pub data: PathBuf,
    /// Where data is kept: `sqlite:FILE` or `postgres://…`. Secret: it may hold a password.
    pub store_url: Secret<String>,
    /// The phones' door.
    pub phones: Phones,
    /// Certificates of one's own.
    pub tls: Tls,
    /// The telephone side.
    pub sip: Sip,
    /// The people's door.
    pub portal: Portal,
    /// Emergency calls.
    pub emergency: Emergency,
    /// Events that are sent to addresses.
    pub webhooks: Webhooks,
    /// Brands' redirect services.
    pub redirect: Redirect,
    /// Outgoing mail.
    pub mail: Mail,
}

/// `[phones]`.
#[derive(Clone, Debug)]
pub struct Phones {
    /// Where HTTPS is spoken.
    pub https: Option<SocketAddr>,
    /// Where plain HTTP is spoken.
    pub http: Option<SocketAddr>,
    /// How phones reach us from outside.
    pub public_url: PublicUrl,
    /// The same without TLS.
    pub http_public_url: Option<PublicUrl>,
    /// Proxies whose forwarding header counts.
    pub trusted_proxies: Vec<IpNet>,
}

/// `[tls]`: absent files mean the self-made certificate.
#[derive(Clone, Debug)]
pub struct Tls {
    /// PEM files of the authorities whose word on a phone's MAC is taken, by the maker's name.
    pub manufacturers: BTreeMap<String, PathBuf>,
    /// PEM file of the authorities that vouch for trunks over TLS; absent: the system's.
    pub trunks: Option<PathBuf>,
    /// PEM file of the authorities that vouch for the mail server; absent: the system's.
    pub mail: Option<PathBuf>,
    /// For phones.
    pub phones: Option<PairFiles>,
    /// For people.
    pub portal: Option<PairFiles>,
}

/// A certificate chain and its key, both PEM.
#[derive(Clone, Debug)]
pub struct PairFiles {
    /// The chain.
    pub cert: PathBuf,
    /// The key.
    pub key: PathBuf,
}

/// `[sip]`.
#[derive(Clone, Debug)]
pub struct Sip {
    /// SIP over UDP.
    pub udp: Vec<SocketAddr>,
    /// SIP over TCP.
    pub tcp: Vec<SocketAddr>,
    /// SIP over TLS.
    pub tls: Vec<SocketAddr>,
    /// The realm, and the host that restricted phones register with.
    pub public_host: String,
    /// Where phones send their voice, one address of each family at most; a family without one takes the address that it listens on.
    pub media_address: Vec<IpAddr>,
    /// Media ports.
    pub rtp: RtpPorts,
    /// What people dial to reach the authentication service.
    pub service_number: String,
    /// How restricted phones speak.
    pub restricted_transport: Transport,
    /// Where NOTIFY for live phones goes, `host:port`; absent: nowhere.
    pub resync_proxy: Option<String>,
}

/// `[portal]`.
#[derive(Clone, Debug)]
pub struct Portal {
    /// Where it listens.
    pub listen: Option<SocketAddr>,
    /// Whether it speaks TLS itself.
    pub tls: bool,
    /// How people reach it.
    pub public_url: PublicUrl,
}

/// `[emergency]`.
#[derive(Clone, Debug)]
pub struct Emergency {
    /// Emergency numbers by country.
    pub countries: BTreeMap<String, Vec<String>>,
    /// The country of sites that name none.
    pub default_country: String,
    /// The operator's own number, E.164: what calls show that no site's number fits.
    pub caller_number: Option<String>,
}

/// `[webhooks]`.
#[derive(Clone, Copy, Debug)]
pub struct Webhooks {
    /// They may lead to private addresses, and without TLS.
    pub allow_private: bool,
}

/// `[redirect]`.
#[derive(Clone, Debug)]
pub struct Redirect {
    /// PEM file of authorities that are trusted besides the system's.
    pub ca: Option<PathBuf>,
    /// Addresses in place of the services' own.
    pub services: BTreeMap<redirect::Kind, redirect::Url>,
}

/// `[mail]`.
#[derive(Clone, Debug)]
pub struct Mail {
    /// `smtp://` or `smtps://` address; may hold a password.
    pub smtp: Option<Secret<String>>,
    /// Sender.
    pub from: Option<String>,
}

/// One thing that is wrong.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ConfigError {
    /// The file, or the environment variable.
    pub origin: String,
    /// `section.key`; empty for the file as a whole.
    pub key: String,
    /// What is wrong and what is allowed.
    pub problem: String,
}

impl fmt::Display for ConfigError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.key.as_str() {
            "" => write!(f, "{}: {}", self.origin, self.problem),
            key => write!(f, "{}: {key}: {}", self.origin, self.problem),
        }
    }
}

/// All that is wrong, one line each.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ConfigErrors(pub Vec<ConfigError>);

impl fmt::Display for ConfigErrors {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let lines: Vec<String> = self.0.iter().map(ToString::to_string).collect();
        f.write_str(&lines.join("\n"))
    }
}

impl std::error::Error for ConfigErrors {}

impl Config {
    /// Reads a file and lays the environment (`RINGFENCE_SECTION_KEY`) over it.
    pub fn load(file: &Path, environment: impl IntoIterator<Item = (String, String)>) -> Result<Self, ConfigErrors> {
        let text = std::fs::read_to_string(file).map_err(|error| {
            let problem = match error.kind() {
                std::io::ErrorKind::NotFound => "there is no such file; `ringfence init --data DIR` makes one".to_owned(),
                _ => error.to_string(),
            };
            ConfigErrors(vec![ConfigError { origin: file.display().to_string(), key: String::new(), problem }])
        })?;
        Self::read(file, &text, environment)
    }

    /// Reads a file's text. `file` serves messages and relative paths.
    pub fn read(file: &Path, text: &str, environment: impl IntoIterator<Item = (String, String)>) -> Result<Self, ConfigErrors> {
        let data = file.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new(".")).to_owned();
        let mut reader = Reader::new(file, &data, text, environment)?;
        let config = Self {
            file: file.to_owned(),
            data: data.clone(),
            store_url: reader.value("store.url"),
            phones: Phones {
                https: reader.value("phones.https"),
                http: reader.value("phones.http"),
                public_url: reader.value("phones.public_url"),
                http_public_url: reader.value("phones.http_public_url"),
                trusted_proxies: reader.value("phones.trusted_proxies"),
            },
            tls: Tls {
                manufacturers: reader.files("tls.manufacturers"),
                trunks: reader.file("tls.trunks"),
                mail: reader.file("tls.mail"),
                phones: reader.pair("tls.phones_cert", "tls.phones_key"),
                portal: reader.pair("tls.portal_cert", "tls.portal_key"),
            },
            sip: Sip {
                udp: reader.value("sip.udp"),
                tcp: reader.value("sip.tcp"),
                tls: reader.value("sip.tls"),
                public_host: reader.value::<kinds::Host>("sip.public_host").0,
                media_address: reader.value("sip.media_address"),
                rtp: reader.value("sip.rtp"),
                service_number: reader.value::<kinds::ServiceNumber>("sip.service_number").0,
                restricted_transport: reader.value("sip.restricted_transport"),
                resync_proxy: reader.value::<kinds::HostPort>("sip.resync_proxy").0,
            },
            portal: Portal {
                listen: reader.value("portal.listen"),
                tls: reader.value("portal.tls"),
                public_url: reader.value("portal.public_url"),
            },
            emergency: Emergency {
                countries: reader.value("emergency.countries"),
                default_country: reader.value::<kinds::Country>("emergency.default_country").0,
                caller_number: reader.value::<kinds::CallerNumber>("emergency.caller_number").0,
            },
            webhooks: Webhooks { allow_private: reader.value("webhooks.allow_private") },
            redirect: Redirect { ca: reader.file("redirect.ca"), services: reader.value("redirect.services") },
            mail: Mail { smtp: reader.value::<kinds::Smtp>("mail.smtp").0, from: reader.value::<kinds::MailAddress>("mail.from").0 },
        };
        config.check_together(&mut reader);
        reader.finish(config)
    }

    /// The text of a new file: all keys with their meaning, the environment's values in the place of defaults.
    pub fn new_text(file: &Path, environment: impl IntoIterator<Item = (String, String)>) -> Result<String, ConfigErrors> {
        let data = file.parent().unwrap_or(Path::new(".")).to_owned();
        Ok(Reader::new(file, &data, "", environment)?.text())
    }

    /// Host names and addresses that a self-made certificate must be good for.
    pub fn certificate_names(&self) -> Vec<String> {
        let mut names = vec![self.phones.public_url.host.clone(), self.portal.public_url.host.clone(), self.sip.public_host.clone()];
        names.extend(["localhost", "127.0.0.1", "::1"].map(str::to_owned));
        let mut seen = std::collections::BTreeSet::new();
        names.retain(|name| seen.insert(name.clone()));
        names
    }

    fn check_together(&self, reader: &mut Reader) {
        if self.phones.https.is_none() && self.phones.http.is_none() {
            reader.complain("phones.https", "phones need a door: give https or http an address");
        }
        if self.phones.public_url.scheme != "https" {
            reader.complain("phones.public_url", "begins with https://");
        }
        if self.phones.http_public_url.as_ref().is_some_and(|url| url.scheme != "http") {
            reader.complain("phones.http_public_url", "begins with http://");
        }
        if !self.emergency.countries.contains_key(&self.emergency.default_country) {
            let known: Vec<&str> = self.emergency.countries.keys().map(String::as_str).collect();
            reader.complain("emergency.default_country", &format!("is one of emergency.countries: {}", known.join(", ")));
        }
    }
}

#[cfg(test)]
mod tests;
