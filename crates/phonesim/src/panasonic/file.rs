//! Configuration files as the phones read them: text that is thrown away whole for one wrong line, and UTG's XML.

use roxmltree::{Document, Node, ParsingOptions};

use crate::limits::{NODES_MAX, SETTINGS_MAX};

/// The first line begins with this, to the byte.
const HEADER: &str = "# Panasonic SIP Phone Standard Format File #";
/// TGP500 and TGP550.
const TGP_HEADER: &str = "# PCC Standard Format File #";
/// Lines longer than that are passed over, with their end.
const LINE_BYTES_MAX: usize = 537;
const NAME_CHARS_MAX: usize = 32;
const VALUE_CHARS_MAX: usize = 500;
/// UT: of all files together.
const UT_BYTES_MAX: usize = 120 * 1024;

/// Why a phone throws a file away.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub(super) enum NotAFile {
    #[error("it is not UTF-8")]
    Encoding,
    #[error("its first line is not that of the standard format")]
    Header,
    #[error("it does not end with an empty line")]
    End,
    #[error("a line does not end with CR LF")]
    LineEnd,
    #[error("line {0} is neither NAME=\"value\" nor a comment")]
    Line(usize),
    #[error("it is larger than the phone takes")]
    Size,
    #[error("it is no well-formed XML")]
    Xml,
    #[error("its root is not <PANASIPPhoneConfig>")]
    Root,
}

/// Parameters, each once with the value that counts.
pub(super) type Parameters = Vec<(String, String)>;

/// Reads a file for a model.
pub(super) fn read(bytes: &[u8], model: &str) -> Result<Parameters, NotAFile> {
    let text = std::str::from_utf8(bytes).map_err(|_| NotAFile::Encoding)?;
    if model.starts_with("UTG") {
        return xml(text);
    }
    if model.starts_with("UT") && bytes.len() > UT_BYTES_MAX {
        return Err(NotAFile::Size);
    }
    let header = if model.starts_with("TGP5") { TGP_HEADER } else { HEADER };
    plain(text, header)
}

fn plain(text: &str, header: &str) -> Result<Parameters, NotAFile> {
    if !text.starts_with(header) {
        return Err(NotAFile::Header);
    }
    if !text.ends_with("\r\n\r\n") {
        return Err(NotAFile::End);
    }
    let mut parameters = Parameters::new();
    for (number, line) in (1..).zip(text.split_terminator('\n')) {
        let line = line.strip_suffix('\r').ok_or(NotAFile::LineEnd)?;
        if line.is_empty() || line.starts_with('#') || line.len() + 2 > LINE_BYTES_MAX {
            continue;
        }
        let pair = line.split_once("=\"").and_then(|(name, rest)| Some((name, rest.strip_suffix('"')?)));
        let (name, value) = pair.filter(|(name, value)| is_name(name) && !value.contains('"')).ok_or(NotAFile::Line(number))?;
        let is_first = parameters.iter().all(|(known, _)| known != name);
        if is_first && value.chars().count() <= VALUE_CHARS_MAX && parameters.len() < SETTINGS_MAX {
            parameters.push((name.to_owned(), value.to_owned()));
        }
    }
    Ok(parameters)
}

fn is_name(name: &str) -> bool {
    let plain = name.bytes().all(|byte| byte.is_ascii_uppercase() || byte.is_ascii_digit() || byte == b'_');
    plain && !name.is_empty() && name.len() <= NAME_CHARS_MAX
}

/// UTG: the last of several counts, and a line's parameters stand inside `<Line idx="n">`.
fn xml(text: &str) -> Result<Parameters, NotAFile> {
    let options = ParsingOptions { allow_dtd: false, nodes_limit: NODES_MAX, ..ParsingOptions::default() };
    let document = Document::parse_with_options(text, options).map_err(|_| NotAFile::Xml)?;
    if !document.root_element().has_tag_name("PANASIPPhoneConfig") {
        return Err(NotAFile::Root);
    }
    let mut parameters = Parameters::new();
    for element in document.descendants().filter(|node| node.is_element() && is_name(node.tag_name().name())) {
        let name = name_of(element);
        let value = element.text().unwrap_or_default().to_owned();
        parameters.retain(|(known, _)| *known != name);
        if parameters.len() < SETTINGS_MAX {
            parameters.push((name, value));
        }
    }
    Ok(parameters)
}

fn name_of(element: Node<'_, '_>) -> String {
    let name = element.tag_name().name();
    let line = element.ancestors().find(|above| above.has_tag_name("Line")).and_then(|line| line.attribute("idx"));
    line.map_or_else(|| name.to_owned(), |line| format!("{name}_{line}"))
}
