//! `customers`.

use axum::Json;
use axum::extract::State;
use axum::response::IntoResponse;
use domain::tenancy::CustomerId;
use http::StatusCode;
use serde::Deserialize;
use utoipa::ToSchema;

use super::answer::{Created, Tagged};
use super::extract::{Asked, Expected, Id, ListQuery, Unpacked};
use crate::App;
use crate::admin::customer::{self, CustomerView, NewCustomer};
use crate::admin::part::Listing;
use crate::auth::Bearer;
use crate::problem::Problem;

/// A customer to add.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct NewCustomerBody {
    /// Its name.
    name: String,
    /// Its reseller, name or id; the operator's own customer without one.
    reseller: Option<String>,
    /// `required` or `none`: must the first contact show the global login?
    login: Option<String>,
    /// `required` or `off`: does the first full configuration need the PIN?
    pin: Option<String>,
}

/// A new name.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct CustomerChangeBody {
    /// Its name.
    name: String,
}

/// Customers, by name.
#[utoipa::path(get, path = "/customers", params(ListQuery), responses((status = 200, body = Listing<CustomerView>)))]
pub(crate) async fn list(State(app): State<App>, bearer: Bearer, Asked(asked): Asked<ListQuery>) -> Result<impl IntoResponse, Problem> {
    Ok(Json(customer::part(&app.admin, &bearer.by, asked.into()).await?))
}

/// Adds a customer.
#[utoipa::path(post, path = "/customers", request_body = NewCustomerBody, responses((status = 201, body = CustomerView)))]
pub(crate) async fn create(
    State(app): State<App>,
    bearer: Bearer,
    Unpacked(body): Unpacked<NewCustomerBody>,
) -> Result<impl IntoResponse, Problem> {
    let policy = [("login", body.login), ("pin", body.pin)].into_iter().filter_map(|(key, value)| Some((key.to_owned(), value?)));
    let new = NewCustomer { name: body.name, reseller: body.reseller, policy: policy.collect() };
    let added = customer::add(&app.admin, &bearer.by, new).await?;
    let version = added.version;
    Ok(Created::at(format!("customers/{}", added.id), added).tagged(version))
}

/// One customer.
#[utoipa::path(get, path = "/customers/{id}", params(("id" = uuid::Uuid, Path)), responses((status = 200, body = CustomerView)))]
pub(crate) async fn read(State(app): State<App>, bearer: Bearer, Id(id): Id) -> Result<impl IntoResponse, Problem> {
    let found = customer::show(&app.admin, &bearer.by, CustomerId(id)).await?;
    Ok(Tagged(found.version, found))
}

/// Gives a customer another name.
#[utoipa::path(patch, path = "/customers/{id}", params(("id" = uuid::Uuid, Path)), request_body = CustomerChangeBody,
    responses((status = 200, body = CustomerView)))]
pub(crate) async fn update(
    State(app): State<App>,
    bearer: Bearer,
    Id(id): Id,
    Expected(version): Expected,
    Unpacked(body): Unpacked<CustomerChangeBody>,
) -> Result<impl IntoResponse, Problem> {
    let changed = customer::rename(&app.admin, &bearer.by, CustomerId(id), &body.name, version).await?;
    Ok(Tagged(changed.version, changed))
}

/// Removes a customer that has neither sites nor phones, with its policy and its trusted networks.
#[utoipa::path(delete, path = "/customers/{id}", params(("id" = uuid::Uuid, Path)), responses((status = 204)))]
pub(crate) async fn delete(State(app): State<App>, bearer: Bearer, Id(id): Id) -> Result<impl IntoResponse, Problem> {
    customer::remove(&app.admin, &bearer.by, CustomerId(id)).await?;
    Ok(StatusCode::NO_CONTENT)
}
