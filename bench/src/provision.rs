//! Bringing phones from the box to their own login, as fast as a server lets them: hand-over and take-up of each.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context as _, Result, ensure};
use rustls::ClientConfig;
use tokio::task::JoinSet;

use crate::clock;
use crate::connection::Connection;
use crate::limits::CONNECTIONS_MAX;
use crate::phones::{Login, basic_fetch, mac};

/// The phones that came up.
pub struct Provisioned {
    /// Each phone's index and own login, in no particular order.
    pub phones: Vec<(u32, Login)>,
    /// From the first request to the last take-up.
    pub time: Duration,
}

impl Provisioned {
    /// Phones per second.
    pub fn per_second(&self) -> f64 {
        f64::from(self.phones.len() as u32) / self.time.as_secs_f64()
    }
}

/// Lets each phone fetch with the global login and come back with what it was given. Each of `at_once` tasks keeps one
/// connection for all of its phones, so that handshakes are not what is measured. Fails if any phone does not come up.
pub async fn provision(
    target: SocketAddr,
    tls: Option<Arc<ClientConfig>>,
    global: &Login,
    phones: &[u32],
    at_once: usize,
) -> Result<Provisioned> {
    ensure!((1..=CONNECTIONS_MAX).contains(&at_once), "between 1 and {CONNECTIONS_MAX} connections");
    let started = clock::now();
    let mut tasks = JoinSet::new();
    for share in phones.chunks(phones.len().div_ceil(at_once).max(1)) {
        let (share, tls, global) = (share.to_vec(), tls.clone(), global.clone());
        tasks.spawn(async move {
            let mut connection = Connection::open(target, tls.as_ref()).await?;
            let mut up = Vec::with_capacity(share.len());
            for index in share {
                up.push((index, one(&mut connection, &global, index).await.with_context(|| format!("phone {}", mac(index)))?));
            }
            Ok::<_, anyhow::Error>(up)
        });
    }
    let mut phones = Vec::new();
    while let Some(up) = tasks.join_next().await {
        phones.extend(up??);
    }
    Ok(Provisioned { phones, time: clock::now() - started })
}

async fn one(connection: &mut Connection, global: &Login, index: u32) -> Result<Login> {
    let first = connection.ask(&basic_fetch(mac(index), global)).await?;
    ensure!(first.status == 200, "the first fetch was answered {}", first.status);
    let own = Login::from_config(first.body)?;
    let second = connection.ask(&basic_fetch(mac(index), &own)).await?;
    ensure!(second.status == 200, "the fetch with its own login was answered {}", second.status);
    Ok(own)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;
    use std::convert::Infallible;

    use bytes::Bytes;
    use http_body_util::Full;
    use hyper::body::Incoming;
    use hyper::service::service_fn;
    use hyper::{Request, Response};
    use hyper_util::rt::TokioIo;
    use tokio::net::TcpListener;

    use super::*;

    /// Gives each MAC a login that names it, and takes nothing else at its door.
    fn answer(request: &Request<Incoming>) -> Response<Full<Bytes>> {
        let path = request.uri().path();
        let shown = request.headers().get("authorization").and_then(|value| value.to_str().ok()).unwrap_or_default();
        let body = match path.rsplit_once('/') {
            Some(("/cfg", file)) if shown == wire::auth::basic_answer("global", "once") => format!(
                "#!version:1.0.0.1\nstatic.auto_provision.server.url = https://localhost/cfg/d/{file}/\n\
                static.auto_provision.server.username = own\nstatic.auto_provision.server.password = of-{file}\n"
            ),
            Some((_, file)) if shown == wire::auth::basic_answer("own", &format!("of-{file}")) => String::from("full"),
            _ => return Response::builder().status(401).body(Full::default()).expect("a status and no more"),
        };
        Response::new(Full::new(body.into()))
    }

    async fn check(password: &str) -> Result<Provisioned> {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let target = listener.local_addr().unwrap();
        let serving = tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let service = service_fn(|request| async move { Ok::<_, Infallible>(answer(&request)) });
                tokio::spawn(hyper::server::conn::http1::Builder::new().serve_connection(TokioIo::new(stream), service));
            }
        });
        let phones: Vec<u32> = (0..50).collect();
        let came_up = provision(target, None, &Login::global("global", password), &phones, 8).await;
        serving.abort();
        came_up
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn every_phone_comes_up_with_its_own_login() {
        let provisioned = check("once").await.unwrap();
        let passwords: BTreeSet<&String> = provisioned.phones.iter().map(|(_, login)| login.password.expose()).collect();
        assert_eq!((provisioned.phones.len(), passwords.len()), (50, 50));
        assert!(provisioned.per_second() > 0.0);
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn a_phone_that_is_refused_fails_the_whole() {
        assert!(check("wrong").await.is_err());
    }
}
