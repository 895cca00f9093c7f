//! The measured things: which load goes to which server.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use anyhow::Result;
use bytes::Bytes;
use domain::chance::Seeded;
use domain::{Mac, Time};
use store::{Db, KeyRing, Options, Scope, Store, StoreError, job};
use tempfile::TempDir;
use tokio::task::JoinSet;
use uuid::Uuid;

use crate::certificate::{Certificate, Key};
use crate::clock;
use crate::load::{self, Check, Load, Use};
use crate::phones;
use crate::population::{self, Population};
use crate::process::Server;

/// How long one round of a load lasts at most.
const ROUND: Duration = Duration::from_secs(3);
/// Connections kept open at once: enough to keep two cores busy, few enough to keep queues short.
const KEPT_AT_ONCE: usize = 32;
/// Fresh connections at once.
const FRESH_AT_ONCE: usize = 16;
/// As many phones as arrive together in the provisioning row.
const WRITERS: u32 = 64;
/// The most that one round sends; it ends with these or with its time, whichever is first.
const ROUND_REQUESTS: usize = 300_000;
/// About a Yealink T46S full config; the real comparison takes the real body.
const SAMPLE_BODY_BYTES: usize = 5_300;

/// Answers per second of each bare server, for a first look at a machine.
pub async fn references() -> Result<()> {
    let folder = TempDir::new()?;
    let body = Bytes::from(vec![b'x'; SAMPLE_BODY_BYTES]);
    let plain = Server::reference(folder.path(), &body, None).await?;
    let check = same_body(&body);
    let load = Load {
        target: plain.address()?,
        tls: None,
        connections: Use::KeepAlive,
        at_once: KEPT_AT_ONCE,
        requests: repeated(get("/body", "localhost"), ROUND_REQUESTS),
        check: Arc::clone(&check),
        time_max: ROUND,
    };
    println!("kept connections, plain:        {:9.0}/s", load::run(&load).await?.per_second()?);
    plain.stop().await?;
    for (name, key) in [("fresh connections, TLS RSA-2048:", Key::Rsa2048), ("fresh connections, TLS P-256:   ", Key::P256)] {
        let certificate = Certificate::make(folder.path(), key)?;
        let server = Server::reference(folder.path(), &body, Some(&certificate)).await?;
        let load = fresh_tls(&server, &certificate, Arc::clone(&load.requests), &check)?;
        println!("{name}{:9.0}/s", load::run(&load).await?.per_second()?);
        server.stop().await?;
    }
    println!("durable writes of the bare store:{:9.0}/s", group_commit(folder.path(), WRITERS, ROUND).await?);
    Ok(())
}

/// Durable transactions per second of the bare store on SQLite, one small row each, from so many writers at once.
pub async fn group_commit(folder: &Path, writers: u32, time: Duration) -> Result<f64> {
    let file = format!("sqlite:{}", folder.join("writes.db").display());
    let mut chance = Seeded::new(1);
    let ring = KeyRing::generate(&mut chance);
    let store = Store::open(&file, &ring, Box::new(chance), Options::new(folder)).await?;
    commits(store, writers, time, |db, writer, written| {
        let id = Uuid::from_u128(u128::from(writer) << 64 | u128::from(written));
        job::add(db, id, "bench", Time::from_millis(0), "")
    })
    .await
}

/// Durable changes of a device per second by the bare store on SQLite, from so many writers at once: each reads a device, saves it and
/// leaves one message, in a transaction of its own. That is what a hand-over writes, and what a take-up writes, without the phone.
pub async fn device_commits(phones: &Population, writers: u32, time: Duration) -> Result<f64> {
    let (store, share) = (population::open(&phones.folder).await?, phones.phones / writers);
    commits(store, writers, time, move |db, writer, written| change(db, phones::mac(writer * share + written % share))).await
}

/// Transactions per second of so many writers, each of which waits for one before it begins the next.
async fn commits<F>(store: Store, writers: u32, time: Duration, write: F) -> Result<f64>
where
    F: Fn(&Db, u32, u32) -> Result<(), StoreError> + Clone + Send + 'static,
{
    let started = clock::now();
    let mut tasks = JoinSet::new();
    for writer in 0..writers {
        let (store, write) = (store.clone(), write.clone());
        tasks.spawn(async move {
            let mut written = 0u32;
            while clock::now() - started < time {
                let write = write.clone();
                store.write(move |db| write(db, writer, written)).await?;
                written += 1;
            }
            Ok::<_, StoreError>(written)
        });
    }
    let mut written = 0;
    while let Some(count) = tasks.join_next().await {
        written += count??;
    }
    let seconds = (clock::now() - started).as_secs_f64();
    store.close().await;
    Ok(f64::from(written) / seconds)
}

