//! What is said and heard in a call that asks for the PIN. Pure: keys, answers and time go in, actions come out.
//!
//! Emergency numbers can be keyed in from the first moment to the last, whatever the caller is being told: `failed`, `blocked` and
//! "reset needed" end the call, but not before a number that was begun is finished.

use std::fmt;

use wire::dtmf::entry::{Entry, Outcome, Pin, Reaction};
use wire::dtmf::{Key, Method};

use crate::limits::{
    ANNOUNCEMENT_MAX_MS, CALL_MAX_MS, ENDING_LISTENS_MS, PROMPT_MAX_MS, SESSION_MAX_MS, SILENCES_MAX, STANDING_WAIT_MS, TRY_WAIT_MS,
};
use crate::prompts::{Prompt, Word};

/// What the caller is to be told of a PIN, or instead of being asked for one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// The PIN was right.
    Right,
    /// Wrong.
    Wrong {
        /// Tries left before a lock.
        left: u32,
    },
    /// Locked for about so many minutes.
    Failed {
        /// Rounded up.
        minutes: u32,
    },
    /// Locked until a reset.
    Blocked,
    /// Only a reset helps.
    ResetNeeded,
    /// Not looked at.
    Busy,
    /// The store is out of reach. Nothing was counted.
    Unavailable,
}

/// Something that happens in a call.
#[derive(Clone, Copy, Debug)]
pub enum Event {
    /// The call was answered, and it is known whether a PIN is taken now, or why not.
    Standing(Option<Verdict>),
    /// A key.
    Key(Key, Method),
    /// All that was to be said has been said.
    Played,
    /// What became of the PIN of [`Action::Try`].
    Tried(Verdict),
    /// Nothing but the time.
    Time,
}

/// Something to do. `Debug` shows no digit.
pub enum Action {
    /// Say this now, and nothing else.
    Say(Vec<Word>),
    /// Stop speaking.
    Quiet,
    /// Try this PIN.
    Try(Pin),
    /// Put the call through to this emergency number. The dialogue is over.
    PutThrough(String),
    /// End the call. The dialogue is over.
    HangUp,
}

/// One call's dialogue. `Debug` shows no digit.
pub struct Dialogue {
    entry: Entry,
    stage: Stage,
    /// When what is being said must be over; none in silence.
    speaking_until_ms: Option<u64>,
    /// Since when an answer to a PIN is waited for.
    trying_since_ms: Option<u64>,
    silences: u32,
    began_ms: u64,
    mac: String,
}

#[derive(Clone, PartialEq, Eq)]
enum Stage {
    /// It is not known yet whether a PIN is taken.
    Opening,
    /// The PIN is asked for.
    Asking,
    /// The caller is told how it ended; `until_ms` is known when that has been said.
    Ending { why: Ending, until_ms: Option<u64> },
    /// An emergency number was keyed in; any key goes back.
    Announcing { number: String, back: Back },
    /// Nothing more happens.
    Over,
}

/// Where a cancelled emergency call goes back to.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Back {
    Asking,
    Ending(Ending),
}

/// How a dialogue ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Ending {
    Told(Verdict),
    /// Nothing was keyed in, or the time is up.
    Goodbye,
}

impl Dialogue {
    /// Begins when the call is answered. `mac`: twelve digits, of which the last four are read out when asked for.
    pub fn new(emergency_numbers: impl IntoIterator<Item = impl Into<String>>, mac: &str, now_ms: u64) -> Self {
        Self {
            entry: Entry::new(emergency_numbers),
            stage: Stage::Opening,
            speaking_until_ms: None,
            trying_since_ms: None,
            silences: 0,
            began_ms: now_ms,
            mac: mac.to_owned(),
        }
    }

    /// Takes an event. After [`Action::PutThrough`] and [`Action::HangUp`] nothing comes any more.
    pub fn handle(&mut self, event: Event, now_ms: u64) -> Vec<Action> {
        let mut actions = Vec::new();
        if self.stage == Stage::Over {
            return actions;
        }
        match event {
            Event::Standing(verdict) => self.stands(verdict, now_ms, &mut actions),
            Event::Key(key, method) => self.pressed(key, method, now_ms, &mut actions),
            Event::Played => self.played(now_ms, &mut actions),
            Event::Tried(verdict) => self.tried(verdict, now_ms, &mut actions),
            Event::Time => {}
        }
        self.pass(now_ms, &mut actions);
        actions
    }

