//! The telephone calls of a device: when, from where, what was dialled and said, how it ended. Never a digit that was keyed in.

use std::net::IpAddr;

use domain::{Mac, Time};
use uuid::Uuid;

use crate::db::{Db, Row, statements};
use crate::limits::{CALL_FIELD_BYTES_MAX, CALL_PROMPTS_MAX, CALLS_KEPT};
use crate::scope::{Bounds, Scope, id};
use crate::{Result, StoreError};

/// One call of a phone, as `device calls` shows it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Call {
    /// Whose.
    pub mac: Mac,
    /// When it came.
    pub started: Time,
    /// When it ended.
    pub ended: Time,
    /// From where.
    pub source: IpAddr,
    /// The SIP account that proved it, or was shown.
    pub account: String,
    /// The number that was dialled to reach the service.
    pub dialled: String,
    /// What the voice said, by the prompts' names, first to last.
    pub prompts: Vec<String>,
    /// How it ended: `right`, `wrong`, `failed`, …
    pub result: String,
}

statements! {
    KNOWN = "select count(*) as known from device where mac = $1";
    NOTE = "insert into call (id, mac, started, ended, source, account, dialled, prompts, result)
        values ($1, $2, $3, $4, $5, $6, $7, $8, $9) on conflict (id) do nothing";
    SURPLUS = "delete from call where id in (select id from call where mac = $1 order by started desc, id desc limit $2 offset $3)";
    OF_DEVICE = "select k.mac, k.started, k.ended, k.source, k.account, k.dialled, k.prompts, k.result
        from call k join device d on d.mac = k.mac join customer c on c.id = d.customer
        where k.mac = $1 and (c.reseller = $2 or $2 is null) and (d.customer = $3 or $3 is null) and (d.site = $4 or $4 is null)
        order by k.started desc, k.id desc";
    FORGET = "delete from call where mac = $1";
}

/// Notes a call under an id of its own, and removes the device's oldest beyond 50. Whether it was noted: a MAC that nobody added is
/// passed over.
pub fn note(db: &Db, call_id: Uuid, call: &Call) -> Result<bool> {
    let mac = call.mac.to_string();
    if db.one(KNOWN, &[(&mac).into()], |row| row.int(0))? == 0 {
        return Ok(false);
    }
    let said: Vec<&str> = call.prompts.iter().take(CALL_PROMPTS_MAX).map(|name| shortened(name)).collect();
    let prompts = serde_json::to_string(&said).map_err(|error| StoreError::Engine(error.to_string()))?;
    let source = call.source.to_string();
    let args = [
        id(&call_id),
        (&mac).into(),
        call.started.into(),
        call.ended.into(),
        (&source).into(),
        shortened(&call.account).into(),
        shortened(&call.dialled).into(),
        (&prompts).into(),
        shortened(&call.result).into(),
    ];
    db.exec(NOTE, &args)?;
    db.exec(SURPLUS, &[(&mac).into(), i64::MAX.into(), CALLS_KEPT.into()])?;
    Ok(true)
}

/// The calls of a device, newest first.
pub fn of_device(db: &Db, scope: &Scope, mac: Mac) -> Result<Vec<Call>> {
    let (bounds, mac) = (Bounds::of(scope), mac.to_string());
    db.all(OF_DEVICE, &[(&mac).into(), bounds.reseller(), bounds.customer(), bounds.site()], read)
}

/// Forgets the calls of a MAC whose device goes.
pub(crate) fn forget(db: &Db, mac: &str) -> Result<()> {
    db.exec(FORGET, &[mac.into()]).map(drop)
}

fn read(row: &Row<'_>) -> Result<Call> {
    Ok(Call {
        mac: row.text(0)?.parse().map_err(|_| damaged("mac", row))?,
        started: Time::from_millis(row.int(1)?),
        ended: Time::from_millis(row.int(2)?),
        source: row.text(3)?.parse().map_err(|_| damaged("source", row))?,
        account: row.text(4)?.to_owned(),
        dialled: row.text(5)?.to_owned(),
        prompts: serde_json::from_str(row.text(6)?).map_err(|_| damaged("prompts", row))?,
        result: row.text(7)?.to_owned(),
    })
}

fn shortened(text: &str) -> &str {
    &text[..text.floor_char_boundary(CALL_FIELD_BYTES_MAX)]
}

fn damaged(column: &'static str, row: &Row<'_>) -> StoreError {
    StoreError::Damaged { table: "call", column, row: row.text(0).unwrap_or_default().to_owned() }
}
