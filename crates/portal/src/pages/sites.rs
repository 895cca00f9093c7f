//! *Administration › Sites*: where a customer's phones stand, and what an emergency call from there shows.

use axum::extract::{Path, State};
use domain::role::Action;
use domain::tenancy::SiteId;
use http::StatusCode;
use minijinja::context;
use serde::{Deserialize, Serialize};

use super::answer::{Answer, back, see_other};
use super::ask::{Answered, Question};
use super::customers::{Asked, id_of};
use super::form::{Posted, Query};
use super::switch;
use super::template::view;
use super::visitor::Visitor;
use super::wrong::Wrong;
use crate::App;
use crate::admin::Error;
use crate::admin::part::Part;
use crate::admin::site::{self, NewSite, SiteChange, SiteView};

const PATH: &str = "/administration/sites";
const FIELDS: &[(&str, &str)] = &[("name", "name"), ("exists", "name")];

/// The list: of the chosen customer, or of all in one's branch.
pub(crate) async fn list(State(app): State<App>, visitor: Visitor, Query(asked): Query<Asked>) -> Answer {
    let found = site::part(&app.admin, &visitor.by, visitor.chosen(), Part::from(&asked)).await?;
    visitor.show("sites.html", context! { rows => view(found.items), next => found.next, asked => view(&asked) })
}

/// A site's form.
#[derive(Clone, Debug, Default, Deserialize, Serialize)]
pub(crate) struct Form {
    #[serde(default)]
    name: String,
    #[serde(default)]
    country: String,
    #[serde(default)]
    caller_number: String,
    #[serde(default)]
    location: String,
    #[serde(default)]
    version: Option<i64>,
}

impl Form {
    fn of(kept: &SiteView) -> Self {
        let text = |value: &Option<String>| value.clone().unwrap_or_default();
        Self {
            name: kept.name.clone(),
            country: text(&kept.country),
            caller_number: text(&kept.caller_number),
            location: text(&kept.location),
            version: Some(kept.version),
        }
    }

    /// As people write them: a country in small letters, a number with spaces.
    fn tidy(mut self) -> Self {
        self.country = self.country.trim().to_uppercase();
        self.caller_number = self.caller_number.split_whitespace().collect();
        self.location = self.location.trim().to_owned();
        self
    }
}

/// The empty form.
pub(crate) async fn new(visitor: Visitor) -> Answer {
    visitor.must(Action::EditSites)?;
    if visitor.customer.is_none() {
        return switch::first(&visitor, "site-new");
    }
    form(&visitor, StatusCode::OK, None, &Form::default(), None)
}

fn form(visitor: &Visitor, status: StatusCode, kept: Option<&SiteView>, typed: &Form, wrong: Option<Wrong>) -> Answer {
    visitor.show_as(status, "site.html", context! { kept => view(kept), typed => view(typed), wrong => view(wrong) })
}

/// Which field a refused value stands in: the act names it in front.
fn wrong(visitor: &Visitor, error: Error) -> Result<Wrong, super::failure::Failure> {
    let said = error.to_string();
    let names = [("country:", "country"), ("caller-number:", "caller_number"), ("location:", "location")];
    let field = names.iter().find(|(start, _)| said.starts_with(start)).map_or("", |(_, field)| *field);
    visitor.wrong(error, &[FIELDS, &[("site", field)]].concat())
}

/// Adds a site.
pub(crate) async fn add(State(app): State<App>, visitor: Visitor, Posted(typed): Posted<Form>) -> Answer {
    let Some(customer) = &visitor.customer else { return switch::first(&visitor, "site-new") };
    let typed = typed.tidy();
    let filled = |text: &String| Some(text.clone()).filter(|text| !text.is_empty());
    let (country, caller_number, location) = (filled(&typed.country), filled(&typed.caller_number), filled(&typed.location));
    let new = NewSite { customer: customer.id.clone(), name: typed.name.clone(), country, caller_number, location };
    match site::add(&app.admin, &visitor.by, new).await {
        Ok(made) => Ok(back(&format!("{PATH}/{}", made.id), "site-added")),
        Err(error) => form(&visitor, StatusCode::UNPROCESSABLE_ENTITY, None, &typed, Some(wrong(&visitor, error)?)),
    }
}

/// One site.
pub(crate) async fn show(State(app): State<App>, visitor: Visitor, Path(id): Path<String>) -> Answer {
    let kept = site::show(&app.admin, &visitor.by, SiteId(id_of(&id)?)).await?;
    visitor.must(Action::EditSites)?;
    form(&visitor, StatusCode::OK, Some(&kept), &Form::of(&kept), None)
}

/// Changes it.
pub(crate) async fn update(State(app): State<App>, visitor: Visitor, Path(id): Path<String>, Posted(typed): Posted<Form>) -> Answer {
    let (id, typed) = (SiteId(id_of(&id)?), typed.tidy());
    let Form { name, country, caller_number, location, version } = typed.clone();
    let change = SiteChange { name: Some(name), country: Some(country), caller_number: Some(caller_number), location: Some(location) };
    match site::update(&app.admin, &visitor.by, id, change, version).await {
        Ok(kept) => Ok(back(&format!("{PATH}/{}", kept.id), "saved")),
        Err(error) => {
            let kept = site::show(&app.admin, &visitor.by, id).await?;
            let wrong = wrong(&visitor, error)?;
            let typed = Form { version: Some(kept.version), ..typed };
            form(&visitor, StatusCode::UNPROCESSABLE_ENTITY, Some(&kept), &typed, Some(wrong))
        }
    }
}

/// Whether it is to go.
pub(crate) async fn ask_delete(State(app): State<App>, visitor: Visitor, Path(id): Path<String>) -> Answer {
    let kept = site::show(&app.admin, &visitor.by, SiteId(id_of(&id)?)).await?;
    let (title, effects) = (visitor.say("site-delete-title"), vec![visitor.say("site-delete-effect"), visitor.say("site-delete-empty")]);
    let (action, to) = (format!("{PATH}/{}/delete", kept.id), format!("{PATH}/{}", kept.id));
    let question = Question { title, about: &kept.name, effects, action, fields: Vec::new(), back: &to };
    visitor.ask(Action::EditSites, &question)
}

/// Removes it.
pub(crate) async fn delete(State(app): State<App>, visitor: Visitor, Path(id): Path<String>, Posted(answered): Posted<Answered>) -> Answer {
    let id = SiteId(id_of(&id)?);
    if !answered.yes() {
        return Ok(see_other(&format!("{PATH}/{}", id.0)));
    }
    match site::remove(&app.admin, &visitor.by, id).await {
        Ok(()) => Ok(back(PATH, "site-deleted")),
        Err(error) => {
            let kept = site::show(&app.admin, &visitor.by, id).await?;
            let wrong = wrong(&visitor, error)?;
            form(&visitor, StatusCode::UNPROCESSABLE_ENTITY, Some(&kept), &Form::of(&kept), Some(wrong))
        }
    }
}
