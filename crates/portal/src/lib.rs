//! People's face: the administrative acts behind command line, pages and API; the pages and the API themselves; what is told to the outside
//! (events, webhooks, mail); and a listener with health and metrics.
//!
//! [`admin`] holds what people do, one file per noun: each act checks the role, loads, asks `domain`, saves, and leaves audit and
//! outbox messages in the same transaction. The command line, the pages and the API are three callers of the same acts; `routes` is the
//! table of contents of the two that are on the web.

pub mod admin;
mod api;
pub mod auth;
mod colour;
pub mod edge;
mod escape;
mod health;
mod hex;
pub mod language;
pub mod limits;
pub mod listener;
pub mod live;
pub mod mail;
pub mod metrics;
mod pages;
mod patience;
pub mod problem;
pub mod rates;
pub mod redirecting;
mod roots;
mod routes;
pub mod telephone;
pub mod webhook;

use std::sync::Arc;

use domain::Time;

use crate::admin::Admin;
use crate::live::Live;
use crate::metrics::Metrics;
use crate::rates::Rates;
pub use crate::routes::PAGES;
use crate::telephone::Telephone;

/// What every request of the portal works with. Clones share it.
#[derive(Clone, Debug)]
pub struct App {
    /// What people do.
    pub admin: Admin,
    /// What is counted, the phones' side included.
    pub metrics: Arc<Metrics>,
    /// The telephone face; none where there is none.
    pub telephone: Option<Arc<dyn Telephone>>,
    /// How often each token may ask.
    pub rates: Arc<Rates>,
    /// Who listens to events.
    pub live: Arc<Live>,
    /// The clock; read once per request.
    pub clock: fn() -> Time,
    /// How browsers reach the portal.
    pub public_url: Arc<str>,
}
