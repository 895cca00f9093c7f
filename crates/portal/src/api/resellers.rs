//! `resellers`.

use axum::Json;
use axum::extract::State;
use axum::response::IntoResponse;
use domain::tenancy::{ResellerId, ResellerKind};
use http::StatusCode;
use serde::Deserialize;
use utoipa::ToSchema;

use super::answer::{Created, Tagged};
use super::extract::{Asked, Expected, Id, ListQuery, Unpacked};
use crate::App;
use crate::admin::part::Listing;
use crate::admin::reseller::{self, ResellerChange, ResellerView};
use crate::auth::Bearer;
use crate::problem::Problem;

/// A reseller to add.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct NewResellerBody {
    /// Its name.
    name: String,
    /// `white-label` or `channel`.
    #[serde(default)]
    #[schema(value_type = String, example = "channel", default = "channel")]
    kind: ResellerKind,
}

/// What is changed; what is absent stays.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct ResellerChangeBody {
    /// Its name.
    name: Option<String>,
    /// `white-label` or `channel`.
    #[schema(value_type = Option<String>, example = "channel")]
    kind: Option<ResellerKind>,
}

/// Resellers, by name.
#[utoipa::path(get, path = "/resellers", params(ListQuery), responses((status = 200, body = Listing<ResellerView>)))]
pub(crate) async fn list(State(app): State<App>, bearer: Bearer, Asked(asked): Asked<ListQuery>) -> Result<impl IntoResponse, Problem> {
    Ok(Json(reseller::part(&app.admin, &bearer.by, asked.into()).await?))
}

/// Adds a reseller.
#[utoipa::path(post, path = "/resellers", request_body = NewResellerBody, responses((status = 201, body = ResellerView)))]
pub(crate) async fn create(
    State(app): State<App>,
    bearer: Bearer,
    Unpacked(body): Unpacked<NewResellerBody>,
) -> Result<impl IntoResponse, Problem> {
    let added = reseller::add(&app.admin, &bearer.by, &body.name, body.kind).await?;
    let version = added.version;
    Ok(Created::at(format!("resellers/{}", added.id), added).tagged(version))
}

/// One reseller.
#[utoipa::path(get, path = "/resellers/{id}", params(("id" = uuid::Uuid, Path)), responses((status = 200, body = ResellerView)))]
pub(crate) async fn read(State(app): State<App>, bearer: Bearer, Id(id): Id) -> Result<impl IntoResponse, Problem> {
    let found = reseller::show(&app.admin, &bearer.by, ResellerId(id)).await?;
    Ok(Tagged(found.version, found))
}

/// Changes a reseller.
#[utoipa::path(patch, path = "/resellers/{id}", params(("id" = uuid::Uuid, Path)), request_body = ResellerChangeBody,
    responses((status = 200, body = ResellerView)))]
pub(crate) async fn update(
    State(app): State<App>,
    bearer: Bearer,
    Id(id): Id,
    Expected(version): Expected,
    Unpacked(body): Unpacked<ResellerChangeBody>,
) -> Result<impl IntoResponse, Problem> {
    let change = ResellerChange { name: body.name, kind: body.kind };
    let changed = reseller::update(&app.admin, &bearer.by, ResellerId(id), change, version).await?;
    Ok(Tagged(changed.version, changed))
}

/// Removes a reseller that has neither customers nor global logins.
#[utoipa::path(delete, path = "/resellers/{id}", params(("id" = uuid::Uuid, Path)), responses((status = 204)))]
pub(crate) async fn delete(State(app): State<App>, bearer: Bearer, Id(id): Id) -> Result<impl IntoResponse, Problem> {
    reseller::remove(&app.admin, &bearer.by, ResellerId(id)).await?;
    Ok(StatusCode::NO_CONTENT)
}
