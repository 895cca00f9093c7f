//! A platform, trunks that do as they are told, and phones.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::path::Path;
use std::sync::atomic::{AtomicU16, Ordering};
use std::sync::{Arc, Mutex, OnceLock};
use std::time::Duration;

use domain::chance::Seeded;
use domain::claim::{Claim, Grounds, PlatformKeys};
use domain::emergency::{Numbers, Owner, Trunk, TrunkId, TrunkLogin};
use domain::tenancy::{CustomerId, Place, SiteId};
use domain::{Mac, Secret, Time};
use rustls::pki_types::PrivateKeyDer;
use rustls::{ClientConfig, RootCertStore, ServerConfig};
use store::{KeyRing, Options, Scope, Sealer, Store};
use tokio::net::UdpSocket;
use tokio::sync::{mpsc, watch};
use tokio::time::timeout;
use uuid::Uuid;
use voice::accounts::Accounts;
use voice::edge;
use voice::emergency::{Cache, Emergency, Metrics, Parts, Waits, is_emergency};
use voice::media::{self, Media, MediaOptions, PortRange};
use voice::registrar::{Notice, Registrar};
use voice::stack::{
    CallEvent, Config, Handler, Inbound, InboundCall, Leg, Message, OutboundCall, Reply, Request, Stack, Target, Timers, Transport,
};

/// Longer than anything takes on a busy machine.
pub const PATIENCE: Duration = Duration::from_secs(20);
pub const NOW: Time = Time::from_millis(1_795_305_600_000);
pub const HOST: &str = "phones.example.com";
pub const OWN_NUMBER: &str = "+4989987654";
pub const SITE_NUMBER: &str = "+4930123456";
pub const CUSTOMER: CustomerId = CustomerId(Uuid::from_u128(1));
pub const SITE: SiteId = SiteId(Uuid::from_u128(2));
/// How long a silent trunk is waited for here.
pub const SILENCE: Duration = Duration::from_secs(2);

pub fn mac(number: u8) -> Mac {
    Mac::from_bytes([0, 0x15, 0x65, 0, 0, number]).unwrap()
}

fn timers() -> Timers {
    Timers { t1: Duration::from_millis(100), t2: Duration::from_millis(800), t4: Duration::from_secs(1) }
}

fn loopback() -> edge::Config {
    let any = vec![SocketAddr::from((Ipv4Addr::LOCALHOST, 0))];
    let (server_tls, client_tls) = certificates();
    let (server_tls, client_tls) = (Some(Arc::clone(server_tls)), Some(Arc::clone(client_tls)));
    edge::Config {
        udp: any.clone(),
        tcp: any.clone(),
        tls: any,
        server_tls,
        client_tls,
        host: "127.0.0.1".to_owned(),
        ..edge::Config::default()
    }
}

/// What trunks show, and what the platform trusts.
pub fn certificates() -> &'static (Arc<ServerConfig>, Arc<ClientConfig>) {
    static MADE: OnceLock<(Arc<ServerConfig>, Arc<ClientConfig>)> = OnceLock::new();
    MADE.get_or_init(|| {
        let _ = rustls::crypto::aws_lc_rs::default_provider().install_default();
        let made = rcgen::generate_simple_self_signed(["127.0.0.1".to_owned()]).unwrap();
        let key = PrivateKeyDer::try_from(made.signing_key.serialize_der()).unwrap();
        let server = ServerConfig::builder().with_no_client_auth().with_single_cert(vec![made.cert.der().clone()], key).unwrap();
        let mut roots = RootCertStore::empty();
        roots.add(made.cert.der().clone()).unwrap();
        (Arc::new(server), Arc::new(ClientConfig::builder().with_root_certificates(roots).with_no_client_auth()))
    })
}

fn numbers() -> Numbers {
    let list = |numbers: &[&str]| numbers.iter().map(|number| (*number).to_owned()).collect();
    Numbers::new([("DE".to_owned(), list(&["112", "110"])), ("US".to_owned(), list(&["911"]))].into(), "DE")
}

