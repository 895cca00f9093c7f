//! Phones: what an admin does to them.

mod add;
mod allowed;
mod calls;
mod day;
mod history;
mod lines;
mod list;
mod outlook;
mod update;
mod view;

use std::net::IpAddr;
use std::sync::Arc;

use domain::admin::{self as rules, Change, Refusal};
use domain::device::Device;
use domain::effect::Effect;
use domain::login::ByHand;
use domain::policy::Policy;
use domain::role::{Action, Target};
use domain::tenancy::{Node, Place};
use domain::{Mac, Secret, Span};
use store::Db;
use store::device::Stored;

pub(crate) use self::add::{Checked, add_within, check, turns_direction, update_within};
pub use self::add::{NewDevice, add};
pub use self::allowed::allowed;
pub use self::calls::{CallView, calls};
pub use self::day::{DayPlace, DayView, Why, day, day_macs, day_place, with_presence};
pub use self::history::{HistoryView, history};
pub use self::lines::{LineEdit, LineView, edit_lines, lines};
pub use self::list::{CountView, CountsView, Which, counts, list, part, part_allowing};
pub(crate) use self::list::{Policies, each_kind, filter};
pub use self::outlook::{ClaimView, OutlookView, outlook};
pub use self::update::{DeviceChange, update};
pub(crate) use self::view::Viewer;
pub use self::view::{DeviceView, ProfileKeyView, RequestView, look, profile_key, requests, show};
use super::tree::{NodeNames, find_place, policy_at};
use super::{Admin, By, Error, Named, trusting};
use crate::edge::SystemChance;

/// *Reset authentication*: at once no login of the phone earns anything.
pub async fn reset(admin: &Admin, by: &By, mac: &str) -> Result<DeviceView, Error> {
    change(admin, by, mac, Action::ResetAuthentication, "", |device, _, by| Ok(rules::reset(device, by.now, &mut SystemChance))).await
}

/// *Suspend authentication*: serves one phone without proof, for the policy's time unless another is given.
pub async fn suspend(admin: &Admin, by: &By, mac: &str, lasts: Option<Span>, pick: Option<IpAddr>) -> Result<DeviceView, Error> {
    if lasts == Some(Span::ZERO) {
        return Err(Error::invalid("duration", "a suspension lasts at least 1s; --end ends one"));
    }
    let detail = lasts.map_or_else(String::new, |lasts| format!("for {lasts}"));
    change(admin, by, mac, Action::Suspend, &detail, move |device, policy, by| {
        rules::suspend(device, lasts.unwrap_or(policy.suspend), pick, policy, by.now).map_err(|refusal| refused(&refusal))
    })
    .await
}

/// Ends a suspension by hand.
pub async fn end_suspension(admin: &Admin, by: &By, mac: &str) -> Result<DeviceView, Error> {
    change(admin, by, mac, Action::Suspend, "ended", |device, _, _| Ok(rules::end_suspension(device))).await
}

/// The switch *allow global password (one time)*.
pub async fn allow_global(admin: &Admin, by: &By, mac: &str, allow: bool) -> Result<DeviceView, Error> {
    let detail = if allow { "yes" } else { "no" };
    change(admin, by, mac, Action::AllowGlobal, detail, move |device, policy, by| Ok(rules::allow_global(device, allow, policy, by.now)))
        .await
}

/// The lock icon: clears the login and lets the global password in once more, in one step. Whoever may do the second may do both.
pub async fn clear_and_allow_global(admin: &Admin, by: &By, mac: &str) -> Result<DeviceView, Error> {
    change(admin, by, mac, Action::AllowGlobal, "yes, login cleared", |device, policy, by| {
        let mut cleared = rules::clear_login(device, by.now, &mut SystemChance);
        let allowed = rules::allow_global(&cleared.device, true, policy, by.now);
        cleared.effects.extend(allowed.effects);
        Ok(Change { device: allowed.device, effects: cleared.effects })
    })
    .await
}

