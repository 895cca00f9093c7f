//! Brands' redirect services: accounts, and what we know of devices there. What is to be written is decided in the room `redirect`.

use domain::tenancy::ResellerId;
use domain::{Secret, Time};
use uuid::Uuid;

use crate::db::{Db, Row, statements};
use crate::limits::{REDIRECT_ACCOUNTS_MAX, REDIRECT_SAID_BYTES_MAX};
use crate::scope::{Scope, id, opt_id, opt_uuid, uuid};
use crate::seal::Place;
use crate::tenancy::reseller;
use crate::{Result, StoreError};

mod device;

#[cfg(test)]
pub(crate) use device::STATEMENTS as DEVICE_STATEMENTS;
pub use device::{
    Claimed, Counts, Found, Identity, Kept, Refused, Situation, State, by_hand, counts, drop_row, due, found, gone, identity, left,
    mark_by_hand, of_device, pin, put, refused, set_identity, set_pin, sleep, unmark_by_hand, wanted, wanted_one, woken,
};
pub(crate) use device::{forget_device, pin_place, wake};

/// An account as it is kept.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Account {
    /// Its id.
    pub id: Uuid,
    /// Whose it is; the operator's without one.
    pub reseller: Option<ResellerId>,
    /// The service.
    pub kind: String,
    /// Which of the service's regions.
    pub region: String,
    /// When it was added.
    pub created: Time,
    /// The platform's revision that the last complete pass saw.
    pub passed: i64,
    /// A complete pass was asked for since the last one.
    pub is_asked: bool,
    /// How often one was asked for, ever.
    pub asked: i64,
    /// Not looked at before.
    pub due: Time,
    /// When the service last accepted it.
    pub verified: Option<Time>,
    /// Code and words of the last call that came to nothing.
    pub failure: Option<(String, String)>,
    /// Since when.
    pub failed_since: Option<Time>,
    /// When the service's whole list was last compared.
    pub compared: Option<Time>,
    /// What that found, JSON.
    pub drift: Option<String>,
    /// It ends as soon as nothing of it is left at the service.
    pub leaving: bool,
    /// Counts changes by people; starts at 1.
    pub version: i64,
}

impl Account {
    /// One that nobody has looked at yet.
    pub fn new(id: Uuid, reseller: Option<ResellerId>, kind: &str, region: &str, created: Time) -> Self {
        Self {
            id,
            reseller,
            kind: kind.to_owned(),
            region: region.to_owned(),
            created,
            passed: 0,
            is_asked: false,
            asked: 0,
            due: created,
            verified: None,
            failure: None,
            failed_since: None,
            compared: None,
            drift: None,
            leaving: false,
            version: 1,
        }
    }
}

statements! {
    ADD = "insert into redirect_account (id, reseller, kind, region, credentials, created, passed, asked, answered, due, leaving, version)
        values ($1, $2, $3, $4, $5, $6, 0, 0, 0, $6, $7, 1)";
    COUNT = "select count(*) as accounts from redirect_account";
    LIST = "select a.id, a.reseller, a.kind, a.region, a.created, a.passed, a.due, a.verified, a.failure, a.said, a.failed_since,
        a.compared, a.drift, a.leaving, a.version, a.asked, a.answered from redirect_account a
        where (a.reseller = $1 or $1 is null) and (a.id = $2 or $2 is null) order by a.created, a.id";
    CREDENTIALS = "select credentials from redirect_account where id = $1";
    SAVE = "update redirect_account set region = $1, credentials = $2, due = $3, passed = 0, failure = null, said = null, failed_since = null,
        verified = null, version = version + 1 where id = $4 and version = $5 returning version";
    LEAVE = "update redirect_account set leaving = $1, due = $2, version = version + 1 where id = $3";
    DROP = "delete from redirect_account where id = $1";
    WORKED = "update redirect_account set verified = $1, failure = null, said = null, failed_since = null where id = $2";
    FAILED = "update redirect_account set failure = $1, said = $2, failed_since = coalesce(failed_since, $3), due = $4 where id = $5";
    PASSED = "update redirect_account set passed = $1, answered = $2 where id = $3";
    WAIT = "update redirect_account set due = $1 where id = $2";
    ASK = "update redirect_account set asked = asked + 1 where id = $1";
    SYNC = "update redirect_account set asked = asked + 1, due = $1, compared = null where id = $2";
    COMPARED = "update redirect_account set compared = $1, drift = $2 where id = $3";
    PROFILE = "select remote, mark from redirect_profile where account = $1 and name = $2";
    PROFILES = "select name, remote, mark from redirect_profile where account = $1 order by name";
    PUT_PROFILE = "insert into redirect_profile (account, name, remote, mark) values ($1, $2, $3, $4)
        on conflict (account, name) do update set remote = excluded.remote, mark = excluded.mark";
    DROP_PROFILE = "delete from redirect_profile where account = $1 and name = $2";
}

