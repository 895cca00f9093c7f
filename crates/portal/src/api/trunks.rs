//! `trunks`: where emergency calls go out. A trunk is not changed: remove it and add it anew.

use axum::Json;
use axum::extract::State;
use axum::response::IntoResponse;
use domain::Secret;
use http::StatusCode;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::answer::Created;
use super::extract::{Asked, Named, PartQuery, Unpacked};
use crate::App;
use crate::admin::Error;
use crate::admin::part::{Listing, Part};
use crate::admin::telephone::test_trunk;
use crate::admin::tree::NodeNames;
use crate::admin::trunk::{self, NewTrunk, TrunkView};
use crate::auth::Bearer;
use crate::escape::in_address;
use crate::problem::Problem;
use crate::telephone::TrunkStep;

/// A trunk to add.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct NewTrunkBody {
    /// Its name.
    name: String,
    /// Where it is.
    #[schema(example = "sip:trunk.example.com")]
    uri: String,
    /// The user, if it asks for one.
    user: Option<String>,
    /// The password that goes with the user; never shown again.
    password: Option<String>,
    /// Whose calls it carries, name or id; everybody's without a customer.
    customer: Option<String>,
    /// The site whose calls it carries: name or id.
    site: Option<String>,
    /// The lower one is tried first.
    #[serde(default = "ordinary")]
    #[schema(default = 100)]
    priority: u16,
    /// Calls at once; unbounded without it.
    channels: Option<u32>,
    /// Channels kept for proved callers.
    #[serde(default)]
    reserved: u32,
    /// What a test may dial.
    test_number: Option<String>,
}

fn ordinary() -> u16 {
    100
}

/// Trunks in scope, by name.
#[utoipa::path(get, path = "/trunks", params(PartQuery), responses((status = 200, body = Listing<TrunkView>)))]
pub(crate) async fn list(State(app): State<App>, bearer: Bearer, Asked(asked): Asked<PartQuery>) -> Result<impl IntoResponse, Problem> {
    let all = trunk::list(&app.admin, &bearer.by).await?;
    Ok(Json(Part::from(asked).cut(all, |trunk| trunk.name.clone())?))
}

/// Adds a trunk.
#[utoipa::path(post, path = "/trunks", request_body = NewTrunkBody, responses((status = 201, body = TrunkView)))]
pub(crate) async fn create(
    State(app): State<App>,
    bearer: Bearer,
    Unpacked(body): Unpacked<NewTrunkBody>,
) -> Result<impl IntoResponse, Problem> {
    let new = NewTrunk {
        name: body.name,
        uri: body.uri,
        login: body.user.map(|user| (user, Secret::new(body.password.unwrap_or_default()))),
        place: NodeNames { reseller: None, customer: body.customer, site: body.site },
        priority: body.priority,
        channels: body.channels,
        reserved: body.reserved,
        test_number: body.test_number,
    };
    let added = trunk::add(&app.admin, &bearer.by, new).await?;
    Ok(Created::at(format!("trunks/{}", in_address(&added.name)), added))
}

/// One trunk.
#[utoipa::path(get, path = "/trunks/{name}", params(("name" = String, Path)), responses((status = 200, body = TrunkView)))]
pub(crate) async fn read(State(app): State<App>, bearer: Bearer, Named(name): Named) -> Result<impl IntoResponse, Problem> {
    Ok(Json(trunk::show(&app.admin, &bearer.by, name).await?))
}

/// Removes a trunk. Calls that it carries go on.
#[utoipa::path(delete, path = "/trunks/{name}", params(("name" = String, Path)), responses((status = 204)))]
pub(crate) async fn delete(State(app): State<App>, bearer: Bearer, Named(name): Named) -> Result<impl IntoResponse, Problem> {
    trunk::remove(&app.admin, &bearer.by, name).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// What came of a test.
#[derive(Serialize, ToSchema)]
pub(crate) struct TrunkTested {
    /// What was tried, in order.
    steps: Vec<TrunkStep>,
}

/// Asks a trunk whether it answers, and calls its test number if it has one.
#[utoipa::path(post, path = "/trunks/{name}/test", params(("name" = String, Path)), responses((status = 200, body = TrunkTested)))]
pub(crate) async fn test(State(app): State<App>, bearer: Bearer, Named(name): Named) -> Result<impl IntoResponse, Problem> {
    let telephone = app.telephone.as_deref().ok_or_else(|| Error::Unavailable("there is no telephone face here".into()))?;
    Ok(Json(TrunkTested { steps: test_trunk(&app.admin, &bearer.by, telephone, name).await? }))
}
