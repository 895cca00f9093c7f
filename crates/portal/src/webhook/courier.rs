//! The job that makes deliveries of events and sends them, several at once. It may be killed at any point and run on any number of nodes:
//! whoever claims a delivery holds it for a minute, and each delivery has the same id whenever it is tried.

use domain::audit::Entry;
use domain::{Span, Time};
use store::StoreError;
use store::webhook::{self, Due, Outcome};
use tokio::task::JoinSet;
use uuid::Uuid;

use super::post::Failure;
use super::sign;
use crate::admin::{Admin, event};
use crate::limits::{WEBHOOK_FLIGHTS_MAX, WEBHOOK_LEASE_SECONDS, WEBHOOK_RETRY_SECONDS};

/// One node's courier.
#[derive(Debug)]
pub struct Courier {
    admin: Admin,
    node: Uuid,
    flights: JoinSet<()>,
}

impl Courier {
    /// A courier with a name of its own among the nodes.
    pub fn new(admin: Admin, node: Uuid) -> Self {
        Self { admin, node, flights: JoinSet::new() }
    }

    /// Makes deliveries of what happened, and sets out with those that are due. How many it set out with.
    pub async fn step(&mut self, now: Time) -> Result<usize, StoreError> {
        let body = |event: &store::event::Event| serde_json::to_string(&event::view(event)).unwrap_or_default();
        // A read first: as long as there is nothing new, nothing is written.
        while self.admin.store.read(webhook::behind).await? {
            if self.admin.store.write(move |db| webhook::fan_out(db, body, now)).await? == 0 {
                break;
            }
        }
        let mut set_out = 0;
        while self.flights.try_join_next().is_some() {}
        while self.flights.len() < WEBHOOK_FLIGHTS_MAX && self.admin.store.read(move |db| webhook::any_due(db, now)).await? {
            let (node, span) = (self.node, Span::seconds(WEBHOOK_LEASE_SECONDS));
            let Some(due) = self.admin.store.write(move |db| webhook::claim(db, node, now, span)).await? else { break };
            let (admin, node) = (self.admin.clone(), self.node);
            self.flights.spawn(async move {
                // A node that cannot note what came of it tries again when its claim has ended: at least once, not exactly once.
                if let Err(error) = attempt(&admin, due, node, now).await {
                    tracing::warn!(%error, "what came of a webhook's delivery could not be noted");
                }
            });
            set_out += 1;
        }
        Ok(set_out)
    }

    /// Waits until all that are under way have come back.
    pub async fn rest(&mut self) {
        while self.flights.join_next().await.is_some() {}
    }
}

/// Tries one delivery that `node` holds, and notes what came of it.
pub(crate) async fn attempt(admin: &Admin, due: Due, node: Uuid, now: Time) -> Result<(), StoreError> {
    let Due { delivery, url, secret } = due;
    let headers = sign::headers(&secret, &format!("msg_{}", delivery.id.simple()), now, delivery.body.as_bytes());
    let outcome = match admin.platform.webhooks.post(&url, &headers, delivery.body.clone()).await {
        Ok(status) => Outcome::Arrived(status),
        Err(failure) => failed(failure, delivery.tries, now),
    };
    let disabled = admin
        .store
        .write(move |db| {
            let disabled = webhook::settle(db, &delivery, node, &outcome, now)?;
            if disabled {
                let hook = webhook::one(db, &store::Scope::Operator, delivery.webhook)?;
                let detail = hook.disabled_because.clone().unwrap_or_default();
                let (actor, action) = ("server".to_owned(), "webhook.disabled".to_owned());
                store::audit::append(db, hook.node(), &Entry { at: now, actor, action, subject: hook.id.to_string(), detail })?;
            }
            Ok(disabled.then_some(delivery.webhook))
        })
        .await?;
    if let Some(webhook) = disabled {
        tracing::warn!(%webhook, "a webhook was disabled: nothing arrived for days, or it wants no more");
    }
    Ok(())
}

fn failed(failure: Failure, tries: i64, now: Time) -> Outcome {
    let status = if let Failure::Status(status) = failure { Some(status) } else { None };
    let next = usize::try_from(tries - 1).ok().and_then(|tried| WEBHOOK_RETRY_SECONDS.get(tried));
    let again = next.map(|seconds| now + Span::seconds(*seconds));
    Outcome::Failed { status, error: failure.to_string(), again, gone: status == Some(410) }
}
