//! `templates`: the files of brands, the program's and the operator's own in their place.

use axum::Json;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use http::StatusCode;
use serde::Deserialize;
use utoipa::{IntoParams, ToSchema};

use super::answer::{Created, Tagged};
use super::extract::{Asked, Expected, Flag, Two, Unpacked, default_limit};
use crate::App;
use crate::admin::part::{Listing, Part};
use crate::admin::template::{self, TemplateChange, TemplateText, TemplateView, Which};
use crate::auth::Bearer;
use crate::escape::in_address;
use crate::problem::Problem;

/// Which files.
#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct TemplatesQuery {
    /// What brand and file hold, such as `full` or `snom/guide`.
    #[serde(default)]
    #[param(required = false, max_length = 100)]
    q: String,
    /// Of this brand.
    #[param(required = false, value_type = String, example = "yealink")]
    brand: Option<String>,
    /// The operator's own only, or the program's only.
    #[param(required = false, value_type = bool)]
    own: Option<Flag>,
    /// At most so many.
    #[serde(default = "default_limit")]
    #[param(required = false, minimum = 1, maximum = 500, default = 100)]
    limit: usize,
    /// The `next` of the part before.
    #[param(required = false, value_type = String)]
    cursor: Option<String>,
}

/// A file to put in the place of the program's.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct NewTemplateBody {
    /// A brand's short name.
    #[schema(example = "yealink")]
    brand: String,
    /// The file; `templates/` may be left away.
    #[schema(example = "templates/full.cfg.j2")]
    file: String,
    /// What stands in it.
    text: String,
}

/// What is changed of a file; what is absent stays.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct TemplateChangeBody {
    /// What stands in it.
    text: Option<String>,
    /// It now has what the program's file has today: that is what it was made from.
    #[serde(default)]
    merged: bool,
}

/// The files in force, the operator's own and the program's, by brand and name.
#[utoipa::path(get, path = "/templates", params(TemplatesQuery), responses((status = 200, body = Listing<TemplateView>)))]
pub(crate) async fn list(
    State(app): State<App>,
    bearer: Bearer,
    Asked(asked): Asked<TemplatesQuery>,
) -> Result<impl IntoResponse, Problem> {
    let part = Part { query: asked.q, after: asked.cursor, limit: asked.limit };
    part.check()?;
    let which = Which { brand: asked.brand, own: asked.own.map(|own| own.0), query: part.query.clone() };
    let all = template::list(&app.admin, &bearer.by, which).await?;
    Ok(Json(part.cut(all, |one| format!("{}/{}", one.brand, one.file))?))
}

/// Puts a file in the place of the program's, on every node. One with which the brand would not read, or not run, is refused by file and line.
#[utoipa::path(post, path = "/templates", request_body = NewTemplateBody, responses((status = 201, body = TemplateView)))]
pub(crate) async fn create(
    State(app): State<App>,
    bearer: Bearer,
    Unpacked(body): Unpacked<NewTemplateBody>,
) -> Result<impl IntoResponse, Problem> {
    let made = template::add(&app.admin, &bearer.by, &body.brand, &body.file, &body.text).await?;
    let short = made.file.strip_prefix("templates/").unwrap_or(&made.file);
    let (path, version) = (format!("templates/{}/{}", in_address(&made.brand), in_address(short)), made.version);
    Ok(Created::at(path, made).tagged(version))
}

/// One of them with its text, and the program's. `templates/` may be left away from the file's name; its slash is `%2F`.
#[utoipa::path(get, path = "/templates/{brand}/{file}", params(("brand" = String, Path), ("file" = String, Path)),
    responses((status = 200, body = TemplateText)))]
pub(crate) async fn read(State(app): State<App>, bearer: Bearer, Two(brand, file): Two<String, String>) -> Result<Response, Problem> {
    let found = template::show(&app.admin, &bearer.by, &brand, &file).await?;
    // The program's has no version that an update could name.
    if found.template.own { Ok(Tagged(found.template.version, found).into_response()) } else { Ok(Json(found).into_response()) }
}

/// Changes a file of the operator's own.
#[utoipa::path(patch, path = "/templates/{brand}/{file}", params(("brand" = String, Path), ("file" = String, Path)),
    request_body = TemplateChangeBody, responses((status = 200, body = TemplateView)))]
pub(crate) async fn update(
    State(app): State<App>,
    bearer: Bearer,
    Two(brand, file): Two<String, String>,
    Expected(version): Expected,
    Unpacked(body): Unpacked<TemplateChangeBody>,
) -> Result<impl IntoResponse, Problem> {
    let change = TemplateChange { text: body.text, merged: body.merged };
    let changed = template::update(&app.admin, &bearer.by, &brand, &file, &change, version).await?;
    Ok(Tagged(changed.version, changed))
}

/// Removes a file of the operator's own; the program's is in force again.
#[utoipa::path(delete, path = "/templates/{brand}/{file}", params(("brand" = String, Path), ("file" = String, Path)),
    responses((status = 204)))]
pub(crate) async fn delete(
    State(app): State<App>,
    bearer: Bearer,
    Two(brand, file): Two<String, String>,
) -> Result<impl IntoResponse, Problem> {
    template::remove(&app.admin, &bearer.by, &brand, &file).await?;
    Ok(StatusCode::NO_CONTENT)
}
