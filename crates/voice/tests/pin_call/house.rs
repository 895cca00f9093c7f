//! A running telephone face over a store of its own, with one phone that was added, and phones that call it.

use std::collections::{BTreeMap, HashMap};
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use brands::InForce;
use domain::chance::Seeded;
use domain::claim::{Claim, Grounds, PlatformKeys};
use domain::device::{Auth, Device};
use domain::emergency::{Numbers, Owner, Trunk, TrunkId};
use domain::pin::Stranger;
use domain::policy::Patch;
use domain::settings::Transport;
use domain::tenancy::{CustomerId, DeviceId, Node, Place};
use domain::{Mac, Secret, Time};
use phonesim::sip::{Agent, AgentOptions, By, Call, CallOptions, Incoming, Keying, SipAccount};
use phonesim::{Client, Tls};
use prompts::Book;
use store::call::Call as Noted;
use store::device::Setup;
use store::tenancy::Customer;
use store::{KeyRing, Message, Options, Scope, Sealer, Store};
use uuid::Uuid;
use voice::edge;
use voice::emergency::Cache;
use voice::media::{MediaOptions, Place as Sound, PortRange};
use voice::metrics::Metrics;
use voice::pins::Strangers;
use voice::presence::Presence;
use voice::prompts::{Language, Word};
use voice::service::{Doors, Parts, Voice};
use wire::g711::Codec;

/// Long enough for the slowest machine: who waits this long has lost.
pub const PATIENCE: Duration = Duration::from_mins(1);
/// The phone that was added.
pub const ADDED: u8 = 1;
/// One that was not.
pub const UNKNOWN: u8 = 201;

pub fn mac(number: u8) -> Mac {
    Mac::from_bytes([0x00, 0x15, 0x65, 0, 0, number]).unwrap()
}

pub fn clock() -> Time {
    #[expect(clippy::disallowed_methods, reason = "these calls take real time")]
    let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap();
    Time::from_millis(now.as_millis() as i64)
}

#[derive(Default)]
struct Table(Mutex<HashMap<Mac, Stranger>>);

impl Strangers for Table {
    fn stranger(&self, mac: Mac) -> Option<Stranger> {
        self.0.lock().unwrap().get(&mac).cloned()
    }

    fn change(&self, mac: Mac, work: &mut dyn FnMut(&mut Stranger)) {
        work(self.0.lock().unwrap().entry(mac).or_default());
    }
}

pub struct House {
    pub store: Store,
    /// Ends when it is dropped.
    voice: Voice,
    keys: Arc<PlatformKeys>,
    udp: SocketAddr,
    directory: tempfile::TempDir,
}

impl House {
    pub async fn open() -> Self {
        let directory = tempfile::tempdir().unwrap();
        let ring = KeyRing::generate(&mut Seeded::new(1));
        let options = Options::new(directory.path());
        let store = Store::open("sqlite:test.db", &ring, Box::new(Seeded::new(2)), options).await.unwrap();
        store.write(plant).await.unwrap();
        let any = vec![SocketAddr::from((Ipv4Addr::LOCALHOST, 0))];
        let edge = edge::Config { udp: any, host: "127.0.0.1".to_owned(), ..edge::Config::default() };
        let numbers = BTreeMap::from([("DE".to_owned(), vec!["112".to_owned(), "110".to_owned()])]);
        let doors = Doors::bind(edge, Numbers::new(numbers, "DE")).await.unwrap();
        let keys = Arc::new(PlatformKeys::new(vec![Secret::new(vec![7; 32])]).unwrap());
        let home = Ipv4Addr::LOCALHOST.into();
        let parts = Parts {
            store: store.clone(),
            keys: Arc::clone(&keys),
            strangers: Arc::<Table>::default(),
            media: MediaOptions {
                places: vec![Sound { bind: home, advertised: home }],
                ports: PortRange { from: 20_000, to: 40_000 },
                reserved: 2,
                threads: 1,
            },
            caller_number: Some("+4930123450".to_owned()),
            cache: Cache::new(directory.path().join(Cache::FILE_NAME), Sealer::new(&ring, Box::new(Seeded::new(4)))),
            claims_key: None,
            catalogue: InForce::embedded(),
            resync_proxy: None,
            keep_alive: None,
            metrics: Metrics::default(),
            clock,
        };
        let voice = doors.serve(parts).await.unwrap();
        let udp = voice.addresses()[0].1;
        Self { store, voice, keys, udp, directory }
    }

    /// Where a phone stands with this node.
    pub fn presence(&self, number: u8) -> Presence {
        self.voice.presences().of(&[mac(number)], clock())[0]
    }

    /// A claim of a phone, another for each seed.
    pub fn claim(&self, number: u8, seed: u64) -> Claim {
        self.keys.issue(mac(number), 1, Grounds::default(), Time::from_millis(1_795_305_600_000), &mut Seeded::new(seed))
    }

