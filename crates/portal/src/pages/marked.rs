//! What is done to several phones at once: those that were ticked in the list.

use axum::extract::State;
use domain::role::Action;
use minijinja::context;
use serde::{Deserialize, Serialize};

use super::answer::{Answer, local, see_other};
use super::device_acts::{Destination, Places, places};
use super::form::Posted;
use super::template::view;
use super::visitor::Visitor;
use crate::App;
use crate::admin::Error;
use crate::admin::device;
use crate::limits::MARKED_MAX;

/// What can be done to many, and what one must be allowed to do for it.
const ACTS: [(&str, Action); 5] = [
    ("resync", Action::Resync),
    ("suspend", Action::Suspend),
    ("move", Action::EditDevices),
    ("reset", Action::ResetAuthentication),
    ("delete", Action::EditDevices),
];

/// The ticked phones and what to do.
#[derive(Deserialize)]
pub(crate) struct Marked {
    #[serde(default)]
    mac: Vec<String>,
    act: String,
    #[serde(default)]
    back: String,
}

/// The question; labels are printed without one.
pub(crate) async fn ask(State(app): State<App>, visitor: Visitor, Posted(form): Posted<Marked>) -> Answer {
    if form.mac.is_empty() {
        return Ok(see_other(local(&form.back)));
    }
    if form.act == "labels" {
        let pairs: Vec<(&str, &str)> = form.mac.iter().map(|mac| ("mac", mac.as_str())).collect();
        return Ok(see_other(&format!("/sheets?{}", serde_html_form::to_string(&pairs).unwrap_or_default())));
    }
    let action = action(&form.act, form.mac.len())?;
    let allowed = device::allowed(&app.admin, &visitor.by, &form.mac).await?;
    if allowed.is_empty() {
        return Err(Error::NotFound("device".into()).into());
    }
    let may = allowed.values().filter(|codes| codes.contains(action.code())).count();
    if may == 0 {
        return Err(Error::Forbidden.into());
    }
    let customer = visitor.customer.as_ref().map(|customer| customer.name.clone());
    let places = if form.act == "move" { places(&app, &visitor, customer.clone()).await? } else { Places::default() };
    let context = context! {
        act => form.act,
        macs => view(&form.mac),
        may,
        customer,
        places => view(places),
        back => local(&form.back),
    };
    visitor.show("marked.html", context)
}

fn action(act: &str, count: usize) -> Result<Action, Error> {
    if count > MARKED_MAX {
        return Err(Error::invalid("limit", format!("at most {MARKED_MAX} phones at once")));
    }
    let found = ACTS.iter().find(|(known, _)| *known == act).map(|(_, action)| *action);
    found.ok_or_else(|| Error::invalid("body", "there is no such act"))
}

/// The answer.
#[derive(Deserialize)]
pub(crate) struct Wanted {
    #[serde(default)]
    mac: Vec<String>,
    act: String,
    answer: String,
    #[serde(default)]
    back: String,
    #[serde(default)]
    customer: String,
    #[serde(default)]
    site: String,
    #[serde(default)]
    by_trust: String,
}

/// A phone to which it was not done.
#[derive(Serialize)]
struct Refused {
    mac: String,
    code: &'static str,
    detail: String,
}

/// Does it to each, and tells what came of it: one phone that refuses keeps no other from it.
pub(crate) async fn act(State(app): State<App>, visitor: Visitor, Posted(form): Posted<Wanted>) -> Answer {
    if form.answer != "yes" {
        return Ok(see_other(local(&form.back)));
    }
    action(&form.act, form.mac.len())?;
    let to = Destination::new(form.customer.clone(), form.site.clone(), form.by_trust.clone());
    let (mut done, mut refused) = (0, Vec::new());
    for mac in &form.mac {
        match one(&app, &visitor, mac, &form.act, &to).await {
            Ok(()) => done += 1,
            Err(error) => refused.push(Refused { mac: mac.clone(), code: error.code(), detail: error.to_string() }),
        }
    }
    let forbidden = done == 0 && refused.iter().all(|refused| refused.code == "forbidden");
    let unknown = done == 0 && refused.iter().all(|refused| refused.code == "not_found");
    match (done, forbidden, unknown) {
        (0, true, _) if !refused.is_empty() => Err(Error::Forbidden.into()),
        (0, _, true) if !refused.is_empty() => Err(Error::NotFound("device".into()).into()),
        _ => visitor.show("marked_done.html", context! { act => form.act, done, refused => view(refused), back => local(&form.back) }),
    }
}

async fn one(app: &App, visitor: &Visitor, mac: &str, act: &str, to: &Destination) -> Result<(), Error> {
    let (admin, by) = (&app.admin, &visitor.by);
    match act {
        "resync" => device::resync(admin, by, mac).await.map(drop),
        "suspend" => device::suspend(admin, by, mac, None, None).await.map(drop),
        "reset" => device::reset(admin, by, mac).await.map(drop),
        "move" => device::relocate(admin, by, mac, to.names(), to.by_trust()).await.map(drop),
        _ => device::delete(admin, by, mac).await,
    }
}
