//! Resellers.

use domain::role::Action;
use domain::tenancy::{Node, ResellerId, ResellerKind};
use serde::Serialize;
use store::Db;
use store::tenancy::{self, Reseller};
use utoipa::ToSchema;

use super::look::{self, LookChange, LookView};
use super::part::{Listing, Part};
use super::tree::check_name;
use super::{Admin, By, Error, Named, new_id, still};
use crate::limits::PAGE_MAX;

/// A reseller as it is shown.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct ResellerView {
    /// Its id.
    pub id: String,
    /// Its name.
    pub name: String,
    /// White-label or channel.
    #[schema(value_type = String, example = "channel")]
    pub kind: ResellerKind,
    /// How it appears, if it has a look of its own; in force while it is white-label.
    pub look: Option<LookView>,
    /// When it was added, RFC 3339.
    pub created: String,
    /// Counts its changes.
    #[serde(skip)]
    pub version: i64,
}

/// What is changed of a reseller; what is absent stays.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ResellerChange {
    /// Its name.
    pub name: Option<String>,
    /// White-label or channel.
    pub kind: Option<ResellerKind>,
    /// How it appears.
    pub look: LookChange,
}

/// Adds a reseller.
pub async fn add(admin: &Admin, by: &By, name: &str, kind: ResellerKind) -> Result<ResellerView, Error> {
    add_with_look(admin, by, name, kind, LookChange::default()).await
}

/// Adds a reseller that appears in its own way.
pub async fn add_with_look(admin: &Admin, by: &By, name: &str, kind: ResellerKind, looks: LookChange) -> Result<ResellerView, Error> {
    by.may_platform(Action::EditResellers)?;
    let reseller = Reseller { id: ResellerId(new_id(by.now)), name: check_name("reseller", name)?, kind, created: by.now, version: 1 };
    let (by, looks) = (by.clone(), looks.check()?);
    admin
        .write(move |db| {
            tenancy::add_reseller(db, &by.scope(), &reseller).named(|| format!("reseller {:?}", reseller.name))?;
            if !looks.is_nothing() {
                look::change(db, &by, &reseller, &looks)?;
            }
            by.audit(db, Node::Reseller(reseller.id), "reseller.created", &reseller.name, "")?;
            view(db, &reseller)
        })
        .await
}

/// All resellers in scope, by name.
pub async fn list(admin: &Admin, by: &By) -> Result<Vec<ResellerView>, Error> {
    let scope = by.scope();
    admin
        .read(move |db| {
            let (mut found, mut after) = (Vec::new(), None);
            loop {
                let page = tenancy::resellers(db, &scope, "", after.as_ref(), PAGE_MAX)?;
                for reseller in &page.items {
                    found.push(view(db, reseller)?);
                }
                match page.next {
                    Some(next) => after = Some(next),
                    None => return Ok(found),
                }
            }
        })
        .await
}

/// Part of the resellers in scope, by name.
pub async fn part(admin: &Admin, by: &By, part: Part) -> Result<Listing<ResellerView>, Error> {
    let (scope, after) = (by.scope(), part.cursor()?);
    let look = move |db: &Db| {
        let page = tenancy::resellers(db, &scope, &part.query, after.as_ref(), part.limit)?;
        Listing::of(page, |reseller| view(db, &reseller))
    };
    admin.read(look).await
}

/// One reseller.
pub async fn show(admin: &Admin, by: &By, id: ResellerId) -> Result<ResellerView, Error> {
    let scope = by.scope();
    admin.read(move |db| view(db, &one(db, &scope, id)?)).await
}

/// Changes a reseller; `expected`: only this version of it.
pub async fn update(admin: &Admin, by: &By, id: ResellerId, change: ResellerChange, expected: Option<i64>) -> Result<ResellerView, Error> {
    let name = change.name.as_deref().map(|name| check_name("reseller", name)).transpose()?;
    let looks = change.look.check()?;
    let by = by.clone();
    admin
        .write(move |db| {
            let kept = one(db, &by.scope(), id)?;
            by.may_platform(Action::EditResellers)?;
            still(expected, kept.version)?;
            let (name, kind) = (name.clone().unwrap_or(kept.name), change.kind.unwrap_or(kept.kind));
            let mut changed = Reseller { name, kind, ..kept };
            changed.version = tenancy::save_reseller(db, &by.scope(), &changed).named(|| format!("reseller {:?}", changed.name))?;
            if !looks.is_nothing() {
                look::change(db, &by, &changed, &looks)?;
            }
            by.audit(db, Node::Reseller(id), "reseller.changed", &changed.name, "")?;
            view(db, &changed)
        })
        .await
}

/// Removes a reseller that has neither customers nor global logins.
pub async fn remove(admin: &Admin, by: &By, id: ResellerId) -> Result<(), Error> {
    let by = by.clone();
    admin
        .write(move |db| {
            let kept = one(db, &by.scope(), id)?;
            by.may_platform(Action::EditResellers)?;
            tenancy::remove_reseller(db, &by.scope(), id).named(|| format!("reseller {:?}", kept.name))?;
            by.audit(db, Node::Operator, "reseller.deleted", &kept.name, "")
        })
        .await
}

fn one(db: &Db, scope: &store::Scope, id: ResellerId) -> Result<Reseller, Error> {
    tenancy::reseller(db, scope, id).named(|| format!("reseller {}", id.0))
}

fn view(db: &Db, reseller: &Reseller) -> Result<ResellerView, Error> {
    let (id, name, created) = (reseller.id.0.to_string(), reseller.name.clone(), reseller.created.rfc3339());
    Ok(ResellerView { id, name, kind: reseller.kind, look: look::of(db, reseller.id)?, created, version: reseller.version })
}
