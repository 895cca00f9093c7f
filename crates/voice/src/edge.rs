//! What faces the internet: UDP, TCP and TLS listeners, framing, limits, flows. Only sound messages go on to the stack.

mod chance;
mod datagrams;
mod dial;
pub mod flow;
mod gatekeeper;
mod seats;
mod streams;
mod throttle;
mod trust;

use std::io;
use std::net::{IpAddr, SocketAddr};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use rustls::{ClientConfig, ServerConfig};
use socket2::{Domain, Protocol, SockAddr, Socket, Type};
use tokio::net::{TcpListener, UdpSocket};
use tokio::sync::{mpsc, watch};

pub use self::chance::SystemChance;
use self::datagrams::Datagrams;
use self::dial::Dialled;
use self::flow::Door;
pub use self::flow::{Flow, FlowGone, FlowId, Transport};
use self::gatekeeper::Gatekeeper;
use self::streams::Listener;
pub use self::trust::{TrustError, client_tls};
use crate::limits::{BACKLOG, DATAGRAM_QUEUE_BYTES, Limits};
use crate::stack::Message;

/// What an edge listens on.
#[derive(Clone, Default)]
pub struct Config {
    /// Where datagrams are taken. Port 0 takes a free one.
    pub udp: Vec<SocketAddr>,
    /// Where connections are taken.
    pub tcp: Vec<SocketAddr>,
    /// Where TLS connections are taken; needs `server_tls`.
    pub tls: Vec<SocketAddr>,
    /// The name by which phones know us: what stands in Via and Contact where a listener is bound to the unspecified address.
    pub host: String,
    /// The phones' certificate.
    pub server_tls: Option<Arc<ServerConfig>>,
    /// For TLS connections of our own; without it there are none.
    pub client_tls: Option<Arc<ClientConfig>>,
    /// Numbers.
    pub limits: Limits,
}

/// Why an edge cannot open.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// The address is taken, or not ours.
    #[error("cannot listen for SIP over {} on {address}: {error}", transport.name())]
    Listen {
        /// What was to be spoken.
        transport: Transport,
        /// Where.
        address: SocketAddr,
        /// The system's words.
        error: io::Error,
    },
    /// TLS without a certificate.
    #[error("SIP over TLS needs a certificate")]
    NoCertificate,
}

/// Who takes what passes the edge.
pub(crate) trait Sink: Send + Sync {
    /// Takes a message. Must not wait.
    fn take(self: Arc<Self>, message: Message, flow: &Flow);

    /// Whether no limit holds this message up: emergency calls, and what belongs to something that we know.
    fn is_exempt(&self, message: &Message, flow: &Flow) -> bool;

    /// Answers a request of somebody who asks too much.
    fn refuse_busy(&self, request: &Message, flow: &Flow);
}

/// The open sockets.
pub(crate) struct Edge {
    config: Config,
    gatekeeper: Arc<Gatekeeper>,
    /// None any more when the edge has closed.
    datagrams: Mutex<Vec<Datagrams>>,
    /// Taken when they begin to accept.
    listeners: Mutex<Vec<(TcpListener, Arc<Door>)>>,
    dialled: Dialled,
    addresses: Vec<(Transport, SocketAddr)>,
    closed: watch::Sender<bool>,
    /// Held by whoever receives and accepts.
    living: Mutex<Option<mpsc::Sender<()>>>,
    alive: tokio::sync::Mutex<mpsc::Receiver<()>>,
}

impl Edge {
    pub(crate) async fn open(config: Config) -> Result<Self, OpenError> {
        if !config.tls.is_empty() && config.server_tls.is_none() {
            return Err(OpenError::NoCertificate);
        }
        let (mut datagrams, mut listeners, mut addresses) = (Vec::new(), Vec::new(), Vec::new());
        for (transport, wanted) in [(Transport::Udp, &config.udp), (Transport::Tcp, &config.tcp), (Transport::Tls, &config.tls)] {
            for &address in wanted {
                let failed = |error| OpenError::Listen { transport, address, error };
                let socket = bind(transport, address).map_err(failed)?;
                let bound = socket.local_addr().and_then(|bound| bound.as_socket().ok_or(io::ErrorKind::Unsupported.into()));
                let bound = bound.map_err(failed)?;
                let door = Arc::new(Door { transport, bound, advertised: advertised(bound, &config.host) });
                addresses.push((transport, bound));
                if transport == Transport::Udp {
                    let socket = UdpSocket::from_std(socket.into()).map_err(failed)?;
                    // Sending never waits for the first readiness.
                    socket.writable().await.map_err(failed)?;
                    datagrams.push(Datagrams { socket: Arc::new(socket), number: datagrams.len() as u32, door });
                } else {
                    listeners.push((TcpListener::from_std(socket.into()).map_err(failed)?, door));
                }
            }
        }
        let gatekeeper = Arc::new(Gatekeeper::new(&config.limits));
        let (listeners, closed) = (Mutex::new(listeners), watch::Sender::new(false));
        let ((living, alive), datagrams) = (mpsc::channel(1), Mutex::new(datagrams));
        let (living, alive) = (Mutex::new(Some(living)), tokio::sync::Mutex::new(alive));
        Ok(Self { config, gatekeeper, datagrams, listeners, dialled: Dialled::default(), addresses, closed, living, alive })
    }

