//! The PIN: tries by network, and what the right one clears, as the model has it.

use domain::net::pin_network;
use domain::policy::Policy;
use domain::{Span, Time};
use ipnet::IpNet;

use super::reference::{Model, Tries, Used};
use crate::world::{UNKNOWN, ip};

/// Marks of "last seen" move in steps of this size.
const STEP: Span = Span::minutes(5);

/// How a claim was used: a call costs whoever makes it time, a fetch does not.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Contact {
    Call,
    Fetch,
}

impl Model {
    pub fn call(&mut self, login: usize, address: &'static str, right: bool) {
        let at = self.logins[login].device;
        self.settle(at);
        let known = at < UNKNOWN && !self.devices[at].disabled;
        let network = self.network_of(at, login, address);
        let (now, policy) = (self.now, self.policy(at).clone());
        let until = self.devices[at].tries.get(&network).and_then(|tries| tries.until);
        self.outcome.told = match self.state(at, network) {
            _ if (known && self.devices[at].live.is_some()) || self.lacks(at, login) => "reset needed".to_owned(),
            "blocked" => "blocked".to_owned(),
            "failed" => format!("failed until {:?}", until.expect("a lock ends")),
            _ if right && known => {
                self.devices[at].cleared = None;
                self.note_cleared(at, login, address);
                let device = &mut self.devices[at];
                device.tries.remove(&network);
                device.wrong.clear();
                "right".to_owned()
            }
            _ => {
                self.note(at, login, address, Contact::Call);
                let device = &mut self.devices[at];
                device.wrong.push(now);
                device.blocked = device.wrong.len() >= 30;
                device.tries.entry(network).or_default().count(&policy, now);
                match self.state(at, network) {
                    "needed" => format!("wrong, {} left", policy.pin_tries - self.devices[at].tries[&network].wrong),
                    "failed" => format!("failed until {:?}", now + policy.pin_lock),
                    state => state.to_owned(),
                }
            }
        };
    }

    fn note_cleared(&mut self, at: usize, login: usize, address: &'static str) {
        self.note(at, login, address, Contact::Call);
        self.devices[at].cleared = Some((login, self.now));
    }

    pub fn note(&mut self, at: usize, login: usize, address: &'static str, contact: Contact) {
        let now = self.now;
        let device = &mut self.devices[at];
        if let Some(used) = device.used.iter_mut().find(|used| used.login == login) {
            if now.since(used.seen) >= STEP {
                (used.seen, used.last) = (now, address);
            }
            return;
        }
        if device.used.len() == 8 {
            let kept = [device.cleared.map(|(login, _)| login), device.suspension.and_then(|(_, bound)| bound)];
            let network = |used: &&Used| pin_network(ip(used.first));
            let neighbours = |of: IpNet| device.used.iter().filter(|used| network(used) == of).count();
            let mut others: Vec<&Used> = device.used.iter().filter(|used| !kept.contains(&Some(used.login))).collect();
            others.sort_by_key(|used| used.seen);
            let newcomer = neighbours(pin_network(ip(address))) == 0;
            let goes = others.first().filter(|used| contact == Contact::Call || now.since(used.seen) >= STEP);
            let goes = goes.or_else(|| others.iter().find(|used| newcomer && neighbours(network(used)) > 1)).map(|used| used.login);
            if goes.is_none() && contact == Contact::Fetch {
                return;
            }
            device.used.retain(|used| Some(used.login) != goes);
        }
        device.used.push(Used { login, first: address, last: address, seen: now });
    }

    pub fn state(&self, at: usize, network: IpNet) -> &'static str {
        let device = &self.devices[at];
        let tries = device.tries.get(&network);
        match () {
            () if device.blocked || tries.is_some_and(|tries| tries.blocked) => "blocked",
            () if tries.and_then(|tries| tries.until).is_some_and(|until| until > self.now) => "failed",
            () => "needed",
        }
    }

    pub fn network_of(&self, at: usize, login: usize, address: &str) -> IpNet {
        let first = self.devices[at].used.iter().find(|used| used.login == login).map(|used| used.first);
        pin_network(ip(first.unwrap_or(address)))
    }

    pub fn notice_of_claim(&self, at: usize, login: usize, address: &str) -> &'static str {
        let live = at < UNKNOWN && !self.devices[at].disabled && self.devices[at].live.is_some();
        if live || self.lacks(at, login) { "resetneeded" } else { self.state(at, self.network_of(at, login, address)) }
    }
}

impl Tries {
    fn count(&mut self, policy: &Policy, now: Time) {
        self.wrong += 1;
        if self.wrong >= policy.pin_tries {
            self.wrong = 0;
            self.rounds += 1;
            self.until = Some(now + policy.pin_lock);
            self.blocked = self.rounds >= policy.pin_rounds;
        }
    }
}
