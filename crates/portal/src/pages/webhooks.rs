//! *Administration › Webhooks*: who is sent events, and what became of what they were sent.

use axum::extract::{Path, State};
use domain::effect::TYPES;
use domain::role::Action;
use http::StatusCode;
use minijinja::context;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::answer::{Answer, back, see_other};
use super::ask::{Answered, Question};
use super::branch::{branches, names, nearest};
use super::customers::id_of;
use super::form::Posted;
use super::sign_in::Nothing;
use super::template::view;
use super::visitor::Visitor;
use super::wrong::Wrong;
use crate::App;
use crate::admin::Error;
use crate::admin::webhook::{self, DeliveryView, NewWebhook, Told, WebhookChange, WebhookView};

const PATH: &str = "/administration/webhooks";
const FIELDS: &[(&str, &str)] = &[("url", "url"), ("label", "label"), ("event_type", "types"), ("role", "at")];

/// The list.
pub(crate) async fn list(State(app): State<App>, visitor: Visitor) -> Answer {
    let rows = webhook::list(&app.admin, &visitor.by).await?;
    visitor.show("webhooks.html", context! { rows => view(rows) })
}

/// A webhook's form.
#[derive(Clone, Debug, Default, Deserialize, Serialize)]
pub(crate) struct Form {
    #[serde(default)]
    url: String,
    #[serde(default)]
    label: String,
    /// The ticked types; all without any.
    #[serde(default)]
    types: Vec<String>,
    /// The branch, as [`branches`] lists it.
    #[serde(default)]
    at: String,
    #[serde(default)]
    version: Option<i64>,
}

impl Form {
    fn of(kept: &WebhookView) -> Self {
        let (url, label, types) = (kept.url.clone(), kept.label.clone(), kept.types.clone());
        Self { url, label, types, at: String::new(), version: Some(kept.version) }
    }
}

/// The empty form. It leads to a secret, so one's password is asked for first.
pub(crate) async fn new(State(app): State<App>, visitor: Visitor) -> Answer {
    visitor.must(Action::EditPeople)?;
    visitor.proved_lately()?;
    empty(&app, &visitor, StatusCode::OK, &Form { at: nearest(&visitor), ..Form::default() }, None).await
}

async fn empty(app: &App, visitor: &Visitor, status: StatusCode, typed: &Form, wrong: Option<Wrong>) -> Answer {
    let branches = branches(app, visitor).await?;
    let context = context! { branches => view(branches), kinds => view(TYPES), typed => view(typed), wrong => view(wrong) };
    visitor.show_as(status, "webhook_new.html", context)
}

/// Adds a webhook, and shows its secret, once.
pub(crate) async fn add(State(app): State<App>, visitor: Visitor, Posted(typed): Posted<Form>) -> Answer {
    visitor.must(Action::EditPeople)?;
    visitor.proved_for(&format!("{PATH}/new"))?;
    let added = match names(&typed.at) {
        Ok(at) => {
            let new = NewWebhook { url: typed.url.trim().to_owned(), kinds: typed.types.clone(), label: typed.label.clone(), at };
            webhook::add(&app.admin, &visitor.by, new).await
        }
        Err(error) => Err(error),
    };
    match added {
        Ok(told) => secret(&visitor, &told),
        Err(error) => empty(&app, &visitor, StatusCode::UNPROCESSABLE_ENTITY, &typed, Some(visitor.wrong(error, FIELDS)?)).await,
    }
}

fn secret(visitor: &Visitor, told: &Told) -> Answer {
    let secret = told.secret.as_ref().map(|secret| secret.expose().as_str());
    visitor.show("webhook_secret.html", context! { kept => view(&told.webhook), secret })
}

/// One delivery as its row shows it.
#[derive(Serialize)]
struct Row {
    #[serde(flatten)]
    delivery: DeliveryView,
    /// What is sent, for people to read.
    text: String,
}

/// A webhook and its deliveries.
pub(crate) async fn show(State(app): State<App>, visitor: Visitor, Path(id): Path<String>) -> Answer {
    let kept = webhook::show(&app.admin, &visitor.by, id_of(&id)?).await?;
    let typed = Form::of(&kept);
    one(&app, &visitor, StatusCode::OK, &kept, &typed, None).await
}

async fn one(app: &App, visitor: &Visitor, status: StatusCode, kept: &WebhookView, typed: &Form, wrong: Option<Wrong>) -> Answer {
    let deliveries = webhook::deliveries(&app.admin, &visitor.by, id_of(&kept.id)?).await?;
    let text = |delivery: &DeliveryView| serde_json::to_string_pretty(&delivery.body).unwrap_or_default();
    let rows: Vec<Row> = deliveries.into_iter().map(|delivery| Row { text: text(&delivery), delivery }).collect();
    let context = context! { kept => view(kept), kinds => view(TYPES), typed => view(typed), wrong => view(wrong), rows => view(rows) };
    visitor.show_as(status, "webhook.html", context)
}

