//! Phones with their PINs for whoever hangs them up: an installer's day, sheets and labels. That PINs were shown is audited once for all.

use std::collections::BTreeSet;

use domain::device::{Device, State};
use domain::policy::Policy;
use domain::role::{Action, Target, may};
use domain::{Mac, Span, Time};
use serde::Serialize;
use store::{Db, Scope};

use super::list::{Policies, Which, first};
use super::view::{DeviceView, Viewer};
use super::{load, node_of, parse_mac};
use crate::admin::tree::{NodeNames, find, names, policy_at};
use crate::admin::{Admin, By, Error};
use crate::limits::{LOOK, SHEET_MAX};
use crate::telephone::{Presence, Telephone};

/// How long ago a call counts as what is going on.
const CALLED: Span = Span::minutes(5);

/// What PINs are shown for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Why {
    /// A sheet or labels.
    Sheet,
    /// An installer's page, opened.
    Page,
    /// The same page, which fetched itself anew: one look in a while.
    Again,
}

impl Why {
    fn subject(self) -> &'static str {
        match self {
            Self::Sheet => "labels",
            Self::Page | Self::Again => "installer's page",
        }
    }
}

/// A phone on the day that it is hung up.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct DayView {
    /// The phone, with its PIN where there is one and the role may see it.
    #[serde(flatten)]
    pub device: DeviceView,
    /// `waiting`, `fetched`, `registered`, `in_call`, `called`, `cleared`, `delivered`, `working`; `failed`, `blocked`, `look` where somebody has to do something.
    pub live: &'static str,
    /// `open`, `calling`, `done`, `stuck`.
    pub tab: &'static str,
}

/// Where somebody works for a day: one site, or all of a customer.
#[derive(Clone, Debug)]
pub struct DayPlace {
    /// Its phones.
    pub which: Which,
    /// The customer's name.
    pub customer: String,
    /// The site's; all of the customer's without one.
    pub site: Option<String>,
}

/// The site or customer of that id.
pub async fn day_place(admin: &Admin, by: &By, id: &str) -> Result<DayPlace, Error> {
    let (by, id) = (by.clone(), id.to_owned());
    let look = move |db: &Db| {
        let scope = by.scope();
        let site = NodeNames { site: Some(id.clone()), ..NodeNames::default() };
        let found = match find(db, &scope, &site) {
            Err(Error::NotFound(_)) => find(db, &scope, &NodeNames::customer(id))?,
            found => found?,
        };
        by.may(Action::ViewDevices, &found.target, &policy_at(db, found.node)?)?;
        let names = names(db, found.node)?;
        // Who works at one site sees nothing else anyway.
        let which = match scope {
            Scope::Site(_) => Which::default(),
            _ => Which {
                customer: found.target.customer.map(|customer| customer.0.to_string()),
                site: found.target.site.map(|site| site.0.to_string()),
                ..Which::default()
            },
        };
        Ok(DayPlace { which, customer: names.customer.unwrap_or_default(), site: names.site })
    };
    admin.read(look).await
}

/// The phones of a site or of a list, at most [`SHEET_MAX`], with their PINs; whether there are more.
pub async fn day(admin: &Admin, by: &By, which: Which, macs: &[String], why: Why) -> Result<(Vec<DayView>, bool), Error> {
    let macs = macs.iter().map(|mac| parse_mac(mac)).collect::<Result<BTreeSet<_>, _>>()?;
    let (by_too, viewer) = (by.clone(), Viewer::new(admin));
    let found = admin.store.report(move |db| Ok(look(db, &by_too, &viewer, &which, &macs)));
    let (rows, more) = found.await??;
    let pins = rows.iter().filter(|row| row.device.pin.is_some()).count();
    if pins > 0 {
        let by = by.clone();
        admin.write(move |db| note(db, &by, why, pins)).await?;
    }
    Ok((rows, more))
}

/// The MACs of the phones of a place, at most [`SHEET_MAX`]: those whose presence its page follows.
pub async fn day_macs(admin: &Admin, by: &By, which: Which) -> Result<Vec<Mac>, Error> {
    let by = by.clone();
    let found = admin.store.report(move |db| Ok(first(db, &by, &which, Action::ViewDevices, SHEET_MAX)));
    Ok(found.await??.0.into_iter().map(|listed| listed.stored.device.mac).collect())
}

