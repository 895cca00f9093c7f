//! The shared user name and global one-time password.

use domain::login::{GlobalLogin, Owner, new_global_password};
use domain::role::Action;
use domain::tenancy::Node;
use domain::{Span, Time};
use serde::Serialize;
use store::{Db, Scope, login};
use utoipa::ToSchema;

use super::tree::reseller_id;
use super::{Admin, By, Error};
use crate::edge::SystemChance;

/// The user name of all global logins: short, for a phone's keypad. The password makes the difference.
pub const USER: &str = "setup";

/// A global login as it is shown.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct GlobalLoginView {
    /// User name.
    pub user: String,
    /// The global one-time password.
    pub password: String,
    /// When a rotation ends it, RFC 3339.
    pub valid_until: Option<String>,
}

/// A global login without its password.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct HeldView {
    /// Its number.
    pub number: u16,
    /// User name.
    pub user: String,
    /// The reseller whose phones it counts for; everybody's without one.
    pub reseller: Option<String>,
    /// When a rotation ends it, RFC 3339.
    pub valid_until: Option<String>,
}

/// All global logins that count now, the operator's and the resellers', oldest first, without their passwords.
pub async fn held(admin: &Admin, by: &By) -> Result<Vec<HeldView>, Error> {
    by.may_platform(Action::HandleGlobalLogin)?;
    let now = by.now;
    admin
        .read(move |db| {
            let all = login::all(db, &Scope::Operator)?;
            all.into_iter().filter(|login| login.in_date(now)).map(|login| held_view(db, login)).collect()
        })
        .await
}

fn held_view(db: &Db, login: GlobalLogin) -> Result<HeldView, Error> {
    let reseller = match login.owner {
        Owner::Operator => None,
        Owner::Reseller(id) => Some(store::tenancy::reseller(db, &Scope::Operator, id)?.name),
    };
    Ok(HeldView { number: login.id.0, user: login.user, reseller, valid_until: login.valid_until.map(Time::rfc3339) })
}

/// Ends one global login at once; what it earned and nobody took up ends too.
pub async fn revoke(admin: &Admin, by: &By, number: u16) -> Result<(), Error> {
    by.may_platform(Action::HandleGlobalLogin)?;
    let by = by.clone();
    admin
        .write(move |db| {
            let all = login::all(db, &Scope::Operator)?;
            let found = all.into_iter().find(|login| login.id.0 == number && login.in_date(by.now));
            let found = found.ok_or_else(|| Error::NotFound(format!("global login {number}")))?;
            login::revoke(db, &by.scope(), found.id)?;
            by.audit(db, node(found.owner), "global-login.revoked", "global login", &format!("number {number}"))
        })
        .await
}

/// The global logins that count now, oldest first: the operator's, or a reseller's. That they were shown is audited.
pub async fn show(admin: &Admin, by: &By, reseller: Option<String>) -> Result<Vec<GlobalLoginView>, Error> {
    by.may_platform(Action::HandleGlobalLogin)?;
    let by = by.clone();
    admin
        .write(move |db| {
            let owner = owner(db, &by, reseller.as_deref())?;
            by.audit(db, node(owner), Action::RevealPassword.code(), "global login", "")?;
            in_force(db, owner, by.now)
        })
        .await
}

/// Makes a new global login. Those in force end after the overlap; with none they are revoked, and what they earned and nobody took up too.
pub async fn rotate(admin: &Admin, by: &By, overlap: Span, reseller: Option<String>) -> Result<Vec<GlobalLoginView>, Error> {
    by.may_platform(Action::HandleGlobalLogin)?;
    let by = by.clone();
    let password = new_global_password(&mut SystemChance);
    admin
        .write(move |db| {
            let owner = owner(db, &by, reseller.as_deref())?;
            let until = by.now + overlap;
            for held in valid(db, owner, by.now)? {
                match held.valid_until {
                    _ if overlap == Span::ZERO => login::revoke(db, &by.scope(), held.id)?,
                    // An end that was promised earlier stays.
                    Some(end) if end <= until => {}
                    _ => login::end(db, &by.scope(), held.id, until)?,
                }
            }
            login::add(db, &by.scope(), owner, USER, &password, by.now)?;
            by.audit(db, node(owner), "global-login.rotated", "global login", &format!("overlap {overlap}"))?;
            in_force(db, owner, by.now)
        })
        .await
}

/// How many of the operator's global logins count now, and whether one of them has no end. Shows none.
pub async fn count_in_force(admin: &Admin, by: &By) -> Result<(usize, bool), Error> {
    by.may_platform(Action::HandleGlobalLogin)?;
    let now = by.now;
    admin
        .read(move |db| {
            let valid = valid(db, Owner::Operator, now)?;
            Ok((valid.len(), valid.iter().any(|login| login.valid_until.is_none())))
        })
        .await
}

fn owner(db: &Db, by: &By, reseller: Option<&str>) -> Result<Owner, Error> {
    reseller.map_or(Ok(Owner::Operator), |name| Ok(Owner::Reseller(reseller_id(db, &by.scope(), name)?)))
}

fn node(owner: Owner) -> Node {
    match owner {
        Owner::Operator => Node::Operator,
        Owner::Reseller(id) => Node::Reseller(id),
    }
}

fn valid(db: &Db, owner: Owner, now: Time) -> Result<Vec<GlobalLogin>, Error> {
    let all = login::all(db, &Scope::Operator)?;
    Ok(all.into_iter().filter(|login| login.owner == owner && login.in_date(now)).collect())
}

/// The logins that count for phones of a node: a reseller's own if it has any, else the platform's. The caller has asked whether they
/// may be seen.
pub(crate) fn in_force_at(db: &Db, node: Node, now: Time) -> Result<Vec<GlobalLoginView>, Error> {
    let own = match node {
        Node::Reseller(id) => in_force(db, Owner::Reseller(id), now)?,
        Node::Operator | Node::Customer(_) | Node::Site(_) => Vec::new(),
    };
    if own.is_empty() { in_force(db, Owner::Operator, now) } else { Ok(own) }
}

fn in_force(db: &Db, owner: Owner, now: Time) -> Result<Vec<GlobalLoginView>, Error> {
    let view = |login: GlobalLogin| GlobalLoginView {
        user: login.user.clone(),
        password: login.password.expose().clone(),
        valid_until: login.valid_until.map(Time::rfc3339),
    };
    Ok(valid(db, owner, now)?.into_iter().map(view).collect())
}
