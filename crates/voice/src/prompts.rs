//! What the voice says: prompts by language, encoded once.
//!
//! A dialogue says [`Word`]s; a library turns them into [`Clip`]s of one language. A language is a folder of WAV files;
//! how a number joins its noun is in the names of the files, not in code, so that a language can be added by recording.

mod clip;
mod language;
mod word;

pub use self::clip::Clip;
pub use self::language::Language;
pub use self::word::{Prompt, Word};
