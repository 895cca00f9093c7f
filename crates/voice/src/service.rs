//! Opening, wiring and closing the telephone face.

mod desk;
mod lifeboat;

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use brands::InForce;
use domain::claim::PlatformKeys;
use domain::emergency::Numbers;
use domain::{Chance as _, Secret, Span, Time};
use store::Store;
use tokio::sync::watch;
use tokio::task::JoinHandle;
use tokio::time::timeout;
use uuid::Uuid;

use self::desk::Desk;
pub use self::lifeboat::{Lifeboat, Provisions};
use crate::accounts::Accounts;
use crate::edge::{self, SystemChance};
use crate::emergency::{self, Cache, Emergency, Waits};
use crate::limits::STOP_WRITES_MAX;
use crate::media::{Media, MediaOptions, Srtp};
use crate::metrics::Metrics;
use crate::notify::{self, Quiet};
use crate::pin_call::{self, PinCalls};
use crate::pins::{PinDesk, Strangers};
use crate::presence::Presences;
use crate::prompts::Library;
use crate::registrar::{self, Notice, Registrar};
use crate::stack::{Config, OpenError, Stack, Timers, Transport};

/// The listeners, bound but not yet listened to: phones are told of their ports before anybody answers.
pub struct Doors {
    stack: Stack,
    host: String,
    numbers: Numbers,
}

/// What decides behind the listeners.
pub struct Parts {
    /// Where devices are kept.
    pub store: Store,
    /// The platform's keys, which the accounts derive from.
    pub keys: Arc<PlatformKeys>,
    /// The tries of phones that nobody added.
    pub strangers: Arc<dyn Strangers>,
    /// Where sound is sent and taken.
    pub media: MediaOptions,
    /// The operator's own number, E.164: what emergency calls show that no site's fits.
    pub caller_number: Option<String>,
    /// The file by which emergency calls outlive the store.
    pub cache: Cache,
    /// The key that claims are made from, to be kept in that file.
    pub claims_key: Option<Secret<Vec<u8>>>,
    /// What each brand of phone understands.
    pub catalogue: InForce,
    /// Where NOTIFY for live phones goes, `host:port`; none: they are not told.
    pub resync_proxy: Option<String>,
    /// How often a way through a NAT is kept open, where the phone's is one on UDP; none: never.
    pub keep_alive: Option<Span>,
    /// Counters.
    pub metrics: Metrics,
    /// The time of day.
    pub clock: fn() -> Time,
}

/// The running telephone face. It ends with [`Voice::stop`].
pub struct Voice {
    stack: Stack,
    tasks: Vec<JoinHandle<()>>,
    /// Ends the care for emergency calls, which writes what waits.
    stop: watch::Sender<bool>,
    caring: Option<JoinHandle<()>>,
    desk: PinDesk,
    accounts: Arc<Accounts>,
    presences: Presences,
}

/// Why the telephone face cannot be opened.
#[derive(Debug, thiserror::Error)]
pub enum ServeError {
    /// The threads for sound cannot be started.
    #[error("sound cannot be opened: {0}")]
    Media(#[from] std::io::Error),
}

impl Doors {
    /// Binds the listeners. `numbers`: the emergency numbers of all countries; calls to them are never held up.
    ///
    /// # Errors
    ///
    /// [`OpenError`] with the address that cannot be had.
    pub async fn bind(edge: edge::Config, numbers: Numbers) -> Result<Self, OpenError> {
        let host = edge.host.clone();
        let is_emergency = emergency::is_emergency(numbers.clone());
        let stack = Stack::open(Config { edge, timers: Timers::default(), is_emergency }).await?;
        Ok(Self { stack, host, numbers })
    }

    /// Where it listens.
    pub fn addresses(&self) -> Vec<(Transport, SocketAddr)> {
        self.stack.addresses()
    }

