//! *Administration › Phone book contacts*: whom a customer's phones find in their phone book besides each other.

use axum::extract::State;
use domain::role::Action;
use http::StatusCode;
use minijinja::context;
use serde::{Deserialize, Serialize};

use super::answer::{Answer, back, see_other};
use super::ask::{Answered, Question};
use super::batch::csv;
use super::customers::Asked;
use super::failure::Failure;
use super::form::{Posted, Query};
use super::switch;
use super::template::view;
use super::upload::Upload;
use super::visitor::{Chosen, Visitor};
use super::wrong::Wrong;
use crate::App;
use crate::admin::contact;
use crate::admin::part::Part;

const PATH: &str = "/administration/contacts";

/// The list.
pub(crate) async fn show(State(app): State<App>, visitor: Visitor, Query(asked): Query<Asked>) -> Answer {
    let Some(customer) = &visitor.customer else { return switch::first(&visitor, "contacts-title") };
    page(&app, &visitor, customer, StatusCode::OK, &asked, &Form::default(), None).await
}

async fn page(
    app: &App,
    visitor: &Visitor,
    customer: &Chosen,
    status: StatusCode,
    asked: &Asked,
    typed: &Form,
    wrong: Option<Wrong>,
) -> Answer {
    let found = contact::part(&app.admin, &visitor.by, customer.id.clone(), Part::from(asked)).await?;
    let context = context! {
        rows => view(found.items), next => found.next, asked => view(asked), typed => view(typed), wrong => view(wrong),
    };
    visitor.show_as(status, "contacts.html", context)
}

/// A contact's form.
#[derive(Clone, Debug, Default, Deserialize, Serialize)]
pub(crate) struct Form {
    #[serde(default)]
    name: String,
    #[serde(default)]
    number: String,
}

fn chosen(visitor: &Visitor) -> Result<&Chosen, Failure> {
    visitor.customer.as_ref().ok_or_else(Failure::not_found)
}

/// Adds a contact.
pub(crate) async fn add(State(app): State<App>, visitor: Visitor, Posted(typed): Posted<Form>) -> Answer {
    let customer = chosen(&visitor)?;
    match contact::add(&app.admin, &visitor.by, customer.id.clone(), &typed.name, &typed.number).await {
        Ok(_) => Ok(back(PATH, "contact-added")),
        Err(error) => {
            let wrong = visitor.wrong(error, &[("contact", "name")])?;
            page(&app, &visitor, customer, StatusCode::UNPROCESSABLE_ENTITY, &Asked::default(), &typed, Some(wrong)).await
        }
    }
}

/// The header of a file of contacts.
pub(crate) async fn template(visitor: Visitor) -> Answer {
    visitor.must(Action::EditDevices)?;
    Ok(csv("contacts-template.csv", b"name,number\r\n".to_vec()))
}

/// Takes a file of contacts: all of it, or nothing.
pub(crate) async fn import(State(app): State<App>, visitor: Visitor, upload: Upload) -> Answer {
    let customer = chosen(&visitor)?;
    match contact::import(&app.admin, &visitor.by, customer.id.clone(), &upload.file).await {
        Ok(_) => Ok(back(PATH, "contacts-imported")),
        Err(error) => {
            let wrong = visitor.wrong(error, &[("contact", "file"), ("too_large", "file")])?;
            page(&app, &visitor, customer, StatusCode::UNPROCESSABLE_ENTITY, &Asked::default(), &Form::default(), Some(wrong)).await
        }
    }
}

/// Whether a contact is to go.
pub(crate) async fn ask_remove(State(app): State<App>, visitor: Visitor, Query(form): Query<Form>) -> Answer {
    let all = contact::list(&app.admin, &visitor.by, chosen(&visitor)?.id.clone()).await?;
    let found = all.into_iter().find(|kept| kept.name == form.name && kept.number == form.number).ok_or_else(Failure::not_found)?;
    let (title, effects) = (visitor.say("contact-remove-title"), vec![visitor.say("contact-remove-effect")]);
    let (about, action) = (format!("{}, {}", found.name, found.number), format!("{PATH}/remove"));
    let fields = vec![("name", found.name.as_str()), ("number", found.number.as_str())];
    visitor.ask(Action::EditDevices, &Question { title, about: &about, effects, action, fields, back: PATH })
}

/// The contact, and the answer to the question.
#[derive(Debug, Deserialize)]
pub(crate) struct Decision {
    name: String,
    number: String,
    #[serde(flatten)]
    answered: Answered,
}

/// Removes it.
pub(crate) async fn remove(State(app): State<App>, visitor: Visitor, Posted(form): Posted<Decision>) -> Answer {
    if form.answered.yes() {
        contact::remove(&app.admin, &visitor.by, chosen(&visitor)?.id.clone(), form.name, Some(&form.number)).await?;
        return Ok(back(PATH, "contact-removed"));
    }
    Ok(see_other(PATH))
}
