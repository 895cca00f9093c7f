//! Opening, wiring and closing the telephone face.

mod desk;

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use brands::Catalogue;
use domain::claim::PlatformKeys;
use domain::{Chance as _, Span, Time};
use store::Store;
use tokio::task::JoinHandle;
use uuid::Uuid;

use self::desk::Desk;
use crate::accounts::Accounts;
use crate::edge::{self, SystemChance};
use crate::metrics::Metrics;
use crate::notify::{self, Quiet};
use crate::pins::Strangers;
use crate::registrar::{self, Notice, Registrar};
use crate::stack::address::user;
use crate::stack::{Config, OpenError, Stack, Timers, Transport};

/// The listeners, bound but not yet listened to: phones are told of their ports before anybody answers.
pub struct Doors {
    stack: Stack,
    host: String,
}

/// What decides behind the listeners.
pub struct Parts {
    /// Where devices are kept.
    pub store: Store,
    /// The platform's keys, which the accounts derive from.
    pub keys: Arc<PlatformKeys>,
    /// The tries of phones that nobody added.
    pub strangers: Arc<dyn Strangers>,
    /// What each brand of phone understands.
    pub catalogue: Arc<Catalogue>,
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
}

impl Doors {
    /// Binds the listeners. `emergency_numbers`: those of all countries; calls to them are never held up.
    ///
    /// # Errors
    ///
    /// [`OpenError`] with the address that cannot be had.
    pub async fn bind(edge: edge::Config, emergency_numbers: Vec<String>) -> Result<Self, OpenError> {
        let host = edge.host.clone();
        let is_emergency = Arc::new(move |uri: &str| is_emergency(uri, &emergency_numbers));
        let stack = Stack::open(Config { edge, timers: Timers::default(), is_emergency }).await?;
        Ok(Self { stack, host })
    }

    /// Where it listens.
    pub fn addresses(&self) -> Vec<(Transport, SocketAddr)> {
        self.stack.addresses()
    }

    /// Begins to answer.
    pub fn serve(self, parts: Parts) -> Voice {
        let Self { stack, host } = self;
        let accounts = Arc::new(Accounts::new(&host, Arc::clone(&parts.keys)));
        let (registrar, learning) = Registrar::new(accounts);
        let notice: Arc<dyn Notice> = Arc::new(());
        let quiet = Quiet::new(parts.clock);
        let notifying = notify::Parts {
            store: parts.store.clone(),
            registrar: Arc::clone(&registrar),
            quiet,
            catalogue: parts.catalogue,
            teller: stack.clone(),
            metrics: parts.metrics.notifies,
            notice: Arc::clone(&notice),
            resync_proxy: parts.resync_proxy,
            node: node(),
            clock: parts.clock,
        };
        let tasks = vec![
            tokio::spawn(learning.run(parts.store, notice, parts.clock)),
            tokio::spawn(registrar::tend(Arc::clone(&registrar), stack.clone(), parts.keep_alive, parts.clock)),
            tokio::spawn(notify::run(notifying)),
        ];
        stack.serve(Arc::new(Desk { registrar, clock: parts.clock }));
        Voice { stack, tasks }
    }
}

impl Voice {
    /// Where it listens, in the order of the configuration.
    pub fn addresses(&self) -> Vec<(Transport, SocketAddr)> {
        self.stack.addresses()
    }

    /// Takes no new calls, lets those in progress end for at most `drain`, and closes. Whether all had ended by themselves.
    pub async fn stop(self, drain: Duration) -> bool {
        let is_quiet = self.stack.stop(drain).await;
        for task in self.tasks {
            task.abort();
        }
        is_quiet
    }
}

impl std::fmt::Debug for Voice {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Voice").field("stack", &self.stack).finish_non_exhaustive()
    }
}

/// Whether a request's address is that of an emergency call: a service of RFC 5031, or a number of any country's.
fn is_emergency(uri: &str, numbers: &[String]) -> bool {
    let is_service = uri.get(.."urn:service:sos".len()).is_some_and(|start| start.eq_ignore_ascii_case("urn:service:sos"));
    is_service || user(uri).is_some_and(|dialled| numbers.iter().any(|number| number == dialled))
}

/// This node among others, for as long as it runs.
fn node() -> Uuid {
    let mut bytes = [0; 16];
    SystemChance.fill(&mut bytes);
    uuid::Builder::from_random_bytes(bytes).into_uuid()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn emergency_calls_are_known_by_their_address() {
        let numbers = ["112".to_owned(), "911".to_owned()];
        let check = |uri: &str, expected: bool| assert_eq!(is_emergency(uri, &numbers), expected, "{uri}");
        check("sip:112@phones.example.com", true);
        check("SIPS:911@phones.example.com;user=phone", true);
        check("tel:112;phone-context=+49", true);
        check("URN:service:SOS", true);
        check("urn:service:sos.fire", true);
        check("urn:service:counseling", false);
        check("sip:1122@phones.example.com", false);
        check("sip:*89@112", false);
        check("sip:phones.example.com", false);
    }
}
