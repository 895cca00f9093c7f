//! What it costs to register ten thousand phones at a brand's redirect service: a running server against the service, played in this process.

use std::path::Path;
use std::time::Duration;

use anyhow::{Result, ensure};
use domain::{Secret, Time};
use phonesim::services::Emulator;
use phonesim::services::ymcs::Ymcs;
use store::redirect::{self, Account};
use store::{Scope, Store};
use tempfile::TempDir;
use tokio::process::Command;
use tokio::time::sleep;
use uuid::Uuid;

use crate::certificate::Certificate;
use crate::clock::{now, wall_millis};
use crate::population::{self, Population, Stage, binary};
use crate::process::Server;
use crate::table::Row;

const PHONES: u32 = 10_000;
/// A hundred devices in a call, as many calls for their PINs, the list for the comparison, and what opens a conversation.
const CALLS_MAX: f64 = 250.0;
/// Without the pauses that a real service is given.
const SECONDS_MAX: f64 = 30.0;
/// What the server's memory may grow by.
const MEMORY_MB_MAX: f64 = 50.0;
/// How long the whole may take before it counts as stuck.
const PATIENCE: Duration = Duration::from_mins(5);

const CALLS: &str = "redirect service, 10 000 devices registered: calls (limit / use)";
const SECONDS: &str = "redirect service, 10 000 devices registered: seconds (limit / use)";
const MEMORY: &str = "redirect service, 10 000 devices registered: memory grown, MB (limit / use)";

/// Measures the rows whose name contains `wanted`. That a second look writes nothing is not measured, but demanded.
pub async fn measure(wanted: &str, folder: &TempDir, certificate: &Certificate) -> Result<Vec<Row>> {
    let names: Vec<&str> = [CALLS, SECONDS, MEMORY].into_iter().filter(|name| name.contains(wanted)).collect();
    if names.is_empty() {
        return Ok(Vec::new());
    }
    let used = register(&folder.path().join("redirect"), certificate, PHONES).await?;
    let row = |name| match name {
        CALLS => Row::under(name, used.calls, CALLS_MAX),
        SECONDS => Row::under(name, used.seconds, SECONDS_MAX),
        _ => Row::under(name, used.memory_mb, MEMORY_MB_MAX),
    };
    Ok(names.into_iter().map(row).collect())
}

struct Used {
    calls: f64,
    seconds: f64,
    memory_mb: f64,
}

async fn register(folder: &Path, certificate: &Certificate, phones: u32) -> Result<Used> {
    let population = Population::make(folder, phones, Stage::Boxed).await?;
    let mut service = Ymcs::new("key", "word");
    service.options.without_serial = true;
    let service = Emulator::start(service).await?;
    let authority = folder.join("service.pem");
    std::fs::write(&authority, service.authority_pem())?;
    let store = population::open(&population.folder).await?;
    let account = add_account(&store).await?;

    let mut command = Command::new(binary()?);
    command.env("RINGFENCE_REDIRECT_CA", &authority);
    command.env("RINGFENCE_REDIRECT_SERVICES", format!("{{ yealink-ymcs = \"{}\" }}", service.base()));
    let server = Server::ringfence_by(command, &population.folder, certificate).await?;
    let (started, before) = (now(), server.resident_bytes()?);
    let most = until_compared(&store, account, &server, None).await?;
    let seconds = (now() - started).as_secs_f64();
    let counts = store.read_now(|db| redirect::counts(db, account))?;
    ensure!(counts.listed == i64::from(phones), "{counts:?} of {phones}");
    let calls = service.count();

    service.forget_calls();
    let compared = store.read_now(|db| redirect::one(db, &Scope::Operator, account))?.compared;
    store.write(move |db| redirect::sync(db, account, Time::from_millis(wall_millis()))).await?;
    until_compared(&store, account, &server, compared).await?;
    let writes = service.calls().into_iter().find(|call| !call.path.contains("/list") && !call.path.ends_with("/token"));
    ensure!(writes.is_none(), "a second look wrote: {writes:?}");
    store.close().await;
    server.stop().await?;
    let grown = most.saturating_sub(before);
    #[expect(clippy::cast_precision_loss, reason = "far below 2^52")]
    let (calls, memory_mb) = (calls as f64, (grown as f64 / 1e6).max(0.1));
    Ok(Used { calls, seconds, memory_mb })
}

async fn add_account(store: &Store) -> Result<Uuid> {
    let (id, created) = (Uuid::from_u128(1), Time::from_millis(wall_millis()));
    let account = Account::new(id, None, "yealink-ymcs", "eu", created);
    let credentials = Secret::new(br#"{"key_id":"key","secret":"word","without_serial":"yes"}"#.to_vec());
    store.write(move |db| redirect::add(db, &Scope::Operator, &account, &credentials)).await?;
    Ok(id)
}

/// Waits for a comparison after that one, which ends a look at everything; the most memory that the server had meanwhile.
async fn until_compared(store: &Store, account: Uuid, server: &Server, before: Option<Time>) -> Result<u64> {
    let (began, mut most) = (now(), 0);
    loop {
        most = most.max(server.resident_bytes()?);
        let kept = store.read_now(|db| redirect::one(db, &Scope::Operator, account))?;
        if kept.compared.is_some_and(|compared| Some(compared) != before) {
            return Ok(most);
        }
        let failure = kept.failure.map(|(code, said)| format!("{code}: {said}")).unwrap_or_default();
        ensure!(now() - began < PATIENCE, "the service is not in step after five minutes; {failure}");
        sleep(Duration::from_millis(20)).await;
    }
}
