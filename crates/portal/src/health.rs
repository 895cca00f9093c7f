//! Whether this process lives, and whether it can work.

use axum::extract::State;
use http::StatusCode;

use crate::App;
use crate::problem::Problem;

/// It answers, so it lives.
pub(crate) async fn alive() -> &'static str {
    "ok\n"
}

/// The store answers too.
pub(crate) async fn ready(State(app): State<App>) -> Result<&'static str, Problem> {
    match app.admin.store.read(store::outbox::outbox_last).await {
        Ok(_) => Ok("ready\n"),
        Err(error) => {
            tracing::error!(%error, "not ready: the store does not answer");
            Err(Problem::new(StatusCode::SERVICE_UNAVAILABLE, "store_unavailable", "The store does not answer."))
        }
    }
}