    /// When [`Event::Time`] is to be given at the latest.
    pub fn deadline_ms(&self) -> Option<u64> {
        let stage = match &self.stage {
            Stage::Over => return None,
            Stage::Opening => Some(self.began_ms + STANDING_WAIT_MS.min(SESSION_MAX_MS)),
            Stage::Asking => Some(self.began_ms + SESSION_MAX_MS),
            // A number that was begun is waited for: the entry's own deadline counts then.
            Stage::Ending { until_ms, .. } => until_ms.filter(|_| self.entry.deadline_ms().is_none()),
            Stage::Announcing { .. } => None,
        };
        let trying = self.trying_since_ms.map(|since| since + TRY_WAIT_MS);
        let whole = (!self.is_announcing()).then_some(self.began_ms + CALL_MAX_MS);
        [stage, trying, whole, self.entry.deadline_ms(), self.speaking_until_ms].into_iter().flatten().min()
    }

    fn stands(&mut self, verdict: Option<Verdict>, now_ms: u64, actions: &mut Vec<Action>) {
        // A PIN that was keyed in meanwhile is answered by itself, and a number that is announced goes first.
        let waits = self.stage == Stage::Opening && self.trying_since_ms.is_none();
        match (verdict, &mut self.stage) {
            (Some(verdict), Stage::Announcing { back, .. }) => *back = Back::Ending(Ending::Told(verdict)),
            (Some(verdict), _) if waits => self.end(Ending::Told(verdict), now_ms, actions),
            (None, _) if waits => {
                self.stage = Stage::Asking;
                if self.entry.deadline_ms().is_none() {
                    self.say([Prompt::EnterCode.into()], now_ms, actions);
                }
            }
            _ => {}
        }
    }

    fn pressed(&mut self, key: Key, method: Method, now_ms: u64, actions: &mut Vec<Action>) {
        match self.entry.press(key, method, now_ms) {
            Reaction::Ignored => {}
            Reaction::Taken => {
                let interrupts = matches!(self.stage, Stage::Opening | Stage::Asking);
                if interrupts && self.speaking_until_ms.take().is_some() {
                    actions.push(Action::Quiet);
                }
            }
            Reaction::Ended(outcome) => self.entered(outcome, now_ms, actions),
        }
    }

    fn entered(&mut self, outcome: Outcome, now_ms: u64, actions: &mut Vec<Action>) {
        let is_ending = matches!(self.stage, Stage::Ending { .. });
        match outcome {
            Outcome::Emergency(number) => self.announce(number, now_ms, actions),
            Outcome::EmergencyCancelled => self.go_back(now_ms, actions),
            Outcome::LastFour => {
                let mut words = vec![Prompt::MacEndsIn.into()];
                words.extend(Word::spell(self.mac.get(self.mac.len().saturating_sub(4)..).unwrap_or_default()));
                words.extend((!is_ending).then_some(Word::Prompt(Prompt::EnterCodeAgain)));
                if let Stage::Ending { until_ms, .. } = &mut self.stage {
                    *until_ms = None;
                }
                self.say(words, now_ms, actions);
            }
            // The call is ending: what was keyed in is no emergency number, so nothing is waited for.
            _ if is_ending => {}
            Outcome::Pin(pin) => {
                if self.trying_since_ms.is_none() {
                    self.stage = Stage::Asking;
                    self.trying_since_ms = Some(now_ms);
                    if self.speaking_until_ms.take().is_some() {
                        actions.push(Action::Quiet);
                    }
                    actions.push(Action::Try(pin));
                }
            }
            Outcome::NotSix => self.say([Prompt::NotSixDigits.into(), Prompt::EnterCodeAgain.into()], now_ms, actions),
            Outcome::Silence => self.heard_nothing(now_ms, actions),
        }
    }

