//! What a device was set to when it fetched last: noted by the first change after that fetch, never by the fetch itself. Who notes it masks
//! its secrets; it is sealed like the lines that it was made from.

use domain::{Mac, Time};

use crate::Result;
use crate::db::{Db, statements};
use crate::scope::{Bounds, Scope};
use crate::seal::Place;

/// A former setup, as whoever noted it wrote it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Before {
    /// When the change came that it was noted for.
    pub at: Time,
    /// What it was.
    pub text: String,
}

statements! {
    KEEP = "insert into device_before (mac, at, setup) values ($1, $2, $3)
        on conflict (mac) do update set at = excluded.at, setup = excluded.setup";
    FIND = "select b.at, b.setup from device_before b join device d on d.mac = b.mac join customer c on c.id = d.customer
        where b.mac = $1 and (c.reseller = $2 or $2 is null) and (d.customer = $3 or $3 is null) and (d.site = $4 or $4 is null)";
    FORGET = "delete from device_before where mac = $1";
}

/// Notes what a device was, in place of what was noted earlier.
pub fn keep(db: &Db, mac: Mac, before: &Before) -> Result<()> {
    let mac = mac.to_string();
    let sealed = db.seal(place(&mac), before.text.as_bytes())?;
    db.exec(KEEP, &[(&mac).into(), before.at.into(), (&sealed).into()]).map(drop)
}

/// What was noted of a device.
pub fn find(db: &Db, scope: &Scope, mac: Mac) -> Result<Option<Before>> {
    let (bounds, mac) = (Bounds::of(scope), mac.to_string());
    db.opt(FIND, &[(&mac).into(), bounds.reseller(), bounds.customer(), bounds.site()], |row| {
        let opened = db.open(place(&mac), row.bytes(1)?)?;
        Ok(Before { at: Time::from_millis(row.int(0)?), text: String::from_utf8_lossy(&opened).into_owned() })
    })
}

/// Forgets it.
pub(crate) fn forget(db: &Db, mac: &str) -> Result<()> {
    db.exec(FORGET, &[mac.into()]).map(drop)
}

pub(crate) fn place(mac: &str) -> Place<'_> {
    Place { table: "device_before", column: "setup", row: mac.as_bytes() }
}
