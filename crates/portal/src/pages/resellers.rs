//! *Administration › Resellers*: who they are, and how the white-label ones appear.

use axum::extract::{Path, State};
use domain::role::Action;
use domain::tenancy::{ResellerId, ResellerKind};
use http::StatusCode;
use minijinja::context;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::answer::{Answer, back, see_other};
use super::ask::{Answered, Question};
use super::failure::Failure;
use super::form::{Posted, Query};
use super::sign_in::Nothing;
use super::template::view;
use super::upload::Upload;
use super::visitor::Visitor;
use super::wrong::Wrong;
use crate::App;
use crate::admin::look::{self, LookChange};
use crate::admin::part::Part;
use crate::admin::reseller::{self, ResellerChange, ResellerView};
use crate::admin::{By, Error};

const PAGE: &str = "/administration/resellers";
const ROWS: usize = 100;

/// What is looked for.
#[derive(Deserialize)]
pub(crate) struct Asked {
    #[serde(default)]
    q: String,
    #[serde(default)]
    after: String,
}

/// A reseller as a form has it.
#[derive(Clone, Debug, Default, Deserialize, Serialize)]
pub(crate) struct Typed {
    name: String,
    kind: String,
    #[serde(default)]
    portal_name: String,
    #[serde(default)]
    accent: String,
    #[serde(default)]
    portal_host: String,
    #[serde(default)]
    phone_host: String,
}

/// The list.
pub(crate) async fn list(State(app): State<App>, visitor: Visitor, Query(asked): Query<Asked>) -> Answer {
    operators(&visitor.by)?;
    let after = Some(asked.after).filter(|after| !after.is_empty());
    let part = Part { query: asked.q.trim().to_owned(), after, limit: ROWS };
    let found = reseller::part(&app.admin, &visitor.by, part).await?;
    visitor.show("resellers.html", context! { rows => view(found.items), next => found.next, q => asked.q })
}

/// The page is the operator's: a reseller sees itself elsewhere.
fn operators(by: &By) -> Result<(), Failure> {
    Ok(by.may_platform(Action::EditResellers)?)
}

/// The empty form.
pub(crate) async fn new(visitor: Visitor) -> Answer {
    operators(&visitor.by)?;
    let typed = Typed { kind: ResellerKind::Channel.code().to_owned(), ..Typed::default() };
    form(&visitor, StatusCode::OK, None, &typed, None)
}

/// Adds one, and then its look.
pub(crate) async fn add(State(app): State<App>, visitor: Visitor, Posted(typed): Posted<Typed>) -> Answer {
    match reseller::add_with_look(&app.admin, &visitor.by, &typed.name, kind(&typed.kind)?, looks(&typed)).await {
        Ok(added) => Ok(back(&format!("{PAGE}/{}", added.id), "reseller-added")),
        Err(error) => form(&visitor, StatusCode::UNPROCESSABLE_ENTITY, None, &typed, Some(visitor.wrong(error, &[])?)),
    }
}

impl Typed {
    fn of(kept: &ResellerView) -> Self {
        let look = kept.look.clone().unwrap_or_default();
        Self {
            name: kept.name.clone(),
            kind: kept.kind.code().to_owned(),
            portal_name: look.portal_name,
            accent: look.accent.unwrap_or_default(),
            portal_host: look.portal_host.unwrap_or_default(),
            phone_host: look.phone_host.unwrap_or_default(),
        }
    }
}

/// One of them.
pub(crate) async fn show(State(app): State<App>, visitor: Visitor, Path(id): Path<String>) -> Answer {
    let id: Uuid = Failure::named(&id)?;
    let kept = reseller::show(&app.admin, &visitor.by, ResellerId(id)).await?;
    operators(&visitor.by)?;
    form(&visitor, StatusCode::OK, Some(&kept), &Typed::of(&kept), None)
}

/// Changes one.
pub(crate) async fn save(State(app): State<App>, visitor: Visitor, Path(id): Path<String>, Posted(typed): Posted<Typed>) -> Answer {
    let id: Uuid = Failure::named(&id)?;
    let change = ResellerChange { name: Some(typed.name.clone()), kind: Some(kind(&typed.kind)?), look: looks(&typed) };
    match reseller::update(&app.admin, &visitor.by, ResellerId(id), change, None).await {
        Ok(_) => Ok(back(&format!("{PAGE}/{id}"), "reseller-saved")),
        Err(error) => refused(&app, &visitor, id, Some(typed), error).await,
    }
}

