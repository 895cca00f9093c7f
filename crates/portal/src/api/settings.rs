//! `customers/{id}/settings`, `sites/{id}/settings` and those above them: what phones' files are made from, layer by layer.

use std::collections::BTreeMap;

use axum::Json;
use axum::extract::State;
use axum::response::IntoResponse;
use uuid::Uuid;

use super::extract::{Id, Unpacked};
use crate::App;
use crate::admin::setting::{self, Of, SettingView};
use crate::admin::tree::NodeNames;
use crate::auth::Bearer;
use crate::problem::Problem;

/// Keys to set; null takes one out of this layer, and what is not named stays.
type SettingsBody = BTreeMap<String, Option<String>>;

/// What the operator sets for all phones; secrets are masked.
#[utoipa::path(get, path = "/operator/settings", responses((status = 200, body = BTreeMap<String, String>)))]
pub(crate) async fn of_operator(State(app): State<App>, bearer: Bearer) -> Result<impl IntoResponse, Problem> {
    show(&app, &bearer, NodeNames::default()).await
}

/// Sets keys for all phones. A key that is null is taken out, one that is not named stays.
#[utoipa::path(put, path = "/operator/settings", request_body = BTreeMap<String, Option<String>>,
    responses((status = 200, body = BTreeMap<String, String>)))]
pub(crate) async fn set_operator(
    State(app): State<App>,
    bearer: Bearer,
    Unpacked(body): Unpacked<SettingsBody>,
) -> Result<impl IntoResponse, Problem> {
    set(&app, &bearer, NodeNames::default(), body).await
}

/// What a reseller sets for its phones; secrets are masked.
#[utoipa::path(get, path = "/resellers/{id}/settings", params(("id" = uuid::Uuid, Path)),
    responses((status = 200, body = BTreeMap<String, String>)))]
pub(crate) async fn of_reseller(State(app): State<App>, bearer: Bearer, Id(id): Id) -> Result<impl IntoResponse, Problem> {
    show(&app, &bearer, reseller(id)).await
}

/// Sets keys for a reseller's phones.
#[utoipa::path(put, path = "/resellers/{id}/settings", params(("id" = uuid::Uuid, Path)),
    request_body = BTreeMap<String, Option<String>>, responses((status = 200, body = BTreeMap<String, String>)))]
pub(crate) async fn set_reseller(
    State(app): State<App>,
    bearer: Bearer,
    Id(id): Id,
    Unpacked(body): Unpacked<SettingsBody>,
) -> Result<impl IntoResponse, Problem> {
    set(&app, &bearer, reseller(id), body).await
}

/// What a customer's phones are set to; secrets are masked.
#[utoipa::path(get, path = "/customers/{id}/settings", params(("id" = uuid::Uuid, Path)),
    responses((status = 200, body = BTreeMap<String, String>)))]
pub(crate) async fn of_customer(State(app): State<App>, bearer: Bearer, Id(id): Id) -> Result<impl IntoResponse, Problem> {
    show(&app, &bearer, customer(id)).await
}

/// Sets keys for a customer's phones.
#[utoipa::path(put, path = "/customers/{id}/settings", params(("id" = uuid::Uuid, Path)),
    request_body = BTreeMap<String, Option<String>>, responses((status = 200, body = BTreeMap<String, String>)))]
pub(crate) async fn set_customer(
    State(app): State<App>,
    bearer: Bearer,
    Id(id): Id,
    Unpacked(body): Unpacked<SettingsBody>,
) -> Result<impl IntoResponse, Problem> {
    set(&app, &bearer, customer(id), body).await
}

/// What a site's phones are set to; secrets are masked.
#[utoipa::path(get, path = "/sites/{id}/settings", params(("id" = uuid::Uuid, Path)),
    responses((status = 200, body = BTreeMap<String, String>)))]
pub(crate) async fn of_site(State(app): State<App>, bearer: Bearer, Id(id): Id) -> Result<impl IntoResponse, Problem> {
    show(&app, &bearer, site(id)).await
}

/// Sets keys for a site's phones.
#[utoipa::path(put, path = "/sites/{id}/settings", params(("id" = uuid::Uuid, Path)),
    request_body = BTreeMap<String, Option<String>>, responses((status = 200, body = BTreeMap<String, String>)))]
pub(crate) async fn set_site(
    State(app): State<App>,
    bearer: Bearer,
    Id(id): Id,
    Unpacked(body): Unpacked<SettingsBody>,
) -> Result<impl IntoResponse, Problem> {
    set(&app, &bearer, site(id), body).await
}

async fn show(app: &App, bearer: &Bearer, at: NodeNames) -> Result<Json<BTreeMap<String, String>>, Problem> {
    Ok(views(setting::show(&app.admin, &bearer.by, Of::Node(at)).await?))
}

async fn set(app: &App, bearer: &Bearer, at: NodeNames, body: SettingsBody) -> Result<Json<BTreeMap<String, String>>, Problem> {
    let entries = body.into_iter().map(|(key, value)| format!("{key}={}", value.unwrap_or_default())).collect();
    Ok(views(setting::set(&app.admin, &bearer.by, Of::Node(at), entries).await?))
}

fn views(settings: Vec<SettingView>) -> Json<BTreeMap<String, String>> {
    Json(settings.into_iter().map(|setting| (setting.key, setting.value)).collect())
}

fn reseller(id: Uuid) -> NodeNames {
    NodeNames { reseller: Some(id.to_string()), ..NodeNames::default() }
}

fn customer(id: Uuid) -> NodeNames {
    NodeNames::customer(id.to_string())
}

fn site(id: Uuid) -> NodeNames {
    NodeNames { site: Some(id.to_string()), ..NodeNames::default() }
}
