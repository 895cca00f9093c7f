//! *Operations › Templates*: the files of brands, and the operator's own in their place.

use axum::extract::{Path, State};
use domain::role::Action;
use http::StatusCode;
use minijinja::context;
use serde::Deserialize;

use super::answer::{Answer, back, see_other};
use super::ask::{Answered, Question};
use super::form::{Posted, Query};
use super::template::view;
use super::visitor::Visitor;
use super::wrong::Wrong;
use crate::App;
use crate::admin::compare::texts;
use crate::admin::template::{self, TemplateChange, Which};
use crate::admin::{Error, brands};
use crate::escape::in_address;

const PAGE: &str = "/operations/templates";

/// Which brand.
#[derive(Deserialize)]
pub(crate) struct Asked {
    #[serde(default)]
    brand: String,
}

/// A file as the form has it.
#[derive(Deserialize)]
pub(crate) struct Typed {
    text: String,
    /// The version that was read; none where there was none of one's own.
    #[serde(default)]
    version: i64,
    #[serde(default)]
    merged: String,
}

/// Brand and file in a path.
type At = Path<(String, String)>;

/// The files of one brand; without a brand, one's own of all.
pub(crate) async fn list(State(app): State<App>, visitor: Visitor, Query(asked): Query<Asked>) -> Answer {
    let named = brands::names(&app.admin);
    let brand = named.iter().map(|(name, _)| name).find(|name| **name == asked.brand);
    let which = Which { brand: brand.cloned(), own: brand.is_none().then_some(true), query: String::new() };
    let rows = template::list(&app.admin, &visitor.by, which).await?;
    visitor.show("templates.html", context! { rows => view(rows), brand => brand, brands => view(&named) })
}

/// One file, to be changed.
pub(crate) async fn show(State(app): State<App>, visitor: Visitor, Path((brand, file)): At) -> Answer {
    page(&app, &visitor, StatusCode::OK, &brand, &file, None).await
}

/// A file, with what was typed where that was wrong.
async fn page(app: &App, visitor: &Visitor, status: StatusCode, brand: &str, file: &str, wrong: Option<(Typed, Wrong)>) -> Answer {
    let found = template::show(&app.admin, &visitor.by, brand, file).await?;
    let (mut text, mut version, mut note) = (found.text.clone(), found.template.version, None);
    if let Some((typed, wrong)) = wrong {
        (text, version, note) = (typed.text, typed.version, Some(wrong));
    }
    let context = context! {
        file => view(&found.template), page => path(&found.template.brand, &found.template.file), version,
        differences => view(texts(&found.base_text, &found.text)), text, wrong => view(note),
    };
    visitor.show_as(status, "template.html", context)
}

/// Puts a file in the place of the program's, or changes it.
pub(crate) async fn set(State(app): State<App>, visitor: Visitor, Path((brand, file)): At, Posted(typed): Posted<Typed>) -> Answer {
    let (admin, by) = (&app.admin, &visitor.by);
    let done = if typed.version == 0 {
        template::add(admin, by, &brand, &file, &typed.text).await
    } else {
        let change = TemplateChange { text: Some(typed.text.clone()), merged: typed.merged == "yes" };
        template::update(admin, by, &brand, &file, &change, Some(typed.version)).await
    };
    match done {
        Ok(set) => Ok(back(&path(&set.brand, &set.file), "template-set")),
        Err(error) => {
            let wrong = (typed, visitor.wrong(error, &[])?);
            page(&app, &visitor, StatusCode::UNPROCESSABLE_ENTITY, &brand, &file, Some(wrong)).await
        }
    }
}

/// The question before one's own file is removed.
pub(crate) async fn ask(State(app): State<App>, visitor: Visitor, Path((brand, file)): At) -> Answer {
    let found = template::show(&app.admin, &visitor.by, &brand, &file).await?.template;
    if !found.own {
        return Err(Error::NotFound("a file of your own".into()).into());
    }
    let (title, effects) = (visitor.say("template-remove-title"), vec![visitor.say("template-remove-effect")]);
    let (about, to) = (format!("{}/{}", found.brand, found.file), path(&found.brand, &found.file));
    let action = format!("{to}/remove");
    visitor.ask(Action::OperatePlatform, &Question { title, about: &about, effects, action, fields: Vec::new(), back: &to })
}

/// Removes it; the program's is in force again.
pub(crate) async fn remove(State(app): State<App>, visitor: Visitor, Path((brand, file)): At, Posted(form): Posted<Answered>) -> Answer {
    if !form.yes() {
        return Ok(see_other(&path(&brand, &file)));
    }
    match template::remove(&app.admin, &visitor.by, &brand, &file).await {
        Ok(()) => Ok(back(&format!("{PAGE}?brand={}", in_address(&brand)), "template-removed")),
        // Others need it.
        Err(error @ Error::Refused { .. }) => {
            let found = template::show(&app.admin, &visitor.by, &brand, &file).await?;
            let typed = Typed { text: found.text, version: found.template.version, merged: String::new() };
            let wrong = (typed, visitor.wrong(error, &[])?);
            page(&app, &visitor, StatusCode::UNPROCESSABLE_ENTITY, &brand, &file, Some(wrong)).await
        }
        Err(error) => Err(error.into()),
    }
}

/// Where a file's page is: its folder goes without saying.
fn path(brand: &str, file: &str) -> String {
    let short = file.strip_prefix(template::FOLDER).unwrap_or(file);
    format!("{PAGE}/{}/{}", in_address(brand), in_address(short))
}
