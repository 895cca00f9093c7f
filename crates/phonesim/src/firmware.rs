//! The seam between a phone and its brand: everything that makers do differently.
//!
//! [`crate::Phone`] owns flash, display and the way to the server; [`crate::Telephone`] owns SIP. Both ask the [`Firmware`] of
//! the phone's [`Brand`] what a file says, whom to ask next, which number leaves, whether a NOTIFY is obeyed. A brand is one
//! module, `<brand>.rs`, with its readers beneath it, and four lines elsewhere: its variants of [`Brand`], in
//! [`Brand::ALL`], [`Brand::name`] and [`Brand::firmware`].
//!
//! # Adding a brand
//!
//! 1. A unit struct that implements [`Firmware`]. What every brand must say has no default; what most share has one. Families of
//!    one brand that differ (adapters and desk phones, generations) are told apart by [`Identity::model`] and
//!    [`Identity::firmware`] inside the module, not by further variants of [`Brand`].
//! 2. A [`Pass`]: the order of its requests. See there.
//! 3. Readers of its files, written from the vendor's facts and never from what our server emits. A reader refuses what the phone
//!    would ignore as a whole (no header, wrong MAC, not well-formed) with a reason for the transcript; passes over what the phone
//!    passes over (unknown keys, comments); and obeys the brand's rule for repeated keys, blank values and absent ones.
//! 4. Settings in flash under the brand's own names. What a blank or absent value means is decided when a file is applied, so
//!    that everything else reads flash alone. Who last wrote a value matters to some: [`Flash::by_hand`].
//! 5. `Identity::<brand>…` constructors beside it, with the User-Agent's [`AgentForm`] as seen in the field.
//! 6. Tests: readers and passes as rows of data in the module (a pass needs no server: feed it [`Came`] and look at its
//!    [`Step`]), and a story against a server in `tests/phone`.
//! 7. A row in `crates/ringfence/tests/brands/play.rs`, which tells its whole life against the program and fills `docs/matrix.md`.
//!
//! What nobody has proved about a brand is a switch of [`Behaviour`], never an assumption here: a server must work with both.

use std::fmt;
use std::time::Duration;

use bytes::Bytes;
use domain::{Mac, Secret};
use md5::{Digest as _, Md5};

use crate::address::{Address, Login};
use crate::behaviour::{Behaviour, LoginHabit};
use crate::cisco::Cisco;
use crate::display::Account;
use crate::fanvil::Fanvil;
use crate::flash::Flash;
use crate::gigaset::Gigaset;
use crate::grandstream::Grandstream;
use crate::identity::{AgentForm, Identity};
use crate::login::Scheme;
use crate::panasonic::Panasonic;
use crate::patton::Patton;
use crate::phone::{Network, Outcome};
use crate::poly::Poly;
use crate::snom::Snom;
use crate::snom_c::SnomC;
use crate::spectralink::Spectralink;
use crate::transcript::Transcript;
use crate::yealink::Yealink;

/// The brands that are played, each as the catalogue names it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Brand {
    /// Yealink: T, CP, VP and the W bases.
    Yealink,
    /// Cisco: SPA1xx, SPA3xx, SPA5xx, ATA19x, multiplatform phones.
    Cisco,
    /// Linksys and Sipura: PAP2, SPA2102, SPA9xx. The same stack in an older edition.
    Linksys,
    /// Patton: SmartNode gateways with SmartWare.
    Patton,
    /// Poly: VVX, SoundPoint, SoundStation, Trio, CCX, Edge E.
    Poly,
    /// Panasonic: HDV, UT, TGP, UTG.
    Panasonic,
    /// Grandstream: GXP, GRP, GXV, WP, HT, DP.
    Grandstream,
    /// Fanvil: C, X, V, H, i, W.
    Fanvil,
    /// Snom: desk phones, and the DECT bases M300 to M900.
    Snom,
    /// Snom's C520, C620, M100, M200, M500.
    SnomC,
    /// Gigaset: DECT bases of both generations, Maxwell.
    Gigaset,
    /// Spectralink: IP-DECT servers. Played from recollection, see there.
    Spectralink,
}

