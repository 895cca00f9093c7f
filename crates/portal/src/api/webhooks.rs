//! `webhooks`: who is sent events, and what they were sent.

use axum::Json;
use axum::extract::State;
use axum::response::IntoResponse;
use http::StatusCode;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use uuid::Uuid;

use super::answer::{Created, Tagged};
use super::extract::{Asked, Expected, Id, PartQuery, Two, Unpacked};
use crate::App;
use crate::admin::part::{Listing, Part};
use crate::admin::tree::NodeNames;
use crate::admin::webhook::{self, DeliveryView, NewWebhook, Told, WebhookChange, WebhookView};
use crate::auth::Bearer;
use crate::problem::Problem;

/// A webhook to add.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct NewWebhookBody {
    /// Where events are sent, by POST; https.
    #[schema(example = "https://hooks.example.com/ringfence")]
    url: String,
    /// Types of events; all without any.
    #[serde(default)]
    types: Vec<String>,
    /// What people call it.
    #[serde(default)]
    label: String,
    /// The reseller whose events: name or id.
    reseller: Option<String>,
    /// The customer: name or id.
    customer: Option<String>,
    /// The site: name or id.
    site: Option<String>,
}

/// What is changed; what is absent stays.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct WebhookChangeBody {
    /// Where events are sent.
    url: Option<String>,
    /// Types of events; all if empty.
    types: Option<Vec<String>>,
    /// What people call it.
    label: Option<String>,
    /// Events are sent; one that was disabled begins with what happens next.
    enabled: Option<bool>,
    /// Makes a new secret, which the answer shows once.
    #[serde(default)]
    new_secret: bool,
}

/// A webhook, with the secret if one was made.
#[derive(Serialize, ToSchema)]
pub(crate) struct WebhookWithSecret {
    /// It.
    #[serde(flatten)]
    webhook: WebhookView,
    /// What deliveries are signed with, `whsec_…`; shown once, and null otherwise.
    secret: Option<String>,
}

impl From<Told> for WebhookWithSecret {
    fn from(told: Told) -> Self {
        Self { webhook: told.webhook, secret: told.secret.map(|secret| secret.expose().clone()) }
    }
}

/// Webhooks in scope, oldest first.
#[utoipa::path(get, path = "/webhooks", params(PartQuery), responses((status = 200, body = Listing<WebhookView>)))]
pub(crate) async fn list(State(app): State<App>, bearer: Bearer, Asked(asked): Asked<PartQuery>) -> Result<impl IntoResponse, Problem> {
    let all = webhook::list(&app.admin, &bearer.by).await?;
    // Ids begin with the time.
    Ok(Json(Part::from(asked).cut(all, |webhook| webhook.id.clone())?))
}

/// Adds a webhook. The answer shows its secret, once.
#[utoipa::path(post, path = "/webhooks", request_body = NewWebhookBody, responses((status = 201, body = WebhookWithSecret)))]
pub(crate) async fn create(
    State(app): State<App>,
    bearer: Bearer,
    Unpacked(body): Unpacked<NewWebhookBody>,
) -> Result<impl IntoResponse, Problem> {
    let at = NodeNames { reseller: body.reseller, customer: body.customer, site: body.site };
    let new = NewWebhook { url: body.url, kinds: body.types, label: body.label, at };
    let told = webhook::add(&app.admin, &bearer.by, new).await?;
    let version = told.webhook.version;
    Ok(Created::at(format!("webhooks/{}", told.webhook.id), WebhookWithSecret::from(told)).tagged(version))
}

/// One of them.
#[utoipa::path(get, path = "/webhooks/{id}", params(("id" = Uuid, Path)), responses((status = 200, body = WebhookView)))]
pub(crate) async fn read(State(app): State<App>, bearer: Bearer, Id(id): Id) -> Result<impl IntoResponse, Problem> {
    let found = webhook::show(&app.admin, &bearer.by, id).await?;
    Ok(Tagged(found.version, found))
}

/// Changes a webhook.
#[utoipa::path(patch, path = "/webhooks/{id}", params(("id" = Uuid, Path)), request_body = WebhookChangeBody,
    responses((status = 200, body = WebhookWithSecret)))]
pub(crate) async fn update(
    State(app): State<App>,
    bearer: Bearer,
    Id(id): Id,
    Expected(version): Expected,
    Unpacked(body): Unpacked<WebhookChangeBody>,
) -> Result<impl IntoResponse, Problem> {
    let WebhookChangeBody { url, types: kinds, label, enabled, new_secret } = body;
    let change = WebhookChange { url, kinds, label, enabled, new_secret };
    let told = webhook::update(&app.admin, &bearer.by, id, change, version).await?;
    Ok(Tagged(told.webhook.version, WebhookWithSecret::from(told)))
}

/// Removes a webhook. What it has not been sent yet is not sent.
#[utoipa::path(delete, path = "/webhooks/{id}", params(("id" = Uuid, Path)), responses((status = 204)))]
pub(crate) async fn delete(State(app): State<App>, bearer: Bearer, Id(id): Id) -> Result<impl IntoResponse, Problem> {
    webhook::remove(&app.admin, &bearer.by, id).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Sends an event of type `webhook.test` and tells what came of it.
#[utoipa::path(post, path = "/webhooks/{id}/test", params(("id" = Uuid, Path)), responses((status = 200, body = DeliveryView)))]
pub(crate) async fn test(State(app): State<App>, bearer: Bearer, Id(id): Id) -> Result<impl IntoResponse, Problem> {
    Ok(Json(webhook::test(&app.admin, &bearer.by, id).await?))
}

/// The latest deliveries, newest first, at most 500 of the last week.
#[utoipa::path(get, path = "/webhooks/{id}/deliveries", params(("id" = Uuid, Path)),
    responses((status = 200, body = Listing<DeliveryView>)))]
pub(crate) async fn deliveries(State(app): State<App>, bearer: Bearer, Id(id): Id) -> Result<impl IntoResponse, Problem> {
    Ok(Json(Listing::whole(webhook::deliveries(&app.admin, &bearer.by, id).await?)))
}

/// Sends a delivery again, with the same id.
#[utoipa::path(post, path = "/webhooks/{id}/deliveries/{delivery}/replay", params(("id" = Uuid, Path), ("delivery" = Uuid, Path)),
    responses((status = 200, body = DeliveryView)))]
pub(crate) async fn replay(
    State(app): State<App>,
    bearer: Bearer,
    Two(id, delivery): Two<Uuid, Uuid>,
) -> Result<impl IntoResponse, Problem> {
    Ok(Json(webhook::replay(&app.admin, &bearer.by, id, delivery).await?))
}
