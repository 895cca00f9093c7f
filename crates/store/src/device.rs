//! Devices: the domain's aggregate as one sealed value, its lines and settings as another, and plain columns for lists.

use domain::device::{Auth, Device, State};
use domain::settings::{LINES_MAX, Line, Settings};
use domain::tenancy::{CustomerId, DeviceId, Place as Tenancy, ResellerId, SiteId};
use domain::{Mac, Time};
use ipnet::IpNet;
use serde::{Deserialize, Serialize};
use zeroize::Zeroizing;

use crate::context::Revision;
use crate::db::{Db, Row, statements};
use crate::limits::LABEL_BYTES_MAX;
use crate::scope::{Bounds, Scope, id, opt_id, opt_uuid, uuid};
use crate::seal::Place;
use crate::tenancy::check_place;
use crate::trust::address_memory;
use crate::{Result, StoreError, policy};

mod count;
mod list;
mod search;
mod word;
pub use count::{Count, Counts, by_state, counts};
pub use list::{Filter, Kind, Listed, changed_states, kinds, list};
pub(crate) use word::{fill as fill_search, moved_to_reseller, note_address};

#[cfg(test)]
pub(crate) const SEARCH_STATEMENTS: [&[&crate::db::Sql]; 4] = [count::STATEMENTS, list::STATEMENTS, search::STATEMENTS, word::STATEMENTS];

/// A device as it was read, with the version that a save must still find.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Stored {
    /// The device.
    pub device: Device,
    /// Counts changes of the row, from 1. For an ETag, too.
    pub version: i64,
}

/// What a device is set to: its lines and its own layer of settings. Kept in a sealed column.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Setup {
    /// Its lines, first to last.
    #[serde(default)]
    pub lines: Vec<Line>,
    /// Settings of this device alone.
    #[serde(default)]
    pub settings: Settings,
}

impl Setup {
    /// What its lines are dialled by, first to last: a line without an extension by its user.
    pub fn extensions(&self) -> Vec<String> {
        self.lines.iter().map(|line| line.extension.as_ref().unwrap_or(&line.user).clone()).collect()
    }
}

/// Everything that one request of a phone needs, from one statement.
#[derive(Clone, Debug)]
pub struct Fetched {
    /// The device and its version.
    pub stored: Stored,
    /// Whether the caller's [`crate::context::Context`] still holds.
    pub revision: Revision,
    /// Where it last fetched from with its own login.
    pub own_address: Option<std::net::IpAddr>,
    /// Another customer's devices fetched from this network within 30 days.
    pub address_shared: bool,
    sealed_setup: Vec<u8>,
}

impl Fetched {
    /// Opens lines and settings: only a full config needs them.
    pub fn setup(&self, store: &crate::Store) -> Result<Setup> {
        let mac = self.stored.device.mac.to_string();
        let opened = store.shared().sealer.open(lines_place(&mac), &self.sealed_setup)?;
        parse(&opened, "lines", &mac)
    }
}

statements! {
    FETCH = "select d.mac, d.id, d.customer, d.site, c.reseller, d.model, d.label, d.created, d.disabled, d.auth, d.version,
        d.lines, c.revision, p.revision as platform, s.own_address,
        (select count(*) from site_address a where a.network = $1 and a.customer <> d.customer and a.last_seen >= $2) as others
        from device d join customer c on c.id = d.customer join platform p on p.id = 1 left join device_seen s on s.mac = d.mac
        where d.mac = $3";
    BY_MAC = "select d.mac, d.id, d.customer, d.site, c.reseller, d.model, d.label, d.created, d.disabled, d.auth, d.version
        from device d join customer c on c.id = d.customer
        where d.mac = $1 and (c.reseller = $2 or $2 is null) and (d.customer = $3 or $3 is null) and (d.site = $4 or $4 is null)";
    SETUP = "select d.lines from device d join customer c on c.id = d.customer
        where d.mac = $1 and (c.reseller = $2 or $2 is null) and (d.customer = $3 or $3 is null) and (d.site = $4 or $4 is null)";
    ADD = "insert into device (mac, id, customer, site, reseller, brand, model, label, created, disabled, state, failed_until, look, auth,
        lines, version)
        values ($1, $2, $3, $4, (select reseller from customer where id = $3), $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, 1)";
    SAVE_AUTH = "update device set disabled = $1, auth = $2, version = version + 1 where mac = $3 and version = $4
        and brand = $5 and model = $6 and label = $7 and state = $8 and failed_until is not distinct from $9 and (look & 1) = $10
        returning version";
    SAVE = "update device set disabled = $1, auth = $2, version = version + 1, brand = $3, model = $4, label = $5, state = $6,
        failed_until = $7, look = (look & 2) | $8 where mac = $9 and version = $10 returning version, lines";
    MOVE = "update device set customer = $1, site = $2, reseller = (select reseller from customer where id = $1) where mac = $3";
    SAVE_SETUP = "update device set lines = $1, version = version + 1 where mac = $2 and version = $3 returning version";
    RENAME = "update device set mac = $1, lines = $2, auth = $3, look = look & 1, version = version + 1 where mac = $4 and version = $5 returning version";
    MARK = "update device set look = look | 1 where mac = $1";
    DROP = "delete from device where mac = $1";
    DROP_SEEN = "delete from device_seen where mac = $1";
    DROP_ATTENTION = "delete from attention where mac = $1";
    DROP_KNOCK = "delete from knock where mac = $1";
}

