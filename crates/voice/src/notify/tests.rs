//! What is told, when, and to whom.

use std::cell::Cell;
use std::collections::VecDeque;

use domain::chance::Seeded;
use domain::claim::{Claim, Grounds, PlatformKeys};
use domain::device::{Auth, Device};
use domain::tenancy::{DeviceId, Place};
use domain::{Chance, Secret};
use store::device::Setup;
use store::tenancy::Customer;
use store::{KeyRing, Options, Scope};
use tokio::sync::{Mutex, oneshot};

use super::*;
use crate::accounts::Accounts;
use crate::stack::{Flow, Transport};

thread_local! {
    static CLOCK: Cell<i64> = const { Cell::new(1_795_305_600_000) };
}

/// The time of this test's thread.
fn clock() -> Time {
    Time::from_millis(CLOCK.get())
}

fn pass(span: Span) {
    CLOCK.set(CLOCK.get() + span.millis());
}

/// A NOTIFY under way: to whom, and how the phone answers.
struct Sent {
    target: Target,
    request: Request,
    answer: oneshot::Sender<Result<Message, SendError>>,
}

impl Sent {
    fn answer(self, status: u16) {
        let text = format!("SIP/2.0 {status} X\r\nCSeq: 1 NOTIFY\r\n\r\n");
        let _ = self.answer.send(Ok(Message::read(text.as_bytes()).unwrap()));
    }

    fn header(&self, name: &str) -> Option<&str> {
        self.request.headers.iter().find(|(named, _)| named == name).map(|(_, value)| value.as_str())
    }
}

/// Phones that answer when the test says so.
struct Phones(mpsc::UnboundedSender<Sent>);

impl Tell for Phones {
    async fn tell(&self, target: Target, request: Request) -> Result<Message, SendError> {
        let (answer, answered) = oneshot::channel();
        self.0.send(Sent { target, request, answer }).unwrap();
        answered.await.unwrap_or(Err(SendError::Timeout))
    }
}

struct World {
    store: Store,
    keys: Arc<PlatformKeys>,
    registrar: Arc<Registrar>,
    quiet: Arc<Quiet>,
    metrics: NotifyMetrics,
    sent: Mutex<mpsc::UnboundedReceiver<Sent>>,
    held: Mutex<VecDeque<Sent>>,
    _directory: tempfile::TempDir,
}

impl World {
    async fn new(resync_proxy: Option<&str>) -> Self {
        let directory = tempfile::tempdir().unwrap();
        let ring = KeyRing::generate(&mut Seeded::new(1));
        let store = Store::open("sqlite:test.db", &ring, Box::new(Seeded::new(2)), Options::new(directory.path())).await.unwrap();
        let keys = Arc::new(PlatformKeys::new(vec![Secret::new(vec![7; 32])]).unwrap());
        let (registrar, learning) = Registrar::new(Arc::new(Accounts::new("phones.example.com", Arc::clone(&keys))));
        tokio::spawn(learning.run(store.clone(), Arc::new(()), clock));
        let (quiet, metrics) = (Quiet::new(clock), NotifyMetrics::default());
        let (teller, sent) = mpsc::unbounded_channel();
        let (sent, held) = (Mutex::new(sent), Mutex::default());
        let world = Self { store, keys, registrar, quiet, metrics, sent, held, _directory: directory };
        tokio::spawn(run(world.parts(Phones(teller), resync_proxy)));
        world.follows().await;
        world
    }

    fn parts(&self, teller: Phones, resync_proxy: Option<&str>) -> Parts<Phones> {
        Parts {
            store: self.store.clone(),
            registrar: Arc::clone(&self.registrar),
            quiet: Arc::clone(&self.quiet),
            catalogue: InForce::embedded(),
            teller,
            metrics: self.metrics.clone(),
            notice: Arc::new(()),
            resync_proxy: resync_proxy.map(str::to_owned),
            node: Uuid::from_u128(1),
            clock,
        }
    }

    /// Until the outbox is followed: whoever asks is told.
    async fn follows(&self) {
        let (probe, peer) = (self.claim(255, 1), "203.0.113.255:1");
        self.registrar.enrol(probe, &flow(peer), "sip:probe", clock());
        self.until_told(probe, peer).await;
        self.registrar.flow_closed(flow(peer).id());
    }

    /// Asks for a phone again and again until it is told.
    async fn until_told(&self, claim: Claim, peer: &str) {
        let told = async {
            self.next(peer).await.answer(200);
        };
        tokio::pin!(told);
        loop {
            self.refetch(claim.mac).await;
            tokio::select! {
                () = &mut told => return,
                () = tokio::time::sleep(Duration::from_millis(100)) => {}
            }
        }
    }

