//! A desk over a store in a temporary folder, one customer with one phone, and a clock that stands still.

use std::sync::{Arc, LazyLock};
use std::time::Instant;

use brands::{Catalogue, InForce, Parsed};
use bytes::Bytes;
use domain::chance::Seeded;
use domain::claim::PlatformKeys;
use domain::device::{Auth as AuthState, Device};
use domain::login::Owner;
use domain::pin::{Caller, enter};
use domain::policy::{Patch, Policy};
use domain::settings::{Line, Settings, Transport};
use domain::tenancy::{CustomerId, DeviceId, Node, Place, ResellerId, ResellerKind};
use domain::{Chance, Mac, Secret, Time};
use gate::fetch::{Desk, Face, Parts};
use gate::limits::Limits;
use gate::metrics::Metrics;
use gate::path::Target;
use gate::phones::{ConnectionInfo, Method, Phones, Request};
use gate::transfer::Transfer;
use http::header::{AUTHORIZATION, IF_NONE_MATCH, IF_RANGE, RANGE, USER_AGENT};
use http::{HeaderMap, HeaderValue, Uri};
use prometheus_client::registry::Registry;
use store::Scope;
use store::device::{Setup, Stored};
use store::{KeyRing, Options, Store};
use uuid::Uuid;
use wire::challenge::Challenge;

pub const MAC: &str = "001565000001";
pub const PUBLIC_URL: &str = "https://phones.example.com:8443";
pub const PLAIN_URL: &str = "http://phones.example.com:8080";
pub const GLOBAL_USER: &str = "phones";
pub const GLOBAL_PASSWORD: &str = "a-shared-one-time-password";

/// Read once: every file of every brand is compiled and tried out.
pub static EMBEDDED: LazyLock<Arc<Catalogue>> = LazyLock::new(|| EMBEDDED_IN_FORCE.current());
static EMBEDDED_IN_FORCE: LazyLock<InForce> = LazyLock::new(InForce::embedded);

/// What a request logs in with.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Auth {
    None,
    Basic(String, String),
    /// Asks once without, then answers the first challenge, as phones do.
    Digest(String, String),
    /// This very `Authorization` header.
    Raw(String),
}

/// One request.
#[derive(Clone)]
pub struct Sent<'a> {
    pub method: Method,
    pub path: &'a str,
    pub auth: Auth,
    pub address: &'a str,
    pub tls: bool,
    /// The User-Agent; none for that of the phone whose file is asked for.
    pub agent: Option<&'a str>,
    /// `If-None-Match`.
    pub held: Option<&'a str>,
    /// `Range`, and `If-Range`.
    pub range: Option<(&'a str, Option<&'a str>)>,
}

impl<'a> Sent<'a> {
    pub fn get(path: &'a str, auth: Auth) -> Self {
        Self { method: Method::Get, path, auth, address: "198.51.100.7", tls: true, agent: None, held: None, range: None }
    }
}

/// One answer.
pub struct Reply {
    pub status: u16,
    pub body: Bytes,
    pub challenges: Vec<HeaderValue>,
    pub retry_after: Option<u32>,
    pub content_type: Option<HeaderValue>,
    pub etag: Option<HeaderValue>,
    pub content_range: Option<HeaderValue>,
    /// A file on its way; dropped, it has ended.
    pub transfer: Option<Transfer>,
}

impl Reply {
    pub fn text(&self) -> &str {
        std::str::from_utf8(&self.body).unwrap()
    }

    pub fn parsed(&self) -> Parsed {
        EMBEDDED.parse(EMBEDDED.brand("yealink").unwrap(), &self.body).unwrap()
    }
}

/// Everything that one test needs.
pub struct World {
    pub store: Store,
    pub desk: Desk,
    pub keys: PlatformKeys,
    pub customer: CustomerId,
    pub now: Time,
    pub directory: tempfile::TempDir,
}

impl World {
    /// A customer with this policy and the phone [`MAC`].
    pub async fn new(policy: &[(&str, &str)]) -> Self {
        let world = Self::empty(policy, EMBEDDED_IN_FORCE.clone()).await;
        world.add(MAC).await;
        world
    }

