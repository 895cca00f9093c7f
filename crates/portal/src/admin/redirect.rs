//! Accounts at brands' redirect services, and how devices stand there.

mod device;
mod view;

use std::collections::BTreeMap;

use ::redirect::{Credentials, Kind};
use domain::Secret;
use domain::policy::Policy;
use domain::role::{Action, Target};
use domain::tenancy::{Node, ResellerId};
use store::redirect::{self, Account};
use store::{Db, Scope, StoreError};
use uuid::Uuid;

pub(crate) use self::device::brands_that_need;
pub use self::device::{
    Label, RefusedView, Standing, StandingView, address, addresses_csv, mark_by_hand, pin, refusals, set_label, standing,
};
pub use self::view::{AccountView, FieldView, ServiceView, services};
use super::tree::reseller_id;
use super::{Admin, By, Error, Named, new_id, still};
use crate::redirecting::opened;

/// An account to add.
#[derive(Clone, Debug, Default)]
pub struct NewAccount {
    /// The service, by its name.
    pub service: String,
    /// Whose it is: the operator's without one. A reseller's own needs none.
    pub reseller: Option<String>,
    /// Which of the service's regions; its first without one.
    pub region: Option<String>,
    /// What it consists of.
    pub fields: BTreeMap<String, Secret<String>>,
}

/// Adds an account. From then on every device of the service's brands is registered there.
pub async fn add(admin: &Admin, by: &By, new: NewAccount) -> Result<AccountView, Error> {
    let kind = Kind::of(&new.service).ok_or_else(|| {
        let known: Vec<_> = Kind::ALL.iter().map(|kind| kind.name()).collect();
        Error::invalid("service", format!("service: {:?} is none; one of {}", new.service, known.join(", ")))
    })?;
    let region = region(kind, new.region.as_deref())?;
    let fields = check(kind, &new.fields)?;
    let by = by.clone();
    admin
        .write(move |db| {
            let owner = match (&new.reseller, by.scope()) {
                (Some(name), _) => Some(reseller_id(db, &by.scope(), name)?),
                (None, Node::Reseller(own)) => Some(own),
                (None, _) => None,
            };
            by.may(Action::EditRedirects, &target(owner), &Policy::default())?;
            let account = Account::new(new_id(by.now), owner, kind.name(), &region, by.now);
            for other in redirect::list(db, &Scope::Operator)?.iter().filter(|other| other.reseller == owner) {
                if kind.alike().iter().any(|alike| alike.name() == other.kind) {
                    let message = format!("{} has the phones of this brand already; remove it first", other.kind);
                    return Err(Error::refused("redirect_taken", message));
                }
            }
            redirect::add(db, &by.scope(), &account, &fields).named(|| format!("account at {kind}"))?;
            by.audit(db, node(owner), "redirect.added", kind.name(), &region)?;
            view::account(db, &account)
        })
        .await
}

/// The accounts of one's branch, oldest first.
pub async fn list(admin: &Admin, by: &By) -> Result<Vec<AccountView>, Error> {
    by.may(Action::EditRedirects, &by.branch(), &Policy::default())?;
    let by = by.clone();
    admin.read(move |db| redirect::list(db, &by.scope())?.iter().map(|account| view::account(db, account)).collect()).await
}

/// One of them.
pub async fn show(admin: &Admin, by: &By, id: Uuid) -> Result<AccountView, Error> {
    let by = by.clone();
    admin.read(move |db| view::account(db, &load(db, &by, id)?)).await
}

/// Changes region or fields; secrets that are left out stay as they are. Everything is looked at afresh.
pub async fn update(
    admin: &Admin,
    by: &By,
    id: Uuid,
    region: Option<String>,
    fields: BTreeMap<String, Secret<String>>,
    expected: Option<i64>,
) -> Result<AccountView, Error> {
    let by = by.clone();
    admin
        .write(move |db| {
            let account = load(db, &by, id)?;
            still(expected, account.version)?;
            let sealed = redirect::credentials(db, id)?;
            let (kind, kept) = opened(&account, &sealed).ok_or_else(|| Error::Failed(format!("account {id} cannot be read")))?;
            let region = match &region {
                Some(wanted) => self::region(kind, Some(wanted))?,
                None => account.region.clone(),
            };
            let mut all: BTreeMap<_, _> = kept.fields().map(|(name, value)| (name.to_owned(), value.clone())).collect();
            all.extend(fields.clone());
            let account = Account { region, ..account };
            redirect::save(db, &account, &check(kind, &all)?, by.now)?;
            by.audit(db, node(account.reseller), "redirect.changed", kind.name(), &account.region)?;
            view::account(db, &load(db, &by, id)?)
        })
        .await
}

