//! Phones out of a CSV file: all rows or none, unless the caller wants the good ones alone.

use std::collections::{BTreeMap, BTreeSet};

use brands::Catalogue;
use domain::Mac;
use domain::settings::{Line, Settings};
use serde::Serialize;
use store::Scope;
use store::{Db, StoreError};
use utoipa::ToSchema;

use super::device::{Checked, NewDevice, add_within, check, update_within};
use super::export::unsafe_again;
use super::tree::{NodeNames, find_place};
use super::{Admin, By, Error, handset, line, trusting};
use crate::limits::{IMPORT_BYTES_MAX, IMPORT_LINES_MAX, IMPORT_ROWS_MAX};

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
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
#[schema(as = ImportFailedRow)]
pub struct FailedRow {
    /// Its line in the file, the header being 1.
    pub row: usize,
    /// The column to look at; empty for the row as a whole.
    pub field: String,
    /// A stable code.
    pub code: &'static str,
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

/// Reads the file and adds or changes what it names. A phone that is there already gets the file's model, label, lines and settings;
/// it keeps its place and its authentication.
pub async fn run(admin: &Admin, by: &By, bytes: &[u8], mode: Mode) -> Result<Outcome, Error> {
    if bytes.len() > IMPORT_BYTES_MAX {
        return Err(Error::invalid("too_large", "an import file has at most 64 MiB"));
    }
    let (rows, begun) = read(&admin.catalogue, bytes)?;
    let by = by.clone();
    let ran = admin.store.try_write(move |db| {
        let mut outcome = begun.clone();
        for row in &rows {
            match store_row(db, &by, row) {
                Ok(Stored::Created) => outcome.created += 1,
                Ok(Stored::Updated) => outcome.updated += 1,
                Err(Error::Failed(why)) => return Err(Stop::Failed(Error::Failed(why))),
                Err(error) => outcome.failed.push(failed_row(row.number, field_of(&error), &error)),
            }
        }
        outcome.failed.sort_by_key(|failed| failed.row);
        let keep = !mode.dry_run && (mode.partial || outcome.failed.is_empty());
        if keep { Ok(Outcome { stored: true, ..outcome }) } else { Err(Stop::Wanted(outcome)) }
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
fn store_row(db: &Db, by: &By, row: &Row) -> Result<Stored, Error> {
    let mac = row.checked.mac;
    let (place, customer) = find_place(db, &by.scope(), &row.checked.place)?;
    match store::device::by_mac(db, &Scope::Operator, mac) {
        Err(StoreError::NotFound) => {
            add_within(db, by, &row.checked, place)?;
            Ok(Stored::Created)
        }
        Ok(held) if held.device.place.customer == customer.id => {
            update_within(db, by, &row.checked)?;
            Ok(Stored::Updated)
        }
        Ok(_) => Err(Error::Exists(format!("device {mac}, at another customer,"))),
        Err(error) => Err(error.into()),
    }
}

/// Reads and checks all rows that can be read; the others are failures from the start.
fn read(catalogue: &Catalogue, bytes: &[u8]) -> Result<(Vec<Row>, Outcome), Error> {
    let mut table = csv::ReaderBuilder::new().flexible(true).from_reader(bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes));
    let wrong = |error: csv::Error| Error::invalid("csv", format!("this is no CSV file: {error}"));
    let header: Vec<String> = table.headers().map_err(wrong)?.iter().map(|name| name.trim().to_owned()).collect();
    check_header(&header)?;
    let (mut rows, mut outcome, mut seen) = (Vec::new(), Outcome::default(), BTreeSet::<Mac>::new());
    for (at, record) in table.records().enumerate() {
        let number = at + 2;
        if at >= IMPORT_ROWS_MAX {
            return Err(Error::invalid("too_large", format!("an import file has at most {IMPORT_ROWS_MAX} rows")));
        }
        outcome.rows += 1;
        let cells = record.map_err(wrong)?;
        let new = read_row(&header, &cells.iter().map(unsafe_again).collect::<Vec<_>>());
        match new.and_then(|new| check(catalogue, new).map_err(|error| (field_of(&error).to_owned(), error))) {
            Ok(checked) if !seen.insert(checked.mac) => {
                let error = Error::invalid("duplicate", format!("device {} stands in this file already", checked.mac));
                outcome.failed.push(failed_row(number, "mac", &error));
            }
            Ok(checked) => rows.push(Row { number, checked }),
            Err((field, error)) => outcome.failed.push(failed_row(number, &field, &error)),
        }
    }
    Ok((rows, outcome))
}

fn check_header(header: &[String]) -> Result<(), Error> {
    let wrong = |message: String| Err(Error::invalid("header", message));
    if let Some(twice) = header.iter().enumerate().find(|(at, name)| header[..*at].contains(name)) {
        return wrong(format!("column {:?} stands twice in the header", twice.1));
    }
    if let Some(unknown) = header.iter().find(|name| !is_column(name)) {
        return wrong(format!(
            "unknown column {unknown:?}; there are {}, line1_user … line16_name, handset1_ipei …, setting:NAME, confirm",
            super::export::COLUMNS.join(", ")
        ));
    }
    let missing: Vec<&str> =
        ["vendor", "type", "mac", "customer"].into_iter().filter(|name| !header.iter().any(|have| have == name)).collect();
    if missing.is_empty() { Ok(()) } else { wrong(format!("the header lacks {}", missing.join(", "))) }
}

fn is_column(name: &str) -> bool {
    super::export::COLUMNS.contains(&name)
        || name == "confirm"
        || handset::column(name).is_some()
        || line_column(name).is_some()
        || name.strip_prefix("setting:").is_some_and(|key| !key.is_empty())
}

/// `line3_user` is field `user` of the third line.
fn line_column(name: &str) -> Option<(usize, &str)> {
    let (number, field) = name.strip_prefix("line")?.split_once('_')?;
    let number: usize = number.parse().ok().filter(|number| (1..=IMPORT_LINES_MAX).contains(number))?;
    let known = ["user", "password", "server", "extension", "name", "auth_user", "port", "transport", "outbound_proxy"];
    known.contains(&field).then_some((number, field))
}

/// One row's cells by their columns; an error names the column.
fn read_row(header: &[String], cells: &[&str]) -> Result<NewDevice, (String, Error)> {
    if cells.len() > header.len() {
        return Err((String::new(), Error::invalid("cells", "more cells than the header has columns")));
    }
    let cell = |name: &str| header.iter().position(|column| column == name).and_then(|at| cells.get(at)).map_or("", |cell| cell.trim());
    let mut lines: BTreeMap<usize, Line> = BTreeMap::new();
    let mut settings = Settings::new();
    for (name, value) in header.iter().zip(cells).filter(|(_, value)| !value.is_empty()) {
        if let Some((number, field)) = line_column(name) {
            let line = lines.entry(number).or_insert_with(line::empty);
            line::set(line, field, value).map_err(|error| (name.clone(), error))?;
        } else if let Some((key, (_, field))) = handset::column(name).and_then(|key| Some((key.clone(), handset::key(&key)?))) {
            settings.insert(key, handset::tidy(field, value).map_err(|error| (name.clone(), error))?);
        } else if let Some(key) = name.strip_prefix("setting:") {
            settings.insert(key.to_owned(), (*value).to_owned());
        }
    }
    for (number, line) in &lines {
        line.check().map_err(|error| (format!("line{number}_{}", error.field), Error::invalid("line", error)))?;
    }
    if lines.keys().copied().ne(1..=lines.len()) {
        return Err((format!("line{}_user", lines.len()), Error::invalid("line", "lines begin at line1_ and leave none out")));
    }
    let optional = |text: &str| (!text.is_empty()).then(|| text.to_owned());
    if cell("customer").is_empty() {
        return Err(("customer".to_owned(), Error::invalid("customer", "customer must not be empty")));
    }
    Ok(NewDevice {
        mac: cell("mac").to_owned(),
        place: NodeNames { reseller: None, customer: optional(cell("customer")), site: optional(cell("site")) },
        model: format!("{}/{}", cell("vendor"), cell("type")),
        label: cell("label").to_owned(),
        lines: lines.into_values().collect(),
        settings,
        by_trust: match cell("confirm") {
            "" => false,
            trusting::CONFIRMED => true,
            _ => return Err(("confirm".to_owned(), Error::invalid("confirm", format!("confirm is empty or {}", trusting::CONFIRMED)))),
        },
    })
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
            "too_many_lines" => "line1_user",
            _ => "",
        },
    }
}

fn failed_row(number: usize, field: &str, error: &Error) -> FailedRow {
    FailedRow { row: number, field: field.to_owned(), code: error.code(), message: error.to_string() }
}

#[cfg(test)]
mod tests {
    use super::*;

