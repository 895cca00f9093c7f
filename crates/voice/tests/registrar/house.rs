//! A stack with a registrar and a notifier behind it, over a store of its own, at a time of the test's own.

use std::cell::Cell;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use brands::InForce;
use domain::chance::Seeded;
use domain::claim::{Claim, Grounds, PlatformKeys};
use domain::device::{Auth, Device, Live};
use domain::login::Login;
use domain::tenancy::{CustomerId, DeviceId, Place};
use domain::{Mac, Secret, Span, Time};
use store::device::{Setup, Stored};
use store::tenancy::Customer;
use store::{KeyRing, Options, Scope, Store};
use uuid::Uuid;
use voice::accounts::Accounts;
use voice::edge;
use voice::notify::{self, NotifyMetrics, Quiet};
use voice::registrar::{self, Registrar};
use voice::stack::{Config, Handler, Inbound, InboundCall, Reply, Stack, Timers, Transport};
use wire::challenge::Offer;

pub const REALM: &str = "phones.example.com";
pub const MAC: &str = "001565000001";

thread_local! {
    /// Each test has a thread, and all that it starts runs there.
    static CLOCK: Cell<i64> = const { Cell::new(1_795_305_600_000) };
}

pub fn clock() -> Time {
    Time::from_millis(CLOCK.get())
}

pub fn pass(span: Span) {
    CLOCK.set(CLOCK.get() + span.millis());
}

pub struct House {
    pub stack: Stack,
    pub registrar: Arc<Registrar>,
    pub quiet: Arc<Quiet>,
    pub metrics: NotifyMetrics,
    pub store: Store,
    pub keys: Arc<PlatformKeys>,
    pub directory: tempfile::TempDir,
}

struct Desk(Arc<Registrar>);

impl Handler for Desk {
    async fn request(&self, inbound: Inbound) {
        match inbound.message().method() {
            "REGISTER" => self.0.register(inbound, clock(), &mut edge::SystemChance).await,
            _ => inbound.reply(Reply::new(200)).await,
        }
    }

    async fn call(&self, call: InboundCall) {
        call.reject(Reply::new(480)).await;
    }
}

/// Quick enough for a test; a phone that is silent is given up after 64 times the first.
const TIMERS: Timers = Timers { t1: Duration::from_millis(30), t2: Duration::from_millis(240), t4: Duration::from_millis(300) };

impl House {
    pub async fn open() -> Self {
        let any = vec![SocketAddr::from((Ipv4Addr::LOCALHOST, 0))];
        let edge = edge::Config { udp: any.clone(), tcp: any, host: REALM.to_owned(), ..edge::Config::default() };
        let stack = Stack::open(Config { edge, timers: TIMERS, is_emergency: Arc::new(|_: &str| false) }).await.unwrap();
        let directory = tempfile::tempdir().unwrap();
        let ring = KeyRing::generate(&mut Seeded::new(1));
        let store = Store::open("sqlite:test.db", &ring, Box::new(Seeded::new(2)), Options::new(directory.path())).await.unwrap();
        let keys = Arc::new(PlatformKeys::new(vec![Secret::new(vec![7; 32])]).unwrap());
        let (registrar, learning) = Registrar::new(Arc::new(Accounts::new(REALM, Arc::clone(&keys)).offering(Offer::ALGORITHMS)));
        tokio::spawn(learning.run(store.clone(), Arc::new(()), clock));
        tokio::spawn(registrar::tend(Arc::clone(&registrar), stack.clone(), None, clock));
        let (quiet, metrics) = (Quiet::new(clock), NotifyMetrics::default());
        stack.serve(Arc::new(Desk(Arc::clone(&registrar))));
        let house = Self { stack, registrar, quiet, metrics, store, keys, directory };
        tokio::spawn(notify::run(notify::Parts {
            store: house.store.clone(),
            registrar: Arc::clone(&house.registrar),
            quiet: Arc::clone(&house.quiet),
            catalogue: InForce::embedded(),
            teller: house.stack.clone(),
            metrics: house.metrics.clone(),
            notice: Arc::new(()),
            resync_proxy: None,
            node: Uuid::from_u128(1),
            clock,
        }));
        house
    }

    pub fn address(&self, transport: Transport) -> SocketAddr {
        self.stack.addresses().into_iter().find(|(ours, _)| *ours == transport).unwrap().1
    }

    pub fn claim(&self, seed: u64) -> Claim {
        self.keys.issue(MAC.parse().unwrap(), 1, Grounds::default(), clock(), &mut Seeded::new(seed))
    }

    /// Adds the device.
    pub async fn add(&self, auth: Auth) {
        let (customer, now) = (CustomerId(Uuid::from_u128(7)), clock());
        let kept = Customer { id: customer, reseller: None, name: "Example Ltd".into(), created: now, version: 1 };
        let device = Device {
            id: DeviceId(Uuid::from_u128(8)),
            mac: MAC.parse().unwrap(),
            place: Place { reseller: None, customer, site: None },
            model: "yealink/T46S".into(),
            label: String::new(),
            disabled: false,
            created: now,
            auth,
        };
        let add = move |db: &store::Db| {
            store::tenancy::add_customer(db, &Scope::Operator, &kept)?;
            store::device::add(db, &Scope::Operator, &device, &Setup::default(), now)
        };
        self.store.write(add).await.unwrap();
    }

    /// Another claim of the device is taken up, and it is told as the gate tells it.
    pub async fn take_up(&self, claim: Claim) {
        let now = clock();
        let take_up = move |db: &store::Db| {
            let Stored { mut device, version } = store::device::by_mac(db, &Scope::Operator, claim.mac)?;
            device.auth.live = Some(Live { login: Login { claim, by_hand: None }, since: now, window_due: None });
            store::device::save(db, &Stored { device, version }, now)?;
            store::outbox::enqueue(db, now, "device.confirmed", payload(claim.mac))
        };
        self.store.write(take_up).await.unwrap();
    }

    /// Leaves word that the phone is to fetch.
    pub async fn refetch(&self) {
        let now = clock();
        self.store.write(move |db| store::outbox::enqueue(db, now, "device.refetch", payload(MAC.parse().unwrap()))).await.unwrap();
    }
}

fn payload(mac: Mac) -> String {
    serde_json::json!({ "mac": mac.to_string(), "customer": null, "address": null }).to_string()
}
