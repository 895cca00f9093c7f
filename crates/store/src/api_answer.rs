//! Answers to requests of the API that carried an idempotency key, kept for a day: the same request is answered alike on every node and
//! done once. A request is noted before it is done; one that died in between stays "running", because nobody knows whether it was done.

use domain::{Span, Time};

use crate::Result;
use crate::db::{Db, statements};
use crate::limits::API_ANSWER_HOURS;
use crate::seal::Place;

/// A request: a hash over its token and its key, and one over what it asks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Asked {
    /// Whose, and which.
    pub id: [u8; 32],
    /// Method, path and body.
    pub request: [u8; 32],
}

/// What is known of a key when a request comes with it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Known {
    /// Nothing: it is noted now, and the caller goes on.
    New,
    /// The same request was answered so.
    Answered(Vec<u8>),
    /// The same request runs, or died while it ran.
    Running,
    /// Another request had this key.
    Other,
}

statements! {
    FIND = "select request, answer from api_answer where id = $1";
    BEGIN = "insert into api_answer (id, at, request) values ($1, $2, $3)";
    KEEP = "update api_answer set answer = $1 where id = $2 and request = $3";
    DROP = "delete from api_answer where id = $1 and request = $2 and answer is null";
    PRUNE = "delete from api_answer where at < $1";
}

/// Notes a request, unless its key is known within the last day.
pub fn begin(db: &Db, asked: &Asked, now: Time) -> Result<Known> {
    db.exec(PRUNE, &[(now - Span::hours(API_ANSWER_HOURS)).into()])?;
    let found = db.opt(FIND, &[(&asked.id).into()], |row| Ok((row.bytes(0)? == asked.request, row.opt_bytes(1)?.map(<[u8]>::to_vec))))?;
    Ok(match found {
        None => {
            db.exec(BEGIN, &[(&asked.id).into(), now.into(), (&asked.request).into()])?;
            Known::New
        }
        Some((false, _)) => Known::Other,
        Some((true, None)) => Known::Running,
        Some((true, Some(sealed))) => Known::Answered(db.open(place(&asked.id), &sealed)?.to_vec()),
    })
}

/// Keeps what a noted request was answered.
pub fn keep(db: &Db, asked: &Asked, answer: &[u8]) -> Result<()> {
    let sealed = db.seal(place(&asked.id), answer)?;
    db.exec(KEEP, &[(&sealed).into(), (&asked.id).into(), (&asked.request).into()]).map(drop)
}

/// Forgets a noted request that was not done, so that it may be sent again.
pub fn forget(db: &Db, asked: &Asked) -> Result<()> {
    db.exec(DROP, &[(&asked.id).into(), (&asked.request).into()]).map(drop)
}

pub(crate) fn place(id: &[u8]) -> Place<'_> {
    Place { table: "api_answer", column: "answer", row: id }
}
