//! `simulate`: what would this phone get now, from there, and why.

use axum::Json;
use axum::extract::State;
use axum::response::IntoResponse;
use serde::Deserialize;
use utoipa::IntoParams;

use super::extract::Asked;
use crate::App;
use crate::admin::simulate::{self, SimulationView};
use crate::auth::Bearer;
use crate::problem::Problem;

/// Which phone, and from where.
#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct SimulateQuery {
    /// Its MAC, in any spelling.
    mac: String,
    /// The address that it would come from.
    #[param(example = "198.51.100.7")]
    address: String,
}

/// What the phone would get for each thing that it could show. Nothing is kept of asking.
#[utoipa::path(get, path = "/simulate", params(SimulateQuery), responses((status = 200, body = SimulationView)))]
pub(crate) async fn simulate(
    State(app): State<App>,
    bearer: Bearer,
    Asked(asked): Asked<SimulateQuery>,
) -> Result<impl IntoResponse, Problem> {
    Ok(Json(simulate::simulate(&app.admin, &bearer.by, &asked.mac, &asked.address).await?))
}
