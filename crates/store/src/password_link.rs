//! Links in letters by which somebody chooses a password, once. Kept as their hashes.

use domain::Time;
use uuid::Uuid;

use crate::Result;
use crate::db::{Db, statements};
use crate::scope::{id, uuid};

statements! {
    ADD = "insert into password_link (hash, account, ends) values ($1, $2, $3)";
    FIND = "select account from password_link where hash = $1 and ends > $2";
    DROP_ALL = "delete from password_link where account = $1";
    PRUNE = "delete from password_link where ends < $1";
}

/// Keeps a link for somebody, in place of those before.
pub fn set(db: &Db, account: Uuid, hash: &[u8; 32], ends: Time) -> Result<()> {
    forget(db, account)?;
    db.exec(ADD, &[hash.into(), id(&account), ends.into()]).map(drop)
}

/// Whose link this is, unless it has ended.
pub fn find(db: &Db, hash: &[u8; 32], now: Time) -> Result<Option<Uuid>> {
    db.opt(FIND, &[hash.into(), now.into()], |row| uuid(row, 0))
}

/// Forgets somebody's links: one was used, or they go.
pub fn forget(db: &Db, account: Uuid) -> Result<()> {
    db.exec(DROP_ALL, &[id(&account)]).map(drop)
}

/// Removes links that have ended. How many.
pub fn prune(db: &Db, now: Time) -> Result<u64> {
    db.exec(PRUNE, &[now.into()])
}