fn change(db: &Db, mac: Mac) -> Result<(), StoreError> {
    let now = Time::from_millis(0);
    let stored = store::device::by_mac(db, &Scope::Operator, mac)?;
    store::device::save(db, &stored, now)?;
    store::outbox::enqueue(db, now, "bench", String::new())
}

/// A TLS connection of its own for each request, as phones do it.
pub fn fresh_tls(server: &Server, certificate: &Certificate, requests: Arc<Vec<Vec<u8>>>, check: &Check) -> Result<Load> {
    Ok(Load {
        target: server.address()?,
        tls: Some(certificate.client()?),
        connections: Use::Fresh,
        at_once: FRESH_AT_ONCE,
        requests,
        check: Arc::clone(check),
        time_max: ROUND,
    })
}

/// A GET without a login.
pub fn get(path: &str, host: &str) -> Vec<u8> {
    format!("GET {path} HTTP/1.1\r\nHost: {host}\r\nUser-Agent: bench\r\n\r\n").into_bytes()
}

/// The same request many times.
pub fn repeated(request: Vec<u8>, count: usize) -> Arc<Vec<Vec<u8>>> {
    Arc::new(vec![request; count])
}

/// Right is 200 with exactly this body.
pub fn same_body(body: &Bytes) -> Check {
    let body = body.clone();
    Arc::new(move |_, status, answer| status == 200 && answer == body)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;
    use crate::reference::Reference;

    async fn check(tls: Option<Key>, connections: Use, expected_body: &'static str) -> load::Tally {
        let folder = TempDir::new().unwrap();
        let certificate = tls.map(|key| Certificate::make(folder.path(), key).unwrap());
        let server_config = certificate.as_ref().map(|certificate| certificate.server().unwrap());
        let server = Reference::bind(Bytes::from_static(b"the body"), server_config).await.unwrap();
        let target = server.address().unwrap();
        let serving = tokio::spawn(server.serve());
        let load = Load {
            target,
            tls: certificate.map(|certificate| certificate.client().unwrap()),
            connections,
            at_once: 3,
            requests: repeated(get("/", "localhost"), 40),
            check: same_body(&Bytes::from_static(expected_body.as_bytes())),
            time_max: Duration::from_secs(20),
        };
        let tally = load::run(&load).await.unwrap();
        serving.abort();
        tally
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn each_kind_of_load_gets_every_answer() {
        for tls in [None, Some(Key::P256), Some(Key::Rsa2048)] {
            for connections in [Use::KeepAlive, Use::Fresh] {
                let tally = check(tls, connections, "the body").await;
                let expected = load::Tally {
                    answers: 40,
                    body_bytes: 320,
                    statuses: BTreeMap::from([(200, 40)]),
                    wrong: 0,
                    broken: 0,
                    time: tally.time,
                };
                assert_eq!(tally, expected, "{tls:?} {connections:?}");
                assert!(tally.per_second().unwrap() > 0.0);
            }
        }
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn wrong_answers_have_no_rate() {
        let tally = check(None, Use::KeepAlive, "another").await;
        assert_eq!((tally.answers, tally.wrong), (40, 40));
        assert!(tally.per_second().is_err());
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn writes_are_counted() {
        let folder = TempDir::new().unwrap();
        assert!(group_commit(folder.path(), 4, Duration::from_millis(100)).await.unwrap() > 1.0);
    }

    #[tokio::test]
    async fn a_client_trusts_the_one_certificate_only() {
        let folder = TempDir::new().unwrap();
        let (served, trusted) =
            (Certificate::make(folder.path(), Key::P256).unwrap(), Certificate::make(folder.path(), Key::Rsa2048).unwrap());
        let server = Reference::bind(Bytes::new(), Some(served.server().unwrap())).await.unwrap();
        let target = server.address().unwrap();
        let serving = tokio::spawn(server.serve());
        let load = Load {
            target,
            tls: Some(trusted.client().unwrap()),
            connections: Use::Fresh,
            at_once: 1,
            requests: repeated(get("/", "localhost"), 2),
            check: same_body(&Bytes::new()),
            time_max: Duration::from_secs(20),
        };
        let tally = load::run(&load).await.unwrap();
        assert_eq!((tally.answers, tally.broken), (0, 1));
        serving.abort();
    }
}
