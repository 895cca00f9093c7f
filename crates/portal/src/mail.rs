//! Mail: letters are queued with whatever causes them, in one transaction, and sent by a job. Whoever queues one need not know whether there
//! is a mail server, or whether it answers.

mod alerts;
mod letterhead;
mod postman;
mod template;

use domain::Time;
use lettre::Address;
use store::mail::Letter;
use store::{Db, StoreError};

pub use self::letterhead::Letterhead;
pub use self::postman::{Postman, Server, ServerError, Unusable};
pub use self::template::Template;
use crate::admin::{Error, new_id};
pub use crate::language::Language;
use crate::limits::EMAIL_BYTES_MAX;

/// Whom a letter goes to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Addressee {
    /// Their mail address.
    pub email: String,
    /// What they read.
    pub language: Language,
    /// Under whose name they are written to.
    pub head: Letterhead,
}

/// Queues a letter with the transaction that `db` is in. `values` fill the gaps of the template, as the portal's name does; one that is
/// missing stays empty. A value may be a secret link: what is queued is sealed.
pub fn queue(db: &Db, now: Time, to: &Addressee, template: Template, values: &[(&str, &str)]) -> Result<(), StoreError> {
    let values = [&[("portal", to.head.portal.as_str())], values].concat();
    let (subject, text) = template.fill(to.language, &values);
    store::mail::add(db, new_id(now), &Letter { to: to.email.clone(), from_name: to.head.from.clone(), subject, text }, now)
}

/// A mail address, as far as one can be judged without writing to it.
pub fn check_address(email: &str) -> Result<String, Error> {
    let email = email.trim();
    let fits = email.len() <= EMAIL_BYTES_MAX && email.parse::<Address>().is_ok();
    if fits { Ok(email.to_owned()) } else { Err(Error::invalid("email", "email: an address such as somebody@example.com")) }
}