    fn heard_nothing(&mut self, now_ms: u64, actions: &mut Vec<Action>) {
        // While a PIN is being tried, or somebody speaks, silence is no wonder.
        if self.trying_since_ms.is_some() || self.speaking_until_ms.is_some() || self.stage != Stage::Asking {
            return;
        }
        self.silences += 1;
        if self.silences > SILENCES_MAX {
            self.end(Ending::Goodbye, now_ms, actions);
        } else {
            self.say([Prompt::EnterCodeAgain.into()], now_ms, actions);
        }
    }

    fn announce(&mut self, number: String, now_ms: u64, actions: &mut Vec<Action>) {
        let mut words = vec![Prompt::EmergencyCallTo.into()];
        words.extend(Word::spell(&number));
        words.push(Prompt::AnyKeyCancels.into());
        let back = match self.stage {
            Stage::Ending { why, .. } => Back::Ending(why),
            _ => Back::Asking,
        };
        self.stage = Stage::Announcing { number, back };
        self.say(words, now_ms, actions);
        self.speaking_until_ms = Some(now_ms + ANNOUNCEMENT_MAX_MS);
    }

    fn go_back(&mut self, now_ms: u64, actions: &mut Vec<Action>) {
        let Stage::Announcing { back, .. } = &self.stage else { return };
        let mut words = vec![Prompt::Cancelled.into()];
        match *back {
            Back::Asking => {
                self.stage = Stage::Asking;
                words.push(Prompt::EnterCodeAgain.into());
            }
            Back::Ending(why) => {
                self.stage = Stage::Ending { why, until_ms: None };
                words.extend(why.words());
            }
        }
        self.say(words, now_ms, actions);
    }

    fn tried(&mut self, verdict: Verdict, now_ms: u64, actions: &mut Vec<Action>) {
        if self.trying_since_ms.take().is_none() {
            // It was told already that the answer did not come.
            return;
        }
        let Verdict::Wrong { left } = verdict else { return self.end(Ending::Told(verdict), now_ms, actions) };
        if self.stage == Stage::Asking {
            self.say([Prompt::Wrong.into(), Word::Tries(left), Prompt::EnterCodeAgain.into()], now_ms, actions);
        }
    }

    fn end(&mut self, why: Ending, now_ms: u64, actions: &mut Vec<Action>) {
        match &mut self.stage {
            Stage::Announcing { back, .. } => *back = Back::Ending(why),
            Stage::Ending { .. } | Stage::Over => {}
            Stage::Opening | Stage::Asking => {
                self.stage = Stage::Ending { why, until_ms: None };
                self.say(why.words(), now_ms, actions);
            }
        }
    }

    fn played(&mut self, now_ms: u64, actions: &mut Vec<Action>) {
        if self.speaking_until_ms.take().is_none() {
            return;
        }
        match &mut self.stage {
            Stage::Asking => self.entry.listen(now_ms),
            Stage::Ending { why, until_ms } => *until_ms = Some(now_ms + why.listens_ms()),
            Stage::Announcing { number, .. } => {
                actions.push(Action::PutThrough(std::mem::take(number)));
                self.stage = Stage::Over;
            }
            Stage::Opening | Stage::Over => {}
        }
    }

    /// Lets time do its work.
    fn pass(&mut self, now_ms: u64, actions: &mut Vec<Action>) {
        if self.speaking_until_ms.is_some_and(|until| until <= now_ms) {
            self.played(now_ms, actions);
        }
        if let Some(outcome) = self.entry.expire(now_ms) {
            self.entered(outcome, now_ms, actions);
        }
        if self.trying_since_ms.is_some_and(|since| since + TRY_WAIT_MS <= now_ms) {
            self.trying_since_ms = None;
            self.end(Ending::Told(Verdict::Unavailable), now_ms, actions);
        }
        let lasts = now_ms.saturating_sub(self.began_ms);
        match &self.stage {
            Stage::Opening if lasts >= STANDING_WAIT_MS => self.end(Ending::Told(Verdict::Unavailable), now_ms, actions),
            Stage::Asking if lasts >= SESSION_MAX_MS => self.end(Ending::Goodbye, now_ms, actions),
            Stage::Ending { until_ms: Some(until), .. } if *until <= now_ms && self.entry.deadline_ms().is_none() => {
                self.hang_up(actions);
            }
            _ => {}
        }
        if lasts >= CALL_MAX_MS && !self.is_announcing() && self.stage != Stage::Over {
            self.hang_up(actions);
        }
    }

