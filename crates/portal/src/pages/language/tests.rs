//! The languages say the same, and all that pages ask for.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use super::*;

fn files_below(folder: &Path) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    entries.flat_map(|path| if path.is_dir() { files_below(&path) } else { vec![path] }).collect()
}

fn below(folder: &str) -> Vec<(String, String)> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join(folder);
    files_below(&root).into_iter().map(|path| (path.display().to_string(), std::fs::read_to_string(&path).unwrap())).collect()
}

/// Keys with the variables of their sentences.
fn keys(language: Language) -> BTreeMap<String, BTreeSet<String>> {
    let mut keys = BTreeMap::new();
    for (path, text) in below(&format!("languages/{}", language.code())) {
        assert!(FluentResource::try_new(text.clone()).is_ok(), "{path}: it cannot be read");
        let mut key = String::new();
        for line in text.lines().filter(|line| !line.starts_with('#')) {
            if let Some((name, _)) = line.split_once(" =").filter(|(name, _)| !name.starts_with([' ', '.', '-'])) {
                key = name.to_owned();
                assert!(keys.insert(key.clone(), BTreeSet::new()).is_none(), "{path}: {key} is there twice");
            }
            for (at, _) in line.match_indices('$') {
                let name: String = line[at + 1..].chars().take_while(|c| c.is_ascii_alphanumeric() || *c == '_').collect();
                keys.get_mut(&key).unwrap().insert(name);
            }
        }
    }
    keys
}

#[test]
fn both_languages_have_the_same_sentences_with_the_same_words() {
    let (english, german) = (keys(Language::English), keys(Language::German));
    for (key, words) in &english {
        assert_eq!(german.get(key), Some(words), "{key}");
    }
    assert_eq!(german.keys().filter(|key| !english.contains_key(*key)).collect::<Vec<_>>(), Vec::<&String>::new(), "only in German");
}

/// What stands in quotes behind a call that says something; `dynamic` if the key is put together.
fn asked_for(text: &str) -> BTreeSet<String> {
    let mut found = BTreeSet::new();
    for call in ["t(\"", "t('", ".say(\"", "say_with(\""] {
        for (at, _) in text.match_indices(call) {
            let before = text[..at].chars().next_back();
            if call.starts_with("t(") && before.is_some_and(|c| c.is_alphanumeric() || c == '_') {
                continue;
            }
            let rest = &text[at + call.len()..];
            let key: String = rest.chars().take_while(|c| !['"', '\''].contains(c)).collect();
            found.insert(key);
        }
    }
    found
}

#[test]
fn every_sentence_that_pages_ask_for_is_there_and_none_is_left_over() {
    let known = keys(Language::English);
    let texts: Vec<(String, String)> = [below("templates"), below("src/pages")].concat();
    let mut asked = BTreeSet::new();
    for (path, text) in texts.iter().filter(|(path, _)| !path.ends_with("tests.rs")) {
        for key in asked_for(text) {
            // `t("state-" ~ state)`: one of those that begin so.
            let is_known = known.contains_key(&key) || (key.ends_with('-') && known.keys().any(|known| known.starts_with(&key)));
            assert!(is_known, "{path}: no sentence {key:?}");
            asked.insert(key);
        }
    }
    let used = |key: &String| {
        asked.contains(key)
            || asked.iter().any(|prefix| prefix.ends_with('-') && key.starts_with(prefix.as_str()))
            || texts.iter().any(|(_, text)| text.contains(&format!("\"{key}\"")))
    };
    let unused: Vec<&String> = known.keys().filter(|key| !used(key)).collect();
    assert_eq!(unused, Vec::<&String>::new(), "asked for by no page");
}

#[test]
fn every_code_of_a_problem_has_a_sentence() {
    for code in crate::problem::CODES {
        for language in Language::ALL {
            assert!(language.knows(&format!("error-{code}")), "error-{code} in {}", language.code());
        }
    }
}

#[test]
fn the_browser_chooses() {
    for (header, language) in [
        ("de-DE,de;q=0.9,en;q=0.8", Language::German),
        ("fr,en;q=0.5,de;q=0.7", Language::German),
        ("en-GB", Language::English),
        ("fr", Language::English),
        ("", Language::English),
        ("de;q=nonsense", Language::English),
    ] {
        assert_eq!(Language::accepted(header), language, "{header}");
    }
}

#[test]
fn a_missing_sentence_shows_its_key() {
    assert_eq!(Language::English.say("no-such-key", None), "[no-such-key]");
}
