//! A platform small enough to hold in a hand: two customers, one reseller, three phones and one that nobody added.
//!
//! It does what the edge does around the rules: turns a shown login into a proof, asks for a decision, saves what it says.

use std::net::IpAddr;

use domain::admin::{self, Change, Refusal};
use domain::admission::{BrandTraits, Decision, Door, Request, Surroundings, admit};
use domain::chance::{Chance, Seeded};
use domain::channel::Channel;
use domain::claim::{Claim, PlatformKeys};
use domain::device::{Auth, Device};
use domain::effect::Effect;
use domain::evidence::{Evidence, Proof, Scene, Wrong, candidates, refused};
use domain::extra::admit_extra;
use domain::login::{ByHand, GlobalId, GlobalLogin, Login, Owner};
use domain::pin::{Caller, PinAnswer, PinDecision, Stranger, enter};
use domain::policy::Policy;
use domain::tenancy::{CustomerId, DeviceId, Place, ResellerId};
use domain::trust::{Trust, Window};
use domain::{Mac, Secret, Span, Time};
use uuid::Uuid;

use crate::told::{carried, told};

/// The site that the phones stand at.
pub const OFFICE: &str = "192.0.2.10";
/// In the same /24.
pub const NEXT_DOOR: &str = "192.0.2.20";
/// Elsewhere.
pub const AWAY: &str = "198.51.100.7";
/// Behind a router.
pub const PRIVATE: &str = "10.1.2.3";
/// IPv6.
pub const SIX: &str = "2001:db8:1:1::5";
/// Same /56, other /64.
pub const SIX_NEAR: &str = "2001:db8:1:2::5";
/// Same /48, other /56.
pub const SIX_FAR: &str = "2001:db8:1:100::5";
/// What the generated histories choose from.
pub const ADDRESSES: [&str; 7] = [OFFICE, NEXT_DOOR, AWAY, PRIVATE, SIX, SIX_NEAR, SIX_FAR];

/// The operator's global login.
pub const OPERATOR: GlobalId = GlobalId(1);
/// The operator's next one, during a rotation.
pub const SUCCESSOR: GlobalId = GlobalId(2);
/// The reseller's; it counts for customer 0 only.
pub const RESELLER: GlobalId = GlobalId(3);
/// Another reseller's; it counts for nobody here.
pub const FOREIGN: GlobalId = GlobalId(4);

/// Device 0 and 1 belong to customer 0, device 2 to customer 1.
pub const OWNERS: [usize; 3] = [0, 0, 1];
/// The place in [`World::devices`] of a phone that nobody added.
pub const UNKNOWN: usize = 3;

/// When the stories begin.
pub const START: Time = Time::from_millis(1_800_000_000_000);

/// An address out of its text.
pub fn ip(text: &str) -> IpAddr {
    text.parse().expect("the tests spell addresses right")
}

/// A policy out of its words: `login=none pin=required`.
pub fn policy(words: &str) -> Policy {
    let mut policy = Policy::default();
    for word in words.split_whitespace() {
        let (key, value) = word.split_once('=').expect("key=value");
        policy.set(key, value).expect("the tests spell policies right");
    }
    policy
}

type Admit = fn(Option<&Device>, &Request<'_>, &Surroundings<'_>, Time, &mut dyn Chance) -> Decision;

/// The login that a request shows.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Shown {
    Nothing,
    Stale,
    Wrong,
    /// What the brand's phones send from the factory.
    Factory,
    Global(GlobalId),
    Login(Login),
}

/// One request, as a test writes it.
#[expect(clippy::struct_excessive_bools, reason = "a request is made of independent yes-or-no facts")]
#[derive(Clone, Debug)]
pub struct Ask {
    pub device: usize,
    pub door: Door,
    pub carrier: bool,
    pub get: bool,
    pub address: &'static str,
    pub shown: Shown,
    pub certificate: bool,
    pub mismatch: bool,
    pub ignores_challenges: bool,
    pub channel: Channel,
}

impl Ask {
    /// The carrier file at the front door, with nothing shown.
    pub fn front() -> Self {
        Self {
            device: 0,
            door: Door::Front,
            carrier: true,
            get: true,
            address: OFFICE,
            shown: Shown::Nothing,
            certificate: false,
            mismatch: false,
            ignores_challenges: false,
            channel: Channel::Open,
        }
    }

    /// The front door with a global login.
    pub fn global(id: GlobalId) -> Self {
        Self { shown: Shown::Global(id), ..Self::front() }
    }

    /// The login's own door.
    pub fn own(login: &Login) -> Self {
        Self { door: Door::Own, shown: Shown::Login(login.clone()), ..Self::front() }
    }

    pub fn to(self, device: usize) -> Self {
        Self { device, ..self }
    }

