//! In front of every route of the API: nobody comes in without a token or a session, and nobody may ask more than their share.

use std::num::NonZeroU32;

use axum::extract::{FromRequestParts, Request, State};
use axum::middleware::Next;
use axum::response::Response;

use crate::App;
use crate::auth::Bearer;
use crate::problem::Problem;

/// Lets a request with a valid token or session in.
pub(crate) async fn guard(State(app): State<App>, request: Request, next: Next) -> Result<Response, Problem> {
    let (mut parts, body) = request.into_parts();
    // A database could not keep it, and nothing has such a name.
    if parts.uri.path_and_query().is_some_and(|asked| asked.as_str().contains("%00")) {
        return Err(Problem::malformed());
    }
    let bearer = Bearer::from_request_parts(&mut parts, &app).await?;
    if let Err(wait) = app.rates.take(bearer.caller, bearer.by.now) {
        return Err(Problem::limited(NonZeroU32::new(wait).unwrap_or(NonZeroU32::MIN)));
    }
    parts.extensions.insert(bearer);
    Ok(next.run(Request::from_parts(parts, body)).await)
}
