//! The telephone face as the portal sees it: PINs that an operator's own telephone system passes on, and its accounts.

use std::fmt;
use std::path::PathBuf;
use std::sync::Arc;

use domain::emergency::{Numbers, Trunk};
use domain::{Mac, Time};
use portal::admin::Error;
use portal::telephone::{Answering, PinAnswer, PinAttempt, Presence, SipAccount, Telephone, TrunkStep, Who};
use voice::accounts::Accounts;
use voice::edge::client_tls;
use voice::emergency::probe;
use voice::pins::{self, AttemptError, PinDesk};
use voice::presence::{self, Presences};
use voice::service::Voice;

/// The desk and the accounts of a running telephone face.
pub struct Engine {
    desk: PinDesk,
    accounts: Arc<Accounts>,
    presences: Presences,
    prober: Prober,
}

/// What a test of a trunk needs besides the trunk.
#[derive(Debug)]
pub struct Prober {
    /// What is never dialled.
    pub numbers: Numbers,
    /// The number that a test call shows.
    pub caller_number: Option<String>,
    /// PEM file of the authorities that vouch for trunks over TLS; absent: the system's.
    pub authorities: Option<PathBuf>,
}

impl Engine {
    /// Of a telephone face.
    pub fn new(voice: &Voice, prober: Prober) -> Self {
        let (desk, accounts, presences) = (voice.pins().clone(), Arc::clone(voice.accounts()), voice.presences().clone());
        Self { desk, accounts, presences, prober }
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

    fn presence(&self, macs: &[Mac], now: Time) -> Vec<Presence> {
        let one = |found: presence::Presence| match found {
            presence::Presence::Away => Presence::Away,
            presence::Presence::Registered => Presence::Registered,
            presence::Presence::InCall => Presence::InCall,
        };
        self.presences.of(macs, now).into_iter().map(one).collect()
    }

    fn test_trunk(&self, trunk: Trunk) -> Answering<'_, Vec<TrunkStep>> {
        Box::pin(async move {
            let Prober { numbers, caller_number, authorities } = &self.prober;
            let tls = client_tls(authorities.as_deref()).map_err(|error| Error::Unavailable(format!("{error}; see tls.trunks")))?;
            let steps = probe(&trunk, numbers, caller_number.as_deref(), &tls).await;
            Ok(steps.into_iter().map(|step| TrunkStep { step: step.step, ok: step.ok, detail: step.detail }).collect())
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
