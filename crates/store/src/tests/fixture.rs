//! A store to test with, on either engine.

use std::sync::OnceLock;
use std::time::Duration;

use domain::Time;
use domain::chance::Seeded;
use tempfile::TempDir;

use crate::db::{Db, Sql};
use crate::testing::Cluster;
use crate::{KeyRing, Options, Result, Store};

/// One database and what is needed to open it.
pub struct World {
    pub directory: TempDir,
    pub url: String,
    pub ring: KeyRing,
    pub store: Store,
}

/// When nothing else is said.
pub const NOW: Time = Time::from_millis(1_795_305_600_000);

impl World {
    pub async fn sqlite() -> Self {
        Self::at("sqlite:test.db".into()).await
    }

    pub async fn postgres() -> Self {
        // Never dropped: the cluster ends when this process does.
        static CLUSTER: OnceLock<Cluster> = OnceLock::new();
        Self::at(CLUSTER.get_or_init(Cluster::start).database()).await
    }

    async fn at(url: String) -> Self {
        let directory = tempfile::tempdir().unwrap();
        let ring = KeyRing::generate(&mut Seeded::new(1));
        let store = Store::open(
            &url,
            &ring,
            Box::new(Seeded::new(2)),
            Options { busy_wait: Duration::from_mins(2), ..Options::new(directory.path()) },
        )
        .await
        .unwrap();
        Self { directory, url, ring, store }
    }

    /// Waits long for a locked file: how busy the machine is decides no test.
    pub fn options(&self) -> Options {
        Options { busy_wait: Duration::from_mins(2), ..Options::new(self.directory.path()) }
    }

    /// A second handle on the same database, as another process has one.
    pub async fn open(&self, ring: &KeyRing, options: Options) -> Result<Store> {
        Store::open(&self.url, ring, Box::new(Seeded::new(3)), options).await
    }

    pub async fn second(&self) -> Store {
        self.open(&self.ring, self.options()).await.unwrap()
    }

    /// A table of the test's own, with a counter in row 1.
    pub async fn with_probe(self) -> Self {
        self.store
            .write(|db| {
                db.batch("create table probe (id bigint primary key, n bigint not null, t text, b bytea, f boolean)")?;
                db.batch("insert into probe (id, n) values (1, 0)")
            })
            .await
            .unwrap();
        self
    }
}

pub const ADD: &Sql = &Sql { name: "ADD", text: "update probe set n = n + $1 where id = 1" };
pub const COUNTER: &Sql = &Sql { name: "COUNTER", text: "select n from probe where id = 1" };
pub const PUT: &Sql = &Sql { name: "PUT", text: "insert into probe (id, n, t, b, f) values ($1, $2, $3, $4, $5)" };
pub const ROWS: &Sql = &Sql { name: "ROWS", text: "select count(*) from probe" };

pub fn counter(db: &Db) -> Result<i64> {
    db.one(COUNTER, &[], |row| row.int(0))
}

pub fn add(db: &Db, n: i64) -> Result<()> {
    db.exec(ADD, &[n.into()]).map(drop)
}

pub fn block_on<F: Future>(future: F) -> F::Output {
    tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap().block_on(future)
}

/// Makes each case a test on SQLite and one on PostgreSQL.
macro_rules! on_both {
    ($($case:ident)*) => {
        mod on_sqlite {
            use crate::tests::fixture::{World, block_on};
            $(#[test] fn $case() { block_on(async { super::$case(World::sqlite().await).await }); })*
        }
        mod on_postgres {
            use crate::tests::fixture::{World, block_on};
            $(#[test] fn $case() { block_on(async { super::$case(World::postgres().await).await }); })*
        }
    };
}
pub(crate) use on_both;
