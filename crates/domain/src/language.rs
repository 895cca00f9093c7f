//! Which language the voice speaks.

use std::fmt;

/// A language by its tag: two or three letters, and perhaps a region or script behind `-`; lower-case.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Language([u8; Self::BYTES_MAX]);

impl Language {
    /// The longest tag, in bytes (`zh-hant-hk` has ten).
    pub const BYTES_MAX: usize = 11;
    /// English: what is said when a prompt is not there in the language asked for.
    pub const EN: Self = Self::literal("en");
    /// German.
    pub const DE: Self = Self::literal("de");

    /// Reads a tag as BCP 47 writes it (`de`, `de-AT`, also `de_AT`); `None` if it is no tag or too long.
    pub fn parse(tag: &str) -> Option<Self> {
        let mut parts = tag.split(['-', '_']);
        let primary = parts.next()?;
        let formed = (2..=3).contains(&primary.len()) && primary.bytes().all(|b| b.is_ascii_alphabetic());
        let rest = parts.all(|part| (1..=8).contains(&part.len()) && part.bytes().all(|b| b.is_ascii_alphanumeric()));
        (formed && rest && tag.len() <= Self::BYTES_MAX).then(|| Self::literal(tag))
    }

    /// The tag, lower-case.
    pub fn tag(&self) -> &str {
        let end = self.0.iter().position(|b| *b == 0).unwrap_or(Self::BYTES_MAX);
        std::str::from_utf8(&self.0[..end]).expect("only ASCII was let in")
    }

    /// The same without what stands behind the last `-`; `None` if there is nothing.
    pub fn wider(self) -> Option<Self> {
        let (wider, _) = self.tag().rsplit_once('-')?;
        Some(Self::literal(wider))
    }

    const fn literal(tag: &str) -> Self {
        let (bytes, mut held) = (tag.as_bytes(), [0; Self::BYTES_MAX]);
        let mut at = 0;
        while at < bytes.len() {
            held[at] = if bytes[at] == b'_' { b'-' } else { bytes[at].to_ascii_lowercase() };
            at += 1;
        }
        Self(held)
    }
}

impl fmt::Display for Language {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.tag())
    }
}

impl fmt::Debug for Language {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Language({self})")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tags_are_read_in_any_spelling() {
        let read = |tag| Language::parse(tag).map(|language| language.to_string());
        assert_eq!(read("de").as_deref(), Some("de"));
        assert_eq!(read("DE_at").as_deref(), Some("de-at"));
        assert_eq!(read("zh-Hant-HK").as_deref(), Some("zh-hant-hk"));
        for wrong in ["", "d", "german", "de-", "-de", "d1", "de-zürich", "de/at", "..", "zh-hant-hk-x", "*"] {
            assert_eq!(read(wrong), None, "{wrong:?}");
        }
    }

    #[test]
    fn a_region_widens_to_its_language() {
        assert_eq!(Language::parse("de-AT").and_then(Language::wider), Some(Language::DE));
        assert_eq!(Language::EN.wider(), None);
    }
}
