//! Answers to PIN attempts that an engine of the operator's passed on, kept for a day: the same attempt of the same session is answered
//! alike on every node and counted once. The digits are kept nowhere, not even hashed: there are only a million of them.

use domain::{Span, Time};

use crate::db::{Db, statements};
use crate::limits::{PIN_ATTEMPT_HOURS, PIN_ATTEMPT_SESSION_BYTES_MAX};
use crate::{Result, StoreError};

/// The answer to an attempt, as it was kept.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Kept {
    /// Who the attempt was for: the account, or MAC and address.
    pub subject: String,
    /// What was answered.
    pub result: String,
    /// Tries left, where the answer names them.
    pub attempts_left: Option<i64>,
}

statements! {
    FIND = "select subject, result, attempts_left from pin_attempt where session = $1 and attempt = $2 and at >= $3";
    PRUNE = "delete from pin_attempt where at < $1";
    KEEP = "insert into pin_attempt (session, attempt, at, subject, result, attempts_left) values ($1, $2, $3, $4, $5, $6)";
}

/// What this attempt was answered within the last day.
pub fn find(db: &Db, session: &str, attempt: i64, now: Time) -> Result<Option<Kept>> {
    db.opt(FIND, &[session.into(), attempt.into(), memory(now).into()], |row| {
        Ok(Kept { subject: row.text(0)?.to_owned(), result: row.text(1)?.to_owned(), attempts_left: row.opt_int(2)? })
    })
}

/// Keeps an answer, and forgets those older than a day. [`StoreError::Exists`] if there is one.
pub fn keep(db: &Db, session: &str, attempt: i64, answer: &Kept, now: Time) -> Result<()> {
    if session.len() > PIN_ATTEMPT_SESSION_BYTES_MAX || answer.subject.len() > PIN_ATTEMPT_SESSION_BYTES_MAX {
        return Err(StoreError::TooLarge { what: "bytes in the name of a session", max: PIN_ATTEMPT_SESSION_BYTES_MAX });
    }
    prune(db, now)?;
    let (subject, result) = (&answer.subject, &answer.result);
    let args = [session.into(), attempt.into(), now.into(), subject.into(), result.into(), answer.attempts_left.into()];
    db.exec(KEEP, &args).map(drop)
}

/// Forgets answers older than a day; how many.
pub fn prune(db: &Db, now: Time) -> Result<u64> {
    db.exec(PRUNE, &[memory(now).into()])
}

fn memory(now: Time) -> Time {
    now - Span::hours(PIN_ATTEMPT_HOURS)
}
