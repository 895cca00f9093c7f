//! The languages that people are spoken to in, on pages and in letters.

/// One of them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Language {
    /// English.
    English,
    /// German.
    German,
}

impl Language {
    /// All of them.
    pub const ALL: &'static [Self] = &[Self::English, Self::German];

    /// As in `lang` and in addresses.
    pub fn code(self) -> &'static str {
        match self {
            Self::English => "en",
            Self::German => "de",
        }
    }

    /// The language of that code.
    pub fn from_code(code: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|language| language.code() == code)
    }

    /// The language of a tag such as `de` or `de-AT`; English for all others.
    pub fn of(tag: &str) -> Self {
        if tag.to_ascii_lowercase().starts_with("de") { Self::German } else { Self::English }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_nobody_writes_is_written_in_english() {
        assert_eq!(
            ["de", "de-CH", "DE", "en", "fr", ""].map(Language::of).map(|one| one == Language::German),
            [true, true, true, false, false, false]
        );
        assert_eq!((Language::from_code("de"), Language::from_code("fr")), (Some(Language::German), None));
    }
}
