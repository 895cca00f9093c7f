//! The operator's own voice prompts. What a language and a name are, and that the sound is fit to be played, the caller has checked.

use domain::Time;
use serde_json::json;

use crate::db::{Db, Row, statements};
use crate::limits::{PROMPT_BYTES_MAX, PROMPTS_BYTES_MAX, PROMPTS_MAX};
use crate::outbox::enqueue;
use crate::scope::Scope;
use crate::{Result, StoreError};

/// The topic of the outbox message that every change leaves: `{"language","name"}`.
pub const TOPIC: &str = "prompt.changed";

/// A recording.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Prompt {
    /// A language's tag, such as `de`.
    pub language: String,
    /// What it is called, such as `enter-code`.
    pub name: String,
    /// A WAV file of 8000 samples a second, mono, 16 bits.
    pub wav: Vec<u8>,
    /// When it was set.
    pub set_at: Time,
}

/// A recording without its sound.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Listed {
    /// A language's tag.
    pub language: String,
    /// What it is called.
    pub name: String,
    /// The size of its WAV file.
    pub bytes: i64,
    /// When it was set.
    pub set_at: Time,
}

statements! {
    PUT = "insert into prompt (language, name, wav, set_at) values ($1, $2, $3, $4)
        on conflict (language, name) do update set wav = excluded.wav, set_at = excluded.set_at";
    REMOVE = "delete from prompt where language = $1 and name = $2";
    ALL = "select language, name, wav, set_at from prompt order by language, name";
    LIST = "select language, name, cast(length(wav) as bigint) as bytes, set_at from prompt order by language, name";
    ONE = "select language, name, wav, set_at from prompt where language = $1 and name = $2";
    TOTAL = "select count(*) as prompts, coalesce(sum(length(wav)), 0) as bytes from prompt";
}

/// Keeps a recording, in the place of one of that name. The operator's.
pub fn put(db: &Db, scope: &Scope, prompt: &Prompt) -> Result<()> {
    operators(scope)?;
    if prompt.wav.len() > PROMPT_BYTES_MAX {
        return Err(StoreError::TooLarge { what: "bytes in a voice prompt", max: PROMPT_BYTES_MAX });
    }
    db.exec(PUT, &[(&prompt.language).into(), (&prompt.name).into(), prompt.wav.as_slice().into(), prompt.set_at.into()])?;
    let (prompts, bytes) = db.one(TOTAL, &[], |row| Ok((row.int(0)?, row.int(1)?)))?;
    if prompts > PROMPTS_MAX {
        return Err(StoreError::Refused(format!("at most {PROMPTS_MAX} voice prompts of one's own; remove some first")));
    }
    if bytes > PROMPTS_BYTES_MAX {
        return Err(StoreError::Refused(format!(
            "at most {} MiB of voice prompts of one's own; remove some first",
            PROMPTS_BYTES_MAX >> 20
        )));
    }
    changed(db, prompt.set_at, &prompt.language, &prompt.name)
}

/// Removes a recording. The operator's.
pub fn remove(db: &Db, scope: &Scope, now: Time, language: &str, name: &str) -> Result<()> {
    operators(scope)?;
    if db.exec(REMOVE, &[language.into(), name.into()])? == 0 {
        return Err(StoreError::NotFound);
    }
    changed(db, now, language, name)
}

/// All recordings without their sound, by language and name. The operator's.
pub fn list(db: &Db, scope: &Scope) -> Result<Vec<Listed>> {
    operators(scope)?;
    db.all(LIST, &[], |row| {
        let (language, name) = (row.text(0)?.to_owned(), row.text(1)?.to_owned());
        Ok(Listed { language, name, bytes: row.int(2)?, set_at: Time::from_millis(row.int(3)?) })
    })
}

/// One recording. The operator's.
pub fn load(db: &Db, scope: &Scope, language: &str, name: &str) -> Result<Prompt> {
    operators(scope)?;
    db.one(ONE, &[language.into(), name.into()], prompt)
}

/// All recordings, for the voice. At most 64 MiB.
pub fn all(db: &Db) -> Result<Vec<Prompt>> {
    db.all(ALL, &[], prompt)
}

fn operators(scope: &Scope) -> Result<()> {
    if *scope == Scope::Operator { Ok(()) } else { Err(StoreError::NotFound) }
}

fn changed(db: &Db, now: Time, language: &str, name: &str) -> Result<()> {
    enqueue(db, now, TOPIC, json!({ "language": language, "name": name }).to_string())
}

fn prompt(row: &Row<'_>) -> Result<Prompt> {
    let wav = row.bytes(2)?.to_vec();
    Ok(Prompt { language: row.text(0)?.to_owned(), name: row.text(1)?.to_owned(), wav, set_at: Time::from_millis(row.int(3)?) })
}
