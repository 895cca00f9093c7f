//! `resellers`.

use axum::Json;
use axum::extract::State;
use axum::response::IntoResponse;
use domain::tenancy::{ResellerId, ResellerKind};
use http::StatusCode;
use serde::Deserialize;
use utoipa::ToSchema;

use super::answer::{Created, Tagged};
use super::extract::{Asked, Expected, Id, ListQuery, Unpacked, Whole};
use crate::App;
use crate::admin::look::{self, LookChange};
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
    /// The portal's name for a white-label reseller's people; empty: the reseller's own.
    portal_name: Option<String>,
    /// The accent colour, dark enough for white text; empty: ours.
    #[schema(example = "#2456c9")]
    accent: Option<String>,
    /// The host by which its people reach the portal; empty: none of its own.
    portal_host: Option<String>,
    /// The host that its phones are sent to once they have proved themselves; empty: the platform's.
    phone_host: Option<String>,
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
    let ResellerChangeBody { name, kind, portal_name, accent, portal_host, phone_host } = body;
    let change = ResellerChange { name, kind, look: LookChange { portal_name, accent, portal_host, phone_host } };
    let changed = reseller::update(&app.admin, &bearer.by, ResellerId(id), change, version).await?;
    Ok(Tagged(changed.version, changed))
}

/// Removes a reseller that has neither customers nor global logins.
#[utoipa::path(delete, path = "/resellers/{id}", params(("id" = uuid::Uuid, Path)), responses((status = 204)))]
pub(crate) async fn delete(State(app): State<App>, bearer: Bearer, Id(id): Id) -> Result<impl IntoResponse, Problem> {
    reseller::remove(&app.admin, &bearer.by, ResellerId(id)).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Puts a logo in the place of the one before: a PNG or SVG file of at most 64 KiB as the body.
#[utoipa::path(put, path = "/resellers/{id}/logo", params(("id" = uuid::Uuid, Path)),
    request_body(content = Vec<u8>, content_type = "application/octet-stream"), responses((status = 204)))]
pub(crate) async fn set_logo(
    State(app): State<App>,
    bearer: Bearer,
    Id(id): Id,
    Whole(bytes): Whole,
) -> Result<impl IntoResponse, Problem> {
    look::set_logo(&app.admin, &bearer.by, ResellerId(id), bytes.to_vec()).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Takes the logo away.
#[utoipa::path(delete, path = "/resellers/{id}/logo", params(("id" = uuid::Uuid, Path)), responses((status = 204)))]
pub(crate) async fn remove_logo(State(app): State<App>, bearer: Bearer, Id(id): Id) -> Result<impl IntoResponse, Problem> {
    look::remove_logo(&app.admin, &bearer.by, ResellerId(id)).await?;
    Ok(StatusCode::NO_CONTENT)
}
