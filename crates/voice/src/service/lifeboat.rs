//! Emergency calls alone: what a server carries whose store is out of reach at its start.

use std::sync::Arc;
use std::time::Duration;

use domain::Time;
use domain::claim::PlatformKeys;
use tokio::sync::watch;
use tokio::task::JoinHandle;

use super::{Doors, ServeError};
use crate::accounts::Accounts;
use crate::edge::SystemChance;
use crate::emergency::{self, Cache, Emergency, Metrics, Waits};
use crate::media::{Media, MediaOptions};
use crate::registrar::Registrar;
use crate::stack::{ALLOW, Handler, Inbound, InboundCall, Reply, Stack};

/// What is at hand without a store.
pub struct Provisions {
    /// The platform's keys, as the file of routes holds them: callers are proved by them.
    pub keys: Arc<PlatformKeys>,
    /// Where sound is sent and taken.
    pub media: MediaOptions,
    /// The operator's own number, E.164.
    pub caller_number: Option<String>,
    /// The file of routes.
    pub cache: Cache,
    /// The time of day.
    pub clock: fn() -> Time,
}

/// Carries emergency calls until the store can be reached.
pub struct Lifeboat {
    stack: Stack,
    metrics: Metrics,
    stop: watch::Sender<bool>,
    caring: JoinHandle<()>,
}

impl Doors {
    /// Begins to answer without a store: emergency calls and registrations, nothing else.
    ///
    /// # Errors
    ///
    /// [`ServeError`] if there can be no sound.
    pub fn launch(self, provisions: Provisions) -> Result<Lifeboat, ServeError> {
        let Self { stack, host, numbers } = self;
        let Provisions { keys, media, caller_number, cache, clock } = provisions;
        // What the store would have taught is in the file: nobody learns.
        let (registrar, _learning) = Registrar::new(Arc::new(Accounts::new(&host, keys)));
        let metrics = Metrics::default();
        let emergency = Emergency::open(emergency::Parts {
            numbers,
            caller_number,
            stack: stack.clone(),
            media: Media::open(&media)?,
            registrar: Arc::clone(&registrar),
            // Without a store nobody is told anything.
            on_call: Arc::new(|_, _| {}),
            cache,
            store: None,
            claims_key: None,
            clock,
            waits: Waits::default(),
            metrics: metrics.clone(),
        });
        let (stop, stopped) = watch::channel(false);
        let caring = tokio::spawn(Arc::clone(&emergency).run(stopped));
        stack.serve(Arc::new(Crew { registrar, emergency, clock }));
        Ok(Lifeboat { stack, metrics, stop, caring })
    }
}

impl Lifeboat {
    /// Emergency calls that are up.
    pub fn calls(&self) -> i64 {
        self.metrics.up.get()
    }

    /// Ends, its ports free again.
    pub async fn stop(self) {
        self.stack.stop(Duration::ZERO).await;
        self.stop.send_replace(true);
        if let Err(error) = self.caring.await {
            tracing::error!(%error, "the care for emergency calls failed");
        }
    }
}

impl std::fmt::Debug for Lifeboat {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Lifeboat").field("calls", &self.calls()).finish_non_exhaustive()
    }
}

struct Crew {
    registrar: Arc<Registrar>,
    emergency: Arc<Emergency>,
    clock: fn() -> Time,
}

impl Handler for Crew {
    async fn request(&self, inbound: Inbound) {
        let reply = match inbound.message().method() {
            "REGISTER" => self.registrar.answer(inbound.message(), inbound.flow(), (self.clock)(), &mut SystemChance),
            "OPTIONS" => Reply::new(200).header("Allow", ALLOW).header("Accept", "application/sdp"),
            _ => Reply::new(503).header("Retry-After", "30"),
        };
        inbound.reply(reply).await;
    }

    async fn call(&self, call: InboundCall) {
        if let Err(call) = self.emergency.take(call).await {
            call.reject(Reply::new(503).header("Retry-After", "30")).await;
        }
    }
}
