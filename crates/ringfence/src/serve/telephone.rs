//! The telephone side of a server: its listeners, and what they are given.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::sync::Arc;

use domain::emergency::Numbers;
use domain::pin::Stranger;
use domain::{Mac, Secret};
use gate::fetch::Tables;
use portal::edge::{SystemChance, now};
use prometheus_client::registry::Registry;
use store::{KeyRing, Sealer, Store};
use voice::edge;
use voice::emergency::Cache;
use voice::media::{MediaOptions, Place, PortRange};
use voice::metrics::Metrics;
use voice::pins::Strangers;
use voice::service::{Doors as Ears, Parts, Voice};
use voice::stack::Transport;

use super::certificates::Doors;
use crate::config::Config;
use crate::context::Context;
use crate::failure::Failure;

/// Pairs of RTP ports that only emergency calls may take.
const RESERVED_PAIRS: usize = 64;

/// Binds the SIP listeners.
pub async fn bind(config: &Config, doors: &Doors) -> Result<Ears, Failure> {
    let sip = &config.sip;
    let server_tls = doors.phones().server_config().map_err(|error| Failure::refused(format!("TLS cannot be set up: {error}")))?;
    let client_tls =
        edge::client_tls(config.tls.trunks.as_deref()).map_err(|error| Failure::refused(format!("{error}; see tls.trunks")))?;
    let listen = edge::Config {
        udp: sip.udp.clone(),
        tcp: sip.tcp.clone(),
        tls: sip.tls.clone(),
        host: sip.public_host.clone(),
        server_tls: Some(Arc::new(server_tls)),
        client_tls: Some(client_tls),
        ..edge::Config::default()
    };
    let numbers = Numbers::new(config.emergency.countries.clone(), &config.emergency.default_country);
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

/// Begins to answer calls and registrations.
pub async fn serve(ears: Ears, context: &Context, registry: &mut Registry, tables: Arc<Tables>) -> Result<Voice, Failure> {
    let (admin, config) = (&context.admin, &context.config);
    // Its own, for the file by which emergency calls outlive the store.
    let ring = KeyRing::load(&context.data.key_file()).map_err(|error| Failure::refused(error.to_string()))?;
    let sealer = Sealer::new(&ring, Box::new(SystemChance));
    let parts = Parts {
        store: admin.store.clone(),
        keys: Arc::clone(&admin.keys),
        strangers: Arc::new(Shared(tables)),
        media: media(config, &ears.addresses()),
        caller_number: config.emergency.caller_number.clone(),
        cache: Cache::new(context.data.path().join(Cache::FILE_NAME), sealer),
        claims_key: Some(claims_key(&admin.store).await?),
        catalogue: admin.catalogue.clone(),
        resync_proxy: config.sip.resync_proxy.clone(),
        keep_alive: Some(voice::limits::KEEP_ALIVE_EVERY),
        metrics: Metrics::register(registry),
        clock: now,
    };
    ears.serve(parts).await.map_err(|error| Failure::refused(error.to_string()))
}

/// Sound in each family in which SIP is spoken: on the addresses that SIP is bound to, told to phones as `sip.media_address` says, or else
/// as the address that faces the outside.
pub fn media(config: &Config, listeners: &[(Transport, SocketAddr)]) -> MediaOptions {
    let place = |outside: IpAddr, any: IpAddr, loopback: IpAddr| {
        let mut bound = listeners.iter().map(|(_, address)| address.ip()).filter(|ip| ip.is_ipv4() == any.is_ipv4());
        let first = bound.next()?;
        let bind = if bound.all(|other| other == first) { first } else { any };
        let told = config.sip.media_address.iter().copied().find(|ip| ip.is_ipv4() == any.is_ipv4());
        let advertised = told.or((!bind.is_unspecified()).then_some(bind)).or_else(|| edge::facing(outside)).unwrap_or(loopback);
        Some(Place { bind, advertised })
    };
    // Addresses for documentation: nothing is sent there, only the routing table is asked.
    let (outside4, outside6) = (Ipv4Addr::new(192, 0, 2, 1).into(), Ipv6Addr::new(0x2001, 0xdb8, 0, 0, 0, 0, 0, 1).into());
    let places = [
        place(outside4, Ipv4Addr::UNSPECIFIED.into(), Ipv4Addr::LOCALHOST.into()),
        place(outside6, Ipv6Addr::UNSPECIFIED.into(), Ipv6Addr::LOCALHOST.into()),
    ];
    let ports = config.sip.rtp;
    let pairs = usize::from(ports.to - ports.from + 1) / 2;
    MediaOptions {
        places: places.into_iter().flatten().collect(),
        ports: PortRange { from: ports.from, to: ports.to },
        reserved: (pairs / 8).min(RESERVED_PAIRS),
        threads: std::thread::available_parallelism().map_or(1, |cores| cores.get().div_ceil(4)),
    }
}

async fn claims_key(store: &Store) -> Result<Secret<Vec<u8>>, Failure> {
    Ok(Secret::new(store::meta::platform_key(store, "claims").await?.to_vec()))
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
