//! The admission table: what a request gets, and what that does to the device (authentication.md section 4).
//!
//! The first row that fits decides. Row 0 (the decision cannot be made) is the edge's: it has no device to ask about.

use std::net::IpAddr;

use crate::chance::Chance;
use crate::channel::Channel;
use crate::claim::{Claim, Grounds, PlatformKeys};
use crate::device::{Device, Origin, State};
use crate::effect::{Attention, Effect, Event};
use crate::evidence::{Evidence, Proof, Wrong};
use crate::grounds::{Standing, missing_factor, standing};
use crate::handover::{hand_over, take_up};
use crate::limits::{POLL_MIN, RESTRICTED_POLL_EAGER, RESTRICTED_POLL_LATER};
use crate::login::{GlobalId, GlobalLogin, Login};
use crate::mac::Mac;
use crate::net::pin_network;
use crate::pin::Stranger;
use crate::policy::{CertificatePolicy, LoginPolicy, Policy, TemporaryTrust, UaMismatch};
use crate::reason::Reason;
use crate::time::{Span, Time};
use crate::trust::{Fetch, StandIn, Trust, WindowChange, stand_in, window_after};

/// Which door the phone knocks at.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Door {
    /// The one that everybody knows.
    Front,
    /// The front door without a file name, as a person types it: always challenged, so that the phone asks for user and password.
    Bare,
    /// A claim's own.
    Own,
}

/// What bears on the rules in a brand's behaviour.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BrandTraits {
    /// Its phones return to the front door at every boot.
    pub front_door_sticks: bool,
    /// Its phones' full configs renew a temporary window.
    pub renews_trust: bool,
    /// How long its phones wait before they try again.
    pub retry_delay: Span,
    /// The shortest poll that they can be set to.
    pub shortest_poll: Span,
    /// They can open files that are encrypted for them.
    pub seals_files: bool,
}

/// One request for a device's file.
#[derive(Clone, Debug)]
pub struct Request<'a> {
    /// At which door.
    pub door: Door,
    /// The file is its brand's carrier file.
    pub carrier: bool,
    /// It is a GET: only such a request begins a delivery or takes one up.
    pub get: bool,
    /// From where.
    pub address: IpAddr,
    /// What the connection may carry.
    pub channel: Channel,
    /// For which phone.
    pub mac: Mac,
    /// What it proved.
    pub evidence: Evidence,
    /// How the brand behaves.
    pub brand: BrandTraits,
    /// Brand and model that it showed.
    pub model: &'a str,
}

/// What the rules need to know besides the device.
#[derive(Clone, Copy, Debug)]
pub struct Surroundings<'a> {
    /// The policy in force: the device's, or the host name's for a phone that nobody knows.
    pub policy: &'a Policy,
    /// All global logins.
    pub globals: &'a [GlobalLogin],
    /// The customer's trust.
    pub trust: &'a Trust,
    /// Another customer's devices fetched from this address within 30 days.
    pub address_shared: bool,
    /// Other devices that this address contacted us for, for the first time, within the hour.
    pub first_contacts: u32,
    /// This phone left two challenges unanswered, far enough apart.
    pub ignores_challenges: bool,
    /// Where the device last fetched from with its own login.
    pub last_address: Option<IpAddr>,
    /// The PIN tries of an unknown MAC.
    pub stranger: Option<&'a Stranger>,
    /// The platform's keys.
    pub keys: &'a PlatformKeys,
}

/// What the display says.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Notice {
    /// Authentication needed.
    Needed,
    /// Authentication failed.
    Failed,
    /// Authentication blocked.
    Blocked,
    /// Only a reset by an admin helps.
    ResetNeeded,
}

/// What the phone gets.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Answer {
    /// 401.
    Challenge {
        /// The nonce was too old.
        stale: bool,
    },
    /// A static file or 404, by the name alone.
    Public,
    /// Everything.
    Full {
        /// The login that the config carries; its claim is the door.
        login: Login,
        /// How often the phone comes back.
        poll: Span,
    },
    /// Two steps: a carrier with door and login, nothing else.
    Signpost {
        /// The claim that it carries.
        claim: Claim,
        /// How soon the phone comes back.
        poll: Span,
    },
    /// The restricted config.
    Restricted {
        /// The claim that it carries.
        claim: Claim,
        /// What the display says.
        notice: Notice,
        /// How often the phone comes back.
        poll: Span,
    },
}

