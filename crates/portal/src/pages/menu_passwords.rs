//! The passwords of phones' own menus at a site, or of a customer's phones without one: shown after the password was given again, made anew by question.

use axum::extract::{Path, State};
use domain::role::Action;
use domain::tenancy::{CustomerId, SiteId};
use minijinja::context;

use super::answer::{Answer, back, see_other};
use super::ask::{Answered, Question};
use super::customers::id_of;
use super::failure::Failure;
use super::form::Posted;
use super::template::view;
use super::visitor::Visitor;
use crate::App;
use crate::admin::tree::NodeNames;
use crate::admin::{customer, menu_password, site};

/// Where the phones stand.
struct Place {
    at: NodeNames,
    name: String,
    /// The page of the place.
    path: String,
}

async fn at_site(app: &App, visitor: &Visitor, id: &str) -> Result<Place, Failure> {
    let kept = site::show(&app.admin, &visitor.by, SiteId(id_of(id)?)).await?;
    let at = NodeNames { site: Some(kept.id.clone()), ..NodeNames::default() };
    Ok(Place { at, name: format!("{}, {}", kept.customer, kept.name), path: format!("/administration/sites/{}", kept.id) })
}

async fn at_customer(app: &App, visitor: &Visitor, id: &str) -> Result<Place, Failure> {
    let kept = customer::show(&app.admin, &visitor.by, CustomerId(id_of(id)?)).await?;
    let path = format!("/administration/customers/{}", kept.id);
    Ok(Place { at: NodeNames::customer(kept.id), name: kept.name, path })
}

/// Those of a site.
pub(crate) async fn of_site(State(app): State<App>, visitor: Visitor, Path(id): Path<String>) -> Answer {
    let place = at_site(&app, &visitor, &id).await?;
    show(&app, &visitor, place).await
}

/// Those of a customer's phones without a site.
pub(crate) async fn of_customer(State(app): State<App>, visitor: Visitor, Path(id): Path<String>) -> Answer {
    let place = at_customer(&app, &visitor, &id).await?;
    show(&app, &visitor, place).await
}

async fn show(app: &App, visitor: &Visitor, place: Place) -> Answer {
    visitor.must(Action::RevealPin)?;
    visitor.proved_lately()?;
    let shown = menu_password::show(&app.admin, &visitor.by, place.at).await?;
    visitor.show("menu_passwords.html", context! { place => place.name, path => place.path, shown => view(shown) })
}

/// Whether a site's are to be made anew.
pub(crate) async fn ask_site(State(app): State<App>, visitor: Visitor, Path(id): Path<String>) -> Answer {
    let place = at_site(&app, &visitor, &id).await?;
    ask(&visitor, &place)
}

/// Whether a customer's are.
pub(crate) async fn ask_customer(State(app): State<App>, visitor: Visitor, Path(id): Path<String>) -> Answer {
    let place = at_customer(&app, &visitor, &id).await?;
    ask(&visitor, &place)
}

fn ask(visitor: &Visitor, place: &Place) -> Answer {
    visitor.must(Action::EditSites)?;
    visitor.proved_lately()?;
    let (title, action) = (visitor.say("menu-passwords-rotate-title"), format!("{}/menu-passwords/rotate", place.path));
    let effects = vec![visitor.say("menu-passwords-rotate-effect"), visitor.say("menu-passwords-rotate-former")];
    visitor.ask(Action::EditSites, &Question { title, about: &place.name, effects, action, fields: Vec::new(), back: &place.path })
}

/// Makes a site's anew.
pub(crate) async fn rotate_site(
    State(app): State<App>,
    visitor: Visitor,
    Path(id): Path<String>,
    Posted(answered): Posted<Answered>,
) -> Answer {
    let place = at_site(&app, &visitor, &id).await?;
    rotate(&app, &visitor, place, &answered).await
}

/// Makes a customer's anew.
pub(crate) async fn rotate_customer(
    State(app): State<App>,
    visitor: Visitor,
    Path(id): Path<String>,
    Posted(answered): Posted<Answered>,
) -> Answer {
    let place = at_customer(&app, &visitor, &id).await?;
    rotate(&app, &visitor, place, &answered).await
}

async fn rotate(app: &App, visitor: &Visitor, place: Place, answered: &Answered) -> Answer {
    if !answered.yes() {
        return Ok(see_other(&place.path));
    }
    visitor.must(Action::EditSites)?;
    visitor.proved_lately()?;
    menu_password::rotate(&app.admin, &visitor.by, place.at).await?;
    Ok(back(&place.path, "menu-passwords-rotated"))
}