/// The phone path's one statement: nothing for a MAC that nobody added. `network` is `domain::net::site_network` of the request's
/// address. Sees all tenants, so it is the gate's and the voice edge's alone.
pub fn fetch(db: &Db, mac: Mac, network: &IpNet, now: Time) -> Result<Option<Fetched>> {
    let (network, mac) = (network.to_string(), mac.to_string());
    let args = [(&network).into(), address_memory(now).into(), (&mac).into()];
    db.opt(FETCH, &args, |row| {
        Ok(Fetched {
            stored: read(db, row)?,
            sealed_setup: row.bytes(11)?.to_vec(),
            revision: Revision { customer: row.int(12)?, platform: row.int(13)? },
            own_address: row.opt_text(14)?.and_then(|address| address.parse().ok()),
            address_shared: row.int(15)? > 0,
        })
    })
}

/// One device.
pub fn by_mac(db: &Db, scope: &Scope, mac: Mac) -> Result<Stored> {
    let bounds = Bounds::of(scope);
    db.one(BY_MAC, &[(&mac.to_string()).into(), bounds.reseller(), bounds.customer(), bounds.site()], |row| read(db, row))
}

/// A device's lines and settings.
pub fn setup(db: &Db, scope: &Scope, mac: Mac) -> Result<Setup> {
    let (bounds, mac) = (Bounds::of(scope), mac.to_string());
    db.one(SETUP, &[(&mac).into(), bounds.reseller(), bounds.customer(), bounds.site()], |row| {
        parse(&db.open(lines_place(&mac), row.bytes(0)?)?, "lines", &mac)
    })
}

/// Adds a device. A MAC that is on the platform already is [`StoreError::Exists`], whoever has it.
pub fn add(db: &Db, scope: &Scope, device: &Device, setup: &Setup, now: Time) -> Result<()> {
    check_place(db, scope, &device.place)?;
    let (columns, site) = (Columns::of(db, device, now)?, device.place.site.map(|site| site.0));
    let (mac, lines) = (device.mac.to_string(), seal_setup(db, device.mac, setup)?);
    let args = [
        (&mac).into(),
        id(&device.id.0),
        id(&device.place.customer.0),
        opt_id(site.as_ref()),
        columns.brand.into(),
        (&device.model).into(),
        (&device.label).into(),
        device.created.into(),
        device.disabled.into(),
        columns.state.into(),
        columns.failed_until.into(),
        columns.look.into(),
        (&columns.auth).into(),
        (&lines).into(),
    ];
    db.exec(ADD, &args)?;
    word::add(db, device, setup)?;
    crate::redirect::wake(db, &mac)?;
    db.exec(DROP_KNOCK, &[(&mac).into()]).map(drop)
}

