//! All recordings, and how words become clips of one language.

use std::collections::BTreeMap;
use std::sync::{Arc, OnceLock};

use domain::language::Language;

use crate::built_in;
use crate::clip::Clip;
use crate::limits::{LANGUAGES_MAX, NUMBER_MAX};
use crate::name::{Count, Name};
use crate::wav;
use crate::word::{Prompt, Word};

/// The recordings of all languages, encoded. Cheap to clone: clips are shared.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Book {
    languages: BTreeMap<Language, BTreeMap<Name, Arc<Clip>>>,
}

impl Book {
    /// The program's own recordings; read and encoded once.
    pub fn built_in() -> &'static Self {
        static BOOK: OnceLock<Book> = OnceLock::new();
        BOOK.get_or_init(|| {
            let mut book = Self::default();
            for (language, name, file) in built_in::files() {
                let samples = wav::samples(&file).expect("a test reads every recording of the program");
                book.put(language, name, Arc::new(Clip::from_pcm8k(&samples)));
            }
            book
        })
    }

    /// Puts a recording in, in the place of one of that name. More than [`LANGUAGES_MAX`] languages are not taken; returns whether it was.
    pub fn put(&mut self, language: Language, name: Name, clip: Arc<Clip>) -> bool {
        let fits = self.languages.contains_key(&language) || self.languages.len() < LANGUAGES_MAX;
        if fits {
            self.languages.entry(language).or_default().insert(name, clip);
        }
        fits
    }

    /// Whether it can ask for the code in that language. If it cannot, all that it says is English.
    pub fn speaks(&self, language: Language) -> bool {
        self.clip(language, Name::Prompt(Prompt::EnterCode)).is_some()
    }

    /// The languages with recordings, and the names of those.
    pub fn names(&self) -> impl Iterator<Item = (Language, Name)> {
        self.languages.iter().flat_map(|(language, clips)| clips.keys().map(|name| (*language, *name)))
    }

    /// One recording of exactly that language.
    pub fn clip(&self, language: Language, name: Name) -> Option<&Arc<Clip>> {
        self.languages.get(&language)?.get(&name)
    }

    /// The clips that say the words, one behind the other. Each word is said as a whole in one language: the one asked for, that
    /// language without its region, or English. What cannot be said even then is left out.
    pub fn say(&self, language: Language, words: &[Word]) -> Vec<Arc<Clip>> {
        let spoken = words.iter().flat_map(|word| self.names_of(language, *word));
        spoken.filter_map(|(language, name)| self.clip(language, name).cloned()).collect()
    }

    /// The recordings that [`Self::say`] plays for a word.
    pub fn names_of(&self, language: Language, word: Word) -> Vec<(Language, Name)> {
        let wider = std::iter::successors(Some(language), |language| language.wider());
        wider.chain([Language::EN]).find_map(|language| self.within(language, word)).unwrap_or_default()
    }

    /// A word in exactly one language; `None` if a recording is missing.
    fn within(&self, language: Language, word: Word) -> Option<Vec<(Language, Name)>> {
        let clips = self.languages.get(&language)?;
        let names = match word {
            Word::Prompt(prompt) => vec![Name::Prompt(prompt)],
            Word::Character(digit @ '0'..='9') => vec![Name::Number(digit as u8 - b'0')],
            Word::Character(letter) => vec![Name::Letter(letter.to_ascii_lowercase())],
            Word::Tries(0) => vec![],
            Word::Tries(left) => counted(clips, Name::Tries, u8::try_from(left).ok()?)?,
            Word::Minutes(minutes) => {
                let from = u8::try_from(minutes.max(1)).unwrap_or(u8::MAX);
                let rounded = (from..=NUMBER_MAX).find_map(|minutes| counted(clips, Name::Minutes, minutes));
                rounded.unwrap_or_else(|| vec![Name::Prompt(Prompt::TryLater)])
            }
        };
        names.iter().all(|name| clips.contains_key(name)).then(|| names.into_iter().map(|name| (language, name)).collect())
    }
}

/// A sentence that counts: recorded whole for that number, or put together.
fn counted(clips: &BTreeMap<Name, Arc<Clip>>, sentence: impl Fn(Count) -> Name, count: u8) -> Option<Vec<Name>> {
    let has = |name: &Name| clips.contains_key(name);
    let whole = sentence(Count::Whole(count));
    if has(&whole) {
        return Some(vec![whole]);
    }
    let before = Some(sentence(Count::Before)).filter(has);
    let parts: Vec<Name> = before.into_iter().chain([Name::Number(count), sentence(Count::After)]).collect();
    parts.iter().all(has).then_some(parts)
}

