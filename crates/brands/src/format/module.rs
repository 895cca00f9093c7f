//! `module.setting = value` lines, as Snom's phones on VTech's platform read them (C520, C620, M100, M200, M500).

use std::borrow::Cow;

use super::{Syntax, Taken};
use crate::error::ParseError;
use crate::limits::PARSE_LINES_MAX;

/// The longest name; the longest of the manuals has about 70 characters.
const NAME_BYTES_MAX: usize = 128;

/// The syntax.
pub(super) struct Module;

impl Syntax for Module {
    /// Nothing can be escaped, and no document says what a `#` inside a value means.
    fn check(&self, value: &str) -> Result<(), &'static str> {
        if value.starts_with('#') { Err("begins with a #, which may begin a comment") } else { Ok(()) }
    }

    fn parameter<'l>(&self, line: &'l str) -> Option<Cow<'l, str>> {
        let (name, _) = line.split_once('=')?;
        Some(name.trim()).filter(|name| is_parameter(name)).map(Cow::Borrowed)
    }

    fn is_parameter(&self, name: &str) -> bool {
        is_parameter(name)
    }

    fn around(&self, parameter: &str) -> (String, String) {
        (format!("{parameter} = "), String::new())
    }

    fn read(&self, text: &str, _include: Option<&str>) -> Result<Taken, ParseError> {
        let mut taken = Taken::default();
        for (line, number) in text.split('\n').zip(1..) {
            if number > PARSE_LINES_MAX {
                return Err(ParseError { line: number, what: "the file has more than 16384 lines" });
            }
            let line = line.trim();
            if line.is_empty() || line.starts_with('#') {
                continue;
            }
            let (name, value) =
                line.split_once('=').ok_or(ParseError { line: number, what: "neither module.setting = value nor a comment" })?;
            let name = name.trim();
            if !is_parameter(name) {
                return Err(ParseError { line: number, what: "the name is no setting of a module" });
            }
            taken.parameters.push((name.to_owned(), value.trim().to_owned()));
        }
        Ok(taken)
    }
}

/// A module's name and what stands below it, with dots between.
fn is_parameter(name: &str) -> bool {
    let word = |word: &str| !word.is_empty() && word.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_');
    let begins = name.starts_with(|c: char| c.is_ascii_alphabetic());
    begins && name.contains('.') && name.len() <= NAME_BYTES_MAX && name.split('.').all(word)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Result<Taken, ParseError> {
        Module.read(text, None)
    }

    #[test]
    fn a_file_is_taken_apart() {
        let taken = read("# remark\r\nprovisioning.resync_time = 60\n\n sip_account.1.label=x = y\nlog.a =\n").unwrap();
        let pairs: Vec<_> = taken.parameters.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
        assert_eq!(pairs, [("provisioning.resync_time", "60"), ("sip_account.1.label", "x = y"), ("log.a", "")]);
    }

    #[test]
    fn errors_name_the_line() {
        let refused = |text: &str| read(text).err().unwrap().to_string();
        assert_eq!(refused("a.b = 1\nnonsense"), "line 2: neither module.setting = value nor a comment");
        assert_eq!(refused("label = x"), "line 1: the name is no setting of a module");
        assert_eq!(refused("sip account.1 = x"), "line 1: the name is no setting of a module");
    }

    #[test]
    fn names_are_names() {
        for name in ["", "label", ".label", "a..b", "a.b c", "a.b=", "1.a", "a.ä"] {
            assert!(!is_parameter(name), "{name:?}");
        }
        assert!(is_parameter("sip_account.1.codec_priority.2"));
        assert!(Module.check("#1").is_err() && Module.check("a#1").is_ok());
        assert_eq!(Module.parameter("sip_account.1.label = ").as_deref(), Some("sip_account.1.label"));
    }
}
