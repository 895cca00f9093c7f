//! What happened so far, as far as the invariants of section 9 speak of it. Read off events and answers, never off the device.

use std::collections::BTreeSet;
use std::net::IpAddr;

use domain::admission::Decision;
use domain::login::Login;
use domain::net::site_network;
use domain::pin::{Caller, Stranger};
use domain::policy::{OnUnconfirmed, Policy};
use domain::reason::Reason;
use domain::{Span, Time};
use ipnet::IpNet;

use super::event::{Event, Fate, Fetch, Show};
use super::reference::{asks_pin, retry_window};
use crate::world::{OWNERS, World, ip};

/// One event, with the platform before and after it.
pub struct Step<'a> {
    pub event: &'a Event,
    pub before: &'a World,
    pub after: &'a World,
    pub told: &'a str,
    pub decision: Option<&'a Decision>,
    /// The number of the login that the answer carried.
    pub served: Option<usize>,
    pub logins: &'a [Login],
}

impl Step<'_> {
    /// The device that the event is about, if somebody added it.
    pub fn device(&self) -> Option<usize> {
        let device = match self.event {
            Event::Fetch(fetch) => fetch.device,
            Event::Call { login, .. } => OWNERS.len().min(self.owner(*login)),
            Event::Reset(device)
            | Event::Suspend { device, .. }
            | Event::EndSuspension(device)
            | Event::Allow { device, .. }
            | Event::SetByHand(device)
            | Event::Rotate(device)
            | Event::AllowSecondClaimant(device)
            | Event::Move { device, .. }
            | Event::Disable { device, .. } => *device,
            _ => return None,
        };
        Some(device).filter(|device| *device < OWNERS.len())
    }

    fn owner(&self, login: usize) -> usize {
        let mac = self.logins[login].claim.mac;
        (0..OWNERS.len()).find(|device| self.after.mac(*device) == mac).unwrap_or(OWNERS.len())
    }

    /// The fetch, if its decision was saved and its answer was more than headers.
    pub fn delivered(&self) -> Option<(&Fetch, &Decision)> {
        match (self.event, self.decision) {
            (Event::Fetch(fetch), Some(decision)) if fetch.get && fetch.fate != Fate::Crash => Some((fetch, decision)),
            _ => None,
        }
    }
}

/// What was shown when a login was made.
#[derive(Clone, Copy, Debug)]
pub struct Ground {
    pub device: usize,
    pub global: Option<usize>,
    pub certificate: bool,
    /// The device was disabled, and what was shown for it was used up.
    pub spent: bool,
}

/// One device's past.
pub struct Past {
    /// The global login was used up: by take-up, by the end of a window, or by an admin.
    pub spent: bool,
    /// A window that the global login opened: since when, until when.
    window: Option<(Time, Time)>,
    /// Logins that came with an answer to a spent global login.
    pub tainted: BTreeSet<usize>,
    pub reset_at: Option<Time>,
    /// Logins from before that reset, unless taken up since.
    pub before_reset: BTreeSet<usize>,
    pub cleared: Option<(usize, Time)>,
    due: Option<Time>,
    pub live: Option<usize>,
    pub grace: Vec<(usize, Time)>,
    pub suspended: Option<Time>,
    /// A login that an admin gave and that is not taken up.
    pub given: Option<usize>,
    /// Logins handed over while a stand-in served the device.
    pub stood: BTreeSet<usize>,
    /// Logins handed over in one step, or given by an admin: of these only the last one counts.
    pub given_out: BTreeSet<usize>,
    /// The same tries, made by a phone that nobody added; none while the two cannot be compared.
    pub double: Option<Stranger>,
}

impl Default for Past {
    fn default() -> Self {
        Self {
            spent: false,
            window: None,
            tainted: BTreeSet::new(),
            reset_at: None,
            before_reset: BTreeSet::new(),
            cleared: None,
            due: None,
            live: None,
            grace: Vec::new(),
            suspended: None,
            given: None,
            stood: BTreeSet::new(),
            given_out: BTreeSet::new(),
            double: Some(Stranger::new()),
        }
    }
}

