//! One connection from its first byte to its last.

use std::io;
use std::net::SocketAddr;
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use rustls_pki_types::UnixTime;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;
use tokio::sync::watch;
use tokio::time::timeout;
use tokio_rustls::TlsAcceptor;
use tokio_rustls::server::TlsStream;

use super::patient::{Pace, Patient};
use super::seats::Seat;
use super::serve::{self, Desk};
use super::{Shared, Stage};
use crate::address::{AddressKey, proxy_protocol};
use crate::limits::{HEAD_BYTES_MAX, READ_BUFFER_MAX};
use crate::metrics::{Cut, Handshake, Listener};
use crate::phones::{ConnectionInfo, Phones};

/// An accepted connection and all that it needs.
pub(super) struct Connection<P> {
    pub(super) shared: Arc<Shared<P>>,
    pub(super) tls: Option<TlsAcceptor>,
    pub(super) stages: watch::Receiver<Stage>,
    pub(super) peer: SocketAddr,
}

impl<P: Phones> Connection<P> {
    /// Lives until either side ends it, or the stop does.
    pub(super) async fn live(mut self, stream: TcpStream) {
        let listener = Listener { listener: Shared::<P>::scheme(self.tls.is_some()) };
        let metrics = self.shared.metrics.clone();
        metrics.opened.get_or_create(&listener).inc();
        metrics.connections.get_or_create(&listener).inc();
        if let Err(cut) = self.run(stream).await {
            metrics.count_cut(cut);
        }
        metrics.connections.get_or_create(&listener).dec();
    }

    async fn run(&mut self, mut stream: TcpStream) -> Result<(), Cut> {
        // Small answers must not wait for an acknowledgement. A socket that refuses this is dead, as the first read will show.
        let _ = stream.set_nodelay(true);
        let _seat = self.proxied(&mut stream).await?;
        match self.tls.take() {
            None => {
                let info = ConnectionInfo { peer: self.peer, tls: false, client_certificate: None };
                self.serve(stream, info).await
            }
            Some(acceptor) => {
                let stream = self.within(self.shared.limits.handshake, Cut::Handshake, acceptor.accept(stream)).await?;
                let info = self.introduce(&stream);
                self.serve(stream, info).await
            }
        }
    }

    /// Takes the client's address from the proxy's header, and a seat for it.
    async fn proxied(&mut self, stream: &mut TcpStream) -> Result<Option<Seat>, Cut> {
        if !self.shared.proxy_protocol || !self.shared.proxies.trusts(self.peer.ip()) {
            return Ok(None);
        }
        let source = self.within(self.shared.limits.handshake, Cut::ProxyHeader, proxy_protocol::read_source(stream)).await?;
        let Some(source) = source else { return Ok(None) };
        self.peer = source;
        let seat = self.shared.seats.take(AddressKey::of(source.ip()));
        seat.map(Some).ok_or(Cut::AddressConnections)
    }

    /// What the handshake has shown.
    fn introduce(&self, stream: &TlsStream<TcpStream>) -> ConnectionInfo {
        let (_, session) = stream.get_ref();
        let version = match session.protocol_version() {
            Some(rustls::ProtocolVersion::TLSv1_3) => "1.3",
            _ => "1.2",
        };
        let resumed = session.handshake_kind() == Some(rustls::HandshakeKind::Resumed);
        self.shared.metrics.handshakes.get_or_create(&Handshake { version, resumed }).inc();
        let judge = |chain: &[_]| self.shared.certificates.judge(chain, UnixTime::now());
        ConnectionInfo { peer: self.peer, tls: true, client_certificate: session.peer_certificates().and_then(judge) }
    }

    async fn serve<S: AsyncRead + AsyncWrite + Unpin>(&mut self, stream: S, info: ConnectionInfo) -> Result<(), Cut> {
        let pace = Arc::new(Pace::default());
        let paced = Arc::clone(&pace);
        let io = TokioIo::new(Patient::new(stream, Arc::clone(&pace), self.shared.limits));
        let desk = Arc::new(Desk::new(Arc::clone(&self.shared), info, pace));
        let service = service_fn(move |request| serve::answer(Arc::clone(&desk), request));
        let mut http = http1::Builder::new();
        // Deadlines are the stream's; hyper would make a new timer for each request.
        http.header_read_timeout(None).half_close(true).title_case_headers(self.shared.title_case_headers);
        http.max_header_size(HEAD_BYTES_MAX).max_buf_size(READ_BUFFER_MAX);
        let mut connection = pin!(http.serve_connection(io, service));
        loop {
            tokio::select! {
                biased;
                // What hyper says of a client's misbehaviour has been answered, and is the client's matter.
                _ = connection.as_mut() => return paced.cut().map_or(Ok(()), Err),
                stage = changed(&mut self.stages) => match stage {
                    Stage::Open => {}
                    Stage::Draining => connection.as_mut().graceful_shutdown(),
                    Stage::Cut => return Err(Cut::Stop),
                },
            }
        }
    }

    /// Something that has to happen before HTTP begins, in so much time.
    async fn within<T>(&self, time: Duration, failed: Cut, step: impl Future<Output = io::Result<T>>) -> Result<T, Cut> {
        let mut stages = self.stages.clone();
        tokio::select! {
            biased;
            done = timeout(time, step) => match done {
                Err(_) => Err(Cut::Slow),
                Ok(Ok(done)) => Ok(done),
                Ok(Err(error)) => {
                    tracing::debug!(peer = %self.peer, %error, "a phone's connection failed before its first request");
                    Err(failed)
                }
            },
            _ = stages.wait_for(|stage| *stage == Stage::Cut) => Err(Cut::Stop),
        }
    }
}

/// The next stage of the stop. Nobody left who could stop us is a stop too.
async fn changed(stages: &mut watch::Receiver<Stage>) -> Stage {
    match stages.changed().await {
        Ok(()) => *stages.borrow_and_update(),
        Err(_) => Stage::Cut,
    }
}
