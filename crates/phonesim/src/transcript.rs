//! What a phone did, in plain words and without secrets.

use std::fmt;

use crate::address::masked_path;
use crate::limits::TRANSCRIPT_STEPS_MAX;
use crate::login::Scheme;

/// The login that a request carried.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum SentLogin {
    /// None.
    None,
    /// A login of this user.
    Login {
        /// How it was proved.
        scheme: Scheme,
        /// Whose.
        user: String,
    },
}

/// One request and its answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Exchange {
    /// Method.
    pub method: &'static str,
    /// Path and query; segments that stand for a login are hidden.
    pub target: String,
    /// The login with it.
    pub login: SentLogin,
    /// Status code; none if no answer came.
    pub status: Option<u16>,
    /// Bytes of the body.
    pub bytes: usize,
    /// What the phone made of it.
    pub summary: String,
}

impl Exchange {
    pub(crate) fn new(target: &str, login: SentLogin) -> Self {
        Self { method: "GET", target: masked_path(target), login, status: None, bytes: 0, summary: String::new() }
    }

    /// The last piece of the path, without a query.
    pub fn file_name(&self) -> &str {
        let path = self.target.split('?').next().unwrap_or_default();
        path.rsplit('/').next().unwrap_or_default()
    }
}

impl fmt::Display for Exchange {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.method, self.target)?;
        match &self.login {
            SentLogin::None => f.write_str(" (no login)")?,
            SentLogin::Login { scheme, user } => {
                let scheme = match scheme {
                    Scheme::Basic => "Basic",
                    Scheme::Md5 => "Digest MD5",
                    Scheme::Sha256 => "Digest SHA-256",
                };
                write!(f, " ({scheme}, user {user})")?;
            }
        }
        match self.status {
            Some(status) => write!(f, " -> {status}, {} bytes", self.bytes)?,
            None => f.write_str(" -> no answer")?,
        }
        write!(f, ": {}", self.summary)
    }
}

/// One thing that happened.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Step {
    /// A request.
    Exchange(Exchange),
    /// Something inside the phone.
    Note(String),
}

impl fmt::Display for Step {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Exchange(exchange) => exchange.fmt(f),
            Self::Note(note) => write!(f, "  {note}"),
        }
    }
}

/// Everything that happened, in order. Bounded: later steps are only counted.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Transcript {
    steps: Vec<Step>,
    left_out: usize,
}

impl Transcript {
    /// All steps.
    pub fn steps(&self) -> &[Step] {
        &self.steps
    }

    /// The requests among them.
    pub fn exchanges(&self) -> impl Iterator<Item = &Exchange> {
        self.steps.iter().filter_map(|step| match step {
            Step::Exchange(exchange) => Some(exchange),
            Step::Note(_) => None,
        })
    }

    /// File name and status of each request, such as `001565aabbcc.cfg 401`; 0 where no answer came.
    pub fn outline(&self) -> Vec<String> {
        self.exchanges().map(|exchange| format!("{} {}", exchange.file_name(), exchange.status.unwrap_or(0))).collect()
    }

    pub(crate) fn note(&mut self, note: impl Into<String>) {
        self.push(Step::Note(note.into()));
    }

    pub(crate) fn push(&mut self, step: Step) {
        if self.steps.len() < TRANSCRIPT_STEPS_MAX {
            self.steps.push(step);
        } else {
            self.left_out += 1;
        }
    }
}

impl fmt::Display for Transcript {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for step in &self.steps {
            writeln!(f, "{step}")?;
        }
        if self.left_out > 0 {
            writeln!(f, "  ({} more steps)", self.left_out)?;
        }
        Ok(())
    }
}
