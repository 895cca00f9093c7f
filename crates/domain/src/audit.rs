//! The vocabulary of the audit: who did what to whom. The store chains the entries by hash.

use serde::{Deserialize, Serialize};

use crate::time::Time;

/// One line of the audit. It names subjects, never secrets.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Entry {
    /// When.
    pub at: Time,
    /// Who: an account's name, a token's name, `command line`, or `phone` for what a phone's proof caused.
    pub actor: String,
    /// What: a code of [`crate::role::Action`] or an event's code.
    pub action: String,
    /// To whom: a MAC, a customer's name, a network.
    pub subject: String,
    /// What else helps, in plain words.
    pub detail: String,
}
