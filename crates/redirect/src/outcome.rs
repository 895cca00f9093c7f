//! What came of a call: the words that all services share (each service's own words are told apart in its file).

use std::time::Duration;

use domain::Secret;
use serde::{Deserialize, Serialize};

use crate::limits::SAID_CHARS_MAX;

/// What came of one device of a call.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "code", rename_all = "snake_case")]
pub enum Outcome {
    /// Written (or, of a removal: not there any more).
    Done,
    /// It was in our account before; nothing was written.
    AlreadyOurs,
    /// Another account of the service has it.
    OwnedByOther {
        /// Whose, if the service says.
        owner: Option<String>,
    },
    /// The service knows no such device.
    NotFound,
    /// The service takes no such MAC.
    InvalidMac,
    /// The serial number is not that MAC's.
    InvalidSerial,
    /// It wants the serial number, and none is known.
    MissingSerial,
    /// It wants the characters behind the MAC on the label, and none are known.
    MissingMacId,
    /// It takes no such address.
    InvalidAddress,
    /// The profile is gone.
    InvalidProfile,
    /// The account may not do this.
    NotPermitted,
    /// Sent, and nobody knows whether it was done: read again before anything is written.
    Uncertain,
    /// Anything else that it says.
    Refused {
        /// Its own code and words, cut short.
        said: String,
    },
}

impl Outcome {
    /// Whether the device is there now, as asked.
    pub fn is_done(&self) -> bool {
        matches!(self, Self::Done)
    }

    /// The word for it in logs, tables and the API.
    pub fn code(&self) -> &'static str {
        match self {
            Self::Done => "done",
            Self::AlreadyOurs => "already_ours",
            Self::OwnedByOther { .. } => "owned_by_other",
            Self::NotFound => "not_found",
            Self::InvalidMac => "invalid_mac",
            Self::InvalidSerial => "invalid_serial",
            Self::MissingSerial => "missing_serial",
            Self::MissingMacId => "missing_mac_id",
            Self::InvalidAddress => "invalid_address",
            Self::InvalidProfile => "invalid_profile",
            Self::NotPermitted => "not_permitted",
            Self::Uncertain => "uncertain",
            Self::Refused { .. } => "refused",
        }
    }

    /// A refusal in the service's own words.
    pub fn refused(said: impl AsRef<str>) -> Self {
        Self::Refused { said: cut(said.as_ref()) }
    }
}

/// Why a whole call came to nothing. Never holds a secret, nor an address that a phone is sent to.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Failure {
    /// User, key or password are not right.
    #[error("the service does not accept the account's credentials")]
    Auth,
    /// They are right, but not for this.
    #[error("the account may not do this: {said}")]
    NotPermitted {
        /// In the service's words.
        said: String,
    },
    /// Too many calls.
    #[error("the service asks for a pause")]
    RateLimited {
        /// How long, if it says.
        pause: Option<Duration>,
    },
    /// No connection came about: nothing was sent.
    #[error("the service cannot be reached: {why}")]
    Unreachable {
        /// What failed.
        why: &'static str,
    },
    /// Sent, and no answer came, or half of one: what was to be written may be.
    #[error("no answer came back; what was asked may be done")]
    Lost,
    /// The answer is none that this service gives. What was to be written may be.
    #[error("an answer that makes no sense: {why}")]
    Protocol {
        /// What about it.
        why: String,
    },
    /// The service says no to the whole call.
    #[error("the service refuses: {said}")]
    Refused {
        /// Its own code and words, cut short.
        said: String,
    },
    /// The service failed by its own account (5xx). What was to be written may be.
    #[error("the service failed with status {status}")]
    Broken {
        /// Its status.
        status: u16,
    },
}

impl Failure {
    /// A refusal of the whole call, in the service's words.
    pub fn refused(said: impl AsRef<str>) -> Self {
        Self::Refused { said: cut(said.as_ref()) }
    }

    /// An answer that makes no sense.
    pub fn protocol(why: impl AsRef<str>) -> Self {
        Self::Protocol { why: cut(why.as_ref()) }
    }

    /// The same without a password, should the service have repeated it.
    #[must_use]
    pub(crate) fn without(mut self, password: &Secret<String>) -> Self {
        if let Self::NotPermitted { said } | Self::Protocol { why: said } | Self::Refused { said } = &mut self
            && !password.expose().is_empty()
        {
            *said = said.replace(password.expose(), "(the password)");
        }
        self
    }

    /// The failure of a call that only reads, before anything is written: it leaves no doubt.
    #[must_use]
    pub(crate) fn of_a_read(self) -> Self {
        if self.leaves_doubt() { Self::Unreachable { why: "no answer to a question before the write" } } else { self }
    }

    /// Whether what was to be written may have been written all the same.
    pub fn leaves_doubt(&self) -> bool {
        matches!(self, Self::Lost | Self::Protocol { .. } | Self::Broken { .. })
    }

    /// The word for it in logs, tables and the API.
    pub fn code(&self) -> &'static str {
        match self {
            Self::Auth => "auth_failed",
            Self::NotPermitted { .. } => "not_permitted",
            Self::RateLimited { .. } => "rate_limited",
            Self::Unreachable { .. } => "unreachable",
            Self::Lost => "lost",
            Self::Protocol { .. } => "protocol",
            Self::Refused { .. } => "refused",
            Self::Broken { .. } => "broken",
        }
    }
}

/// Why a call came to nothing, where it matters whether the service looked at what it was asked.
#[derive(Debug)]
pub(crate) enum No<R> {
    /// Whatever it asked for would have failed so.
    Failed(Failure),
    /// The service did not take what it asked for. Nothing was written.
    Refused(R),
}

impl<R> From<Failure> for No<R> {
    fn from(failure: Failure) -> Self {
        Self::Failed(failure)
    }
}

impl<R: Into<Failure>> From<No<R>> for Failure {
    fn from(no: No<R>) -> Self {
        match no {
            No::Failed(failure) => failure,
            No::Refused(refusal) => refusal.into(),
        }
    }
}

/// A service's words, cut short, on one line. An address that it repeats may be the secret one of a phone, and is left out.
pub(crate) fn cut(said: &str) -> String {
    let line: String = said.chars().map(|c| if c.is_control() { ' ' } else { c }).collect();
    let words = line.split(' ').map(|word| if word.contains("://") { "(an address)" } else { word });
    words.collect::<Vec<_>>().join(" ").chars().take(SAID_CHARS_MAX).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_of_a_service_are_cut_and_hold_no_address() {
        assert_eq!(cut("url\nhttps://phones.example.com/cfg/g/abc/ is bad"), "url (an address) is bad");
        assert_eq!(cut(&"x".repeat(1000)).chars().count(), SAID_CHARS_MAX);
    }
}
