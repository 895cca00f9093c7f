//! A phone's SIP as text, over UDP or TCP, that lies about where it is as phones behind a NAT do.

use std::fmt::Write as _;
use std::net::SocketAddr;
use std::time::Duration;

use domain::Span;
use domain::claim::Claim;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpStream, UdpSocket};
use tokio::time::timeout;
use voice::stack::{Message, Transport};
use wire::challenge::{Challenge, DigestChallenge, parse};
use wire::digest::{Algorithm, answer};

use crate::house::{House, REALM, pass};

/// Long enough for the slowest machine: who waits this long has lost.
pub const PATIENCE: Duration = Duration::from_secs(20);

pub struct Phone {
    link: Link,
    pub user: String,
    pub password: String,
    pub claim: Claim,
    cseq: u32,
    /// Requests that were answered, by their Via, with the answer: one that comes again is answered again.
    answered: Vec<(String, String)>,
}

enum Link {
    Udp(UdpSocket, SocketAddr),
    Tcp(Box<TcpStream>),
}

impl Phone {
    pub async fn new(house: &House, transport: Transport, seed: u64) -> Self {
        let server = house.address(transport);
        let link = match transport {
            Transport::Udp => Link::Udp(UdpSocket::bind("127.0.0.1:0").await.unwrap(), server),
            _ => Link::Tcp(Box::new(TcpStream::connect(server).await.unwrap())),
        };
        let claim = house.claim(seed);
        let password = house.keys.sip_password(&claim).expose().clone();
        Self { link, user: house.keys.token(&claim), password, claim, cseq: 0, answered: Vec::new() }
    }

    /// The address that it says it has.
    pub fn contact(&self) -> String {
        format!("<sip:{}@10.9.8.7:5099>", self.user)
    }

    /// Registers with these fields, answering the challenge of that hash.
    pub async fn register_with(&mut self, algorithm: Algorithm, fields: &str) -> Message {
        self.send(&self.text("", fields)).await;
        let refused = self.receive().await;
        assert_eq!(refused.status(), 401);
        let offered = refused.all("WWW-Authenticate").flat_map(|value| parse(value.as_bytes()).unwrap());
        let mut digests = offered.filter_map(|one| match one {
            Challenge::Digest(digest) => Some(digest),
            Challenge::Basic { .. } => None,
        });
        let challenge: DigestChallenge = digests.find(|one| one.algorithm == algorithm).unwrap();
        let proof = answer(&challenge, &self.user, &self.password, "REGISTER", &format!("sip:{REALM}"), 1, "c0ffee");
        self.cseq += 1;
        self.send(&self.text(&format!("Authorization: {proof}\r\n"), fields)).await;
        self.cseq += 1;
        self.receive().await
    }

    pub async fn register(&mut self, fields: &str) -> Message {
        self.register_with(Algorithm::Md5, fields).await
    }

    /// Registers the contact that it says it has.
    pub async fn registered(&mut self) {
        let fields = format!("Contact: {};expires=600\r\n", self.contact());
        assert_eq!(self.register(&fields).await.status(), 200);
    }

    /// The next NOTIFY, while time passes.
    pub async fn notified(&mut self) -> Message {
        let waiting = async {
            loop {
                match timeout(Duration::from_millis(20), self.receive()).await {
                    Ok(message) if message.method() == "NOTIFY" && message.is_request() => return message,
                    Ok(other) => panic!("{other:?}"),
                    Err(_) => pass(Span::from_millis(50)),
                }
            }
        };
        timeout(PATIENCE, waiting).await.expect("a NOTIFY was to come")
    }

    /// Answers a request of the server.
    pub async fn answer(&mut self, request: &Message, status: u16, fields: &str) {
        let mut text = format!("SIP/2.0 {status} X\r\n");
        for name in ["Via", "From", "To", "Call-ID", "CSeq"] {
            for value in request.all(name) {
                let tag = if name == "To" && request.to_tag().is_none() { ";tag=phone" } else { "" };
                write!(text, "{name}: {value}{tag}\r\n").unwrap();
            }
        }
        let text = format!("{text}{fields}Content-Length: 0\r\n\r\n");
        self.send(&text).await;
        self.answered.push((via(request), text));
    }

    pub async fn send(&mut self, text: &str) {
        match &mut self.link {
            Link::Udp(socket, server) => drop(socket.send_to(text.as_bytes(), *server).await.unwrap()),
            Link::Tcp(stream) => stream.write_all(text.as_bytes()).await.unwrap(),
        }
    }

    /// The next message that is no repetition of a request answered before: a machine that stalls makes the server repeat itself.
    pub async fn receive(&mut self) -> Message {
        loop {
            let message = self.next().await;
            let again = self.answered.iter().find(|(via_of, _)| message.is_request() && *via_of == via(&message));
            let Some(text) = again.map(|(_, text)| text.clone()) else { return message };
            self.send(&text).await;
        }
    }

    /// One message; those of the tests have no body.
    async fn next(&mut self) -> Message {
        let mut bytes = vec![0; 65_536];
        let length = match &mut self.link {
            Link::Udp(socket, _) => timeout(PATIENCE, socket.recv(&mut bytes)).await.expect("something was to come").unwrap(),
            Link::Tcp(stream) => {
                let mut length = 0;
                while !bytes[..length].ends_with(b"\r\n\r\n") {
                    length += timeout(PATIENCE, stream.read(&mut bytes[length..=length])).await.expect("more was to come").unwrap();
                }
                length
            }
        };
        Message::read(&bytes[..length]).unwrap()
    }

    /// Hangs the connection up.
    pub async fn close(self) {
        if let Link::Tcp(mut stream) = self.link {
            stream.shutdown().await.unwrap();
        }
    }

    fn text(&self, authorization: &str, fields: &str) -> String {
        let (user, cseq) = (&self.user, self.cseq + 1);
        let transport = if matches!(self.link, Link::Udp(..)) { "UDP" } else { "TCP" };
        format!(
            "REGISTER sip:{REALM} SIP/2.0\r\nVia: SIP/2.0/{transport} 10.9.8.7:5099;branch=z9hG4bK{user}{cseq};rport\r\nMax-Forwards: 70\r\n\
             From: <sip:{user}@{REALM}>;tag=1\r\nTo: <sip:{user}@{REALM}>\r\nCall-ID: {user}\r\nCSeq: {cseq} REGISTER\r\n\
             User-Agent: Yealink SIP-T46S 66.86.0.15\r\n{authorization}{fields}Content-Length: 0\r\n\r\n"
        )
    }
}

fn via(message: &Message) -> String {
    message.header("Via").unwrap_or_default().to_owned()
}
