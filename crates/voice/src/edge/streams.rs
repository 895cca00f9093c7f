//! SIP over TCP and TLS: accepting, and one task for each connection.

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use bytes::Bytes;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{OwnedSemaphorePermit, Semaphore, mpsc, watch};
use tokio::time::{Instant, sleep_until, timeout};
use tokio_rustls::TlsAcceptor;
use wire::sip::edge::Refusal;
use wire::sip::framing::{Broken, Cause, Frame, Stream};
use wire::sip::message as head;

use super::flow::Door;
use super::gatekeeper::Gatekeeper;
use super::seats::{Seat, Seats};
use super::{Config, Flow, Sink, Transport, turned};
use crate::limits::{Limits, READ_BYTES, WRITES_WAITING_MAX};

/// A number for each connection of this process.
static NEXT_STREAM: AtomicU64 = AtomicU64::new(0);

/// One listening socket.
pub(super) struct Listener {
    pub(super) socket: TcpListener,
    pub(super) door: Arc<Door>,
    pub(super) shared: Arc<Shared>,
}

/// What all connections share.
pub(super) struct Shared {
    pub(super) limits: Limits,
    acceptor: Option<TlsAcceptor>,
    gatekeeper: Arc<Gatekeeper>,
    sink: Arc<dyn Sink>,
    closed: watch::Receiver<bool>,
    places: Arc<Semaphore>,
    seats: Arc<Seats>,
}

impl Listener {
    pub(super) fn shared(config: &Config, gatekeeper: Arc<Gatekeeper>, sink: Arc<dyn Sink>, closed: &watch::Sender<bool>) -> Arc<Shared> {
        Arc::new(Shared {
            limits: config.limits,
            acceptor: config.server_tls.clone().map(TlsAcceptor::from),
            gatekeeper,
            sink,
            closed: closed.subscribe(),
            places: Arc::new(Semaphore::new(config.limits.connections)),
            seats: Arc::new(Seats::default()),
        })
    }

    /// Accepts until the edge closes.
    pub(super) async fn accept_all(self, _living: mpsc::Sender<()>) {
        let mut closed = self.shared.closed.clone();
        tokio::select! {
            biased;
            () = turned(&mut closed) => {}
            () = self.accept() => {}
        }
    }

    async fn accept(&self) {
        loop {
            // When all places are taken, the kernel's queue holds the next ones until one is free.
            let Ok(place) = Arc::clone(&self.shared.places).acquire_owned().await else { return };
            match self.socket.accept().await {
                Ok((stream, peer)) => self.welcome(stream, peer, place),
                Err(error) => recover(&error).await,
            }
        }
    }

    fn welcome(&self, stream: TcpStream, peer: SocketAddr, place: OwnedSemaphorePermit) {
        let Some(seat) = self.shared.seats.take(peer.ip(), self.shared.limits.connections_per_address) else { return };
        let (shared, door) = (Arc::clone(&self.shared), Arc::clone(&self.door));
        let occupied = (place, seat);
        tokio::spawn(live_with(shared, door, stream, peer, occupied));
    }
}

/// One accepted connection, from its handshake on.
async fn live_with(shared: Arc<Shared>, door: Arc<Door>, stream: TcpStream, peer: SocketAddr, occupied: (OwnedSemaphorePermit, Seat)) {
    let Ok(local) = stream.local_addr() else { return };
    // Small messages, each of which somebody waits for.
    let _ = stream.set_nodelay(true);
    if let (Some(acceptor), Transport::Tls) = (&shared.acceptor, door.transport) {
        let Ok(Ok(stream)) = timeout(shared.limits.patience, acceptor.accept(stream)).await else { return };
        Connection::new(door, local, peer).live(&shared, stream).await;
    } else {
        Connection::new(door, local, peer).live(&shared, stream).await;
    }
    drop(occupied);
}

/// Out of file descriptors or memory: wait for connections to end rather than spin.
async fn recover(error: &io::Error) {
    use io::ErrorKind::{ConnectionAborted, ConnectionRefused, ConnectionReset, Interrupted};
    if !matches!(error.kind(), ConnectionAborted | ConnectionReset | ConnectionRefused | Interrupted) {
        tracing::warn!(%error, "cannot accept a SIP connection");
        tokio::time::sleep(Duration::from_millis(200)).await;
    }
}

