//! File syntaxes: what a value may hold, how it is written, how a file is taken apart.

mod fanvil;
mod module;
mod panasonic;
mod patton;
mod xml;
mod yealink;

use std::borrow::Cow;

use serde::Deserialize;

use self::xml::Dialect;
use crate::error::ParseError;
use crate::limits::{PARSE_BYTES_MAX, VALUE_BYTES_MAX};

/// A file syntax.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Format {
    /// `key = value` lines under a `#!version` line; the value is the rest of the line, and nothing can be escaped.
    YealinkText,
    /// XML with an element for each P-number or alias.
    GrandstreamXml,
    /// XML with an element for each setting, several of the same name told apart by an index.
    SnomXml,
    /// XML with an attribute for each parameter.
    AttributeXml,
    /// XML with an element for each parameter, named after the label on the phone's own pages.
    FlatProfileXml,
    /// XML with name and value as attributes.
    GigasetXml,
    /// XML with an identifier and a value for each place in the memory of an older DECT base; texts stand in quotation marks of their own.
    GigasetProfileXml,
    /// `module.setting = value` lines; a module with a setting that the phone does not know is passed over.
    ModuleText,
    /// `NAME="value"` lines; nothing can be escaped.
    PanasonicText,
    /// Commands as typed at a console, in contexts that other commands open.
    PattonCli,
    /// XML with an element for each parameter, those of a line inside an element with its number.
    PanasonicXml,
    /// XML whose elements' path is the parameter's name.
    PathXml,
    /// `Name :value` lines in modules; nothing can be escaped.
    FanvilText,
    /// The same modules as XML.
    FanvilOldXml,
    /// Nested sections as XML.
    FanvilXml,
}

/// What tells one syntax from another. A new one is a file beside this one and a row in [`Format::syntax`].
pub(crate) trait Syntax: Sync {
    /// Says what is wrong with a value that a file of this syntax cannot carry; what no file can carry is refused before.
    fn check(&self, value: &str) -> Result<(), &'static str>;

    /// Writes a checked value.
    fn write(&self, value: &str, out: &mut Vec<u8>) {
        out.extend_from_slice(value.as_bytes());
    }

    /// How a line ends.
    fn line_end(&self) -> &'static str {
        "\n"
    }

    /// The parameter that a line of output sets, if it sets one, by the line's beginning. Where the line alone does not tell, the
    /// template says it with `is(name)`.
    fn parameter<'l>(&self, line: &'l str) -> Option<Cow<'l, str>>;

    /// Whether a raw parameter's name can only be a parameter's name.
    fn is_parameter(&self, name: &str) -> bool;

    /// What stands before and after the value of a raw parameter, whose name [`Syntax::is_parameter`] took.
    fn around(&self, parameter: &str) -> (String, String);

    /// Whether the first of several values of one parameter counts; otherwise the last.
    fn first_counts(&self) -> bool {
        false
    }

    /// Whether a file begins as one of this syntax: asked where a brand has several.
    fn fits(&self, _text: &str) -> bool {
        true
    }

    /// Takes a file apart into parameters, in order, repeated ones included. `include`: what a boot file names further files with.
    fn read(&self, text: &str, include: Option<&str>) -> Result<Taken, ParseError>;
}

impl Format {
    /// Its rules.
    pub(crate) fn syntax(self) -> &'static dyn Syntax {
        match self {
            Self::YealinkText => &yealink::Yealink,
            Self::PanasonicText => &panasonic::Panasonic,
            Self::PattonCli => &patton::Patton,
            Self::PanasonicXml => &Dialect::Panasonic,
            Self::PathXml => &Dialect::Path,
            Self::FanvilText => &fanvil::Text,
            Self::FanvilOldXml => &fanvil::Xml::Old,
            Self::FanvilXml => &fanvil::Xml::New,
            Self::GrandstreamXml => &Dialect::Grandstream,
            Self::SnomXml => &Dialect::Snom,
            Self::AttributeXml => &Dialect::Attributes,
            Self::FlatProfileXml => &Dialect::FlatProfile,
            Self::GigasetXml => &Dialect::Gigaset,
            Self::GigasetProfileXml => &Dialect::GigasetProfile,
            Self::ModuleText => &module::Module,
        }
    }

    /// Says what is wrong with a value that a file cannot carry unchanged.
    pub(crate) fn check(self, value: &str) -> Result<(), &'static str> {
        Self::check_for_all(value)?;
        self.syntax().check(value)
    }

    /// Says what is wrong with a value that no file of any syntax could carry.
    pub(crate) fn check_for_all(value: &str) -> Result<(), &'static str> {
        if value.len() > VALUE_BYTES_MAX {
            return Err("is longer than 1024 bytes");
        }
        let plain = value.bytes().all(|byte| (0x20..0x7f).contains(&byte));
        // The line separators are no control characters, yet a reader may take them for a line's end.
        if !plain && value.chars().any(|c| c.is_control() || matches!(c, '\u{2028}' | '\u{2029}')) {
            return Err("has a line break or control character");
        }
        if value.starts_with(char::is_whitespace) || value.ends_with(char::is_whitespace) {
            return Err("begins or ends with a blank, which the file cannot carry");
        }
        Ok(())
    }

    /// Whether a file begins as one of this syntax.
    pub(crate) fn fits(self, bytes: &[u8]) -> bool {
        std::str::from_utf8(bytes).is_ok_and(|text| self.syntax().fits(text))
    }

    /// Takes a file apart into parameters, in order, repeated ones included.
    pub(crate) fn read(self, bytes: &[u8], include: Option<&str>) -> Result<Taken, ParseError> {
        if bytes.len() > PARSE_BYTES_MAX {
            return Err(ParseError { line: 0, what: "the file is larger than 512 KiB" });
        }
        let text = std::str::from_utf8(bytes).map_err(|_| ParseError { line: 0, what: "the file is not UTF-8" })?;
        self.syntax().read(text, include)
    }
}

/// A file taken apart.
#[derive(Debug, Default)]
pub(crate) struct Taken {
    pub parameters: Vec<(String, String)>,
    pub includes: Vec<String>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_has_a_size() {
        let large = Format::YealinkText.read(&vec![b'x'; PARSE_BYTES_MAX + 1], None).err().unwrap();
        assert_eq!(large.to_string(), "line 0: the file is larger than 512 KiB");
        let latin = Format::SnomXml.read(b"<settings>\xe4</settings>", None).err().unwrap();
        assert_eq!(latin.to_string(), "line 0: the file is not UTF-8");
    }
}
