//! What devices were last seen doing: latest contact and the last 50 requests of each.
//!
//! Kept apart from the device and written many at a time, so that a resync is not a write.

use std::net::IpAddr;

use domain::device::State;
use domain::tenancy::{CustomerId, Place, ResellerId, SiteId};
use domain::{Mac, Time};
use serde::{Deserialize, Serialize};

use crate::db::{Db, Row, statements};
use crate::limits::{REQUEST_FIELD_BYTES_MAX, REQUESTS_KEPT, WAITING_LOOKED_MAX};
use crate::scope::{Bounds, Scope, opt_uuid, uuid};
use crate::traffic::Fetches;
use crate::{Result, StoreError};

/// One request of a phone, as `device requests` shows it. Holds no secret: a secret path segment is cut out by who fills this in.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Request {
    /// When.
    pub time: Time,
    /// From where.
    pub address: IpAddr,
    /// `GET`, `HEAD`, `PUT`.
    pub method: String,
    /// The file's name.
    pub file: String,
    /// HTTP status.
    pub status: u16,
    /// What was proved: `own`, `global`, `nothing`, …
    pub evidence: String,
    /// What was decided: `full`, `restricted`, `challenge`, …
    pub decision: String,
    /// A code of interfaces.md.
    pub reason: String,
    /// Bytes of the body.
    pub bytes: u64,
    /// `https`, `http`, `http-encrypted`, `sip`; empty in rows older than this field.
    #[serde(default)]
    pub transport: String,
}

/// A configuration that went out.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Served {
    /// When.
    pub at: Time,
    /// To where.
    pub address: IpAddr,
    /// How: `https`, `http`, `http-encrypted`; empty where that was not yet noted.
    pub transport: String,
}

/// The latest contact of a device.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Seen {
    /// The latest configuration that it was served, and where. A stranger who is turned away with this MAC leaves no trace here.
    pub served: Option<Served>,
    /// Where the device last fetched from with its own login.
    pub own_address: Option<IpAddr>,
    /// Firmware, as the phone says.
    pub firmware: String,
    /// Model, as the phone says.
    pub model: String,
}

/// News of one device since the last [`note`].
#[derive(Clone, Debug)]
pub struct News {
    /// Whose.
    pub mac: Mac,
    /// Its state now. What is absent or empty keeps what was known.
    pub seen: Seen,
    /// Its requests, oldest first.
    pub requests: Vec<Request>,
}

statements! {
    KNOWN = "select s.requests, s.address, c.reseller, d.customer, d.site from device d join customer c on c.id = d.customer
        left join device_seen s on s.mac = d.mac where d.mac = $1";
    NOTE = "insert into device_seen (mac, last_fetch, address, own_address, firmware, model, requests, transport)
        values ($1, $2, $3, $4, $5, $6, $7, $8)
        on conflict (mac) do update set last_fetch = coalesce(excluded.last_fetch, device_seen.last_fetch),
        address = coalesce(excluded.address, device_seen.address),
        own_address = coalesce(excluded.own_address, device_seen.own_address),
        firmware = case when excluded.firmware = '' then device_seen.firmware else excluded.firmware end,
        model = case when excluded.model = '' then device_seen.model else excluded.model end, requests = excluded.requests,
        transport = coalesce(excluded.transport, device_seen.transport)";
    WAITING = "select s.mac, s.last_fetch, s.address, d.model, d.label, d.state, d.failed_until
        from (select n.mac, n.last_fetch, n.address from device_seen n where n.last_fetch >= $1 order by n.last_fetch desc limit $2) s
        join device d on d.mac = s.mac join customer c on c.id = d.customer
        where d.state <> 'successful' and (c.reseller = $3 or $3 is null) and (d.customer = $4 or $4 is null) and (d.site = $5 or $5 is null)
        order by s.last_fetch desc limit $6";
    SEEN = "select n.last_fetch, n.address, n.own_address, n.firmware, n.model, n.transport, n.requests
        from device_seen n join device d on d.mac = n.mac join customer c on c.id = d.customer
        where n.mac = $1 and (c.reseller = $2 or $2 is null) and (d.customer = $3 or $3 is null) and (d.site = $4 or $4 is null)";
}

/// Notes news of devices, and counts their fetches for [`crate::traffic::add`]. MACs that nobody added are passed over.
pub fn note(db: &Db, news: &[News]) -> Result<Fetches> {
    let mut fetches = Fetches::default();
    for one in news {
        let mac = one.mac.to_string();
        let known = |row: &Row<'_>| Ok((read_requests_at(0)(row)?, row.opt_text(1)?.map(str::to_owned), read_place(row, 2)?));
        let Some((mut requests, known_address, place)) = db.opt(KNOWN, &[(&mac).into()], known)? else { continue };
        // What we tell a phone over SIP is in its log, too.
        one.requests.iter().filter(|request| request.transport != "sip").for_each(|request| fetches.count(&place, request.time));
        requests.extend(one.requests.iter().map(cut));
        let surplus = requests.len().saturating_sub(REQUESTS_KEPT);
        requests.drain(..surplus);
        let json = serde_json::to_string(&requests).map_err(|error| StoreError::Engine(error.to_string()))?;
        let address = one.seen.served.as_ref().map(|served| served.address.to_string());
        let own = one.seen.own_address.map(|address| address.to_string());
        let args = [
            (&mac).into(),
            one.seen.served.as_ref().map(|served| served.at).into(),
            address.as_ref().into(),
            own.as_ref().into(),
            shortened(&one.seen.firmware).into(),
            shortened(&one.seen.model).into(),
            (&json).into(),
            one.seen.served.as_ref().map(|served| &served.transport).into(),
        ];
        db.exec(NOTE, &args)?;
        if let Some(address) = address.filter(|address| known_address.as_ref() != Some(address)) {
            crate::device::note_address(db, &mac, &address)?;
        }
    }
    Ok(fetches)
}

