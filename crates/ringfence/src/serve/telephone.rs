//! The telephone side of a server: its listeners, and what they are given.

use std::net::SocketAddr;
use std::sync::Arc;

use domain::Mac;
use domain::pin::Stranger;
use gate::fetch::Tables;
use portal::edge::now;
use prometheus_client::registry::Registry;
use voice::edge;
use voice::metrics::Metrics;
use voice::pins::Strangers;
use voice::service::{Doors as Ears, Parts};
use voice::stack::Transport;

use super::certificates::Doors;
use crate::config::Config;
use crate::context::Context;
use crate::failure::Failure;

/// Binds the SIP listeners.
pub async fn bind(config: &Config, doors: &Doors) -> Result<Ears, Failure> {
    let sip = &config.sip;
    let server_tls = doors.phones().server_config().map_err(|error| Failure::refused(format!("TLS cannot be set up: {error}")))?;
    let listen = edge::Config {
        udp: sip.udp.clone(),
        tcp: sip.tcp.clone(),
        tls: sip.tls.clone(),
        host: sip.public_host.clone(),
        server_tls: Some(Arc::new(server_tls)),
        ..edge::Config::default()
    };
    let numbers = config.emergency.countries.values().flatten().cloned().collect();
    Ears::bind(listen, numbers).await.map_err(|error| Failure::refused(format!("{error}; see [sip]")))
}

/// The port that restricted phones are told.
pub fn port(config: &Config, ears: &Ears) -> u16 {
    let transport = match config.sip.restricted_transport {
        domain::settings::Transport::Udp => Transport::Udp,
        domain::settings::Transport::Tcp => Transport::Tcp,
        domain::settings::Transport::Tls => Transport::Tls,
    };
    first(&ears.addresses(), transport).map_or(5060, |address| address.port())
}

/// The first address of a transport.
pub fn first(addresses: &[(Transport, SocketAddr)], wanted: Transport) -> Option<SocketAddr> {
    addresses.iter().find(|(transport, _)| *transport == wanted).map(|(_, address)| *address)
}

/// What decides behind the listeners.
pub fn parts(context: &Context, config: &Config, registry: &mut Registry, tables: Arc<Tables>) -> Parts {
    let admin = &context.admin;
    Parts {
        store: admin.store.clone(),
        keys: Arc::clone(&admin.keys),
        strangers: Arc::new(Shared(tables)),
        catalogue: Arc::clone(&admin.catalogue),
        resync_proxy: config.sip.resync_proxy.clone(),
        keep_alive: Some(voice::limits::KEEP_ALIVE_EVERY),
        metrics: Metrics::register(registry),
        clock: now,
    }
}

/// The tries of unknown MACs, which the gate shows and the voice counts.
struct Shared(Arc<Tables>);

impl Strangers for Shared {
    fn stranger(&self, mac: Mac) -> Option<Stranger> {
        self.0.stranger(mac)
    }

    fn change(&self, mac: Mac, work: &mut dyn FnMut(&mut Stranger)) {
        self.0.with_stranger(mac, work);
    }
}
