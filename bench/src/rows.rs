//! The rows of the table: what is measured, against what, and with which floor and goal.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context as _, Result, ensure};
use bytes::Bytes;
use tempfile::TempDir;

use crate::certificate::{Certificate, Key};
use crate::connection::Connection;
use crate::load::{self, Load, Use, random_order};
use crate::measure::{device_commits, fresh_tls, get, group_commit, same_body};
use crate::phones::{Login, basic_fetch, challenge, digest_fetch, mac};
use crate::population::{Population, Stage, binary};
use crate::process::{Server, processor_time};
use crate::provision::provision;
use crate::table::{Row, median};
use crate::{api_rows, brand_rows, list_rows, redirect_rows, voice_rows};

/// How long one round of a load lasts at most.
const ROUND: Duration = Duration::from_secs(2);
/// Rounds of each row: odd, so that the median is a measured one.
const ROUNDS: usize = 7;
/// Connections kept open at once.
const KEPT_AT_ONCE: usize = 32;
/// The most fetches of one round; a fast machine ends it before its time.
const FETCHES: usize = 60_000;
/// Phones of the ordinary, the small and the large population.
const PHONES: u32 = 100_000;
const FEW_PHONES: u32 = 1_000;
const MANY_PHONES: u32 = 1_000_000;
/// First provisionings of one round, and how many phones come at once.
const PROVISIONINGS: u32 = 3_000;
const ARRIVING_AT_ONCE: usize = 64;
/// What the memory of a server with [`PHONES`] devices must stay under, in MB.
const MEMORY_MB: f64 = 100.0;
/// What a start with [`MANY_PHONES`] devices must stay under, in milliseconds.
const START_MS: f64 = 1_000.0;

/// Measures all rows whose name contains `wanted`.
pub async fn measure(wanted: &str) -> Result<Vec<Row>> {
    let bench = Bench::new()?;
    let mut rows = Vec::new();
    for name in NAMES.iter().filter(|name| name.contains(wanted)) {
        rows.push(bench.row(name).await.with_context(|| format!("measuring “{name}”"))?);
    }
    rows.extend(brand_rows::measure(wanted)?);
    rows.extend(list_rows::measure(wanted, &bench.cache).await?);
    rows.extend(api_rows::measure(wanted, bench.folder.path(), &bench.cache, &bench.p256).await?);
    rows.extend(redirect_rows::measure(wanted, &bench.folder, &bench.p256).await?);
    rows.extend(voice_rows::measure(wanted, &bench.folder, &bench.p256).await?);
    ensure!(!rows.is_empty(), "no row's name contains {wanted:?}");
    Ok(rows)
}

const RESYNC: &str = "resync, kept connections: own answer / static answer, per second";
const LARGE: &str = "resync: 1 000 000 devices / 1 000 devices, per second";
const FRESH_RSA: &str = "fetch on a fresh TLS connection, RSA-2048: ours / bare hyper + rustls, per second";
const FRESH_P256: &str = "fetch on a fresh TLS connection, P-256: ours / bare hyper + rustls, per second";
const FIRST: &str = "first provisionings / durable device changes of the bare store, per second";
const FIRST_SMALL: &str = "first provisionings / smallest durable writes of the bare store, per second";
const MEMORY: &str = "resident memory with 100 000 devices, all served, MB (limit / use)";
const START: &str = "start with 1 000 000 devices, ms (limit / use)";
const NAMES: [&str; 8] = [RESYNC, LARGE, FRESH_RSA, FRESH_P256, FIRST, FIRST_SMALL, MEMORY, START];

/// What all rows share.
struct Bench {
    /// For what one run needs.
    folder: TempDir,
    /// For populations, which stay.
    cache: PathBuf,
    rsa: Certificate,
    p256: Certificate,
}

impl Bench {
    /// Everything lies beside this program, in the target folder: on the disk that builds use, and gone with `cargo clean`.
    fn new() -> Result<Self> {
        let program = std::env::current_exe()?;
        let cache = program.parent().context("a program lies in a folder")?.join("bench-populations");
        std::fs::create_dir_all(&cache)?;
        let folder = TempDir::new_in(&cache)?;
        let (rsa, p256) = (Certificate::make(folder.path(), Key::Rsa2048)?, Certificate::make(folder.path(), Key::P256)?);
        Ok(Self { folder, cache, rsa, p256 })
    }

    async fn row(&self, name: &str) -> Result<Row> {
        match name {
            RESYNC => self.resync().await,
            LARGE => self.large().await,
            FRESH_RSA => self.fresh(FRESH_RSA, &self.rsa, (0.85, 0.95)).await,
            FRESH_P256 => self.fresh(FRESH_P256, &self.p256, (0.70, 0.90)).await,
            FIRST | FIRST_SMALL => self.first(name).await,
            MEMORY => self.memory().await,
            _ => self.start().await,
        }
    }

