//! What every command and the server begin with: configuration, keys, store, catalogue.

use std::net::SocketAddr;
use std::sync::Arc;

use brands::InForce;
use domain::Secret;
use domain::claim::PlatformKeys;
use portal::admin::{Admin, By, Platform, template};
use portal::edge::{SystemChance, now};
use portal::redirecting::Way;
use portal::webhook::Road;
use store::{KeyRing, Options, Store};

use crate::config::Config;
use crate::data::DataDir;
use crate::failure::Failure;

/// An opened data directory.
#[derive(Debug)]
pub struct Context {
    /// Where it is.
    pub data: DataDir,
    /// Its configuration.
    pub config: Config,
    /// What people do to it.
    pub admin: Admin,
}

impl Context {
    /// Opens a data directory.
    pub async fn open(data: DataDir) -> Result<Self, Failure> {
        let config = data.config()?;
        let ring = KeyRing::load(&data.key_file()).map_err(|error| key_failure(&error))?;
        Self::with(data, config, &ring).await
    }

    /// Opens a store with what is at hand already.
    pub async fn with(data: DataDir, config: Config, ring: &KeyRing) -> Result<Self, Failure> {
        let catalogue = InForce::open(data.brands().as_deref()).map_err(|error| Failure::refused(error.to_string()))?;
        let store = Store::open(config.store_url.expose(), ring, Box::new(SystemChance), Options::new(data.path())).await?;
        let keys = platform_keys(&store).await?;
        let platform = Arc::new(platform(&config)?);
        let admin = Admin { store, catalogue, keys: Arc::new(keys), platform };
        template::take_up(&admin).await?;
        Ok(Self { data, config, admin })
    }

    /// The command line as an actor, at this moment.
    pub fn by(&self) -> By {
        By::command_line(now())
    }

    /// Finishes what waits and closes the store.
    pub async fn close(self) {
        self.admin.store.close().await;
    }
}

/// The keys that claims are made from: random, sealed in the database, the same for all nodes.
async fn platform_keys(store: &Store) -> Result<PlatformKeys, Failure> {
    let key = store::meta::platform_key(store, "claims").await?;
    PlatformKeys::new(vec![Secret::new(key.to_vec())]).map_err(|error| Failure::refused(error.to_string()))
}

fn platform(config: &Config) -> Result<Platform, Failure> {
    let listen = match config.sip.restricted_transport {
        domain::settings::Transport::Udp => &config.sip.udp,
        domain::settings::Transport::Tcp => &config.sip.tcp,
        domain::settings::Transport::Tls => &config.sip.tls,
    };
    let mut emergency_numbers: Vec<String> = config.emergency.countries.values().flatten().cloned().collect();
    emergency_numbers.sort();
    emergency_numbers.dedup();
    let redirects = Way::new(config.redirect.ca.as_deref(), config.redirect.services.clone(), now);
    Ok(Platform {
        phones_url: config.phones.public_url.to_string(),
        sip_host: config.sip.public_host.clone(),
        sip_port: listen.first().map(SocketAddr::port).filter(|port| *port != 0).unwrap_or(5060),
        sip_transport: config.sip.restricted_transport,
        service_number: config.sip.service_number.clone(),
        emergency_numbers,
        portal_url: config.portal.public_url.to_string(),
        mails: config.mail.smtp.is_some() && config.mail.from.is_some(),
        webhooks: Road::new(config.webhooks.allow_private),
        redirects: redirects.map_err(|error| Failure::refused(format!("redirect.ca: {error}")))?,
    })
}

fn key_failure(error: &store::StoreError) -> Failure {
    Failure::refused(format!("{error}; put the master key file of this database there (mode 0600)"))
}
