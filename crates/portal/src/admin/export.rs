//! Phones as CSV.

use std::sync::Arc;

use domain::device::State;
use domain::role::{Action, Target, may};
use store::device::Listed;

use super::device::{Policies, Which, each, node_of};
use super::{Admin, By, Error};

/// The columns, in this order.
pub const COLUMNS: [&str; 9] = ["vendor", "type", "mac", "created", "customer", "site", "label", "state", "pin"];

/// Phones as CSV, header first. PINs only of phones that are not yet authenticated, and only for roles that may see them (audited).
pub async fn csv(admin: &Admin, by: &By, which: Which) -> Result<Vec<u8>, Error> {
    let (by, catalogue, auditor) = (by.clone(), Arc::clone(&admin.catalogue), by.clone());
    let made = admin.store.report(move |db| {
        let mut table = csv::Writer::from_writer(Vec::new());
        let (mut policies, mut pins) = (Policies::default(), 0_u32);
        let walked = table.write_record(COLUMNS).map_err(|error| failed(&error)).and_then(|()| {
            each(db, &by, &which, Action::Batch, |listed| {
                let policy = policies.at(db, node_of(listed.stored.device.place))?;
                let mut device = listed.stored.device.clone();
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
                let Listed { customer, site, .. } = listed;
                let (mac, created) = (device.mac.to_string(), device.created.rfc3339());
                let cells = [&vendor, &model, &mac, &created, &customer, &site.unwrap_or_default(), &device.label, state.code(), pin];
                table.write_record(cells.map(safe)).map_err(|error| failed(&error))
            })
        });
        Ok(walked.and_then(|()| table.into_inner().map_err(|error| Error::Failed(error.to_string()))).map(|bytes| (bytes, pins)))
    });
    let (bytes, pins) = made.await??;
    if pins > 0 {
        let detail = format!("{pins} PINs in an export");
        admin.write(move |db| auditor.audit(db, auditor.actor.node, Action::RevealPin.code(), "export", &detail)).await?;
    }
    Ok(bytes)
}

/// No cell starts a formula: a spreadsheet takes what follows an apostrophe as text.
fn safe(cell: &str) -> String {
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
