//! A device and the state of its authentication: the one aggregate that requests, PINs and admins change.

use std::net::IpAddr;

use ipnet::IpNet;
use serde::{Deserialize, Serialize};

use crate::chance::Chance;
use crate::claim::Claim;
use crate::limits::{CLAIM_IN_USE, OLD_LOGINS_MAX, SEEN_STEP, USED_CLAIMS_MAX};
use crate::login::Login;
use crate::mac::Mac;
use crate::net::pin_network;
use crate::pin::{Pin, Tries};
use crate::policy::{OnUnconfirmed, Policy};
use crate::tenancy::{DeviceId, Place};
use crate::time::Time;

/// A phone as the platform knows it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Device {
    /// Its identity, which outlives its MAC.
    pub id: DeviceId,
    /// Its MAC, unique on the platform.
    pub mac: Mac,
    /// Where it stands.
    pub place: Place,
    /// Brand and model, `yealink/T46S`.
    pub model: String,
    /// What people call it.
    pub label: String,
    /// Switched off: served like a phone nobody knows.
    pub disabled: bool,
    /// When it was added.
    pub created: Time,
    /// The state of its authentication.
    pub auth: Auth,
}

/// Everything that the rules of authentication.md remember of a device. Written only into a sealed column.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Auth {
    /// Counts resets, take-ups and hand-overs: a claim handed over counts only in the epoch that made it.
    pub epoch: u16,
    /// The last reset.
    pub reset_at: Option<Time>,
    /// The switch *allow global password (one time)*.
    pub allow_global: bool,
    /// The phone authentication PIN, until take-up.
    pub pin: Option<Pin>,
    /// The own login; the device is then live.
    pub live: Option<Live>,
    /// Former own logins in their grace.
    pub old: Vec<OldLogin>,
    /// A login given out and not yet taken up.
    pub pending: Option<Pending>,
    /// Claims that were used, oldest first.
    pub used: Vec<UsedClaim>,
    /// Wrong PINs by network.
    pub tries: Vec<Tries>,
    /// When wrong PINs came, from anywhere, within the last 24 hours.
    pub wrong_pins: Vec<Time>,
    /// Blocked for every network.
    pub blocked_everywhere: bool,
    /// Authentication suspended.
    pub suspension: Option<Suspension>,
}

/// The login that a live device comes with.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Live {
    /// The login.
    pub login: Login,
    /// When it was taken up.
    pub since: Time,
    /// The PIN success that may still open a trust window, once the phone comes back (`temporary_trust=after-own-login`).
    pub window_due: Option<Time>,
}

/// A former own login.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct OldLogin {
    /// The login.
    pub login: Login,
    /// When it ends.
    pub until: Time,
}

/// How a pending login came about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Origin {
    /// Handed over in one step: the carrier was the full config and `login` says with which login.
    OneStep,
    /// Handed over in two steps: each retry earns its own claim of this epoch; the first used wins.
    TwoStep,
    /// An admin set it.
    ByHand,
    /// An admin had the login changed; only the live login fetches it.
    Rotation,
}

/// A login that was given out and is not yet taken up.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Pending {
    /// How it came about.
    pub origin: Origin,
    /// The login; none in two steps, where claims prove themselves.
    pub login: Option<Login>,
    /// The network that it was given to, and alone is given it again.
    pub network: Option<IpNet>,
    /// The first delivery.
    pub began: Time,
    /// The latest delivery.
    pub last_delivery: Time,
    /// Deliveries so far.
    pub deliveries: u32,
    /// When the window for retries ends.
    pub ends: Time,
    /// The window is shut: by its end, or by an admin.
    pub closed: bool,
    /// The global login opened it, so its end turns the switch off.
    pub armed: bool,
    /// Somebody in another network asked too.
    pub second_claimant: Option<IpAddr>,
}

impl Pending {
    /// Whether retries are still answered.
    pub fn open(&self, now: Time) -> bool {
        !self.closed && now < self.ends
    }
}

/// A claim that was used: only now does the platform remember it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct UsedClaim {
    /// The claim.
    pub claim: Claim,
    /// Its first contact.
    pub first_seen: Time,
    /// Its latest contact, to within [`SEEN_STEP`].
    pub last_seen: Time,
    /// The address it was first used from: wrong PINs count for that network.
    pub address: IpAddr,
    /// The address it was last used from.
    pub last_address: IpAddr,
    /// Brand and model that it showed.
    pub model: String,
    /// When the PIN cleared it.
    pub cleared: Option<Time>,
}

