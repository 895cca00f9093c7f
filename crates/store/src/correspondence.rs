//! Where people are written to, in which language, and whether they wish alerts. Kept beside their account.

use domain::role::{Actor, Target};
use uuid::Uuid;

use crate::db::{Db, Row, statements};
use crate::limits::EMAIL_BYTES_MAX;
use crate::people::{account, actor};
use crate::scope::{Scope, id};
use crate::{Result, StoreError};

/// How somebody is written to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Correspondence {
    /// Their mail address.
    pub email: Option<String>,
    /// The language that they read, such as `de`.
    pub language: String,
    /// They wish to be told when a phone needs somebody.
    pub alerts: bool,
}

impl Default for Correspondence {
    fn default() -> Self {
        Self { email: None, language: "en".into(), alerts: false }
    }
}

/// Somebody who wishes alerts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reader {
    /// Their role and branch.
    pub actor: Actor,
    /// Their mail address.
    pub email: String,
    /// The language that they read.
    pub language: String,
}

statements! {
    ONE = "select email, language, alerts from account where id = $1";
    SET = "update account set email = $1, language = $2, alerts = $3 where id = $4";
    READERS = "select role, node_kind, node, email, language from account
        where alerts = $1 and disabled = $2 and email is not null order by name limit 1000";
}

/// How somebody in scope is written to.
pub fn of(db: &Db, scope: &Scope, wanted: Uuid) -> Result<Correspondence> {
    account(db, scope, wanted)?;
    db.one(ONE, &[id(&wanted)], |row| {
        Ok(Correspondence { email: row.opt_text(0)?.map(str::to_owned), language: row.text(1)?.to_owned(), alerts: row.bool(2)? })
    })
}

/// Sets how somebody in scope is written to.
pub fn set(db: &Db, scope: &Scope, wanted: Uuid, to: &Correspondence) -> Result<()> {
    account(db, scope, wanted)?;
    if to.email.as_ref().is_some_and(|email| email.len() > EMAIL_BYTES_MAX) {
        return Err(StoreError::TooLarge { what: "bytes in a mail address", max: EMAIL_BYTES_MAX });
    }
    db.exec(SET, &[to.email.as_ref().into(), (&to.language).into(), to.alerts.into(), id(&wanted)]).map(drop)
}

/// Those who wish alerts about something, wherever in its branch they are. At most 1000 people are looked at.
pub fn readers(db: &Db, about: &Target) -> Result<Vec<Reader>> {
    let all = db.all(READERS, &[true.into(), false.into()], |row: &Row<'_>| {
        Ok(Reader { actor: actor(row, 0)?, email: row.text(3)?.to_owned(), language: row.text(4)?.to_owned() })
    })?;
    Ok(all.into_iter().filter(|reader| about.within(reader.actor.node)).collect())
}
