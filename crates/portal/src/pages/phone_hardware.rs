//! *Inventory › Phone Hardware*: the phones, with search, states as tabs, and the lock icon in each row.

use axum::extract::{Path, State};
use domain::device::State as DeviceState;
use domain::role::Action;
use minijinja::context;
use serde::{Deserialize, Serialize};

use super::answer::{Answer, back, local, see_other};
use super::ask::{Answered, From};
use super::form::{Posted, Query};
use super::phone::Phone;
use super::template::view;
use super::visitor::Visitor;
use crate::App;
use crate::admin::device::{self, DeviceView, Which};
use crate::admin::part::Part;
use crate::admin::site;

/// Rows of one page: what two screens hold.
const ROWS: usize = 50;

/// The tabs, in the order in which somebody has work with them.
const STATES: [DeviceState; 4] = [DeviceState::Needed, DeviceState::Failed, DeviceState::Blocked, DeviceState::Successful];

/// The tab of phones that somebody should look at.
const ATTENTION: &str = "attention";

/// What is looked for.
#[derive(Clone, Debug, Default, Deserialize, Serialize)]
pub(crate) struct Asked {
    #[serde(default)]
    q: String,
    #[serde(default)]
    state: String,
    #[serde(default)]
    after: String,
    #[serde(default)]
    site: String,
    /// `yealink/T54W`.
    #[serde(default)]
    model: String,
}

/// The list.
pub(crate) async fn show(State(app): State<App>, visitor: Visitor, Query(asked): Query<Asked>) -> Answer {
    let states = STATES.into_iter().filter(|state| state.code() == asked.state).collect();
    let sites = match visitor.customer_id() {
        Some(customer) => site::list(&app.admin, &visitor.by, Some(customer)).await?,
        None => Vec::new(),
    };
    // A site of another customer, left over from before the switch, narrows nothing.
    let site = sites.iter().find(|site| site.id == asked.site).map(|site| site.id.clone());
    let customer = if site.is_some() { visitor.customer_id() } else { visitor.chosen() };
    let attention = asked.state == ATTENTION;
    let models: Vec<String> = app
        .admin
        .catalogue
        .current()
        .brands()
        .iter()
        .flat_map(|brand| brand.models().iter().map(|model| format!("{}/{}", brand.name(), model.name)))
        .collect();
    let model = Some(asked.model.trim()).filter(|model| !model.is_empty()).map(|typed| path_of(&models, typed));
    let which = Which { customer, site, states, model, attention };
    let counts = device::counts(&app.admin, &visitor.by, which.clone()).await?;
    let after = Some(asked.after.clone()).filter(|after| !after.is_empty());
    let part = Part { query: asked.q.trim().to_owned(), after, limit: ROWS };
    let found = device::part_allowing(&app.admin, &visitor.by, which, part, Action::ResetAuthentication).await?;
    let rows: Vec<Row> = found.items.into_iter().map(|(device, lock)| Row { device, lock }).collect();
    let context = context! { rows => view(rows), counts => view(counts), next => found.next, asked => view(&asked), sites => view(sites), models, marks => marks(&visitor) };
    visitor.show("phone_hardware.html", context)
}

/// Brand and model of what somebody typed, who may leave the brand away.
fn path_of(models: &[String], typed: &str) -> String {
    let is_it =
        |path: &&String| path.eq_ignore_ascii_case(typed) || path.rsplit('/').next().is_some_and(|model| model.eq_ignore_ascii_case(typed));
    models.iter().find(is_it).cloned().unwrap_or_else(|| typed.to_owned())
}

/// What the visitor may do to ticked phones, somewhere in their branch.
fn marks(visitor: &Visitor) -> Vec<&'static str> {
    let all = [
        ("resync", Action::Resync),
        ("suspend", Action::Suspend),
        ("labels", Action::RevealPin),
        ("move", Action::EditDevices),
        ("reset", Action::ResetAuthentication),
        ("delete", Action::EditDevices),
    ];
    all.into_iter().filter(|(_, action)| visitor.may(*action)).map(|(act, _)| act).collect()
}

/// A phone of the list, and whether its lock may be opened.
#[derive(Serialize)]
struct Row {
    #[serde(flatten)]
    device: DeviceView,
    lock: bool,
}

/// The question behind the lock icon: *Yes* or *No*.
pub(crate) async fn ask(State(app): State<App>, visitor: Visitor, Path(mac): Path<String>, Query(from): Query<From>) -> Answer {
    let phone = Phone::of(&app, &visitor, &mac).await?;
    phone.must(Action::ResetAuthentication)?;
    visitor.show("unlock.html", context! { back => from.back, ..phone.context("") })
}

/// *Yes*: the login is cleared, the global password allowed once.
pub(crate) async fn unlock(State(app): State<App>, visitor: Visitor, Path(mac): Path<String>, Posted(form): Posted<Answered>) -> Answer {
    let to = form.to(&format!("/devices/{}", mac.to_lowercase()));
    if !form.yes() {
        return Ok(see_other(local(&to)));
    }
    device::reset(&app.admin, &visitor.by, &mac).await?;
    Ok(back(&to, "reset"))
}
