//! Who calls the API, and what they may: a program by its bearer token, or a page by the session of whoever is signed in.

use std::sync::Arc;

use axum::extract::FromRequestParts;
use http::header::AUTHORIZATION;
use http::request::Parts;
use http::{HeaderValue, StatusCode};
use uuid::Uuid;

use crate::App;
use crate::admin::{By, sign_in, token};
use crate::limits::TOKEN_BYTES_MAX;
use crate::live::Still;
use crate::pages::failure::Failure;
use crate::pages::form::from_here;
use crate::pages::visitor::{Reader, Visitor};
use crate::problem::Problem;

/// The header in which a page shows that it is one of ours: the token that its forms carry.
pub(crate) const CSRF: &str = "x-csrf-token";

/// A caller who showed a valid token, or a session.
#[derive(Clone, Debug)]
pub struct Bearer {
    /// Who acts.
    pub by: By,
    /// What its requests are counted under: the token's id, or the account's, however many sessions it has.
    pub caller: Uuid,
    session: Option<Session>,
}

/// What a session says besides.
#[derive(Clone, Debug)]
struct Session {
    id: [u8; 32],
    csrf: String,
    /// The password was given a short while ago.
    proved: bool,
}

impl Bearer {
    /// Refuses a session whose password was not given for a while: what comes is a secret, and somebody else may sit there now. A program
    /// has nothing to type.
    pub(crate) fn proved(&self) -> Result<(), Problem> {
        if self.session.as_ref().is_none_or(|session| session.proved) {
            return Ok(());
        }
        let detail = "This shows or changes something secret. Give your password again at /account/prove, then send the request once more.";
        Err(Problem::new(StatusCode::FORBIDDEN, "prove", detail))
    }

    /// What a page of this session sends as `X-CSRF-Token`; a token of the API needs none.
    pub(crate) fn csrf(&self) -> Option<&str> {
        self.session.as_ref().map(|session| session.csrf.as_str())
    }

    /// Whether the token or session still counts, for what goes on long after it was shown.
    pub(crate) fn still(&self, app: &App) -> Still {
        let (app, caller, session) = (app.clone(), self.caller, self.session.as_ref().map(|session| session.id));
        Box::new(move || {
            let app = app.clone();
            Box::pin(async move {
                match session {
                    Some(session) => sign_in::counts(&app.admin, session, (app.clock)()).await,
                    None => token::counts(&app.admin, caller, (app.clock)()).await,
                }
            })
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
        // Whoever shows a token means it: a wrong one is not made good by a cookie that came along.
        if !parts.headers.contains_key(AUTHORIZATION) {
            return of_session(parts, app).await;
        }
        let shown = shown_token(parts).ok_or_else(Problem::unauthenticated)?;
        let found = token::recognise(&app.admin, shown, (app.clock)()).await?;
        let (by, caller) = found.ok_or_else(Problem::unauthenticated)?;
        Ok(Self { by, caller, session: None })
    }
}

/// Whoever is signed in with this browser, if a page of ours asks.
async fn of_session(parts: &Parts, app: &App) -> Result<Bearer, Problem> {
    let reader = Arc::new(Reader::of(parts));
    let found = Visitor::recognise(&parts.headers, reader, app).await.map_err(|failure| match failure {
        Failure::Told(problem) => problem,
        Failure::SignIn(_) | Failure::Prove(_) => Problem::unauthenticated(),
    })?;
    let visitor = found.ok_or_else(Problem::unauthenticated)?;
    // Even reading leaves traces here, such as a PIN that was revealed.
    if !from_here(&parts.headers) {
        return Err(foreign());
    }
    let shown = parts.headers.get(CSRF).map(HeaderValue::to_str);
    if !parts.method.is_safe() && !shown.is_some_and(|shown| shown.is_ok_and(|shown| visitor.csrf_matches(shown))) {
        return Err(foreign());
    }
    let session = Session { id: visitor.who.session.id, proved: visitor.proved_lately().is_ok(), csrf: visitor.csrf };
    Ok(Bearer { by: visitor.by, caller: visitor.who.account.id, session: Some(session) })
}

fn foreign() -> Problem {
    let detail = "A session counts for pages of this portal alone: send X-CSRF-Token as `whoami` shows it, from the same origin. Programs use a token.";
    Problem::new(StatusCode::FORBIDDEN, "stale", detail)
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
