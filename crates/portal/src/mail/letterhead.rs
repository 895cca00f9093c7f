//! Under whose name somebody is written to: the operator's, or that of the white-label reseller whom they belong to.

use domain::channel::at_host;
use domain::tenancy::Node;
use store::{Db, StoreError};

use crate::admin::look;

/// The portal's name in letters of the operator.
const OURS: &str = "Ringfence";

/// A name, and where the portal is found that goes by it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Letterhead {
    /// The portal's name.
    pub portal: String,
    /// How the reader reaches the portal, without a path.
    pub url: String,
    /// Whose name stands before the sender's address in the place of the operator's.
    pub from: Option<String>,
}

impl Letterhead {
    /// The operator's.
    pub fn ours(portal_url: &str) -> Self {
        Self { portal: OURS.to_owned(), url: portal_url.trim_end_matches('/').to_owned(), from: None }
    }

    /// That of people at a node; none if the node is gone, and so whose they were. A white-label reseller without a host of its own for the
    /// portal has nothing but the operator's.
    pub fn of(db: &Db, node: Node, portal_url: &str) -> Result<Option<Self>, StoreError> {
        let ours = Self::ours(portal_url);
        let shown = match look::of_node(db, node) {
            Err(StoreError::NotFound) => return Ok(None),
            shown => shown?,
        };
        let Some(look) = shown.map(|shown| shown.look) else { return Ok(Some(ours)) };
        let url = at_host(&ours.url, look.portal_host.as_deref());
        Ok(Some(Self { from: Some(look.portal_name.clone()), portal: look.portal_name, url }))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn another_host_keeps_scheme_and_port() {
        for (url, other) in [
            ("https://portal.example.com", "https://portal.north.example.net"),
            ("https://portal.example.com:8444", "https://portal.north.example.net:8444"),
            ("http://[2001:db8::1]:8080", "http://portal.north.example.net:8080"),
            ("http://[2001:db8::1]", "http://portal.north.example.net"),
        ] {
            assert_eq!(at_host(url, Some("portal.north.example.net")), other, "{url}");
        }
    }
}