impl Brand {
    /// All of them.
    pub const ALL: &'static [Self] = &[
        Self::Yealink,
        Self::Cisco,
        Self::Linksys,
        Self::Patton,
        Self::Poly,
        Self::Panasonic,
        Self::Grandstream,
        Self::Fanvil,
        Self::Snom,
        Self::SnomC,
        Self::Gigaset,
        Self::Spectralink,
    ];

    /// The catalogue's name.
    pub fn name(self) -> &'static str {
        match self {
            Self::Yealink => "yealink",
            Self::Cisco => "cisco",
            Self::Linksys => "linksys",
            Self::Patton => "patton",
            Self::Poly => "poly",
            Self::Panasonic => "panasonic",
            Self::Grandstream => "grandstream",
            Self::Fanvil => "fanvil",
            Self::Snom => "snom",
            Self::SnomC => "snom-c",
            Self::Gigaset => "gigaset",
            Self::Spectralink => "spectralink",
        }
    }

    /// The brand of that name, if it is played.
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|brand| brand.name() == name)
    }

    /// What runs in its phones.
    pub fn firmware(self) -> &'static dyn Firmware {
        match self {
            Self::Yealink => &Yealink,
            Self::Cisco => &Cisco(Self::Cisco),
            Self::Linksys => &Cisco(Self::Linksys),
            Self::Patton => &Patton,
            Self::Poly => &Poly,
            Self::Panasonic => &Panasonic,
            Self::Grandstream => &Grandstream,
            Self::Fanvil => &Fanvil,
            Self::Snom => &Snom,
            Self::SnomC => &SnomC,
            Self::Gigaset => &Gigaset,
            Self::Spectralink => &Spectralink,
        }
    }
}

/// A phone as its firmware sees it: what it is, and what it remembers.
#[derive(Clone, Copy, Debug)]
pub struct Unit<'p> {
    /// What its maker built.
    pub identity: &'p Identity,
    /// What it remembers without power.
    pub flash: &'p Flash,
}

impl<'p> Unit<'p> {
    /// A setting that is there and not blank.
    pub fn text(self, key: &str) -> Option<&'p str> {
        self.flash.setting(key).filter(|text| !text.is_empty())
    }
}

/// A phone during a pass: what it remembers may change.
#[derive(Debug)]
pub struct Work<'p> {
    /// What its maker built.
    pub identity: &'p Identity,
    /// What it remembers without power.
    pub flash: &'p mut Flash,
    /// The switches that its test has set.
    pub behaviour: &'p Behaviour,
    /// Where it writes what it does, without secrets.
    pub transcript: &'p mut Transcript,
}

impl Work<'_> {
    /// The same, to look at only.
    pub fn unit(&self) -> Unit<'_> {
        Unit { identity: self.identity, flash: self.flash }
    }

    /// Writes down what the phone does.
    pub fn note(&mut self, note: impl Into<String>) {
        self.transcript.note(note);
    }

    /// Writes down that a file is none by the brand's rules.
    pub fn refuses(&mut self, at: &Address, why: impl fmt::Display) {
        self.note(format!("refuses {}: {why}", at.file_name()));
    }
}

/// Where the phone fetches from.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Provisioning {
    /// The address as it is stored, whether it can be used or not; with macros filled in, without rules and options around it.
    pub url: Option<String>,
    /// The login stored beside it, or in the rule around it. One inside the address stays there.
    pub login: Option<Login>,
}

/// Why a pass is made.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Cause {
    /// The phone was switched on or restarts.
    Boot,
    /// Its poll, a NOTIFY, or somebody's wish.
    Resync,
}

/// One request that a pass wants made.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Ask {
    /// `GET`, `PUT` or `POST`.
    pub method: &'static str,
    /// Of what. A login in it is the only one that is sent, see [`Firmware::logins`].
    pub at: Address,
    /// What goes with it.
    pub body: Bytes,
    /// The User-Agent, where it is not the phone's usual one: Poly's updater has its own.
    pub agent: Option<String>,
    /// HTTP/1.0, as Panasonic's `HTTP_VER` may say.
    pub http_10: bool,
    /// Tries, where they are not the phone's usual ones ([`Firmware::attempts`]): Gigaset asks once for a directory.
    pub attempts: Option<u32>,
}

