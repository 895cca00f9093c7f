//! *Inventory › Phone Hardware*: the phones, with search, states as tabs, and the lock icon in each row.

use axum::extract::{Path, State};
use domain::device::State as DeviceState;
use domain::role::Action;
use minijinja::{Value, context};
use serde::{Deserialize, Serialize};

use super::answer::{Answer, back, local, see_other};
use super::ask::{Answered, From};
use super::failure::Failure;
use super::form::{Posted, Query};
use super::template::view;
use super::visitor::Visitor;
use crate::App;
use crate::admin::device::{self, DeviceView, Which};
use crate::admin::part::Part;
use crate::admin::{Error, brands, site};

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
    let models: Vec<String> = brands::list(&app.admin)
        .iter()
        .flat_map(|brand| brand.models().iter().map(|model| format!("{}/{}", brand.name(), model.name)))
        .collect();
    let model = Some(asked.model.trim()).filter(|model| !model.is_empty()).map(|typed| path_of(&models, typed));
    let which = Which { customer, site, states, model, attention };
    let counts = device::counts(&app.admin, &visitor.by, which.clone()).await?;
    let after = Some(asked.after.clone()).filter(|after| !after.is_empty());
    let part = Part { query: asked.q.trim().to_owned(), after, limit: ROWS };
    let found = device::part(&app.admin, &visitor.by, which, part).await?;
    let rows = rows(&app, &visitor, found.items).await?;
    let context = context! { rows, counts => view(counts), next => found.next, asked => view(&asked), sites => view(sites), models, marks => marks(&visitor) };
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

async fn rows(app: &App, visitor: &Visitor, devices: Vec<DeviceView>) -> Result<Vec<Value>, Failure> {
    let macs: Vec<String> = devices.iter().map(|device| device.mac.clone()).collect();
    let allowed = device::allowed(&app.admin, &visitor.by, &macs).await?;
    let row = |device: DeviceView| {
        let lock = allowed.get(&device.mac).is_some_and(|codes| codes.contains(Action::ResetAuthentication.code()));
        view(Row { device, lock })
    };
    Ok(devices.into_iter().map(row).collect())
}

/// The question behind the lock icon: *Yes* or *No*.
pub(crate) async fn ask(State(app): State<App>, visitor: Visitor, Path(mac): Path<String>, Query(from): Query<From>) -> Answer {
    let device = device::look(&app.admin, &visitor.by, &mac).await?;
    let allowed = device::allowed(&app.admin, &visitor.by, std::slice::from_ref(&device.mac)).await?;
    if !allowed.values().any(|codes| codes.contains(Action::ResetAuthentication.code())) {
        return Err(Error::Forbidden.into());
    }
    visitor.show("unlock.html", context! { device => view(device), back => from.back })
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