fn read_place(row: &Row<'_>, at: usize) -> Result<Place> {
    let (reseller, site) = (opt_uuid(row, at)?.map(ResellerId), opt_uuid(row, at + 2)?.map(SiteId));
    Ok(Place { reseller, customer: CustomerId(uuid(row, at + 1)?), site })
}

/// A phone that came by a moment ago and is not cleared.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Waiting {
    /// Its MAC.
    pub mac: Mac,
    /// When it was served last.
    pub at: Time,
    /// Where.
    pub address: Option<IpAddr>,
    /// Brand and model, `yealink/T46S`.
    pub model: String,
    /// What people call it.
    pub label: String,
    /// needed, failed or blocked.
    pub state: State,
}

/// Phones that were served since then and are not cleared, the latest first: of the newest 20 000 that came by, so that a large
/// platform's does not read them all.
pub fn waiting(db: &Db, scope: &Scope, since: Time, now: Time, limit: i64) -> Result<Vec<Waiting>> {
    let bounds = Bounds::of(scope);
    let args = [since.into(), WAITING_LOOKED_MAX.into(), bounds.reseller(), bounds.customer(), bounds.site(), limit.into()];
    db.all(WAITING, &args, |row| {
        let mac = row.text(0)?;
        let state = match (row.text(5)?, row.opt_int(6)?) {
            ("failed", Some(until)) if until > now.millis() => State::Failed,
            ("blocked", _) => State::Blocked,
            _ => State::Needed,
        };
        Ok(Waiting {
            mac: mac.parse().map_err(|_| damaged(mac))?,
            at: Time::from_millis(row.int(1)?),
            address: row.opt_text(2)?.and_then(|address| address.parse().ok()),
            model: row.text(3)?.to_owned(),
            label: row.text(4)?.to_owned(),
            state,
        })
    })
}

/// The latest contact of a device; none if it never came.
pub fn seen(db: &Db, scope: &Scope, mac: Mac) -> Result<Option<Seen>> {
    let (bounds, mac) = (Bounds::of(scope), mac.to_string());
    let args = [(&mac).into(), bounds.reseller(), bounds.customer(), bounds.site()];
    Ok(db.opt(SEEN, &args, |row| read_seen(row, 0))?.flatten())
}

/// The last requests of a device, newest first.
pub fn requests(db: &Db, scope: &Scope, mac: Mac) -> Result<Vec<Request>> {
    let (bounds, mac) = (Bounds::of(scope), mac.to_string());
    let args = [(&mac).into(), bounds.reseller(), bounds.customer(), bounds.site()];
    let mut requests = db.opt(SEEN, &args, read_requests_at(6))?.unwrap_or_default();
    requests.reverse();
    Ok(requests)
}

/// Reads six columns of `device_seen`, which an outer join may have left empty.
pub(crate) fn read_seen(row: &Row<'_>, at: usize) -> Result<Option<Seen>> {
    let Some(firmware) = row.opt_text(at + 3)? else { return Ok(None) };
    let served = row.opt_int(at)?.zip(row.opt_text(at + 1)?).map(|(at, address)| {
        let address = address.parse().map_err(|_| damaged(address))?;
        Ok::<_, StoreError>(Served { at: Time::from_millis(at), address, transport: String::new() })
    });
    let transport = row.opt_text(at + 5)?.unwrap_or_default().to_owned();
    Ok(Some(Seen {
        served: served.transpose()?.map(|served| Served { transport, ..served }),
        own_address: row.opt_text(at + 2)?.and_then(|address| address.parse().ok()),
        firmware: firmware.to_owned(),
        model: row.text(at + 4)?.to_owned(),
    }))
}

fn read_requests_at(at: usize) -> impl Fn(&Row<'_>) -> Result<Vec<Request>> {
    // A log that does not read back begins anew: nothing depends on it.
    move |row| Ok(row.opt_text(at)?.and_then(|log| serde_json::from_str(log).ok()).unwrap_or_default())
}

fn cut(request: &Request) -> Request {
    Request {
        method: shortened(&request.method).to_owned(),
        file: shortened(&request.file).to_owned(),
        evidence: shortened(&request.evidence).to_owned(),
        decision: shortened(&request.decision).to_owned(),
        reason: shortened(&request.reason).to_owned(),
        transport: shortened(&request.transport).to_owned(),
        ..request.clone()
    }
}

fn shortened(text: &str) -> &str {
    &text[..text.floor_char_boundary(REQUEST_FIELD_BYTES_MAX)]
}

fn damaged(row: &str) -> StoreError {
    StoreError::Damaged { table: "device_seen", column: "address", row: row.to_owned() }
}
