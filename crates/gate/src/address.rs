//! From which address a request really comes.

pub mod proxy_protocol;

use std::net::{IpAddr, Ipv6Addr, SocketAddr};

use http::HeaderValue;
use ipnet::IpNet;

use crate::limits::FORWARDED_HOPS_MAX;

/// What counts as one address in tables and limits: an IPv4 address, or an IPv6 /64 (one household or office has at least that).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct AddressKey(IpAddr);

impl AddressKey {
    /// The key of an address.
    pub fn of(address: IpAddr) -> Self {
        Self(match address.to_canonical() {
            IpAddr::V6(v6) => Ipv6Addr::from_bits(v6.to_bits() & (u128::MAX << 64)).into(),
            v4 @ IpAddr::V4(_) => v4,
        })
    }
}

/// The proxies whose word on a client's address is taken.
#[derive(Clone, Debug, Default)]
pub struct Proxies {
    networks: Vec<IpNet>,
}

impl Proxies {
    /// Trusts these networks, and nobody else.
    pub fn new(networks: Vec<IpNet>) -> Self {
        Self { networks }
    }

    /// Whether an address is one of the proxies.
    pub fn trusts(&self, address: IpAddr) -> bool {
        !self.networks.is_empty() && self.networks.iter().any(|network| network.contains(&address.to_canonical()))
    }

    /// The client's address: the TCP peer, or, if that is a trusted proxy, the nearest entry of `X-Forwarded-For` that is none.
    ///
    /// Counted from the right, because everything left of the first untrusted entry is what the client itself wrote.
    pub fn client<'a>(&self, peer: IpAddr, forwarded_for: impl DoubleEndedIterator<Item = &'a HeaderValue>) -> IpAddr {
        let mut client = peer.to_canonical();
        if !self.trusts(client) {
            return client;
        }
        let entries = forwarded_for.rev().flat_map(|line| line.as_bytes().rsplit(|byte| *byte == b','));
        for entry in entries.take(FORWARDED_HOPS_MAX) {
            let Some(address) = std::str::from_utf8(entry).ok().and_then(address) else { break };
            client = address;
            if !self.trusts(client) {
                break;
            }
        }
        client
    }
}

/// One entry: an address, or an address with port as some proxies write it.
fn address(entry: &str) -> Option<IpAddr> {
    let entry = entry.trim();
    let bare = || entry.parse::<IpAddr>().ok();
    let bracketed = || entry.strip_prefix('[')?.strip_suffix(']')?.parse::<IpAddr>().ok();
    let with_port = || entry.parse::<SocketAddr>().ok().map(|socket| socket.ip());
    bare().or_else(with_port).or_else(bracketed).map(|address| address.to_canonical())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn client(peer: &str, lines: &[&str]) -> String {
        let proxies = Proxies::new(vec!["192.0.2.0/28".parse().unwrap(), "2001:db8:ffff::/48".parse().unwrap()]);
        let lines: Vec<HeaderValue> = lines.iter().map(|line| HeaderValue::from_bytes(line.as_bytes()).unwrap()).collect();
        proxies.client(peer.parse().unwrap(), lines.iter()).to_string()
    }

    #[test]
    fn forwarded_for_is_counted_from_the_right() {
        let table: &[(&str, &[&str], &str)] = &[
            // Nobody trusted: the header is the client's own fancy.
            ("203.0.113.9", &["198.51.100.1"], "203.0.113.9"),
            ("203.0.113.9", &[], "203.0.113.9"),
            // A proxy without the header is a client itself.
            ("192.0.2.1", &[], "192.0.2.1"),
            ("192.0.2.1", &["198.51.100.1"], "198.51.100.1"),
            // What stands left of the first untrusted entry was written by the client.
            ("192.0.2.1", &["10.0.0.1, 198.51.100.1"], "198.51.100.1"),
            ("192.0.2.1", &["10.0.0.1, 198.51.100.1, 192.0.2.2"], "198.51.100.1"),
            ("192.0.2.1", &["192.0.2.3,192.0.2.2"], "192.0.2.3"),
            // Several lines are one list.
            ("192.0.2.1", &["10.0.0.1", "198.51.100.1", "192.0.2.2"], "198.51.100.1"),
            // Nonsense ends the walk at the last address that a proxy vouched for.
            ("192.0.2.1", &["198.51.100.1, unknown"], "192.0.2.1"),
            ("192.0.2.1", &["198.51.100.1, unknown, 192.0.2.2"], "192.0.2.2"),
            ("192.0.2.1", &[""], "192.0.2.1"),
            ("192.0.2.1", &["\u{e4}"], "192.0.2.1"),
            // Ports, brackets, mapped addresses, IPv6.
            ("192.0.2.1", &["198.51.100.1:4711"], "198.51.100.1"),
            ("192.0.2.1", &["[2001:db8::1]:4711"], "2001:db8::1"),
            ("192.0.2.1", &["[2001:db8::1]"], "2001:db8::1"),
            ("::ffff:192.0.2.1", &["::ffff:198.51.100.1"], "198.51.100.1"),
            ("2001:db8:ffff::1", &["2001:db8::1"], "2001:db8::1"),
        ];
        for (peer, lines, expected) in table {
            assert_eq!(client(peer, lines), *expected, "{peer} {lines:?}");
        }
    }

    #[test]
    fn the_walk_back_is_bounded() {
        let long = format!("198.51.100.1{}", ",192.0.2.2".repeat(FORWARDED_HOPS_MAX));
        assert_eq!(client("192.0.2.1", &[&long]), "192.0.2.2");
    }

    #[test]
    fn an_ipv6_network_is_one_key() {
        let key = |text: &str| AddressKey::of(text.parse().unwrap());
        assert_eq!(key("2001:db8:1:2::1"), key("2001:db8:1:2:ffff::9"));
        assert_ne!(key("2001:db8:1:2::1"), key("2001:db8:1:3::1"));
        assert_eq!(key("::ffff:192.0.2.1"), key("192.0.2.1"));
        assert_ne!(key("192.0.2.1"), key("192.0.2.2"));
    }
}
