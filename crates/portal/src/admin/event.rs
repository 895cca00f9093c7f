//! What happened, as listeners outside see it: one form for live updates and webhooks.

use domain::effect::TYPES;
use domain::policy::Policy;
use domain::role::Action;
use serde::Serialize;
use serde_json::Value;
use store::event::{self, Event, Filter};
use utoipa::ToSchema;

use super::{Admin, By, Error};

/// Something that happened.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct EventView {
    /// Its number; later ones are higher.
    pub id: String,
    /// Its type, such as `device.failed`.
    #[serde(rename = "type")]
    pub kind: String,
    /// When, RFC 3339.
    pub timestamp: String,
    /// What it is about: `mac`, the ids `reseller`, `customer` and `site`, each null where there is none, and what else the type tells.
    #[schema(value_type = Object)]
    pub data: Value,
}

/// Refuses whoever may not look at phones.
pub(crate) fn may_listen(by: &By) -> Result<(), Error> {
    by.may(Action::ViewDevices, &by.branch(), &Policy::default())
}

/// The types that are asked for, `,` between them; all without any.
pub fn types(text: &str) -> Result<Vec<String>, Error> {
    let wanted = text.split(',').map(str::trim).filter(|kind| !kind.is_empty());
    wanted.map(|kind| check_type(kind).map(str::to_owned)).collect()
}

pub(crate) fn check_type(kind: &str) -> Result<&str, Error> {
    let known = || format!("type: there are {}", TYPES.join(", "));
    if TYPES.contains(&kind) { Ok(kind) } else { Err(Error::invalid("event_type", known())) }
}

/// Where a listener begins that has seen `last`, and whether it missed what was removed meanwhile. Without `last`: with what comes next.
pub(crate) async fn start(admin: &Admin, last: Option<i64>) -> Result<(i64, bool), Error> {
    let read = admin.store.read(|db| Ok((store::outbox::outbox_last(db)?, event::pruned(db)?)));
    let (newest, pruned) = read.await?;
    Ok(match last {
        None => (newest, false),
        // Beyond the end: it is of another life of the database (a restored backup).
        Some(last) if last > newest => (newest, true),
        Some(last) => (last, last < pruned),
    })
}

/// Events of one's branch after a number, and the number up to which they were looked at.
pub async fn after(admin: &Admin, by: &By, filter: Filter, cursor: i64, limit: usize) -> Result<(Vec<EventView>, i64), Error> {
    may_listen(by)?;
    let scope = by.scope();
    let (events, upto) = admin.store.read(move |db| event::after(db, &scope, &filter, cursor, limit)).await?;
    Ok((events.iter().map(view).collect(), upto))
}

/// An event as it is shown.
pub(crate) fn view(event: &Event) -> EventView {
    let mut data = event.data.clone();
    if let Some(fields) = data.as_object_mut() {
        let id = |id: Option<uuid::Uuid>| id.map_or(Value::Null, |id| id.to_string().into());
        fields.insert("mac".into(), event.mac.map_or(Value::Null, |mac| mac.to_string().into()));
        fields.insert("reseller".into(), id(event.of.reseller.map(|of| of.0)));
        fields.insert("customer".into(), id(event.of.customer.map(|of| of.0)));
        fields.insert("site".into(), id(event.of.site.map(|of| of.0)));
    }
    EventView { id: event.id.to_string(), kind: event.kind.clone(), timestamp: event.at.rfc3339(), data }
}
