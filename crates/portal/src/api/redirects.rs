//! `redirect-services`: accounts at brands' redirect services, and how devices stand there.

use std::collections::BTreeMap;

use axum::Json;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use domain::Secret;
use http::StatusCode;
use http::header::{CONTENT_DISPOSITION, CONTENT_TYPE};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::answer::{Created, Tagged};
use super::extract::{Asked, Expected, Flag, Id, Named, PartQuery, Unpacked};
use crate::App;
use crate::admin::part::{Listing, Part};
use crate::admin::redirect::{self, AccountView, Label, NewAccount, RefusedView, ServiceView, StandingView};
use crate::auth::Bearer;
use crate::problem::Problem;

/// An account to add.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct NewRedirectBody {
    /// The service, by its name in `redirect-kinds`.
    #[schema(example = "yealink-ymcs")]
    service: String,
    /// Whose it is, name or id; the operator's without one. A reseller's own needs none.
    reseller: Option<String>,
    /// One of the service's regions; its first without one.
    region: Option<String>,
    /// What it consists of, as `redirect-kinds` says; secrets are never shown again.
    fields: BTreeMap<String, String>,
}

/// What is changed; what is absent stays.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct RedirectChangeBody {
    /// One of the service's regions.
    region: Option<String>,
    /// Fields to change.
    #[serde(default)]
    fields: BTreeMap<String, String>,
}

fn secret(fields: BTreeMap<String, String>) -> BTreeMap<String, Secret<String>> {
    fields.into_iter().map(|(name, value)| (name, Secret::new(value))).collect()
}

/// The services, and what an account at each consists of.
#[utoipa::path(get, path = "/redirect-kinds", responses((status = 200, body = Listing<ServiceView>)))]
pub(crate) async fn kinds(bearer: Bearer) -> Result<impl IntoResponse, Problem> {
    Ok(Json(Listing::whole(redirect::services(&bearer.by)?)))
}

/// Accounts of one's branch, oldest first.
#[utoipa::path(get, path = "/redirect-services", params(PartQuery), responses((status = 200, body = Listing<AccountView>)))]
pub(crate) async fn list(State(app): State<App>, bearer: Bearer, Asked(asked): Asked<PartQuery>) -> Result<impl IntoResponse, Problem> {
    let all = redirect::list(&app.admin, &bearer.by).await?;
    // Ids begin with the time.
    Ok(Json(Part::from(asked).cut(all, |account| account.id.to_string())?))
}

/// Adds an account. From then on the devices of its brands are registered there.
#[utoipa::path(post, path = "/redirect-services", request_body = NewRedirectBody, responses((status = 201, body = AccountView)))]
pub(crate) async fn create(
    State(app): State<App>,
    bearer: Bearer,
    Unpacked(body): Unpacked<NewRedirectBody>,
) -> Result<impl IntoResponse, Problem> {
    let NewRedirectBody { service, reseller, region, fields } = body;
    let added = redirect::add(&app.admin, &bearer.by, NewAccount { service, reseller, region, fields: secret(fields) }).await?;
    let version = added.version;
    Ok(Created::at(format!("redirect-services/{}", added.id), added).tagged(version))
}

/// One account.
#[utoipa::path(get, path = "/redirect-services/{id}", params(("id" = Uuid, Path)), responses((status = 200, body = AccountView)))]
pub(crate) async fn read(State(app): State<App>, bearer: Bearer, Id(id): Id) -> Result<impl IntoResponse, Problem> {
    let found = redirect::show(&app.admin, &bearer.by, id).await?;
    Ok(Tagged(found.version, found))
}

/// Changes region or fields. Everything is looked at afresh.
#[utoipa::path(patch, path = "/redirect-services/{id}", params(("id" = Uuid, Path)), request_body = RedirectChangeBody,
    responses((status = 200, body = AccountView)))]
pub(crate) async fn update(
    State(app): State<App>,
    bearer: Bearer,
    Id(id): Id,
    Expected(version): Expected,
    Unpacked(body): Unpacked<RedirectChangeBody>,
) -> Result<impl IntoResponse, Problem> {
    let changed = redirect::update(&app.admin, &bearer.by, id, body.region, secret(body.fields), version).await?;
    Ok(Tagged(changed.version, changed))
}

/// How an account ends.
#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct RemovalQuery {
    /// Removes at the service first what this server wrote; it stays there otherwise.
    #[serde(default)]
    #[param(required = false, value_type = bool)]
    unregister: Flag,
}

/// Ends an account.
#[utoipa::path(delete, path = "/redirect-services/{id}", params(("id" = Uuid, Path), RemovalQuery), responses((status = 204)))]
pub(crate) async fn delete(
    State(app): State<App>,
    bearer: Bearer,
    Id(id): Id,
    Asked(asked): Asked<RemovalQuery>,
) -> Result<impl IntoResponse, Problem> {
    redirect::remove(&app.admin, &bearer.by, id, asked.unregister.0).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Asks the service whether it accepts the account. What it says stands in `failure` and `said`.
#[utoipa::path(post, path = "/redirect-services/{id}/test", params(("id" = Uuid, Path)), responses((status = 200, body = AccountView)))]
pub(crate) async fn test(State(app): State<App>, bearer: Bearer, Id(id): Id) -> Result<impl IntoResponse, Problem> {
    let tested = redirect::test(&app.admin, &bearer.by, id).await?;
    Ok(Tagged(tested.version, tested))
}

/// Has every device looked at, and the service's whole list compared, now.
#[utoipa::path(post, path = "/redirect-services/{id}/sync", params(("id" = Uuid, Path)), responses((status = 200, body = AccountView)))]
pub(crate) async fn sync(State(app): State<App>, bearer: Bearer, Id(id): Id) -> Result<impl IntoResponse, Problem> {
    let asked = redirect::sync(&app.admin, &bearer.by, id).await?;
    Ok(Tagged(asked.version, asked))
}

/// The devices that the service refused, by MAC, with why.
#[utoipa::path(get, path = "/redirect-services/{id}/refused", params(("id" = Uuid, Path), PartQuery),
    responses((status = 200, body = Listing<RefusedView>)))]
