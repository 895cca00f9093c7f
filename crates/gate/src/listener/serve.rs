//! One request: refused, or handed to the rules.

use std::convert::Infallible;
use std::future::poll_fn;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::{Duration, Instant, SystemTime};

use domain::Time;
use http::header::{AUTHORIZATION, CONTENT_LENGTH, HOST, IF_NONE_MATCH};
use http::{HeaderMap, HeaderValue, Request as HttpRequest, Response, StatusCode, Version};
use http_body_util::BodyExt;
use hyper::body::{Body, Incoming};
use tokio::time::timeout;

use super::Shared;
use super::patient::Pace;
use crate::address::AddressKey;
use crate::answer::Answer;
use crate::limits::HOST_BYTES_MAX;
use crate::metrics::Refused;
use crate::path::{Refusal, Target};
use crate::phones::{ConnectionInfo, Method, Phones, Request};
use crate::transfer::Payload;

/// What the requests of one connection share.
pub(super) struct Desk<P> {
    shared: Arc<Shared<P>>,
    connection: Arc<ConnectionInfo>,
    pace: Arc<Pace>,
    /// The peer's key, if it speaks for itself and not for others.
    direct: Option<AddressKey>,
}

impl<P> Desk<P> {
    pub(super) fn new(shared: Arc<Shared<P>>, connection: ConnectionInfo, pace: Arc<Pace>) -> Self {
        let peer = connection.peer.ip();
        let direct = (!shared.proxies.trusts(peer)).then(|| AddressKey::of(peer));
        Self { shared, connection: Arc::new(connection), pace, direct }
    }
}

/// Answers one request. Never fails: whatever goes wrong is an answer.
///
/// What needs no waiting is done before the future is made, and the request stays where it is then: hyper moves the future, and
/// each layer of `async` that took the request by value would make it twice as large.
pub(super) fn answer<P: Phones>(
    desk: Arc<Desk<P>>,
    request: HttpRequest<Incoming>,
) -> impl Future<Output = Result<Response<Payload>, Infallible>> + Send {
    desk.pace.serving();
    let (head, body) = request.into_parts();
    let body = (!body.is_end_stream()).then_some(body);
    let method = method(&head.method);
    let held: Vec<HeaderValue> = head.headers.get_all(IF_NONE_MATCH).iter().cloned().collect();
    let mut admitted = admit(&desk, method, head);
    async move {
        let decided = match &mut admitted {
            Ok(request) => decide(&desk, request, body).await,
            Err(refusing) if body.is_some() => {
                desk.pace.leaves_unread();
                Err(refusing.closing())
            }
            Err(refusing) => Err(*refusing),
        };
        let answer = decided.unwrap_or_else(|refusing| {
            desk.shared.metrics.count_refused(refusing.why);
            refusing.into_answer()
        });
        let response = answer.into_response(method, &held);
        desk.pace.answered();
        Ok(response)
    }
}

/// A request that never comes to a decision, and what it gets.
#[derive(Clone, Copy)]
struct Refusing {
    why: Refused,
    status: StatusCode,
    line: &'static str,
    retry_after: Option<u32>,
    close: bool,
}

impl Refusing {
    fn new(why: Refused, status: StatusCode, line: &'static str) -> Self {
        Self { why, status, line, retry_after: None, close: false }
    }

    fn unavailable(why: Refused, retry_after: u32) -> Self {
        Self { retry_after: Some(retry_after), ..Self::new(why, StatusCode::SERVICE_UNAVAILABLE, "Busy, try again later.\n") }
    }

    fn closing(self) -> Self {
        Self { close: true, ..self }
    }

    fn into_answer(self) -> Answer {
        let allow = (self.why == Refused::Method).then_some(HeaderValue::from_static("GET, HEAD, PUT, POST"));
        Answer { allow, retry_after: self.retry_after, close: self.close, ..Answer::text(self.status, self.line) }
    }
}

async fn decide<P: Phones>(desk: &Desk<P>, request: &mut Request, body: Option<Incoming>) -> Result<Answer, Refusing> {
    let Shared { phones, limits, deciding, .. } = &*desk.shared;
    if let Some(body) = body {
        request.uploaded = Box::pin(receive(desk, body)).await?;
    }
    let Some(_inside) = deciding.enter() else {
        return Err(Refusing::unavailable(Refused::Concurrency, limits.retry_after));
    };
    let mut decision = pin!(phones.handle(request));
    // Most decisions are there at the first poll; only the others pay for a timer.
    let decided = match poll_fn(|cx| Poll::Ready(poll_guarded(decision.as_mut(), cx))).await {
        Poll::Ready(decided) => Ok(decided),
        Poll::Pending => Box::pin(timeout(limits.decide, poll_fn(|cx| poll_guarded(decision.as_mut(), cx)))).await,
    };
    match decided {
        Ok(Some(answer)) => Ok(answer),
        Ok(None) => Err(Refusing::unavailable(Refused::Panic, limits.retry_after)),
        Err(_) => Err(Refusing::unavailable(Refused::TooSlow, limits.retry_after)),
    }
}