/// The server.
pub struct Platform {
    pub stack: Stack,
    pub media: Media,
    pub emergency: Arc<Emergency>,
    pub registrar: Arc<Registrar>,
    pub keys: Arc<PlatformKeys>,
    pub metrics: Metrics,
    pub store: Option<Store>,
    /// Calls that are no emergencies.
    pub others: mpsc::Receiver<InboundCall>,
    /// Phones that were not to be disturbed.
    pub disturbed: Arc<Mutex<Vec<Mac>>>,
    stop: watch::Sender<bool>,
    running: tokio::task::JoinHandle<()>,
}

struct Desk {
    emergency: OnceLock<Arc<Emergency>>,
    registrar: Arc<Registrar>,
    others: mpsc::Sender<InboundCall>,
}

impl Handler for Desk {
    async fn request(&self, inbound: Inbound) {
        let reply = match inbound.message().method() {
            "REGISTER" => self.registrar.answer(inbound.message(), inbound.flow(), NOW, &mut Seeded::new(5)),
            _ => Reply::new(200),
        };
        inbound.reply(reply).await;
    }

    async fn call(&self, call: InboundCall) {
        let emergency = self.emergency.get().expect("set before anything is received");
        if let Err(call) = emergency.take(call).await {
            let _ = self.others.send(call).await;
        }
    }
}

pub fn keys() -> Arc<PlatformKeys> {
    Arc::new(PlatformKeys::new(vec![Secret::new(vec![7; 32])]).unwrap())
}

pub fn ring() -> KeyRing {
    KeyRing::generate(&mut Seeded::new(1))
}

pub async fn sqlite(folder: &Path) -> Store {
    let mut options = Options::new(folder);
    options.busy_wait = Duration::from_mins(2);
    Store::open("sqlite:test.db", &ring(), Box::new(Seeded::new(2)), options).await.unwrap()
}

impl Platform {
    pub async fn open(folder: &Path, store: Option<Store>) -> Self {
        let stack = Stack::open(Config { edge: loopback(), timers: timers(), is_emergency: is_emergency(numbers()) }).await.unwrap();
        let here = media::Place { bind: IpAddr::V4(Ipv4Addr::LOCALHOST), advertised: IpAddr::V4(Ipv4Addr::LOCALHOST) };
        let options = MediaOptions { places: vec![here], ports: PortRange { from: 0, to: 0 }, reserved: 0, threads: 1 };
        let media = Media::open(&options).unwrap();
        let keys = keys();
        let (registrar, _learning) = Registrar::new(Arc::new(Accounts::new(HOST, Arc::clone(&keys))));
        let (others_sender, others) = mpsc::channel(16);
        let disturbed = Arc::new(Mutex::new(Vec::new()));
        let noted = Arc::clone(&disturbed);
        let metrics = Metrics::default();
        let emergency = Emergency::open(Parts {
            numbers: numbers(),
            caller_number: Some(OWN_NUMBER.to_owned()),
            stack: stack.clone(),
            media: media.clone(),
            registrar: Arc::clone(&registrar),
            on_call: Arc::new(move |mac, _| noted.lock().unwrap().push(mac)),
            cache: Cache::new(folder.join(Cache::FILE_NAME), Sealer::new(&ring(), Box::new(Seeded::new(3)))),
            store: store.clone(),
            claims_key: Some(Secret::new(vec![7; 32])),
            clock: || NOW,
            waits: Waits { silence: SILENCE, trying: PATIENCE },
            metrics: metrics.clone(),
        });
        if let Some(store) = &store {
            emergency.refresh(store).await.unwrap();
        }
        let desk = Desk { emergency: OnceLock::from(Arc::clone(&emergency)), registrar: Arc::clone(&registrar), others: others_sender };
        stack.serve(Arc::new(desk));
        let (stop, stopped) = watch::channel(false);
        let running = tokio::spawn(Arc::clone(&emergency).run(stopped));
        Self { stack, media, emergency, registrar, keys, metrics, store, others, disturbed, stop, running }
    }

