//! What can go wrong, in words for the person who can mend it. No error holds a value.

use std::borrow::Cow;

/// Why the catalogue cannot be read.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{file}: {key}: {problem}")]
pub struct CatalogueError {
    /// The file, as `brands/<brand>/<name>`.
    pub file: String,
    /// The key in it, with its place where the file's syntax is broken; `-` for the file as a whole.
    pub key: String,
    /// What is wrong and what is allowed.
    pub problem: String,
}

impl CatalogueError {
    pub(crate) fn new(file: impl Into<String>, key: impl Into<String>, problem: impl Into<String>) -> Self {
        Self { file: file.into(), key: key.into(), problem: problem.into() }
    }
}

/// Why a file cannot be made.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum RenderError {
    /// A value that the phone's file cannot carry.
    #[error("{key}: {problem}")]
    Value {
        /// Where the value stands: `setting time_zone`, `line 2 name`, `door password`.
        key: String,
        /// What is wrong, without the value.
        problem: Cow<'static, str>,
    },
    /// More lines than the model has accounts.
    #[error("{lines} lines, but the {model} has {accounts} accounts")]
    TooManyLines {
        /// Model's name.
        model: String,
        /// Lines in the order.
        lines: usize,
        /// Accounts of the model.
        accounts: u16,
    },
    /// The file has the MAC in its name or text, and the order has none.
    #[error("this file needs a MAC address")]
    MacMissing,
    /// The brand has no such file for this body: a restricted boot file, for example.
    #[error("brand {brand} has no {file} file with such a body")]
    NoSuchFile {
        /// Brand's name.
        brand: String,
        /// Kind of file.
        file: &'static str,
    },
    /// The file grew over its limit.
    #[error("the file is larger than 512 KiB")]
    TooLarge,
    /// The template is wrong.
    #[error("template {template}: {problem}")]
    Template {
        /// `<brand>/<file>`.
        template: String,
        /// The engine's words, with the line.
        problem: String,
    },
}

impl RenderError {
    pub(crate) fn value(key: impl Into<String>, problem: &'static str) -> Self {
        Self::Value { key: key.into(), problem: Cow::Borrowed(problem) }
    }
}

/// Why a file cannot be read back.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("line {line}: {what}")]
pub struct ParseError {
    /// Line, from 1; 0 for the file as a whole.
    pub line: usize,
    /// What is wrong.
    pub what: &'static str,
}
