//! Are the ports free, or served by our own server?

use std::io;
use std::net::{SocketAddr, TcpListener, TcpStream, UdpSocket};
use std::time::Duration;

use super::Finding;
use crate::config::Config;
use crate::data::DataDir;

/// How long a server of our own may take to accept, or to answer.
const ANSWER: Duration = Duration::from_secs(3);

/// One listener of the configuration.
struct Door {
    key: &'static str,
    /// Its name in `run.json`, which holds the first address of each.
    name: &'static str,
    kind: Kind,
    address: SocketAddr,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    Connections,
    Datagrams,
}

/// Tries each configured address: to listen there if no server runs, to reach it if one does.
pub fn examine(data: &DataDir, config: &Config) -> Vec<Finding> {
    let doors = doors(config);
    if data.is_served() {
        let mut seen = std::collections::BTreeSet::new();
        doors.iter().filter(|door| seen.insert(door.key)).map(|door| served(data, door)).collect()
    } else {
        doors.iter().map(free).collect()
    }
}

fn doors(config: &Config) -> Vec<Door> {
    use Kind::{Connections, Datagrams};
    let sip = &config.sip;
    let lists = [
        ("phones.https", "phones_https", Connections, config.phones.https.as_slice()),
        ("phones.http", "phones_http", Connections, config.phones.http.as_slice()),
        ("portal.listen", "portal", Connections, config.portal.listen.as_slice()),
        ("sip.udp", "sip_udp", Datagrams, &sip.udp),
        ("sip.tcp", "sip_tcp", Connections, &sip.tcp),
        ("sip.tls", "sip_tls", Connections, &sip.tls),
    ];
    let of = |(key, name, kind, addresses): (_, _, _, &[SocketAddr])| {
        addresses.iter().map(|address| Door { key, name, kind, address: *address }).collect::<Vec<_>>()
    };
    lists.into_iter().flat_map(of).collect()
}

fn free(door: &Door) -> Finding {
    let Door { key, address, .. } = door;
    let bound = match door.kind {
        Kind::Connections => TcpListener::bind(address).map(drop),
        Kind::Datagrams => UdpSocket::bind(address).map(drop),
    };
    match bound {
        Ok(()) => Finding::ok("ports", format!("{key} {address} is free")),
        Err(error) => Finding::error("ports", format!("{key} {address}: {error}"), format!("end what uses it, or change {key}")),
    }
}

/// The address stands in `run.json`: the configured port may be 0.
fn served(data: &DataDir, door: &Door) -> Finding {
    let key = door.key;
    let run = std::fs::read(data.run_file()).ok().and_then(|text| serde_json::from_slice::<serde_json::Value>(&text).ok());
    let address = run.and_then(|run| run.get(door.name)?.as_str()?.parse::<SocketAddr>().ok());
    let Some(mut address) = address else {
        return Finding::warning("ports", format!("{key}: the running server does not say where it listens"), "restart it");
    };
    if address.ip().is_unspecified() {
        address.set_ip(loopback(address));
    }
    let reached = match door.kind {
        Kind::Connections => TcpStream::connect_timeout(&address, ANSWER).map(drop),
        Kind::Datagrams => answers_options(address),
    };
    match reached {
        Ok(()) => Finding::ok("ports", format!("{key} is served on {address}")),
        Err(error) => Finding::error("ports", format!("{key} {address}: {error}"), "look at the server's log, then restart it"),
    }
}

/// Asks as a phone's registrar would be asked; datagrams have no other way to show that somebody is there.
fn answers_options(address: SocketAddr) -> io::Result<()> {
    let socket = UdpSocket::bind((if address.ip().is_loopback() { loopback(address) } else { any(address) }, 0))?;
    socket.connect(address)?;
    socket.set_read_timeout(Some(ANSWER))?;
    let ours = socket.local_addr()?;
    let request = format!(
        "OPTIONS sip:{address} SIP/2.0\r\nVia: SIP/2.0/UDP {ours};branch=z9hG4bKdoctor{port};rport\r\nMax-Forwards: 1\r\n\
         From: <sip:doctor@{ours}>;tag=doctor\r\nTo: <sip:{address}>\r\nCall-ID: doctor-{port}\r\nCSeq: 1 OPTIONS\r\n\
         Content-Length: 0\r\n\r\n",
        port = ours.port()
    );
    socket.send(request.as_bytes())?;
    let mut answer = [0; 2048];
    let length = socket.recv(&mut answer)?;
    if answer[..length].starts_with(b"SIP/2.0 200") { Ok(()) } else { Err(io::Error::other("something else answers there")) }
}

fn loopback(like: SocketAddr) -> std::net::IpAddr {
    if like.is_ipv4() { std::net::Ipv4Addr::LOCALHOST.into() } else { std::net::Ipv6Addr::LOCALHOST.into() }
}

fn any(like: SocketAddr) -> std::net::IpAddr {
    if like.is_ipv4() { std::net::Ipv4Addr::UNSPECIFIED.into() } else { std::net::Ipv6Addr::UNSPECIFIED.into() }
}