/// An answer, why, the device if it changed, and what follows.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Decision {
    /// What the phone gets.
    pub answer: Answer,
    /// Why.
    pub reason: Reason,
    /// The device, if it changed: to be saved before the first byte leaves.
    pub device: Option<Device>,
    /// What follows, in the same transaction.
    pub effects: Vec<Effect>,
}

impl Decision {
    pub(crate) fn of(answer: Answer, reason: Reason) -> Self {
        Self { answer, reason, device: None, effects: Vec::new() }
    }

    pub(crate) fn challenge(reason: Reason) -> Self {
        Self::of(Answer::Challenge { stale: false }, reason)
    }

    pub(crate) fn with(mut self, effect: Effect) -> Self {
        self.effects.push(effect);
        self
    }
}

/// Decides one request. `device` is `None` for a MAC that nobody has added.
pub fn admit(device: Option<&Device>, request: &Request<'_>, around: &Surroundings<'_>, now: Time, chance: &mut dyn Chance) -> Decision {
    let decision = by_rows(device, request, around, now, chance);
    // Above all rows: what may not leave this way has not been decided at all, so that nothing begins, counts or burns.
    if request.channel.lets_out(&decision.answer, &request.evidence.proof, &request.brand) {
        return decision;
    }
    Decision::challenge(Reason::LoginRequired)
}

/// The rows of the table.
fn by_rows(device: Option<&Device>, request: &Request<'_>, around: &Surroundings<'_>, now: Time, chance: &mut dyn Chance) -> Decision {
    // Row 1.
    if request.door == Door::Front && !request.carrier {
        return Decision::of(Answer::Public, Reason::Public);
    }
    // Row 2.
    if let Some(refusal) = refuse_at_once(request, around) {
        return refusal;
    }
    // Row 3.
    let Some(device) = device.filter(|device| !device.disabled) else {
        return admit_stranger(device, request, around, now, chance).with(Effect::Knock);
    };
    let mut settled = device.clone();
    settled.auth.settle(around.policy, now);
    let mut decision = match &request.evidence.proof {
        // Row 4.
        Proof::Own(login) => own(&settled, login, request, around, now),
        // Rows 5 and 6, unless neither fits.
        Proof::Claim(claim) => {
            claimed(&settled, claim, request, around, now).unwrap_or_else(|| front_rows(&settled, request, around, now, chance))
        }
        // Rows 7 to 10.
        _ => front_rows(&settled, request, around, now, chance),
    };
    if request.evidence.mismatch {
        decision.effects.push(Effect::Notice(Attention::IdentityMismatch));
    }
    if !request.get {
        decision.device = None;
        decision.effects.clear();
    }
    decision
}

/// The poll of a restricted config: quick at first, later every ten minutes or so.
pub fn restricted_poll(claim: &Claim, brand: &BrandTraits, policy: &Policy, now: Time) -> Span {
    let quick = policy.restricted_poll.0.unwrap_or(brand.shortest_poll).max(POLL_MIN);
    if now.since(claim.issued()) < RESTRICTED_POLL_EAGER { quick } else { quick.max(RESTRICTED_POLL_LATER) }
}

/// The ordinary resync of a device: a fixed point of the policy's range that depends on its MAC alone, so that a fleet spreads out.
pub fn ordinary_poll(mac: Mac, policy: &Policy) -> Span {
    let [.., a, b, c, d] = mac.bytes();
    // Consecutive MACs of one carton must land far apart: a multiplicative hash by the golden ratio does that.
    let spread = u64::from(u32::from_be_bytes([a, b, c, d]).wrapping_mul(0x9e37_79b9));
    let (from, to) = (policy.resync.from.as_seconds(), policy.resync.to.as_seconds());
    let within = (to - from + 1).unsigned_abs();
    Span::seconds(from + ((spread * within) >> 32).cast_signed())
}

/// Row 2, and a User-Agent that names another phone where the policy refuses that.
fn refuse_at_once(request: &Request<'_>, around: &Surroundings<'_>) -> Option<Decision> {
    let own_door = request.door == Door::Own;
    match &request.evidence.proof {
        Proof::Stale => Some(Decision::of(Answer::Challenge { stale: true }, Reason::LoginRequired)),
        Proof::Nothing if own_door || request.door == Door::Bare => Some(Decision::challenge(Reason::LoginRequired)),
        Proof::Wrong(wrong) if own_door || request.door == Door::Bare => Some(Decision::challenge(wrong_reason(*wrong))),
        _ if request.evidence.mismatch && around.policy.ua_mismatch == UaMismatch::Refuse => {
            Some(Decision::challenge(Reason::MacMismatch).with(Effect::Notice(Attention::IdentityMismatch)))
        }
        _ => None,
    }
}

