//! SIP over UDP.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use tokio::net::UdpSocket;
use tokio::sync::{mpsc, watch};
use wire::limits::SIP_DATAGRAM_BYTES_MAX;
use wire::sip::framing::Datagram;

use super::flow::Door;
use super::gatekeeper::Gatekeeper;
use super::{Flow, Sink, turned};

/// One socket.
#[derive(Clone)]
pub(super) struct Datagrams {
    pub(super) socket: Arc<UdpSocket>,
    pub(super) number: u32,
    pub(super) door: Arc<Door>,
}

impl Datagrams {
    pub(super) fn flow_to(&self, peer: SocketAddr) -> Flow {
        Flow::datagrams(&self.socket, self.number, Arc::clone(&self.door), peer)
    }

    /// Receives until the edge closes.
    pub(super) async fn receive(
        self,
        gatekeeper: Arc<Gatekeeper>,
        sink: Arc<dyn Sink>,
        mut closed: watch::Receiver<bool>,
        _living: mpsc::Sender<()>,
    ) {
        // A datagram that fills it was cut, and is dropped.
        let mut buffer = vec![0; SIP_DATAGRAM_BYTES_MAX];
        loop {
            let received = tokio::select! {
                biased;
                () = turned(&mut closed) => return,
                received = self.socket.recv_from(&mut buffer) => received,
            };
            match received {
                Ok((length, peer)) => {
                    // Port 0 cannot be answered.
                    if peer.port() != 0
                        && let Datagram::Message(message) = Datagram::parse(&buffer[..length])
                    {
                        gatekeeper.receive(&message, &self.flow_to(peer), &sink);
                    }
                }
                Err(error) => {
                    tracing::debug!(%error, "a SIP datagram could not be received");
                    tokio::time::sleep(Duration::from_millis(10)).await;
                }
            }
        }
    }
}
