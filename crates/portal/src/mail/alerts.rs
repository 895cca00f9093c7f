//! Alerts: what needs somebody is written to those of the branch who wish it, gathered into one letter a minute, so that a bad day is no
//! flood.

use domain::{Mac, Span, Time};
use store::correspondence::{Reader as Person, readers};
use store::event::{self, Event, Filter, Reader};
use store::{Db, Scope, StoreError};

use super::template::fill;
use super::{Addressee, Language, Letterhead, Template, queue};
use crate::limits::{ALERT_HOURS, ALERTS_LISTED_MAX};

/// The types that need somebody.
pub(super) const KINDS: [&str; 4] = ["device.failed", "device.blocked", "device.second_claimant", "trunk.down"];

/// Queues letters about what happened; how many.
pub(super) fn write(db: &Db, portal_url: &str, now: Time) -> Result<usize, StoreError> {
    let from = event::cursor(db, Reader::Alerts)?;
    let filter = Filter { mac: None, kinds: KINDS.map(str::to_owned).to_vec() };
    let (events, upto) = event::after(db, &Scope::Operator, &filter, from, store::limits::PAGE_MAX)?;
    if upto == from || !event::advance(db, Reader::Alerts, from, upto)? {
        return Ok(0);
    }
    // What is older is no news: the server was down, or mail was set up only now.
    let fresh: Vec<Event> = events.into_iter().filter(|event| event.at >= now - Span::hours(ALERT_HOURS)).collect();
    let mut people: Vec<(Person, Vec<&Event>)> = Vec::new();
    for event in &fresh {
        for person in readers(db, &event.of)? {
            match people.iter_mut().find(|(known, _)| *known == person) {
                Some((_, theirs)) => theirs.push(event),
                None => people.push((person, vec![event])),
            }
        }
    }
    let mut written = 0;
    for (person, events) in people {
        if !store::mail::has_room(db)? {
            tracing::warn!("too many mails wait: an alert was not written");
            break;
        }
        // Whose place is gone can do nothing about it.
        let Some(head) = Letterhead::of(db, person.actor.node, portal_url)? else { continue };
        let language = Language::of(&person.language);
        let listed = events.iter().take(ALERTS_LISTED_MAX).map(|event| paragraph(db, event, language, &head.url));
        let mut alerts = listed.collect::<Result<Vec<_>, _>>()?.join("\n");
        if events.len() > ALERTS_LISTED_MAX {
            alerts.push_str(&more(events.len() - ALERTS_LISTED_MAX, language));
        }
        let first = if events.len() == 1 { heading(db, events[0], language)? } else { several(events.len(), language) };
        let to = Addressee { email: person.email, language, head };
        queue(db, now, &to, Template::Alerts, &[("first", &first), ("alerts", &alerts)])?;
        written += 1;
    }
    Ok(written)
}

fn paragraph(db: &Db, event: &Event, language: Language, portal_url: &str) -> Result<String, StoreError> {
    let (heading, at) = (heading(db, event, language)?, event.at.rfc3339());
    let address = event.data["address"].as_str().or(event.data["detail"].as_str()).unwrap_or("-");
    let link = event.mac.map_or_else(|| portal_url.to_owned(), |mac| format!("{portal_url}/devices/{mac}"));
    let text = match (event.kind.as_str(), language) {
        ("device.failed", Language::English) => {
            "Three wrong PINs were keyed in from {address}. It may try again by itself when its lock has ended."
        }
        ("device.failed", Language::German) => {
            "Von {address} wurde dreimal eine falsche PIN eingegeben. Nach Ablauf der Sperre kann es das Telefon von selbst wieder versuchen."
        }
        ("device.blocked", Language::English) => {
            "Too many wrong PINs were keyed in from {address}. It stays blocked until somebody resets its authentication."
        }
        ("device.blocked", Language::German) => {
            "Von {address} wurden zu viele falsche PINs eingegeben. Das Telefon bleibt gesperrt, bis jemand seine Authentifizierung zurücksetzt."
        }
        ("device.second_claimant", Language::English) => {
            "A second device at {address} asked for the configuration that was just handed over. Look whether the right one has it."
        }
        ("device.second_claimant", Language::German) => {
            "Ein zweites Gerät unter {address} hat die eben ausgelieferte Konfiguration angefordert. Prüfen Sie, ob das richtige sie hat."
        }
        (_, Language::English) => "Emergency calls take another trunk, if there is one. It said: {address}",
        (_, Language::German) => "Notrufe nehmen einen anderen Trunk, wenn es einen gibt. Er meldete: {address}",
    };
    Ok(format!("{heading}\n{at}\n{}\n{link}\n", fill(text, &[("address", address)])))
}

fn heading(db: &Db, event: &Event, language: Language) -> Result<String, StoreError> {
    let who = match event.mac {
        Some(mac) => name(db, mac)?,
        None => event.data["trunk"].as_str().unwrap_or("-").to_owned(),
    };
    let text = match (event.kind.as_str(), language) {
        ("device.failed", Language::English) => "wrong PINs at phone {who}",
        ("device.failed", Language::German) => "falsche PINs an Telefon {who}",
        ("device.blocked", Language::English) => "phone {who} is blocked",
        ("device.blocked", Language::German) => "Telefon {who} ist gesperrt",
        ("device.second_claimant", Language::English) => "a second device says that it is phone {who}",
        ("device.second_claimant", Language::German) => "ein zweites Gerät gibt sich als Telefon {who} aus",
        (_, Language::English) => "trunk {who} does not answer",
        (_, Language::German) => "Trunk {who} antwortet nicht",
    };
    Ok(fill(text, &[("who", &who)]))
}

/// A phone as people know it: its MAC, and its label and customer as far as there are any.
fn name(db: &Db, mac: Mac) -> Result<String, StoreError> {
    let stored = match store::device::by_mac(db, &Scope::Operator, mac) {
        Ok(stored) => stored,
        Err(StoreError::NotFound) => return Ok(mac.to_string()),
        Err(error) => return Err(error),
    };
    let customer = store::tenancy::customer(db, &Scope::Operator, stored.device.place.customer)?.name;
    let label = Some(stored.device.label).filter(|label| !label.is_empty()).map(|label| format!("{label}, ")).unwrap_or_default();
    Ok(format!("{mac} ({label}{customer})").replace(char::is_control, " "))
}

fn several(count: usize, language: Language) -> String {
    match language {
        Language::English => format!("{count} alerts"),
        Language::German => format!("{count} Meldungen"),
    }
}

fn more(count: usize, language: Language) -> String {
    match language {
        Language::English => format!("\n… and {count} more.\n"),
        Language::German => format!("\n… und {count} weitere.\n"),
    }
}