    /// Begins to receive.
    pub(crate) fn listen(&self, sink: &Arc<dyn Sink>) {
        let Some(living) = lock(&self.living).clone() else { return };
        for datagrams in lock(&self.datagrams).iter() {
            let (gatekeeper, closed) = (Arc::clone(&self.gatekeeper), self.closed.subscribe());
            tokio::spawn(datagrams.clone().receive(gatekeeper, Arc::clone(sink), closed, living.clone()));
        }
        let listeners = std::mem::take(&mut *lock(&self.listeners));
        let shared = Listener::shared(&self.config, Arc::clone(&self.gatekeeper), Arc::clone(sink), &self.closed);
        for (socket, door) in listeners {
            tokio::spawn(Listener { socket, door, shared: Arc::clone(&shared) }.accept_all(living.clone()));
        }
    }

    /// Ends all listeners and connections.
    pub(crate) fn close(&self) {
        self.closed.send_replace(true);
        lock(&self.datagrams).clear();
        lock(&self.listeners).clear();
        *lock(&self.living) = None;
    }

    /// Comes back when, after [`Edge::close`], the ports are free.
    pub(crate) async fn gone(&self) {
        self.alive.lock().await.recv().await;
    }

    pub(crate) fn addresses(&self) -> Vec<(Transport, SocketAddr)> {
        self.addresses.clone()
    }

    /// A way to an address: our socket of its family, a connection that we opened before, or a new one.
    pub(crate) async fn flow_to(&self, to: &Destination, sink: Arc<dyn Sink>) -> Result<Flow, FlowGone> {
        let Destination { transport, address: peer, .. } = *to;
        if transport == Transport::Udp {
            let datagrams = lock(&self.datagrams);
            let ours = datagrams.iter().find(|ours| ours.door.bound.is_ipv4() == peer.is_ipv4()).ok_or(FlowGone)?;
            return Ok(ours.flow_to(peer));
        }
        // Others reach us where we listen, not at the far end of a connection of our own.
        let ours = self.addresses.iter().find(|(ours, bound)| *ours == transport && bound.is_ipv4() == peer.is_ipv4());
        let advertised = ours.map(|(_, bound)| advertised(*bound, &self.config.host));
        let shared = Listener::shared(&self.config, Arc::clone(&self.gatekeeper), sink, &self.closed);
        self.dialled.flow_to(&self.config, to, advertised, &shared).await
    }
}

impl Edge {
    /// A connection to there brings no answers: the next request opens another one.
    pub(crate) fn forget(&self, to: &Destination) {
        self.dialled.forget(to);
    }
}

/// Where a connection of our own goes.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Destination {
    pub(crate) transport: Transport,
    pub(crate) address: SocketAddr,
    /// The name that its certificate must be for; none: its address.
    pub(crate) name: Option<String>,
}

impl Drop for Edge {
    fn drop(&mut self) {
        self.close();
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Waits until a flag turns true; forever if nobody can turn it any more.
pub(crate) async fn turned(flag: &mut watch::Receiver<bool>) {
    // What it gives holds a lock, which must not be held while waiting.
    let is_true = flag.wait_for(|turned| *turned).await.is_ok();
    if !is_true {
        std::future::pending::<()>().await;
    }
}

/// The address of ours that faces a peer; none if there is no way to it.
pub fn facing(peer: IpAddr) -> Option<IpAddr> {
    let any: IpAddr = if peer.is_ipv4() { std::net::Ipv4Addr::UNSPECIFIED.into() } else { std::net::Ipv6Addr::UNSPECIFIED.into() };
    let socket = std::net::UdpSocket::bind((any, 0)).ok()?;
    // Connecting a datagram socket sends nothing; it only asks the routing table.
    socket.connect((peer, 9)).ok()?;
    Some(socket.local_addr().ok()?.ip())
}

/// `host:port` of a listener for Via and Contact.
fn advertised(bound: SocketAddr, host: &str) -> String {
    if !bound.ip().is_unspecified() || host.is_empty() {
        return bound.to_string();
    }
    let port = bound.port();
    match host.parse::<IpAddr>() {
        Ok(address) => SocketAddr::new(address, port).to_string(),
        Err(_) => format!("{host}:{port}"),
    }
}

fn bind(transport: Transport, address: SocketAddr) -> io::Result<Socket> {
    let is_stream = transport.is_reliable();
    let (kind, protocol) = if is_stream { (Type::STREAM, Protocol::TCP) } else { (Type::DGRAM, Protocol::UDP) };
    let socket = Socket::new(Domain::for_address(address), kind, Some(protocol))?;
    if address.is_ipv6() {
        // So that both families can have the same port, each with a socket of its own.
        socket.set_only_v6(true)?;
    }
    if is_stream {
        socket.set_reuse_address(true)?;
    } else {
        // As much as the system allows: what does not fit is lost, and sent again half a second later.
        let _ = socket.set_recv_buffer_size(DATAGRAM_QUEUE_BYTES);
    }
    socket.set_nonblocking(true)?;
    socket.bind(&SockAddr::from(address))?;
    if is_stream {
        socket.listen(BACKLOG)?;
    }
    Ok(socket)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_stands_in_via_and_contact() {
        let check = |bound: &str, host: &str, expected: &str| assert_eq!(advertised(bound.parse().unwrap(), host), expected);
        check("192.0.2.1:5060", "phones.example.com", "192.0.2.1:5060");
        check("0.0.0.0:5060", "phones.example.com", "phones.example.com:5060");
        check("[::]:5061", "phones.example.com", "phones.example.com:5061");
        check("[::]:5061", "2001:db8::1", "[2001:db8::1]:5061");
        check("[2001:db8::1]:5061", "x", "[2001:db8::1]:5061");
    }

    #[test]
    fn the_address_that_faces_a_peer() {
        assert_eq!(facing("127.0.0.1".parse().unwrap()), Some("127.0.0.1".parse().unwrap()));
    }
}
