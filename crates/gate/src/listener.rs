//! The listener: sockets, the accept loop, and the stop.

mod connection;
mod patient;
mod seats;
mod serve;

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::{Duration, Instant};

use tokio::net::{TcpListener, TcpSocket, TcpStream};
use tokio::sync::{OwnedSemaphorePermit, Semaphore, mpsc, watch};
use tokio_rustls::TlsAcceptor;

use self::connection::Connection;
use self::seats::{Seat, Seats, Turnstile};
use crate::address::{AddressKey, Proxies};
use crate::certificates::Certificates;
use crate::limits::{BACKLOG, Limits};
use crate::metrics::{Cut, Metrics, Scheme};
use crate::phones::Phones;
use crate::throttle::AddressThrottle;

/// What a gate listens on, and how.
#[derive(Clone, Debug, Default)]
pub struct Config {
    /// Where HTTPS is spoken.
    pub https: Option<SocketAddr>,
    /// Where plain HTTP is spoken.
    pub http: Option<SocketAddr>,
    /// Whose word on client addresses is taken.
    pub proxies: Proxies,
    /// Whether connections from these proxies begin with a PROXY protocol header.
    pub proxy_protocol: bool,
    /// `Content-Length` instead of `content-length`: for phones that compare names letter by letter.
    pub title_case_headers: bool,
    /// Numbers.
    pub limits: Limits,
}

/// Why a gate cannot open.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// The address is taken, or not ours.
    #[error("cannot listen for phones on {address}: {error}")]
    Listen {
        /// The address.
        address: SocketAddr,
        /// The system's words.
        error: io::Error,
    },
    /// TLS cannot be set up.
    #[error("TLS cannot be set up: {0}")]
    Tls(#[from] rustls::Error),
}

/// An open gate. Dropping it cuts all connections; [`Gate::drain`] lets requests finish.
#[derive(Debug)]
pub struct Gate {
    https: Option<SocketAddr>,
    http: Option<SocketAddr>,
    stage: watch::Sender<Stage>,
    /// Ends when the last connection and accept loop has gone.
    alive: mpsc::Receiver<()>,
}

/// How far the stop has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Stage {
    Open,
    /// No new connections; requests under way are finished, idle connections end.
    Draining,
    /// Time is up.
    Cut,
}

/// What all connections share.
struct Shared<P> {
    phones: Arc<P>,
    metrics: Metrics,
    proxies: Proxies,
    proxy_protocol: bool,
    title_case_headers: bool,
    limits: Limits,
    throttle: AddressThrottle,
    deciding: Turnstile,
    seats: Arc<Seats>,
    certificates: Arc<Certificates>,
}

impl Gate {
    /// Binds the sockets and begins to accept. Port 0 takes a free one; ask [`Gate::https`] which.
    pub fn open<P: Phones>(config: &Config, certificates: &Arc<Certificates>, phones: Arc<P>, metrics: Metrics) -> Result<Self, OpenError> {
        let limits = config.limits;
        #[expect(clippy::disallowed_methods, reason = "the listener is an edge: the throttle counts from here")]
        let started = Instant::now();
        let shared = Arc::new(Shared {
            phones,
            metrics,
            proxies: config.proxies.clone(),
            proxy_protocol: config.proxy_protocol,
            title_case_headers: config.title_case_headers,
            limits,
            throttle: AddressThrottle::of_addresses(&limits, started),
            deciding: Turnstile::new(limits.concurrent_requests),
            seats: Seats::new(limits.connections_per_address),
            certificates: Arc::clone(certificates),
        });
        let tls = TlsAcceptor::from(Arc::new(certificates.server_config()?));
        let https = config.https.map(listen).transpose()?;
        let http = config.http.map(listen).transpose()?;

        let (stage, stages) = watch::channel(Stage::Open);
        let (living, alive) = mpsc::channel(1);
        let places = Arc::new(Semaphore::new(limits.connections));
        let mut addresses = [None, None];
        for (slot, listener, tls) in [(0, https, Some(tls)), (1, http, None)] {
            let Some((listener, address)) = listener else { continue };
            addresses[slot] = Some(address);
            let door =
                Door { shared: Arc::clone(&shared), tls, places: Arc::clone(&places), stages: stages.clone(), living: living.clone() };
            tokio::spawn(door.accept_all(listener));
        }
        let [https, http] = addresses;
        Ok(Self { https, http, stage, alive })
    }

