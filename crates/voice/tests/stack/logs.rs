//! No level of the log tells a secret.

use std::io::Write;
use std::sync::{Arc, Mutex};

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tracing_subscriber::fmt::MakeWriter;
use voice::stack::{LegEvent, Transport};

use super::house::House;
use super::peer::{Peer, request};

#[derive(Clone, Default)]
struct Kept(Arc<Mutex<Vec<u8>>>);

impl Write for Kept {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.lock().unwrap().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

impl<'a> MakeWriter<'a> for Kept {
    type Writer = Self;

    fn make_writer(&'a self) -> Self {
        self.clone()
    }
}

/// One thread, so that the subscriber sees all of it: every library that the edge uses included.
#[tokio::test(flavor = "current_thread")]
async fn no_level_tells_authorization_keys_or_digits() {
    let kept = Kept::default();
    let subscriber = tracing_subscriber::fmt().with_max_level(tracing::Level::TRACE).with_writer(kept.clone()).finish();
    let guard = tracing::subscriber::set_default(subscriber);
    let mut house = House::open().await;
    let peer = Peer::of(house.udp()).await;
    let secret = "Authorization: Digest username=\"u\", response=\"5ec2e7\"";
    peer.send(request("REGISTER", "log", "z9hG4bKlog", 1, "", secret)).await;
    peer.final_response().await;
    let sdp = format!("{secret}\r\nContent-Type: application/sdp\r\n\r\nv=0\r\na=crypto:1 AES_CM_128_HMAC_SHA1_80 inline:5ec2e7key\r\n");
    peer.send(request("INVITE", "log2", "z9hG4bKlog2", 1, "", &sdp)).await;
    let mut leg = house.call().await.accept("a=crypto:1 AES_CM_128_HMAC_SHA1_80 inline:5ec2e7ours").await.unwrap();
    let ok = peer.final_response().await;
    let tag = ok.to_tag().unwrap().to_owned();
    peer.send(request("ACK", "log2", "z9hG4bKlog3", 1, &tag, "")).await;
    let info = "Content-Type: application/dtmf-relay\r\n\r\nSignal=5ec2e7\r\n";
    peer.send(request("INFO", "log2", "z9hG4bKlog4", 2, &tag, info)).await;
    assert_eq!(peer.final_response().await.method(), "INFO");
    let event = leg.next().await;
    assert!(matches!(event, LegEvent::Info { .. }));
    tracing::trace!(?event, ?leg, message = ?ok, "what a room behind would log");
    // What cannot be read, over a stream as well.
    peer.send("OPTIONS sip:a SIP/2.0\r\nAuthorization: 5ec2e7\r\n").await;
    peer.expect_liveness("half a message").await;
    let mut stream = TcpStream::connect(house.address(Transport::Tcp)).await.unwrap();
    stream.write_all(b"OPTIONS 5ec2e7 SIP/2.0\r\nAuthorization: 5ec2e7\r\nContent-Length: x\r\n\r\n").await.unwrap();
    stream.read_to_end(&mut Vec::new()).await.unwrap();
    drop(leg);
    let bye = peer.request("BYE").await;
    peer.answer(&bye, 200).await;
    drop(guard);
    let text = String::from_utf8(kept.0.lock().unwrap().clone()).unwrap();
    assert!(text.contains("what a room behind would log"), "the log was seen");
    assert!(!text.contains("5ec2e7"), "{text}");
}