/// Saves a device that was read before, if nobody changed it meanwhile; returns its new version. Its place stays: see [`relocate`].
///
/// A write that reads and saves in one closure never sees [`StoreError::Conflict`]: it is run again.
pub fn save(db: &Db, stored: &Stored, now: Time) -> Result<i64> {
    let device = &stored.device;
    let columns = Columns::of(db, device, now)?;
    let mac = device.mac.to_string();
    let version = stored.version.into();
    let told = [columns.brand.into(), (&device.model).into(), (&device.label).into()];
    let state = [columns.state.into(), columns.failed_until.into(), columns.look.into()];
    let (disabled, auth, row) = (device.disabled.into(), (&columns.auth).into(), (&mac).into());
    // What the phone path saves changes nothing that lists and search stand on: then no index is touched.
    let args = [disabled, auth, row, version, told[0], told[1], told[2], state[0], state[1], state[2]];
    if let Some(saved) = db.opt(SAVE_AUTH, &args, |row| row.int(0))? {
        return Ok(saved);
    }
    let args = [disabled, auth, told[0], told[1], told[2], state[0], state[1], state[2], row, version];
    let saved = db.opt(SAVE, &args, |row| Ok((row.int(0)?, parse(&db.open(lines_place(&mac), row.bytes(1)?)?, "lines", &mac)?)))?;
    let (saved, setup) = saved.ok_or_else(|| db.conflict())?;
    word::refresh(db, device, &setup)?;
    Ok(saved)
}

/// Moves a device to another place in the tree, both of which the scope must see; the device carries the new place.
pub fn relocate(db: &Db, scope: &Scope, stored: &Stored, now: Time) -> Result<i64> {
    by_mac(db, scope, stored.device.mac)?;
    let place = &stored.device.place;
    check_place(db, scope, place)?;
    let version = save(db, stored, now)?;
    let (site, mac) = (place.site.map(|site| site.0), stored.device.mac.to_string());
    db.exec(MOVE, &[id(&place.customer.0), opt_id(site.as_ref()), (&mac).into()])?;
    word::relocate(db, &mac)?;
    crate::redirect::wake(db, &mac)?;
    Ok(version)
}

/// Saves lines and settings; returns the device's new version.
pub fn save_setup(db: &Db, scope: &Scope, mac: Mac, setup: &Setup, version: i64) -> Result<i64> {
    let kept = by_mac(db, scope, mac)?;
    let lines = seal_setup(db, mac, setup)?;
    let saved = db.opt(SAVE_SETUP, &[(&lines).into(), (&mac.to_string()).into(), version.into()], |row| row.int(0))?;
    let saved = saved.ok_or_else(|| db.conflict())?;
    word::refresh(db, &kept.device, setup)?;
    // Whoever edits a phone may have made it another brand's. Not in `save`, which phones' first contacts go through.
    crate::redirect::wake(db, &mac.to_string())?;
    Ok(saved)
}

/// Gives a device another MAC: everything sealed is sealed anew for it. `stored` carries the new MAC already.
pub fn replace(db: &Db, scope: &Scope, old: Mac, stored: &Stored, now: Time) -> Result<i64> {
    let kept = setup(db, scope, old)?;
    let (old, new) = (old.to_string(), stored.device.mac.to_string());
    let (auth, lines) = (seal_auth(db, &stored.device)?, seal_setup(db, stored.device.mac, &kept)?);
    let args = [(&new).into(), (&lines).into(), (&auth).into(), (&old).into(), stored.version.into()];
    let version = db.opt(RENAME, &args, |row| row.int(0))?.ok_or_else(|| db.conflict())?;
    forget_traces(db, &old)?;
    word::add(db, &stored.device, &kept)?;
    crate::redirect::wake(db, &new)?;
    db.exec(DROP_KNOCK, &[(&new).into()])?;
    save(db, &Stored { version, ..stored.clone() }, now)
}

/// Removes a device and what was remembered of its visits.
pub fn remove(db: &Db, scope: &Scope, mac: Mac) -> Result<()> {
    by_mac(db, scope, mac)?;
    let mac = mac.to_string();
    db.exec(DROP, &[(&mac).into()])?;
    forget_traces(db, &mac)
}

fn forget_traces(db: &Db, mac: &str) -> Result<()> {
    db.exec(DROP_SEEN, &[mac.into()])?;
    word::remove(db, mac)?;
    crate::call::forget(db, mac)?;
    crate::before::forget(db, mac)?;
    crate::redirect::forget_device(db, mac)?;
    db.exec(DROP_ATTENTION, &[mac.into()]).map(drop)
}

