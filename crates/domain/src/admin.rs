//! What people do to a device: reset, suspend, arm, set a login, rotate, move, replace.

use std::net::IpAddr;

use crate::chance::Chance;
use crate::claim::{Grounds, PlatformKeys};
use crate::device::{Auth, Device, Origin, Pending, Suspension, UsedClaim};
use crate::effect::{Effect, Event};
use crate::limits::CLAIM_IN_USE;
use crate::login::{ByHand, Login};
use crate::mac::Mac;
use crate::net::handover_network;
use crate::pin::Pin;
use crate::policy::Policy;
use crate::tenancy::Place;
use crate::time::{Span, Time};

/// A device changed by an admin, and what follows.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Change {
    /// The device as it now is.
    pub device: Device,
    /// What follows.
    pub effects: Vec<Effect>,
}

/// Why an admin's wish cannot be carried out.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// More than one phone uses this device's name.
    #[error("several phones claim to be this one; pick the address that yours comes from")]
    PickOne(Vec<UsedClaim>),
    /// There is no such claim.
    #[error("no phone came from that address within the last hour")]
    NoSuchClaim,
    /// There is no login to rotate.
    #[error("this phone has no login of its own yet")]
    NotLive,
    /// Nobody else asked.
    #[error("no second phone is waiting to be allowed")]
    NoSecondClaimant,
}

/// *Reset authentication* (and the lock icon): at once no login of the device earns the full config; new PIN, counters to zero, switch yes.
///
/// Claims stay known, so that the phone can be told to fetch and shows "Authentication needed" without a factory reset.
pub fn reset(device: &Device, now: Time, chance: &mut dyn Chance) -> Change {
    let mut next = device.clone();
    let auth = &mut next.auth;
    forget_logins(auth, now);
    auth.pin = Some(Pin::new(chance));
    auth.allow_global = true;
    auth.reset_at = Some(now);
    Change { device: next, effects: vec![Effect::Event(Event::Reset), Effect::Refetch] }
}

/// The switch *allow global password (one time)*. Yes arms it anew and leaves a live login valid until the next take-up.
pub fn allow_global(device: &Device, allow: bool, policy: &Policy, now: Time) -> Change {
    let mut next = device.clone();
    next.auth.settle(policy, now);
    // Either way the window of an earlier hand-over is over: yes begins a new one, no ends them all.
    next.auth.pending.iter_mut().for_each(|pending| pending.closed = true);
    next.auth.allow_global = allow;
    Change { device: next, effects: Vec::new() }
}

/// *Suspend authentication*: serves one body without a PIN, live or not. Several claims in use must be told apart by their address.
pub fn suspend(device: &Device, lasts: Span, pick: Option<IpAddr>, policy: &Policy, now: Time) -> Result<Change, Refusal> {
    let mut next = device.clone();
    next.auth.settle(policy, now);
    let in_use: Vec<UsedClaim> = next.auth.claims_in_use(now).cloned().collect();
    let claim = match (pick, in_use.as_slice()) {
        (Some(address), _) => {
            // Of several from there the last one seen: a phone that was reset twice has left claims behind.
            let there = in_use.iter().filter(|used| used.last_address == address);
            Some(there.max_by_key(|used| used.last_seen).ok_or(Refusal::NoSuchClaim)?.claim)
        }
        (None, [_, _, ..]) => return Err(Refusal::PickOne(in_use)),
        // The one in use is meant; a stranger who asks at the front door must not come first.
        (None, [one]) => Some(one.claim),
        (None, []) => None,
    };
    next.auth.suspension = Some(Suspension { until: now + lasts, claim });
    Ok(Change { device: next, effects: vec![Effect::Event(Event::Suspended), Effect::Refetch] })
}

/// Ends a suspension by hand.
pub fn end_suspension(device: &Device) -> Change {
    let mut next = device.clone();
    next.auth.suspension = None;
    Change { device: next, effects: vec![Effect::Refetch] }
}

/// Lets the second claimant's network have the hand-over: the one click of authentication.md section 5.
///
/// It is given a login of its own, and the one that the first network was given ends: otherwise both would hold the same.
pub fn allow_second_claimant(device: &Device, now: Time) -> Result<Change, Refusal> {
    let mut next = device.clone();
    let auth = &mut next.auth;
    let pending = auth.pending.as_mut().filter(|pending| pending.open(now)).ok_or(Refusal::NoSecondClaimant)?;
    let address = pending.second_claimant.take().ok_or(Refusal::NoSecondClaimant)?;
    let first = pending.login.take();
    pending.network = Some(handover_network(address));
    pending.deliveries = 0;
    // A suspension that the first network's body was served by now serves the other.
    if let (Some(suspension), Some(first)) = (&mut auth.suspension, first) {
        suspension.claim = suspension.claim.filter(|bound| *bound != first.claim);
    }
    auth.begin_epoch();
    Ok(Change { device: next, effects: vec![Effect::Refetch] })
}

