//! A SIP server that does as it is told and writes down what came. One line of sound for each call.

use std::net::{IpAddr, SocketAddr};
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::Duration;

use phonesim::sip::Message;
use rustls_pki_types::PrivateKeyDer;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::{TcpListener, UdpSocket};
use tokio::sync::{mpsc, watch};
use tokio::task::JoinSet;
use tokio_rustls::TlsAcceptor;
use wire::auth::{self, Credentials};
use wire::challenge::{self, Challenge, Offer};
use wire::digest::{self, Algorithm, Rules, Verifier, verify_sip};
use wire::dtmf::event::Decoder;
use wire::dtmf::inband::Detector;
use wire::dtmf::info;
use wire::g711::Codec;
use wire::rtp::{Packet, Sender};
use wire::sdp::{Ours, Session, Srtp, SrtpKey, answer};
use wire::sip::framing::{Frame, Stream};

/// What the server does; changed by tests at any time.
#[derive(Clone)]
pub struct Script {
    /// The password of every user; none asks for none.
    pub password: Option<&'static str>,
    pub algorithms: &'static [Algorithm],
    /// Seconds granted.
    pub expires: u32,
    /// The least that may be asked for.
    pub at_least: u32,
    /// Nonces that are called stale once.
    pub stale: u32,
    /// Requests that are not heard, as if they were lost.
    pub lost: u32,
    /// What an INVITE gets.
    pub invite: u16,
    /// Whether it stays at 180 until it is cancelled.
    pub rings: bool,
    /// One line for each request: method, target, whether proved, status.
    pub seen: Vec<String>,
    /// `Contact` and `User-Agent` of REGISTERs, and `Via` of all.
    pub contacts: Vec<String>,
    pub vias: Vec<String>,
    pub agents: Vec<String>,
    /// Keys heard, in whichever way.
    pub keys: String,
    /// RTP packets heard.
    pub packets: u64,
    pub keep_alives: u64,
}

impl Default for Script {
    fn default() -> Self {
        Self {
            password: Some("pw"),
            algorithms: Offer::ALGORITHMS,
            expires: 600,
            at_least: 0,
            stale: 0,
            lost: 0,
            invite: 200,
            rings: false,
            seen: Vec::new(),
            contacts: Vec::new(),
            vias: Vec::new(),
            agents: Vec::new(),
            keys: String::new(),
            packets: 0,
            keep_alives: 0,
        }
    }
}

/// Where messages go: over UDP to an address, else into a connection.
#[derive(Clone)]
enum Flow {
    Socket(Arc<UdpSocket>, SocketAddr),
    Stream(mpsc::Sender<Vec<u8>>),
}

impl Flow {
    async fn send(&self, message: &Message) {
        let bytes = message.to_bytes();
        match self {
            Self::Socket(socket, to) => drop(socket.send_to(&bytes, to).await.unwrap()),
            Self::Stream(stream) => drop(stream.send(bytes).await),
        }
    }
}

/// How the phone's sound reaches the server, and back.
#[derive(Clone, Copy, Default, PartialEq, Eq)]
pub enum Carrier {
    #[default]
    Udp,
    Tcp,
    Tls,
}

struct Shared {
    script: Mutex<Script>,
    changes: watch::Sender<u64>,
    /// The flow of the last REGISTER.
    flow: Mutex<Option<Flow>>,
    /// The last call: its flow, our side's and its side's names, its `Call-ID`, the phone's `Contact`.
    call: Mutex<Option<Dialog>>,
    responses: Mutex<Option<mpsc::Sender<Message>>>,
    clip: Vec<u8>,
    host: IpAddr,
    sounds: Mutex<JoinSet<()>>,
}

#[derive(Clone)]
struct Dialog {
    flow: Flow,
    ours: String,
    theirs: String,
    call_id: String,
    target: String,
    count: u32,
}

pub struct Pbx {
    pub address: SocketAddr,
    pub authority: String,
    shared: Arc<Shared>,
    _tasks: JoinSet<()>,
}

impl Pbx {
    pub async fn start() -> Self {
        Self::on("127.0.0.1".parse().unwrap(), Carrier::Udp).await
    }

