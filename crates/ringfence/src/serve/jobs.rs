//! Background jobs: each may be killed and run again at any time.

use std::time::Duration;

use domain::{Span, Time};
use gate::fetch::Flusher;
use portal::admin::Admin;
use portal::edge::{SystemChance, now};
use portal::mail::{Postman, Server};
use portal::redirecting::Reconciler;
use portal::webhook::Courier;
use store::{Store, StoreError};
use tokio::sync::watch;
use tokio::task::JoinHandle;
use uuid::Uuid;

use super::catalogue;

/// How often the phones' request log is written.
const FLUSH: Duration = Duration::from_millis(300);
/// How often locks that have ended are looked for: a phone learns within 5 seconds that it may try again.
const LAPSES: Duration = Duration::from_secs(2);
/// How often what is past is removed.
const PRUNE: Duration = Duration::from_mins(1);
/// How often webhooks are looked after: an event is on its way within a second.
const COURIER: Duration = Duration::from_millis(500);
/// How often redirect services are looked after: a device that was added is on its way there within a second.
const RECONCILE: Duration = Duration::from_secs(1);
/// How often mail is looked after.
const POST: Duration = Duration::from_secs(2);
/// How often alerts are written: what happens within a minute is one letter.
const ALERTS: Span = Span::minutes(1);
/// How long a message waits for a reader that is away.
const OUTBOX_AGE: Span = Span::hours(24);
/// Messages that wait at most.
const OUTBOX_KEPT_MAX: i64 = 100_000;

/// The jobs of a server.
#[derive(Debug)]
pub struct Jobs {
    stop: watch::Sender<bool>,
    tasks: Vec<JoinHandle<()>>,
}

impl Jobs {
    /// Starts them.
    pub fn start(admin: &Admin, flusher: Flusher, mail: Option<Server>) -> Self {
        let (stop, stopped) = watch::channel(false);
        let store = admin.store.clone();
        let node = node_id();
        let mut tasks = vec![
            tokio::spawn(flush(flusher, stopped.clone())),
            tokio::spawn(lapses(store.clone(), node, stopped.clone())),
            tokio::spawn(courier(Courier::new(admin.clone(), node), stopped.clone())),
            tokio::spawn(reconcile(Reconciler::new(admin.clone(), node, now), stopped.clone())),
            tokio::spawn(catalogue::follow(admin.clone(), stopped.clone())),
            tokio::spawn(prune(store, node, stopped.clone())),
        ];
        if let Some(server) = mail {
            tasks.push(tokio::spawn(post(Postman::new(admin.clone(), node, server), stopped)));
        }
        Self { stop, tasks }
    }

    /// Ends them, the log written to its last line.
    pub async fn stop(self) {
        self.stop.send_replace(true);
        for task in self.tasks {
            if let Err(error) = task.await {
                tracing::error!(%error, "a background job failed");
            }
        }
    }
}

/// Writes the request log in batches.
async fn flush(flusher: Flusher, mut stopped: watch::Receiver<bool>) {
    let (mut dropped, mut stopping) = (0, false);
    while !stopping {
        stopping = pause(&mut stopped, FLUSH).await;
        // One batch at a time, so that many resyncs are not as many writes; the rest on the way out.
        while write_batch(&flusher).await && stopping {}
        if flusher.dropped() > dropped {
            dropped = flusher.dropped();
            tracing::warn!(dropped, "too many phones at once: some requests are not in the log");
        }
    }
}

/// Whether there was something to write, and it was written.
async fn write_batch(flusher: &Flusher) -> bool {
    flusher.flush().await.map_or_else(
        |error| {
            tracing::warn!(%error, "the request log could not be written; it is kept for now");
            false
        },
        |written| written > 0,
    )
}

/// Phones whose lock has ended are told to fetch.
async fn lapses(store: Store, node: Uuid, mut stopped: watch::Receiver<bool>) {
    let mut since = now();
    while !pause(&mut stopped, LAPSES).await {
        let at = now();
        match tell_lapsed(&store, node, since, at).await {
            Ok(()) => since = at,
            Err(error) => tracing::warn!(%error, "could not look for locks that ended"),
        }
    }
}

