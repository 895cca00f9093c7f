//! What can be done to a phone, each with its question where there is something to lose.

use std::net::IpAddr;

use axum::extract::{Path, State};
use domain::Span;
use domain::role::Action;
use minijinja::context;
use serde::{Deserialize, Serialize};

use super::answer::{Answer, back, local, see_other};
use super::ask::{Answered, From, Question};
use super::device::again;
use super::form::{Posted, Query};
use super::phone::{Phone, wrong};
use super::template::view;
use super::visitor::Visitor;
use super::wrong::Wrong;
use crate::App;
use crate::admin::tree::NodeNames;
use crate::admin::{Error, customer, device, part, site};
use crate::limits::{PAGE_MAX, SPAN_SECONDS_MAX};

/// *Resync*: the phone is told to fetch.
pub(crate) async fn resync(State(app): State<App>, visitor: Visitor, Path(mac): Path<String>, Posted(form): Posted<From>) -> Answer {
    let phone = Phone::of(&app, &visitor, &mac).await?;
    device::resync(&app.admin, &visitor.by, &phone.device.mac).await?;
    Ok(back(&form.to(&phone.page("")), "resync"))
}

/// *Suspend authentication*: which one, and for how long.
pub(crate) async fn ask_suspend(State(app): State<App>, visitor: Visitor, Path(mac): Path<String>, Query(from): Query<From>) -> Answer {
    let phone = Phone::of(&app, &visitor, &mac).await?;
    phone.must(Action::Suspend)?;
    suspend_page(&app, &visitor, &phone, &Suspension { back: from.back, ..Suspension::default() }, None).await
}

/// A suspension that somebody wants.
#[derive(Default, Deserialize, Serialize)]
pub(crate) struct Suspension {
    #[serde(default)]
    answer: String,
    #[serde(default)]
    back: String,
    /// Of the phone that is meant, if several ask.
    #[serde(default)]
    address: String,
    /// As long as the policy says if empty.
    #[serde(default)]
    minutes: String,
}

/// Suspends.
pub(crate) async fn suspend(State(app): State<App>, visitor: Visitor, Path(mac): Path<String>, Posted(form): Posted<Suspension>) -> Answer {
    let phone = Phone::of(&app, &visitor, &mac).await?;
    let to = if form.back.is_empty() { phone.page("") } else { form.back.clone() };
    if form.answer != "yes" {
        return Ok(see_other(local(&to)));
    }
    match suspend_as_asked(&app, &visitor, &phone, &form).await {
        Ok(()) => Ok(back(&to, "suspended")),
        Err(error) => suspend_page(&app, &visitor, &phone, &form, Some(wrong(&visitor, error)?)).await,
    }
}

async fn suspend_as_asked(app: &App, visitor: &Visitor, phone: &Phone, form: &Suspension) -> Result<(), Error> {
    let minutes = |text: &str| {
        let count = text.trim().parse::<u32>().ok().filter(|minutes| (1..=SPAN_SECONDS_MAX / 60).contains(minutes));
        count.map(|minutes| Span::minutes(minutes.into())).ok_or_else(|| Error::invalid("duration", "minutes: 1 to 525600"))
    };
    let lasts = Some(form.minutes.as_str()).filter(|text| !text.is_empty()).map(minutes).transpose()?;
    let address = |text: &str| text.parse::<IpAddr>().map_err(|_| Error::invalid("address", "address: one of those that are listed"));
    let pick = Some(form.address.as_str()).filter(|text| !text.is_empty()).map(address).transpose()?;
    device::suspend(&app.admin, &visitor.by, &phone.device.mac, lasts, pick).await.map(drop)
}

async fn suspend_page(app: &App, visitor: &Visitor, phone: &Phone, form: &Suspension, refused: Option<Wrong>) -> Answer {
    let outlook = device::outlook(&app.admin, &visitor.by, &phone.device.mac).await?;
    again(visitor, "device_suspend.html", refused, context! { outlook => view(outlook), form => view(form), ..phone.context("") })
}

/// Ends a suspension by hand.
pub(crate) async fn end_suspension(
    State(app): State<App>,
    visitor: Visitor,
    Path(mac): Path<String>,
    Posted(form): Posted<From>,
) -> Answer {
    let phone = Phone::of(&app, &visitor, &mac).await?;
    device::end_suspension(&app.admin, &visitor.by, &phone.device.mac).await?;
    Ok(back(&form.to(&phone.page("")), "suspension-ended"))
}

/// Lets the second claimant have what was handed over.
pub(crate) async fn ask_second(State(app): State<App>, visitor: Visitor, Path(mac): Path<String>) -> Answer {
    let phone = Phone::of(&app, &visitor, &mac).await?;
    phone.must(Action::AllowGlobal)?;
    let outlook = device::outlook(&app.admin, &visitor.by, &phone.device.mac).await?;
    visitor.show("device_second.html", context! { outlook => view(outlook), ..phone.context("") })
}

/// *Yes*.
pub(crate) async fn allow_second(
    State(app): State<App>,
    visitor: Visitor,
    Path(mac): Path<String>,
    Posted(form): Posted<Answered>,
) -> Answer {
    let phone = Phone::of(&app, &visitor, &mac).await?;
    if form.yes() {
        device::allow_second_claimant(&app.admin, &visitor.by, &phone.device.mac).await?;
        return Ok(back(&form.to(&phone.page("")), "second-allowed"));
    }
    Ok(see_other(local(&form.to(&phone.page("")))))
}

