//! `global-login-requests`: somebody asks for the global login, the operator grants or declines, and the requester sees it once.

use axum::Json;
use axum::extract::State;
use axum::response::IntoResponse;
use serde::Deserialize;
use utoipa::ToSchema;

use super::answer::Created;
use super::extract::{MayBe, Number};
use crate::App;
use crate::admin::global_login::GlobalLoginView;
use crate::admin::login_request::{self, RequestView};
use crate::admin::part::Listing;
use crate::auth::Bearer;
use crate::problem::Problem;

/// Who asks, and why.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct NewRequestBody {
    /// For a reseller, name or id, if the operator asks in its stead.
    reseller: Option<String>,
    /// Why.
    #[serde(default)]
    reason: String,
}

/// The newest requests, newest first: all for the operator, one's own for others.
#[utoipa::path(get, path = "/global-login-requests", responses((status = 200, body = Listing<RequestView>)))]
pub(crate) async fn list(State(app): State<App>, bearer: Bearer) -> Result<impl IntoResponse, Problem> {
    Ok(Json(Listing::whole(login_request::list(&app.admin, &bearer.by).await?)))
}

/// Asks for the global login.
#[utoipa::path(post, path = "/global-login-requests", request_body = NewRequestBody, responses((status = 201, body = RequestView)))]
pub(crate) async fn create(
    State(app): State<App>,
    bearer: Bearer,
    MayBe(body): MayBe<NewRequestBody>,
) -> Result<impl IntoResponse, Problem> {
    let added = login_request::add(&app.admin, &bearer.by, body.reseller, &body.reason).await?;
    Ok(Created::at(format!("global-login-requests/{}", added.id), added))
}

/// One request.
#[utoipa::path(get, path = "/global-login-requests/{id}", params(("id" = i64, Path)), responses((status = 200, body = RequestView)))]
pub(crate) async fn read(State(app): State<App>, bearer: Bearer, Number(id): Number) -> Result<impl IntoResponse, Problem> {
    Ok(Json(login_request::show(&app.admin, &bearer.by, id).await?))
}

/// Grants a request.
#[utoipa::path(post, path = "/global-login-requests/{id}/grant", params(("id" = i64, Path)), responses((status = 200, body = RequestView)))]
pub(crate) async fn grant(State(app): State<App>, bearer: Bearer, Number(id): Number) -> Result<impl IntoResponse, Problem> {
    Ok(Json(login_request::decide(&app.admin, &bearer.by, id, true).await?))
}

/// Declines a request.
#[utoipa::path(post, path = "/global-login-requests/{id}/decline", params(("id" = i64, Path)), responses((status = 200, body = RequestView)))]
pub(crate) async fn decline(State(app): State<App>, bearer: Bearer, Number(id): Number) -> Result<impl IntoResponse, Problem> {
    Ok(Json(login_request::decide(&app.admin, &bearer.by, id, false).await?))
}

/// Shows the login of a granted request, once.
#[utoipa::path(post, path = "/global-login-requests/{id}/reveal", params(("id" = i64, Path)),
    responses((status = 200, body = Listing<GlobalLoginView>)))]
pub(crate) async fn reveal(State(app): State<App>, bearer: Bearer, Number(id): Number) -> Result<impl IntoResponse, Problem> {
    bearer.proved()?;
    Ok(Json(Listing::whole(login_request::reveal(&app.admin, &bearer.by, id).await?)))
}
