//! Finding IP addresses in text and telling samples from real ones.

use std::net::{Ipv4Addr, Ipv6Addr};

/// The addresses of a line that could be somebody's: neither for documentation nor private, local or special.
pub fn public_addresses(line: &str) -> Vec<String> {
    let mut found = Vec::new();
    for token in tokens(line, |c| c.is_ascii_digit() || c == '.') {
        let token = token.trim_end_matches('.');
        if token.parse::<Ipv4Addr>().is_ok_and(is_somebodys_v4) && !is_numbering(token) {
            found.push(token.to_owned());
        }
    }
    for token in tokens(line, |c| c.is_ascii_hexdigit() || c == ':') {
        if token.trim_end_matches(':').parse::<Ipv6Addr>().or_else(|_| token.parse()).is_ok_and(is_somebodys_v6) {
            found.push(token.to_owned());
        }
    }
    found
}

/// Runs of fitting characters that do not stand inside a longer word.
fn tokens(line: &str, fits: impl Fn(char) -> bool) -> Vec<&str> {
    let mut found = Vec::new();
    let mut start = None;
    for (at, c) in line.char_indices().chain([(line.len(), '\n')]) {
        if fits(c) {
            start.get_or_insert(at);
        } else if let Some(from) = start.take() {
            let inside = |c: char| c.is_alphanumeric() || c == '_';
            if !inside(c) && !line[..from].ends_with(inside) {
                found.push(&line[from..at]);
            }
        }
    }
    found
}

/// Four numbers with dots that are no address: X.500 object identifiers.
fn is_numbering(token: &str) -> bool {
    token.starts_with("2.5.4.") || token.starts_with("2.5.29.")
}

fn is_somebodys_v4(address: Ipv4Addr) -> bool {
    let [a, b, ..] = address.octets();
    let carrier_nat = a == 100 && b & 0b1100_0000 == 64;
    let benchmark = a == 198 && b & 0xfe == 18;
    let special = a == 0 || a >= 224;
    !(address.is_documentation() || address.is_private() || address.is_loopback() || address.is_link_local())
        && !(carrier_nat || benchmark || special)
}

fn is_somebodys_v6(address: Ipv6Addr) -> bool {
    let [first, second, ..] = address.segments();
    let global = first & 0xe000 == 0x2000;
    let documentation = (first == 0x2001 && second == 0x0db8) || (first == 0x3fff && second < 0x1000);
    global && !documentation
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn samples_pass_and_real_ones_are_found() {
        for line in [
            "192.0.2.1 198.51.100.7:8443 203.0.113.0/24 10.0.0.1 127.0.0.1 0.0.0.0 255.255.255.0 169.254.1.1 100.64.0.1",
            "2001:db8::1 ::1 fe80::1 fd00::1 00:15:65:1a:2b:3c std::fmt 12:30:45 2.5.29.17 1.3.6.1.5 v1.2.3.4 300.1.1.1",
        ] {
            assert_eq!(public_addresses(line), Vec::<String>::new(), "{line}");
        }
        let (four, six) = (["11", "22", "33", "44"].join("."), ["2a00", "1450", "", "5"].join(":"));
        assert_eq!(public_addresses(&format!("at {four}, [{six}]:443")), [four, six]);
    }
}