/// The page of a webhook after something that was refused.
async fn again(app: &App, visitor: &Visitor, id: Uuid, error: Error, typed: Option<Form>) -> Answer {
    let wrong = visitor.wrong(error, FIELDS)?;
    let kept = webhook::show(&app.admin, &visitor.by, id).await?;
    let typed = typed.map_or_else(|| Form::of(&kept), |typed| Form { version: Some(kept.version), ..typed });
    one(app, visitor, StatusCode::UNPROCESSABLE_ENTITY, &kept, &typed, Some(wrong)).await
}

/// Changes where it leads, what is sent and what people call it.
pub(crate) async fn save(State(app): State<App>, visitor: Visitor, Path(id): Path<String>, Posted(typed): Posted<Form>) -> Answer {
    let id = id_of(&id)?;
    let Form { url, label, types, version, .. } = typed.clone();
    let change = WebhookChange { url: Some(url.trim().to_owned()), kinds: Some(types), label: Some(label), ..WebhookChange::default() };
    match webhook::update(&app.admin, &visitor.by, id, change, version).await {
        Ok(_) => Ok(back(&format!("{PATH}/{id}"), "saved")),
        Err(error) => again(&app, &visitor, id, error, Some(typed)).await,
    }
}

/// Whether events are sent.
#[derive(Debug, Deserialize)]
pub(crate) struct Switch {
    enabled: bool,
}

/// Stops a webhook, or lets it go on with what happens next.
pub(crate) async fn switch(State(app): State<App>, visitor: Visitor, Path(id): Path<String>, Posted(form): Posted<Switch>) -> Answer {
    let id = id_of(&id)?;
    let change = WebhookChange { enabled: Some(form.enabled), ..WebhookChange::default() };
    webhook::update(&app.admin, &visitor.by, id, change, None).await?;
    Ok(back(&format!("{PATH}/{id}"), if form.enabled { "webhook-enabled" } else { "webhook-disabled" }))
}

/// Sends an event of its own; what came of it stands first in the list.
pub(crate) async fn test(State(app): State<App>, visitor: Visitor, Path(id): Path<String>, Posted(Nothing {}): Posted<Nothing>) -> Answer {
    let id = id_of(&id)?;
    let delivery = webhook::test(&app.admin, &visitor.by, id).await?;
    Ok(back(&format!("{PATH}/{id}#delivery-{}", delivery.id), "webhook-tested"))
}

/// Has one delivery sent again.
pub(crate) async fn replay(
    State(app): State<App>,
    visitor: Visitor,
    Path((id, delivery)): Path<(String, String)>,
    Posted(Nothing {}): Posted<Nothing>,
) -> Answer {
    let (id, delivery) = (id_of(&id)?, id_of(&delivery)?);
    match webhook::replay(&app.admin, &visitor.by, id, delivery).await {
        Ok(_) => Ok(back(&format!("{PATH}/{id}#delivery-{delivery}"), "webhook-replayed")),
        Err(error) => again(&app, &visitor, id, error, None).await,
    }
}

/// Whether its secret is to be another.
pub(crate) async fn ask_secret(State(app): State<App>, visitor: Visitor, Path(id): Path<String>) -> Answer {
    let kept = webhook::show(&app.admin, &visitor.by, id_of(&id)?).await?;
    visitor.proved_lately()?;
    ask(&visitor, &kept, "secret", "webhook-secret-title", "webhook-secret-effect")
}

/// Makes another secret, and shows it, once.
pub(crate) async fn new_secret(
    State(app): State<App>,
    visitor: Visitor,
    Path(id): Path<String>,
    Posted(answered): Posted<Answered>,
) -> Answer {
    let id = id_of(&id)?;
    if !answered.yes() {
        return Ok(see_other(&format!("{PATH}/{id}")));
    }
    webhook::show(&app.admin, &visitor.by, id).await?;
    visitor.proved_for(&format!("{PATH}/{id}"))?;
    let change = WebhookChange { new_secret: true, ..WebhookChange::default() };
    secret(&visitor, &webhook::update(&app.admin, &visitor.by, id, change, None).await?)
}

/// Whether it is to go.
pub(crate) async fn ask_remove(State(app): State<App>, visitor: Visitor, Path(id): Path<String>) -> Answer {
    let kept = webhook::show(&app.admin, &visitor.by, id_of(&id)?).await?;
    ask(&visitor, &kept, "remove", "webhook-remove-title", "webhook-remove-effect")
}

fn ask(visitor: &Visitor, kept: &WebhookView, act: &str, title: &str, effect: &str) -> Answer {
    let about = if kept.label.is_empty() { &kept.url } else { &kept.label };
    let (action, to) = (format!("{PATH}/{}/{act}", kept.id), format!("{PATH}/{}", kept.id));
    let (title, effects) = (visitor.say(title), vec![visitor.say(effect)]);
    visitor.ask(Action::EditPeople, &Question { title, about, effects, action, fields: Vec::new(), back: &to })
}

/// Removes it.
pub(crate) async fn remove(State(app): State<App>, visitor: Visitor, Path(id): Path<String>, Posted(answered): Posted<Answered>) -> Answer {
    let id = id_of(&id)?;
    if !answered.yes() {
        return Ok(see_other(&format!("{PATH}/{id}")));
    }
    webhook::remove(&app.admin, &visitor.by, id).await?;
    Ok(back(PATH, "webhook-removed"))
}
