//! A platform with two customers, one of them a reseller's, and everybody who works there.

use std::sync::Arc;

use brands::InForce;
use domain::chance::Seeded;
use domain::claim::PlatformKeys;
use domain::role::{Actor, Role};
use domain::tenancy::{Node, ResellerKind};
use domain::{Secret, Time};
use portal::admin::customer::NewCustomer;
use portal::admin::device::NewDevice;
use portal::admin::site::NewSite;
use portal::admin::tree::NodeNames;
use portal::admin::{Admin, By, Platform, customer, device, line, reseller, site};
use store::{KeyRing, Options, Scope, Store, tenancy};
use tempfile::TempDir;

/// Of the reseller's customer `Shop`, at its site `Front`.
pub const SHOP: &str = "001565000001";
/// Of the operator's own customer `Office`.
pub const OFFICE: &str = "001565000002";
/// When everything happens.
pub const NOW: Time = Time::from_millis(1_795_305_600_000);

/// Everybody, and where they work. `Shop` is the dealer's customer, `Front` its site; what is asked for is theirs, so the admin of `Office`
/// is the stranger.
pub const PEOPLE: [(Role, &str); 7] = [
    (Role::Operator, ""),
    (Role::Reseller, "Dealer"),
    (Role::CustomerAdmin, "Shop"),
    (Role::Installer, "Front"),
    (Role::Auditor, "Shop"),
    (Role::CustomerAdmin, "Office"),
    (Role::Auditor, ""),
];

pub struct World {
    pub admin: Admin,
    _folder: TempDir,
}

impl World {
    pub async fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let ring = KeyRing::generate(&mut Seeded::new(1));
        let store = Store::open("sqlite:test.db", &ring, Box::new(Seeded::new(2)), Options::new(folder.path())).await.unwrap();
        let platform = Platform {
            phones_url: "https://phones.example.com:8443".into(),
            sip_host: "phones.example.com".into(),
            sip_port: 5060,
            sip_transport: domain::settings::Transport::Udp,
            service_number: "*89".into(),
            emergency_numbers: vec!["112".into()],
            portal_url: "https://portal.example.com".into(),
            mails: true,
            webhooks: portal::webhook::Road::new(true),
            redirects: portal::redirecting::Way::new(None, nowhere(), || NOW).unwrap(),
        };
        let keys = PlatformKeys::new(vec![Secret::new(vec![7; 32])]).unwrap();
        let admin = Admin { store, catalogue: InForce::embedded(), keys: Arc::new(keys), platform: Arc::new(platform) };
        let world = Self { admin, _folder: folder };
        world.furnish().await;
        world
    }

    async fn furnish(&self) {
        let (admin, by) = (&self.admin, &By::command_line(NOW));
        reseller::add(admin, by, "Dealer", ResellerKind::Channel).await.unwrap();
        let shop = NewCustomer { name: "Shop".into(), reseller: Some("Dealer".into()), ..NewCustomer::default() };
        customer::add(admin, by, shop).await.unwrap();
        customer::add(admin, by, NewCustomer { name: "Office".into(), ..NewCustomer::default() }).await.unwrap();
        site::add(admin, by, NewSite { customer: "Shop".into(), name: "Front".into(), ..NewSite::default() }).await.unwrap();
        device::add(admin, by, phone(SHOP, "Shop", Some("Front"))).await.unwrap();
        device::add(admin, by, phone(OFFICE, "Office", None)).await.unwrap();
    }

    /// Somebody with a role at a node that is found by its name.
    pub async fn somebody(&self, role: Role, at: &str) -> By {
        let name = at.to_owned();
        let node = self.admin.store.read(move |db| {
            let all = Scope::Operator;
            Ok(match name.as_str() {
                "" => Node::Operator,
                "Dealer" => Node::Reseller(tenancy::reseller_by_name(db, &all, "Dealer")?.id),
                "Front" => {
                    let shop = tenancy::customer_by_name(db, &all, "Shop")?;
                    Node::Site(tenancy::site_by_name(db, &all, shop.id, "Front")?.id)
                }
                customer => Node::Customer(tenancy::customer_by_name(db, &all, customer)?.id),
            })
        });
        let actor = Actor::new(role, node.await.unwrap()).unwrap();
        By { name: format!("{} at {at}", role.code()), actor, now: NOW }
    }
}

/// No service answers there.
fn nowhere() -> std::collections::BTreeMap<redirect::Kind, redirect::Url> {
    redirect::Kind::ALL.into_iter().map(|kind| (kind, "https://127.0.0.1:1".parse().unwrap())).collect()
}

pub fn phone(mac: &str, customer: &str, site: Option<&str>) -> NewDevice {
    NewDevice {
        mac: mac.into(),
        place: NodeNames { reseller: None, customer: Some(customer.into()), site: site.map(str::to_owned) },
        model: "yealink/T46S".into(),
        lines: vec![line::parse("user=2001,password=line-secret-7,server=sip.example.com").unwrap()],
        ..NewDevice::default()
    }
}
