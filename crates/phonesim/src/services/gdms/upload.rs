//! The upload of a configuration: parts of a form, and what a phone reads in the file.

use domain::Mac;
use roxmltree::Document;

use crate::services::Asked;

/// A part of a form.
#[derive(Clone, Debug)]
pub(super) struct Part {
    pub(super) name: String,
    pub(super) is_file: bool,
    pub(super) content: String,
}

/// What a configuration says of the server.
pub(super) struct Config {
    pub(super) mac: Option<Mac>,
    pub(super) url: Option<String>,
    pub(super) user: String,
    pub(super) password: String,
}

/// The parts of a multipart body.
pub(super) fn parts(asked: &Asked) -> Option<Vec<Part>> {
    let boundary = asked.header("content-type").strip_prefix("multipart/form-data; boundary=")?;
    let body = String::from_utf8(asked.body.to_vec()).ok()?;
    let inner = body.strip_prefix(&format!("--{boundary}\r\n"))?.strip_suffix(&format!("\r\n--{boundary}--\r\n"))?;
    inner.split(&format!("\r\n--{boundary}\r\n")).map(part).collect()
}

fn part(text: &str) -> Option<Part> {
    let (head, content) = text.split_once("\r\n\r\n")?;
    let (_, rest) = head.split_once("form-data; name=\"")?;
    let name = rest.split('"').next()?.to_owned();
    Some(Part { name, is_file: head.contains("filename=\""), content: content.to_owned() })
}

/// Reads a file as a phone does; `None` if it is none.
pub(super) fn config(text: &str) -> Option<Config> {
    let document = Document::parse(text).ok()?;
    let root = document.root_element();
    let config = root.children().find(|node| node.has_tag_name("config"))?;
    if !root.has_tag_name("gs_provision") || config.attribute("version") != Some("1") {
        return None;
    }
    let value = |name| config.children().find(|node| node.has_tag_name(name)).and_then(|node| node.text());
    let scheme = match value("P212") {
        Some("2") => Some("https"),
        Some("1") => Some("http"),
        _ => None,
    };
    let url = scheme.zip(value("P237")).map(|(scheme, path)| format!("{scheme}://{path}/"));
    let mac = root.children().find(|node| node.has_tag_name("mac")).and_then(|node| node.text()?.parse().ok());
    let [user, password] = ["P1360", "P1361"].map(|name| value(name).unwrap_or_default().to_owned());
    Some(Config { mac, url, user, password })
}
