//! What happened, for listeners outside: live pages, webhooks, mail. Each event is written with its cause, in one transaction, beside the
//! outbox message of the same number; so whoever keeps the number of the last event seen misses nothing. Kept for a bounded time.

use domain::effect::TRUST_CLOSED;
use domain::role::Target;
use domain::tenancy::{CustomerId, ResellerId, SiteId};
use domain::{Mac, Span, Time};
use ipnet::IpNet;
use serde_json::{Value, json};

use crate::db::{Arg, Db, Row, statements};
use crate::limits::{EVENT_DATA_BYTES_MAX, EVENT_DAYS, EVENTS_KEPT_MAX, PAGE_MAX, WINDOWS_TOLD_MAX};
use crate::scope::{Bounds, Scope, id, opt_id, opt_uuid, uuid};
use crate::{Result, StoreError, outbox};

/// Something that happened, before it has a number.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewEvent {
    /// Whose it is.
    pub of: Target,
    /// The phone, if it is about one.
    pub mac: Option<Mac>,
    /// More of it: a small JSON object without secrets.
    pub data: Value,
}

/// Something that happened.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Event {
    /// Its number; later ones are higher.
    pub id: i64,
    /// When.
    pub at: Time,
    /// One of `domain::effect::TYPES`.
    pub kind: String,
    /// Whose it was when it happened.
    pub of: Target,
    /// The phone, if it is about one.
    pub mac: Option<Mac>,
    /// More of it, a JSON object.
    pub data: Value,
}

/// What a listener wants to hear.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Filter {
    /// Of this phone alone.
    pub mac: Option<Mac>,
    /// Of these types; of all if empty.
    pub kinds: Vec<String>,
}

/// A reader whose place is kept here, so that any node goes on where another stopped.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reader {
    /// Makes deliveries of webhooks.
    Webhooks,
    /// Makes mails.
    Alerts,
}

impl Reader {
    fn name(self) -> &'static str {
        match self {
            Self::Webhooks => "webhooks",
            Self::Alerts => "alerts",
        }
    }
}

statements! {
    INSERT = "insert into event (id, at, type, reseller, customer, site, mac, data) values ($1, $2, $3, $4, $5, $6, $7, $8)";
    AFTER = "select id, at, type, reseller, customer, site, mac, data from event
        where id > $1 and (reseller = $2 or $2 is null) and (customer = $3 or $3 is null) and (site = $4 or $4 is null)
        order by id limit $5";
    OF_DEVICE = "select id, at, type, reseller, customer, site, mac, data from event
        where id > $1 and mac = $2 and (reseller = $3 or $3 is null) and (customer = $4 or $4 is null) and (site = $5 or $5 is null)
        order by id limit $6";
    ANY_OF = "select count(*) as found from event_cursor c where c.name = $1 and exists (select 1 from event e where e.id > c.at
        and (e.type = $2 or e.type = $3 or e.type = $4 or e.type = $5))";
    CURSOR = "select at from event_cursor where name = $1";
    MOVE = "update event_cursor set at = $1 where name = $2 and at = $3";
    RAISE = "update event_cursor set at = $1 where name = $2 and at < $1";
    OLD = "select coalesce(max(id), 0) as old from event where at < $1";
    SURPLUS = "select id from event order by id desc limit 1 offset $1";
    PRUNE = "delete from event where id <= $1";
    ENDED = "select w.customer, w.network, w.ends, c.reseller from trust_window w join customer c on c.id = w.customer
        where w.ends > $1 and w.ends <= $2 order by w.ends limit $3";
    RESELLER = "select reseller from customer where id = $1";
    PLACE = "select d.customer, d.site, c.reseller from device d join customer c on c.id = d.customer where d.mac = $1";
}

/// Leaves an event with the transaction that `db` is in, and a message of the same topic and content in the outbox.
pub fn tell(db: &Db, at: Time, kind: &str, event: NewEvent) -> Result<()> {
    let payload = event.data.to_string();
    outbox::enqueue_with(db, at, kind, payload, event)
}

/// Events in scope after a number, oldest first, at most 500; and the number up to which they were looked at.
pub fn after(db: &Db, scope: &Scope, filter: &Filter, cursor: i64, limit: usize) -> Result<(Vec<Event>, i64)> {
    let bounds = Bounds::of(scope);
    let limit = limit.clamp(1, PAGE_MAX);
    let rows = Arg::Int(i64::try_from(limit).expect("PAGE_MAX is small"));
    let all = match filter.mac {
        Some(mac) => {
            let mac = mac.to_string();
            let args = [cursor.into(), (&mac).into(), bounds.reseller(), bounds.customer(), bounds.site(), rows];
            db.all(OF_DEVICE, &args, read)?
        }
        None => db.all(AFTER, &[cursor.into(), bounds.reseller(), bounds.customer(), bounds.site(), rows], read)?,
    };
    let upto = all.last().map_or(cursor, |event| event.id);
    let wanted = |event: &Event| filter.kinds.is_empty() || filter.kinds.contains(&event.kind);
    Ok((all.into_iter().filter(wanted).collect(), upto))
}

/// The newest event that was removed: whoever has seen less has missed something.
pub fn pruned(db: &Db) -> Result<i64> {
    db.one(CURSOR, &["pruned".into()], |row| row.int(0))
}

/// Where a reader is.
pub fn cursor(db: &Db, reader: Reader) -> Result<i64> {
    db.one(CURSOR, &[reader.name().into()], |row| row.int(0))
}

