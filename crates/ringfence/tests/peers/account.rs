//! The throw-away SIP account of a claim, as a phone reads it in its restricted config.

use phonesim::Answer;

use crate::house::{Given, value};

/// User, password and where to register, and the login of the same claim.
#[derive(Clone, Debug)]
pub(crate) struct Account {
    pub(crate) user: String,
    pub(crate) password: String,
    /// The realm too.
    pub(crate) host: String,
    pub(crate) port: u16,
    pub(crate) given: Given,
}

impl Account {
    /// Of a Yealink's restricted config.
    pub(crate) fn of(answer: &Answer) -> Self {
        let text = answer.text();
        let of = |key: &str| value(&text, &format!("account.1.{key}")).unwrap_or_else(|| panic!("{key} is not in {text}"));
        Self {
            user: of("auth_name"),
            password: of("password"),
            host: of("sip_server.1.address"),
            port: of("sip_server.1.port").parse().unwrap(),
            given: Given::of(answer).expect("a restricted config carries its claim's login"),
        }
    }

    /// What SIPp turns into an Authorization, as a line.
    pub(crate) fn tag(&self) -> String {
        format!("[authentication username={} password={}]\n", self.user, self.password)
    }
}
