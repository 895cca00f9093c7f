//! Kinds of values: how each is read, and what to say when it cannot be.

use std::collections::BTreeMap;
use std::net::{IpAddr, SocketAddr};
use std::path::PathBuf;

use domain::Secret;
use domain::net::parse_network;
use ipnet::IpNet;
use toml::Value;

/// Makers whose authorities are known. Each certificate is judged by one after the other.
const MAKERS_MAX: usize = 64;
/// Bytes in a maker's name.
const MAKER_BYTES_MAX: usize = 64;

/// A kind of value.
pub(super) trait Kind: Sized {
    /// What is allowed, in words.
    const ALLOWED: &'static str;

    /// Reads it.
    fn read(value: &Value) -> Option<Self>;
}

/// An address without path: `https://phones.example.com:8443`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PublicUrl {
    /// `http` or `https`.
    pub scheme: &'static str,
    /// Host name or address, without brackets.
    pub host: String,
    /// Port, where it is not the scheme's own.
    pub port: Option<u16>,
}

impl std::fmt::Display for PublicUrl {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let host = if self.host.contains(':') { format!("[{}]", self.host) } else { self.host.clone() };
        write!(f, "{}://{host}", self.scheme)?;
        self.port.map_or(Ok(()), |port| write!(f, ":{port}"))
    }
}

/// Media ports, both ends included.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RtpPorts {
    /// The lowest.
    pub from: u16,
    /// The highest.
    pub to: u16,
}

/// How restricted phones speak SIP.
pub use domain::settings::Transport;

pub(super) struct Host(pub String);
pub(super) struct HostPort(pub Option<String>);
pub(super) struct ServiceNumber(pub String);
pub(super) struct Country(pub String);
pub(super) struct CallerNumber(pub Option<String>);
pub(super) struct Smtp(pub Option<Secret<String>>);
pub(super) struct MailAddress(pub Option<String>);
pub(super) struct OptionalPath(pub Option<PathBuf>);

impl Kind for Secret<String> {
    const ALLOWED: &'static str = "sqlite:FILE, or postgres://user:password@host/database";

    fn read(value: &Value) -> Option<Self> {
        let text = value.as_str()?;
        let rest =
            text.strip_prefix("sqlite:").or_else(|| text.strip_prefix("postgres://")).or_else(|| text.strip_prefix("postgresql://"))?;
        (!rest.is_empty()).then(|| Self::from(text))
    }
}

impl Kind for Option<SocketAddr> {
    const ALLOWED: &'static str = "an address and port such as 0.0.0.0:8443 or [::]:8443, port 0 for a free one, or \"\" for off";

    fn read(value: &Value) -> Option<Self> {
        match value.as_str()? {
            "" => Some(None),
            text => text.parse().ok().map(Some),
        }
    }
}

/// Addresses of one key at most.
const LISTENS_MAX: usize = 16;

impl Kind for Vec<SocketAddr> {
    const ALLOWED: &'static str =
        "addresses with ports such as \"192.0.2.1:5060, [2001:db8::1]:5060\", at most 16, port 0 for a free one, or \"\" for off";

    fn read(value: &Value) -> Option<Self> {
        list(value.as_str()?)
    }
}

impl Kind for Vec<IpAddr> {
    const ALLOWED: &'static str = "\"\", or one address of each family such as \"192.0.2.1, 2001:db8::1\"";

    fn read(value: &Value) -> Option<Self> {
        let addresses: Self = list(value.as_str()?)?;
        let usable = |address: &IpAddr| !address.is_unspecified() && !address.is_multicast();
        let of_one_family = addresses.iter().filter(|address| address.is_ipv4()).count();
        let each_once = of_one_family <= 1 && addresses.len() - of_one_family <= 1;
        (each_once && addresses.iter().all(usable)).then_some(addresses)
    }
}

impl Kind for PublicUrl {
    const ALLOWED: &'static str = "https:// (or http://), host and port without a path, such as https://phones.example.com:8443";

    fn read(value: &Value) -> Option<Self> {
        let text = value.as_str()?;
        let (scheme, rest) = [("https", "https://"), ("http", "http://")]
            .into_iter()
            .find_map(|(scheme, prefix)| text.strip_prefix(prefix).map(|rest| (scheme, rest)))?;
        let rest = rest.strip_suffix('/').unwrap_or(rest);
        let (host, port) = split_port(rest)?;
        Some(Self { scheme, host, port })
    }
}

