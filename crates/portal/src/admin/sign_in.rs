//! Signing in: a name and a password, then a code of the second factor where the person has one. Wrong ones are counted in the database,
//! so that no number of nodes helps whoever guesses; a right name and a wrong one cost the same time and say the same.

use std::net::IpAddr;
use std::sync::LazyLock;

use argon2::Argon2;
use argon2::password_hash::PasswordVerifier as _;
use argon2::password_hash::phc::PasswordHash;
use domain::sign_in::Counted;
use domain::{Chance, Secret, Span, Time};
use sha2::{Digest, Sha256};
use store::Db;
use store::people::{self, Account};
use store::session::{self, Session, Tries};
use tokio::sync::Semaphore;
use uuid::Uuid;

use super::account::hash;
use super::second_factor::right_code;
use super::{Admin, By, Error};
use crate::edge::SystemChance;
use crate::hex::hex;
use crate::limits::{HASHES_AT_ONCE, NAME_BYTES_MAX, PASSWORD_BYTES_MAX, SESSION, SESSION_HALF, SESSION_IDLE};

/// What somebody typed, and from where.
#[derive(Clone, Debug)]
pub struct Typed {
    /// The name.
    pub name: String,
    /// The password.
    pub password: Secret<String>,
    /// From where.
    pub address: IpAddr,
    /// What the browser calls itself.
    pub agent: String,
}

/// What came of it.
#[derive(Clone, Debug)]
pub enum SignedIn {
    /// Signed in: the cookie's value, kept nowhere.
    Yes(Secret<String>),
    /// The password was right; a code of the second factor is wanted, with this cookie.
    CodeWanted(Secret<String>),
    /// Name or password is wrong; which one is not told.
    Wrong,
    /// Too many wrong ones: not looked at for so many seconds.
    Shut(i64),
}

/// Somebody's session, with what they may.
#[derive(Clone, Debug)]
pub struct SignedInAs {
    /// Who acts.
    pub by: By,
    /// Their account.
    pub account: Account,
    /// The session.
    pub session: Session,
}

/// Argon2 takes 19 MiB and some 20 ms; more at once would only make all of them late.
static HASHES: Semaphore = Semaphore::const_new(HASHES_AT_ONCE);

/// What an unknown name's password is compared with, so that it takes as long.
static NOBODY: LazyLock<Result<String, Error>> = LazyLock::new(|| hash(&Secret::from("nobody has this password")));

/// Takes a name and a password.
pub async fn sign_in(admin: &Admin, typed: Typed, now: Time) -> Result<SignedIn, Error> {
    if typed.name.len() > NAME_BYTES_MAX || typed.password.expose().len() > PASSWORD_BYTES_MAX {
        return Ok(SignedIn::Wrong);
    }
    let counters = Counters::of(&typed.name, typed.address);
    let name = typed.name.clone();
    let (found, shut) = admin.read(move |db| Ok((people::account_by_name(db, &name)?, counters.shut(db, now)?))).await?;
    if let Some(seconds) = shut {
        return Ok(SignedIn::Shut(seconds));
    }
    let account = found.filter(|account| !account.disabled);
    let right = verify(account.as_ref().map(|account| account.password_hash.clone()), typed.password.clone()).await?;
    let Some(account) = account.filter(|_| right) else {
        let name = typed.name;
        admin
            .write(move |db| {
                counters.wrong(db, now)?;
                tracing::info!(%name, address = %typed.address, "a sign-in was wrong");
                Ok(())
            })
            .await?;
        return Ok(SignedIn::Wrong);
    };
    let (cookie, id) = new_cookie();
    let half = admin
        .write(move |db| {
            let half = store::second_factor::find(db, account.id)?.is_some_and(|factor| factor.confirmed);
            let ends = now + if half { SESSION_HALF } else { SESSION };
            let (address, agent) = (typed.address, typed.agent.clone());
            let begun = Session { id, account: account.id, half, begun: now, seen: now, proved: now, ends, address, agent };
            session::begin(db, &begun)?;
            if !half {
                counters.right(db)?;
                welcome(db, &account, address, now)?;
            }
            Ok(half)
        })
        .await?;
    Ok(if half { SignedIn::CodeWanted(cookie) } else { SignedIn::Yes(cookie) })
}

