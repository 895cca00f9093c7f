//! Backup and restore of an SQLite store: one file, taken while the server runs.
//!
//! The backup holds what the database holds, secrets sealed. The master key file is not in it, on purpose: keep the two apart. On
//! PostgreSQL `pg_dump` and `pg_restore` do this.

use std::fs::File;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use domain::Chance;
use rusqlite::backup::{Backup, StepResult};
use rusqlite::{Connection, ErrorCode, OpenFlags};

use crate::db::Shared;
use crate::seal::{KeyRing, Sealer, create_private, sync_directory_of};
use crate::sqlite::{Sqlite, reading};
use crate::{Options, Result, Store, StoreError, meta};

impl Store {
    /// Copies the whole database, as it is at one moment, to a new file with mode 0600. Writes go on meanwhile.
    pub async fn backup(&self, file: &Path) -> Result<()> {
        let Some(source) = self.sqlite_path().map(Path::to_owned) else {
            return Err(StoreError::Setup("the store is on PostgreSQL: use pg_dump".into()));
        };
        let target = file.to_owned();
        let copied = tokio::task::spawn_blocking(move || copy_out(&source, &target));
        copied.await.unwrap_or(Err(StoreError::Panicked))
    }

    /// Reads every page of the database and says whether they fit together. PostgreSQL looks after its own.
    pub async fn check_integrity(&self) -> Result<()> {
        let Some(path) = self.sqlite_path().map(Path::to_owned) else { return Ok(()) };
        let checked = tokio::task::spawn_blocking(move || {
            let connection = reading(&path, &Options::new(""))?;
            let verdict: String = connection.query_row("pragma integrity_check(1)", [], |row| row.get(0))?;
            if verdict == "ok" { Ok(()) } else { Err(StoreError::Setup(format!("{}: damaged: {verdict}", path.display()))) }
        });
        checked.await.unwrap_or(Err(StoreError::Panicked))
    }
}

/// Puts a backup in the place of the store that `url` names. The old database stays beside it, its name with `.before-restore` added.
///
/// Refused, with nothing changed: a damaged file, one of a newer version, one that the key ring does not open, a database in use.
pub fn restore(file: &Path, url: &str, ring: &KeyRing, chance: Box<dyn Chance + Send>, options: &Options) -> Result<()> {
    let Some(target) = crate::sqlite_path(url, &options.data_dir) else {
        return Err(StoreError::Setup("the store is on PostgreSQL: use pg_restore".into()));
    };
    let beside = with_suffix(&target, ".restoring");
    remove_database(&beside);
    let restored = check(file)
        .and_then(|()| std::fs::copy(file, &beside).map(drop).map_err(|error| io(&beside, &error)))
        .and_then(|()| adopt(&beside, ring, chance, options))
        .and_then(|()| swap(&beside, &target));
    if restored.is_err() {
        remove_database(&beside);
    }
    restored
}

fn copy_out(source: &Path, target: &Path) -> Result<()> {
    if target.exists() {
        return Err(StoreError::Setup(format!("{} exists already", target.display())));
    }
    let beside = with_suffix(target, ".partial");
    remove_database(&beside);
    let copied = copy_pages(source, &beside).and_then(|()| {
        let durable = File::open(&beside).and_then(|file| file.sync_all());
        durable.and_then(|()| std::fs::rename(&beside, target)).and_then(|()| sync_directory_of(target)).map_err(|error| io(target, &error))
    });
    if copied.is_err() {
        remove_database(&beside);
    }
    copied
}

fn copy_pages(source: &Path, target: &Path) -> Result<()> {
    let from = reading(source, &Options::new(""))?;
    create_private(target).map_err(|error| io(target, &error))?;
    let mut to = Connection::open_with_flags(target, OpenFlags::SQLITE_OPEN_READ_WRITE)?;
    // All pages in one step: one read transaction, which in WAL mode holds nobody up.
    match Backup::new(&from, &mut to)?.step(-1)? {
        StepResult::Done => {}
        _ => return Err(StoreError::Unavailable("the database is locked by another process".into())),
    }
    // One file, without a log beside it.
    to.pragma_update(None, "journal_mode", "delete")?;
    to.close().map_err(|(_, error)| error.into())
}

fn check(file: &Path) -> Result<()> {
    let complaint = |what: String| StoreError::Setup(format!("{}: {what}", file.display()));
    let connection = Connection::open_with_flags(file, OpenFlags::SQLITE_OPEN_READ_ONLY).map_err(|error| complaint(error.to_string()))?;
    let verdict: String = connection
        .query_row("pragma integrity_check(1)", [], |row| row.get(0))
        .map_err(|error| complaint(format!("this is not a backup, or it is damaged: {error}")))?;
    if verdict != "ok" {
        return Err(complaint(format!("the backup is damaged: {verdict}")));
    }
    let ours: i64 = connection.query_row("select count(*) from sqlite_master where name = 'schema_migration'", [], |row| row.get(0))?;
    if ours == 0 { Err(complaint("this is no Ringfence database".into())) } else { Ok(()) }
}

/// Opens the copy as a store does: migrates it and proves that the keys fit.
fn adopt(path: &Path, ring: &KeyRing, chance: Box<dyn Chance + Send>, options: &Options) -> Result<()> {
    #[cfg(unix)]
    std::fs::set_permissions(path, std::os::unix::fs::PermissionsExt::from_mode(0o600)).map_err(|error| io(path, &error))?;
    let shared = Arc::new(Shared { sealer: Sealer::new(ring, chance), sent: tokio::sync::watch::Sender::new(0) });
    let store = Sqlite::open(path.to_owned(), options.clone(), shared, meta::check_keys)?;
    store.close();
    let connection = Connection::open(path)?;
    connection.pragma_update(None, "journal_mode", "delete")?;
    drop(connection);
    File::open(path).and_then(|file| file.sync_all()).map_err(|error| io(path, &error))
}

fn swap(restored: &Path, target: &Path) -> Result<()> {
    if target.exists() {
        set_aside(target)?;
    }
    std::fs::rename(restored, target).and_then(|()| sync_directory_of(target)).map_err(|error| io(target, &error))
}

fn set_aside(target: &Path) -> Result<()> {
    // Leaving WAL mode needs the file for itself alone, and folds the log in: both are wanted here.
    let connection = Connection::open(target)?;
    match connection.pragma_update(None, "journal_mode", "delete") {
        Err(rusqlite::Error::SqliteFailure(failure, _)) if matches!(failure.code, ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked) => {
            return Err(StoreError::Setup(format!("{} is in use: stop the server first", target.display())));
        }
        // A database too damaged for this is set aside as it is.
        _ => drop(connection),
    }
    let aside = with_suffix(target, ".before-restore");
    remove_database(&aside);
    for part in ["", "-wal", "-shm"] {
        let from = with_suffix(target, part);
        if from.exists() {
            std::fs::rename(&from, with_suffix(&aside, part)).map_err(|error| io(&from, &error))?;
        }
    }
    Ok(())
}

fn remove_database(path: &Path) {
    for part in ["", "-wal", "-shm", "-journal"] {
        // Most of them do not exist.
        let _ = std::fs::remove_file(with_suffix(path, part));
    }
}

fn with_suffix(path: &Path, suffix: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(suffix);
    name.into()
}

fn io(path: &Path, error: &std::io::Error) -> StoreError {
    match error.kind() {
        std::io::ErrorKind::StorageFull => StoreError::Full,
        _ => StoreError::Setup(format!("{}: {error}", path.display())),
    }
}