    async fn resync(&self) -> Result<Row> {
        let (phones, server) = self.served(PHONES).await?;
        let body = body_of_first(&server, &phones).await?;
        let fixed = Server::fixed(self.folder.path(), &body, &self.p256).await?;
        let target = plain(&fixed)?;
        let requests = resyncs(plain(&server)?, &phones, 0).await?;
        let fixed_load = Load { check: same_body(&body), ..kept(target, requests) };
        let mut seed = 0;
        let row = Row::in_turn(
            RESYNC,
            (0.20, 0.40),
            ROUNDS,
            || rate(&fixed, fixed_load.clone()),
            || {
                seed += 1;
                resync_round(&server, &phones, seed, body.len())
            },
        );
        let row = row.await?;
        stop([server, fixed]).await?;
        Ok(row)
    }

    async fn large(&self) -> Result<Row> {
        let (few, few_server) = self.served(FEW_PHONES).await?;
        let (many, many_server) = self.served(MANY_PHONES).await?;
        let (few_bytes, many_bytes) = (body_of_first(&few_server, &few).await?.len(), body_of_first(&many_server, &many).await?.len());
        let (mut few_seed, mut many_seed) = (0, 0);
        let row = Row::in_turn(
            LARGE,
            (0.85, 1.0),
            ROUNDS,
            || {
                few_seed += 1;
                resync_round(&few_server, &few, few_seed, few_bytes)
            },
            || {
                many_seed += 1;
                resync_round(&many_server, &many, many_seed, many_bytes)
            },
        );
        let row = row.await?;
        stop([few_server, many_server]).await?;
        Ok(row)
    }

    async fn fresh(&self, name: &str, certificate: &Certificate, limits: (f64, f64)) -> Result<Row> {
        let phones = Population::of(&self.cache, PHONES, Stage::Live).await?;
        let server = Server::ringfence(&binary()?, &phones.folder, certificate).await?;
        let tls = Some(certificate.client()?);
        let mut first = Connection::open(server.addresses()?.phones_https.context("no HTTPS")?, tls.as_ref()).await?;
        let body = Bytes::copy_from_slice(first.ask(&basic_fetch(mac(0), &phones.login(0))).await?.body);
        let reference = Server::reference(self.folder.path(), &body, Some(certificate)).await?;
        let order = random_order(phones.phones, FETCHES / 2, 1);
        let requests = load::prebuilt(&order, |index| basic_fetch(mac(index), &phones.login(index)));
        let reference_load = fresh_tls(&reference, certificate, Arc::clone(&requests), &same_body(&body))?;
        let reference_load = Load { time_max: ROUND, ..reference_load };
        let target = server.addresses()?.phones_https.context("no HTTPS")?;
        let own_load = Load { target, check: about(body.len()), ..reference_load.clone() };
        let row =
            Row::in_turn(name, limits, ROUNDS, || rate(&reference, reference_load.clone()), || rate(&server, own_load.clone())).await?;
        stop([server, reference]).await?;
        Ok(row)
    }

    /// Hand-over and take-up of phones from the box, against one of two rates of the bare store: of the same kind of writes, or of
    /// the smallest there are.
    async fn first(&self, name: &str) -> Result<Row> {
        let same_writes = name == FIRST;
        let folder = self.folder.path().join(if same_writes { "boxed" } else { "boxed-small" });
        let rounds = u32::try_from(ROUNDS + 1)?;
        let phones = Population::make(&folder, PROVISIONINGS * rounds, Stage::Boxed).await?;
        let server = Server::ringfence(&binary()?, &phones.folder, &self.p256).await?;
        let target = server.addresses()?.phones_https.context("no HTTPS")?;
        let tls = self.p256.client()?;
        let mut next = 0;
        let provisioned = || {
            let share: Vec<u32> = (next..next + PROVISIONINGS).collect();
            next += PROVISIONINGS;
            let (server, tls) = (&server, Some(Arc::clone(&tls)));
            async move {
                let global = Population::global_login();
                let all = || provision(target, tls, &global, &share, ARRIVING_AT_ONCE);
                Ok(timed(server, all, |_| f64::from(PROVISIONINGS)).await?.per_second())
            }
        };
        let mut written = 0;
        let bare = || {
            written += 1;
            let folder = self.folder.path().join(format!("bare-{written}"));
            let writers = ARRIVING_AT_ONCE as u32;
            async move {
                if same_writes {
                    let phones = Population::of(&self.cache, PROVISIONINGS, Stage::Live).await?;
                    return device_commits(&phones, writers, ROUND).await;
                }
                std::fs::create_dir_all(&folder)?;
                group_commit(&folder, writers, ROUND).await
            }
        };
        let row = Row::in_turn(name, (0.25, 0.45), ROUNDS, bare, provisioned).await?;
        server.stop().await?;
        Ok(row)
    }

    /// After every phone has come once, in random order.
    async fn memory(&self) -> Result<Row> {
        let (phones, server) = self.served(PHONES).await?;
        let bytes = body_of_first(&server, &phones).await?.len();
        let fresh = server.resident_bytes()?;
        let mut left = phones.phones as usize;
        let mut seed = 0;
        while left > 0 {
            seed += 1;
            let load = Load { check: about(bytes), ..kept(plain(&server)?, resyncs(plain(&server)?, &phones, seed).await?) };
            let tally = load::run(&load).await?;
            tally.per_second()?;
            left = left.saturating_sub(usize::try_from(tally.answers)?);
        }
        let used = megabytes(server.resident_bytes()?);
        eprintln!("{MEMORY}: {:.1} before the first load, {used:.1} after", megabytes(fresh));
        server.stop().await?;
        Ok(Row::under(MEMORY, used, MEMORY_MB))
    }

