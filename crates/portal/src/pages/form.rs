//! Unpacking of pages: queries, and forms whose origin is proved.

use axum::body::to_bytes;
use axum::extract::{FromRequest, FromRequestParts, Request};
use http::header::{CONTENT_TYPE, HOST, ORIGIN};
use http::request::Parts;
use http::{HeaderMap, HeaderValue};
use serde::de::DeserializeOwned;

use super::failure::Failure;
use super::visitor::Visitor;
use crate::App;
use crate::admin::Error;
use crate::limits::FORM_BYTES_MAX;

/// The query of an address.
pub(crate) struct Query<T>(pub T);

impl<T: DeserializeOwned> FromRequestParts<App> for Query<T> {
    type Rejection = Failure;

    async fn from_request_parts(parts: &mut Parts, _: &App) -> Result<Self, Failure> {
        let query = parts.uri.query().unwrap_or_default();
        serde_html_form::from_str(query).map(Self).map_err(|_| Error::invalid("query", "this address cannot be read").into())
    }
}

/// A form of somebody who is signed in, sent by a page of ours.
pub(crate) struct Posted<T>(pub T);

impl<T: DeserializeOwned> FromRequest<App> for Posted<T> {
    type Rejection = Failure;

    async fn from_request(request: Request, app: &App) -> Result<Self, Failure> {
        let (mut parts, body) = request.into_parts();
        let visitor = Visitor::from_request_parts(&mut parts, app).await?;
        let pairs = pairs(Request::from_parts(parts, body)).await?;
        let shown = pairs.iter().find(|(name, _)| name == "csrf").map(|(_, value)| value.as_str());
        if !shown.is_some_and(|shown| visitor.csrf_matches(shown)) {
            return Err(Failure::stale());
        }
        unpack(pairs).map(Self)
    }
}

/// A form of somebody who is not signed in yet.
pub(crate) struct Stranger<T>(pub T);

impl<T: DeserializeOwned> FromRequest<App> for Stranger<T> {
    type Rejection = Failure;

    async fn from_request(request: Request, _: &App) -> Result<Self, Failure> {
        unpack(pairs(request).await?).map(Self)
    }
}

async fn pairs(request: Request) -> Result<Vec<(String, String)>, Failure> {
    if !from_here(request.headers()) {
        return Err(Failure::stale());
    }
    let kind = request.headers().get(CONTENT_TYPE).map(HeaderValue::as_bytes).unwrap_or_default();
    if !kind.starts_with(b"application/x-www-form-urlencoded") {
        return Err(Error::invalid("body", "this is no form of a page").into());
    }
    // Its route takes files too, which are larger.
    let bytes = to_bytes(request.into_body(), FORM_BYTES_MAX).await;
    let bytes = bytes.map_err(|_| Failure::from(Error::invalid("too_large", "the form is too large")))?;
    let pairs: Vec<(String, String)> =
        serde_html_form::from_bytes(&bytes).map_err(|_| Error::invalid("body", "the form cannot be read"))?;
    // No name, number or secret holds NUL, and one of the databases cannot keep it.
    if pairs.iter().any(|(name, value)| name.contains('\0') || value.contains('\0')) {
        return Err(Error::invalid("body", "no text holds a NUL character").into());
    }
    Ok(pairs)
}

fn unpack<T: DeserializeOwned>(mut pairs: Vec<(String, String)>) -> Result<T, Failure> {
    pairs.retain(|(name, _)| name != "csrf");
    let text = serde_html_form::to_string(&pairs).map_err(|_| Error::invalid("body", "the form cannot be read"))?;
    // What serde says of a wrong value quotes it, and it may be a password.
    serde_html_form::from_str(&text).map_err(|error| {
        let said = error.to_string();
        let of_names = said.starts_with("missing field") || said.starts_with("unknown field");
        Error::invalid("body", if of_names { said } else { "a field of the form holds a value of another kind".to_owned() }).into()
    })
}

/// Whether a browser says that the request comes from a page of ours. Other programs say nothing.
pub(crate) fn from_here(headers: &HeaderMap) -> bool {
    let text = |name: &str| headers.get(name).and_then(|value| value.to_str().ok());
    if let Some(site) = text("sec-fetch-site") {
        return site == "same-origin" || site == "none";
    }
    match (text(ORIGIN.as_str()), text(HOST.as_str())) {
        (Some(origin), Some(host)) => origin.split_once("://").is_some_and(|(_, of)| of.eq_ignore_ascii_case(host)),
        (Some(_), None) => false,
        (None, _) => true,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_form_comes_from_a_page_of_ours() {
        let headers = |pairs: &[(&'static str, &'static str)]| {
            pairs.iter().map(|(name, value)| (name.parse().unwrap(), HeaderValue::from_static(value))).collect::<HeaderMap>()
        };
        for (pairs, here) in [
            (&[("sec-fetch-site", "same-origin")][..], true),
            (&[("sec-fetch-site", "cross-site"), ("origin", "https://a.example.com"), ("host", "a.example.com")], false),
            (&[("sec-fetch-site", "same-site")], false),
            (&[("origin", "https://portal.example.com:8444"), ("host", "portal.example.com:8444")], true),
            (&[("origin", "https://evil.example.net"), ("host", "portal.example.com")], false),
            (&[("origin", "null"), ("host", "portal.example.com")], false),
            (&[("host", "portal.example.com")], true),
        ] {
            assert_eq!(from_here(&headers(pairs)), here, "{pairs:?}");
        }
    }

    #[derive(serde::Deserialize, Debug, PartialEq)]
    struct Marks {
        #[serde(default)]
        mac: Vec<String>,
        act: String,
    }

    #[test]
    fn several_marks_are_one_list_and_errors_quote_no_value() {
        let pairs = |pairs: &[(&str, &str)]| pairs.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
        let read: Marks = unpack(pairs(&[("csrf", "x"), ("mac", "a"), ("mac", "b"), ("act", "resync")])).unwrap();
        assert_eq!(read, Marks { mac: vec!["a".into(), "b".into()], act: "resync".into() });
        let refused = unpack::<Marks>(pairs(&[("mac", "secret-value")])).unwrap_err();
        assert_eq!(refused.detail(), "missing field `act`");
    }
}
