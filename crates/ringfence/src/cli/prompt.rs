//! `prompt …`

use std::path::PathBuf;

use clap::Subcommand;

/// `prompt …`
#[derive(Debug, Subcommand)]
pub enum PromptCommand {
    /// List the recordings in force, what they say, and which are your own
    List {
        /// Only this language, such as de
        language: Option<String>,
    },
    /// Put a recording of your own in the place of ours, or add one to a language
    Set {
        /// The language, such as de
        language: String,
        /// Which recording: a name from the list
        name: String,
        /// A WAV file, not compressed; any rate from 8 to 48 kHz
        file: PathBuf,
    },
    /// Remove a recording of your own; ours is heard again
    Remove {
        /// The language
        language: String,
        /// Which recording
        name: String,
    },
    /// Write all recordings in force of a language to a directory
    Export {
        /// The language
        language: String,
        /// Where to; made if it is not there
        dir: PathBuf,
    },
    /// Show or set the language of phones that nothing else is known of
    Language {
        /// The language, such as de
        language: Option<String>,
    },
}
