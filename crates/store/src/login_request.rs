//! Requests for the global login: a numbered ticket that the operator grants or declines, and that is revealed once.

use domain::Time;
use domain::tenancy::Node;

use crate::db::{Db, Row, statements};
use crate::limits::{LABEL_BYTES_MAX, LOGIN_REQUESTS_OPEN_MAX};
use crate::scope::{Scope, id, node, node_columns};
use crate::{Result, StoreError};

/// How far a request has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum State {
    /// Nobody has decided.
    Open,
    /// The requester may see the login, once.
    Granted,
    /// The requester may not.
    Declined,
}

impl State {
    /// Its code.
    pub fn code(self) -> &'static str {
        match self {
            Self::Open => "open",
            Self::Granted => "granted",
            Self::Declined => "declined",
        }
    }
}

/// A request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LoginRequest {
    /// Its number, from 1.
    pub number: i64,
    /// Whose request it is.
    pub node: Node,
    /// Why, in the requester's words.
    pub reason: String,
    /// How far it has come.
    pub state: State,
    /// When it was made.
    pub asked: Time,
    /// By whom.
    pub asked_by: String,
    /// When it was decided.
    pub decided: Option<Time>,
    /// By whom.
    pub decided_by: Option<String>,
    /// When the login was shown.
    pub revealed: Option<Time>,
}

statements! {
    OPEN = "select count(*) as open from global_login_request where node_kind = $1 and node = $2 and state = 'open'";
    LAST = "select coalesce(max(number), 0) as last from global_login_request";
    ADD = "insert into global_login_request (number, node_kind, node, reason, state, asked, asked_by) values ($1, $2, $3, $4, $5, $6, $7)";
    ONE = "select number, node_kind, node, reason, state, asked, asked_by, decided, decided_by, revealed from global_login_request
        where number = $1";
    NEWEST = "select number, node_kind, node, reason, state, asked, asked_by, decided, decided_by, revealed from global_login_request
        where (node_kind = $1 and node = $2) or $1 = 'operator' order by number desc limit 500";
    DECIDE = "update global_login_request set state = $1, decided = $2, decided_by = $3 where number = $4 and state = 'open'";
    REVEAL = "update global_login_request set revealed = $1 where number = $2 and state = 'granted' and revealed is null";
}

/// Makes a request for a node and returns its number. A node has at most 16 open ones.
pub fn add(db: &Db, of: Node, reason: &str, by: &str, now: Time) -> Result<i64> {
    if reason.len() > LABEL_BYTES_MAX {
        return Err(StoreError::TooLarge { what: "bytes in a reason", max: LABEL_BYTES_MAX });
    }
    let (kind, owner) = node_columns(&of);
    if db.one(OPEN, &[kind.into(), id(&owner)], |row| row.int(0))? >= LOGIN_REQUESTS_OPEN_MAX {
        let max = usize::try_from(LOGIN_REQUESTS_OPEN_MAX).expect("a small constant");
        return Err(StoreError::TooLarge { what: "open requests for the global login", max });
    }
    let number = db.one(LAST, &[], |row| row.int(0))? + 1;
    db.exec(ADD, &[number.into(), kind.into(), id(&owner), reason.into(), State::Open.code().into(), now.into(), by.into()])?;
    Ok(number)
}

/// One request.
pub fn one(db: &Db, scope: &Scope, number: i64) -> Result<LoginRequest> {
    let found = db.one(ONE, &[number.into()], read)?;
    if *scope == Scope::Operator || *scope == found.node { Ok(found) } else { Err(StoreError::NotFound) }
}

/// The newest 500 requests, newest first: all for the operator, one's own for others.
pub fn list(db: &Db, scope: &Scope) -> Result<Vec<LoginRequest>> {
    let (kind, owner) = node_columns(scope);
    db.all(NEWEST, &[kind.into(), id(&owner)], read)
}

/// Grants or declines an open request.
pub fn decide(db: &Db, number: i64, state: State, by: &str, now: Time) -> Result<LoginRequest> {
    one(db, &Scope::Operator, number)?;
    match db.exec(DECIDE, &[state.code().into(), now.into(), by.into(), number.into()])? {
        0 => Err(StoreError::Refused(format!("request {number} is decided already"))),
        _ => one(db, &Scope::Operator, number),
    }
}

/// Notes that the login was shown for a granted request; refused the second time.
pub fn reveal(db: &Db, scope: &Scope, number: i64, now: Time) -> Result<LoginRequest> {
    let found = one(db, scope, number)?;
    if db.exec(REVEAL, &[now.into(), number.into()])? == 1 {
        return one(db, scope, number);
    }
    Err(StoreError::Refused(match found.state {
        State::Open => format!("request {number} is not decided yet"),
        State::Declined => format!("request {number} was declined"),
        State::Granted => format!("request {number} has shown its login already; make a new one"),
    }))
}

fn read(row: &Row<'_>) -> Result<LoginRequest> {
    let number = row.int(0)?;
    let state = match row.text(4)? {
        "open" => State::Open,
        "granted" => State::Granted,
        "declined" => State::Declined,
        _ => return Err(StoreError::Damaged { table: "global_login_request", column: "state", row: number.to_string() }),
    };
    Ok(LoginRequest {
        number,
        node: node(row, 1)?,
        reason: row.text(3)?.to_owned(),
        state,
        asked: Time::from_millis(row.int(5)?),
        asked_by: row.text(6)?.to_owned(),
        decided: row.opt_int(7)?.map(Time::from_millis),
        decided_by: row.opt_text(8)?.map(str::to_owned),
        revealed: row.opt_int(9)?.map(Time::from_millis),
    })
}
