//! What went wrong, as a page: what happened, and what to do.

use axum::response::{IntoResponse, Response};
use http::header::LOCATION;
use http::{HeaderValue, StatusCode};

use crate::admin::Error;
use crate::problem::Problem;

/// A refused or failed request of a page. [`super::frame`] turns it into one, in the reader's language.
#[derive(Clone, Debug)]
pub(crate) enum Failure {
    /// Told on a page.
    Told(Problem),
    /// Signed in nowhere: the way to the sign-in, and from there back to this address.
    SignIn(String),
    /// The password is wanted again, and then this address.
    Prove(String),
}

impl Failure {
    /// There is no such page, or not for this reader.
    pub fn not_found() -> Self {
        Self::Told(Problem::not_found())
    }

    /// A number or an id out of a path; what is none names nothing.
    pub fn named<T: std::str::FromStr>(text: &str) -> Result<T, Self> {
        text.parse().map_err(|_| Self::not_found())
    }

    /// The form was not made for this session.
    pub fn stale() -> Self {
        let detail = "This form is too old, or it does not come from this portal. Go back, load the page again, and send it once more.";
        Self::Told(Problem::new(StatusCode::FORBIDDEN, "stale", detail))
    }

    /// The sentence in English.
    #[cfg(test)]
    pub fn detail(&self) -> &str {
        match self {
            Self::Told(problem) => &problem.detail,
            Self::SignIn(_) | Self::Prove(_) => "",
        }
    }
}

impl From<Error> for Failure {
    fn from(error: Error) -> Self {
        Self::Told(error.into())
    }
}

impl From<Problem> for Failure {
    fn from(problem: Problem) -> Self {
        Self::Told(problem)
    }
}

impl IntoResponse for Failure {
    fn into_response(self) -> Response {
        let mut response = match &self {
            Self::Told(problem) => problem.status.into_response(),
            Self::SignIn(back) => see_other("/login", back),
            Self::Prove(back) => see_other("/account/prove", back),
        };
        if let Self::Told(problem) = self {
            response.extensions_mut().insert(problem);
        }
        response
    }
}

fn see_other(page: &str, back: &str) -> Response {
    let query = serde_html_form::to_string([("next", back)]).unwrap_or_default();
    let mut response = StatusCode::SEE_OTHER.into_response();
    if let Ok(value) = HeaderValue::from_str(&format!("{page}?{query}")) {
        response.headers_mut().insert(LOCATION, value);
    }
    response
}