impl Ask {
    /// For a file.
    pub fn get(at: Address) -> Self {
        Self { method: "GET", at, body: Bytes::new(), agent: None, http_10: false, attempts: None }
    }

    /// An upload.
    pub fn put(at: Address, body: impl Into<Bytes>) -> Self {
        Self { method: "PUT", body: body.into(), ..Self::get(at) }
    }

    /// For a file, telling something.
    pub fn post(at: Address, body: impl Into<Bytes>) -> Self {
        Self { method: "POST", body: body.into(), ..Self::get(at) }
    }
}

/// A file as it came.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fetched {
    /// From where.
    pub at: Address,
    /// Its bytes; decrypted, once its pass has done so.
    pub body: Bytes,
    /// The login that came with the request that brought it. Gigaset stores the one that opened a file.
    pub login: Option<Login>,
}

impl Fetched {
    /// MD5 of the body in hexadecimal.
    pub fn md5(&self) -> String {
        Md5::digest(&self.body).iter().fold(String::new(), |hex, byte| hex + &format!("{byte:02x}"))
    }
}

/// What became of one request, after all its tries and logins.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Got {
    /// 200, or any 2xx for what is no GET.
    File(Fetched),
    /// Another answer below 500, 404 most often. Whether that is an error is the brand's business.
    Missing(u16),
    /// 401 to every login that the phone has.
    LoginWanted,
    /// No answer after all tries.
    NoAnswer,
    /// 5xx after all tries.
    Failed,
}

impl Got {
    /// How a pass ends that can do nothing without this; none for a file, and for 404 and its like.
    pub fn stop(&self) -> Option<Ended> {
        match self {
            Self::File(_) | Self::Missing(_) => None,
            Self::LoginWanted => Some(Ended::LoginWanted),
            Self::NoAnswer => Some(Ended::NoAnswer),
            Self::Failed => Some(Ended::Failed),
        }
    }
}

/// What a pass is told.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Came {
    /// It begins.
    Start,
    /// What came of the requests of its last step, in their order.
    All(Vec<Got>),
}

impl Came {
    /// The answer to a step that asked once. None at the start.
    pub fn one(self) -> Option<Got> {
        match self {
            Self::Start => None,
            Self::All(mut all) => all.pop(),
        }
    }
}

/// What a pass wants next.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Step {
    /// These requests; at the same time, if there are several.
    Ask(Vec<Ask>),
    /// Nothing more.
    End(Ended),
}

impl Step {
    /// One request.
    pub fn get(at: Address) -> Self {
        Self::Ask(vec![Ask::get(at)])
    }
}

/// What a pass came to. In the order in which one file's result outdoes another's.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Ended {
    /// The server has no file for this phone. The next server may have.
    NothingThere,
    /// A file is none by the brand's rules.
    Bad,
    /// Every file was the one already applied.
    Unchanged,
    /// At least one file was new and taken.
    Applied,
    /// No answer. The next server may give one.
    NoAnswer,
    /// Busy or broken. The next server may not be.
    Failed,
    /// The server wants a login, or another one.
    LoginWanted,
}

/// The order in which one brand asks one server for its files, as a state machine that does no I/O: it is told what came and says
/// what it wants next. It reads the files by itself and applies them to flash when its brand does: after each, or all together at
/// the end. A pass that ends early leaves in flash what was applied until then, as the phone does.
///
/// ```text
/// next(Start) -> Ask([mac.boot])          next(All([Missing(404)])) -> Ask([common.cfg])
///             … next(All([File(…)])) -> End(Applied)
/// ```
pub trait Pass: Send {
    /// The next step. Called with [`Came::Start`] first, then with what came of each step, until [`Step::End`].
    fn next(&mut self, work: &mut Work<'_>, came: Came) -> Step;
}

/// What a phone does about a NOTIFY.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Told {
    /// Whether it must be proved by a line's SIP login first (401).
    pub challenged: bool,
    /// What happens after the 200.
    pub then: Then,
}

