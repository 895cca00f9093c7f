//! What can be said.

/// A sentence, or a clause of one, of the dialogues.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Prompt {
    /// The first question: the code on the sheet, then hash.
    EnterCode,
    /// The question again: after silence, or after a try.
    EnterCodeAgain,
    /// What was keyed has not six digits; this was no try.
    NotSixDigits,
    /// The code is wrong. [`Word::Tries`] follows.
    Wrong,
    /// Too many wrong codes for now. [`Word::Minutes`] follows.
    Failed,
    /// Too many wrong codes for good. [`Prompt::AskReset`] follows.
    Blocked,
    /// The telephone was set up before, or lacks a factor. [`Prompt::AskReset`] follows.
    ResetNeeded,
    /// Ask the administrator to press “reset authentication”.
    AskReset,
    /// The code is right; the telephone is being set up.
    Right,
    /// The service is busy. [`Prompt::TryLater`] follows.
    Busy,
    /// Try again later.
    TryLater,
    /// Before the last four of the MAC, spelled.
    MacEndsIn,
    /// Before the emergency number, spelled.
    EmergencyCallTo,
    /// Press any key to cancel.
    AnyKeyCancels,
    /// The emergency call was cancelled.
    Cancelled,
    /// No trunk took the emergency call.
    EmergencyUnreachable,
    /// Use another telephone for the emergency call.
    UseAnotherTelephone,
    /// The end.
    Goodbye,
}

/// What a dialogue says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Word {
    /// A sentence or clause.
    Prompt(Prompt),
    /// “Two tries left.” Nothing if there are none, or more than can be counted aloud.
    Tries(u32),
    /// “Try again in about twelve minutes.” Rounded up; [`Prompt::TryLater`] when it takes more than an hour.
    Minutes(u32),
    /// A digit, or a letter of hexadecimal; anything else is not said.
    Character(char),
}

impl Word {
    /// A number or the end of a MAC, character by character.
    pub fn spell(text: &str) -> impl Iterator<Item = Self> {
        text.chars().map(Self::Character)
    }
}

impl From<Prompt> for Word {
    fn from(prompt: Prompt) -> Self {
        Self::Prompt(prompt)
    }
}
