//! Devices in lists: by place, state and text, with what was last seen of each.
//!
//! Two steps: which devices, from an index alone, then those devices. Without a text they are sorted by customer and MAC, with one by what
//! was found.

use std::collections::HashMap;

use domain::device::State;
use domain::tenancy::{CustomerId, Place, ResellerId, SiteId};
use domain::{Mac, Time};
use uuid::Uuid;

use super::{Setup, Stored, damaged, lines_place, parse, read, search};
use crate::db::{Arg, Db, Sql, statements};
use crate::limits::{PAGE_MAX, SEARCH_BATCH, SEARCH_EXAMINED_MAX};
use crate::page::{Cursor, Page, fetch_count, page};
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
    /// Of this brand and model, `yealink/T46S`, upper and lower case alike.
    pub model: Option<String>,
    /// That may want attention: a flag, a second claimant, a delivery under way, wrong PINs. Which of them do, one knows who has the policy.
    pub attention: bool,
    /// Found by this text; any if blank. The beginning of a MAC in any spelling, of an extension, of a word of the label and what follows
    /// it, of the model with or without its brand, of the address where it last fetched; or the last four to six digits of the MAC.
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
    /// What its lines are dialled by, first to last.
    pub extensions: Vec<String>,
    /// The kinds of its flags.
    pub noticed: Vec<String>,
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

/// Devices loaded by one statement.
const LOADED_AT_ONCE: usize = 25;

/// Keys of one stored state. `$5` and `$6` tell locks that ended from those that did not.
macro_rules! keys {
    ($branch:literal, $order:literal) => {
        concat!(
            "select d.customer, d.mac from device d where d.state = $1 and ",
            $branch,
            " and (d.failed_until is null or d.failed_until > $5 and d.failed_until <= $6)
            and (d.reseller = $7 or $7 is null) and (d.customer = $8 or $8 is null) and (d.customer = $9 or $9 is null)
            and (d.site = $10 or $10 is null) order by ",
            $order,
            " limit $11"
        )
    };
}

statements! {
    KINDS = "select d.mac, d.customer, d.site, c.reseller, d.model from device d join customer c on c.id = d.customer
        where d.mac > $1 and (c.reseller = $2 or $2 is null) and (d.customer = $3 or $3 is null) and (d.site = $4 or $4 is null)
        order by d.mac limit $5";
    // $2 is the branch, $3 and $4 the row before.
    ALL = keys!("(d.customer = $2 or $2 is null) and (d.customer, d.mac) > ($3, $4)", "d.customer, d.mac");
    OF_RESELLER = keys!("d.reseller = $2 and (d.customer, d.mac) > ($3, $4)", "d.customer, d.mac");
    OF_CUSTOMER = keys!("d.customer = $2 and d.customer >= $3 and d.mac > $4", "d.mac");
    OF_SITE = keys!("d.site = $2 and d.customer >= $3 and d.mac > $4", "d.mac");
    TO_LOOK_AT = "select w.customer, w.mac, coalesce((w.reseller = $1 or $1 is null) and (w.customer = $2 or $2 is null)
        and (w.site = $3 or $3 is null) and (w.customer = $4 or $4 is null) and (w.site = $5 or $5 is null)
        and case when w.state = 'failed' and w.failed_until <= $6 then 'needed' else w.state end in ($7, $8, $9, $10), false) as found
        from (select customer, mac, reseller, site, state, failed_until from device
        where look > 0 and (customer, mac) > ($11, $12) and customer <= $13 order by customer, mac limit $14) w";
    LOAD = "select d.mac, d.id, d.customer, d.site, c.reseller, d.model, d.label, d.created, d.disabled, d.auth, d.version,
        c.name as customer_name, s.name as site_name, n.last_fetch, n.address, n.own_address, n.firmware, n.model as seen_model, n.transport,
        d.lines, d.look
        from device d join customer c on c.id = d.customer left join site s on s.id = d.site left join device_seen n on n.mac = d.mac
        where (c.reseller = $1 or $1 is null) and (d.customer = $2 or $2 is null) and (d.site = $3 or $3 is null)
        and d.mac in ($4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19, $20, $21, $22, $23, $24, $25, $26, $27, $28)";
    NOTICED = "select kind from attention where mac = $1";
    CUSTOMER_OF_SITE = "select customer from site where id = $1";
    FAILURES_ENDED = "select mac from device where failed_until > $1 and failed_until <= $2 order by failed_until limit 500";
}