impl Kind for Option<PublicUrl> {
    const ALLOWED: &'static str = "\"\", or http:// with host and port such as http://phones.example.com:8080";

    fn read(value: &Value) -> Option<Self> {
        if value.as_str()?.is_empty() { Some(None) } else { PublicUrl::read(value).map(Some) }
    }
}

impl Kind for Vec<IpNet> {
    const ALLOWED: &'static str = "a list of addresses and prefixes such as [\"192.0.2.10\", \"2001:db8::/64\"]";

    fn read(value: &Value) -> Option<Self> {
        value.as_array()?.iter().map(|entry| parse_network(entry.as_str()?).ok()).collect()
    }
}

impl Kind for bool {
    const ALLOWED: &'static str = "true or false";

    fn read(value: &Value) -> Option<Self> {
        value.as_bool()
    }
}

impl Kind for RtpPorts {
    const ALLOWED: &'static str = "a range of at least 16 ports from 1024 on, such as 16384-32767";

    fn read(value: &Value) -> Option<Self> {
        let (from, to) = value.as_str()?.split_once('-')?;
        let (from, to): (u16, u16) = (from.trim().parse().ok()?, to.trim().parse().ok()?);
        (from >= 1024 && to >= from.checked_add(15)?).then_some(Self { from, to })
    }
}

impl Kind for Transport {
    const ALLOWED: &'static str = "udp, tcp or tls";

    fn read(value: &Value) -> Option<Self> {
        match value.as_str()? {
            "udp" => Some(Self::Udp),
            "tcp" => Some(Self::Tcp),
            "tls" => Some(Self::Tls),
            _ => None,
        }
    }
}

impl Kind for BTreeMap<String, Vec<String>> {
    const ALLOWED: &'static str = "countries of two letters with numbers of 2 to 8 digits, such as { DE = [\"112\", \"110\"] }";

    fn read(value: &Value) -> Option<Self> {
        let number = |entry: &Value| {
            let text = entry.as_str()?;
            let digits = (2..=8).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_digit());
            digits.then(|| text.to_owned())
        };
        let country = |(code, numbers): (&String, &Value)| {
            let numbers: Vec<String> = numbers.as_array()?.iter().map(number).collect::<Option<_>>()?;
            (is_country(code) && !numbers.is_empty()).then(|| (code.clone(), numbers))
        };
        value.as_table()?.iter().map(country).collect()
    }
}

impl Kind for BTreeMap<String, PathBuf> {
    const ALLOWED: &'static str =
        "makers' names of small letters, digits and hyphens with a PEM file of each, at most 64, such as { yealink = \"yealink-ca.pem\" }";

    fn read(value: &Value) -> Option<Self> {
        let maker = |(name, file): (&String, &Value)| {
            let plain = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-';
            let fits = (1..=MAKER_BYTES_MAX).contains(&name.len()) && name.bytes().all(plain);
            let file = file.as_str().filter(|file| fits && !file.is_empty())?;
            Some((name.clone(), file.into()))
        };
        value.as_table().filter(|table| table.len() <= MAKERS_MAX)?.iter().map(maker).collect()
    }
}

impl Kind for BTreeMap<redirect::Kind, redirect::Url> {
    const ALLOWED: &'static str =
        "names of redirect services with an https:// address of each, such as { yealink-ymcs = \"https://proxy.example.com/ymcs\" }";

    fn read(value: &Value) -> Option<Self> {
        let service = |(name, address): (&String, &Value)| {
            let address: redirect::Url = address.as_str()?.parse().ok()?;
            let plain = address.scheme() == "https" && address.has_host() && address.username().is_empty() && address.password().is_none();
            plain.then_some((redirect::Kind::of(name)?, address))
        };
        value.as_table()?.iter().map(service).collect()
    }
}

impl Kind for Host {
    const ALLOWED: &'static str = "a host name or address";

    fn read(value: &Value) -> Option<Self> {
        let text = value.as_str()?;
        is_host(text).then(|| Self(text.to_owned()))
    }
}

impl Kind for HostPort {
    const ALLOWED: &'static str = "\"\", or host:port such as sip.example.com:5060";

