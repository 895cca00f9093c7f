//! The SQLite engine: reads in place on pooled connections, all writes on one thread.
//!
//! The writer drains its queue into one `begin immediate` transaction with one savepoint per job, commits with a full sync, and only then
//! answers. A lone write waits for one sync; a crowd shares it.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};
use std::sync::mpsc::{Receiver, SyncSender, TrySendError, sync_channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;

use rusqlite::config::DbConfig;
use rusqlite::{Connection, OpenFlags};
use tokio::sync::oneshot;

use crate::db::{Db, Engine, Shared};
use crate::limits::{PREPARED_MAX, READER_CACHE_KIB, READERS_IDLE_MAX, WAL_KEPT_BYTES, WRITE_BATCH_MAX, WRITER_CACHE_KIB};
use crate::{Options, Result, StoreError, migrate, seal};

/// A store in one file.
#[derive(Debug)]
pub(crate) struct Sqlite {
    path: PathBuf,
    options: Options,
    shared: Arc<Shared>,
    idle: Mutex<Vec<Db>>,
    queue: SyncSender<Order>,
    writer: Mutex<Option<JoinHandle<()>>>,
}

enum Order {
    Run(Box<dyn Job>),
    Close,
}

/// A unit of work in the writer's queue, whatever it returns.
trait Job: Send {
    /// Nobody waits for the answer any more.
    fn is_abandoned(&self) -> bool;
    /// Runs inside an open savepoint; whether its changes are to be kept.
    fn run(&mut self, db: &Db) -> bool;
    /// The changes are lost: turns a good answer into this error. An error of the job's own tells more and stays.
    fn fail(&mut self, error: StoreError);
    /// Sends the answer.
    fn answer(self: Box<Self>);
}

struct Work<T, E, F> {
    closure: F,
    result: Option<Result<T, E>>,
    answer: oneshot::Sender<Result<T, E>>,
}

impl<T: Send, E: From<StoreError> + Send, F: Fn(&Db) -> Result<T, E> + Send> Job for Work<T, E, F> {
    fn is_abandoned(&self) -> bool {
        self.answer.is_closed()
    }

    fn run(&mut self, db: &Db) -> bool {
        let result = db.attempt(&self.closure);
        let keep = result.is_ok();
        self.result = Some(result);
        keep
    }

    fn fail(&mut self, error: StoreError) {
        if !matches!(self.result, Some(Err(_))) {
            self.result = Some(Err(error.into()));
        }
    }

    fn answer(self: Box<Self>) {
        if let Some(result) = self.result {
            // The caller may have gone; its work is stored all the same.
            let _ = self.answer.send(result);
        }
    }
}

impl Sqlite {
    /// Opens or creates the file, migrates it, calls `then` in the same transaction, and starts the writer.
    pub fn open(path: PathBuf, options: Options, shared: Arc<Shared>, then: impl Fn(&Db) -> Result<()>) -> Result<Self> {
        create_file(&path)?;
        let writer = Db::new(Engine::Sqlite(writing(&path, &options)?), Arc::clone(&shared));
        migrate::run(&writer, options.migrations, then)?;
        let (queue, orders) = sync_channel(options.write_queue_max);
        let thread = std::thread::Builder::new()
            .name("store-writer".into())
            .spawn(move || write_loop(&writer, &orders))
            .map_err(|error| StoreError::Unavailable(format!("cannot start the writer thread: {error}")))?;
        Ok(Self { path, options, shared, idle: Mutex::default(), queue, writer: Mutex::new(Some(thread)) })
    }

    /// Runs a read on the calling thread.
    pub fn read<T, E: From<StoreError>>(&self, work: impl FnOnce(&Db) -> Result<T, E>) -> Result<T, E> {
        let pooled = self.idle.lock().unwrap_or_else(PoisonError::into_inner).pop();
        let db = match pooled {
            Some(db) => db,
            None => Db::new(Engine::Sqlite(reading(&self.path, &self.options)?), Arc::clone(&self.shared)),
        };
        let result = work(&db);
        let mut idle = self.idle.lock().unwrap_or_else(PoisonError::into_inner);
        if idle.len() < READERS_IDLE_MAX {
            idle.push(db);
        }
        result
    }

    /// Queues a write and waits for its commit.
    pub async fn write<T, E, F>(&self, work: F) -> Result<T, E>
    where
        T: Send + 'static,
        E: From<StoreError> + Send + 'static,
        F: Fn(&Db) -> Result<T, E> + Send + 'static,
    {
        let (answer, answered) = oneshot::channel();
        let order = Order::Run(Box::new(Work { closure: work, result: None, answer }));
        self.queue.try_send(order).map_err(|refused| match refused {
            TrySendError::Full(_) => StoreError::Unavailable("too many writes are waiting".into()),
            TrySendError::Disconnected(_) => closed(),
        })?;
        answered.await.unwrap_or_else(|_| Err(closed().into()))
    }

    /// Lets the writer finish what waits, then closes the file. Blocks.
    pub fn close(&self) {
        self.idle.lock().unwrap_or_else(PoisonError::into_inner).clear();
        let thread = self.writer.lock().unwrap_or_else(PoisonError::into_inner).take();
        if let Some(thread) = thread {
            // Both fail only if the writer is gone already.
            let _ = self.queue.send(Order::Close);
            let _ = thread.join();
        }
    }

    pub fn path(&self) -> &Path {
        &self.path
    }
}

/// A connection that can only read.
pub(crate) fn reading(path: &Path, options: &Options) -> Result<Connection> {
    let connection = connect(path, options)?;
    connection.execute_batch(&format!("pragma query_only = on; pragma cache_size = -{READER_CACHE_KIB};"))?;
    Ok(connection)
}

fn writing(path: &Path, options: &Options) -> Result<Connection> {
    let connection = connect(path, options)?;
    connection.execute_batch(&format!(
        "pragma journal_mode = wal; pragma synchronous = full; pragma foreign_keys = on;
         pragma cache_size = -{WRITER_CACHE_KIB}; pragma journal_size_limit = {WAL_KEPT_BYTES};"
    ))?;
    if let Some(pages) = options.sqlite_pages_max {
        connection.pragma_update(None, "max_page_count", pages)?;
    }
    Ok(connection)
}

fn connect(path: &Path, options: &Options) -> Result<Connection> {
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let connection =
        Connection::open_with_flags(path, flags).map_err(|error| StoreError::Setup(format!("cannot open {}: {error}", path.display())))?;
    connection.busy_timeout(options.busy_wait)?;
    connection.set_prepared_statement_cache_capacity(PREPARED_MAX);
    // Without this, the bundled build (it has STAT4) plans a join anew at every binding: 18 of 27 µs of the phone path's statement.
    connection.set_db_config(DbConfig::SQLITE_DBCONFIG_ENABLE_QPSG, true)?;
    connection.execute_batch("pragma trusted_schema = off;")?;
    Ok(connection)
}

fn create_file(path: &Path) -> Result<()> {
    match seal::create_private(path) {
        Ok(_) => Ok(()),
        Err(error) if error.kind() == std::io::ErrorKind::AlreadyExists => Ok(()),
        Err(error) if error.kind() == std::io::ErrorKind::StorageFull => Err(StoreError::Full),
        Err(error) => Err(StoreError::Setup(format!("cannot create {}: {error}", path.display()))),
    }
}

fn write_loop(db: &Db, orders: &Receiver<Order>) {
    while let Ok(Order::Run(first)) = orders.recv() {
        let mut batch = vec![first];
        let mut closing = false;
        while batch.len() < WRITE_BATCH_MAX && !closing {
            match orders.try_recv() {
                Ok(Order::Run(job)) => batch.push(job),
                Ok(Order::Close) => closing = true,
                Err(_) => break,
            }
        }
        batch.retain(|job| !job.is_abandoned());
        // Each job's own panic is caught where it runs. This one would be a bug here: the jobs go unanswered, their callers hear
        // "closed", and the next batch finds a clean connection.
        if catch_unwind(AssertUnwindSafe(|| commit(db, batch))).is_err() {
            tracing::error!("the store's writer failed unexpectedly");
            let _ = db.batch("rollback");
        }
        if closing {
            return;
        }
    }
}

/// Runs the jobs in one transaction and answers each. If the transaction as a whole fails (disk full, say), each job is tried alone, so
/// that one that asks too much takes nobody with it.
fn commit(db: &Db, mut batch: Vec<Box<dyn Job>>) {
    let Err(error) = together(db, &mut batch) else {
        db.committed();
        batch.into_iter().for_each(Job::answer);
        return;
    };
    tracing::warn!(%error, jobs = batch.len(), "a store transaction failed");
    if let [job] = batch.as_mut_slice() {
        job.fail(error);
        batch.into_iter().for_each(Job::answer);
        return;
    }
    for job in batch {
        commit(db, vec![job]);
    }
}

fn together(db: &Db, batch: &mut [Box<dyn Job>]) -> Result<()> {
    if batch.is_empty() {
        return Ok(());
    }
    db.batch("begin immediate")?;
    let done = batch.iter_mut().try_for_each(|job| savepoint(db, job.as_mut())).and_then(|()| db.batch("commit"));
    if done.is_err() && !is_over(db) {
        let _ = db.batch("rollback");
    }
    done
}

fn savepoint(db: &Db, job: &mut dyn Job) -> Result<()> {
    db.batch("savepoint job")?;
    let keep = job.run(db);
    // Some errors (disk full, out of memory, an I/O error) make SQLite roll back everything by itself.
    if is_over(db) {
        return Err(StoreError::Engine("SQLite gave the transaction up".into()));
    }
    db.batch(if keep { "release job" } else { "rollback to job; release job" })
}

fn is_over(db: &Db) -> bool {
    matches!(db.engine(), Engine::Sqlite(connection) if connection.is_autocommit())
}

fn closed() -> StoreError {
    StoreError::Unavailable("the store is closed".into())
}
