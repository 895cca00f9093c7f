//! What can go wrong, in the words that callers decide by.

use tokio_postgres::error::SqlState;

/// Why the store did not do what was asked. No variant carries the contents of a row.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// Not now, perhaps soon: queue full, store closing, database locked or out of reach. Phones are told 503.
    #[error("the store is not available: {0}")]
    Unavailable(String),
    /// No space is left. Nothing was stored; reading goes on.
    #[error("the disk is full: nothing was stored; free some space on the store's disk")]
    Full,
    /// There is no such row, or it may not be seen.
    #[error("not found")]
    NotFound,
    /// Several rows have this name; name the one above it too.
    #[error("several have this name; say whose (reseller or customer) as well")]
    Ambiguous,
    /// The name, address or id is taken.
    #[error("already there")]
    Exists,
    /// The row is used by others (a customer with devices, a reseller with customers), or names a row that is absent.
    #[error("still in use, or refers to something that does not exist")]
    InUse,
    /// The row changed since it was read.
    #[error("changed by somebody else meanwhile; read it again")]
    Conflict,
    /// A rule refuses the value; the text says which.
    #[error("{0}")]
    Refused(String),
    /// A value breaks a limit of this crate.
    #[error("{what}: at most {max}")]
    TooLarge {
        /// What was too large.
        what: &'static str,
        /// The limit.
        max: usize,
    },
    /// A sealed value cannot be opened.
    #[error(transparent)]
    Seal(#[from] crate::seal::SealError),
    /// A row does not read back as what was written.
    #[error("damaged row: {table} {row}, column {column}")]
    Damaged {
        /// The table.
        table: &'static str,
        /// The column.
        column: &'static str,
        /// The row's id.
        row: String,
    },
    /// The database was written by a newer Ringfence.
    #[error("the database has schema version {found}, this program knows up to {known}: run a newer ringfence, or restore a backup")]
    Newer {
        /// In the database.
        found: i64,
        /// In this program.
        known: i64,
    },
    /// A migration was applied with another text.
    #[error("schema migration {0} in the database differs from this program's: the database was made by another build")]
    Changed(i64),
    /// The closure panicked; its changes were rolled back.
    #[error("a store operation failed unexpectedly and was rolled back")]
    Panicked,
    /// The address in `store.url`, or a file beside it.
    #[error("{0}")]
    Setup(String),
    /// Anything else that a database engine says.
    #[error("database: {0}")]
    Engine(String),
}

/// What nearly every function here returns.
pub type Result<T, E = StoreError> = std::result::Result<T, E>;

impl From<rusqlite::Error> for StoreError {
    fn from(error: rusqlite::Error) -> Self {
        use rusqlite::ErrorCode;
        use rusqlite::ffi;
        let rusqlite::Error::SqliteFailure(failure, _) = &error else {
            return Self::Engine(error.to_string());
        };
        match (failure.code, failure.extended_code) {
            // A full disk shows as one of these two where the shared-memory file cannot grow.
            (ErrorCode::DiskFull, _) | (_, ffi::SQLITE_IOERR_SHMSIZE | ffi::SQLITE_IOERR_SHMMAP) => Self::Full,
            (ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked, _) => {
                Self::Unavailable("the database is locked by another process".into())
            }
            (_, ffi::SQLITE_CONSTRAINT_UNIQUE | ffi::SQLITE_CONSTRAINT_PRIMARYKEY) => Self::Exists,
            (_, ffi::SQLITE_CONSTRAINT_FOREIGNKEY) => Self::InUse,
            (ErrorCode::NotADatabase, _) => Self::Setup("the store's file is not a Ringfence database".into()),
            _ => Self::Engine(error.to_string()),
        }
    }
}

impl From<tokio_postgres::Error> for StoreError {
    fn from(error: tokio_postgres::Error) -> Self {
        let Some(reply) = error.as_db_error() else {
            let from_network = std::error::Error::source(&error).is_some_and(<dyn std::error::Error>::is::<std::io::Error>);
            let lost = error.is_closed() || from_network;
            return if lost { Self::Unavailable(format!("PostgreSQL: {error}")) } else { Self::Engine(format!("PostgreSQL: {error}")) };
        };
        // Only code and message: PostgreSQL's detail quotes the row.
        match reply.code() {
            &SqlState::UNIQUE_VIOLATION => Self::Exists,
            &SqlState::FOREIGN_KEY_VIOLATION => Self::InUse,
            &SqlState::DISK_FULL => Self::Full,
            &(SqlState::T_R_SERIALIZATION_FAILURE | SqlState::T_R_DEADLOCK_DETECTED) => Self::Conflict,
            &(SqlState::ADMIN_SHUTDOWN | SqlState::CRASH_SHUTDOWN | SqlState::CANNOT_CONNECT_NOW | SqlState::TOO_MANY_CONNECTIONS) => {
                Self::Unavailable(format!("PostgreSQL: {}", reply.message()))
            }
            code => Self::Engine(format!("PostgreSQL {}: {}", code.code(), reply.message())),
        }
    }
}
