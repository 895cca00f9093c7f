//! Section 9: what must always hold. One function each, checked after every event.

use domain::Span;
use domain::admission::{Answer, Decision, Door, Notice};
use domain::net::pin_network;
use domain::pin::{Caller, Tries};
use domain::policy::{CertificatePolicy, OnUnconfirmed};
use domain::reason::Reason;

use super::event::{Event, Fetch, Show};
use super::heard;
use super::history::{Ground, History, Step, customer_of};
use super::reference::{Body, asks_login, asks_pin};
use crate::told::kind;
use crate::world::{ADDRESSES, AWAY, Ask, NEXT_DOOR, OFFICE, OPERATOR, OWNERS, SIX, Shown, World, ip};

/// An address that no network in these histories covers.
const NOWHERE: &str = "203.0.113.99";

/// What must hold of an answer, by what happened before it.
pub fn of_the_answer(history: &mut History, step: &Step<'_>) {
    history.pass(step.after);
    a_secret_needs_every_factor(history, step);
    a_spent_global_login_is_no_ground(history, step);
    trust_serves_its_own_customer(history, step);
    nothing_from_before_a_reset_earns_full(history, step);
    an_unknown_phone_hears_the_same(history, step);
    unproved_traffic_changes_nothing(history, step);
}

/// What must hold from then on.
pub fn of_the_state(history: &History, step: &Step<'_>) {
    let Some(device) = step.device() else { return };
    one_login_is_live_and_one_not_taken_up(history, step, device);
    time_only_takes_away(step, device);
    one_claim_is_cleared(history, step, device);
    nothing_from_before_a_reset_would_earn_full(history, step, device);
    an_unknown_phone_is_answered_alike(history, step, device);
    every_table_has_a_cap(step, device);
}

/// 1. An answer holds a secret only for `Own`, or if every factor that the policy in force asks is met.
fn a_secret_needs_every_factor(history: &History, step: &Step<'_>) {
    let (Event::Fetch(fetch), Some(device), "FULL") = (step.event, step.device(), step.told) else { return };
    let (world, past) = (step.before, &history.devices[device]);
    let policy = &world.customer(device).policy;
    assert!(!world.devices[device].disabled, "a disabled device has no secrets to give");
    let stands_in = history.stands_in(world, device, ip(fetch.address));
    let (ground, by_pin) = if let Show::Login(login) = fetch.show {
        if past.owns(login, world.now) || past.given == Some(login) {
            return;
        }
        let by_pin = past.cleared.is_some_and(|(cleared, _)| cleared == login) || past.stood.contains(&login);
        (Some(history.grounds[login]).filter(|ground| !ground.spent), by_pin)
    } else {
        (None, false)
    };
    let shown = if let Show::Global(global) = fetch.show { Some(global).filter(|_| !past.spent) } else { None };
    let covers = |global: usize| !world.globals[global].revoked && world.globals[global].covers(&world.devices[device].place);
    let global = shown.or(ground.and_then(|ground| ground.global)).is_some_and(covers);
    let certificate = (fetch.certificate && fetch.door == Door::Front) || ground.is_some_and(|ground| ground.certificate);
    if asks_login(policy) {
        assert!(global || (certificate && policy.certificate == CertificatePolicy::Accept), "the login is missing: {:?}", step.event);
    }
    if policy.certificate == CertificatePolicy::Require {
        assert!(certificate, "the certificate is missing: {:?}", step.event);
    }
    if asks_pin(policy) {
        assert!(by_pin || stands_in, "the PIN is missing: {:?}", step.event);
    }
    if fetch.body == Body::Impostor {
        assert!(by_pin || stands_in, "who knows nothing gets nothing: {:?}", step.event);
    }
}

