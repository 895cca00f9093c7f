//! What an admin should look at: phones that nobody added, and flags on devices that unproved traffic may raise.

use std::net::IpAddr;

use domain::{Mac, Time};

use crate::db::{Db, Row, statements};
use crate::event::{self, NewEvent};
use crate::limits::{ATTENTION_LOOKED_MAX, KNOCKS_MAX, REQUEST_FIELD_BYTES_MAX};
use crate::scope::{Bounds, Scope};
use crate::{Result, StoreError};

/// A phone that nobody added, or a disabled one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Knock {
    /// Its MAC, as it says.
    pub mac: Mac,
    /// The first time.
    pub first_seen: Time,
    /// The latest time.
    pub last_seen: Time,
    /// From where, the latest time.
    pub address: IpAddr,
    /// Brand and model, as it says.
    pub model: String,
    /// How often.
    pub times: i64,
}

/// A flag on a device.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Attention {
    /// Whose.
    pub mac: Mac,
    /// A code of `attention` in interfaces.md.
    pub kind: String,
    /// When it was raised last.
    pub at: Time,
    /// The address behind it.
    pub address: Option<IpAddr>,
}

statements! {
    NOTE_KNOCK = "insert into knock (mac, first_seen, last_seen, address, model, times) values ($1, $2, $3, $4, $5, $6)
        on conflict (mac) do update set last_seen = excluded.last_seen, address = excluded.address, model = excluded.model,
        times = knock.times + excluded.times";
    SURPLUS = "delete from knock where mac in (select mac from knock order by last_seen desc, mac limit $1 offset $2)";
    KNOCKS = "select mac, first_seen, last_seen, address, model, times from knock order by last_seen desc, mac limit $1";
    COUNT = "select count(*) as knocks from knock";
    RAISE = "insert into attention (mac, kind, at, address) values ($1, $2, $3, $4)
        on conflict (mac, kind) do update set at = excluded.at, address = excluded.address";
    CLEAR = "delete from attention where mac = $1 and kind = $2";
    RAISED = "select count(*) as raised from attention where mac = $1 and kind = $2";
    KNOWN = "select look from device where mac = $1";
    LOOK = "update device set look = look | 2 where mac = $1";
    LOOK_AWAY = "update device set look = look & 1 where mac = $1 and not exists (select 1 from attention a where a.mac = $1)";
    CLEAR_TWO = "delete from attention where mac = $1 and (kind = $2 or kind = $3)";
    OF_DEVICE = "select a.mac, a.kind, a.at, a.address from attention a join device d on d.mac = a.mac join customer c on c.id = d.customer
        where a.mac = $1 and (c.reseller = $2 or $2 is null) and (d.customer = $3 or $3 is null) and (d.site = $4 or $4 is null)
        order by a.kind";
    OF_KIND = "select count(*) as flags from (select 1 as one from
        (select f.mac from attention f where f.kind = $1 order by f.at desc limit $2) a
        join device d on d.mac = a.mac join customer c on c.id = d.customer
        where (c.reseller = $3 or $3 is null) and (d.customer = $4 or $4 is null) and (d.site = $5 or $5 is null) limit $6) counted";
    NEWEST = "select a.mac, a.kind, a.at, a.address from attention a join device d on d.mac = a.mac join customer c on c.id = d.customer
        where (c.reseller = $1 or $1 is null) and (d.customer = $2 or $2 is null) and (d.site = $3 or $3 is null)
        order by a.at desc, a.mac limit $4";
}

/// Notes a batch of knocks, then removes the longest unseen beyond 10 000.
pub fn note_knocks(db: &Db, knocks: &[Knock]) -> Result<()> {
    for knock in knocks {
        let model = &knock.model[..knock.model.floor_char_boundary(REQUEST_FIELD_BYTES_MAX)];
        let (mac, address) = (knock.mac.to_string(), knock.address.to_string());
        let args = [(&mac).into(), knock.first_seen.into(), knock.last_seen.into(), (&address).into(), model.into(), knock.times.into()];
        db.exec(NOTE_KNOCK, &args)?;
    }
    db.exec(SURPLUS, &[i64::MAX.into(), KNOCKS_MAX.into()]).map(drop)
}

