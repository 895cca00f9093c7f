//! People who sign in: their names, roles and branches. A password is made here, shown once, and kept as a hash.

use domain::Secret;
use domain::login::new_password;
use domain::policy::Policy;
use domain::role::{Action, Actor, Role};
use serde::Serialize;
use store::Db;
use store::correspondence::{self, Correspondence};
use store::people::{self, Account};
use utoipa::ToSchema;
use uuid::Uuid;

use super::account::hash;
use super::policy::subject;
use super::token::where_to;
use super::tree::{NodeNames, find, policy_at};
use super::{Admin, By, Error, Named, new_id, still};
use crate::edge::SystemChance;
use crate::limits::NAME_BYTES_MAX;
use crate::mail::{Language, check_address};

/// Somebody to add.
#[derive(Clone, Debug, Default)]
pub struct NewUser {
    /// The name to sign in with, unique on the platform.
    pub name: String,
    /// operator, reseller, customer-admin, installer or auditor.
    pub role: String,
    /// Whose branch they act in.
    pub at: NodeNames,
    /// How they are written to.
    pub writing: Writing,
}

/// How somebody is written to; what is absent stays as it is.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Writing {
    /// Their mail address; none if empty.
    pub email: Option<String>,
    /// The language that they read: en or de.
    pub language: Option<String>,
    /// They wish to be told when a phone needs somebody.
    pub alerts: Option<bool>,
}

/// Somebody who signs in, as lists show them.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct UserView {
    /// Their id.
    pub id: String,
    /// The name to sign in with.
    pub name: String,
    /// Their role.
    pub role: &'static str,
    /// Whose branch they act in.
    pub scope: String,
    /// May not sign in.
    pub disabled: bool,
    /// Their mail address.
    pub email: Option<String>,
    /// The language that they read.
    pub language: String,
    /// They are told when a phone needs somebody.
    pub alerts: bool,
    /// When they were added.
    pub created: String,
    /// Counts changes.
    #[serde(skip)]
    pub version: i64,
}

/// What is changed of somebody; what is absent stays.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct UserChange {
    /// The name to sign in with.
    pub name: Option<String>,
    /// May not sign in.
    pub disabled: Option<bool>,
    /// A new password is made.
    pub new_password: bool,
    /// How they are written to.
    pub writing: Writing,
}

/// Somebody, and the password if one was made.
#[derive(Clone, Debug)]
pub struct Told {
    /// Who.
    pub user: UserView,
    /// Shown once.
    pub password: Option<Secret<String>>,
}

/// Adds somebody, with a password of 118 random bits.
pub async fn add(admin: &Admin, by: &By, new: NewUser) -> Result<Told, Error> {
    let roles = || Role::ALL.iter().map(|role| role.code()).collect::<Vec<_>>().join(", ");
    let role = Role::from_code(&new.role).ok_or_else(|| Error::invalid("role", format!("role {:?}: there are {}", new.role, roles())))?;
    let password = new_password(&mut SystemChance);
    let (id, name, password_hash, by) = (new_id(by.now), check_name(&new.name)?, hash(&password)?, by.clone());
    let writing = new.writing.over(&Correspondence::default())?;
    let user = admin
        .write(move |db| {
            let found = find(db, &by.scope(), &new.at)?;
            by.may(Action::EditPeople, &found.target, &policy_at(db, found.node)?)?;
            let actor = Actor::new(role, found.node).ok_or_else(|| Error::invalid("role", where_to(role)))?;
            // Nobody gives away more than they have.
            if role < by.actor.role {
                return Err(Error::Forbidden);
            }
            let (name, password_hash) = (name.clone(), password_hash.clone());
            let account = Account { id, name, actor, password_hash, created: by.now, disabled: false, version: 1 };
            people::add_account(db, &by.scope(), &account).named(|| format!("user {:?}", account.name))?;
            correspondence::set(db, &by.scope(), id, &writing)?;
            by.audit(db, found.node, "user.created", &account.name, role.code())?;
            view(db, &account)
        })
        .await?;
    Ok(Told { user, password: Some(password) })
}

