//! Reading a phone's file back: what a phone would take from it.

use std::collections::BTreeMap;
use std::fmt;

use domain::Secret;
use domain::settings::Transport;
use serde::{Serialize, Serializer};

use crate::catalogue::{Brand, Catalogue};
use crate::error::ParseError;
use crate::limits::ACCOUNTS_MAX;

/// What a file tells. As JSON it is what `ringfence brands parse` prints, passwords included: the file holds them too.
#[derive(Clone, PartialEq, Eq, Serialize)]
pub struct Parsed {
    /// Where the phone comes back.
    pub provisioning: ParsedProvisioning,
    /// The account slots that are on, or hold a user.
    pub accounts: Vec<ParsedAccount>,
    /// What the display says, in a restricted file.
    pub notice: Option<String>,
    /// What every call goes to, in a restricted file.
    pub hotline: Option<String>,
    /// The text that shows the MAC, in a restricted file.
    pub mac_key: Option<String>,
    /// Further files that a boot file names, in order.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub includes: Vec<String>,
    /// Whether parameters that the included files do not name go back to the factory's.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub overwrite_mode: Option<bool>,
    /// Every parameter with the value that counts. Holds secrets.
    #[serde(skip)]
    pub parameters: BTreeMap<String, String>,
    /// Every parameter in the file's order, repeated ones included. Holds secrets.
    #[serde(skip)]
    pub in_order: Vec<(String, String)>,
}

/// Without the bare parameters: they hold passwords.
impl fmt::Debug for Parsed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Parsed")
            .field("provisioning", &self.provisioning)
            .field("accounts", &self.accounts)
            .field("notice", &self.notice)
            .field("hotline", &self.hotline)
            .field("mac_key", &self.mac_key)
            .field("includes", &self.includes)
            .field("overwrite_mode", &self.overwrite_mode)
            .finish_non_exhaustive()
    }
}

/// Where a phone comes back, with which login.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct ParsedProvisioning {
    /// Folder's address.
    pub url: Option<String>,
    /// HTTP user.
    pub user: Option<String>,
    /// HTTP password.
    #[serde(serialize_with = "as_in_the_file")]
    pub password: Option<Secret<String>>,
    /// The poll in seconds; none if it is off.
    pub resync_seconds: Option<u32>,
}

/// One account slot.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct ParsedAccount {
    /// Slot, from 1.
    pub slot: u16,
    /// Whether it is on.
    pub enabled: bool,
    /// SIP user.
    pub user: Option<String>,
    /// Authentication user.
    pub auth: Option<String>,
    /// SIP password.
    #[serde(serialize_with = "as_in_the_file")]
    pub password: Option<Secret<String>>,
    /// Registrar's host.
    pub server: Option<String>,
    /// Its port.
    pub port: Option<u16>,
    /// How SIP travels.
    pub transport: Option<Transport>,
    /// What the line key says.
    pub label: Option<String>,
    /// The name that others see.
    pub name: Option<String>,
}

#[expect(clippy::ref_option, reason = "serde passes a field by reference")]
fn as_in_the_file<S: Serializer>(secret: &Option<Secret<String>>, serializer: S) -> Result<S::Ok, S::Error> {
    secret.as_ref().map(Secret::expose).serialize(serializer)
}

impl Catalogue {
    /// Reads a brand's file back. Bounded: 512 KiB, 16 384 lines.
    pub fn parse(&self, brand: &Brand, bytes: &[u8]) -> Result<Parsed, ParseError> {
        brand.parse(bytes)
    }
}

impl Brand {
    /// Reads one of its files back. Bounded: 512 KiB, 16 384 lines.
    pub fn parse(&self, bytes: &[u8]) -> Result<Parsed, ParseError> {
        let rules = &self.manifest.read;
        let taken = self.format().read(bytes, rules.include.as_deref())?;
        let mut parameters = BTreeMap::new();
        for (key, value) in &taken.parameters {
            let is_late = self.format().first_counts() && parameters.contains_key(key);
            if !is_late && !self.manifest.list_parameters.contains(key) {
                parameters.insert(key.clone(), value.clone());
            }
        }
        let mut parsed = self.understand(&parameters);
        parsed.includes = taken.includes;
        parsed.parameters = parameters;
        parsed.in_order = taken.parameters;
        Ok(parsed)
    }

    /// What parameters mean to the phone, wherever they were gathered: from one file, or from all that it has applied.
    pub fn understand(&self, parameters: &BTreeMap<String, String>) -> Parsed {
        let rules = &self.manifest.read;
        let reader = Reader { parameters, reset: &rules.reset_values };
        let on = |names: &[String]| names.is_empty() || reader.text(names).is_some_and(|value| rules.is_on(&value));
        let poll = reader.text(&rules.poll.interval).filter(|_| on(&rules.poll.enabled));
        let restricted = reader.text(&rules.hotline).is_some() && on(&rules.hotline_enabled);
        let in_restricted = |names: &[String]| reader.text(names).filter(|_| restricted);
        Parsed {
            provisioning: ParsedProvisioning {
                url: reader.text(&rules.url),
                user: reader.text(&rules.user),
                password: reader.text(&rules.password).map(Secret::new),
                resync_seconds: poll.and_then(|poll| poll.parse::<u32>().ok()?.checked_mul(rules.poll.unit_seconds)),
            },
            accounts: self.accounts(&reader),
            notice: in_restricted(&rules.notice),
            hotline: in_restricted(&rules.hotline),
            mac_key: in_restricted(&rules.mac_key),
            includes: Vec::new(),
            overwrite_mode: rules.overwrite_mode.as_ref().and_then(|key| parameters.get(key)).map(|value| value == "1"),
            parameters: BTreeMap::new(),
            in_order: Vec::new(),
        }
    }

    fn accounts(&self, reader: &Reader<'_>) -> Vec<ParsedAccount> {
        let rules = &self.manifest.read.account;
        let transports = &self.manifest.read.transports;
        let slots = (1..=ACCOUNTS_MAX).filter_map(|slot| {
            let text = |names: &[String]| reader.of_slot(names, slot);
            let (enabled, user) = (text(&rules.enabled).is_some_and(|value| self.manifest.read.is_on(&value)), text(&rules.user));
            (enabled || user.is_some()).then(|| ParsedAccount {
                slot,
                enabled,
                user,
                auth: text(&rules.auth),
                password: text(&rules.password).map(Secret::new),
                server: text(&rules.server),
                port: text(&rules.port).and_then(|port| port.parse().ok()),
                transport: text(&rules.transport).and_then(|word| transports.get(&word).copied()),
                label: text(&rules.label),
                name: text(&rules.name),
            })
        });
        slots.collect()
    }
}

/// Looks parameters up under their several names.
struct Reader<'p> {
    parameters: &'p BTreeMap<String, String>,
    reset: &'p [String],
}

impl Reader<'_> {
    fn text(&self, names: &[String]) -> Option<String> {
        names.iter().find_map(|name| self.parameters.get(name)).filter(|value| self.holds(value)).cloned()
    }

    fn of_slot(&self, names: &[String], slot: u16) -> Option<String> {
        let slot = slot.to_string();
        names.iter().find_map(|name| self.parameters.get(&name.replace("{n}", &slot))).filter(|value| self.holds(value)).cloned()
    }

    /// Whether a value is one, and no order to forget it.
    fn holds(&self, value: &str) -> bool {
        !value.is_empty() && !self.reset.iter().any(|reset| reset == value)
    }
}
