//! What people do, one file per noun. Each act checks the role, loads, asks `domain`, saves, and leaves audit and outbox in the same
//! transaction; whoever calls (command line, API) gets a value to print or an [`Error`] to show.

pub mod account;
pub mod audit;
mod before;
pub mod brands;
pub mod checkup;
pub mod compare;
pub mod contact;
pub mod customer;
pub mod device;
mod error;
pub mod event;
pub mod export;
pub mod figures;
pub mod global_login;
pub mod guide;
pub mod handset;
pub mod import;
pub mod knock;
pub mod line;
pub mod login_request;
pub mod look;
pub mod menu_password;
pub mod overview;
pub mod own_account;
pub mod part;
pub mod password_link;
pub mod policy;
pub mod prompt;
pub mod redirect;
pub mod reseller;
pub mod second_factor;
pub mod setting;
pub mod sign_in;
pub mod simulate;
pub mod site;
pub mod telephone;
mod telling;
pub mod template;
pub mod token;
pub mod tree;
pub mod trunk;
pub mod trust;
pub mod trusting;
pub mod user;
pub mod webhook;

use std::sync::Arc;

use ::brands::InForce;
use domain::claim::PlatformKeys;
use domain::policy::Policy;
use domain::role::{Action, Actor, Target, may};
use domain::tenancy::Node;
use domain::{Chance, Time};
use store::Scope;
use store::{Db, Store};
use uuid::Uuid;

pub use self::error::Error;
pub(crate) use self::error::Named;
use crate::edge::SystemChance;
use crate::webhook::Road;

/// What all acts work with. Clones share it.
#[derive(Clone, Debug)]
pub struct Admin {
    /// What is kept.
    pub store: Store,
    /// Brands and models.
    pub catalogue: InForce,
    /// The platform's keys for claims.
    pub keys: Arc<PlatformKeys>,
    /// What stands in every phone's file.
    pub platform: Arc<Platform>,
}

/// The platform's own addresses and numbers, as they stand in phones' files.
#[derive(Clone, Debug)]
pub struct Platform {
    /// How phones reach us, without a path.
    pub phones_url: String,
    /// The SIP host of restricted phones.
    pub sip_host: String,
    /// Its port.
    pub sip_port: u16,
    /// How restricted phones speak.
    pub sip_transport: domain::settings::Transport,
    /// The authentication service.
    pub service_number: String,
    /// Emergency numbers of the whole platform.
    pub emergency_numbers: Vec<String>,
    /// How people reach the portal, without a path.
    pub portal_url: String,
    /// There is a mail server: what is queued will be sent.
    pub mails: bool,
    /// How deliveries of webhooks travel.
    pub webhooks: Road,
    /// How brands' redirect services are reached.
    pub redirects: crate::redirecting::Way,
}

/// Who acts, and when.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct By {
    /// The name that the audit shows.
    pub name: String,
    /// Role and branch.
    pub actor: Actor,
    /// Now; read once, where the act began.
    pub now: Time,
}

impl By {
    /// The command line of the machine that holds the keys.
    pub fn command_line(now: Time) -> Self {
        Self { name: "command line".to_owned(), actor: Actor::OPERATOR, now }
    }

    /// The branch that exists for this actor.
    pub fn scope(&self) -> Scope {
        self.actor.node
    }

    /// One's own branch as what is acted on.
    pub(crate) fn branch(&self) -> Target {
        match self.actor.node {
            Node::Operator => Target::default(),
            Node::Reseller(id) => Target { reseller: Some(id), ..Target::default() },
            Node::Customer(id) => Target { customer: Some(id), ..Target::default() },
            Node::Site(id) => Target { site: Some(id), ..Target::default() },
        }
    }

    /// Refuses what the role may not do. `policy` is the one in force at the target.
    pub(crate) fn may(&self, action: Action, target: &Target, policy: &Policy) -> Result<(), Error> {
        if may(self.actor, action, target, policy) { Ok(()) } else { Err(Error::Forbidden) }
    }

    /// Refuses an act on the platform as a whole.
    pub(crate) fn may_platform(&self, action: Action) -> Result<(), Error> {
        self.may(action, &Target::default(), &Policy::default())
    }

    /// Writes a line of the audit.
    pub(crate) fn audit(&self, db: &Db, node: Node, action: &str, subject: &str, detail: &str) -> Result<(), Error> {
        let entry = domain::audit::Entry {
            at: self.now,
            actor: self.name.clone(),
            action: action.to_owned(),
            subject: subject.to_owned(),
            detail: detail.to_owned(),
        };
        Ok(store::audit::append(db, node, &entry)?)
    }
}

impl Admin {
    /// Runs one act in one transaction. It may run more than once, so it touches nothing but the store.
    pub(crate) async fn write<T, F>(&self, act: F) -> Result<T, Error>
    where
        T: Send + 'static,
        F: Fn(&Db) -> Result<T, Error> + Send + 'static,
    {
        self.store.try_write(act).await
    }

    /// Reads, with refusals of our own.
    pub(crate) async fn read<T, F>(&self, look: F) -> Result<T, Error>
    where
        T: Send + 'static,
        F: FnOnce(&Db) -> Result<T, Error> + Send + 'static,
    {
        self.store.read(move |db| Ok(look(db))).await?
    }
}

/// Refuses a change that was made for an older version of a thing.
pub(crate) fn still(expected: Option<i64>, version: i64) -> Result<(), Error> {
    if expected.is_none_or(|expected| expected == version) { Ok(()) } else { Err(Error::Changed) }
}

/// A new id: sorted by time, the rest random.
pub(crate) fn new_id(now: Time) -> Uuid {
    let mut random = [0; 10];
    SystemChance.fill(&mut random);
    uuid::Builder::from_unix_timestamp_millis(u64::try_from(now.millis()).unwrap_or_default(), &random).into_uuid()
}