    fn read(value: &Value) -> Option<Self> {
        match value.as_str()? {
            "" => Some(Self(None)),
            text => split_port(text).map(|_| Self(Some(text.to_owned()))),
        }
    }
}

impl Kind for ServiceNumber {
    const ALLOWED: &'static str = "1 to 16 of the keys 0-9 * #";

    fn read(value: &Value) -> Option<Self> {
        let text = value.as_str()?;
        let keys = (1..=16).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_digit() || byte == b'*' || byte == b'#');
        keys.then(|| Self(text.to_owned()))
    }
}

impl Kind for Country {
    const ALLOWED: &'static str = "a country of two capital letters, such as DE";

    fn read(value: &Value) -> Option<Self> {
        value.as_str().filter(|text| is_country(text)).map(|text| Self(text.to_owned()))
    }
}

impl Kind for CallerNumber {
    const ALLOWED: &'static str = "\"\", or + and 4 to 15 digits, such as +4930123456";

    fn read(value: &Value) -> Option<Self> {
        let text = value.as_str()?;
        if text.is_empty() {
            return Some(Self(None));
        }
        let digits = text.strip_prefix('+')?;
        let fits = (4..=15).contains(&digits.len()) && digits.bytes().all(|byte| byte.is_ascii_digit()) && !digits.starts_with('0');
        fits.then(|| Self(Some(text.to_owned())))
    }
}

impl Kind for Smtp {
    const ALLOWED: &'static str = "\"\", or smtp:// or smtps:// with host, such as smtps://user:password@mail.example.com:465";

    fn read(value: &Value) -> Option<Self> {
        let text = value.as_str()?;
        if text.is_empty() {
            return Some(Self(None));
        }
        let rest = text.strip_prefix("smtp://").or_else(|| text.strip_prefix("smtps://"))?;
        let host = rest.rsplit_once('@').map_or(rest, |(_, host)| host);
        split_port(host).map(|_| Self(Some(Secret::from(text))))
    }
}

impl Kind for MailAddress {
    const ALLOWED: &'static str = "\"\", or a mail address";

    fn read(value: &Value) -> Option<Self> {
        let text = value.as_str()?;
        let plain = !text.chars().any(|c| c.is_control() || c.is_whitespace());
        match text.split_once('@') {
            _ if text.is_empty() => Some(Self(None)),
            Some((user, host)) if plain && !user.is_empty() && is_host(host) => Some(Self(Some(text.to_owned()))),
            _ => None,
        }
    }
}

impl Kind for OptionalPath {
    const ALLOWED: &'static str = "the path of a PEM file, or \"\" for none";

    fn read(value: &Value) -> Option<Self> {
        let text = value.as_str()?;
        Some(Self((!text.is_empty()).then(|| text.into())))
    }
}

/// Values with commas between them; an empty text holds none.
fn list<T: std::str::FromStr>(text: &str) -> Option<Vec<T>> {
    if text.is_empty() {
        return Some(Vec::new());
    }
    let values: Vec<T> = text.split(',').map(|value| value.trim().parse().ok()).collect::<Option<_>>()?;
    (values.len() <= LISTENS_MAX).then_some(values)
}

fn split_port(text: &str) -> Option<(String, Option<u16>)> {
    let (host, port) = match text.strip_prefix('[') {
        Some(rest) => {
            let (host, after) = rest.split_once(']')?;
            host.parse::<std::net::Ipv6Addr>().ok()?;
            (host, if after.is_empty() { None } else { Some(after.strip_prefix(':')?) })
        }
        None => text.split_once(':').map_or((text, None), |(host, port)| (host, Some(port))),
    };
    let port = port.map(|port| port.parse().ok().filter(|port| *port != 0).ok_or(())).transpose().ok()?;
    is_host(host).then(|| (host.to_owned(), port))
}

fn is_host(text: &str) -> bool {
    let label = |label: &str| {
        let fits =
            (1..=63).contains(&label.len()) && label.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_');
        fits && !label.starts_with('-')
    };
    text.parse::<IpAddr>().is_ok() || text.len() <= 253 && text.split('.').all(label)
}

fn is_country(text: &str) -> bool {
    text.len() == 2 && text.bytes().all(|byte| byte.is_ascii_uppercase())
}
