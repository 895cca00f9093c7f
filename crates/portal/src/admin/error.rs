//! Why an act was refused: a stable code, and a sentence that says what to do.

use std::fmt;

use store::StoreError;

/// A refused or failed act.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Error {
    /// There is no such thing, or this actor may not see it.
    #[error("{0}: not found; `list` shows what there is")]
    NotFound(String),
    /// The role does not permit it.
    #[error("this role may not do that here")]
    Forbidden,
    /// The name is taken.
    #[error("{0} exists already")]
    Exists(String),
    /// Other things depend on it.
    #[error("{0} is still in use; remove what belongs to it first")]
    InUse(String),
    /// Somebody else changed it meanwhile.
    #[error("somebody else changed this at the same moment; try again")]
    Conflict,
    /// It is not what the caller had read any more.
    #[error("this was changed since it was read; read it again")]
    Changed,
    /// A value that cannot be.
    #[error("{message}")]
    Invalid {
        /// A stable code.
        code: &'static str,
        /// What is wrong and what is allowed.
        message: String,
    },
    /// A rule forbids it.
    #[error("{message}")]
    Refused {
        /// A stable code.
        code: &'static str,
        /// Why, and what to do.
        message: String,
    },
    /// Not now.
    #[error("{0}; try again in a moment")]
    Unavailable(String),
    /// Broken.
    #[error("{0}")]
    Failed(String),
}

impl Error {
    /// A value that cannot be.
    pub fn invalid(code: &'static str, message: impl fmt::Display) -> Self {
        Self::Invalid { code, message: format!("{message}") }
    }

    /// A rule forbids it.
    pub fn refused(code: &'static str, message: impl fmt::Display) -> Self {
        Self::Refused { code, message: format!("{message}") }
    }

    /// The stable code, also that of a failed row of an import.
    pub fn code(&self) -> &'static str {
        match self {
            Self::NotFound(_) => "not_found",
            Self::Forbidden => "forbidden",
            Self::Exists(_) => "exists",
            Self::InUse(_) => "in_use",
            Self::Conflict => "conflict",
            Self::Changed => "changed",
            Self::Invalid { code, .. } | Self::Refused { code, .. } => code,
            Self::Unavailable(_) => "unavailable",
            Self::Failed(_) => "failed",
        }
    }
}

impl From<StoreError> for Error {
    fn from(error: StoreError) -> Self {
        match error {
            StoreError::NotFound => Self::NotFound("this".into()),
            StoreError::Exists => Self::Exists("this".into()),
            StoreError::InUse => Self::InUse("this".into()),
            StoreError::Conflict => Self::Conflict,
            StoreError::Ambiguous => Self::invalid("ambiguous", error),
            StoreError::TooLarge { .. } => Self::invalid("too_large", error),
            StoreError::Refused(why) => Self::refused("refused", why),
            StoreError::Unavailable(why) => Self::Unavailable(why),
            other => Self::Failed(other.to_string()),
        }
    }
}

/// Says which thing it was that the store did not find, or found already there.
pub(crate) trait Named<T> {
    /// `what` such as `customer "Example Ltd"`.
    fn named(self, what: impl FnOnce() -> String) -> Result<T, Error>;
}

impl<T> Named<T> for Result<T, StoreError> {
    fn named(self, what: impl FnOnce() -> String) -> Result<T, Error> {
        self.map_err(|error| match error {
            StoreError::NotFound => Error::NotFound(what()),
            StoreError::Exists => Error::Exists(what()),
            StoreError::InUse => Error::InUse(what()),
            StoreError::Ambiguous => Error::invalid("ambiguous", format!("{}: {}", what(), StoreError::Ambiguous)),
            other => other.into(),
        })
    }
}