    fn claim(&self, mac: u8, seed: u64) -> Claim {
        let mac = Mac::from_bytes([0, 0x15, 0x65, 0, 0, mac]).unwrap();
        self.keys.issue(mac, 1, Grounds::default(), clock(), &mut Seeded::new(seed))
    }

    /// A registered phone: its claim.
    fn phone(&self, mac: u8, peer: &str) -> Claim {
        let claim = self.claim(mac, u64::from(mac));
        self.registrar.enrol(claim, &flow(peer), &format!("sip:{}@10.0.0.7:5060", self.keys.token(&claim)), clock());
        claim
    }

    /// Adds a device of a customer; made live on wish.
    async fn add(&self, mac: Mac, customer: CustomerId, live: Option<Claim>) {
        let mut chance = Seeded::new(u64::from(mac.bytes()[5]));
        let mut id = [0; 16];
        chance.fill(&mut id);
        let mut auth = Auth::new(&mut chance);
        auth.live = live.map(|claim| domain::device::Live {
            login: domain::login::Login { claim, by_hand: None },
            since: clock(),
            window_due: None,
        });
        let device = Device {
            id: DeviceId(Uuid::from_bytes(id)),
            mac,
            place: Place { reseller: None, customer, site: None },
            model: "yealink/T46S".into(),
            label: String::new(),
            disabled: false,
            created: clock(),
            auth,
        };
        let line = |user: &str| domain::settings::Line {
            user: user.into(),
            auth_user: None,
            password: Secret::from("line-password"),
            server: "sip.example.com".into(),
            port: None,
            transport: domain::settings::Transport::Udp,
            outbound_proxy: None,
            extension: None,
            name: None,
            settings: domain::settings::Settings::new(),
        };
        let setup = Setup { lines: vec![line("100"), line("101")], ..Setup::default() };
        let now = clock();
        self.store.write(move |db| store::device::add(db, &Scope::Operator, &device, &setup, now)).await.unwrap();
    }

    async fn customer(&self, name: &'static str, id: u128) -> CustomerId {
        let customer = CustomerId(Uuid::from_u128(id));
        let now = clock();
        let kept = Customer { id: customer, reseller: None, name: name.into(), created: now, version: 1 };
        self.store.write(move |db| store::tenancy::add_customer(db, &Scope::Operator, &kept)).await.unwrap();
        customer
    }

    async fn refetch(&self, mac: Mac) {
        let payload = serde_json::json!({ "mac": mac.to_string(), "customer": null, "address": null }).to_string();
        self.send("device.refetch", payload).await;
    }

    async fn send(&self, topic: &'static str, payload: String) {
        let now = clock();
        self.store.write(move |db| store::outbox::enqueue(db, now, topic, payload.clone())).await.unwrap();
    }

    /// The next NOTIFY to that peer, while time passes; others are kept for later.
    async fn next(&self, peer: &str) -> Sent {
        let is_theirs = |sent: &Sent| matches!(&sent.target, Target::Flow(flow) if flow.peer() == peer.parse().unwrap());
        loop {
            {
                let mut held = self.held.lock().await;
                if let Some(at) = held.iter().position(is_theirs) {
                    return held.remove(at).unwrap();
                }
            }
            self.receive().await;
        }
    }

    /// One more NOTIFY, or a bit of time.
    async fn receive(&self) {
        let received = tokio::time::timeout(Duration::from_millis(10), async { self.sent.lock().await.recv().await }).await;
        match received {
            Ok(sent) => self.held.lock().await.push_back(sent.unwrap()),
            Err(_) => pass(Span::from_millis(50)),
        }
    }

    /// Nothing else was sent until a phone was told that was asked for last.
    async fn nobody_else(&self, marker: u8) {
        let (claim, peer) = (self.claim(marker, 1), format!("203.0.113.{marker}:1"));
        self.registrar.enrol(claim, &flow(&peer), "sip:marker", clock());
        self.refetch(claim.mac).await;
        self.next(&peer).await.answer(200);
        let held = self.held.lock().await;
        assert!(held.is_empty(), "{:?}", held.iter().map(|sent| &sent.target).collect::<Vec<_>>());
    }

    /// Lets the notifier look at the time of this test, which is not the one that it sleeps by.
    fn wake(&self) {
        drop(self.quiet.begin_call(self.claim(254, 1)));
    }
}

fn flow(peer: &str) -> Flow {
    Flow::nowhere(Transport::Udp, peer.parse().unwrap(), "192.0.2.1:5060".parse().unwrap())
}

const HERE: &str = "198.51.100.7:40001";
const THERE: &str = "203.0.113.9:40001";

