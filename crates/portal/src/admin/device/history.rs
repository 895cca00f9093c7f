//! What became of a phone so far: what it asked, its calls, what people did. For a time line.

use std::cmp::Reverse;

use domain::Time;
use domain::device::Device;
use domain::policy::Policy;
use domain::role::{Action, Target, may};
use domain::tenancy::Node;
use serde::Serialize;
use store::Db;

use super::{load, node_of, parse_mac};
use crate::admin::{Admin, By, Error};
use crate::limits::HISTORY_MAX;

/// Reasons that tell of a change. A phone's ordinary fetches tell of none.
const TELLING: [&str; 12] = [
    "claim_cleared",
    "global_first",
    "global_spent",
    "global_wrong",
    "second_claimant",
    "trusted_permanent",
    "trusted_temporary",
    "suspended",
    "pin_off",
    "reset_needed",
    "mac_mismatch",
    "wrong_device",
];

/// One step.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct HistoryView {
    /// When.
    pub time: String,
    /// `created`, `contact`, `cleared`, `live`; `reason-…`, `call-…`, or `act-…` with the code of what it was.
    pub kind: String,
    /// From where.
    pub address: Option<String>,
    /// Who did it, for those who may read the audit.
    pub who: Option<String>,
    #[serde(skip)]
    at: Time,
}

impl HistoryView {
    fn new(at: Time, kind: String, address: Option<String>, who: Option<String>) -> Self {
        Self { time: at.rfc3339(), kind, address, who, at }
    }
}

/// The time line of a phone, newest first.
pub async fn history(admin: &Admin, by: &By, mac: &str) -> Result<Vec<HistoryView>, Error> {
    let (mac, by) = (parse_mac(mac)?, by.clone());
    let look = move |db: &Db| {
        let (stored, policy) = load(db, &by, mac, Action::ViewDevices)?;
        let mut all = own(&stored.device);
        all.extend(requests(store::seen::requests(db, &by.scope(), mac)?));
        let called = store::call::of_device(db, &by.scope(), mac)?;
        all.extend(
            called
                .into_iter()
                .map(|call| HistoryView::new(call.started, format!("call-{}", code(&call.result)), Some(call.source.to_string()), None)),
        );
        all.extend(acts(db, &by, &stored.device, &policy)?);
        all.sort_by_key(|step| Reverse(step.at));
        all.truncate(HISTORY_MAX);
        Ok(all)
    };
    admin.read(look).await
}

/// What the device itself remembers.
fn own(device: &Device) -> Vec<HistoryView> {
    let mut all = vec![HistoryView::new(device.created, "created".into(), None, None)];
    for used in &device.auth.used {
        all.push(HistoryView::new(used.first_seen, "contact".into(), Some(used.address.to_string()), None));
        all.extend(used.cleared.map(|at| HistoryView::new(at, "cleared".into(), Some(used.last_address.to_string()), None)));
    }
    all.extend(device.auth.live.as_ref().map(|live| HistoryView::new(live.since, "live".into(), None, None)));
    all
}

/// Of requests with the same reason, one after the other, the first alone. They come newest first.
fn requests(newest_first: Vec<store::seen::Request>) -> Vec<HistoryView> {
    let mut all: Vec<HistoryView> = Vec::new();
    let mut last = String::new();
    for request in newest_first.into_iter().rev() {
        if request.reason != last && TELLING.contains(&request.reason.as_str()) {
            all.push(HistoryView::new(request.time, format!("reason-{}", request.reason), Some(request.address.to_string()), None));
        }
        last = request.reason;
    }
    all
}

/// What people did to it, where it stands now; what was done elsewhere is the other customer's.
fn acts(db: &Db, by: &By, device: &Device, policy: &Policy) -> Result<Vec<HistoryView>, Error> {
    let named = may(by.actor, Action::ViewAudit, &Target::from(device.place), policy);
    let (own, customer) = (node_of(device.place), Node::Customer(device.place.customer));
    let nodes = [Some(own), Some(customer).filter(|customer| *customer != own)];
    let mut all = Vec::new();
    for node in nodes.into_iter().flatten() {
        for kept in store::audit::of_subject(db, node, &device.mac.to_string(), HISTORY_MAX)? {
            let entry = kept.entry;
            let Some(code) = act(&entry.action, &entry.detail) else { continue };
            all.push(HistoryView::new(entry.at, format!("act-{code}"), None, Some(entry.actor).filter(|_| named)));
        }
    }
    Ok(all)
}

/// What is told of an act; looking and telling the phone to fetch change nothing.
fn act(action: &str, detail: &str) -> Option<&'static str> {
    Some(match (action, detail) {
        ("reset-authentication", _) => "reset",
        ("suspend", "ended") => "suspension-ended",
        ("suspend", _) => "suspended",
        ("allow-global", "no") => "allow-no",
        ("allow-global", "second claimant") => "allow-second",
        ("allow-global", _) => "allow-yes",
        ("set-login", "set") => "login-set",
        ("set-login", "rotated") => "login-rotated",
        ("set-login", _) => "login-cleared",
        ("edit-devices", "disabled") => "disabled",
        ("edit-devices", _) => "enabled",
        ("device.changed" | "settings.changed", _) => "changed",
        ("device.replaced", _) => "replaced",
        ("move-devices", _) => "moved",
        _ => return None,
    })
}

/// Codes of calls as keys of sentences have them.
fn code(result: &str) -> &str {
    if result.starts_with("emergency") { "emergency" } else { result }
}
