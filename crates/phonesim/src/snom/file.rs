//! Settings files as the phones read them.

use roxmltree::{Document, Node, ParsingOptions};

use crate::firmware::{Fetched, Work};
use crate::flash::Flash;
use crate::in_turn::Taken;
use crate::limits::NODES_MAX;

/// Why a phone throws a file away.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub(super) enum NotAFile {
    #[error("it is not UTF-8")]
    Encoding,
    #[error("it is no well-formed XML")]
    Xml,
    #[error("its root is none of the settings' elements")]
    Root,
}

/// Elements that may be a file's root, or stand below `<settings>`.
const PARTS: [&str; 6] = ["phone-settings", "functionKeys", "tbook", "dialplan", "ReplacementPlan", "certificates"];

/// Where a setting's flag is kept, by its name.
fn flag(key: &str) -> String {
    format!("{key}@perm")
}

/// Whether the user may not change a setting: `R`, `&`, or a blank alone.
pub(super) fn is_read_only(flash: &Flash, key: &str) -> bool {
    flash.setting(&flag(key)).is_some_and(|flag| flag != "RW" && (flag.contains(['R', '&']) || flag == " "))
}

/// What settings that a user likes to change are in the box. Only for these does it matter here whether they were changed.
fn factory(key: &str) -> &'static str {
    let name = key.split('!').next().unwrap_or_default();
    if matches!(name, "dnd_mode" | "fwd_all_enabled" | "fwd_busy_enabled" | "fwd_time_enabled") { "off" } else { "" }
}

/// Takes a file over. `<setting-files>` leads on to others.
pub(super) fn take(work: &mut Work<'_>, fetched: &Fetched) -> Result<Taken, NotAFile> {
    let text = std::str::from_utf8(&fetched.body).map_err(|_| NotAFile::Encoding)?;
    let options = ParsingOptions { allow_dtd: false, nodes_limit: NODES_MAX, ..ParsingOptions::default() };
    let document = Document::parse_with_options(text, options).map_err(|_| NotAFile::Xml)?;
    let root = document.root_element();
    if root.has_tag_name("setting-files") {
        let urls = root.children().filter(|node| node.has_tag_name("file")).filter_map(|node| node.attribute("url"));
        return Ok(Taken { further: urls.filter_map(|url| fetched.at.reference(url).ok()).collect(), ..Taken::default() });
    }
    let is_part = |node: &Node<'_, '_>| PARTS.iter().any(|part| node.has_tag_name(*part));
    if !root.has_tag_name("settings") && !is_part(&root) {
        return Err(NotAFile::Root);
    }
    let before = work.flash.settings().clone();
    for part in root.descendants().filter(is_part) {
        match part.tag_name().name() {
            "phone-settings" => part.children().filter(Node::is_element).for_each(|setting| store(work.flash, setting)),
            "functionKeys" => part.children().filter(|node| node.has_tag_name("fkey")).for_each(|key| store(work.flash, key)),
            _ => {}
        }
    }
    Ok(Taken { changed: *work.flash.settings() != before, ..Taken::default() })
}

/// A setting under its name, or `name!index`. With the flag `!` what the user has changed stays.
fn store(flash: &mut Flash, node: Node<'_, '_>) {
    let name = node.tag_name().name();
    let key = node.attribute("idx").map_or_else(|| name.to_owned(), |index| format!("{name}!{index}"));
    let (value, perm) = (node.text().unwrap_or_default(), node.attribute("perm").unwrap_or_default());
    let held = flash.setting(&key).unwrap_or_default();
    if perm == "!" && !held.is_empty() && held != factory(&key) {
        return;
    }
    let mut set = |key: &str, value: &str| if value.is_empty() { flash.unset(key) } else { flash.set(key, value) };
    set(&key, value);
    set(&flag(&key), perm);
    if name == "fkey" {
        set(&format!("{key}@label"), node.attribute("label").unwrap_or_default());
    }
}