    pub fn from(self, address: &'static str) -> Self {
        Self { address, ..self }
    }

    pub fn shows(self, shown: Shown) -> Self {
        Self { shown, ..self }
    }

    pub fn certified(self) -> Self {
        Self { certificate: true, ..self }
    }

    pub fn head(self) -> Self {
        Self { get: false, ..self }
    }
}

/// A customer: where its phones stand, what it asks of them, whom it trusts.
#[derive(Clone, Debug)]
pub struct Customer {
    pub place: Place,
    pub policy: Policy,
    pub trust: Trust,
}

/// The platform.
#[derive(Clone, Debug)]
pub struct World {
    pub now: Time,
    pub keys: PlatformKeys,
    pub globals: Vec<GlobalLogin>,
    pub customers: [Customer; 2],
    pub devices: Vec<Device>,
    pub stranger: Stranger,
    pub brand: BrandTraits,
    /// Addresses that another customer's devices use.
    pub shared: Vec<IpAddr>,
    pub first_contacts: u32,
    pub last_address: Option<IpAddr>,
    chance: Seeded,
}

impl World {
    /// With one policy for everybody.
    pub fn new(words: &str) -> Self {
        let reseller = ResellerId(Uuid::from_u128(0xA));
        let customer = |number: u128, reseller| Customer {
            place: Place { reseller, customer: CustomerId(Uuid::from_u128(number)), site: None },
            policy: policy(words),
            trust: Trust::default(),
        };
        let customers = [customer(1, Some(reseller)), customer(2, None)];
        let mut chance = Seeded::new(7);
        let devices = (0..OWNERS.len()).map(|number| new_device(number, customers[OWNERS[number]].place, &mut chance)).collect();
        let global = |id, owner| GlobalLogin {
            id,
            owner,
            user: format!("provision-{}", id.0),
            password: Secret::new(format!("global-password-{}", id.0)),
            valid_until: None,
            revoked: false,
        };
        Self {
            now: START,
            keys: PlatformKeys::new(vec![Secret::new(vec![9; 32])]).expect("one key of 32 bytes"),
            globals: vec![
                global(OPERATOR, Owner::Operator),
                global(SUCCESSOR, Owner::Operator),
                global(RESELLER, Owner::Reseller(reseller)),
                global(FOREIGN, Owner::Reseller(ResellerId(Uuid::from_u128(0xB)))),
            ],
            customers,
            devices,
            stranger: Stranger::new(),
            brand: BrandTraits {
                front_door_sticks: false,
                renews_trust: true,
                retry_delay: Span::seconds(30),
                shortest_poll: Span::seconds(60),
                seals_files: true,
            },
            shared: Vec::new(),
            first_contacts: 0,
            last_address: None,
            chance,
        }
    }

    pub fn mac(&self, device: usize) -> Mac {
        self.devices.get(device).map_or_else(|| mac_of(device), |device| device.mac)
    }

    pub fn auth(&self) -> &Auth {
        &self.devices[0].auth
    }

    pub fn wait(&mut self, span: Span) {
        self.now = self.now + span;
    }

    /// The customer that a device stands with; the unknown one is judged by customer 0's policy, as by its host name's.
    pub fn customer(&self, device: usize) -> &Customer {
        let place = self.devices.get(device).map(|device| device.place);
        self.customers.iter().find(|customer| Some(customer.place) == place).unwrap_or(&self.customers[0])
    }

    pub fn customer_mut(&mut self, device: usize) -> &mut Customer {
        let place = self.devices[device].place;
        self.customers.iter_mut().find(|customer| customer.place == place).expect("every device stands with a customer")
    }

    pub fn policy(&mut self, words: &str) {
        for customer in &mut self.customers {
            customer.policy = policy(words);
        }
    }

    /// What the shown login proves here.
    pub fn proof(&self, ask: &Ask) -> Proof {
        let (user, password, handle) = match &ask.shown {
            Shown::Nothing => return Proof::Nothing,
            Shown::Stale => return Proof::Stale,
            Shown::Wrong => return Proof::Wrong(Wrong::Credentials),
            Shown::Factory => return Proof::Wrong(Wrong::Factory),
            Shown::Global(id) => {
                let login = self.globals.iter().find(|login| login.id == *id).expect("a global login of this world");
                (login.user.clone(), login.password.clone(), None)
            }
            Shown::Login(login) => (login.user(&self.keys), login.password(&self.keys), Some(login.claim)),
        };
        let scene = Scene {
            mac: Some(self.mac(ask.device)),
            device: self.devices.get(ask.device),
            handle: handle.filter(|_| ask.door == Door::Own),
            globals: &self.globals,
            keys: &self.keys,
            now: self.now,
        };
        let right = candidates(&scene, &user).into_iter().find(|candidate| candidate.password == password);
        right.map_or_else(|| Proof::Wrong(refused(&scene, &user)), |candidate| candidate.proof)
    }

