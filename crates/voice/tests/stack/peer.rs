//! A phone's socket, without a mind of its own.

use std::fmt::Write as _;

use std::net::SocketAddr;
use std::time::Duration;

use tokio::net::UdpSocket;
use tokio::time::timeout;
use voice::stack::Message;

/// Long enough for the slowest machine: who waits this long has lost.
pub const PATIENCE: Duration = Duration::from_secs(20);

pub struct Peer {
    pub socket: UdpSocket,
    pub server: SocketAddr,
}

impl Peer {
    pub async fn of(server: SocketAddr) -> Self {
        let any: SocketAddr = if server.is_ipv4() { "127.0.0.1:0".parse().unwrap() } else { "[::1]:0".parse().unwrap() };
        Self { socket: UdpSocket::bind(any).await.unwrap(), server }
    }

    pub fn port(&self) -> u16 {
        self.socket.local_addr().unwrap().port()
    }

    pub async fn send(&self, bytes: impl AsRef<[u8]>) {
        self.socket.send_to(bytes.as_ref(), self.server).await.unwrap();
    }

    pub async fn bytes(&self) -> Vec<u8> {
        let mut buffer = vec![0; 65_536];
        let (length, from) = timeout(PATIENCE, self.socket.recv_from(&mut buffer)).await.expect("something was to come").unwrap();
        assert_eq!(from, self.server);
        buffer.truncate(length);
        buffer
    }

    pub async fn receive(&self) -> Message {
        Message::read(&self.bytes().await).unwrap()
    }

    /// The next response or request that the test is about: provisional 100 are passed over.
    pub async fn final_response(&self) -> Message {
        loop {
            let message = self.receive().await;
            if message.is_request() || message.status() >= 200 {
                return message;
            }
        }
    }

    /// The next request of that method; whatever else comes is passed over.
    pub async fn request(&self, method: &str) -> Message {
        loop {
            let message = self.receive().await;
            if message.is_request() && message.method() == method {
                return message;
            }
        }
    }

    /// Answers a request of the server.
    pub async fn answer(&self, request: &Message, status: u16) {
        let mut text = format!("SIP/2.0 {status} X\r\n");
        for name in ["Via", "From", "To", "Call-ID", "CSeq"] {
            for value in request.all(name) {
                let tag = if name == "To" && request.to_tag().is_none() { ";tag=peer" } else { "" };
                write!(text, "{name}: {value}{tag}\r\n").unwrap();
            }
        }
        text += "Content-Length: 0\r\n\r\n";
        self.send(text).await;
    }

    /// The server is alive: OPTIONS is answered, and nothing else comes before.
    pub async fn expect_liveness(&self, name: &str) {
        let branch = format!("z9hG4bKalive{}", self.port());
        self.send(request("OPTIONS", name, &branch, 1, "", "")).await;
        let answer = self.receive().await;
        assert_eq!((answer.status(), answer.method()), (200, "OPTIONS"), "alive after {name}");
    }
}

/// A sound request of a phone that lies about its address in Via and Contact.
pub fn request(method: &str, call_id: &str, branch: &str, number: u32, to_tag: &str, more: &str) -> String {
    let to_tag = if to_tag.is_empty() { String::new() } else { format!(";tag={to_tag}") };
    let (head, body) = more.split_once("\r\n\r\n").unwrap_or((more, ""));
    let head = if head.is_empty() { String::new() } else { format!("{}\r\n", head.trim_end()) };
    format!(
        "{method} sip:*89@phones.example.com SIP/2.0\r\nVia: SIP/2.0/UDP 10.9.8.7:5099;branch={branch};rport\r\nMax-Forwards: 70\r\n\
         From: \"Desk\" <sip:abc@phones.example.com>;tag=phone\r\nTo: <sip:*89@phones.example.com>{to_tag}\r\nCall-ID: {call_id}\r\n\
         CSeq: {number} {method}\r\nContact: <sip:abc@10.9.8.7:5099>\r\n{head}Content-Length: {}\r\n\r\n{body}",
        body.len()
    )
}

pub const SDP: &str = "v=0\r\no=- 1 1 IN IP4 127.0.0.1\r\ns=-\r\nc=IN IP4 127.0.0.1\r\nt=0 0\r\nm=audio 4000 RTP/AVP 0\r\n";

pub fn invite(call_id: &str, branch: &str) -> String {
    request("INVITE", call_id, branch, 1, "", &format!("Content-Type: application/sdp\r\n\r\n{SDP}"))
}