    /// With a customer, its site and these trunks of the operator, tried in this order.
    pub async fn with_trunks(folder: &Path, trunks: Vec<Trunk>) -> Self {
        let store = sqlite(folder).await;
        plant(&store, trunks).await;
        Self::open(folder, Some(store)).await
    }

    /// Ends as a server does, its file written.
    pub async fn close(self) {
        self.stop.send_replace(true);
        self.running.await.unwrap();
        self.stack.stop(Duration::ZERO).await;
    }

    pub fn udp(&self) -> SocketAddr {
        self.stack.addresses().into_iter().find(|(transport, _)| *transport == Transport::Udp).unwrap().1
    }

    pub fn claim(&self, mac: Mac) -> Claim {
        self.keys.issue(mac, 1, Grounds::default(), NOW, &mut Seeded::new(mac.bytes()[5].into()))
    }

    /// How many calls ended so.
    pub fn counted(&self, result: &'static str) -> u64 {
        self.metrics.calls.get_or_create(&voice::emergency::Ended { result }).get()
    }

    /// Waits until so many calls ended so.
    pub async fn ended(&self, result: &'static str, calls: u64) {
        eventually(|| self.counted(result) == calls, result).await;
    }

    /// Where phones stand is learned from the registrar; here at once.
    pub fn stands(&self, mac: Mac) {
        self.emergency.stands(mac, Some(Place { reseller: None, customer: CUSTOMER, site: Some(SITE) }));
    }
}

pub async fn plant(store: &Store, trunks: Vec<Trunk>) {
    let planted = store.write(move |db| {
        let all = Scope::Operator;
        let customer = store::tenancy::Customer { id: CUSTOMER, reseller: None, name: "Example Ltd".into(), created: NOW, version: 1 };
        store::tenancy::add_customer(db, &all, &customer)?;
        let site = store::tenancy::Site {
            id: SITE,
            customer: CUSTOMER,
            name: "Berlin".into(),
            country: Some("DE".into()),
            caller_number: Some(SITE_NUMBER.into()),
            location: Some("2nd floor".into()),
            created: NOW,
            version: 1,
        };
        store::tenancy::add_site(db, &all, &site)?;
        trunks.iter().try_for_each(|trunk| store::trunk::add(db, &all, trunk, NOW))
    });
    planted.await.unwrap();
}

