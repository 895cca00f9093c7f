//! Devices in lists: by place, state and text, with what was last seen of each.

use domain::device::State;
use domain::tenancy::{CustomerId, Place, ResellerId, SiteId};
use domain::{Mac, Time};

use super::{Stored, damaged, read};
use crate::db::{Db, statements};
use crate::page::{Cursor, Page, anywhere, fetch_count, page};
use crate::scope::{Bounds, Scope, id, opt_id, opt_uuid, uuid};
use crate::seen::{Seen, read_seen};
use crate::{Result, StoreError};

/// Which devices. The default is all in scope.
#[derive(Clone, Debug, Default)]
pub struct Filter {
    /// Of this customer.
    pub customer: Option<CustomerId>,
    /// Of this site.
    pub site: Option<SiteId>,
    /// In one of these states; any if empty.
    pub states: Vec<State>,
    /// Whose MAC, label or model holds this text; any if empty. A MAC in any spelling.
    pub query: String,
}

/// A device in a list.
#[derive(Clone, Debug)]
pub struct Listed {
    /// The device.
    pub stored: Stored,
    /// Its customer's name.
    pub customer: String,
    /// Its site's name.
    pub site: Option<String>,
    /// What was last seen of it.
    pub seen: Option<Seen>,
}

/// Where a device stands and what it is: what can be told without opening anything.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Kind {
    /// Its MAC.
    pub mac: Mac,
    /// Its place in the tree.
    pub place: Place,
    /// Brand and model, `yealink/T46S`.
    pub model: String,
}

statements! {
    KINDS = "select d.mac, d.customer, d.site, c.reseller, d.model from device d join customer c on c.id = d.customer
        where d.mac > $1 and (c.reseller = $2 or $2 is null) and (d.customer = $3 or $3 is null) and (d.site = $4 or $4 is null)
        order by d.mac limit $5";
    LIST = "select d.mac, d.id, d.customer, d.site, c.reseller, d.model, d.label, d.created, d.disabled, d.auth, d.version,
        c.name as customer_name, s.name as site_name, n.last_fetch, n.address, n.own_address, n.firmware, n.model as seen_model, n.transport
        from device d join customer c on c.id = d.customer left join site s on s.id = d.site left join device_seen n on n.mac = d.mac
        where (d.customer, d.mac) > ($1, $2) and d.customer <= $3
        and (c.reseller = $4 or $4 is null) and (d.customer = $5 or $5 is null) and (d.site = $6 or $6 is null)
        and (d.site = $7 or $7 is null)
        and (lower(d.label) like $8 escape '\\' or lower(d.model) like $8 escape '\\' or d.mac like $9 escape '\\')
        and case when d.state = 'failed' and d.failed_until <= $10 then 'needed' else d.state end in ($11, $12, $13, $14)
        order by d.customer, d.mac limit $15";
    STATES = "select case when d.state = 'failed' and d.failed_until <= $1 then 'needed' else d.state end as state, count(*) as devices
        from device d join customer c on c.id = d.customer
        where (c.reseller = $2 or $2 is null) and (d.customer = $3 or $3 is null) and (d.site = $4 or $4 is null)
        group by 1 order by 1";
    FAILURES_ENDED = "select mac from device where failed_until > $1 and failed_until <= $2 order by failed_until limit 500";
}

/// Devices by customer and MAC. Wide scopes, and texts that hardly any device holds, look at many rows: run those as a report.
pub fn list(db: &Db, scope: &Scope, filter: &Filter, now: Time, after: Option<&Cursor>, limit: usize) -> Result<Page<Listed>> {
    let bounds = Bounds::of(scope);
    // One customer is a range of the index on customer and MAC; all customers are the whole of it.
    let only = filter.customer.map(|customer| customer.0).or(match scope {
        Scope::Customer(customer) => Some(customer.0),
        _ => None,
    });
    let first = Cursor { id: only.unwrap_or(uuid::Uuid::nil()), name: String::new() };
    // A cursor of another list must not widen this one.
    let start = after.cloned().filter(|after| after.id >= first.id).unwrap_or(first);
    let last = only.unwrap_or(uuid::Uuid::max());
    let (site, text, mac) = (filter.site.map(|site| site.0), anywhere(&filter.query), mac_pattern(&filter.query));
    let [first_state, second, third, fourth] = four_states(&filter.states);
    let args = [
        id(&start.id),
        (&start.name).into(),
        id(&last),
        bounds.reseller(),
        bounds.customer(),
        bounds.site(),
        opt_id(site.as_ref()),
        (&text).into(),
        (&mac).into(),
        now.into(),
        first_state.into(),
        second.into(),
        third.into(),
        fourth.into(),
        fetch_count(limit).into(),
    ];
    let rows = db.all(LIST, &args, |row| {
        let stored = read(db, row)?;
        let (customer, site) = (row.text(11)?.to_owned(), row.opt_text(12)?.map(str::to_owned));
        Ok(Listed { stored, customer, site, seen: read_seen(row, 13)? })
    })?;
    Ok(page(rows, limit, |row| Cursor { id: row.stored.device.place.customer.0, name: row.stored.device.mac.to_string() }))
}

/// What devices there are, by MAC.
pub fn kinds(db: &Db, scope: &Scope, after: Option<Mac>, limit: usize) -> Result<Vec<Kind>> {
    let (bounds, start) = (Bounds::of(scope), after.map(|mac| mac.to_string()).unwrap_or_default());
    let limit = i64::try_from(limit).unwrap_or(i64::MAX);
    let args = [(&start).into(), bounds.reseller(), bounds.customer(), bounds.site(), limit.into()];
    db.all(KINDS, &args, |row| {
        let mac = row.text(0)?;
        let place =
            Place { reseller: opt_uuid(row, 3)?.map(ResellerId), customer: CustomerId(uuid(row, 1)?), site: opt_uuid(row, 2)?.map(SiteId) };
        Ok(Kind { mac: mac.parse().map_err(|_| damaged("mac", mac))?, place, model: row.text(4)?.to_owned() })
    })
}

/// How many devices there are in each state. Counts every row: for reports and metrics.
pub fn by_state(db: &Db, scope: &Scope, now: Time) -> Result<Vec<(String, i64)>> {
    let bounds = Bounds::of(scope);
    let args = [now.into(), bounds.reseller(), bounds.customer(), bounds.site()];
    db.all(STATES, &args, |row| Ok((row.text(0)?.to_owned(), row.int(1)?)))
}

/// Devices whose lock ended after `since` and by `now`: they are to be told to fetch. At most 500, the earliest first.
pub fn changed_states(db: &Db, since: Time, now: Time) -> Result<Vec<Mac>> {
    db.all(FAILURES_ENDED, &[since.into(), now.into()], |row| {
        let text = row.text(0)?;
        text.parse().map_err(|_| StoreError::Damaged { table: "device", column: "mac", row: text.to_owned() })
    })
}

/// The statement takes four states; fewer are repeated.
fn four_states(states: &[State]) -> [&'static str; 4] {
    const ALL: [State; 4] = [State::Needed, State::Failed, State::Blocked, State::Successful];
    let wanted: Vec<_> = ALL.into_iter().filter(|state| states.is_empty() || states.contains(state)).collect();
    std::array::from_fn(|at| wanted[at % wanted.len()].code())
}

/// A MAC in any spelling, or a part of one.
fn mac_pattern(query: &str) -> String {
    let bare: String = query.trim().chars().filter(|c| !matches!(c, ':' | '-' | '.')).collect();
    anywhere(&bare)
}