fn wrong_reason(wrong: Wrong) -> Reason {
    match wrong {
        Wrong::Device => Reason::WrongDevice,
        // Nobody typed it: the phone has none yet.
        Wrong::Factory => Reason::LoginRequired,
        Wrong::Credentials | Wrong::Global | Wrong::Malformed => Reason::GlobalWrong,
    }
}

/// Row 3: what an uncleared device gets, from nothing but the host name's policy, the file name and the User-Agent; and from the
/// wrong PINs of its network, which a disabled device counts itself.
fn admit_stranger(
    disabled: Option<&Device>,
    request: &Request<'_>,
    around: &Surroundings<'_>,
    now: Time,
    chance: &mut dyn Chance,
) -> Decision {
    let policy = around.policy;
    let reason = if disabled.is_some() { Reason::Disabled } else { Reason::UnknownDevice };
    let state = |network| match disabled {
        Some(device) => device.auth.state_for(network, now),
        None => around.stranger.map_or(State::Needed, |stranger| stranger.state_for(network, now)),
    };
    if let Proof::Claim(claim) = request.evidence.proof
        && policy.pin_required()
    {
        let network = match disabled {
            Some(device) => device.auth.claim_network(&claim, request.address),
            None => around.stranger.map_or(pin_network(request.address), |stranger| stranger.claim_network(&claim, request.address)),
        };
        let notice = if missing_factor(&claim, None, policy, around.globals) { Notice::ResetNeeded } else { notice_of(state(network)) };
        let poll = restricted_poll(&claim, &request.brand, policy, now);
        return Decision::of(Answer::Restricted { claim, notice, poll }, reason);
    }
    let global = global_in_date(request, around);
    let certificate = certificate_accepted(request, policy);
    let unproved = policy.login_required() && global.is_none() && !(certificate && policy.certificate == CertificatePolicy::Accept);
    let uncertified = policy.certificate == CertificatePolicy::Require && !certificate;
    let used_here = match disabled {
        Some(device) => device.auth.used_from(request.address),
        None => around.stranger.is_some_and(|stranger| stranger.used_from(request.address)),
    };
    let returns = returns_to_front_door(used_here, request);
    if unproved || uncertified || returns || !policy.pin_required() || over_contacts(request, around) {
        return Decision::challenge(reason);
    }
    let spent = disabled.is_some_and(|device| {
        let mut auth = device.auth.clone();
        auth.settle(policy, now);
        !auth.allow_global
    });
    let grounds = Grounds { global, certificate, spent, ..Grounds::default() };
    let claim = around.keys.issue(request.mac, 0, grounds, now, chance);
    let poll = restricted_poll(&claim, &request.brand, policy, now);
    Decision::of(Answer::Restricted { claim, notice: notice_of(state(pin_network(request.address))), poll }, reason)
}

/// Row 4.
fn own(device: &Device, login: &Login, request: &Request<'_>, around: &Surroundings<'_>, now: Time) -> Decision {
    let live = device.auth.live.as_ref().filter(|live| live.login == *login);
    let rotation = device.auth.pending.as_ref().filter(|pending| live.is_some() && pending.origin == Origin::Rotation);
    let ordinary = ordinary_poll(device.mac, around.policy);
    let (carried, poll) = match rotation.and_then(|pending| pending.login.clone()) {
        Some(next) => (next, request.brand.shortest_poll.max(POLL_MIN)),
        // A login in its grace is told nothing of the one that took its place.
        None => (login.clone(), ordinary),
    };
    let mut decision = Decision::of(Answer::Full { login: carried, poll }, Reason::Own);
    let due = live.and_then(|live| live.window_due).filter(|_| around.policy.temporary_trust == TemporaryTrust::AfterOwnLogin);
    decision.effects.extend(window_effects(device, request, around, due, now));
    if due.is_some() {
        let mut next = device.clone();
        next.auth.live.iter_mut().for_each(|live| live.window_due = None);
        decision.device = Some(next);
    }
    decision
}

