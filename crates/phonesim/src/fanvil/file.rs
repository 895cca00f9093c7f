//! The three kinds of file, as phones read them.

use std::fmt::Write as _;

use roxmltree::{Document, Node, ParsingOptions};

use super::Generation;
use crate::limits::{NODES_MAX, SETTINGS_MAX};

/// A file taken apart, under the keys that flash has.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct File {
    /// As it is written, `2.0002`.
    pub version: String,
    pub settings: Vec<(String, String)>,
}

/// Why a phone passes a file over.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub(super) enum NotAFile {
    #[error("it is not UTF-8")]
    Encoding,
    #[error("it does not begin with <<VOIP CONFIG FILE>> and a version")]
    Header,
    #[error("it does not end with <<END OF FILE>>")]
    End,
    #[error("a setting stands in no module")]
    Module,
    #[error("it is no well-formed XML")]
    Xml,
    #[error("its root is not the one of this generation")]
    Root,
}

impl File {
    pub fn read(bytes: &[u8], generation: Generation) -> Result<Self, NotAFile> {
        let text = std::str::from_utf8(bytes).map_err(|_| NotAFile::Encoding)?;
        match generation {
            Generation::First | Generation::Text => text_file(text),
            Generation::Modules => xml(text, "VOIP_CONFIG_FILE", "version", in_module),
            Generation::Sections => xml(text, "sysConf", "Version", path),
        }
    }
}

/// `Name :value` lines in modules. What is in no form at all is passed over.
fn text_file(text: &str) -> Result<File, NotAFile> {
    let mut lines = text.lines().map(str::trim_end);
    let version = lines.next().and_then(|first| first.strip_prefix("<<VOIP CONFIG FILE>>Version:")).ok_or(NotAFile::Header)?;
    let mut file = File { version: version.trim().to_owned(), ..File::default() };
    let mut in_module = false;
    for line in lines {
        if line == "<<END OF FILE>>" {
            return Ok(file);
        }
        if line.starts_with('<') && line.ends_with("MODULE>") {
            in_module = true;
        } else if let Some((name, value)) = line.split_once(':').filter(|_| !line.starts_with("--")) {
            if !in_module {
                return Err(NotAFile::Module);
            }
            if file.settings.len() < SETTINGS_MAX {
                file.settings.push((name.trim().to_owned(), value.trim().to_owned()));
            }
        }
    }
    Err(NotAFile::End)
}

fn xml(text: &str, root: &str, version: &str, key: fn(Node<'_, '_>) -> Option<String>) -> Result<File, NotAFile> {
    let text = text.trim_end();
    let options = ParsingOptions { allow_dtd: false, nodes_limit: NODES_MAX, ..ParsingOptions::default() };
    let document =
        Document::parse_with_options(text.strip_suffix("<<END OF FILE>>").unwrap_or(text), options).map_err(|_| NotAFile::Xml)?;
    let top = document.root_element();
    if !top.has_tag_name(root) {
        return Err(NotAFile::Root);
    }
    let version = top.children().find(|child| child.has_tag_name(version)).and_then(|child| child.text());
    let mut file = File { version: version.ok_or(NotAFile::Header)?.trim().to_owned(), ..File::default() };
    for node in document.descendants().filter(|node| node.is_element() && !node.children().any(|child| child.is_element())) {
        if let Some(key) = key(node).filter(|_| file.settings.len() < SETTINGS_MAX) {
            file.settings.push((key, node.text().unwrap_or_default().trim().to_owned()));
        }
    }
    Ok(file)
}

/// The words of text files, an entry's ID before its own.
fn in_module(node: Node<'_, '_>) -> Option<String> {
    node.ancestors().find(|above| above.tag_name().name().ends_with("_MODULE"))?;
    let name = node.tag_name().name().replace('_', " ");
    let is_entry = node.parent()?.tag_name().name().ends_with("_Entry");
    let id = node.parent()?.children().find(|child| is_entry && child.has_tag_name("ID")).and_then(|id| id.text());
    match id {
        Some(_) if name == "ID" => None,
        Some(id) => Some(format!("{} {name}", id.trim())),
        None => Some(name),
    }
}

/// `sip/line[1]/PhoneNumber`.
fn path(node: Node<'_, '_>) -> Option<String> {
    let mut steps: Vec<_> = node.ancestors().filter(Node::is_element).collect();
    steps.pop();
    let mut path = String::new();
    for step in steps.iter().rev() {
        let before = if path.is_empty() { "" } else { "/" };
        write!(path, "{before}{}", step.tag_name().name()).expect("a string takes everything");
        if let Some(index) = step.attribute("index") {
            write!(path, "[{index}]").expect("a string takes everything");
        }
    }
    (steps.len() > 1).then_some(path)
}
