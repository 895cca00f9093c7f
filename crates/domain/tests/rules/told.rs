//! Answers and what follows from them, in words.

use domain::admission::{Answer, Decision};
use domain::effect::{Attention, Effect, Event};
use domain::login::Login;

/// The login that an answer carries to the phone, if it carries one.
pub fn carried(answer: &Answer) -> Option<Login> {
    match answer {
        Answer::Full { login, .. } => Some(login.clone()),
        Answer::Signpost { claim, .. } | Answer::Restricted { claim, .. } => Some(Login::of(*claim)),
        Answer::Challenge { .. } | Answer::Public => None,
    }
}

/// An answer in a word, as the matrix and the model write it.
pub fn kind(answer: &Answer) -> String {
    match answer {
        Answer::Challenge { stale: true } => "401 stale".to_owned(),
        Answer::Challenge { stale: false } => "401".to_owned(),
        Answer::Public => "public".to_owned(),
        Answer::Full { .. } => "FULL".to_owned(),
        Answer::Signpost { .. } => "signpost".to_owned(),
        Answer::Restricted { notice, .. } => format!("restricted ({notice:?})").to_lowercase(),
    }
}

/// Answer and reason: `401, global_spent`.
pub fn told(decision: &Decision) -> String {
    format!("{}, {}", kind(&decision.answer), decision.reason.code())
}

/// What follows from a decision, in words.
pub fn follows(effects: &[Effect]) -> Vec<String> {
    effects
        .iter()
        .map(|effect| match effect {
            Effect::Event(event) => event_code(event).to_owned(),
            Effect::Refetch => "refetch".to_owned(),
            Effect::Window(_) => "window".to_owned(),
            Effect::Knock => "knock".to_owned(),
            Effect::Notice(attention) => attention_code(*attention).to_owned(),
        })
        .collect()
}

fn event_code(event: &Event) -> &'static str {
    event.code()
}

fn attention_code(attention: Attention) -> &'static str {
    match attention {
        Attention::CameBackWithoutLogin => "came back without its login",
        Attention::StillUsesGlobal => "still uses the global login",
        Attention::IdentityMismatch => "identity mismatch",
        Attention::MassFirstContact => "mass first contact",
    }
}
