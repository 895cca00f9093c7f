//! The listener: sockets, TLS, limits, and the stop.

use std::convert::Infallible;
use std::io;
use std::net::SocketAddr;
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::response::{IntoResponse, Response};
use http::Request;
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::{Service, service_fn};
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::service::TowerToHyperService;
use rustls::ServerConfig;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpListener, TcpSocket, TcpStream};
use tokio::sync::{Semaphore, mpsc, watch};
use tokio::time::timeout;
use tokio_rustls::TlsAcceptor;

use crate::App;
use crate::limits::{BACKLOG, CONNECTIONS_MAX, HANDSHAKE, HEAD_BYTES_MAX, HEADERS};
use crate::live::Live;
use crate::patience::Patience;
use crate::problem::Problem;
use crate::routes::routes;

/// The other end of the connection that a request came on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Peer(pub SocketAddr);

/// Whether the request came over TLS of this listener.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Encrypted(pub bool);

/// An open portal. Dropping it cuts all connections; [`Portal::drain`] lets requests finish.
#[derive(Debug)]
pub struct Portal {
    address: SocketAddr,
    stage: watch::Sender<Stage>,
    live: Arc<Live>,
    /// Ends when the last connection and the accept loop have gone.
    alive: mpsc::Receiver<()>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Stage {
    Open,
    Draining,
    Cut,
}

impl Portal {
    /// Binds and begins to accept; with TLS if a ready configuration is given. Port 0 takes a free one.
    pub fn open(listen: SocketAddr, tls: Option<ServerConfig>, app: App) -> io::Result<Self> {
        let socket = if listen.is_ipv4() { TcpSocket::new_v4() } else { TcpSocket::new_v6() }?;
        socket.set_reuseaddr(true)?;
        socket.bind(listen)?;
        let listener = socket.listen(BACKLOG)?;
        let address = listener.local_addr()?;
        let (stage, stages) = watch::channel(Stage::Open);
        let (living, alive) = mpsc::channel(1);
        let tls = tls.map(|config| TlsAcceptor::from(Arc::new(config)));
        let live = Arc::clone(&app.live);
        let door = Door { routes: routes(app), tls, stages, living };
        tokio::spawn(door.accept_all(listener));
        Ok(Self { address, stage, live, alive })
    }

    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Stops accepting, lets requests under way finish for at most `within`, then cuts the rest. Whether all finished in time.
    pub async fn drain(mut self, within: Duration) -> bool {
        self.stage.send_replace(Stage::Draining);
        // Streams have no end of their own; whoever listens comes back, to whoever is there then.
        self.live.close();
        let finished = timeout(within, self.alive.recv()).await.is_ok();
        self.stage.send_replace(Stage::Cut);
        self.alive.recv().await;
        finished
    }
}

impl Drop for Portal {
    fn drop(&mut self) {
        self.stage.send_replace(Stage::Cut);
    }
}

struct Door {
    routes: Router,
    tls: Option<TlsAcceptor>,
    stages: watch::Receiver<Stage>,
    living: mpsc::Sender<()>,
}

impl Door {
    async fn accept_all(self, listener: TcpListener) {
        let mut stages = self.stages.clone();
        let stopping = stages.wait_for(|stage| *stage != Stage::Open);
        tokio::select! {
            biased;
            _ = stopping => {}
            () = self.accept(&listener) => {}
        }
    }

    async fn accept(&self, listener: &TcpListener) {
        let places = Arc::new(Semaphore::new(CONNECTIONS_MAX));
        loop {
            // When all places are taken, the kernel's queue holds the next ones until one is free.
            let Ok(place) = Arc::clone(&places).acquire_owned().await else { return };
            match listener.accept().await {
                Ok((stream, peer)) => {
                    let connection = Connection {
                        routes: self.routes.clone(),
                        peer: Peer(SocketAddr::new(peer.ip().to_canonical(), peer.port())),
                        stages: self.stages.clone(),
                    };
                    let (tls, living) = (self.tls.clone(), self.living.clone());
                    tokio::spawn(async move {
                        connection.live(stream, tls).await;
                        drop((place, living));
                    });
                }
                // Out of file descriptors, or a connection that ended before it began: neither is worth a spin.
                Err(error) => {
                    tracing::warn!(%error, "cannot accept a portal connection");
                    tokio::time::sleep(Duration::from_millis(100)).await;
                }
            }
        }
    }
}

struct Connection {
    routes: Router,
    peer: Peer,
    stages: watch::Receiver<Stage>,
}

impl Connection {
    async fn live(mut self, stream: TcpStream, tls: Option<TlsAcceptor>) {
        // A socket that refuses this is dead, as the first read will show.
        let _ = stream.set_nodelay(true);
        let Some(tls) = tls else { return self.serve(stream, Encrypted(false)).await };
        let mut stages = self.stages.clone();
        let handshake = tokio::select! {
            _ = stages.wait_for(|stage| *stage != Stage::Open) => return,
            handshake = timeout(HANDSHAKE, tls.accept(stream)) => handshake,
        };
        match handshake {
            Ok(Ok(stream)) => self.serve(stream, Encrypted(true)).await,
            Ok(Err(error)) => tracing::debug!(%error, peer = %self.peer.0, "a TLS handshake failed"),
            Err(_) => tracing::debug!(peer = %self.peer.0, "a TLS handshake took too long"),
        }
    }

    async fn serve<S: AsyncRead + AsyncWrite + Unpin>(&mut self, stream: S, encrypted: Encrypted) {
        let inner = TowerToHyperService::new(self.routes.clone());
        let peer = self.peer;
        let service = service_fn(move |mut request: Request<Incoming>| {
            request.extensions_mut().insert(peer);
            request.extensions_mut().insert(encrypted);
            let patience = Patience::begin();
            request.extensions_mut().insert(patience.clone());
            let answer = inner.call(request);
            async move { Ok::<Response, Infallible>(in_time(answer, &patience).await) }
        });
        let mut http = http1::Builder::new();
        http.timer(TokioTimer::new()).header_read_timeout(HEADERS).max_buf_size(HEAD_BYTES_MAX).half_close(true);
        let mut connection = pin!(http.serve_connection(TokioIo::new(stream), service));
        loop {
            tokio::select! {
                biased;
                ended = connection.as_mut() => {
                    if let Err(error) = ended {
                        tracing::debug!(%error, peer = %peer.0, "a portal connection broke");
                    }
                    return;
                }
                changed = self.stages.changed() => match (changed, *self.stages.borrow()) {
                    (Ok(()), Stage::Open) => {}
                    (Ok(()), Stage::Draining) => connection.as_mut().graceful_shutdown(),
                    (Ok(()), Stage::Cut) | (Err(_), _) => return,
                },
            }
        }
    }
}

/// An answer must begin in time; how long its body takes is up to whoever sends it.
async fn in_time(answer: impl Future<Output = Result<Response, Infallible>>, patience: &Patience) -> Response {
    tokio::select! {
        biased;
        answered = answer => match answered {
            Ok(response) => response,
            Err(never) => match never {},
        },
        () = patience.over() => Problem::timeout().into_response(),
    }
}
