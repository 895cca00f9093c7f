//! What happens next with a phone, as far as anybody can know.

use domain::Span;
use domain::Time;
use domain::admission::ordinary_poll;
use domain::device::{Device, LoginState, State};
use domain::policy::{LoginPolicy, PinPolicy, Policy};
use domain::role::Action;
use serde::Serialize;
use store::Db;

use super::{load, parse_mac};
use crate::admin::{Admin, By, Error, trusting};

/// What is to come, and what the page's buttons need to know.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct OutlookView {
    /// A code: `resync`, `delivered`, `needs_pin` and so on.
    pub next: &'static str,
    /// When it is due.
    pub due: Option<String>,
    /// Bodies that ask under this MAC and are in use; several have to be told apart before a suspension.
    pub claims: Vec<ClaimView>,
    /// It has a login of its own.
    pub has_login: bool,
    /// Since when.
    pub login_since: Option<String>,
    /// A PIN is waiting to be keyed in.
    pub has_pin: bool,
    /// It lives by trusted networks or suspensions alone.
    pub lives_by_trust: bool,
    /// How long a suspension lasts, in minutes.
    pub suspend_minutes: i64,
    /// The address of the second claimant.
    pub second_claimant: Option<String>,
}

/// A body that asked under the phone's MAC.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct ClaimView {
    /// Where it was last seen.
    pub address: String,
    /// What it says it is.
    pub model: String,
    /// When it came first.
    pub first_seen: String,
    /// When it was seen last.
    pub last_seen: String,
}

/// What happens next with a phone.
pub async fn outlook(admin: &Admin, by: &By, mac: &str) -> Result<OutlookView, Error> {
    let (mac, by, catalogue) = (parse_mac(mac)?, by.clone(), admin.catalogue.current());
    let look = move |db: &Db| {
        let (mut stored, policy) = load(db, &by, mac, Action::ViewDevices)?;
        stored.device.auth.settle(&policy, by.now);
        let served = store::seen::seen(db, &by.scope(), mac)?.and_then(|seen| seen.served).map(|served| served.at);
        let shortest = catalogue.model(&stored.device.model).map_or(60, |(_, model)| model.shortest_poll_seconds.max(60));
        let (next, due) = next(&stored.device, &policy, served, Span::seconds(shortest.into()), by.now);
        let device = &stored.device;
        let claim = |used: &domain::device::UsedClaim| ClaimView {
            address: used.last_address.to_string(),
            model: used.model.clone(),
            first_seen: used.first_seen.rfc3339(),
            last_seen: used.last_seen.rfc3339(),
        };
        Ok(OutlookView {
            next,
            due: due.map(Time::rfc3339),
            claims: device.auth.claims_in_use(by.now).map(claim).collect(),
            has_login: device.auth.live.is_some(),
            login_since: device.auth.live.as_ref().map(|live| live.since.rfc3339()),
            has_pin: device.auth.pin.is_some(),
            lives_by_trust: trusting::lives_by_trust(&catalogue, &device.model, &policy),
            suspend_minutes: policy.suspend.as_seconds() / 60,
            second_claimant: device.auth.pending.as_ref().and_then(|pending| pending.second_claimant).map(|address| address.to_string()),
        })
    };
    admin.read(look).await
}

/// A code, and when it is due.
fn next(device: &Device, policy: &Policy, served: Option<Time>, shortest: Span, now: Time) -> (&'static str, Option<Time>) {
    let auth = &device.auth;
    let login = auth.login_state(policy, now);
    let failed = || auth.tries.iter().filter_map(|tries| tries.failed_until).max();
    match (auth.state(now), login) {
        _ if device.disabled => ("disabled", None),
        _ if auth.suspension.is_some() => ("suspended", auth.suspension.map(|suspension| suspension.until)),
        (State::Successful, LoginState::Rotating) => ("rotating", served.map(|at| at + ordinary_poll(device.mac, policy))),
        (State::Successful, _) => match served.map(|at| at + ordinary_poll(device.mac, policy)) {
            Some(due) if due < now => ("overdue", Some(due)),
            due => ("resync", due),
        },
        (State::Blocked, _) => ("blocked", None),
        (State::Failed, _) => ("failed", failed()),
        (State::Needed, LoginState::Unconfirmed) => ("unconfirmed", None),
        (State::Needed, LoginState::Pending) => ("delivered", auth.pending.as_ref().map(|pending| pending.last_delivery + shortest)),
        (State::Needed, _) => (waiting(device, policy, served), None),
    }
}

/// What a phone that is not cleared waits for.
fn waiting(device: &Device, policy: &Policy, served: Option<Time>) -> &'static str {
    // What it got before its last reset tells nothing.
    let asked = !device.auth.used.is_empty() || served > device.auth.reset_at;
    let asks_login = policy.login == LoginPolicy::Required;
    let cleared = device.auth.used.iter().any(|used| used.cleared.is_some());
    match (policy.pin == PinPolicy::Required, asked) {
        (true, _) if cleared => "cleared",
        (true, true) => "needs_pin",
        _ if asks_login && !device.auth.allow_global => "not_allowed",
        (true, false) if asks_login => "needs_login_and_pin",
        (true, false) => "needs_contact",
        (false, _) => "needs_login",
    }
}
