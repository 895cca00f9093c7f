//! Links in letters by which people choose a password: those who were just added, and those who forgot theirs.

use std::net::IpAddr;

use domain::{Chance, Secret, Span, Time};
use sha2::{Digest, Sha256};
use store::people::{self, Account};
use store::{Db, Scope, correspondence, password_link, session};
use uuid::Uuid;

use super::account::hash;
use super::own_account::fits;
use super::sign_in::Counters;
use super::user::editable;
use super::{Admin, By, Error};
use crate::edge::SystemChance;
use crate::hex::hex;
use crate::limits::{FORGOTTEN_LINK, INVITATION_LINK};
use crate::mail::{self, Addressee, Language, Letterhead, Template};

/// Writes to somebody that they choose a password. Refused if they have no address, or nothing can be written.
pub async fn invite(admin: &Admin, by: &By, id: Uuid) -> Result<(), Error> {
    if !admin.platform.mails {
        return Err(Error::refused("mail", "no mail can be sent: set mail.smtp and mail.from"));
    }
    let (link, by) = (Link::new(admin, INVITATION_LINK), by.clone());
    admin
        .write(move |db| {
            let account = editable(db, &by, id)?;
            if !link.write(db, &account, Template::Invitation, by.now)? {
                return Err(Error::invalid("email", "this person has no mail address"));
            }
            by.audit(db, account.actor.node, "user.invited", &account.name, "")
        })
        .await
}

/// Writes to whoever has this name, if there is such a person with an address. Whether there is, nobody is told; how often somebody may ask
/// is counted like wrong sign-ins.
pub async fn forgotten(admin: &Admin, name: &str, address: IpAddr, now: Time) -> Result<(), Error> {
    let (link, name, counters) = (Link::new(admin, FORGOTTEN_LINK), name.trim().to_owned(), Counters::of(name.trim(), address));
    if !admin.platform.mails || name.is_empty() {
        return Ok(());
    }
    admin
        .write(move |db| {
            if counters.shut(db, now)?.is_some() {
                return Ok(());
            }
            counters.wrong(db, now)?;
            let Some(account) = people::account_by_name(db, &name)?.filter(|account| !account.disabled) else { return Ok(()) };
            if link.write(db, &account, Template::ForgottenPassword, now)? {
                let by = By { name: account.name.clone(), actor: account.actor, now };
                by.audit(db, account.actor.node, "password.forgotten", &account.name, &format!("asked from {address}"))?;
            }
            Ok(())
        })
        .await
}

/// The name of whoever a link belongs to, if it still counts.
pub async fn whose(admin: &Admin, shown: &str, now: Time) -> Result<Option<String>, Error> {
    let hash = digest(shown);
    admin.read(move |db| Ok(owner(db, &hash, now)?.map(|account| account.name))).await
}

/// Takes the password that a link's owner chose. All their sessions end, and the link. Whether the link still counted.
pub async fn choose(admin: &Admin, shown: &str, password: Secret<String>, now: Time) -> Result<bool, Error> {
    fits(&password)?;
    let (link, hashed) = (digest(shown), hash(&password)?);
    admin
        .write(move |db| {
            let Some(mut account) = owner(db, &link, now)? else { return Ok(false) };
            account.password_hash.clone_from(&hashed);
            people::save_account(db, &account.actor.node, &account)?;
            session::end_all(db, account.id, None)?;
            password_link::forget(db, account.id)?;
            let by = By { name: account.name.clone(), actor: account.actor, now };
            by.audit(db, account.actor.node, "password.changed", &account.name, "by a link in a letter")?;
            Ok(true)
        })
        .await
}

fn owner(db: &Db, hash: &[u8; 32], now: Time) -> Result<Option<Account>, Error> {
    let Some(id) = password_link::find(db, hash, now)? else { return Ok(None) };
    Ok(people::account_of_session(db, id)?.filter(|account| !account.disabled))
}

/// A link that was made and not written yet.
struct Link {
    shown: String,
    portal_url: String,
    lasts: Span,
}

impl Link {
    fn new(admin: &Admin, lasts: Span) -> Self {
        let mut random = [0; 32];
        SystemChance.fill(&mut random);
        Self { shown: hex(&random), portal_url: admin.platform.portal_url.clone(), lasts }
    }

    /// Queues the letter with the transaction that makes the link count. Whether there is an address to write to, of somebody who still
    /// belongs anywhere.
    fn write(&self, db: &Db, account: &Account, template: Template, now: Time) -> Result<bool, Error> {
        let Some(head) = Letterhead::of(db, account.actor.node, &self.portal_url)? else { return Ok(false) };
        let how = correspondence::of(db, &Scope::Operator, account.id)?;
        let Some(email) = how.email else { return Ok(false) };
        password_link::set(db, account.id, &digest(&self.shown), now + self.lasts)?;
        let hours = (self.lasts.as_seconds() / 3_600).to_string();
        let address = format!("{}/password?link={}", head.url, self.shown);
        let to = Addressee { email, language: Language::of(&how.language), head };
        mail::queue(db, now, &to, template, &[("name", &account.name), ("link", &address), ("hours", &hours)])?;
        Ok(true)
    }
}

fn digest(shown: &str) -> [u8; 32] {
    Sha256::digest(format!("link\0{shown}")).into()
}
