//! What a phone is set to: lines, neutral settings in layers, and where each value came from.

use std::collections::BTreeMap;
use std::fmt;

use serde::{Deserialize, Serialize};

use crate::extra::is_firmware_name;
use crate::secret::Secret;

/// The layers of settings, from the widest to the nearest. The nearest that names a key wins.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Layer {
    /// What the platform makes where nobody says anything.
    Platform,
    /// The whole platform.
    Operator,
    /// A reseller's customers.
    Reseller,
    /// All phones of a brand: the platform's own presets, like the model's.
    Brand,
    /// All phones of a model.
    Model,
    /// One customer.
    Customer,
    /// One of its sites.
    Site,
    /// One phone.
    Device,
    /// One line of one phone.
    Line,
}

impl fmt::Display for Layer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Platform => "platform",
            Self::Operator => "operator",
            Self::Reseller => "reseller",
            Self::Brand => "brand",
            Self::Model => "model",
            Self::Customer => "customer",
            Self::Site => "site",
            Self::Device => "device",
            Self::Line => "line",
        })
    }
}

/// A neutral settings key such as `time_zone`: lower-case letters, digits and `_`, at most [`KEY_BYTES_MAX`] bytes.
/// `raw.<brand>.<parameter>` passes a brand's own line through.
pub type Key = String;

/// The longest settings key, in bytes. The longest vendor parameter in the fact sheets has about 60.
pub const KEY_BYTES_MAX: usize = 128;
/// The longest settings value, in bytes.
pub const VALUE_BYTES_MAX: usize = 1024;
/// The most settings one layer may hold.
pub const LAYER_ENTRIES_MAX: usize = 512;
/// The most lines a phone may have (a DECT multicell base has the most).
pub const LINES_MAX: usize = 64;

/// The values that one layer sets.
pub type Settings = BTreeMap<Key, String>;

/// Why a setting cannot be kept.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SettingError {
    /// The key is not of the form.
    #[error("settings key {0:?}: lower-case letters, digits and _ only (or raw.<brand>.<parameter>), at most 128 bytes")]
    Key(String),
    /// A line break or another control character: it could start a new line in a phone's file.
    #[error("setting {0}: a value has no line breaks or control characters")]
    ControlCharacter(Key),
    /// Too long.
    #[error("setting {0}: at most 1024 bytes")]
    TooLong(Key),
    /// A firmware file whose name could mean another place.
    #[error("setting firmware_file: the name of a file under firmware/<brand>/: letters, digits and . - _ +, at most 128")]
    FirmwareName,
    /// The layer is full.
    #[error("at most 512 settings in one layer")]
    TooMany,
}

/// Checks one entry of a layer.
pub fn check_setting(key: &str, value: &str) -> Result<(), SettingError> {
    let plain = |text: &str| !text.is_empty() && text.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'_');
    let raw = |text: &str| {
        let printable = text.bytes().all(|b| b.is_ascii_graphic() && b != b'=' && b != b'#');
        let brand = |name: &str| name.split('-').all(plain);
        printable && text.split_once('.').is_some_and(|(name, parameter)| brand(name) && !parameter.is_empty())
    };
    let formed = key.strip_prefix("raw.").map_or_else(|| plain(key), raw);
    if !formed || key.len() > KEY_BYTES_MAX {
        return Err(SettingError::Key(key.to_owned()));
    }
    if value.chars().any(char::is_control) {
        return Err(SettingError::ControlCharacter(key.to_owned()));
    }
    if value.len() > VALUE_BYTES_MAX {
        return Err(SettingError::TooLong(key.to_owned()));
    }
    if key == "firmware_file" && !value.is_empty() && !is_firmware_name(value) {
        return Err(SettingError::FirmwareName);
    }
    Ok(())
}

/// A value and the layer that set it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Sourced {
    /// The value in force.
    pub value: String,
    /// Who set it.
    pub layer: Layer,
}

/// All values in force for a phone, each with its provenance.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Resolved(BTreeMap<Key, Sourced>);

impl Resolved {
    /// Lays the layers over each other; the nearest wins, whatever order they come in.
    pub fn from_layers<'a>(layers: impl IntoIterator<Item = (Layer, &'a Settings)>) -> Self {
        let mut values: BTreeMap<Key, Sourced> = BTreeMap::new();
        for (layer, settings) in layers {
            for (key, value) in settings {
                match values.get(key) {
                    Some(held) if held.layer > layer => {}
                    _ => drop(values.insert(key.clone(), Sourced { value: value.clone(), layer })),
                }
            }
        }
        Self(values)
    }

    /// Puts a value in force, whatever was there.
    pub(crate) fn put(&mut self, key: &str, value: String, layer: Layer) {
        self.0.insert(key.to_owned(), Sourced { value, layer });
    }

    /// The value in force.
    pub fn value(&self, key: &str) -> Option<&str> {
        self.0.get(key).map(|sourced| sourced.value.as_str())
    }

    /// The value in force with its layer.
    pub fn sourced(&self, key: &str) -> Option<&Sourced> {
        self.0.get(key)
    }

    pub(crate) fn set(&mut self, key: &str, sourced: Sourced) {
        self.0.insert(key.to_owned(), sourced);
    }

    /// All of them, by key.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &Sourced)> {
        self.0.iter().map(|(key, sourced)| (key.as_str(), sourced))
    }
}