#[tokio::test]
async fn a_phone_is_told_in_its_brands_form_over_its_flow() {
    let world = World::new(None).await;
    let claim = world.phone(1, HERE);
    world.refetch(claim.mac).await;
    let sent = world.next(HERE).await;
    assert_eq!((sent.request.method.as_str(), sent.header("Event")), ("NOTIFY", Some("check-sync;reboot=false")));
    assert_eq!(sent.request.uri, format!("sip:{}@10.0.0.7:5060", world.keys.token(&claim)));
    assert!(sent.request.credentials.is_some(), "some phones ask who tells them");
    sent.answer(200);
    world.nobody_else(209).await;
    assert_eq!(world.metrics.count_of("flow_gone"), 0);
}

#[tokio::test]
async fn all_claims_of_the_phone_are_told_and_a_silent_one_holds_up_nobody() {
    let world = World::new(None).await;
    let owner = world.phone(1, HERE);
    let impostor = world.claim(1, 77);
    world.registrar.enrol(impostor, &flow(THERE), "sip:impostor@203.0.113.9", clock());
    world.refetch(owner.mac).await;
    let _silent = world.next(THERE).await;
    world.next(HERE).await.answer(200);
    world.refetch(owner.mac).await;
    world.next(HERE).await.answer(200);
}

#[tokio::test]
async fn answers_are_told_apart_and_the_dead_are_forgotten() {
    let world = World::new(None).await;
    let claim = world.phone(1, HERE);
    for (status, result) in [(202, "done"), (481, "phone_refused"), (489, "phone_refused"), (405, "phone_refused"), (401, "phone_refused")]
    {
        let before = world.metrics.count_of(result);
        world.refetch(claim.mac).await;
        world.next(HERE).await.answer(status);
        world.until(|| world.metrics.count_of(result) == before + 1).await;
        assert!(world.registrar.is_registered(claim.mac), "{status}");
    }
    world.refetch(claim.mac).await;
    drop(world.next(HERE).await);
    world.until(|| world.metrics.count_of("flow_gone") == 1).await;
    world.until(|| !world.registrar.is_registered(claim.mac)).await;
}

