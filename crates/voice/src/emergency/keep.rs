//! What goes on beside the calls: following the store, writing the file, asking trunks whether they are there.

use std::sync::Arc;
use std::time::Duration;

use domain::emergency::Trunk;
use domain::tenancy::{Node, SiteId};
use store::trunk::RouteRevision;
use store::{Db, Scope, Store};
use tokio::sync::watch;
use tokio::task::JoinSet;
use tokio::time::{Instant, sleep, timeout};
use uuid::Uuid;

use super::Emergency;
use super::cache::Content;
use super::dial::transport;
use super::health::{Found, judge};
use super::routes::Routes;
use crate::limits::{PINGS_AT_ONCE_MAX, PLACES_SAVE, RECORDS_AT_ONCE_MAX, ROUTES_POLL, ROUTES_POLL_AWAY, TRUNK_PING, TRUNK_PING_WAIT};
use crate::stack::{Request, Stack, Target};

impl Emergency {
    /// Runs until `stopped` turns true. To be run once, beside the stack.
    pub async fn run(self: Arc<Self>, mut stopped: watch::Receiver<bool>) {
        let work = async {
            let follow = async {
                match self.store.clone() {
                    Some(store) => self.follow(&store).await,
                    None => std::future::pending().await,
                }
            };
            let write = async {
                match self.store.clone() {
                    Some(store) => self.write_all(&store).await,
                    None => std::future::pending().await,
                }
            };
            tokio::join!(follow, write, self.ping_all())
        };
        tokio::select! {
            _ = work => {}
            _ = stopped.wait_for(|stopped| *stopped) => {}
        }
        // Before the store is asked for anything: it may take its time, or be gone, and then the file is all there is.
        self.save().await;
        if let Some(store) = self.store.clone() {
            self.write(&store).await;
        }
    }

    /// Reads the routes from the store now. For tests, and for a start that wants to know.
    pub async fn refresh(self: &Arc<Self>, store: &Store) -> Result<RouteRevision, store::StoreError> {
        let (revision, routes) = store.report(read_routes).await?;
        let changed = *self.table.current() != routes;
        if changed {
            tracing::info!(trunks = routes.trunks.len(), sites = routes.sites.len(), "the routes of emergency calls have changed");
            self.resolver.keep(&routes.trunks);
            self.watch.keep(&routes.trunks);
            self.table.replace(routes);
            self.changed.notify_one();
        }
        if changed || !self.cache.path().exists() {
            self.save().await;
        }
        Ok(revision)
    }

    /// Follows the store: its trunks and sites, as soon as they change. While it is away, what is known holds.
    async fn follow(self: &Arc<Self>, store: &Store) {
        let (mut seen, mut away) = (None, false);
        let (mut saved, mut saved_at) = (self.places.version(), Instant::now());
        loop {
            let looked = match store.read(store::trunk::revision).await {
                Ok(found) if Some(found) == seen => Ok(found),
                Ok(_) => self.refresh(store).await,
                Err(error) => Err(error),
            };
            match looked {
                Ok(found) => {
                    if std::mem::take(&mut away) {
                        tracing::warn!("the store answers again: routes of emergency calls are followed");
                    }
                    seen = Some(found);
                }
                Err(error) => {
                    if !std::mem::replace(&mut away, true) {
                        tracing::error!(%error, "the store does not answer: emergency calls go by the routes that are known");
                    }
                }
            }
            let version = self.places.version();
            if version != saved && saved_at.elapsed() >= PLACES_SAVE {
                (saved, saved_at) = (version, Instant::now());
                self.save().await;
            }
            sleep(if away { ROUTES_POLL_AWAY } else { ROUTES_POLL }).await;
        }
    }

    /// Writes the file.
    async fn save(self: &Arc<Self>) {
        let this = Arc::clone(self);
        let written = tokio::task::spawn_blocking(move || {
            let content = Content {
                routes: (*this.table.current()).clone(),
                places: this.places.all(),
                addresses: this.resolver.all(),
                claims_key: this.claims_key.clone(),
            };
            this.cache.write(&content, *super::call::call_id().as_bytes())
        });
        match written.await {
            Ok(Ok(())) => {}
            Ok(Err(error)) => tracing::error!(%error, "the routes of emergency calls cannot be written to their file"),
            Err(error) => tracing::error!(%error, "writing the routes of emergency calls failed"),
        }
    }

