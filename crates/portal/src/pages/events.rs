//! Live pages: what happens in the visitor's branch, so that the pages in sight fetch their live parts anew.

use axum::extract::State;
use http::HeaderMap;
use serde::Deserialize;
use store::event::Filter;

use super::answer::Answer;
use super::form::Query;
use super::visitor::Visitor;
use crate::App;
use crate::admin::{Error, device, sign_in};
use crate::live::{self, Listener, Watched};

/// Of which phone; of which site or customer the presence, too.
#[derive(Deserialize)]
pub(crate) struct Asked {
    mac: Option<String>,
    presence: Option<String>,
    last_event_id: Option<i64>,
}

/// Events as they happen, for as long as the session counts.
pub(crate) async fn listen(State(app): State<App>, visitor: Visitor, headers: HeaderMap, Query(asked): Query<Asked>) -> Answer {
    let mac = asked.mac.map(|mac| mac.parse().map_err(|_| Error::invalid("mac", "mac: 12 hexadecimal digits"))).transpose()?;
    let last = headers.get("last-event-id").and_then(|last| last.to_str().ok()?.trim().parse().ok()).or(asked.last_event_id);
    let (watching, session) = (app.clone(), visitor.who.session.id);
    let still = move || -> std::pin::Pin<Box<dyn Future<Output = bool> + Send>> {
        let app = watching.clone();
        Box::pin(async move { sign_in::counts(&app.admin, session, (app.clock)()).await })
    };
    let listener = Listener { by: visitor.by.clone(), key: visitor.who.account.id, still: Box::new(still) };
    let watched = match &asked.presence {
        None => None,
        Some(id) => {
            let place = device::day_place(&app.admin, &visitor.by, id).await?;
            Some(Watched::open(&app, &visitor.by, place.which).await?)
        }
    };
    Ok(live::stream_with(&app, listener, Filter { mac, kinds: Vec::new() }, last, watched).await?)
}