pub(crate) async fn refused(
    State(app): State<App>,
    bearer: Bearer,
    Id(id): Id,
    Asked(asked): Asked<PartQuery>,
) -> Result<impl IntoResponse, Problem> {
    Ok(Json(redirect::refusals(&app.admin, &bearer.by, id, asked.into()).await?))
}

/// Of which brand.
#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct AddressesQuery {
    /// The brand.
    #[param(example = "cisco")]
    brand: String,
}

/// The addresses for entering by hand, as CSV (`mac,serial,mac_id,model,address`). Each holds the global login for its device; audited.
#[utoipa::path(get, path = "/redirect-addresses.csv", params(AddressesQuery),
    responses((status = 200, content_type = "text/csv", body = String)))]
pub(crate) async fn addresses(
    State(app): State<App>,
    bearer: Bearer,
    Asked(AddressesQuery { brand }): Asked<AddressesQuery>,
) -> Result<Response, Problem> {
    let bytes = redirect::addresses_csv(&app.admin, &bearer.by, &brand).await?;
    let headers = [
        (CONTENT_TYPE, "text/csv; charset=utf-8; header=present"),
        (CONTENT_DISPOSITION, "attachment; filename=\"redirect-addresses.csv\""),
    ];
    Ok((headers, bytes).into_response())
}

/// How a device stands at its brand's redirect service.
#[utoipa::path(get, path = "/devices/{mac}/redirect", params(("mac" = String, Path, description = "MAC in any spelling")),
    responses((status = 200, body = StandingView)))]
pub(crate) async fn standing(State(app): State<App>, bearer: Bearer, Named(mac): Named) -> Result<impl IntoResponse, Problem> {
    Ok(Json(redirect::standing(&app.admin, &bearer.by, &mac).await?))
}

/// What stands on a device's label besides its MAC.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct LabelBody {
    /// The serial number; an empty text takes it away, and without it it stays.
    serial: Option<String>,
    /// The four characters behind the MAC on a Gigaset label; likewise.
    mac_id: Option<String>,
}

/// Keeps serial number and MAC-ID. A service that refused the device for the lack of one is asked again.
#[utoipa::path(put, path = "/devices/{mac}/label", params(("mac" = String, Path, description = "MAC in any spelling")),
    request_body = LabelBody, responses((status = 200, body = StandingView)))]
pub(crate) async fn set_label(
    State(app): State<App>,
    bearer: Bearer,
    Named(mac): Named,
    Unpacked(body): Unpacked<LabelBody>,
) -> Result<impl IntoResponse, Problem> {
    let label = Label { serial: body.serial, mac_id: body.mac_id };
    Ok(Json(redirect::set_label(&app.admin, &bearer.by, &mac, label).await?))
}

/// Marks a device as registered by hand: this server writes nothing for it.
#[utoipa::path(put, path = "/devices/{mac}/by-hand", params(("mac" = String, Path, description = "MAC in any spelling")),
    responses((status = 200, body = StandingView)))]
pub(crate) async fn mark(State(app): State<App>, bearer: Bearer, Named(mac): Named) -> Result<impl IntoResponse, Problem> {
    Ok(Json(redirect::mark_by_hand(&app.admin, &bearer.by, &mac, true).await?))
}

/// Takes the mark away.
#[utoipa::path(delete, path = "/devices/{mac}/by-hand", params(("mac" = String, Path, description = "MAC in any spelling")),
    responses((status = 200, body = StandingView)))]
pub(crate) async fn unmark(State(app): State<App>, bearer: Bearer, Named(mac): Named) -> Result<impl IntoResponse, Problem> {
    Ok(Json(redirect::mark_by_hand(&app.admin, &bearer.by, &mac, false).await?))
}

/// The PIN that a service hands out for a device.
#[derive(Serialize, ToSchema)]
pub(crate) struct RedirectPin {
    /// Null if the service has none for it.
    pin: Option<String>,
}

/// The PIN that the service hands out for a device, which the phone may ask for. Audited.
#[utoipa::path(post, path = "/devices/{mac}/redirect-pin", params(("mac" = String, Path, description = "MAC in any spelling")),
    responses((status = 200, body = RedirectPin)))]
pub(crate) async fn pin(State(app): State<App>, bearer: Bearer, Named(mac): Named) -> Result<impl IntoResponse, Problem> {
    let pin = redirect::pin(&app.admin, &bearer.by, &mac).await?;
    Ok(Json(RedirectPin { pin: pin.map(|pin| pin.expose().clone()) }))
}

/// The address of a device for entering by hand.
#[derive(Serialize, ToSchema)]
pub(crate) struct RedirectAddress {
    /// Holds the global login for this one device.
    address: String,
}

/// The address to enter at a redirect service by hand. Audited.
#[utoipa::path(post, path = "/devices/{mac}/redirect-address", params(("mac" = String, Path, description = "MAC in any spelling")),
    responses((status = 200, body = RedirectAddress)))]
pub(crate) async fn address(State(app): State<App>, bearer: Bearer, Named(mac): Named) -> Result<impl IntoResponse, Problem> {
    let address = redirect::address(&app.admin, &bearer.by, &mac).await?;
    Ok(Json(RedirectAddress { address: address.expose().clone() }))
}
