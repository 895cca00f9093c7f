//! The switches in which real phones differ, or in which nobody has proved what they do.

use std::time::Duration;

use crate::address::Slash;
use crate::client::{Client, Tls};
use crate::login::Scheme;
use crate::telephone::Telephony;

/// When a phone sends its login.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum LoginHabit {
    /// Only after a 401, for every file anew. No document says what Yealink does; this is what costs a server most.
    #[default]
    AfterChallenge,
    /// After the first 401 it answers the same challenge again, unasked, counting up its uses.
    KeepsChallenge,
    /// Basic at once.
    BasicAtOnce,
}

/// What waits are worth.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Waits {
    /// The phone waits before it tries again.
    #[default]
    Real,
    /// It writes the wait into its transcript and goes on at once, so that no test hangs on a clock.
    Skipped,
}

/// How a phone behaves.
#[expect(clippy::struct_excessive_bools, reason = "independent switches, as in the phone's own menu")]
#[derive(Clone, Debug)]
pub struct Behaviour {
    /// From which address it calls, whom it trusts, how long it waits for an answer.
    pub client: Client,
    /// When it sends its login.
    pub login_habit: LoginHabit,
    /// The strongest scheme it knows.
    pub strongest: Scheme,
    /// One connection for the whole pass instead of one for each file. A config may say it too.
    pub keep_alive: bool,
    /// Whether it talks plain HTTP at all.
    pub plain_http: bool,
    /// How it puts file names behind its server's address.
    pub slash: Slash,
    /// Whether it runs the next pass at once when a config named another server; else it waits for its poll or boot.
    pub refetch_on_new_server: bool,
    /// Whether a person is asked for user and password after a refused login. Phones without a display cannot.
    pub prompts_for_login: bool,
    /// Whether a DECT server keeps the users that a new list of them does not name. Nobody says it of Spectralink's.
    pub keeps_unnamed_users: bool,
    /// Whether waits are real.
    pub waits: Waits,
    /// Tries for a file whose server is busy or out of reach.
    pub attempts: u32,
    /// Between those tries, unless the server asks for more.
    pub retry_delay: Duration,
    /// How it telephones, once it does.
    pub telephony: Telephony,
}

impl Default for Behaviour {
    /// As the vendor ships it, with the vendor's time limits: `attempt_expired_time` 5 s,
    /// `network.attempt_expired_time` 10 s, `attempt_before_failed` 3, `retry_delay_after_file_transfer_failed` 5 s.
    fn default() -> Self {
        let client = Client { connect_timeout: Duration::from_secs(5), answer_timeout: Duration::from_secs(10), ..Client::default() };
        Self {
            client,
            login_habit: LoginHabit::default(),
            strongest: Scheme::Md5,
            keep_alive: false,
            plain_http: true,
            slash: Slash::default(),
            refetch_on_new_server: false,
            prompts_for_login: true,
            keeps_unnamed_users: false,
            waits: Waits::default(),
            attempts: 3,
            retry_delay: Duration::from_secs(5),
            telephony: Telephony::default(),
        }
    }
}

impl Behaviour {
    /// For tests: two minutes' patience instead of the vendor's seconds, and waits that are only written down, so that a
    /// slow machine decides nothing.
    pub fn unhurried(tls: Tls) -> Self {
        let minutes = Duration::from_mins(2);
        let client = Client { connect_timeout: minutes, answer_timeout: minutes, ..Client::new(tls) };
        Self { client, waits: Waits::Skipped, ..Self::default() }
    }
}
