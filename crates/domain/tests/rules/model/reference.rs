//! The rules once more, small and apart from the code under test: sets of things that count, read off the specification.
//!
//! Logins are numbers here. Which claim a number stands for is the test's business.

use std::collections::{BTreeMap, BTreeSet};

use domain::net::handover_network;
use domain::policy::{LoginPolicy, OnUnconfirmed, PinPolicy, Policy};
use domain::{Span, Time};
use ipnet::IpNet;

use super::event::{Event, Fate, Fetch};
use crate::world::{OWNERS, START, UNKNOWN, ip, policy};

/// Who asks. All know the MAC.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Body {
    Owner,
    /// A second phone of the same customer, by mistake under the same name.
    Second,
    Impostor,
    ImpostorWithGlobal,
}

impl Body {
    pub const ALL: [Self; 4] = [Self::Owner, Self::Second, Self::Impostor, Self::ImpostorWithGlobal];

    pub fn knows_global(self) -> bool {
        self != Self::Impostor
    }

    /// Its people know the PIN, and it has a certificate.
    pub fn is_genuine(self) -> bool {
        matches!(self, Self::Owner | Self::Second)
    }
}

/// How a login came to be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Origin {
    /// With a restricted config.
    Restricted,
    /// Handed over; perhaps while a stand-in took the PIN's place.
    HandedOver { stood_in: bool },
    /// Typed by an admin.
    ByHand,
    /// The successor of the live login.
    Successor,
}

/// A login, with what it had proved when it was made.
#[derive(Clone, Copy, Debug)]
pub struct Made {
    pub device: usize,
    pub global: Option<usize>,
    pub certificate: bool,
    /// For a disabled device whose switch was at no.
    pub spent: bool,
    pub origin: Origin,
}

#[derive(Clone, Debug)]
pub struct Global {
    pub reseller: bool,
    pub until: Option<Time>,
    pub revoked: bool,
}

#[derive(Clone, Debug)]
pub struct Window {
    pub network: IpNet,
    pub opened: Time,
    pub ends: Time,
    pub success: Time,
}

#[derive(Clone, Debug)]
pub struct Customer {
    pub policy: Policy,
    pub permanent: Vec<IpNet>,
    pub windows: Vec<Window>,
}

/// A login on its way to a phone.
#[derive(Clone, Debug)]
pub struct Delivery {
    pub login: Option<usize>,
    /// Where it was handed over to; none for a login that an admin granted.
    pub network: Option<IpNet>,
    pub began: Time,
    pub ends: Time,
    pub count: u32,
    pub open: bool,
    pub armed: bool,
    pub second: Option<&'static str>,
    pub two_step: bool,
}

#[derive(Clone, Debug, Default)]
pub struct Tries {
    pub wrong: u32,
    pub rounds: u32,
    pub until: Option<Time>,
    pub blocked: bool,
}

#[derive(Clone, Debug)]
pub struct Used {
    pub login: usize,
    pub first: &'static str,
    pub last: &'static str,
    pub seen: Time,
}

#[derive(Clone, Debug, Default)]
pub struct Device {
    pub customer: usize,
    pub disabled: bool,
    pub reset_at: Option<Time>,
    pub switch: bool,
    pub live: Option<usize>,
    pub due: Option<Time>,
    pub old: Vec<(usize, Time)>,
    /// Claims made since the last reset, take-up and beginning of a hand-over.
    pub earned: BTreeSet<usize>,
    pub delivery: Option<Delivery>,
    pub cleared: Option<(usize, Time)>,
    pub used: Vec<Used>,
    pub tries: BTreeMap<IpNet, Tries>,
    pub wrong: Vec<Time>,
    pub blocked: bool,
    pub suspension: Option<(Time, Option<usize>)>,
}

/// What an event is expected to lead to.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Outcome {
    /// The answer or the voice in words.
    pub told: String,
    /// The number of the login that comes with it.
    pub login: Option<usize>,
}

/// What is known of the whole platform.
#[derive(Clone, Debug)]
pub struct Model {
    pub now: Time,
    pub customers: [Customer; 2],
    pub devices: Vec<Device>,
    pub globals: Vec<Global>,
    pub logins: Vec<Made>,
    kept: BTreeMap<Body, Vec<usize>>,
    pub outcome: Outcome,
}

