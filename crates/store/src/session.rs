//! Who is signed in, and who tried and was wrong. A cookie is kept as its hash alone.

use std::net::IpAddr;

use domain::{Span, Time};
use uuid::Uuid;

use crate::db::{Db, Row, statements};
use crate::limits::{AGENT_BYTES_MAX, SESSIONS_PER_ACCOUNT_MAX, SIGN_IN_TRIES_MAX};
use crate::scope::{id, uuid};
use crate::{Result, StoreError};

/// Somebody signed in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Session {
    /// SHA-256 of the cookie.
    pub id: [u8; 32],
    /// Who.
    pub account: Uuid,
    /// The password was right, the second factor is awaited.
    pub half: bool,
    /// When it began.
    pub begun: Time,
    /// When it was last used, roughly.
    pub seen: Time,
    /// When a password was last given.
    pub proved: Time,
    /// When it ends, whatever happens.
    pub ends: Time,
    /// From where it began.
    pub address: IpAddr,
    /// What the browser called itself.
    pub agent: String,
}

/// What was tried before under one key.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Tries {
    /// Wrong ones in a row.
    pub wrong: u32,
    /// None is looked at until then.
    pub shut_until: Option<Time>,
}

statements! {
    ADD = "insert into session (id, account, half, begun, seen, proved, ends, address, agent) values ($1, $2, $3, $4, $5, $6, $7, $8, $9)";
    FIND = "select id, account, half, begun, seen, proved, ends, address, agent from session where id = $1 and ends > $2 and seen > $3";
    OF = "select id, account, half, begun, seen, proved, ends, address, agent from session
        where account = $1 and ends > $2 and half = $3 order by seen desc, id limit 100";
    SEEN = "update session set seen = $1 where id = $2";
    PROVED = "update session set proved = $1 where id = $2";
    DROP = "delete from session where id = $1 and account = $2";
    DROP_OTHERS = "delete from session where account = $1 and id <> $2";
    DROP_ALL = "delete from session where account = $1";
    PRUNE = "delete from session where ends < $1 or seen < $2";
    TRIES = "select wrong, shut_until from sign_in_try where id = $1";
    NOTE = "insert into sign_in_try (id, wrong, at, shut_until) values ($1, $2, $3, $4)
        on conflict (id) do update set wrong = excluded.wrong, at = excluded.at, shut_until = excluded.shut_until";
    FORGET = "delete from sign_in_try where id = $1";
    PRUNE_TRIES = "delete from sign_in_try where at < $1";
    COUNT_TRIES = "select count(*) as tries from sign_in_try";
    OLDEST_TRIES = "delete from sign_in_try where id in (select id from sign_in_try order by at limit 1000)";
}

/// Begins a session. The person's oldest ends if there are too many.
pub fn begin(db: &Db, session: &Session) -> Result<()> {
    let open = db.all(OF, &[id(&session.account), session.begun.into(), session.half.into()], read)?;
    for old in open.iter().skip(SESSIONS_PER_ACCOUNT_MAX - 1) {
        db.exec(DROP, &[(&old.id).into(), id(&old.account)])?;
    }
    let (address, agent) = (session.address.to_string(), cut(&session.agent));
    let args = [
        (&session.id).into(),
        id(&session.account),
        session.half.into(),
        session.begun.into(),
        session.seen.into(),
        session.proved.into(),
        session.ends.into(),
        (&address).into(),
        agent.into(),
    ];
    db.exec(ADD, &args).map(drop)
}

/// The session of this hash, unless it ended or was left alone for longer than `idle`.
pub fn find(db: &Db, wanted: &[u8; 32], now: Time, idle: Span) -> Result<Option<Session>> {
    db.opt(FIND, &[wanted.into(), now.into(), (now - idle).into()], read)
}

/// The open sessions of somebody, latest first.
pub fn of(db: &Db, account: Uuid, now: Time) -> Result<Vec<Session>> {
    db.all(OF, &[id(&account), now.into(), false.into()], read)
}

/// Notes that a session is used. Once a minute is enough.
pub fn note_use(db: &Db, session: &[u8; 32], now: Time) -> Result<()> {
    db.exec(SEEN, &[now.into(), session.into()]).map(drop)
}

/// Notes that the person has just given their password again.
pub fn note_proof(db: &Db, session: &[u8; 32], now: Time) -> Result<()> {
    db.exec(PROVED, &[now.into(), session.into()]).map(drop)
}

/// Ends one session of somebody. Whether there was one.
pub fn end(db: &Db, account: Uuid, session: &[u8; 32]) -> Result<bool> {
    Ok(db.exec(DROP, &[session.into(), id(&account)])? > 0)
}

/// Ends all sessions of somebody but one; all, if none is to stay.
pub fn end_all(db: &Db, account: Uuid, but: Option<&[u8; 32]>) -> Result<()> {
    match but {
        Some(kept) => db.exec(DROP_OTHERS, &[id(&account), kept.into()]),
        None => db.exec(DROP_ALL, &[id(&account)]),
    }
    .map(drop)
}

/// Removes sessions that ended or were left alone, and tries older than a day. How many rows went.
pub fn prune(db: &Db, now: Time, idle: Span) -> Result<u64> {
    Ok(db.exec(PRUNE, &[now.into(), (now - idle).into()])? + db.exec(PRUNE_TRIES, &[(now - Span::days(1)).into()])?)
}

/// What was tried before under a key.
pub fn tries(db: &Db, key: &[u8; 32]) -> Result<Tries> {
    let found = db.opt(TRIES, &[key.into()], |row| {
        let wrong = u32::try_from(row.int(0)?).unwrap_or(u32::MAX);
        Ok(Tries { wrong, shut_until: Some(row.int(1)?).filter(|until| *until > 0).map(Time::from_millis) })
    })?;
    Ok(found.unwrap_or_default())
}

/// Keeps what was tried.
pub fn note_tries(db: &Db, key: &[u8; 32], tries: Tries, now: Time) -> Result<()> {
    if db.one(COUNT_TRIES, &[], |row| row.int(0))? >= SIGN_IN_TRIES_MAX {
        db.exec(OLDEST_TRIES, &[])?;
    }
    let until = tries.shut_until.map_or(0, Time::millis);
    db.exec(NOTE, &[key.into(), i64::from(tries.wrong).into(), now.into(), until.into()]).map(drop)
}

/// Forgets what was tried: somebody was right.
pub fn forget_tries(db: &Db, key: &[u8; 32]) -> Result<()> {
    db.exec(FORGET, &[key.into()]).map(drop)
}

fn cut(agent: &str) -> &str {
    &agent[..agent.floor_char_boundary(AGENT_BYTES_MAX)]
}

fn read(row: &Row<'_>) -> Result<Session> {
    let damaged = |column| StoreError::Damaged { table: "session", column, row: String::new() };
    Ok(Session {
        id: row.bytes(0)?.try_into().map_err(|_| damaged("id"))?,
        account: uuid(row, 1)?,
        half: row.bool(2)?,
        begun: Time::from_millis(row.int(3)?),
        seen: Time::from_millis(row.int(4)?),
        proved: Time::from_millis(row.int(5)?),
        ends: Time::from_millis(row.int(6)?),
        address: row.text(7)?.parse().map_err(|_| damaged("address"))?,
        agent: row.text(8)?.to_owned(),
    })
}
