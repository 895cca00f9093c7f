//! How many fetches there were in each minute, for the chart of the overview: counted with the request log, kept for two hours.

use std::collections::BTreeMap;

use domain::tenancy::Place;
use domain::{Span, Time};
use uuid::Uuid;

use crate::Result;
use crate::db::{Db, statements};
use crate::limits::FETCH_MINUTES_KEPT;
use crate::scope::{Scope, id, node_columns};

const MINUTE_MS: i64 = 60_000;

/// Fetches by node and minute, gathered over a batch of the request log. Sorted, so that two nodes that write them wait for each other
/// instead of ending each other.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Fetches(BTreeMap<(Uuid, i64), i64>);

impl Fetches {
    /// One more, of a device at that place.
    pub(crate) fn count(&mut self, place: &Place, at: Time) {
        let minute = at.millis().div_euclid(MINUTE_MS);
        let above = [Some(Uuid::nil()), place.reseller.map(|id| id.0), Some(place.customer.0), place.site.map(|id| id.0)];
        for node in above.into_iter().flatten() {
            *self.0.entry((node, minute)).or_default() += 1;
        }
    }

    /// Both together.
    pub fn join(&mut self, others: Self) {
        for (key, fetches) in others.0 {
            *self.0.entry(key).or_default() += fetches;
        }
    }
}

statements! {
    ADD = "insert into fetch_minute (node, minute, fetches) values ($1, $2, $3)
        on conflict (node, minute) do update set fetches = fetch_minute.fetches + excluded.fetches";
    OF_NODE = "select minute, fetches from fetch_minute where node = $1 and minute > $2 and minute <= $3 order by minute";
    PRUNE = "delete from fetch_minute where minute < $1";
}

/// Adds what was counted.
pub fn add(db: &Db, fetches: &Fetches) -> Result<()> {
    for ((node, minute), count) in &fetches.0 {
        db.exec(ADD, &[id(node), (*minute).into(), (*count).into()])?;
    }
    Ok(())
}

/// Fetches in each of the last `minutes` whole minutes and the one under way, oldest first.
pub fn by_minute(db: &Db, scope: &Scope, now: Time, minutes: usize) -> Result<Vec<i64>> {
    let (_, node) = node_columns(scope);
    let last = now.millis().div_euclid(MINUTE_MS);
    let first = last - i64::try_from(minutes).unwrap_or(FETCH_MINUTES_KEPT).min(FETCH_MINUTES_KEPT);
    let mut counted = vec![0; usize::try_from(last - first).unwrap_or_default()];
    for (minute, fetches) in db.all(OF_NODE, &[id(&node), first.into(), last.into()], |row| Ok((row.int(0)?, row.int(1)?)))? {
        if let Some(slot) = usize::try_from(minute - first - 1).ok().and_then(|at| counted.get_mut(at)) {
            *slot = fetches;
        }
    }
    Ok(counted)
}

/// Forgets what is older than two hours.
pub fn prune(db: &Db, now: Time) -> Result<u64> {
    let oldest = (now - Span::minutes(FETCH_MINUTES_KEPT)).millis().div_euclid(MINUTE_MS);
    db.exec(PRUNE, &[oldest.into()])
}