    /// A customer with this policy and no phone yet, with the brands of this catalogue.
    pub async fn empty(policy: &[(&str, &str)], catalogue: InForce) -> Self {
        let directory = tempfile::tempdir().unwrap();
        let now = Time::from_millis(1_795_305_600_000);
        let ring = KeyRing::generate(&mut Seeded::new(1));
        let store = Store::open("sqlite:test.db", &ring, Box::new(Seeded::new(2)), Options::new(directory.path())).await.unwrap();
        let keys = PlatformKeys::new(vec![Secret::new(vec![7; 32])]).unwrap();
        let customer = CustomerId(Uuid::from_u128(1));
        let patch = Patch(policy.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned())).collect());
        let setting_up = patch.clone();
        store
            .write(move |db| {
                let row =
                    store::tenancy::Customer { id: customer, reseller: None, name: "Example customer".into(), created: now, version: 1 };
                store::tenancy::add_customer(db, &Scope::Operator, &row)?;
                store::policy::save_patch(db, &Scope::Operator, Node::Operator, &setting_up)?;
                store::login::add(db, &Scope::Operator, Owner::Operator, GLOBAL_USER, &Secret::from(GLOBAL_PASSWORD), now).map(drop)
            })
            .await
            .unwrap();
        let chance = std::sync::Mutex::new(Seeded::new(3));
        let parts = Parts {
            store: store.clone(),
            catalogue,
            keys: keys.clone(),
            face: face(),
            limits: Limits { transfers: 2, ..Limits::default() },
            metrics: Metrics::register(&mut Registry::default()),
            firmware: Some(directory.path().join("firmware")),
            dice: Arc::new(move |buffer: &mut [u8]| chance.lock().unwrap().fill(buffer)),
            #[expect(clippy::disallowed_methods, reason = "the edge of this test")]
            started: Instant::now(),
        };
        Self { store, desk: Desk::new(parts, now), keys, customer, now, directory }
    }

    /// Puts the customer below a white-label reseller whose phones have a host of their own.
    pub async fn give_to_a_reseller(&self, phone_host: &str) {
        let (customer, now, phone_host) = (self.customer, self.now, phone_host.to_owned());
        let id = ResellerId(Uuid::from_u128(9));
        let given = self.store.write(move |db| {
            let all = &Scope::Operator;
            let kind = ResellerKind::WhiteLabel;
            store::tenancy::add_reseller(db, all, &store::tenancy::Reseller { id, name: "North".into(), kind, created: now, version: 1 })?;
            let kept = store::tenancy::customer(db, all, customer)?;
            store::tenancy::save_customer(db, all, &store::tenancy::Customer { reseller: Some(id), ..kept })?;
            let (portal_name, phone_host) = ("North".to_owned(), Some(phone_host.clone()));
            let look = store::look::Look { reseller: id, portal_name, accent: None, portal_host: None, phone_host, logo: None };
            store::look::put(db, all, &look)
        });
        given.await.unwrap();
    }

    /// The global login.
    pub fn global() -> Auth {
        Auth::Digest(GLOBAL_USER.into(), GLOBAL_PASSWORD.into())
    }

    /// What carries the global login in a path, for one phone.
    pub async fn token(&self, mac: &str) -> String {
        let logins = self.store.read(|db| store::login::all(db, &Scope::Operator)).await.unwrap();
        domain::evidence::device_path_token(&self.keys, &logins[0], mac.parse().unwrap()).expose().clone()
    }

    /// Adds a phone with one line.
    pub async fn add(&self, mac: &str) {
        self.add_model(mac, "yealink/T46S").await;
    }

    /// The same of any brand.
    pub async fn add_model(&self, mac: &str, model: &str) {
        let (mac, customer, now): (Mac, _, _) = (mac.parse().unwrap(), self.customer, self.now);
        let line = Line {
            user: "2001".into(),
            auth_user: None,
            password: Secret::from("line-secret-1"),
            server: "pbx.example.com".into(),
            port: None,
            transport: Transport::Udp,
            outbound_proxy: None,
            extension: Some("2001".into()),
            name: Some("Front desk".into()),
            settings: Settings::new(),
        };
        let device = Device {
            id: DeviceId(Uuid::from_u128(mac.bytes().iter().fold(100, |id, byte| id * 256 + u128::from(*byte)))),
            mac,
            place: Place { reseller: None, customer, site: None },
            model: model.into(),
            label: "Front desk".into(),
            disabled: false,
            created: now,
            auth: AuthState::new(&mut Seeded::new(u64::from(mac.bytes()[5]))),
        };
        let setup = Setup { lines: vec![line], settings: Settings::new() };
        self.store.write(move |db| store::device::add(db, &Scope::Operator, &device, &setup, now)).await.unwrap();
    }

    /// The phone [`MAC`] as it is stored.
    pub async fn device(&self) -> Device {
        self.stored().await.device
    }

    /// The same with its version, which counts writes.
    pub async fn stored(&self) -> Stored {
        self.stored_of(MAC).await
    }

    /// Any phone as it is stored.
    pub async fn stored_of(&self, mac: &'static str) -> Stored {
        self.store.read(|db| store::device::by_mac(db, &Scope::Operator, mac.parse().unwrap())).await.unwrap()
    }

    /// Saves a phone.
    pub async fn change(&self, device: Device) {
        let mac = device.mac;
        let read = self.store.read(move |db| store::device::by_mac(db, &Scope::Operator, mac)).await.unwrap();
        let (stored, now) = (Stored { device, ..read }, self.now);
        self.store.write(move |db| store::device::save(db, &stored, now)).await.unwrap();
    }

    /// An admin resets the phone.
    pub async fn reset(&self) {
        let device = domain::admin::reset(&self.device().await, self.now, &mut Seeded::new(9)).device;
        self.change(device).await;
    }

    /// Somebody keys in a PIN at the phone of that door.
    pub async fn enter_pin(&self, door: &str, right: bool) {
        self.enter_pin_of(MAC, door, right).await;
    }

    /// The same at any phone.
    pub async fn enter_pin_of(&self, mac: &'static str, door: &str, right: bool) {
        let claim = self.keys.read(door.trim_start_matches("/cfg/d/").trim_end_matches('/')).unwrap();
        let device = self.stored_of(mac).await.device;
        let pin = device.auth.pin.as_ref().unwrap().reveal().to_owned();
        let digits = if right { pin } else { "000000".into() };
        let caller = Caller { claim, address: "198.51.100.7".parse().unwrap(), model: "" };
        let mut policy = Policy::default();
        policy.set("login", "none").unwrap();
        policy.set("pin", "required").unwrap();
        self.change(enter(&device, caller, &digits, &policy, &[], self.now).device.unwrap()).await;
    }

    /// Gives the phone [`MAC`] more lines than it has accounts, so that its full config cannot be made.
    pub async fn overload(&self) {
        let (version, mac) = (self.stored().await.version, MAC.parse().unwrap());
        let overloaded = move |db: &store::Db| {
            let mut setup = store::device::setup(db, &Scope::Operator, mac)?;
            setup.lines = vec![setup.lines[0].clone(); 17];
            store::device::save_setup(db, &Scope::Operator, mac, &setup, version)
        };
        self.store.write(overloaded).await.unwrap();
    }

    /// Changes the operator's policy.
    pub async fn policy(&self, patch: Patch) {
        self.store.write(move |db| store::policy::save_patch(db, &Scope::Operator, Node::Operator, &patch)).await.unwrap();
    }

    /// Adds a permanent network.
    pub async fn trust(&self, network: &str) {
        let network = store::trust::Network { network: network.parse().unwrap(), label: String::new(), created: self.now };
        let customer = self.customer;
        self.store.write(move |db| store::trust::add_network(db, &Scope::Operator, customer, &network)).await.unwrap();
    }

    /// The request log of the phone [`MAC`], newest first.
    pub async fn requests(&self) -> Vec<store::seen::Request> {
        self.requests_of(MAC).await
    }

    /// The same of any phone.
    pub async fn requests_of(&self, mac: &'static str) -> Vec<store::seen::Request> {
        self.desk.flusher().flush().await.unwrap();
        self.store.read(|db| store::seen::requests(db, &Scope::Operator, mac.parse().unwrap())).await.unwrap()
    }

    pub async fn get(&self, path: &str, auth: Auth) -> Reply {
        self.send(Sent::get(path, auth)).await
    }

    pub async fn get_from(&self, address: &str, path: &str, auth: Auth) -> Reply {
        self.send(Sent { address, ..Sent::get(path, auth) }).await
    }

    pub async fn get_plain(&self, path: &str, auth: Auth) -> Reply {
        self.send(Sent { tls: false, ..Sent::get(path, auth) }).await
    }

    pub async fn send(&self, sent: Sent<'_>) -> Reply {
        let header = match &sent.auth {
            Auth::None => None,
            Auth::Basic(user, password) => Some(wire::auth::basic_answer(user, password)),
            Auth::Raw(header) => Some(header.clone()),
            Auth::Digest(user, password) => {
                let refused = self.once(&sent, None).await;
                let Some(challenge) = refused.challenges.first() else { return refused };
                Some(answer(challenge, user, password, &sent))
            }
        };
        self.once(&sent, header).await
    }

    async fn once(&self, sent: &Sent<'_>, authorization: Option<String>) -> Reply {
        let target = Target::parse(sent.path).unwrap();
        let named = target.file.split('.').next().and_then(|mac| mac.parse::<Mac>().ok()).unwrap_or(MAC.parse().unwrap());
        let mut headers = HeaderMap::new();
        let agent = format!("Yealink SIP-T46S 66.86.0.15 {}", named.with_colons());
        headers.insert(USER_AGENT, HeaderValue::try_from(sent.agent.unwrap_or(&agent)).unwrap());
        sent.held.map(|held| headers.insert(IF_NONE_MATCH, HeaderValue::try_from(held).unwrap()));
        if let Some((range, held)) = sent.range {
            headers.insert(RANGE, HeaderValue::try_from(range).unwrap());
            held.map(|held| headers.insert(IF_RANGE, HeaderValue::try_from(held).unwrap()));
        }
        authorization.map(|value| headers.insert(AUTHORIZATION, HeaderValue::try_from(value).unwrap()));
        let address = sent.address.parse().unwrap();
        let answer = self
            .desk
            .handle(&Request {
                connection: Arc::new(ConnectionInfo { peer: (address, 40_000).into(), tls: sent.tls, client_certificate: None }),
                address,
                method: sent.method,
                target,
                uri: sent.path.parse::<Uri>().unwrap(),
                headers,
                uploaded: 0,
                now: self.now,
            })
            .await;
        Reply {
            status: answer.status.as_u16(),
            body: answer.body,
            challenges: answer.challenges,
            retry_after: answer.retry_after,
            content_type: answer.content_type,
            etag: answer.etag,
            content_range: answer.content_range,
            transfer: answer.transfer,
        }
    }
}

/// The `Authorization` header that answers a Digest challenge.
pub fn answer(challenge: &HeaderValue, user: &str, password: &str, sent: &Sent<'_>) -> String {
    let Ok(Some(Challenge::Digest(challenge))) = wire::challenge::parse(challenge.as_bytes()).map(|mut all| all.pop()) else {
        panic!("the first challenge is a digest");
    };
    wire::digest::answer(&challenge, user, password, sent.method.as_str(), sent.path, 1, "0a4f113b")
}

fn face() -> Face {
    Face {
        https_url: PUBLIC_URL.into(),
        http_url: Some(PLAIN_URL.into()),
        realm: "Ringfence".into(),
        sip_host: "phones.example.com".into(),
        sip_port: 5060,
        sip_transport: Transport::Udp,
        service_number: "*89".into(),
        emergency_numbers: vec!["112".into(), "110".into()],
        language: "en".into(),
    }
}
