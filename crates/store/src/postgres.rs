//! The PostgreSQL engine: the same closures on blocking threads, each statement a `block_on` of the async client.
//!
//! Connections keep their prepared statements, so a pooler between must work in session mode.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;

use deadpool_postgres::{Manager, ManagerConfig, Object, Pool, RecyclingMethod, Runtime};
use tokio::runtime::{Handle, RuntimeFlavor};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio_postgres::NoTls;

use crate::db::{Db, Engine, Shared};
use crate::limits::{CONFLICT_TRIES_MAX, POOL_MAX, POOL_QUEUE_MAX, POOL_WAIT};
use crate::{Options, Result, StoreError, migrate};

/// A store on a PostgreSQL server.
pub(crate) struct Postgres {
    pool: Pool,
    runtime: Handle,
    admission: Arc<Semaphore>,
    shared: Arc<Shared>,
}

impl std::fmt::Debug for Postgres {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Postgres")
    }
}

/// What surrounds a closure.
#[derive(Clone, Copy)]
pub(crate) enum Around {
    /// Each statement by itself.
    Nothing,
    /// One snapshot for all statements; read only.
    Snapshot,
}

impl Postgres {
    /// Connects, migrates, and calls `then` in the same transaction.
    pub async fn open(
        url: &str,
        options: &Options,
        shared: Arc<Shared>,
        then: impl Fn(&Db) -> Result<()> + Send + 'static,
    ) -> Result<Self> {
        let config: tokio_postgres::Config =
            url.parse().map_err(|error| StoreError::Setup(format!("store.url is no PostgreSQL address: {error}")))?;
        let manager = Manager::from_config(config, NoTls, ManagerConfig { recycling_method: RecyclingMethod::Fast });
        let pool = Pool::builder(manager)
            .max_size(POOL_MAX)
            .wait_timeout(Some(POOL_WAIT))
            .create_timeout(Some(POOL_WAIT))
            .recycle_timeout(Some(POOL_WAIT))
            .runtime(Runtime::Tokio1)
            .build()
            .map_err(|error| StoreError::Setup(error.to_string()))?;
        let store = Self { pool, runtime: Handle::current(), admission: Arc::new(Semaphore::new(POOL_QUEUE_MAX)), shared };
        let migrations = options.migrations;
        store.blocking(move |db| migrate::run(db, migrations, then)).await?;
        Ok(store)
    }

    /// Runs a read on a blocking thread.
    pub async fn read<T, E>(&self, around: Around, work: impl FnOnce(&Db) -> Result<T, E> + Send + 'static) -> Result<T, E>
    where
        T: Send + 'static,
        E: From<StoreError> + Send + 'static,
    {
        self.blocking(move |db| match around {
            Around::Nothing => work(db),
            Around::Snapshot => {
                db.batch("begin isolation level repeatable read read only")?;
                let result = work(db);
                db.batch("rollback")?;
                result
            }
        })
        .await
    }

    /// Runs a read on the calling thread, which must be a worker of a multi-thread runtime or no runtime's thread at all.
    pub fn read_now<T, E: From<StoreError>>(&self, work: impl FnOnce(&Db) -> Result<T, E>) -> Result<T, E> {
        if Handle::try_current().is_ok_and(|handle| handle.runtime_flavor() == RuntimeFlavor::CurrentThread) {
            return Err(StoreError::Engine("read_now on PostgreSQL needs a multi-thread runtime".into()).into());
        }
        tokio::task::block_in_place(|| {
            let (client, _permit) = self.runtime.block_on(self.connection())?;
            work(&self.db(client))
        })
    }

    /// Runs a transaction on a blocking thread, again if it collides with another.
    pub async fn write<T, E, F>(&self, work: F) -> Result<T, E>
    where
        T: Send + 'static,
        E: From<StoreError> + Send + 'static,
        F: Fn(&Db) -> Result<T, E> + Send + 'static,
    {
        self.blocking(move |db| {
            for _ in 1..CONFLICT_TRIES_MAX {
                if let Some(result) = transaction(db, &work) {
                    return result;
                }
            }
            transaction(db, &work).unwrap_or_else(|| Err(StoreError::Conflict.into()))
        })
        .await
    }

    /// Waits a moment for what runs, then closes the connections.
    pub async fn close(&self) {
        let all = u32::try_from(POOL_QUEUE_MAX).expect("a small constant");
        // What still runs after that is cut off: the server rolls it back.
        let _ = tokio::time::timeout(POOL_WAIT, self.admission.acquire_many(all)).await;
        self.admission.close();
        self.pool.close();
    }

    async fn blocking<T, E>(&self, work: impl FnOnce(&Db) -> Result<T, E> + Send + 'static) -> Result<T, E>
    where
        T: Send + 'static,
        E: From<StoreError> + Send + 'static,
    {
        let (client, permit) = self.connection().await?;
        let db = self.db(client);
        let ran = tokio::task::spawn_blocking(move || {
            let _permit = permit;
            catch_unwind(AssertUnwindSafe(|| work(&db))).unwrap_or_else(|_| {
                db.discard();
                Err(StoreError::Panicked.into())
            })
        });
        ran.await.unwrap_or_else(|_| Err(StoreError::Panicked.into()))
    }

    async fn connection(&self) -> Result<(Object, OwnedSemaphorePermit)> {
        let permit = Arc::clone(&self.admission)
            .try_acquire_owned()
            .map_err(|_| StoreError::Unavailable("too many operations are waiting, or the store is closed".into()))?;
        let client = self.pool.get().await.map_err(|error| StoreError::Unavailable(format!("PostgreSQL: {}", causes(&error))))?;
        Ok((client, permit))
    }

    fn db(&self, client: Object) -> Db {
        let runtime = self.runtime.clone();
        Db::new(Engine::Postgres(crate::db::Postgres { client, runtime }), Arc::clone(&self.shared))
    }
}

/// One run of a transaction; nothing if it collided and should be run again.
fn transaction<T, E: From<StoreError>>(db: &Db, work: &impl Fn(&Db) -> Result<T, E>) -> Option<Result<T, E>> {
    if let Err(error) = db.batch("begin") {
        return Some(Err(error.into()));
    }
    let result = db.attempt(work);
    if result.is_ok() {
        return match db.batch("commit") {
            Ok(()) => {
                db.committed();
                Some(result)
            }
            Err(StoreError::Conflict) => None,
            Err(error) => Some(Err(error.into())),
        };
    }
    // If this fails the connection is broken, and the pool drops it when it looks.
    let _ = db.batch("rollback");
    if db.collided() { None } else { Some(result) }
}

/// An error with its causes: the pool's own text hides what the server said.
fn causes(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(inner) = cause {
        let inner_text = inner.to_string();
        if !text.contains(&inner_text) {
            text.push_str(": ");
            text.push_str(&inner_text);
        }
        cause = inner.source();
    }
    text
}