async fn refused(app: &App, visitor: &Visitor, id: Uuid, typed: Option<Typed>, error: Error) -> Answer {
    let wrong = visitor.wrong(error, &[])?;
    let kept = reseller::show(&app.admin, &visitor.by, ResellerId(id)).await?;
    let typed = typed.unwrap_or_else(|| Typed::of(&kept));
    form(visitor, StatusCode::UNPROCESSABLE_ENTITY, Some(&kept), &typed, Some(wrong))
}

fn kind(code: &str) -> Result<ResellerKind, Failure> {
    let known = [ResellerKind::Channel, ResellerKind::WhiteLabel].into_iter().find(|kind| kind.code() == code);
    known.ok_or_else(|| Error::invalid("value", "kind: white-label or channel").into())
}

/// A channel reseller has no look; what it had stays for later.
fn looks(typed: &Typed) -> LookChange {
    if typed.kind != ResellerKind::WhiteLabel.code() {
        return LookChange::default();
    }
    let given = |text: &String| Some(text.trim().to_owned());
    LookChange {
        portal_name: given(&typed.portal_name),
        accent: given(&typed.accent),
        portal_host: given(&typed.portal_host),
        phone_host: given(&typed.phone_host),
    }
}

fn form(visitor: &Visitor, status: StatusCode, kept: Option<&ResellerView>, typed: &Typed, wrong: Option<Wrong>) -> Answer {
    let logo = kept.and_then(|kept| Some(format!("/logo/{}/{}", kept.id, kept.look.as_ref()?.logo.as_ref()?)));
    visitor.show_as(status, "reseller.html", context! { kept => view(kept), typed => view(typed), logo, wrong => view(wrong) })
}

/// Takes a logo.
pub(crate) async fn set_logo(State(app): State<App>, visitor: Visitor, Path(id): Path<String>, form: Upload) -> Answer {
    let id: Uuid = Failure::named(&id)?;
    match look::set_logo(&app.admin, &visitor.by, ResellerId(id), form.file).await {
        Ok(()) => Ok(back(&format!("{PAGE}/{id}"), "logo-set")),
        Err(error) => refused(&app, &visitor, id, None, error).await,
    }
}

/// Takes the logo away.
pub(crate) async fn remove_logo(
    State(app): State<App>,
    visitor: Visitor,
    Path(id): Path<String>,
    Posted(Nothing {}): Posted<Nothing>,
) -> Answer {
    let id: Uuid = Failure::named(&id)?;
    look::remove_logo(&app.admin, &visitor.by, ResellerId(id)).await?;
    Ok(back(&format!("{PAGE}/{id}"), "logo-removed"))
}

/// The question before one is deleted.
pub(crate) async fn ask(State(app): State<App>, visitor: Visitor, Path(id): Path<String>) -> Answer {
    let id: Uuid = Failure::named(&id)?;
    let kept = reseller::show(&app.admin, &visitor.by, ResellerId(id)).await?;
    operators(&visitor.by)?;
    let (title, effects) = (visitor.say("reseller-delete-title"), vec![visitor.say("reseller-delete-effect")]);
    let (action, to) = (format!("{PAGE}/{id}/delete"), format!("{PAGE}/{id}"));
    visitor.ask(Action::EditResellers, &Question { title, about: &kept.name, effects, action, fields: Vec::new(), back: &to })
}

/// Deletes one that has neither customers nor global logins.
pub(crate) async fn delete(State(app): State<App>, visitor: Visitor, Path(id): Path<String>, Posted(form): Posted<Answered>) -> Answer {
    let id: Uuid = Failure::named(&id)?;
    if !form.yes() {
        return Ok(see_other(&format!("{PAGE}/{id}")));
    }
    match reseller::remove(&app.admin, &visitor.by, ResellerId(id)).await {
        Ok(()) => Ok(back(PAGE, "reseller-deleted")),
        Err(error @ Error::InUse(_)) => refused(&app, &visitor, id, None, error).await,
        Err(error) => Err(error.into()),
    }
}