/// Adds an account of the operator, or of a reseller in scope. A second of its kind is [`StoreError::Exists`].
pub fn add(db: &Db, scope: &Scope, account: &Account, credentials: &Secret<Vec<u8>>) -> Result<()> {
    match (account.reseller, scope) {
        (None, Scope::Operator) => {}
        (Some(of), _) => drop(reseller(db, scope, of)?),
        (None, _) => return Err(StoreError::NotFound),
    }
    if db.one(COUNT, &[], |row| row.int(0))? >= REDIRECT_ACCOUNTS_MAX {
        let max = usize::try_from(REDIRECT_ACCOUNTS_MAX).expect("a small constant");
        return Err(StoreError::TooLarge { what: "accounts at redirect services", max });
    }
    let sealed = db.seal(place(&account.id), credentials.expose())?;
    let owner = account.reseller.map(|of| of.0);
    let args = [id(&account.id), opt_id(owner.as_ref()), (&account.kind).into(), (&account.region).into(), (&sealed).into()];
    db.exec(ADD, &[&args[..], &[account.created.into(), false.into()]].concat()).map(drop)
}

/// The accounts that a scope owns, oldest first: all for the operator, its own for a reseller, none below.
pub fn list(db: &Db, scope: &Scope) -> Result<Vec<Account>> {
    select(db, scope, None)
}

/// One of them.
pub fn one(db: &Db, scope: &Scope, wanted: Uuid) -> Result<Account> {
    select(db, scope, Some(&wanted))?.pop().ok_or(StoreError::NotFound)
}

fn select(db: &Db, scope: &Scope, wanted: Option<&Uuid>) -> Result<Vec<Account>> {
    let owner = match scope {
        Scope::Operator => None,
        Scope::Reseller(own) => Some(own.0),
        Scope::Customer(_) | Scope::Site(_) => return Ok(Vec::new()),
    };
    db.all(LIST, &[opt_id(owner.as_ref()), opt_id(wanted)], read)
}

/// What an account consists of, opened.
pub fn credentials(db: &Db, of: Uuid) -> Result<Secret<Vec<u8>>> {
    db.one(CREDENTIALS, &[id(&of)], |row| Ok(Secret::new(db.open(place(&of), row.bytes(0)?)?.to_vec())))
}

/// Saves region and credentials of an account that was read before; everything is looked at afresh.
pub fn save(db: &Db, account: &Account, credentials: &Secret<Vec<u8>>, now: Time) -> Result<i64> {
    let sealed = db.seal(place(&account.id), credentials.expose())?;
    let args = [(&account.region).into(), (&sealed).into(), now.into(), id(&account.id), account.version.into()];
    db.opt(SAVE, &args, |row| row.int(0))?.ok_or_else(|| db.conflict())
}

/// Has everything that we wrote removed from the service, and the account after it.
pub fn leave(db: &Db, of: Uuid, now: Time) -> Result<()> {
    db.exec(LEAVE, &[true.into(), now.into(), id(&of)]).map(drop)
}

/// Forgets an account; what is written at the service stays there.
pub fn remove(db: &Db, of: Uuid) -> Result<()> {
    db.exec(DROP, &[id(&of)]).map(drop)
}

