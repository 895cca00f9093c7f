//! `users`: people who sign in.

use axum::Json;
use axum::extract::State;
use axum::response::IntoResponse;
use http::StatusCode;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::answer::{Created, Tagged};
use super::extract::{Asked, Expected, Id, PartQuery, Unpacked};
use crate::App;
use crate::admin::part::{Listing, Part};
use crate::admin::password_link;
use crate::admin::tree::NodeNames;
use crate::admin::user::{self, NewUser, Told, UserChange, UserView, Writing};
use crate::auth::Bearer;
use crate::problem::Problem;

/// Somebody to add.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct NewUserBody {
    /// The name to sign in with, unique on the platform.
    name: String,
    /// operator, reseller, customer-admin, installer or auditor.
    #[schema(example = "installer")]
    role: String,
    /// The reseller whose branch they act in: name or id.
    reseller: Option<String>,
    /// The customer: name or id.
    customer: Option<String>,
    /// The site: name or id.
    site: Option<String>,
    /// Their mail address; none if empty.
    email: Option<String>,
    /// The language that they are written to in: en or de.
    language: Option<String>,
    /// They are told by mail when a phone needs somebody.
    alerts: Option<bool>,
}

/// What is changed; what is absent stays.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct UserChangeBody {
    /// The name to sign in with.
    name: Option<String>,
    /// May not sign in.
    disabled: Option<bool>,
    /// Makes a new password, which the answer shows once.
    #[serde(default)]
    new_password: bool,
    /// Their mail address; none if empty.
    email: Option<String>,
    /// The language that they are written to in: en or de.
    language: Option<String>,
    /// They are told by mail when a phone needs somebody.
    alerts: Option<bool>,
}

/// Somebody, with the password if one was made.
#[derive(Serialize, ToSchema)]
pub(crate) struct UserWithPassword {
    /// Who.
    #[serde(flatten)]
    user: UserView,
    /// Shown once, and null otherwise.
    password: Option<String>,
}

impl From<Told> for UserWithPassword {
    fn from(told: Told) -> Self {
        Self { user: told.user, password: told.password.map(|password| password.expose().clone()) }
    }
}

/// People in scope, by name.
#[utoipa::path(get, path = "/users", params(PartQuery), responses((status = 200, body = Listing<UserView>)))]
pub(crate) async fn list(State(app): State<App>, bearer: Bearer, Asked(asked): Asked<PartQuery>) -> Result<impl IntoResponse, Problem> {
    let all = user::list(&app.admin, &bearer.by).await?;
    Ok(Json(Part::from(asked).cut(all, |user| user.name.clone())?))
}

/// Adds somebody. The answer shows the password, once.
#[utoipa::path(post, path = "/users", request_body = NewUserBody, responses((status = 201, body = UserWithPassword)))]
pub(crate) async fn create(
    State(app): State<App>,
    bearer: Bearer,
    Unpacked(body): Unpacked<NewUserBody>,
) -> Result<impl IntoResponse, Problem> {
    bearer.proved()?;
    let at = NodeNames { reseller: body.reseller, customer: body.customer, site: body.site };
    let writing = Writing { email: body.email, language: body.language, alerts: body.alerts };
    let told = user::add(&app.admin, &bearer.by, NewUser { name: body.name, role: body.role, at, writing }).await?;
    let version = told.user.version;
    Ok(Created::at(format!("users/{}", told.user.id), UserWithPassword::from(told)).tagged(version))
}

/// One of them.
#[utoipa::path(get, path = "/users/{id}", params(("id" = uuid::Uuid, Path)), responses((status = 200, body = UserView)))]
pub(crate) async fn read(State(app): State<App>, bearer: Bearer, Id(id): Id) -> Result<impl IntoResponse, Problem> {
    let found = user::show(&app.admin, &bearer.by, id).await?;
    Ok(Tagged(found.version, found))
}

/// Changes somebody.
#[utoipa::path(patch, path = "/users/{id}", params(("id" = uuid::Uuid, Path)), request_body = UserChangeBody,
    responses((status = 200, body = UserWithPassword)))]
pub(crate) async fn update(
    State(app): State<App>,
    bearer: Bearer,
    Id(id): Id,
    Expected(version): Expected,
    Unpacked(body): Unpacked<UserChangeBody>,
) -> Result<impl IntoResponse, Problem> {
    if body.new_password {
        bearer.proved()?;
    }
    let writing = Writing { email: body.email, language: body.language, alerts: body.alerts };
    let change = UserChange { name: body.name, disabled: body.disabled, new_password: body.new_password, writing };
    let told = user::update(&app.admin, &bearer.by, id, change, version).await?;
    Ok(Tagged(told.user.version, UserWithPassword::from(told)))
}

/// Removes somebody.
#[utoipa::path(delete, path = "/users/{id}", params(("id" = uuid::Uuid, Path)), responses((status = 204)))]
pub(crate) async fn delete(State(app): State<App>, bearer: Bearer, Id(id): Id) -> Result<impl IntoResponse, Problem> {
    user::remove(&app.admin, &bearer.by, id).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Writes to somebody, who has a mail address, that they choose a password by a link.
#[utoipa::path(post, path = "/users/{id}/invite", params(("id" = uuid::Uuid, Path)), responses((status = 204)))]
pub(crate) async fn invite(State(app): State<App>, bearer: Bearer, Id(id): Id) -> Result<impl IntoResponse, Problem> {
    password_link::invite(&app.admin, &bearer.by, id).await?;
    Ok(StatusCode::NO_CONTENT)
}
