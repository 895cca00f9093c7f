//! The rows of a CSV file, each checked by itself.

use std::collections::{BTreeMap, BTreeSet};

use brands::Catalogue;
use domain::Mac;
use domain::settings::{Line, Settings};

use super::{Outcome, Row, failed_row, field_of};
use crate::admin::device::{NewDevice, check, turns_direction};
use crate::admin::export::unsafe_again;
use crate::admin::redirect::Label;
use crate::admin::tree::NodeNames;
use crate::admin::{Error, handset, line, trusting};
use crate::limits::{IMPORT_CELL_BYTES_MAX, IMPORT_LINES_MAX, IMPORT_ROWS_MAX};

/// Reads and checks all rows that can be read; the others are failures from the start.
pub(super) fn read(catalogue: &Catalogue, bytes: &[u8]) -> Result<(Vec<Row>, Outcome), Error> {
    if bytes.starts_with(b"\xff\xfe") || bytes.starts_with(b"\xfe\xff") {
        return Err(Error::invalid("csv", "this file is UTF-16; save it as “CSV UTF-8”"));
    }
    let bytes = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes);
    let mut table = csv::ReaderBuilder::new().flexible(true).from_reader(bytes);
    let wrong = |error: csv::Error| Error::invalid("csv", format!("this is no CSV file: {error}"));
    let header = table.byte_headers().map_err(wrong)?.clone();
    let header: Vec<String> = header.iter().map(|name| String::from_utf8_lossy(name).trim().to_owned()).collect();
    check_header(&header)?;
    let (mut rows, mut outcome, mut seen, mut last) = (Vec::new(), Outcome::default(), BTreeSet::<Mac>::new(), None);
    let mut reached = Reached { at: 0, number: 1 };
    for record in table.byte_records() {
        if outcome.rows >= IMPORT_ROWS_MAX {
            return Err(Error::invalid("too_large", format!("an import file has at most {IMPORT_ROWS_MAX} rows")));
        }
        outcome.rows += 1;
        let record = record.map_err(wrong)?;
        let number = reached.of(bytes, record.position().map_or(0, csv::Position::byte));
        last = Some((reached.at, number));
        let new =
            cells(&header, &record).and_then(|cells| read_row(&header, &cells.iter().map(|cell| unsafe_again(cell)).collect::<Vec<_>>()));
        match new.and_then(|new| check(catalogue, new).map_err(|error| (field_of(&error).to_owned(), error))) {
            Ok(checked) if !seen.insert(checked.mac) => {
                let error = Error::invalid("duplicate", format!("device {} stands in this file already", checked.mac));
                outcome.failed.push(failed_row(number, "mac", &error));
            }
            Ok(checked) => rows.push(Row { number, checked }),
            Err((field, error)) => outcome.failed.push(failed_row(number, &field, &error)),
        }
    }
    // A quote that nothing closes makes one cell of all that follows, so only the last row can have one.
    if let Some((at, number)) = last.filter(|(at, _)| ends_in_a_quote(&bytes[*at..])) {
        let error = Error::invalid("quote", "a quote is opened here and never closed; is the file whole?");
        rows.retain(|row: &Row| row.number != number);
        outcome.failed.retain(|failed| failed.row != number);
        outcome.failed.push(failed_row(number, open_column(&header, &bytes[at..]), &error));
    }
    Ok((rows, outcome))
}

/// The line of the file that was reached: blank ones count, and those inside quotes.
struct Reached {
    at: usize,
    number: usize,
}

impl Reached {
    /// The number of the line on which a row begins that the reader looked for from `from` on.
    fn of(&mut self, bytes: &[u8], from: u64) -> usize {
        let from = usize::try_from(from).unwrap_or(usize::MAX).min(bytes.len());
        let begins = from + bytes[from..].iter().take_while(|byte| matches!(byte, b'\r' | b'\n')).count();
        self.number += bytes[self.at..begins].split(|byte| *byte == b'\n').count() - 1;
        self.at = begins;
        self.number
    }
}

/// The column whose cell is still open at the end of the last row.
fn open_column<'a>(header: &'a [String], row: &[u8]) -> &'a str {
    let mut table = csv::ReaderBuilder::new().has_headers(false).flexible(true).from_reader(row);
    let cells = table.byte_records().next().and_then(Result::ok).map_or(0, |record| record.len());
    cells.checked_sub(1).and_then(|at| header.get(at)).map_or("", String::as_str)
}

