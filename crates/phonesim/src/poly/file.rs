//! Masters and configuration files: XML of any elements, whose attributes are the settings.

use std::collections::BTreeMap;

use roxmltree::{Document, ParsingOptions};

use crate::limits::{NODES_MAX, SETTINGS_MAX};

/// Why a phone refuses a file as a whole.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub(super) enum NotAFile {
    #[error("it is not UTF-8")]
    Encoding,
    /// A name twice in one element is that, too.
    #[error("it is no well-formed XML")]
    Xml,
    #[error("its root is not <APPLICATION>")]
    Master,
}

/// A file's settings by name. The first of several counts.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct File {
    pub settings: BTreeMap<String, String>,
}

impl File {
    pub fn read(bytes: &[u8]) -> Result<Self, NotAFile> {
        let mut file = Self::default();
        for element in parse(text(bytes)?)?.descendants() {
            for attribute in element.attributes() {
                if file.settings.len() < SETTINGS_MAX {
                    file.settings.entry(attribute.name().to_owned()).or_insert_with(|| attribute.value().to_owned());
                }
            }
        }
        Ok(file)
    }

    /// What it writes into flash: values with their `.set`, if the file says `device.set` at all.
    pub fn flash(&self) -> impl Iterator<Item = (&str, &str)> {
        let is_set = |key: &str| self.settings.get(key).is_some_and(|value| value == "1");
        let allowed = is_set("device.set");
        let device = self.settings.iter().filter(|(key, _)| key.starts_with("device.") && key.strip_suffix(".set").is_none());
        device.filter(move |(key, _)| allowed && is_set(&format!("{key}.set"))).map(|(key, value)| (key.as_str(), value.as_str()))
    }

    /// Everything else.
    pub fn others(&self) -> impl Iterator<Item = (&str, &str)> {
        self.settings.iter().filter(|(key, _)| !key.starts_with("device.")).map(|(key, value)| (key.as_str(), value.as_str()))
    }
}

/// What a master names.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Master {
    /// Firmware; none if it is blank.
    pub firmware: Option<String>,
    /// Configuration files. Those to the left come first.
    pub files: Vec<String>,
}

impl Master {
    /// Reads it, with the phone's MAC in place of the macro.
    pub fn read(bytes: &[u8], mac: &str) -> Result<Self, NotAFile> {
        let document = parse(text(bytes)?)?;
        let root = document.root_element();
        if !root.has_tag_name("APPLICATION") {
            return Err(NotAFile::Master);
        }
        let list = root.attribute("CONFIG_FILES").unwrap_or_default().replace("[PHONE_MAC_ADDRESS]", mac);
        let files = list.split(',').map(str::trim).filter(|file| !file.is_empty()).map(str::to_owned).collect();
        let firmware = root.attribute("APP_FILE_PATH").filter(|path| !path.is_empty()).map(str::to_owned);
        Ok(Self { firmware, files })
    }
}

fn text(bytes: &[u8]) -> Result<&str, NotAFile> {
    std::str::from_utf8(bytes).map_err(|_| NotAFile::Encoding)
}

fn parse(text: &str) -> Result<Document<'_>, NotAFile> {
    let options = ParsingOptions { allow_dtd: false, nodes_limit: NODES_MAX, ..ParsingOptions::default() };
    Document::parse_with_options(text, options).map_err(|_| NotAFile::Xml)
}