/// A part of the devices. Costs no more the more there are; a search that a filter narrows much may come short and still have a next part.
pub fn list(db: &Db, scope: &Scope, filter: &Filter, now: Time, after: Option<&Cursor>, limit: usize) -> Result<Page<Listed>> {
    let bounded = Bounded::of(db, scope, filter)?;
    let ranges = match &filter.model {
        _ if !filter.query.trim().is_empty() => search::meanings(&filter.query),
        Some(model) => search::of_model(model),
        None => return by_place(db, &bounded, now, after, limit),
    };
    search::find(db, &bounded, &ranges, now, after, limit)
}

/// A scope and a filter as arguments.
pub(super) struct Bounded {
    pub scope: Scope,
    /// The customer that all of it lies within, if there is one.
    pub customer: Option<Uuid>,
    /// The site that all of it lies within.
    site: Option<Uuid>,
    states: Vec<State>,
    model: Option<String>,
    attention: bool,
    bounds: Bounds,
}

impl Bounded {
    pub fn of(db: &Db, scope: &Scope, filter: &Filter) -> Result<Self> {
        // What the filter names is the range; that it lies in scope is asked row by row.
        let site = filter.site.map(|site| site.0).or(match scope {
            Scope::Site(site) => Some(site.0),
            _ => None,
        });
        let customer = filter.customer.map(|customer| customer.0).or(match (scope, site) {
            (Scope::Customer(customer), _) => Some(customer.0),
            // No customer has the nil id, so a site that is not there has no devices.
            (_, Some(site)) => Some(db.opt(CUSTOMER_OF_SITE, &[id(&site)], |row| uuid(row, 0))?.unwrap_or(Uuid::nil())),
            _ => None,
        });
        Ok(Self {
            scope: *scope,
            customer,
            site,
            states: filter.states.clone(),
            model: filter.model.as_ref().map(|model| model.to_lowercase()),
            attention: filter.attention,
            bounds: Bounds::of(scope),
        })
    }

    /// The first twelve arguments of a search.
    pub fn args(&self, now: Time) -> Vec<Arg<'_>> {
        let (bounds, [first, second, third, fourth]) = (&self.bounds, four_states(&self.states));
        vec![
            bounds.reseller(),
            bounds.customer(),
            bounds.site(),
            opt_id(self.customer.as_ref()),
            opt_id(self.site.as_ref()),
            self.model.as_ref().into(),
            (!self.attention).into(),
            now.into(),
            first.into(),
            second.into(),
            third.into(),
            fourth.into(),
        ]
    }

    /// One of four, by the narrowest branch, and that branch.
    pub fn narrowest<T>(&self, [all, reseller, customer, site]: [T; 4]) -> (T, Arg<'_>) {
        match (&self.bounds, &self.customer, &self.site) {
            (_, _, Some(of)) => (site, id(of)),
            (_, Some(of), None) => (customer, id(of)),
            (bounds, ..) if self.is_resellers() => (reseller, bounds.reseller()),
            _ => (all, Arg::Null),
        }
    }

    fn is_resellers(&self) -> bool {
        matches!(self.scope, Scope::Reseller(_))
    }

    /// What else bounds it: reseller, customer and site of the scope, customer of the filter.
    pub fn rest(&self) -> [Arg<'_>; 4] {
        [self.bounds.reseller(), self.bounds.customer(), opt_id(self.customer.as_ref()), self.bounds.site()]
    }

    /// The states as they are stored, each with the ends of locks that count: behind the first, up to the second.
    pub fn stored_states(&self, now: Time) -> Vec<(State, i64, i64)> {
        let wanted = |state| self.states.is_empty() || self.states.contains(&state);
        let (ended, running) =
            (if wanted(State::Needed) { i64::MIN } else { now.millis() }, if wanted(State::Failed) { i64::MAX } else { now.millis() });
        let rows = [
            (State::Needed, i64::MIN, i64::MAX, wanted(State::Needed)),
            (State::Failed, ended, running, ended < running),
            (State::Blocked, i64::MIN, i64::MAX, wanted(State::Blocked)),
            (State::Successful, i64::MIN, i64::MAX, wanted(State::Successful)),
        ];
        rows.into_iter().filter(|row| row.3).map(|(state, from, to, _)| (state, from, to)).collect()
    }
}

/// Devices by customer and MAC.
fn by_place(db: &Db, bounded: &Bounded, now: Time, after: Option<&Cursor>, limit: usize) -> Result<Page<Listed>> {
    let first = Cursor { id: bounded.customer.unwrap_or(Uuid::nil()), name: String::new() };
    // A cursor of another list must not widen this one, and begins it anew.
    let start = after.cloned().filter(|after| after.id >= first.id).unwrap_or(first);
    if bounded.customer.is_some_and(|customer| start.id != customer) {
        return Ok(Page { items: Vec::new(), next: None });
    }
    let keys = if bounded.attention { to_look_at(db, bounded, now, start, limit)? } else { of_states(db, bounded, now, &start, limit)? };
    let macs: Vec<&str> = keys.items.iter().map(|(_, mac)| mac.as_str()).collect();
    Ok(Page { items: load(db, &bounded.scope, &macs)?, next: keys.next })
}

