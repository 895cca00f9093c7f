//! People and their API tokens. Passwords come hashed (argon2), tokens as a digest; neither can be shown again.

use domain::Time;
use domain::role::{Actor, Role};
use uuid::Uuid;

use crate::db::{Db, Row, statements};
use crate::limits::{LABEL_BYTES_MAX, NAME_BYTES_MAX};
use crate::scope::{Scope, id, node, node_columns};
use crate::tenancy::{customer, reseller, site};
use crate::{Result, StoreError};

/// Somebody who signs in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Account {
    /// Its id.
    pub id: Uuid,
    /// The name to sign in with, unique on the platform.
    pub name: String,
    /// Role and branch.
    pub actor: Actor,
    /// argon2's own text form.
    pub password_hash: String,
    /// When it was added.
    pub created: Time,
    /// May not sign in.
    pub disabled: bool,
    /// Counts changes of this row; starts at 1.
    pub version: i64,
}

/// A token for the API.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Token {
    /// Its id.
    pub id: Uuid,
    /// SHA-256 of the token: it is long and random, so no slow hash is needed.
    pub hash: [u8; 32],
    /// What people call it.
    pub label: String,
    /// Role and branch.
    pub actor: Actor,
    /// When it was made.
    pub created: Time,
    /// When it ends.
    pub expires: Option<Time>,
    /// When it was last used, roughly.
    pub last_used: Option<Time>,
}

statements! {
    ADD = "insert into account (id, name, role, node_kind, node, password_hash, created, disabled, version)
        values ($1, $2, $3, $4, $5, $6, $7, $8, 1)";
    SAVE = "update account set name = $1, role = $2, node_kind = $3, node = $4, password_hash = $5, disabled = $6, version = version + 1
        where id = $7 and version = $8 returning version";
    BY_ID = "select id, name, role, node_kind, node, password_hash, created, disabled, version from account where id = $1";
    BY_NAME = "select id, name, role, node_kind, node, password_hash, created, disabled, version from account where name = $1";
    ALL = "select id, name, role, node_kind, node, password_hash, created, disabled, version from account order by name limit 1000";
    DROP = "delete from account where id = $1";
    ADD_TOKEN = "insert into api_token (id, hash, label, role, node_kind, node, created, expires) values ($1, $2, $3, $4, $5, $6, $7, $8)";
    TOKEN = "select id, hash, label, role, node_kind, node, created, expires, last_used from api_token
        where hash = $1 and (expires is null or expires > $2)";
    COUNTS = "select count(*) as counts from api_token where id = $1 and (expires is null or expires > $2)";
    TOKENS = "select id, hash, label, role, node_kind, node, created, expires, last_used from api_token order by created, id limit 1000";
    USED = "update api_token set last_used = $1 where id = $2";
    DROP_TOKEN = "delete from api_token where id = $1";
}

/// Adds an account at a node that the scope holds.
pub fn add_account(db: &Db, scope: &Scope, account: &Account) -> Result<()> {
    holds(db, scope, account.actor)?;
    named(&account.name)?;
    let (kind, node) = node_columns(&account.actor.node);
    let args = [
        id(&account.id),
        (&account.name).into(),
        account.actor.role.code().into(),
        kind.into(),
        id(&node),
        (&account.password_hash).into(),
        account.created.into(),
        account.disabled.into(),
    ];
    db.exec(ADD, &args).map(drop)
}

/// Saves an account if its version is still the same; returns the new version.
pub fn save_account(db: &Db, scope: &Scope, account: &Account) -> Result<i64> {
    self::account(db, scope, account.id)?;
    holds(db, scope, account.actor)?;
    named(&account.name)?;
    let (kind, node) = node_columns(&account.actor.node);
    let args = [
        (&account.name).into(),
        account.actor.role.code().into(),
        kind.into(),
        id(&node),
        (&account.password_hash).into(),
        account.disabled.into(),
        id(&account.id),
        account.version.into(),
    ];
    db.opt(SAVE, &args, |row| row.int(0))?.ok_or_else(|| db.conflict())
}

/// One account.
pub fn account(db: &Db, scope: &Scope, wanted: Uuid) -> Result<Account> {
    let found = db.one(BY_ID, &[id(&wanted)], read_account)?;
    holds(db, scope, found.actor)?;
    Ok(found)
}

/// Who signs in under this name. Before a sign-in there is no scope.
pub fn account_by_name(db: &Db, name: &str) -> Result<Option<Account>> {
    db.opt(BY_NAME, &[name.into()], read_account)
}

/// Somebody who is signed in. A session has no scope of its own: this is where it comes from.
pub fn account_of_session(db: &Db, wanted: Uuid) -> Result<Option<Account>> {
    db.opt(BY_ID, &[id(&wanted)], read_account)
}

/// The accounts in scope, by name. At most 1000 are looked at.
pub fn accounts(db: &Db, scope: &Scope) -> Result<Vec<Account>> {
    within(db, scope, db.all(ALL, &[], read_account)?, |account| account.actor)
}

