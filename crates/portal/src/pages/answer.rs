//! Packing: pages, and the way back after a form.

use axum::response::{Html, IntoResponse, Response};
use http::header::{LOCATION, SET_COOKIE};
use http::{HeaderValue, StatusCode};
use minijinja::Value;

use super::failure::Failure;
use super::template;
use super::visitor::Visitor;

/// What a handler of a page answers.
pub(crate) type Answer = Result<Response, Failure>;

impl Visitor {
    /// A page. `context` is what the template shows, beside what every page has.
    pub fn show(&self, name: &str, context: Value) -> Answer {
        self.show_as(StatusCode::OK, name, context)
    }

    /// A page with a status: 422 for a form that is shown again with what was wrong.
    pub fn show_as(&self, status: StatusCode, name: &str, context: Value) -> Answer {
        let text = template::render(name, self, context)?;
        Ok((status, Html(text)).into_response())
    }
}

/// Back to where a form was sent from, with a sentence about what was done: the key `done-<done>`.
pub(crate) fn back(to: &str, done: &str) -> Response {
    let (to, anchor) = to.split_once('#').map_or((to, String::new()), |(to, anchor)| (to, format!("#{anchor}")));
    let to = local(to);
    let (path, query) = to.split_once('?').unwrap_or((to, ""));
    let mut pairs: Vec<&str> = query.split('&').filter(|pair| !pair.is_empty() && !pair.starts_with("done=")).collect();
    let done = format!("done={done}");
    pairs.push(&done);
    see_other(&format!("{path}?{}{anchor}", pairs.join("&")))
}

/// Look there instead.
pub(crate) fn see_other(to: &str) -> Response {
    let mut response = StatusCode::SEE_OTHER.into_response();
    let to = HeaderValue::from_str(to).unwrap_or_else(|_| HeaderValue::from_static("/"));
    response.headers_mut().insert(LOCATION, to);
    response
}

/// An address of this portal; the first page for all else, so that no form leads away.
pub(crate) fn local(to: &str) -> &str {
    let ours = to.starts_with('/') && !to.starts_with("//") && !to.contains(['\\', '\r', '\n', '\t']) && to.len() <= 2000;
    if ours { to } else { "/" }
}

/// With a cookie.
pub(crate) fn with_cookie(mut response: Response, cookie: &str) -> Response {
    if let Ok(value) = HeaderValue::from_str(cookie) {
        response.headers_mut().append(SET_COOKIE, value);
    }
    response
}

#[cfg(test)]
mod tests {
    use super::*;

    fn way(to: &str) -> String {
        back(to, "reset").headers()[LOCATION].to_str().unwrap().to_owned()
    }

    #[test]
    fn the_way_back_stays_in_the_portal() {
        assert_eq!(way("/inventory/phone-hardware?q=T54&done=moved#x"), "/inventory/phone-hardware?q=T54&done=reset#x");
        for elsewhere in ["https://evil.example.net/", "//evil.example.net/", "/\\evil.example.net", "javascript:alert(1)", ""] {
            assert_eq!(way(elsewhere), "/?done=reset", "{elsewhere}");
        }
    }
}
