//! `Idempotency-Key`: a request that makes something may be sent again without making it twice.

use axum::body::{Body, Bytes};
use axum::extract::{FromRequest, Request, State};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use http::header::{CONTENT_TYPE, ETAG, LOCATION};
use http::request::Parts;
use http::{HeaderName, HeaderValue, StatusCode};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use store::api_answer::{self, Asked, Known};

use super::extract::Whole;
use crate::App;
use crate::admin::Error;
use crate::auth::Bearer;
use crate::limits::{ANSWER_BYTES_MAX, IDEMPOTENCY_KEY_BYTES_MAX};
use crate::problem::Problem;

const HEADER: &str = "idempotency-key";
/// Says that the answer is an older one.
const REPLAYED: HeaderName = HeaderName::from_static("idempotency-replayed");
const KEPT_HEADERS: [HeaderName; 3] = [CONTENT_TYPE, ETAG, LOCATION];

/// An answer as it is kept.
#[derive(Serialize, Deserialize)]
struct Kept {
    status: u16,
    headers: Vec<(String, String)>,
    body: String,
}

/// Answers a request that was answered before alike, and does another one.
pub(crate) async fn once(State(app): State<App>, bearer: Bearer, request: Request, next: Next) -> Result<Response, Problem> {
    let Some(key) = shown_key(request.headers())? else { return Ok(next.run(request).await) };
    let (parts, body) = request.into_parts();
    // Read within the route's own limit, which stands in the extensions.
    let whole = Request::from_parts(parts.clone(), body);
    let bytes = Whole::from_request(whole, &app).await?.0;
    let asked = Asked { id: id(&bearer, &key), request: request_hash(&app, &parts, &bytes) };
    match begin(&app, &bearer, asked).await? {
        Known::Answered(kept) => replay(&kept),
        Known::Other => Err(Error::invalid("key_reused", "Idempotency-Key: another request had this key; take a new one").into()),
        Known::Running => {
            let why = "the request with this key is still running, or ended without an answer: look whether it was done before you take a new key";
            Err(Error::refused("key_in_use", why).into())
        }
        Known::New => {
            let response = next.run(Request::from_parts(parts, Body::from(bytes))).await;
            keep(&app, asked, response).await
        }
    }
}

fn shown_key(headers: &http::HeaderMap) -> Result<Option<Vec<u8>>, Problem> {
    let mut keys = headers.get_all(HEADER).iter();
    match (keys.next(), keys.next()) {
        (None, _) => Ok(None),
        (Some(key), None) if (1..=IDEMPOTENCY_KEY_BYTES_MAX).contains(&key.len()) && key.as_bytes().iter().all(u8::is_ascii_graphic) => {
            Ok(Some(key.as_bytes().to_vec()))
        }
        _ => Err(Error::invalid("idempotency_key", "Idempotency-Key: one, of 1 to 200 printable characters without spaces").into()),
    }
}

async fn begin(app: &App, bearer: &Bearer, asked: Asked) -> Result<Known, Problem> {
    let now = bearer.by.now;
    match app.admin.store.write(move |db| api_answer::begin(db, &asked, now)).await {
        // Another node noted the same key at the same moment.
        Err(store::StoreError::Exists) => Ok(Known::Running),
        other => Ok(other.map_err(Error::from)?),
    }
}

/// Keeps what is final: what was done, and what would be refused again. The rest may be sent again.
async fn keep(app: &App, asked: Asked, response: Response) -> Result<Response, Problem> {
    let status = response.status();
    if status.is_server_error() || matches!(status, StatusCode::TOO_MANY_REQUESTS | StatusCode::REQUEST_TIMEOUT) {
        app.admin.store.write(move |db| api_answer::forget(db, &asked)).await.map_err(Error::from)?;
        return Ok(response);
    }
    let (parts, body) = response.into_parts();
    let read = axum::body::to_bytes(body, ANSWER_BYTES_MAX).await;
    let body = read.map_err(|error| Error::Failed(format!("an answer that cannot be kept: {error}")))?;
    let text = |name: &HeaderName| Some((name.to_string(), parts.headers.get(name)?.to_str().ok()?.to_owned()));
    let headers = KEPT_HEADERS.iter().filter_map(text).collect();
    let kept = Kept { status: status.as_u16(), headers, body: String::from_utf8_lossy(&body).into_owned() };
    let kept = serde_json::to_vec(&kept).map_err(|error| Error::Failed(error.to_string()))?;
    app.admin.store.write(move |db| api_answer::keep(db, &asked, &kept)).await.map_err(Error::from)?;
    Ok(Response::from_parts(parts, Body::from(body)))
}

fn replay(kept: &[u8]) -> Result<Response, Problem> {
    // The error of serde could quote what was kept.
    let kept: Kept = serde_json::from_slice(kept).map_err(|_| Error::Failed("a kept answer does not read back".to_owned()))?;
    let mut response = (StatusCode::from_u16(kept.status).unwrap_or(StatusCode::OK), kept.body).into_response();
    let headers = response.headers_mut();
    headers.remove(CONTENT_TYPE);
    for (name, value) in kept.headers {
        if let (Ok(name), Ok(value)) = (HeaderName::try_from(name), HeaderValue::try_from(value)) {
            headers.insert(name, value);
        }
    }
    headers.insert(REPLAYED, HeaderValue::from_static("true"));
    Ok(response)
}

fn id(bearer: &Bearer, key: &[u8]) -> [u8; 32] {
    Sha256::new().chain_update(bearer.caller.as_bytes()).chain_update(key).finalize().into()
}

/// Keyed: a body may hold a password that somebody chose.
fn request_hash(app: &App, parts: &Parts, body: &Bytes) -> [u8; 32] {
    let asked = format!("{} {}\n", parts.method, parts.uri);
    let key = app.admin.keys.derive(b"api answers");
    Sha256::new().chain_update(key.expose()).chain_update(asked).chain_update(body).finalize().into()
}