pub async fn eventually(mut is_so: impl FnMut() -> bool, what: &str) {
    let waited = timeout(PATIENCE, async {
        while !is_so() {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    });
    waited.await.unwrap_or_else(|_| panic!("never came: {what}"));
}

/// A trunk's far end: hands its calls to the test, answers OPTIONS.
pub struct Carrier {
    pub stack: Stack,
    pub calls: mpsc::Receiver<InboundCall>,
    pub options: Arc<AtomicU16>,
    pub sound: Sound,
}

struct Exchange {
    calls: mpsc::Sender<InboundCall>,
    options: Arc<AtomicU16>,
}

impl Handler for Exchange {
    async fn request(&self, inbound: Inbound) {
        inbound.reply(Reply::new(self.options.load(Ordering::Relaxed))).await;
    }

    async fn call(&self, call: InboundCall) {
        let _ = self.calls.send(call).await;
    }
}

impl Carrier {
    pub async fn open() -> Self {
        let none = Arc::new(|_: &str| false);
        let stack = Stack::open(Config { edge: loopback(), timers: timers(), is_emergency: none }).await.unwrap();
        let (sender, calls) = mpsc::channel(16);
        let options = Arc::new(AtomicU16::new(200));
        stack.serve(Arc::new(Exchange { calls: sender, options: Arc::clone(&options) }));
        Self { stack, calls, options, sound: Sound::open().await }
    }

    pub fn address(&self, transport: Transport) -> SocketAddr {
        self.stack.addresses().into_iter().find(|(ours, _)| *ours == transport).unwrap().1
    }

    /// The trunk that leads here.
    pub fn trunk(&self, priority: u16) -> Trunk {
        trunk(self.address(Transport::Udp), priority)
    }

    /// The next INVITE; nothing else counts.
    pub async fn call(&mut self) -> InboundCall {
        timeout(PATIENCE, self.calls.recv()).await.expect("a call comes to the trunk").unwrap()
    }

    /// Takes the next call.
    pub async fn answer(&mut self) -> (Message, Leg) {
        let call = self.call().await;
        let invite = call.message().clone();
        self.sound.learn(call.offer().unwrap());
        (invite, call.accept(self.sound.description()).await.unwrap())
    }

    /// No call came, and none will: whatever was to come has come to others.
    pub fn assert_silent(&mut self) {
        assert!(self.calls.try_recv().is_err(), "no call was to come here");
    }
}

pub fn trunk(address: SocketAddr, priority: u16) -> Trunk {
    Trunk {
        id: TrunkId(Uuid::from_u128(priority.into())),
        name: format!("trunk-{priority}"),
        address: format!("sip:{address}").parse().unwrap(),
        login: None,
        owner: Owner::Operator,
        priority,
        channels: None,
        reserved: 0,
        test_number: None,
    }
}

pub fn with_login(trunk: Trunk) -> Trunk {
    Trunk { login: Some(TrunkLogin { user: "office".into(), password: Secret::from("trunk-secret-9") }), ..trunk }
}

/// A socket that takes everything and says nothing.
pub async fn silent() -> UdpSocket {
    UdpSocket::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap()
}

/// A phone: with an account, or without one.
pub struct Phone {
    pub stack: Stack,
    pub calls: mpsc::Receiver<InboundCall>,
    pub sound: Sound,
    user: String,
    password: Option<Secret<String>>,
    server: SocketAddr,
}

impl Phone {
    pub async fn of(platform: &Platform, mac: Mac) -> Self {
        let claim = platform.claim(mac);
        let accounts = platform.registrar.accounts();
        let (user, password) = (accounts.user(&claim), accounts.password(&claim));
        Self { user, password: Some(password), ..Self::stranger(platform).await }
    }

    /// One whose account proves nothing.
    pub async fn stranger(platform: &Platform) -> Self {
        let none = Arc::new(|_: &str| false);
        let stack = Stack::open(Config { edge: loopback(), timers: timers(), is_emergency: none }).await.unwrap();
        let (sender, calls) = mpsc::channel(16);
        stack.serve(Arc::new(Exchange { calls: sender, options: Arc::new(AtomicU16::new(200)) }));
        Self { stack, calls, sound: Sound::open().await, user: "nobody".into(), password: None, server: platform.udp() }
    }

    /// The same without the password.
    pub fn forgetful(mut self) -> Self {
        self.password = None;
        self
    }

    pub fn request(&self, method: &str, uri: &str) -> Request {
        let request = Request::new(method, uri).header("From", &format!("<sip:{}@{HOST}>", self.user));
        match &self.password {
            Some(password) => request.credentials(&self.user, password.clone()),
            None => request,
        }
    }

    pub fn target(&self) -> Target {
        Target::Address { transport: Transport::Udp, address: self.server }
    }

    /// Registers; its answer.
    pub async fn register(&self) -> u16 {
        let request = self.request("REGISTER", &format!("sip:{HOST}")).header("To", &format!("<sip:{}@{HOST}>", self.user));
        self.stack.request(self.target(), request.header("Expires", "3600")).await.unwrap().status()
    }

    pub async fn dial(&self, number: &str) -> OutboundCall {
        self.dial_uri(&format!("sip:{number}@{HOST}")).await
    }

    pub async fn dial_uri(&self, uri: &str) -> OutboundCall {
        self.stack.invite(self.target(), self.request("INVITE", uri).sdp(self.sound.description())).await
    }

    /// A call that somebody answers.
    pub async fn talk(&mut self, call: &mut OutboundCall) -> Leg {
        let (leg, sdp) = answered(call).await;
        self.sound.learn(&sdp);
        leg
    }
}

/// The answer to a call; provisional ones are passed over.
pub async fn answered(call: &mut OutboundCall) -> (Leg, Vec<u8>) {
    loop {
        match timeout(PATIENCE, call.next()).await.expect("an answer comes") {
            CallEvent::Answered { leg, sdp } => return (leg, sdp.to_vec()),
            CallEvent::Progress { .. } => {}
            CallEvent::Failed { status } => panic!("refused with {status}"),
        }
    }
}

/// The refusal of a call.
pub async fn refused(call: &mut OutboundCall) -> u16 {
    loop {
        match timeout(PATIENCE, call.next()).await.expect("an answer comes") {
            CallEvent::Failed { status } => return status,
            CallEvent::Progress { .. } => {}
            CallEvent::Answered { .. } => panic!("answered"),
        }
    }
}

/// The next progress beyond "trying".
pub async fn progress(call: &mut OutboundCall) -> (u16, Option<Vec<u8>>) {
    loop {
        match timeout(PATIENCE, call.next()).await.expect("an answer comes") {
            CallEvent::Progress { status: 100, .. } => {}
            CallEvent::Progress { status, sdp } => return (status, sdp.map(|sdp| sdp.to_vec())),
            other => panic!("{other:?}"),
        }
    }
}

/// An RTP socket.
pub struct Sound {
    socket: UdpSocket,
    to: SocketAddr,
    sequence: u16,
}

impl Sound {
    pub async fn open() -> Self {
        let socket = UdpSocket::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
        let to = socket.local_addr().unwrap();
        Self { socket, to, sequence: 0 }
    }

    pub fn description(&self) -> String {
        self.with_direction("sendrecv")
    }

    pub fn with_direction(&self, direction: &str) -> String {
        let port = self.socket.local_addr().unwrap().port();
        format!(
            "v=0\r\no=- 1 {} IN IP4 127.0.0.1\r\ns=-\r\nc=IN IP4 127.0.0.1\r\nt=0 0\r\nm=audio {port} RTP/AVP 8 101\r\n\
             a=rtpmap:101 telephone-event/8000\r\na={direction}\r\n",
            direction.len()
        )
    }

    /// Where the other side wants it; its direction.
    pub fn learn(&mut self, sdp: &[u8]) -> wire::sdp::Direction {
        let session = wire::sdp::Session::parse(sdp).unwrap();
        let sound = &session.media[0];
        assert!(!sound.profile.contains("SAVP"), "plain towards a trunk");
        self.to = SocketAddr::new(sound.address.unwrap(), sound.port);
        sound.direction
    }

    async fn send(&mut self, payload: u8) {
        self.sequence = self.sequence.wrapping_add(1);
        let header = wire::rtp::Header { marker: false, payload_type: 8, sequence: self.sequence, timestamp: 160, ssrc: 9 };
        self.socket.send_to(&header.packet(&[payload; 160]), self.to).await.unwrap();
    }

    async fn hear(&self) -> u8 {
        let mut buffer = [0; 2000];
        let (length, _) = self.socket.recv_from(&mut buffer).await.unwrap();
        buffer[length - 1]
    }

    /// What one says the other hears, said until it is heard: a relay learns where to from what it gets.
    pub async fn reaches(&mut self, other: &Self, payload: u8) {
        let heard = timeout(PATIENCE, async {
            loop {
                self.send(payload).await;
                match timeout(Duration::from_millis(50), other.hear()).await {
                    Ok(heard) if heard == payload => return,
                    _ => {}
                }
            }
        });
        heard.await.expect("sound passes");
    }
}

/// Both hear each other.
pub async fn both_hear(one: &mut Sound, other: &mut Sound) {
    one.reaches(other, 0x31).await;
    other.reaches(one, 0x32).await;
}
