//! File syntaxes: what a value may hold, how it is written, how a file is taken apart.

use serde::Deserialize;

use crate::error::ParseError;
use crate::limits::{PARSE_BYTES_MAX, PARSE_LINES_MAX, VALUE_BYTES_MAX};

/// A file syntax.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Format {
    /// `key = value` lines under a `#!version` line; the value is the rest of the line, and nothing can be escaped.
    YealinkText,
}

/// The first line of every file in [`Format::YealinkText`]; the phone refuses a file without it.
const YEALINK_HEADER: &str = "#!version:1.0.0.1";

impl Format {
    /// Says what is wrong with a value that a file cannot carry unchanged.
    pub(crate) fn check(self, value: &str) -> Result<(), &'static str> {
        if value.len() > VALUE_BYTES_MAX {
            return Err("is longer than 1024 bytes");
        }
        let plain = value.bytes().all(|byte| (0x20..0x7f).contains(&byte));
        // The line separators are no control characters, yet a reader may take them for a line's end.
        if !plain && value.chars().any(|c| c.is_control() || matches!(c, '\u{2028}' | '\u{2029}')) {
            return Err("has a line break or control character");
        }
        match self {
            Self::YealinkText if value.starts_with(char::is_whitespace) || value.ends_with(char::is_whitespace) => {
                Err("begins or ends with a blank, which the file cannot carry")
            }
            Self::YealinkText => Ok(()),
        }
    }

    /// Writes a checked value.
    pub(crate) fn write(self, value: &str, out: &mut Vec<u8>) {
        match self {
            Self::YealinkText => out.extend_from_slice(value.as_bytes()),
        }
    }

    /// The parameter that a line of output sets, if it sets one.
    pub(crate) fn parameter(self, line: &str) -> Option<&str> {
        match self {
            Self::YealinkText => {
                let (key, _) = line.split_once('=')?;
                let key = key.trim();
                (!key.is_empty() && !key.starts_with('#')).then_some(key)
            }
        }
    }

    /// Whether a raw parameter's name can only be a parameter's name.
    pub(crate) fn is_parameter(self, name: &str) -> bool {
        match self {
            Self::YealinkText => {
                let plain = name.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'_' | b'-'));
                plain && name.starts_with(|c: char| c.is_ascii_alphanumeric())
            }
        }
    }

    /// Takes a file apart into parameters, in order, repeated ones included.
    pub(crate) fn read(self, bytes: &[u8], include: Option<&str>) -> Result<Taken, ParseError> {
        if bytes.len() > PARSE_BYTES_MAX {
            return Err(ParseError { line: 0, what: "the file is larger than 512 KiB" });
        }
        let at = |line: usize| move |what: &'static str| ParseError { line, what };
        let text = std::str::from_utf8(bytes).map_err(|_| at(0)("the file is not UTF-8"))?;
        match self {
            Self::YealinkText => read_yealink(text, include),
        }
    }
}

/// A file taken apart.
#[derive(Default)]
pub(crate) struct Taken {
    pub parameters: Vec<(String, String)>,
    pub includes: Vec<String>,
}

fn read_yealink(text: &str, include: Option<&str>) -> Result<Taken, ParseError> {
    let mut taken = Taken::default();
    let mut lines = text.split('\n').map(|line| line.strip_suffix('\r').unwrap_or(line)).zip(1..);
    if lines.next().is_none_or(|(first, _)| first.trim_end() != YEALINK_HEADER) {
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
        Format::YealinkText.read(text.as_bytes(), Some("include:config"))
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
        let large = Format::YealinkText.read(&vec![b'x'; PARSE_BYTES_MAX + 1], None).err().unwrap();
        assert_eq!(large.to_string(), "line 0: the file is larger than 512 KiB");
    }
}