/// Whether there is an event of one of four types that a reader has not seen.
pub fn any_of(db: &Db, reader: Reader, kinds: [&str; 4]) -> Result<bool> {
    let [one, two, three, four] = kinds.map(Arg::from);
    db.one(ANY_OF, &[reader.name().into(), one, two, three, four], |row| Ok(row.int(0)? > 0))
}

/// Moves a reader on, unless another node has; whether it was moved.
pub fn advance(db: &Db, reader: Reader, from: i64, to: i64) -> Result<bool> {
    Ok(db.exec(MOVE, &[to.into(), reader.name().into(), from.into()])? == 1)
}

/// Removes events older than a week, and the oldest beyond 200 000.
pub fn prune(db: &Db, now: Time) -> Result<u64> {
    let old = db.one(OLD, &[(now - Span::days(EVENT_DAYS)).into()], |row| row.int(0))?;
    let surplus = db.opt(SURPLUS, &[EVENTS_KEPT_MAX.into()], |row| row.int(0))?.unwrap_or_default();
    let upto = old.max(surplus);
    if upto == 0 {
        return Ok(0);
    }
    db.exec(RAISE, &[upto.into(), "pruned".into()])?;
    db.exec(PRUNE, &[upto.into()])
}

/// Whether trust windows have ended that nobody was told of. Nothing is written as long as none has.
pub fn windows_ended(db: &Db, now: Time) -> Result<bool> {
    Ok(!ended(db, now)?.1.is_empty())
}

/// Tells of trust windows that ended, each once, whichever node does it.
pub fn tell_ended(db: &Db, now: Time) -> Result<usize> {
    let (since, windows) = ended(db, now)?;
    let Some(upto) = windows.last().map(|(_, _, ends)| ends.millis()) else { return Ok(0) };
    if db.exec(MOVE, &[upto.into(), "windows".into(), since.into()])? == 0 {
        return Ok(0);
    }
    for (of, network, ends) in &windows {
        tell(db, *ends, TRUST_CLOSED, NewEvent { of: *of, mac: None, data: json!({ "network": network, "by": null }) })?;
    }
    Ok(windows.len())
}

/// Leaves word that somebody closed a trust window.
pub fn tell_closed(db: &Db, customer: CustomerId, network: &IpNet, by: &str, now: Time) -> Result<()> {
    let reseller = db.one(RESELLER, &[id(&customer.0)], |row| opt_uuid(row, 0))?.map(ResellerId);
    let of = Target { reseller, customer: Some(customer), site: None };
    tell(db, now, TRUST_CLOSED, NewEvent { of, mac: None, data: json!({ "network": network.to_string(), "by": by }) })
}

/// Where a phone stands; nowhere, which is the operator's, if nobody added it.
pub fn place_of(db: &Db, mac: Mac) -> Result<Target> {
    let found = db.opt(PLACE, &[(&mac.to_string()).into()], |row| {
        let (customer, site, reseller) = (CustomerId(uuid(row, 0)?), opt_uuid(row, 1)?.map(SiteId), opt_uuid(row, 2)?.map(ResellerId));
        Ok(Target { reseller, customer: Some(customer), site })
    })?;
    Ok(found.unwrap_or_default())
}

/// Writes an event that has its number.
pub(crate) fn insert(db: &Db, number: i64, at: Time, kind: &str, event: &NewEvent) -> Result<()> {
    let data = event.data.to_string();
    if data.len() > EVENT_DATA_BYTES_MAX {
        return Err(StoreError::TooLarge { what: "bytes in an event", max: EVENT_DATA_BYTES_MAX });
    }
    let Target { reseller, customer, site } = event.of;
    let (reseller, customer, site) = (reseller.map(|of| of.0), customer.map(|of| of.0), site.map(|of| of.0));
    let mac = event.mac.map(|mac| mac.to_string());
    let args = [
        number.into(),
        at.into(),
        kind.into(),
        opt_id(reseller.as_ref()),
        opt_id(customer.as_ref()),
        opt_id(site.as_ref()),
        mac.as_ref().into(),
        (&data).into(),
    ];
    db.exec(INSERT, &args).map(drop)
}

/// A window that ended: whose, which network, when.
type Ended = (Target, String, Time);

fn ended(db: &Db, now: Time) -> Result<(i64, Vec<Ended>)> {
    let since = db.one(CURSOR, &["windows".into()], |row| row.int(0))?;
    let windows = db.all(ENDED, &[since.into(), now.into(), WINDOWS_TOLD_MAX.into()], |row| {
        let of = Target { reseller: opt_uuid(row, 3)?.map(ResellerId), customer: Some(CustomerId(uuid(row, 0)?)), site: None };
        Ok((of, row.text(1)?.to_owned(), Time::from_millis(row.int(2)?)))
    })?;
    Ok((since, windows))
}

fn read(row: &Row<'_>) -> Result<Event> {
    let number = row.int(0)?;
    let damaged = |column| StoreError::Damaged { table: "event", column, row: number.to_string() };
    Ok(Event {
        id: number,
        at: Time::from_millis(row.int(1)?),
        kind: row.text(2)?.to_owned(),
        of: Target {
            reseller: opt_uuid(row, 3)?.map(ResellerId),
            customer: opt_uuid(row, 4)?.map(CustomerId),
            site: opt_uuid(row, 5)?.map(SiteId),
        },
        mac: row.opt_text(6)?.map(str::parse).transpose().map_err(|_| damaged("mac"))?,
        data: serde_json::from_str(row.text(7)?).map_err(|_| damaged("data"))?,
    })
}
