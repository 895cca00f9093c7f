//! `NAME="value"` lines that end with CR LF, under a first line that the phone insists on, as Panasonic's phones read them.

use std::borrow::Cow;

use super::{Syntax, Taken};
use crate::error::ParseError;
use crate::limits::PARSE_LINES_MAX;

/// What the first line begins with; a file without it is thrown away whole.
const HEADERS: [&str; 2] = ["# Panasonic SIP Phone Standard Format File #", "# PCC Standard Format File #"];
/// The longest value that phones take, in characters.
const VALUE_CHARS_MAX: usize = 500;
/// The longest name.
const NAME_CHARS_MAX: usize = 32;

/// The syntax.
pub(super) struct Panasonic;

impl Syntax for Panasonic {
    fn check(&self, value: &str) -> Result<(), &'static str> {
        check(value)
    }

    fn line_end(&self) -> &'static str {
        "\r\n"
    }

    fn parameter<'l>(&self, line: &'l str) -> Option<Cow<'l, str>> {
        let (name, _) = line.split_once("=\"")?;
        is_parameter(name).then_some(Cow::Borrowed(name))
    }

    fn is_parameter(&self, name: &str) -> bool {
        is_parameter(name)
    }

    fn around(&self, parameter: &str) -> (String, String) {
        (format!("{parameter}=\""), "\"".to_owned())
    }

    fn first_counts(&self) -> bool {
        true
    }

    fn fits(&self, text: &str) -> bool {
        text.starts_with('#')
    }

    fn read(&self, text: &str, _include: Option<&str>) -> Result<Taken, ParseError> {
        read(text)
    }
}

/// A quotation mark cannot be escaped: no document says how.
fn check(value: &str) -> Result<(), &'static str> {
    if value.contains('"') {
        return Err("has a quotation mark, which the file cannot carry");
    }
    if value.chars().count() > VALUE_CHARS_MAX { Err("is longer than 500 characters") } else { Ok(()) }
}

/// Whether a name can only be a parameter's.
fn is_parameter(name: &str) -> bool {
    let plain = name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_');
    plain && name.len() <= NAME_CHARS_MAX && name.starts_with(|c: char| c.is_ascii_alphabetic())
}

/// Takes a file apart.
fn read(text: &str) -> Result<Taken, ParseError> {
    let mut taken = Taken::default();
    let mut lines = text.split('\n').map(|line| line.strip_suffix('\r').unwrap_or(line)).zip(1..);
    if !lines.next().is_some_and(|(first, _)| HEADERS.iter().any(|header| first.starts_with(header))) {
        return Err(ParseError { line: 1, what: "the first line is not that of the standard format" });
    }
    for (line, number) in lines {
        if number > PARSE_LINES_MAX {
            return Err(ParseError { line: number, what: "the file has more than 16384 lines" });
        }
        if line.is_empty() || line.starts_with('#') {
            continue;
        }
        let pair = line.split_once("=\"").and_then(|(name, rest)| Some((name, rest.strip_suffix('"')?)));
        let (name, value) = pair.ok_or(ParseError { line: number, what: "neither NAME=\"value\" nor a comment" })?;
        if !is_parameter(name) {
            return Err(ParseError { line: number, what: "the name is none" });
        }
        if value.contains('"') {
            return Err(ParseError { line: number, what: "a quotation mark inside the value" });
        }
        taken.parameters.push((name.to_owned(), value.to_owned()));
    }
    Ok(taken)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_is_taken_apart_as_a_phone_does() {
        let taken =
            read("# Panasonic SIP Phone Standard Format File # DO NOT CHANGE THIS LINE!\r\n\r\n# remark\r\nA_1=\"x y=z\"\r\nB=\"\"\r\n")
                .unwrap();
        let pairs: Vec<_> = taken.parameters.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
        assert_eq!(pairs, [("A_1", "x y=z"), ("B", "")]);
    }

    #[test]
    fn errors_name_the_line() {
        let refused = |text: &str| read(text).err().unwrap().to_string();
        assert_eq!(refused("A=\"1\"\r\n"), "line 1: the first line is not that of the standard format");
        let header = HEADERS[1];
        assert_eq!(refused(&format!("{header}\r\nA=1\r\n")), "line 2: neither NAME=\"value\" nor a comment");
        assert_eq!(refused(&format!("{header}\r\nA =\"1\"\r\n")), "line 2: the name is none");
        assert_eq!(refused(&format!("{header}\r\n\r\nA=\"1\" B=\"2\"\r\n")), "line 3: a quotation mark inside the value");
    }

    #[test]
    fn a_quotation_mark_is_refused() {
        assert!(check("it's = fine; # too").is_ok());
        assert!(check("a\"b").is_err() && check(&"x".repeat(501)).is_err());
    }
}
