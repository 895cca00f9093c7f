//! Around every page: who reads, what browsers are told to forbid, and failures as pages.

use std::sync::Arc;

use axum::extract::{Request, State};
use axum::middleware::Next;
use axum::response::{Html, IntoResponse, Response};
use http::header::{
    CACHE_CONTROL, CONTENT_SECURITY_POLICY, CONTENT_TYPE, REFERRER_POLICY, STRICT_TRANSPORT_SECURITY, X_CONTENT_TYPE_OPTIONS,
};
use http::request::Parts;
use http::{HeaderName, HeaderValue};
use minijinja::context;

use super::failure::Failure;
use super::look;
use super::template::{render, render_for};
use super::visitor::{Reader, Visitor};
use crate::App;
use crate::problem::Problem;

/// No script or style but our files, no frames, no forms to elsewhere.
const POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; media-src 'self'; font-src 'self'; connect-src 'self'; \
    form-action 'self'; base-uri 'none'; frame-ancestors 'none'";

const FORBIDDEN: [(HeaderName, &str); 5] = [
    (CONTENT_SECURITY_POLICY, POLICY),
    (X_CONTENT_TYPE_OPTIONS, "nosniff"),
    (REFERRER_POLICY, "same-origin"),
    (HeaderName::from_static("cross-origin-opener-policy"), "same-origin"),
    (HeaderName::from_static("permissions-policy"), "camera=(), microphone=(), geolocation=(), payment=()"),
];

/// Looks who reads, and dresses the answer.
pub(crate) async fn frame(State(app): State<App>, request: Request, next: Next) -> Response {
    let (mut parts, body) = request.into_parts();
    let mut reader = Reader::of(&parts);
    let visitor = match recognise(&parts, &mut reader, &app).await {
        Ok(visitor) => visitor,
        Err(failure) => return dress(told(&failure.into_response(), &reader, None, &app), &reader),
    };
    let reader = visitor.as_ref().map_or_else(|| Arc::new(reader), |visitor| Arc::clone(&visitor.reader));
    parts.extensions.insert(Arc::clone(&reader));
    if let Some(visitor) = &visitor {
        parts.extensions.insert(visitor.clone());
    }
    let response = next.run(Request::from_parts(parts, body)).await;
    if response.extensions().get::<Problem>().is_some() {
        return dress(told(&response, &reader, visitor.as_ref(), &app), &reader);
    }
    dress(response, &reader)
}

/// Who reads, and under whose name: the host says it, and somebody's own reseller before that.
async fn recognise(parts: &Parts, reader: &mut Reader, app: &App) -> Result<Option<Visitor>, Failure> {
    // Style, script and pictures are the same for everybody, and a page asks for several.
    if ["/assets/", "/logo/", "/theme.css"].iter().any(|file| parts.uri.path().starts_with(file)) {
        return Ok(None);
    }
    if let Some(look) = look::of_host(app, parts).await? {
        reader.look = look;
    }
    let Some(mut visitor) = Visitor::recognise(&parts.headers, Arc::new(reader.clone()), app).await? else { return Ok(None) };
    if let Some(look) = look::of_visitor(app, &visitor.by).await? {
        reader.look = look;
        visitor.reader = Arc::new(reader.clone());
    }
    Ok(Some(visitor))
}

/// A failure as a page.
fn told(response: &Response, reader: &Reader, visitor: Option<&Visitor>, app: &App) -> Response {
    let Some(problem) = response.extensions().get::<Problem>() else { return response.status().into_response() };
    let context = context! { status => problem.status.as_u16(), code => problem.code, detail => reader.look.tells(&problem.detail) };
    let page = match visitor {
        Some(visitor) => render("failure.html", visitor, context),
        None => render_for("failure.html", reader, (app.clock)(), context),
    };
    match page {
        Ok(page) => (problem.status, Html(page)).into_response(),
        // Not even that page: the sentence alone.
        Err(Failure::Told(_) | Failure::SignIn(_) | Failure::Prove(_)) => (problem.status, problem.detail.clone()).into_response(),
    }
}

fn dress(mut response: Response, reader: &Reader) -> Response {
    let headers = response.headers_mut();
    for (name, value) in FORBIDDEN {
        headers.entry(name).or_insert(HeaderValue::from_static(value));
    }
    // Pages show passwords and PINs: nothing of them stays in a cache.
    headers.entry(CACHE_CONTROL).or_insert(HeaderValue::from_static("no-store"));
    if reader.secure {
        headers.entry(STRICT_TRANSPORT_SECURITY).or_insert(HeaderValue::from_static("max-age=31536000"));
    }
    if !headers.contains_key(CONTENT_TYPE) {
        headers.insert(CONTENT_TYPE, HeaderValue::from_static("text/html; charset=utf-8"));
    }
    response
}
