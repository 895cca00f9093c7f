//! The telephone face as the portal sees it: PINs that an operator's own telephone system passes on, and its accounts.

use std::fmt;
use std::sync::Arc;

use domain::Time;
use portal::admin::Error;
use portal::telephone::{Answering, PinAnswer, PinAttempt, SipAccount, Telephone, Who};
use voice::accounts::Accounts;
use voice::pins::{self, AttemptError, PinDesk};

/// The desk and the accounts of a running telephone face.
pub struct Engine {
    desk: PinDesk,
    accounts: Arc<Accounts>,
}

impl Engine {
    /// Of a telephone face.
    pub fn new(desk: PinDesk, accounts: Arc<Accounts>) -> Self {
        Self { desk, accounts }
    }
}

impl Telephone for Engine {
    fn pin_attempt(&self, attempt: PinAttempt, now: Time) -> Answering<'_, PinAnswer> {
        let who = match attempt.who {
            Who::Account { name, source } => pins::Who::Account { name, source },
            Who::Phone { mac, source } => pins::Who::Phone { mac, source },
        };
        let attempt = pins::Attempt { who, pin: attempt.pin, session: attempt.session, attempt: attempt.attempt };
        Box::pin(async move {
            let answer = self.desk.attempt(&attempt, now).await.map_err(refused)?;
            Ok(PinAnswer { result: answer.result.code(), attempts_left: answer.attempts_left })
        })
    }

    fn sip_account(&self, name: String, now: Time) -> Answering<'_, Option<SipAccount>> {
        Box::pin(async move {
            let found = self.desk.account(&self.accounts, &name, now).await?;
            Ok(found.map(|account| {
                let pins::SipAccount { name, realm, ha1_md5, ha1_sha256, ends, actions } = account;
                SipAccount { name, realm, ha1_md5, ha1_sha256, ends, actions }
            }))
        })
    }
}

impl fmt::Debug for Engine {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Engine(..)")
    }
}

fn refused(error: AttemptError) -> Error {
    match error {
        AttemptError::Invalid(field) => Error::invalid(field, error),
        AttemptError::Mismatch => Error::refused("session_reused", error),
        AttemptError::Busy => Error::Unavailable(error.to_string()),
        AttemptError::Store(error) => error.into(),
    }
}
