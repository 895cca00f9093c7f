//! The job that keeps brands' redirect services in step with the devices that are here. It may be killed at any point and run on any number
//! of nodes: one of them holds the work, every write is noted before it leaves, and whoever comes after looks up what nobody saw the end of.
//!
//! A change of a device wakes the job for that device alone; a change of the platform (logins, hosts, who owns whom) has everything looked
//! at; once a day the service's whole list is held against ours.

mod aim;
mod compare;
mod pass;
mod write;

use std::collections::{BTreeMap, HashMap, HashSet};
use std::path::Path;
use std::sync::Arc;

use domain::{Chance as _, Mac, Time};
use redirect::{Credentials, Kind, Road, Service, Url};
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject as _;
use store::redirect::Account;
use store::{Scope, StoreError};
use tokio::task::JoinSet;
use uuid::Uuid;

pub use self::aim::Aim;
pub(crate) use self::aim::hand_address;
use self::pass::{Extent, Pass};
use crate::admin::Admin;
use crate::edge::SystemChance;
use crate::limits::{REDIRECT_COMPARE_EVERY, REDIRECT_FLIGHTS_MAX, REDIRECT_LEASE};
use crate::roots;

/// How redirect services are reached.
#[derive(Clone, Debug)]
pub struct Way {
    /// Trust, clock and chance.
    pub road: Road,
    /// Addresses that the configuration names in place of a service's own.
    pub bases: BTreeMap<Kind, Url>,
}

/// A file of authorities that cannot be taken.
#[derive(Debug, thiserror::Error)]
#[error("{file}: {why}")]
pub struct WayError {
    file: String,
    why: String,
}

impl Way {
    /// Trusting the authorities of the system, and those of a PEM file.
    pub fn new(extra: Option<&Path>, bases: BTreeMap<Kind, Url>, clock: fn() -> Time) -> Result<Self, WayError> {
        let mut trusted: Vec<Vec<u8>> = roots::system().iter().map(|certificate| certificate.to_vec()).collect();
        if let Some(file) = extra {
            let failed = |why: &dyn std::fmt::Display| WayError { file: file.display().to_string(), why: why.to_string() };
            let pem = std::fs::read(file).map_err(|error| failed(&error))?;
            let read: Result<Vec<_>, _> = CertificateDer::pem_slice_iter(&pem).collect();
            let read = read.map_err(|_| failed(&"holds something that is no PEM"))?;
            if read.is_empty() {
                return Err(failed(&"holds no certificate"));
            }
            trusted.extend(read.iter().map(|certificate| certificate.to_vec()));
        }
        let road = Road::new(&trusted, clock, |bytes| SystemChance.fill(bytes)).ok_or_else(|| WayError {
            file: extra.map_or_else(|| "the system's authorities".to_owned(), |file| file.display().to_string()),
            why: "holds a certificate that cannot be used".to_owned(),
        })?;
        Ok(Self { road, bases })
    }

    /// The client of an account; nothing if its region is none of the service's.
    pub fn open(&self, kind: Kind, region: &str, credentials: Credentials) -> Option<Box<dyn Service>> {
        let named = kind.regions().iter().find(|(name, _)| *name == region);
        let base = self.bases.get(&kind).cloned().or_else(|| named?.1.parse().ok())?;
        // On this machine nobody needs to be spared.
        let is_here = matches!(base.host_str(), Some("127.0.0.1" | "[::1]" | "localhost"));
        let road = if is_here { self.road.clone().in_a_hurry() } else { self.road.clone() };
        Some(redirect::Account { kind, base, credentials }.open(&road))
    }
}

/// The kind, and the fields, of an account as it is kept.
pub(crate) fn opened(account: &Account, sealed: &domain::Secret<Vec<u8>>) -> Option<(Kind, Credentials)> {
    let kind = Kind::of(&account.kind)?;
    let fields = serde_json::from_slice(sealed.expose()).ok()?;
    Some((kind, Credentials::new(kind, &fields).ok()?))
}

/// One node's part of the work.
pub struct Reconciler {
    admin: Admin,
    node: Uuid,
    clock: fn() -> Time,
    clients: HashMap<Uuid, (i64, Arc<dyn Service>)>,
    flights: JoinSet<(Uuid, bool)>,
    flying: HashSet<Uuid>,
    round: Option<Round>,
}

/// Devices that were woken together: they sleep again when each account has looked at them.
struct Round {
    woken: Vec<(Mac, i64)>,
    open: HashSet<Uuid>,
    /// These could not look, and are asked to look at everything.
    missed: HashSet<Uuid>,
}

impl std::fmt::Debug for Reconciler {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Reconciler").field("flying", &self.flying).finish_non_exhaustive()
    }
}

impl Reconciler {
    /// A reconciler with a name of its own among the nodes.
    pub fn new(admin: Admin, node: Uuid, clock: fn() -> Time) -> Self {
        Self { admin, node, clock, clients: HashMap::new(), flights: JoinSet::new(), flying: HashSet::new(), round: None }
    }

