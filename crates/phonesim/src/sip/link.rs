//! How messages travel: a UDP socket of the phone's own, or one connection to its server.

use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::sync::Arc;

use domain::settings::Transport;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _, ReadHalf, WriteHalf};
use tokio::net::UdpSocket;
use tokio::sync::mpsc;
use wire::sip::framing::{Frame, Stream as Framing};

use crate::address::Address;
use crate::client::{Client, ClientError, Stream};
use crate::limits::{SIP_DATAGRAM_BYTES_MAX, SIP_SENDING_MAX};
use crate::sip::message::Message;

/// The sending half. Cheap to clone.
#[derive(Clone, Debug)]
pub(super) struct Link {
    pub transport: Transport,
    pub local: SocketAddr,
    pub server: SocketAddr,
    way: Way,
}

#[derive(Clone, Debug)]
enum Way {
    Socket(Arc<UdpSocket>),
    Stream(mpsc::Sender<Vec<u8>>),
}

/// The receiving half.
pub(super) enum Receiving {
    Socket { socket: Arc<UdpSocket>, buffer: Vec<u8> },
    Stream { reader: ReadHalf<Box<dyn Stream>>, framing: Framing, from: SocketAddr, answers: mpsc::Sender<Vec<u8>> },
}

impl Link {
    /// Opens it towards a server.
    pub async fn open(client: &Client, transport: Transport, host: &str, port: u16) -> Result<(Self, Receiving), ClientError> {
        let secure = transport == Transport::Tls;
        let address = Address { secure, host: host.to_owned(), port, path: String::new(), login: None };
        if transport == Transport::Udp {
            return Self::open_socket(client, &address).await;
        }
        let opened = client.open(&address).await?;
        let (local, server) = (opened.local, opened.peer);
        let (reader, writer) = tokio::io::split(opened.stream);
        let (sending, to_send) = mpsc::channel(SIP_SENDING_MAX);
        tokio::spawn(write_all(writer, to_send));
        let receiving = Receiving::Stream { reader, framing: Framing::default(), from: server, answers: sending.clone() };
        Ok((Self { transport, local, server, way: Way::Stream(sending) }, receiving))
    }

    async fn open_socket(client: &Client, address: &Address) -> Result<(Self, Receiving), ClientError> {
        let server = client.lookup(address).await?;
        let socket = Arc::new(own_socket(client.source, server).await.map_err(ClientError::Connect)?);
        let local = reachable(&socket, server).await.map_err(ClientError::Connect)?;
        let receiving = Receiving::Socket { socket: Arc::clone(&socket), buffer: vec![0; SIP_DATAGRAM_BYTES_MAX] };
        Ok((Self { transport: Transport::Udp, local, server, way: Way::Socket(socket) }, receiving))
    }

    /// Sends bytes: on UDP to the place named, on a stream to its other end.
    pub async fn send(&self, bytes: Vec<u8>, to: SocketAddr) -> io::Result<()> {
        match &self.way {
            Way::Socket(socket) => socket.send_to(&bytes, to).await.map(drop),
            Way::Stream(sending) => sending.send(bytes).await.map_err(|_| io::ErrorKind::BrokenPipe.into()),
        }
    }

    /// Whether what is sent arrives, so that nothing is repeated.
    pub fn is_reliable(&self) -> bool {
        self.transport != Transport::Udp
    }
}

impl Receiving {
    /// The next message and where it came from; none when the connection has ended.
    pub async fn next(&mut self) -> Option<(Message, SocketAddr)> {
        loop {
            match self {
                Self::Socket { socket, buffer } => {
                    // An error is what the network said about something sent earlier: whoever waits for that notices.
                    let Ok((length, from)) = socket.recv_from(buffer).await else { continue };
                    if let Some(message) = Message::read(&buffer[..length]) {
                        return Some((message, from));
                    }
                }
                Self::Stream { reader, framing, from, answers } => {
                    while let Some(frame) = framing.poll() {
                        match frame.ok()? {
                            Frame::Ping => answers.try_send(b"\r\n".to_vec()).ok()?,
                            Frame::Message(bytes) => {
                                if let Some(message) = Message::read(&bytes) {
                                    return Some((message, *from));
                                }
                            }
                        }
                    }
                    let mut bytes = [0; 2048];
                    let length = reader.read(&mut bytes).await.ok().filter(|length| *length > 0)?;
                    // Everything before was polled, so there is room.
                    framing.push(&bytes[..length]);
                }
            }
        }
    }
}

/// A UDP socket on the phone's own address, of the family of the other side.
pub(super) async fn own_socket(source: Option<IpAddr>, other: SocketAddr) -> io::Result<UdpSocket> {
    let any: IpAddr = if other.is_ipv4() { Ipv4Addr::UNSPECIFIED.into() } else { Ipv6Addr::UNSPECIFIED.into() };
    UdpSocket::bind((source.unwrap_or(any), 0)).await
}

/// The address under which the other side sees this socket, as far as the phone can know.
async fn reachable(socket: &UdpSocket, other: SocketAddr) -> io::Result<SocketAddr> {
    let own = socket.local_addr()?;
    if !own.ip().is_unspecified() {
        return Ok(own);
    }
    // The system knows which address it would take; nothing is sent for that.
    let probe = UdpSocket::bind((own.ip(), 0)).await?;
    probe.connect(other).await?;
    Ok(SocketAddr::new(probe.local_addr()?.ip(), own.port()))
}

async fn write_all(mut writer: WriteHalf<Box<dyn Stream>>, mut to_send: mpsc::Receiver<Vec<u8>>) {
    while let Some(bytes) = to_send.recv().await {
        if writer.write_all(&bytes).await.is_err() {
            return;
        }
    }
    drop(writer.shutdown().await);
}
