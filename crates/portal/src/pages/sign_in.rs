//! `/login`: a name and a password, then a code where there is a second factor; and the way out.

use axum::extract::State;
use axum::response::{Html, IntoResponse, Response};
use domain::Secret;
use fluent_bundle::FluentArgs;
use http::header::USER_AGENT;
use http::{HeaderMap, StatusCode};
use minijinja::context;
use serde::Deserialize;

use super::answer::{Answer, local, see_other, with_cookie};
use super::form::{Posted, Query, Stranger};
use super::template::render_for;
use super::visitor::{Reader, Visitor, cookie};
use crate::App;
use crate::admin::sign_in::{SignedIn, Typed, give_code, sign_in, sign_out};
use crate::limits::{SESSION, SESSION_HALF};

/// Where somebody wanted to go.
#[derive(Deserialize)]
pub(crate) struct Onward {
    #[serde(default)]
    next: String,
}

/// The form of the sign-in.
#[derive(Deserialize)]
pub(crate) struct Form {
    username: String,
    password: Secret<String>,
    #[serde(default)]
    next: String,
}

/// The form of the second step.
#[derive(Deserialize)]
pub(crate) struct CodeForm {
    code: String,
    #[serde(default)]
    next: String,
}

/// The page.
pub(crate) async fn show(State(app): State<App>, reader: Reader, Query(Onward { next }): Query<Onward>) -> Answer {
    page(&app, &reader, StatusCode::OK, &next, "", None)
}

/// The form, sent.
pub(crate) async fn enter(State(app): State<App>, reader: Reader, headers: HeaderMap, Stranger(form): Stranger<Form>) -> Answer {
    let agent = headers.get(USER_AGENT).and_then(|agent| agent.to_str().ok()).unwrap_or_default().to_owned();
    let name = form.username.trim().to_owned();
    let typed = Typed { name: name.clone(), password: form.password, address: reader.address, agent };
    let done = sign_in(&app.admin, typed, (app.clock)()).await?;
    match done {
        SignedIn::Yes(cookie) => Ok(welcome(&reader, &cookie, &form.next)),
        SignedIn::CodeWanted(cookie) => {
            let page = code_page(&app, &reader, StatusCode::OK, &form.next, None)?;
            Ok(with_cookie(page, &reader.cookie(reader.session_cookie(), cookie.expose(), SESSION_HALF.as_seconds(), false)))
        }
        SignedIn::Wrong => {
            let wrong = reader.language.say("sign-in-wrong", None);
            page(&app, &reader, StatusCode::UNPROCESSABLE_ENTITY, &form.next, &name, Some(wrong))
        }
        SignedIn::Shut(seconds) => page(&app, &reader, StatusCode::TOO_MANY_REQUESTS, &form.next, &name, Some(shut(&reader, seconds))),
    }
}

/// The code, sent.
pub(crate) async fn code(State(app): State<App>, reader: Reader, headers: HeaderMap, Stranger(form): Stranger<CodeForm>) -> Answer {
    let half = cookie(&headers, reader.session_cookie()).unwrap_or_default();
    match give_code(&app.admin, half, &form.code, (app.clock)()).await? {
        SignedIn::Yes(cookie) => Ok(welcome(&reader, &cookie, &form.next)),
        SignedIn::CodeWanted(_) => {
            let wrong = reader.language.say("sign-in-code-wrong", None);
            code_page(&app, &reader, StatusCode::UNPROCESSABLE_ENTITY, &form.next, Some(wrong))
        }
        SignedIn::Shut(seconds) => code_page(&app, &reader, StatusCode::TOO_MANY_REQUESTS, &form.next, Some(shut(&reader, seconds))),
        SignedIn::Wrong => {
            let over = reader.language.say("sign-in-over", None);
            page(&app, &reader, StatusCode::UNPROCESSABLE_ENTITY, &form.next, "", Some(over))
        }
    }
}

/// The empty form of the button.
#[derive(Deserialize)]
pub(crate) struct Nothing {}

/// The way out.
pub(crate) async fn leave(State(app): State<App>, visitor: Visitor, Posted(Nothing {}): Posted<Nothing>) -> Answer {
    sign_out(&app.admin, &visitor.who).await?;
    let reader = &visitor.reader;
    Ok(with_cookie(see_other("/login"), &reader.cookie(reader.session_cookie(), "", 0, false)))
}

fn welcome(reader: &Reader, cookie: &Secret<String>, next: &str) -> Response {
    let to = if next.is_empty() { "/" } else { local(next) };
    with_cookie(see_other(to), &reader.cookie(reader.session_cookie(), cookie.expose(), SESSION.as_seconds(), false))
}

fn page(app: &App, reader: &Reader, status: StatusCode, next: &str, username: &str, wrong: Option<String>) -> Answer {
    let text = render_for("sign_in.html", reader, (app.clock)(), context! { next => local(next), username, wrong })?;
    Ok((status, Html(text)).into_response())
}

fn code_page(app: &App, reader: &Reader, status: StatusCode, next: &str, wrong: Option<String>) -> Answer {
    let text = render_for("sign_in_code.html", reader, (app.clock)(), context! { next => local(next), wrong })?;
    Ok((status, Html(text)).into_response())
}

/// What is said while nothing is looked at.
pub(super) fn shut(reader: &Reader, seconds: i64) -> String {
    let mut args = FluentArgs::new();
    args.set("seconds", seconds);
    reader.language.say("sign-in-shut", Some(&args))
}