/// Says of phones that have not got further whether they are registered or in a call just now, which only the telephone face knows.
pub fn with_presence(rows: &mut [DayView], telephone: &dyn Telephone, now: Time) {
    let early = |row: &&mut DayView| ["waiting", "fetched", "called"].contains(&row.live);
    let mut rows: Vec<(Mac, &mut DayView)> =
        rows.iter_mut().filter(early).filter_map(|row| Some((row.device.mac.parse().ok()?, row))).collect();
    let macs: Vec<Mac> = rows.iter().map(|(mac, _)| *mac).collect();
    for ((_, row), found) in rows.iter_mut().zip(telephone.presence(&macs, now)) {
        (row.tab, row.live) = match (found, row.live) {
            (Presence::InCall, _) => ("calling", "in_call"),
            (Presence::Registered, "waiting" | "fetched") => ("open", "registered"),
            _ => continue,
        };
    }
}

fn look(db: &Db, by: &By, viewer: &Viewer, which: &Which, macs: &BTreeSet<Mac>) -> Result<(Vec<DayView>, bool), Error> {
    let mut policies = Policies::default();
    if !macs.is_empty() {
        let one = |mac: &Mac| {
            let (stored, policy) = load(db, by, *mac, Action::ViewDevices)?;
            row(db, by, stored.device, viewer.view(db, by, *mac)?, &policy)
        };
        return Ok((macs.iter().take(SHEET_MAX).map(one).collect::<Result<_, _>>()?, macs.len() > SHEET_MAX));
    }
    let (found, more) = first(db, by, which, Action::ViewDevices, SHEET_MAX)?;
    let one = |listed: store::device::Listed| {
        let device = listed.stored.device.clone();
        let policy = policies.at(db, node_of(device.place))?;
        row(db, by, device, viewer.of_listed(by, listed, policy), policy)
    };
    Ok((found.into_iter().map(one).collect::<Result<_, _>>()?, more))
}

fn row(db: &Db, by: &By, mut device: Device, mut view: DeviceView, policy: &Policy) -> Result<DayView, Error> {
    device.auth.settle(policy, by.now);
    if may(by.actor, Action::RevealPin, &Target::from(device.place), policy) {
        view.pin = device.auth.pin.as_ref().map(|pin| pin.reveal().to_owned());
    }
    // Only who has fetched can call.
    let called = if device.auth.live.is_none() && !device.auth.used.is_empty() { called(db, by, &device)? } else { None };
    // What it got before its last reset tells nothing.
    let fetched = view.last_fetch.clone() > device.auth.reset_at.map(Time::rfc3339) || !device.auth.used.is_empty();
    let (tab, live) = live(&device, &view, (fetched, called), by.now);
    Ok(DayView { device: view, live, tab })
}

fn called(db: &Db, by: &By, device: &Device) -> Result<Option<Time>, Error> {
    Ok(store::call::of_device(db, &by.scope(), device.mac)?.first().map(|call| call.ended))
}

/// Tab and word.
fn live(device: &Device, view: &DeviceView, (fetched, called): (bool, Option<Time>), now: Time) -> (&'static str, &'static str) {
    let auth = &device.auth;
    match auth.state(now) {
        State::Successful if view.attention.is_empty() => ("done", "working"),
        State::Failed => ("stuck", "failed"),
        State::Blocked => ("stuck", "blocked"),
        _ if device.disabled => ("stuck", "disabled"),
        _ if !view.attention.is_empty() => ("stuck", "look"),
        _ if auth.pending.is_some() => ("calling", "delivered"),
        _ if auth.used.iter().any(|used| used.cleared.is_some()) => ("calling", "cleared"),
        _ if called.is_some_and(|at| now.since(at) < CALLED) => ("calling", "called"),
        _ if fetched => ("open", "fetched"),
        _ => ("open", "waiting"),
    }
}

/// Notes that PINs were shown: at once, or for a page that fetches itself anew if the same person's last look is a while ago.
fn note(db: &Db, by: &By, why: Why, pins: usize) -> Result<(), Error> {
    let node = by.actor.node;
    if why == Why::Again {
        let last = store::audit::of_subject(db, node, why.subject(), 20)?;
        if last.iter().any(|kept| kept.entry.actor == by.name && by.now.since(kept.entry.at) < LOOK) {
            return Ok(());
        }
    }
    by.audit(db, node, Action::RevealPin.code(), why.subject(), &format!("{pins} PINs"))
}
