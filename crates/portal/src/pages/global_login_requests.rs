//! *Request global username and password*: tickets. A reseller asks with a reason, the operator grants or declines, and whoever asked
//! sees the login once.

use axum::extract::{Path, State};
use domain::role::Action;
use http::StatusCode;
use minijinja::context;
use serde::Deserialize;

use super::answer::{Answer, back};
use super::failure::Failure;
use super::form::Posted;
use super::sign_in::Nothing;
use super::template::view;
use super::visitor::Visitor;
use super::wrong::Wrong;
use crate::App;
use crate::admin::Error;
use crate::admin::global_login::GlobalLoginView;
use crate::admin::login_request;

const PAGE: &str = "/operations/global-login-requests";

/// The tickets.
pub(crate) async fn list(State(app): State<App>, visitor: Visitor) -> Answer {
    page(&app, &visitor, StatusCode::OK, "", None).await
}

/// A new one.
#[derive(Deserialize)]
pub(crate) struct Asked {
    reason: String,
}

/// Makes a ticket and leads to it.
pub(crate) async fn add(State(app): State<App>, visitor: Visitor, Posted(asked): Posted<Asked>) -> Answer {
    if asked.reason.trim().is_empty() {
        let missing = visitor.told(&Error::invalid("reason", ""), "");
        return page(&app, &visitor, StatusCode::UNPROCESSABLE_ENTITY, "", Some(missing)).await;
    }
    match login_request::add(&app.admin, &visitor.by, None, &asked.reason).await {
        Ok(made) => Ok(back(&format!("{PAGE}/{}", made.id), "global-login-requested")),
        Err(error) => page(&app, &visitor, StatusCode::UNPROCESSABLE_ENTITY, &asked.reason, Some(visitor.wrong(error, &[])?)).await,
    }
}

async fn page(app: &App, visitor: &Visitor, status: StatusCode, reason: &str, wrong: Option<Wrong>) -> Answer {
    let tickets = login_request::list(&app.admin, &visitor.by).await?;
    visitor.show_as(status, "global_login_requests.html", context! { tickets => view(tickets), reason, wrong => view(wrong) })
}

/// One ticket.
pub(crate) async fn show(State(app): State<App>, visitor: Visitor, Path(number): Path<String>) -> Answer {
    let number: i64 = Failure::named(&number)?;
    ticket(&app, &visitor, number, Vec::new()).await
}

async fn ticket(app: &App, visitor: &Visitor, number: i64, shown: Vec<GlobalLoginView>) -> Answer {
    let ticket = login_request::show(&app.admin, &visitor.by, number).await?;
    let decides = visitor.may(Action::HandleGlobalLogin);
    let url = app.admin.platform.phones_url.as_str();
    visitor.show("global_login_request.html", context! { ticket => view(ticket), decides, shown => view(shown), url })
}

/// The operator's answer.
#[derive(Deserialize)]
pub(crate) struct Decision {
    answer: String,
}

/// Grants or declines.
pub(crate) async fn decide(State(app): State<App>, visitor: Visitor, Path(number): Path<String>, Posted(form): Posted<Decision>) -> Answer {
    let number: i64 = Failure::named(&number)?;
    let grant = form.answer == "grant";
    login_request::decide(&app.admin, &visitor.by, number, grant).await?;
    let done = if grant { "global-login-granted" } else { "global-login-declined" };
    Ok(back(&format!("{PAGE}/{number}"), done))
}

/// Shows the login of a granted ticket, once; audited.
pub(crate) async fn reveal(
    State(app): State<App>,
    visitor: Visitor,
    Path(number): Path<String>,
    Posted(Nothing {}): Posted<Nothing>,
) -> Answer {
    let number: i64 = Failure::named(&number)?;
    visitor.proved_for(&format!("{PAGE}/{number}"))?;
    let shown = login_request::reveal(&app.admin, &visitor.by, number).await?;
    ticket(&app, &visitor, number, shown).await
}