    /// What the request would get; nothing is saved.
    pub fn ask(&self, ask: &Ask) -> Decision {
        let stranger = Some(&self.stranger).filter(|_| ask.device == UNKNOWN);
        self.decide(self.devices.get(ask.device), stranger, ask)
    }

    /// What it would get if nobody had added its phone, and that phone had made these tries.
    pub fn ask_unknown(&self, stranger: &Stranger, ask: &Ask) -> Decision {
        self.decide(None, Some(stranger), ask)
    }

    /// What a request for a file besides the configuration would get.
    pub fn ask_extra(&self, ask: &Ask) -> Decision {
        let stranger = Some(&self.stranger).filter(|_| ask.device == UNKNOWN);
        self.decide_by(admit_extra, self.devices.get(ask.device), stranger, ask)
    }

    fn decide(&self, device: Option<&Device>, stranger: Option<&Stranger>, ask: &Ask) -> Decision {
        self.decide_by(admit, device, stranger, ask)
    }

    fn decide_by(&self, admit: Admit, device: Option<&Device>, stranger: Option<&Stranger>, ask: &Ask) -> Decision {
        let customer = self.customer(ask.device);
        let evidence = Evidence { proof: self.proof(ask), certificate: ask.certificate, mismatch: ask.mismatch };
        let request = Request {
            door: ask.door,
            carrier: ask.carrier,
            get: ask.get,
            address: ip(ask.address),
            channel: ask.channel,
            mac: self.mac(ask.device),
            evidence,
            brand: self.brand,
            model: "yealink/T46S",
        };
        let around = Surroundings {
            policy: &customer.policy,
            globals: &self.globals,
            trust: &customer.trust,
            address_shared: self.shared.contains(&ip(ask.address)),
            first_contacts: self.first_contacts,
            ignores_challenges: ask.ignores_challenges,
            last_address: self.last_address,
            stranger,
            keys: &self.keys,
        };
        admit(device, &request, &around, self.now, &mut self.chance.clone())
    }

    /// The request, and everything that it leads to is saved.
    pub fn fetch(&mut self, ask: &Ask) -> Decision {
        let decision = self.ask(ask);
        self.chance.below(u32::MAX);
        if let (UNKNOWN, true, Proof::Claim(claim)) = (ask.device, ask.get, self.proof(ask)) {
            self.stranger.note_use(Caller { claim, address: ip(ask.address), model: "yealink/T46S" }, self.now);
        }
        self.save(ask.device, &decision);
        decision
    }

    /// A request that is answered with a login: `FULL, global_first`. What the phone is given.
    #[track_caller]
    pub fn gets(&mut self, ask: &Ask, expected: &str) -> Login {
        let decision = self.fetch(ask);
        assert_eq!(told(&decision), expected);
        carried(&decision.answer).expect("such an answer carries a login")
    }

    /// A request that is answered without one: `401, global_spent`.
    #[track_caller]
    pub fn sees(&mut self, ask: &Ask, expected: &str) {
        let decision = self.fetch(ask);
        assert_eq!(told(&decision), expected);
        assert_eq!(carried(&decision.answer), None);
    }

    /// What the edge does in one transaction.
    pub fn save(&mut self, device: usize, decision: &Decision) {
        if let Some(next) = &decision.device {
            self.devices[device] = next.clone();
        }
        for effect in &decision.effects {
            if let Effect::Window(change) = effect {
                self.put_window(device, change.window().clone());
            }
        }
    }

    fn put_window(&mut self, device: usize, window: Window) {
        let windows = &mut self.customer_mut(device).trust.windows;
        windows.retain(|known| known.network != window.network);
        windows.push(window);
    }

    /// The global login hands device 0 over; what the phone was given.
    pub fn hand_over(&mut self) -> Login {
        carried(&self.fetch(&Ask::global(OPERATOR)).answer).expect("a hand-over carries a login")
    }

    /// Hand-over and take-up; the login that device 0 is live with.
    pub fn provision(&mut self) -> Login {
        let login = self.hand_over();
        carried(&self.fetch(&Ask::own(&login)).answer).expect("a take-up carries the login")
    }

    /// A PIN keyed in on a phone that holds this claim.
    pub fn call(&mut self, device: usize, claim: Claim, address: &'static str, digits: &str) -> PinAnswer {
        self.call_decided(device, claim, address, digits).answer
    }