async fn tell_lapsed(store: &Store, node: Uuid, since: Time, at: Time) -> Result<(), StoreError> {
    if store.read(move |db| store::event::windows_ended(db, at)).await? {
        store.write(move |db| store::event::tell_ended(db, at)).await?;
    }
    let ended = store.read(move |db| store::device::changed_states(db, since, at)).await?;
    if ended.is_empty() {
        return Ok(());
    }
    store
        .write(move |db| {
            // One node tells; the others see the lease.
            if !store::job::lease(db, "lapses", node, at, Span::seconds(10))? {
                return Ok(());
            }
            ended.iter().try_for_each(|mac| {
                let payload = serde_json::json!({ "mac": mac, "customer": null, "address": null }).to_string();
                store::outbox::enqueue(db, at, store::effect::REFETCH, payload)
            })
        })
        .await
}

/// Sends webhooks what happened.
async fn courier(mut courier: Courier, mut stopped: watch::Receiver<bool>) {
    while !pause(&mut stopped, COURIER).await {
        if let Err(error) = courier.step(now()).await {
            tracing::warn!(%error, "webhooks wait for the store");
        }
    }
    courier.rest().await;
}

/// Keeps brands' redirect services in step with the devices that are here.
async fn reconcile(mut reconciler: Reconciler, mut stopped: watch::Receiver<bool>) {
    while !pause(&mut stopped, RECONCILE).await {
        if let Err(error) = reconciler.step().await {
            tracing::warn!(%error, "redirect services wait for the store");
        }
    }
    // What was sent and not answered is looked up by whoever comes next.
    reconciler.abandon().await;
}

/// Writes alerts, and sends mail that waits.
async fn post(postman: Postman, mut stopped: watch::Receiver<bool>) {
    let mut written = now() - ALERTS;
    while !pause(&mut stopped, POST).await {
        let at = now();
        let worked = async {
            if at.since(written) >= ALERTS {
                written = at;
                postman.write_alerts(at).await?;
            }
            postman.send_due(at).await
        };
        if let Err(error) = worked.await {
            tracing::warn!(%error, "mail waits for the store");
        }
    }
}

/// Removes what is past.
async fn prune(store: Store, node: Uuid, mut stopped: watch::Receiver<bool>) {
    while !pause(&mut stopped, PRUNE).await {
        let at = now();
        let pruned = store
            .write(move |db| {
                if !store::job::lease(db, "prune", node, at, Span::seconds(90))? {
                    return Ok(0);
                }
                let messages = store::outbox::prune_outbox(db, at, OUTBOX_AGE, OUTBOX_KEPT_MAX)?;
                let events = store::event::prune(db, at)?;
                let deliveries = store::webhook::prune(db, at)? + store::mail::prune(db, at)?;
                Ok(messages
                    + events
                    + deliveries
                    + store::trust::prune(db, at)?
                    + store::session::prune(db, at, portal::limits::SESSION_IDLE)?
                    + store::password_link::prune(db, at)?
                    + store::traffic::prune(db, at)?
                    + store::job::prune_leases(db, at)?)
            })
            .await;
        match pruned {
            Ok(rows) => tracing::debug!(rows, "pruned"),
            Err(error) => tracing::warn!(%error, "could not prune"),
        }
    }
}

/// Waits; whether the server stops meanwhile.
async fn pause(stopped: &mut watch::Receiver<bool>, time: Duration) -> bool {
    // Elapsed means that the pause is over; a closed channel, that the server is gone.
    tokio::time::timeout(time, stopped.wait_for(|stopped| *stopped)).await.is_ok()
}

fn node_id() -> Uuid {
    let mut bytes = [0; 16];
    domain::Chance::fill(&mut SystemChance, &mut bytes);
    uuid::Builder::from_random_bytes(bytes).into_uuid()
}
