//! What somebody may do to phones, so that a page offers nothing that would be refused.

use std::collections::{BTreeMap, BTreeSet};

use domain::role::{Action, Target, may};

use super::list::Policies;
use super::{load, node_of, parse_mac};
use crate::admin::{Admin, By, Error};

/// For each of these phones the codes of the actions that are permitted. Phones out of sight are left out.
pub async fn allowed(admin: &Admin, by: &By, macs: &[String]) -> Result<BTreeMap<String, BTreeSet<&'static str>>, Error> {
    let macs = macs.iter().map(|mac| parse_mac(mac)).collect::<Result<Vec<_>, _>>()?;
    let by = by.clone();
    admin
        .read(move |db| {
            let (mut found, mut policies) = (BTreeMap::new(), Policies::default());
            for mac in macs {
                let place = match load(db, &by, mac, Action::ViewDevices) {
                    Ok((stored, _)) => stored.device.place,
                    Err(Error::NotFound(_) | Error::Forbidden) => continue,
                    Err(error) => return Err(error),
                };
                let policy = policies.at(db, node_of(place))?;
                let permitted = |action: &&Action| may(by.actor, **action, &Target::from(place), policy);
                found.insert(mac.to_string(), Action::ALL.iter().filter(permitted).map(|action| action.code()).collect());
            }
            Ok(found)
        })
        .await
}
