//! `imports`: phones out of a CSV file.

use axum::Json;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use http::header::{HeaderName, LOCATION};
use http::{HeaderMap, HeaderValue, StatusCode};
use serde::Deserialize;
use utoipa::IntoParams;

use super::answer::PREFIX;
use super::extract::{Asked, Flag, Id, Whole};
use crate::App;
use crate::admin::import::{self, ImportView, Mode, Outcome};
use crate::auth::Bearer;
use crate::limits::IMPORT_AT_ONCE_MAX;
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

/// Adds or changes what the file names. `stored` says whether anything was kept. A file of more than 2 000 rows, or one sent with
/// `Prefer: respond-async`, is answered by 202 and the address where one sees how it stands.
#[utoipa::path(post, path = "/imports", params(ImportQuery), request_body(content = String, content_type = "text/csv"),
    responses((status = 200, body = Outcome), (status = 202, body = ImportView)))]
pub(crate) async fn create(
    State(app): State<App>,
    bearer: Bearer,
    Asked(asked): Asked<ImportQuery>,
    headers: HeaderMap,
    Whole(bytes): Whole,
) -> Result<Response, Problem> {
    let mode = Mode { dry_run: asked.dry_run.0, partial: asked.partial.0 };
    let file = import::open(&app.admin, bytes).await?;
    let preferred = prefers_to_wait_elsewhere(&headers);
    if !preferred && file.rows() <= IMPORT_AT_ONCE_MAX {
        return Ok(Json(import::carry_out(&app.admin, &bearer.by, &file, mode).await?).into_response());
    }
    let begun = import::start(&app.admin, &bearer.by, file, mode, app.clock).await?;
    let address = HeaderValue::try_from(format!("{PREFIX}/imports/{}", begun.id)).expect("an id fits into a header");
    let mut answer = (StatusCode::ACCEPTED, [(LOCATION, address)], Json(begun)).into_response();
    if preferred {
        answer.headers_mut().insert(HeaderName::from_static("preference-applied"), HeaderValue::from_static("respond-async"));
    }
    Ok(answer)
}

/// How an import that was answered by 202 stands, for a day.
#[utoipa::path(get, path = "/imports/{id}", params(("id" = uuid::Uuid, Path, description = "Its id")),
    responses((status = 200, body = ImportView)))]
pub(crate) async fn read(State(app): State<App>, bearer: Bearer, Id(id): Id) -> Result<impl IntoResponse, Problem> {
    Ok(Json(import::look(&app.admin, &bearer.by, id).await?))
}

/// RFC 7240.
fn prefers_to_wait_elsewhere(headers: &HeaderMap) -> bool {
    let wishes = headers.get_all("prefer").iter().filter_map(|value| value.to_str().ok()).flat_map(|value| value.split(','));
    wishes.into_iter().any(|wish| wish.split(';').next().unwrap_or_default().trim().eq_ignore_ascii_case("respond-async"))
}
