//! Phones that came by and are in no inventory. They belong to nobody, so the operator alone sees them.

use domain::role::Action;
use serde::Serialize;

use super::{Admin, By, Error};

/// A phone that nobody added.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct KnockView {
    /// Its MAC, as it says.
    pub mac: String,
    /// Brand and model, as it says.
    pub model: String,
    /// From where, the latest time.
    pub address: String,
    /// The first time.
    pub first_seen: String,
    /// The latest time.
    pub last_seen: String,
    /// How often.
    pub times: i64,
}

/// The latest of them, and how many there are.
pub async fn list(admin: &Admin, by: &By, limit: i64) -> Result<(Vec<KnockView>, i64), Error> {
    by.may_platform(Action::ViewDevices)?;
    let scope = by.scope();
    admin
        .read(move |db| {
            let knocks = store::sightings::knocks(db, &scope, limit)?;
            let view = |knock: store::sightings::Knock| KnockView {
                mac: knock.mac.to_string(),
                model: knock.model,
                address: knock.address.to_string(),
                first_seen: knock.first_seen.rfc3339(),
                last_seen: knock.last_seen.rfc3339(),
                times: knock.times,
            };
            Ok((knocks.into_iter().map(view).collect(), store::sightings::knock_count(db)?))
        })
        .await
}
