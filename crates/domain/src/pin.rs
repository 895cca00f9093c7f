//! The phone authentication PIN: who may try it, how often, and what it clears (authentication.md section 6).

use std::net::IpAddr;

use ipnet::IpNet;
use serde::{Deserialize, Serialize};

use crate::chance::Chance;
use crate::claim::Claim;
use crate::device::{Auth, Device, State};
use crate::effect::{Effect, Event};
use crate::grounds::missing_factor;
use crate::limits::{TRY_NETWORKS_MAX, WRONG_PIN_MEMORY, WRONG_PINS_EVERYWHERE_MAX};
use crate::login::GlobalLogin;
use crate::policy::Policy;
use crate::secret::Secret;
use crate::tenancy::Place;
use crate::time::Time;

/// Six digits, cryptographically random.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Pin(#[serde(with = "crate::secret::sealed")] Secret<String>);

/// Digits in a PIN.
pub const PIN_DIGITS: usize = 6;

impl Pin {
    /// A new one.
    pub fn new(chance: &mut dyn Chance) -> Self {
        Self(Secret::new(format!("{:06}", chance.below(1_000_000))))
    }

    /// The digits. Showing them to anybody is audited by the caller.
    pub fn reveal(&self) -> &str {
        self.0.expose()
    }

    fn matches(&self, digits: &str) -> bool {
        self.0.matches(digits)
    }
}

/// Wrong PINs from one network.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Tries {
    /// The network of the calling claim.
    pub network: IpNet,
    /// The address that tried last.
    pub address: IpAddr,
    /// Wrong PINs in a row.
    pub wrong: u32,
    /// Rounds of them.
    pub rounds: u32,
    /// Locked until then.
    pub failed_until: Option<Time>,
    /// Locked until a reset.
    pub blocked: bool,
    /// The latest wrong PIN.
    pub last: Time,
}

impl Tries {
    /// The state that this network is in.
    pub fn state(&self, now: Time) -> State {
        match self.failed_until {
            _ if self.blocked => State::Blocked,
            Some(until) if now < until => State::Failed,
            _ => State::Needed,
        }
    }

    fn new(network: IpNet, address: IpAddr, now: Time) -> Self {
        Self { network, address, wrong: 0, rounds: 0, failed_until: None, blocked: false, last: now }
    }

    /// One more wrong PIN; returns the state it led to.
    fn count(&mut self, policy: &Policy, address: IpAddr, now: Time) -> State {
        self.address = address;
        self.last = now;
        self.wrong += 1;
        if self.wrong < policy.pin_tries {
            return State::Needed;
        }
        self.wrong = 0;
        self.rounds += 1;
        if self.rounds >= policy.pin_rounds {
            self.blocked = true;
            return State::Blocked;
        }
        self.failed_until = Some(now + policy.pin_lock);
        State::Failed
    }
}

/// Who keys in a PIN.
#[derive(Clone, Copy, Debug)]
pub struct Caller<'a> {
    /// The claim whose digest proved the call.
    pub claim: Claim,
    /// Where the call came from.
    pub address: IpAddr,
    /// Brand and model that the phone showed.
    pub model: &'a str,
}

/// What the voice says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PinAnswer {
    /// Right: the claim is cleared.
    Right,
    /// Wrong, with the tries left before a lock.
    Wrong {
        /// Tries left.
        left: u32,
    },
    /// Locked for a while.
    Failed {
        /// Until when.
        until: Time,
    },
    /// Locked until a reset.
    Blocked,
    /// Only a reset helps: the device is live, or a factor is missing.
    ResetNeeded,
    /// Not six digits: no try.
    NoTry,
}

/// The answer, the device if it changed, and what follows.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PinDecision {
    /// What the voice says.
    pub answer: PinAnswer,
    /// The device, if it changed.
    pub device: Option<Device>,
    /// What follows.
    pub effects: Vec<Effect>,
}

