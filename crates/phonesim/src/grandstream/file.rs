//! The XML files, as a phone reads them.

use domain::Mac;
use roxmltree::{Document, ParsingOptions};

use super::names;
use crate::firmware::Unit;
use crate::limits::{NODES_MAX, SETTINGS_MAX};
use crate::salted;

/// A file taken apart, under the keys that flash has.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct File {
    pub values: Vec<(String, String)>,
}

/// Why a phone passes a file over.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub(super) enum NotAFile {
    #[error("it is encrypted, and P1359 does not open it")]
    Sealed,
    #[error("it is not UTF-8")]
    Encoding,
    #[error("it is no well-formed XML")]
    Xml,
    #[error("its root is not <gs_provision>")]
    Root,
    #[error("it is another phone's: the MAC in it differs")]
    Mac,
    #[error("it has no <config> in a style that this firmware reads")]
    Style,
}

impl File {
    /// Reads a file for this phone.
    pub fn read(bytes: &[u8], unit: Unit<'_>) -> Result<Self, NotAFile> {
        let opened;
        let bytes = if salted::is_sealed(bytes) {
            opened = salted::open(bytes, unit.text("P1359").ok_or(NotAFile::Sealed)?).ok_or(NotAFile::Sealed)?;
            &opened
        } else {
            bytes
        };
        let text = std::str::from_utf8(bytes).map_err(|_| NotAFile::Encoding)?;
        let options = ParsingOptions { allow_dtd: false, nodes_limit: NODES_MAX, ..ParsingOptions::default() };
        let document = Document::parse_with_options(text, options).map_err(|_| NotAFile::Xml)?;
        let root = document.root_element();
        if !root.has_tag_name("gs_provision") {
            return Err(NotAFile::Root);
        }
        let mac = root.children().find(|child| child.has_tag_name("mac")).and_then(|child| child.text());
        if mac.is_some_and(|mac| mac.trim().parse::<Mac>() != Ok(unit.identity.mac)) {
            return Err(NotAFile::Mac);
        }
        let config = root.children().find(|child| child.has_tag_name("config")).ok_or(NotAFile::Style)?;
        let style = config.attribute("version").unwrap_or("1");
        let read = match style {
            "1" if names::reads_numbers(unit.identity) => number,
            "2" if names::reads_names(unit.identity) => item,
            _ => return Err(NotAFile::Style),
        };
        let values = config.children().filter(roxmltree::Node::is_element).filter_map(read).take(SETTINGS_MAX).collect();
        Ok(Self { values })
    }
}

/// `<P271>1</P271>`. Anything else is passed over.
fn number(node: roxmltree::Node<'_, '_>) -> Option<(String, String)> {
    let name = node.tag_name().name();
    let is_number = name.strip_prefix('P').is_some_and(|rest| !rest.is_empty() && rest.bytes().all(|digit| digit.is_ascii_digit()));
    is_number.then(|| (name.to_owned(), node.text().unwrap_or_default().trim().to_owned()))
}

/// `<item name="account.1.enable">Yes</item>`.
fn item(node: roxmltree::Node<'_, '_>) -> Option<(String, String)> {
    let name = node.attribute("name").filter(|_| node.has_tag_name("item"))?;
    Some(names::numbered(name, node.text().unwrap_or_default().trim()))
}
