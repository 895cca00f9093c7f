//! Webhooks: who is sent events. Their secrets are made here, shown once, and kept sealed.

use domain::policy::Policy;
use domain::role::Action;
use domain::{Secret, Span};
use serde::Serialize;
use serde_json::{Value, json};
use store::Db;
use store::webhook::{self, Delivery, Webhook};
use utoipa::ToSchema;
use uuid::Uuid;

use super::event::{EventView, check_type};
use super::policy::subject;
use super::tree::{NodeNames, find, policy_at};
use super::{Admin, By, Error, Named, new_id, still};
use crate::edge::SystemChance;
use crate::limits::{DELIVERIES_SHOWN_MAX, LABEL_BYTES_MAX, WEBHOOK_LEASE_SECONDS};
use crate::webhook::{attempt, check_url, sign};

/// A webhook to add.
#[derive(Clone, Debug, Default)]
pub struct NewWebhook {
    /// Where events are sent.
    pub url: String,
    /// Types of events; all if empty.
    pub kinds: Vec<String>,
    /// What people call it.
    pub label: String,
    /// Whose events.
    pub at: NodeNames,
}

/// What is changed of a webhook; what is absent stays.
#[derive(Clone, Debug, Default)]
pub struct WebhookChange {
    /// Where events are sent.
    pub url: Option<String>,
    /// Types of events; all if empty.
    pub kinds: Option<Vec<String>>,
    /// What people call it.
    pub label: Option<String>,
    /// Events are sent. One that was disabled begins with what happens next.
    pub enabled: Option<bool>,
    /// A new secret is made.
    pub new_secret: bool,
}

/// A webhook as lists show it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct WebhookView {
    /// Its id.
    pub id: String,
    /// Where events are sent.
    pub url: String,
    /// What people call it.
    pub label: String,
    /// Types of events; all if empty.
    pub types: Vec<String>,
    /// Whose events.
    pub scope: String,
    /// Events are sent.
    pub enabled: bool,
    /// Why not, if nobody asked for that.
    pub disabled_because: Option<String>,
    /// Since when no delivery has arrived, RFC 3339.
    pub failing_since: Option<String>,
    /// When it was added, RFC 3339.
    pub created: String,
    /// Counts changes.
    #[serde(skip)]
    pub version: i64,
}

/// A webhook, and the secret if one was made.
#[derive(Clone, Debug)]
pub struct Told {
    /// It.
    pub webhook: WebhookView,
    /// `whsec_…`, shown once.
    pub secret: Option<Secret<String>>,
}

/// One thing that a webhook was or will be sent.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct DeliveryView {
    /// Its id; the header `webhook-id` is this behind `msg_`, without hyphens.
    pub id: String,
    /// The event's type.
    #[serde(rename = "type")]
    pub kind: String,
    /// `waiting`, `delivered` or `failed`.
    pub state: &'static str,
    /// How often it was tried.
    pub tries: i64,
    /// The status of the latest answer.
    pub status: Option<i64>,
    /// What went wrong the last time.
    pub error: Option<String>,
    /// When it was made, RFC 3339.
    pub created: String,
    /// When it is tried next, RFC 3339.
    pub due: Option<String>,
    /// When it ended, RFC 3339.
    pub done: Option<String>,
    /// What is sent.
    #[schema(value_type = Object)]
    pub body: Value,
}

