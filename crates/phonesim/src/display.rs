//! What a person sees, and what the phone would register.

use domain::Secret;
use domain::settings::Transport;

/// What stands on the display.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Display {
    /// The window that asks for user name and password.
    LoginPrompt,
    /// Only texts: a notice, an error, or line labels of accounts that call nothing but one number.
    Text(Vec<String>),
    /// Lines to telephone with.
    Ready {
        /// Them, by slot.
        accounts: Vec<Account>,
        /// What else stands there.
        texts: Vec<String>,
    },
    /// There is none.
    None,
}

impl Display {
    /// Everything written on it, for people.
    pub fn lines(&self) -> Vec<String> {
        match self {
            Self::LoginPrompt => vec!["User name and password?".to_owned()],
            Self::Text(lines) => lines.clone(),
            Self::Ready { accounts, texts } => accounts.iter().map(Account::shown).chain(texts.iter().cloned()).collect(),
            Self::None => Vec::new(),
        }
    }

    /// Whether a line holds this text.
    pub fn says(&self, text: &str) -> bool {
        self.lines().iter().any(|line| line.contains(text))
    }
}

/// An account that is switched on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Account {
    /// Slot, from 1.
    pub slot: u16,
    /// SIP user.
    pub user: String,
    /// Authentication user; the SIP user where none is set.
    pub auth_user: String,
    /// SIP password.
    pub password: Secret<String>,
    /// Registrar's host.
    pub server: String,
    /// Its port, if one is set.
    pub port: Option<u16>,
    /// How SIP travels.
    pub transport: Transport,
    /// What the line key says.
    pub label: String,
    /// The name that others see.
    pub display_name: String,
    /// The number that every call of this account goes to.
    pub hotline: Option<String>,
}

impl Account {
    /// What the line key shows.
    pub fn shown(&self) -> String {
        [&self.label, &self.display_name, &self.user].into_iter().find(|text| !text.is_empty()).cloned().unwrap_or_default()
    }
}