/// Authentication suspended: one body is served without a PIN.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Suspension {
    /// When it ends by itself.
    pub until: Time,
    /// The one body, once it is known.
    pub claim: Option<Claim>,
}

/// The state that people see, with its verbatim label.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum State {
    /// Live.
    Successful,
    /// Waiting for its PIN or its first contact.
    Needed,
    /// Locked for a while.
    Failed,
    /// Locked until a reset.
    Blocked,
}

impl State {
    /// The code of interfaces.md.
    pub fn code(self) -> &'static str {
        match self {
            Self::Successful => "successful",
            Self::Needed => "needed",
            Self::Failed => "failed",
            Self::Blocked => "blocked",
        }
    }

    /// What the display shows, verbatim.
    pub fn label(self) -> &'static str {
        match self {
            Self::Successful => "Authentication successful",
            Self::Needed => "Authentication needed",
            Self::Failed => "Authentication failed",
            Self::Blocked => "Authentication blocked",
        }
    }
}

/// What there is to say of the device's own login.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum LoginState {
    /// None.
    None,
    /// Given out, not yet taken up.
    Pending,
    /// Taken up.
    Confirmed,
    /// Given out longer ago than `confirm_within`.
    Unconfirmed,
    /// Live, and a new login is under way.
    Rotating,
}

impl Auth {
    /// A device as it is added: switch yes, a PIN, an epoch that no earlier device of this MAC is likely to have had.
    pub fn new(chance: &mut dyn Chance) -> Self {
        let mut epoch = [0; 2];
        chance.fill(&mut epoch);
        Self {
            epoch: u16::from_le_bytes(epoch),
            reset_at: None,
            allow_global: true,
            pin: Some(Pin::new(chance)),
            live: None,
            old: Vec::new(),
            pending: None,
            used: Vec::new(),
            tries: Vec::new(),
            wrong_pins: Vec::new(),
            blocked_everywhere: false,
            suspension: None,
        }
    }

    /// Lets time pass: what has ended by `now` is gone. Every event starts with this; it only ever takes away
    /// (but for `on_unconfirmed=rearm`, which asks for the opposite by name).
    pub fn settle(&mut self, policy: &Policy, now: Time) {
        if let Some(pending) = &mut self.pending
            && !pending.closed
            && now >= pending.ends
        {
            pending.closed = true;
            if pending.armed {
                self.allow_global = policy.on_unconfirmed == OnUnconfirmed::Rearm;
            }
        }
        self.old.retain(|old| now < old.until);
        self.suspension = self.suspension.filter(|suspension| now < suspension.until);
        crate::pin::settle(self, now);
    }

    /// What people see. Call [`Auth::settle`] first.
    pub fn state(&self, now: Time) -> State {
        match () {
            () if self.live.is_some() => State::Successful,
            () if self.blocked_everywhere => State::Blocked,
            () => self.tries.iter().map(|tries| tries.state(now)).max().unwrap_or(State::Needed),
        }
    }

    /// The address behind the worst state, where one network is to blame.
    pub fn state_address(&self, now: Time) -> Option<IpAddr> {
        self.tries.iter().filter(|tries| tries.state(now) > State::Needed).max_by_key(|tries| tries.state(now)).map(|tries| tries.address)
    }

    /// The state as callers of one network meet it.
    pub fn state_for(&self, network: IpNet, now: Time) -> State {
        if self.blocked_everywhere {
            return State::Blocked;
        }
        self.tries.iter().find(|tries| tries.network == network).map_or(State::Needed, |tries| tries.state(now))
    }

    /// What there is to say of the login.
    pub fn login_state(&self, policy: &Policy, now: Time) -> LoginState {
        match (&self.live, &self.pending) {
            (Some(_), Some(_)) => LoginState::Rotating,
            (Some(_), None) => LoginState::Confirmed,
            (None, None) => LoginState::None,
            (None, Some(pending)) if now.since(pending.last_delivery) >= policy.confirm_within => LoginState::Unconfirmed,
            (None, Some(_)) => LoginState::Pending,
        }
    }

    /// A new epoch: claims handed over before are handed over no more.
    pub fn begin_epoch(&mut self) {
        self.epoch = self.epoch.wrapping_add(1);
    }

    /// The claim's entry, if it was ever used.
    pub fn used_claim(&self, claim: &Claim) -> Option<&UsedClaim> {
        self.used.iter().find(|used| used.claim == *claim)
    }