/// Lets the second claimant have the hand-over: what the first was given ends. Refused if nobody else asked.
pub async fn allow_second_claimant(admin: &Admin, by: &By, mac: &str) -> Result<DeviceView, Error> {
    change(admin, by, mac, Action::AllowGlobal, "second claimant", |device, _, by| {
        rules::allow_second_claimant(device, by.now).map_err(|refusal| refused(&refusal))
    })
    .await
}

/// Tells the phone to fetch, if it has a flow to be told over.
pub async fn resync(admin: &Admin, by: &By, mac: &str) -> Result<DeviceView, Error> {
    change(admin, by, mac, Action::Resync, "", |device, _, _| Ok(Change { device: device.clone(), effects: vec![Effect::Refetch] })).await
}

/// Sets user and password by hand. The old login stays valid until the new one is used, and 15 minutes more.
pub async fn set_login(admin: &Admin, by: &By, mac: &str, user: &str, password: &Secret<String>) -> Result<DeviceView, Error> {
    let login = ByHand::new(user, password.expose()).map_err(|error| Error::invalid("login", error))?;
    let keys = Arc::clone(&admin.keys);
    change(admin, by, mac, Action::SetLogin, "set", move |device, policy, by| {
        Ok(rules::set_login(device, login.clone(), &keys, policy, by.now, &mut SystemChance))
    })
    .await
}

/// Gives a live phone a new login at its next fetch. The old one stays valid until the new one is used, and 15 minutes more.
pub async fn rotate_login(admin: &Admin, by: &By, mac: &str) -> Result<DeviceView, Error> {
    let keys = Arc::clone(&admin.keys);
    change(admin, by, mac, Action::SetLogin, "rotated", move |device, policy, by| {
        rules::rotate(device, &keys, policy, by.now, &mut SystemChance).map_err(|refusal| refused(&refusal))
    })
    .await
}

/// Clears the login; the switch *allow global password* stays as it is.
pub async fn clear_login(admin: &Admin, by: &By, mac: &str) -> Result<DeviceView, Error> {
    change(admin, by, mac, Action::SetLogin, "cleared", |device, _, by| Ok(rules::clear_login(device, by.now, &mut SystemChance))).await
}

/// Switches a phone off, or on again. Off, it is served like a phone that nobody knows; its login and its lines stay for later.
pub async fn disable(admin: &Admin, by: &By, mac: &str, disabled: bool) -> Result<DeviceView, Error> {
    let detail = if disabled { "disabled" } else { "enabled" };
    change(admin, by, mac, Action::EditDevices, detail, move |device, _, _| Ok(rules::disable(device, disabled))).await
}

/// Removes a phone.
pub async fn delete(admin: &Admin, by: &By, mac: &str) -> Result<(), Error> {
    let (mac, by) = (parse_mac(mac)?, by.clone());
    admin
        .write(move |db| {
            let (stored, _) = load(db, &by, mac, Action::EditDevices)?;
            store::device::remove(db, &by.scope(), mac)?;
            by.audit(db, node_of(stored.device.place), "device.deleted", &mac.to_string(), &stored.device.model)
        })
        .await
}

/// Moves a phone. To another customer means a reset. `by_trust`: it may come to live by trusted network or suspension alone.
pub async fn relocate(admin: &Admin, by: &By, mac: &str, to: NodeNames, by_trust: bool) -> Result<DeviceView, Error> {
    let (mac, by, viewer, catalogue) = (parse_mac(mac)?, by.clone(), Viewer::new(admin), admin.catalogue.current());
    admin
        .write(move |db| {
            let (mut stored, _) = load(db, &by, mac, Action::EditDevices)?;
            let (place, customer) = find_place(db, &by.scope(), &to)?;
            let from = stored.device.place;
            let act = if from.customer == place.customer { Action::EditDevices } else { Action::MoveDevices };
            for at in [from, place] {
                by.may(act, &Target::from(at), &policy_at(db, node_of(at))?)?;
            }
            let lives_by_trust =
                |at| Ok::<_, Error>(trusting::lives_by_trust(&catalogue, &stored.device.model, &policy_at(db, node_of(at))?));
            if !by_trust && lives_by_trust(place)? && !lives_by_trust(from)? {
                return Err(trusting::refused(&[(mac, stored.device.model.clone())]));
            }
            let change = rules::relocate(&stored.device, place, by.now, &mut SystemChance);
            stored.device = change.device;
            store::device::relocate(db, &by.scope(), &stored, by.now)?;
            carry_out(db, &by, &stored.device, &change.effects)?;
            let detail = format!("to {}{}", customer.name, to.site.as_ref().map_or_else(String::new, |site| format!(", {site}")));
            by.audit(db, node_of(from), Action::MoveDevices.code(), &mac.to_string(), &detail)?;
            viewer.view(db, &by, mac)
        })
        .await
}

