//! Trunks: where emergency calls go out, and in which order they are tried.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::secret::Secret;
use crate::settings::Transport;
use crate::tenancy::{CustomerId, SiteId};

/// The longest host name, in bytes.
const HOST_BYTES_MAX: usize = 253;

/// A trunk.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct TrunkId(pub Uuid);

/// Whose calls a trunk carries.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Owner {
    /// Everybody's.
    Operator,
    /// One customer's.
    Customer(CustomerId),
    /// One site's.
    Site(SiteId),
}

/// Where a trunk is: `sip:trunk.example.com`, `sip:192.0.2.5:5080;transport=tcp`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TrunkAddress {
    /// Host name or address, IPv6 without brackets.
    pub host: String,
    /// The port, if it is not the transport's own.
    pub port: Option<u16>,
    /// How it is spoken to.
    pub transport: Transport,
}

/// What a trunk asks for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TrunkLogin {
    /// The user.
    pub user: String,
    /// The password.
    pub password: Secret<String>,
}

/// A way out for emergency calls.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Trunk {
    /// Its id.
    pub id: TrunkId,
    /// Its name, unique on the platform.
    pub name: String,
    /// Where it is.
    pub address: TrunkAddress,
    /// What it asks for, if it does.
    pub login: Option<TrunkLogin>,
    /// Whose calls it carries.
    pub owner: Owner,
    /// Of two trunks with the same owner the lower one is tried first.
    pub priority: u16,
    /// Calls it carries at once; as many as there are if absent.
    pub channels: Option<u32>,
    /// How many of the channels are kept for proved callers.
    pub reserved: u32,
    /// A number that a test may dial, such as an echo service.
    pub test_number: Option<String>,
}

/// What is known of a trunk.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Health {
    /// Nothing yet.
    #[default]
    Unknown,
    /// It answers.
    Up,
    /// It does not.
    Down,
}

/// The trunks for a caller of this place, in the order in which they are tried: the site's, the customer's, the operator's, by priority;
/// those that are down after all others, never left out.
pub fn order(trunks: &[Trunk], customer: Option<CustomerId>, site: Option<SiteId>, health: impl Fn(TrunkId) -> Health) -> Vec<&Trunk> {
    let nearness = |owner: Owner| match owner {
        Owner::Site(of) => (Some(of) == site).then_some(0),
        Owner::Customer(of) => (Some(of) == customer).then_some(1),
        Owner::Operator => Some(2),
    };
    let mut ranked: Vec<_> = trunks
        .iter()
        .filter_map(|trunk| Some(((health(trunk.id) == Health::Down, nearness(trunk.owner)?, trunk.priority, &trunk.name), trunk)))
        .collect();
    ranked.sort_by_key(|(rank, _)| *rank);
    ranked.into_iter().map(|(_, trunk)| trunk).collect()
}

impl Trunk {
    /// Whether a caller may use it while so many calls are up. One who is proved always may: a trunk that counts otherwise will say so
    /// itself. One who is not never takes a channel that is kept for those.
    pub fn admits(&self, proved: bool, calls: u32) -> bool {
        proved || self.channels.is_none_or(|channels| calls < channels.saturating_sub(self.reserved))
    }

    /// Whether a proved caller would do better elsewhere first.
    pub fn is_full(&self, calls: u32) -> bool {
        self.channels.is_some_and(|channels| calls >= channels)
    }
}

impl TrunkAddress {
    /// The port that is used.
    pub fn port(&self) -> u16 {
        self.port.unwrap_or(if self.transport == Transport::Tls { 5061 } else { 5060 })
    }

    /// Host and port as they stand in an address, IPv6 in brackets.
    pub fn host_port(&self) -> String {
        let host = if self.host.contains(':') { format!("[{}]", self.host) } else { self.host.clone() };
        self.port.map_or_else(|| host.clone(), |port| format!("{host}:{port}"))
    }

    /// The request's address for a number there.
    pub fn uri(&self, user: &str) -> String {
        format!("sip:{user}@{}{}", self.host_port(), self.parameter())
    }

    fn parameter(&self) -> &'static str {
        match self.transport {
            Transport::Udp => "",
            Transport::Tcp => ";transport=tcp",
            Transport::Tls => ";transport=tls",
        }
    }
}

/// Why a text names no trunk.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("write sip:HOST, sip:HOST:PORT or sip:HOST;transport=tcp, such as sip:trunk.example.com")]
pub struct TrunkAddressError;

impl fmt::Display for TrunkAddress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "sip:{}{}", self.host_port(), self.parameter())
    }
}

impl FromStr for TrunkAddress {
    type Err = TrunkAddressError;

    fn from_str(text: &str) -> Result<Self, TrunkAddressError> {
        let (scheme, rest) = text.trim().split_once(':').ok_or(TrunkAddressError)?;
        let mut parts = rest.split(';');
        let (host, port) = host_and_port(parts.next().unwrap_or_default()).ok_or(TrunkAddressError)?;
        let mut transport = match scheme.to_ascii_lowercase().as_str() {
            "sip" => Transport::Udp,
            "sips" => Transport::Tls,
            _ => return Err(TrunkAddressError),
        };
        for parameter in parts {
            transport = match parameter.to_ascii_lowercase().as_str() {
                "transport=udp" if transport != Transport::Tls => Transport::Udp,
                "transport=tcp" if transport != Transport::Tls => Transport::Tcp,
                "transport=tls" => Transport::Tls,
                _ => return Err(TrunkAddressError),
            };
        }
        Ok(Self { host, port, transport })
    }
}

