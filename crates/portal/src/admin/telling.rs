//! Word to many phones at once that what they would get has changed.

use domain::Time;
use store::device::Kind;
use store::{Db, Scope};

use super::Error;
use super::device::each_kind;
use crate::limits::TOLD_AT_ONCE_MAX;

/// Tells those phones of a branch to fetch that are meant. Past the limit each finds it at its next fetch.
pub(crate) fn tell(db: &Db, branch: Scope, now: Time, meant: impl Fn(&Kind) -> bool) -> Result<(), Error> {
    let mut left = TOLD_AT_ONCE_MAX;
    each_kind(db, branch, |kind| {
        if left > 0 && meant(&kind) {
            left -= 1;
            store::effect::refetch(db, kind.mac, kind.place, now)?;
        }
        Ok(())
    })
}
