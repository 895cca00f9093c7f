//! *Operations › Global logins*: which there are, shown on demand, rotated with an overlap, revoked.

use axum::extract::{Path, State};
use domain::Span;
use domain::role::Action;
use http::StatusCode;
use minijinja::context;
use serde::Deserialize;

use super::answer::{Answer, back, see_other};
use super::ask::{Answered, Question};
use super::failure::Failure;
use super::form::Posted;
use super::template::view;
use super::visitor::Visitor;
use crate::App;
use crate::admin::global_login::{self, GlobalLoginView};
use crate::admin::{Error, reseller};

const PAGE: &str = "/operations/global-logins";
/// How long the old ones stay valid, as the page offers it: none for an emergency, a month for phones in cartons.
const OVERLAPS: [&str; 5] = ["0s", "1d", "7d", "14d", "30d"];

/// The list, without passwords.
pub(crate) async fn list(State(app): State<App>, visitor: Visitor) -> Answer {
    page(&app, &visitor, StatusCode::OK, None, Vec::new()).await
}

/// Whose login is meant: the operator's if empty.
#[derive(Deserialize)]
pub(crate) struct Owner {
    #[serde(default)]
    reseller: String,
}

impl Owner {
    fn name(&self) -> Option<String> {
        Some(self.reseller.clone()).filter(|name| !name.is_empty())
    }
}

/// Shows the logins of one owner; audited.
pub(crate) async fn reveal(State(app): State<App>, visitor: Visitor, Posted(owner): Posted<Owner>) -> Answer {
    visitor.proved_for(PAGE)?;
    let shown = global_login::show(&app.admin, &visitor.by, owner.name()).await?;
    page(&app, &visitor, StatusCode::OK, Some(owner), shown).await
}

/// A rotation.
#[derive(Deserialize)]
pub(crate) struct Rotation {
    #[serde(default)]
    reseller: String,
    overlap: String,
}

/// Makes a new login and shows it. The old ones end after the overlap.
pub(crate) async fn rotate(State(app): State<App>, visitor: Visitor, Posted(asked): Posted<Rotation>) -> Answer {
    visitor.proved_for(PAGE)?;
    let overlap = overlap(&asked.overlap)?;
    let owner = Owner { reseller: asked.reseller };
    let made = global_login::rotate(&app.admin, &visitor.by, overlap, owner.name()).await?;
    page(&app, &visitor, StatusCode::OK, Some(owner), made).await
}

fn overlap(text: &str) -> Result<Span, Error> {
    let known = OVERLAPS.contains(&text).then(|| if text == "0s" { Ok(Span::ZERO) } else { text.parse::<Span>() });
    known.and_then(Result::ok).ok_or_else(|| Error::invalid("duration", "overlap: choose one of those offered"))
}

async fn page(app: &App, visitor: &Visitor, status: StatusCode, owner: Option<Owner>, shown: Vec<GlobalLoginView>) -> Answer {
    let held = global_login::held(&app.admin, &visitor.by).await?;
    let resellers = reseller::list(&app.admin, &visitor.by).await?;
    let of = owner.map(|owner| owner.reseller);
    let url = app.admin.platform.phones_url.as_str();
    let context = context! { held => view(held), resellers => view(resellers), shown => view(shown), of, url, overlaps => OVERLAPS };
    visitor.show_as(status, "global_logins.html", context)
}

/// The question before one is revoked.
pub(crate) async fn ask(State(app): State<App>, visitor: Visitor, Path(number): Path<String>) -> Answer {
    let number: u16 = Failure::named(&number)?;
    let held = global_login::held(&app.admin, &visitor.by).await?;
    let login = held.into_iter().find(|login| login.number == number).ok_or_else(|| Error::NotFound("global login".into()))?;
    let owner = login.reseller.clone().unwrap_or_else(|| visitor.say("login-everybody"));
    let about = visitor.say_with("login-revoke-which", &[("number", &number.to_string()), ("owner", &owner)]);
    let (title, effects) = (visitor.say("login-revoke-title"), vec![visitor.say("login-revoke-effect")]);
    let action = format!("{PAGE}/{number}/revoke");
    visitor.ask(Action::HandleGlobalLogin, &Question { title, about: &about, effects, action, fields: Vec::new(), back: PAGE })
}

/// Revokes it.
pub(crate) async fn revoke(State(app): State<App>, visitor: Visitor, Path(number): Path<String>, Posted(form): Posted<Answered>) -> Answer {
    let number: u16 = Failure::named(&number)?;
    if !form.yes() {
        return Ok(see_other(PAGE));
    }
    visitor.proved_for(PAGE)?;
    global_login::revoke(&app.admin, &visitor.by, number).await?;
    Ok(back(PAGE, "global-login-revoked"))
}
