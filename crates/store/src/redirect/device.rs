//! Devices at redirect services: which an account should have, and what we know of them there.

use domain::Mac;
use domain::tenancy::ResellerId;
use domain::{Secret, Time};
use uuid::Uuid;

use super::Account;
use crate::db::{Arg, Db, Row, statements};
use crate::limits::{REDIRECT_PAGE, REDIRECT_SAID_BYTES_MAX};
use crate::page::{Cursor, Page, fetch_count};
use crate::scope::{id, opt_id, opt_uuid, uuid};
use crate::seal::Place;
use crate::{Result, StoreError};

/// The brands of a service (one or two), and the kinds of service (one or two) that serve one of them: what an account claims.
#[derive(Clone, Copy, Debug)]
pub struct Claimed<'a> {
    /// The account.
    pub account: &'a Account,
    /// Its brands; the same twice if it is one.
    pub brands: [&'a str; 2],
    /// Kinds for which a reseller's own account goes before the operator's.
    pub kinds: [&'a str; 2],
}

/// How far a device has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum State {
    /// A write was sent, or was about to be.
    Writing,
    /// A removal was sent, or was about to be.
    Removing,
    /// It is there.
    Listed,
    /// The service said no.
    Refused,
}

impl State {
    /// All of them.
    pub const ALL: [Self; 4] = [Self::Writing, Self::Removing, Self::Listed, Self::Refused];

    /// Its word in the column.
    pub fn code(self) -> &'static str {
        match self {
            Self::Writing => "writing",
            Self::Removing => "removing",
            Self::Listed => "listed",
            Self::Refused => "refused",
        }
    }
}

/// What we know of a device at a service.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Kept {
    /// How far it has come.
    pub state: State,
    /// What its record says, or should.
    pub mark: i64,
    /// Since when it stands so.
    pub since: Time,
    /// Not tried before.
    pub again: Option<Time>,
    /// Tries without success.
    pub tries: i64,
    /// Code of a refusal or a failure.
    pub code: Option<String>,
    /// In the service's words.
    pub said: Option<String>,
    /// When the phone last asked the service.
    pub asked: Option<Time>,
}

impl Kept {
    /// A row that begins now.
    pub fn new(state: State, mark: i64, since: Time) -> Self {
        Self { state, mark, since, again: None, tries: 0, code: None, said: None, asked: None }
    }
}

/// What stands on a device's label besides its MAC.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Identity {
    /// The serial number.
    pub serial: Option<String>,
    /// The characters behind the MAC on a Gigaset label.
    pub mac_id: Option<String>,
}

/// A device before it is decided about.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Situation {
    /// Which.
    pub mac: Mac,
    /// The account should have it; for whose phones. Otherwise it has left the account.
    pub wanted: Option<Option<ResellerId>>,
    /// What stands on its label.
    pub identity: Identity,
    /// What we know of it at the service.
    pub kept: Option<Kept>,
}

/// A device that the service's list names.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Found {
    /// Which.
    pub mac: Mac,
    /// When the phone last asked the service.
    pub asked: Option<Time>,
}

/// A device that a service refused.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refused {
    /// Which.
    pub mac: Mac,
    /// Brand and model, and what people call it, if it is still here.
    pub device: Option<(String, String)>,
    /// What we know of it at the service.
    pub kept: Kept,
}

/// How many devices of an account stand where.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    /// Listed.
    pub listed: i64,
    /// Being written or removed.
    pub waiting: i64,
    /// Refused.
    pub refused: i64,
}

