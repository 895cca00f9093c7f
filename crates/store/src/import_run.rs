//! Imports that run beside requests: whose, how far they are, and what came of them, for a day.

use domain::tenancy::Node;
use domain::{Span, Time};
use uuid::Uuid;

use crate::db::{Db, statements};
use crate::limits::{IMPORT_OUTCOME_BYTES_MAX, IMPORT_RUN_HOURS, IMPORT_RUN_SILENT_MINUTES, IMPORT_RUNS_MAX, IMPORT_RUNS_OF_BRANCH_MAX};
use crate::scope::{Scope, id, node_columns};
use crate::{Result, StoreError};

/// How an import stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum State {
    /// Under way.
    Running,
    /// It came to its end, whatever that was.
    Done,
    /// It broke off.
    Failed,
}

impl State {
    /// As it is stored and shown.
    pub fn code(self) -> &'static str {
        match self {
            Self::Running => "running",
            Self::Done => "done",
            Self::Failed => "failed",
        }
    }
}

/// What is known of an import.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Run {
    /// When it began.
    pub begun: Time,
    /// How it stands. One that has not been heard of for long has failed.
    pub state: State,
    /// How far it is, or what came of it: JSON.
    pub outcome: String,
}

statements! {
    PRUNE = "delete from import_run where begun < $1";
    RUNNING = "select count(*) filter (where node_kind = $1 and node = $2) as of_branch, count(*) as everywhere
        from import_run where state = 'running' and seen > $3";
    BEGIN = "insert into import_run (id, node_kind, node, begun, seen, state, outcome) values ($1, $2, $3, $4, $5, 'running', $6)";
    NOTE = "update import_run set seen = $1, state = $2, outcome = $3 where id = $4";
    LOOK = "select begun, seen, state, outcome from import_run where id = $1 and (node_kind = $2 and node = $3 or $4)";
}

/// Notes that an import begins; whether it may: of each branch, and of all, so many run at once.
pub fn begin(db: &Db, branch: &Node, import: Uuid, outcome: &str, now: Time) -> Result<bool> {
    db.exec(PRUNE, &[(now - Span::hours(IMPORT_RUN_HOURS)).into()])?;
    let (kind, node) = node_columns(branch);
    let args = [kind.into(), id(&node), (now - Span::minutes(IMPORT_RUN_SILENT_MINUTES)).into()];
    let (of_branch, everywhere) = db.one(RUNNING, &args, |row| Ok((row.int(0)?, row.int(1)?)))?;
    if of_branch >= IMPORT_RUNS_OF_BRANCH_MAX || everywhere >= IMPORT_RUNS_MAX {
        return Ok(false);
    }
    db.exec(BEGIN, &[id(&import), kind.into(), id(&node), now.into(), now.into(), outcome.into()])?;
    Ok(true)
}

/// Notes how far an import is.
pub fn note(db: &Db, import: Uuid, state: State, outcome: &str, now: Time) -> Result<()> {
    if outcome.len() > IMPORT_OUTCOME_BYTES_MAX {
        return Err(StoreError::TooLarge { what: "bytes in the outcome of an import", max: IMPORT_OUTCOME_BYTES_MAX });
    }
    db.exec(NOTE, &[now.into(), state.code().into(), outcome.into(), id(&import)]).map(drop)
}

/// An import of this very branch; the operator sees all.
pub fn look(db: &Db, scope: &Scope, import: Uuid, now: Time) -> Result<Run> {
    let (kind, node) = node_columns(scope);
    db.one(LOOK, &[id(&import), kind.into(), id(&node), (*scope == Scope::Operator).into()], |row| {
        let silent = row.int(1)? <= (now - Span::minutes(IMPORT_RUN_SILENT_MINUTES)).millis();
        let state = match row.text(2)? {
            "running" if !silent => State::Running,
            "done" => State::Done,
            _ => State::Failed,
        };
        Ok(Run { begun: Time::from_millis(row.int(0)?), state, outcome: row.text(3)?.to_owned() })
    })
}
