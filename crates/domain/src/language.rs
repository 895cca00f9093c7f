//! Which language is spoken to whom.

use std::fmt;

/// Entries of one `Accept-Language` that are looked at.
const ASKED_MAX: usize = 16;

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

/// What is known of the language of somebody who calls.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Caller<'a> {
    /// The setting `language` in force for the device: its own, its site's, customer's, reseller's or the operator's, the nearest.
    pub device: Option<&'a str>,
    /// Whether the caller proved more than a MAC: the claim's grounds hold a global login or certificate, or the device is live with it.
    /// If not, `device` is not heeded: a stranger could tell by it which MACs were added.
    pub proved: bool,
    /// The call's own `Accept-Language`.
    pub asked: Option<&'a str>,
    /// The operator's setting `language`.
    pub operator: Option<&'a str>,
}

/// The language to speak: the first that there is a voice for, of the device's, those asked for, the operator's, and English.
pub fn spoken(caller: &Caller<'_>, speaks: impl Fn(Language) -> bool) -> Language {
    let device = caller.device.filter(|_| caller.proved).and_then(Language::parse);
    let operator = caller.operator.and_then(Language::parse);
    let mut wishes = device.into_iter().chain(caller.asked.into_iter().flat_map(asked)).chain(operator);
    wishes.find_map(|language| voice(language, &speaks)).unwrap_or(Language::EN)
}

/// The language, or else the same without its region, that there is a voice for: `de` for `de-at`.
fn voice(language: Language, speaks: impl Fn(Language) -> bool) -> Option<Language> {
    std::iter::successors(Some(language), |language| language.wider()).find(|language| speaks(*language))
}

/// The languages of an `Accept-Language`, best first; those of equal weight in their order.
fn asked(header: &str) -> Vec<Language> {
    let entry = |entry: &str| {
        let (tag, parameters) = entry.split_once(';').unwrap_or((entry, ""));
        let weight = parameters.trim().strip_prefix("q=").map_or(Some(1.0), |weight| weight.trim().parse::<f32>().ok())?;
        Some((Language::parse(tag.trim())?, weight)).filter(|(_, weight)| *weight > 0.0)
    };
    let mut entries: Vec<(Language, f32)> = header.split(',').take(ASKED_MAX).filter_map(entry).collect();
    entries.sort_by(|(_, left), (_, right)| right.total_cmp(left));
    entries.into_iter().map(|(language, _)| language).collect()
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

    fn heard(caller: &Caller<'_>) -> String {
        spoken(caller, |language| ["en", "de", "nl"].contains(&language.tag())).to_string()
    }

    #[test]
    fn the_nearest_language_with_a_voice_is_spoken() {
        let proved = Caller { device: Some("de-AT"), proved: true, asked: Some("nl"), operator: Some("en") };
        assert_eq!(heard(&proved), "de");
        assert_eq!(heard(&Caller { device: Some("fr"), ..proved }), "nl");
        assert_eq!(heard(&Caller { device: None, asked: Some("fr, it"), operator: Some("nl"), ..proved }), "nl");
        assert_eq!(heard(&Caller { device: Some("Klingon"), asked: Some("*"), operator: Some(""), ..proved }), "en");
        assert_eq!(heard(&Caller::default()), "en");
    }

    #[test]
    fn an_unproved_caller_learns_nothing_by_the_language() {
        for asked in [None, Some("nl"), Some("fr")] {
            for operator in [None, Some("nl"), Some("de")] {
                let known = Caller { device: Some("de"), proved: false, asked, operator };
                assert_eq!(heard(&known), heard(&Caller { device: None, ..known }));
            }
        }
    }

    #[test]
    fn what_is_asked_for_is_weighed() {
        let read = |header| asked(header).iter().map(Language::to_string).collect::<Vec<_>>().join(" ");
        assert_eq!(read("da, en-gb;q=0.8, de;q=0.9, fr;q=0"), "da de en-gb");
        assert_eq!(read("de;q=NaN, de;q=x, *;q=1, ,;q=1, en ; q=0.5"), "en");
        assert_eq!(read(&"de,".repeat(1000)).len(), 3 * ASKED_MAX - 1);
    }
}
