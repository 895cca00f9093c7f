//! Contacts of customers, and what their phone books are made from. Names and numbers lie in sealed columns.

use domain::phonebook::Person;
use domain::tenancy::CustomerId;
use uuid::Uuid;
use zeroize::Zeroizing;

use crate::db::{Db, statements};
use crate::device::{Setup, lines_place};
use crate::limits::{CONTACTS_MAX, DIRECTORY_DEVICES_MAX};
use crate::scope::{Scope, id, uuid};
use crate::seal::Place;
use crate::tenancy::{customer, touch_customer};
use crate::{Result, StoreError};

/// A contact as it is kept.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Contact {
    /// Its identity.
    pub id: Uuid,
    /// Who it is.
    pub person: Person,
}

statements! {
    LIST = "select id, entry from contact where customer = $1 order by id";
    COUNT = "select count(*) as contacts from contact where customer = $1";
    ADD = "insert into contact (id, customer, entry) values ($1, $2, $3)";
    DROP = "delete from contact where customer = $1 and id = $2";
    LINES = "select mac, lines from device where customer = $1 and not disabled order by mac limit $2";
}

/// Adds a contact to a customer.
pub fn add(db: &Db, scope: &Scope, of: CustomerId, contact: &Contact) -> Result<()> {
    customer(db, scope, of)?;
    if count(db, of)? >= CONTACTS_MAX {
        return Err(StoreError::TooLarge { what: "contacts of a customer", max: usize::try_from(CONTACTS_MAX).expect("a small constant") });
    }
    contact.person.check().map_err(|error| StoreError::Refused(error.to_string()))?;
    let json = serde_json::to_vec(&contact.person).map_err(|error| StoreError::Engine(error.to_string()))?;
    let sealed = db.seal(place(&contact.id), &Zeroizing::new(json))?;
    db.exec(ADD, &[id(&contact.id), id(&of.0), (&sealed).into()])?;
    touch_customer(db, of)
}

/// A customer's contacts, in the order in which they were added.
pub fn list(db: &Db, scope: &Scope, of: CustomerId) -> Result<Vec<Contact>> {
    customer(db, scope, of)?;
    all(db, of)
}

/// Removes a contact.
pub fn remove(db: &Db, scope: &Scope, of: CustomerId, contact: Uuid) -> Result<()> {
    customer(db, scope, of)?;
    match db.exec(DROP, &[id(&of.0), id(&contact)])? {
        0 => Err(StoreError::NotFound),
        _ => touch_customer(db, of),
    }
}

/// How many a customer has.
pub(crate) fn count(db: &Db, of: CustomerId) -> Result<i64> {
    db.one(COUNT, &[id(&of.0)], |row| row.int(0))
}

/// Everybody whom a customer's phone book may name: its contacts, and the lines of its phones that have a name and an extension. Opens
/// the lines of every phone: a report. For the phones' face alone, which asks on behalf of a phone that proved itself.
pub fn directory(db: &Db, of: CustomerId) -> Result<Vec<Person>> {
    let mut people: Vec<Person> = all(db, of)?.into_iter().map(|contact| contact.person).collect();
    let setups = db.all(LINES, &[id(&of.0), DIRECTORY_DEVICES_MAX.into()], |row| {
        let mac = row.text(0)?;
        let setup: Setup = serde_json::from_slice(&db.open(lines_place(mac), row.bytes(1)?)?).map_err(|_| StoreError::Damaged {
            table: "device",
            column: "lines",
            row: mac.to_owned(),
        })?;
        Ok(setup)
    })?;
    people.extend(setups.iter().flat_map(|setup| &setup.lines).filter_map(Person::of_line));
    Ok(people)
}

fn all(db: &Db, of: CustomerId) -> Result<Vec<Contact>> {
    db.all(LIST, &[id(&of.0)], |row| {
        let key = uuid(row, 0)?;
        let opened = db.open(place(&key), row.bytes(1)?)?;
        let damaged = |_| StoreError::Damaged { table: "contact", column: "entry", row: key.to_string() };
        Ok(Contact { id: key, person: serde_json::from_slice(&opened).map_err(damaged)? })
    })
}

pub(crate) fn place(contact: &Uuid) -> Place<'_> {
    Place { table: "contact", column: "entry", row: contact.as_bytes() }
}