/// Puts another phone in this one's place: lines and settings stay, authentication begins anew.
pub async fn replace(admin: &Admin, by: &By, mac: &str, new_mac: &str) -> Result<DeviceView, Error> {
    let (mac, new_mac, by, viewer) = (parse_mac(mac)?, parse_mac(new_mac)?, by.clone(), Viewer::new(admin));
    if mac == new_mac {
        return Err(Error::invalid("mac", "the new MAC address is the old one"));
    }
    admin
        .write(move |db| {
            let (mut stored, _) = load(db, &by, mac, Action::EditDevices)?;
            let change = rules::replace(&stored.device, new_mac, by.now, &mut SystemChance);
            stored.device = change.device;
            store::device::replace(db, &by.scope(), mac, &stored, by.now).named(|| format!("device {new_mac}"))?;
            carry_out(db, &by, &stored.device, &change.effects)?;
            by.audit(db, node_of(stored.device.place), "device.replaced", &mac.to_string(), &format!("by {new_mac}"))?;
            viewer.view(db, &by, new_mac)
        })
        .await
}

/// Loads, decides, saves, tells, notes: the way of every act on one phone.
async fn change<F>(admin: &Admin, by: &By, mac: &str, action: Action, detail: &str, decide: F) -> Result<DeviceView, Error>
where
    F: Fn(&Device, &Policy, &By) -> Result<Change, Error> + Send + 'static,
{
    let (mac, by, viewer, detail) = (parse_mac(mac)?, by.clone(), Viewer::new(admin), detail.to_owned());
    admin
        .write(move |db| {
            let (stored, policy) = load(db, &by, mac, action)?;
            let change = decide(&stored.device, &policy, &by)?;
            let changed = change.device != stored.device;
            let stored = Stored { device: change.device, version: stored.version };
            if changed {
                store::device::save(db, &stored, by.now)?;
            }
            carry_out(db, &by, &stored.device, &change.effects)?;
            by.audit(db, node_of(stored.device.place), action.code(), &mac.to_string(), &detail)?;
            viewer.view(db, &by, mac)
        })
        .await
}

/// A device with its policy, if this actor may do that to it.
pub(crate) fn load(db: &Db, by: &By, mac: Mac, action: Action) -> Result<(Stored, Policy), Error> {
    let stored = store::device::by_mac(db, &by.scope(), mac).named(|| format!("device {mac}"))?;
    let policy = policy_at(db, node_of(stored.device.place))?;
    by.may(action, &Target::from(stored.device.place), &policy)?;
    Ok((stored, policy))
}

/// Leaves what follows from a change in the outbox, for whoever has to act on it.
pub(crate) fn carry_out(db: &Db, by: &By, device: &Device, effects: &[Effect]) -> Result<(), Error> {
    Ok(store::effect::carry_out(db, device, effects, by.now)?)
}

/// The node whose policy holds for a place.
pub(crate) fn node_of(place: Place) -> Node {
    place.node()
}

/// A MAC in any spelling.
pub(crate) fn parse_mac(text: &str) -> Result<Mac, Error> {
    text.parse().map_err(|error| Error::invalid("mac", format!("{text:?}: {error}")))
}

fn refused(refusal: &Refusal) -> Error {
    match refusal {
        Refusal::PickOne(claims) => {
            let seen: Vec<String> = claims
                .iter()
                .map(|used| format!("{} ({}, first seen {})", used.last_address, used.model, used.first_seen.rfc3339()))
                .collect();
            Error::refused("pick_one", format!("several phones claim to be this one; add --address with one of: {}", seen.join(", ")))
        }
        other => Error::refused("refused", other),
    }
}