    pub async fn on(host: IpAddr, carrier: Carrier) -> Self {
        // Something to be known again: no two frames are the same.
        let clip = (0..8000u32).map(|n| Codec::Pcmu.encode(((n * n) % 14_000) as i16 - 7000)).collect();
        let shared = Arc::new(Shared {
            script: Mutex::default(),
            changes: watch::channel(0).0,
            flow: Mutex::default(),
            call: Mutex::default(),
            responses: Mutex::default(),
            clip,
            host,
            sounds: Mutex::default(),
        });
        let mut tasks = JoinSet::new();
        let (acceptor, authority) = certificate();
        let address = if carrier == Carrier::Udp {
            let socket = Arc::new(UdpSocket::bind((host, 0)).await.unwrap());
            let address = socket.local_addr().unwrap();
            tasks.spawn(listen_udp(Arc::clone(&shared), socket));
            address
        } else {
            let listener = TcpListener::bind((host, 0)).await.unwrap();
            let address = listener.local_addr().unwrap();
            tasks.spawn(listen_tcp(Arc::clone(&shared), listener, (carrier == Carrier::Tls).then_some(acceptor)));
            address
        };
        Self { address, authority, shared, _tasks: tasks }
    }

    pub fn script(&self) -> MutexGuard<'_, Script> {
        self.shared.script.lock().unwrap()
    }

    /// The clip that every call is played, in PCMU.
    pub fn clip(&self) -> &[u8] {
        &self.shared.clip
    }

    /// Waits until the script is so.
    pub async fn until(&self, what: impl Fn(&Script) -> bool) -> Script {
        let mut changes = self.shared.changes.subscribe();
        let waited = tokio::time::timeout(Duration::from_mins(2), async {
            loop {
                changes.borrow_and_update();
                let script = self.script().clone();
                if what(&script) {
                    return script;
                }
                changes.changed().await.unwrap();
            }
        });
        waited.await.unwrap_or_else(|_| panic!("it did not come to that: {:?}", self.script().seen))
    }

    /// How often a line of `seen` begins like this.
    pub fn count(&self, beginning: &str) -> usize {
        self.script().seen.iter().filter(|line| line.starts_with(beginning)).count()
    }

    /// Sends a request to the last registered flow and gives the phone's answer. A challenge is answered by this login.
    pub async fn ask(&self, method: &str, event: &str, login: Option<(&str, &str)>) -> Message {
        let flow = self.shared.flow.lock().unwrap().clone().unwrap();
        let request = |count: u32| {
            Message::request(method, "sip:phone@192.0.2.1")
                .with("Via", &format!("SIP/2.0/UDP {};branch=z9hG4bKask{method}{count}{}", self.address, self.bump()))
                .with("From", "<sip:server@example.com>;tag=srv")
                .with("To", "<sip:phone@example.com>")
                .with("Call-ID", &format!("ask-{}", self.bump()))
                .with("CSeq", &format!("{count} {method}"))
                .with("Contact", &format!("<sip:server@{}>", self.address))
                .with("Event", event)
        };
        let first = self.exchange(&flow, request(1)).await;
        let (Some((user, password)), Some(401)) = (login, first.status()) else { return first };
        let asked = challenge::parse(first.header("WWW-Authenticate").unwrap().as_bytes()).unwrap();
        let Challenge::Digest(asked) = &asked[0] else { panic!("no digest") };
        let value = digest::answer(asked, user, password, method, "sip:phone@192.0.2.1", 1, "cn");
        self.exchange(&flow, request(2).with("Authorization", &value)).await
    }

    /// Sends the same NOTIFY twice, as if its answer had been lost, and gives both answers.
    pub async fn notify_twice(&self) -> (Message, Message) {
        let flow = self.shared.flow.lock().unwrap().clone().unwrap();
        let request = Message::request("NOTIFY", "sip:phone@192.0.2.1")
            .with("Via", &format!("SIP/2.0/UDP {};branch=z9hG4bKtwice", self.address))
            .with("From", "<sip:server@example.com>;tag=srv")
            .with("To", "<sip:phone@example.com>")
            .with("Call-ID", "twice")
            .with("CSeq", "1 NOTIFY")
            .with("Event", "check-sync");
        (self.exchange(&flow, request.clone()).await, self.exchange(&flow, request).await)
    }

    /// Calls the phone; gives its final answer.
    pub async fn invite(&self) -> Message {
        let flow = self.shared.flow.lock().unwrap().clone().unwrap();
        let offer = format!("v=0\r\no=- 1 1 IN IP4 {0}\r\ns=-\r\nc=IN IP4 {0}\r\nt=0 0\r\nm=audio 9 RTP/AVP 0\r\n", self.address.ip());
        let (ours, call_id) = ("<sip:server@example.com>;tag=srv".to_owned(), format!("call-{}", self.bump()));
        let invite = Message::request("INVITE", "sip:phone@192.0.2.1")
            .with("Via", &format!("SIP/2.0/UDP {};branch=z9hG4bKinv{}", self.address, self.bump()))
            .with("From", &ours)
            .with("To", "<sip:phone@example.com>")
            .with("Call-ID", &call_id)
            .with("CSeq", "1 INVITE")
            .with("Contact", &format!("<sip:server@{}>", self.address))
            .with_body("application/sdp", offer);
        let answer = self.exchange(&flow, invite).await;
        let theirs = answer.header("To").unwrap().to_owned();
        let dialog = Dialog { flow, ours, theirs, call_id, target: "sip:phone@192.0.2.1".into(), count: 1 };
        *self.shared.call.lock().unwrap() = Some(dialog);
        if answer.status() == Some(200) {
            self.in_call("ACK", &[]).await;
        }
        answer
    }

    /// Sends a request inside the last call; the phone's answer, unless it is ACK.
    pub async fn in_call(&self, method: &str, fields: &[(&str, &str)]) -> Option<Message> {
        let dialog = {
            let mut call = self.shared.call.lock().unwrap();
            let call = call.as_mut().unwrap();
            call.count += u32::from(method != "ACK");
            call.clone()
        };
        let mut request = Message::request(method, &dialog.target)
            .with("Via", &format!("SIP/2.0/UDP {};branch=z9hG4bKin{}", self.address, self.bump()))
            .with("From", &dialog.ours)
            .with("To", &dialog.theirs)
            .with("Call-ID", &dialog.call_id)
            .with("CSeq", &format!("{} {method}", dialog.count));
        for (name, value) in fields {
            request = request.with(name, value);
        }
        if method == "ACK" {
            dialog.flow.send(&request).await;
            return None;
        }
        Some(self.exchange(&dialog.flow, request).await)
    }

    async fn exchange(&self, flow: &Flow, request: Message) -> Message {
        let (sender, mut answers) = mpsc::channel(16);
        *self.shared.responses.lock().unwrap() = Some(sender);
        flow.send(&request).await;
        loop {
            let answer = tokio::time::timeout(Duration::from_mins(1), answers.recv()).await.expect("the phone answers").unwrap();
            if answer.status().is_some_and(|status| status >= 200)
                && answer.call_id() == request.call_id()
                && answer.cseq() == request.cseq()
            {
                return answer;
            }
        }
    }

    fn bump(&self) -> u64 {
        self.shared.changes.send_modify(|count| *count += 1);
        *self.shared.changes.borrow()
    }
}