/// 2. A global login that is used up is never the ground for a claim or secret.
fn a_spent_global_login_is_no_ground(history: &History, step: &Step<'_>) {
    let (Event::Fetch(fetch), Some(device)) = (step.event, step.device()) else { return };
    let past = &history.devices[device];
    let policy = &step.before.customer(device).policy;
    if step.before.devices[device].disabled || !asks_login(policy) {
        return;
    }
    match fetch.show {
        Show::Global(_) if past.spent && policy.certificate != CertificatePolicy::Accept => {
            assert_eq!(step.served, None, "spent: {:?}", step.event);
        }
        Show::Login(login)
            if past.tainted.contains(&login) && !past.owns(login, step.before.now) && !history.grounds[login].certificate =>
        {
            assert_ne!(step.told, "FULL", "earned by a spent login: {:?}", step.event);
        }
        _ => {}
    }
}

/// 3. At most one live login and one not taken up; old ones until take-up and 15 minutes.
fn one_login_is_live_and_one_not_taken_up(history: &History, step: &Step<'_>, device: usize) {
    let (world, past) = (step.after, &history.devices[device]);
    if world.devices[device].disabled || history.stands_in(world, device, ip(NOWHERE)) {
        return;
    }
    let given_out: Vec<usize> = past
        .given_out
        .iter()
        .copied()
        .filter(|login| !past.owns(*login, world.now) && past.cleared.is_none_or(|(cleared, _)| cleared != *login))
        .filter(|login| is_full(&world.ask(&Ask::own(&step.logins[*login]).to(device).from(NOWHERE))))
        .collect();
    assert!(given_out.len() <= 1, "two logins not taken up, {given_out:?}, after {:?}", step.event);
    for login in own_logins(history, device).filter(|login| past.owns(*login, world.now)) {
        let decision = world.ask(&Ask::own(&step.logins[login]).to(device).from(NOWHERE));
        assert!(is_full(&decision), "an own login is never locked out: {login}, after {:?}", step.event);
    }
}

/// 4. Without events, the set of requests answered Full only shrinks as time passes; `failed → needed` is all that time gives.
fn time_only_takes_away(step: &Step<'_>, device: usize) {
    let now = step.after;
    if now.customer(device).policy.on_unconfirmed == OnUnconfirmed::Rearm {
        return;
    }
    let mut later = now.clone();
    let spans = [Span::minutes(1), Span::minutes(6), Span::minutes(16), Span::minutes(31), Span::hours(9), Span::hours(25)];
    let turn = usize::try_from(now.now.millis() / 1000).expect("after 1970") + step.logins.len();
    later.wait(spans[turn % spans.len()]);
    for ask in grid(step, device) {
        let (first, second) = (now.ask(&ask), later.ask(&ask));
        // A second body waits until the first one's delivery is over, whatever stands in for its PIN.
        let waits = matches!(first.reason, Reason::SecondClaimant | Reason::GlobalSpent);
        // A window that was opened in two steps keeps them, and what comes after it is in one: a signpost leads to the full config, too.
        let served = is_full(&first) || matches!(first.answer, Answer::Signpost { .. });
        assert!(served || waits || !is_full(&second), "time gave a full config: {ask:?} after {:?}", step.event);
        if let (Answer::Restricted { notice: was, .. }, Answer::Restricted { notice: is, .. }) = (&first.answer, &second.answer) {
            assert!(was == is || (*was, *is) == (Notice::Failed, Notice::Needed), "time turned {was:?} into {is:?}: {ask:?}");
        }
    }
}

/// 5. At most one claim of a device is cleared at a time; a PIN that led to a take-up clears nothing more.
fn one_claim_is_cleared(history: &History, step: &Step<'_>, device: usize) {
    let past = &history.devices[device];
    let cleared: Vec<_> =
        step.after.devices[device].auth.used.iter().filter(|used| used.cleared.is_some()).map(|used| used.claim).collect();
    let expected: Vec<_> = past.cleared.iter().map(|(login, _)| step.logins[*login].claim).collect();
    assert_eq!(cleared, expected, "after {:?}", step.event);
    assert!(step.told != "right" || past.live.is_none(), "the PIN is gone with the take-up");
}