type Key = (Uuid, String);

/// Each stored state is a range of an index; what they have in order is merged.
fn of_states(db: &Db, bounded: &Bounded, now: Time, start: &Cursor, limit: usize) -> Result<Page<Key>> {
    let (statement, branch): (&Sql, _) = bounded.narrowest([ALL, OF_RESELLER, OF_CUSTOMER, OF_SITE]);
    let mut keys = Vec::new();
    for (state, ended, running) in bounded.stored_states(now) {
        let [reseller, customer, wanted, site] = bounded.rest();
        let args = [
            state.code().into(),
            branch,
            id(&start.id),
            (&start.name).into(),
            ended.into(),
            running.into(),
            reseller,
            customer,
            wanted,
            site,
            fetch_count(limit).into(),
        ];
        keys.extend(db.all(statement, &args, |row| Ok((uuid(row, 0)?, row.text(1)?.to_owned())))?);
    }
    keys.sort_unstable();
    keys.truncate(limit.clamp(1, PAGE_MAX) + 1);
    Ok(page(keys, limit, |(customer, mac)| Cursor { id: *customer, name: mac.clone() }))
}

/// Those that may want attention are few: what else is asked is looked at row by row, up to a limit.
fn to_look_at(db: &Db, bounded: &Bounded, now: Time, start: Cursor, limit: usize) -> Result<Page<Key>> {
    let (limit, last) = (limit.clamp(1, PAGE_MAX), bounded.customer.unwrap_or(Uuid::max()));
    let (mut found, mut from, mut examined) = (Vec::new(), (start.id, start.name), 0);
    let mut whole = true;
    while whole && found.len() <= limit && examined < SEARCH_EXAMINED_MAX {
        let batch = if examined == 0 { limit + 1 } else { SEARCH_BATCH };
        let mut args = bounded.args(now);
        args.drain(5..7);
        args.extend([id(&from.0), (&from.1).into(), id(&last), i64::try_from(batch).unwrap_or(i64::MAX).into()]);
        let mut rows = db.all(TO_LOOK_AT, &args, |row| Ok(((uuid(row, 0)?, row.text(1)?.to_owned()), row.bool(2)?)))?;
        rows.sort_unstable();
        (whole, examined) = (rows.len() == batch, examined + rows.len());
        from = rows.last().map_or(from, |(key, _)| key.clone());
        found.extend(rows.into_iter().filter(|(_, found)| *found).map(|(key, _)| key));
    }
    let cursor = |(customer, mac): &Key| Cursor { id: *customer, name: mac.clone() };
    if found.len() > limit {
        return Ok(page(found, limit, cursor));
    }
    Ok(Page { items: found, next: whole.then(|| cursor(&from)) })
}

/// These devices, in this order. One that is gone meanwhile is left out.
pub(super) fn load(db: &Db, scope: &Scope, macs: &[&str]) -> Result<Vec<Listed>> {
    let (bounds, mut found) = (Bounds::of(scope), HashMap::with_capacity(macs.len()));
    for some in macs.chunks(LOADED_AT_ONCE) {
        let mut args = vec![bounds.reseller(), bounds.customer(), bounds.site()];
        args.extend(some.iter().map(|mac| Arg::Text(mac)));
        args.resize(3 + LOADED_AT_ONCE, Arg::Null);
        for (listed, look) in db.all(LOAD, &args, |row| read_listed(db, row))? {
            let mac = listed.stored.device.mac.to_string();
            let noticed = if look & 2 == 0 { Vec::new() } else { db.all(NOTICED, &[(&mac).into()], |row| Ok(row.text(0)?.to_owned()))? };
            found.insert(mac, Listed { noticed, ..listed });
        }
    }
    Ok(macs.iter().filter_map(|mac| found.remove(*mac)).collect())
}

fn read_listed(db: &Db, row: &crate::db::Row<'_>) -> Result<(Listed, i64)> {
    let stored = read(db, row)?;
    let (customer, site) = (row.text(11)?.to_owned(), row.opt_text(12)?.map(str::to_owned));
    let mac = stored.device.mac.to_string();
    let setup: Setup = parse(&db.open(lines_place(&mac), row.bytes(19)?)?, "lines", &mac)?;
    Ok((Listed { stored, customer, site, seen: read_seen(row, 13)?, extensions: setup.extensions(), noticed: Vec::new() }, row.int(20)?))
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