statements! {
    WANTED = "select d.mac, d.reseller, i.serial, i.mac_id, r.state, r.mark, r.since, r.again, r.tries, r.code, r.said, r.asked
        from device d left join device_identity i on i.mac = d.mac
        left join redirect_device r on r.account = $1 and r.mac = d.mac left join redirect_by_hand h on h.mac = d.mac
        where d.mac > $2 and d.mac <= $3 and (d.brand = $4 or d.brand = $5) and h.mac is null and (d.reseller = $6 or ($6 is null
        and not exists (select 1 from redirect_account a where a.reseller = d.reseller and not a.leaving and (a.kind = $7 or a.kind = $8))))
        order by d.mac limit $9";
    LEFT = "select r.mac, null as reseller, i.serial, i.mac_id, r.state, r.mark, r.since, r.again, r.tries, r.code, r.said, r.asked from redirect_device r
        left join device_identity i on i.mac = r.mac
        where r.account = $1 and r.mac > $2 and r.mac <= $3 and ($4 or not exists (select 1 from device d
        left join redirect_by_hand h on h.mac = d.mac
        where d.mac = r.mac and (d.brand = $5 or d.brand = $6) and h.mac is null and (d.reseller = $7 or ($7 is null
        and not exists (select 1 from redirect_account a where a.reseller = d.reseller and not a.leaving and (a.kind = $8 or a.kind = $9))))))
        order by r.mac limit $10";
    PUT = "insert into redirect_device (account, mac, state, mark, since, again, tries, code, said, asked, seen)
        values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, 0)
        on conflict (account, mac) do update set state = excluded.state, mark = excluded.mark, since = excluded.since,
        again = excluded.again, tries = excluded.tries, code = excluded.code, said = excluded.said, asked = excluded.asked";
    DROP_ROW = "delete from redirect_device where account = $1 and mac = $2";
    DUE = "select mac from redirect_device where account = $1 and again <= $2 order by again limit $3";
    OPEN = "select mac from redirect_device where account = $1 and again is null and (state = $2 or state = $3) limit $4";
    COUNTS = "select state, count(*) as devices from redirect_device where account = $1 group by state";
    REFUSED = "select r.mac, d.model, d.label, r.state, r.mark, r.since, r.again, r.tries, r.code, r.said, r.asked
        from redirect_device r left join device d on d.mac = r.mac
        where r.account = $1 and r.state = $2 and r.mac > $3 order by r.mac limit $4";
    OF_DEVICE = "select r.account, r.state, r.mark, r.since, r.again, r.tries, r.code, r.said, r.asked
        from redirect_device r join redirect_account a on a.id = r.account where r.mac = $1 order by a.created desc";
    FOUND = "update redirect_device set seen = $1, asked = coalesce($2, asked) where account = $3 and mac = $4
        returning state, mark";
    GONE = "select mac from redirect_device where account = $1 and state = $2 and seen < $3 and since < $3 limit $4";
    SET_PIN = "insert into redirect_pin (mac, pin) values ($1, $2) on conflict (mac) do update set pin = excluded.pin";
    PIN = "select pin from redirect_pin where mac = $1";
    DROP_PIN = "delete from redirect_pin where mac = $1";
    WAKE = "insert into redirect_wake (mac, calls) select $1, 1 where exists (select 1 from redirect_account)
        on conflict (mac) do update set calls = redirect_wake.calls + 1";
    WOKEN = "select mac, calls from redirect_wake where mac > $1 order by mac limit $2";
    SLEEP = "delete from redirect_wake where mac = $1 and calls = $2";
    BY_HAND = "select at, actor from redirect_by_hand where mac = $1";
    MARK = "insert into redirect_by_hand (mac, at, actor) values ($1, $2, $3) on conflict (mac) do nothing";
    UNMARK = "delete from redirect_by_hand where mac = $1";
    IDENTITY = "select serial, mac_id from device_identity where mac = $1";
    SET_IDENTITY = "insert into device_identity (mac, serial, mac_id) values ($1, $2, $3)
        on conflict (mac) do update set serial = excluded.serial, mac_id = excluded.mac_id";
    DROP_IDENTITY = "delete from device_identity where mac = $1";
    // A service may want it once more, to remove the device there.
    OUTLIVED = "delete from device_identity where mac = $1 and not exists (select 1 from device d where d.mac = $1)
        and not exists (select 1 from redirect_device r where r.mac = $1)";
    TRY_ALL = "update redirect_device set again = $1 where account = $2 and state = $3";
    TRY_AGAIN = "update redirect_device set again = $1 where mac = $2 and state = $3";
}

/// Behind the last of all MACs.
const END: &str = "g";

/// Up to 500 devices after a MAC that an account should have, by MAC.
pub fn wanted(db: &Db, of: Claimed<'_>, after: &str) -> Result<Vec<Situation>> {
    select_wanted(db, of, after, END)
}

