//! Under whose name the portal appears: the operator's, or that of the white-label reseller whose host was asked for or who the visitor
//! belongs to. The style that goes with it, and its logo.

use axum::extract::{Path, State};
use axum::response::{IntoResponse, Response};
use domain::tenancy::ResellerId;
use http::header::{CACHE_CONTROL, CONTENT_SECURITY_POLICY, CONTENT_TYPE, HOST};
use http::request::Parts;
use serde::Deserialize;
use uuid::Uuid;

use super::failure::Failure;
use super::form::Query;
use crate::App;
use crate::admin::By;
use crate::admin::look::{self, Shown};
use crate::colour::Colour;

/// What a browser may keep for a year: the address says what it is.
const FOR_EVER: &str = "public, max-age=31536000, immutable";
/// A picture that somebody opens by itself runs nothing either.
const PICTURE: &str = "default-src 'none'; style-src 'unsafe-inline'; sandbox";

/// A name, and a colour and a picture to go with it.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize)]
pub(crate) struct Look {
    /// The product's name on every page.
    pub name: String,
    /// `#rrggbb`, if it is not ours.
    pub accent: Option<String>,
    /// The address of a logo.
    pub logo: Option<String>,
    /// The operator's own, and not a reseller's.
    pub ours: bool,
}

impl Default for Look {
    fn default() -> Self {
        Self { name: "Ringfence".to_owned(), accent: None, logo: None, ours: true }
    }
}

impl Look {
    /// What may be told under this name: a hint at our command line would tell a white-label reseller's people whose product it is.
    pub fn tells<'a>(&self, detail: &'a str) -> &'a str {
        if self.ours || !detail.contains("ringfence") { detail } else { "" }
    }
}

impl From<Shown> for Look {
    fn from(shown: Shown) -> Self {
        let logo = shown.look.logo.map(|hash| format!("/logo/{}/{hash}", shown.reseller.0));
        Self { name: shown.look.portal_name, accent: shown.look.accent, logo, ours: false }
    }
}

/// The look of the host that was asked for; none where that is the operator's.
pub(crate) async fn of_host(app: &App, parts: &Parts) -> Result<Option<Look>, Failure> {
    let asked = parts.headers.get(HOST).and_then(|host| host.to_str().ok()).map(without_port).unwrap_or_default();
    let ours = app.public_url.split_once("://").map(|(_, rest)| without_port(rest.split('/').next().unwrap_or_default()));
    if asked.is_empty() || ours.is_some_and(|ours| ours.eq_ignore_ascii_case(asked)) {
        return Ok(None);
    }
    Ok(look::of_host(&app.admin, asked).await?.map(Look::from))
}

/// The look that somebody's own reseller gives the portal.
pub(crate) async fn of_visitor(app: &App, by: &By) -> Result<Option<Look>, Failure> {
    Ok(look::of_actor(&app.admin, by).await?.map(Look::from))
}

fn without_port(host: &str) -> &str {
    match host.rsplit_once(':') {
        Some((name, port)) if port.bytes().all(|byte| byte.is_ascii_digit()) => name,
        _ => host,
    }
}

/// A colour to make a style of.
#[derive(Deserialize)]
pub(crate) struct Wanted {
    accent: String,
}

/// The style of an accent colour, readable in both themes. It follows from the address alone.
pub(crate) async fn style(Query(Wanted { accent }): Query<Wanted>) -> Result<Response, Failure> {
    let accent: Colour = accent.parse().map_err(|()| Failure::not_found())?;
    let (light, dark) = (accent.on_light(), accent.on_dark());
    let style = format!(
        "@layer tokens {{ :root {{ --accent-light: {light}; --accent-dark: {dark}; --focus: light-dark({light}, {dark}); \
         --selected: light-dark(#eef1f6, #232a36); }} }}\n"
    );
    Ok(([(CONTENT_TYPE, "text/css; charset=utf-8"), (CACHE_CONTROL, FOR_EVER)], style).into_response())
}

/// A reseller's logo.
pub(crate) async fn logo(State(app): State<App>, Path((reseller, hash)): Path<(String, String)>) -> Result<Response, Failure> {
    let reseller: Uuid = Failure::named(&reseller)?;
    let (kind, bytes) = look::logo(&app.admin, ResellerId(reseller), &hash).await?;
    let headers = [(CONTENT_TYPE, kind.as_str()), (CACHE_CONTROL, FOR_EVER), (CONTENT_SECURITY_POLICY, PICTURE)];
    Ok((headers, bytes).into_response())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_host_is_told_without_its_port() {
        for (host, name) in
            [("a.example.com:8444", "a.example.com"), ("a.example.com", "a.example.com"), ("[2001:db8::1]", "[2001:db8::1]")]
        {
            assert_eq!(without_port(host), name);
        }
    }

    #[test]
    fn a_resellers_people_are_not_told_of_our_command_line() {
        let (ours, theirs) = (Look::default(), Look { ours: false, ..Look::default() });
        let hint = "no such token; `ringfence token list` shows them";
        assert_eq!((ours.tells(hint), theirs.tells(hint)), (hint, ""));
        assert_eq!(theirs.tells("a MAC has 12 digits"), "a MAC has 12 digits");
    }
}
