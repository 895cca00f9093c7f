//! Requests for the global login: somebody asks, the operator grants or declines, and a granted request shows the login once.

use domain::policy::Policy;
use domain::role::Action;
use serde::Serialize;
use store::Db;
use store::login_request::{self, LoginRequest, State};
use utoipa::ToSchema;

use super::global_login::{GlobalLoginView, in_force_at};
use super::policy::subject;
use super::tree::{Found, NodeNames, find};
use super::{Admin, By, Error, Named};
use crate::limits::LABEL_BYTES_MAX;

/// A request as it is shown.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
#[schema(as = GlobalLoginRequestView)]
pub struct RequestView {
    /// Its number.
    pub id: i64,
    /// `open`, `granted`, `declined`.
    pub state: &'static str,
    /// Whose request it is.
    pub requester: String,
    /// Why.
    pub reason: String,
    /// When it was made.
    pub asked: String,
    /// By whom.
    pub asked_by: String,
    /// When it was decided.
    pub decided: Option<String>,
    /// By whom.
    pub decided_by: Option<String>,
    /// When the login was shown.
    pub revealed: Option<String>,
}

/// Asks for the global login, for one's own branch or (the operator) for a reseller's.
pub async fn add(admin: &Admin, by: &By, reseller: Option<String>, reason: &str) -> Result<RequestView, Error> {
    let reason = reason.trim().to_owned();
    if reason.len() > LABEL_BYTES_MAX || reason.chars().any(char::is_control) {
        return Err(Error::invalid("reason", "reason: at most 100 bytes without line breaks"));
    }
    let by = by.clone();
    admin
        .write(move |db| {
            let found = match &reseller {
                Some(name) => find(db, &by.scope(), &NodeNames { reseller: Some(name.clone()), ..NodeNames::default() })?,
                None => Found { node: by.actor.node, target: by.branch() },
            };
            by.may(Action::RequestGlobalLogin, &found.target, &Policy::default())?;
            let number = login_request::add(db, found.node, &reason, &by.name, by.now)?;
            by.audit(db, found.node, Action::RequestGlobalLogin.code(), &format!("request {number}"), &reason)?;
            view(db, login_request::one(db, &by.scope(), number)?)
        })
        .await
}

/// The newest requests, newest first: all for the operator, one's own for others.
pub async fn list(admin: &Admin, by: &By) -> Result<Vec<RequestView>, Error> {
    by.may(Action::RequestGlobalLogin, &by.branch(), &Policy::default())?;
    let scope = by.scope();
    admin.read(move |db| login_request::list(db, &scope)?.into_iter().map(|request| view(db, request)).collect()).await
}

/// One request.
pub async fn show(admin: &Admin, by: &By, number: i64) -> Result<RequestView, Error> {
    by.may(Action::RequestGlobalLogin, &by.branch(), &Policy::default())?;
    let scope = by.scope();
    admin.read(move |db| view(db, login_request::one(db, &scope, number).named(|| format!("request {number}"))?)).await
}

/// Grants or declines a request.
pub async fn decide(admin: &Admin, by: &By, number: i64, grant: bool) -> Result<RequestView, Error> {
    by.may_platform(Action::HandleGlobalLogin)?;
    let by = by.clone();
    admin
        .write(move |db| {
            let state = if grant { State::Granted } else { State::Declined };
            let request = login_request::decide(db, number, state, &by.name, by.now).named(|| format!("request {number}"))?;
            by.audit(db, request.node, "global-login.decided", &format!("request {number}"), state.code())?;
            view(db, request)
        })
        .await
}

/// Shows the login of a granted request, once: the requester's own if there is one, else the platform's. That is audited.
pub async fn reveal(admin: &Admin, by: &By, number: i64) -> Result<Vec<GlobalLoginView>, Error> {
    by.may(Action::RequestGlobalLogin, &by.branch(), &Policy::default())?;
    let by = by.clone();
    admin
        .write(move |db| {
            let request = login_request::reveal(db, &by.scope(), number, by.now).named(|| format!("request {number}"))?;
            by.audit(db, request.node, Action::RevealPassword.code(), "global login", &format!("request {number}"))?;
            in_force_at(db, request.node, by.now)
        })
        .await
}

fn view(db: &Db, request: LoginRequest) -> Result<RequestView, Error> {
    Ok(RequestView {
        id: request.number,
        state: request.state.code(),
        requester: subject(db, request.node)?,
        reason: request.reason,
        asked: request.asked.rfc3339(),
        asked_by: request.asked_by,
        decided: request.decided.map(domain::Time::rfc3339),
        decided_by: request.decided_by,
        revealed: request.revealed.map(domain::Time::rfc3339),
    })
}