/// Up to 500 devices after a MAC that an account should not have any more, by MAC. An account that leaves should have none.
pub fn left(db: &Db, of: Claimed<'_>, after: &str) -> Result<Vec<Situation>> {
    select_left(db, of, after, END)
}

/// One device as [`wanted`] or [`left`] show it; nothing if it is in neither.
pub fn wanted_one(db: &Db, of: Claimed<'_>, mac: Mac) -> Result<Option<Situation>> {
    let mac = mac.to_string();
    // No MAC lies between this and the one itself.
    let before = &mac[..mac.len() - 1];
    let is_it = |found: &Situation| found.mac.to_string() == mac;
    let found = if of.account.leaving { None } else { select_wanted(db, of, before, &mac)?.into_iter().find(is_it) };
    Ok(match found {
        Some(found) => Some(found),
        None => select_left(db, of, before, &mac)?.into_iter().find(is_it),
    })
}

fn select_wanted(db: &Db, of: Claimed<'_>, after: &str, upto: &str) -> Result<Vec<Situation>> {
    if of.account.leaving {
        return Ok(Vec::new());
    }
    let owner = of.account.reseller.map(|of| of.0);
    let [brand, other] = of.brands.map(Arg::from);
    let [kind, alike] = of.kinds.map(Arg::from);
    let account = id(&of.account.id);
    let args = [account, after.into(), upto.into(), brand, other, opt_id(owner.as_ref()), kind, alike, REDIRECT_PAGE.into()];
    db.all(WANTED, &args, |row| situation(row, true))
}

fn select_left(db: &Db, of: Claimed<'_>, after: &str, upto: &str) -> Result<Vec<Situation>> {
    let owner = of.account.reseller.map(|of| of.0);
    let [brand, other] = of.brands.map(Arg::from);
    let [kind, alike] = of.kinds.map(Arg::from);
    let (account, leaving) = (id(&of.account.id), of.account.leaving.into());
    let args = [account, after.into(), upto.into(), leaving, brand, other, opt_id(owner.as_ref()), kind, alike, REDIRECT_PAGE.into()];
    db.all(LEFT, &args, |row| situation(row, false))
}

/// Keeps what we know of a device.
pub fn put(db: &Db, account: Uuid, mac: Mac, kept: &Kept) -> Result<()> {
    let said = kept.said.as_deref().map(|said| &said[..said.floor_char_boundary(REDIRECT_SAID_BYTES_MAX)]);
    let mac = mac.to_string();
    let args = [
        id(&account),
        (&mac).into(),
        kept.state.code().into(),
        kept.mark.into(),
        kept.since.into(),
        kept.again.into(),
        kept.tries.into(),
        kept.code.as_deref().into(),
        said.into(),
        kept.asked.into(),
    ];
    db.exec(PUT, &args).map(drop)
}

/// Forgets a device: the service has nothing of it that is ours.
pub fn drop_row(db: &Db, account: Uuid, mac: Mac) -> Result<()> {
    let mac = mac.to_string();
    db.exec(DROP_ROW, &[id(&account), (&mac).into()])?;
    db.exec(OUTLIVED, &[(&mac).into()]).map(drop)
}

/// Up to 500 devices whose time to be tried again has come, or whose last write nobody has seen the end of.
pub fn due(db: &Db, account: Uuid, now: Time) -> Result<Vec<Mac>> {
    let mut macs = db.all(DUE, &[id(&account), now.into(), REDIRECT_PAGE.into()], |row| mac(row, 0))?;
    let [writing, removing] = [State::Writing, State::Removing].map(|state| Arg::from(state.code()));
    macs.extend(db.all(OPEN, &[id(&account), writing, removing, REDIRECT_PAGE.into()], |row| mac(row, 0))?);
    Ok(macs)
}

/// How many of its devices stand where.
pub fn counts(db: &Db, account: Uuid) -> Result<Counts> {
    let mut counts = Counts::default();
    for (state, devices) in db.all(COUNTS, &[id(&account)], |row| Ok((row.text(0)?.to_owned(), row.int(1)?)))? {
        match state.as_str() {
            "listed" => counts.listed += devices,
            "refused" => counts.refused += devices,
            _ => counts.waiting += devices,
        }
    }
    Ok(counts)
}

