//! The XML of system and users. That it is XML is known; root, elements, and one shape for both files are a guess.

use roxmltree::{Document, Node, ParsingOptions};

use crate::firmware::{Fetched, Work};
use crate::flash::Flash;
use crate::in_turn::Taken;
use crate::limits::NODES_MAX;

/// Why a base throws a file away.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub(super) enum NotAFile {
    #[error("it is not UTF-8")]
    Encoding,
    #[error("it is no well-formed XML")]
    Xml,
    #[error("its root is not that of a configuration")]
    Root,
}

/// Where something of the user in this place of the list is kept.
pub(super) fn of_user(place: u16, name: &str) -> String {
    format!("users.user.{place}.{name}")
}

/// Takes a file over: every element without elements in it is a setting, named by the elements around it. What a file does not mention
/// stays, as the maker says of handsets' settings.
pub(super) fn take(work: &mut Work<'_>, fetched: &Fetched) -> Result<Taken, NotAFile> {
    let text = std::str::from_utf8(&fetched.body).map_err(|_| NotAFile::Encoding)?;
    let options = ParsingOptions { allow_dtd: false, nodes_limit: NODES_MAX, ..ParsingOptions::default() };
    let document = Document::parse_with_options(text, options).map_err(|_| NotAFile::Xml)?;
    let root = document.root_element();
    if !root.has_tag_name("config") {
        return Err(NotAFile::Root);
    }
    let before = work.flash.settings().clone();
    for part in root.children().filter(Node::is_element) {
        if part.has_tag_name("users") {
            users(work, part);
        } else {
            part.descendants().filter(is_leaf).for_each(|leaf| set(work.flash, &path(leaf), leaf));
        }
    }
    Ok(Taken { changed: *work.flash.settings() != before, ..Taken::default() })
}

/// The list of users takes the place of the former one, or is laid over it: users that are known keep their places.
fn users(work: &mut Work<'_>, list: Node<'_, '_>) {
    if !work.behaviour.keeps_unnamed_users {
        work.flash.retain(|key| !key.starts_with("users."));
    }
    for user in list.children().filter(|node| node.has_tag_name("user")) {
        let field = |name: &str| user.children().find(|node| node.has_tag_name(name));
        let name = field("username").and_then(|node| node.text()).unwrap_or_default();
        let holder = |place: &u16| work.flash.setting(&of_user(*place, "username"));
        let is_its = |place: &u16| holder(place).is_none_or(|holder| holder == name);
        let Some(place) = (1..=work.identity.accounts).find(is_its) else {
            work.note(format!("has no room for the user {name}"));
            continue;
        };
        user.children().filter(is_leaf).for_each(|leaf| set(work.flash, &of_user(place, leaf.tag_name().name()), leaf));
    }
}

fn is_leaf(node: &Node<'_, '_>) -> bool {
    node.is_element() && !node.children().any(|child| child.is_element())
}

/// The names of the elements around it, and its own, without the root's.
fn path(leaf: Node<'_, '_>) -> String {
    let mut names: Vec<_> = leaf.ancestors().filter(Node::is_element).map(|node| node.tag_name().name()).collect();
    names.pop();
    names.reverse();
    names.join(".")
}

fn set(flash: &mut Flash, key: &str, leaf: Node<'_, '_>) {
    match leaf.text().map(str::trim).filter(|text| !text.is_empty()) {
        Some(text) => flash.set(key, text),
        None => flash.unset(key),
    }
}
