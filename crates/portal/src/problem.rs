//! What goes wrong, as `application/problem+json` (RFC 9457) with a stable code.

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
}

impl Problem {
    /// No valid token was shown.
    pub fn unauthenticated() -> Self {
        let detail = "Send a valid token: Authorization: Bearer TOKEN. `ringfence token create` makes one.";
        Self { status: StatusCode::UNAUTHORIZED, code: "unauthenticated", detail: detail.to_owned() }
    }

    /// There is nothing of that name.
    pub fn not_found() -> Self {
        Self { status: StatusCode::NOT_FOUND, code: "not_found", detail: "There is nothing here that you may see.".to_owned() }
    }

    /// The address exists, the method does not.
    pub fn method() -> Self {
        Self { status: StatusCode::METHOD_NOT_ALLOWED, code: "method_not_allowed", detail: "This address takes another method.".to_owned() }
    }

    /// The answer took too long.
    pub fn timeout() -> Self {
        Self { status: StatusCode::SERVICE_UNAVAILABLE, code: "timeout", detail: "This took too long. Try again in a moment.".to_owned() }
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
        match self.status {
            StatusCode::UNAUTHORIZED => drop(headers.insert(WWW_AUTHENTICATE, HeaderValue::from_static("Bearer realm=\"ringfence\""))),
            StatusCode::SERVICE_UNAVAILABLE => drop(headers.insert(RETRY_AFTER, HeaderValue::from_static("5"))),
            _ => {}
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
        Self { status, code: error.code(), detail }
    }
}
