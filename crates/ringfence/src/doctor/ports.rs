//! Are the ports free, or served by our own server?

use std::net::{SocketAddr, TcpListener, TcpStream};
use std::time::Duration;

use super::Finding;
use crate::config::Config;
use crate::data::DataDir;

/// How long a server of our own may take to accept.
const CONNECT: Duration = Duration::from_secs(3);

/// Tries each configured address: to listen there if no server runs, to connect if one does.
pub fn examine(data: &DataDir, config: &Config) -> Vec<Finding> {
    let doors = [("phones.https", config.phones.https), ("phones.http", config.phones.http), ("portal.listen", config.portal.listen)];
    let configured = doors.iter().filter_map(|(key, address)| Some((*key, (*address)?)));
    if data.is_served() {
        configured.map(|(key, _)| served(data, key)).collect()
    } else {
        configured.map(|(key, address)| free(key, address)).collect()
    }
}

fn free(key: &'static str, address: SocketAddr) -> Finding {
    match TcpListener::bind(address) {
        Ok(_) => Finding::ok("ports", format!("{key} {address} is free")),
        Err(error) => Finding::error("ports", format!("{key} {address}: {error}"), format!("end what uses it, or change {key}")),
    }
}

/// The address stands in `run.json`: the configured port may be 0.
fn served(data: &DataDir, key: &'static str) -> Finding {
    let name = match key {
        "phones.https" => "phones_https",
        "phones.http" => "phones_http",
        _ => "portal",
    };
    let run = std::fs::read(data.run_file()).ok().and_then(|text| serde_json::from_slice::<serde_json::Value>(&text).ok());
    let address = run.and_then(|run| run.get(name)?.as_str()?.parse::<SocketAddr>().ok());
    let Some(mut address) = address else {
        return Finding::warning("ports", format!("{key}: the running server does not say where it listens"), "restart it");
    };
    if address.ip().is_unspecified() {
        let loopback: std::net::IpAddr =
            if address.is_ipv4() { std::net::Ipv4Addr::LOCALHOST.into() } else { std::net::Ipv6Addr::LOCALHOST.into() };
        address.set_ip(loopback);
    }
    match TcpStream::connect_timeout(&address, CONNECT) {
        Ok(_) => Finding::ok("ports", format!("{key} is served on {address}")),
        Err(error) => Finding::error("ports", format!("{key} {address}: {error}"), "look at the server's log, then restart it"),
    }
}
