//! `audit`: who did what to whom.

use axum::Json;
use axum::extract::State;
use axum::response::IntoResponse;

use super::extract::{Asked, PartQuery};
use crate::App;
use crate::admin::audit::{self, AuditVerdict, AuditView};
use crate::admin::part::Listing;
use crate::auth::Bearer;
use crate::problem::Problem;

/// The entries of one's own branch, newest first.
#[utoipa::path(get, path = "/audit", params(PartQuery), responses((status = 200, body = Listing<AuditView>)))]
pub(crate) async fn list(State(app): State<App>, bearer: Bearer, Asked(asked): Asked<PartQuery>) -> Result<impl IntoResponse, Problem> {
    Ok(Json(audit::part(&app.admin, &bearer.by, asked.into()).await?))
}

/// Whether the audit is as it was written: the whole chain is computed anew.
#[utoipa::path(get, path = "/audit/verify", responses((status = 200, body = AuditVerdict)))]
pub(crate) async fn verify(State(app): State<App>, bearer: Bearer) -> Result<impl IntoResponse, Problem> {
    Ok(Json(audit::verify(&app.admin, &bearer.by).await?))
}