/// A PIN keyed in by a device's caller.
pub fn enter(device: &Device, caller: Caller<'_>, digits: &str, policy: &Policy, globals: &[GlobalLogin], now: Time) -> PinDecision {
    let told = |answer| PinDecision { answer, device: None, effects: Vec::new() };
    if !is_six_digits(digits) {
        return told(PinAnswer::NoTry);
    }
    let mut next = device.clone();
    let auth = &mut next.auth;
    auth.settle(policy, now);
    if let Some(answer) = refused(auth, known_place(device), caller, policy, globals, now) {
        return told(answer);
    }
    let network = auth.claim_network(&caller.claim, caller.address);
    let (answer, effects) = if !device.disabled && auth.pin.as_ref().is_some_and(|pin| pin.matches(digits)) {
        (PinAnswer::Right, clear(auth, caller, network, now))
    } else {
        auth.note_use(caller.claim, caller.address, caller.model, now);
        count_wrong(auth, network, caller.address, policy, now)
    };
    PinDecision { answer, device: Some(next), effects }
}

/// What a caller hears before the prompt: nothing, or why no PIN is taken now.
pub fn standing(device: &Device, caller: Caller<'_>, policy: &Policy, globals: &[GlobalLogin], now: Time) -> Option<PinAnswer> {
    let mut auth = device.auth.clone();
    auth.settle(policy, now);
    refused(&auth, known_place(device), caller, policy, globals, now)
}

/// The tries of a MAC that nobody has added: the same dialogue, the same states, and no PIN that is ever right.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Stranger(Auth);

impl Stranger {
    /// A phone that was never heard of.
    pub fn new() -> Self {
        // The epoch, the switch and the PIN of a stranger are never looked at.
        let mut auth = Auth::new(&mut crate::chance::Seeded::new(0));
        auth.pin = None;
        Self(auth)
    }

    /// What a caller hears before the prompt, as [`standing`] says it of a device.
    pub fn standing(&self, caller: Caller<'_>, policy: &Policy, globals: &[GlobalLogin], now: Time) -> Option<PinAnswer> {
        let mut auth = self.0.clone();
        auth.settle(policy, now);
        refused(&auth, None, caller, policy, globals, now)
    }

    /// A PIN keyed in: counted, and never right.
    pub fn enter(&mut self, caller: Caller<'_>, digits: &str, policy: &Policy, globals: &[GlobalLogin], now: Time) -> PinAnswer {
        if !is_six_digits(digits) {
            return PinAnswer::NoTry;
        }
        self.0.settle(policy, now);
        if let Some(answer) = refused(&self.0, None, caller, policy, globals, now) {
            return answer;
        }
        let network = self.0.claim_network(&caller.claim, caller.address);
        self.0.note_use(caller.claim, caller.address, caller.model, now);
        count_wrong(&mut self.0, network, caller.address, policy, now).0
    }

    /// A fetch with a claim: from now on its wrong PINs count for the network it came from, as a known phone's do.
    pub fn note_use(&mut self, caller: Caller<'_>, now: Time) {
        self.0.note_fetch(caller.claim, caller.address, caller.model, now);
    }

    /// Whether any claim of it was last used from that address.
    pub fn used_from(&self, address: IpAddr) -> bool {
        self.0.used_from(address)
    }

    /// The one claim that was last used from that address; none if there are several, or none.
    pub fn only_claim_at(&self, address: IpAddr) -> Option<Claim> {
        self.0.only_claim_at(address)
    }

    /// Whether wrong PINs are remembered of it.
    pub fn has_tried(&self) -> bool {
        !self.0.tries.is_empty()
    }

    /// The state as callers of one network meet it.
    pub fn state_for(&self, network: IpNet, now: Time) -> State {
        self.0.state_for(network, now)
    }

    /// The network that this claim's wrong PINs count for.
    pub fn claim_network(&self, claim: &Claim, from: IpAddr) -> IpNet {
        self.0.claim_network(claim, from)
    }
}

impl Default for Stranger {
    fn default() -> Self {
        Self::new()
    }
}

/// Forgets wrong PINs that no longer count.
pub(crate) fn settle(auth: &mut Auth, now: Time) {
    auth.wrong_pins.retain(|at| now.since(*at) < WRONG_PIN_MEMORY);
}

