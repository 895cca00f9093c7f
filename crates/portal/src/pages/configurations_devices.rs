//! *Configurations › Devices*: the switch *Allow Global Password (one time)*, found by the number that people dial.

use axum::extract::{Path, State};
use domain::role::Action;
use minijinja::context;
use serde::{Deserialize, Serialize};

use super::answer::{Answer, back};
use super::device_advanced::yes_or_no;
use super::form::{Posted, Query};
use super::phone::Phone;
use super::template::view;
use super::visitor::Visitor;
use crate::App;
use crate::admin::Error;
use crate::admin::device::{self, DeviceView, Which};
use crate::admin::part::Part;

/// Rows of one page.
const ROWS: usize = 50;

/// What is looked for.
#[derive(Deserialize, Serialize)]
pub(crate) struct Asked {
    #[serde(default)]
    q: String,
    #[serde(default)]
    after: String,
}

/// A phone and what it is dialled by.
#[derive(Serialize)]
struct Row {
    #[serde(flatten)]
    device: DeviceView,
    dialled: Vec<String>,
}

/// The list.
pub(crate) async fn list(State(app): State<App>, visitor: Visitor, Query(asked): Query<Asked>) -> Answer {
    if !visitor.may(Action::AllowGlobal) {
        return Err(Error::Forbidden.into());
    }
    let which = Which { customer: visitor.customer_id(), ..Which::default() };
    let after = Some(asked.after.clone()).filter(|after| !after.is_empty());
    let part = Part { query: asked.q.trim().to_owned(), after, limit: ROWS };
    let found = device::part(&app.admin, &visitor.by, which, part).await?;
    let macs: Vec<String> = found.items.iter().map(|device| device.mac.clone()).collect();
    let mut dialled = device::extensions(&app.admin, &visitor.by, &macs).await?;
    let row = |device: DeviceView| {
        let dialled = dialled.remove(&device.mac).unwrap_or_default();
        Row { device, dialled }
    };
    let rows: Vec<Row> = found.items.into_iter().map(row).collect();
    visitor.show("configurations_devices.html", context! { rows => view(rows), next => found.next, asked => view(asked) })
}

/// The form of one phone.
pub(crate) async fn show(State(app): State<App>, visitor: Visitor, Path(mac): Path<String>) -> Answer {
    let phone = Phone::of(&app, &visitor, &mac).await?;
    phone.must(Action::AllowGlobal)?;
    let outlook = device::outlook(&app.admin, &visitor.by, &phone.device.mac).await?;
    let dialled = device::extensions(&app.admin, &visitor.by, std::slice::from_ref(&phone.device.mac)).await?.remove(&phone.device.mac);
    let context = context! { outlook => view(outlook), dialled => view(dialled.unwrap_or_default()), ..phone.context("") };
    visitor.show("configurations_device.html", context)
}

/// The switch, and whether the login goes.
#[derive(Deserialize)]
pub(crate) struct Form {
    allow: String,
    #[serde(default)]
    clear: String,
}

/// *Save*.
pub(crate) async fn save(State(app): State<App>, visitor: Visitor, Path(mac): Path<String>, Posted(form): Posted<Form>) -> Answer {
    let phone = Phone::of(&app, &visitor, &mac).await?;
    let (admin, by, mac) = (&app.admin, &visitor.by, phone.device.mac.as_str());
    // Without the switch a cleared login would lock the phone out: then nothing is cleared.
    let (_, done) = match (yes_or_no(&form.allow)?, form.clear == "yes") {
        (true, true) => (device::clear_and_allow_global(admin, by, mac).await?, "cleared-and-allowed"),
        (true, false) => (device::allow_global(admin, by, mac, true).await?, "allowed"),
        (false, _) => (device::allow_global(admin, by, mac, false).await?, "not-allowed"),
    };
    Ok(back(&format!("/configurations/devices/{mac}"), done))
}
