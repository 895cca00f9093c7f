//! What a decision of the domain wants done besides saving the device, done in the same transaction.

use domain::device::Device;
use domain::effect::{Effect, Event};
use domain::tenancy::Place;
use domain::trust::Window;
use domain::{Mac, Time};
use serde_json::json;

use crate::event::NewEvent;
use crate::{Db, Result, outbox, trust};

/// The outbox topic that tells a phone to fetch: `{"mac", "customer", "address"}`.
pub const REFETCH: &str = "device.refetch";

/// Saves windows, and leaves events for whoever listens and messages for whoever has to act.
pub fn carry_out(db: &Db, device: &Device, effects: &[Effect], now: Time) -> Result<()> {
    let window = effects.iter().find_map(|effect| match effect {
        Effect::Window(change) => Some(change.window()),
        _ => None,
    });
    for effect in effects {
        match effect {
            Effect::Window(change) => trust::keep_window(db, change, now)?,
            Effect::Event(event) => {
                let payload = payload(device.mac, device.place, Some(event));
                outbox::enqueue_with(db, now, event.code(), payload, told(device, event, window))?;
            }
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

/// What listeners outside are told of it.
fn told(device: &Device, event: &Event, window: Option<&Window>) -> NewEvent {
    let of_trust = matches!(event, Event::TrustOpened | Event::TrustExtended);
    let window = window.filter(|_| of_trust).map(|window| json!({ "network": window.network, "ends": window.ends.rfc3339() }));
    let data = window.unwrap_or_else(|| event.address().map_or_else(|| json!({}), |address| json!({ "address": address })));
    NewEvent { of: device.place.into(), mac: Some(device.mac), data }
}

fn payload(mac: Mac, place: Place, event: Option<&Event>) -> String {
    let address = event.and_then(Event::address).map(|address| address.to_string());
    json!({ "mac": mac.to_string(), "customer": place.customer, "address": address }).to_string()
}
