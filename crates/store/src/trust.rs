//! Trusted networks of a customer, and from where whose devices fetched.

use domain::limits::{PERMANENT_NETWORKS_MAX, TRUST_WINDOWS_MAX};
use domain::tenancy::CustomerId;
use domain::trust::{Trust, Window, WindowChange};
use domain::{Mac, Span, Time};
use ipnet::IpNet;

use crate::db::{Db, Row, statements};
use crate::limits::{ENDED_WINDOW_HOURS, LABEL_BYTES_MAX, SITE_ADDRESS_DAYS};
use crate::scope::{Scope, id, uuid};
use crate::tenancy::{customer, touch_customer};
use crate::{Result, StoreError, outbox};

/// The outbox topic that asks for phones to be told to fetch: those of a customer that are registered from a network.
pub const REFETCH: &str = "trust.refetch";

/// A permanent trusted network.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Network {
    /// Normalised: no host bits.
    pub network: IpNet,
    /// What people call it.
    pub label: String,
    /// When it was added.
    pub created: Time,
}

statements! {
    NETWORKS = "select network, label, created from trusted_network where customer = $1 order by network";
    ADD_NETWORK = "insert into trusted_network (customer, network, label, created) values ($1, $2, $3, $4)
        on conflict (customer, network) do update set label = excluded.label";
    DROP_NETWORK = "delete from trusted_network where customer = $1 and network = $2";
    WINDOWS = "select customer, network, opened, ends, pin_success, opened_by from trust_window where customer = $1 order by ends desc, network";
    OPEN_WINDOW = "insert into trust_window (customer, network, opened, ends, pin_success, opened_by) values ($1, $2, $3, $4, $5, $6)
        on conflict (customer, network) do update set opened = excluded.opened, ends = excluded.ends,
        pin_success = excluded.pin_success, opened_by = excluded.opened_by where trust_window.ends <= excluded.opened";
    EXTEND_WINDOW = "update trust_window set ends = $1, pin_success = $2, opened_by = $3
        where customer = $4 and network = $5 and opened = $6 and ends <= $1 and pin_success <= $2";
    PIN_SUCCESS = "select pin_success from trust_window where customer = $1 and network = $2";
    DROP_WINDOW = "delete from trust_window where customer = $1 and network = $2";
    SURPLUS = "delete from trust_window where customer = $1 and network in
        (select network from trust_window where customer = $1 order by ends desc, network limit $2 offset $3)";
    DROP_ENDED = "delete from trust_window where ends < $1";
    OPEN = "select count(*) as open from trust_window where ends > $1";
    NOTE_ADDRESS = "insert into site_address (network, customer, last_seen) values ($1, $2, $3)
        on conflict (network, customer) do update set last_seen = excluded.last_seen where site_address.last_seen < excluded.last_seen";
    KNOWN = "select count(*) as known from customer where id = $1";
    SHARED = "select count(*) as others from site_address where network = $1 and customer <> $2 and last_seen >= $3";
    FETCHED = "select count(*) as customers from site_address where network = $1 and last_seen >= $2";
    DROP_ADDRESSES = "delete from site_address where last_seen < $1";
}

/// Permanent networks of a customer.
pub fn networks(db: &Db, scope: &Scope, of: CustomerId) -> Result<Vec<Network>> {
    customer(db, scope, of)?;
    db.all(NETWORKS, &[id(&of.0)], |row| {
        let created = Time::from_millis(row.int(2)?);
        Ok(Network { network: network(row, 0)?, label: row.text(1)?.to_owned(), created })
    })
}

/// Adds a permanent network, checked by `domain::trust::permanent_network`; one that is there gets the new label.
pub fn add_network(db: &Db, scope: &Scope, of: CustomerId, network: &Network) -> Result<()> {
    if networks(db, scope, of)?.len() >= PERMANENT_NETWORKS_MAX {
        return Err(StoreError::TooLarge { what: "trusted networks of a customer", max: PERMANENT_NETWORKS_MAX });
    }
    if network.label.len() > LABEL_BYTES_MAX {
        return Err(StoreError::TooLarge { what: "bytes in a label", max: LABEL_BYTES_MAX });
    }
    db.exec(ADD_NETWORK, &[id(&of.0), (&network.network.to_string()).into(), (&network.label).into(), network.created.into()])?;
    touch_customer(db, of)
}

/// Removes a permanent network.
pub fn remove_network(db: &Db, scope: &Scope, of: CustomerId, network: &IpNet) -> Result<()> {
    customer(db, scope, of)?;
    match db.exec(DROP_NETWORK, &[id(&of.0), (&network.to_string()).into()])? {
        0 => Err(StoreError::NotFound),
        _ => touch_customer(db, of),
    }
}

/// Temporary windows of a customer, the one that ends last first; ended ones stay for a day.
pub fn windows(db: &Db, scope: &Scope, of: CustomerId) -> Result<Vec<Window>> {
    customer(db, scope, of)?;
    db.all(WINDOWS, &[id(&of.0)], window)
}

