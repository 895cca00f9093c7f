//! What a phone did, in plain words and without secrets.

use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use wire::auth::{self, Credentials};
use wire::digest::Algorithm;

use crate::address::masked_path;
use crate::limits::TRANSCRIPT_STEPS_MAX;
use crate::login::Scheme;
use crate::sip::{Message, user_of};

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

impl fmt::Display for SentLogin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::None => f.write_str(" (no login)"),
            Self::Login { scheme, user } => {
                let scheme = match scheme {
                    Scheme::Basic => "Basic",
                    Scheme::Md5 => "Digest MD5",
                    Scheme::Sha256 => "Digest SHA-256",
                };
                write!(f, " ({scheme}, user {user})")
            }
        }
    }
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
    pub(crate) fn new(method: &'static str, target: &str, login: SentLogin) -> Self {
        Self { method, target: masked_path(target), login, status: None, bytes: 0, summary: String::new() }
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
        self.login.fmt(f)?;
        match self.status {
            Some(status) => write!(f, " -> {status}, {} bytes", self.bytes)?,
            None => f.write_str(" -> no answer")?,
        }
        write!(f, ": {}", self.summary)
    }
}

/// One SIP request and its answer. No body: it may hold a key that was pressed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Signal {
    /// Whether the phone asked; else it was asked.
    pub is_ours: bool,
    /// Method.
    pub method: String,
    /// Whom it is for: the user or number, or the host if there is none; for NOTIFY its event.
    pub target: String,
    /// The login with it.
    pub login: SentLogin,
    /// The final code; none if no answer came.
    pub status: Option<u16>,
}

impl Signal {
    /// What a request says; not yet how it was answered.
    pub(crate) fn of(request: &Message) -> Self {
        let uri = request.uri();
        let host = || uri.split_once(':').map_or(uri, |(_, rest)| rest);
        let target = request.header("Event").or_else(|| user_of(uri)).unwrap_or_else(host);
        let login = request.header("Authorization").or_else(|| request.header("Proxy-Authorization"));
        let login = match login.and_then(|value| auth::parse(value.as_bytes()).ok()) {
            Some(Credentials::Digest(digest)) => {
                let is_md5 = matches!(digest.algorithm, Algorithm::Md5 | Algorithm::Md5Sess);
                SentLogin::Login { scheme: if is_md5 { Scheme::Md5 } else { Scheme::Sha256 }, user: digest.username }
            }
            Some(Credentials::Basic { user, .. }) => SentLogin::Login { scheme: Scheme::Basic, user },
            None => SentLogin::None,
        };
        Self { is_ours: true, method: request.method().to_owned(), target: target.to_owned(), login, status: None }
    }
}

impl fmt::Display for Signal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(if self.is_ours { "SIP " } else { "SIP asked: " })?;
        write!(f, "{} {}", self.method, self.target)?;
        self.login.fmt(f)?;
        match self.status {
            Some(status) => write!(f, " -> {status}"),
            None => f.write_str(" -> no answer"),
        }
    }
}

/// A transcript that several write to at once. Cheap to clone.
#[derive(Clone, Debug, Default)]
pub struct Journal(Arc<Mutex<Transcript>>);

impl Journal {
    /// What was written so far.
    pub fn read(&self) -> Transcript {
        self.transcript().clone()
    }

    /// What was written so far, taken out.
    pub fn take(&self) -> Transcript {
        std::mem::take(&mut *self.transcript())
    }

    pub(crate) fn signal(&self, signal: Signal) {
        self.transcript().push(Step::Signal(signal));
    }

    pub(crate) fn note(&self, note: impl Into<String>) {
        self.transcript().note(note);
    }

    /// Adds all that another one holds.
    pub(crate) fn append(&self, other: Transcript) {
        self.transcript().append(other);
    }

    fn transcript(&self) -> MutexGuard<'_, Transcript> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// One thing that happened.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Step {
    /// A request.
    Exchange(Exchange),
    /// A SIP request of the phone's, or one to it.
    Signal(Signal),
    /// Something inside the phone.
    Note(String),
}

impl fmt::Display for Step {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Exchange(exchange) => exchange.fmt(f),
            Self::Signal(signal) => signal.fmt(f),
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
            Step::Signal(_) | Step::Note(_) => None,
        })
    }

    /// The SIP requests among them.
    pub fn signals(&self) -> impl Iterator<Item = &Signal> {
        self.steps.iter().filter_map(|step| match step {
            Step::Signal(signal) => Some(signal),
            Step::Exchange(_) | Step::Note(_) => None,
        })
    }

    /// File name and status of each request, such as `001565aabbcc.cfg 401`; 0 where no answer came.
    pub fn outline(&self) -> Vec<String> {
        self.exchanges().map(|exchange| format!("{} {}", exchange.file_name(), exchange.status.unwrap_or(0))).collect()
    }

    pub(crate) fn note(&mut self, note: impl Into<String>) {
        self.push(Step::Note(note.into()));
    }

    /// Adds all that another one holds.
    pub(crate) fn append(&mut self, other: Self) {
        self.left_out += other.left_out;
        for step in other.steps {
            self.push(step);
        }
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