/// The latest knocks, newest first. They belong to nobody, so only the operator sees them.
pub fn knocks(db: &Db, scope: &Scope, limit: i64) -> Result<Vec<Knock>> {
    if *scope != Scope::Operator {
        return Ok(Vec::new());
    }
    db.all(KNOCKS, &[limit.clamp(1, KNOCKS_MAX).into()], |row| {
        Ok(Knock {
            mac: mac(row)?,
            first_seen: Time::from_millis(row.int(1)?),
            last_seen: Time::from_millis(row.int(2)?),
            address: row.text(3)?.parse().map_err(|_| damaged(row, "address"))?,
            model: row.text(4)?.to_owned(),
            times: row.int(5)?,
        })
    })
}

/// How many knocks are remembered.
pub fn knock_count(db: &Db) -> Result<i64> {
    db.one(COUNT, &[], |row| row.int(0))
}

/// Raises a flag on a device, or renews it. A MAC that nobody added has none: anybody can name any number of those.
pub fn raise(db: &Db, attention: &Attention) -> Result<()> {
    let (mac, address) = (attention.mac.to_string(), attention.address.map(|address| address.to_string()));
    let Some(look) = db.opt(KNOWN, &[(&mac).into()], |row| row.int(0))? else { return Ok(()) };
    if look & 2 == 0 {
        db.exec(LOOK, &[(&mac).into()])?;
    }
    // Told when it is new: who repeats himself is not news.
    let kind = domain::effect::Attention::IdentityMismatch.code();
    if attention.kind == kind && db.one(RAISED, &[(&mac).into(), kind.into()], |row| row.int(0))? == 0 {
        let of = event::place_of(db, attention.mac)?;
        let told = NewEvent { of, mac: Some(attention.mac), data: serde_json::json!({ "address": address }) };
        event::tell(db, attention.at, domain::effect::IDENTITY_MISMATCH, told)?;
    }
    db.exec(RAISE, &[(&mac).into(), (&attention.kind).into(), attention.at.into(), address.as_ref().into()]).map(drop)
}

/// Takes a flag down.
pub fn clear(db: &Db, mac: Mac, kind: &str) -> Result<()> {
    let mac = mac.to_string();
    let cleared = db.exec(CLEAR, &[(&mac).into(), kind.into()])?;
    look_away(db, &mac, cleared)
}

/// Takes two flags down, in one statement where neither was up: what each full config does.
pub fn clear_two(db: &Db, mac: Mac, kinds: [&str; 2]) -> Result<()> {
    let mac = mac.to_string();
    let cleared = db.exec(CLEAR_TWO, &[(&mac).into(), kinds[0].into(), kinds[1].into()])?;
    look_away(db, &mac, cleared)
}

fn look_away(db: &Db, mac: &str, cleared: u64) -> Result<()> {
    if cleared == 0 { Ok(()) } else { db.exec(LOOK_AWAY, &[mac.into()]).map(drop) }
}

/// The flags of one device.
pub fn attention(db: &Db, scope: &Scope, mac: Mac) -> Result<Vec<Attention>> {
    let (bounds, mac) = (Bounds::of(scope), mac.to_string());
    db.all(OF_DEVICE, &[(&mac).into(), bounds.reseller(), bounds.customer(), bounds.site()], read)
}

/// How many devices in scope have a flag of that kind; `limit` and no more. Looks at the newest 20 000 of the platform.
pub fn count_of_kind(db: &Db, scope: &Scope, kind: &str, limit: i64) -> Result<i64> {
    let bounds = Bounds::of(scope);
    let args = [kind.into(), ATTENTION_LOOKED_MAX.into(), bounds.reseller(), bounds.customer(), bounds.site(), limit.into()];
    db.one(OF_KIND, &args, |row| row.int(0))
}

/// The flags in scope, newest first.
pub fn newest(db: &Db, scope: &Scope, limit: i64) -> Result<Vec<Attention>> {
    let bounds = Bounds::of(scope);
    db.all(NEWEST, &[bounds.reseller(), bounds.customer(), bounds.site(), limit.clamp(1, 500).into()], read)
}

fn read(row: &Row<'_>) -> Result<Attention> {
    let address = row.opt_text(3)?.map(str::parse).transpose().map_err(|_| damaged(row, "address"))?;
    Ok(Attention { mac: mac(row)?, kind: row.text(1)?.to_owned(), at: Time::from_millis(row.int(2)?), address })
}

fn mac(row: &Row<'_>) -> Result<Mac> {
    row.text(0)?.parse().map_err(|_| damaged(row, "mac"))
}

fn damaged(row: &Row<'_>, column: &'static str) -> StoreError {
    StoreError::Damaged { table: "knock or attention", column, row: row.text(0).unwrap_or_default().to_owned() }
}