/// The columns that follow from a device.
struct Columns<'a> {
    brand: &'a str,
    state: &'static str,
    failed_until: Option<Time>,
    /// Whether it may want attention for what it is itself: one who looks closer knows the policy and where the phone was last served.
    look: i64,
    auth: Vec<u8>,
}

impl<'a> Columns<'a> {
    fn of(db: &Db, device: &'a Device, now: Time) -> Result<Self> {
        if device.label.len() > LABEL_BYTES_MAX || device.model.len() > LABEL_BYTES_MAX {
            return Err(StoreError::TooLarge { what: "bytes in a label or model", max: LABEL_BYTES_MAX });
        }
        let state = device.auth.state(now);
        let failed = || device.auth.tries.iter().filter_map(|tries| tries.failed_until).max();
        Ok(Self {
            brand: device.model.split('/').next().unwrap_or_default(),
            state: state.code(),
            failed_until: if state == State::Failed { failed() } else { None },
            look: i64::from(may_want_attention(&device.auth)),
            auth: seal_auth(db, device)?,
        })
    }
}

/// A delivery that may stay unconfirmed, a second claimant, PIN tries that may come from elsewhere.
fn may_want_attention(auth: &Auth) -> bool {
    let pending = |pending: &domain::device::Pending| auth.live.is_none() || pending.second_claimant.is_some();
    auth.pending.as_ref().is_some_and(pending) || auth.tries.iter().any(|tries| tries.wrong > 0 || tries.rounds > 0)
}

fn seal_auth(db: &Db, device: &Device) -> Result<Vec<u8>> {
    let json = Zeroizing::new(serde_json::to_vec(&device.auth).map_err(unwritable)?);
    db.seal(auth_place(&device.mac.to_string()), &json)
}

fn seal_setup(db: &Db, mac: Mac, setup: &Setup) -> Result<Vec<u8>> {
    if setup.lines.len() > LINES_MAX {
        return Err(StoreError::TooLarge { what: "lines of a device", max: LINES_MAX });
    }
    policy::check_settings(&setup.settings)?;
    for line in &setup.lines {
        line.check().map_err(|error| StoreError::Refused(error.to_string()))?;
        policy::check_settings(&line.settings)?;
    }
    let json = Zeroizing::new(serde_json::to_vec(setup).map_err(unwritable)?);
    db.seal(lines_place(&mac.to_string()), &json)
}

pub(crate) fn auth_place(mac: &str) -> Place<'_> {
    Place { table: "device", column: "auth", row: mac.as_bytes() }
}

pub(crate) fn lines_place(mac: &str) -> Place<'_> {
    Place { table: "device", column: "lines", row: mac.as_bytes() }
}

/// Reads the columns that `FETCH`, `BY_MAC` and the list have in common, opening `auth`.
fn read(db: &Db, row: &Row<'_>) -> Result<Stored> {
    let text = row.text(0)?;
    let mac: Mac = text.parse().map_err(|_| damaged("mac", text))?;
    let auth: Auth = parse(&db.open(auth_place(text), row.bytes(9)?)?, "auth", text)?;
    let place =
        Tenancy { reseller: opt_uuid(row, 4)?.map(ResellerId), customer: CustomerId(uuid(row, 2)?), site: opt_uuid(row, 3)?.map(SiteId) };
    let device = Device {
        id: DeviceId(uuid(row, 1)?),
        mac,
        place,
        model: row.text(5)?.to_owned(),
        label: row.text(6)?.to_owned(),
        created: Time::from_millis(row.int(7)?),
        disabled: row.bool(8)?,
        auth,
    };
    Ok(Stored { device, version: row.int(10)? })
}

fn parse<T: serde::de::DeserializeOwned>(json: &[u8], column: &'static str, mac: &str) -> Result<T> {
    // serde's own message may quote the value.
    serde_json::from_slice(json).map_err(|_| damaged(column, mac))
}

fn damaged(column: &'static str, mac: &str) -> StoreError {
    StoreError::Damaged { table: "device", column, row: mac.to_owned() }
}

fn unwritable(_: serde_json::Error) -> StoreError {
    StoreError::Engine("a device cannot be written as JSON".into())
}
