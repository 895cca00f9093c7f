//! The XML files of the family, as a device reads them: `<flat-profile>` with one element for each parameter.

use roxmltree::{Document, Node, ParsingOptions};

use crate::limits::{NODES_MAX, SETTINGS_MAX};
use crate::salted;

/// A file taken apart: parameters in order, repeated ones included.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Profile {
    pub parameters: Vec<(String, String)>,
}

/// Why a device refuses a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub(super) enum NotAProfile {
    #[error("it is not UTF-8")]
    Encoding,
    #[error("it is no well-formed XML")]
    Xml,
    #[error("its root is not <flat-profile>")]
    Root,
    #[error("it is encrypted, and the rule has no key")]
    NoKey,
    #[error("the rule's key does not open it")]
    WrongKey,
}

impl Profile {
    /// Reads a file that a rule has brought, with the rule's key if it has one. A rule with a key takes no open file.
    pub fn read(bytes: &[u8], key: Option<&str>) -> Result<Self, NotAProfile> {
        let opened;
        let bytes = match key {
            Some(key) => {
                opened = salted::open(bytes, key).ok_or(NotAProfile::WrongKey)?;
                &opened
            }
            None if salted::is_sealed(bytes) => return Err(NotAProfile::NoKey),
            None => bytes,
        };
        let text = std::str::from_utf8(bytes).map_err(|_| NotAProfile::Encoding)?;
        let options = ParsingOptions { allow_dtd: false, nodes_limit: NODES_MAX, ..ParsingOptions::default() };
        let document = Document::parse_with_options(text, options).map_err(|_| NotAProfile::Xml)?;
        let root = document.root_element();
        if !root.has_tag_name("flat-profile") {
            return Err(NotAProfile::Root);
        }
        let mut profile = Self::default();
        profile.collect(root, "");
        Ok(profile)
    }

    /// `<router-configuration>` of the routers among them has parameters of its own, which are kept apart by their path.
    fn collect(&mut self, parent: Node<'_, '_>, path: &str) {
        for element in parent.children().filter(Node::is_element) {
            let name = format!("{path}{}", element.tag_name().name());
            if element.children().any(|child| child.is_element()) {
                self.collect(element, &format!("{name}/"));
            } else if self.parameters.len() < SETTINGS_MAX {
                self.parameters.push((name, element.text().unwrap_or_default().trim().to_owned()));
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(text: &str, expected: Result<&[(&str, &str)], NotAProfile>) {
        let owned = |rows: &[(&str, &str)]| rows.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
        assert_eq!(Profile::read(text.as_bytes(), None), expected.map(|rows| Profile { parameters: owned(rows) }), "{text}");
    }

    #[test]
    fn elements_are_parameters() {
        check(
            "<?xml version=\"1.0\"?>\n<flat-profile><!-- c -->\n <User_ID_1_ ua=\"na\"> a&amp;b&lt; </User_ID_1_><GPP_A/>\
             <Auth_Resync-Reboot_1_>No</Auth_Resync-Reboot_1_><GPP_A group=\"x\">2</GPP_A></flat-profile>",
            Ok(&[("User_ID_1_", "a&b<"), ("GPP_A", ""), ("Auth_Resync-Reboot_1_", "No"), ("GPP_A", "2")]),
        );
        check(
            "<flat-profile><router-configuration><Web_Login_Admin_Name>a</Web_Login_Admin_Name></router-configuration></flat-profile>",
            Ok(&[("router-configuration/Web_Login_Admin_Name", "a")]),
        );
    }

    #[test]
    fn what_is_no_profile_is_refused() {
        check("<flat-profile><A>1</A>", Err(NotAProfile::Xml));
        check("<flat-profile><A>1 & 2</A></flat-profile>", Err(NotAProfile::Xml));
        check("#!version:1.0.0.1\na = b", Err(NotAProfile::Xml));
        check("<settings/>", Err(NotAProfile::Root));
        check("<!DOCTYPE x [<!ENTITY e \"v\">]><flat-profile><A>&e;</A></flat-profile>", Err(NotAProfile::Xml));
        check("Salted__12345678", Err(NotAProfile::NoKey));
        assert_eq!(Profile::read(b"<flat-profile>\xff</flat-profile>", None), Err(NotAProfile::Encoding));
        assert_eq!(Profile::read(b"<flat-profile/>", Some("k")), Err(NotAProfile::WrongKey));
    }
}