/// Ends an account. With `unregister` everything that we wrote is removed at the service first; otherwise it stays there.
pub async fn remove(admin: &Admin, by: &By, id: Uuid, unregister: bool) -> Result<(), Error> {
    let by = by.clone();
    admin
        .write(move |db| {
            let account = load(db, &by, id)?;
            if unregister {
                redirect::leave(db, id, by.now)?;
            } else {
                redirect::remove(db, id)?;
            }
            let detail = if unregister { "devices unregistered" } else { "devices left at the service" };
            by.audit(db, node(account.reseller), "redirect.removed", &account.kind, detail)
        })
        .await
}

/// Has everything looked at, and the service's whole list compared, now.
pub async fn sync(admin: &Admin, by: &By, id: Uuid) -> Result<AccountView, Error> {
    let by = by.clone();
    admin
        .write(move |db| {
            let account = load(db, &by, id)?;
            redirect::sync(db, id, by.now)?;
            by.audit(db, node(account.reseller), "redirect.sync", &account.kind, "")?;
            view::account(db, &load(db, &by, id)?)
        })
        .await
}

/// Asks the service whether it accepts the account. What it says is kept, and shown.
pub async fn test(admin: &Admin, by: &By, id: Uuid) -> Result<AccountView, Error> {
    let asking = by.clone();
    let (account, sealed) = admin
        .write(move |db| {
            let account = load(db, &asking, id)?;
            asking.audit(db, node(account.reseller), "redirect.tested", &account.kind, "")?;
            let sealed = redirect::credentials(db, id)?;
            Ok((account, sealed))
        })
        .await?;
    let client = opened(&account, &sealed).and_then(|(kind, fields)| admin.platform.redirects.open(kind, &account.region, fields));
    let service = client.ok_or_else(|| Error::Failed(format!("account {id} cannot be read")))?;
    let said = service.verify().await;
    let by = by.clone();
    admin
        .write(move |db| {
            match &said {
                Ok(()) => {
                    redirect::worked(db, id, by.now)?;
                    // What waited for it does not wait any longer.
                    redirect::wait(db, id, by.now)?;
                }
                Err(failure) => redirect::failed(db, id, failure.code(), &failure.to_string(), by.now, account.due)?,
            }
            view::account(db, &load(db, &by, id)?)
        })
        .await
}

/// An account that this actor may see and edit.
fn load(db: &Db, by: &By, id: Uuid) -> Result<Account, Error> {
    let account = redirect::one(db, &by.scope(), id).named(|| format!("redirect account {id}"))?;
    by.may(Action::EditRedirects, &target(account.reseller), &Policy::default())?;
    Ok(account)
}

fn target(reseller: Option<ResellerId>) -> Target {
    Target { reseller, ..Target::default() }
}

fn node(reseller: Option<ResellerId>) -> Node {
    reseller.map_or(Node::Operator, Node::Reseller)
}

fn region(kind: Kind, wanted: Option<&str>) -> Result<String, Error> {
    let names = || kind.regions().iter().map(|(name, _)| *name);
    match wanted.filter(|wanted| !wanted.is_empty()) {
        None => Ok(names().next().unwrap_or_default().to_owned()),
        Some(wanted) if names().any(|name| name == wanted) => Ok(wanted.to_owned()),
        Some(wanted) => {
            let known: Vec<_> = names().collect();
            Err(Error::invalid("region", format!("region: {wanted:?} is none of {kind}'s; one of {}", known.join(", "))))
        }
    }
}

/// The fields of an account as they are sealed.
fn check(kind: Kind, fields: &BTreeMap<String, Secret<String>>) -> Result<Secret<Vec<u8>>, Error> {
    let fields = Credentials::new(kind, fields).map_err(|error| Error::invalid("credentials", error))?;
    let plain: BTreeMap<&str, &str> = fields.fields().map(|(name, value)| (name, value.expose().as_str())).collect();
    let json = serde_json::to_vec(&plain).map_err(|_| Error::from(StoreError::Engine("an account cannot be written as JSON".into())))?;
    Ok(Secret::new(json))
}
