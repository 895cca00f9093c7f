//! Hand-over and take-up: how the one-time password becomes a login of the device's own (authentication.md section 5).

use std::net::IpAddr;

use crate::admission::{Answer, Decision, Request, Surroundings, stand_in_reason, window_effects};
use crate::chance::Chance;
use crate::claim::{Claim, Grounds};
use crate::device::{Auth, Device, Live, Origin, Pending};
use crate::effect::{Effect, Event};
use crate::grounds::missing_factor;
use crate::limits::{OLD_LOGIN_GRACE, POLL_MIN, RETRY_WINDOW_MAX};
use crate::login::Login;
use crate::net::handover_network;
use crate::policy::{HandoverSteps, Policy, TemporaryTrust};
use crate::reason::Reason;
use crate::time::{Span, Time};
use crate::trust::StandIn;

/// Row 9: gives out a login, or the same one again, or refuses a second claimant. `stand_in` is what takes the PIN's place, where one is asked.
pub(crate) fn hand_over(
    device: &Device,
    grounds: Grounds,
    stand_in: Option<StandIn>,
    request: &Request<'_>,
    around: &Surroundings<'_>,
    now: Time,
    chance: &mut dyn Chance,
) -> Decision {
    let earned = Grounds { handed_over: true, stood_in: stand_in.is_some(), ..grounds };
    match device.auth.pending.as_ref().filter(|pending| retryable(pending, device, around, now)) {
        Some(pending) if pending.network != Some(handover_network(request.address)) => second_claimant(device, request.address),
        Some(pending) if pending.deliveries >= around.policy.retry_files => Decision::challenge(Reason::GlobalSpent),
        Some(pending) => again(device, pending, earned, stand_in, request, around, now, chance),
        None => first(device, earned, stand_in, request, around, now, chance),
    }
}

/// The first request with a claim's login: it becomes the own login, and everything that led there ends.
///
/// Returns the device and the login that is now its own.
pub(crate) fn take_up(device: &Device, claim: &Claim, pin_success: Option<Time>, policy: &Policy, now: Time) -> (Device, Login) {
    let mut next = device.clone();
    let auth = &mut next.auth;
    let pending = auth.pending.take().and_then(|pending| pending.login).filter(|login| login.claim == *claim);
    let login = pending.unwrap_or_else(|| Login::of(*claim));
    auth.retire_live(now + OLD_LOGIN_GRACE);
    let window_due = pin_success.filter(|_| policy.temporary_trust == TemporaryTrust::AfterOwnLogin);
    auth.live = Some(Live { login: login.clone(), since: now, window_due });
    auth.pin = None;
    auth.allow_global = false;
    auth.suspension = None;
    auth.used.retain(|used| used.claim != *claim);
    auth.unclear_all();
    auth.tries.clear();
    auth.wrong_pins.clear();
    auth.blocked_everywhere = false;
    auth.begin_epoch();
    (next, login)
}

/// Whether what was handed over may be given again. A claim that today's policy would not take (revoked, or handed over under
/// another policy) is not: the phone would be sent away with a login that opens nothing.
fn retryable(pending: &Pending, device: &Device, around: &Surroundings<'_>, now: Time) -> bool {
    let handed_over = matches!(pending.origin, Origin::OneStep | Origin::TwoStep);
    let counts = pending.login.as_ref().is_none_or(|Login { claim, .. }| {
        let revoked = |id| around.globals.iter().any(|login| login.id == id && login.revoked);
        let short_of_pin = around.policy.pin_required() && !claim.grounds.stood_in;
        !short_of_pin
            && !claim.grounds.global.is_some_and(revoked)
            && !missing_factor(claim, Some(&device.place), around.policy, around.globals)
    });
    handed_over && pending.open(now) && counts
}

