//! Phones as CSV.

use brands::Catalogue;
use domain::device::State;
use domain::role::{Action, Target, may};
use store::Db;
use store::device::Listed;
use store::page::Cursor;

use super::device::{Policies, Which, filter, node_of};
use super::{Admin, By, Error};
use crate::limits::PAGE_MAX;

/// The columns, in this order.
pub const COLUMNS: [&str; 9] = ["vendor", "type", "mac", "created", "customer", "site", "label", "state", "pin"];

/// An export under way: a page of phones at a time, so that a million of them need no more memory than a page.
#[derive(Debug)]
pub struct Export {
    admin: Admin,
    by: By,
    which: Which,
    /// Where the next page begins.
    after: Option<Cursor>,
    began: bool,
    ended: bool,
    pins: u32,
}

/// One page's rows.
struct Rows {
    bytes: Vec<u8>,
    pins: u32,
    next: Option<Cursor>,
}

impl Export {
    /// Begins an export, header first. PINs stand in it of phones that are not yet authenticated, and for roles that may see them. Refused
    /// if the role may not export these.
    pub async fn begin(admin: &Admin, by: &By, which: Which) -> Result<Self, Error> {
        let (asked, of) = (by.clone(), which.clone());
        admin.read(move |db| filter(db, &asked, &of, Action::Batch).map(drop)).await?;
        Ok(Self { admin: admin.clone(), by: by.clone(), which, after: None, began: false, ended: false, pins: 0 })
    }

    /// The next piece; nothing behind the last one. That PINs go out is audited before they do, and how many there were at the end.
    pub async fn piece(&mut self) -> Result<Option<Vec<u8>>, Error> {
        if self.ended {
            return Ok(None);
        }
        let after = self.after.take();
        let (by, which, catalogue, header) = (self.by.clone(), self.which.clone(), self.admin.catalogue.current(), !self.began);
        let rows = self.admin.store.report(move |db| Ok(page(db, &by, &which, &catalogue, header, after.as_ref()))).await??;
        let before = self.pins;
        self.pins += rows.pins;
        match &rows.next {
            None if self.pins > 0 => self.audit(format!("{} PINs in an export", self.pins)).await?,
            Some(_) if before == 0 && self.pins > 0 => self.audit("PINs in an export, which begins".to_owned()).await?,
            _ => {}
        }
        self.began = true;
        self.ended = rows.next.is_none();
        self.after = rows.next;
        Ok(Some(rows.bytes))
    }

    /// Whether nothing comes any more.
    pub(crate) fn has_ended(&self) -> bool {
        self.ended
    }

    async fn audit(&self, detail: String) -> Result<(), Error> {
        let by = self.by.clone();
        self.admin.write(move |db| by.audit(db, by.actor.node, Action::RevealPin.code(), "export", &detail)).await
    }
}

/// Phones as CSV, all in one piece: for what has few of them.
pub async fn csv(admin: &Admin, by: &By, which: Which) -> Result<Vec<u8>, Error> {
    let (mut export, mut all) = (Export::begin(admin, by, which).await?, Vec::new());
    while let Some(piece) = export.piece().await? {
        all.extend(piece);
    }
    Ok(all)
}

fn page(db: &Db, by: &By, which: &Which, catalogue: &Catalogue, header: bool, after: Option<&Cursor>) -> Result<Rows, Error> {
    let filter = filter(db, by, which, Action::Batch)?;
    let page = store::device::list(db, &by.scope(), &filter, by.now, after, PAGE_MAX)?;
    let (mut table, mut policies, mut pins) = (csv::Writer::from_writer(Vec::new()), Policies::default(), 0_u32);
    if header {
        table.write_record(COLUMNS).map_err(|error| failed(&error))?;
    }
    for Listed { stored, customer, site, .. } in page.items {
        let (policy, mut device) = (policies.at(db, node_of(stored.device.place))?, stored.device);
        device.auth.settle(policy, by.now);
        let state = device.auth.state(by.now);
        let may_see = may(by.actor, Action::RevealPin, &Target::from(device.place), policy);
        let pin = device.auth.pin.as_ref().filter(|_| may_see && state != State::Successful);
        pins += u32::from(pin.is_some());
        let (vendor, model) = match catalogue.model(&device.model) {
            Some((brand, model)) => (brand.name().to_owned(), model.name.clone()),
            None => (device.model.clone(), String::new()),
        };
        let pin = pin.map_or("", |pin| pin.reveal());
        let (mac, created) = (device.mac.to_string(), device.created.rfc3339());
        let cells = [&vendor, &model, &mac, &created, &customer, &site.unwrap_or_default(), &device.label, state.code(), pin];
        table.write_record(cells.map(safe)).map_err(|error| failed(&error))?;
    }
    let bytes = table.into_inner().map_err(|error| Error::Failed(error.to_string()))?;
    Ok(Rows { bytes, pins, next: page.next })
}

/// No cell starts a formula: a spreadsheet takes what follows an apostrophe as text.
pub(super) fn safe(cell: &str) -> String {
    match cell.chars().next() {
        Some('=' | '+' | '-' | '@' | '\t' | '\r' | '\n') => format!("'{cell}"),
        _ => cell.to_owned(),
    }
}

/// Takes the apostrophe of [`safe`] away again, so that what was exported can be imported.
pub(crate) fn unsafe_again(cell: &str) -> &str {
    match cell.strip_prefix('\'') {
        Some(rest) if rest.starts_with(['=', '+', '-', '@', '\t', '\r', '\n']) => rest,
        _ => cell,
    }
}

fn failed(error: &csv::Error) -> Error {
    Error::Failed(format!("writing CSV: {error}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_cell_starts_a_formula_and_all_read_back() {
        for cell in ["=1+1", "+49", "-1", "@SUM(A1)", "\tx"] {
            assert!(safe(cell).starts_with('\''), "{cell}");
            assert_eq!(unsafe_again(&safe(cell)), cell);
        }
        for cell in ["", "plain", "a=b", "'quoted'", "1-2"] {
            assert_eq!(safe(cell), cell);
            assert_eq!(unsafe_again(cell), cell);
        }
    }
}
