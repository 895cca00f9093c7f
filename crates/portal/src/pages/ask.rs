//! Questions before something ends: *Yes* or *No*, with what comes of *Yes*.

use domain::role::Action;
use minijinja::context;
use serde::{Deserialize, Serialize};

use super::answer::Answer;
use super::template::view;
use super::visitor::Visitor;

/// A question.
#[derive(Debug, Serialize)]
pub(crate) struct Question<'a> {
    /// What is asked, in the reader's language.
    pub title: String,
    /// What it is about: a name, a network.
    pub about: &'a str,
    /// What comes of *Yes*.
    pub effects: Vec<String>,
    /// Where the answer goes.
    pub action: String,
    /// What the answer carries with it.
    pub fields: Vec<(&'static str, &'a str)>,
    /// Where *No* leads.
    pub back: &'a str,
}

impl Visitor {
    /// Asks; refused to those who may not do it anyway.
    pub fn ask(&self, action: Action, question: &Question<'_>) -> Answer {
        self.must(action)?;
        self.show("ask.html", context! { question => view(question) })
    }
}

/// The answer, and where the question was asked.
#[derive(Debug, Deserialize)]
pub(crate) struct Answered {
    answer: String,
    #[serde(default)]
    back: String,
}

impl Answered {
    /// Whether it is *Yes*.
    pub fn yes(&self) -> bool {
        self.answer == "yes"
    }

    /// Where to go on, unless the form says so.
    pub fn to(&self, otherwise: &str) -> String {
        or(&self.back, otherwise)
    }
}

/// Where somebody came from.
#[derive(Debug, Deserialize)]
pub(crate) struct From {
    #[serde(default)]
    pub back: String,
}

impl From {
    /// Where to go on, unless the form says so.
    pub fn to(&self, otherwise: &str) -> String {
        or(&self.back, otherwise)
    }
}

fn or(back: &str, otherwise: &str) -> String {
    if back.is_empty() { otherwise } else { back }.to_owned()
}
