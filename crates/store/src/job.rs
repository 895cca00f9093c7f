//! Work that must be done once, by whichever node is alive: leases on a name, and jobs with a due time.
//!
//! Both are claimed for a span. A node that dies loses its claim when the span ends; a node that lives renews in time.

use domain::{Span, Time};
use uuid::Uuid;

use crate::db::{Db, Row, statements};
use crate::limits::{JOB_ERROR_BYTES_MAX, JOB_PAYLOAD_BYTES_MAX};
use crate::{Result, StoreError};

/// A job that was claimed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Job {
    /// Its id, given by who made it.
    pub id: Uuid,
    /// What to do.
    pub kind: String,
    /// JSON without secrets, at most 64 KiB.
    pub payload: String,
    /// How often it was claimed, this time included.
    pub tries: i64,
}

statements! {
    LEASE = "insert into lease (name, owner, leased_until) values ($1, $2, $3)
        on conflict (name) do update set owner = excluded.owner, leased_until = excluded.leased_until
        where lease.owner = excluded.owner or lease.leased_until <= $4";
    RELEASE = "delete from lease where name = $1 and owner = $2";
    PRUNE_LEASES = "delete from lease where leased_until <= $1";
    INSERT = "insert into job (id, kind, due, payload, tries) values ($1, $2, $3, $4, 0) on conflict (id) do nothing";
    // The outer repeat of the lease test is what makes this safe on PostgreSQL: the second updater re-checks only the outer condition.
    CLAIM = "update job set owner = $1, leased_until = $2, tries = tries + 1
        where id = (select id from job where kind = $3 and due <= $4 and (leased_until is null or leased_until <= $4) order by due, id limit 1)
        and (leased_until is null or leased_until <= $4)
        returning id, kind, payload, tries";
    RENEW = "update job set leased_until = $1 where id = $2 and owner = $3 and leased_until > $4";
    FINISH = "delete from job where id = $1 and owner = $2";
    RETRY = "update job set owner = null, leased_until = null, due = $1, last_error = $2 where id = $3 and owner = $4";
}

/// Takes or renews the lease on a name; whether `owner` holds it now.
pub fn lease(db: &Db, name: &str, owner: Uuid, now: Time, span: Span) -> Result<bool> {
    let taken = db.exec(LEASE, &[name.into(), owner.as_bytes().into(), (now + span).into(), now.into()])?;
    Ok(taken == 1)
}

/// Gives a lease back before it ends.
pub fn release(db: &Db, name: &str, owner: Uuid) -> Result<()> {
    db.exec(RELEASE, &[name.into(), owner.as_bytes().into()]).map(drop)
}

/// Removes leases that have ended: one that is not there is as free as one that has ended. Returns how many.
pub fn prune_leases(db: &Db, now: Time) -> Result<u64> {
    db.exec(PRUNE_LEASES, &[now.into()])
}

/// Adds a job; nothing happens if its id is there already.
pub fn add(db: &Db, id: Uuid, kind: &str, due: Time, payload: &str) -> Result<()> {
    if payload.len() > JOB_PAYLOAD_BYTES_MAX {
        return Err(StoreError::TooLarge { what: "bytes in a job", max: JOB_PAYLOAD_BYTES_MAX });
    }
    db.exec(INSERT, &[id.as_bytes().into(), kind.into(), due.into(), payload.into()]).map(drop)
}

/// Claims the job of a kind that is longest due, for a span. Nobody else gets it before that ends.
pub fn claim(db: &Db, kind: &str, owner: Uuid, now: Time, span: Span) -> Result<Option<Job>> {
    db.opt(CLAIM, &[owner.as_bytes().into(), (now + span).into(), kind.into(), now.into()], job)
}

/// Prolongs a claim; false if it was lost.
pub fn renew(db: &Db, id: Uuid, owner: Uuid, now: Time, span: Span) -> Result<bool> {
    let renewed = db.exec(RENEW, &[(now + span).into(), id.as_bytes().into(), owner.as_bytes().into(), now.into()])?;
    Ok(renewed == 1)
}

/// Removes a job that is done; false if the claim was lost meanwhile.
pub fn finish(db: &Db, id: Uuid, owner: Uuid) -> Result<bool> {
    Ok(db.exec(FINISH, &[id.as_bytes().into(), owner.as_bytes().into()])? == 1)
}

/// Gives a job back, to be tried again at `due`; false if the claim was lost meanwhile. The error holds no secret.
pub fn retry(db: &Db, id: Uuid, owner: Uuid, due: Time, error: &str) -> Result<bool> {
    let cut = error.floor_char_boundary(JOB_ERROR_BYTES_MAX);
    let given = db.exec(RETRY, &[due.into(), (&error[..cut]).into(), id.as_bytes().into(), owner.as_bytes().into()])?;
    Ok(given == 1)
}

fn job(row: &Row<'_>) -> Result<Job> {
    let id = row.bytes(0)?;
    Ok(Job {
        id: Uuid::from_slice(id).map_err(|_| StoreError::Damaged { table: "job", column: "id", row: crate::seal::printable(id) })?,
        kind: row.text(1)?.to_owned(),
        payload: row.text(2)?.to_owned(),
        tries: row.int(3)?,
    })
}
