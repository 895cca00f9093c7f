//! `global-logins`: the shared user name and global one-time password, the operator's alone to see.

use axum::Json;
use axum::extract::State;
use axum::response::IntoResponse;
use domain::Span;
use http::StatusCode;
use serde::Deserialize;
use utoipa::{IntoParams, ToSchema};

use super::extract::{Asked, MayBe};
use crate::App;
use crate::admin::global_login::{self, GlobalLoginView};
use crate::admin::part::Listing;
use crate::auth::Bearer;
use crate::problem::Problem;

/// Whose.
#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct OwnerQuery {
    /// A reseller's, name or id; the operator's without one.
    #[param(required = false, value_type = String)]
    reseller: Option<String>,
}

/// A rotation.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct RotateBody {
    /// A reseller's, name or id; the operator's without one.
    reseller: Option<String>,
    /// How long those in force go on counting; with 0 they are revoked at once, and what they earned and nobody took up too.
    #[serde(default = "week")]
    #[schema(default = 604_800, maximum = 31_536_000)]
    overlap_seconds: u32,
}

fn week() -> u32 {
    604_800
}

/// The global logins in force, oldest first. That they were shown is audited.
#[utoipa::path(get, path = "/global-logins", params(OwnerQuery), responses((status = 200, body = Listing<GlobalLoginView>)))]
pub(crate) async fn list(State(app): State<App>, bearer: Bearer, Asked(asked): Asked<OwnerQuery>) -> Result<impl IntoResponse, Problem> {
    bearer.proved()?;
    Ok(Json(Listing::whole(global_login::show(&app.admin, &bearer.by, asked.reseller).await?)))
}

/// Makes a new global login. The answer lists those in force, the new one last.
#[utoipa::path(post, path = "/global-logins", request_body = RotateBody, responses((status = 201, body = Listing<GlobalLoginView>)))]
pub(crate) async fn create(State(app): State<App>, bearer: Bearer, MayBe(body): MayBe<RotateBody>) -> Result<impl IntoResponse, Problem> {
    bearer.proved()?;
    let overlap = Span::seconds(body.overlap_seconds.into());
    let all = global_login::rotate(&app.admin, &bearer.by, overlap, body.reseller).await?;
    Ok((StatusCode::CREATED, Json(Listing::whole(all))))
}