fn first(
    device: &Device,
    earned: Grounds,
    stand_in: Option<StandIn>,
    request: &Request<'_>,
    around: &Surroundings<'_>,
    now: Time,
    chance: &mut dyn Chance,
) -> Decision {
    let mut next = device.clone();
    // A new epoch ends whatever an earlier hand-over gave out: there is never more than one login not taken up.
    next.auth.begin_epoch();
    let claim = around.keys.issue(device.mac, next.auth.epoch, earned, now, chance);
    let armed = armed_by(earned);
    let window = around.policy.retry_window_for(request.brand.retry_delay);
    let two_step = around.policy.handover == HandoverSteps::Two;
    next.auth.pending = Some(Pending {
        origin: if two_step { Origin::TwoStep } else { Origin::OneStep },
        login: (!two_step).then(|| Login::of(claim)),
        network: Some(handover_network(request.address)),
        began: now,
        last_delivery: now,
        deliveries: 1,
        ends: now + window,
        closed: window == Span::ZERO,
        armed,
        second_claimant: None,
    });
    if armed && window == Span::ZERO {
        next.auth.allow_global = false;
    }
    bind_suspension(&mut next.auth, stand_in, claim, two_step);
    delivered(next, claim, first_reason(earned, stand_in), request, around, now)
}

/// A retry from the same network inside the window.
#[expect(clippy::too_many_arguments, reason = "the request, its surroundings, time and chance are arguments everywhere in this crate")]
fn again(
    device: &Device,
    pending: &Pending,
    earned: Grounds,
    stand_in: Option<StandIn>,
    request: &Request<'_>,
    around: &Surroundings<'_>,
    now: Time,
    chance: &mut dyn Chance,
) -> Decision {
    let window = around.policy.retry_window_for(request.brand.retry_delay);
    let mut next = device.clone();
    let claim =
        pending.login.as_ref().map_or_else(|| around.keys.issue(device.mac, device.auth.epoch, earned, now, chance), |login| login.claim);
    if pending.login.is_none() {
        bind_suspension(&mut next.auth, stand_in, claim, pending.origin == Origin::TwoStep);
    }
    if let Some(pending) = &mut next.auth.pending {
        // In one step the network that an admin let in is given its own claim, once.
        if pending.origin == Origin::OneStep {
            pending.login.get_or_insert_with(|| Login::of(claim));
        }
        pending.armed |= armed_by(earned);
        pending.deliveries += 1;
        pending.last_delivery = now;
        pending.ends = (now + window).min(pending.began + RETRY_WINDOW_MAX);
        // The window was set to zero meanwhile: dead with this answer.
        pending.closed = window == Span::ZERO;
        next.auth.allow_global &= !(pending.closed && pending.armed);
    }
    let reason = stand_in.map_or(Reason::GlobalRetry, stand_in_reason);
    delivered(next, claim, reason, request, around, now)
}

/// The switch had to be at yes for this.
fn armed_by(earned: Grounds) -> bool {
    earned.global.is_some() || earned.certificate
}

fn delivered(next: Device, claim: Claim, reason: Reason, request: &Request<'_>, around: &Surroundings<'_>, now: Time) -> Decision {
    let poll = request.brand.shortest_poll.max(POLL_MIN);
    let one_step = next.auth.pending.as_ref().and_then(|pending| pending.login.clone());
    let answer = match one_step {
        Some(login) => Answer::Full { login, poll },
        None => return Decision { device: Some(next), ..Decision::of(Answer::Signpost { claim, poll: POLL_MIN.max(poll) }, reason) },
    };
    let mut decision = Decision::of(answer, reason);
    decision.effects.extend(window_effects(&next, request, around, None, now));
    decision.effects.push(Effect::Event(Event::Provisioned { address: request.address }));
    decision.device = Some(next);
    decision
}

/// Another network asks for what was just handed over: refused, and shown to the admin, who may allow it.
fn second_claimant(device: &Device, address: IpAddr) -> Decision {
    let mut decision = Decision::challenge(Reason::SecondClaimant);
    let mut next = device.clone();
    if let Some(pending) = next.auth.pending.as_mut().filter(|pending| pending.second_claimant.is_none()) {
        pending.second_claimant = Some(address);
        decision.device = Some(next);
        decision.effects.push(Effect::Event(Event::SecondClaimant { address }));
    }
    decision
}

fn first_reason(earned: Grounds, stand_in: Option<StandIn>) -> Reason {
    match stand_in {
        Some(by) => stand_in_reason(by),
        None if earned.global.is_some() => Reason::GlobalFirst,
        None => Reason::PinOff,
    }
}

fn bind_suspension(auth: &mut Auth, stand_in: Option<StandIn>, claim: Claim, two_step: bool) {
    // In two steps the first claim used is the body; its take-up ends the suspension.
    if stand_in == Some(StandIn::Suspension)
        && !two_step
        && let Some(suspension) = &mut auth.suspension
    {
        suspension.claim.get_or_insert(claim);
    }
}
