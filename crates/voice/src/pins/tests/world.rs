//! A platform with one customer, a phone or two, and MACs that nobody added.

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use domain::chance::Seeded;
use domain::claim::{Claim, Grounds, PlatformKeys};
use domain::device::{Auth, Device};
use domain::pin::Stranger;
use domain::policy::Patch;
use domain::tenancy::{CustomerId, DeviceId, Node, Place};
use domain::{Mac, Secret, Time};
use store::device::{Setup, Stored};
use store::tenancy::Customer;
use store::testing::Cluster;
use store::{Db, KeyRing, Message, Options, Scope, Store};
use tempfile::TempDir;
use uuid::Uuid;

use crate::pins::{Calling, Metrics, Pace, PinDesk, Strangers, Told};

pub const NOW: Time = Time::from_millis(1_795_305_600_000);
pub const CUSTOMER: CustomerId = CustomerId(Uuid::from_u128(11));
pub const AT_ONCE: Pace = Pace { answer_after: Duration::ZERO, delay_max: Duration::ZERO };
/// The phones that were added have these numbers; all others have not.
pub const ADDED: [u8; 2] = [1, 2];

#[derive(Default)]
pub struct Table(Mutex<HashMap<Mac, Stranger>>);

impl Strangers for Table {
    fn stranger(&self, mac: Mac) -> Option<Stranger> {
        self.0.lock().unwrap().get(&mac).cloned()
    }

    fn change(&self, mac: Mac, work: &mut dyn FnMut(&mut Stranger)) {
        work(self.0.lock().unwrap().entry(mac).or_default());
    }
}

pub struct World {
    pub directory: TempDir,
    pub store: Store,
    pub keys: Arc<PlatformKeys>,
    pub strangers: Arc<Table>,
    pub desk: PinDesk,
}

pub fn mac(number: u8) -> Mac {
    Mac::from_bytes([0x00, 0x15, 0x65, 0, 0, number]).unwrap()
}

pub fn address(text: &str) -> IpAddr {
    text.parse().unwrap()
}

impl World {
    pub async fn new() -> Self {
        Self::on("sqlite:test.db").await
    }

    /// On PostgreSQL, where transactions run side by side and collide.
    pub async fn on_postgres(cluster: &Cluster) -> Self {
        Self::on(&cluster.database()).await
    }

    async fn on(url: &str) -> Self {
        let directory = tempfile::tempdir().unwrap();
        let ring = KeyRing::generate(&mut Seeded::new(1));
        let mut options = Options::new(directory.path());
        options.busy_wait = Duration::from_mins(2);
        let store = Store::open(url, &ring, Box::new(Seeded::new(2)), options).await.unwrap();
        store.write(plant).await.unwrap();
        let keys = Arc::new(PlatformKeys::new(vec![Secret::new(vec![7; 32])]).unwrap());
        let strangers = Arc::new(Table::default());
        let shared: Arc<dyn Strangers> = Arc::<Table>::clone(&strangers);
        let desk = PinDesk::at_pace(AT_ONCE, store.clone(), Arc::clone(&keys), shared, Metrics::default());
        Self { directory, store, keys, strangers, desk }
    }

    /// A claim of a phone, another for each seed.
    pub fn claim(&self, number: u8, seed: u64) -> Claim {
        self.keys.issue(mac(number), 1, Grounds::default(), NOW, &mut Seeded::new(seed))
    }

    pub fn calling(&self, number: u8, seed: u64, from: &str) -> Calling {
        Calling { claim: self.claim(number, seed), address: address(from), model: "yealink/T46S".to_owned() }
    }

    pub async fn device(&self, number: u8) -> Stored {
        self.store.read(move |db| store::device::by_mac(db, &Scope::Operator, mac(number))).await.unwrap()
    }

    pub async fn pin(&self, number: u8) -> String {
        self.device(number).await.device.auth.pin.unwrap().reveal().to_owned()
    }

    /// A PIN that is not the phone's.
    pub async fn wrong(&self, number: u8) -> String {
        let pin = if ADDED.contains(&number) { self.pin(number).await } else { String::new() };
        if pin == "000000" { "000001".to_owned() } else { "000000".to_owned() }
    }

    pub async fn change(&self, number: u8, change: impl Fn(&mut Device) + Send + 'static) {
        let work = move |db: &Db| {
            let mut stored = store::device::by_mac(db, &Scope::Operator, mac(number))?;
            change(&mut stored.device);
            store::device::save(db, &stored, NOW)
        };
        self.store.write(work).await.unwrap();
    }

    pub async fn enter(&self, calling: &Calling, digits: &str, now: Time) -> Told {
        self.desk.enter(calling, &Secret::from(digits), now).await.unwrap()
    }

    pub async fn outbox(&self) -> Vec<Message> {
        self.store.read(|db| store::outbox::outbox_after(db, 0)).await.unwrap()
    }

    pub async fn topics(&self) -> Vec<String> {
        self.outbox().await.into_iter().map(|message| message.topic).collect()
    }
}

fn plant(db: &Db) -> store::Result<()> {
    let all = Scope::Operator;
    let entries = [("login", "none"), ("pin", "required")].map(|(key, value)| (key.to_owned(), value.to_owned()));
    store::policy::save_patch(db, &all, Node::Operator, &Patch(entries.into()))?;
    store::tenancy::add_customer(db, &all, &Customer { id: CUSTOMER, reseller: None, name: "Office".into(), created: NOW, version: 1 })?;
    for number in ADDED {
        let device = Device {
            id: DeviceId(Uuid::from_u128(1_000 + u128::from(number))),
            mac: mac(number),
            place: Place { reseller: None, customer: CUSTOMER, site: None },
            model: "yealink/T46S".into(),
            label: String::new(),
            disabled: false,
            created: NOW,
            auth: Auth::new(&mut Seeded::new(number.into())),
        };
        store::device::add(db, &all, &device, &Setup::default(), NOW)?;
    }
    Ok(())
}