fn is_six_digits(digits: &str) -> bool {
    digits.len() == PIN_DIGITS && digits.bytes().all(|byte| byte.is_ascii_digit())
}

/// Where a device stands; a disabled one stands nowhere, because it is heard like a MAC that nobody has added.
fn known_place(device: &Device) -> Option<&Place> {
    (!device.disabled).then_some(&device.place)
}

/// Why no PIN is taken from this caller now. `place` is `None` where the caller must not learn that the MAC is known.
fn refused(
    auth: &Auth,
    place: Option<&Place>,
    caller: Caller<'_>,
    policy: &Policy,
    globals: &[GlobalLogin],
    now: Time,
) -> Option<PinAnswer> {
    let live = place.is_some() && auth.live.is_some();
    if live || missing_factor(&caller.claim, place, policy, globals) {
        return Some(PinAnswer::ResetNeeded);
    }
    locked(auth, auth.claim_network(&caller.claim, caller.address), now)
}

fn locked(auth: &Auth, network: IpNet, now: Time) -> Option<PinAnswer> {
    match auth.state_for(network, now) {
        State::Blocked => Some(PinAnswer::Blocked),
        State::Failed => {
            let until = auth.tries.iter().find(|tries| tries.network == network).and_then(|tries| tries.failed_until);
            until.map(|until| PinAnswer::Failed { until })
        }
        State::Needed | State::Successful => None,
    }
}

/// The right PIN clears the calling claim and no other; keyed on another claim later, the clearing moves there.
///
/// Its own network's tries are forgotten. Those of others stay, or a stranger would learn from fresh tries that the MAC is known.
fn clear(auth: &mut Auth, caller: Caller<'_>, network: IpNet, now: Time) -> Vec<Effect> {
    auth.unclear_all();
    auth.note_use(caller.claim, caller.address, caller.model, now);
    if let Some(used) = auth.used.iter_mut().find(|used| used.claim == caller.claim) {
        used.cleared = Some(now);
    }
    auth.tries.retain(|tries| tries.network != network);
    auth.wrong_pins.clear();
    vec![Effect::Event(Event::Authenticated { address: caller.address }), Effect::Refetch]
}

fn count_wrong(auth: &mut Auth, network: IpNet, address: IpAddr, policy: &Policy, now: Time) -> (PinAnswer, Vec<Effect>) {
    auth.wrong_pins.push(now);
    if auth.wrong_pins.len() >= WRONG_PINS_EVERYWHERE_MAX {
        auth.blocked_everywhere = true;
        auth.wrong_pins.clear();
    }
    let tries = tries_of(auth, network, address, now);
    let state = tries.count(policy, address, now);
    let left = policy.pin_tries.saturating_sub(tries.wrong);
    let (answer, event) = match state {
        _ if auth.blocked_everywhere => (PinAnswer::Blocked, Event::Blocked { address }),
        State::Blocked => (PinAnswer::Blocked, Event::Blocked { address }),
        State::Failed => (PinAnswer::Failed { until: now + policy.pin_lock }, Event::Failed { address }),
        State::Needed | State::Successful => return (PinAnswer::Wrong { left }, vec![Effect::Event(Event::PinWrong { address })]),
    };
    (answer, vec![Effect::Event(Event::PinWrong { address }), Effect::Event(event), Effect::Refetch])
}

fn tries_of(auth: &mut Auth, network: IpNet, address: IpAddr, now: Time) -> &mut Tries {
    if let Some(at) = auth.tries.iter().position(|tries| tries.network == network) {
        return &mut auth.tries[at];
    }
    if auth.tries.len() >= TRY_NETWORKS_MAX {
        // Networks that are locked stay remembered as long as any other can go; then the longest silent goes.
        let goes = auth.tries.iter().enumerate().min_by_key(|(_, tries)| (tries.state(now), tries.last)).map(|(at, _)| at);
        goes.map(|at| auth.tries.remove(at));
    }
    auth.tries.push(Tries::new(network, address, now));
    auth.tries.last_mut().expect("just pushed")
}
