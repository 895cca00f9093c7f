//! Style, script and icons, under addresses that hold their own hash: a browser keeps them for a year, and a new version has new ones.

use std::collections::BTreeMap;
use std::sync::LazyLock;

use axum::extract::Path;
use axum::response::{IntoResponse, Response};
use http::header::{CACHE_CONTROL, CONTENT_TYPE};
use rust_embed::RustEmbed;
use sha2::{Digest, Sha256};

use super::failure::Failure;

#[derive(RustEmbed)]
#[folder = "assets"]
struct Files;

/// Where they are.
pub(crate) const PREFIX: &str = "/assets";

static ADDRESSES: LazyLock<BTreeMap<String, String>> = LazyLock::new(|| {
    let address = |name: &str| {
        let hash = Files::get(name).map(|file| Sha256::digest(&file.data)).unwrap_or_default();
        format!("{PREFIX}/{:02x}{:02x}{:02x}{:02x}/{name}", hash[0], hash[1], hash[2], hash[3])
    };
    Files::iter().map(|name| (name.to_string(), address(&name))).collect()
});

/// The address of an asset.
pub(crate) fn address(name: &str) -> Option<&'static str> {
    ADDRESSES.get(name).map(String::as_str)
}

/// One asset.
pub(crate) async fn show(Path((hash, name)): Path<(String, String)>) -> Result<Response, Failure> {
    let wanted = format!("{PREFIX}/{hash}/{name}");
    let file = Files::get(&name).filter(|_| address(&name) == Some(wanted.as_str())).ok_or_else(Failure::not_found)?;
    let kind = match name.rsplit_once('.').map(|(_, end)| end) {
        Some("css") => "text/css; charset=utf-8",
        Some("js") => "text/javascript; charset=utf-8",
        Some("svg") => "image/svg+xml",
        _ => "application/octet-stream",
    };
    let headers = [(CONTENT_TYPE, kind), (CACHE_CONTROL, "public, max-age=31536000, immutable")];
    Ok((headers, file.data.into_owned()).into_response())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What others made is what their package held: nobody edited it on the way.
    #[test]
    fn what_others_made_is_as_it_was_locked() {
        let lock = Files::get("assets.lock").unwrap();
        let lock = String::from_utf8_lossy(&lock.data).into_owned();
        let rows: Vec<Vec<&str>> = lock.lines().filter(|line| !line.starts_with('#')).map(|line| line.split("  ").collect()).collect();
        for row in &rows {
            let file = Files::get(row[1]).unwrap_or_else(|| panic!("{}: not there", row[1]));
            assert_eq!(crate::hex::hex(&Sha256::digest(&file.data)), row[0], "{}", row[1]);
            assert_eq!(row.len(), 4, "{}: hash, file, package, licence", row[1]);
        }
        let named = |name: &str| rows.iter().any(|row| row[1] == name);
        assert!(Files::iter().filter(|name| name.starts_with("vendor/")).all(|name| named(&name)), "a file without a line");
    }

    #[test]
    fn an_address_holds_the_hash_of_what_it_shows() {
        let style = address("app.css").unwrap();
        assert!(style.starts_with("/assets/") && style.ends_with("/app.css"), "{style}");
        assert_eq!(address("no.css"), None);
    }
}
