//! Where a webhook may lead. A name is looked up once, every address that it has is judged, and one of those is connected to; so a name
//! that means something else a moment later leads nowhere.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, UdpSocket};

use domain::net::is_public;
use tokio::net::{TcpStream, lookup_host};

use super::post::Failure;
use crate::limits::WEBHOOK_ADDRESSES_MAX;

/// Connects to a host, unless it lies where only we could reach.
pub(super) async fn connect(host: &str, port: u16, private: bool) -> Result<TcpStream, Failure> {
    let addresses = resolve(host, port).await?;
    if !private && !addresses.iter().all(|address| is_public(address.ip()) && !is_own(address.ip())) {
        return Err(Failure::PrivateAddress);
    }
    for address in addresses {
        if let Ok(stream) = TcpStream::connect(address).await {
            return Ok(stream);
        }
    }
    Err(Failure::Unreachable)
}

async fn resolve(host: &str, port: u16) -> Result<Vec<SocketAddr>, Failure> {
    // An IPv6 address stands in brackets in an address.
    let bare = host.trim_start_matches('[').trim_end_matches(']');
    let found: Vec<_> = lookup_host((bare, port)).await.map_err(|_| Failure::NoSuchHost)?.take(WEBHOOK_ADDRESSES_MAX).collect();
    if found.is_empty() { Err(Failure::NoSuchHost) } else { Ok(found) }
}

/// Whether an address is one of this machine's: then it is the one that we would speak from. Nothing is sent to find out.
fn is_own(address: IpAddr) -> bool {
    let any: SocketAddr = match address {
        IpAddr::V4(_) => (Ipv4Addr::UNSPECIFIED, 0).into(),
        IpAddr::V6(_) => (Ipv6Addr::UNSPECIFIED, 0).into(),
    };
    let from = UdpSocket::bind(any).and_then(|socket| socket.connect((address, 9)).and_then(|()| socket.local_addr()));
    from.is_ok_and(|from| from.ip() == address)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn own_addresses_are_known() {
        for text in ["127.0.0.1", "127.0.9.1"] {
            let address: IpAddr = text.parse().unwrap();
            assert_eq!(is_own(address), text == "127.0.0.1" || UdpSocket::bind((address, 0)).is_ok_and(|_| is_own(address)), "{text}");
        }
        assert!(!is_own("198.51.100.7".parse().unwrap()));
    }

    #[tokio::test]
    async fn names_and_spellings_of_private_addresses_lead_nowhere() {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        for host in
            ["127.0.0.1", "localhost", "[::1]", "[::ffff:127.0.0.1]", "0.0.0.0", "169.254.169.254", "10.0.0.1", "100.64.0.1", "224.0.0.1"]
        {
            let refused = connect(host, port, false).await;
            assert!(matches!(refused, Err(Failure::PrivateAddress)), "{host}: {refused:?}");
        }
        connect("127.0.0.1", port, true).await.unwrap();
    }
}