impl Past {
    /// Whether that login was the own one, or a former one in its grace.
    pub fn owns(&self, login: usize, now: Time) -> bool {
        self.live == Some(login) || self.grace.iter().any(|(old, until)| *old == login && *until > now)
    }
}

/// Everything that happened.
#[derive(Default)]
pub struct History {
    pub devices: [Past; 3],
    pub grounds: Vec<Ground>,
    /// Sites where a phone cleared by PIN fetched its full config: whose, where, and when the PIN was right.
    pub opened: Vec<(usize, IpNet, Time)>,
}

impl History {
    /// Whether anything could stand in for the PIN there; rather too often than too seldom.
    pub fn stands_in(&self, world: &World, device: usize, address: IpAddr) -> bool {
        let suspended = self.devices[device].suspended.is_some_and(|until| until > world.now);
        suspended || self.trusted(world, device, address)
    }

    /// The same without suspensions.
    pub fn trusted(&self, world: &World, device: usize, address: IpAddr) -> bool {
        let permanent = world.customer(device).trust.permanent.iter().any(|network| network.contains(&address));
        permanent || self.opened_for(world, device, address)
    }

    /// Whether a PIN, right since the device's last reset, opened a window there.
    pub fn opened_for(&self, world: &World, device: usize, address: IpAddr) -> bool {
        let customer = customer_of(world, device);
        let reset = self.devices[device].reset_at;
        self.opened
            .iter()
            .any(|(whose, site, success)| *whose == customer && site.contains(&address) && reset.is_none_or(|reset| *success > reset))
    }

    /// Lets time pass.
    pub fn pass(&mut self, world: &World) {
        for (device, past) in self.devices.iter_mut().enumerate() {
            past.pass(world.now, &world.customer(device).policy);
        }
    }

    pub fn remember(&mut self, step: &Step<'_>) {
        while self.grounds.len() < step.logins.len() {
            let made = made(step);
            let spent = self.devices.get(made.device).is_some_and(|past| past.spent && step.before.devices[made.device].disabled);
            self.grounds.push(Ground { spent, ..made });
        }
        let now = step.after.now;
        let Some(device) = step.device() else { return };
        let past = &mut self.devices[device];
        match step.event {
            Event::Fetch(_) => self.remember_fetch(device, step),
            Event::Call { login, .. } if step.told == "right" => {
                past.cleared = Some((*login, now));
                past.double = None;
            }
            Event::Reset(_) => self.reset(device, step),
            Event::Move { .. } if step.before.devices[device].place != step.after.devices[device].place => self.reset(device, step),
            Event::Suspend { .. } if step.told.is_empty() => {
                past.suspended = Some(now + step.after.customer(device).policy.suspend);
                // The claim that an admin picked is kept longer than another phone's.
                past.double = None;
            }
            Event::EndSuspension(_) => past.suspended = None,
            Event::Allow { allow, .. } => (past.spent, past.window) = (!allow, None),
            Event::SetByHand(_) => {
                (past.spent, past.window, past.given) = (true, None, step.served);
                past.given_out.extend(step.served);
            }
            Event::Rotate(_) if step.told.is_empty() => {
                past.given = step.served;
                past.given_out.extend(step.served);
            }
            _ => {}
        }
    }

    fn remember_fetch(&mut self, device: usize, step: &Step<'_>) {
        let Some((fetch, decision)) = step.delivered() else { return };
        let (now, address) = (step.after.now, ip(fetch.address));
        let customer = customer_of(step.after, device);
        let policy = &step.after.customer(device).policy;
        let past = &mut self.devices[device];
        if let (Show::Global(_), true, Some(login)) = (fetch.show, past.spent, step.served) {
            past.tainted.insert(login);
        }
        let enabled = !step.before.devices[device].disabled;
        match fetch.show {
            Show::Login(login) if past.owns(login, now) && enabled => {
                let due = past.due.take_if(|_| past.live == Some(login));
                self.opened.extend(due.map(|due| (customer, site_network(address), due)));
            }
            Show::Login(login) if step.told == "FULL" && step.served == Some(login) => {
                let success = past.cleared.filter(|(cleared, _)| *cleared == login && asks_pin(policy)).map(|(_, when)| when);
                past.take_up(login, success, now);
                self.opened.extend(success.map(|success| (customer, site_network(address), success)));
            }
            Show::Login(login) if step.told.starts_with("restricted") && step.served == Some(login) => {
                let caller = Caller { claim: step.logins[login].claim, address, model: "yealink/T46S" };
                past.double.iter_mut().filter(|_| enabled).for_each(|double| double.note_use(caller, now));
            }
            _ => past.hand_over(fetch, decision, step, policy, now),
        }
    }

