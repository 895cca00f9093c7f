//! What the voice can say: recordings by language, and how words become sound.
//!
//! A dialogue says [`Word`]s; a [`Book`] turns them into [`Clip`]s of one language. A language is a set of recordings, each with
//! a [`Name`]. How a number joins its noun is in which recordings there are, not in code, so a language is added by recording it.

pub mod book;
mod built_in;
mod clip;
pub mod limits;
mod name;
pub mod wav;
mod word;

pub use self::book::Book;
pub use self::built_in::{text, wav_of};
pub use self::clip::{Clip, FRAME};
pub use self::name::{Count, Name};
pub use self::word::{Prompt, Word};
pub use domain::language::Language;
