//! `/forgotten` and `/password`: a letter with a link for those who forgot their password, and the page behind the link.

use axum::extract::State;
use axum::response::{Html, IntoResponse};
use domain::Secret;
use http::StatusCode;
use minijinja::context;
use serde::Deserialize;

use super::answer::Answer;
use super::form::{Query, Stranger};
use super::template::render_for;
use super::visitor::Reader;
use crate::App;
use crate::admin::password_link;

/// The page of those who forgot it.
pub(crate) async fn forgotten(State(app): State<App>, reader: Reader) -> Answer {
    page(&app, &reader, StatusCode::OK, "forgotten.html", context! { asked => false, mails => app.admin.platform.mails })
}

/// Whose password was forgotten.
#[derive(Deserialize)]
pub(crate) struct Forgotten {
    username: String,
}

/// Writes a letter, if there is somebody to write to; the page says the same in any case.
pub(crate) async fn ask(State(app): State<App>, reader: Reader, Stranger(form): Stranger<Forgotten>) -> Answer {
    password_link::forgotten(&app.admin, &form.username, reader.address, (app.clock)()).await?;
    page(&app, &reader, StatusCode::OK, "forgotten.html", context! { asked => true, mails => app.admin.platform.mails })
}

/// A link of a letter.
#[derive(Deserialize)]
pub(crate) struct Link {
    #[serde(default)]
    link: String,
}

/// The page behind the link.
pub(crate) async fn show(State(app): State<App>, reader: Reader, Query(Link { link }): Query<Link>) -> Answer {
    let name = password_link::whose(&app.admin, &link, (app.clock)()).await?;
    let status = if name.is_some() { StatusCode::OK } else { StatusCode::NOT_FOUND };
    page(&app, &reader, status, "password.html", context! { name, link, wrong => None::<String>, chosen => false })
}

/// The password that was chosen.
#[derive(Deserialize)]
pub(crate) struct Chosen {
    link: String,
    new: Secret<String>,
}

/// Takes it; what remains is to sign in.
pub(crate) async fn choose(State(app): State<App>, reader: Reader, Stranger(form): Stranger<Chosen>) -> Answer {
    let now = (app.clock)();
    let wrong = match password_link::choose(&app.admin, &form.link, form.new, now).await {
        Ok(true) => return page(&app, &reader, StatusCode::OK, "password.html", context! { chosen => true }),
        Ok(false) => None,
        Err(error) if error.code() == "password" => Some(reader.language.say("error-password", None)),
        Err(error) => return Err(error.into()),
    };
    let name = password_link::whose(&app.admin, &form.link, now).await?;
    let context = context! { name, link => form.link, wrong, chosen => false };
    page(&app, &reader, StatusCode::UNPROCESSABLE_ENTITY, "password.html", context)
}

fn page(app: &App, reader: &Reader, status: StatusCode, name: &str, context: minijinja::Value) -> Answer {
    let text = render_for(name, reader, (app.clock)(), context)?;
    Ok((status, Html(text)).into_response())
}
