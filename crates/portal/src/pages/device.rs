//! A phone's page: what it is, what happens next, what became of it so far, and what can be done. And the tabs that only tell.

use axum::extract::{Path, State};
use domain::role::Action;
use http::StatusCode;
use minijinja::{Value, context};
use serde::Deserialize;

use super::answer::Answer;
use super::device_redirect;
use super::failure::Failure;
use super::form::{Posted, Query};
use super::phone::{Phone, wrong};
use super::sign_in::Nothing;
use super::template::view;
use super::visitor::Visitor;
use super::wrong::Wrong;
use crate::App;
use crate::admin::brands;
use crate::admin::device;
use crate::admin::simulate::simulate;

/// Requests on the first tab.
const REQUESTS: usize = 8;

/// *Overview*.
pub(crate) async fn show(State(app): State<App>, visitor: Visitor, Path(mac): Path<String>) -> Answer {
    let phone = Phone::of(&app, &visitor, &mac).await?;
    overview(&app, &visitor, &phone, Reveals::default()).await
}

/// What is shown on demand, or was wrong with a form of the page.
#[derive(Default)]
pub(super) struct Reveals {
    /// Our PIN.
    pub pin: Option<String>,
    /// The redirect service's.
    pub service_pin: Option<String>,
    /// The address to enter at a redirect service by hand.
    pub address: Option<String>,
    /// What was wrong.
    pub wrong: Option<Wrong>,
}

/// The same with the PIN, which the audit notes.
pub(crate) async fn show_pin(
    State(app): State<App>,
    visitor: Visitor,
    Path(mac): Path<String>,
    Posted(Nothing {}): Posted<Nothing>,
) -> Answer {
    let phone = Phone::of(&app, &visitor, &mac).await?;
    phone.must(Action::RevealPin)?;
    let pin = device::show(&app.admin, &visitor.by, &phone.device.mac).await?.pin;
    overview(&app, &visitor, &phone, Reveals { pin, ..Reveals::default() }).await
}

/// The first tab.
pub(super) async fn overview(app: &App, visitor: &Visitor, phone: &Phone, reveals: Reveals) -> Answer {
    let (admin, by, mac) = (&app.admin, &visitor.by, phone.device.mac.as_str());
    let mut requests = device::requests(admin, by, mac).await?;
    requests.truncate(REQUESTS);
    let Reveals { pin, service_pin, address, wrong } = reveals;
    let context = context! {
        pin,
        service_pin,
        address,
        redirect => view(device_redirect::panel(app, visitor, phone).await?),
        outlook => view(device::outlook(admin, by, mac).await?),
        history => view(device::history(admin, by, mac).await?),
        requests => view(requests),
        steps => view(brands::factory_reset(admin, &phone.model())),
        ..phone.context("overview")
    };
    again(visitor, "device.html", wrong, context)
}

/// *Requests*.
pub(crate) async fn requests(State(app): State<App>, visitor: Visitor, Path(mac): Path<String>) -> Answer {
    let phone = Phone::of(&app, &visitor, &mac).await?;
    let requests = device::requests(&app.admin, &visitor.by, &phone.device.mac).await?;
    visitor.show("device_requests.html", context! { requests => view(requests), ..phone.context("requests") })
}

/// *Calls*.
pub(crate) async fn calls(State(app): State<App>, visitor: Visitor, Path(mac): Path<String>) -> Answer {
    let phone = Phone::of(&app, &visitor, &mac).await?;
    let calls = device::calls(&app.admin, &visitor.by, &phone.device.mac).await?;
    visitor.show("device_calls.html", context! { calls => view(calls), ..phone.context("calls") })
}

/// From where a phone would ask.
#[derive(Deserialize)]
pub(crate) struct Whence {
    #[serde(default)]
    address: String,
}

/// *What would this phone get now, from this address, and why*.
pub(crate) async fn would_get(
    State(app): State<App>,
    visitor: Visitor,
    Path(mac): Path<String>,
    Query(Whence { address }): Query<Whence>,
) -> Answer {
    let phone = Phone::of(&app, &visitor, &mac).await?;
    let address = if address.is_empty() { phone.device.last_address.clone().unwrap_or_default() } else { address.trim().to_owned() };
    let page = |status, told: Value, refused: Option<Wrong>| {
        let context = context! { address => address.as_str(), told, wrong => view(refused), ..phone.context("would-get") };
        visitor.show_as(status, "device_would_get.html", context)
    };
    if address.is_empty() {
        return page(StatusCode::OK, Value::from(()), None);
    }
    match simulate(&app.admin, &visitor.by, &phone.device.mac, &address).await {
        Ok(told) => page(StatusCode::OK, view(told), None),
        Err(error) => page(StatusCode::UNPROCESSABLE_ENTITY, Value::from(()), Some(wrong(&visitor, error)?)),
    }
}

/// What a tab of forms shows again.
pub(crate) fn again(visitor: &Visitor, name: &str, refused: Option<Wrong>, context: Value) -> Result<axum::response::Response, Failure> {
    let status = if refused.is_some() { StatusCode::UNPROCESSABLE_ENTITY } else { StatusCode::OK };
    visitor.show_as(status, name, context! { wrong => view(refused), ..context })
}
