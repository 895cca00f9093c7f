//! Mail that waits to be sent. A letter is sealed, and gone when it was sent or given up; one node at a time tries it.

use domain::{Span, Time};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::db::{Db, Row, statements};
use crate::limits::{LETTER_BYTES_MAX, MAIL_DAYS, MAILS_WAITING_MAX};
use crate::scope::{id, uuid};
use crate::seal::Place;
use crate::{Result, StoreError};

/// What is written to somebody. Its text may hold a link that is a secret.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Letter {
    /// The address.
    pub to: String,
    /// The name before the sender's address, if it is not the usual one. Letters of older versions have none.
    #[serde(default)]
    pub from_name: Option<String>,
    /// The subject.
    pub subject: String,
    /// Plain text.
    pub text: String,
}

impl std::fmt::Debug for Letter {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Letter")
    }
}

/// A mail that this node holds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mail {
    /// Its id, the same whenever it is tried.
    pub id: Uuid,
    /// What is in it.
    pub letter: Letter,
    /// How often it was tried, this time included.
    pub tries: i64,
}

statements! {
    COUNT = "select count(*) as waiting from mail";
    ADD = "insert into mail (id, letter, created, tries, due) values ($1, $2, $3, 0, $3)";
    ANY_DUE = "select count(*) as due from mail where due <= $1 and (leased_until is null or leased_until <= $1)";
    // The outer repeat of the lease test is what makes this safe on PostgreSQL; see the jobs.
    CLAIM = "update mail set owner = $1, leased_until = $2, tries = tries + 1
        where id = (select id from mail where due <= $3 and (leased_until is null or leased_until <= $3) order by due, id limit 1)
        and (leased_until is null or leased_until <= $3)
        returning id, letter, tries";
    DROP = "delete from mail where id = $1 and owner = $2";
    RETRY = "update mail set owner = null, leased_until = null, due = $1 where id = $2 and owner = $3";
    PRUNE = "delete from mail where created < $1";
}

/// Whether there is room for another.
pub fn has_room(db: &Db) -> Result<bool> {
    Ok(db.one(COUNT, &[], |row| row.int(0))? < MAILS_WAITING_MAX)
}

/// Adds a mail.
pub fn add(db: &Db, wanted: Uuid, letter: &Letter, now: Time) -> Result<()> {
    if !has_room(db)? {
        let max = usize::try_from(MAILS_WAITING_MAX).expect("a small constant");
        return Err(StoreError::TooLarge { what: "mails that wait", max });
    }
    let text = zeroize::Zeroizing::new(serde_json::to_vec(letter).expect("texts alone"));
    if text.len() > LETTER_BYTES_MAX {
        return Err(StoreError::TooLarge { what: "bytes in a mail", max: LETTER_BYTES_MAX });
    }
    let sealed = db.seal(place(&wanted), &text)?;
    db.exec(ADD, &[id(&wanted), (&sealed).into(), now.into()]).map(drop)
}

/// Whether a mail is due.
pub fn any_due(db: &Db, now: Time) -> Result<bool> {
    db.one(ANY_DUE, &[now.into()], |row| Ok(row.int(0)? > 0))
}

/// Claims the mail that is longest due, for a span.
pub fn claim(db: &Db, owner: Uuid, now: Time, span: Span) -> Result<Option<Mail>> {
    let claimed = db.opt(CLAIM, &[id(&owner), (now + span).into(), now.into()], |row: &Row<'_>| {
        Ok((uuid(row, 0)?, row.bytes(1)?.to_vec(), row.int(2)?))
    })?;
    let Some((number, sealed, tries)) = claimed else { return Ok(None) };
    let text = db.open(place(&number), &sealed)?;
    let damaged = |_| StoreError::Damaged { table: "mail", column: "letter", row: number.to_string() };
    Ok(Some(Mail { id: number, letter: serde_json::from_slice(&text).map_err(damaged)?, tries }))
}

/// It was sent, or is given up.
pub fn finish(db: &Db, wanted: Uuid, owner: Uuid) -> Result<()> {
    db.exec(DROP, &[id(&wanted), id(&owner)]).map(drop)
}

/// Gives a mail back, to be tried again at `due`.
pub fn retry(db: &Db, wanted: Uuid, owner: Uuid, due: Time) -> Result<()> {
    db.exec(RETRY, &[due.into(), id(&wanted), id(&owner)]).map(drop)
}

/// Removes mails that nobody has sent for days, such as on a platform without a mail server.
pub fn prune(db: &Db, now: Time) -> Result<u64> {
    db.exec(PRUNE, &[(now - Span::days(MAIL_DAYS)).into()])
}

pub(crate) fn place(of: &Uuid) -> Place<'_> {
    Place { table: "mail", column: "letter", row: of.as_bytes() }
}