/// One connection, whoever opened it.
pub(super) struct Connection {
    pub(super) flow: Flow,
    out: mpsc::Receiver<Bytes>,
}

impl Connection {
    pub(super) fn new(door: Arc<Door>, local: SocketAddr, peer: SocketAddr) -> Self {
        let (sender, out) = mpsc::channel(WRITES_WAITING_MAX);
        let number = NEXT_STREAM.fetch_add(1, Ordering::Relaxed);
        let peer = SocketAddr::new(peer.ip().to_canonical(), peer.port());
        Self { flow: Flow::stream(number, door, local, peer, sender), out }
    }

    /// Reads and writes until one side ends it, it breaks, or it is idle for too long.
    pub(super) async fn live(mut self, shared: &Shared, mut stream: impl AsyncRead + AsyncWrite + Unpin) {
        let limits = &shared.limits;
        let mut closed = shared.closed.clone();
        let mut framing = Stream::default();
        let mut buffer = [0; READ_BYTES];
        // A new connection has to say something; later it may be silent for long, but not inside a message.
        let mut ends = Instant::now() + limits.patience;
        let mut is_amid = true;
        loop {
            tokio::select! {
                biased;
                () = turned(&mut closed) => break,
                out = self.out.recv() => {
                    let Some(out) = out else { break };
                    if !write(&mut stream, &out, limits).await {
                        break;
                    }
                    if !is_amid {
                        ends = Instant::now() + limits.idle;
                    }
                }
                read = stream.read(&mut buffer), if self.flow.has_room() => {
                    let Ok(length @ 1..) = read else { break };
                    let is_sound = self.take(&mut framing, &buffer[..length], shared);
                    let was_amid = std::mem::replace(&mut is_amid, !framing.is_idle());
                    if !is_amid {
                        ends = Instant::now() + limits.idle;
                    } else if !was_amid {
                        ends = Instant::now() + limits.patience;
                    }
                    if !is_sound {
                        break;
                    }
                    // Whoever answers gets a turn before more is asked.
                    tokio::task::yield_now().await;
                }
                () = sleep_until(ends) => break,
            }
        }
        self.out.close();
        // What was answered last still goes out: why the stream was broken.
        while let Ok(out) = self.out.try_recv() {
            if !write(&mut stream, &out, limits).await {
                return;
            }
        }
        let _ = timeout(limits.write, stream.shutdown()).await;
    }

    /// Takes bytes; false if the stream cannot be read on.
    fn take(&self, framing: &mut Stream, mut bytes: &[u8], shared: &Shared) -> bool {
        loop {
            let taken = framing.push(bytes);
            bytes = &bytes[taken..];
            while let Some(frame) = framing.poll() {
                match frame {
                    Ok(Frame::Ping) => {
                        // A peer that pings and does not read loses its connection when it should write.
                        let _ = self.flow.send(&Bytes::from_static(b"\r\n"));
                    }
                    Ok(Frame::Message(message)) => {
                        if let Ok(message) = head::Message::parse(&message) {
                            shared.gatekeeper.receive(&message, &self.flow, &shared.sink);
                        }
                    }
                    Err(broken) => {
                        self.explain(&broken, shared);
                        return false;
                    }
                }
            }
            if bytes.is_empty() {
                return true;
            }
        }
    }

    /// Tells why the stream is closed, if there is somebody to tell.
    fn explain(&self, broken: &Broken, shared: &Shared) {
        let refusal = if broken.cause == Cause::BodyTooLong { Refusal::TooLarge } else { Refusal::BadRequest };
        if let Some(Ok(message)) = broken.head.as_deref().map(head::Message::parse)
            && matches!(message.start, head::Start::Request { method, .. } if method != "ACK")
        {
            shared.gatekeeper.refuse(&message, refusal, &self.flow);
        }
    }
}

async fn write(stream: &mut (impl AsyncWrite + Unpin), bytes: &[u8], limits: &Limits) -> bool {
    let writing = async {
        stream.write_all(bytes).await?;
        stream.flush().await
    };
    matches!(timeout(limits.write, writing).await, Ok(Ok(())))
}
