//! What is kept: one set of SQL on SQLite and PostgreSQL, sealed secrets, an outbox, leases and jobs.
//!
//! Callers pass closures that take a [`Db`] and call this crate's functions with it:
//!
//! ```text
//! let device = store.read(move |db| store::device::load(db, &scope, mac)).await?;
//! store.write(move |db| store::device::save(db, &device)).await?;
//! ```
//!
//! Functions that touch tenant data take a [`Scope`] and put it into the WHERE clause; what lies outside is "not found". Those without
//! one are the phone path's: a phone has proved its MAC and nothing else.
//!
//! A write is one transaction: all of it or nothing. Its closure may be run more than once, so it must not act on the outside world.
//! An error inside a write always undoes it, on both engines; it cannot be caught and ignored.

pub mod api_answer;
pub mod audit;
pub mod backup;
pub mod before;
pub mod call;
pub mod contact;
pub mod context;
pub mod correspondence;
mod db;
pub mod device;
pub mod effect;
mod error;
pub mod event;
pub mod import_run;
pub mod job;
pub mod limits;
pub mod login;
pub mod login_request;
pub mod look;
pub mod mail;
pub mod menu_password;
pub mod meta;
mod migrate;
pub mod outbox;
pub mod page;
pub mod password_link;
pub mod people;
pub mod pin_attempt;
pub mod policy;
mod postgres;
pub mod prompt;
pub mod redirect;
mod reseal;
mod scope;
pub mod seal;
pub mod second_factor;
pub mod seen;
pub mod session;
pub mod sightings;
mod sqlite;
pub mod template;
pub mod tenancy;
#[cfg(any(test, feature = "testing"))]
pub mod testing;
pub mod traffic;
pub mod trunk;
pub mod trust;
pub mod webhook;

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use domain::Chance;
use tokio::sync::Semaphore;

pub use crate::db::Db;
pub use crate::error::{Result, StoreError};
pub use crate::outbox::{Message, News, OutboxReader};
pub use crate::scope::Scope;
pub use crate::seal::{KeyRing, Place, SealError, Sealer};

use crate::db::Shared;
use crate::migrate::{MIGRATIONS, Migration};
use crate::postgres::Around;

/// How a store is opened.
#[derive(Clone, Debug)]
pub struct Options {
    /// Relative SQLite paths start here.
    pub data_dir: PathBuf,
    /// Writes that may wait (SQLite).
    pub write_queue_max: usize,
    /// How long a write waits for another process on the same SQLite file.
    pub busy_wait: Duration,
    /// The largest SQLite file, in pages of 4 KiB; the disk's end if absent.
    pub sqlite_pages_max: Option<u32>,
    pub(crate) migrations: &'static [Migration],
}

impl Options {
    /// The ordinary options.
    pub fn new(data_dir: impl Into<PathBuf>) -> Self {
        Self {
            data_dir: data_dir.into(),
            write_queue_max: limits::WRITE_QUEUE_MAX,
            busy_wait: limits::BUSY_WAIT,
            sqlite_pages_max: None,
            migrations: MIGRATIONS,
        }
    }
}

/// An open store. Clones share it.
#[derive(Clone, Debug)]
pub struct Store {
    inner: Arc<Inner>,
}

#[derive(Debug)]
struct Inner {
    engine: Engine,
    shared: Arc<Shared>,
    reports: Arc<Semaphore>,
    reports_waiting: Arc<Semaphore>,
}

#[derive(Debug)]
enum Engine {
    Sqlite(sqlite::Sqlite),
    Postgres(postgres::Postgres),
}

impl Store {
    /// Opens `sqlite:PATH` (relative to the data directory) or `postgres://user:password@host/database`, creates or migrates the schema,
    /// and proves that the key ring fits. `chance` must be the operating system's outside tests. Needs a tokio runtime.
    pub async fn open(url: &str, ring: &KeyRing, chance: Box<dyn Chance + Send>, options: Options) -> Result<Self> {
        let sealer = Sealer::new(ring, chance);
        let shared = Arc::new(Shared { sealer, sent: tokio::sync::watch::Sender::new(0) });
        let engine = match sqlite_path(url, &options.data_dir) {
            Some(path) => {
                let shared = Arc::clone(&shared);
                let opened = tokio::task::spawn_blocking(move || sqlite::Sqlite::open(path, options, shared, meta::check_keys)).await;
                Engine::Sqlite(opened.map_err(|_| StoreError::Panicked)??)
            }
            None if url.starts_with("postgres://") || url.starts_with("postgresql://") => {
                Engine::Postgres(postgres::Postgres::open(url, &options, Arc::clone(&shared), meta::check_keys).await?)
            }
            None => return Err(StoreError::Setup("store.url must start with sqlite: or postgres://".into())),
        };
        let reports = Arc::new(Semaphore::new(limits::REPORTS_MAX));
        let reports_waiting = Arc::new(Semaphore::new(limits::REPORTS_QUEUE_MAX));
        Ok(Self { inner: Arc::new(Inner { engine, shared, reports, reports_waiting }) })
    }