#[cfg(test)]
mod tests {
    use std::fmt::Write as _;

    use super::*;

    /// A language that nobody speaks.
    fn xx() -> Language {
        Language::parse("xx").unwrap()
    }

    fn said(book: &Book, language: Language, words: &[Word]) -> String {
        let names = words.iter().flat_map(|word| book.names_of(language, *word));
        let text = |(language, name)| built_in::text(language, name).map_or_else(|| format!("<{language}/{name}>"), str::to_owned);
        names.map(text).collect::<Vec<_>>().join(" | ")
    }

    #[test]
    fn what_is_said() {
        let (book, mut told) = (Book::built_in(), String::new());
        for language in [Language::EN, Language::DE] {
            let mut tell = |words: &[Word]| writeln!(told, "{language}  {}", said(book, language, words)).unwrap();
            for prompt in Prompt::ALL {
                tell(&[(*prompt).into()]);
            }
            for tries in 0..=4 {
                tell(&[Prompt::Wrong.into(), Word::Tries(tries)]);
            }
            for minutes in (0..=30).chain([31, 40, 41, 59, 60, 61, 1440]) {
                tell(&[Prompt::Failed.into(), Word::Minutes(minutes)]);
            }
            for tail in ["0000", "12ef", "9A-bcD"] {
                tell(&std::iter::once(Prompt::MacEndsIn.into()).chain(Word::spell(tail)).collect::<Vec<_>>());
            }
            tell(
                &std::iter::once(Prompt::EmergencyCallTo.into())
                    .chain(Word::spell("112"))
                    .chain([Prompt::AnyKeyCancels.into()])
                    .collect::<Vec<_>>(),
            );
        }
        insta::assert_snapshot!(told);
    }

    #[test]
    fn an_unknown_language_is_english() {
        let book = Book::built_in();
        let words = [Prompt::Wrong.into(), Word::Tries(2)];
        assert!(!book.speaks(xx()) && book.speaks(Language::DE));
        assert_eq!(book.say(xx(), &words), book.say(Language::EN, &words));
        assert_eq!(book.say(Language::parse("de-AT").unwrap(), &words), book.say(Language::DE, &words));
        assert_ne!(book.say(Language::DE, &words), book.say(Language::EN, &words));
    }

    #[test]
    fn a_word_is_of_one_language() {
        let mut book = Book::built_in().clone();
        let clip = Arc::new(Clip::from_pcm8k(&[1; 160]));
        for name in ["tries-after", "number-4", "wrong"] {
            book.put(xx(), Name::parse(name).unwrap(), Arc::clone(&clip));
        }
        let words = [Prompt::Wrong.into(), Word::Tries(4), Word::Tries(5), Prompt::Goodbye.into()];
        assert_eq!(said(&book, xx(), &words), "<xx/wrong> | <xx/number-4> | <xx/tries-after> | five | tries left. | Goodbye.");
        assert!(!book.speaks(xx()), "it cannot ask for the code");
    }

    #[test]
    fn a_recording_is_replaced_in_its_language_only() {
        let mut book = Book::built_in().clone();
        let clip = Arc::new(Clip::from_pcm8k(&[1; 160]));
        assert!(book.put(Language::EN, Name::Prompt(Prompt::Goodbye), Arc::clone(&clip)));
        assert_eq!(book.say(Language::EN, &[Prompt::Goodbye.into()]), [clip]);
        assert_eq!(book.say(Language::DE, &[Prompt::Goodbye.into()]), Book::built_in().say(Language::DE, &[Prompt::Goodbye.into()]));
    }

    #[test]
    fn languages_are_bounded() {
        let mut book = Book::default();
        let clip = Arc::new(Clip::from_pcm8k(&[]));
        let tags = ('a'..='z').flat_map(|first| ('a'..='b').map(move |second| format!("{first}{second}")));
        let taken = tags.filter(|tag| book.put(Language::parse(tag).unwrap(), Name::Prompt(Prompt::Wrong), Arc::clone(&clip))).count();
        assert_eq!(taken, LANGUAGES_MAX);
        assert!(book.put(Language::parse("aa").unwrap(), Name::Prompt(Prompt::Right), clip), "a language that is there may grow");
    }
}