    /// Where HTTPS is spoken.
    pub fn https(&self) -> Option<SocketAddr> {
        self.https
    }

    /// Where plain HTTP is spoken.
    pub fn http(&self) -> Option<SocketAddr> {
        self.http
    }

    /// Stops accepting, ends idle connections, lets requests under way finish for at most `within`, then cuts the rest. Whether
    /// all finished in time.
    pub async fn drain(mut self, within: Duration) -> bool {
        self.stage.send_replace(Stage::Draining);
        let finished = tokio::time::timeout(within, self.alive.recv()).await.is_ok();
        self.stage.send_replace(Stage::Cut);
        self.alive.recv().await;
        finished
    }
}

impl Drop for Gate {
    fn drop(&mut self) {
        self.stage.send_replace(Stage::Cut);
    }
}

/// One listening socket and what its connections need.
struct Door<P> {
    shared: Arc<Shared<P>>,
    tls: Option<TlsAcceptor>,
    places: Arc<Semaphore>,
    stages: watch::Receiver<Stage>,
    living: mpsc::Sender<()>,
}

impl<P: Phones> Door<P> {
    async fn accept_all(mut self, listener: TcpListener) {
        let mut stages = self.stages.clone();
        let stopping = stages.wait_for(|stage| *stage != Stage::Open);
        tokio::select! {
            biased;
            _ = stopping => {}
            () = self.accept(&listener) => {}
        }
    }

    async fn accept(&mut self, listener: &TcpListener) {
        loop {
            match listener.accept().await {
                Ok((stream, peer)) => {
                    // When all places are taken, the kernel's queue holds the next phones until one is free.
                    let Ok(place) = Arc::clone(&self.places).acquire_owned().await else { return };
                    self.welcome(stream, peer, place);
                }
                Err(error) => self.recover(&error).await,
            }
        }
    }

    fn welcome(&self, stream: TcpStream, peer: SocketAddr, place: OwnedSemaphorePermit) {
        let peer = SocketAddr::new(peer.ip().to_canonical(), peer.port());
        // A proxy brings many clients. Those that it names in a PROXY header are counted once they are known.
        let seat = if self.shared.proxies.trusts(peer.ip()) {
            None
        } else if let Some(seat) = self.shared.seats.take(AddressKey::of(peer.ip())) {
            Some(seat)
        } else {
            return self.shared.metrics.count_cut(Cut::AddressConnections);
        };
        let connection = Connection { shared: Arc::clone(&self.shared), tls: self.tls.clone(), stages: self.stages.clone(), peer };
        let occupied = Occupied { _place: place, _seat: seat, _living: self.living.clone() };
        tokio::spawn(async move {
            connection.live(stream).await;
            drop(occupied);
        });
    }

    /// Out of file descriptors or memory: wait for connections to end rather than spin.
    async fn recover(&self, error: &io::Error) {
        let of_one_connection = matches!(
            error.kind(),
            io::ErrorKind::ConnectionAborted
                | io::ErrorKind::ConnectionReset
                | io::ErrorKind::ConnectionRefused
                | io::ErrorKind::Interrupted
        );
        if !of_one_connection {
            tracing::warn!(%error, "cannot accept a phone's connection");
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
    }
}

/// What a connection holds as long as it lives.
struct Occupied {
    _place: OwnedSemaphorePermit,
    _seat: Option<Seat>,
    _living: mpsc::Sender<()>,
}

impl<P> Shared<P> {
    fn scheme(tls: bool) -> Scheme {
        if tls { Scheme::Https } else { Scheme::Http }
    }
}

fn listen(address: SocketAddr) -> Result<(TcpListener, SocketAddr), OpenError> {
    let bind = || {
        let socket = if address.is_ipv4() { TcpSocket::new_v4() } else { TcpSocket::new_v6() }?;
        socket.set_reuseaddr(true)?;
        socket.bind(address)?;
        let listener = socket.listen(BACKLOG)?;
        let bound = listener.local_addr()?;
        Ok((listener, bound))
    };
    bind().map_err(|error| OpenError::Listen { address, error })
}
