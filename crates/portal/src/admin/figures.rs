//! What the platform holds, in numbers.

use domain::Time;
use domain::device::State;
use store::Scope;

use super::{Admin, Error};

/// Numbers for the metrics.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Figures {
    by_state: Vec<(String, i64)>,
    /// Temporary trust windows that are open.
    pub trust_windows: i64,
    /// Phones that came by and are in no inventory.
    pub unknown_macs: i64,
}

impl Figures {
    /// Devices in a state.
    pub fn devices(&self, state: State) -> i64 {
        self.by_state.iter().find(|(code, _)| code == state.code()).map_or(0, |(_, count)| *count)
    }
}

/// Counts.
pub async fn read(admin: &Admin, now: Time) -> Result<Figures, Error> {
    let counted = admin.store.report(move |db| {
        Ok(Figures {
            by_state: store::device::by_state(db, &Scope::Operator, now)?,
            trust_windows: store::trust::open_windows(db, now)?,
            unknown_macs: store::sightings::knock_count(db)?,
        })
    });
    Ok(counted.await?)
}