    fn reset(&mut self, device: usize, step: &Step<'_>) {
        let owned = self.grounds.iter().enumerate().filter(|(_, ground)| ground.device == device).map(|(login, _)| login);
        let tainted = std::mem::take(&mut self.devices[device].tainted);
        let before_reset = owned.collect();
        // A double that saw the same fetches.
        let mut double = Stranger::new();
        for used in &step.after.devices[device].auth.used {
            double.note_use(Caller { claim: used.claim, address: used.address, model: &used.model }, used.last_seen);
        }
        let (reset_at, double) = (Some(step.after.now), Some(double));
        let given_out = std::mem::take(&mut self.devices[device].given_out);
        self.devices[device] = Past { tainted, reset_at, before_reset, given_out, double, ..Past::default() };
    }
}

impl Past {
    /// A window that ends unused spends the global login, unless the policy says otherwise.
    fn pass(&mut self, now: Time, policy: &Policy) {
        if self.window.is_some_and(|(_, ends)| ends <= now) {
            self.window = None;
            self.spent |= policy.on_unconfirmed == OnUnconfirmed::Burn;
        }
    }

    fn take_up(&mut self, login: usize, success: Option<Time>, now: Time) {
        let mut grace = std::mem::take(&mut self.grace);
        grace.retain(|(_, until)| *until > now);
        grace.extend(self.live.map(|old| (old, now + Span::minutes(15))));
        // Every table has a cap: the fifth change within a quarter of an hour ends the first one's grace.
        let surplus = grace.len().saturating_sub(4);
        grace.drain(..surplus);
        let mut before_reset = std::mem::take(&mut self.before_reset);
        before_reset.remove(&login);
        *self = Self {
            spent: true,
            tainted: std::mem::take(&mut self.tainted),
            given_out: std::mem::take(&mut self.given_out),
            reset_at: self.reset_at,
            before_reset,
            due: success,
            live: Some(login),
            grace,
            double: None,
            ..Self::default()
        };
    }

    /// A full config, or the way to it, for a body that showed no claim of its own.
    fn hand_over(&mut self, fetch: &Fetch, decision: &Decision, step: &Step<'_>, policy: &Policy, now: Time) {
        let (full, Some(login)) = (step.told == "FULL", step.served) else { return };
        if !full && step.told != "signpost" {
            return;
        }
        if matches!(decision.reason, Reason::Suspended | Reason::TrustedPermanent | Reason::TrustedTemporary) {
            self.stood.insert(login);
        }
        if full {
            self.given_out.insert(login);
        }
        self.given = None;
        let lasts = retry_window(policy);
        if !matches!(fetch.show, Show::Global(_)) || self.spent {
            return;
        }
        if lasts == Span::ZERO {
            self.spent = true;
            return;
        }
        let began = self.window.map_or(now, |(began, _)| began);
        self.window = Some((began, (now + lasts).min(began + Span::hours(24))));
    }
}

fn made(step: &Step<'_>) -> Ground {
    match step.event {
        Event::Fetch(fetch) => Ground {
            device: fetch.device,
            global: if let Show::Global(global) = fetch.show { Some(global) } else { None },
            certificate: fetch.certificate,
            spent: false,
        },
        event => {
            let (Event::SetByHand(device) | Event::Rotate(device)) = event else { unreachable!("{event:?} makes no login") };
            Ground { device: *device, global: None, certificate: false, spent: false }
        }
    }
}

/// Which customer a device stands with.
pub fn customer_of(world: &World, device: usize) -> usize {
    let place = world.devices[device].place;
    world.customers.iter().position(|customer| customer.place == place).expect("every device stands with a customer")
}