#[tokio::test]
async fn what_became_of_it_stands_in_the_phones_log() {
    let world = World::new(None).await;
    let claim = world.phone(1, HERE);
    let customer = world.customer("Shop", 7).await;
    world.add(claim.mac, customer, None).await;
    world.refetch(claim.mac).await;
    world.next(HERE).await.answer(489);
    let log = loop {
        let log = world.store.read(move |db| store::seen::requests(db, &Scope::Operator, claim.mac)).await.unwrap();
        if !log.is_empty() {
            break log;
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    };
    let row = (&*log[0].method, log[0].status, &*log[0].decision, &*log[0].reason, &*log[0].evidence);
    assert_eq!(row, ("NOTIFY", 489, "told", "phone_refused", "flow"));
    assert_eq!(log[0].address, "198.51.100.7".parse::<std::net::IpAddr>().unwrap());
}

#[tokio::test]
async fn nobody_is_told_during_a_call_or_before_its_pause_is_over() {
    let world = World::new(None).await;
    let claim = world.phone(1, HERE);
    let call = world.quiet.begin_call(claim);
    world.refetch(claim.mac).await;
    world.nobody_else(209).await;
    drop(call);
    pass(Span::seconds(1));
    world.wake();
    world.next(HERE).await.answer(200);
}

#[tokio::test]
async fn an_emergency_call_gives_an_hours_peace_and_then_one_notify() {
    let world = World::new(None).await;
    let claim = world.phone(1, HERE);
    let payload = serde_json::json!({ "mac": claim.mac.to_string() }).to_string();
    world.send("emergency.call", payload).await;
    for marker in 201..204 {
        world.refetch(claim.mac).await;
        world.nobody_else(marker).await;
    }
    pass(Span::minutes(61));
    world.registrar.enrol(claim, &flow(HERE), "sip:again", clock());
    world.wake();
    world.next(HERE).await.answer(200);
    world.nobody_else(209).await;
}

#[tokio::test]
async fn a_phone_that_registers_anew_just_then_is_told() {
    let world = World::new(None).await;
    let claim = world.claim(1, 1);
    world.refetch(claim.mac).await;
    world.nobody_else(201).await;
    world.phone(1, HERE);
    world.next(HERE).await.answer(200);
    world.nobody_else(202).await;
}

#[tokio::test]
async fn a_phone_whose_registration_lapsed_when_its_time_came_is_told_once_it_is_back() {
    let world = World::new(None).await;
    let claim = world.phone(1, HERE);
    let payload = serde_json::json!({ "mac": claim.mac.to_string() }).to_string();
    world.send("emergency.call", payload).await;
    world.refetch(claim.mac).await;
    world.nobody_else(201).await;
    // The hour is over, and so is the registration.
    pass(Span::minutes(61));
    world.wake();
    world.nobody_else(202).await;
    world.registrar.enrol(claim, &flow(HERE), "sip:again", clock());
    world.next(HERE).await.answer(200);
    world.nobody_else(203).await;
}

#[tokio::test]
async fn a_trusted_network_tells_its_customers_phones_there() {
    let world = World::new(None).await;
    let (shop, other) = (world.customer("Shop", 7).await, world.customer("Other", 8).await);
    let (ours, opener, theirs, away) =
        (world.phone(1, HERE), world.phone(2, "198.51.100.7:40002"), world.phone(3, "198.51.100.7:40003"), world.phone(4, THERE));
    for (claim, customer) in [(ours, shop), (opener, shop), (theirs, other), (away, shop)] {
        world.add(claim.mac, customer, None).await;
    }
    world.phone(5, "198.51.100.7:40005");
    let network: IpNet = "198.51.100.0/24".parse().unwrap();
    let now = clock();
    world.store.write(move |db| store::trust::tell(db, shop, &network, Some(opener.mac), now)).await.unwrap();
    world.next(HERE).await.answer(200);
    world.nobody_else(209).await;
}

#[tokio::test]
async fn who_missed_messages_tells_everybody_once() {
    let world = World::new(None).await;
    world.phone(1, HERE);
    world.phone(2, THERE);
    let (teller, mut sent) = mpsc::unbounded_channel();
    let parts = world.parts(Phones(teller), None);
    let (recorder, _rows) = Recorder::new(NotifyMetrics::default());
    let (news, heard) = mpsc::channel(1);
    let running = tokio::spawn(Notifier::new(Arc::new(parts), recorder, mpsc::channel(1).0).run(heard));
    news.send(News::Missed).await.unwrap();
    let mut told = Vec::new();
    while told.len() < 2 {
        let Ok(Some(one)) = tokio::time::timeout(Duration::from_millis(10), sent.recv()).await else {
            pass(Span::from_millis(50));
            world.wake();
            continue;
        };
        let Target::Flow(flow) = &one.target else { panic!("over its flow") };
        told.push(flow.peer().to_string());
        one.answer(200);
    }
    told.sort();
    assert_eq!(told, [HERE, THERE]);
    drop(news);
    running.await.unwrap();
    assert!(sent.recv().await.is_none(), "once");
}

#[tokio::test]
async fn live_phones_are_told_through_the_operators_proxy_once_in_the_cluster() {
    let world = World::new(Some("192.0.2.200:5060")).await;
    let customer = world.customer("Shop", 7).await;
    let (live, waiting) = (world.claim(1, 1), world.claim(2, 2));
    world.add(live.mac, customer, Some(live)).await;
    world.add(waiting.mac, customer, None).await;
    world.refetch(waiting.mac).await;
    world.refetch(live.mac).await;
    let mut uris = Vec::new();
    for _ in 0..2 {
        let sent = world.sent.lock().await.recv().await.unwrap();
        assert!(
            matches!(sent.target, Target::Address { transport: Transport::Udp, address } if address == "192.0.2.200:5060".parse().unwrap())
        );
        assert!(sent.request.credentials.is_none());
        uris.push(sent.request.uri.clone());
        sent.answer(200);
    }
    assert_eq!(uris, ["sip:100@sip.example.com", "sip:101@sip.example.com"]);
    // Another node has the next message already.
    let next = world.store.read(outbox_last).await.unwrap() + 1;
    let (other, now) = (Uuid::from_u128(2), clock());
    world.store.write(move |db| store::job::lease(db, &format!("resync {next}"), other, now, Span::minutes(10))).await.unwrap();
    world.refetch(live.mac).await;
    world.nobody_else(209).await;
}

impl World {
    /// Until something holds that follows from what was done; a test that waits in vain is ended by its runner.
    async fn until(&self, holds: impl Fn() -> bool) {
        while !holds() {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    }
}

#[tokio::test]
async fn every_node_tells_the_flows_that_it_has() {
    let world = World::new(None).await;
    let (registrar, _learning) = Registrar::new(Arc::new(Accounts::new("phones.example.com", Arc::clone(&world.keys))));
    let (teller, mut sent) = mpsc::unbounded_channel();
    let elsewhere = Parts { registrar: Arc::clone(&registrar), ..world.parts(Phones(teller), None) };
    tokio::spawn(run(elsewhere));
    let here = world.phone(1, HERE);
    registrar.enrol(here, &flow(THERE), "sip:roamed", clock());
    // The other node begins with what is sent after it started.
    let roamed = loop {
        world.refetch(here.mac).await;
        world.wake();
        pass(Span::from_millis(60));
        if let Ok(Some(one)) = tokio::time::timeout(Duration::from_millis(100), sent.recv()).await {
            break one;
        }
    };
    assert!(matches!(&roamed.target, Target::Flow(flow) if flow.peer() == THERE.parse().unwrap()));
    world.next(HERE).await.answer(200);
}
