//! The first page: what there is, who waits, what to look at. And the phones that knock and are in no inventory.

use axum::extract::State;
use domain::role::Role;
use fluent_bundle::FluentArgs;
use minijinja::{Value, context};

use super::answer::Answer;
use super::chart::{self, Axis};
use super::template::view;
use super::visitor::Visitor;
use crate::App;
use crate::admin::{knock, overview};
use crate::limits::KNOCKS_SHOWN;

/// The page.
pub(crate) async fn show(State(app): State<App>, visitor: Visitor) -> Answer {
    let customer = visitor.customer.as_ref().filter(|customer| !customer.own).map(|customer| customer.id.clone());
    let found = overview::read(&app.admin, &visitor.by, customer).await?;
    let fetched: i64 = found.fetches.iter().sum();
    let chart = Value::from_safe_string(chart(&visitor, &found.fetches, fetched));
    let is_installer = visitor.by.actor.role == Role::Installer;
    visitor.show("overview.html", context! { found => view(&found), fetched, chart, is_installer })
}

fn chart(visitor: &Visitor, fetches: &[i64], fetched: i64) -> String {
    let reader = &visitor.reader;
    let mut args = FluentArgs::new();
    args.set("count", fetched);
    args.set("highest", fetches.iter().copied().max().unwrap_or(0));
    let title = reader.language.say("overview-fetches-told", Some(&args));
    chart::bars(fetches, &title, &Axis { now: visitor.by.now, zone: &reader.zone, language: reader.language })
}

/// Phones that came by and that nobody added.
pub(crate) async fn unknown(State(app): State<App>, visitor: Visitor) -> Answer {
    let (knocks, count) = knock::list(&app.admin, &visitor.by, KNOCKS_SHOWN).await?;
    visitor.show("unknown_phones.html", context! { knocks => view(knocks), count })
}