/// Adds a webhook, with a secret of 256 random bits.
pub async fn add(admin: &Admin, by: &By, new: NewWebhook) -> Result<Told, Error> {
    check_url(&new.url, admin.platform.webhooks.allow_private)?;
    let (kinds, label) = (check_kinds(&new.kinds)?, check_label(&new.label)?);
    let secret = sign::new_secret(&mut SystemChance);
    let (id, sealed, by) = (new_id(by.now), secret.clone(), by.clone());
    let webhook = admin
        .write(move |db| {
            let found = find(db, &by.scope(), &new.at)?;
            by.may(Action::EditPeople, &found.target, &policy_at(db, found.node)?)?;
            let (url, label, kinds) = (new.url.clone(), label.clone(), kinds.clone());
            let (enabled, of) = (true, found.target);
            let webhook =
                Webhook { id, of, url, label, kinds, created: by.now, enabled, disabled_because: None, failing_since: None, version: 1 };
            webhook::add(db, &by.scope(), &webhook, &sealed)?;
            by.audit(db, found.node, "webhook.created", &id.to_string(), &webhook.label)?;
            view(db, &webhook)
        })
        .await?;
    Ok(Told { webhook, secret: Some(sign::shown(&secret)) })
}

/// Webhooks in scope, oldest first.
pub async fn list(admin: &Admin, by: &By) -> Result<Vec<WebhookView>, Error> {
    by.may(Action::EditPeople, &by.branch(), &Policy::default())?;
    let by = by.clone();
    admin.read(move |db| webhook::list(db, &by.scope())?.iter().map(|webhook| view(db, webhook)).collect()).await
}

/// One of them.
pub async fn show(admin: &Admin, by: &By, id: Uuid) -> Result<WebhookView, Error> {
    let by = by.clone();
    admin.read(move |db| view(db, &editable(db, &by, id)?)).await
}

/// Changes a webhook; `expected`: only this version.
pub async fn update(admin: &Admin, by: &By, id: Uuid, change: WebhookChange, expected: Option<i64>) -> Result<Told, Error> {
    if let Some(url) = &change.url {
        check_url(url, admin.platform.webhooks.allow_private)?;
    }
    let kinds = change.kinds.as_deref().map(check_kinds).transpose()?;
    let label = change.label.as_deref().map(check_label).transpose()?;
    let secret = change.new_secret.then(|| sign::new_secret(&mut SystemChance));
    let (renewed, by) = (secret.clone(), by.clone());
    let webhook = admin
        .write(move |db| {
            let kept = editable(db, &by, id)?;
            still(expected, kept.version)?;
            let mut changed = kept.clone();
            changed.url = change.url.clone().unwrap_or(kept.url);
            changed.kinds = kinds.clone().unwrap_or(kept.kinds);
            changed.label = label.clone().unwrap_or(kept.label);
            if let Some(enabled) = change.enabled {
                changed = Webhook { enabled, disabled_because: None, failing_since: None, ..changed };
                webhook::drop_waiting(db, id, by.now)?;
            }
            changed.version = webhook::save(db, &by.scope(), &changed).named(|| format!("webhook {id}"))?;
            if let Some(secret) = &renewed {
                webhook::set_secret(db, &by.scope(), id, secret)?;
            }
            let detail = if renewed.is_some() { "new secret" } else { "" };
            by.audit(db, changed.node(), "webhook.changed", &id.to_string(), detail)?;
            view(db, &changed)
        })
        .await?;
    Ok(Told { webhook, secret: secret.as_ref().map(sign::shown) })
}

/// Removes a webhook. What it has not been sent yet is not sent.
pub async fn remove(admin: &Admin, by: &By, id: Uuid) -> Result<(), Error> {
    let by = by.clone();
    admin
        .write(move |db| {
            let kept = editable(db, &by, id)?;
            webhook::remove(db, &by.scope(), id).named(|| format!("webhook {id}"))?;
            by.audit(db, kept.node(), "webhook.deleted", &id.to_string(), &kept.label)
        })
        .await
}

