//! Bearer tokens for the API. Only their hashes are kept; a token is shown once.

use domain::login::new_password;
use domain::policy::Policy;
use domain::role::{Action, Actor, Role};
use domain::{Secret, Span, Time};
use serde::Serialize;
use sha2::{Digest, Sha256};
use store::people::{self, Token};
use utoipa::ToSchema;
use uuid::Uuid;

use super::policy::subject;
use super::tree::{NodeNames, find, policy_at};
use super::{Admin, By, Error, Named, new_id};
use crate::edge::SystemChance;
use crate::limits::LABEL_BYTES_MAX;

/// What every token begins with, so that scanners for leaked secrets can find one.
const PREFIX: &str = "rf_";

/// A token to make.
#[derive(Clone, Debug)]
pub struct NewToken {
    /// operator, reseller, customer-admin, installer or auditor.
    pub role: String,
    /// Where it counts.
    pub at: NodeNames,
    /// What people call it.
    pub label: String,
    /// When it ends; never if absent.
    pub lasts: Option<Span>,
}

/// A token as lists show it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct TokenView {
    /// Its id, for revoking it.
    pub id: String,
    /// What people call it.
    pub label: String,
    /// Its role.
    pub role: &'static str,
    /// Where it counts.
    pub scope: String,
    /// When it was made.
    pub created: String,
    /// When it ends.
    pub expires: Option<String>,
    /// When it was last used.
    pub last_used: Option<String>,
}

/// A token that was made: shown once, kept nowhere.
#[derive(Clone, Debug)]
pub struct Made {
    /// Its id, for revoking it.
    pub id: Uuid,
    /// The token itself.
    pub token: Secret<String>,
}

/// Makes a token and returns it.
pub async fn create(admin: &Admin, by: &By, new: NewToken) -> Result<Secret<String>, Error> {
    Ok(make(admin, by, new).await?.token)
}

/// Makes a token and returns it with its id.
pub async fn make(admin: &Admin, by: &By, new: NewToken) -> Result<Made, Error> {
    let roles = || Role::ALL.iter().map(|role| role.code()).collect::<Vec<_>>().join(", ");
    let role = Role::from_code(&new.role).ok_or_else(|| Error::invalid("role", format!("role {:?}: there are {}", new.role, roles())))?;
    if new.label.len() > LABEL_BYTES_MAX || new.label.chars().any(char::is_control) {
        return Err(Error::invalid("label", "label: at most 100 bytes without line breaks"));
    }
    let secret = Secret::new(format!("{PREFIX}{}", new_password(&mut SystemChance).expose()));
    let (id, hash, by) = (new_id(by.now), hash(secret.expose()), by.clone());
    admin
        .write(move |db| {
            let found = find(db, &by.scope(), &new.at)?;
            by.may(Action::EditPeople, &found.target, &policy_at(db, found.node)?)?;
            let actor = Actor::new(role, found.node).ok_or_else(|| Error::invalid("role", where_to(role)))?;
            // Nobody gives away more than they have.
            if role < by.actor.role {
                return Err(Error::Forbidden);
            }
            let expires = new.lasts.map(|lasts| by.now + lasts);
            let token = Token { id, hash, label: new.label.clone(), actor, created: by.now, expires, last_used: None };
            people::add_token(db, &by.scope(), &token)?;
            by.audit(db, found.node, "token.created", &new.label, &format!("{} at {}", role.code(), subject(db, found.node)?))
        })
        .await?;
    Ok(Made { id, token: secret })
}

/// Who a token speaks for and which one it is, if it is valid now.
pub async fn recognise(admin: &Admin, token: &str, now: Time) -> Result<Option<(By, Uuid)>, Error> {
    let hash = hash(token);
    let found = admin.store.read(move |db| people::token(db, &hash, now)).await?;
    let Some(token) = found else { return Ok(None) };
    let day = |at: Time| at.millis().div_euclid(86_400_000);
    // "Last used" is for tidying up; a day is fine enough, and a request is then no write.
    if token.last_used.is_none_or(|used| day(used) != day(now)) {
        let id = token.id;
        admin.store.write(move |db| people::note_token_use(db, id, now)).await?;
    }
    Ok(Some((By { name: format!("token {}", token.label), actor: token.actor, now }, token.id)))
}

/// Whether a token that was recognised still counts. If the store cannot say, it does not.
pub async fn counts(admin: &Admin, id: Uuid, now: Time) -> bool {
    admin.store.read(move |db| people::token_counts(db, id, now)).await.unwrap_or(false)
}

/// Tokens in scope, oldest first.
pub async fn list(admin: &Admin, by: &By) -> Result<Vec<TokenView>, Error> {
    by.may(Action::EditPeople, &by.branch(), &Policy::default())?;
    let by = by.clone();
    admin
        .read(move |db| {
            let view = |token: Token| {
                Ok(TokenView {
                    id: token.id.to_string(),
                    label: token.label,
                    role: token.actor.role.code(),
                    scope: subject(db, token.actor.node)?,
                    created: token.created.rfc3339(),
                    expires: token.expires.map(Time::rfc3339),
                    last_used: token.last_used.map(Time::rfc3339),
                })
            };
            people::tokens(db, &by.scope())?.into_iter().map(view).collect()
        })
        .await
}

/// One token.
pub async fn show(admin: &Admin, by: &By, id: Uuid) -> Result<TokenView, Error> {
    let wanted = id.to_string();
    let found = list(admin, by).await?.into_iter().find(|token| token.id == wanted);
    found.ok_or_else(|| Error::NotFound(format!("token {id}")))
}

/// Ends a token at once.
pub async fn revoke(admin: &Admin, by: &By, id: &str) -> Result<(), Error> {
    let wanted: Uuid = id.parse().map_err(|_| Error::invalid("id", format!("{id:?} is no id; `ringfence token list` shows them")))?;
    let by = by.clone();
    admin
        .write(move |db| {
            let tokens = people::tokens(db, &by.scope())?;
            let token = tokens.iter().find(|token| token.id == wanted).ok_or_else(|| Error::NotFound(format!("token {wanted}")))?;
            by.may(Action::EditPeople, &by.branch(), &Policy::default())?;
            people::remove_token(db, &by.scope(), wanted).named(|| format!("token {wanted}"))?;
            by.audit(db, token.actor.node, "token.revoked", &token.label, "")
        })
        .await
}

fn hash(token: &str) -> [u8; 32] {
    Sha256::digest(token.as_bytes()).into()
}

pub(crate) fn where_to(role: Role) -> &'static str {
    match role {
        Role::Operator => "the role operator counts for the whole platform: leave --customer and --reseller away",
        Role::Reseller => "the role reseller needs --reseller NAME",
        Role::CustomerAdmin => "the role customer-admin needs --customer NAME",
        Role::Installer => "the role installer needs --customer NAME, and --site NAME if it is for one site",
        Role::Auditor => "the role auditor fits everywhere",
    }
}