    type Failures = Vec<(usize, String, &'static str)>;

    fn outcome(text: &str) -> Result<(usize, Failures), String> {
        let (rows, outcome) = read(&Catalogue::embedded(), text.as_bytes()).map_err(|error| error.to_string())?;
        Ok((rows.len(), outcome.failed.into_iter().map(|failed| (failed.row, failed.field, failed.code)).collect()))
    }

    #[test]
    fn columns_come_in_any_order() {
        let text = "mac,type,vendor,customer,line1_user,line1_password,line1_server,setting:time_zone\n\
            00:15:65:00:00:01,T46S,yealink,Example Ltd,2001,\"a,b\",sip.example.com,+1\n";
        assert_eq!(outcome(text), Ok((1, vec![])));
        assert_eq!(outcome(&format!("\u{feff}{text}")), Ok((1, vec![])), "with the mark that spreadsheets put in front");
    }

    #[test]
    fn each_bad_row_names_its_column_and_code() {
        let header = "vendor,type,mac,customer,line1_user,line1_password,line1_server,line1_port,line3_user";
        let cases = [
            ("yealink,T46S,nonsense,C,,,,,", ("mac", "mac")),
            ("yealink,T99Z,001565000001,C,,,,,", ("type", "model")),
            ("yealink,T46S,001565000001,,,,,,", ("customer", "customer")),
            ("yealink,T46S,001565000001,C,2001,,sip.example.com,,", ("line1_password", "line")),
            ("yealink,T46S,001565000001,C,2001,x,sip.example.com,0,", ("line1_port", "line")),
            ("yealink,T46S,001565000001,C,,,,,,,,,", ("", "cells")),
        ];
        for (row, (field, code)) in cases {
            assert_eq!(outcome(&format!("{header}\n{row}\n")), Ok((0, vec![(2, field.to_owned(), code)])), "{row}");
        }
        let twice = format!("{header}\nyealink,T46S,001565000001,C,,,,,\nyealink,T46S,00-15-65-00-00-01,C,,,,,\n");
        assert_eq!(outcome(&twice), Ok((1, vec![(3, "mac".to_owned(), "duplicate")])));
    }

    #[test]
    fn a_wrong_header_is_refused_at_once() {
        for (text, part) in [
            ("mac\n001565000001\n", "lacks vendor, type, customer"),
            ("vendor,type,mac,customer,colour\n", "unknown column"),
            ("vendor,type,mac,customer,line17_user\n", "unknown column"),
            ("vendor,type,mac,mac,customer\n", "twice"),
        ] {
            let message = outcome(text).unwrap_err();
            assert!(message.contains(part), "{text:?}: {message}");
        }
    }
}
