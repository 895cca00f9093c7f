//! `whoami`: who the token or the session speaks for.

use axum::Json;
use axum::extract::State;
use axum::response::IntoResponse;
use serde::Serialize;
use utoipa::ToSchema;

use crate::App;
use crate::admin::tree::NodeNames;
use crate::auth::Bearer;
use crate::problem::Problem;

/// Who acts, and in whose branch.
#[derive(Serialize, ToSchema)]
pub(crate) struct Whoami {
    /// As the audit names them.
    name: String,
    /// operator, reseller, customer-admin, installer or auditor.
    role: &'static str,
    /// The reseller that they work at, or that is above.
    reseller: Option<String>,
    /// The customer.
    customer: Option<String>,
    /// The site.
    site: Option<String>,
    /// What a page of this session sends as `X-CSRF-Token`; null for a token of the API, which needs none.
    csrf: Option<String>,
}

/// Who the token or the session speaks for.
#[utoipa::path(get, path = "/whoami", responses((status = 200, body = Whoami)))]
pub(crate) async fn show(State(app): State<App>, bearer: Bearer) -> Result<impl IntoResponse, Problem> {
    let csrf = bearer.csrf().map(str::to_owned);
    let NodeNames { reseller, customer, site } = app.admin.node_names(bearer.by.actor.node).await?;
    Ok(Json(Whoami { role: bearer.by.actor.role.code(), name: bearer.by.name, reseller, customer, site, csrf }))
}