/// People in scope, by name.
pub async fn list(admin: &Admin, by: &By) -> Result<Vec<UserView>, Error> {
    by.may(Action::EditPeople, &by.branch(), &Policy::default())?;
    let by = by.clone();
    admin
        .read(move |db| {
            let accounts = people::accounts(db, &by.scope())?;
            accounts.iter().map(|account| view(db, account)).collect()
        })
        .await
}

/// One of them.
pub async fn show(admin: &Admin, by: &By, id: Uuid) -> Result<UserView, Error> {
    let by = by.clone();
    admin.read(move |db| view(db, &editable(db, &by, id)?)).await
}

/// Changes somebody; `expected`: only this version.
pub async fn update(admin: &Admin, by: &By, id: Uuid, change: UserChange, expected: Option<i64>) -> Result<Told, Error> {
    let name = change.name.as_deref().map(check_name).transpose()?;
    let password = change.new_password.then(|| new_password(&mut SystemChance));
    let hashed = password.as_ref().map(hash).transpose()?;
    let by = by.clone();
    let user = admin
        .write(move |db| {
            let kept = editable(db, &by, id)?;
            still(expected, kept.version)?;
            let mut account = kept.clone();
            account.name = name.clone().unwrap_or(kept.name);
            account.disabled = change.disabled.unwrap_or(kept.disabled);
            account.password_hash = hashed.clone().unwrap_or(kept.password_hash);
            account.version = people::save_account(db, &by.scope(), &account).named(|| format!("user {:?}", account.name))?;
            if change.new_password || account.disabled {
                store::session::end_all(db, id, None)?;
            }
            let writing = change.writing.over(&correspondence::of(db, &by.scope(), id)?)?;
            correspondence::set(db, &by.scope(), id, &writing)?;
            let detail = if change.new_password { "new password" } else { "" };
            by.audit(db, account.actor.node, "user.changed", &account.name, detail)?;
            view(db, &account)
        })
        .await?;
    Ok(Told { user, password })
}

/// Removes somebody.
pub async fn remove(admin: &Admin, by: &By, id: Uuid) -> Result<(), Error> {
    let by = by.clone();
    admin
        .write(move |db| {
            let account = editable(db, &by, id)?;
            people::remove_account(db, &by.scope(), id)?;
            by.audit(db, account.actor.node, "user.deleted", &account.name, "")
        })
        .await
}

/// Somebody in scope. People's names are theirs: whoever may not edit them does not read them either.
pub(super) fn editable(db: &Db, by: &By, id: Uuid) -> Result<Account, Error> {
    let account = people::account(db, &by.scope(), id).named(|| format!("user {id}"))?;
    by.may(Action::EditPeople, &by.branch(), &Policy::default())?;
    Ok(account)
}

impl Writing {
    fn over(&self, kept: &Correspondence) -> Result<Correspondence, Error> {
        let email = match self.email.as_deref() {
            None => kept.email.clone(),
            Some("") => None,
            Some(email) => Some(check_address(email)?),
        };
        let known = |code: &String| Language::from_code(code).ok_or_else(|| Error::invalid("language", "language: en or de"));
        let language =
            self.language.as_ref().map(known).transpose()?.map_or_else(|| kept.language.clone(), |known| known.code().to_owned());
        let alerts = self.alerts.unwrap_or(kept.alerts && email.is_some());
        if alerts && email.is_none() {
            return Err(Error::invalid("email", "alerts: they need a mail address"));
        }
        Ok(Correspondence { email, language, alerts })
    }
}

fn check_name(name: &str) -> Result<String, Error> {
    let fits = (1..=NAME_BYTES_MAX).contains(&name.len()) && !name.chars().any(|c| c.is_control() || c.is_whitespace());
    if fits { Ok(name.to_owned()) } else { Err(Error::invalid("name", "user: a name has 1 to 100 bytes without spaces")) }
}

fn view(db: &Db, account: &Account) -> Result<UserView, Error> {
    let Correspondence { email, language, alerts } = correspondence::of(db, &store::Scope::Operator, account.id)?;
    Ok(UserView {
        id: account.id.to_string(),
        name: account.name.clone(),
        role: account.actor.role.code(),
        scope: subject(db, account.actor.node)?,
        disabled: account.disabled,
        email,
        language,
        alerts,
        created: account.created.rfc3339(),
        version: account.version,
    })
}
