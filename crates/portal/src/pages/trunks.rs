//! *Operations › Trunks*: where emergency calls go out, and whether they answer.

use axum::extract::{Path, State};
use domain::Secret;
use domain::policy::Policy;
use domain::role::Action;
use http::StatusCode;
use minijinja::{Value, context};
use serde::{Deserialize, Serialize};

use super::answer::{Answer, back, see_other};
use super::ask::{Answered, Question};
use super::failure::Failure;
use super::form::Posted;
use super::sign_in::Nothing;
use super::template::view;
use super::visitor::Visitor;
use crate::App;
use crate::admin::Error;
use crate::admin::telephone::test_trunk;
use crate::admin::tree::NodeNames;
use crate::admin::trunk::{self, NewTrunk};
use crate::escape::in_address;

const PAGE: &str = "/operations/trunks";

/// The list.
pub(crate) async fn list(State(app): State<App>, visitor: Visitor) -> Answer {
    let trunks = trunk::list(&app.admin, &visitor.by).await?;
    visitor.show("trunks.html", context! { trunks => view(trunks) })
}

/// A trunk as the form has it.
#[derive(Clone, Debug, Default, Deserialize, Serialize)]
pub(crate) struct Typed {
    name: String,
    uri: String,
    #[serde(default)]
    user: String,
    #[serde(default, skip_serializing)]
    password: Option<Secret<String>>,
    #[serde(default)]
    customer: String,
    #[serde(default)]
    site: String,
    #[serde(default)]
    priority: String,
    #[serde(default)]
    channels: String,
    #[serde(default)]
    reserved: String,
    #[serde(default)]
    test_number: String,
}

/// The empty form.
pub(crate) async fn new(visitor: Visitor) -> Answer {
    may_edit(&visitor)?;
    let customer = visitor.customer.as_ref().map(|customer| customer.name.as_str()).unwrap_or_default();
    let typed = Typed { customer: customer.to_owned(), priority: "100".to_owned(), ..Typed::default() };
    visitor.show("trunk.html", context! { typed => view(&typed), wrong => None::<Value> })
}

/// Whoever may change none has no use for the form.
fn may_edit(visitor: &Visitor) -> Result<(), Failure> {
    Ok(visitor.by.may(Action::EditTrunks, &visitor.by.branch(), &Policy::default())?)
}

/// Adds a trunk.
pub(crate) async fn add(State(app): State<App>, visitor: Visitor, Posted(typed): Posted<Typed>) -> Answer {
    may_edit(&visitor)?;
    let added = match read(&typed) {
        Ok(new) => trunk::add(&app.admin, &visitor.by, new).await,
        Err(error) => Err(error),
    };
    match added {
        Ok(_) => Ok(back(PAGE, "trunk-added")),
        // The customer or site that was typed.
        Err(Error::NotFound(what)) => again(&visitor, &typed, Error::invalid("customer", format!("{what}: not found"))),
        Err(error) => again(&visitor, &typed, error),
    }
}

fn again(visitor: &Visitor, typed: &Typed, error: Error) -> Answer {
    visitor.show_as(
        StatusCode::UNPROCESSABLE_ENTITY,
        "trunk.html",
        context! { typed => view(typed), wrong => view(visitor.wrong(error, &[])?) },
    )
}

fn read(typed: &Typed) -> Result<NewTrunk, Error> {
    let given = |text: &str| Some(text.trim().to_owned()).filter(|text| !text.is_empty());
    let number = |field: &str, text: &str, otherwise: u32| match given(text) {
        None => Ok(otherwise),
        Some(text) => text.parse::<u32>().map_err(|_| Error::invalid("trunk", format!("{field}: a number"))),
    };
    let priority =
        u16::try_from(number("priority", &typed.priority, 100)?).map_err(|_| Error::invalid("trunk", "priority: at most 65535"))?;
    let channels = given(&typed.channels).map(|text| number("channels", &text, 0)).transpose()?;
    let login = given(&typed.user).map(|user| (user, typed.password.clone().unwrap_or_else(|| Secret::new(String::new()))));
    let place = NodeNames { reseller: None, customer: given(&typed.customer), site: given(&typed.site) };
    let reserved = number("reserved", &typed.reserved, 0)?;
    let (name, uri, test_number) = (typed.name.clone(), typed.uri.trim().to_owned(), given(&typed.test_number));
    Ok(NewTrunk { name, uri, login, place, priority, channels, reserved, test_number })
}

/// Asks a trunk whether it answers, and tells what it said.
pub(crate) async fn test(
    State(app): State<App>,
    visitor: Visitor,
    Path(name): Path<String>,
    Posted(Nothing {}): Posted<Nothing>,
) -> Answer {
    let telephone = app.telephone.as_deref().ok_or_else(|| Error::Unavailable("there is no telephone face here".into()))?;
    let steps = test_trunk(&app.admin, &visitor.by, telephone, name.clone()).await?;
    let works = steps.iter().any(|step| step.ok) && steps.iter().all(|step| step.ok || !step.step.starts_with("call"));
    visitor.show("trunk_test.html", context! { name, steps => view(steps), works })
}

/// The question before one is removed.
pub(crate) async fn ask(State(app): State<App>, visitor: Visitor, Path(name): Path<String>) -> Answer {
    let trunk = trunk::show(&app.admin, &visitor.by, name).await?;
    may_edit(&visitor)?;
    let about = format!("{} · {} · {}", trunk.name, trunk.uri, trunk.customer.clone().unwrap_or_else(|| visitor.say("trunk-everybody")));
    let (title, effects) = (visitor.say("trunk-remove-title"), vec![visitor.say("trunk-remove-effect")]);
    let action = format!("{PAGE}/{}/remove", in_address(&trunk.name));
    visitor.ask(Action::EditTrunks, &Question { title, about: &about, effects, action, fields: Vec::new(), back: PAGE })
}

/// Removes it.
pub(crate) async fn remove(State(app): State<App>, visitor: Visitor, Path(name): Path<String>, Posted(form): Posted<Answered>) -> Answer {
    if !form.yes() {
        return Ok(see_other(PAGE));
    }
    trunk::remove(&app.admin, &visitor.by, name).await?;
    Ok(back(PAGE, "trunk-removed"))
}
