//! A telephone on UDP, as bare as it can be: it registers, calls, and answers what the server asks of it.

use std::fmt::Write as _;
use std::net::SocketAddr;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, bail, ensure};
use domain::Secret;
use tokio::net::UdpSocket;
use tokio::time::timeout;
use wire::challenge::{Challenge, parse};
use wire::digest::{self, Algorithm};
use wire::sip::message::{Message, Start};

use crate::clock;
use crate::limits::SIP_DATAGRAM_BYTES_MAX;

/// Until a request is sent again, and how often.
const AGAIN_AFTER: Duration = Duration::from_millis(500);
const SENDS_MAX: u32 = 8;

/// A throw-away account, as a restricted configuration names it.
#[derive(Clone, Debug)]
pub struct Account {
    /// The user.
    pub user: String,
    /// The password.
    pub password: Secret<String>,
    /// The host that it registers with, and the realm.
    pub host: String,
}

/// A telephone with one account at one server.
pub struct Telephone {
    socket: UdpSocket,
    local: SocketAddr,
    account: Account,
    /// Of this telephone among all of this run.
    number: u64,
    sequence: u32,
    /// Requests sent again so far.
    pub repeated: u32,
    buffer: Vec<u8>,
}

/// An answer to a request.
#[derive(Clone, Debug)]
pub struct Reply {
    /// The status.
    pub status: u16,
    /// The tag in `To`, with `;tag=` in front; empty if there is none.
    to_tag: String,
    /// The address in `Contact`.
    contact: String,
    challenge: Option<String>,
    /// The body.
    pub body: Vec<u8>,
    /// When it came.
    pub at: Instant,
}

/// A call that is up.
#[derive(Clone, Debug)]
pub struct Call {
    id: String,
    number: String,
    to_tag: String,
    target: String,
    /// Where the other side wants its sound.
    pub media: SocketAddr,
    /// From the INVITE that was taken to its 200.
    pub setup: Duration,
}

impl Telephone {
    /// At an address of its own.
    pub async fn open(local: SocketAddr, server: SocketAddr, account: Account) -> Result<Self> {
        static NEXT: AtomicU64 = AtomicU64::new(0);
        let socket = UdpSocket::bind(local).await?;
        socket.connect(server).await?;
        let (local, number) = (socket.local_addr()?, NEXT.fetch_add(1, Ordering::Relaxed));
        Ok(Self { socket, local, account, number, sequence: 0, repeated: 0, buffer: vec![0; SIP_DATAGRAM_BYTES_MAX] })
    }

    /// Registers: two transactions, as a telephone without a nonce needs them.
    pub async fn register(&mut self) -> Result<()> {
        let (uri, to) = (format!("sip:{}", self.account.host), format!("<sip:{}@{}>", self.account.user, self.account.host));
        let reply = self.proved("REGISTER", &uri, &to, &format!("r{}", self.number), "Expires: 120\r\n", "").await?;
        ensure!(reply.status == 200, "the registration was answered {}", reply.status);
        Ok(())
    }

    /// Calls a number, and acknowledges the answer. `sound` is where this side wants its sound.
    pub async fn call(&mut self, number: &str, sound: SocketAddr) -> Result<Call> {
        let (id, started) = (format!("c{}-{}", self.number, self.sequence), clock::now());
        let (uri, to) = (format!("sip:{number}@{}", self.account.host), format!("<sip:{number}@{}>", self.account.host));
        let reply = self.proved("INVITE", &uri, &to, &id, "", &offer(sound)).await?;
        ensure!(reply.status == 200, "the call was answered {}", reply.status);
        let media = media_of(&reply.body).context("an answer without an address for sound")?;
        let call = Call { id, number: number.to_owned(), to_tag: reply.to_tag, target: reply.contact, media, setup: reply.at - started };
        let ack = self.request("ACK", &call.target, &(to + &call.to_tag), &call.id, self.sequence, "", "");
        self.socket.send(ack.as_bytes()).await?;
        Ok(call)
    }

    /// Ends a call.
    pub async fn hang_up(&mut self, call: &Call) -> Result<()> {
        let to = format!("<sip:{}@{}>{}", call.number, self.account.host, call.to_tag);
        self.sequence += 1;
        let reply = self.exchange("BYE", &call.target, &to, &call.id, "", "").await?;
        ensure!(reply.status == 200, "the end of the call was answered {}", reply.status);
        Ok(())
    }