    /// Sets out for the accounts that have something to do. How many it set out for.
    pub async fn step(&mut self) -> Result<usize, StoreError> {
        self.land().await?;
        let now = (self.clock)();
        let accounts = self.admin.store.read(|db| store::redirect::list(db, &Scope::Operator)).await?;
        if accounts.is_empty() {
            return Ok(0);
        }
        let revision = self.admin.store.read(store::context::platform_revision).await?;
        let woken = match &self.round {
            None => self.admin.store.read(|db| store::redirect::woken(db, "")).await?,
            Some(_) => Vec::new(),
        };
        self.clients.retain(|id, _| accounts.iter().any(|account| account.id == *id));
        let mut errands = Vec::new();
        let mut missed = HashSet::new();
        for account in accounts {
            let is_free =
                account.due <= now && !self.flying.contains(&account.id) && self.flying.len() + errands.len() < REDIRECT_FLIGHTS_MAX;
            if !is_free {
                // What woke now is seen when it may be looked at again.
                missed.insert(account.id);
            } else if wants_all(&account, revision, now) {
                errands.push((account, Extent::All));
            } else if !woken.is_empty() || self.any_due(&account, now).await? {
                errands.push((account, Extent::Some(woken.iter().map(|(mac, _)| *mac).collect())));
            }
        }
        if errands.is_empty() && woken.is_empty() {
            return Ok(0);
        }
        // A write, so only where there is work: the node that has it holds all of it.
        let node = self.node;
        if !self.admin.store.write(move |db| store::job::lease(db, pass::LEASE, node, now, REDIRECT_LEASE)).await? {
            return Ok(0);
        }
        let set_out = errands.len();
        let mut open = HashSet::new();
        for (account, extent) in errands {
            let (id, looks_at_some) = (account.id, extent != Extent::All);
            // Who looks at everything begins after the change, and so sees it; should it die, it is begun again.
            if self.set_out(account, extent).await? && looks_at_some {
                open.insert(id);
            }
        }
        if !woken.is_empty() {
            self.round = Some(Round { woken, open, missed });
        }
        Ok(set_out)
    }

    /// Waits until all that are under way have come back.
    pub async fn rest(&mut self) -> Result<(), StoreError> {
        while let Some(landed) = self.flights.join_next().await {
            self.note(landed.ok());
        }
        self.flying.clear();
        self.close_round().await
    }

    /// Ends what is under way where it stands, and leaves the work to others; whoever comes next looks up what was sent.
    pub async fn abandon(&mut self) {
        self.flights.shutdown().await;
        let node = self.node;
        // Without it the others wait until the hold ends.
        let released = self.admin.store.write(move |db| store::job::release(db, pass::LEASE, node)).await;
        if let Err(error) = released {
            tracing::debug!(%error, "the hold on redirect services ends by itself");
        }
    }

    /// Whether anything is under way.
    pub fn is_flying(&self) -> bool {
        !self.flights.is_empty() || self.round.is_some()
    }

    async fn land(&mut self) -> Result<(), StoreError> {
        while let Some(landed) = self.flights.try_join_next() {
            self.note(landed.ok());
        }
        self.close_round().await
    }

    fn note(&mut self, landed: Option<(Uuid, bool)>) {
        let Some((id, completed)) = landed else { return };
        self.flying.remove(&id);
        if let Some(round) = &mut self.round
            && round.open.remove(&id)
            && !completed
        {
            round.missed.insert(id);
        }
    }

    async fn close_round(&mut self) -> Result<(), StoreError> {
        let Some(round) = self.round.take_if(|round| round.open.is_empty()) else { return Ok(()) };
        let Round { woken, missed, .. } = round;
        self.admin
            .store
            .write(move |db| {
                missed.iter().try_for_each(|id| store::redirect::ask(db, *id))?;
                woken.iter().try_for_each(|(mac, calls)| store::redirect::sleep(db, *mac, *calls))
            })
            .await
    }

    async fn any_due(&self, account: &Account, now: Time) -> Result<bool, StoreError> {
        let id = account.id;
        Ok(!self.admin.store.read(move |db| store::redirect::due(db, id, now)).await?.is_empty())
    }

    async fn set_out(&mut self, account: Account, extent: Extent) -> Result<bool, StoreError> {
        let Some((kind, service)) = self.client(&account).await? else { return Ok(false) };
        let id = account.id;
        self.flying.insert(id);
        let pass = Pass::new(self.admin.clone(), account, kind, service, self.node, self.clock);
        self.flights.spawn(async move { (id, pass.run(extent).await) });
        Ok(true)
    }

    /// The client of an account: one as long as nobody edits it, for its token and its pace.
    async fn client(&mut self, account: &Account) -> Result<Option<(Kind, Arc<dyn Service>)>, StoreError> {
        let Some(kind) = Kind::of(&account.kind) else { return Ok(None) };
        if let Some((version, service)) = self.clients.get(&account.id)
            && *version == account.version
        {
            return Ok(Some((kind, Arc::clone(service))));
        }
        let id = account.id;
        let sealed = self.admin.store.read(move |db| store::redirect::credentials(db, id)).await?;
        let client = opened(account, &sealed).and_then(|(kind, fields)| self.admin.platform.redirects.open(kind, &account.region, fields));
        let Some(service) = client.map(Arc::from) else {
            tracing::error!(service = %account.kind, "an account at a redirect service cannot be read");
            return Ok(None);
        };
        self.clients.insert(id, (account.version, Arc::clone(&service)));
        Ok(Some((kind, service)))
    }
}

/// Whether everything of an account is to be looked at.
fn wants_all(account: &Account, revision: i64, now: Time) -> bool {
    let compared = account.compared.is_some_and(|compared| now.since(compared) < REDIRECT_COMPARE_EVERY);
    account.is_asked || account.leaving || account.passed != revision || !compared
}
