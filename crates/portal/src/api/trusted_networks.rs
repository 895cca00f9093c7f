//! `customers/{id}/trusted-networks`: where phones are served without a PIN; and `trust-windows`, which a PIN opened for a while.

use axum::Json;
use axum::extract::State;
use axum::response::IntoResponse;
use http::StatusCode;
use serde::Deserialize;
use utoipa::ToSchema;
use uuid::Uuid;

use super::answer::Created;
use super::extract::{Id, Two, Unpacked};
use crate::App;
use crate::admin::part::Listing;
use crate::admin::trust::{self, NewTrust, TrustView};
use crate::auth::Bearer;
use crate::escape::in_address;
use crate::problem::Problem;

/// A network to trust for good.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct NewTrustBody {
    /// Address, prefix, or address/netmask.
    #[schema(example = "198.51.100.0/24")]
    network: String,
    /// What people call it.
    #[serde(default)]
    label: String,
    /// Although it is wide, or private.
    #[serde(default)]
    force: bool,
}

/// Permanent networks, and windows that are open now.
#[utoipa::path(get, path = "/customers/{id}/trusted-networks", params(("id" = uuid::Uuid, Path)),
    responses((status = 200, body = Listing<TrustView>)))]
pub(crate) async fn list(State(app): State<App>, bearer: Bearer, Id(id): Id) -> Result<impl IntoResponse, Problem> {
    Ok(Json(Listing::whole(trust::list(&app.admin, &bearer.by, id.to_string()).await?)))
}

/// Trusts a network for good. The answer has its normalised form.
#[utoipa::path(post, path = "/customers/{id}/trusted-networks", params(("id" = uuid::Uuid, Path)),
    request_body = NewTrustBody, responses((status = 201, body = TrustView)))]
pub(crate) async fn create(
    State(app): State<App>,
    bearer: Bearer,
    Id(id): Id,
    Unpacked(body): Unpacked<NewTrustBody>,
) -> Result<impl IntoResponse, Problem> {
    let new = NewTrust { customer: id.to_string(), network: body.network, force: body.force, label: body.label };
    let added = trust::add(&app.admin, &bearer.by, new).await?;
    Ok(Created::at(format!("customers/{id}/trusted-networks/{}", in_address(&added.network)), added))
}

/// Trusts a permanent network no longer.
#[utoipa::path(delete, path = "/customers/{id}/trusted-networks/{network}",
    params(("id" = uuid::Uuid, Path), ("network" = String, Path, description = "The prefix, its slash as %2F")),
    responses((status = 204)))]
pub(crate) async fn delete(
    State(app): State<App>,
    bearer: Bearer,
    Two(id, network): Two<Uuid, String>,
) -> Result<impl IntoResponse, Problem> {
    trust::remove(&app.admin, &bearer.by, id.to_string(), &network).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Closes the temporary window of an address.
#[utoipa::path(delete, path = "/customers/{id}/trust-windows/{network}",
    params(("id" = uuid::Uuid, Path), ("network" = String, Path, description = "Its address or prefix, the slash as %2F")),
    responses((status = 204)))]
pub(crate) async fn close(
    State(app): State<App>,
    bearer: Bearer,
    Two(id, network): Two<Uuid, String>,
) -> Result<impl IntoResponse, Problem> {
    trust::close(&app.admin, &bearer.by, id.to_string(), &network).await?;
    Ok(StatusCode::NO_CONTENT)
}
