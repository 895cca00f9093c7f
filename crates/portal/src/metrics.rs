//! `/metrics`: for loopback, or for a token that reads the whole platform (its operator's or auditor's).

use std::fmt;
use std::sync::Mutex;

use axum::extract::{FromRequestParts, State};
use axum::response::{IntoResponse, Response};
use domain::device::State as DeviceState;
use domain::policy::Policy;
use domain::role::{Action, Target, may};
use http::header::CONTENT_TYPE;
use http::request::Parts;
use prometheus_client::encoding::{EncodeLabelSet, text};
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::registry::Registry;

use crate::App;
use crate::admin::{Error, figures};
use crate::auth::Bearer;
use crate::listener::Peer;
use crate::problem::Problem;

/// The registry of this process, and the gauges that are read from the store when somebody asks.
pub struct Metrics {
    registry: Registry,
    devices: Family<OfState, Gauge>,
    trust_windows: Gauge,
    unknown_macs: Gauge,
    /// One scrape at a time sets the gauges and prints them.
    scraping: Mutex<()>,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct OfState {
    state: &'static str,
}

impl Metrics {
    /// Adds the store's figures to a registry in which the phones' side has registered its own.
    pub fn new(mut registry: Registry) -> Self {
        let (devices, trust_windows, unknown_macs) = (Family::default(), Gauge::default(), Gauge::default());
        registry.register("ringfence_devices", "Devices by state", devices.clone());
        registry.register("ringfence_trust_windows", "Open temporary trust windows", trust_windows.clone());
        registry.register("ringfence_unknown_macs", "Phones that came by and are in no inventory", unknown_macs.clone());
        Self { registry, devices, trust_windows, unknown_macs, scraping: Mutex::new(()) }
    }

    fn print(&self, figures: &figures::Figures) -> Result<String, fmt::Error> {
        let _one_at_a_time = self.scraping.lock();
        for state in [DeviceState::Needed, DeviceState::Failed, DeviceState::Blocked, DeviceState::Successful] {
            self.devices.get_or_create(&OfState { state: state.code() }).set(figures.devices(state));
        }
        self.trust_windows.set(figures.trust_windows);
        self.unknown_macs.set(figures.unknown_macs);
        let mut text = String::new();
        text::encode(&mut text, &self.registry)?;
        Ok(text)
    }
}

impl fmt::Debug for Metrics {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Metrics")
    }
}

/// Whoever may read the metrics.
pub(crate) struct Reader;

impl FromRequestParts<App> for Reader {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, Problem> {
        let forwarded = parts.headers.contains_key("x-forwarded-for") || parts.headers.contains_key("forwarded");
        // A proxy on this machine speaks for others: what it forwards is not loopback.
        if !forwarded && parts.extensions.get::<Peer>().is_some_and(|peer| peer.0.ip().is_loopback()) {
            return Ok(Self);
        }
        let Bearer { by, .. } = Bearer::from_request_parts(parts, app).await?;
        let allowed = may(by.actor, Action::ViewAudit, &Target::default(), &Policy::default());
        if allowed { Ok(Self) } else { Err(Error::Forbidden.into()) }
    }
}

/// The figures as Prometheus reads them.
pub(crate) async fn show(_: Reader, State(app): State<App>) -> Result<Response, Problem> {
    let figures = figures::read(&app.admin, (app.clock)()).await?;
    let text = app.metrics.print(&figures).map_err(|error| Error::Failed(error.to_string()))?;
    Ok(([(CONTENT_TYPE, "application/openmetrics-text; version=1.0.0; charset=utf-8")], text).into_response())
}
