//! How many devices there are in each state, from an index, and no farther than anybody wants to read.

use domain::Time;
use domain::device::State;

use super::list::{Bounded, Filter};
use crate::Result;
use crate::db::{Db, Sql, statements};
use crate::limits::COUNT_MAX;
use crate::scope::{Bounds, Scope};

/// A number of devices.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Count {
    /// How many were counted.
    pub number: u64,
    /// There are more.
    pub more: bool,
}

impl Count {
    /// What was counted of at most [`COUNT_MAX`] and one.
    fn capped(counted: i64) -> Self {
        Self { number: u64::try_from(counted.min(COUNT_MAX)).unwrap_or(0), more: counted > COUNT_MAX }
    }
}

/// How many devices there are in each state; see [`Count`].
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    /// Not yet authenticated.
    pub needed: Count,
    /// Locked for a while.
    pub failed: Count,
    /// Locked until a reset.
    pub blocked: Count,
    /// Authenticated.
    pub successful: Count,
    /// All of them.
    pub all: Count,
}

/// Counts by an index alone: that the branch lies in scope is asked once, not row by row.
macro_rules! count {
    ($branch:literal, $limit:literal) => {
        concat!(
            "select count(*) as devices from (select 1 as one from device d where d.state = $1
            and (d.failed_until is null or d.failed_until > $2 and d.failed_until <= $3) and ",
            $branch,
            " limit ",
            $limit,
            ") counted"
        )
    };
}

statements! {
    ALL = count!("(d.customer = $4 or $4 is null)", "$5");
    OF_RESELLER = count!("d.reseller = $4", "$5");
    OF_CUSTOMER = count!(
        "d.customer = $4 and exists (select 1 from customer c where c.id = $4 and (c.reseller = $5 or $5 is null) and (c.id = $6 or $6 is null))",
        "$7"
    );
    OF_SITE = count!(
        "d.site = $4 and exists (select 1 from site s join customer c on c.id = s.customer where s.id = $4
        and (c.reseller = $5 or $5 is null) and (c.id = $6 or $6 is null) and (c.id = $7 or $7 is null) and (s.id = $8 or $8 is null))",
        "$9"
    );
    STATES = "select case when d.state = 'failed' and d.failed_until <= $1 then 'needed' else d.state end as state, count(*) as devices
        from device d join customer c on c.id = d.customer
        where (c.reseller = $2 or $2 is null) and (d.customer = $3 or $3 is null) and (d.site = $4 or $4 is null)
        group by 1 order by 1";
}

/// Devices by state; of the filter, customer and site count.
pub fn counts(db: &Db, scope: &Scope, filter: &Filter, now: Time) -> Result<Counts> {
    let place = Filter { customer: filter.customer, site: filter.site, ..Filter::default() };
    let bounded = Bounded::of(db, scope, &place)?;
    let ((statement, asked), branch): ((&Sql, usize), _) = bounded.narrowest([(ALL, 0), (OF_RESELLER, 0), (OF_CUSTOMER, 2), (OF_SITE, 4)]);
    let count = |state: State, ended: i64, running: i64| {
        let mut args = vec![state.code().into(), ended.into(), running.into(), branch];
        args.extend(&bounded.rest()[..asked]);
        args.push((COUNT_MAX + 1).into());
        db.one(statement, &args, |row| row.int(0))
    };
    let stored = |state| count(state, i64::MIN, i64::MAX);
    // A lock that ended is no failure any more, whatever is stored.
    let (ended, failed) = (count(State::Failed, i64::MIN, now.millis())?, count(State::Failed, now.millis(), i64::MAX)?);
    let (needed, blocked, successful) = (stored(State::Needed)? + ended, stored(State::Blocked)?, stored(State::Successful)?);
    Ok(Counts {
        needed: Count::capped(needed),
        failed: Count::capped(failed),
        blocked: Count::capped(blocked),
        successful: Count::capped(successful),
        all: Count::capped(needed + failed + blocked + successful),
    })
}

/// How many devices there are in each state. Counts every row: for reports and metrics.
pub fn by_state(db: &Db, scope: &Scope, now: Time) -> Result<Vec<(String, i64)>> {
    let bounds = Bounds::of(scope);
    let args = [now.into(), bounds.reseller(), bounds.customer(), bounds.site()];
    db.all(STATES, &args, |row| Ok((row.text(0)?.to_owned(), row.int(1)?)))
}
