//! Phones out of a CSV file: all rows or none, unless the caller wants the good ones alone.
//!
//! A large file is tried in parts first, so that one with a bad row holds up nobody who writes, and then stored in one transaction. Where
//! the good rows are kept, the parts are.

mod read;
mod run;

use std::ops::Range;
use std::sync::Arc;

use ::brands::Catalogue;
use serde::{Deserialize, Serialize};
use store::Scope;
use store::{Db, StoreError};
use utoipa::ToSchema;

use self::run::Notebook;
pub use self::run::{ImportView, look, start};
use super::device::{Checked, add_within, update_within};
use super::tree::find_place;
use super::{Admin, By, Error, trusting};
use crate::limits::{IMPORT_BYTES_MAX, IMPORT_PART_ROWS};

/// How an import is run.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Mode {
    /// Show every row's outcome and change nothing.
    pub dry_run: bool,
    /// Keep the good rows when others fail.
    pub partial: bool,
}

/// What an import did, or would do.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, ToSchema)]
#[schema(as = ImportOutcome)]
pub struct Outcome {
    /// Rows in the file.
    pub rows: usize,
    /// Phones added.
    pub created: usize,
    /// Phones changed.
    pub updated: usize,
    /// Rows that failed.
    pub failed: Vec<FailedRow>,
    /// Whether anything was stored.
    pub stored: bool,
}

/// A row that failed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[schema(as = ImportFailedRow)]
pub struct FailedRow {
    /// Its line in the file, the header being 1.
    pub row: usize,
    /// The column to look at; empty for the row as a whole.
    pub field: String,
    /// A stable code.
    pub code: String,
    /// What is wrong, in words.
    pub message: String,
}

/// A row that could be read.
#[derive(Clone, Debug)]
struct Row {
    number: usize,
    checked: Checked,
}

/// Why a transaction is undone.
enum Stop {
    /// It was a trial, or rows failed.
    Wanted(Outcome),
    /// It did not work.
    Failed(Error),
}

impl From<StoreError> for Stop {
    fn from(error: StoreError) -> Self {
        Self::Failed(error.into())
    }
}

/// A file whose rows were read, and checked each by itself.
#[derive(Clone, Debug)]
pub struct File {
    rows: Arc<Vec<Row>>,
    begun: Outcome,
}

impl File {
    /// How many rows it has, the bad ones included.
    pub fn rows(&self) -> usize {
        self.begun.rows
    }
}

/// Reads a file. Refused as a whole if it is no such table.
pub async fn open(admin: &Admin, bytes: impl AsRef<[u8]> + Send + 'static) -> Result<File, Error> {
    if bytes.as_ref().len() > IMPORT_BYTES_MAX {
        return Err(Error::invalid("too_large", "an import file has at most 64 MiB"));
    }
    let catalogue = admin.catalogue.current();
    // Every row is rendered once for trial: too long for a thread that others wait for.
    let read = tokio::task::spawn_blocking(move || read::read(&catalogue, bytes.as_ref())).await;
    let (rows, begun) = read.map_err(|error| Error::Failed(format!("reading an import file: {error}")))??;
    Ok(File { rows: Arc::new(rows), begun })
}

/// Reads the file and adds or changes what it names. A phone that is there already gets the file's model, label, lines and settings;
/// it keeps its place and its authentication.
pub async fn run(admin: &Admin, by: &By, bytes: &[u8], mode: Mode) -> Result<Outcome, Error> {
    let file = open(admin, bytes.to_vec()).await?;
    carry_out(admin, by, &file, mode).await
}

/// Adds or changes what a file names, before it answers.
pub async fn carry_out(admin: &Admin, by: &By, file: &File, mode: Mode) -> Result<Outcome, Error> {
    told(admin, by, file, mode, None).await
}