/// *Delete*: the question.
pub(crate) async fn ask_delete(State(app): State<App>, visitor: Visitor, Path(mac): Path<String>) -> Answer {
    let phone = Phone::of(&app, &visitor, &mac).await?;
    phone.must(Action::EditDevices)?;
    let (title, effects) = (visitor.say("delete-title"), vec![visitor.say("delete-effect"), visitor.say("delete-theft")]);
    let (about, action, to) = (phone.about(), phone.page("delete"), phone.page(""));
    visitor.ask(Action::EditDevices, &Question { title, about: &about, effects, action, fields: Vec::new(), back: &to })
}

/// *Yes*: it is gone.
pub(crate) async fn delete(State(app): State<App>, visitor: Visitor, Path(mac): Path<String>, Posted(form): Posted<Answered>) -> Answer {
    let phone = Phone::of(&app, &visitor, &mac).await?;
    if !form.yes() {
        return Ok(see_other(&phone.page("")));
    }
    device::delete(&app.admin, &visitor.by, &phone.device.mac).await?;
    Ok(back("/inventory/phone-hardware", "deleted"))
}

/// The new phone's MAC.
#[derive(Default, Deserialize, Serialize)]
pub(crate) struct Replacement {
    #[serde(default)]
    mac: String,
}

/// *Replace this phone*: asks for the new one's MAC.
pub(crate) async fn ask_replace(State(app): State<App>, visitor: Visitor, Path(mac): Path<String>) -> Answer {
    let phone = Phone::of(&app, &visitor, &mac).await?;
    phone.must(Action::EditDevices)?;
    again(&visitor, "device_replace.html", None, context! { form => view(Replacement::default()), ..phone.context("") })
}

/// Puts it in this one's place.
pub(crate) async fn replace(
    State(app): State<App>,
    visitor: Visitor,
    Path(mac): Path<String>,
    Posted(form): Posted<Replacement>,
) -> Answer {
    let phone = Phone::of(&app, &visitor, &mac).await?;
    phone.must(Action::EditDevices)?;
    match device::replace(&app.admin, &visitor.by, &phone.device.mac, form.mac.trim()).await {
        Ok(replaced) => Ok(back(&format!("/devices/{}", replaced.mac), "replaced")),
        Err(error) => {
            again(&visitor, "device_replace.html", Some(wrong(&visitor, error)?), context! { form => view(form), ..phone.context("") })
        }
    }
}

/// Where a phone goes.
#[derive(Default, Deserialize, Serialize)]
pub(crate) struct Destination {
    #[serde(default)]
    customer: String,
    #[serde(default)]
    site: String,
    /// It may live by a trusted network or a suspension alone.
    #[serde(default)]
    by_trust: String,
}

impl Destination {
    pub fn new(customer: String, site: String, by_trust: String) -> Self {
        Self { customer, site, by_trust }
    }

    /// As acts take it.
    pub fn names(&self) -> NodeNames {
        let given = |text: &str| Some(text.trim().to_owned()).filter(|text| !text.is_empty());
        NodeNames { reseller: None, customer: given(&self.customer), site: given(&self.site) }
    }

    pub fn by_trust(&self) -> bool {
        self.by_trust == "yes"
    }
}

/// *Move*: to where.
pub(crate) async fn ask_move(State(app): State<App>, visitor: Visitor, Path(mac): Path<String>) -> Answer {
    let phone = Phone::of(&app, &visitor, &mac).await?;
    phone.must(Action::EditDevices)?;
    let (customer, site) = (phone.device.customer.clone(), phone.device.site.clone().unwrap_or_default());
    move_page(&app, &visitor, &phone, &Destination { customer, site, by_trust: String::new() }, None).await
}

/// Moves it.
pub(crate) async fn relocate(
    State(app): State<App>,
    visitor: Visitor,
    Path(mac): Path<String>,
    Posted(form): Posted<Destination>,
) -> Answer {
    let phone = Phone::of(&app, &visitor, &mac).await?;
    phone.must(Action::EditDevices)?;
    match device::relocate(&app.admin, &visitor.by, &phone.device.mac, form.names(), form.by_trust()).await {
        Ok(moved) => Ok(back(&format!("/devices/{}", moved.mac), "moved")),
        Err(error) => move_page(&app, &visitor, &phone, &form, Some(wrong(&visitor, error)?)).await,
    }
}

async fn move_page(app: &App, visitor: &Visitor, phone: &Phone, form: &Destination, refused: Option<Wrong>) -> Answer {
    let places = places(app, visitor, Some(phone.device.customer.clone()).filter(|name| *name == form.customer)).await?;
    again(visitor, "device_move.html", refused, context! { form => view(form), places => view(places), ..phone.context("") })
}

/// What stands in the lists of a form that asks for customer and site.
#[derive(Default, Serialize)]
pub(crate) struct Places {
    customers: Vec<String>,
    sites: Vec<String>,
}

/// Customers in scope, and the sites of one of them.
pub(crate) async fn places(app: &App, visitor: &Visitor, customer: Option<String>) -> Result<Places, Error> {
    let customers = customer::part(&app.admin, &visitor.by, part::Part { limit: PAGE_MAX, ..part::Part::default() }).await?.items;
    let customers = customers.into_iter().map(|customer| customer.name).collect();
    let sites = match customer {
        // A name that two customers have lists no sites; what is typed is refused with its reason.
        Some(name) => site::list(&app.admin, &visitor.by, Some(name)).await.unwrap_or_default().into_iter().map(|site| site.name).collect(),
        None => Vec::new(),
    };
    Ok(Places { customers, sites })
}
