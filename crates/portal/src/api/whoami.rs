//! `whoami`: who the token speaks for.

use axum::Json;
use axum::extract::State;
use axum::response::IntoResponse;
use serde::Serialize;
use utoipa::ToSchema;

use crate::App;
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
}

/// Who the token speaks for.
#[utoipa::path(get, path = "/whoami", responses((status = 200, body = Whoami)))]
pub(crate) async fn show(State(app): State<App>, Bearer { by, .. }: Bearer) -> Result<impl IntoResponse, Problem> {
    let node = app.admin.node_names(by.actor.node).await?;
    Ok(Json(Whoami { name: by.name, role: by.actor.role.code(), reseller: node.reseller, customer: node.customer, site: node.site }))
}