    /// Waits for a request of the server and takes it; others are taken too. When it was answered.
    pub async fn asked(&mut self, wanted: &str, patience: Duration) -> Result<Instant> {
        let waiting = async {
            loop {
                let length = self.socket.recv(&mut self.buffer).await?;
                if let Some((method, answer)) = taken(&self.buffer[..length]) {
                    self.socket.send(answer.as_bytes()).await?;
                    if method == wanted {
                        return Ok::<_, anyhow::Error>(clock::now());
                    }
                }
            }
        };
        timeout(patience, waiting).await.with_context(|| format!("no {wanted} came"))?
    }

    /// A request with the account's proof, if the server asks for it.
    async fn proved(&mut self, method: &str, uri: &str, to: &str, id: &str, headers: &str, body: &str) -> Result<Reply> {
        self.sequence += 1;
        let first = self.exchange(method, uri, to, id, headers, body).await?;
        if first.status != 401 {
            return Ok(first);
        }
        if method == "INVITE" {
            let ack = self.request("ACK", uri, &format!("{to}{}", first.to_tag), id, self.sequence, "", "");
            self.socket.send(ack.as_bytes()).await?;
        }
        let offered = parse(first.challenge.context("a 401 without a challenge of MD5")?.as_bytes())?;
        let offered = offered.into_iter().find_map(|one| match one {
            Challenge::Digest(digest) => Some(digest),
            Challenge::Basic { .. } => None,
        });
        let offered = offered.context("a challenge that is none of Digest")?;
        let proof = digest::answer(&offered, &self.account.user, self.account.password.expose(), method, uri, 1, "0a4f113b");
        self.sequence += 1;
        self.exchange(method, uri, to, id, &format!("{headers}Authorization: {proof}\r\n"), body).await
    }

    /// Sends a request until its final answer comes.
    async fn exchange(&mut self, method: &str, uri: &str, to: &str, id: &str, headers: &str, body: &str) -> Result<Reply> {
        let text = self.request(method, uri, to, id, self.sequence, headers, body);
        for sent in 0..SENDS_MAX {
            self.repeated += u32::from(sent > 0);
            self.socket.send(text.as_bytes()).await?;
            if let Ok(reply) = timeout(AGAIN_AFTER * (1 << sent.min(3)), self.final_answer(method)).await {
                return reply;
            }
        }
        bail!("{method} was never answered")
    }

    async fn final_answer(&mut self, method: &str) -> Result<Reply> {
        loop {
            let length = self.socket.recv(&mut self.buffer).await?;
            let datagram = &self.buffer[..length];
            if let Some((_, answer)) = taken(datagram) {
                self.socket.send(answer.as_bytes()).await?;
                continue;
            }
            let Ok(message) = Message::parse(datagram) else { continue };
            let Start::Response { status, .. } = message.start else { continue };
            if message.cseq() != Some((self.sequence, method)) || status < 200 {
                continue;
            }
            return Ok(reply(&message, status));
        }
    }

    #[expect(clippy::too_many_arguments, reason = "the parts of a message")]
    fn request(&self, method: &str, uri: &str, to: &str, id: &str, sequence: u32, headers: &str, body: &str) -> String {
        let Self { local, account, number, .. } = self;
        // An ACK of a refusal belongs to its INVITE; a fresh one for the others is as good.
        let of = if method == "ACK" { "INVITE" } else { method };
        let kind = if body.is_empty() { "" } else { "Content-Type: application/sdp\r\n" };
        format!(
            "{method} {uri} SIP/2.0\r\nVia: SIP/2.0/UDP {local};branch=z9hG4bK{number}x{of}{sequence};rport\r\nMax-Forwards: 70\r\n\
            From: <sip:{user}@{host}>;tag=t{number}\r\nTo: {to}\r\nCall-ID: {id}-{number}@{host}\r\nCSeq: {sequence} {method}\r\n\
            Contact: <sip:{user}@{local}>\r\n{headers}{kind}Content-Length: {length}\r\n\r\n{body}",
            user = account.user,
            host = account.host,
            length = body.len(),
        )
    }
}

/// 200 for any request but ACK: its method, and the answer.
pub fn taken(datagram: &[u8]) -> Option<(String, String)> {
    let message = Message::parse(datagram).ok()?;
    let Start::Request { method, .. } = message.start else { return None };
    (method != "ACK").then(|| (method.to_owned(), answer(&message, "200 OK", "", "")))
}

/// An answer to a request, with these headers more.
pub fn answer(request: &Message<'_>, line: &str, headers: &str, body: &str) -> String {
    let mut text = format!("SIP/2.0 {line}\r\n");
    for name in ["Via", "From", "To", "Call-ID", "CSeq"] {
        for value in request.all(name) {
            let tag = if name == "To" && !value.contains("tag=") { ";tag=bench" } else { "" };
            let _ = write!(text, "{name}: {value}{tag}\r\n");
        }
    }
    let kind = if body.is_empty() { "" } else { "Content-Type: application/sdp\r\n" };
    text + &format!("{headers}{kind}Content-Length: {}\r\n\r\n{body}", body.len())
}

