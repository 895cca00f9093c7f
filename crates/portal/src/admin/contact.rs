//! Contacts of customers: whom their phones find in the phone book besides each other.

use domain::phonebook::Person;
use domain::role::{Action, Target};
use domain::tenancy::Node;
use serde::Serialize;
use store::Db;
use store::contact::{self, Contact};
use store::tenancy::Customer;

use super::part::{Listing, Part};
use super::tree::{find_customer, policy_at};
use super::{Admin, By, Error, new_id};
use crate::limits::{CONTACT_ROWS_MAX, IMPORT_BYTES_MAX};

/// A contact as it is shown.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct ContactView {
    /// Who it is.
    pub name: String,
    /// What to dial.
    pub number: String,
}

/// Adds a contact. One that is there already with this number stays as it is.
pub async fn add(admin: &Admin, by: &By, customer: String, name: &str, number: &str) -> Result<ContactView, Error> {
    let person = Person::new(name, number).map_err(|error| Error::invalid("contact", error))?;
    let added = person.clone();
    add_all(admin, by, customer, vec![person]).await?;
    Ok(ContactView { name: added.name, number: added.number })
}

/// All contacts of a customer, by name.
pub async fn list(admin: &Admin, by: &By, customer: String) -> Result<Vec<ContactView>, Error> {
    let by = by.clone();
    admin
        .read(move |db| {
            let customer = allowed(db, &by, &customer, Action::ViewDevices)?;
            let mut contacts = contact::list(db, &by.scope(), customer.id)?;
            contacts.sort_by_cached_key(|kept| (kept.person.name.to_lowercase(), kept.person.clone()));
            Ok(contacts.into_iter().map(|kept| ContactView { name: kept.person.name, number: kept.person.number }).collect())
        })
        .await
}

/// Part of a customer's contacts, by name; `query` stands in name or number.
pub async fn part(admin: &Admin, by: &By, customer: String, part: Part) -> Result<Listing<ContactView>, Error> {
    part.check()?;
    let wanted = part.query.to_lowercase();
    let mut all = list(admin, by, customer).await?;
    all.retain(|contact| contact.name.to_lowercase().contains(&wanted) || contact.number.contains(&wanted));
    part.cut(all, |contact| format!("{}\u{1f}{}\u{1f}{}", contact.name.to_lowercase(), contact.name, contact.number))
}

/// Removes the contacts of a name; of several numbers the one that is named, if one is. How many there were.
pub async fn remove(admin: &Admin, by: &By, customer: String, name: String, number: Option<&str>) -> Result<usize, Error> {
    let number = number.map(|number| Person::new(&name, number).map(|person| person.number)).transpose();
    let number = number.map_err(|error| Error::invalid("contact", error))?;
    let by = by.clone();
    admin
        .write(move |db| {
            let customer = allowed(db, &by, &customer, Action::EditDevices)?;
            let mut contacts = contact::list(db, &by.scope(), customer.id)?;
            contacts.retain(|kept| kept.person.name == name.trim() && number.as_ref().is_none_or(|number| kept.person.number == *number));
            if contacts.is_empty() {
                return Err(Error::NotFound("contact".to_owned()));
            }
            for gone in &contacts {
                contact::remove(db, &by.scope(), customer.id, gone.id)?;
            }
            note(db, &by, &customer, "contact.removed", contacts.len())?;
            Ok(contacts.len())
        })
        .await
}

/// Adds the contacts of a CSV file with the columns `name` and `number`: all of them, or none if one row is wrong. How many are new.
pub async fn import(admin: &Admin, by: &By, customer: String, bytes: &[u8]) -> Result<usize, Error> {
    if bytes.len() > IMPORT_BYTES_MAX {
        return Err(Error::invalid("too_large", "an import file has at most 64 MiB"));
    }
    add_all(admin, by, customer, read(bytes)?).await
}

async fn add_all(admin: &Admin, by: &By, customer: String, people: Vec<Person>) -> Result<usize, Error> {
    let by = by.clone();
    admin
        .write(move |db| {
            let customer = allowed(db, &by, &customer, Action::EditDevices)?;
            let mut known: Vec<Person> = contact::list(db, &by.scope(), customer.id)?.into_iter().map(|kept| kept.person).collect();
            let before = known.len();
            for person in &people {
                if !known.contains(person) {
                    contact::add(db, &by.scope(), customer.id, &Contact { id: new_id(by.now), person: person.clone() })?;
                    known.push(person.clone());
                }
            }
            let added = known.len() - before;
            if added > 0 {
                note(db, &by, &customer, "contact.added", added)?;
            }
            Ok(added)
        })
        .await
}

fn read(bytes: &[u8]) -> Result<Vec<Person>, Error> {
    let wrong = |row: usize, problem: String| Error::invalid("contact", format!("row {row}: {problem}; nothing is stored"));
    let bytes = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes);
    let mut reader = csv::ReaderBuilder::new().flexible(true).trim(csv::Trim::All).from_reader(bytes);
    let headers = reader.headers().map_err(|error| wrong(1, error.to_string()))?.clone();
    let column = |name: &str| headers.iter().position(|header| header.eq_ignore_ascii_case(name));
    let (Some(name), Some(number)) = (column("name"), column("number")) else {
        return Err(Error::invalid("contact", "the first row names the columns: name,number"));
    };
    let mut people = Vec::new();
    for (at, record) in reader.records().enumerate() {
        let row = at + 2;
        if people.len() == CONTACT_ROWS_MAX {
            return Err(wrong(row, format!("at most {CONTACT_ROWS_MAX} contacts")));
        }
        let record = record.map_err(|error| wrong(row, error.to_string()))?;
        let cell = |at: usize| record.get(at).unwrap_or_default();
        people.push(Person::new(cell(name), cell(number)).map_err(|error| wrong(row, error.to_string()))?);
    }
    Ok(people)
}

fn allowed(db: &Db, by: &By, name: &str, action: Action) -> Result<Customer, Error> {
    let customer = find_customer(db, &by.scope(), name)?;
    let target = Target { reseller: customer.reseller, customer: Some(customer.id), site: None };
    by.may(action, &target, &policy_at(db, Node::Customer(customer.id))?)?;
    Ok(customer)
}

/// How many, and not who: the audit is read by more people than the phone book, and forgets nothing.
fn note(db: &Db, by: &By, customer: &Customer, action: &str, count: usize) -> Result<(), Error> {
    by.audit(db, Node::Customer(customer.id), action, &customer.name, &format!("{count}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_of_contacts_reads_or_says_where_it_does_not() {
        let people = read("\u{feff}Number,name,other\n+49 30 1234,\"Front, desk\",x\n110,Help\n".as_bytes()).unwrap();
        assert_eq!(people, [Person::new("Front, desk", "+49301234").unwrap(), Person::new("Help", "110").unwrap()]);
        for (text, part) in
            [("", "name,number"), ("name\nx\n", "name,number"), ("name,number\nx,1\ny,abc\n", "row 3"), ("name,number\n,1\n", "row 2")]
        {
            let message = read(text.as_bytes()).unwrap_err().to_string();
            assert!(message.contains(part), "{text:?}: {message}");
        }
    }
}
