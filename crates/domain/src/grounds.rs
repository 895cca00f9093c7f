//! Whether a claim has what today's policy asks.

use crate::claim::Claim;
use crate::device::{Auth, Device, Origin};
use crate::limits::CLOCKS_APART_MAX;
use crate::login::GlobalLogin;
use crate::policy::{CertificatePolicy, Policy};
use crate::tenancy::Place;
use crate::trust::StandIn;

/// Whether the claim lacks a factor that comes before the PIN: the global login, or the certificate.
///
/// A global login that was revoked, or that does not cover the place where the device now stands, proves nothing any more; one that
/// merely ended does, because a delivered login never ends by time alone.
///
/// For a MAC that nobody has added, `place` is `None`: every owner's login counts, and one that was spent does, too.
pub fn missing_factor(claim: &Claim, place: Option<&Place>, policy: &Policy, globals: &[GlobalLogin]) -> bool {
    let spent = claim.grounds.spent && place.is_some();
    let counts = |login: &GlobalLogin| !login.revoked && place.is_none_or(|place| login.covers(place));
    let login = !spent && claim.grounds.global.is_some_and(|id| globals.iter().any(|login| login.id == id && counts(login)));
    let certificate = !spent && claim.grounds.certificate;
    let login_missing = policy.login_required() && !(login || certificate && policy.certificate == CertificatePolicy::Accept);
    let certificate_missing = policy.certificate == CertificatePolicy::Require && !certificate;
    login_missing || certificate_missing
}

/// Why a claim gets the full config.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Standing {
    /// The PIN cleared it, or it was handed over, and nothing that today's policy asks is missing.
    Cleared,
    /// A stand-in serves it.
    StandIn(StandIn),
}

/// Whether, and why, a claim that is not the own login gets the full config (row 5 of the admission table).
pub fn standing(claim: &Claim, device: &Device, policy: &Policy, globals: &[GlobalLogin], stand_in: Option<StandIn>) -> Option<Standing> {
    let auth = &device.auth;
    if set_by_admin(claim, auth) {
        return Some(Standing::Cleared);
    }
    if missing_factor(claim, Some(&device.place), policy, globals) {
        return None;
    }
    let this_epoch = of_this_epoch(claim, device);
    let cleared = auth.used_claim(claim).is_some_and(|used| used.cleared.is_some());
    if !policy.pin_required() {
        // The login is then the only factor, and a reset takes it: it counts only in the epoch that earned it, or with a PIN since.
        return (cleared || this_epoch && (auth.live.is_none() || claim.grounds.handed_over)).then_some(Standing::Cleared);
    }
    if cleared || this_epoch && claim.grounds.handed_over && claim.grounds.stood_in {
        return Some(Standing::Cleared);
    }
    stand_in.map(Standing::StandIn)
}

/// No reset, take-up or later hand-over since it was made.
///
/// A device's first epoch is drawn by lot, and may be one that a former device of this MAC had: what is older than the device, or than
/// its coming in another's place, is of that one.
fn of_this_epoch(claim: &Claim, device: &Device) -> bool {
    let began = device.auth.reset_at.map_or(device.created, |reset| reset.max(device.created));
    claim.epoch == device.auth.epoch && claim.issued() + CLOCKS_APART_MAX >= began
}

fn set_by_admin(claim: &Claim, auth: &Auth) -> bool {
    auth.pending.as_ref().is_some_and(|pending| {
        let by_admin = matches!(pending.origin, Origin::ByHand | Origin::Rotation);
        by_admin && pending.login.as_ref().is_some_and(|login| login.claim == *claim)
    })
}
