//! `sites`.

use axum::Json;
use axum::extract::State;
use axum::response::IntoResponse;
use domain::tenancy::SiteId;
use http::StatusCode;
use serde::Deserialize;
use utoipa::{IntoParams, ToSchema};

use super::answer::{Created, Tagged};
use super::extract::{Asked, Expected, Id, Unpacked, default_limit};
use crate::App;
use crate::admin::part::{Listing, Part};
use crate::admin::site::{self, NewSite, SiteChange, SiteView};
use crate::auth::Bearer;
use crate::problem::Problem;

/// Which sites.
#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct SitesQuery {
    /// Of this customer: its name or id.
    #[param(required = false, value_type = String)]
    customer: Option<String>,
    /// What the name holds; all without it.
    #[serde(default)]
    #[param(required = false, max_length = 100)]
    q: String,
    /// At most so many.
    #[serde(default = "default_limit")]
    #[param(required = false, minimum = 1, maximum = 500, default = 100)]
    limit: usize,
    /// The `next` of the part before.
    #[param(required = false, value_type = String)]
    cursor: Option<String>,
}

/// A site to add.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct NewSiteBody {
    /// Its customer: name or id.
    customer: String,
    /// Its name.
    name: String,
    /// Two capital letters: which emergency numbers hold.
    #[schema(example = "DE")]
    country: Option<String>,
    /// The number that emergency calls show.
    #[schema(example = "+4930123456")]
    caller_number: Option<String>,
    /// Where it is, in words.
    location: Option<String>,
}

/// What is changed; what is absent stays, an empty text takes the value away.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct SiteChangeBody {
    /// Its name.
    name: Option<String>,
    /// Two capital letters.
    country: Option<String>,
    /// The number that emergency calls show.
    caller_number: Option<String>,
    /// Where it is, in words.
    location: Option<String>,
}

/// Sites, by name.
#[utoipa::path(get, path = "/sites", params(SitesQuery), responses((status = 200, body = Listing<SiteView>)))]
pub(crate) async fn list(State(app): State<App>, bearer: Bearer, Asked(asked): Asked<SitesQuery>) -> Result<impl IntoResponse, Problem> {
    let part = Part { query: asked.q, after: asked.cursor, limit: asked.limit };
    Ok(Json(site::part(&app.admin, &bearer.by, asked.customer, part).await?))
}

/// Adds a site to a customer.
#[utoipa::path(post, path = "/sites", request_body = NewSiteBody, responses((status = 201, body = SiteView)))]
pub(crate) async fn create(
    State(app): State<App>,
    bearer: Bearer,
    Unpacked(body): Unpacked<NewSiteBody>,
) -> Result<impl IntoResponse, Problem> {
    let NewSiteBody { customer, name, country, caller_number, location } = body;
    let added = site::add(&app.admin, &bearer.by, NewSite { customer, name, country, caller_number, location }).await?;
    let version = added.version;
    Ok(Created::at(format!("sites/{}", added.id), added).tagged(version))
}

/// One site.
#[utoipa::path(get, path = "/sites/{id}", params(("id" = uuid::Uuid, Path)), responses((status = 200, body = SiteView)))]
pub(crate) async fn read(State(app): State<App>, bearer: Bearer, Id(id): Id) -> Result<impl IntoResponse, Problem> {
    let found = site::show(&app.admin, &bearer.by, SiteId(id)).await?;
    Ok(Tagged(found.version, found))
}

/// Changes a site.
#[utoipa::path(patch, path = "/sites/{id}", params(("id" = uuid::Uuid, Path)), request_body = SiteChangeBody,
    responses((status = 200, body = SiteView)))]
pub(crate) async fn update(
    State(app): State<App>,
    bearer: Bearer,
    Id(id): Id,
    Expected(version): Expected,
    Unpacked(body): Unpacked<SiteChangeBody>,
) -> Result<impl IntoResponse, Problem> {
    let SiteChangeBody { name, country, caller_number, location } = body;
    let change = SiteChange { name, country, caller_number, location };
    let changed = site::update(&app.admin, &bearer.by, SiteId(id), change, version).await?;
    Ok(Tagged(changed.version, changed))
}

/// Removes a site that has no phones, with its policy.
#[utoipa::path(delete, path = "/sites/{id}", params(("id" = uuid::Uuid, Path)), responses((status = 204)))]
pub(crate) async fn delete(State(app): State<App>, bearer: Bearer, Id(id): Id) -> Result<impl IntoResponse, Problem> {
    site::remove(&app.admin, &bearer.by, SiteId(id)).await?;
    Ok(StatusCode::NO_CONTENT)
}
