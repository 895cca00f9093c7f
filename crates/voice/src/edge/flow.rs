//! A flow: the way by which a message came and by which others go back, whatever its Via and Contact say.

use std::fmt;
use std::io;
use std::net::SocketAddr;
use std::sync::{Arc, Weak};

use bytes::Bytes;
use tokio::net::UdpSocket;
use tokio::sync::mpsc;

/// How SIP travels.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Transport {
    /// Datagrams: what is lost is sent again.
    Udp,
    /// A stream.
    Tcp,
    /// A stream inside TLS.
    Tls,
}

impl Transport {
    /// The name in a Via.
    pub fn name(self) -> &'static str {
        match self {
            Self::Udp => "UDP",
            Self::Tcp => "TCP",
            Self::Tls => "TLS",
        }
    }

    /// The name in a URI's parameter.
    pub fn parameter(self) -> &'static str {
        match self {
            Self::Udp => "udp",
            Self::Tcp => "tcp",
            Self::Tls => "tls",
        }
    }

    /// Whether nothing gets lost on the way, so that nothing is sent twice.
    pub fn is_reliable(self) -> bool {
        self != Self::Udp
    }
}

/// Which flow it is: on UDP the same for all datagrams between two sockets, on streams another one for each connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct FlowId(Which);

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
enum Which {
    Datagrams { socket: u32, peer: SocketAddr },
    Stream { number: u64 },
    Nowhere { peer: SocketAddr },
}

/// One of our sockets as phones know it.
#[derive(Debug)]
pub(crate) struct Door {
    /// What it speaks.
    pub(crate) transport: Transport,
    /// Where it is bound; for connections that we opened, their own end.
    pub(crate) bound: SocketAddr,
    /// `host:port` for Via and Contact.
    pub(crate) advertised: String,
}

/// Connection and peer. A clone is the same flow.
#[derive(Clone)]
pub struct Flow {
    id: FlowId,
    door: Arc<Door>,
    local: SocketAddr,
    peer: SocketAddr,
    link: Link,
}

#[derive(Clone)]
enum Link {
    /// Whoever keeps a flow does not keep the socket: when the edge has closed, its port is free.
    Datagrams(Weak<UdpSocket>),
    Stream(mpsc::Sender<Bytes>),
    Nowhere,
}

/// A flow that takes no more: its connection has ended, or its peer does not read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the flow is gone")]
pub struct FlowGone;

impl Flow {
    pub(crate) fn datagrams(socket: &Arc<UdpSocket>, number: u32, door: Arc<Door>, peer: SocketAddr) -> Self {
        let local = door.bound;
        Self { id: FlowId(Which::Datagrams { socket: number, peer }), door, local, peer, link: Link::Datagrams(Arc::downgrade(socket)) }
    }

    pub(crate) fn stream(number: u64, door: Arc<Door>, local: SocketAddr, peer: SocketAddr, out: mpsc::Sender<Bytes>) -> Self {
        Self { id: FlowId(Which::Stream { number }), door, local, peer, link: Link::Stream(out) }
    }

    /// A flow that leads nowhere and is not open: for tests of what only looks at it.
    pub fn nowhere(transport: Transport, peer: SocketAddr, local: SocketAddr) -> Self {
        let door = Arc::new(Door { transport, bound: local, advertised: local.to_string() });
        Self { id: FlowId(Which::Nowhere { peer }), door, local, peer, link: Link::Nowhere }
    }

    /// Which one it is.
    pub fn id(&self) -> FlowId {
        self.id
    }

    /// How it travels.
    pub fn transport(&self) -> Transport {
        self.door.transport
    }

    /// The true source of what comes over it.
    pub fn peer(&self) -> SocketAddr {
        self.peer
    }

    /// Our end. On UDP it is what the socket is bound to, which may be the unspecified address.
    pub fn local(&self) -> SocketAddr {
        self.local
    }

    /// Whether something can still be sent. On UDP nobody knows, so it always is.
    pub fn is_open(&self) -> bool {
        match &self.link {
            Link::Datagrams(socket) => socket.strong_count() > 0,
            Link::Stream(out) => !out.is_closed(),
            Link::Nowhere => false,
        }
    }

    /// Whether nobody between can listen.
    pub fn is_secure(&self) -> bool {
        self.transport() == Transport::Tls
    }

    /// `host:port` by which this end is known outside.
    pub(crate) fn advertised(&self) -> &str {
        &self.door.advertised
    }

    /// Whether few messages wait to be written.
    pub(crate) fn has_room(&self) -> bool {
        match &self.link {
            Link::Stream(out) => out.capacity() > out.max_capacity() / 2,
            Link::Datagrams(_) | Link::Nowhere => true,
        }
    }

    /// Waits until the flow's connection has ended; on UDP forever.
    pub(crate) async fn gone(&self) {
        match &self.link {
            Link::Datagrams(_) => std::future::pending().await,
            Link::Stream(out) => out.closed().await,
            Link::Nowhere => {}
        }
    }

    /// Sends one message, or queues it. A datagram that the kernel has no room for is lost like any other.
    pub(crate) fn send(&self, bytes: &Bytes) -> Result<(), FlowGone> {
        match &self.link {
            Link::Datagrams(socket) => match socket.upgrade().ok_or(FlowGone)?.try_send_to(bytes, self.peer) {
                Ok(_) => Ok(()),
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => Ok(()),
                Err(error) => {
                    tracing::debug!(%error, peer = %self.peer, "a SIP datagram could not be sent");
                    Ok(())
                }
            },
            // A peer that does not read loses its connection: the writer ends when its queue is full.
            Link::Stream(out) => out.try_send(bytes.clone()).map_err(|_| FlowGone),
            Link::Nowhere => Err(FlowGone),
        }
    }
}

impl fmt::Debug for Flow {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Flow({} {})", self.transport().name(), self.peer)
    }
}
