//! Asks the store about phones that registered, a few at a time, and passes on what it says.

use std::fmt;
use std::sync::Arc;

use domain::net::site_network;
use domain::tenancy::Place;
use domain::{Mac, Time};
use store::{Store, StoreError};
use tokio::sync::{Semaphore, mpsc};

use super::{Known, KnownDevice, Registrar};
use crate::limits::LOOKUPS_AT_ONCE_MAX;

/// Who wants to know where registered phones stand: for emergency calls, which ask no database.
pub trait Notice: Send + Sync {
    /// A phone stands here; none: nobody added it.
    fn stands(&self, mac: Mac, place: Option<Place>);
}

impl Notice for () {
    fn stands(&self, _: Mac, _: Option<Place>) {}
}

/// The registrar's enquiries. To be run until the server stops.
pub struct Learning {
    registrar: Arc<Registrar>,
    asked: mpsc::Receiver<Mac>,
}

impl fmt::Debug for Learning {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Learning(..)")
    }
}

impl Learning {
    pub(super) fn new(registrar: Arc<Registrar>, asked: mpsc::Receiver<Mac>) -> Self {
        Self { registrar, asked }
    }

    /// Asks and learns. A store that is down is asked again at the phone's next registration.
    pub async fn run(mut self, store: Store, notice: Arc<dyn Notice>, clock: fn() -> Time) {
        let seats = Arc::new(Semaphore::new(LOOKUPS_AT_ONCE_MAX));
        while let Some(mac) = self.asked.recv().await {
            let Ok(seat) = Arc::clone(&seats).acquire_owned().await else { break };
            let (registrar, store, notice, now) = (Arc::clone(&self.registrar), store.clone(), Arc::clone(&notice), clock());
            tokio::spawn(async move {
                // Several registrations of one phone may have asked before the first was answered.
                if registrar.knowledge.is_due(mac, now)
                    && let Err(error) = registrar.ask(&store, &*notice, mac, now).await
                {
                    tracing::debug!(%mac, %error, "could not learn where a phone stands");
                }
                drop(seat);
            });
        }
    }
}

impl Registrar {
    /// Asks the store about a phone now, although something may be known: there was news of it.
    pub async fn ask(&self, store: &Store, notice: &dyn Notice, mac: Mac, now: Time) -> Result<Arc<Known>, StoreError> {
        let network = site_network(std::net::Ipv4Addr::UNSPECIFIED.into());
        let found = store.read(move |db| store::device::fetch(db, mac, &network, now)).await?;
        let device = found.map(|found| found.stored.device).map(|device| KnownDevice {
            place: device.place,
            model: device.model,
            taken_up: device.auth.live.map(|live| (live.login.claim, live.since)),
        });
        let known = Known { at: now, device };
        notice.stands(mac, known.device.as_ref().map(|device| device.place));
        self.learn(mac, known.clone());
        Ok(Arc::new(known))
    }
}