async fn listen_udp(shared: Arc<Shared>, socket: Arc<UdpSocket>) {
    let mut buffer = vec![0; 8192];
    loop {
        let Ok((length, from)) = socket.recv_from(&mut buffer).await else { continue };
        let flow = Flow::Socket(Arc::clone(&socket), from);
        match Message::read(&buffer[..length]) {
            Some(message) => shared.heard(message, flow).await,
            None => shared.changed(|script| script.keep_alives += 1),
        }
    }
}

async fn listen_tcp(shared: Arc<Shared>, listener: TcpListener, acceptor: Option<TlsAcceptor>) {
    let mut connections = JoinSet::new();
    while let Ok((stream, _)) = listener.accept().await {
        let (shared, acceptor) = (Arc::clone(&shared), acceptor.clone());
        connections.spawn(async move {
            match acceptor {
                None => converse(shared, stream).await,
                Some(acceptor) => {
                    if let Ok(stream) = acceptor.accept(stream).await {
                        converse(shared, stream).await;
                    }
                }
            }
        });
    }
}

async fn converse(shared: Arc<Shared>, stream: impl AsyncRead + AsyncWrite + Send + 'static) {
    let (mut reader, mut writer) = tokio::io::split(stream);
    let (sender, mut to_send) = mpsc::channel::<Vec<u8>>(64);
    let writing = tokio::spawn(async move {
        while let Some(bytes) = to_send.recv().await {
            if bytes.is_empty() || writer.write_all(&bytes).await.is_err() {
                break;
            }
        }
        drop(writer.shutdown().await);
    });
    let mut framing = Stream::default();
    let mut buffer = [0; 4096];
    while let Ok(length @ 1..) = reader.read(&mut buffer).await {
        framing.push(&buffer[..length]);
        while let Some(frame) = framing.poll() {
            match frame.unwrap() {
                Frame::Ping => shared.changed(|script| script.keep_alives += 1),
                Frame::Message(bytes) => shared.heard(Message::read(&bytes).unwrap(), Flow::Stream(sender.clone())).await,
            }
        }
        if writing.is_finished() {
            break;
        }
    }
    writing.abort();
}

