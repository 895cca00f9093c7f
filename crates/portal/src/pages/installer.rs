//! The installer's page, for a telephone in the hand: the phones of one site on the day that they are hung up.

use axum::extract::{Path, State};
use minijinja::context;
use serde::{Deserialize, Serialize};

use super::answer::Answer;
use super::form::Query;
use super::template::view;
use super::visitor::Visitor;
use crate::App;
use crate::admin::device::{self, DayView, Why};
use crate::admin::site;

/// The tabs, in the order of a day's work.
const TABS: [&str; 4] = ["open", "calling", "done", "stuck"];

/// Which site?
pub(crate) async fn choose(State(app): State<App>, visitor: Visitor) -> Answer {
    let customer = visitor.customer.as_ref().filter(|customer| !customer.own).map(|customer| customer.id.clone());
    let sites = site::list(&app.admin, &visitor.by, customer).await?;
    visitor.show("installer_sites.html", context! { sites => view(sites) })
}

/// What is shown of it.
#[derive(Deserialize, Serialize)]
pub(crate) struct Asked {
    #[serde(default)]
    tab: String,
    #[serde(default)]
    q: String,
    /// The page fetches itself anew.
    #[serde(default)]
    #[serde(skip_serializing)]
    live: String,
}

/// The phones that have got equally far. One that gets farther moves to the next group before the reader's eyes.
#[derive(Serialize)]
struct Group<'a> {
    code: &'static str,
    rows: Vec<&'a DayView>,
}

/// The phones of the day.
pub(crate) async fn show(State(app): State<App>, visitor: Visitor, Path(id): Path<String>, Query(asked): Query<Asked>) -> Answer {
    let place = device::day_place(&app.admin, &visitor.by, &id).await?;
    let why = if asked.live.is_empty() { Why::Page } else { Why::Again };
    let (mut rows, more) = device::day(&app.admin, &visitor.by, place.which, &[], why).await?;
    if let Some(telephone) = app.telephone.as_deref() {
        device::with_presence(&mut rows, telephone, visitor.by.now);
    }
    let count = |tab: &str| rows.iter().filter(|row| row.tab == tab).count();
    let counts: Vec<_> = TABS.iter().map(|tab| context! { code => *tab, count => count(tab) }).collect();
    let total = rows.len();
    let tab = TABS.into_iter().find(|tab| *tab == asked.tab);
    let wanted = asked.q.trim().to_lowercase().replace([':', '-', '.', ' '], "");
    let fits = |row: &DayView| {
        let device = &row.device;
        wanted.is_empty()
            || device.mac.ends_with(&wanted)
            || device.mac.starts_with(&wanted)
            || device.label.to_lowercase().contains(&wanted)
    };
    // Whoever looks for a phone finds it wherever it stands.
    let shown = |row: &DayView| if wanted.is_empty() { tab.is_none_or(|tab| row.tab == tab) } else { fits(row) };
    let found: Vec<DayView> = rows.into_iter().filter(shown).collect();
    let group = |tab: &'static str| Group { code: tab, rows: found.iter().filter(|row| row.tab == tab).collect() };
    let groups: Vec<Group<'_>> = TABS.into_iter().map(group).filter(|group| !group.rows.is_empty()).collect();
    let context = context! {
        id,
        customer => place.customer,
        site => place.site,
        counts,
        total,
        tab => tab.unwrap_or_default(),
        asked => view(asked),
        groups => view(groups),
        more,
    };
    visitor.show("installer.html", context)
}