/// [`carry_out`], which notes between its transactions how far it is.
async fn told(admin: &Admin, by: &By, file: &File, mode: Mode, notebook: Option<&Notebook>) -> Result<Outcome, Error> {
    let (count, mut outcome) = (file.rows.len(), file.begun.clone());
    let whole = count <= IMPORT_PART_ROWS;
    if mode.dry_run || mode.partial || !whole {
        let keep = mode.partial && !mode.dry_run;
        for from in (0..count).step_by(IMPORT_PART_ROWS) {
            let part = from..count.min(from + IMPORT_PART_ROWS);
            let done = part.end;
            outcome = transaction(admin, by, file, part, outcome, if keep { Keep::Good } else { Keep::Nothing }).await?;
            if let Some(notebook) = notebook {
                notebook.tell(if keep { "storing" } else { "checking" }, done, &outcome).await;
            }
        }
        outcome.failed.sort_by_key(|failed| failed.row);
        if mode.dry_run || mode.partial || !outcome.failed.is_empty() {
            return Ok(Outcome { stored: keep, ..outcome });
        }
        if let Some(notebook) = notebook {
            notebook.tell("storing", 0, &file.begun).await;
        }
    }
    let mut outcome = transaction(admin, by, file, 0..count, file.begun.clone(), Keep::All).await?;
    outcome.failed.sort_by_key(|failed| failed.row);
    Ok(outcome)
}

/// What a transaction leaves.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Keep {
    Nothing,
    Good,
    /// All rows of the file, or none.
    All,
}

/// Some rows in one transaction, counted on to what came of those before.
async fn transaction(admin: &Admin, by: &By, file: &File, part: Range<usize>, before: Outcome, keep: Keep) -> Result<Outcome, Error> {
    let (by, rows, catalogue) = (by.clone(), Arc::clone(&file.rows), admin.catalogue.current());
    let ran = admin.store.try_write(move |db| {
        let mut outcome = before.clone();
        for row in &rows[part.clone()] {
            match store_row(db, &by, &catalogue, row) {
                Ok(Stored::Created) => outcome.created += 1,
                Ok(Stored::Updated) => outcome.updated += 1,
                Err(Error::Failed(why)) => return Err(Stop::Failed(Error::Failed(why))),
                Err(error) => outcome.failed.push(failed_row(row.number, field_of(&error), &error)),
            }
        }
        match keep {
            Keep::All if outcome.failed.is_empty() => Ok(Outcome { stored: true, ..outcome }),
            Keep::Good => Ok(outcome),
            _ => Err(Stop::Wanted(outcome)),
        }
    });
    match ran.await {
        Ok(outcome) | Err(Stop::Wanted(outcome)) => Ok(outcome),
        Err(Stop::Failed(error)) => Err(error),
    }
}

enum Stored {
    Created,
    Updated,
}

/// Stores one row. What another row or customer has already is found out by asking, because a statement that fails undoes everything.
fn store_row(db: &Db, by: &By, catalogue: &Catalogue, row: &Row) -> Result<Stored, Error> {
    let mac = row.checked.mac;
    let (place, customer) = find_place(db, &by.scope(), &row.checked.place)?;
    match store::device::by_mac(db, &Scope::Operator, mac) {
        Err(StoreError::NotFound) => {
            add_within(db, by, &row.checked, place)?;
            Ok(Stored::Created)
        }
        Ok(held) if held.device.place.customer == customer.id => {
            update_within(db, by, catalogue, &row.checked)?;
            Ok(Stored::Updated)
        }
        Ok(_) => Err(Error::Exists(format!("device {mac}, at another customer,"))),
        Err(error) => Err(error.into()),
    }
}

/// The column that an error speaks of, by its code.
fn field_of(error: &Error) -> &'static str {
    match error {
        Error::NotFound(what) if what.starts_with("customer") => "customer",
        Error::NotFound(what) if what.starts_with("site") => "site",
        Error::Exists(_) => "mac",
        other => match other.code() {
            "mac" => "mac",
            "model" | trusting::CODE => "type",
            "label" => "label",
            "serial" => "serial",
            "mac_id" => "mac_id",
            "too_many_lines" => "line1_user",
            _ => "",
        },
    }
}

fn failed_row(number: usize, field: &str, error: &Error) -> FailedRow {
    FailedRow { row: number, field: field.to_owned(), code: error.code().to_owned(), message: error.to_string() }
}
