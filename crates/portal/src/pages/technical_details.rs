//! *Administration › Profile › Technical Details*: the networks that a customer trusts.

use axum::extract::State;
use domain::role::Action;
use http::StatusCode;
use minijinja::context;
use serde::{Deserialize, Serialize};

use super::answer::{Answer, back, see_other};
use super::ask::{Answered, Question};
use super::failure::Failure;
use super::form::{Posted, Query};
use super::switch;
use super::template::view;
use super::visitor::{Chosen, Visitor};
use super::wrong::Wrong;
use crate::App;
use crate::admin::trust::{self, Checked, NewTrust};

const PATH: &str = "/administration/profile/technical-details";
/// The codes of what can be wrong, with their fields.
const FIELDS: &[(&str, &str)] = &[("network", "network"), ("label", "label")];

/// A network as it was typed, and the one that was added just now.
#[derive(Clone, Debug, Default, Deserialize, Serialize)]
pub(crate) struct Typed {
    #[serde(default)]
    network: String,
    #[serde(default)]
    label: String,
    /// Ticked: although it is wide, or private.
    #[serde(default)]
    force: String,
    /// Only look how it would be kept: the button that stands there without script.
    #[serde(default)]
    check: String,
    #[serde(default)]
    added: String,
}

/// The page; with a network in its query it says how that would be kept.
pub(crate) async fn show(State(app): State<App>, visitor: Visitor, Query(typed): Query<Typed>) -> Answer {
    let Some(customer) = &visitor.customer else { return switch::first(&visitor, "technical-details-title") };
    let wanted = !typed.network.trim().is_empty() && visitor.may(Action::EditTrust);
    if wanted {
        look(&app, &visitor, customer, &typed).await
    } else {
        page(&app, &visitor, customer, StatusCode::OK, &typed, None, None).await
    }
}

/// Says how a network would be kept.
async fn look(app: &App, visitor: &Visitor, customer: &Chosen, typed: &Typed) -> Answer {
    match trust::check(&app.admin, &visitor.by, customer.id.clone(), &typed.network).await {
        Ok(checked) => page(app, visitor, customer, StatusCode::OK, typed, Some(checked), None).await,
        Err(error) => {
            let wrong = visitor.wrong(error, FIELDS)?;
            page(app, visitor, customer, StatusCode::OK, typed, None, Some(wrong)).await
        }
    }
}

async fn page(
    app: &App,
    visitor: &Visitor,
    customer: &Chosen,
    status: StatusCode,
    typed: &Typed,
    checked: Option<Checked>,
    wrong: Option<Wrong>,
) -> Answer {
    let all = trust::list(&app.admin, &visitor.by, customer.id.clone()).await?;
    let (permanent, temporary): (Vec<_>, Vec<_>) = all.into_iter().partition(|trusted| trusted.kind == "permanent");
    let added = permanent.iter().find(|trusted| trusted.network == typed.added).map(|trusted| trusted.network.clone());
    let context = context! {
        permanent => view(permanent), temporary => view(temporary), added, customer => view(customer),
        typed => view(typed), checked => view(checked), wrong => view(wrong),
    };
    visitor.show_as(status, "technical_details.html", context)
}

/// Adds a network.
pub(crate) async fn add(State(app): State<App>, visitor: Visitor, Posted(typed): Posted<Typed>) -> Answer {
    let customer = chosen(&visitor)?;
    if !typed.check.is_empty() {
        return look(&app, &visitor, customer, &typed).await;
    }
    let force = !typed.force.is_empty();
    let new = NewTrust { customer: customer.id.clone(), network: typed.network.clone(), force, label: typed.label.trim().to_owned() };
    match trust::add(&app.admin, &visitor.by, new).await {
        Ok(trusted) => {
            let query = serde_html_form::to_string([("added", &trusted.network)]).unwrap_or_default();
            Ok(back(&format!("{PATH}?{query}"), "trust-added"))
        }
        Err(error) => {
            let wrong = visitor.wrong(error, FIELDS)?;
            // Where force would help, the box for it stands there now.
            let checked = trust::check(&app.admin, &visitor.by, customer.id.clone(), &typed.network).await.ok();
            page(&app, &visitor, customer, StatusCode::UNPROCESSABLE_ENTITY, &typed, checked, Some(wrong)).await
        }
    }
}

fn chosen(visitor: &Visitor) -> Result<&Chosen, Failure> {
    visitor.customer.as_ref().ok_or_else(Failure::not_found)
}

/// The network that a question is about.
#[derive(Debug, Deserialize)]
pub(crate) struct Which {
    network: String,
}

/// Whether a permanent network is to go.
pub(crate) async fn ask_remove(State(app): State<App>, visitor: Visitor, Query(which): Query<Which>) -> Answer {
    let effects = vec![visitor.say("trust-remove-effect"), visitor.say("trust-remove-live")];
    ask(&app, &visitor, &which, "permanent", visitor.say("trust-remove-title"), effects, "remove").await
}

/// Whether a temporary window is to close.
pub(crate) async fn ask_close(State(app): State<App>, visitor: Visitor, Query(which): Query<Which>) -> Answer {
    let effects = vec![visitor.say("trust-close-effect"), visitor.say("trust-close-again")];
    ask(&app, &visitor, &which, "temporary", visitor.say("trust-close-title"), effects, "close").await
}

async fn ask(app: &App, visitor: &Visitor, which: &Which, kind: &str, title: String, effects: Vec<String>, verb: &str) -> Answer {
    let all = trust::list(&app.admin, &visitor.by, chosen(visitor)?.id.clone()).await?;
    let found = all.into_iter().find(|trusted| trusted.kind == kind && trusted.network == which.network);
    let network = found.ok_or_else(Failure::not_found)?.network;
    let fields = vec![("network", network.as_str())];
    visitor.ask(Action::EditTrust, &Question { title, about: &network, effects, action: format!("{PATH}/{verb}"), fields, back: PATH })
}

/// The network, and the answer to the question.
#[derive(Debug, Deserialize)]
pub(crate) struct Decision {
    network: String,
    #[serde(flatten)]
    answered: Answered,
}

/// Trusts a network no longer.
pub(crate) async fn remove(State(app): State<App>, visitor: Visitor, Posted(form): Posted<Decision>) -> Answer {
    if !form.answered.yes() {
        return Ok(see_other(PATH));
    }
    trust::remove(&app.admin, &visitor.by, chosen(&visitor)?.id.clone(), &form.network).await?;
    Ok(back(PATH, "trust-removed"))
}

/// Closes a window.
pub(crate) async fn close(State(app): State<App>, visitor: Visitor, Posted(form): Posted<Decision>) -> Answer {
    if !form.answered.yes() {
        return Ok(see_other(PATH));
    }
    trust::close(&app.admin, &visitor.by, chosen(&visitor)?.id.clone(), &form.network).await?;
    Ok(back(PATH, "trust-closed"))
}
