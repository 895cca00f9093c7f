//! Voice prompts: the operator's own recordings over ours, and the language that is spoken where nothing else says which.

use std::collections::BTreeMap;

use domain::role::Action;
use domain::settings::Settings;
use domain::tenancy::Node;
use prompts::limits::LANGUAGES_MAX;
use prompts::{Book, Language, Name, wav};
use serde::Serialize;
use store::Db;
use store::prompt::{self, Prompt};
use utoipa::ToSchema;

use super::telling::tell;
use super::{Admin, By, Error, Named};

/// The settings key that holds a language.
const KEY: &str = "language";

/// A recording in force.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct PromptView {
    /// A language's tag, such as `de`.
    pub language: String,
    /// What it is called, such as `enter-code`.
    pub name: String,
    /// What it says; of our own recordings only.
    pub text: Option<String>,
    /// Whether it is the operator's own.
    pub own: bool,
    /// How long it takes, in milliseconds.
    pub milliseconds: u64,
    /// When it was set; of the operator's own only.
    pub set_at: Option<String>,
}

/// The language of the platform.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct LanguageView {
    /// A language's tag.
    pub language: String,
    /// Whether there is a voice for it; if not, English is spoken.
    pub spoken: bool,
}

/// The recordings in force, ours and the operator's; of one language only, if one is named.
pub async fn list(admin: &Admin, by: &By, language: Option<&str>) -> Result<Vec<PromptView>, Error> {
    let (by, language) = (by.clone(), language.map(tag).transpose()?);
    admin
        .read(move |db| {
            by.may_platform(Action::OperatePlatform)?;
            let wanted = |known: Language| language.is_none_or(|language| language == known);
            let ours = Book::built_in().names().filter(|(language, _)| wanted(*language));
            let mut views: BTreeMap<(Language, Name), PromptView> = ours.map(|key| (key, built_in(key))).collect();
            for listed in prompt::list(db, &by.scope())? {
                let (Some(language), Some(name)) = (Language::parse(&listed.language), Name::parse(&listed.name)) else { continue };
                if wanted(language) {
                    // 16 bytes are a millisecond; the header has 44.
                    let milliseconds = u64::try_from(listed.bytes).unwrap_or_default().saturating_sub(44) / 16;
                    let view = PromptView {
                        language: listed.language,
                        name: listed.name,
                        text: None,
                        own: true,
                        milliseconds,
                        set_at: Some(listed.set_at.rfc3339()),
                    };
                    views.insert((language, name), view);
                }
            }
            Ok(views.into_values().collect())
        })
        .await
}

/// Puts a recording in the place of ours, or adds one to a language; any PCM WAV file of at most 30 seconds.
pub async fn set(admin: &Admin, by: &By, language: &str, name: &str, file: Vec<u8>) -> Result<PromptView, Error> {
    // Asked before the work of reading the file.
    by.may_platform(Action::OperatePlatform)?;
    let (language, name, by) = (tag(language)?, name_of(name)?, by.clone());
    let read = tokio::task::spawn_blocking(move || wav::read(&file)).await.map_err(|error| Error::Failed(error.to_string()))?;
    let samples = read.map_err(|error| Error::invalid("wav", format!("{language}/{name}: the file {error}")))?;
    let milliseconds = samples.len() as u64 / 8;
    let kept = Prompt { language: language.to_string(), name: name.to_string(), wav: wav::write(&samples), set_at: by.now };
    admin
        .write(move |db| {
            by.may_platform(Action::OperatePlatform)?;
            room_for(db, &by, language)?;
            prompt::put(db, &by.scope(), &kept)?;
            let detail = format!("set, {milliseconds} ms");
            by.audit(db, Node::Operator, Action::OperatePlatform.code(), &subject(language, name), &detail)?;
            let (language, name) = (kept.language.clone(), kept.name.clone());
            Ok(PromptView { language, name, text: None, own: true, milliseconds, set_at: Some(by.now.rfc3339()) })
        })
        .await
}

/// Removes a recording of the operator's own; ours is heard again.
pub async fn remove(admin: &Admin, by: &By, language: &str, name: &str) -> Result<(), Error> {
    let (language, name, by) = (tag(language)?, name_of(name)?, by.clone());
    admin
        .write(move |db| {
            by.may_platform(Action::OperatePlatform)?;
            let what = || format!("a recording of your own for {language}/{name}");
            prompt::remove(db, &by.scope(), by.now, language.tag(), &name.to_string()).named(what)?;
            by.audit(db, Node::Operator, Action::OperatePlatform.code(), &subject(language, name), "removed")
        })
        .await
}

/// The recording in force of that name, as a WAV file.
pub async fn load(admin: &Admin, by: &By, language: &str, name: &str) -> Result<Vec<u8>, Error> {
    let (language, name, by) = (tag(language)?, name_of(name)?, by.clone());
    admin
        .read(move |db| {
            by.may_platform(Action::OperatePlatform)?;
            match prompt::load(db, &by.scope(), language.tag(), &name.to_string()) {
                Ok(own) => Ok(own.wav),
                Err(store::StoreError::NotFound) => {
                    let ours = prompts::wav_of(language, name).map(std::borrow::Cow::into_owned);
                    ours.ok_or_else(|| Error::NotFound(format!("recording {language}/{name}")))
                }
                Err(error) => Err(error.into()),
            }
        })
        .await
}