    /// Asks all trunks now and then whether they are there, and at once when there are others.
    async fn ping_all(self: &Arc<Self>) {
        loop {
            let routes = self.table.current();
            let mut asked = JoinSet::new();
            for trunk in routes.trunks.clone() {
                if asked.len() >= PINGS_AT_ONCE_MAX {
                    asked.join_next().await;
                }
                let this = Arc::clone(self);
                asked.spawn(async move {
                    this.resolver.refresh(&trunk).await;
                    let found = this.ping(&trunk).await;
                    this.found(&trunk, &found);
                });
            }
            while asked.join_next().await.is_some() {}
            let down = routes.trunks.iter().filter(|trunk| self.watch.of(trunk.id) == domain::emergency::Health::Down).count();
            self.metrics.trunks_down.set(i64::try_from(down).unwrap_or(i64::MAX));
            tokio::select! {
                () = sleep(jittered(TRUNK_PING)) => {}
                () = self.changed.notified() => {}
            }
        }
    }

    async fn ping(&self, trunk: &Trunk) -> Found {
        let mut found = Found { up: false, detail: "its name cannot be resolved".to_owned() };
        for address in self.resolver.addresses(trunk).await {
            found = ping(&self.stack, trunk, address).await;
            if found.up {
                break;
            }
        }
        found
    }

    /// Writes what waits for the store, as soon as there is something.
    async fn write_all(self: &Arc<Self>, store: &Store) {
        loop {
            let pause = if self.write(store).await { ROUTES_POLL } else { ROUTES_POLL_AWAY };
            // Records come one by one; what was found of trunks waits for the next turn.
            tokio::select! {
                () = self.waiting.more() => sleep(Duration::from_millis(20)).await,
                () = sleep(pause * 10) => {}
            }
        }
    }

    /// Writes what waits. Whether the store took it.
    async fn write(self: &Arc<Self>, store: &Store) -> bool {
        let (this, store) = (Arc::clone(self), store.clone());
        // A task of its own: what the store was given it writes, even if nobody waits for that any more, and then it must not be given again.
        tokio::spawn(async move { this.write_once(&store).await }).await.unwrap_or(false)
    }

    async fn write_once(&self, store: &Store) -> bool {
        let _one = self.writing.lock().await;
        let (entries, news) = (self.waiting.peek(RECORDS_AT_ONCE_MAX), self.watch.news());
        if entries.is_empty() && news.is_empty() {
            return true;
        }
        let (count, told) = (entries.len(), news.clone());
        let written = store.write(move |db| {
            entries.iter().try_for_each(|entry| entry.write(db))?;
            news.iter().try_for_each(|one| store::trunk::note_state(db, one.trunk, &one.state))
        });
        match written.await {
            Ok(()) => {
                self.waiting.written(count);
                self.watch.told(&told);
                true
            }
            Err(error) => {
                tracing::warn!(%error, count, "records of emergency calls wait for the store");
                false
            }
        }
    }
}

/// Asks one address of a trunk whether it is there.
pub(super) async fn ping(stack: &Stack, trunk: &Trunk, address: std::net::SocketAddr) -> Found {
    let mut request = Request::new("OPTIONS", &format!("sip:{}", trunk.address.host_port())).header("Accept", "application/sdp");
    if let Some(login) = &trunk.login {
        request = request.credentials(&login.user, login.password.clone());
    }
    let (transport, name) = (transport(trunk.address.transport), trunk.address.host.clone());
    let target = Target::Host { transport, address, name };
    match timeout(TRUNK_PING_WAIT, stack.request(target, request)).await {
        Ok(Ok(answer)) => judge(answer.status(), answer.reason()),
        Ok(Err(error)) => Found { up: false, detail: error.to_string() },
        Err(_) => Found { up: false, detail: "no answer in time".to_owned() },
    }
}

/// Everything that calls go by, as it is at one moment.
fn read_routes(db: &Db) -> Result<(RouteRevision, Routes), store::StoreError> {
    // The revision first: a change that lands in between is read again.
    let revision = store::trunk::revision(db)?;
    let trunks = store::trunk::list(db, &Scope::Operator)?.into_iter().map(|kept| kept.trunk).collect();
    let (mut sites, mut after) = (std::collections::HashMap::new(), SiteId(Uuid::nil()));
    loop {
        let page = store::trunk::sites_after(db, after)?;
        let Some(last) = page.last() else { break };
        after = last.id;
        sites.extend(page.into_iter().map(|site| (site.id, site)));
    }
    let policy = store::policy::inherited(db, &Scope::Operator, Node::Operator)?.policy;
    Ok((revision, Routes { trunks, sites, unclaimed: policy.emergency_unclaimed.is_yes() }))
}

/// A fifth more or less.
fn jittered(time: Duration) -> Duration {
    let thousandth = u32::from_be_bytes(super::call::call_id().as_bytes()[..4].try_into().expect("four bytes of sixteen")) % 400;
    time * (800 + thousandth) / 1000
}