impl Pbx {
    /// Closes the connection of the last registered phone.
    pub async fn hang_up_connection(&self) {
        let flow = self.shared.flow.lock().unwrap().take();
        if let Some(Flow::Stream(stream)) = flow {
            stream.send(Vec::new()).await.unwrap();
        }
    }
}

impl Shared {
    fn changed(&self, change: impl FnOnce(&mut Script)) {
        change(&mut self.script.lock().unwrap());
        self.changes.send_modify(|count| *count += 1);
    }

    async fn heard(self: &Arc<Self>, message: Message, flow: Flow) {
        if message.status().is_some() {
            let waiting = self.responses.lock().unwrap().clone();
            if let Some(waiting) = waiting {
                drop(waiting.try_send(message));
            }
            return;
        }
        let is_lost = {
            let mut script = self.script.lock().unwrap();
            let is_lost = script.lost > 0;
            script.lost = script.lost.saturating_sub(1);
            script.vias.push(message.header("Via").unwrap().to_owned());
            is_lost
        };
        if is_lost {
            return self.changed(|script| script.seen.push(format!("{} lost", message.method())));
        }
        let status = self.answer(&message, &flow).await;
        self.changed(|script| {
            let proof = if message.header("Authorization").is_some() { "proved" } else { "bare" };
            let target = message.uri().split('@').next().unwrap_or_default();
            script.seen.push(format!("{} {target} {proof} {status}", message.method()));
        });
    }

    async fn answer(self: &Arc<Self>, message: &Message, flow: &Flow) -> u16 {
        let respond = async |status: u16, fields: Vec<(String, String)>| {
            let mut response = Message::response(message, status, "Said", "srv");
            for (name, value) in fields {
                response = response.with(&name, &value);
            }
            flow.send(&response).await;
            status
        };
        let method = message.method().to_owned();
        if let Some(challenge) = self.challenge(message).filter(|_| matches!(method.as_str(), "REGISTER" | "INVITE")) {
            return respond(401, challenge).await;
        }
        match method.as_str() {
            "REGISTER" => {
                let asked: u32 = message.header("Expires").unwrap().parse().unwrap();
                let contact = message.header("Contact").unwrap().to_owned();
                let (granted, at_least) = {
                    let mut script = self.script.lock().unwrap();
                    script.contacts.push(contact.clone());
                    script.agents.push(message.header("User-Agent").unwrap().to_owned());
                    (script.expires.min(asked), script.at_least)
                };
                if asked > 0 && asked < at_least {
                    return respond(423, vec![("Min-Expires".into(), at_least.to_string())]).await;
                }
                *self.flow.lock().unwrap() = Some(flow.clone());
                let granted = granted.max(if asked == 0 { 0 } else { at_least });
                self.changed(|script| script.seen.push(format!("granted {granted}")));
                respond(200, vec![("Contact".into(), format!("{contact};expires={granted}"))]).await
            }
            "INVITE" => self.called(message, flow).await,
            "CANCEL" => {
                respond(200, vec![]).await;
                let invite = Message::request("INVITE", message.uri());
                let mut invite =
                    ["Via", "From", "To", "Call-ID"].iter().fold(invite, |invite, name| invite.with(name, message.header(name).unwrap()));
                invite = invite.with("CSeq", &format!("{} INVITE", message.cseq().unwrap().0));
                flow.send(&Message::response(&invite, 487, "Request Terminated", "srv")).await;
                200
            }
            "INFO" => {
                if let Some(key) = info::key(message.header("Content-Type").unwrap(), message.body()) {
                    self.changed(|script| script.keys.push(key.name()));
                }
                respond(200, vec![]).await
            }
            "ACK" => 0,
            _ => respond(200, vec![]).await,
        }
    }

    /// What a request without the right proof gets.
    fn challenge(&self, message: &Message) -> Option<Vec<(String, String)>> {
        let mut script = self.script.lock().unwrap();
        let password = script.password?;
        let sent = message.header("Authorization").map(|value| auth::parse(value.as_bytes()).unwrap());
        let is_right = |sent: &Credentials| match sent {
            Credentials::Digest(sent) => verify_sip(sent, message.method(), Verifier::Password(password), Rules { allow_rfc2069: false }),
            Credentials::Basic { .. } => false,
        };
        let right = sent.as_ref().is_some_and(is_right);
        let stale = right && script.stale > 0;
        script.stale -= u32::from(stale);
        if right && !stale {
            return None;
        }
        let offer = Offer { realm: "example.com", nonce: "n1", algorithms: script.algorithms, basic: true, stale };
        Some(offer.header_values().into_iter().map(|value| ("WWW-Authenticate".to_owned(), value)).collect())
    }

