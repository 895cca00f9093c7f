//! One connection of either engine behind four verbs: `exec`, `one`, `opt`, `all`.
//!
//! A statement is one text for both engines. Placeholders are numbered `$1…$n` in order of first use: PostgreSQL reads the number,
//! SQLite takes `$1` for a name and gives names their index in that same order. The texts keep to what both know: text, bigint,
//! boolean, bytea; times as bigint milliseconds; ids as 16 bytes; `on conflict … do update set x = excluded.x`; `returning`; row-value
//! paging; common table expressions; partial indexes; `coalesce`, `count(*) filter (where …)`. No JSON, arrays, `ilike`, `now()`,
//! sequences, `for update`.

use std::cell::{Cell, RefCell};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;

use bytes::BytesMut;
use rusqlite::types::{ToSqlOutput, ValueRef};
use tokio_postgres::types::{IsNull, ToSql, Type};
use zeroize::Zeroizing;

use crate::outbox::Draft;
use crate::seal::{Place, Sealer};
use crate::{Result, StoreError};

/// A named statement. Made by [`statements!`] only, so that one test can prepare all of them on both engines.
#[derive(Debug)]
pub(crate) struct Sql {
    pub name: &'static str,
    pub text: &'static str,
}

/// Declares a module's statements and lists them in `STATEMENTS`.
macro_rules! statements {
    ($($name:ident = $text:expr;)*) => {
        $(const $name: &$crate::db::Sql = &$crate::db::Sql { name: stringify!($name), text: $text };)*
        #[cfg(test)]
        pub(crate) const STATEMENTS: &[&$crate::db::Sql] = &[$($name),*];
    };
}
pub(crate) use statements;

/// A statement's argument.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Arg<'a> {
    Null,
    Text(&'a str),
    Int(i64),
    Bool(bool),
    Bytes(&'a [u8]),
}

/// A row of either engine; columns by position from 0.
#[derive(Debug)]
pub(crate) enum Row<'r> {
    Sqlite(&'r rusqlite::Row<'r>),
    Postgres(&'r tokio_postgres::Row),
}

/// What all connections of a store share.
#[derive(Debug)]
pub(crate) struct Shared {
    pub sealer: Sealer,
    /// Counts commits that sent to the outbox, so that readers in this process need not wait for their next poll.
    pub sent: tokio::sync::watch::Sender<u64>,
}

/// A connection inside `read` or `write`. Handed to the functions of this crate; nobody else speaks SQL.
#[derive(Debug)]
pub struct Db {
    engine: Engine,
    shared: Arc<Shared>,
    /// A statement of this transaction failed. On PostgreSQL the transaction is lost then, so it is on SQLite too.
    failed: Cell<bool>,
    /// It failed because another transaction was in its way, or an optimistic version did not fit: worth another run.
    collided: Cell<bool>,
    pending: RefCell<Vec<Draft>>,
    audit: RefCell<Vec<crate::audit::Draft>>,
    /// This transaction, or one that shares its commit, sent to the outbox.
    sent: Cell<bool>,
}

#[derive(Debug)]
pub(crate) enum Engine {
    Sqlite(rusqlite::Connection),
    Postgres(Postgres),
}

/// A PostgreSQL connection out of the pool, driven from a thread that may block.
pub(crate) struct Postgres {
    pub client: deadpool_postgres::Object,
    pub runtime: tokio::runtime::Handle,
}

impl std::fmt::Debug for Postgres {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Postgres")
    }
}

impl Db {
    pub(crate) fn new(engine: Engine, shared: Arc<Shared>) -> Self {
        Self {
            engine,
            shared,
            failed: Cell::new(false),
            collided: Cell::new(false),
            pending: RefCell::default(),
            audit: RefCell::default(),
            sent: Cell::new(false),
        }
    }