    fn hang_up(&mut self, actions: &mut Vec<Action>) {
        self.stage = Stage::Over;
        actions.push(Action::HangUp);
    }

    fn say(&mut self, words: impl IntoIterator<Item = Word>, now_ms: u64, actions: &mut Vec<Action>) {
        self.speaking_until_ms = Some(now_ms + PROMPT_MAX_MS);
        actions.push(Action::Say(words.into_iter().collect()));
    }

    fn is_announcing(&self) -> bool {
        matches!(self.stage, Stage::Announcing { .. })
    }
}

impl Ending {
    fn words(self) -> Vec<Word> {
        use Prompt as P;
        let prompts = |prompts: &[P]| prompts.iter().copied().map(Word::from).collect();
        match self {
            Self::Told(Verdict::Right) => prompts(&[P::Right]),
            Self::Told(Verdict::Failed { minutes }) => vec![P::Failed.into(), Word::Minutes(minutes), P::Goodbye.into()],
            Self::Told(Verdict::Blocked) => prompts(&[P::Blocked, P::AskReset, P::Goodbye]),
            Self::Told(Verdict::ResetNeeded) => prompts(&[P::ResetNeeded, P::AskReset, P::Goodbye]),
            Self::Told(Verdict::Busy) => prompts(&[P::Busy, P::TryLater, P::Goodbye]),
            Self::Told(Verdict::Unavailable) => prompts(&[P::TryLater, P::Goodbye]),
            Self::Told(Verdict::Wrong { .. }) | Self::Goodbye => prompts(&[P::Goodbye]),
        }
    }

    /// How long keys are listened to when all is said: the cleared phone waits to be told to fetch, others may need help.
    fn listens_ms(self) -> u64 {
        if self == Self::Told(Verdict::Right) { 0 } else { ENDING_LISTENS_MS }
    }
}

impl fmt::Debug for Dialogue {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let stage = match &self.stage {
            Stage::Opening => "Opening",
            Stage::Asking => "Asking",
            Stage::Ending { .. } => "Ending",
            Stage::Announcing { .. } => "Announcing",
            Stage::Over => "Over",
        };
        let (speaking, trying) = (self.speaking_until_ms.is_some(), self.trying_since_ms.is_some());
        f.debug_struct("Dialogue").field("stage", &stage).field("speaking", &speaking).field("trying", &trying).finish_non_exhaustive()
    }
}

impl fmt::Debug for Action {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Say(words) => write!(f, "Say({})", said(words).join(" ")),
            Self::Quiet => f.write_str("Quiet"),
            Self::Try(_) => f.write_str("Try(..)"),
            Self::PutThrough(_) => f.write_str("PutThrough(..)"),
            Self::HangUp => f.write_str("HangUp"),
        }
    }
}

/// The names of what is said, without what is spelled and counted.
pub fn said(words: &[Word]) -> Vec<&'static str> {
    words.iter().filter_map(|word| if let Word::Prompt(prompt) = word { Some(name(*prompt)) } else { None }).collect()
}

fn name(prompt: Prompt) -> &'static str {
    match prompt {
        Prompt::EnterCode => "enter_code",
        Prompt::EnterCodeAgain => "enter_code_again",
        Prompt::NotSixDigits => "not_six_digits",
        Prompt::Wrong => "wrong",
        Prompt::Failed => "failed",
        Prompt::Blocked => "blocked",
        Prompt::ResetNeeded => "reset_needed",
        Prompt::AskReset => "ask_reset",
        Prompt::Right => "right",
        Prompt::Busy => "busy",
        Prompt::TryLater => "try_later",
        Prompt::MacEndsIn => "mac_ends_in",
        Prompt::EmergencyCallTo => "emergency_call_to",
        Prompt::AnyKeyCancels => "any_key_cancels",
        Prompt::Cancelled => "cancelled",
        Prompt::EmergencyUnreachable => "emergency_unreachable",
        Prompt::UseAnotherTelephone => "use_another_telephone",
        Prompt::Goodbye => "goodbye",
    }
}

#[cfg(test)]
mod tests;