    /// The account of a claim.
    pub fn account(&self, claim: &Claim) -> SipAccount {
        SipAccount::new(&self.keys.token(claim), self.keys.sip_password(claim).expose())
    }

    /// A phone's user agent, and what comes for it.
    pub async fn agent(&self) -> (Agent, Incoming) {
        let client = Client { resolve: Some(self.udp.ip()), ..Client::new(Tls::any()) };
        Agent::open(AgentOptions::new(client, "127.0.0.1", Some(self.udp.port()), Transport::Udp)).await.unwrap()
    }

    /// A phone of this claim calls the service.
    pub async fn call(&self, agent: &Agent, claim: &Claim) -> Call {
        agent.call(&self.account(claim), "*89", &hasty()).await.unwrap()
    }

    pub async fn auth(&self) -> Auth {
        self.store.read(|db| store::device::by_mac(db, &Scope::Operator, mac(ADDED))).await.unwrap().device.auth
    }

    pub async fn pin(&self) -> String {
        self.auth().await.pin.unwrap().reveal().to_owned()
    }

    /// A PIN that is not the phone's.
    pub async fn wrong(&self) -> &'static str {
        if self.pin().await == "000000" { "000001" } else { "000000" }
    }

    /// What was noted of the phone's calls, newest first, as soon as there are so many.
    pub async fn noted(&self, count: usize) -> Vec<Noted> {
        let look = async {
            loop {
                let calls = self.store.read(|db| store::call::of_device(db, &Scope::Operator, mac(ADDED))).await.unwrap();
                if calls.len() >= count {
                    return calls;
                }
                tokio::time::sleep(Duration::from_millis(20)).await;
            }
        };
        tokio::time::timeout(PATIENCE, look).await.expect("the call was to be noted")
    }

    /// The record of a call that was to reach the service; an emergency call has one of its own.
    pub async fn noted_of_the_service(&self, count: usize) -> Noted {
        self.noted(count).await.into_iter().find(|call| call.dialled == "*89").unwrap()
    }

    pub async fn outbox(&self) -> Vec<Message> {
        self.store.read(|db| store::outbox::outbox_after(db, 0)).await.unwrap()
    }

    /// All files of the store.
    pub fn files(&self) -> Vec<std::path::PathBuf> {
        std::fs::read_dir(self.directory.path()).unwrap().map(|entry| entry.unwrap().path()).collect()
    }

    /// Adds a trunk of the operator's at this address.
    pub async fn add_trunk(&self, address: SocketAddr) {
        let trunk = Trunk {
            id: TrunkId(Uuid::from_u128(77)),
            name: "main".to_owned(),
            address: format!("sip:{address}").parse().unwrap(),
            login: None,
            owner: Owner::Operator,
            priority: 1,
            channels: None,
            reserved: 0,
            test_number: None,
        };
        self.store.write(move |db| store::trunk::add(db, &Scope::Operator, &trunk, clock())).await.unwrap();
    }
}

/// Quick keys, and silence in between: the first packets from a phone say where it is.
pub fn hasty() -> CallOptions {
    CallOptions { keying: Keying::hasty(), ..CallOptions::default() }
}

/// Waits for an answer to the call, and until the voice has begun to say this.
pub async fn is_told(call: &Call, word: impl Into<Word>) {
    let word = word.into();
    call.answered().await.unwrap();
    let clips = Book::built_in().say(Language::EN, &[word]);
    let sound: Vec<u8> = clips.iter().flat_map(|clip| clip.coded(Codec::Pcmu).to_vec()).collect();
    let told = call.hears(|heard| heard.share_of(&sound) > 0.3);
    assert!(tokio::time::timeout(PATIENCE, told).await.expect("it was to be said"), "{word:?} was not said");
}

pub async fn keys(call: &Call, text: &str) {
    call.press(text, By::Rfc4733).await.unwrap();
}

fn plant(db: &store::Db) -> store::Result<()> {
    let all = Scope::Operator;
    let customer = CustomerId(Uuid::from_u128(7));
    let entries = [("login", "none"), ("pin", "required")].map(|(key, value)| (key.to_owned(), value.to_owned()));
    store::policy::save_patch(db, &all, Node::Operator, &Patch(entries.into()))?;
    let now = clock();
    store::tenancy::add_customer(
        db,
        &all,
        &Customer { id: customer, reseller: None, name: "Example Ltd".into(), created: now, version: 1 },
    )?;
    let device = Device {
        id: DeviceId(Uuid::from_u128(8)),
        mac: mac(ADDED),
        place: Place { reseller: None, customer, site: None },
        model: "yealink/T46S".into(),
        label: String::new(),
        disabled: false,
        created: now,
        auth: Auth::new(&mut Seeded::new(1)),
    };
    store::device::add(db, &all, &device, &Setup::default(), now)
}
