//! What a recording is called.

use std::fmt;

use crate::limits::NUMBER_MAX;
use crate::word::Prompt;

/// The name of a recording, and without `.wav` of its file.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Name {
    /// A sentence or clause.
    Prompt(Prompt),
    /// `tries-…`: how many tries are left.
    Tries(Count),
    /// `minutes-…`: in how many minutes to try again.
    Minutes(Count),
    /// `number-0` to `number-60`: a number alone; the first ten also spell.
    Number(u8),
    /// `letter-a` to `letter-f`.
    Letter(char),
}

/// A part of a sentence that counts. With the number between them: before, number, after.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Count {
    /// All of it for one number: `tries-1`. Preferred to the parts; where a language bends a noun by its number, the way to say it.
    Whole(u8),
    /// What goes before the number; a language may have nothing there.
    Before,
    /// What goes after it.
    After,
}

impl Name {
    /// Reads a name; `None` if there is no such recording.
    pub fn parse(name: &str) -> Option<Self> {
        if let Some(prompt) = Prompt::ALL.iter().find(|prompt| prompt.name() == name) {
            return Some(Self::Prompt(*prompt));
        }
        let (kind, rest) = name.split_once('-')?;
        match kind {
            "tries" => Count::parse(rest).map(Self::Tries),
            "minutes" => Count::parse(rest).map(Self::Minutes),
            "number" => number(rest).map(Self::Number),
            "letter" => rest.chars().next().filter(|letter| rest.len() == 1 && ('a'..='f').contains(letter)).map(Self::Letter),
            _ => None,
        }
    }
}

impl Count {
    fn parse(text: &str) -> Option<Self> {
        match text {
            "before" => Some(Self::Before),
            "after" => Some(Self::After),
            _ => number(text).filter(|number| *number > 0).map(Self::Whole),
        }
    }
}

fn number(text: &str) -> Option<u8> {
    let number: u8 = text.parse().ok().filter(|number| *number <= NUMBER_MAX)?;
    // One spelling each: no sign, no leading zero.
    (number.to_string() == text).then_some(number)
}

impl fmt::Display for Name {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Prompt(prompt) => f.write_str(prompt.name()),
            Self::Tries(count) => write!(f, "tries-{count}"),
            Self::Minutes(count) => write!(f, "minutes-{count}"),
            Self::Number(number) => write!(f, "number-{number}"),
            Self::Letter(letter) => write!(f, "letter-{letter}"),
        }
    }
}

impl fmt::Display for Count {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Whole(number) => write!(f, "{number}"),
            Self::Before => f.write_str("before"),
            Self::After => f.write_str("after"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_read_back_as_they_are_written() {
        let mut names: Vec<Name> = Prompt::ALL.iter().copied().map(Name::Prompt).collect();
        let counts = (1..=NUMBER_MAX).map(Count::Whole).chain([Count::Before, Count::After]);
        names.extend(counts.flat_map(|count| [Name::Tries(count), Name::Minutes(count)]));
        names.extend((0..=NUMBER_MAX).map(Name::Number));
        names.extend(('a'..='f').map(Name::Letter));
        for name in names {
            assert_eq!(Name::parse(&name.to_string()), Some(name));
        }
    }

    #[test]
    fn what_is_no_name_is_refused() {
        for wrong in [
            "",
            "wrongs",
            "tries",
            "tries-",
            "tries-0",
            "tries-61",
            "number-61",
            "number-07",
            "number-+7",
            "letter-g",
            "letter-ab",
            "../wrong",
        ] {
            assert_eq!(Name::parse(wrong), None, "{wrong:?}");
        }
    }
}
