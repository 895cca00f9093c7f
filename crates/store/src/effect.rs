//! What a decision of the domain wants done besides saving the device, done in the same transaction.

use domain::Time;
use domain::device::Device;
use domain::effect::{Effect, Event};

use crate::{Db, Result, outbox, trust};

/// The outbox topic that tells a phone to fetch: `{"mac", "customer", "address"}`.
pub const REFETCH: &str = "device.refetch";

/// Saves windows and leaves events in the outbox, for whoever has to act on them.
pub fn carry_out(db: &Db, device: &Device, effects: &[Effect], now: Time) -> Result<()> {
    for effect in effects {
        match effect {
            Effect::Window(change) => trust::keep_window(db, change, now)?,
            Effect::Event(event) => outbox::enqueue(db, now, event.code(), payload(device, Some(event)))?,
            Effect::Refetch => outbox::enqueue(db, now, REFETCH, payload(device, None))?,
            // Seen by unproved traffic: kept in memory and written in batches.
            Effect::Knock | Effect::Notice(_) => {}
        }
    }
    Ok(())
}

fn payload(device: &Device, event: Option<&Event>) -> String {
    let address = event.and_then(Event::address).map(|address| address.to_string());
    serde_json::json!({ "mac": device.mac.to_string(), "customer": device.place.customer, "address": address }).to_string()
}
