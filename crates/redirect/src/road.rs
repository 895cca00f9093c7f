//! The way to a service: TLS that is verified, one host, no redirects, bounded in time and size, and not faster than allowed.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use domain::Time;
use reqwest::header::{CONTENT_TYPE, HeaderMap, HeaderName, HeaderValue, RETRY_AFTER};
use reqwest::{Certificate, Client, Method, Request, Response, Url, redirect, retry};
use tokio::sync::Mutex;
use tokio::time::{Instant, sleep_until};

use crate::limits::{ANSWER_BYTES_MAX, CALL_PATIENCE, CONNECT_PATIENCE, PAUSE_MAX};
use crate::outcome::Failure;

/// What all clients share: trust, clock and chance.
#[derive(Clone)]
pub struct Road {
    client: Client,
    clock: fn() -> Time,
    chance: fn(&mut [u8]),
    paced: bool,
}

impl fmt::Debug for Road {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Road").field("paced", &self.paced).finish_non_exhaustive()
    }
}

impl Road {
    /// Trusting these authorities (DER) and no other. `None` if one of them is no certificate.
    pub fn new(authorities: &[Vec<u8>], clock: fn() -> Time, chance: fn(&mut [u8])) -> Option<Self> {
        let authorities: Result<Vec<_>, _> = authorities.iter().map(|der| Certificate::from_der(der)).collect();
        let client = Client::builder()
            .tls_certs_only(authorities.ok()?)
            .https_only(true)
            .http1_only()
            .redirect(redirect::Policy::none())
            .retry(retry::never())
            .no_proxy()
            .connect_timeout(CONNECT_PATIENCE)
            .timeout(CALL_PATIENCE)
            .user_agent("Ringfence")
            .build();
        Some(Self { client: client.ok()?, clock, chance, paced: true })
    }

    /// Without pauses between calls: for services on this machine.
    #[must_use]
    pub fn in_a_hurry(mut self) -> Self {
        self.paced = false;
        self
    }

    /// The line to a service.
    pub fn line(&self, base: Url, calls_per_second: u32) -> Line {
        let gap = if self.paced { Duration::from_secs(1) / calls_per_second.max(1) } else { Duration::ZERO };
        Line { road: self.clone(), base, gap, free: Arc::new(Mutex::new(None)) }
    }
}

/// The line to one service: it goes to the service's own host and to no other.
#[derive(Clone, Debug)]
pub struct Line {
    road: Road,
    base: Url,
    gap: Duration,
    free: Arc<Mutex<Option<Instant>>>,
}

/// A request.
#[derive(Debug)]
pub struct Ask {
    /// Its method.
    pub method: Method,
    /// Where; refused unless it lies at the service's own origin.
    pub url: Url,
    /// Headers besides those of the body.
    pub headers: Vec<(HeaderName, String)>,
    /// Content type and bytes.
    pub body: Option<(&'static str, Vec<u8>)>,
}

/// An answer, whatever its status; 429 and a 503 that names a time are told as a failure before.
#[derive(Debug)]
pub struct Reply {
    /// The status.
    pub status: u16,
    /// The headers.
    pub headers: HeaderMap,
    /// The whole body.
    pub body: Vec<u8>,
}

impl Line {
    /// Where the service answers.
    pub fn base(&self) -> &Url {
        &self.base
    }

    /// An address below the base: the path is appended, whether the base ends in a slash or not.
    pub fn at(&self, path: &str) -> Url {
        let mut url = self.base.clone();
        let joined = format!("{}/{}", url.path().trim_end_matches('/'), path.trim_start_matches('/'));
        let (path, query) = joined.split_once('?').map_or((joined.as_str(), None), |(path, query)| (path, Some(query)));
        url.set_path(path);
        url.set_query(query);
        url
    }

    /// The clock of the edge, for signatures and ends of tokens.
    pub fn now(&self) -> Time {
        (self.road.clock)()
    }

