//! The makers' redirect services, played: told of a phone by the client that ships, asked by the phone.
//!
//! The phone's side of them is invented (see `phonesim::RedirectService`), the other is not.

use std::any::Any;
use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use domain::login::GlobalLogin;
use domain::{Mac, Secret};
use phonesim::RedirectService;
use phonesim::services::fdps::Fdps;
use phonesim::services::gdms::{Credentials as GdmsAccount, Gdms};
use phonesim::services::panasonic::Panasonic;
use phonesim::services::poly_zero_touch::PolyZeroTouch;
use phonesim::services::sraps::{Maker as SrapsMaker, Sraps};
use phonesim::services::ymcs::Ymcs;
use phonesim::services::{Emulator, Provider};
use portal::edge::now;
use redirect::{Account, Carrier, Credentials, Entry, Kind, Outcome, Profile, Road, Service, Standing, Target};
use ringfence::context::Context;
use ringfence::data::DataDir;

use crate::house::House;
use crate::play::Play;

/// The serial number of every phone.
const SERIAL: &str = "FICT0001";

/// The service that is played of those that a brand's phones ask: the first, which is the newest.
pub(crate) fn kind_of(play: &Play) -> Option<Kind> {
    let (brand, _) = play.model.split_once('/').expect("brand and model");
    Kind::ALL.into_iter().find(|kind| kind.brands().contains(&brand))
}

/// A service, and an account of ours with it.
pub(crate) struct Maker {
    kind: Kind,
    account: Box<dyn Service>,
    /// As its phones know it.
    pub(crate) for_phones: RedirectService,
    /// What the maker does when it builds a phone, where its service must know of it.
    builds: Box<dyn Fn(Mac)>,
    _open: Box<dyn Any>,
}

impl Maker {
    pub(crate) async fn open(kind: Kind) -> Self {
        const KEY: &[(&str, &str)] = &[("key_id", "key"), ("secret", "word")];
        const LOGIN: &[(&str, &str)] = &[("user", "user"), ("password", "word")];
        match kind {
            Kind::YealinkYmcs => Self::with(kind, Ymcs::new("key", "word"), "", KEY).await,
            Kind::PolyZeroTouch => Self::with(kind, PolyZeroTouch::new("word"), "/v1", &[("api_key", "word")]).await,
            Kind::GrandstreamGdms => Self::grandstream().await,
            Kind::SnomSraps => Self::with(kind, Sraps::new(SrapsMaker::Snom, "key", "word"), "", KEY).await,
            Kind::GigasetGrape => Self::with(kind, Sraps::new(SrapsMaker::Gigaset, "key", "word"), "", KEY).await,
            Kind::PanasonicXmlrpc => Self::with(kind, Panasonic::new("user", "word"), Panasonic::PATH, LOGIN).await,
            Kind::FanvilFdps => Self::with(kind, Fdps::new("user", "word"), Fdps::PATH, LOGIN).await,
            Kind::SnomXmlrpc | Kind::GigasetXmlrpc => unreachable!("{kind} is not the first of its brand"),
        }
    }

    async fn with<P: Provider>(kind: Kind, provider: P, path: &str, fields: &[(&str, &str)]) -> Self {
        Self::around(kind, Emulator::start(provider).await.unwrap(), path, fields)
    }

    async fn grandstream() -> Self {
        let text = |text: &str| text.to_owned();
        let account = GdmsAccount { user: text("user"), password: text("word"), client_id: text("id"), client_secret: text("key") };
        let fields = [("user", "user"), ("password", "word"), ("client_id", "id"), ("client_secret", "key")];
        let emulator = Arc::new(Emulator::start(Gdms::new(account)).await.unwrap());
        let works = Arc::clone(&emulator);
        let opened = Self::around(Kind::GrandstreamGdms, emulator, "", &fields);
        Self { builds: Box::new(move |mac| works.provider().make(mac, SERIAL)), ..opened }
    }

    fn around<P: Provider>(kind: Kind, emulator: impl Into<Arc<Emulator<P>>>, path: &str, fields: &[(&str, &str)]) -> Self {
        let emulator = emulator.into();
        let road = Road::new(&[emulator.authority()], now, chance).unwrap().in_a_hurry();
        let fields: BTreeMap<_, _> = fields.iter().map(|(name, value)| ((*name).to_owned(), Secret::from(*value))).collect();
        let base = format!("{}{path}", emulator.base()).parse().unwrap();
        let account = Account { kind, base, credentials: Credentials::new(kind, &fields).unwrap() }.open(&road);
        Self { kind, account, for_phones: emulator.for_phones(), builds: Box::new(|_| ()), _open: Box::new(emulator) }
    }

    /// Registers a phone, which is to come to the front door with the global login, in the way that this service carries it.
    pub(crate) async fn sends(&self, mac: Mac, house: &House) {
        (self.builds)(mac);
        let (user, password) = (house.global.user.clone(), house.global.password.clone());
        let profile = Profile { name: "ringfence".to_owned(), door: house.url("/cfg/"), user, password };
        let target = match self.kind.capabilities().carrier {
            Carrier::Profile => Target::Profile(self.account.ensure_profile(&profile, true).await.unwrap()),
            Carrier::Config => Target::Config(Box::new(profile)),
            Carrier::Address => {
                Target::Address(Secret::new(house.url(&format!("/cfg/g/{}/{}", token(house, mac).await, self.kind.file()))))
            }
        };
        let entry = Entry { mac, serial: Some(SERIAL.to_owned()), mac_id: None, target };
        assert_eq!(self.account.register(&[entry]).await.unwrap(), [Outcome::Done], "{}", self.kind);
    }

    /// The service still has the phone for us; where it tells when a phone asked, this one has.
    pub(crate) async fn was_asked(&self, mac: Mac) {
        let entry = Entry { mac, serial: Some(SERIAL.to_owned()), mac_id: None, target: Target::Address(Secret::from("")) };
        let Standing::Ours(listed) = self.account.look_up(&entry).await.unwrap() else { panic!("{}: no longer ours", self.kind) };
        if matches!(self.kind, Kind::YealinkYmcs | Kind::PanasonicXmlrpc) {
            assert!(listed.asked.is_some(), "{}: it asked", self.kind);
        }
    }
}

/// The path that carries the global login for one phone, as the platform would make it. It must be in no log.
async fn token(house: &House, mac: Mac) -> String {
    let context = Context::open(DataDir::at(house.data())).await.unwrap();
    let globals: Vec<GlobalLogin> = context.admin.store.read(|db| store::login::all(db, &store::Scope::Operator)).await.unwrap();
    let token = domain::evidence::device_path_token(&context.admin.keys, &globals[0], mac);
    context.close().await;
    house.keep(token.expose());
    token.expose().clone()
}

/// Never the same twice.
fn chance(bytes: &mut [u8]) {
    static COUNT: AtomicU64 = AtomicU64::new(0);
    let count = COUNT.fetch_add(1, Ordering::Relaxed).to_be_bytes();
    bytes.iter_mut().zip(count.iter().cycle()).for_each(|(byte, count)| *byte = *count);
}
