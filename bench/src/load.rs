//! The load generator: prebuilt requests over raw sockets of loopback, each answer read whole and checked.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, ensure};
use domain::chance::{Chance as _, Seeded};
use rustls::ClientConfig;
use tokio::task::JoinSet;
use tokio::time::timeout;

use crate::clock;
use crate::connection::Connection;
use crate::limits::{CONNECTIONS_MAX, LOAD_REQUESTS_MAX, LOAD_TIME_MAX};

/// Whether connections are kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Use {
    /// Each request on a connection, and a TLS session, of its own: how phones do it.
    Fresh,
    /// Each task keeps its connection for all of its requests.
    KeepAlive,
}

/// Tells whether the answer to the request with this index is the right one.
pub type Check = Arc<dyn Fn(usize, u16, &[u8]) -> bool + Send + Sync>;

/// What to send, where, and what must come back.
#[derive(Clone)]
pub struct Load {
    /// A server on loopback.
    pub target: SocketAddr,
    /// With TLS, and trusting whom.
    pub tls: Option<Arc<ClientConfig>>,
    /// How connections are used.
    pub connections: Use,
    /// How many are open at once.
    pub at_once: usize,
    /// The requests' bytes, in the order of sending; spread over the connections in runs.
    pub requests: Arc<Vec<Vec<u8>>>,
    /// Judges each answer.
    pub check: Check,
    /// When to stop, requests left or not.
    pub time_max: Duration,
}

/// What came back.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Tally {
    /// Whole answers.
    pub answers: u64,
    /// Their bodies' bytes.
    pub body_bytes: u64,
    /// How many of each status.
    pub statuses: BTreeMap<u16, u64>,
    /// Answers that the check refused.
    pub wrong: u64,
    /// Connections that broke.
    pub broken: u64,
    /// From the first byte out to the last answer in.
    pub time: Duration,
}

impl Tally {
    #[expect(clippy::cast_precision_loss, reason = "a count of answers is far below 2^52")]
    /// Answers per second, if all were right; a fast wrong answer is worth nothing.
    pub fn per_second(&self) -> Result<f64> {
        let sound = self.answers > 0 && self.wrong == 0 && self.broken == 0;
        ensure!(sound, "{} answers, {} wrong, {} connections broken, statuses {:?}", self.answers, self.wrong, self.broken, self.statuses);
        Ok(self.answers as f64 / self.time.as_secs_f64())
    }

    fn add(&mut self, other: &Self) {
        self.answers += other.answers;
        self.body_bytes += other.body_bytes;
        self.wrong += other.wrong;
        self.broken += other.broken;
        for (status, count) in &other.statuses {
            *self.statuses.entry(*status).or_default() += count;
        }
    }
}

/// `count` indexes below `population` in random order, none twice before all were used: no cache of bodies helps.
pub fn random_order(population: u32, count: usize, seed: u64) -> Vec<u32> {
    let mut chance = Seeded::new(seed);
    let mut order: Vec<u32> = (0..population).collect();
    let shown = count.min(order.len());
    for at in 0..shown {
        let other = at + chance.below((order.len() - at) as u32) as usize;
        order.swap(at, other);
    }
    order.truncate(shown);
    let once = order.clone();
    order.extend(once.iter().cycle().take(count - shown));
    order
}

/// Requests built before the clock starts, `build` being given each device's index in the order of sending.
pub fn prebuilt(order: &[u32], build: impl Fn(u32) -> Vec<u8>) -> Arc<Vec<Vec<u8>>> {
    Arc::new(order.iter().map(|index| build(*index)).collect())
}

/// Sends all requests, or those that `time_max` allows.
pub async fn run(load: &Load) -> Result<Tally> {
    ensure!((1..=CONNECTIONS_MAX).contains(&load.at_once), "between 1 and {CONNECTIONS_MAX} connections");
    ensure!((1..=LOAD_REQUESTS_MAX).contains(&load.requests.len()), "between 1 and {LOAD_REQUESTS_MAX} requests");
    let started = clock::now();
    let until = started + load.time_max.min(LOAD_TIME_MAX);
    let mut tasks = JoinSet::new();
    let run_length = load.requests.len().div_ceil(load.at_once);
    for from in (0..load.requests.len()).step_by(run_length) {
        let to = (from + run_length).min(load.requests.len());
        let load = load.clone();
        tasks.spawn(async move { one_task(&load, from, to, until).await });
    }
    let mut total = Tally::default();
    while let Some(tally) = tasks.join_next().await {
        total.add(&tally.context("a task of the load ended early")?);
    }
    total.time = clock::now() - started;
    Ok(total)
}

/// The requests `from..to` in order.
async fn one_task(load: &Load, from: usize, to: usize, until: Instant) -> Tally {
    let mut tally = Tally::default();
    let mut next = from;
    while next < to && clock::now() < until {
        let last = match load.connections {
            Use::Fresh => next + 1,
            Use::KeepAlive => to,
        };
        // A server that stops answering must not hold the bench.
        let left = (until + Duration::from_secs(1)) - clock::now();
        let Ok(Ok(reached)) = timeout(left, one_connection(load, next, last, until, &mut tally)).await else {
            tally.broken += 1;
            break;
        };
        next = reached;
    }
    tally
}

async fn one_connection(load: &Load, from: usize, to: usize, until: Instant, tally: &mut Tally) -> Result<usize> {
    let mut connection = Connection::open(load.target, load.tls.as_ref()).await?;
    for index in from..to {
        if clock::now() >= until {
            return Ok(index);
        }
        let answer = connection.ask(&load.requests[index]).await?;
        tally.answers += 1;
        tally.body_bytes += answer.body.len() as u64;
        *tally.statuses.entry(answer.status).or_default() += 1;
        tally.wrong += u64::from(!(load.check)(index, answer.status, answer.body));
    }
    Ok(to)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_random_order_uses_each_device_once_before_any_twice() {
        let order = random_order(100, 150, 7);
        let mut first: Vec<_> = order[..100].to_vec();
        assert_ne!(first, (0..100).collect::<Vec<_>>());
        first.sort_unstable();
        assert_eq!(first, (0..100).collect::<Vec<_>>());
        assert_eq!(order[100..], order[..50]);
        assert_eq!(random_order(1_000_000, 20, 7).len(), 20);
    }
}