/// Takes the code of the second factor, or a recovery code, for a sign-in that waits for it.
pub async fn give_code(admin: &Admin, cookie: &str, code: &str, now: Time) -> Result<SignedIn, Error> {
    let (id, code) = (digest(cookie), code.to_owned());
    let (next, next_id) = new_cookie();
    let done = admin
        .write(move |db| {
            let Some(waiting) = session::find(db, &id, now, SESSION_IDLE)?.filter(|session| session.half) else { return Ok(Done::Gone) };
            let Some(account) = people::account_of_session(db, waiting.account)?.filter(|account| !account.disabled) else {
                return Ok(Done::Gone);
            };
            let counters = Counters::of(&account.name, waiting.address);
            if let Some(seconds) = counters.shut(db, now)? {
                return Ok(Done::Shut(seconds));
            }
            if !right_code(db, account.id, &code, now)? {
                counters.wrong(db, now)?;
                return Ok(Done::Wrong);
            }
            counters.right(db)?;
            session::end(db, account.id, &id)?;
            let address = waiting.address;
            // A new cookie: whoever saw the half one has nothing.
            session::begin(db, &Session { id: next_id, half: false, seen: now, proved: now, ends: now + SESSION, ..waiting })?;
            welcome(db, &account, address, now)?;
            Ok(Done::Yes)
        })
        .await?;
    Ok(match done {
        Done::Yes => SignedIn::Yes(next),
        Done::Wrong => SignedIn::CodeWanted(Secret::from(cookie)),
        Done::Shut(seconds) => SignedIn::Shut(seconds),
        Done::Gone => SignedIn::Wrong,
    })
}

enum Done {
    Yes,
    Wrong,
    Shut(i64),
    /// The first half is over: it begins anew.
    Gone,
}

/// Whose cookie this is, if it is a whole session that has not ended.
pub async fn recognise(admin: &Admin, cookie: &str, now: Time) -> Result<Option<SignedInAs>, Error> {
    let id = digest(cookie);
    let found = admin
        .read(move |db| {
            let Some(session) = session::find(db, &id, now, SESSION_IDLE)?.filter(|session| !session.half) else { return Ok(None) };
            let account = people::account_of_session(db, session.account)?.filter(|account| !account.disabled);
            Ok(account.map(|account| (account, session)))
        })
        .await?;
    let Some((account, session)) = found else { return Ok(None) };
    // A minute is fine enough, and a page is then no write.
    if now.since(session.seen) > Span::minutes(1) {
        admin.write(move |db| Ok(session::note_use(db, &id, now)?)).await?;
    }
    let by = By { name: account.name.clone(), actor: account.actor, now };
    Ok(Some(SignedInAs { by, account, session }))
}

/// Whether a session still counts, for what goes on long after it was shown.
pub async fn counts(admin: &Admin, session: [u8; 32], now: Time) -> bool {
    let found = admin.read(move |db| {
        let Some(session) = session::find(db, &session, now, SESSION_IDLE)?.filter(|session| !session.half) else { return Ok(false) };
        Ok(people::account_of_session(db, session.account)?.is_some_and(|account| !account.disabled))
    });
    found.await.unwrap_or(false)
}

/// Ends the session of a cookie.
pub async fn sign_out(admin: &Admin, who: &SignedInAs) -> Result<(), Error> {
    let (account, id) = (who.account.id, who.session.id);
    admin.write(move |db| Ok(session::end(db, account, &id).map(drop)?)).await
}

/// Ends all sessions of somebody but the one at hand.
pub async fn end_others(admin: &Admin, who: &SignedInAs) -> Result<(), Error> {
    let (account, id): (Uuid, _) = (who.account.id, who.session.id);
    admin.write(move |db| Ok(session::end_all(db, account, Some(&id))?)).await
}

/// The password again, before something is shown that should not be seen over a shoulder. Counted like a sign-in.
pub async fn prove(admin: &Admin, who: &SignedInAs, password: Secret<String>, address: IpAddr) -> Result<SignedIn, Error> {
    let (now, counters) = (who.by.now, Counters::of(&who.account.name, address));
    if let Some(seconds) = admin.read(move |db| counters.shut(db, now)).await? {
        return Ok(SignedIn::Shut(seconds));
    }
    let right = password.expose().len() <= PASSWORD_BYTES_MAX && verify(Some(who.account.password_hash.clone()), password).await?;
    let id = who.session.id;
    admin
        .write(move |db| {
            if right {
                counters.right(db)?;
                session::note_proof(db, &id, now)?;
            } else {
                counters.wrong(db, now)?;
            }
            Ok(())
        })
        .await?;
    Ok(if right { SignedIn::Yes(Secret::from("")) } else { SignedIn::Wrong })
}