    /// Runs a statement; returns how many rows it changed.
    pub(crate) fn exec(&self, sql: &Sql, args: &[Arg<'_>]) -> Result<u64> {
        self.watched(match &self.engine {
            Engine::Sqlite(connection) => sqlite_exec(connection, sql, args),
            Engine::Postgres(postgres) => postgres.exec(sql, args),
        })
    }

    /// Runs a statement that yields exactly one row; none is [`StoreError::NotFound`].
    pub(crate) fn one<T>(&self, sql: &Sql, args: &[Arg<'_>], map: impl FnMut(&Row<'_>) -> Result<T>) -> Result<T> {
        self.opt(sql, args, map)?.ok_or(StoreError::NotFound)
    }

    /// Runs a statement that yields at most one row.
    pub(crate) fn opt<T>(&self, sql: &Sql, args: &[Arg<'_>], map: impl FnMut(&Row<'_>) -> Result<T>) -> Result<Option<T>> {
        Ok(self.all(sql, args, map)?.pop())
    }

    /// Runs a statement and maps its rows. The statement itself bounds how many.
    pub(crate) fn all<T>(&self, sql: &Sql, args: &[Arg<'_>], map: impl FnMut(&Row<'_>) -> Result<T>) -> Result<Vec<T>> {
        #[cfg(test)]
        crate::tests::plans::note(self, sql, args);
        self.watched(match &self.engine {
            Engine::Sqlite(connection) => sqlite_rows(connection, sql, args, map),
            Engine::Postgres(postgres) => postgres.rows(sql, args, map),
        })
    }

    /// Runs a script without arguments: transaction control and migrations.
    pub(crate) fn batch(&self, script: &str) -> Result<()> {
        match &self.engine {
            Engine::Sqlite(connection) => connection.execute_batch(script).map_err(StoreError::from),
            Engine::Postgres(postgres) => postgres.runtime.block_on(postgres.client.batch_execute(script)).map_err(StoreError::from),
        }
    }

    /// Seals a value for a place.
    pub(crate) fn seal(&self, place: Place<'_>, plain: &[u8]) -> Result<Vec<u8>> {
        self.shared.sealer.seal(place, plain)
    }

    /// Opens a sealed value.
    pub(crate) fn open(&self, place: Place<'_>, sealed: &[u8]) -> Result<Zeroizing<Vec<u8>>> {
        Ok(self.shared.sealer.open(place, sealed)?)
    }

    pub(crate) fn sealer(&self) -> &Sealer {
        &self.shared.sealer
    }

    /// Ends the connection instead of giving it back to the pool: nobody knows in what state a panic left it.
    pub(crate) fn discard(self) {
        if let Engine::Postgres(postgres) = self.engine {
            drop(deadpool_postgres::Object::take(postgres.client));
        }
    }

    pub(crate) fn engine(&self) -> &Engine {
        &self.engine
    }

    /// Keeps a message until the transaction ends; see [`crate::outbox`].
    pub(crate) fn pending(&self) -> &RefCell<Vec<Draft>> {
        &self.pending
    }

    /// Keeps an audit entry until the transaction ends; see [`crate::audit`].
    pub(crate) fn audit(&self) -> &RefCell<Vec<crate::audit::Draft>> {
        &self.audit
    }

    /// Runs a unit of work inside an open transaction, sends what it left in the outbox, and turns a panic into an error.
    /// The caller commits on `Ok` and rolls back on `Err`.
    pub(crate) fn attempt<T, E: From<StoreError>>(&self, work: &impl Fn(&Self) -> Result<T, E>) -> Result<T, E> {
        self.failed.set(false);
        self.collided.set(false);
        self.pending.borrow_mut().clear();
        self.audit.borrow_mut().clear();
        let value = catch_unwind(AssertUnwindSafe(|| work(self))).unwrap_or_else(|_| Err(StoreError::Panicked.into()))?;
        if self.failed.get() {
            return Err(StoreError::Engine("a statement failed and its error was not passed on".into()).into());
        }
        // Always in this order: both take the lock of one row, and two transactions must not wait for each other.
        crate::audit::flush(self)?;
        crate::outbox::flush(self)?;
        Ok(value)
    }

    pub(crate) fn collided(&self) -> bool {
        self.collided.get()
    }

    /// An optimistic version did not fit. On PostgreSQL the whole closure is run again: what it read is no longer true.
    pub(crate) fn conflict(&self) -> StoreError {
        self.collided.set(true);
        StoreError::Conflict
    }

    /// Notes that this transaction sends to the outbox.
    pub(crate) fn note_sent(&self) {
        self.sent.set(true);
    }

    /// After a commit: wakes this process's outbox readers if there is something for them.
    pub(crate) fn committed(&self) {
        if self.sent.take() {
            self.shared.sent.send_modify(|count| *count += 1);
        }
    }

    fn watched<T>(&self, result: Result<T>) -> Result<T> {
        if let Err(error) = &result {
            self.failed.set(true);
            self.collided.set(matches!(error, StoreError::Conflict));
        }
        result
    }
}

fn sqlite_exec(connection: &rusqlite::Connection, sql: &Sql, args: &[Arg<'_>]) -> Result<u64> {
    let mut statement = bound(connection, sql, args)?;
    Ok(statement.raw_execute()? as u64)
}

fn sqlite_rows<T>(
    connection: &rusqlite::Connection,
    sql: &Sql,
    args: &[Arg<'_>],
    mut map: impl FnMut(&Row<'_>) -> Result<T>,
) -> Result<Vec<T>> {
    let mut statement = bound(connection, sql, args)?;
    let mut rows = statement.raw_query();
    let mut mapped = Vec::new();
    while let Some(row) = rows.next()? {
        mapped.push(map(&Row::Sqlite(row))?);
    }
    Ok(mapped)
}

fn bound<'c>(connection: &'c rusqlite::Connection, sql: &Sql, args: &[Arg<'_>]) -> Result<rusqlite::CachedStatement<'c>> {
    let mut statement = connection.prepare_cached(sql.text)?;
    // SQLite would read a missing argument as null.
    if statement.parameter_count() != args.len() {
        return Err(StoreError::Engine(format!("{}: {} arguments for {}", sql.name, args.len(), statement.parameter_count())));
    }
    for (at, arg) in args.iter().enumerate() {
        statement.raw_bind_parameter(at + 1, arg)?;
    }
    Ok(statement)
}

impl Postgres {
    fn exec(&self, sql: &Sql, args: &[Arg<'_>]) -> Result<u64> {
        self.runtime.block_on(async {
            let statement = self.client.prepare_cached(sql.text).await?;
            Ok(self.client.execute_raw(&statement, args.iter()).await?)
        })
    }

    fn rows<T>(&self, sql: &Sql, args: &[Arg<'_>], mut map: impl FnMut(&Row<'_>) -> Result<T>) -> Result<Vec<T>> {
        let args: Vec<&(dyn ToSql + Sync)> = args.iter().map(|arg| arg as &(dyn ToSql + Sync)).collect();
        let rows = self.runtime.block_on(async {
            let statement = self.client.prepare_cached(sql.text).await?;
            self.client.query(&statement, &args).await
        })?;
        rows.iter().map(|row| map(&Row::Postgres(row))).collect()
    }
}

impl<'r> Row<'r> {
    pub fn text(&self, at: usize) -> Result<&'r str> {
        match self {
            Self::Sqlite(row) => row.get_ref(at)?.as_str().map_err(|_| wrong_type(at)),
            Self::Postgres(row) => Ok(row.try_get(at)?),
        }
    }

    pub fn int(&self, at: usize) -> Result<i64> {
        match self {
            Self::Sqlite(row) => row.get_ref(at)?.as_i64().map_err(|_| wrong_type(at)),
            Self::Postgres(row) => Ok(row.try_get(at)?),
        }
    }

    pub fn bool(&self, at: usize) -> Result<bool> {
        match self {
            Self::Sqlite(row) => Ok(row.get_ref(at)?.as_i64().map_err(|_| wrong_type(at))? != 0),
            Self::Postgres(row) => Ok(row.try_get(at)?),
        }
    }

    pub fn bytes(&self, at: usize) -> Result<&'r [u8]> {
        match self {
            Self::Sqlite(row) => row.get_ref(at)?.as_blob().map_err(|_| wrong_type(at)),
            Self::Postgres(row) => Ok(row.try_get(at)?),
        }
    }

    pub fn is_null(&self, at: usize) -> Result<bool> {
        match self {
            Self::Sqlite(row) => Ok(row.get_ref(at)? == ValueRef::Null),
            Self::Postgres(row) => Ok(row.try_get::<_, Option<Anything>>(at)?.is_none()),
        }
    }

    pub fn opt_text(&self, at: usize) -> Result<Option<&'r str>> {
        if self.is_null(at)? { Ok(None) } else { self.text(at).map(Some) }
    }

    pub fn opt_int(&self, at: usize) -> Result<Option<i64>> {
        if self.is_null(at)? { Ok(None) } else { self.int(at).map(Some) }
    }

    pub fn opt_bytes(&self, at: usize) -> Result<Option<&'r [u8]>> {
        if self.is_null(at)? { Ok(None) } else { self.bytes(at).map(Some) }
    }
}

fn wrong_type(at: usize) -> StoreError {
    StoreError::Engine(format!("column {at} has another type than expected"))
}

/// A value of any type, to ask only whether it is null.
struct Anything;

impl<'a> tokio_postgres::types::FromSql<'a> for Anything {
    fn from_sql(_: &Type, _: &'a [u8]) -> Result<Self, Box<dyn std::error::Error + Sync + Send>> {
        Ok(Self)
    }

    fn accepts(_: &Type) -> bool {
        true
    }
}

impl rusqlite::ToSql for Arg<'_> {
    fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
        Ok(ToSqlOutput::Borrowed(match self {
            Self::Null => ValueRef::Null,
            Self::Text(text) => ValueRef::Text(text.as_bytes()),
            Self::Int(int) => ValueRef::Integer(*int),
            Self::Bool(bool) => ValueRef::Integer(i64::from(*bool)),
            Self::Bytes(bytes) => ValueRef::Blob(bytes),
        }))
    }
}