/// Sound in PCMU with telephone events.
pub fn offer(sound: SocketAddr) -> String {
    let (ip, port) = (sound.ip(), sound.port());
    format!(
        "v=0\r\no=bench 1 1 IN IP4 {ip}\r\ns=-\r\nc=IN IP4 {ip}\r\nt=0 0\r\nm=audio {port} RTP/AVP 0 101\r\na=rtpmap:0 PCMU/8000\r\n\
        a=rtpmap:101 telephone-event/8000\r\na=fmtp:101 0-15\r\na=ptime:20\r\n"
    )
}

fn reply(message: &Message<'_>, status: u16) -> Reply {
    let to = message.only("To").unwrap_or_default();
    let md5 =
        |value: &&str| matches!(parse(value.as_bytes()).as_deref(), Ok([Challenge::Digest(one), ..]) if one.algorithm == Algorithm::Md5);
    let contact = message.only("Contact").unwrap_or_default();
    let contact = contact.split_once('<').and_then(|(_, rest)| rest.split_once('>')).map_or(contact, |(address, _)| address);
    Reply {
        status,
        to_tag: to.find(";tag=").map(|at| to[at..].to_owned()).unwrap_or_default(),
        contact: contact.to_owned(),
        challenge: message.all("WWW-Authenticate").find(md5).map(str::to_owned),
        body: message.body.to_vec(),
        at: clock::now(),
    }
}

fn media_of(body: &[u8]) -> Option<SocketAddr> {
    let text = std::str::from_utf8(body).ok()?;
    let ip = text.lines().find_map(|line| line.strip_prefix("c=IN IP4 "))?;
    let port = text.lines().find_map(|line| line.strip_prefix("m=audio "))?.split(' ').next()?;
    Some(SocketAddr::new(ip.trim().parse().ok()?, port.parse().ok()?))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A server that asks for proof once and takes what is right.
    async fn serve(socket: UdpSocket) {
        let mut buffer = [0; 4096];
        while let Ok((length, from)) = socket.recv_from(&mut buffer).await {
            let message = Message::parse(&buffer[..length]).unwrap();
            let challenge = "WWW-Authenticate: Digest realm=\"example.com\", nonce=\"n\", algorithm=MD5, qop=\"auth\"\r\n";
            let text = match message.method() {
                Some("ACK") => continue,
                Some("REGISTER" | "INVITE") if message.only("Authorization").is_none() => {
                    answer(&message, "401 Unauthorized", challenge, "")
                }
                Some("INVITE") => {
                    answer(&message, "200 OK", "Contact: <sip:here@127.0.0.1>\r\n", &offer("127.0.0.1:4000".parse().unwrap()))
                }
                _ => answer(&message, "200 OK", "", ""),
            };
            socket.send_to(text.as_bytes(), from).await.unwrap();
        }
    }

    #[tokio::test]
    async fn a_telephone_registers_calls_and_is_asked() {
        let server = UdpSocket::bind("127.0.0.1:0").await.unwrap();
        let at = server.local_addr().unwrap();
        let account = Account { user: "user".into(), password: "password".into(), host: "example.com".into() };
        let mut telephone = Telephone::open("127.0.0.2:0".parse().unwrap(), at, account).await.unwrap();
        let own = telephone.local;
        let serving = tokio::spawn(serve(server));
        telephone.register().await.unwrap();
        let call = telephone.call("112", "127.0.0.2:4002".parse().unwrap()).await.unwrap();
        assert_eq!(call.media, "127.0.0.1:4000".parse().unwrap());
        telephone.hang_up(&call).await.unwrap();
        serving.abort();
        drop(serving.await);
        let again = UdpSocket::bind(at).await.unwrap();
        let notify = "NOTIFY sip:user@x SIP/2.0\r\nVia: SIP/2.0/UDP 127.0.0.1;branch=z9hG4bKx\r\nFrom: <sip:s@x>;tag=1\r\nTo: <sip:user@x>\r\n\
            Call-ID: n\r\nCSeq: 1 NOTIFY\r\nContent-Length: 0\r\n\r\n";
        again.send_to(notify.as_bytes(), own).await.unwrap();
        telephone.asked("NOTIFY", Duration::from_secs(30)).await.unwrap();
        let mut buffer = [0; 4096];
        let length = again.recv(&mut buffer).await.unwrap();
        assert!(buffer[..length].starts_with(b"SIP/2.0 200 OK\r\n"));
    }
}