    /// The network that this claim's wrong PINs count for: where it was first used, else where it calls from.
    pub fn claim_network(&self, claim: &Claim, from: IpAddr) -> IpNet {
        pin_network(self.used_claim(claim).map_or(from, |used| used.address))
    }

    /// Remembers that a claim was used in a call.
    pub fn note_use(&mut self, claim: Claim, address: IpAddr, model: &str, now: Time) {
        if self.see_again(&claim, address, now) {
            return;
        }
        if self.used.len() >= USED_CLAIMS_MAX {
            let goes = self.longest_unseen(|_| true);
            goes.map(|at| self.used.remove(at));
        }
        self.remember(claim, address, model, now);
    }

    /// Remembers that a claim was used for a fetch.
    ///
    /// Where no login is asked anybody makes any number of claims, and asks with each from any number of addresses. So a fetch changes
    /// something only every [`SEEN_STEP`] for a claim that is known, and a claim that is not finds room only where the longest unseen
    /// one was not seen that long either, or where others have come from a network in numbers and it has come from another: nobody
    /// writes to somebody else's device as fast as he can ask, and nobody fills the list with his own.
    pub fn note_fetch(&mut self, claim: Claim, address: IpAddr, model: &str, now: Time) {
        if self.see_again(&claim, address, now) {
            return;
        }
        if self.used.len() >= USED_CLAIMS_MAX {
            let unseen = self.longest_unseen(|used| now.since(used.last_seen) >= SEEN_STEP);
            let Some(goes) = unseen.or_else(|| self.longest_unseen_of_a_crowd(address)) else { return };
            self.used.remove(goes);
        }
        self.remember(claim, address, model, now);
    }

    /// Whether any claim was last used from that address.
    pub fn used_from(&self, address: IpAddr) -> bool {
        self.used.iter().any(|used| used.last_address == address)
    }

    /// The one claim that was last used from that address; none if there are several, or none.
    pub fn only_claim_at(&self, address: IpAddr) -> Option<Claim> {
        let mut there = self.used.iter().filter(|used| used.last_address == address);
        there.next().filter(|_| there.next().is_none()).map(|used| used.claim)
    }

    /// Claims in use around now, for an admin who must pick one.
    pub fn claims_in_use(&self, now: Time) -> impl Iterator<Item = &UsedClaim> {
        self.used.iter().filter(move |used| now.since(used.last_seen) < CLAIM_IN_USE)
    }

    /// No claim is cleared any more.
    pub fn unclear_all(&mut self) {
        self.used.iter_mut().for_each(|used| used.cleared = None);
    }

    /// Puts the live login into its grace, the oldest grace making room.
    pub fn retire_live(&mut self, until: Time) {
        if let Some(live) = self.live.take() {
            if self.old.len() >= OLD_LOGINS_MAX {
                self.old.remove(0);
            }
            self.old.push(OldLogin { login: live.login, until });
        }
    }

    /// Whether the claim is known already; it is then seen once more, to within [`SEEN_STEP`].
    fn see_again(&mut self, claim: &Claim, address: IpAddr, now: Time) -> bool {
        let Some(used) = self.used.iter_mut().find(|used| used.claim == *claim) else { return false };
        if now.since(used.last_seen) >= SEEN_STEP {
            used.last_seen = now;
            used.last_address = address;
        }
        true
    }

    fn remember(&mut self, claim: Claim, address: IpAddr, model: &str, now: Time) {
        let model = model.chars().take(64).collect();
        self.used.push(UsedClaim { claim, first_seen: now, last_seen: now, address, last_address: address, model, cleared: None });
    }

    // A stranger who makes claim after claim must not push out the one that the owner's PIN cleared or an admin picked.
    fn longest_unseen(&self, among: impl Fn(&UsedClaim) -> bool) -> Option<usize> {
        let picked = self.suspension.and_then(|suspension| suspension.claim);
        let kept = |used: &UsedClaim| used.cleared.is_some() || Some(used.claim) == picked;
        let may_go = self.used.iter().enumerate().filter(|(_, used)| !kept(used) && among(used));
        may_go.min_by_key(|(_, used)| used.last_seen).map(|(at, _)| at)
    }

    /// Of the claims that came from one network more than once, if the newcomer is the first from his.
    fn longest_unseen_of_a_crowd(&self, newcomer: IpAddr) -> Option<usize> {
        let from = |network: IpNet| self.used.iter().filter(move |used| pin_network(used.address) == network).count();
        if from(pin_network(newcomer)) > 0 {
            return None;
        }
        self.longest_unseen(|used| from(pin_network(used.address)) > 1)
    }
}
