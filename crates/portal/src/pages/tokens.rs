//! *Administration › API tokens*: what programs sign in with.

use axum::extract::{Path, State};
use domain::Span;
use domain::role::Action;
use http::StatusCode;
use minijinja::context;
use serde::{Deserialize, Serialize};

use super::answer::{Answer, back, see_other};
use super::ask::{Answered, Question};
use super::branch::{branches, names, nearest};
use super::customers::id_of;
use super::form::Posted;
use super::template::view;
use super::users::roles;
use super::visitor::Visitor;
use super::wrong::Wrong;
use crate::App;
use crate::admin::Error;
use crate::admin::token::{self, Made, NewToken};
use crate::admin::tree::NodeNames;

const PATH: &str = "/administration/tokens";
const FIELDS: &[(&str, &str)] = &[("label", "label"), ("role", "role"), ("duration", "days")];
/// The lifetimes that the form offers, in days; 0 is for ever.
const DAYS: [i64; 5] = [30, 90, 365, 730, 0];

/// The list.
pub(crate) async fn list(State(app): State<App>, visitor: Visitor) -> Answer {
    let rows = token::list(&app.admin, &visitor.by).await?;
    visitor.show("tokens.html", context! { rows => view(rows), at_present => visitor.by.now.rfc3339() })
}

/// A token's form.
#[derive(Clone, Debug, Default, Deserialize, Serialize)]
pub(crate) struct Form {
    #[serde(default)]
    label: String,
    #[serde(default)]
    role: String,
    /// The branch, as [`branches`] lists it.
    #[serde(default)]
    at: String,
    #[serde(default)]
    days: String,
}

/// The empty form. A token opens what its maker may open, so the password is asked for first.
pub(crate) async fn new(State(app): State<App>, visitor: Visitor) -> Answer {
    visitor.must(Action::EditPeople)?;
    visitor.proved_lately()?;
    let typed = Form { role: "auditor".to_owned(), at: nearest(&visitor), days: "365".to_owned(), ..Form::default() };
    form(&app, &visitor, StatusCode::OK, &typed, None).await
}

async fn form(app: &App, visitor: &Visitor, status: StatusCode, typed: &Form, wrong: Option<Wrong>) -> Answer {
    let branches = branches(app, visitor).await?;
    let context =
        context! { branches => view(branches), roles => roles(visitor), days => DAYS, typed => view(typed), wrong => view(wrong) };
    visitor.show_as(status, "token_new.html", context)
}

/// Makes a token, and shows it, once.
pub(crate) async fn make(State(app): State<App>, visitor: Visitor, Posted(typed): Posted<Form>) -> Answer {
    visitor.must(Action::EditPeople)?;
    visitor.proved_lately()?;
    match made(&app, &visitor, &typed).await {
        Ok(made) => visitor.show("token_made.html", context! { token => made.token.expose().as_str(), label => typed.label }),
        Err(error) => form(&app, &visitor, StatusCode::UNPROCESSABLE_ENTITY, &typed, Some(visitor.wrong(error, FIELDS)?)).await,
    }
}

async fn made(app: &App, visitor: &Visitor, typed: &Form) -> Result<Made, Error> {
    let at: NodeNames = names(&typed.at)?;
    let days: Option<i64> = typed.days.parse().ok().filter(|days| DAYS.contains(days));
    let days = days.ok_or_else(|| Error::invalid("duration", "choose one of the lifetimes"))?;
    let label = typed.label.trim().to_owned();
    let lasts = (days > 0).then(|| Span::days(days));
    token::make(&app.admin, &visitor.by, NewToken { role: typed.role.clone(), at, label, lasts }).await
}

/// Whether a token is to end.
pub(crate) async fn ask_revoke(State(app): State<App>, visitor: Visitor, Path(id): Path<String>) -> Answer {
    let kept = token::show(&app.admin, &visitor.by, id_of(&id)?).await?;
    let (title, effects) = (visitor.say("token-revoke-title"), vec![visitor.say("token-revoke-effect")]);
    let (action, about) = (format!("{PATH}/{}/revoke", kept.id), if kept.label.is_empty() { &kept.id } else { &kept.label });
    visitor.ask(Action::EditPeople, &Question { title, about, effects, action, fields: Vec::new(), back: PATH })
}

/// Ends it.
pub(crate) async fn revoke(State(app): State<App>, visitor: Visitor, Path(id): Path<String>, Posted(answered): Posted<Answered>) -> Answer {
    if answered.yes() {
        token::revoke(&app.admin, &visitor.by, &id_of(&id)?.to_string()).await?;
        return Ok(back(PATH, "token-revoked"));
    }
    Ok(see_other(PATH))
}
