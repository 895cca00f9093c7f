//! What can happen, and how it is generated.

use domain::Span;
use domain::admission::Door;
use domain::policy::Policy;
use proptest::prelude::*;
use proptest::sample::select;

use super::reference::{Body, Model};
use crate::world::{ADDRESSES, AWAY, NEXT_DOOR, OFFICE, OWNERS, UNKNOWN, policy};

/// One step of a history.
#[derive(Clone, Debug)]
pub enum Event {
    Fetch(Fetch),
    Call { login: usize, address: &'static str, right: bool },
    Wait(Span),
    Reset(usize),
    Suspend { device: usize, pick: Option<&'static str> },
    EndSuspension(usize),
    Allow { device: usize, allow: bool },
    SetByHand(usize),
    Rotate(usize),
    AllowSecondClaimant(usize),
    Move { device: usize, customer: usize },
    Disable { device: usize, disabled: bool },
    Policy { customer: usize, words: &'static str },
    Trust { customer: usize, network: &'static str, trusted: bool },
    CloseWindows(usize),
    Revoke(usize),
    Expire(usize),
    Issue,
}

/// A request, by one of the bodies that know this device's MAC.
#[expect(clippy::struct_excessive_bools, reason = "a request is made of independent yes-or-no facts")]
#[derive(Clone, Debug)]
pub struct Fetch {
    pub body: Body,
    pub device: usize,
    pub door: Door,
    pub carrier: bool,
    pub get: bool,
    pub address: &'static str,
    pub show: Show,
    pub certificate: bool,
    pub ignores_challenges: bool,
    /// Over plain HTTP, where files leave encrypted only.
    pub sealed: bool,
    pub fate: Fate,
}

/// What the request shows: a global login or a kept one by its number.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Show {
    Nothing,
    Stale,
    Wrong,
    Global(usize),
    Login(usize),
}

/// What becomes of decision and answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fate {
    /// Saved, sent, and kept by the phone.
    Kept,
    /// Saved, and lost on the way.
    Lost,
    /// The node died before it saved.
    Crash,
}

/// Networks that an admin may come to trust.
pub const NETWORKS: [&str; 3] = ["192.0.2.0/24", "198.51.100.0/24", "2001:db8:1:1::/64"];

const CHANGES: [&str; 17] = [
    "login=required pin=off",
    "login=none pin=required",
    "login=required pin=required",
    "certificate=off",
    "certificate=accept",
    "certificate=require",
    "handover=one-step",
    "handover=two-step",
    "retry_window=15m",
    "retry_window=0s",
    "retry_window=2m",
    "retry_files=2",
    "trust_live=all",
    "trust_live=permanent",
    "trust_live=none",
    "temporary_trust=after-pin",
    "temporary_trust=after-own-login",
];

/// The policies that a history begins with. `on_unconfirmed` stays as it is: it is read when a window's end is noticed, not when it comes.
pub fn policies() -> impl Strategy<Value = [Policy; 2]> {
    let one = || {
        let factors = select(&["login=required pin=off", "login=none pin=required", "login=required pin=required"][..]);
        let others = select(
            &["", "", "", "handover=two-step", "certificate=accept", "certificate=require", "handover=two-step", "on_unconfirmed=rearm"][..],
        );
        (factors, others).prop_map(|(factors, others)| policy(&format!("{factors} {others}")))
    };
    [one(), one()]
}

/// The next event of a history that has come as far as this.
pub fn next(model: &Model) -> BoxedStrategy<Event> {
    let known = 0..OWNERS.len();
    let device = prop_oneof![8 => Just(0), 1 => Just(1), 1 => Just(2)];
    let switch = (device.clone(), any::<bool>());
    prop_oneof![
        12 => plain(model),
        16 => fetches(model),
        20 => comebacks(model),
        10 => calls(model),
        10 => select(&[1, 61, 301, 961, 961, 1801, 7200, 32_400, 90_000, 260_000][..]).prop_map(|seconds| Event::Wait(Span::seconds(seconds))),
        2 => device.clone().prop_map(Event::Reset),
        2 => (device.clone(), proptest::option::of(select(&ADDRESSES[..]))).prop_map(|(device, pick)| Event::Suspend { device, pick }),
        1 => known.clone().prop_map(Event::EndSuspension),
        3 => switch.prop_map(|(device, allow)| Event::Allow { device, allow }),
        2 => device.clone().prop_map(Event::SetByHand),
        3 => device.clone().prop_map(Event::Rotate),
        1 => device.prop_map(Event::AllowSecondClaimant),
        1 => (known.clone(), 0..2usize).prop_map(|(device, customer)| Event::Move { device, customer }),
        1 => (known, any::<bool>()).prop_map(|(device, disabled)| Event::Disable { device, disabled }),
        4 => (0..2usize, select(&CHANGES[..])).prop_map(|(customer, words)| Event::Policy { customer, words }),
        2 => (0..2usize, select(&NETWORKS[..]), any::<bool>())
            .prop_map(|(customer, network, trusted)| Event::Trust { customer, network, trusted }),
        1 => (0..2usize).prop_map(Event::CloseWindows),
        1 => (0..model.globals.len()).prop_map(Event::Revoke),
        1 => (0..model.globals.len()).prop_map(Event::Expire),
        1 => Just(Event::Issue),
    ]
    .boxed()
}

/// Whether an event still makes sense, after others before it were left out.
pub fn makes_sense(model: &Model, event: &Event) -> bool {
    match event {
        Event::Fetch(fetch) => match fetch.show {
            Show::Login(login) => login < model.logins.len(),
            Show::Global(global) => global < model.globals.len(),
            Show::Nothing | Show::Stale | Show::Wrong => true,
        },
        Event::Call { login, .. } => *login < model.logins.len(),
        Event::Revoke(global) | Event::Expire(global) => *global < model.globals.len(),
        _ => true,
    }
}

fn fates() -> impl Strategy<Value = Fate> + Clone {
    prop_oneof![8 => Just(Fate::Kept), 1 => Just(Fate::Lost), 1 => Just(Fate::Crash)]
}

fn addresses() -> impl Strategy<Value = &'static str> + Clone {
    prop_oneof![2 => Just(OFFICE), 3 => select(&ADDRESSES[..])]
}

/// What honest phones do all day: the first device's asks with a global login or none.
fn plain(model: &Model) -> impl Strategy<Value = Event> + use<> {
    let show = prop_oneof![3 => (0..model.globals.len()).prop_map(Show::Global), 1 => Just(Show::Nothing)];
    let bodies = select(&[Body::Owner, Body::Owner, Body::Second, Body::ImpostorWithGlobal][..]);
    let address = select(&[OFFICE, OFFICE, NEXT_DOOR, AWAY][..]);
    (bodies, show, address, fates()).prop_map(|(body, show, address, fate)| {
        let (door, carrier, get) = (Door::Front, true, true);
        let (certificate, ignores_challenges) = (false, false);
        Event::Fetch(Fetch { body, device: 0, door, carrier, get, address, show, certificate, ignores_challenges, sealed: false, fate })
    })
}

/// First contacts: what a body shows that holds no login of the device.
fn fetches(model: &Model) -> impl Strategy<Value = Event> + use<> {
    let globals = model.globals.len();
    let show = prop_oneof![
        4 => Just(Show::Nothing),
        1 => Just(Show::Stale),
        1 => Just(Show::Wrong),
        8 => (0..globals).prop_map(Show::Global),
    ];
    let device = prop_oneof![8 => Just(0), 3 => Just(1), 3 => Just(2), 2 => Just(UNKNOWN)];
    let door = prop_oneof![10 => Just(Door::Front), 1 => Just(Door::Bare), 1 => Just(Door::Own)];
    let rare = || proptest::bool::weighted(0.15);
    (select(&Body::ALL[..]), device, door, show, addresses(), fates(), (rare(), rare(), rare(), rare(), rare())).prop_map(
        |(body, device, door, show, address, fate, (certificate, head, ignores_challenges, other_file, sealed))| {
            let show = if matches!(show, Show::Global(_)) && !body.knows_global() { Show::Wrong } else { show };
            let certificate = certificate && body.is_genuine() && door != Door::Bare && !sealed;
            let (carrier, get) = (!other_file, !head);
            Event::Fetch(Fetch { body, device, door, carrier, get, address, show, certificate, ignores_challenges, sealed, fate })
        },
    )
}

/// A body comes back with a login that it kept, to the door of that login or to the front door, or tries it at another phone's name.
fn comebacks(model: &Model) -> BoxedStrategy<Event> {
    let kept: Vec<(Body, usize)> =
        Body::ALL.iter().flat_map(|body| model.kept(*body).iter().rev().take(6).map(|login| (*body, *login))).collect();
    if kept.is_empty() {
        return Just(Event::Wait(Span::seconds(30))).boxed();
    }
    let devices: Vec<usize> = model.logins.iter().map(|login| login.device).collect();
    let rare = || proptest::bool::weighted(0.1);
    (select(kept), addresses(), fates(), rare(), rare(), rare(), rare(), rare())
        .prop_map(move |((body, login), address, fate, front, head, elsewhere, certificate, sealed)| {
            let device = if elsewhere { (devices[login] + 1) % (UNKNOWN + 1) } else { devices[login] };
            Event::Fetch(Fetch {
                body,
                device,
                door: if front { Door::Front } else { Door::Own },
                carrier: true,
                get: !head,
                address,
                show: Show::Login(login),
                certificate: certificate && body.is_genuine() && !sealed,
                ignores_challenges: false,
                sealed,
                fate,
            })
        })
        .boxed()
}

fn calls(model: &Model) -> BoxedStrategy<Event> {
    let kept: Vec<(Body, usize)> = Body::ALL.iter().flat_map(|body| model.kept(*body).iter().map(|login| (*body, *login))).collect();
    if kept.is_empty() {
        return Just(Event::Wait(Span::seconds(90))).boxed();
    }
    (select(kept), addresses(), any::<bool>())
        .prop_map(|((body, login), address, right)| Event::Call { login, address, right: right && body.is_genuine() })
        .boxed()
}