impl Model {
    pub fn new(policies: [Policy; 2]) -> Self {
        let device = |customer| Device { customer, switch: true, ..Device::default() };
        let global = |reseller| Global { reseller, until: None, revoked: false };
        Self {
            now: START,
            customers: policies.map(|policy| Customer { policy, permanent: Vec::new(), windows: Vec::new() }),
            devices: OWNERS.iter().map(|owner| device(*owner)).chain([device(0)]).collect(),
            globals: vec![global(false), global(false), global(true)],
            logins: Vec::new(),
            kept: BTreeMap::new(),
            outcome: Outcome::default(),
        }
    }

    pub fn kept(&self, body: Body) -> &[usize] {
        self.kept.get(&body).map_or(&[], Vec::as_slice)
    }

    pub fn customer(&self, device: usize) -> &Customer {
        &self.customers[self.devices[device].customer]
    }

    pub fn policy(&self, device: usize) -> &Policy {
        &self.customer(device).policy
    }

    pub fn happens(&mut self, event: &Event) {
        self.outcome = Outcome::default();
        match event {
            Event::Fetch(fetch) => self.fetch(fetch),
            Event::Call { login, address, right } => self.call(*login, address, *right),
            Event::Wait(span) => self.now = self.now + *span,
            Event::Reset(device) => self.reset(*device),
            Event::Suspend { device, pick } => self.suspend(*device, *pick),
            Event::EndSuspension(device) => self.devices[*device].suspension = None,
            Event::Allow { device, allow } => self.allow(*device, *allow),
            Event::SetByHand(device) => self.grant(*device, false),
            Event::Rotate(device) if self.devices[*device].live.is_some() => self.grant(*device, true),
            Event::Rotate(_) => self.outcome.told.push_str("refused"),
            Event::AllowSecondClaimant(device) => self.allow_second(*device),
            Event::Move { device, customer } => {
                if self.devices[*device].customer != *customer {
                    self.reset(*device);
                    self.devices[*device].customer = *customer;
                }
            }
            Event::Disable { device, disabled } => self.devices[*device].disabled = *disabled,
            Event::Policy { customer, words } => {
                let changed = policy(words);
                for (key, _) in words.split_whitespace().filter_map(|word| word.split_once('=')) {
                    let value = changed.value(key).expect("a key of the policy");
                    self.customers[*customer].policy.set(key, &value).expect("a value of it");
                }
            }
            Event::Trust { customer, network, trusted } => {
                let network = network.parse().expect("a network");
                let permanent = &mut self.customers[*customer].permanent;
                permanent.retain(|known| *known != network);
                permanent.extend(trusted.then_some(network));
            }
            Event::CloseWindows(customer) => self.customers[*customer].windows.clear(),
            Event::Revoke(global) => self.globals[*global].revoked = true,
            Event::Expire(global) => self.globals[*global].until = Some(self.now + Span::seconds(90)),
            Event::Issue => self.globals.push(Global { reseller: false, until: None, revoked: false }),
        }
    }

    fn fetch(&mut self, fetch: &Fetch) {
        let before = self.clone();
        if fetch.device < UNKNOWN && !self.devices[fetch.device].disabled {
            self.settle(fetch.device);
        }
        let (told, login) = self.answer(fetch);
        // A HEAD is told the same and begins nothing; a node that died has told nobody.
        if !fetch.get || fetch.fate == Fate::Crash {
            *self = before;
            let number = login.map(|login| login.min(self.logins.len()));
            self.outcome = Outcome { told, login: number };
            return;
        }
        self.outcome = Outcome { told, login };
        if let (Some(login), Fate::Kept) = (login, fetch.fate) {
            let kept = self.kept.entry(fetch.body).or_default();
            kept.retain(|known| *known != login);
            kept.push(login);
        }
    }

    pub fn make(&mut self, made: Made) -> usize {
        self.logins.push(made);
        self.logins.len() - 1
    }

