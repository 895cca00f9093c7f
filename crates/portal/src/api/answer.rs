//! Packing: what an act gave, as an HTTP answer.

use axum::Json;
use axum::response::{IntoResponse, Response};
use http::header::{ETAG, LOCATION};
use http::{HeaderValue, StatusCode};
use serde::Serialize;

/// Where the API lives.
pub(crate) const PREFIX: &str = "/api/v1";

/// A thing with its version, which an update may name in `If-Match`.
pub(crate) struct Tagged<T>(pub i64, pub T);

impl<T: Serialize> IntoResponse for Tagged<T> {
    fn into_response(self) -> Response {
        let mut response = Json(self.1).into_response();
        response.headers_mut().insert(ETAG, tag(self.0));
        response
    }
}

/// A thing that was made: 201, and where it is now.
pub(crate) struct Created<T> {
    path: String,
    version: Option<i64>,
    body: T,
}

impl<T> Created<T> {
    /// `path` below the API's own, each part of it escaped by [`crate::escape::in_address`] where it may hold anything.
    pub fn at(path: String, body: T) -> Self {
        Self { path, version: None, body }
    }

    /// With its first version.
    pub fn tagged(self, version: i64) -> Self {
        Self { version: Some(version), ..self }
    }
}

impl<T: Serialize> IntoResponse for Created<T> {
    fn into_response(self) -> Response {
        let mut response = (StatusCode::CREATED, Json(self.body)).into_response();
        let headers = response.headers_mut();
        if let Ok(location) = HeaderValue::try_from(format!("{PREFIX}/{}", self.path)) {
            headers.insert(LOCATION, location);
        }
        if let Some(version) = self.version {
            headers.insert(ETAG, tag(version));
        }
        response
    }
}

fn tag(version: i64) -> HeaderValue {
    HeaderValue::try_from(format!("\"v{version}\"")).expect("digits fit into a header")
}
