//! `imports`: phones out of a CSV file.

use axum::Json;
use axum::extract::State;
use axum::response::IntoResponse;
use serde::Deserialize;
use utoipa::IntoParams;

use super::extract::{Asked, Flag, Whole};
use crate::App;
use crate::admin::import::{self, Mode, Outcome};
use crate::auth::Bearer;
use crate::problem::Problem;

/// How a file is taken.
#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct ImportQuery {
    /// Shows every row's outcome and changes nothing.
    #[serde(default)]
    #[param(required = false, value_type = bool)]
    dry_run: Flag,
    /// Keeps the good rows when others fail; otherwise it is all or none.
    #[serde(default)]
    #[param(required = false, value_type = bool)]
    partial: Flag,
}

/// Adds or changes what the file names. `stored` says whether anything was kept.
#[utoipa::path(post, path = "/imports", params(ImportQuery), request_body(content = String, content_type = "text/csv"),
    responses((status = 200, body = Outcome)))]
pub(crate) async fn create(
    State(app): State<App>,
    bearer: Bearer,
    Asked(asked): Asked<ImportQuery>,
    Whole(bytes): Whole,
) -> Result<impl IntoResponse, Problem> {
    let mode = Mode { dry_run: asked.dry_run.0, partial: asked.partial.0 };
    Ok(Json(import::run(&app.admin, &bearer.by, &bytes, mode).await?))
}