    /// Reads. SQLite: on the calling thread, at once, about 20 µs a statement. PostgreSQL: on a blocking thread.
    /// Statements see what is committed when each begins; use [`Store::report`] for one view over several.
    pub async fn read<T, F>(&self, work: F) -> Result<T>
    where
        T: Send + 'static,
        F: FnOnce(&Db) -> Result<T> + Send + 'static,
    {
        match &self.inner.engine {
            Engine::Sqlite(sqlite) => sqlite.read(work),
            Engine::Postgres(postgres) => postgres.read(Around::Nothing, work).await,
        }
    }

    /// [`Store::read`] without waiting: for a path where a future would cost. PostgreSQL: blocks this thread, which must then be a worker
    /// of a multi-thread runtime.
    pub fn read_now<T>(&self, work: impl FnOnce(&Db) -> Result<T>) -> Result<T> {
        match &self.inner.engine {
            Engine::Sqlite(sqlite) => sqlite.read(work),
            Engine::Postgres(postgres) => postgres.read_now(work),
        }
    }

    /// Reads much, on a thread that may take its time; all statements see one moment. At most [`limits::REPORTS_MAX`] run at once.
    pub async fn report<T, F>(&self, work: F) -> Result<T>
    where
        T: Send + 'static,
        F: FnOnce(&Db) -> Result<T> + Send + 'static,
    {
        let busy = |_| StoreError::Unavailable("too many reports are waiting".into());
        let waiting = Arc::clone(&self.inner.reports_waiting).try_acquire_owned().map_err(busy)?;
        let permit = Arc::clone(&self.inner.reports).acquire_owned().await.map_err(|_| StoreError::Unavailable("closed".into()))?;
        match &self.inner.engine {
            Engine::Postgres(postgres) => {
                let _held = (waiting, permit);
                postgres.read(Around::Snapshot, work).await
            }
            Engine::Sqlite(_) => {
                let inner = Arc::clone(&self.inner);
                let ran = tokio::task::spawn_blocking(move || {
                    let _held = (waiting, permit);
                    let Engine::Sqlite(sqlite) = &inner.engine else { return Err(StoreError::Panicked) };
                    sqlite.read(|db| {
                        db.batch("begin")?;
                        let result = work(db);
                        db.batch("rollback")?;
                        result
                    })
                });
                ran.await.unwrap_or_else(|_| Err(StoreError::Panicked))
            }
        }
    }

    /// Runs a transaction and answers once it is durable. An `Err` or a panic in the closure undoes it. Refused with
    /// [`StoreError::Unavailable`] if too many wait.
    pub async fn write<T, F>(&self, work: F) -> Result<T>
    where
        T: Send + 'static,
        F: Fn(&Db) -> Result<T> + Send + 'static,
    {
        self.try_write(work).await
    }

    /// [`Store::write`] with an error type of the caller's own, for refusals that must undo what was done.
    pub async fn try_write<T, E, F>(&self, work: F) -> Result<T, E>
    where
        T: Send + 'static,
        E: From<StoreError> + Send + 'static,
        F: Fn(&Db) -> Result<T, E> + Send + 'static,
    {
        match &self.inner.engine {
            Engine::Sqlite(sqlite) => sqlite.write(work).await,
            Engine::Postgres(postgres) => postgres.write(work).await,
        }
    }

    /// Finishes what waits and closes. Later calls are refused with [`StoreError::Unavailable`] (SQLite reads excepted).
    pub async fn close(&self) {
        if let Engine::Postgres(postgres) = &self.inner.engine {
            return postgres.close().await;
        }
        let inner = Arc::clone(&self.inner);
        let closed = tokio::task::spawn_blocking(move || {
            if let Engine::Sqlite(sqlite) = &inner.engine {
                sqlite.close();
            }
        });
        if closed.await.is_err() {
            tracing::error!("closing the store failed unexpectedly");
        }
    }

    /// The SQLite file; nothing on PostgreSQL.
    pub fn sqlite_path(&self) -> Option<&Path> {
        match &self.inner.engine {
            Engine::Sqlite(sqlite) => Some(sqlite.path()),
            Engine::Postgres(_) => None,
        }
    }

    pub(crate) fn shared(&self) -> &Shared {
        &self.inner.shared
    }
}

/// The file that a `sqlite:` address names.
pub fn sqlite_path(url: &str, data_dir: &Path) -> Option<PathBuf> {
    let path = url.strip_prefix("sqlite:")?;
    Some(data_dir.join(path.strip_prefix("//").unwrap_or(path)))
}

#[cfg(test)]
mod tests;
