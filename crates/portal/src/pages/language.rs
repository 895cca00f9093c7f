//! The languages of the pages: sentences by their keys, in Fluent. Both languages are whole; a test compares them.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::sync::LazyLock;

use fluent_bundle::concurrent::FluentBundle;
use fluent_bundle::{FluentArgs, FluentResource};
use rust_embed::RustEmbed;

pub(crate) use crate::language::Language;

#[derive(RustEmbed)]
#[folder = "languages"]
struct Files;

static BUNDLES: LazyLock<BTreeMap<Language, FluentBundle<FluentResource>>> =
    LazyLock::new(|| Language::ALL.iter().map(|language| (*language, bundle(*language))).collect());

impl Language {
    /// What a browser prefers among ours.
    pub(crate) fn accepted(header: &str) -> Self {
        let mut wishes: Vec<(u32, Self)> = header.split(',').filter_map(wish).collect();
        wishes.sort_by_key(|(weight, _)| std::cmp::Reverse(*weight));
        wishes.first().map_or(Self::English, |(_, language)| *language)
    }

    /// A sentence. A key that is missing shows itself, in brackets: no page fails for a word.
    pub(crate) fn say(self, key: &str, args: Option<&FluentArgs<'_>>) -> String {
        let bundle = &BUNDLES[&self];
        let Some(pattern) = bundle.get_message(key).and_then(|message| message.value()) else { return format!("[{key}]") };
        let mut errors = Vec::new();
        let said: Cow<'_, str> = bundle.format_pattern(pattern, args, &mut errors);
        if !errors.is_empty() {
            tracing::warn!(key, language = self.code(), ?errors, "a sentence lacks a word");
        }
        said.into_owned()
    }

    /// Whether there is a sentence of this key.
    pub(crate) fn knows(self, key: &str) -> bool {
        BUNDLES[&self].has_message(key)
    }
}

fn wish(entry: &str) -> Option<(u32, Language)> {
    let (tag, weight) = entry.split_once(";q=").unwrap_or((entry, "1"));
    let language = Language::from_code(tag.trim().split('-').next()?.to_ascii_lowercase().as_str())?;
    // Thousandths: "0.8" is 800.
    let weight: f32 = weight.trim().parse().ok().filter(|weight| (0.0..=1.0).contains(weight))?;
    #[expect(clippy::cast_sign_loss, reason = "it lies between 0 and 1")]
    Some(((weight * 1000.0) as u32, language))
}

fn bundle(language: Language) -> FluentBundle<FluentResource> {
    let tag = language.code().parse().expect("a language of ours");
    let mut bundle = FluentBundle::new_concurrent(vec![tag]);
    // Marks around inserted words confuse copying, and the pages mark other directions in HTML.
    bundle.set_use_isolating(false);
    for path in Files::iter().filter(|path| path.starts_with(language.code())) {
        let text = Files::get(&path).map(|file| String::from_utf8_lossy(&file.data).into_owned()).unwrap_or_default();
        let resource = FluentResource::try_new(text).unwrap_or_else(|(resource, errors)| {
            tracing::error!(%path, ?errors, "sentences cannot be read");
            resource
        });
        if let Err(errors) = bundle.add_resource(resource) {
            tracing::error!(%path, ?errors, "a sentence is there twice");
        }
    }
    bundle
}

#[cfg(test)]
mod tests;