/// 6. Trust of one customer never serves a device of another.
fn trust_serves_its_own_customer(history: &History, step: &Step<'_>) {
    for device in 0..OWNERS.len() {
        let world = step.before;
        for address in ADDRESSES {
            let decision = world.ask(&Ask::front().shows(Shown::Global(OPERATOR)).to(device).from(address));
            let trusted = match decision.reason {
                Reason::TrustedPermanent => world.customer(device).trust.permanent.iter().any(|network| network.contains(&ip(address))),
                Reason::TrustedTemporary => history.opened_for(world, device, ip(address)),
                _ => true,
            };
            assert!(trusted, "{address} is not trusted by customer {}", customer_of(world, device));
        }
    }
}

/// 7. A request decided after a reset's commit gets Full from no earlier login, claim, PIN, delivery, suspension or PIN-opened window.
fn nothing_from_before_a_reset_earns_full(history: &History, step: &Step<'_>) {
    if let (Event::Fetch(fetch), Some(device), "FULL") = (step.event, step.device(), step.told)
        && let Show::Login(login) = fetch.show
    {
        let may = may_be_full(history, step.before, device, login, fetch.address);
        assert!(may || by_certificate(step, fetch, login), "from before the reset: {:?}", step.event);
    }
}

/// Whether a certificate earns the same without the login that is shown with it, and that login is not what is given.
fn by_certificate(step: &Step<'_>, fetch: &Fetch, login: usize) -> bool {
    let certified = Ask { door: fetch.door, ..Ask::front().certified() }.to(fetch.device).from(fetch.address);
    fetch.certificate && step.served != Some(login) && is_full(&step.before.ask(&certified))
}

/// 7 again, for all that could be asked.
fn nothing_from_before_a_reset_would_earn_full(history: &History, step: &Step<'_>, device: usize) {
    for login in &history.devices[device].before_reset {
        for address in [NOWHERE, OFFICE] {
            let full = is_full(&step.after.ask(&Ask::own(&step.logins[*login]).to(device).from(address)));
            assert!(!full || may_be_full(history, step.after, device, *login, address), "{login} from before the reset, {address}");
        }
    }
}

/// What a login from before a reset may still do: be let in by a network, or be cleared or suspended for anew.
fn may_be_full(history: &History, world: &World, device: usize, login: usize, address: &str) -> bool {
    let past = &history.devices[device];
    let cleared = past.cleared.is_some_and(|(cleared, _)| cleared == login);
    !past.before_reset.contains(&login) || cleared || history.stands_in(world, device, ip(address))
}

/// 8. Without a valid login the answer to an uncleared device is that to a MAC that nobody added.
fn an_unknown_phone_is_answered_alike(history: &History, step: &Step<'_>, device: usize) {
    let (world, past) = (step.after, &history.devices[device]);
    let Some(double) = &past.double else { return };
    if past.live.is_some() {
        return;
    }
    let alike = |ask: &Ask| {
        let (known, unknown) = (world.ask(ask).answer, world.ask_unknown(double, ask).answer);
        let told =
            |answer: &Answer| if let Answer::Restricted { poll, .. } = answer { (kind(answer), Some(*poll)) } else { (kind(answer), None) };
        assert_eq!(told(&known), told(&unknown), "{ask:?} after {:?}", step.event);
    };
    for address in [OFFICE, NEXT_DOOR, AWAY, SIX].into_iter().filter(|address| !history.stands_in(world, device, ip(address))) {
        for shown in [Shown::Nothing, Shown::Wrong, Shown::Stale] {
            for door in [Door::Front, Door::Bare, Door::Own] {
                alike(&Ask { door, ..Ask::front() }.to(device).from(address).shows(shown.clone()));
            }
        }
        for login in own_logins(history, device) {
            let ask = Ask::own(&step.logins[login]).to(device).from(address);
            if counts_here(history, world, device, login) && step.logins[login].by_hand.is_none() && !is_full(&world.ask(&ask)) {
                alike(&ask);
            }
        }
    }
}

/// Whether what a login was made for counts at the device as it would at a MAC that nobody added.
fn counts_here(history: &History, world: &World, device: usize, login: usize) -> bool {
    let Ground { global, spent, .. } = history.grounds[login];
    !spent && global.is_none_or(|global| world.globals[global].covers(&world.devices[device].place))
}

