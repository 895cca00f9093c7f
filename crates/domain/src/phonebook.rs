//! A customer's phone book: its own phones' lines and its contacts.

use serde::{Deserialize, Serialize};

use crate::settings::Line;

/// The most people in a phone book: more than the displays of desk phones are made for.
pub const ENTRIES_MAX: usize = 1000;
/// The longest name, in bytes.
pub const NAME_BYTES_MAX: usize = 100;
/// The longest number.
pub const NUMBER_BYTES_MAX: usize = 32;

/// Somebody with a number.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Person {
    /// Who it is.
    pub name: String,
    /// What to dial.
    pub number: String,
}

/// Why somebody cannot stand in a phone book.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PersonError {
    /// The name.
    #[error("a name has 1 to 100 bytes and no control characters")]
    Name,
    /// The number.
    #[error("a number is what a phone dials: digits, * and #, with a + before them at most; 32 characters")]
    Number,
}

impl Person {
    /// From what people write: blanks around a name, and blanks, hyphens, brackets and slashes inside a number, are no part of it.
    pub fn new(name: &str, number: &str) -> Result<Self, PersonError> {
        let number = number.chars().filter(|c| !matches!(c, ' ' | '-' | '(' | ')' | '/')).collect();
        let person = Self { name: name.trim().to_owned(), number };
        person.check().map(|()| person)
    }

    /// The person at a line, if it has a name and an extension that can be dialled.
    pub fn of_line(line: &Line) -> Option<Self> {
        Self::new(line.name.as_deref()?, line.extension.as_deref()?).ok()
    }

    /// Refuses what no phone could show or dial.
    pub fn check(&self) -> Result<(), PersonError> {
        let digits = self.number.strip_prefix('+').unwrap_or(&self.number);
        let dialled = |byte: u8| byte.is_ascii_digit() || matches!(byte, b'*' | b'#');
        match () {
            () if self.name.trim().is_empty() || self.name.len() > NAME_BYTES_MAX || self.name.chars().any(char::is_control) => {
                Err(PersonError::Name)
            }
            () if digits.is_empty() || self.number.len() > NUMBER_BYTES_MAX || !digits.bytes().all(dialled) => Err(PersonError::Number),
            () => Ok(()),
        }
    }
}

/// The book: by name, each person with a number once, as many as there is room for. The same people give the same book.
pub fn book(mut people: Vec<Person>) -> Vec<Person> {
    people.sort_by_cached_key(|person| (person.name.to_lowercase(), person.clone()));
    people.dedup();
    people.truncate(ENTRIES_MAX);
    people
}

/// Whether a full config names the customer's phone book: as the setting `phonebook` says, else where there is somebody to find.
pub fn named(setting: Option<&str>, has_entries: bool) -> bool {
    match setting {
        Some("yes") => true,
        Some("no") => false,
        _ => has_entries,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn person(name: &str, number: &str) -> Person {
        Person { name: name.into(), number: number.into() }
    }

    #[test]
    fn people_are_read_as_they_are_written() {
        assert_eq!(Person::new(" Front desk ", "+49 (30) 12-34/5"), Ok(person("Front desk", "+493012345")));
        assert_eq!(Person::new("x", "*89#"), Ok(person("x", "*89#")));
        for (name, number, error) in [
            ("", "1", PersonError::Name),
            ("  ", "1", PersonError::Name),
            ("a\nb", "1", PersonError::Name),
            ("x", "", PersonError::Number),
            ("x", "+", PersonError::Number),
            ("x", "1+2", PersonError::Number),
            ("x", "office@example.com", PersonError::Number),
        ] {
            assert_eq!(Person::new(name, number), Err(error), "{name:?} {number:?}");
        }
        assert!(Person::new(&"x".repeat(101), "1").is_err() && Person::new("x", &"1".repeat(33)).is_err());
    }

    #[test]
    fn a_book_is_by_name_without_repetition_and_bounded() {
        let (a, b, c) = (person("alpha", "3"), person("Beta", "1"), person("gamma", "2"));
        let sorted = vec![a.clone(), b.clone(), c.clone()];
        assert_eq!(book(vec![c.clone(), b.clone(), a.clone(), b.clone()]), sorted);
        assert_eq!(book(sorted.clone()), sorted);
        let many = (0..2000).map(|number| person(&format!("{number:04}"), "1")).collect();
        assert_eq!(book(many).len(), ENTRIES_MAX);
    }

    #[test]
    fn the_setting_wins_over_what_there_is() {
        assert_eq!([Some("yes"), Some("no"), None].map(|setting| named(setting, false)), [true, false, false]);
        assert_eq!([Some("yes"), Some("no"), None].map(|setting| named(setting, true)), [true, false, true]);
    }
}
