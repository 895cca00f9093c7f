//! An account at a service: what it consists of, and the client that it makes.

use std::collections::BTreeMap;

use domain::Secret;
use reqwest::Url;

use crate::fanvil::Fdps;
use crate::gigaset::GigasetXmlrpc;
use crate::grandstream::Gdms;
use crate::kind::Kind;
use crate::limits::FIELD_BYTES_MAX;
use crate::panasonic::Panasonic;
use crate::poly::Poly;
use crate::road::Road;
use crate::service::Service;
use crate::snom::SnomXmlrpc;
use crate::sraps::{self, Sraps};
use crate::yealink::Ymcs;

/// The fields of an account, by the names that [`Kind::fields`] gives.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Credentials(BTreeMap<String, Secret<String>>);

/// An account at a service.
#[derive(Clone, Debug)]
pub struct Account {
    /// At which.
    pub kind: Kind,
    /// Where it answers: a region's address, or the one that the configuration names in its place.
    pub base: Url,
    /// How it knows us.
    pub credentials: Credentials,
}

/// Why an account is refused.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum AccountError {
    /// A field is missing.
    #[error("{0}: {1} needs it")]
    Missing(&'static str, Kind),
    /// A field that this service has not.
    #[error("{0}: {1} has no such field")]
    Unknown(String, Kind),
    /// It cannot travel.
    #[error("{0}: 1 to 512 printable characters")]
    Form(&'static str),
    /// A switch.
    #[error("{0}: yes or no")]
    Switch(&'static str),
}

impl Credentials {
    /// Checks the fields of an account.
    pub fn new(kind: Kind, fields: &BTreeMap<String, Secret<String>>) -> Result<Self, AccountError> {
        for name in fields.keys() {
            if !kind.fields().iter().any(|field| field.name == name) {
                return Err(AccountError::Unknown(name.clone(), kind));
            }
        }
        let mut kept = BTreeMap::new();
        for field in kind.fields() {
            let value = fields.get(field.name).filter(|value| !value.expose().is_empty());
            let Some(value) = value else {
                if field.optional {
                    continue;
                }
                return Err(AccountError::Missing(field.name, kind));
            };
            let text = value.expose();
            if text.len() > FIELD_BYTES_MAX || text.chars().any(char::is_control) {
                return Err(AccountError::Form(field.name));
            }
            if field.name.starts_with("without_") && !["yes", "no"].contains(&text.as_str()) {
                return Err(AccountError::Switch(field.name));
            }
            kept.insert(field.name.to_owned(), value.clone());
        }
        Ok(Self(kept))
    }

    /// A field; empty if it was left out.
    pub fn get(&self, name: &str) -> &str {
        self.0.get(name).map_or("", |value| value.expose())
    }

    /// A switch that is at yes.
    pub fn is_on(&self, name: &str) -> bool {
        self.get(name) == "yes"
    }

    /// All fields that were given.
    pub fn fields(&self) -> impl Iterator<Item = (&str, &Secret<String>)> {
        self.0.iter().map(|(name, value)| (name.as_str(), value))
    }
}

impl Account {
    /// The client.
    pub fn open(self, road: &Road) -> Box<dyn Service> {
        let Self { kind, base, credentials } = self;
        let line = road.line(base, kind.capabilities().calls_per_second);
        match kind {
            Kind::YealinkYmcs => Box::new(Ymcs::new(line, &credentials)),
            Kind::PolyZeroTouch => Box::new(Poly::new(line, &credentials)),
            Kind::SnomXmlrpc => Box::new(SnomXmlrpc::new(line, &credentials)),
            Kind::GigasetXmlrpc => Box::new(GigasetXmlrpc::new(line, &credentials)),
            Kind::PanasonicXmlrpc => Box::new(Panasonic::new(line, &credentials)),
            Kind::FanvilFdps => Box::new(Fdps::new(line, &credentials)),
            Kind::SnomSraps => Box::new(Sraps::new(line, &credentials, sraps::SNOM_SETTING)),
            Kind::GigasetGrape => Box::new(Sraps::new(line, &credentials, sraps::GIGASET_SETTING)),
            Kind::GrandstreamGdms => Box::new(Gdms::new(line, credentials)),
        }
    }
}
