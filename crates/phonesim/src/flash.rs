//! What a phone keeps without power.

use std::collections::BTreeMap;
use std::fmt;

use serde::{Deserialize, Serialize};

use crate::limits::SETTINGS_MAX;

/// Settings by the brand's own names, and which files they came from.
#[derive(Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Flash {
    settings: BTreeMap<String, String>,
    /// Passwords of the phone's own users, by user.
    passwords: BTreeMap<String, String>,
    /// Settings that a person changed at the phone, where that outlives provisioning.
    #[serde(default)]
    by_hand: BTreeMap<String, String>,
    /// MD5 of each file that was applied, by file name.
    applied: BTreeMap<String, String>,
}

/// Why saved bytes cannot be restored.
#[derive(Debug, thiserror::Error)]
#[error("these bytes are no phone's flash memory: {0}")]
pub struct FlashError(#[from] serde_json::Error);

impl Flash {
    /// A setting, if it differs from the factory's.
    pub fn setting(&self, key: &str) -> Option<&str> {
        self.settings.get(key).map(String::as_str)
    }

    /// All settings that differ from the factory's.
    pub fn settings(&self) -> &BTreeMap<String, String> {
        &self.settings
    }

    /// The password of one of the phone's own users, such as `admin`.
    pub fn user_password(&self, user: &str) -> Option<&str> {
        self.passwords.get(user).map(String::as_str)
    }

    /// What a person set at the phone in spite of all files, on the brands that keep it apart (Panasonic, Poly).
    pub fn by_hand(&self, key: &str) -> Option<&str> {
        self.by_hand.get(key).map(String::as_str)
    }

    /// Everything as bytes. They hold secrets, as the chip does.
    pub fn to_bytes(&self) -> Vec<u8> {
        serde_json::to_vec(self).expect("texts by texts are JSON")
    }

    /// The opposite of [`Flash::to_bytes`].
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, FlashError> {
        Ok(serde_json::from_slice(bytes)?)
    }

    /// Stores a setting, while there is room.
    pub fn set(&mut self, key: &str, value: &str) {
        if self.settings.len() < SETTINGS_MAX || self.settings.contains_key(key) {
            self.settings.insert(key.to_owned(), value.to_owned());
        }
    }

    /// Keeps what a person set, while there is room.
    pub fn set_by_hand(&mut self, key: &str, value: &str) {
        if self.by_hand.len() < SETTINGS_MAX || self.by_hand.contains_key(key) {
            self.by_hand.insert(key.to_owned(), value.to_owned());
        }
    }

    /// Back to the factory's value.
    pub fn unset(&mut self, key: &str) {
        self.settings.remove(key);
    }

    /// All that are not kept go back to the factory's value.
    pub fn retain(&mut self, keep: impl Fn(&str) -> bool) {
        self.settings.retain(|key, _| keep(key));
    }

    /// The password of one of the phone's own users.
    pub fn set_user_password(&mut self, user: &str, password: &str) {
        self.passwords.insert(user.to_owned(), password.to_owned());
    }

    /// Whether a file of this name was applied with these bytes last.
    pub fn was_applied(&self, name: &str, md5: &str) -> bool {
        self.applied.get(name).is_some_and(|known| known == md5)
    }

    /// Remembers a file that was applied.
    pub fn remember_applied(&mut self, name: String, md5: String) {
        self.applied.insert(name, md5);
    }

    pub(crate) fn forget_applied(&mut self) {
        self.applied.clear();
    }
}

impl fmt::Debug for Flash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // Values hold passwords; names do not.
        f.debug_set().entries(self.settings.keys()).finish()
    }
}
