//! The route table.

use axum::extract::DefaultBodyLimit;
use axum::routing::get;
use axum::{Json, Router};
use serde::Serialize;

use crate::auth::Bearer;
use crate::limits::BODY_BYTES_MAX;
use crate::problem::Problem;
use crate::{App, health, metrics};

/// All routes.
pub(crate) fn routes(app: App) -> Router {
    Router::new()
        .route("/healthz", get(health::alive))
        .route("/readyz", get(health::ready))
        .route("/metrics", get(metrics::show))
        .route("/api/v1/whoami", get(whoami))
        .method_not_allowed_fallback(|| async { Problem::method() })
        .fallback(|| async { Problem::not_found() })
        .layer(DefaultBodyLimit::max(BODY_BYTES_MAX))
        .with_state(app)
}

/// Who the token speaks for.
#[derive(Serialize)]
struct Whoami {
    name: String,
    role: &'static str,
    reseller: Option<String>,
    customer: Option<String>,
    site: Option<String>,
}

async fn whoami(axum::extract::State(app): axum::extract::State<App>, bearer: Bearer) -> Result<Json<Whoami>, Problem> {
    let node = app.admin.node_names(bearer.0.actor.node).await?;
    let by = bearer.0;
    Ok(Json(Whoami { name: by.name, role: by.actor.role.code(), reseller: node.reseller, customer: node.customer, site: node.site }))
}
