//! What goes wrong, as `application/problem+json` (RFC 9457) with a stable code.

use std::num::NonZeroU32;

use axum::Json;
use axum::response::{IntoResponse, Response};
use http::header::{CONTENT_TYPE, RETRY_AFTER, WWW_AUTHENTICATE};
use http::{HeaderValue, StatusCode};
use serde::Serialize;

use crate::admin::Error;

/// A refusal or failure, as the caller sees it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Problem {
    /// HTTP status.
    pub status: StatusCode,
    /// A stable code for programs.
    pub code: &'static str,
    /// What happened and what to do, for people.
    pub detail: String,
    /// After how many seconds it is worth another try.
    pub retry_after: Option<NonZeroU32>,
}

/// Every code, so that a program can know them all. `import` has codes of its own in its rows.
pub const CODES: &[&str] = &[
    // The request itself.
    "malformed",
    "media_type",
    "body",
    "query",
    "limit",
    "cursor",
    "too_large",
    "limited",
    "method_not_allowed",
    "unauthenticated",
    "idempotency_key",
    "key_reused",
    "key_in_use",
    // What it is about.
    "not_found",
    "ambiguous",
    "forbidden",
    "exists",
    "in_use",
    "conflict",
    "changed",
    "refused",
    "prove",
    "second_factor",
    "stale",
    // A value that cannot be.
    "accent",
    "account",
    "address",
    "brand",
    "cell",
    "cells",
    "confirm",
    "contact",
    "credentials",
    "csv",
    "customer",
    "default_password",
    "duplicate",
    "duration",
    "email",
    "event_type",
    "file",
    "handset",
    "header",
    "host",
    "id",
    "imports_running",
    "label",
    "language",
    "languages",
    "line",
    "lives_by_trust",
    "login",
    "logo",
    "mac",
    "mac_id",
    "mail",
    "model",
    "name",
    "network",
    "no_encrypted_files",
    "no_global_login",
    "no_such_file",
    "password",
    "pick_one",
    "pin",
    "policy",
    "prompt",
    "quote",
    "reason",
    "redirect_ours",
    "redirect_taken",
    "region",
    "render",
    "role",
    "serial",
    "service",
    "session",
    "session_reused",
    "setting",
    "site",
    "template",
    "template_needed",
    "too_many_lines",
    "trunk",
    "url",
    "value",
    "wav",
    // The server.
    "unavailable",
    "timeout",
    "failed",
    "store_unavailable",
];

impl Problem {
    /// No valid token was shown.
    pub fn unauthenticated() -> Self {
        let detail = "Send a valid token: Authorization: Bearer TOKEN. `ringfence token create` makes one.";
        Self::new(StatusCode::UNAUTHORIZED, "unauthenticated", detail)
    }

    /// There is nothing of that name.
    pub fn not_found() -> Self {
        Self::new(StatusCode::NOT_FOUND, "not_found", "There is nothing here that you may see.")
    }

    /// The address exists, the method does not.
    pub fn method() -> Self {
        Self::new(StatusCode::METHOD_NOT_ALLOWED, "method_not_allowed", "This address takes another method.")
    }

    /// The answer took too long.
    pub fn timeout() -> Self {
        Self::new(StatusCode::SERVICE_UNAVAILABLE, "timeout", "This took too long. Try again in a moment.")
    }

    /// The body, or the address, is not what HTTP or JSON know.
    pub fn malformed() -> Self {
        Self::new(
            StatusCode::BAD_REQUEST,
            "malformed",
            "This cannot be read: the body is no whole JSON document, or the address holds a NUL.",
        )
    }

    /// A body of another kind than belongs here.
    pub fn media_type(wanted: &str) -> Self {
        Self::new(StatusCode::UNSUPPORTED_MEDIA_TYPE, "media_type", &format!("Send this as Content-Type: {wanted}."))
    }

    /// A body over the limit.
    pub fn too_large() -> Self {
        Self::new(StatusCode::PAYLOAD_TOO_LARGE, "too_large", "The body is larger than this address takes.")
    }

    /// A caller who asked more than their share.
    pub fn limited(retry_after: NonZeroU32) -> Self {
        let detail = "This caller asks more often than their share. Wait as long as Retry-After says.";
        Self { retry_after: Some(retry_after), ..Self::new(StatusCode::TOO_MANY_REQUESTS, "limited", detail) }
    }

