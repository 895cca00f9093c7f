//! Addresses and the networks around them.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use ipnet::{IpNet, Ipv4Net, Ipv6Net};

/// The network that a hand-over is bound to: IPv4 /24, IPv6 /56 (authentication.md section 5).
pub fn handover_network(address: IpAddr) -> IpNet {
    around(address, 24, 56)
}

/// The network that wrong PINs are counted for: IPv4 /24, IPv6 /48 (authentication.md section 6).
pub fn pin_network(address: IpAddr) -> IpNet {
    around(address, 24, 48)
}

/// The network that a temporary window serves: the IPv4 address itself, the IPv6 /64 (authentication.md section 7).
pub fn site_network(address: IpAddr) -> IpNet {
    around(address, 32, 64)
}

/// An IPv4 address that came in IPv6 clothing (`::ffff:192.0.2.1`) is the IPv4 address.
pub fn canonical(address: IpAddr) -> IpAddr {
    address.to_canonical()
}

/// Loopback, private, link-local, shared (carrier-grade NAT) or unspecified: such an address names no site on the Internet.
pub fn is_private(address: IpAddr) -> bool {
    match canonical(address) {
        IpAddr::V4(v4) => is_private_v4(v4),
        IpAddr::V6(v6) => v6.is_loopback() || v6.is_unspecified() || v6.is_unique_local() || v6.is_unicast_link_local(),
    }
}

/// Whether an address is somewhere on the Internet, as opposed to inside somebody's network: what we may be sent to by people who are not
/// the operator. Everything with a purpose of its own is refused (IANA's registries of special-purpose addresses), and of IPv6 all but
/// global unicast.
pub fn is_public(address: IpAddr) -> bool {
    match canonical(address) {
        IpAddr::V4(v4) => !is_private_v4(v4) && !is_special_v4(v4),
        IpAddr::V6(v6) => {
            let global_unicast = v6.segments()[0] & 0xe000 == 0x2000;
            global_unicast && !SPECIAL_V6.iter().any(|(network, bits)| Ipv6Net::new_assert(*network, *bits).contains(&v6))
        }
    }
}

/// Protocol assignments and Teredo, documentation, 6to4 (which leads to an IPv4 address of the caller's choice).
const SPECIAL_V6: [(Ipv6Addr, u8); 4] = [
    (Ipv6Addr::new(0x2001, 0, 0, 0, 0, 0, 0, 0), 23),
    (Ipv6Addr::new(0x2001, 0xdb8, 0, 0, 0, 0, 0, 0), 32),
    (Ipv6Addr::new(0x2002, 0, 0, 0, 0, 0, 0, 0), 16),
    (Ipv6Addr::new(0x3fff, 0, 0, 0, 0, 0, 0, 0), 20),
];

/// Protocol assignments, documentation, 6to4 relays, benchmarks, multicast, reserved.
fn is_special_v4(v4: Ipv4Addr) -> bool {
    let [a, b, c, _] = v4.octets();
    let assigned = matches!([a, b, c], [192, 0, 0] | [192, 88, 99]);
    let benchmarks = a == 198 && matches!(b, 18 | 19);
    assigned || benchmarks || v4.is_documentation() || a >= 224
}

/// Whether any address of the network is private.
pub fn overlaps_private(network: &IpNet) -> bool {
    let v4 = |text: [u8; 4], bits| IpNet::V4(Ipv4Net::new_assert(Ipv4Addr::from(text), bits));
    let v6 = |first: u16, bits| IpNet::V6(Ipv6Net::new_assert(Ipv6Addr::new(first, 0, 0, 0, 0, 0, 0, 0), bits));
    let private = [
        v4([0, 0, 0, 0], 8),
        v4([10, 0, 0, 0], 8),
        v4([100, 64, 0, 0], 10),
        v4([127, 0, 0, 0], 8),
        v4([169, 254, 0, 0], 16),
        v4([172, 16, 0, 0], 12),
        v4([192, 168, 0, 0], 16),
        v6(0xfc00, 7),
        v6(0xfe80, 10),
        IpNet::V6(Ipv6Net::new_assert(Ipv6Addr::LOCALHOST, 128)),
    ];
    private.iter().any(|other| other.contains(network) || network.contains(other))
}

/// Why a text is no network.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("write an address, a prefix such as 192.0.2.0/28 or 2001:db8::/56, or 192.0.2.0/255.255.255.240")]
pub struct NetworkError;

/// Reads an address, CIDR, or `a.b.c.d/255.255.255.0`, and cuts off the host bits.
pub fn parse_network(text: &str) -> Result<IpNet, NetworkError> {
    let text = text.trim();
    if let Ok(address) = text.parse::<IpAddr>() {
        return Ok(IpNet::from(canonical(address)));
    }
    let network = match text.split_once('/') {
        Some((address, mask)) if mask.contains('.') => {
            let (address, mask) = (address.parse().map_err(|_| NetworkError)?, mask.parse().map_err(|_| NetworkError)?);
            IpNet::V4(Ipv4Net::with_netmask(address, mask).map_err(|_| NetworkError)?)
        }
        _ => text.parse::<IpNet>().map_err(|_| NetworkError)?,
    };
    Ok(network.trunc())
}