/// What a NOTIFY leads to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Then {
    /// Nothing.
    Nothing,
    /// The phone fetches.
    Fetch,
    /// It restarts, and so fetches if it does at boot.
    Restart,
}

/// What runs in the phones of a brand. All of it decides and nothing of it acts: no sockets, no clock.
pub trait Firmware: Sync {
    // ── what it is ──────────────────────────────────────────────────────────────────────────────────────────────

    /// A phone of a model in the catalogue.
    fn built(&self, model: &brands::Model, mac: Mac, firmware: &str) -> Identity;

    /// The HTTP User-Agent.
    fn user_agent(&self, unit: Unit<'_>) -> String {
        unit.identity.user_agent()
    }

    /// The SIP User-Agent.
    fn sip_user_agent(&self, unit: Unit<'_>) -> String {
        self.user_agent(unit)
    }

    /// Whether there is anything to read for a person. Adapters have lamps.
    fn has_screen(&self, _identity: &Identity) -> bool {
        true
    }

    // ── server and login ────────────────────────────────────────────────────────────────────────────────────────

    /// Server and login as they are stored.
    fn provisioning(&self, unit: Unit<'_>) -> Provisioning;

    /// Somebody types a server's address into menu or web page, or the redirect service tells it; blank takes it away.
    fn store_server(&self, identity: &Identity, flash: &mut Flash, address: &str);

    /// The same for user and password. Brands that keep them inside the address or rule write them there.
    fn store_login(&self, identity: &Identity, flash: &mut Flash, user: &str, password: &Secret<String>);

    /// The maker's redirect service tells the server's address, in whole. By default it is stored as if somebody had typed it.
    fn store_directed(&self, identity: &Identity, flash: &mut Flash, address: &str) {
        self.store_server(identity, flash, address);
    }

    /// Somebody changes any other setting at the phone. Brands where that outlives provisioning use [`Flash::set_by_hand`].
    fn change(&self, _identity: &Identity, flash: &mut Flash, key: &str, value: &str) {
        flash.set(key, value);
    }

    /// Whether DHCP's server comes before the stored one.
    fn heeds_dhcp(&self, _unit: Unit<'_>) -> bool {
        true
    }

    /// Whether it asks its maker's redirect service when it is fresh from the factory: by default if DHCP names no server.
    fn asks_maker(&self, unit: Unit<'_>, network: &Network) -> bool {
        network.dhcp.is_none() || !self.heeds_dhcp(unit)
    }

    /// The servers of a pass, in order: the next one is tried where one has nothing or gives no answer. By default DHCP's while it
    /// is heeded, then the stored one; the redirect service is asked, and what it says stored, while none is. Brands that go back
    /// to redirect or DHCP at every boot (`front_door_sticks`) say so by an order of their own.
    fn servers(&self, work: &mut Work<'_>, network: &Network) -> Vec<Address> {
        let mut servers = Vec::new();
        if let Some(dhcp) = network.dhcp.as_ref().filter(|_| self.heeds_dhcp(work.unit())) {
            work.note(format!("DHCP names the server {}", dhcp.shown()));
            servers.push(dhcp.clone());
        }
        if self.provisioning(work.unit()).url.is_none() {
            self.redirected(work, network);
        }
        servers.extend(self.provisioning(work.unit()).url.and_then(|url| url.parse().ok()));
        servers
    }

    /// Asks the redirect service, and stores server and login that it names.
    fn redirected(&self, work: &mut Work<'_>, network: &Network) {
        let Some((server, login)) = &network.redirect else { return };
        work.note(format!("the redirect service names the server {}", server.shown()));
        self.store_server(work.identity, work.flash, &server.written());
        if let Some(login) = login.as_ref().or(server.login.as_ref()) {
            self.store_login(work.identity, work.flash, &login.user, &login.password);
        }
    }

    // ── fetching ────────────────────────────────────────────────────────────────────────────────────────────────

    /// The order of a pass over one of the servers.
    fn pass(&self, unit: Unit<'_>, server: &Address, cause: Cause) -> Box<dyn Pass>;

    /// The logins that answer a challenge for a file, tried in order: each 401 leads to the next. By default the one in the
    /// file's own address, or else the stored one if the file lies on the phone's own server.
    fn logins(&self, unit: Unit<'_>, at: &Address, server: &Address) -> Vec<Login> {
        let stored = || self.provisioning(unit).login.filter(|_| at.same_server(server));
        at.login.clone().or_else(stored).into_iter().collect()
    }

    /// The weakest scheme that it answers; [`Behaviour::strongest`] is the other end.
    fn weakest(&self) -> Scheme {
        Scheme::Basic
    }

    /// When the login is sent, where a config says it; else [`Behaviour::login_habit`] counts.
    fn login_habit(&self, _unit: Unit<'_>) -> Option<LoginHabit> {
        None
    }

    /// One connection for a pass, where a config says so; else [`Behaviour::keep_alive`] counts.
    fn keep_alive(&self, _unit: Unit<'_>) -> Option<bool> {
        None
    }

    /// Tries for a file within a pass, where brand or config say so; else [`Behaviour::attempts`] counts.
    fn attempts(&self, _unit: Unit<'_>) -> Option<u32> {
        None
    }

    /// Whether a person is asked for user and password after a refused login, as far as [`Behaviour::prompts_for_login`] lets it.
    fn prompts(&self, unit: Unit<'_>) -> bool;

    /// Whether it fetches when it is switched on.
    fn fetches_at_boot(&self, _unit: Unit<'_>) -> bool {
        true
    }

    /// How long until it fetches by itself, if it does; `last` is how its last pass ended since power came.
    fn poll(&self, unit: Unit<'_>, last: Option<Outcome>) -> Option<Duration>;

    // ── what its settings make of it ────────────────────────────────────────────────────────────────────────────

    /// The accounts that are switched on, by slot. An account has a [`Account::hotline`] if all its calls go to one number,
    /// whether the handset's lifting does it or a dial plan.
    fn accounts(&self, unit: Unit<'_>) -> Vec<Account>;

    /// What stands on the display besides the accounts: idle text, keys.
    fn texts(&self, _unit: Unit<'_>) -> Vec<String> {
        Vec::new()
    }

    /// The number that leaves when somebody dials on a line; none if the phone lets it not through. Without digits: what leaves
    /// when the handset is lifted; none if there is only a tone. By default the hotline swallows whatever is dialled.
    fn dials(&self, unit: Unit<'_>, slot: u16, digits: &str) -> Option<String> {
        let hotline = self.accounts(unit).into_iter().find(|account| account.slot == slot).and_then(|account| account.hotline);
        hotline.or_else(|| Some(digits.to_owned()).filter(|digits| !digits.is_empty()))
    }

    /// Whether the settings name this as an emergency number, for [`crate::Dialled::EmergencyCalled`].
    fn is_emergency(&self, _unit: Unit<'_>, _number: &str) -> bool {
        false
    }

    /// What a NOTIFY with this event does that comes to a line; none if the phone knows no such event (489).
    fn told(&self, unit: Unit<'_>, slot: u16, event: &str) -> Option<Told>;

    /// The realm of its challenges.
    fn realm(&self) -> &'static str {
        "phone"
    }
}

impl AgentForm {
    /// The text for one phone: each `{…}` is replaced, the rest stays.
    pub(crate) fn fill(self, identity: &Identity) -> String {
        let mac = identity.mac.to_string();
        let capitals = mac.to_ascii_uppercase();
        let colons = identity.mac.with_colons();
        let fillings = [
            ("{model}", identity.model.as_str()),
            ("{firmware}", &identity.firmware),
            ("{serial}", &identity.serial),
            ("{mac}", &mac),
            ("{MAC}", &capitals),
            ("{mac:}", &colons),
        ];
        fillings.iter().fold(self.0.to_owned(), |text, (mark, filling)| text.replace(mark, filling))
    }
}
