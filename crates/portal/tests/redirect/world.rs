//! A platform with an account at a played service.

use std::cell::Cell;
use std::collections::BTreeMap;
use std::sync::Arc;

use ::redirect::Kind;
use brands::InForce;
use domain::chance::Seeded;
use domain::claim::PlatformKeys;
use domain::{Mac, Secret, Span, Time};
use phonesim::services::ymcs::Ymcs;
use phonesim::services::{Emulator, Provider};
use portal::admin::customer::NewCustomer;
use portal::admin::device::NewDevice;
use portal::admin::redirect::{AccountView, Label, NewAccount, Standing, StandingView};
use portal::admin::tree::NodeNames;
use portal::admin::{Admin, By, Platform, customer, device, global_login, redirect, reseller};
use portal::edge::now;
use portal::redirecting::{Reconciler, Way};
use store::{KeyRing, Options, Store};
use tempfile::TempDir;
use uuid::Uuid;

thread_local! {
    /// How far the reconciler's clock is ahead: each test has a thread of its own.
    static AHEAD: Cell<i64> = const { Cell::new(0) };
}

/// The reconciler's clock. The services have the machine's, so that signatures stay in time.
pub fn clock() -> Time {
    now() + Span::from_millis(AHEAD.get())
}

/// Lets every pause end.
pub fn pauses_end() {
    AHEAD.set(AHEAD.get() + Span::days(2).millis());
}

pub struct World {
    pub admin: Admin,
    _folder: TempDir,
}

pub const YMCS: [(&str, &str); 2] = [("key_id", "key-1"), ("secret", "secret-of-the-account")];

impl World {
    /// With customers `Office` (the operator's) and `Shop` (of the reseller `Dealer`), and a global login of the operator's.
    pub async fn new(services: &[(Kind, String, String)]) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let ring = KeyRing::generate(&mut Seeded::new(1));
        let store = Store::open("sqlite:test.db", &ring, Box::new(Seeded::new(2)), Options::new(folder.path())).await.unwrap();
        let authorities = folder.path().join("services.pem");
        let pem: String = services.iter().map(|(_, _, pem)| pem.as_str()).collect();
        std::fs::write(&authorities, pem).unwrap();
        let bases: BTreeMap<_, _> = services.iter().map(|(kind, base, _)| (*kind, base.parse().unwrap())).collect();
        let extra = (!services.is_empty()).then_some(authorities.as_path());
        let platform = Platform {
            phones_url: "https://phones.example.com:8443".into(),
            sip_host: "phones.example.com".into(),
            sip_port: 5060,
            sip_transport: domain::settings::Transport::Udp,
            service_number: "*89".into(),
            emergency_numbers: vec!["112".into()],
            portal_url: "https://portal.example.com".into(),
            mails: false,
            webhooks: portal::webhook::Road::new(true),
            redirects: Way::new(extra, bases, now).unwrap(),
        };
        let keys = PlatformKeys::new(vec![Secret::new(vec![7; 32])]).unwrap();
        let admin = Admin { store, catalogue: InForce::embedded(), keys: Arc::new(keys), platform: Arc::new(platform) };
        let by = &By::command_line(now());
        reseller::add(&admin, by, "Dealer", domain::tenancy::ResellerKind::Channel).await.unwrap();
        let shop = NewCustomer { name: "Shop".into(), reseller: Some("Dealer".into()), ..NewCustomer::default() };
        customer::add(&admin, by, shop).await.unwrap();
        customer::add(&admin, by, NewCustomer { name: "Office".into(), ..NewCustomer::default() }).await.unwrap();
        let world = Self { admin, _folder: folder };
        world.rotate(None).await;
        world
    }

    /// With Yealink's service and an account of the operator's there, which needs no serial numbers.
    pub async fn with_yealink() -> (Self, Emulator<Ymcs>, Uuid) {
        let mut service = Ymcs::new(YMCS[0].1, YMCS[1].1);
        service.options.without_serial = true;
        let service = Emulator::start(service).await.unwrap();
        let world = Self::new(&[(Kind::YealinkYmcs, service.base(), service.authority_pem().to_owned())]).await;
        let account = world.add_account("yealink-ymcs", None, &[&YMCS[..], &[("without_serial", "yes")]].concat()).await;
        (world, service, account.id)
    }

    pub fn by() -> By {
        By::command_line(now())
    }

    pub async fn add_account(&self, service: &str, reseller: Option<&str>, fields: &[(&str, &str)]) -> AccountView {
        let fields = fields.iter().map(|(name, value)| ((*name).to_owned(), Secret::from(*value))).collect();
        let new = NewAccount { service: service.into(), reseller: reseller.map(Into::into), region: None, fields };
        redirect::add(&self.admin, &Self::by(), new).await.unwrap()
    }

    pub async fn account(&self, id: Uuid) -> AccountView {
        redirect::show(&self.admin, &Self::by(), id).await.unwrap()
    }

    pub async fn add(&self, mac: &str, model: &str, customer: &str) {
        let place = NodeNames { reseller: None, customer: Some(customer.into()), site: None };
        let new = NewDevice { mac: mac.into(), place, model: model.into(), ..NewDevice::default() };
        device::add(&self.admin, &Self::by(), new).await.unwrap();
    }

    /// Yealinks of the office, by number.
    pub async fn add_yealinks(&self, numbers: std::ops::Range<u32>) {
        for number in numbers {
            self.add(&yealink(number).to_string(), "yealink/T46S", "Office").await;
        }
    }

    pub async fn delete(&self, mac: &str) {
        device::delete(&self.admin, &Self::by(), mac).await.unwrap();
    }

    pub async fn label(&self, mac: &str, serial: &str, mac_id: &str) {
        let label = Label { serial: Some(serial.into()), mac_id: Some(mac_id.into()) };
        redirect::set_label(&self.admin, &Self::by(), mac, label).await.unwrap();
    }

    pub async fn standing(&self, mac: &str) -> StandingView {
        redirect::standing(&self.admin, &Self::by(), mac).await.unwrap()
    }

    pub async fn stands(&self, mac: &str) -> Standing {
        self.standing(mac).await.standing
    }

    /// A new global login; the password.
    pub async fn rotate(&self, reseller: Option<&str>) -> String {
        let all = global_login::rotate(&self.admin, &Self::by(), Span::days(7), reseller.map(Into::into)).await.unwrap();
        all.last().unwrap().password.clone()
    }

    pub fn reconciler(&self, node: u128) -> Reconciler {
        Reconciler::new(self.admin.clone(), Uuid::from_u128(node), clock)
    }

    /// Works until there is nothing to do, with a reconciler that begins anew: what it knows, it has from the store.
    pub async fn reconcile(&self) {
        let mut reconciler = self.reconciler(1);
        for _ in 0..20 {
            let set_out = reconciler.step().await.unwrap();
            reconciler.rest().await.unwrap();
            if set_out == 0 && !reconciler.is_flying() {
                return;
            }
        }
        panic!("it never comes to rest");
    }
}

pub fn yealink(number: u32) -> Mac {
    let [_, high, mid, low] = number.to_be_bytes();
    Mac::from_bytes([0x00, 0x15, 0x65, high, mid, low]).unwrap()
}

/// Calls of a service that write, by path or procedure.
pub fn writes<P: Provider>(service: &Emulator<P>, of: &[&str]) -> usize {
    let is_one = |call: &phonesim::services::Call| of.iter().any(|part| call.path.contains(part) || call.procedure.contains(part));
    service.calls().iter().filter(|call| is_one(call)).count()
}