/// Whether the last row, which begins here, is still inside quotes at its end. A quote within a cell that has none around is a letter.
fn ends_in_a_quote(row: &[u8]) -> bool {
    let (mut inside, mut begins) = (false, true);
    let mut rest = row.iter().peekable();
    while let Some(byte) = rest.next() {
        match byte {
            b'"' if inside && rest.peek() == Some(&&b'"') => drop(rest.next()),
            b'"' if inside => inside = false,
            b'"' if begins => inside = true,
            _ => {}
        }
        begins = !inside && matches!(byte, b',' | b'\n' | b'\r');
    }
    inside
}

/// A row's cells as text, if they can be any device's; an error names the column.
fn cells<'a>(header: &[String], record: &'a csv::ByteRecord) -> Result<Vec<&'a str>, (String, Error)> {
    let column = |at: usize| header.get(at).cloned().unwrap_or_default();
    let cell = |(at, bytes): (usize, &'a [u8])| {
        let wrong = |why: &str| (column(at), Error::invalid("cell", why));
        if bytes.len() > IMPORT_CELL_BYTES_MAX {
            return Err(wrong(&format!("a cell has at most {IMPORT_CELL_BYTES_MAX} bytes")));
        }
        let text = std::str::from_utf8(bytes).map_err(|_| wrong("this is no UTF-8; save the file as “CSV UTF-8”"))?;
        match text.chars().find(|c| c.is_control() && *c != '\t' || turns_direction(*c)) {
            Some('\n' | '\r') => Err(wrong("a cell has no line breaks; is a quote left open?")),
            Some('\0') => Err(wrong("a cell holds a NUL")),
            Some(c) if turns_direction(c) => Err(wrong("a cell holds a character that turns the direction of writing")),
            Some(_) => Err(wrong("a cell holds a control character")),
            None => Ok(text),
        }
    };
    record.iter().enumerate().map(cell).collect()
}

fn check_header(header: &[String]) -> Result<(), Error> {
    let wrong = |message: String| Err(Error::invalid("header", message));
    if let [only] = header
        && only.contains(';')
    {
        return wrong("this file separates its columns by semicolons; they are separated by commas".to_owned());
    }
    if let Some(twice) = header.iter().enumerate().find(|(at, name)| header[..*at].contains(name)) {
        return wrong(format!("column {:?} stands twice in the header", twice.1));
    }
    if let Some(unknown) = header.iter().find(|name| !is_column(name)) {
        return wrong(format!(
            "unknown column {unknown:?}; there are {}, line1_user … line16_name, handset1_ipei …, setting:NAME, serial, mac_id, confirm",
            crate::admin::export::COLUMNS.join(", ")
        ));
    }
    let missing: Vec<&str> =
        ["vendor", "type", "mac", "customer"].into_iter().filter(|name| !header.iter().any(|have| have == name)).collect();
    if missing.is_empty() { Ok(()) } else { wrong(format!("the header lacks {}", missing.join(", "))) }
}

fn is_column(name: &str) -> bool {
    crate::admin::export::COLUMNS.contains(&name)
        || ["serial", "mac_id", "confirm"].contains(&name)
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
        printed: Label { serial: optional(cell("serial")), mac_id: optional(cell("mac_id")) },
        by_trust: match cell("confirm") {
            "" => false,
            trusting::CONFIRMED => true,
            _ => return Err(("confirm".to_owned(), Error::invalid("confirm", format!("confirm is empty or {}", trusting::CONFIRMED)))),
        },
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    type Failures = Vec<(usize, String, String)>;

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
        let header = "vendor,type,mac,customer,line1_user,line1_password,line1_server,line1_port,line3_user,serial,mac_id";
        let cases = [
            ("yealink,T46S,nonsense,C,,,,,", ("mac", "mac")),
            ("yealink,T99Z,001565000001,C,,,,,", ("type", "model")),
            ("yealink,T46S,001565000001,,,,,,", ("customer", "customer")),
            ("yealink,T46S,001565000001,C,2001,,sip.example.com,,", ("line1_password", "line")),
            ("yealink,T46S,001565000001,C,2001,x,sip.example.com,0,", ("line1_port", "line")),
            ("yealink,T46S,001565000001,C,,,,,,a b,", ("serial", "serial")),
            ("yealink,T46S,001565000001,C,,,,,,,ABC", ("mac_id", "mac_id")),
            ("yealink,T46S,001565000001,C,,,,,,,,,,,", ("", "cells")),
        ];
        for (row, (field, code)) in cases {
            assert_eq!(outcome(&format!("{header}\n{row}\n")), Ok((0, vec![(2, field.to_owned(), code.to_owned())])), "{row}");
        }
        let twice = format!("{header}\nyealink,T46S,001565000001,C,,,,,\nyealink,T46S,00-15-65-00-00-01,C,,,,,\n");
        assert_eq!(outcome(&twice), Ok((1, vec![(3, "mac".to_owned(), "duplicate".to_owned())])));
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
