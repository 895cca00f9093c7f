//! What can be said.

macro_rules! prompts {
    ($($(#[$doc:meta])* $variant:ident = $name:literal;)*) => {
        /// A sentence, or a clause of one, of the dialogues.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum Prompt { $($(#[$doc])* $variant),* }

        impl Prompt {
            /// All of them.
            pub const ALL: &'static [Self] = &[$(Self::$variant),*];

            /// The name of its recording.
            pub fn name(self) -> &'static str {
                match self { $(Self::$variant => $name),* }
            }
        }
    };
}

prompts! {
    /// The first question: the code on the sheet, then hash.
    EnterCode = "enter-code";
    /// The question again: after silence, or after a try.
    EnterCodeAgain = "enter-code-again";
    /// What was keyed has not six digits; this was no try.
    NotSixDigits = "not-six-digits";
    /// The code is wrong. [`Word::Tries`] follows.
    Wrong = "wrong";
    /// Too many wrong codes for now. [`Word::Minutes`] follows.
    Failed = "failed";
    /// Too many wrong codes for good. [`Prompt::AskReset`] follows.
    Blocked = "blocked";
    /// The telephone was set up before, or lacks a factor. [`Prompt::AskReset`] follows.
    ResetNeeded = "reset-needed";
    /// Ask the administrator to press “reset authentication”.
    AskReset = "ask-reset";
    /// The code is right; the telephone is being set up.
    Right = "right";
    /// The service is busy. [`Prompt::TryLater`] follows.
    Busy = "busy";
    /// Try again later.
    TryLater = "try-later";
    /// Before the last four of the MAC, spelled.
    MacEndsIn = "mac-ends-in";
    /// Before the emergency number, spelled.
    EmergencyCallTo = "emergency-call-to";
    /// Press any key to cancel.
    AnyKeyCancels = "any-key-cancels";
    /// The emergency call was cancelled.
    Cancelled = "cancelled";
    /// No trunk took the emergency call.
    EmergencyUnreachable = "emergency-unreachable";
    /// Use another telephone for the emergency call.
    UseAnotherTelephone = "use-another-telephone";
    /// The end.
    Goodbye = "goodbye";
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
