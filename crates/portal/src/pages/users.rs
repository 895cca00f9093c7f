//! *Administration › Users and roles*: who signs in, as what, and where.

use axum::extract::{Path, State};
use domain::Secret;
use domain::role::{Action, Role};
use http::StatusCode;
use minijinja::context;
use serde::{Deserialize, Serialize};

use super::answer::{Answer, back, see_other};
use super::ask::{Answered, Question};
use super::branch::{branches, names, nearest};
use super::customers::id_of;
use super::form::Posted;
use super::sign_in::Nothing;
use super::template::view;
use super::visitor::Visitor;
use super::wrong::Wrong;
use crate::App;
use crate::admin::password_link;
use crate::admin::user::{self, NewUser, UserChange, UserView, Writing};

const PATH: &str = "/administration/users";
const FIELDS: &[(&str, &str)] = &[("name", "name"), ("exists", "name"), ("role", "role"), ("email", "email")];

/// The list.
pub(crate) async fn list(State(app): State<App>, visitor: Visitor) -> Answer {
    let rows = user::list(&app.admin, &visitor.by).await?;
    visitor.show("users.html", context! { rows => view(rows), own => visitor.who.account.id.to_string() })
}

/// Somebody's form.
#[derive(Clone, Debug, Default, Deserialize, Serialize)]
pub(crate) struct Form {
    #[serde(default)]
    name: String,
    #[serde(default)]
    role: String,
    /// The branch, as [`branches`] lists it.
    #[serde(default)]
    at: String,
    #[serde(default)]
    email: String,
    #[serde(default)]
    language: String,
    /// Ticked, or absent.
    #[serde(default)]
    alerts: Option<String>,
    #[serde(default)]
    version: Option<i64>,
}

impl Form {
    /// How they are written to.
    fn writing(&self) -> Writing {
        let language = Some(self.language.clone()).filter(|language| !language.is_empty());
        Writing { email: Some(self.email.trim().to_owned()), language, alerts: Some(self.alerts.is_some()) }
    }
}

/// The roles that this visitor may give.
pub(super) fn roles(visitor: &Visitor) -> Vec<&'static str> {
    Role::ALL.iter().filter(|role| **role >= visitor.by.actor.role).map(|role| role.code()).collect()
}

/// The empty form. What it leads to is a password, so one's own is asked for first.
pub(crate) async fn new(State(app): State<App>, visitor: Visitor) -> Answer {
    visitor.must(Action::EditPeople)?;
    visitor.proved_lately()?;
    // What is chosen already gives away the least.
    let typed = Form { role: "auditor".to_owned(), at: nearest(&visitor), ..Form::default() };
    empty(&app, &visitor, StatusCode::OK, &typed, None).await
}

async fn empty(app: &App, visitor: &Visitor, status: StatusCode, typed: &Form, wrong: Option<Wrong>) -> Answer {
    let branches = branches(app, visitor).await?;
    let context = context! { branches => view(branches), roles => roles(visitor), typed => view(typed), wrong => view(wrong) };
    visitor.show_as(status, "user_new.html", context)
}

/// Adds somebody, and shows the password, once.
pub(crate) async fn add(State(app): State<App>, visitor: Visitor, Posted(typed): Posted<Form>) -> Answer {
    visitor.must(Action::EditPeople)?;
    visitor.proved_lately()?;
    let added = match names(&typed.at) {
        Ok(at) => {
            let new = NewUser { name: typed.name.trim().to_owned(), role: typed.role.clone(), at, writing: typed.writing() };
            user::add(&app.admin, &visitor.by, new).await
        }
        Err(error) => Err(error),
    };
    match added {
        Ok(told) => password(&visitor, &told.user, told.password.as_ref()),
        Err(error) => empty(&app, &visitor, StatusCode::UNPROCESSABLE_ENTITY, &typed, Some(visitor.wrong(error, FIELDS)?)).await,
    }
}

fn password(visitor: &Visitor, user: &UserView, password: Option<&Secret<String>>) -> Answer {
    let password = password.map(|password| password.expose().as_str());
    visitor.show("user_password.html", context! { user => view(user), password })
}

/// Somebody.
pub(crate) async fn show(State(app): State<App>, visitor: Visitor, Path(id): Path<String>) -> Answer {
    let kept = user::show(&app.admin, &visitor.by, id_of(&id)?).await?;
    let typed = Form {
        name: kept.name.clone(),
        email: kept.email.clone().unwrap_or_default(),
        language: kept.language.clone(),
        alerts: kept.alerts.then(|| "yes".to_owned()),
        ..Form::default()
    };
    one(&app, &visitor, StatusCode::OK, &kept, &typed, None)
}

