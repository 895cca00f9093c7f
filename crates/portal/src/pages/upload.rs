//! Files out of a form: `multipart/form-data` whose first field is the token of the session, so that nothing is read for strangers.

use std::collections::BTreeMap;
use std::future::poll_fn;
use std::pin::Pin;

use axum::body::Body;
use axum::extract::multipart::{Field, MultipartError};
use axum::extract::{DefaultBodyLimit, FromRequest, FromRequestParts, Multipart, Request};
use http::header::{CONTENT_LENGTH, CONTENT_TYPE, EXPECT};
use http::{HeaderMap, HeaderValue, StatusCode};
use hyper::body::Body as _;
use tokio::time::timeout;

use super::failure::Failure;
use super::form::from_here;
use super::visitor::Visitor;
use crate::App;
use crate::admin::Error;
use crate::limits::{IMPORT_BYTES_MAX, UPLOAD_FIELD_BYTES_MAX, UPLOAD_FIELDS_MAX, UPLOAD_UNREAD, UPLOAD_UNREAD_BYTES_MAX};
use crate::patience::arriving;
use crate::problem::Problem;

/// What a form of ours sent: the file, and its other fields.
#[derive(Debug, Default)]
pub(crate) struct Upload {
    /// The file's bytes.
    pub file: Vec<u8>,
    /// The other fields by their names.
    pub fields: BTreeMap<String, String>,
}

impl Upload {
    /// Whether a box was ticked.
    pub fn ticked(&self, name: &str) -> bool {
        self.fields.get(name).is_some_and(|value| !value.is_empty())
    }
}

impl FromRequest<App> for Upload {
    type Rejection = Failure;

    async fn from_request(request: Request, app: &App) -> Result<Self, Failure> {
        let (mut parts, body) = request.into_parts();
        let visitor = Visitor::from_request_parts(&mut parts, app).await?;
        if !from_here(&parts.headers) {
            return Err(Failure::stale());
        }
        let kind = parts.headers.get(CONTENT_TYPE).map(HeaderValue::as_bytes).unwrap_or_default();
        if !kind.starts_with(b"multipart/form-data") {
            return Err(Error::invalid("body", "this is no form with a file").into());
        }
        if announced(&parts.headers) > IMPORT_BYTES_MAX {
            discard(&parts.headers, body).await;
            return Err(too_large());
        }
        let mut request = arriving(Request::from_parts(parts, body));
        // One byte more than the file may have still has its own answer.
        DefaultBodyLimit::max(IMPORT_BYTES_MAX + UPLOAD_FIELDS_MAX * UPLOAD_FIELD_BYTES_MAX).apply(&mut request);
        let form = Multipart::from_request(request, app).await.map_err(|_| unreadable())?;
        read(form, &visitor).await
    }
}

async fn read(mut form: Multipart, visitor: &Visitor) -> Result<Upload, Failure> {
    let mut upload = Upload::default();
    let first = form.next_field().await.map_err(|error| refused(&error))?.ok_or_else(unreadable)?;
    let is_token = first.name() == Some("csrf");
    let shown = text(first).await?;
    if !is_token || !visitor.csrf_matches(&shown) {
        return Err(Failure::stale());
    }
    for _ in 0..UPLOAD_FIELDS_MAX {
        let Some(field) = form.next_field().await.map_err(|error| refused(&error))? else { return Ok(upload) };
        let name = field.name().unwrap_or_default().to_owned();
        if name == "file" {
            upload.file = bytes(field, IMPORT_BYTES_MAX).await?;
        } else {
            upload.fields.insert(name, text(field).await?);
        }
    }
    Err(unreadable())
}

async fn bytes(mut field: Field<'_>, most: usize) -> Result<Vec<u8>, Failure> {
    let mut read = Vec::new();
    while let Some(chunk) = field.chunk().await.map_err(|error| refused(&error))? {
        if read.len() + chunk.len() > most {
            return Err(too_large());
        }
        read.extend_from_slice(&chunk);
    }
    Ok(read)
}

async fn text(field: Field<'_>) -> Result<String, Failure> {
    let bytes = bytes(field, UPLOAD_FIELD_BYTES_MAX).await?;
    String::from_utf8(bytes).ok().filter(|text| !text.contains('\0')).ok_or_else(unreadable)
}

/// How many bytes the request says that it has.
fn announced(headers: &HeaderMap) -> usize {
    let length = headers.get(CONTENT_LENGTH).and_then(|length| length.to_str().ok());
    length.map_or(0, |length| length.parse().unwrap_or(usize::MAX))
}

/// Lets the rest of a file that is too large run by unread: a browser that is still sending shows no answer, but "connection reset".
/// Whoever waits to be asked for the file is answered at once.
async fn discard(headers: &HeaderMap, mut body: Body) {
    if headers.contains_key(EXPECT) || announced(headers) > UPLOAD_UNREAD_BYTES_MAX {
        return;
    }
    let all = async { while let Some(Ok(_)) = poll_fn(|context| Pin::new(&mut body).poll_frame(context)).await {} };
    // Time is up, or all has gone by: the answer is the same.
    let _ = timeout(UPLOAD_UNREAD, all).await;
}

fn too_large() -> Failure {
    let detail = "A file has at most 64 MB. Nothing was read. Split it into several files, each with the header row.";
    Problem::new(StatusCode::PAYLOAD_TOO_LARGE, "too_large", detail).into()
}

fn unreadable() -> Failure {
    Error::invalid("body", "this form cannot be read").into()
}

fn refused(error: &MultipartError) -> Failure {
    if error.status() == StatusCode::PAYLOAD_TOO_LARGE { too_large() } else { unreadable() }
}
