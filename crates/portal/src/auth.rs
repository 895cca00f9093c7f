//! Bearer tokens: who calls, and what they may.

use axum::extract::FromRequestParts;
use http::header::AUTHORIZATION;
use http::request::Parts;
use uuid::Uuid;

use crate::App;
use crate::admin::{By, token};
use crate::limits::TOKEN_BYTES_MAX;
use crate::live::Still;
use crate::problem::Problem;

/// A caller who showed a valid token.
#[derive(Clone, Debug)]
pub struct Bearer {
    /// Who acts.
    pub by: By,
    /// Which token it was.
    pub token: Uuid,
}

impl Bearer {
    /// Whether the token still counts, for what goes on long after it was shown.
    pub(crate) fn still(&self, app: &App) -> Still {
        let (app, token) = (app.clone(), self.token);
        Box::new(move || {
            let app = app.clone();
            Box::pin(async move { token::counts(&app.admin, token, (app.clock)()).await })
        })
    }
}

impl FromRequestParts<App> for Bearer {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, Problem> {
        // The guard of the API has looked already.
        if let Some(known) = parts.extensions.get::<Self>() {
            return Ok(known.clone());
        }
        let shown = shown_token(parts).ok_or_else(Problem::unauthenticated)?;
        let found = token::recognise(&app.admin, shown, (app.clock)()).await?;
        let (by, token) = found.ok_or_else(Problem::unauthenticated)?;
        Ok(Self { by, token })
    }
}

/// The token of the one `Authorization` header.
fn shown_token(parts: &Parts) -> Option<&str> {
    let mut headers = parts.headers.get_all(AUTHORIZATION).iter();
    let (header, None) = (headers.next()?, headers.next()) else { return None };
    let (scheme, token) = header.to_str().ok()?.split_once(' ')?;
    (scheme.eq_ignore_ascii_case("bearer") && token.len() <= TOKEN_BYTES_MAX).then(|| token.trim())
}

#[cfg(test)]
mod tests {
    use http::Request;

    use super::*;

    fn shown(headers: &[&str]) -> Option<String> {
        let mut request = Request::builder();
        for header in headers {
            request = request.header(AUTHORIZATION, *header);
        }
        let (parts, ()) = request.body(()).unwrap().into_parts();
        shown_token(&parts).map(str::to_owned)
    }

    #[test]
    fn one_bearer_header_is_a_token() {
        assert_eq!(shown(&["Bearer rf_abc"]).as_deref(), Some("rf_abc"));
        assert_eq!(shown(&["bearer  rf_abc "]).as_deref(), Some("rf_abc"));
        for headers in [&[][..], &["rf_abc"], &["Basic rf_abc"], &["Bearer a", "Bearer b"], &["Bearer"]] {
            assert_eq!(shown(headers), None, "{headers:?}");
        }
        assert_eq!(shown(&[&format!("Bearer {}", "x".repeat(TOKEN_BYTES_MAX + 1))]), None);
    }
}