/// Whether a password belongs to a hash; without a hash it takes as long and is wrong.
pub(super) async fn verify(hashed: Option<String>, password: Secret<String>) -> Result<bool, Error> {
    let _place = HASHES.acquire().await.map_err(|_| Error::Unavailable("the server stops".into()))?;
    let known = hashed.is_some();
    let hashed = hashed.map_or_else(|| NOBODY.clone(), Ok)?;
    let compared = tokio::task::spawn_blocking(move || {
        PasswordHash::new(&hashed).is_ok_and(|hash| Argon2::default().verify_password(password.expose().as_bytes(), &hash).is_ok())
    });
    Ok(compared.await.map_err(|error| Error::Failed(format!("comparing a password: {error}")))? && known)
}

fn welcome(db: &Db, account: &Account, address: IpAddr, now: Time) -> Result<(), Error> {
    let by = By { name: account.name.clone(), actor: account.actor, now };
    by.audit(db, account.actor.node, "signed-in", &account.name, &format!("from {address}"))
}

/// 256 random bits as text, and what is kept of them.
fn new_cookie() -> (Secret<String>, [u8; 32]) {
    let mut random = [0; 32];
    SystemChance.fill(&mut random);
    let text = hex(&random);
    let id = digest(&text);
    (Secret::new(text), id)
}

fn digest(cookie: &str) -> [u8; 32] {
    Sha256::digest(cookie.as_bytes()).into()
}

/// What wrong sign-ins of a name from an address are counted under, each with its key.
#[derive(Clone, Copy)]
pub(super) struct Counters([([u8; 32], Counted); 3]);

impl Counters {
    pub fn of(name: &str, address: IpAddr) -> Self {
        let network = match address.to_canonical() {
            IpAddr::V4(v4) => v4.to_string(),
            // What one line gets.
            IpAddr::V6(v6) => format!("{:x?}", &v6.segments()[..4]),
        };
        let name = name.to_lowercase();
        Self([
            (digest(&format!("both\0{name}\0{network}")), Counted::NameAndNetwork),
            (digest(&format!("network\0{network}")), Counted::Network),
            (digest(&format!("name\0{name}")), Counted::Name),
        ])
    }

    /// For how many seconds nothing is looked at.
    pub fn shut(&self, db: &Db, now: Time) -> Result<Option<i64>, Error> {
        let mut longest = None;
        for (key, _) in &self.0 {
            let until = session::tries(db, key)?.shut_until.filter(|until| *until > now);
            longest = longest.max(until.map(|until| until.since(now).as_seconds() + 1));
        }
        Ok(longest)
    }

    pub fn wrong(&self, db: &Db, now: Time) -> Result<(), Error> {
        for (key, counted) in &self.0 {
            let wrong = session::tries(db, key)?.wrong.saturating_add(1);
            session::note_tries(db, key, Tries { wrong, shut_until: counted.wait(wrong).map(|span| now + span) }, now)?;
        }
        Ok(())
    }

    fn right(&self, db: &Db) -> Result<(), Error> {
        let ended = self.0.iter().filter(|(_, counted)| counted.ends_when_right());
        Ok(ended.into_iter().try_for_each(|(key, _)| session::forget_tries(db, key))?)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_counted_in_any_spelling_and_a_line_as_a_whole() {
        let keys = |name, address: &str| Counters::of(name, address.parse().unwrap()).0.map(|(key, _)| key);
        assert_eq!(keys("Support", "192.0.2.1"), keys("support", "::ffff:192.0.2.1"));
        assert_eq!(keys("support", "2001:db8:1:2::1"), keys("support", "2001:db8:1:2:3::4"));
        assert_ne!(keys("support", "2001:db8:1:2::1")[1], keys("support", "2001:db8:1:3::1")[1]);
        assert_ne!(keys("support", "192.0.2.1")[0], keys("support", "192.0.2.2")[0]);
    }

    #[test]
    fn a_cookie_is_long_and_new_each_time() {
        let (one, other) = (new_cookie(), new_cookie());
        assert_eq!(one.0.expose().len(), 64);
        assert_ne!(one.0, other.0);
        assert_eq!(one.1, digest(one.0.expose()));
    }
}
