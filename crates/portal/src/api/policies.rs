//! `operator/policy`, `resellers/{id}/policy`, `customers/{id}/policy`, `sites/{id}/policy`: what is asked of phones, and who says so.

use std::collections::BTreeMap;

use axum::Json;
use axum::extract::State;
use axum::response::IntoResponse;
use serde::Deserialize;
use utoipa::IntoParams;
use uuid::Uuid;

use super::extract::{Asked, Flag, Id, Unpacked};
use crate::App;
use crate::admin::policy::{self, PolicyValue, PolicyView};
use crate::admin::tree::NodeNames;
use crate::auth::Bearer;
use crate::problem::Problem;

/// Keys to set; null takes one back to what is inherited, and what is not named stays.
type PolicyBody = BTreeMap<String, Option<String>>;

/// How a policy is set.
#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct PolicyQuery {
    /// Phones may come to live by a trusted network or a suspension alone.
    #[serde(default)]
    #[param(required = false, value_type = bool)]
    lives_by_trust: Flag,
}

/// The operator's policy: what holds where nobody says otherwise.
#[utoipa::path(get, path = "/operator/policy", responses((status = 200, body = BTreeMap<String, PolicyValue>)))]
pub(crate) async fn of_operator(State(app): State<App>, bearer: Bearer) -> Result<impl IntoResponse, Problem> {
    show(&app, &bearer, NodeNames::default()).await
}

/// Sets keys of the operator's policy. A key that is null is taken back, one that is not named stays.
#[utoipa::path(put, path = "/operator/policy", params(PolicyQuery), request_body = BTreeMap<String, Option<String>>,
    responses((status = 200, body = BTreeMap<String, PolicyValue>)))]
pub(crate) async fn set_operator(
    State(app): State<App>,
    bearer: Bearer,
    Asked(asked): Asked<PolicyQuery>,
    Unpacked(body): Unpacked<PolicyBody>,
) -> Result<impl IntoResponse, Problem> {
    set(&app, &bearer, NodeNames::default(), &asked, body).await
}

/// The two routes of a node below the operator.
macro_rules! of_node {
    ($path:literal, $at:ident, $(#[$of_told:meta])* $of:ident, $(#[$set_told:meta])* $set:ident) => {
        $(#[$of_told])*
        #[utoipa::path(get, path = $path, params(("id" = uuid::Uuid, Path)),
            responses((status = 200, body = BTreeMap<String, PolicyValue>)))]
        pub(crate) async fn $of(State(app): State<App>, bearer: Bearer, Id(id): Id) -> Result<impl IntoResponse, Problem> {
            show(&app, &bearer, $at(id)).await
        }

        $(#[$set_told])*
        #[utoipa::path(put, path = $path, params(("id" = uuid::Uuid, Path), PolicyQuery),
            request_body = BTreeMap<String, Option<String>>, responses((status = 200, body = BTreeMap<String, PolicyValue>)))]
        pub(crate) async fn $set(
            State(app): State<App>,
            bearer: Bearer,
            Id(id): Id,
            Asked(asked): Asked<PolicyQuery>,
            Unpacked(body): Unpacked<PolicyBody>,
        ) -> Result<impl IntoResponse, Problem> {
            set(&app, &bearer, $at(id), &asked, body).await
        }
    };
}

of_node!(
    "/resellers/{id}/policy",
    reseller,
    /// The policy in force for a reseller's customers.
    of_reseller,
    /// Sets keys of a reseller's policy.
    set_reseller
);

of_node!(
    "/customers/{id}/policy",
    customer,
    /// The policy in force for a customer.
    of_customer,
    /// Sets keys of a customer's policy.
    set_customer
);

of_node!(
    "/sites/{id}/policy",
    site,
    /// The policy in force at a site.
    of_site,
    /// Sets keys of a site's policy.
    set_site
);

async fn show(app: &App, bearer: &Bearer, at: NodeNames) -> Result<Json<PolicyView>, Problem> {
    Ok(Json(policy::show(&app.admin, &bearer.by, at).await?))
}

async fn set(app: &App, bearer: &Bearer, at: NodeNames, asked: &PolicyQuery, body: PolicyBody) -> Result<Json<PolicyView>, Problem> {
    let entries = body.into_iter().map(|(key, value)| format!("{key}={}", value.unwrap_or_default())).collect();
    Ok(Json(policy::set(&app.admin, &bearer.by, at, entries, asked.lives_by_trust.0).await?))
}

fn reseller(id: Uuid) -> NodeNames {
    NodeNames { reseller: Some(id.to_string()), ..NodeNames::default() }
}

fn customer(id: Uuid) -> NodeNames {
    NodeNames::customer(id.to_string())
}

fn site(id: Uuid) -> NodeNames {
    NodeNames { site: Some(id.to_string()), ..NodeNames::default() }
}
