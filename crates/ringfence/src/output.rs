//! Printing: JSON for programs, plain lines for people.

use std::io::Write;

use serde::Serialize;

use crate::failure::Failure;

/// How this command prints.
#[derive(Clone, Copy, Debug)]
pub struct Output {
    /// JSON instead of lines.
    pub json: bool,
}

impl Output {
    /// JSON or lines.
    pub fn new(json: bool) -> Self {
        Self { json }
    }

    /// Prints a value: as JSON, or in words.
    pub fn print(self, value: &impl Serialize, words: impl FnOnce() -> String) -> Result<(), Failure> {
        let text = if self.json {
            serde_json::to_string_pretty(value).map_err(|error| Failure::refused(format!("cannot print: {error}")))?
        } else {
            words()
        };
        write_out(text.trim_end_matches('\n').as_bytes(), true)
    }

    /// Prints a value as JSON, or a text as it is, to its last byte.
    pub fn verbatim(self, value: &impl Serialize, text: &str) -> Result<(), Failure> {
        if self.json { self.print(value, String::new) } else { write_out(text.as_bytes(), false) }
    }

    /// Prints CSV: as it is, or as one JSON text.
    pub fn csv(self, bytes: &[u8]) -> Result<(), Failure> {
        if self.json {
            return self.print(&serde_json::json!({ "csv": String::from_utf8_lossy(bytes) }), String::new);
        }
        write_out(bytes, false)
    }
}

/// A reader that has seen enough (`| head`) is no failure.
fn write_out(bytes: &[u8], line: bool) -> Result<(), Failure> {
    let mut out = std::io::stdout().lock();
    let written = out.write_all(bytes).and_then(|()| if line { out.write_all(b"\n") } else { Ok(()) }).and_then(|()| out.flush());
    match written {
        Err(error) if error.kind() != std::io::ErrorKind::BrokenPipe => Err(Failure::refused(format!("standard output: {error}"))),
        _ => Ok(()),
    }
}

/// Rows under headings, each column as wide as its widest cell.
pub fn table(headings: &[&str], rows: &[Vec<String>]) -> String {
    let width = |at: usize| rows.iter().map(|row| row[at].chars().count()).chain([headings[at].len()]).max().unwrap_or(0);
    let widths: Vec<usize> = (0..headings.len()).map(width).collect();
    let line = |cells: Vec<&str>| {
        let padded: Vec<String> = cells.iter().zip(&widths).map(|(cell, width)| format!("{cell:<width$}")).collect();
        padded.join("  ").trim_end().to_owned()
    };
    let mut lines = vec![line(headings.to_vec())];
    lines.extend(rows.iter().map(|row| line(row.iter().map(String::as_str).collect())));
    lines.join("\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tables_stand_straight() {
        let rows = [vec!["001565000001".to_owned(), "Büro".to_owned()], vec!["-".to_owned(), String::new()]];
        assert_eq!(table(&["MAC", "SITE"], &rows), "MAC           SITE\n001565000001  Büro\n-");
    }
}