/// 8 for the telephone: an unknown MAC hears the same dialogue.
fn an_unknown_phone_hears_the_same(history: &mut History, step: &Step<'_>) {
    let (Event::Call { login, address, right }, Some(device)) = (step.event, step.device()) else { return };
    let world = step.before;
    let disabled = world.devices[device].disabled;
    let counts = counts_here(history, world, device, *login);
    let past = &mut history.devices[device];
    if past.live.is_some() || (*right && !disabled && step.told == "right") {
        past.double = None;
        return;
    }
    if !counts && !disabled {
        past.double = None;
        return;
    }
    if let Some(double) = &mut past.double {
        let caller = Caller { claim: step.logins[*login].claim, address: ip(address), model: "yealink/T46S" };
        let answer = double.enter(caller, "000000", &world.customer(device).policy, &world.globals, world.now);
        assert_eq!(heard(answer), step.told, "{:?}", step.event);
    }
}

/// 9. Unproved traffic changes nothing of a live device, uses up no tries of another network, writes nothing until a claim is used.
fn unproved_traffic_changes_nothing(history: &History, step: &Step<'_>) {
    let Some(device) = step.device() else { return };
    let (before, after) = (&step.before.devices[device].auth, &step.after.devices[device].auth);
    let past = &history.devices[device];
    match step.event {
        Event::Fetch(fetch) => {
            // A stand-in proves its network or body; so a second claimant may be noted for the admin.
            let second = step.decision.is_some_and(|decision| decision.reason == Reason::SecondClaimant);
            let served = second || matches!(step.told, "FULL" | "signpost");
            if matches!(fetch.show, Show::Nothing | Show::Wrong | Show::Stale) && !served && !fetch.certificate {
                assert_eq!(before, after, "nothing is written: {:?}", step.event);
            }
            let proved = matches!(fetch.show, Show::Global(_)) || fetch.certificate;
            if past.live.is_some() && !served && !proved {
                let mut expected = before.clone();
                if before != after {
                    expected.settle(&step.after.customer(device).policy, step.after.now);
                }
                expected.used.clone_from(&after.used);
                assert_eq!(&expected, after, "a live device is left alone: {:?}", step.event);
            }
        }
        Event::Call { login, address, .. } if step.told != "right" => {
            if past.live.is_some() && !step.before.devices[device].disabled {
                assert_eq!(before, after, "a live device takes no PIN: {:?}", step.event);
            }
            let claim = step.logins[*login].claim;
            let own = before.used.iter().find(|used| used.claim == claim).map_or(ip(address), |used| used.address);
            let others = |tries: &[Tries]| tries.iter().filter(|tries| tries.network != pin_network(own)).cloned().collect::<Vec<_>>();
            assert_eq!(others(&before.tries), others(&after.tries), "tries of another network: {:?}", step.event);
        }
        _ => {}
    }
}

/// 9 again: every table that unproved traffic can fill has a cap.
fn every_table_has_a_cap(step: &Step<'_>, device: usize) {
    let auth = &step.after.devices[device].auth;
    assert!(auth.used.len() <= 8 && auth.tries.len() <= 64 && auth.old.len() <= 4 && auth.wrong_pins.len() <= 30);
}

fn is_full(decision: &Decision) -> bool {
    matches!(decision.answer, Answer::Full { .. })
}

fn own_logins(history: &History, device: usize) -> impl Iterator<Item = usize> {
    history.grounds.iter().enumerate().filter(move |(_, ground)| ground.device == device).map(|(login, _)| login)
}

/// Requests that are tried now and later.
fn grid(step: &Step<'_>, device: usize) -> Vec<Ask> {
    let world = step.after;
    let mut asks = Vec::new();
    for address in [OFFICE, AWAY, SIX] {
        let front = Ask::front().to(device).from(address);
        asks.push(front.clone());
        asks.push(front.clone().certified());
        asks.extend(world.globals.iter().map(|global| front.clone().shows(Shown::Global(global.id))));
        let own = step.logins.iter().rev().filter(|login| login.claim.mac == world.mac(device)).take(6);
        asks.extend(own.map(|login| Ask::own(login).to(device).from(address)));
    }
    asks
}
