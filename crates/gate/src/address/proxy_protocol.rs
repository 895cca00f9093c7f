//! The PROXY protocol, versions 1 and 2, as HAProxy's document `proxy-protocol.txt` lays it down: a load balancer says
//! in front of the first byte from where a connection comes. Read only from trusted proxies, and then required.

use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

use tokio::io::{AsyncRead, AsyncReadExt};

use crate::limits::{PROXY_V1_BYTES_MAX, PROXY_V2_BYTES_MAX};

/// What every version 2 header starts with.
const SIGNATURE: [u8; 12] = *b"\r\n\r\n\0\r\nQUIT\n";

/// Reads one header and not a byte more. `None` means that the proxy speaks for itself (health checks).
///
/// # Errors
/// `InvalidData` with a reason if what comes is no such header, and whatever the stream says.
pub async fn read_source(stream: &mut (impl AsyncRead + Unpin)) -> io::Result<Option<SocketAddr>> {
    // No header of either version is shorter than version 2's signature.
    let mut start = [0; SIGNATURE.len()];
    stream.read_exact(&mut start).await?;
    if start == SIGNATURE {
        return version_2(stream).await;
    }
    if !start.starts_with(b"PROXY ") {
        return Err(invalid("a trusted proxy sent no PROXY protocol header"));
    }
    // One byte at a time: what follows the line belongs to TLS or HTTP.
    let mut line = start.to_vec();
    while !line.ends_with(b"\r\n") {
        if line.len() == PROXY_V1_BYTES_MAX {
            return Err(invalid("PROXY protocol line too long"));
        }
        line.push(stream.read_u8().await?);
    }
    version_1(&line[..line.len() - 2])
}

fn version_1(line: &[u8]) -> io::Result<Option<SocketAddr>> {
    let broken = || invalid("PROXY protocol line is broken");
    let line = std::str::from_utf8(line).map_err(|_| broken())?;
    let mut words = line.split(' ').skip(1);
    let source: IpAddr = match words.next() {
        Some("UNKNOWN") => return Ok(None),
        Some("TCP4") => words.next().and_then(|word| word.parse::<Ipv4Addr>().ok()).ok_or_else(broken)?.into(),
        Some("TCP6") => words.next().and_then(|word| word.parse::<Ipv6Addr>().ok()).ok_or_else(broken)?.into(),
        _ => return Err(broken()),
    };
    let destination = words.next().and_then(|word| word.parse::<IpAddr>().ok());
    let ports = [words.next(), words.next()].map(|word| word.and_then(|word| word.parse::<u16>().ok()));
    match (destination, ports, words.next()) {
        (Some(_), [Some(port), Some(_)], None) => Ok(Some(SocketAddr::new(source.to_canonical(), port))),
        _ => Err(broken()),
    }
}

async fn version_2(stream: &mut (impl AsyncRead + Unpin)) -> io::Result<Option<SocketAddr>> {
    let command = stream.read_u8().await?;
    let family = stream.read_u8().await?;
    let length = usize::from(stream.read_u16().await?);
    if length > PROXY_V2_BYTES_MAX {
        return Err(invalid("PROXY protocol header too long"));
    }
    let mut payload = vec![0; length];
    stream.read_exact(&mut payload).await?;
    match (command, family) {
        (0x21, 0x11) => source::<4>(&payload).map(Some),
        (0x21, 0x21) => source::<16>(&payload).map(Some),
        // The proxy itself, unspecified, or a Unix socket: the receiver shall take the connection's own address.
        (0x20, _) | (0x21, 0x00 | 0x31) => Ok(None),
        _ => Err(invalid("PROXY protocol command or family unknown")),
    }
}

/// Source and destination address of `N` bytes each, then both ports.
fn source<const N: usize>(payload: &[u8]) -> io::Result<SocketAddr>
where
    IpAddr: From<[u8; N]>,
{
    let too_short = || invalid("PROXY protocol header too short");
    let address = payload.first_chunk::<N>().ok_or_else(too_short)?;
    let ports = payload.get(2 * N..2 * N + 4).ok_or_else(too_short)?;
    Ok(SocketAddr::new(IpAddr::from(*address).to_canonical(), u16::from_be_bytes([ports[0], ports[1]])))
}