/// Sends an event of type `webhook.test` at once, and tells what came of it. It is tried once more after five seconds, as any other.
pub async fn test(admin: &Admin, by: &By, id: Uuid) -> Result<DeliveryView, Error> {
    let (delivery, node, by) = (new_id(by.now), new_id(by.now), by.clone());
    let (now, scope) = (by.now, by.scope());
    let body = EventView { id: "test".into(), kind: "webhook.test".into(), timestamp: now.rfc3339(), data: json!({}) };
    let body = serde_json::to_string(&body).map_err(|error| Error::Failed(error.to_string()))?;
    let due = admin
        .write(move |db| {
            let kept = editable(db, &by, id)?;
            webhook::enqueue(db, delivery, id, "webhook.test", &body, now)?;
            by.audit(db, kept.node(), "webhook.tested", &id.to_string(), "")?;
            Ok(webhook::claim_one(db, delivery, node, now, Span::seconds(WEBHOOK_LEASE_SECONDS))?)
        })
        .await?;
    if let Some(due) = due {
        attempt(admin, due, node, now).await?;
    }
    admin.read(move |db| Ok(delivery_view(&webhook::delivery(db, &scope, id, delivery)?))).await
}

/// The latest deliveries of a webhook, newest first.
pub async fn deliveries(admin: &Admin, by: &By, id: Uuid) -> Result<Vec<DeliveryView>, Error> {
    let by = by.clone();
    admin
        .read(move |db| {
            editable(db, &by, id)?;
            Ok(webhook::deliveries(db, &by.scope(), id, DELIVERIES_SHOWN_MAX)?.iter().map(delivery_view).collect())
        })
        .await
}

/// Has a delivery sent again, with the same id.
pub async fn replay(admin: &Admin, by: &By, id: Uuid, delivery: Uuid) -> Result<DeliveryView, Error> {
    let by = by.clone();
    admin
        .write(move |db| {
            let kept = editable(db, &by, id)?;
            if !kept.enabled {
                return Err(Error::refused("refused", "this webhook is disabled; enable it first"));
            }
            let replayed = webhook::replay(db, &by.scope(), id, delivery, by.now).named(|| format!("delivery {delivery}"))?;
            by.audit(db, kept.node(), "webhook.replayed", &id.to_string(), &delivery.to_string())?;
            Ok(delivery_view(&replayed))
        })
        .await
}

/// A webhook in scope. Its address may hold what only its owner should know, so who may not edit does not read either.
fn editable(db: &Db, by: &By, id: Uuid) -> Result<Webhook, Error> {
    let found = webhook::one(db, &by.scope(), id).named(|| format!("webhook {id}"))?;
    by.may(Action::EditPeople, &by.branch(), &Policy::default())?;
    Ok(found)
}

fn check_kinds(kinds: &[String]) -> Result<Vec<String>, Error> {
    let mut checked: Vec<String> = Vec::new();
    for kind in kinds {
        let kind = check_type(kind.trim())?;
        if !checked.iter().any(|known| known == kind) {
            checked.push(kind.to_owned());
        }
    }
    Ok(checked)
}

fn check_label(label: &str) -> Result<String, Error> {
    let fits = label.len() <= LABEL_BYTES_MAX && !label.chars().any(char::is_control);
    if fits { Ok(label.trim().to_owned()) } else { Err(Error::invalid("label", "label: at most 100 bytes without line breaks")) }
}

fn view(db: &Db, webhook: &Webhook) -> Result<WebhookView, Error> {
    Ok(WebhookView {
        id: webhook.id.to_string(),
        url: webhook.url.clone(),
        label: webhook.label.clone(),
        types: webhook.kinds.clone(),
        scope: subject(db, webhook.node())?,
        enabled: webhook.enabled,
        disabled_because: webhook.disabled_because.clone(),
        failing_since: webhook.failing_since.map(domain::Time::rfc3339),
        created: webhook.created.rfc3339(),
        version: webhook.version,
    })
}

fn delivery_view(delivery: &Delivery) -> DeliveryView {
    let time = |at: domain::Time| at.rfc3339();
    DeliveryView {
        id: delivery.id.to_string(),
        kind: delivery.kind.clone(),
        state: delivery.state.code(),
        tries: delivery.tries,
        status: delivery.status,
        error: delivery.error.clone(),
        created: time(delivery.created),
        due: delivery.due.map(time),
        done: delivery.done.map(time),
        body: serde_json::from_str(&delivery.body).unwrap_or_default(),
    }
}