/// All that can be refused by the head alone, cheapest first.
fn admit<P>(desk: &Desk<P>, method: Option<Method>, head: http::request::Parts) -> Result<Request, Refusing> {
    let Desk { shared, connection, direct, .. } = desk;
    let address = match direct {
        Some(_) => connection.peer.ip(),
        None => shared.proxies.client(connection.peer.ip(), head.headers.get_all("x-forwarded-for").iter()),
    };
    let key = direct.unwrap_or_else(|| AddressKey::of(address));
    if let Err(wait) = shared.throttle.take(&key, monotonic_clock()) {
        return Err(Refusing::unavailable(Refused::AddressRate, whole_seconds(wait)));
    }
    let no_method = || Refusing::new(Refused::Method, StatusCode::METHOD_NOT_ALLOWED, "Method not allowed.\n");
    let method = method.ok_or_else(no_method)?;
    if let Err(line) = check_headers(&head.headers, head.version) {
        return Err(Refusing::new(Refused::Headers, StatusCode::BAD_REQUEST, line).closing());
    }
    let announced = head.headers.get(CONTENT_LENGTH).and_then(|length| length.to_str().ok()?.parse::<u64>().ok());
    if announced.is_some_and(|length| length > shared.limits.upload_bytes) {
        return Err(too_large());
    }
    let path = head.uri.path_and_query().map_or("", |path| path.as_str());
    let target = Target::parse(path).map_err(|refusal| match refusal {
        Refusal::NotFound => Refusing::new(Refused::NoDoor, StatusCode::NOT_FOUND, "No such file.\n"),
        Refusal::Malformed => Refusing::new(Refused::MalformedPath, StatusCode::BAD_REQUEST, "Malformed path.\n"),
        Refusal::TooLong => Refusing::new(Refused::TargetTooLong, StatusCode::URI_TOO_LONG, "Address too long.\n"),
    })?;
    let (connection, now) = (Arc::clone(connection), wall_clock());
    Ok(Request { connection, address, method, target, uri: head.uri, headers: head.headers, uploaded: 0, now })
}

/// Headers that different readers could read differently are read by nobody. (Two lengths of the body are hyper's matter: it
/// refuses those that differ, and drops `Content-Length` beside `Transfer-Encoding`.)
fn check_headers(headers: &HeaderMap, version: Version) -> Result<(), &'static str> {
    let several = |name| headers.get_all(name).iter().nth(1).is_some();
    if several(AUTHORIZATION) {
        return Err("Authorization header twice.\n");
    }
    if several(HOST) {
        return Err("Host header twice.\n");
    }
    match headers.get(HOST) {
        None if version == Version::HTTP_10 => Ok(()),
        None => Err("Host header missing.\n"),
        Some(host) if is_host(host.as_bytes()) => Ok(()),
        Some(_) => Err("Host header malformed.\n"),
    }
}

/// A name or address, with or without port. Which names are ours is for the rules to say.
fn is_host(host: &[u8]) -> bool {
    let known = |byte: &u8| byte.is_ascii_alphanumeric() || b".-_:[]".contains(byte);
    !host.is_empty() && host.len() <= HOST_BYTES_MAX && host.iter().all(known)
}

/// Reads an upload to its end, in bounded time and without keeping it. Its size.
async fn receive<P>(desk: &Desk<P>, mut body: Incoming) -> Result<u64, Refusing> {
    let limit = desk.shared.limits.upload_bytes;
    let drain = async {
        let mut size = 0u64;
        while let Some(frame) = body.frame().await {
            let frame = frame.map_err(|_| broken(StatusCode::BAD_REQUEST, "The upload broke off.\n"))?;
            size += frame.data_ref().map_or(0, |data| data.len() as u64);
            if size > limit {
                return Err(too_large());
            }
        }
        Ok(size)
    };
    let slow = || Err(broken(StatusCode::REQUEST_TIMEOUT, "The upload took too long.\n"));
    let received = timeout(desk.shared.limits.upload, drain).await.unwrap_or_else(|_| slow());
    if received.is_err() {
        desk.pace.leaves_unread();
    }
    received
}

fn too_large() -> Refusing {
    Refusing::new(Refused::UploadTooLarge, StatusCode::PAYLOAD_TOO_LARGE, "The upload is too large.\n").closing()
}

fn broken(status: StatusCode, line: &'static str) -> Refusing {
    Refusing::new(Refused::UploadBroken, status, line).closing()
}

/// Polls a decision. A panic in it is `None` and stays in this request; the panic hook has told the rest by then.
fn poll_guarded(decision: Pin<&mut impl Future<Output = Answer>>, cx: &mut Context<'_>) -> Poll<Option<Answer>> {
    catch_unwind(AssertUnwindSafe(|| decision.poll(cx).map(Some))).unwrap_or_else(|_| {
        tracing::error!("deciding a request panicked; the phone was told to come back");
        Poll::Ready(None)
    })
}

fn method(method: &http::Method) -> Option<Method> {
    match *method {
        http::Method::GET => Some(Method::Get),
        http::Method::HEAD => Some(Method::Head),
        http::Method::PUT => Some(Method::Put),
        http::Method::POST => Some(Method::Post),
        _ => None,
    }
}

fn whole_seconds(wait: Duration) -> u32 {
    u32::try_from(wait.as_secs()).unwrap_or(u32::MAX).saturating_add(1)
}

#[expect(clippy::disallowed_methods, reason = "the edge: read once per request")]
fn wall_clock() -> Time {
    let since_1970 = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
    Time::from_millis(i64::try_from(since_1970.as_millis()).unwrap_or(i64::MAX))
}

#[expect(clippy::disallowed_methods, reason = "the edge: read once per request")]
fn monotonic_clock() -> Instant {
    Instant::now()
}
