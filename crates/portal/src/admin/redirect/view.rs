//! Services and accounts as they are shown; no secret of an account ever is.

use std::collections::BTreeMap;

use ::redirect::diff::Drift;
use ::redirect::kind::Field;
use ::redirect::{Carrier, Kind};
use domain::Time;
use domain::policy::Policy;
use domain::role::Action;
use serde::Serialize;
use store::redirect::{self, Account};
use store::{Db, Scope, tenancy};
use utoipa::ToSchema;
use uuid::Uuid;

use super::super::{By, Error};
use crate::redirecting::opened;

/// A service that we speak to.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct ServiceView {
    /// Its name.
    pub service: &'static str,
    /// The name that people know it by.
    pub title: &'static str,
    /// The brands whose phones ask it.
    pub brands: Vec<&'static str>,
    /// How the global login reaches the phone: `profile`, `address` or `config`.
    pub carrier: &'static str,
    /// What an account consists of.
    pub fields: Vec<FieldView>,
    /// Its regions; the first is the default.
    pub regions: Vec<&'static str>,
    /// Devices of one call.
    pub bulk: usize,
    /// What no public source confirms.
    pub unverified: Vec<&'static str>,
}

/// A field of an account.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct FieldView {
    /// Its name.
    pub name: &'static str,
    /// Never shown again.
    pub secret: bool,
    /// It may be left out.
    pub optional: bool,
}

/// An account as it is shown.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct AccountView {
    /// Its id.
    pub id: Uuid,
    /// The service.
    pub service: &'static str,
    /// The name that people know it by.
    pub title: &'static str,
    /// The reseller whose it is; the operator's without one.
    pub reseller: Option<String>,
    /// The service's region.
    pub region: String,
    /// What of it is no secret.
    pub fields: BTreeMap<String, String>,
    /// `new` (nobody asked the service yet), `working`, `failing` or `leaving`.
    pub state: &'static str,
    /// All that is wanted is written there: devices, and the login in force.
    pub in_step: bool,
    /// When the service last accepted it, RFC 3339.
    pub verified: Option<String>,
    /// Why the last call came to nothing, as a code.
    pub failure: Option<String>,
    /// The same in words.
    pub said: Option<String>,
    /// Since when, RFC 3339.
    pub failed_since: Option<String>,
    /// When it is tried again, RFC 3339.
    pub next_try: Option<String>,
    /// Devices that are listed there.
    pub listed: i64,
    /// Devices that are being written or removed.
    pub waiting: i64,
    /// Devices that the service refused.
    pub refused: i64,
    /// When the service's whole list was last compared, RFC 3339.
    pub compared: Option<String>,
    /// What that found.
    pub drift: Option<DriftView>,
    /// When it was added, RFC 3339.
    pub created: String,
    /// Counts changes.
    #[serde(skip)]
    pub version: i64,
}

/// What a comparison found.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct DriftView {
    /// Devices that both sides know alike.
    pub same: u64,
    /// Ours, and gone at the service: registered again.
    pub gone: u64,
    /// Sent elsewhere by the service than we wrote: written again.
    pub elsewhere: u64,
    /// In the account, and never written by us: left alone.
    pub unknown: u64,
}

/// The services, the most used first.
pub fn services(by: &By) -> Result<Vec<ServiceView>, Error> {
    by.may(Action::EditRedirects, &by.branch(), &Policy::default())?;
    Ok(Kind::ALL.into_iter().map(service).collect())
}

fn service(kind: Kind) -> ServiceView {
    let capabilities = kind.capabilities();
    let field = |field: &Field| FieldView { name: field.name, secret: field.secret, optional: field.optional };
    ServiceView {
        service: kind.name(),
        title: kind.title(),
        brands: kind.brands().to_vec(),
        carrier: match capabilities.carrier {
            Carrier::Profile => "profile",
            Carrier::Address => "address",
            Carrier::Config => "config",
        },
        fields: kind.fields().iter().map(field).collect(),
        regions: kind.regions().iter().map(|(name, _)| *name).collect(),
        bulk: capabilities.bulk_max,
        unverified: kind.unverified().to_vec(),
    }
}

pub(super) fn account(db: &Db, account: &Account) -> Result<AccountView, Error> {
    let sealed = redirect::credentials(db, account.id)?;
    let (kind, credentials) = opened(account, &sealed).ok_or_else(|| Error::Failed(format!("account {} cannot be read", account.id)))?;
    let is_plain = |name: &str| kind.fields().iter().any(|field| field.name == name && !field.secret);
    let fields = credentials.fields().filter(|(name, _)| is_plain(name)).map(|(name, value)| (name.to_owned(), value.expose().clone()));
    let counts = redirect::counts(db, account.id)?;
    let revision = store::context::platform_revision(db)?;
    let reseller = account.reseller.map(|id| tenancy::reseller(db, &Scope::Operator, id)).transpose()?.map(|reseller| reseller.name);
    let (failure, said) = account.failure.clone().unzip();
    let drift = account.drift.as_deref().and_then(|drift| serde_json::from_str::<Drift>(drift).ok());
    Ok(AccountView {
        id: account.id,
        service: kind.name(),
        title: kind.title(),
        reseller,
        region: account.region.clone(),
        fields: fields.collect(),
        state: state(account),
        in_step: account.passed == revision && !account.is_asked && !account.leaving && counts.waiting == 0,
        verified: account.verified.map(Time::rfc3339),
        next_try: failure.as_ref().map(|_| account.due.rfc3339()),
        failure,
        said,
        failed_since: account.failed_since.map(Time::rfc3339),
        listed: counts.listed,
        waiting: counts.waiting,
        refused: counts.refused,
        compared: account.compared.map(Time::rfc3339),
        drift: drift.map(|Drift { same, gone, elsewhere, unknown }| DriftView { same, gone, elsewhere, unknown }),
        created: account.created.rfc3339(),
        version: account.version,
    })
}

fn state(account: &Account) -> &'static str {
    match (account.leaving, &account.failure, account.verified) {
        (true, ..) => "leaving",
        (_, Some(_), _) => "failing",
        (_, None, Some(_)) => "working",
        (_, None, None) => "new",
    }
}
