//! *Administration › Customers*: the list, and adding, renaming and removing one.

use std::collections::BTreeMap;

use axum::extract::{Path, State};
use domain::role::Action;
use domain::tenancy::{CustomerId, Node};
use http::StatusCode;
use minijinja::context;
use serde::{Deserialize, Serialize};

use super::answer::{Answer, back, see_other};
use super::ask::{Answered, Question};
use super::failure::Failure;
use super::form::{Posted, Query};
use super::switch::ROWS;
use super::template::view;
use super::visitor::Visitor;
use super::wrong::Wrong;
use crate::App;
use crate::admin::customer::{self, CustomerView, NewCustomer};
use crate::admin::part::Part;
use crate::admin::reseller;

const PATH: &str = "/administration/customers";
const FIELDS: &[(&str, &str)] = &[("name", "name"), ("exists", "name"), ("policy", "pin")];

/// What is looked for in a list.
#[derive(Clone, Debug, Default, Deserialize, Serialize)]
pub(crate) struct Asked {
    #[serde(default)]
    pub q: String,
    #[serde(default)]
    pub after: String,
}

impl From<&Asked> for Part {
    fn from(asked: &Asked) -> Self {
        let after = Some(asked.after.clone()).filter(|after| !after.is_empty());
        Self { query: asked.q.trim().to_owned(), after, limit: ROWS }
    }
}

/// The list.
pub(crate) async fn list(State(app): State<App>, visitor: Visitor, Query(asked): Query<Asked>) -> Answer {
    let found = customer::part(&app.admin, &visitor.by, Part::from(&asked)).await?;
    visitor.show("customers.html", context! { rows => view(found.items), next => found.next, asked => view(&asked) })
}

/// A customer's form.
#[derive(Clone, Debug, Default, Deserialize, Serialize)]
pub(crate) struct Form {
    #[serde(default)]
    name: String,
    /// The reseller's id; the operator's own customer without one.
    #[serde(default)]
    reseller: String,
    /// What its phones must show at first: a login, a PIN, both. As two words with a slash; inherited if empty.
    #[serde(default)]
    asks: String,
    #[serde(default)]
    version: Option<i64>,
}

/// The empty form.
pub(crate) async fn new(State(app): State<App>, visitor: Visitor) -> Answer {
    visitor.must(Action::EditCustomers)?;
    form(&app, &visitor, StatusCode::OK, None, &Form::default(), None).await
}

async fn form(app: &App, visitor: &Visitor, status: StatusCode, kept: Option<CustomerView>, typed: &Form, wrong: Option<Wrong>) -> Answer {
    let resellers = match (visitor.by.scope(), &kept) {
        (Node::Operator, None) => reseller::list(&app.admin, &visitor.by).await?,
        _ => Vec::new(),
    };
    let context = context! { kept => view(kept), typed => view(typed), resellers => view(resellers), wrong => view(wrong) };
    visitor.show_as(status, "customer.html", context)
}

/// Adds a customer.
pub(crate) async fn add(State(app): State<App>, visitor: Visitor, Posted(typed): Posted<Form>) -> Answer {
    let policy = typed
        .asks
        .split_once('/')
        .map_or_else(BTreeMap::new, |(login, pin)| [("login".to_owned(), login.to_owned()), ("pin".to_owned(), pin.to_owned())].into());
    let reseller = Some(typed.reseller.clone()).filter(|reseller| !reseller.is_empty());
    let new = NewCustomer { name: typed.name.clone(), reseller, policy };
    match customer::add(&app.admin, &visitor.by, new).await {
        Ok(made) => Ok(back(&format!("{PATH}/{}", made.id), "customer-added")),
        Err(error) => {
            let wrong = visitor.wrong(error, FIELDS)?;
            form(&app, &visitor, StatusCode::UNPROCESSABLE_ENTITY, None, &typed, Some(wrong)).await
        }
    }
}

/// The id in a path; what is no id names nothing.
pub(super) fn id_of(text: &str) -> Result<uuid::Uuid, Failure> {
    text.parse().map_err(|_| Failure::not_found())
}

/// One customer.
pub(crate) async fn show(State(app): State<App>, visitor: Visitor, Path(id): Path<String>) -> Answer {
    let kept = customer::show(&app.admin, &visitor.by, CustomerId(id_of(&id)?)).await?;
    visitor.must(Action::EditCustomers)?;
    let typed = Form { name: kept.name.clone(), version: Some(kept.version), ..Form::default() };
    form(&app, &visitor, StatusCode::OK, Some(kept), &typed, None).await
}

/// Gives it another name.
pub(crate) async fn rename(State(app): State<App>, visitor: Visitor, Path(id): Path<String>, Posted(typed): Posted<Form>) -> Answer {
    let id = CustomerId(id_of(&id)?);
    match customer::rename(&app.admin, &visitor.by, id, &typed.name, typed.version).await {
        Ok(kept) => Ok(back(&format!("{PATH}/{}", kept.id), "saved")),
        Err(error) => {
            let kept = customer::show(&app.admin, &visitor.by, id).await?;
            let wrong = visitor.wrong(error, FIELDS)?;
            let typed = Form { version: Some(kept.version), ..typed };
            form(&app, &visitor, StatusCode::UNPROCESSABLE_ENTITY, Some(kept), &typed, Some(wrong)).await
        }
    }
}

/// Whether it is to go.
pub(crate) async fn ask_delete(State(app): State<App>, visitor: Visitor, Path(id): Path<String>) -> Answer {
    let kept = customer::show(&app.admin, &visitor.by, CustomerId(id_of(&id)?)).await?;
    let (title, effects) =
        (visitor.say("customer-delete-title"), vec![visitor.say("customer-delete-effect"), visitor.say("customer-delete-empty")]);
    let (action, to) = (format!("{PATH}/{}/delete", kept.id), format!("{PATH}/{}", kept.id));
    let question = Question { title, about: &kept.name, effects, action, fields: Vec::new(), back: &to };
    visitor.ask(Action::EditCustomers, &question)
}

/// Removes it.
pub(crate) async fn delete(State(app): State<App>, visitor: Visitor, Path(id): Path<String>, Posted(answered): Posted<Answered>) -> Answer {
    let id = CustomerId(id_of(&id)?);
    if !answered.yes() {
        return Ok(see_other(&format!("{PATH}/{}", id.0)));
    }
    match customer::remove(&app.admin, &visitor.by, id).await {
        Ok(()) => Ok(back(PATH, "customer-deleted")),
        Err(error) => {
            let kept = customer::show(&app.admin, &visitor.by, id).await?;
            let wrong = visitor.wrong(error, FIELDS)?;
            let typed = Form { name: kept.name.clone(), version: Some(kept.version), ..Form::default() };
            form(&app, &visitor, StatusCode::UNPROCESSABLE_ENTITY, Some(kept), &typed, Some(wrong)).await
        }
    }
}