/// The devices that a service refused, by MAC.
pub fn refused(db: &Db, account: Uuid, after: Option<&Cursor>, limit: usize) -> Result<Page<Refused>> {
    let after = after.map_or("", |cursor| cursor.name.as_str());
    let args = [id(&account), State::Refused.code().into(), after.into(), fetch_count(limit).into()];
    let mut items = db.all(REFUSED, &args, |row| {
        let label = row.opt_text(2)?.unwrap_or_default();
        let device = row.opt_text(1)?.map(|model| (model.to_owned(), label.to_owned()));
        Ok(Refused { mac: mac(row, 0)?, device, kept: kept(row, 3)? })
    })?;
    let more = items.len() > limit;
    items.truncate(limit);
    let next = items.last().filter(|_| more).map(|row| Cursor { name: row.mac.to_string(), ..Cursor::start() });
    Ok(Page { items, next })
}

/// Has every device that the service refused tried again.
pub(crate) fn try_refused(db: &Db, account: Uuid, now: Time) -> Result<()> {
    db.exec(TRY_ALL, &[now.into(), id(&account), State::Refused.code().into()]).map(drop)
}

/// What we know of a device at each account that has something of it, the newest account first.
pub fn of_device(db: &Db, of: Mac) -> Result<Vec<(Uuid, Kept)>> {
    db.all(OF_DEVICE, &[(&of.to_string()).into()], |row| Ok((uuid(row, 0)?, kept(row, 1)?)))
}

/// Notes that a comparison found a device in the service's list; its state and mark, if it is one of ours.
pub fn found(db: &Db, account: Uuid, device: &Found, comparison: Time) -> Result<Option<(State, i64)>> {
    let mac = device.mac.to_string();
    let args = [comparison.into(), device.asked.into(), id(&account), (&mac).into()];
    db.opt(FOUND, &args, |row| Ok((state(row.text(0)?)?, row.int(1)?)))
}

/// Up to 500 devices that we wrote before a comparison began, and that it did not find.
pub fn gone(db: &Db, account: Uuid, comparison: Time) -> Result<Vec<Mac>> {
    let args = [id(&account), State::Listed.code().into(), comparison.into(), REDIRECT_PAGE.into()];
    db.all(GONE, &args, |row| mac(row, 0))
}

/// Keeps the PIN that a service hands out for a device.
pub fn set_pin(db: &Db, of: Mac, pin: &Secret<String>) -> Result<()> {
    let mac = of.to_string();
    let sealed = db.seal(pin_place(&mac), pin.expose().as_bytes())?;
    db.exec(SET_PIN, &[(&mac).into(), (&sealed).into()]).map(drop)
}

/// The PIN that a service hands out for a device.
pub fn pin(db: &Db, of: Mac) -> Result<Option<Secret<String>>> {
    let mac = of.to_string();
    db.opt(PIN, &[(&mac).into()], |found| {
        let opened = db.open(pin_place(&mac), found.bytes(0)?)?;
        let text = std::str::from_utf8(&opened);
        text.map(Secret::from).map_err(|_| StoreError::Damaged { table: "redirect_pin", column: "pin", row: mac.clone() })
    })
}

pub(crate) fn pin_place(mac: &str) -> Place<'_> {
    Place { table: "redirect_pin", column: "pin", row: mac.as_bytes() }
}

/// Has a device looked at, if there is any account at all.
pub(crate) fn wake(db: &Db, mac: &str) -> Result<()> {
    db.exec(WAKE, &[mac.into()]).map(drop)
}

/// Up to 500 devices after a MAC that changed since they were last looked at, and how often.
pub fn woken(db: &Db, after: &str) -> Result<Vec<(Mac, i64)>> {
    db.all(WOKEN, &[after.into(), REDIRECT_PAGE.into()], |row| Ok((mac(row, 0)?, row.int(1)?)))
}

/// It was looked at as of that change; a later one wakes again.
pub fn sleep(db: &Db, of: Mac, calls: i64) -> Result<()> {
    db.exec(SLEEP, &[(&of.to_string()).into(), calls.into()]).map(drop)
}