/// All recordings in force of a language, as names and WAV files of 8 kHz, mono, 16 bits.
pub async fn export(admin: &Admin, by: &By, language: &str) -> Result<Vec<(String, Vec<u8>)>, Error> {
    let (language, by) = (tag(language)?, by.clone());
    admin
        .read(move |db| {
            by.may_platform(Action::OperatePlatform)?;
            let ours = Book::built_in().names().filter(|(known, _)| *known == language);
            let mut files: BTreeMap<Name, Vec<u8>> =
                ours.filter_map(|(_, name)| Some((name, prompts::wav_of(language, name)?.into_owned()))).collect();
            for listed in prompt::list(db, &by.scope())?.into_iter().filter(|listed| listed.language == language.tag()) {
                if let Some(name) = Name::parse(&listed.name) {
                    files.insert(name, prompt::load(db, &by.scope(), &listed.language, &listed.name)?.wav);
                }
            }
            if files.is_empty() {
                return Err(Error::NotFound(format!("recordings in {language}")));
            }
            Ok(files.into_iter().map(|(name, wav)| (name.to_string(), wav)).collect())
        })
        .await
}

/// The language that is spoken, and shown, where neither a phone nor its site, customer or reseller says another.
pub async fn language(admin: &Admin, by: &By) -> Result<LanguageView, Error> {
    let by = by.clone();
    admin
        .read(move |db| {
            by.may_platform(Action::OperatePlatform)?;
            let settings = store::policy::settings(db, &by.scope(), Node::Operator)?;
            view(db, &by, settings.get(KEY).map_or("en", String::as_str))
        })
        .await
}

/// Sets it. A language without a voice is kept, too: displays may know it.
pub async fn set_language(admin: &Admin, by: &By, language: &str) -> Result<LanguageView, Error> {
    let (language, by) = (tag(language)?, by.clone());
    admin
        .write(move |db| {
            by.may_platform(Action::OperatePlatform)?;
            let mut settings: Settings = store::policy::settings(db, &by.scope(), Node::Operator)?;
            let before = settings.insert(KEY.to_owned(), language.to_string()).unwrap_or_else(|| "en".to_owned());
            store::policy::save_settings(db, &by.scope(), Node::Operator, &settings)?;
            if before != language.tag() {
                tell(db, Node::Operator, by.now, |_| true)?;
            }
            by.audit(db, Node::Operator, Action::OperatePlatform.code(), KEY, &format!("{before} to {language}"))?;
            view(db, &by, language.tag())
        })
        .await
}

fn view(db: &Db, by: &By, language: &str) -> Result<LanguageView, Error> {
    let own = prompt::list(db, &by.scope())?;
    let asks = |tag: &str| own.iter().any(|one| one.language == tag && one.name == prompts::Prompt::EnterCode.name());
    let spoken = Language::parse(language).is_some_and(|language| {
        let mut wider = std::iter::successors(Some(language), |language| language.wider());
        wider.any(|language| Book::built_in().speaks(language) || asks(language.tag()))
    });
    Ok(LanguageView { language: language.to_owned(), spoken })
}

/// Refuses one language more than the voice takes.
fn room_for(db: &Db, by: &By, language: Language) -> Result<(), Error> {
    let mut known: std::collections::BTreeSet<Language> = Book::built_in().names().map(|(language, _)| language).collect();
    known.extend(prompt::list(db, &by.scope())?.iter().filter_map(|listed| Language::parse(&listed.language)));
    if known.contains(&language) || known.len() < LANGUAGES_MAX {
        return Ok(());
    }
    Err(Error::refused("languages", format!("there are recordings in {LANGUAGES_MAX} languages, which is the most; remove one first")))
}

fn built_in((language, name): (Language, Name)) -> PromptView {
    let length = Book::built_in().clip(language, name).map(|clip| clip.length()).unwrap_or_default();
    PromptView {
        language: language.to_string(),
        name: name.to_string(),
        text: prompts::text(language, name).map(str::to_owned),
        own: false,
        milliseconds: u64::try_from(length.as_millis()).unwrap_or_default(),
        set_at: None,
    }
}

fn tag(language: &str) -> Result<Language, Error> {
    Language::parse(language)
        .ok_or_else(|| Error::invalid("language", format!("language {language:?}: write a tag such as en, de or pt-br")))
}

fn name_of(name: &str) -> Result<Name, Error> {
    let say = || format!("prompt {name:?}: no recording is called that; `ringfence prompt list en` shows the names");
    Name::parse(name).ok_or_else(|| Error::invalid("prompt", say()))
}

fn subject(language: Language, name: Name) -> String {
    format!("voice prompt {language}/{name}")
}
