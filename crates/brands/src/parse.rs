//! Reading a phone's file back: what a phone would take from it.

mod way;

use std::collections::BTreeMap;
use std::fmt;

use domain::Secret;
use domain::settings::Transport;
use serde::{Serialize, Serializer};

use crate::catalogue::{Brand, Catalogue};
use crate::error::ParseError;
use crate::format::{Format, Taken};
use crate::limits::ACCOUNTS_MAX;
use crate::order::Notice;

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
        let (format, taken) = self.take_apart(bytes)?;
        let mut parameters = BTreeMap::new();
        for (key, value) in &taken.parameters {
            let is_late = format.syntax().first_counts() && parameters.contains_key(key);
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

    /// In the first of the brand's syntaxes that the file is in. The error is that of its usual one.
    fn take_apart(&self, bytes: &[u8]) -> Result<(Format, Taken), ParseError> {
        let mut refused = None;
        for format in self.formats.iter().copied().filter(|format| self.formats.len() == 1 || format.fits(bytes)) {
            match format.read(bytes, self.manifest.read.include.as_deref()) {
                Ok(taken) => return Ok((format, taken)),
                Err(error) => refused = refused.or(Some(error)),
            }
        }
        Err(refused.unwrap_or(ParseError { line: 1, what: "the file begins like none of the brand's" }))
    }

    /// What parameters mean to the phone, wherever they were gathered: from one file, or from all that it has applied.
    pub fn understand(&self, parameters: &BTreeMap<String, String>) -> Parsed {
        let rules = &self.manifest.read;
        let reader = Reader { parameters, reset: &rules.reset_values };
        let on = |names: &[String]| names.is_empty() || reader.text(names).is_some_and(|value| rules.is_on(&value));
        let hotline = reader.text(&rules.hotline).filter(|_| on(&rules.hotline_enabled)).and_then(|value| rules.number_in(&value));
        let notice = reader.text(&rules.notice);
        let notice_tells = rules.hotline.is_empty() || rules.notice_tells;
        let restricted = hotline.is_some() || notice_tells && notice.as_deref().is_some_and(Notice::is_in);
        Parsed {
            provisioning: self.provisioning(&reader),
            accounts: self.accounts(&reader),
            notice: notice.filter(|_| restricted),
            hotline,
            mac_key: reader.text(&rules.mac_key).filter(|_| restricted),
            includes: Vec::new(),
            overwrite_mode: rules.overwrite_mode.as_ref().and_then(|key| parameters.get(key)).map(|value| value == "1"),
            parameters: BTreeMap::new(),
            in_order: Vec::new(),
        }
    }

    fn provisioning(&self, reader: &Reader<'_>) -> ParsedProvisioning {
        let rules = &self.manifest.read;
        let on = |names: &[String]| names.is_empty() || reader.text(names).is_some_and(|value| rules.is_on(&value));
        let scheme = reader.text(&rules.scheme).and_then(|word| rules.schemes.get(&word).cloned());
        let way = reader.text(&rules.url).and_then(|text| way::read(&text, rules.url_form, scheme.as_deref())).unwrap_or_default();
        let poll = reader.text(&rules.poll.interval).filter(|_| on(&rules.poll.enabled));
        ParsedProvisioning {
            url: way.url,
            user: reader.text(&rules.user).or(way.user),
            password: reader.text(&rules.password).or(way.password).map(Secret::new),
            resync_seconds: poll.and_then(|poll| poll.parse::<u32>().ok()?.checked_mul(rules.poll.unit_seconds)),
        }
    }

    fn accounts(&self, reader: &Reader<'_>) -> Vec<ParsedAccount> {
        let rules = &self.manifest.read.account;
        let transports = &self.manifest.read.transports;
        let slots = (1..=ACCOUNTS_MAX).filter_map(|slot| {
            let text = |names: &[String]| reader.of_slot(names, slot);
            let user = text(&rules.user);
            let on = |value: String| self.manifest.read.is_on(&value);
            let has_user = user.is_some() && (rules.on_with_user || rules.enabled.is_empty());
            let enabled = text(&rules.enabled).map_or(has_user, on);
            let (server, port) = match text(&rules.server) {
                Some(server) if rules.port.is_empty() => way::split_port(&server),
                server => (server, text(&rules.port).and_then(|port| way::number(&port)?.try_into().ok())),
            };
            let transport = text(&rules.transport).and_then(|value| transports.get(rules.transport_in(&value)?).copied());
            (enabled || user.is_some()).then(|| ParsedAccount {
                slot,
                enabled,
                user,
                auth: text(&rules.auth),
                password: text(&rules.password).map(Secret::new),
                server,
                port,
                transport,
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
        let named = |name: &str| self.parameters.get(name).map(String::as_str);
        let found = names.iter().find_map(|name| self.parameters.get(&way::of_slot(name, slot, named)?));
        found.filter(|value| self.holds(value)).cloned()
    }

    /// Whether a value is one, and no order to forget it.
    fn holds(&self, value: &str) -> bool {
        !value.is_empty() && !self.reset.iter().any(|reset| reset == value)
    }
}