    /// The same, with all that follows. For the unknown phone there are no effects to tell of.
    pub fn call_decided(&mut self, device: usize, claim: Claim, address: &'static str, digits: &str) -> PinDecision {
        let caller = Caller { claim, address: ip(address), model: "yealink/T46S" };
        let policy = self.customer(device).policy.clone();
        let Some(known) = self.devices.get(device) else {
            let answer = self.stranger.enter(caller, digits, &policy, &self.globals, self.now);
            return PinDecision { answer, device: None, effects: Vec::new() };
        };
        let decision = enter(known, caller, digits, &policy, &self.globals, self.now);
        if let Some(next) = &decision.device {
            self.devices[device] = next.clone();
        }
        decision
    }

    /// The PIN of device 0.
    pub fn pin(&self) -> String {
        self.pin_of(0)
    }

    /// A device's PIN.
    pub fn pin_of(&self, device: usize) -> String {
        self.devices[device].auth.pin.as_ref().expect("a device that is not live has a PIN").reveal().to_owned()
    }

    /// A PIN that is not device 0's.
    pub fn wrong_pin(&self) -> String {
        if self.pin() == "000000" { "111111".to_owned() } else { "000000".to_owned() }
    }

    /// Three rounds of three wrong PINs, each as soon as the last one's lock has passed.
    pub fn block(&mut self, device: usize, claim: Claim, address: &'static str) {
        let wrong = if self.pin_of(device) == "000000" { "111111" } else { "000000" };
        for round in 0..3 {
            if round > 0 {
                self.wait(Span::minutes(30));
            }
            for _ in 0..3 {
                self.call(device, claim, address, wrong);
            }
        }
    }

    /// *Reset authentication*.
    pub fn reset(&mut self, device: usize) -> Vec<Effect> {
        let change = admin::reset(&self.devices[device], self.now, &mut self.chance);
        self.put(device, change)
    }

    /// The switch *allow global password (one time)*.
    pub fn allow(&mut self, device: usize, allow: bool) -> Vec<Effect> {
        let change = admin::allow_global(&self.devices[device], allow, &self.customer(device).policy, self.now);
        self.put(device, change)
    }

    /// *Suspend authentication* for half an hour.
    pub fn suspend(&mut self, device: usize, pick: Option<&str>) -> Result<Vec<Effect>, Refusal> {
        let policy = &self.customer(device).policy;
        let change = admin::suspend(&self.devices[device], policy.suspend, pick.map(ip), policy, self.now)?;
        Ok(self.put(device, change))
    }

    /// A login typed by an admin; the phone's owner types the same.
    pub fn set_by_hand(&mut self, device: usize, by_hand: ByHand) -> Login {
        let policy = self.customer(device).policy.clone();
        let change = admin::set_login(&self.devices[device], by_hand, &self.keys, &policy, self.now, &mut self.chance);
        self.put(device, change);
        self.devices[device].auth.pending.as_ref().and_then(|pending| pending.login.clone()).expect("it waits to be taken up")
    }

    /// A new login at the next fetch.
    pub fn rotate(&mut self, device: usize) -> Result<Vec<Effect>, Refusal> {
        let policy = self.customer(device).policy.clone();
        let change = admin::rotate(&self.devices[device], &self.keys, &policy, self.now, &mut self.chance)?;
        Ok(self.put(device, change))
    }

    /// One click to allow the second claimant.
    pub fn allow_second_claimant(&mut self, device: usize) -> Result<Vec<Effect>, Refusal> {
        let change = admin::allow_second_claimant(&self.devices[device], self.now)?;
        Ok(self.put(device, change))
    }

    /// Moves a device to the other customer, or to the one it has.
    pub fn relocate(&mut self, device: usize, customer: usize) -> Vec<Effect> {
        let place = self.customers[customer].place;
        let change = admin::relocate(&self.devices[device], place, self.now, &mut self.chance);
        self.put(device, change)
    }

    fn put(&mut self, device: usize, change: Change) -> Vec<Effect> {
        self.devices[device] = change.device;
        change.effects
    }
}

fn mac_of(device: usize) -> Mac {
    let last = u8::try_from(device).expect("a handful of devices");
    Mac::from_bytes([0x00, 0x15, 0x65, 0x00, 0x00, last]).expect("a phone's address")
}

fn new_device(number: usize, place: Place, chance: &mut Seeded) -> Device {
    Device {
        id: DeviceId(Uuid::from_u128(100 + number as u128)),
        mac: mac_of(number),
        place,
        model: "yealink/T46S".to_owned(),
        label: String::new(),
        disabled: false,
        created: START,
        auth: Auth::new(chance),
    }
}

/// A login to be set by hand.
pub fn by_hand() -> ByHand {
    ByHand { user: "reception".to_owned(), password: Secret::new("kept-in-a-drawer".to_owned()) }
}