fn host_and_port(text: &str) -> Option<(String, Option<u16>)> {
    let (host, after) = if let Some(rest) = text.strip_prefix('[') {
        let (host, after) = rest.split_once(']')?;
        host.parse::<std::net::Ipv6Addr>().ok()?;
        (host, after)
    } else {
        let (host, after) = text.split_at(text.find(':').unwrap_or(text.len()));
        let label = |label: &str| {
            let plain = label.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_');
            (1..=63).contains(&label.len()) && plain && !label.starts_with('-')
        };
        if host.len() > HOST_BYTES_MAX || !host.split('.').all(label) {
            return None;
        }
        (host, after)
    };
    let port = match after.strip_prefix(':') {
        Some(port) => Some(port.parse().ok().filter(|port| *port != 0)?),
        None if after.is_empty() => None,
        None => return None,
    };
    Some((host.to_owned(), port))
}

#[cfg(test)]
mod tests {
    use super::*;

    const CUSTOMER: CustomerId = CustomerId(Uuid::from_u128(1));
    const OTHER: CustomerId = CustomerId(Uuid::from_u128(2));
    const SITE: SiteId = SiteId(Uuid::from_u128(3));
    const NEIGHBOUR: SiteId = SiteId(Uuid::from_u128(4));

    fn trunk(name: &str, owner: Owner, priority: u16) -> Trunk {
        let number = name.bytes().fold(0u128, |sum, byte| sum * 256 + u128::from(byte));
        Trunk {
            id: TrunkId(Uuid::from_u128(number)),
            name: name.to_owned(),
            address: "sip:trunk.example.com".parse().unwrap(),
            login: None,
            owner,
            priority,
            channels: None,
            reserved: 0,
            test_number: None,
        }
    }

    fn all() -> Vec<Trunk> {
        vec![
            trunk("op-b", Owner::Operator, 20),
            trunk("op-a", Owner::Operator, 10),
            trunk("cust", Owner::Customer(CUSTOMER), 30),
            trunk("site", Owner::Site(SITE), 40),
            trunk("other", Owner::Customer(OTHER), 1),
            trunk("next", Owner::Site(NEIGHBOUR), 1),
        ]
    }

    fn names(customer: Option<CustomerId>, site: Option<SiteId>, down: &[&str]) -> Vec<String> {
        let trunks = all();
        let health = |id| match trunks.iter().find(|trunk| trunk.id == id) {
            Some(trunk) if down.contains(&trunk.name.as_str()) => Health::Down,
            Some(trunk) if trunk.name == "op-a" => Health::Up,
            _ => Health::Unknown,
        };
        order(&trunks, customer, site, health).into_iter().map(|trunk| trunk.name.clone()).collect()
    }

    #[test]
    fn the_nearest_trunk_comes_first_and_no_strangers() {
        assert_eq!(names(Some(CUSTOMER), Some(SITE), &[]), ["site", "cust", "op-a", "op-b"]);
        assert_eq!(names(Some(CUSTOMER), None, &[]), ["cust", "op-a", "op-b"]);
        assert_eq!(names(None, None, &[]), ["op-a", "op-b"]);
    }

    #[test]
    fn trunks_that_are_down_come_last_and_are_never_left_out() {
        assert_eq!(names(Some(CUSTOMER), Some(SITE), &["site", "op-a"]), ["cust", "op-b", "site", "op-a"]);
        assert_eq!(names(None, None, &["op-a", "op-b"]), ["op-a", "op-b"]);
    }

    #[test]
    fn reserved_channels_are_for_proved_callers() {
        let trunk = Trunk { channels: Some(10), reserved: 4, ..trunk("a", Owner::Operator, 0) };
        assert!(trunk.admits(false, 5) && !trunk.admits(false, 6));
        assert!(trunk.admits(true, 10), "the trunk itself says when it is full");
        assert!(!trunk.is_full(9) && trunk.is_full(10));
        let all_kept = Trunk { reserved: 12, ..trunk };
        assert!(!all_kept.admits(false, 0));
        let unbounded = Trunk { channels: None, ..all_kept };
        assert!(unbounded.admits(false, 1_000_000) && !unbounded.is_full(u32::MAX));
    }

    #[test]
    fn addresses_read_and_print() {
        for (text, shown, port, call) in [
            ("sip:trunk.example.com", "sip:trunk.example.com", 5060, "sip:112@trunk.example.com"),
            ("SIP:192.0.2.5:5080;transport=TCP", "sip:192.0.2.5:5080;transport=tcp", 5080, "sip:112@192.0.2.5:5080;transport=tcp"),
            ("sips:trunk.example.com", "sip:trunk.example.com;transport=tls", 5061, "sip:112@trunk.example.com;transport=tls"),
            ("sip:[2001:db8::5]:5070", "sip:[2001:db8::5]:5070", 5070, "sip:112@[2001:db8::5]:5070"),
        ] {
            let address: TrunkAddress = text.parse().unwrap();
            assert_eq!((address.to_string().as_str(), address.port(), address.uri("112").as_str()), (shown, port, call));
            assert_eq!(shown.parse::<TrunkAddress>().unwrap(), address);
        }
        for wrong in [
            "",
            "trunk.example.com",
            "tel:112",
            "sip:",
            "sip:user@trunk.example.com",
            "sip:trunk.example.com:0",
            "sip:trunk.example.com:x",
            "sip:a b",
            "sip:[::1",
            "sip:[192.0.2.1]",
            "sip:trunk.example.com;maddr=192.0.2.1",
            "sips:trunk.example.com;transport=udp",
            "sip:trunk.example.com\r\nX: y",
        ] {
            assert_eq!(wrong.parse::<TrunkAddress>(), Err(TrunkAddressError), "{wrong:?}");
        }
    }
}