/// Sets user and password by hand. The old login stays valid until the new one is taken up, and 15 minutes more.
///
/// The switch turns to no: whoever sets a login by hand wants that one used, and a global login in between would take its place.
pub fn set_login(device: &Device, by_hand: ByHand, keys: &PlatformKeys, policy: &Policy, now: Time, chance: &mut dyn Chance) -> Change {
    let mut next = device.clone();
    next.auth.settle(policy, now);
    pend(&mut next, Origin::ByHand, Some(by_hand), keys, now, chance);
    next.auth.allow_global = false;
    Change { device: next, effects: Vec::new() }
}

/// Clears the login without arming: the device is as after a reset, but the switch stays as it was.
pub fn clear_login(device: &Device, now: Time, chance: &mut dyn Chance) -> Change {
    let allow_global = device.auth.allow_global;
    let mut change = reset(device, now, chance);
    change.device.auth.allow_global = allow_global;
    change
}

/// Gives a live device a new login at its next fetch; the old one lives until take-up and 15 minutes more.
pub fn rotate(device: &Device, keys: &PlatformKeys, policy: &Policy, now: Time, chance: &mut dyn Chance) -> Result<Change, Refusal> {
    if device.auth.live.is_none() {
        return Err(Refusal::NotLive);
    }
    let mut next = device.clone();
    next.auth.settle(policy, now);
    pend(&mut next, Origin::Rotation, None, keys, now, chance);
    Ok(Change { device: next, effects: vec![Effect::Refetch] })
}

/// Switches a device off, or on again. Off, it is served like a phone that nobody knows; its login and its lines stay for later.
pub fn disable(device: &Device, disabled: bool) -> Change {
    let next = Device { disabled, ..device.clone() };
    Change { device: next, effects: vec![Effect::Refetch] }
}

/// Moves a device. To another customer means a reset: nothing that one customer granted serves another.
pub fn relocate(device: &Device, place: Place, now: Time, chance: &mut dyn Chance) -> Change {
    let other_customer = place.customer != device.place.customer;
    let mut change = if other_customer { reset(device, now, chance) } else { Change { device: device.clone(), effects: Vec::new() } };
    change.device.place = place;
    change
}

/// Puts another phone in a device's place: its lines and settings stay, its authentication begins anew.
pub fn replace(device: &Device, mac: Mac, now: Time, chance: &mut dyn Chance) -> Change {
    let mut next = device.clone();
    next.mac = mac;
    next.auth = Auth::new(chance);
    next.auth.reset_at = Some(now);
    Change { device: next, effects: vec![Effect::Event(Event::Reset)] }
}

fn forget_logins(auth: &mut Auth, now: Time) {
    // The body that was live keeps its claim: the token tells its story, and its next fetch or call enters it into the list.
    auth.live = None;
    auth.old.clear();
    auth.pending = None;
    auth.suspension = None;
    auth.used.retain(|used| now.since(used.last_seen) < CLAIM_IN_USE || used.cleared.is_some());
    auth.unclear_all();
    auth.tries.clear();
    auth.wrong_pins.clear();
    auth.blocked_everywhere = false;
    auth.begin_epoch();
}

fn pend(device: &mut Device, origin: Origin, by_hand: Option<ByHand>, keys: &PlatformKeys, now: Time, chance: &mut dyn Chance) {
    // A window that the global login opened ends here, as it would have by time: the switch goes with it.
    if device.auth.pending.as_ref().is_some_and(|pending| pending.armed && !pending.closed) {
        device.auth.allow_global = false;
    }
    device.auth.begin_epoch();
    let claim = keys.issue(device.mac, device.auth.epoch, Grounds::default(), now, chance);
    device.auth.pending = Some(Pending {
        origin,
        login: Some(Login { claim, by_hand }),
        network: None,
        began: now,
        last_delivery: now,
        deliveries: 0,
        ends: now,
        closed: true,
        armed: false,
        second_claimant: None,
    });
}