fn one(app: &App, visitor: &Visitor, status: StatusCode, kept: &UserView, typed: &Form, wrong: Option<Wrong>) -> Answer {
    let own = kept.id == visitor.who.account.id.to_string();
    let context = context! { kept => view(kept), version => kept.version, typed => view(typed), own, wrong => view(wrong) };
    let mails = app.admin.platform.mails;
    visitor.show_as(status, "user.html", context! { mails, ..context })
}

/// Gives somebody another name, or another address for letters.
pub(crate) async fn rename(State(app): State<App>, visitor: Visitor, Path(id): Path<String>, Posted(typed): Posted<Form>) -> Answer {
    let id = id_of(&id)?;
    let change = UserChange { name: Some(typed.name.trim().to_owned()), writing: typed.writing(), ..UserChange::default() };
    match user::update(&app.admin, &visitor.by, id, change, typed.version).await {
        Ok(_) => Ok(back(&format!("{PATH}/{id}"), "saved")),
        Err(error) => {
            let kept = user::show(&app.admin, &visitor.by, id).await?;
            one(&app, &visitor, StatusCode::UNPROCESSABLE_ENTITY, &kept, &typed, Some(visitor.wrong(error, FIELDS)?))
        }
    }
}

/// Shuts somebody out, or lets them in again.
#[derive(Debug, Deserialize)]
pub(crate) struct Shut {
    disabled: bool,
}

/// Shuts somebody out at once, or lets them in again.
pub(crate) async fn disable(State(app): State<App>, visitor: Visitor, Path(id): Path<String>, Posted(form): Posted<Shut>) -> Answer {
    let id = id_of(&id)?;
    let change = UserChange { disabled: Some(form.disabled), ..UserChange::default() };
    user::update(&app.admin, &visitor.by, id, change, None).await?;
    Ok(back(&format!("{PATH}/{id}"), if form.disabled { "user-disabled" } else { "user-enabled" }))
}

/// Writes to somebody that they choose a password.
pub(crate) async fn invite(
    State(app): State<App>,
    visitor: Visitor,
    Path(id): Path<String>,
    Posted(Nothing {}): Posted<Nothing>,
) -> Answer {
    let id = id_of(&id)?;
    password_link::invite(&app.admin, &visitor.by, id).await?;
    Ok(back(&format!("{PATH}/{id}"), "user-invited"))
}

/// Whether somebody gets a new password.
pub(crate) async fn ask_password(State(app): State<App>, visitor: Visitor, Path(id): Path<String>) -> Answer {
    let kept = user::show(&app.admin, &visitor.by, id_of(&id)?).await?;
    visitor.proved_lately()?;
    let (title, effects) =
        (visitor.say("user-password-title"), vec![visitor.say("user-password-effect"), visitor.say("user-password-once")]);
    let (action, to) = (format!("{PATH}/{}/password", kept.id), format!("{PATH}/{}", kept.id));
    visitor.ask(Action::EditPeople, &Question { title, about: &kept.name, effects, action, fields: Vec::new(), back: &to })
}

/// Makes somebody a new password, and shows it, once.
pub(crate) async fn new_password(
    State(app): State<App>,
    visitor: Visitor,
    Path(id): Path<String>,
    Posted(answered): Posted<Answered>,
) -> Answer {
    let id = id_of(&id)?;
    if !answered.yes() {
        return Ok(see_other(&format!("{PATH}/{id}")));
    }
    // Who may not, or from elsewhere, is told that before anybody is asked for a password.
    user::show(&app.admin, &visitor.by, id).await?;
    visitor.proved_lately()?;
    let told = user::update(&app.admin, &visitor.by, id, UserChange { new_password: true, ..UserChange::default() }, None).await?;
    password(&visitor, &told.user, told.password.as_ref())
}

/// Whether somebody is to go.
pub(crate) async fn ask_delete(State(app): State<App>, visitor: Visitor, Path(id): Path<String>) -> Answer {
    let kept = user::show(&app.admin, &visitor.by, id_of(&id)?).await?;
    let (title, effects) = (visitor.say("user-delete-title"), vec![visitor.say("user-delete-effect"), visitor.say("user-delete-audit")]);
    let (action, to) = (format!("{PATH}/{}/delete", kept.id), format!("{PATH}/{}", kept.id));
    visitor.ask(Action::EditPeople, &Question { title, about: &kept.name, effects, action, fields: Vec::new(), back: &to })
}

/// Removes somebody.
pub(crate) async fn delete(State(app): State<App>, visitor: Visitor, Path(id): Path<String>, Posted(answered): Posted<Answered>) -> Answer {
    let id = id_of(&id)?;
    if !answered.yes() {
        return Ok(see_other(&format!("{PATH}/{id}")));
    }
    user::remove(&app.admin, &visitor.by, id).await?;
    Ok(back(PATH, "user-deleted"))
}
