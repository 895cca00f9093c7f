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
use crate::admin::device::{self, Which};
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

/// The list.
pub(crate) async fn list(State(app): State<App>, visitor: Visitor, Query(asked): Query<Asked>) -> Answer {
    visitor.must(Action::AllowGlobal)?;
    let which = Which { customer: visitor.chosen(), ..Which::default() };
    let after = Some(asked.after.clone()).filter(|after| !after.is_empty());
    let part = Part { query: asked.q.trim().to_owned(), after, limit: ROWS };
    let found = device::part(&app.admin, &visitor.by, which, part).await?;
    visitor.show("configurations_devices.html", context! { rows => view(found.items), next => found.next, asked => view(asked) })
}

/// The form of one phone.
pub(crate) async fn show(State(app): State<App>, visitor: Visitor, Path(mac): Path<String>) -> Answer {
    let phone = Phone::of(&app, &visitor, &mac).await?;
    phone.must(Action::AllowGlobal)?;
    let outlook = device::outlook(&app.admin, &visitor.by, &phone.device.mac).await?;
    visitor.show("configurations_device.html", context! { outlook => view(outlook), ..phone.context("") })
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