/// Opens or extends a window, as the domain decided, if what it decided on is still so: an extension finds the window open as it was
/// read, an opening finds none that is open. Beyond the limit per customer, the windows that end first go.
///
/// Otherwise [`StoreError::Conflict`]: a write that reads and saves in one closure is run again and never sees it.
pub(crate) fn save_window(db: &Db, change: &WindowChange) -> Result<()> {
    let window = change.window();
    let (customer, network, opener) = (window.customer.0, window.network.to_string(), window.opened_by.to_string());
    let [of, network, opener] = [id(&customer), (&network).into(), (&opener).into()];
    let [opened, ends, pin_success] = [window.opened.into(), window.ends.into(), window.pin_success.into()];
    let saved = match change {
        WindowChange::Opened(_) => db.exec(OPEN_WINDOW, &[of, network, opened, ends, pin_success, opener])?,
        WindowChange::Extended(_) => db.exec(EXTEND_WINDOW, &[ends, pin_success, opener, of, network, opened])?,
    };
    if saved == 0 {
        return Err(db.conflict());
    }
    let max = i64::try_from(TRUST_WINDOWS_MAX).expect("a small constant");
    db.exec(SURPLUS, &[id(&customer), max.into(), max.into()])?;
    touch_customer(db, window.customer)
}

/// [`save_window`], with word for the phones that it serves from now on: it was opened, or a later PIN stands behind it.
pub fn keep_window(db: &Db, change: &WindowChange, now: Time) -> Result<()> {
    let window = change.window();
    let network = window.network.to_string();
    let args = [id(&window.customer.0), (&network).into()];
    let serves_more = match change {
        WindowChange::Opened(_) => true,
        WindowChange::Extended(_) => db.opt(PIN_SUCCESS, &args, |row| row.int(0))?.is_some_and(|held| held < window.pin_success.millis()),
    };
    save_window(db, change)?;
    if serves_more { tell(db, window.customer, &window.network, Some(window.opened_by), now) } else { Ok(()) }
}

/// Leaves word in the outbox that a customer's phones are served from that network now. `except`: a phone that knows already.
pub fn tell(db: &Db, customer: CustomerId, network: &IpNet, except: Option<Mac>, now: Time) -> Result<()> {
    let (network, except) = (network.to_string(), except.map(|mac| mac.to_string()));
    let payload = serde_json::json!({ "customer": customer, "network": network, "except": except });
    outbox::enqueue(db, now, REFETCH, payload.to_string())
}

/// Closes a window at once.
pub fn close_window(db: &Db, scope: &Scope, of: CustomerId, network: &IpNet) -> Result<()> {
    customer(db, scope, of)?;
    match db.exec(DROP_WINDOW, &[id(&of.0), (&network.to_string()).into()])? {
        0 => Err(StoreError::NotFound),
        _ => touch_customer(db, of),
    }
}

/// Windows open now, on the whole platform.
pub fn open_windows(db: &Db, now: Time) -> Result<i64> {
    db.one(OPEN, &[now.into()], |row| row.int(0))
}

/// Notes that a customer's device fetched from a network (`domain::net::site_network`). Batch these: one a device and day is enough.
///
/// A customer that was removed since the fetch is passed over: it must not stop what else is in the batch.
pub fn note_address(db: &Db, network: &IpNet, customer: CustomerId, now: Time) -> Result<()> {
    if db.one(KNOWN, &[id(&customer.0)], |row| row.int(0))? == 0 {
        return Ok(());
    }
    db.exec(NOTE_ADDRESS, &[(&network.to_string()).into(), id(&customer.0), now.into()]).map(drop)
}

/// Whether another customer's devices fetched from that network within 30 days.
pub fn address_shared(db: &Db, network: &IpNet, customer: CustomerId, now: Time) -> Result<bool> {
    let since = address_memory(now);
    db.one(SHARED, &[(&network.to_string()).into(), id(&customer.0), since.into()], |row| Ok(row.int(0)? > 0))
}

/// Whether anybody's device fetched its configuration from that network within 30 days.
pub fn address_known(db: &Db, network: &IpNet, now: Time) -> Result<bool> {
    db.one(FETCHED, &[(&network.to_string()).into(), address_memory(now).into()], |row| Ok(row.int(0)? > 0))
}

/// Removes what is past: windows ended more than a day ago, addresses unseen for 30 days. Returns how many rows.
pub fn prune(db: &Db, now: Time) -> Result<u64> {
    let windows = db.exec(DROP_ENDED, &[(now - Span::hours(ENDED_WINDOW_HOURS)).into()])?;
    Ok(windows + db.exec(DROP_ADDRESSES, &[address_memory(now).into()])?)
}

/// All trust of a customer, as the decision needs it.
pub(crate) fn load(db: &Db, of: CustomerId) -> Result<Trust> {
    let permanent = db.all(NETWORKS, &[id(&of.0)], |row| network(row, 0))?;
    Ok(Trust { permanent, windows: db.all(WINDOWS, &[id(&of.0)], window)? })
}

/// Addresses seen before this no longer count.
pub(crate) fn address_memory(now: Time) -> Time {
    now - Span::days(SITE_ADDRESS_DAYS)
}

fn window(row: &Row<'_>) -> Result<Window> {
    Ok(Window {
        customer: CustomerId(uuid(row, 0)?),
        network: network(row, 1)?,
        opened: Time::from_millis(row.int(2)?),
        ends: Time::from_millis(row.int(3)?),
        pin_success: Time::from_millis(row.int(4)?),
        opened_by: row.text(5)?.parse::<Mac>().map_err(|_| damaged("opened_by", row, 1))?,
    })
}

fn network(row: &Row<'_>, at: usize) -> Result<IpNet> {
    row.text(at)?.parse().map_err(|_| damaged("network", row, at))
}

fn damaged(column: &'static str, row: &Row<'_>, at: usize) -> StoreError {
    let row = row.text(at).unwrap_or_default().to_owned();
    StoreError::Damaged { table: "trust", column, row }
}