/// Removes an account, with its sessions and its second factor.
pub fn remove_account(db: &Db, scope: &Scope, wanted: Uuid) -> Result<()> {
    account(db, scope, wanted)?;
    crate::session::end_all(db, wanted, None)?;
    crate::second_factor::remove(db, wanted)?;
    crate::password_link::forget(db, wanted)?;
    db.exec(DROP, &[id(&wanted)]).map(drop)
}

/// Adds a token at a node that the scope holds.
pub fn add_token(db: &Db, scope: &Scope, token: &Token) -> Result<()> {
    holds(db, scope, token.actor)?;
    if token.label.len() > LABEL_BYTES_MAX {
        return Err(StoreError::TooLarge { what: "bytes in a label", max: LABEL_BYTES_MAX });
    }
    let (kind, node) = node_columns(&token.actor.node);
    let args = [
        id(&token.id),
        (&token.hash).into(),
        (&token.label).into(),
        token.actor.role.code().into(),
        kind.into(),
        id(&node),
        token.created.into(),
        token.expires.into(),
    ];
    db.exec(ADD_TOKEN, &args).map(drop)
}

/// The token with this hash, unless it ended.
pub fn token(db: &Db, hash: &[u8; 32], now: Time) -> Result<Option<Token>> {
    db.opt(TOKEN, &[hash.into(), now.into()], read_token)
}

/// Whether a token is still there and has not ended.
pub fn token_counts(db: &Db, wanted: Uuid, now: Time) -> Result<bool> {
    db.one(COUNTS, &[id(&wanted), now.into()], |row| Ok(row.int(0)? > 0))
}

/// Notes that a token was used. Once a minute is enough.
pub fn note_token_use(db: &Db, wanted: Uuid, now: Time) -> Result<()> {
    db.exec(USED, &[now.into(), id(&wanted)]).map(drop)
}

/// The tokens in scope, oldest first. At most 1000 are looked at.
pub fn tokens(db: &Db, scope: &Scope) -> Result<Vec<Token>> {
    within(db, scope, db.all(TOKENS, &[], read_token)?, |token| token.actor)
}

/// Removes a token: it stops working at once.
pub fn remove_token(db: &Db, scope: &Scope, wanted: Uuid) -> Result<()> {
    let known = tokens(db, scope)?.into_iter().any(|token| token.id == wanted);
    if !known {
        return Err(StoreError::NotFound);
    }
    db.exec(DROP_TOKEN, &[id(&wanted)]).map(drop)
}

/// "Not found" unless the actor's node exists in the scope.
fn holds(db: &Db, scope: &Scope, actor: Actor) -> Result<()> {
    match actor.node {
        Scope::Operator if *scope == Scope::Operator => Ok(()),
        Scope::Operator => Err(StoreError::NotFound),
        Scope::Reseller(wanted) => reseller(db, scope, wanted).map(drop),
        Scope::Customer(wanted) => customer(db, scope, wanted).map(drop),
        Scope::Site(wanted) => site(db, scope, wanted).map(drop),
    }
}

fn within<T>(db: &Db, scope: &Scope, all: Vec<T>, actor: impl Fn(&T) -> Actor) -> Result<Vec<T>> {
    let mut seen = Vec::new();
    for one in all {
        match holds(db, scope, actor(&one)) {
            Ok(()) => seen.push(one),
            // Also what stands at a node that is gone.
            Err(StoreError::NotFound) if *scope == Scope::Operator => seen.push(one),
            Err(StoreError::NotFound) => {}
            Err(error) => return Err(error),
        }
    }
    Ok(seen)
}

fn named(name: &str) -> Result<()> {
    let fits = (1..=NAME_BYTES_MAX).contains(&name.len()) && !name.chars().any(|c| c.is_control() || c.is_whitespace());
    if fits { Ok(()) } else { Err(StoreError::Refused("a sign-in name is 1 to 200 bytes without spaces".into())) }
}

fn read_account(row: &Row<'_>) -> Result<Account> {
    Ok(Account {
        id: crate::scope::uuid(row, 0)?,
        name: row.text(1)?.to_owned(),
        actor: actor(row, 2)?,
        password_hash: row.text(5)?.to_owned(),
        created: Time::from_millis(row.int(6)?),
        disabled: row.bool(7)?,
        version: row.int(8)?,
    })
}

fn read_token(row: &Row<'_>) -> Result<Token> {
    let id = crate::scope::uuid(row, 0)?;
    let hash = row.bytes(1)?.try_into();
    Ok(Token {
        id,
        hash: hash.map_err(|_| StoreError::Damaged { table: "api_token", column: "hash", row: id.to_string() })?,
        label: row.text(2)?.to_owned(),
        actor: actor(row, 3)?,
        created: Time::from_millis(row.int(6)?),
        expires: row.opt_int(7)?.map(Time::from_millis),
        last_used: row.opt_int(8)?.map(Time::from_millis),
    })
}

pub(crate) fn actor(row: &Row<'_>, at: usize) -> Result<Actor> {
    let role = Role::from_code(row.text(at)?);
    let node = node(row, at + 1)?;
    // A role that does not fit its node would be a right nobody gave.
    let damaged = || StoreError::Damaged { table: "account or token", column: "role", row: String::new() };
    Actor::new(role.ok_or_else(damaged)?, node).ok_or_else(damaged)
}