/// How SIP travels.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Transport {
    /// UDP.
    #[default]
    Udp,
    /// TCP.
    Tcp,
    /// TLS.
    Tls,
}

/// One telephone line of a phone. Written only into a sealed column: it holds the line's password.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Line {
    /// SIP user.
    pub user: String,
    /// Authentication user, where it differs.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub auth_user: Option<String>,
    /// SIP password.
    #[serde(with = "crate::secret::sealed")]
    pub password: Secret<String>,
    /// Registrar's host.
    pub server: String,
    /// Its port; the transport's own if absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub port: Option<u16>,
    /// How SIP travels.
    #[serde(default)]
    pub transport: Transport,
    /// Outbound proxy's host, `host:port` at will.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub outbound_proxy: Option<String>,
    /// The extension that people dial.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub extension: Option<String>,
    /// The name on the display.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// Settings of this line alone.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub settings: Settings,
}

/// Why a line cannot be kept: the field and what is wrong.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("line field {field}: {problem}")]
pub struct LineError {
    /// The field's name as in the command line and the CSV header.
    pub field: &'static str,
    /// What is wrong, without the value.
    pub problem: &'static str,
}

impl Line {
    /// Refuses what no phone file can carry.
    pub fn check(&self) -> Result<(), LineError> {
        let optional = |text: &Option<String>| text.clone().unwrap_or_default();
        let fields = [
            ("user", self.user.clone(), true),
            ("auth_user", optional(&self.auth_user), false),
            ("password", self.password.expose().clone(), true),
            ("server", self.server.clone(), true),
            ("outbound_proxy", optional(&self.outbound_proxy), false),
            ("extension", optional(&self.extension), false),
            ("name", optional(&self.name), false),
        ];
        for (field, value, required) in fields {
            let problem = match value.as_str() {
                "" if required => "must not be empty",
                text if text.chars().any(char::is_control) => "has a line break or control character",
                // No host has one, and a phone that reads such a name registers nowhere.
                text if ["server", "outbound_proxy"].contains(&field) && text.contains(char::is_whitespace) => "has a blank",
                text if text.len() > VALUE_BYTES_MAX => "is longer than 1024 bytes",
                _ => continue,
            };
            return Err(LineError { field, problem });
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_nearest_layer_wins_whatever_the_order() {
        let layer = |value: &str| Settings::from([("time_zone".to_owned(), value.to_owned())]);
        let (operator, site, device) = (layer("-5"), layer("+1"), layer("+2"));
        let resolved = Resolved::from_layers([(Layer::Device, &device), (Layer::Operator, &operator), (Layer::Site, &site)]);
        assert_eq!(resolved.sourced("time_zone"), Some(&Sourced { value: "+2".into(), layer: Layer::Device }));
        let resolved = Resolved::from_layers([(Layer::Operator, &operator), (Layer::Site, &site)]);
        assert_eq!(resolved.sourced("time_zone").unwrap().layer, Layer::Site);
    }

    #[test]
    fn brand_and_model_are_presets_that_a_customer_overrules() {
        use Layer as L;
        let order = [L::Platform, L::Operator, L::Reseller, L::Brand, L::Model, L::Customer, L::Site, L::Device, L::Line];
        let layers = order.map(|layer| Settings::from([("codecs".to_owned(), layer.to_string())]));
        for nearest in 0..order.len() {
            let resolved = Resolved::from_layers((0..=nearest).rev().map(|at| (order[at], &layers[at])));
            assert_eq!(resolved.sourced("codecs").map(|found| found.layer), Some(order[nearest]));
        }
    }

    #[test]
    fn no_setting_can_start_a_line() {
        assert!(check_setting("time_zone", "+1").is_ok());
        assert!(check_setting("raw.yealink.linekey.1.type", "15").is_ok());
        assert!(check_setting("firmware_file", "a.rom").is_ok() && check_setting("firmware_file", "").is_ok());
        assert_eq!(check_setting("firmware_file", "../a.rom"), Err(SettingError::FirmwareName));
        assert_eq!(check_setting("a", "x\r\nadmin"), Err(SettingError::ControlCharacter("a".into())));
        assert!(check_setting("raw.snom-c.sip_account.1.label", "x").is_ok());
        for key in ["", "Time", "a=b", "a-b", "raw.", "raw.yealink", "raw.yealink.", "raw.-c.x", "raw.yealink.a b", "raw.yealink.a\nb"] {
            assert!(matches!(check_setting(key, "1"), Err(SettingError::Key(_))), "{key:?}");
        }
    }
}
