//! One's own account: language and theme, sessions, password, second factor, and the password again before secrets are shown.

use axum::extract::State;
use domain::Secret;
use http::StatusCode;
use minijinja::{Value, context};
use serde::Deserialize;

use super::answer::{Answer, back, local, see_other, with_cookie};
use super::form::{Posted, Query};
use super::language::Language;
use super::qr::qr;
use super::sign_in::{Nothing, shut};
use super::template::view;
use super::visitor::{LANGUAGE_COOKIE, THEME_COOKIE, Visitor};
use crate::App;
use crate::admin::own_account::{self, SessionView};
use crate::admin::second_factor;
use crate::admin::sign_in::{SignedIn, end_others, prove};

/// How long a browser remembers language and theme.
const YEAR: i64 = 31_536_000;

/// The page.
pub(crate) async fn show(State(app): State<App>, visitor: Visitor) -> Answer {
    let sessions: Vec<SessionView> = own_account::sessions(&app.admin, &visitor.who).await?;
    let factor = second_factor::standing(&app.admin, &visitor.who).await?;
    visitor.show("account.html", context! { sessions => view(sessions), factor => view(factor) })
}

/// What is chosen in the menu at the top.
#[derive(Deserialize)]
pub(crate) struct Manner {
    language: Option<String>,
    theme: Option<String>,
    #[serde(default)]
    back: String,
}

/// Language and theme.
pub(crate) async fn set_manner(visitor: Visitor, Posted(manner): Posted<Manner>) -> Answer {
    let mut answer = see_other(local(&manner.back));
    if let Some(language) = manner.language.as_deref().and_then(Language::from_code) {
        answer = with_cookie(answer, &visitor.reader.cookie(LANGUAGE_COOKIE, language.code(), YEAR, true));
    }
    if let Some(theme) = manner.theme.filter(|theme| ["light", "dark", "system"].contains(&theme.as_str())) {
        answer = with_cookie(answer, &visitor.reader.cookie(THEME_COOKIE, &theme, YEAR, true));
    }
    Ok(answer)
}

/// Where somebody was sent from to give their password again.
#[derive(Deserialize)]
pub(crate) struct Onward {
    #[serde(default)]
    next: String,
}

/// The question for the password.
pub(crate) async fn ask_proof(visitor: Visitor, Query(Onward { next }): Query<Onward>) -> Answer {
    visitor.show("prove.html", context! { next => local(&next), wrong => None::<String> })
}

/// The password, given again.
#[derive(Deserialize)]
pub(crate) struct Proof {
    password: Secret<String>,
    #[serde(default)]
    next: String,
}

/// Takes the password.
pub(crate) async fn give_proof(State(app): State<App>, visitor: Visitor, Posted(proof): Posted<Proof>) -> Answer {
    let wrong = match prove(&app.admin, &visitor.who, proof.password, visitor.reader.address).await? {
        SignedIn::Yes(_) => return Ok(see_other(local(&proof.next))),
        SignedIn::Shut(seconds) => shut(&visitor.reader, seconds),
        SignedIn::Wrong | SignedIn::CodeWanted(_) => visitor.say("prove-wrong"),
    };
    let context = context! { next => local(&proof.next), wrong };
    visitor.show_as(StatusCode::UNPROCESSABLE_ENTITY, "prove.html", context)
}

/// A session to end.
#[derive(Deserialize)]
pub(crate) struct Which {
    session: String,
}

/// Ends one session.
pub(crate) async fn end_session(State(app): State<App>, visitor: Visitor, Posted(which): Posted<Which>) -> Answer {
    own_account::end_session(&app.admin, &visitor.who, &which.session).await?;
    Ok(back("/account", "session-ended"))
}

/// Ends all sessions but this one.
pub(crate) async fn end_all(State(app): State<App>, visitor: Visitor, Posted(Nothing {}): Posted<Nothing>) -> Answer {
    end_others(&app.admin, &visitor.who).await?;
    Ok(back("/account", "sessions-ended"))
}

/// A new password.
#[derive(Deserialize)]
pub(crate) struct NewPassword {
    old: Secret<String>,
    new: Secret<String>,
}

/// Changes the password; all other sessions end.
pub(crate) async fn set_password(State(app): State<App>, visitor: Visitor, Posted(form): Posted<NewPassword>) -> Answer {
    match prove(&app.admin, &visitor.who, form.old, visitor.reader.address).await? {
        SignedIn::Yes(_) => {}
        SignedIn::Shut(seconds) => return refused(&app, &visitor, shut(&visitor.reader, seconds)).await,
        SignedIn::Wrong | SignedIn::CodeWanted(_) => return refused(&app, &visitor, visitor.say("prove-wrong")).await,
    }
    own_account::set_password(&app.admin, &visitor.who, form.new).await?;
    Ok(back("/account", "password-changed"))
}

async fn refused(app: &App, visitor: &Visitor, wrong: String) -> Answer {
    let sessions = own_account::sessions(&app.admin, &visitor.who).await?;
    let factor = second_factor::standing(&app.admin, &visitor.who).await?;
    let context = context! { sessions => view(sessions), factor => view(factor), wrong };
    visitor.show_as(StatusCode::UNPROCESSABLE_ENTITY, "account.html", context)
}

/// Begins to set up an authenticator.
pub(crate) async fn enrol(State(app): State<App>, visitor: Visitor, Posted(Nothing {}): Posted<Nothing>) -> Answer {
    if let Err(failure) = visitor.proved_lately() {
        return lately_or(failure);
    }
    let made = second_factor::enrol(&app.admin, &visitor.who, &visitor.reader.look.name).await?;
    let picture = qr(made.uri.expose());
    visitor.show("second_factor.html", context! { secret => made.secret.expose().as_str(), picture => Value::from_safe_string(picture) })
}

/// The first code of it.
#[derive(Deserialize)]
pub(crate) struct FirstCode {
    code: String,
}

/// Switches the second factor on and shows the recovery codes, once.
pub(crate) async fn confirm(State(app): State<App>, visitor: Visitor, Posted(form): Posted<FirstCode>) -> Answer {
    let Some(codes) = second_factor::confirm(&app.admin, &visitor.who, &form.code).await? else {
        return refused(&app, &visitor, visitor.say("second-factor-wrong")).await;
    };
    let codes: Vec<&String> = codes.iter().map(Secret::expose).collect();
    visitor.show("recovery_codes.html", context! { codes => view(codes) })
}

/// Switches it off.
pub(crate) async fn switch_off(State(app): State<App>, visitor: Visitor, Posted(Nothing {}): Posted<Nothing>) -> Answer {
    if let Err(failure) = visitor.proved_lately() {
        return lately_or(failure);
    }
    second_factor::switch_off(&app.admin, &visitor.who).await?;
    Ok(back("/account", "second-factor-off"))
}

/// A form cannot be sent again after the password was given: the way leads to the page that it stood on.
fn lately_or(failure: super::failure::Failure) -> Answer {
    use super::failure::Failure;
    Err(match failure {
        Failure::Prove(_) => Failure::Prove("/account".to_owned()),
        other => other,
    })
}
