//! Why a command ends without having done its work: one line for people, and the exit status.

use std::fmt;
use std::path::Path;

use crate::config::ConfigErrors;

/// A command that failed.
#[derive(Debug, PartialEq, Eq)]
pub struct Failure {
    /// Exit status: 1 refused, 2 wrong usage.
    pub status: u8,
    /// What went wrong and what to do. One line, but for configurations with several errors.
    pub message: String,
}

impl Failure {
    /// Something was refused or did not work.
    pub fn refused(message: impl Into<String>) -> Self {
        Self { status: 1, message: message.into() }
    }

    /// The command line itself is wrong.
    pub fn usage(message: impl Into<String>) -> Self {
        Self { status: 2, message: message.into() }
    }

    /// A file or directory does not do what is asked of it.
    pub fn io(path: &Path, error: &std::io::Error) -> Self {
        Self::refused(format!("{}: {error}", path.display()))
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl From<ConfigErrors> for Failure {
    fn from(errors: ConfigErrors) -> Self {
        Self::refused(errors.to_string())
    }
}

impl From<portal::admin::Error> for Failure {
    fn from(error: portal::admin::Error) -> Self {
        Self::refused(error.to_string())
    }
}

impl From<store::StoreError> for Failure {
    fn from(error: store::StoreError) -> Self {
        Self::refused(error.to_string())
    }
}