    pub fn settle(&mut self, at: usize) {
        let (now, burn) = (self.now, self.policy(at).on_unconfirmed == OnUnconfirmed::Burn);
        let device = &mut self.devices[at];
        if let Some(delivery) =
            device.delivery.as_mut().filter(|delivery| delivery.open && delivery.network.is_some() && delivery.ends <= now)
        {
            delivery.open = false;
            if delivery.armed {
                device.switch = !burn;
            }
        }
        device.old.retain(|(_, until)| *until > now);
        device.suspension = device.suspension.filter(|(until, _)| *until > now);
        device.wrong.retain(|at| now.since(*at) < Span::hours(24));
    }

    fn reset(&mut self, at: usize) {
        let now = self.now;
        let device = &mut self.devices[at];
        let cleared = device.cleared.map(|(login, _)| login);
        device.used.retain(|used| now.since(used.seen) < Span::hours(1) || Some(used.login) == cleared);
        *device = Device {
            customer: device.customer,
            disabled: device.disabled,
            reset_at: Some(now),
            switch: true,
            used: std::mem::take(&mut device.used),
            ..Device::default()
        };
    }

    fn suspend(&mut self, at: usize, pick: Option<&'static str>) {
        self.settle(at);
        let now = self.now;
        let until = now + self.policy(at).suspend;
        let device = &mut self.devices[at];
        let in_use: Vec<&Used> = device.used.iter().filter(|used| now.since(used.seen) < Span::hours(1)).collect();
        let bound = match (pick, in_use.as_slice()) {
            (None, []) => Ok(None),
            (None, [one]) => Ok(Some(one.login)),
            (None, _) => Err(()),
            (Some(pick), _) => {
                in_use.iter().filter(|used| used.last == pick).max_by_key(|used| used.seen).map(|used| Some(used.login)).ok_or(())
            }
        };
        match bound {
            Ok(bound) => device.suspension = Some((until, bound)),
            Err(()) => self.outcome.told.push_str("refused"),
        }
    }

    fn allow(&mut self, at: usize, allow: bool) {
        self.settle(at);
        let device = &mut self.devices[at];
        device.switch = allow;
        if let Some(delivery) = device.delivery.as_mut().filter(|delivery| delivery.network.is_some()) {
            delivery.open = false;
        }
    }

    fn allow_second(&mut self, at: usize) {
        let now = self.now;
        let device = &mut self.devices[at];
        let waits = |delivery: &&mut Delivery| delivery.open && delivery.ends > now && delivery.second.is_some();
        let Some(delivery) = device.delivery.as_mut().filter(waits) else {
            self.outcome.told.push_str("refused");
            return;
        };
        // The other network's body gets a login of its own; the first one's ends.
        delivery.network = delivery.second.take().map(|address| handover_network(ip(address)));
        delivery.count = 0;
        let first = delivery.login.take();
        device.earned.clear();
        if let Some((_, bound)) = &mut device.suspension {
            *bound = bound.filter(|bound| Some(*bound) != first);
        }
    }

    /// A login that an admin gives: typed by hand, or the successor of the live one.
    fn grant(&mut self, at: usize, rotation: bool) {
        self.settle(at);
        let origin = if rotation { Origin::Successor } else { Origin::ByHand };
        let login = self.make(Made { device: at, global: None, certificate: false, spent: false, origin });
        let now = self.now;
        let device = &mut self.devices[at];
        device.earned.clear();
        if !rotation || device.delivery.as_ref().is_some_and(|delivery| delivery.open && delivery.armed) {
            device.switch = false;
        }
        if !rotation {
            self.kept.entry(Body::Owner).or_default().push(login);
        }
        let device = &mut self.devices[at];
        device.delivery = Some(Delivery {
            login: Some(login),
            network: None,
            began: now,
            ends: now,
            count: 0,
            open: false,
            armed: false,
            second: None,
            two_step: false,
        });
        self.outcome.login = Some(login);
    }
}

pub fn asks_login(policy: &Policy) -> bool {
    policy.login == LoginPolicy::Required || policy.pin == PinPolicy::Off
}

pub fn asks_pin(policy: &Policy) -> bool {
    policy.pin == PinPolicy::Required
}

/// The window for retries of the world's brand: it tries again after 30 seconds.
pub fn retry_window(policy: &Policy) -> Span {
    if policy.retry_window == Span::ZERO { Span::ZERO } else { policy.retry_window.max(Span::seconds(330)) }
}