impl ToSql for Arg<'_> {
    fn to_sql(&self, ty: &Type, out: &mut BytesMut) -> Result<IsNull, Box<dyn std::error::Error + Sync + Send>> {
        match self {
            Self::Null => Ok(IsNull::Yes),
            Self::Text(text) => text.to_sql_checked(ty, out),
            Self::Int(int) => int.to_sql_checked(ty, out),
            Self::Bool(bool) => bool.to_sql_checked(ty, out),
            Self::Bytes(bytes) => bytes.to_sql_checked(ty, out),
        }
    }

    fn accepts(_: &Type) -> bool {
        true
    }

    tokio_postgres::types::to_sql_checked!();
}

impl<'a> From<&'a str> for Arg<'a> {
    fn from(text: &'a str) -> Self {
        Self::Text(text)
    }
}

impl<'a> From<&'a String> for Arg<'a> {
    fn from(text: &'a String) -> Self {
        Self::Text(text)
    }
}

impl<'a> From<&'a [u8]> for Arg<'a> {
    fn from(bytes: &'a [u8]) -> Self {
        Self::Bytes(bytes)
    }
}

impl<'a> From<&'a Vec<u8>> for Arg<'a> {
    fn from(bytes: &'a Vec<u8>) -> Self {
        Self::Bytes(bytes)
    }
}

impl<'a, const N: usize> From<&'a [u8; N]> for Arg<'a> {
    fn from(bytes: &'a [u8; N]) -> Self {
        Self::Bytes(bytes)
    }
}

impl From<i64> for Arg<'_> {
    fn from(int: i64) -> Self {
        Self::Int(int)
    }
}

impl From<bool> for Arg<'_> {
    fn from(bool: bool) -> Self {
        Self::Bool(bool)
    }
}

impl From<domain::Time> for Arg<'_> {
    fn from(time: domain::Time) -> Self {
        Self::Int(time.millis())
    }
}

impl<'a, T: Into<Arg<'a>>> From<Option<T>> for Arg<'a> {
    fn from(value: Option<T>) -> Self {
        value.map_or(Self::Null, Into::into)
    }
}
