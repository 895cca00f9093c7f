//! One's own account: sessions and password.

use domain::Secret;
use serde::Serialize;
use store::{people, session};

use super::account::hash;
use super::sign_in::SignedInAs;
use super::{Admin, Error};
use crate::hex::hex;
use crate::limits::{PASSWORD_BYTES_MAX, PASSWORD_CHARS_MIN};

/// One's session, as the page lists it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct SessionView {
    /// Names it; not the cookie, nor anything it could be made from.
    pub id: String,
    /// From where it began.
    pub address: String,
    /// What the browser called itself.
    pub agent: String,
    /// When it began.
    pub begun: String,
    /// When it was last used.
    pub seen: String,
    /// The one at hand.
    pub this: bool,
}

/// One's open sessions, latest first.
pub async fn sessions(admin: &Admin, who: &SignedInAs) -> Result<Vec<SessionView>, Error> {
    let (account, this, now) = (who.account.id, who.session.id, who.by.now);
    let open = admin.read(move |db| Ok(session::of(db, account, now)?)).await?;
    let view = |session: session::Session| SessionView {
        id: hex(&session.id[..16]),
        address: session.address.to_string(),
        agent: session.agent,
        begun: session.begun.rfc3339(),
        seen: session.seen.rfc3339(),
        this: session.id == this,
    };
    Ok(open.into_iter().map(view).collect())
}

/// Ends one of one's sessions.
pub async fn end_session(admin: &Admin, who: &SignedInAs, id: &str) -> Result<(), Error> {
    let (account, wanted, now) = (who.account.id, id.to_owned(), who.by.now);
    admin
        .write(move |db| {
            let open = session::of(db, account, now)?;
            let known = open.iter().find(|session| hex(&session.id[..16]) == wanted).ok_or_else(|| Error::NotFound("session".into()))?;
            session::end(db, account, &known.id)?;
            Ok(())
        })
        .await
}

/// Changes one's password. All other sessions end.
pub async fn set_password(admin: &Admin, who: &SignedInAs, password: Secret<String>) -> Result<(), Error> {
    fits(&password)?;
    let (hashed, who) = (hash(&password)?, who.clone());
    admin
        .write(move |db| {
            let Some(mut account) = people::account_of_session(db, who.account.id)? else { return Err(Error::Forbidden) };
            account.password_hash.clone_from(&hashed);
            people::save_account(db, &account.actor.node, &account)?;
            session::end_all(db, account.id, Some(&who.session.id))?;
            who.by.audit(db, account.actor.node, "password.changed", &account.name, "")
        })
        .await
}

/// Refuses a password that is too short.
pub(super) fn fits(password: &Secret<String>) -> Result<(), Error> {
    let fits = password.expose().chars().count() >= PASSWORD_CHARS_MIN && password.expose().len() <= PASSWORD_BYTES_MAX;
    if fits { Ok(()) } else { Err(Error::invalid("password", format!("password: at least {PASSWORD_CHARS_MIN} characters"))) }
}
