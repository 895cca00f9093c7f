//! The second factor of a sign-in: the secret of somebody's authenticator, and codes for when it is lost.

use domain::Secret;
use uuid::Uuid;

use crate::db::{Db, statements};
use crate::scope::id;
use crate::seal::Place;
use crate::{Result, StoreError};

/// Somebody's authenticator.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Factor {
    /// What it and we know.
    pub secret: Secret<Vec<u8>>,
    /// They have shown a code of it.
    pub confirmed: bool,
    /// The newest time step whose code was taken.
    pub last_step: i64,
}

statements! {
    FIND = "select secret, confirmed, last_step from second_factor where account = $1";
    SET = "insert into second_factor (account, secret, confirmed, last_step) values ($1, $2, $3, $4)
        on conflict (account) do update set secret = excluded.secret, confirmed = excluded.confirmed, last_step = excluded.last_step";
    TAKE = "update second_factor set confirmed = $1, last_step = $2 where account = $3 and last_step < $4";
    DROP = "delete from second_factor where account = $1";
    ADD_CODE = "insert into recovery_code (hash, account) values ($1, $2)";
    USE_CODE = "delete from recovery_code where hash = $1 and account = $2";
    LEFT = "select count(*) as codes from recovery_code where account = $1";
    DROP_CODES = "delete from recovery_code where account = $1";
}

/// Somebody's authenticator, if they have one.
pub fn find(db: &Db, account: Uuid) -> Result<Option<Factor>> {
    db.opt(FIND, &[id(&account)], |row| {
        let secret = db.open(place(account.as_bytes()), row.bytes(0)?)?.to_vec();
        Ok(Factor { secret: Secret::new(secret), confirmed: row.bool(1)?, last_step: row.int(2)? })
    })
}

/// Keeps an authenticator, in place of the one before.
pub fn set(db: &Db, account: Uuid, factor: &Factor) -> Result<()> {
    let sealed = db.seal(place(account.as_bytes()), factor.secret.expose())?;
    db.exec(SET, &[id(&account), (&sealed).into(), factor.confirmed.into(), factor.last_step.into()]).map(drop)
}

/// Takes the code of a time step, once: whether it was not taken before.
pub fn take(db: &Db, account: Uuid, step: i64) -> Result<bool> {
    Ok(db.exec(TAKE, &[true.into(), step.into(), id(&account), step.into()])? > 0)
}

/// Forgets somebody's authenticator and codes.
pub fn remove(db: &Db, account: Uuid) -> Result<()> {
    db.exec(DROP_CODES, &[id(&account)])?;
    db.exec(DROP, &[id(&account)]).map(drop)
}

/// Keeps the hashes of new recovery codes in place of all before.
pub fn set_codes(db: &Db, account: Uuid, hashes: &[[u8; 32]]) -> Result<()> {
    db.exec(DROP_CODES, &[id(&account)])?;
    hashes.iter().try_for_each(|hash| db.exec(ADD_CODE, &[hash.into(), id(&account)]).map(drop))
}

/// Uses a recovery code up. Whether it was one.
pub fn use_code(db: &Db, account: Uuid, hash: &[u8; 32]) -> Result<bool> {
    Ok(db.exec(USE_CODE, &[hash.into(), id(&account)])? > 0)
}

/// How many recovery codes are left.
pub fn codes_left(db: &Db, account: Uuid) -> Result<usize> {
    db.one(LEFT, &[id(&account)], |row| {
        usize::try_from(row.int(0)?).map_err(|_| StoreError::Damaged { table: "recovery_code", column: "count", row: account.to_string() })
    })
}

pub(crate) fn place(account: &[u8]) -> Place<'_> {
    Place { table: "second_factor", column: "secret", row: account }
}
