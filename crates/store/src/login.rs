//! Global logins: their passwords sealed, their numbers never used twice.

use domain::login::{GlobalId, GlobalLogin, Owner};
use domain::tenancy::ResellerId;
use domain::{Secret, Time};

use crate::db::{Db, Row, statements};
use crate::limits::GLOBAL_LOGINS_VALID_MAX;
use crate::scope::{Scope, opt_id, opt_uuid};
use crate::seal::Place;
use crate::tenancy::{reseller, touch_platform};
use crate::{Result, StoreError};

statements! {
    NUMBER = "update platform set last_global_login = last_global_login + 1, revision = revision + 1 where id = 1 returning last_global_login";
    ADD = "insert into global_login (id, owner, username, password, created, valid_until, revoked) values ($1, $2, $3, $4, $5, $6, $7)";
    ALL = "select id, owner, username, password, valid_until, revoked from global_login where owner = $1 or $1 is null order by id";
    VALID = "select count(*) as valid from global_login where (owner = $1 or (owner is null and $1 is null)) and not revoked
        and (valid_until is null or valid_until > $2)";
    END = "update global_login set valid_until = $1 where id = $2 and (owner = $3 or $3 is null) and not revoked";
    REVOKE = "update global_login set revoked = $1 where id = $2 and (owner = $3 or $3 is null)";
}

/// Adds a global login and gives it its number. At most 8 of an owner are valid at once.
pub fn add(db: &Db, scope: &Scope, owner: Owner, user: &str, password: &Secret<String>, now: Time) -> Result<GlobalId> {
    let owner_id = owner_column(db, scope, owner)?;
    let valid = db.one(VALID, &[opt_id(owner_id.as_ref()), now.into()], |row| row.int(0))?;
    if valid >= GLOBAL_LOGINS_VALID_MAX {
        let max = usize::try_from(GLOBAL_LOGINS_VALID_MAX).expect("a small constant");
        return Err(StoreError::TooLarge { what: "global logins valid at once", max });
    }
    let number = db.one(NUMBER, &[], |row| row.int(0))?;
    let number = u16::try_from(number).map_err(|_| StoreError::TooLarge { what: "global logins ever made", max: u16::MAX.into() })?;
    let sealed = db.seal(place(&number.to_string()), password.expose().as_bytes())?;
    let args = [i64::from(number).into(), opt_id(owner_id.as_ref()), user.into(), (&sealed).into(), now.into()];
    db.exec(ADD, &[&args[..], &[crate::db::Arg::Null, false.into()]].concat())?;
    Ok(GlobalId(number))
}

/// All global logins that the scope owns, ended and revoked ones too, oldest first. Nobody below a reseller has any.
pub fn all(db: &Db, scope: &Scope) -> Result<Vec<GlobalLogin>> {
    match scope {
        Scope::Operator => db.all(ALL, &[opt_id(None)], |row| read(db, row)),
        Scope::Reseller(own) => db.all(ALL, &[opt_id(Some(&own.0))], |row| read(db, row)),
        Scope::Customer(_) | Scope::Site(_) => Ok(Vec::new()),
    }
}

/// Gives a login its end: the older one of a rotation.
pub fn end(db: &Db, scope: &Scope, wanted: GlobalId, until: Time) -> Result<()> {
    changed(db, db.exec(END, &[until.into(), i64::from(wanted.0).into(), opt_id(owned(scope).as_ref())])?)
}

/// Revokes a login; the claims it earned end with it.
pub fn revoke(db: &Db, scope: &Scope, wanted: GlobalId) -> Result<()> {
    changed(db, db.exec(REVOKE, &[true.into(), i64::from(wanted.0).into(), opt_id(owned(scope).as_ref())])?)
}

pub(crate) fn place(number: &str) -> Place<'_> {
    Place { table: "global_login", column: "password", row: number.as_bytes() }
}

fn owner_column(db: &Db, scope: &Scope, owner: Owner) -> Result<Option<uuid::Uuid>> {
    match owner {
        Owner::Operator if *scope == Scope::Operator => Ok(None),
        Owner::Operator => Err(StoreError::NotFound),
        Owner::Reseller(wanted) => Ok(Some(reseller(db, scope, wanted)?.id.0)),
    }
}

/// Whose logins a scope may change: any, its own, or (below a reseller) none.
fn owned(scope: &Scope) -> Option<uuid::Uuid> {
    match scope {
        Scope::Operator => None,
        Scope::Reseller(own) => Some(own.0),
        Scope::Customer(_) | Scope::Site(_) => Some(uuid::Uuid::nil()),
    }
}

fn changed(db: &Db, rows: u64) -> Result<()> {
    if rows == 0 { Err(StoreError::NotFound) } else { touch_platform(db) }
}

fn read(db: &Db, row: &Row<'_>) -> Result<GlobalLogin> {
    let number = row.int(0)?;
    let damaged = |column| StoreError::Damaged { table: "global_login", column, row: number.to_string() };
    let password = db.open(place(&number.to_string()), row.bytes(3)?)?;
    let password = std::str::from_utf8(&password).map_err(|_| damaged("password"))?;
    Ok(GlobalLogin {
        id: GlobalId(u16::try_from(number).map_err(|_| damaged("id"))?),
        owner: opt_uuid(row, 1)?.map_or(Owner::Operator, |owner| Owner::Reseller(ResellerId(owner))),
        user: row.text(2)?.to_owned(),
        password: Secret::from(password),
        valid_until: row.opt_int(4)?.map(Time::from_millis),
        revoked: row.bool(5)?,
    })
}
