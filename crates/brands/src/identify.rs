//! Which phone asks for which file.

use domain::Mac;
use serde::{Deserialize, Serialize};

use crate::catalogue::{Brand, Catalogue, Model};
use crate::firmware::Firmware;
use crate::limits::{FILE_NAME_BYTES_MAX, USER_AGENT_BYTES_MAX};
use crate::pattern::Taken;

/// What a file is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum FileKind {
    /// Names the other files; holds no secret.
    Boot,
    /// For all phones of a model; holds no secret.
    Common,
    /// The one file of a device that carries door, login and account.
    Carrier,
    /// What a phone hands up, and may ask back: call log, contacts, own changes.
    Upload,
    /// The customer's phone book.
    Phonebook,
    /// A firmware image, or what names one.
    Firmware,
    /// The same bytes for everybody.
    Static,
    /// No phone file, or one that is never there: not found.
    Unknown,
}

impl FileKind {
    /// As `brand.toml` spells it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Boot => "boot",
            Self::Common => "common",
            Self::Carrier => "carrier",
            Self::Upload => "upload",
            Self::Phonebook => "phonebook",
            Self::Firmware => "firmware",
            Self::Static => "static",
            Self::Unknown => "unknown",
        }
    }
}

/// What a request says about itself. All of it is claimed, none of it proved.
#[derive(Clone, Copy, Debug)]
pub struct Sighting<'c> {
    /// From the User-Agent; else from the MAC's first half; else from the file name, if one brand alone has such names.
    pub brand: Option<&'c Brand>,
    /// From the User-Agent; else from the file name, or a common file's number.
    pub model: Option<&'c Model>,
    /// From the User-Agent.
    pub firmware: Option<Firmware>,
    /// From the file name: the phone whose file is asked for.
    pub mac: Option<Mac>,
    /// From the User-Agent: the phone that says it asks.
    pub agent_mac: Option<Mac>,
    /// What is asked for.
    pub file: FileKind,
}

impl Catalogue {
    /// Reads a request's file name (the last segment of its path) and its User-Agent.
    ///
    /// Never fails: what is not understood is absent, and the file `Unknown`. Looks at 512 bytes of the User-Agent.
    pub fn identify(&self, file_name: &str, user_agent: Option<&str>) -> Sighting<'_> {
        let agent = user_agent.and_then(|agent| self.read_agent(clip(agent.trim())));
        let mut sighting = Sighting { brand: None, model: None, firmware: None, mac: None, agent_mac: None, file: FileKind::Unknown };
        if let Some((brand, taken)) = agent {
            sighting.brand = Some(brand);
            sighting.model = taken.model.and_then(|model| brand.model(model));
            sighting.firmware = taken.firmware;
            sighting.agent_mac = taken.mac;
        }
        if let Some((brand, kind, taken)) = self.read_file_name(file_name, sighting.brand) {
            sighting.brand = sighting.brand.or(brand);
            sighting.file = kind;
            sighting.mac = taken.mac;
            if let (None, Some(brand)) = (sighting.model, sighting.brand) {
                let by_number = || taken.id.and_then(|id| brand.model_of_common_file(id));
                sighting.model = taken.model.and_then(|model| brand.model(model)).or_else(by_number);
            }
        }
        sighting
    }

    fn read_agent<'t>(&self, agent: &'t str) -> Option<(&Brand, Taken<'t>)> {
        self.brands().iter().find_map(|brand| brand.read_agent(agent).map(|taken| (brand, taken)))
    }

    /// The brand that the User-Agent named decides alone; without one, the MAC's brand goes first.
    fn read_file_name<'t>(&self, name: &'t str, agent: Option<&Brand>) -> Option<(Option<&Brand>, FileKind, Taken<'t>)> {
        if name.len() > FILE_NAME_BYTES_MAX {
            return None;
        }
        let mut first = None;
        let mut several = false;
        for brand in self.brands() {
            if agent.is_some_and(|agent| agent.name() != brand.name()) {
                continue;
            }
            let Some((kind, taken)) = brand.read_file_name(name) else { continue };
            if agent.is_some() || taken.mac.is_some_and(|mac| brand.has_oui(mac)) {
                return Some((Some(brand), kind, taken));
            }
            several |= first.is_some();
            // Where nothing tells the brand, a name that can be a carrier's is one: it is never public then.
            if first.as_ref().is_none_or(|(_, held, _)| *held != FileKind::Carrier && kind == FileKind::Carrier) {
                first = Some((brand, kind, taken));
            }
        }
        first.map(|(brand, kind, taken)| ((!several).then_some(brand), kind, taken))
    }
}

/// The first bytes, to a character's end.
fn clip(agent: &str) -> &str {
    let end = (0..=agent.len().min(USER_AGENT_BYTES_MAX)).rev().find(|end| agent.is_char_boundary(*end));
    &agent[..end.unwrap_or(0)]
}
