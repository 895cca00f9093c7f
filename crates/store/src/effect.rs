//! What a decision of the domain wants done besides saving the device, done in the same transaction.

use domain::device::Device;
use domain::effect::{Effect, Event};
use domain::tenancy::Place;
use domain::{Mac, Time};

use crate::{Db, Result, outbox, trust};

/// The outbox topic that tells a phone to fetch: `{"mac", "customer", "address"}`.
pub const REFETCH: &str = "device.refetch";

/// Saves windows and leaves events in the outbox, for whoever has to act on them.
pub fn carry_out(db: &Db, device: &Device, effects: &[Effect], now: Time) -> Result<()> {
    for effect in effects {
        match effect {
            Effect::Window(change) => trust::keep_window(db, change, now)?,
            Effect::Event(event) => outbox::enqueue(db, now, event.code(), payload(device.mac, device.place, Some(event)))?,
            Effect::Refetch => refetch(db, device.mac, device.place, now)?,
            // Seen by unproved traffic: kept in memory and written in batches.
            Effect::Knock | Effect::Notice(_) => {}
        }
    }
    Ok(())
}

/// Tells a phone to fetch because something changed that it shares with others.
pub fn refetch(db: &Db, mac: Mac, place: Place, now: Time) -> Result<()> {
    outbox::enqueue(db, now, REFETCH, payload(mac, place, None))
}

fn payload(mac: Mac, place: Place, event: Option<&Event>) -> String {
    let address = event.and_then(Event::address).map(|address| address.to_string());
    serde_json::json!({ "mac": mac.to_string(), "customer": place.customer, "address": address }).to_string()
}
