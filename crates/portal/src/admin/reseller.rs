//! Resellers.

use domain::role::Action;
use domain::tenancy::{Node, ResellerId, ResellerKind};
use serde::Serialize;
use store::tenancy::{self, Reseller};

use super::tree::check_name;
use super::{Admin, By, Error, Named, new_id};
use crate::limits::PAGE_MAX;

/// A reseller as it is shown.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct ResellerView {
    /// Its name.
    pub name: String,
    /// White-label or channel.
    pub kind: ResellerKind,
    /// When it was added, RFC 3339.
    pub created: String,
}

/// Adds a reseller.
pub async fn add(admin: &Admin, by: &By, name: &str, kind: ResellerKind) -> Result<ResellerView, Error> {
    by.may_platform(Action::EditResellers)?;
    let reseller = Reseller { id: ResellerId(new_id(by.now)), name: check_name("reseller", name)?, kind, created: by.now, version: 1 };
    let by = by.clone();
    admin
        .write(move |db| {
            tenancy::add_reseller(db, &by.scope(), &reseller).named(|| format!("reseller {:?}", reseller.name))?;
            by.audit(db, Node::Reseller(reseller.id), "reseller.created", &reseller.name, "")?;
            Ok(view(&reseller))
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
                found.extend(page.items.iter().map(view));
                match page.next {
                    Some(next) => after = Some(next),
                    None => return Ok(found),
                }
            }
        })
        .await
}

fn view(reseller: &Reseller) -> ResellerView {
    ResellerView { name: reseller.name.clone(), kind: reseller.kind, created: reseller.created.rfc3339() }
}
