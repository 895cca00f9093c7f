//! The switches in which real phones' telephony differs.

use std::net::SocketAddr;
use std::time::Duration;

use crate::sip::{CallOptions, Timers};

/// What a phone does when it is told to fetch (NOTIFY with the event `check-sync`, or another one of its brand's).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Notified {
    /// As its brand and config say, a challenge included.
    #[default]
    AsSet,
    /// 200, and it fetches.
    Obeys,
    /// 401 with a realm of its own; it obeys whoever knows the account's password.
    Challenges,
    /// 489: it knows no such event.
    Refuses,
    /// Silence.
    Ignores,
}

/// What a phone does when it is called.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Called {
    /// Somebody picks up at once.
    #[default]
    Answers,
    /// It rings until its owner does something, see [`crate::Telephone::take_call`].
    Rings,
    /// 486.
    Refuses,
}

/// What becomes of digits that somebody dials while the account calls one number only (`auto_dial`).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Dialled {
    /// They are swallowed: the one number is called.
    #[default]
    Swallowed,
    /// They are called.
    Called,
    /// Emergency numbers of the config (`dialplan.emergency`) are called, all others swallowed. Nobody has proved which
    /// firmware does so.
    EmergencyCalled,
}

/// How a phone telephones.
#[derive(Clone, Debug)]
pub struct Telephony {
    /// Lines that it registers at most.
    pub lines: usize,
    /// For how many seconds it asks to be registered.
    pub expires: u32,
    /// After a registration that failed, it tries again.
    pub retry: Duration,
    /// Between two keep-alives.
    pub keep_alive: Option<Duration>,
    /// What it takes for its own address.
    pub behind_nat: Option<SocketAddr>,
    /// SIP's own waits.
    pub timers: Timers,
    /// See there.
    pub notified: Notified,
    /// Whether it waits for the end of a call before it fetches.
    pub postpones_in_call: bool,
    /// See there.
    pub called: Called,
    /// See there.
    pub dialled: Dialled,
    /// How it speaks.
    pub call: CallOptions,
    /// Whether it fetches by itself when its poll is due.
    pub polls: bool,
    /// How long its owner waits for something to happen.
    pub patience: Duration,
}

impl Default for Telephony {
    fn default() -> Self {
        Self {
            lines: 16,
            expires: 3600,
            retry: Duration::from_secs(30),
            keep_alive: Some(Duration::from_secs(30)),
            behind_nat: None,
            timers: Timers::default(),
            notified: Notified::default(),
            postpones_in_call: false,
            called: Called::default(),
            dialled: Dialled::default(),
            call: CallOptions::default(),
            polls: true,
            patience: Duration::from_mins(2),
        }
    }
}
