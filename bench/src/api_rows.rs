//! What the API costs programs: one phone, and a page of phones, against the same bytes from a server that does nothing else.

use std::net::SocketAddr;
use std::path::Path;
use std::process::Stdio;
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context as _, Result, ensure};
use bytes::Bytes;
use serde::Deserialize;
use tokio::process::Command;

use crate::certificate::Certificate;
use crate::connection::Connection;
use crate::load::{self, Load, Use};
use crate::measure::{get, same_body};
use crate::phones::mac;
use crate::population::{Population, Stage, binary};
use crate::process::Server;
use crate::table::Row;

const PHONES: u32 = 1_000;
const ROUNDS: usize = 5;
/// Programs at once, each with a token and a connection of its own: what one token may ask is bounded.
const PROGRAMS: usize = 16;
/// Below the burst of a token, with one warming round before.
const REQUESTS_EACH: usize = 400;
const TIME_MAX: Duration = Duration::from_secs(20);

const READ: &str = "API, one phone read: own answer / static answer, per second";
const LIST: &str = "API, a page of 100 phones: own answer / static answer, per second";

/// Measures the rows whose name contains `wanted`.
pub async fn measure(wanted: &str, folder: &Path, cache: &Path, certificate: &Certificate) -> Result<Vec<Row>> {
    let mut rows = Vec::new();
    for name in [READ, LIST].into_iter().filter(|name| name.contains(wanted)) {
        rows.push(row(name, folder, cache, certificate).await?);
    }
    Ok(rows)
}

async fn row(name: &str, folder: &Path, cache: &Path, certificate: &Certificate) -> Result<Row> {
    let phones = Population::of(cache, PHONES, Stage::Live).await?;
    let mut tokens = Vec::new();
    for _ in 0..PROGRAMS * (ROUNDS + 1) {
        tokens.push(token(&phones.folder).await?);
    }
    let mut command = Command::new(binary()?);
    command.env("RINGFENCE_PORTAL_TLS", "false");
    let server = Server::ringfence_by(command, &phones.folder, certificate).await?;
    let portal = server.addresses()?.portal.context("no portal")?;
    let path = if name == LIST { "/api/v1/devices?limit=100".to_owned() } else { format!("/api/v1/devices/{}", mac(0)) };
    let spare = token(&phones.folder).await?;
    let body = body(portal, &path, &spare).await?;
    let fixed = Server::reference(folder, &body, None).await?;
    let bare = fixed.address()?;
    let load = |target, requests| Load {
        target,
        tls: None,
        connections: Use::KeepAlive,
        at_once: PROGRAMS,
        requests: Arc::new(requests),
        check: same_body(&body),
        time_max: TIME_MAX,
    };
    let mut round = tokens.chunks(PROGRAMS);
    let row = Row::in_turn(
        name,
        (0.01, 0.05),
        ROUNDS,
        || rate(load(bare, vec![get("/body", "localhost"); PROGRAMS * REQUESTS_EACH])),
        || {
            let tokens = round.next().unwrap_or_default();
            let of = |token: &String| std::iter::repeat_n(asked(&path, token), REQUESTS_EACH);
            rate(load(portal, tokens.iter().flat_map(of).collect()))
        },
    );
    let row = row.await?;
    server.stop().await?;
    fixed.stop().await?;
    Ok(row)
}

async fn rate(load: Load) -> Result<f64> {
    load::run(&load).await?.per_second()
}

fn asked(path: &str, token: &str) -> Vec<u8> {
    format!("GET {path} HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer {token}\r\n\r\n").into_bytes()
}

async fn body(portal: SocketAddr, path: &str, token: &str) -> Result<Bytes> {
    let mut connection = Connection::open(portal, None).await?;
    let answer = connection.ask(&asked(path, token)).await?;
    ensure!(answer.status == 200, "{path} was answered {}", answer.status);
    Ok(Bytes::copy_from_slice(answer.body))
}

/// An operator's token, made as an operator makes one.
async fn token(data: &Path) -> Result<String> {
    #[derive(Deserialize)]
    struct Made {
        token: String,
    }
    let mut command = Command::new(binary()?);
    let made =
        command.args(["token", "create", "--role", "operator", "--json", "--data"]).arg(data).stderr(Stdio::inherit()).output().await?;
    ensure!(made.status.success(), "no token: {}", made.status);
    Ok(serde_json::from_slice::<Made>(&made.stdout)?.token)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_request_shows_its_token() {
        let request = String::from_utf8(asked("/api/v1/devices", "t0ken")).unwrap();
        assert!(request.starts_with("GET /api/v1/devices HTTP/1.1\r\n") && request.contains("Bearer t0ken\r\n\r\n"));
    }
}