    /// With a stable code.
    pub(crate) fn new(status: StatusCode, code: &'static str, detail: &str) -> Self {
        let retry_after = if status == StatusCode::SERVICE_UNAVAILABLE { NonZeroU32::new(5) } else { None };
        Self { status, code, detail: detail.to_owned(), retry_after }
    }
}

#[derive(Serialize)]
struct Body<'a> {
    r#type: &'static str,
    title: &'a str,
    status: u16,
    code: &'static str,
    detail: &'a str,
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        let title = self.status.canonical_reason().unwrap_or("Error");
        let body = Body { r#type: "about:blank", title, status: self.status.as_u16(), code: self.code, detail: &self.detail };
        let mut response = (self.status, Json(body)).into_response();
        let headers = response.headers_mut();
        headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/problem+json"));
        if self.status == StatusCode::UNAUTHORIZED {
            headers.insert(WWW_AUTHENTICATE, HeaderValue::from_static("Bearer realm=\"ringfence\""));
        }
        if let Some(seconds) = self.retry_after {
            headers.insert(RETRY_AFTER, HeaderValue::from(seconds.get()));
        }
        response
    }
}

impl From<Error> for Problem {
    fn from(error: Error) -> Self {
        let status = match &error {
            Error::NotFound(_) => StatusCode::NOT_FOUND,
            Error::Forbidden => StatusCode::FORBIDDEN,
            Error::Exists(_) | Error::InUse(_) | Error::Conflict | Error::Refused { .. } => StatusCode::CONFLICT,
            Error::Changed => StatusCode::PRECONDITION_FAILED,
            Error::Invalid { .. } => StatusCode::UNPROCESSABLE_ENTITY,
            Error::Unavailable(_) => StatusCode::SERVICE_UNAVAILABLE,
            Error::Failed(_) => StatusCode::INTERNAL_SERVER_ERROR,
        };
        let detail = match &error {
            // The operator's log has the rest; outside it would only help strangers.
            Error::Failed(failure) => {
                tracing::error!(error = %failure, "a request failed");
                "Something failed here. The operator's log tells what.".to_owned()
            }
            other => other.to_string(),
        };
        Self::new(status, error.code(), &detail)
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;
    use std::path::{Path, PathBuf};

    use super::*;

    const CALLS: [&str; 5] = ["::invalid(", "::refused(", "Self::new(", "Problem::new(", "const CODE: &str ="];

    /// The first word in quotes behind each of these beginnings; a call that takes its code from elsewhere has none before its end.
    fn codes_in(text: &str, beginnings: &[&str], found: &mut BTreeSet<String>) {
        let text = text.split("#[cfg(test)]").next().unwrap();
        for (at, beginning) in beginnings.iter().flat_map(|beginning| text.match_indices(beginning)) {
            let word = text[at + beginning.len()..].split(';').next().and_then(|rest| rest.split('"').nth(1)).unwrap_or_default();
            if !word.is_empty() && word.bytes().all(|byte| byte.is_ascii_lowercase() || byte == b'_') {
                found.insert(word.to_owned());
            }
        }
    }

    fn files_below(folder: &Path) -> Vec<PathBuf> {
        let entries = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
        entries.flat_map(|path| if path.is_dir() { files_below(&path) } else { vec![path] }).collect()
    }

    #[test]
    fn every_code_that_is_made_is_listed_and_every_listed_one_is_made() {
        let mut made: BTreeSet<String> = crate::telephone::CODES.iter().map(|code| (*code).to_owned()).collect();
        for path in files_below(&Path::new(env!("CARGO_MANIFEST_DIR")).join("src")) {
            let text = std::fs::read_to_string(&path).unwrap();
            codes_in(&text, &CALLS, &mut made);
            // The codes of whole kinds of errors.
            if path.ends_with("admin/error.rs") || path.ends_with("admin/device/add.rs") {
                codes_in(text.split("impl From").next().unwrap(), &["=>"], &mut made);
            }
        }
        let listed: BTreeSet<String> = CODES.iter().map(|code| (*code).to_owned()).collect();
        assert_eq!(listed.len(), CODES.len(), "no code twice");
        assert_eq!(listed.difference(&made).collect::<Vec<_>>(), Vec::<&String>::new(), "listed, but never made");
        assert_eq!(made.difference(&listed).collect::<Vec<_>>(), Vec::<&String>::new(), "made, but not listed");
    }
}