/// Rows 5 and 6; `None` when neither fits.
fn claimed(device: &Device, claim: &Claim, request: &Request<'_>, around: &Surroundings<'_>, now: Time) -> Option<Decision> {
    let policy = around.policy;
    let by = stand_in(device, Some(claim), request.address, policy, around.trust, now);
    if let Some(standing) = standing(claim, device, policy, around.globals, by) {
        let cleared = device.auth.used_claim(claim).and_then(|used| used.cleared);
        let pin_success = cleared.filter(|_| standing == Standing::Cleared && policy.pin_required());
        let (next, login) = take_up(device, claim, pin_success, policy, now);
        let reason = match standing {
            Standing::Cleared => Reason::ClaimCleared,
            Standing::StandIn(by) => stand_in_reason(by),
        };
        let mut decision = Decision::of(Answer::Full { login, poll: ordinary_poll(device.mac, policy) }, reason);
        let opens = pin_success.filter(|_| policy.temporary_trust == TemporaryTrust::AfterPin);
        decision.effects.extend(window_effects(device, request, around, opens, now));
        decision.effects.push(Effect::Event(Event::Confirmed { address: request.address, claim: *claim }));
        decision.device = Some(next);
        return Some(decision);
    }
    if !policy.pin_required() {
        return None;
    }
    let lost = device.auth.live.is_some() || missing_factor(claim, Some(&device.place), policy, around.globals);
    let network = device.auth.claim_network(claim, request.address);
    let notice = if lost { Notice::ResetNeeded } else { notice_of(device.auth.state_for(network, now)) };
    Some(restricted_at_own_door(device, claim, notice, request, around, now))
}

/// Row 6: the same claim again. Its first use, and now and then a later one, is remembered.
fn restricted_at_own_door(
    device: &Device,
    claim: &Claim,
    notice: Notice,
    request: &Request<'_>,
    around: &Surroundings<'_>,
    now: Time,
) -> Decision {
    let poll = restricted_poll(claim, &request.brand, around.policy, now);
    let mut decision = Decision::of(Answer::Restricted { claim: *claim, notice, poll }, notice_reason(notice));
    let mut next = device.clone();
    next.auth.note_fetch(*claim, request.address, request.model, now);
    if next.auth != device.auth {
        if device.auth.used.is_empty() && device.auth.live.is_none() {
            decision.effects.push(Effect::Event(Event::FirstContact { address: request.address }));
        }
        decision.device = Some(next);
    }
    decision
}

/// Rows 7 to 10.
fn front_rows(device: &Device, request: &Request<'_>, around: &Surroundings<'_>, now: Time, chance: &mut dyn Chance) -> Decision {
    let policy = around.policy;
    let global = global_in_date(request, around).filter(|id| {
        let login = around.globals.iter().find(|login| login.id == *id);
        login.is_some_and(|login| login.covers(&device.place))
    });
    let certificate = certificate_accepted(request, policy);
    let armed = device.auth.allow_global && (global.is_some() || certificate && policy.certificate == CertificatePolicy::Accept);
    let by = stand_in(device, None, request.address, policy, around.trust, now);
    // Row 7.
    if policy.login_required() && !armed {
        return unarmed(device, request, around, global);
    }
    if policy.certificate == CertificatePolicy::Require && !certificate {
        return Decision::challenge(Reason::LoginRequired);
    }
    if returns_to_front_door(device.auth.used_from(request.address), request) {
        return Decision::challenge(Reason::LoginRequired);
    }
    // Row 8.
    let invited_again = armed && !policy.pin_required();
    if device.auth.live.is_some() && by.is_none() && !invited_again {
        return came_back(device, request, around, now, chance);
    }
    // Rows 9 and 10 give out claims.
    let known = device.auth.pending.as_ref().is_some_and(|pending| pending.open(now));
    if !known && over_contacts(request, around) {
        return Decision::challenge(Reason::Limited).with(Effect::Notice(Attention::MassFirstContact));
    }
    // A certificate obeys the same one-time switch as the global login.
    let spent = policy.certificate == CertificatePolicy::Require && !device.auth.allow_global;
    let grounds = Grounds {
        global: global.filter(|_| device.auth.allow_global),
        certificate: certificate && device.auth.allow_global,
        ..Grounds::default()
    };
    // Row 9.
    if spent && by.is_some() {
        return Decision::challenge(Reason::ResetNeeded);
    }
    if by.is_some() || !policy.pin_required() {
        let stand_in = by.filter(|_| policy.pin_required());
        return hand_over(device, grounds, stand_in, request, around, now, chance);
    }
    // Row 10.
    let claim = around.keys.issue(device.mac, device.auth.epoch, grounds, now, chance);
    let notice = notice_of(device.auth.state_for(pin_network(request.address), now));
    let poll = restricted_poll(&claim, &request.brand, policy, now);
    Decision::of(Answer::Restricted { claim, notice, poll }, notice_reason(notice))
}