/// When, and by whom, a device was marked as registered by hand.
pub fn by_hand(db: &Db, of: Mac) -> Result<Option<(Time, String)>> {
    db.opt(BY_HAND, &[(&of.to_string()).into()], |row| Ok((Time::from_millis(row.int(0)?), row.text(1)?.to_owned())))
}

/// Marks a device as registered by hand: nothing is written for it.
pub fn mark_by_hand(db: &Db, of: Mac, now: Time, actor: &str) -> Result<()> {
    let mac = of.to_string();
    db.exec(MARK, &[(&mac).into(), now.into(), actor.into()])?;
    wake(db, &mac)
}

/// Takes the mark away.
pub fn unmark_by_hand(db: &Db, of: Mac) -> Result<()> {
    let mac = of.to_string();
    db.exec(UNMARK, &[(&mac).into()])?;
    wake(db, &mac)
}

/// What stands on a device's label.
pub fn identity(db: &Db, of: Mac) -> Result<Identity> {
    let text = |row: &Row<'_>, at| Ok::<_, StoreError>(row.opt_text(at)?.map(str::to_owned));
    let found = db.opt(IDENTITY, &[(&of.to_string()).into()], |row| Ok(Identity { serial: text(row, 0)?, mac_id: text(row, 1)? }))?;
    Ok(found.unwrap_or_default())
}

/// Keeps what stands on a device's label; a device that a service refused for the lack of it is tried again.
pub fn set_identity(db: &Db, of: Mac, identity: &Identity, now: Time) -> Result<()> {
    let mac = of.to_string();
    if identity.serial.is_none() && identity.mac_id.is_none() {
        db.exec(DROP_IDENTITY, &[(&mac).into()])?;
    } else {
        db.exec(SET_IDENTITY, &[(&mac).into(), identity.serial.as_ref().into(), identity.mac_id.as_ref().into()])?;
    }
    db.exec(TRY_AGAIN, &[now.into(), (&mac).into(), State::Refused.code().into()])?;
    wake(db, &mac)
}

/// A device is gone, or has another MAC: what stands at services is looked after by whoever is woken.
pub(crate) fn forget_device(db: &Db, mac: &str) -> Result<()> {
    db.exec(OUTLIVED, &[mac.into()])?;
    db.exec(UNMARK, &[mac.into()])?;
    db.exec(DROP_PIN, &[mac.into()])?;
    wake(db, mac)
}

fn mac(row: &Row<'_>, at: usize) -> Result<Mac> {
    let text = row.text(at)?;
    text.parse().map_err(|_| StoreError::Damaged { table: "redirect_device", column: "mac", row: text.to_owned() })
}

fn situation(row: &Row<'_>, is_wanted: bool) -> Result<Situation> {
    let text = |at| Ok::<_, StoreError>(row.opt_text(at)?.map(str::to_owned));
    let wanted = if is_wanted { Some(opt_uuid(row, 1)?.map(ResellerId)) } else { None };
    let identity = Identity { serial: text(2)?, mac_id: text(3)? };
    let kept = if row.is_null(4)? { None } else { Some(kept(row, 4)?) };
    Ok(Situation { mac: mac(row, 0)?, wanted, identity, kept })
}

fn kept(row: &Row<'_>, at: usize) -> Result<Kept> {
    let text = |at| Ok::<_, StoreError>(row.opt_text(at)?.map(str::to_owned));
    Ok(Kept {
        state: state(row.text(at)?)?,
        mark: row.int(at + 1)?,
        since: Time::from_millis(row.int(at + 2)?),
        again: row.opt_int(at + 3)?.map(Time::from_millis),
        tries: row.int(at + 4)?,
        code: text(at + 5)?,
        said: text(at + 6)?,
        asked: row.opt_int(at + 7)?.map(Time::from_millis),
    })
}

fn state(code: &str) -> Result<State> {
    let damaged = || StoreError::Damaged { table: "redirect_device", column: "state", row: code.to_owned() };
    State::ALL.into_iter().find(|state| state.code() == code).ok_or_else(damaged)
}