    /// Begins to answer.
    ///
    /// # Errors
    ///
    /// [`ServeError`] if there can be no sound.
    pub async fn serve(self, parts: Parts) -> Result<Voice, ServeError> {
        let Self { stack, host, numbers } = self;
        let accounts = Arc::new(Accounts::new(&host, Arc::clone(&parts.keys)));
        let (registrar, learning) = Registrar::new(Arc::clone(&accounts));
        let media = Media::open_counted(&parts.media, &parts.metrics.media)?;
        let quiet = Quiet::new(parts.clock);
        let emergency = Emergency::open(emergency::Parts {
            numbers,
            caller_number: parts.caller_number,
            stack: stack.clone(),
            media: media.clone(),
            registrar: Arc::clone(&registrar),
            on_call: Arc::new({
                let quiet = Arc::clone(&quiet);
                move |mac, now| quiet.emergency(mac, now)
            }),
            cache: parts.cache,
            store: Some(parts.store.clone()),
            claims_key: parts.claims_key,
            clock: parts.clock,
            waits: Waits::default(),
            metrics: parts.metrics.emergency,
        });
        let notice: Arc<dyn Notice> = Arc::clone(&emergency) as _;
        let desk = PinDesk::new(parts.store.clone(), parts.keys, parts.strangers, parts.metrics.pins);
        let library = Library::open(parts.store.clone()).await;
        let pin_calls = PinCalls::new(pin_call::Parts {
            registrar: Arc::clone(&registrar),
            desk: desk.clone(),
            media,
            library: library.clone(),
            emergency: Arc::clone(&emergency),
            quiet: Arc::clone(&quiet),
            store: parts.store.clone(),
            catalogue: parts.catalogue.clone(),
            srtp: Srtp::Preferred,
            clock: parts.clock,
        });
        let notifying = notify::Parts {
            store: parts.store.clone(),
            registrar: Arc::clone(&registrar),
            quiet: Arc::clone(&quiet),
            catalogue: parts.catalogue,
            teller: stack.clone(),
            metrics: parts.metrics.notifies,
            notice: Arc::clone(&notice),
            resync_proxy: parts.resync_proxy,
            node: node(),
            clock: parts.clock,
        };
        let presences = Presences::new(Arc::clone(&registrar), quiet);
        let (stop, stopped) = watch::channel(false);
        let caring = Some(tokio::spawn(Arc::clone(&emergency).run(stopped)));
        let tasks = vec![
            tokio::spawn(learning.run(parts.store, notice, parts.clock)),
            tokio::spawn(registrar::tend(Arc::clone(&registrar), stack.clone(), parts.keep_alive, parts.clock)),
            tokio::spawn(notify::run(notifying)),
            tokio::spawn(async move { library.follow().await }),
        ];
        stack.serve(Arc::new(Desk { registrar, emergency, pin_calls, clock: parts.clock }));
        Ok(Voice { stack, tasks, stop, caring, desk, accounts, presences })
    }
}

impl Voice {
    /// Where it listens, in the order of the configuration.
    pub fn addresses(&self) -> Vec<(Transport, SocketAddr)> {
        self.stack.addresses()
    }

    /// Who takes PINs; also those that an operator's own telephone system passes on.
    pub fn pins(&self) -> &PinDesk {
        &self.desk
    }

    /// Who knows the throw-away accounts.
    pub fn accounts(&self) -> &Arc<Accounts> {
        &self.accounts
    }

    /// Who is registered here and who is in a call.
    pub fn presences(&self) -> &Presences {
        &self.presences
    }

    /// Takes no new calls, lets those in progress end for at most `drain`, and closes. Whether all had ended by themselves.
    pub async fn stop(mut self, drain: Duration) -> bool {
        let is_quiet = self.stack.stop(drain).await;
        self.stop.send_replace(true);
        // A store out of reach must not keep the server from stopping; the file by which emergency calls outlive it is written meanwhile.
        let Some(caring) = self.caring.take() else { return is_quiet };
        match timeout(STOP_WRITES_MAX, caring).await {
            Ok(Ok(())) => {}
            Ok(Err(error)) => tracing::error!(%error, "the care for emergency calls failed"),
            Err(_) => tracing::warn!("the last records of emergency calls could not be written in time"),
        }
        is_quiet
    }
}

impl Drop for Voice {
    /// A start that fails further on leaves nothing behind.
    fn drop(&mut self) {
        self.stack.close();
        for task in self.tasks.drain(..).chain(self.caring.take()) {
            task.abort();
        }
    }
}

impl std::fmt::Debug for Voice {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Voice").field("stack", &self.stack).finish_non_exhaustive()
    }
}

/// This node among others, for as long as it runs.
fn node() -> Uuid {
    let mut bytes = [0; 16];
    SystemChance.fill(&mut bytes);
    uuid::Builder::from_random_bytes(bytes).into_uuid()
}