    /// Random bytes, for nonces.
    pub fn random<const N: usize>(&self) -> [u8; N] {
        let mut bytes = [0; N];
        (self.road.chance)(&mut bytes);
        bytes
    }

    /// Sends a request once, when its turn has come.
    pub async fn send(&self, ask: Ask) -> Result<Reply, Failure> {
        if ask.url.origin() != self.base.origin() {
            // A signed header would go to whoever is named there.
            return Err(Failure::protocol("an address on another host"));
        }
        let mut request = Request::new(ask.method, ask.url);
        for (name, value) in ask.headers {
            let mut value = HeaderValue::from_str(&value).map_err(|_| Failure::refused("a field holds what no header can carry"))?;
            value.set_sensitive(true);
            request.headers_mut().insert(name, value);
        }
        if let Some((kind, bytes)) = ask.body {
            request.headers_mut().entry(CONTENT_TYPE).or_insert(HeaderValue::from_static(kind));
            *request.body_mut() = Some(bytes.into());
        }
        self.turn().await;
        let answer = self.road.client.execute(request).await.map_err(|error| failure(&error))?;
        read(answer).await
    }

    /// Waits until the next call is allowed.
    async fn turn(&self) {
        let mut free = self.free.lock().await;
        let now = Instant::now();
        let at = free.map_or(now, |free| free.max(now));
        *free = Some(at + self.gap);
        drop(free);
        sleep_until(at).await;
    }
}

impl Reply {
    /// 2xx.
    pub fn is_good(&self) -> bool {
        (200..300).contains(&self.status)
    }

    /// The body as JSON of a shape.
    pub fn json<T: serde::de::DeserializeOwned>(&self) -> Result<T, Failure> {
        serde_json::from_slice(&self.body).map_err(|error| Failure::protocol(format!("JSON: {error}")))
    }
}

fn failure(error: &reqwest::Error) -> Failure {
    // Before a connection stood, nothing was sent.
    if error.is_connect() { Failure::Unreachable { why: "no connection, or its certificate is not trusted" } } else { Failure::Lost }
}

async fn read(mut answer: Response) -> Result<Reply, Failure> {
    let status = answer.status().as_u16();
    let headers = std::mem::take(answer.headers_mut());
    let pause = headers.get(RETRY_AFTER).and_then(|value| value.to_str().ok()?.trim().parse().ok()).map(Duration::from_secs);
    if status == 429 || (status == 503 && pause.is_some()) {
        return Err(Failure::RateLimited { pause: pause.map(|pause| pause.min(PAUSE_MAX)) });
    }
    if status >= 500 {
        return Err(Failure::Broken { status });
    }
    let mut body = Vec::new();
    while let Some(chunk) = answer.chunk().await.map_err(|_| Failure::Lost)? {
        if body.len() + chunk.len() > ANSWER_BYTES_MAX {
            return Err(Failure::protocol("longer than any of this service's"));
        }
        body.extend_from_slice(&chunk);
    }
    Ok(Reply { status, headers, body })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Time that passes only while everybody waits: no clock decides.
    #[tokio::test(start_paused = true)]
    async fn calls_wait_their_turn_and_a_clone_waits_in_the_same_line() {
        let road = Road::new(&[], || Time::from_millis(0), |_| ()).unwrap();
        let line = road.line("https://service.example.com".parse().unwrap(), 2);
        let began = Instant::now();
        for waited in [0, 500, 1000] {
            line.turn().await;
            assert_eq!(began.elapsed(), Duration::from_millis(waited));
        }
        line.clone().turn().await;
        assert_eq!(began.elapsed(), Duration::from_millis(1500));
        let other = road.clone().in_a_hurry().line("https://127.0.0.1".parse().unwrap(), 2);
        other.turn().await;
        other.turn().await;
        assert_eq!(began.elapsed(), Duration::from_millis(1500));
    }
}
