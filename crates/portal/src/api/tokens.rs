//! `tokens`: who may use this API. A token is never changed: make another, and revoke the old one.

use axum::Json;
use axum::extract::State;
use axum::response::IntoResponse;
use domain::Span;
use http::StatusCode;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::answer::Created;
use super::extract::{Asked, Id, PartQuery, Unpacked};
use crate::App;
use crate::admin::part::{Listing, Part};
use crate::admin::token::{self, NewToken, TokenView};
use crate::admin::tree::NodeNames;
use crate::auth::Bearer;
use crate::problem::Problem;

/// A token to make.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct NewTokenBody {
    /// operator, reseller, customer-admin, installer or auditor.
    #[schema(example = "installer")]
    role: String,
    /// The reseller whose branch it counts in: name or id.
    reseller: Option<String>,
    /// The customer: name or id.
    customer: Option<String>,
    /// The site: name or id.
    site: Option<String>,
    /// What people call it.
    #[serde(default)]
    label: String,
    /// When it ends; never without this.
    lasts_seconds: Option<u32>,
}

/// A token, shown once.
#[derive(Serialize, ToSchema)]
pub(crate) struct NewTokenView {
    /// Its id, for revoking it.
    id: String,
    /// What to send as `Authorization: Bearer`.
    token: String,
}

/// Tokens in scope, oldest first. None shows the token itself.
#[utoipa::path(get, path = "/tokens", params(PartQuery), responses((status = 200, body = Listing<TokenView>)))]
pub(crate) async fn list(State(app): State<App>, bearer: Bearer, Asked(asked): Asked<PartQuery>) -> Result<impl IntoResponse, Problem> {
    let all = token::list(&app.admin, &bearer.by).await?;
    // An id begins with the time.
    Ok(Json(Part::from(asked).cut(all, |token| token.id.clone())?))
}

/// Makes a token. The answer shows it, once.
#[utoipa::path(post, path = "/tokens", request_body = NewTokenBody, responses((status = 201, body = NewTokenView)))]
pub(crate) async fn create(
    State(app): State<App>,
    bearer: Bearer,
    Unpacked(body): Unpacked<NewTokenBody>,
) -> Result<impl IntoResponse, Problem> {
    bearer.proved()?;
    let at = NodeNames { reseller: body.reseller, customer: body.customer, site: body.site };
    let lasts = body.lasts_seconds.map(|seconds| Span::seconds(seconds.into()));
    let made = token::make(&app.admin, &bearer.by, NewToken { role: body.role, at, label: body.label, lasts }).await?;
    let shown = NewTokenView { id: made.id.to_string(), token: made.token.expose().clone() };
    Ok(Created::at(format!("tokens/{}", shown.id), shown))
}

/// One token, without what to send.
#[utoipa::path(get, path = "/tokens/{id}", params(("id" = uuid::Uuid, Path)), responses((status = 200, body = TokenView)))]
pub(crate) async fn read(State(app): State<App>, bearer: Bearer, Id(id): Id) -> Result<impl IntoResponse, Problem> {
    Ok(Json(token::show(&app.admin, &bearer.by, id).await?))
}

/// Ends a token at once.
#[utoipa::path(delete, path = "/tokens/{id}", params(("id" = uuid::Uuid, Path)), responses((status = 204)))]
pub(crate) async fn delete(State(app): State<App>, bearer: Bearer, Id(id): Id) -> Result<impl IntoResponse, Problem> {
    token::revoke(&app.admin, &bearer.by, &id.to_string()).await?;
    Ok(StatusCode::NO_CONTENT)
}
