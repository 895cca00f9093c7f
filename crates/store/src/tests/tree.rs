//! A small tenancy tree, with phones in it.

use domain::chance::Seeded;
use domain::device::{Auth, Device};
use domain::settings::Line;
use domain::tenancy::{CustomerId, DeviceId, Place, ResellerId, ResellerKind, SiteId};
use domain::{Mac, Secret};
use uuid::Uuid;

use crate::device::Setup;
use crate::tenancy::{Customer, Reseller, Site, add_customer, add_reseller, add_site};
use crate::tests::fixture::{NOW, World};
use crate::{Db, Result, Scope, device};

pub const RESELLER: ResellerId = ResellerId(Uuid::from_u128(1));
pub const RIVAL: ResellerId = ResellerId(Uuid::from_u128(2));
/// Of the reseller, with two sites.
pub const OFFICE: CustomerId = CustomerId(Uuid::from_u128(11));
/// Of the reseller, too.
pub const SIBLING: CustomerId = CustomerId(Uuid::from_u128(12));
/// Of the rival.
pub const STRANGER: CustomerId = CustomerId(Uuid::from_u128(13));
/// The operator's own.
pub const DIRECT: CustomerId = CustomerId(Uuid::from_u128(14));
pub const NORTH: SiteId = SiteId(Uuid::from_u128(21));
pub const SOUTH: SiteId = SiteId(Uuid::from_u128(22));

/// Every kind of scope, with the customers whose devices it sees.
pub const SCOPES: [(Scope, &[CustomerId]); 6] = [
    (Scope::Operator, &[OFFICE, SIBLING, STRANGER, DIRECT]),
    (Scope::Reseller(RESELLER), &[OFFICE, SIBLING]),
    (Scope::Reseller(RIVAL), &[STRANGER]),
    (Scope::Customer(OFFICE), &[OFFICE]),
    (Scope::Customer(DIRECT), &[DIRECT]),
    (Scope::Site(NORTH), &[]),
];

pub fn place_of(customer: CustomerId) -> Place {
    let reseller = match customer {
        DIRECT => None,
        STRANGER => Some(RIVAL),
        _ => Some(RESELLER),
    };
    Place { reseller, customer, site: None }
}

pub const AT_NORTH: Place = Place { reseller: Some(RESELLER), customer: OFFICE, site: Some(NORTH) };

pub fn mac(number: u8) -> Mac {
    Mac::from_bytes([0x00, 0x15, 0x65, 0, 0, number]).unwrap()
}

pub fn phone(number: u8, place: Place) -> Device {
    Device {
        id: DeviceId(Uuid::from_u128(1_000 + u128::from(number))),
        mac: mac(number),
        place,
        model: "yealink/T46S".into(),
        label: format!("Desk {number}"),
        disabled: false,
        created: NOW,
        auth: Auth::new(&mut Seeded::new(number.into())),
    }
}

pub fn setup() -> Setup {
    let line = Line {
        user: "1001".into(),
        auth_user: None,
        password: Secret::from("line-secret"),
        server: "pbx.example.com".into(),
        port: None,
        transport: domain::settings::Transport::Udp,
        outbound_proxy: None,
        extension: Some("1001".into()),
        name: Some("Reception".into()),
        settings: [("ring_type".to_owned(), "2".to_owned())].into(),
    };
    Setup { lines: vec![line], settings: [("time_zone".to_owned(), "+1".to_owned())].into() }
}

pub fn plant(db: &Db) -> Result<()> {
    let all = Scope::Operator;
    for (id, name, kind) in [(RESELLER, "Example Telecom", ResellerKind::WhiteLabel), (RIVAL, "Other Telecom", ResellerKind::Channel)] {
        add_reseller(db, &all, &Reseller { id, name: name.into(), kind, created: NOW, version: 1 })?;
    }
    for (id, name) in [(OFFICE, "Office"), (SIBLING, "Sibling"), (STRANGER, "Office"), (DIRECT, "Direct")] {
        let reseller = place_of(id).reseller;
        add_customer(db, &all, &Customer { id, reseller, name: name.into(), created: NOW, version: 1 })?;
    }
    for (id, name) in [(NORTH, "North"), (SOUTH, "South")] {
        add_site(db, &all, &site(id, name))?;
    }
    Ok(())
}

pub fn site(id: SiteId, name: &str) -> Site {
    let (country, location) = (Some("DE".into()), Some("2nd floor".into()));
    Site { id, customer: OFFICE, name: name.into(), country, caller_number: None, location, created: NOW, version: 1 }
}

impl World {
    /// With the tree, and one phone of each customer: 1 Office (North), 2 Sibling, 3 Stranger, 4 Direct.
    pub async fn with_tree(self) -> Self {
        let planted = self.store.write(|db| {
            plant(db)?;
            let places = [AT_NORTH, place_of(SIBLING), place_of(STRANGER), place_of(DIRECT)];
            for (number, place) in (1..).zip(places) {
                device::add(db, &Scope::Operator, &phone(number, place), &setup(), NOW)?;
            }
            Ok(())
        });
        planted.await.unwrap();
        self
    }
}