/// Row 7: 401, with the reason that helps.
fn unarmed(device: &Device, request: &Request<'_>, around: &Surroundings<'_>, global: Option<GlobalId>) -> Decision {
    let live = device.auth.live.is_some();
    match &request.evidence.proof {
        Proof::Global(_) if global.is_some() => {
            let same_address = around.last_address == Some(request.address);
            let notice = if same_address { Attention::StillUsesGlobal } else { Attention::CameBackWithoutLogin };
            let decision = Decision::challenge(Reason::GlobalSpent);
            if live { decision.with(Effect::Notice(notice)) } else { decision }
        }
        Proof::Global(_) => Decision::challenge(Reason::GlobalWrong),
        Proof::Wrong(wrong) => Decision::challenge(wrong_reason(*wrong)),
        Proof::Claim(_) => Decision::challenge(Reason::ResetNeeded),
        Proof::Nothing | Proof::Stale | Proof::Own(_) => Decision::challenge(Reason::LoginRequired),
    }
}

/// Row 8: the device is live and this body has no login. It is challenged; one that cannot answer challenges learns what to do.
fn came_back(device: &Device, request: &Request<'_>, around: &Surroundings<'_>, now: Time, chance: &mut dyn Chance) -> Decision {
    let listed = Effect::Notice(Attention::CameBackWithoutLogin);
    if !(around.ignores_challenges && around.policy.login == LoginPolicy::None) {
        return Decision::challenge(Reason::ResetNeeded).with(listed);
    }
    let claim = around.keys.issue(device.mac, device.auth.epoch, Grounds::default(), now, chance);
    let poll = restricted_poll(&claim, &request.brand, around.policy, now);
    Decision::of(Answer::Restricted { claim, notice: Notice::ResetNeeded, poll }, Reason::ResetNeeded).with(listed)
}

/// For brands whose phones return to the front door at every boot: while a claim of the device, used from that address, lives,
/// the phone is challenged so that it shows the login it has.
fn returns_to_front_door(used_here: bool, request: &Request<'_>) -> bool {
    let shows_nothing = request.evidence.proof == Proof::Nothing;
    request.brand.front_door_sticks && shows_nothing && used_here
}

fn global_in_date(request: &Request<'_>, around: &Surroundings<'_>) -> Option<GlobalId> {
    // The evidence names a global login only while it is in date.
    match request.evidence.proof {
        Proof::Global(id) => around.globals.iter().find(|login| login.id == id && !login.revoked).map(|login| login.id),
        _ => None,
    }
}

/// A certificate counts only at the front door, and only where the policy asks.
fn certificate_accepted(request: &Request<'_>, policy: &Policy) -> bool {
    request.evidence.certificate && request.door != Door::Own && policy.certificate != CertificatePolicy::Off
}

fn over_contacts(request: &Request<'_>, around: &Surroundings<'_>) -> bool {
    around.first_contacts >= around.policy.first_contacts_per_hour && !around.trust.is_permanent(request.address)
}

fn notice_of(state: State) -> Notice {
    match state {
        State::Needed | State::Successful => Notice::Needed,
        State::Failed => Notice::Failed,
        State::Blocked => Notice::Blocked,
    }
}

fn notice_reason(notice: Notice) -> Reason {
    match notice {
        Notice::Needed => Reason::Needed,
        Notice::Failed => Reason::Failed,
        Notice::Blocked => Reason::Blocked,
        Notice::ResetNeeded => Reason::ResetNeeded,
    }
}

pub(crate) fn stand_in_reason(by: StandIn) -> Reason {
    match by {
        StandIn::Permanent => Reason::TrustedPermanent,
        StandIn::Temporary => Reason::TrustedTemporary,
        StandIn::Suspension => Reason::Suspended,
    }
}

/// A full config may open or renew a window.
pub(crate) fn window_effects(
    device: &Device,
    request: &Request<'_>,
    around: &Surroundings<'_>,
    pin_success: Option<Time>,
    now: Time,
) -> impl Iterator<Item = Effect> {
    let fetch = Fetch { address: request.address, pin_success, renews: request.brand.renews_trust, address_shared: around.address_shared };
    let change = window_after(device, fetch, around.policy, around.trust, now);
    change.into_iter().flat_map(|change| {
        let event = match change {
            WindowChange::Opened(_) => Event::TrustOpened,
            WindowChange::Extended(_) => Event::TrustExtended,
        };
        [Effect::Window(change), Effect::Event(event)]
    })
}