    async fn start(&self) -> Result<Row> {
        let mut times = Vec::with_capacity(ROUNDS);
        for round in 1..=ROUNDS {
            let (_, server) = self.served(MANY_PHONES).await?;
            let time = server.ready_after.as_secs_f64() * 1_000.0;
            eprintln!("{START}: round {round} of {ROUNDS}: {time:.1}");
            times.push(time);
            server.stop().await?;
        }
        Ok(Row::under(START, median(times), START_MS))
    }

    async fn served(&self, phones: u32) -> Result<(Population, Server)> {
        let phones = Population::of(&self.cache, phones, Stage::Live).await?;
        let server = Server::ringfence(&binary()?, &phones.folder, &self.p256).await?;
        Ok((phones, server))
    }
}

/// One round of resyncs in a new random order, with new nonces.
async fn resync_round(server: &Server, phones: &Population, seed: u64, bytes: usize) -> Result<f64> {
    let target = plain(server)?;
    let load = Load { check: about(bytes), ..kept(target, resyncs(target, phones, seed).await?) };
    rate(server, load).await
}

/// Answers per second, and the processor time of each on stderr.
async fn rate(server: &Server, load: Load) -> Result<f64> {
    let tally = timed(server, || load::run(&load), |tally| f64::from(u32::try_from(tally.answers).unwrap_or(u32::MAX))).await?;
    tally.per_second()
}

/// Tells the processor time of each of `count`, the server's and the client's: on a busy machine it says more than a rate.
async fn timed<T, F: Future<Output = Result<T>>>(server: &Server, work: impl FnOnce() -> F, count: impl FnOnce(&T) -> f64) -> Result<T> {
    let times = || Ok::<_, anyhow::Error>((server.processor_time()?, processor_time("self")?));
    let (before, done, after) = (times()?, work().await?, times()?);
    let count = count(&done).max(1.0);
    let micros = |used: Duration| used.as_secs_f64() * 1e6 / count;
    let (servers, clients) = (micros(after.0.saturating_sub(before.0)), micros(after.1.saturating_sub(before.1)));
    eprintln!("    processor time for each, µs: server {servers:.1}, client {clients:.1}");
    Ok(done)
}

/// Over connections that stay open.
fn kept(target: std::net::SocketAddr, requests: Arc<Vec<Vec<u8>>>) -> Load {
    Load { target, tls: None, connections: Use::KeepAlive, at_once: KEPT_AT_ONCE, requests, check: about(0), time_max: ROUND }
}

/// Resyncs of random phones over plain HTTP, so with Digest: one nonce for each connection, its count rising.
async fn resyncs(target: std::net::SocketAddr, phones: &Population, seed: u64) -> Result<Arc<Vec<Vec<u8>>>> {
    let order = random_order(phones.phones, FETCHES, seed);
    let mut requests = Vec::with_capacity(order.len());
    for run in order.chunks(order.len().div_ceil(KEPT_AT_ONCE)) {
        let mut connection = Connection::open(target, None).await?;
        let first = phones.login(run[0]).target(mac(run[0]));
        let refused = connection.ask(&get(&first, "localhost")).await?;
        let offered = challenge(&refused).context("no challenge")?;
        requests.extend(run.iter().zip(1..).map(|(index, count)| digest_fetch(mac(*index), &phones.login(*index), &offered, count)));
    }
    Ok(Arc::new(requests))
}

/// What the first phone is served, over plain HTTP.
async fn body_of_first(server: &Server, phones: &Population) -> Result<Bytes> {
    let mut connection = Connection::open(plain(server)?, None).await?;
    let login: Login = phones.login(0);
    let offered = challenge(&connection.ask(&get(&login.target(mac(0)), "localhost")).await?).context("no challenge")?;
    let answer = connection.ask(&digest_fetch(mac(0), &login, &offered, 1)).await?;
    ensure!(answer.status == 200, "the first phone was answered {}", answer.status);
    Ok(Bytes::copy_from_slice(answer.body))
}

/// Right is 200 with a body of about this size: phones differ in a few digits.
fn about(bytes: usize) -> load::Check {
    Arc::new(move |_, status, body| status == 200 && body.len().abs_diff(bytes) <= 64)
}

fn plain(server: &Server) -> Result<std::net::SocketAddr> {
    server.addresses()?.phones_http.context("no plain HTTP")
}

fn megabytes(bytes: u64) -> f64 {
    f64::from(u32::try_from(bytes / 1024).unwrap_or(u32::MAX)) * 1024.0 / 1e6
}

async fn stop(servers: impl IntoIterator<Item = Server>) -> Result<()> {
    for server in servers {
        server.stop().await?;
    }
    Ok(())
}