/// The service answered.
pub fn worked(db: &Db, of: Uuid, now: Time) -> Result<()> {
    db.exec(WORKED, &[now.into(), id(&of)]).map(drop)
}

/// It did not, or said no to everything; nothing is asked of it before `again`.
pub fn failed(db: &Db, of: Uuid, code: &str, said: &str, now: Time, again: Time) -> Result<()> {
    let said = &said[..said.floor_char_boundary(REDIRECT_SAID_BYTES_MAX)];
    db.exec(FAILED, &[code.into(), said.into(), now.into(), again.into(), id(&of)]).map(drop)
}

/// A complete pass has seen everything as of that revision of the platform, and as of when the account was read.
pub fn passed(db: &Db, account: &Account, revision: i64) -> Result<()> {
    db.exec(PASSED, &[revision.into(), account.asked.into(), id(&account.id)]).map(drop)
}

/// Nothing is asked of the service before then.
pub fn wait(db: &Db, of: Uuid, until: Time) -> Result<()> {
    db.exec(WAIT, &[until.into(), id(&of)]).map(drop)
}

/// Asks for a complete pass, as soon as the account may be looked at.
pub fn ask(db: &Db, of: Uuid) -> Result<()> {
    db.exec(ASK, &[id(&of)]).map(drop)
}

/// Has everything looked at and compared afresh, what was refused tried again.
pub fn sync(db: &Db, of: Uuid, now: Time) -> Result<()> {
    device::try_refused(db, of, now)?;
    db.exec(SYNC, &[now.into(), id(&of)]).map(drop)
}

/// Notes what a comparison found.
pub fn compared(db: &Db, of: Uuid, drift: &str, now: Time) -> Result<()> {
    db.exec(COMPARED, &[now.into(), drift.into(), id(&of)]).map(drop)
}

/// Id at the service and mark of a profile that we wrote.
pub fn profile(db: &Db, of: Uuid, name: &str) -> Result<Option<(String, i64)>> {
    db.opt(PROFILE, &[id(&of), name.into()], |row| Ok((row.text(0)?.to_owned(), row.int(1)?)))
}

/// All profiles that we wrote there: name, id, mark.
pub fn profiles(db: &Db, of: Uuid) -> Result<Vec<(String, String, i64)>> {
    db.all(PROFILES, &[id(&of)], |row| Ok((row.text(0)?.to_owned(), row.text(1)?.to_owned(), row.int(2)?)))
}

/// Keeps a profile that was written.
pub fn put_profile(db: &Db, of: Uuid, name: &str, remote: &str, mark: i64) -> Result<()> {
    db.exec(PUT_PROFILE, &[id(&of), name.into(), remote.into(), mark.into()]).map(drop)
}

/// Forgets a profile.
pub fn drop_profile(db: &Db, of: Uuid, name: &str) -> Result<()> {
    db.exec(DROP_PROFILE, &[id(&of), name.into()]).map(drop)
}

pub(crate) fn place(of: &Uuid) -> Place<'_> {
    Place { table: "redirect_account", column: "credentials", row: of.as_bytes() }
}

fn read(row: &Row<'_>) -> Result<Account> {
    let time = |at| Ok::<_, StoreError>(row.opt_int(at)?.map(Time::from_millis));
    let failure = match (row.opt_text(8)?, row.opt_text(9)?) {
        (Some(code), said) => Some((code.to_owned(), said.unwrap_or_default().to_owned())),
        (None, _) => None,
    };
    Ok(Account {
        id: uuid(row, 0)?,
        reseller: opt_uuid(row, 1)?.map(ResellerId),
        kind: row.text(2)?.to_owned(),
        region: row.text(3)?.to_owned(),
        created: Time::from_millis(row.int(4)?),
        passed: row.int(5)?,
        is_asked: row.int(15)? != row.int(16)?,
        asked: row.int(15)?,
        due: Time::from_millis(row.int(6)?),
        verified: time(7)?,
        failure,
        failed_since: time(10)?,
        compared: time(11)?,
        drift: row.opt_text(12)?.map(str::to_owned),
        leaving: row.bool(13)?,
        version: row.int(14)?,
    })
}