fn is_private_v4(v4: Ipv4Addr) -> bool {
    let [a, b, ..] = v4.octets();
    let carrier_grade_nat = a == 100 && (64..128).contains(&b);
    v4.is_loopback() || v4.is_private() || v4.is_link_local() || a == 0 || carrier_grade_nat
}

fn around(address: IpAddr, v4_bits: u8, v6_bits: u8) -> IpNet {
    match canonical(address) {
        IpAddr::V4(v4) => IpNet::V4(Ipv4Net::new_assert(v4, v4_bits)).trunc(),
        IpAddr::V6(v6) => IpNet::V6(Ipv6Net::new_assert(v6, v6_bits)).trunc(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn networks_are_normalised() {
        for (text, shown) in [
            ("198.51.100.7", "198.51.100.7/32"),
            ("198.51.100.7/24", "198.51.100.0/24"),
            ("198.51.100.7/255.255.255.240", "198.51.100.0/28"),
            ("2001:db8::1", "2001:db8::1/128"),
            ("2001:db8:0:5::1/56", "2001:db8::/56"),
            ("::ffff:198.51.100.7", "198.51.100.7/32"),
        ] {
            assert_eq!(parse_network(text).unwrap().to_string(), shown, "{text}");
        }
        for text in ["", "198.51.100", "198.51.100.7/33", "198.51.100.7/255.0.255.0", "2001:db8::/129", "phones.example.com"] {
            assert_eq!(parse_network(text), Err(NetworkError), "{text}");
        }
    }

    #[test]
    fn what_is_public_has_no_other_purpose() {
        // IANA's registry of special-purpose addresses, and whether what lies before and behind a network is the Internet.
        let special = [
            ([0, 0, 0, 0], 8, false, true),
            ([10, 0, 0, 0], 8, true, true),
            ([100, 64, 0, 0], 10, true, true),
            ([127, 0, 0, 0], 8, true, true),
            ([169, 254, 0, 0], 16, true, true),
            ([172, 16, 0, 0], 12, true, true),
            ([192, 0, 0, 0], 24, true, true),
            ([192, 0, 2, 0], 24, true, true),
            ([192, 88, 99, 0], 24, true, true),
            ([192, 168, 0, 0], 16, true, true),
            ([198, 18, 0, 0], 15, true, true),
            ([198, 51, 100, 0], 24, true, true),
            ([203, 0, 113, 0], 24, true, true),
            ([224, 0, 0, 0], 3, true, false),
        ];
        for (network, bits, before, behind) in special {
            let network = Ipv4Net::new_assert(network.into(), bits);
            let (first, last) = (u32::from(network.network()), u32::from(network.broadcast()));
            let public = |address: u32| is_public(Ipv4Addr::from(address).into());
            let around = [first.wrapping_sub(1), first, last, last.wrapping_add(1)].map(public);
            assert_eq!(around, [before, false, false, behind], "{network}");
        }
    }

    #[test]
    fn of_ipv6_only_global_unicast_is_public() {
        let public = |first: u16, second: u16| is_public(Ipv6Addr::new(first, second, 0, 0, 0, 0, 0, 1).into());
        for (first, second) in [(0, 0), (0x64, 0xff9b), (0x1fff, 0), (0x4000, 0), (0xfc00, 0), (0xfe80, 0), (0xff02, 0)] {
            assert!(!public(first, second), "{first:x}:{second:x}");
        }
        for (first, second) in [(0x2001, 0), (0x2001, 0x1ff), (0x2001, 0xdb8), (0x2002, 0x0a00), (0x3fff, 0)] {
            assert!(!public(first, second), "{first:x}:{second:x} has a purpose of its own");
        }
        for (first, second) in [(0x2000, 0), (0x2001, 0x200), (0x2001, 0xdb7), (0x2001, 0xdb9), (0x2003, 0), (0x3ffe, 0)] {
            assert!(public(first, second), "{first:x}:{second:x}");
        }
        for (clothed, expected) in [([10, 0, 0, 1], false), ([223, 0, 0, 1], true)] {
            assert_eq!(is_public(Ipv4Addr::from(clothed).to_ipv6_mapped().into()), expected, "{clothed:?}");
        }
    }

    #[test]
    fn private_is_seen_in_every_clothing() {
        for text in ["10.1.2.3", "127.0.0.1", "::1", "::ffff:192.168.0.1", "100.64.0.1", "fd00::1", "fe80::1", "169.254.1.1"] {
            assert!(is_private(text.parse().unwrap()), "{text}");
        }
        for text in ["198.51.100.7", "2001:db8::1", "100.128.0.1"] {
            assert!(!is_private(text.parse().unwrap()), "{text}");
        }
        assert!(overlaps_private(&"0.0.0.0/0".parse().unwrap()));
        assert!(overlaps_private(&"10.1.0.0/16".parse().unwrap()));
        assert!(!overlaps_private(&"198.51.100.0/24".parse().unwrap()));
    }
}