fn invalid(reason: &'static str) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, reason)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What the reader says, and what it left in the stream.
    async fn read(bytes: &[u8]) -> (Result<Option<String>, io::ErrorKind>, usize) {
        let mut rest = bytes;
        let read = read_source(&mut rest).await;
        (read.map(|source| source.map(|source| source.to_string())).map_err(|error| error.kind()), rest.len())
    }

    fn version_2(command: u8, family: u8, payload: &[u8]) -> Vec<u8> {
        let mut header = SIGNATURE.to_vec();
        header.extend([command, family]);
        header.extend(u16::try_from(payload.len()).unwrap().to_be_bytes());
        header.extend(payload);
        header
    }

    #[tokio::test]
    async fn good_headers_are_read_to_the_last_byte() {
        let v4 = [198, 51, 100, 7, 192, 0, 2, 1, 0x12, 0x34, 0x01, 0xbb, 0x04, 0, 0];
        let v6: Vec<u8> =
            ["2001:db8::7", "2001:db8::1"].iter().flat_map(|a| a.parse::<Ipv6Addr>().unwrap().octets()).chain([0x12, 0x34, 0, 0]).collect();
        let table: Vec<(Vec<u8>, Option<&str>)> = vec![
            (b"PROXY TCP4 198.51.100.7 192.0.2.1 4660 443\r\n".to_vec(), Some("198.51.100.7:4660")),
            (b"PROXY TCP6 2001:db8::7 2001:db8::1 4660 443\r\n".to_vec(), Some("[2001:db8::7]:4660")),
            (b"PROXY UNKNOWN\r\n".to_vec(), None),
            (b"PROXY UNKNOWN ffff::1 ffff::2 1 2\r\n".to_vec(), None),
            (version_2(0x21, 0x11, &v4), Some("198.51.100.7:4660")),
            (version_2(0x21, 0x21, &v6), Some("[2001:db8::7]:4660")),
            (version_2(0x20, 0x00, &[]), None),
            (version_2(0x21, 0x00, &[1, 2, 3]), None),
        ];
        for (header, expected) in table {
            let mut stream = header.clone();
            stream.extend(b"GET /");
            assert_eq!(read(&stream).await, (Ok(expected.map(String::from)), 5), "{}", header.escape_ascii());
        }
    }

    #[tokio::test]
    async fn broken_headers_are_refused() {
        let long = format!("PROXY TCP4 {}\r\n", "1".repeat(200));
        let table: Vec<Vec<u8>> = vec![
            b"GET /cfg/x HTTP/1.1\r\n\r\n".to_vec(),
            b"PROXY TCP4 2001:db8::7 192.0.2.1 1 2\r\n".to_vec(),
            b"PROXY TCP4 198.51.100.7 192.0.2.1 1\r\n".to_vec(),
            b"PROXY TCP4 198.51.100.7 192.0.2.1 1 99999\r\n".to_vec(),
            b"PROXY TCP4 198.51.100.7 192.0.2.1 1 2 3\r\n".to_vec(),
            b"PROXY SCTP 198.51.100.7 192.0.2.1 1 2\r\n".to_vec(),
            b"PROXY TCP4 \xff\xff\xff\xff\r\n".to_vec(),
            long.into_bytes(),
            version_2(0x21, 0x11, &[1, 2, 3, 4]),
            version_2(0x21, 0x12, &[0; 12]),
            version_2(0x31, 0x11, &[0; 12]),
            version_2(0x21, 0x11, &[0; PROXY_V2_BYTES_MAX + 1]),
        ];
        for header in table {
            assert_eq!(read(&header).await.0, Err(io::ErrorKind::InvalidData), "{}", header.escape_ascii());
        }
        assert_eq!(read(b"PROXY TCP4 198").await.0, Err(io::ErrorKind::UnexpectedEof));
    }
}
