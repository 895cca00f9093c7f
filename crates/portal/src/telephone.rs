//! What the telephone face does for people's programs. The portal says here what it needs; whoever runs both faces hands it over, so that
//! neither knows the other.

use std::fmt;
use std::net::IpAddr;
use std::pin::Pin;

use domain::emergency::Trunk;
use domain::{Mac, Secret, Time};
use serde::Serialize;
use utoipa::ToSchema;

use crate::admin::Error;

/// An answer that takes time.
pub type Answering<'a, T> = Pin<Box<dyn Future<Output = Result<T, Error>> + Send + 'a>>;

/// The codes with which it refuses a PIN attempt: the field that cannot be, or a session and number that were used for another phone.
pub const CODES: [&str; 4] = ["account", "pin", "session", "session_reused"];

/// The telephone face.
pub trait Telephone: fmt::Debug + Send + Sync {
    /// Takes a PIN that somebody keyed in elsewhere: in one transaction, counted once for each session and number, whichever node is
    /// asked.
    fn pin_attempt(&self, attempt: PinAttempt, now: Time) -> Answering<'_, PinAnswer>;

    /// The account of that name; none if there is none, or it has ended.
    fn sip_account(&self, name: String, now: Time) -> Answering<'_, Option<SipAccount>>;

    /// Where each of these phones stands with this node, in their order. Looks into memory alone and never waits.
    fn presence(&self, macs: &[Mac], now: Time) -> Vec<Presence>;

    /// Asks a trunk whether it answers, and calls its test number if it has one.
    fn test_trunk(&self, trunk: Trunk) -> Answering<'_, Vec<TrunkStep>>;
}

/// Where a phone that is not cleared stands with a node: another node's phones are away.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Presence {
    /// Not here.
    Away,
    /// Registered with its throw-away account.
    Registered,
    /// In a call that asks for its PIN.
    InCall,
}

/// One step of a trunk's test.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct TrunkStep {
    /// What was tried.
    pub step: String,
    /// Whether it worked.
    pub ok: bool,
    /// What was said.
    pub detail: String,
}

/// Whose PIN it is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Who {
    /// The phone that proved this account elsewhere.
    Account {
        /// Its name.
        name: String,
        /// Where it called from, if that is known.
        source: Option<IpAddr>,
    },
    /// The one phone that asked for this MAC's configuration from that address.
    Phone {
        /// The MAC.
        mac: Mac,
        /// The address.
        source: IpAddr,
    },
}

/// A PIN that was keyed in at an operator's own telephone system.
#[derive(Clone, Debug)]
pub struct PinAttempt {
    /// Whose.
    pub who: Who,
    /// Six digits.
    pub pin: Secret<String>,
    /// The other system's name for the call.
    pub session: String,
    /// Which PIN of the call: the same number of the same session is answered alike.
    pub attempt: u32,
}

/// What came of a PIN, in the shape of interfaces.md.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct PinAnswer {
    /// ok, wrong, failed, blocked, expired.
    pub result: &'static str,
    /// Tries left before a lock, where that means anything.
    pub attempts_left: Option<u32>,
}

/// A throw-away account, as another server needs it to let its phone register.
#[derive(Clone, Debug)]
pub struct SipAccount {
    /// Its name.
    pub name: String,
    /// The realm of both hashes.
    pub realm: String,
    /// MD5 over user, realm and password, 32 digits. Whoever has it can register as that phone.
    pub ha1_md5: Secret<String>,
    /// The same with SHA-256, 64 digits.
    pub ha1_sha256: Secret<String>,
    /// When it ends, if that is known.
    pub ends: Option<Time>,
    /// What it may do.
    pub actions: &'static [&'static str],
}
