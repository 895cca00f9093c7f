//! `key = value` lines under a `#!version` line, as Yealink's phones read them.

use std::borrow::Cow;

use super::{Syntax, Taken};
use crate::error::ParseError;
use crate::limits::PARSE_LINES_MAX;

/// The first line of every file; the phone refuses a file without it.
const HEADER: &str = "#!version:1.0.0.1";

/// The syntax. Every value that is one line can be carried.
pub(super) struct Yealink;

impl Syntax for Yealink {
    fn check(&self, _value: &str) -> Result<(), &'static str> {
        Ok(())
    }

    fn parameter<'l>(&self, line: &'l str) -> Option<Cow<'l, str>> {
        let (key, _) = line.split_once('=')?;
        let key = key.trim();
        (!key.is_empty() && !key.starts_with('#')).then_some(Cow::Borrowed(key))
    }

    fn is_parameter(&self, name: &str) -> bool {
        is_parameter(name)
    }

    fn around(&self, parameter: &str) -> (String, String) {
        (format!("{parameter} = "), String::new())
    }

    fn read(&self, text: &str, include: Option<&str>) -> Result<Taken, ParseError> {
        read(text, include)
    }
}

/// Whether a name can only be a parameter's.
fn is_parameter(name: &str) -> bool {
    let plain = name.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'_' | b'-'));
    plain && name.starts_with(|c: char| c.is_ascii_alphanumeric())
}

/// Takes a file apart. `include` is what a boot file names further files with.
fn read(text: &str, include: Option<&str>) -> Result<Taken, ParseError> {
    let mut taken = Taken::default();
    let mut lines = text.split('\n').map(|line| line.strip_suffix('\r').unwrap_or(line)).zip(1..);
    if lines.next().is_none_or(|(first, _)| first.trim_end() != HEADER) {
        return Err(ParseError { line: 1, what: "the first line is not #!version:1.0.0.1" });
    }
    for (line, number) in lines {
        if number > PARSE_LINES_MAX {
            return Err(ParseError { line: number, what: "the file has more than 16384 lines" });
        }
        let line = line.trim();
        if line.is_empty() || line.starts_with('#') {
            continue;
        }
        // `[T46S,T48S]include:config x.cfg`: for these models only.
        let for_all = line.strip_prefix('[').and_then(|line| line.split_once(']')).map_or(line, |(_, rest)| rest.trim_start());
        if let Some(path) = include.and_then(|include| for_all.strip_prefix(include)) {
            taken.includes.push(path.trim().trim_matches('"').to_owned());
            continue;
        }
        let (key, value) = line.split_once('=').ok_or(ParseError { line: number, what: "neither key = value nor a comment" })?;
        let key = key.trim();
        if key.is_empty() {
            return Err(ParseError { line: number, what: "no key before the =" });
        }
        taken.parameters.push((key.to_owned(), value.trim().to_owned()));
    }
    Ok(taken)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Result<Taken, ParseError> {
        super::read(text, Some("include:config"))
    }

    #[test]
    fn a_file_is_taken_apart_as_a_phone_does() {
        let taken = read(
            "#!version:1.0.0.1\r\n# remark\n\na.b=1\n a.c =  x = y # z \na.b = \ninclude:config \"m.cfg\"\n[T46S]include:config n.cfg",
        )
        .unwrap();
        let pairs: Vec<_> = taken.parameters.iter().map(|(key, value)| (key.as_str(), value.as_str())).collect();
        assert_eq!(pairs, [("a.b", "1"), ("a.c", "x = y # z"), ("a.b", "")]);
        assert_eq!(taken.includes, ["m.cfg", "n.cfg"]);
    }

    #[test]
    fn errors_name_the_line() {
        let refused = |text: &str| read(text).err().unwrap().to_string();
        assert_eq!(refused("a = 1"), "line 1: the first line is not #!version:1.0.0.1");
        assert_eq!(refused(""), "line 1: the first line is not #!version:1.0.0.1");
        assert_eq!(refused("#!version:1.0.0.1\na = 1\nnonsense"), "line 3: neither key = value nor a comment");
        assert_eq!(refused("#!version:1.0.0.1\n = 1"), "line 2: no key before the =");
        assert_eq!(refused(&format!("#!version:1.0.0.1{}", "\n".repeat(20_000))), "line 16385: the file has more than 16384 lines");
    }
}
