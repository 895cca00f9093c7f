//! Provisioning files: `<provisioning>` with parameters and orders, and the older bases' `<ProviderFrame>` with places in memory.

use roxmltree::{Document, Node, ParsingOptions};

use super::{Family, LOGIN};
use crate::firmware::{Fetched, Work};
use crate::in_turn::Taken;
use crate::limits::NODES_MAX;

/// Why a phone throws a file away.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub(super) enum NotAFile {
    #[error("it is neither UTF-8 nor the ISO-8859-1 that it names")]
    Encoding,
    #[error("it is no well-formed XML")]
    Xml,
    #[error("its root is not that of the phone's family")]
    Root,
    #[error("it is for another product")]
    Product,
    #[error("it bears another MAC than the phone's")]
    Mac,
}

/// Where it is kept that a handset was added.
pub(super) fn handset(id: &str) -> String {
    format!("hs.{id}.RegStatus")
}

/// Takes a file over. The login that opened it is kept as the configured one, unless it is the factory's.
pub(super) fn take(work: &mut Work<'_>, fetched: &Fetched) -> Result<Taken, NotAFile> {
    let text = decoded(&fetched.body)?;
    let options = ParsingOptions { allow_dtd: false, nodes_limit: NODES_MAX, ..ParsingOptions::default() };
    let document = Document::parse_with_options(&text, options).map_err(|_| NotAFile::Xml)?;
    let root = document.root_element();
    let before = work.flash.settings().clone();
    let family = Family::of(work.identity);
    match family {
        Family::Nx70 | Family::Maxwell if root.has_tag_name("provisioning") => newer(work, root, family)?,
        Family::Older | Family::Manager if root.has_tag_name("ProviderFrame") => older(work, root)?,
        _ => return Err(NotAFile::Root),
    }
    let opened = fetched.login.as_ref().filter(|login| !login.user.eq_ignore_ascii_case(&work.identity.mac_in_names()));
    if let Some(login) = opened.filter(|_| matches!(family, Family::Nx70 | Family::Maxwell)) {
        work.flash.set(LOGIN[0], &login.user);
        work.flash.set(LOGIN[1], login.password.expose());
    }
    Ok(Taken { changed: *work.flash.settings() != before, last: true, ..Taken::default() })
}

/// The declaration decides; without one it is UTF-8.
fn decoded(bytes: &[u8]) -> Result<String, NotAFile> {
    let head = &bytes[..bytes.len().min(80)];
    let is_latin = head.windows(10).any(|window| window.eq_ignore_ascii_case(b"ISO-8859-1"));
    if is_latin {
        Ok(bytes.iter().map(|byte| char::from(*byte)).collect())
    } else {
        String::from_utf8(bytes.to_vec()).map_err(|_| NotAFile::Encoding)
    }
}

/// Parameters, and orders about handsets.
fn newer(work: &mut Work<'_>, root: Node<'_, '_>, family: Family) -> Result<(), NotAFile> {
    let product = if family == Family::Nx70 { "e2" } else { "mx3b" };
    let is_other = |id: &str| id != product && (family == Family::Nx70 || work.identity.model == "Maxwell3");
    if root.attribute("version") != Some("1.1") || root.attribute("productID").is_some_and(is_other) {
        return Err(NotAFile::Product);
    }
    for node in root.children().filter(|node| node.has_tag_name("nvm")).flat_map(|nvm| nvm.children().filter(Node::is_element)) {
        match (node.tag_name().name(), node.attribute("name"), node.attribute("value")) {
            ("param", Some(name), Some("")) => work.flash.unset(name),
            ("param", Some(name), Some(value)) => work.flash.set(name, value),
            // One that is paired already stays so.
            ("oper", Some("add_hs"), Some(id)) => work.flash.set(&handset(id), "ToReg"),
            ("oper", Some("DeleteNotProvisionedHS"), _) => delete_others(work, root),
            _ => {}
        }
    }
    Ok(())
}

fn delete_others(work: &mut Work<'_>, root: Node<'_, '_>) {
    let adds = |node: &Node<'_, '_>| node.has_tag_name("oper") && node.attribute("name") == Some("add_hs");
    let added: Vec<String> = root.descendants().filter(adds).filter_map(|node| node.attribute("value").map(handset)).collect();
    work.flash.retain(|key| !(key.starts_with("hs.") && key.ends_with(".RegStatus")) || added.iter().any(|one| one == key));
}

/// A text stands in quotation marks of its own; a number does not.
fn older(work: &mut Work<'_>, root: Node<'_, '_>) -> Result<(), NotAFile> {
    let mac = root.descendants().find(|node| node.has_tag_name("MAC_ADDRESS")).and_then(|node| node.attribute("value"));
    if mac.is_none_or(|mac| !mac.eq_ignore_ascii_case(&work.identity.mac_in_names())) {
        return Err(NotAFile::Mac);
    }
    for node in root.descendants().filter(Node::is_element) {
        let name = if node.has_tag_name("SYMB_ITEM") { node.attribute("ID") } else { Some(node.tag_name().name()) };
        let (Some(name), Some(value)) = (name, node.attribute("value")) else { continue };
        let name = match name {
            "S_PROV_USERNAME" => LOGIN[0],
            "S_PROV_PASSWORD" => LOGIN[1],
            name => name,
        };
        let quoted = value.strip_prefix('"').and_then(|rest| rest.strip_suffix('"'));
        if quoted.is_none() && (name.contains("aucS_") || name.contains("aucSIP_") || name.starts_with("S_")) {
            work.note(format!("passes over {name}: its text has no quotation marks"));
            continue;
        }
        match quoted.unwrap_or(value) {
            "" => work.flash.unset(name),
            value => work.flash.set(name, value),
        }
    }
    Ok(())
}
