//! The recordings in the program; from disk while developing.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::sync::OnceLock;

use domain::language::Language;
use rust_embed::RustEmbed;
use serde::Deserialize;

use crate::name::Name;

#[derive(RustEmbed)]
#[folder = "../../prompts/"]
struct Embedded;

#[derive(Deserialize)]
struct Texts {
    texts: BTreeMap<String, String>,
}

/// A recording of the program's own, as a WAV file.
pub fn wav_of(language: Language, name: Name) -> Option<Cow<'static, [u8]>> {
    Embedded::get(&format!("{language}/{name}.wav")).map(|file| file.data)
}

/// What a recording of the program's own says.
pub fn text(language: Language, name: Name) -> Option<&'static str> {
    static TEXTS: OnceLock<BTreeMap<(Language, Name), String>> = OnceLock::new();
    let texts = TEXTS.get_or_init(|| {
        let files = Embedded::iter().filter_map(|path| Some((Language::parse(path.strip_suffix("/texts.toml")?)?, Embedded::get(&path)?)));
        let lists = files.filter_map(|(language, file)| Some((language, toml::from_slice::<Texts>(&file.data).ok()?.texts)));
        let named = |(language, list): (Language, BTreeMap<String, String>)| {
            list.into_iter().filter_map(move |(name, text)| Some(((language, Name::parse(&name)?), text)))
        };
        lists.flat_map(named).collect()
    });
    texts.get(&(language, name)).map(String::as_str)
}

/// All of them: language, name and WAV file.
pub(crate) fn files() -> impl Iterator<Item = (Language, Name, Cow<'static, [u8]>)> {
    Embedded::iter().filter_map(|path| {
        let (language, name) = path.strip_suffix(".wav")?.split_once('/')?;
        Some((Language::parse(language)?, Name::parse(name)?, Embedded::get(&path)?.data))
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::limits::NUMBER_MAX;
    use crate::name::Count;
    use crate::wav;
    use crate::word::Prompt;

    const LANGUAGES: [Language; 2] = [Language::EN, Language::DE];

    #[test]
    fn every_recording_has_its_text_and_every_text_its_recording() {
        let recorded: Vec<(Language, Name)> = files().map(|(language, name, _)| (language, name)).collect();
        for (language, name) in &recorded {
            assert!(text(*language, *name).is_some_and(|text| !text.is_empty()), "{language}/{name} has no text");
        }
        for language in LANGUAGES {
            let list = Embedded::get(&format!("{language}/texts.toml")).unwrap();
            for name in toml::from_slice::<Texts>(&list.data).unwrap().texts.keys() {
                let known = Name::parse(name).unwrap_or_else(|| panic!("{language}: no recording is called {name}"));
                assert!(recorded.contains(&(language, known)), "{language}/{name} is not recorded");
            }
        }
        assert_eq!(recorded.len(), Embedded::iter().filter(|path| path.ends_with(".wav")).count(), "a file with a name of its own");
    }

    #[test]
    fn every_language_of_ours_says_everything() {
        let counted =
            [Name::Tries(Count::Whole(1)), Name::Tries(Count::After), Name::Minutes(Count::Whole(1)), Name::Minutes(Count::After)];
        let spelled = (0..=30).chain([40, 50, NUMBER_MAX]).map(Name::Number).chain(('a'..='f').map(Name::Letter));
        let all: Vec<Name> = Prompt::ALL.iter().copied().map(Name::Prompt).chain(counted).chain(spelled).collect();
        for language in LANGUAGES {
            for name in &all {
                assert!(wav_of(language, *name).is_some(), "{language}/{name}");
            }
        }
    }

    #[test]
    fn levels_and_pauses_are_alike() {
        for (language, name, file) in files() {
            let spec = hound::WavReader::new(file.as_ref()).unwrap().spec();
            assert_eq!((spec.sample_rate, spec.channels, spec.bits_per_sample), (8000, 1, 16), "{language}/{name}");
            let samples = wav::samples(&file).unwrap();
            let peak = samples.iter().map(|sample| sample.unsigned_abs()).max().unwrap();
            assert!((16_300..=16_450).contains(&peak), "{language}/{name}: peak {peak} is not -6 dB");
            let quiet = |part: &[i16]| part.iter().all(|sample| sample.unsigned_abs() < 200);
            assert!(quiet(&samples[..1200]) && quiet(&samples[samples.len() - 800..]), "{language}/{name}: no pause at an end");
            let clipped = samples.windows(3).any(|three| three.iter().all(|sample| sample.unsigned_abs() == peak));
            assert!(!clipped, "{language}/{name} is clipped");
            assert!((4_000..64_000).contains(&samples.len()), "{language}/{name} takes {} ms", samples.len() / 8);
        }
    }

    #[test]
    fn the_folder_stays_small() {
        let bytes: usize = files().map(|(_, _, file)| file.len()).sum();
        assert!(bytes < 4_000_000, "{bytes} bytes");
    }
}
