//! `events`: what happens, as it happens.

use axum::extract::State;
use axum::response::Response;
use http::HeaderMap;
use serde::Deserialize;
use store::event::Filter;
use utoipa::IntoParams;

use super::extract::Asked;
use crate::App;
use crate::admin::{Error, event};
use crate::auth::Bearer;
use crate::live::{self, Listener};
use crate::problem::Problem;

/// Which events.
#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct EventQuery {
    /// Of this phone alone.
    #[param(required = false, value_type = String)]
    mac: Option<String>,
    /// Of these types alone, with commas between them.
    #[serde(default, rename = "type")]
    #[param(required = false)]
    kind: String,
    /// The last event that was seen, for those who cannot send the header `Last-Event-ID`.
    #[param(required = false, minimum = 0)]
    last_event_id: Option<i64>,
}

/// Events of one's branch as server-sent events, each with its number as `id`, its type as `event`, and an object as `data`. The header
/// `Last-Event-ID` takes it up where it was left; an event `missed` says that older ones are gone. Lines that begin with a colon are signs
/// of life.
#[utoipa::path(get, path = "/events", params(EventQuery, ("Last-Event-ID" = Option<i64>, Header)),
    responses((status = 200, body = String, content_type = "text/event-stream")))]
pub(crate) async fn listen(
    State(app): State<App>,
    bearer: Bearer,
    headers: HeaderMap,
    Asked(asked): Asked<EventQuery>,
) -> Result<Response, Problem> {
    let mac = asked.mac.map(|mac| mac.parse().map_err(|_| Error::invalid("mac", "mac: 12 hexadecimal digits")));
    let filter = Filter { mac: mac.transpose()?, kinds: event::types(&asked.kind)? };
    let last = headers.get("last-event-id").and_then(|last| last.to_str().ok()?.trim().parse().ok()).or(asked.last_event_id);
    let listener = Listener { by: bearer.by.clone(), key: bearer.caller, still: bearer.still(&app) };
    live::stream(&app, listener, filter, last).await
}