    async fn called(self: &Arc<Self>, message: &Message, flow: &Flow) -> u16 {
        let (status, rings) = {
            let script = self.script.lock().unwrap();
            (script.invite, script.rings)
        };
        flow.send(&Message::response(message, 100, "Trying", "srv")).await;
        if rings {
            flow.send(&Message::response(message, 180, "Ringing", "srv")).await;
            return 180;
        }
        let response = Message::response(message, status, "Said", "srv");
        if status != 200 {
            flow.send(&response.with("Reason", "Q.850;cause=17")).await;
            return status;
        }
        let socket = UdpSocket::bind((self.host, 0)).await.unwrap();
        let key = SrtpKey::new([0; 30]);
        let ours =
            Ours { addresses: &[self.host], port: socket.local_addr().unwrap().port(), session: 1, version: 1, srtp: Srtp::Off, key: &key };
        let answer = answer(&Session::parse(message.body()).unwrap(), &ours).unwrap();
        let dialog = Dialog {
            flow: flow.clone(),
            ours: response.header("To").unwrap().to_owned(),
            theirs: response.header("From").unwrap().to_owned(),
            call_id: message.call_id().to_owned(),
            target: "sip:phone@192.0.2.1".into(),
            count: 0,
        };
        *self.call.lock().unwrap() = Some(dialog);
        let (codec, event) = (answer.chosen.codec, answer.chosen.event);
        self.sounds.lock().unwrap().spawn(sound(Arc::clone(self), socket, codec, event));
        let local = match flow {
            Flow::Socket(socket, _) => socket.local_addr().unwrap().to_string(),
            Flow::Stream(_) => "192.0.2.1".to_owned(),
        };
        flow.send(&response.with("Contact", &format!("<sip:service@{local}>")).with_body("application/sdp", answer.body)).await;
        200
    }
}

/// Plays the clip to whoever sends, over and over, and listens for keys.
async fn sound(shared: Arc<Shared>, socket: UdpSocket, codec: Codec, event: Option<u8>) {
    let (mut decoder, mut detector, mut sender) = (Decoder::default(), Detector::default(), Sender::new(1, 1, 1));
    let mut frames = shared.clip.chunks(160).cycle();
    let mut buffer = [0; 2048];
    while let Ok((length, from)) = socket.recv_from(&mut buffer).await {
        let packet = Packet::parse(&buffer[..length]).unwrap();
        let keys: Vec<char> = if Some(packet.header.payload_type) == event {
            decoder.push(&packet.header, packet.payload, 0).map(wire::dtmf::Key::name).into_iter().collect()
        } else if event.is_none() {
            packet.payload.iter().filter_map(|code| detector.push(codec.decode(*code))).map(wire::dtmf::Key::name).collect()
        } else {
            Vec::new()
        };
        shared.changed(|script| {
            script.packets += 1;
            script.keys.extend(keys);
        });
        let frame = sender.packet(codec.payload_type(), 160, frames.next().unwrap());
        socket.send_to(&frame, from).await.unwrap();
    }
}

/// An authority and a certificate for `phones.example.com`.
fn certificate() -> (TlsAcceptor, String) {
    let key = rcgen::KeyPair::generate().unwrap();
    let mut params = rcgen::CertificateParams::new(Vec::new()).unwrap();
    params.is_ca = rcgen::IsCa::Ca(rcgen::BasicConstraints::Unconstrained);
    let authority = params.self_signed(&key).unwrap();
    let issuer = rcgen::Issuer::new(params, key);
    let own_key = rcgen::KeyPair::generate().unwrap();
    let own = rcgen::CertificateParams::new(vec!["phones.example.com".to_owned()]).unwrap().signed_by(&own_key, &issuer).unwrap();
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let config = rustls::ServerConfig::builder_with_provider(provider).with_safe_default_protocol_versions().unwrap();
    let config = config
        .with_no_client_auth()
        .with_single_cert(vec![own.der().clone()], PrivateKeyDer::Pkcs8(own_key.serialize_der().into()))
        .unwrap();
    (TlsAcceptor::from(Arc::new(config)), authority.pem())
}
