//! Who looks at a page: their manner (language, time zone, theme) for everybody, and the session of those who are signed in.

use std::net::IpAddr;
use std::sync::Arc;

use axum::extract::FromRequestParts;
use domain::policy::Policy;
use domain::role::{Action, may};
use domain::tenancy::{CustomerId, Node};
use fluent_bundle::FluentArgs;
use http::HeaderMap;
use http::header::{ACCEPT_LANGUAGE, COOKIE};
use http::request::Parts;
use jiff::tz::TimeZone;
use sha2::{Digest, Sha256};
use subtle::ConstantTimeEq;

use super::clock;
use super::failure::Failure;
use super::language::Language;
use super::look::Look;
use crate::App;
use crate::admin::sign_in::{SignedInAs, recognise};
use crate::admin::{By, Error, tree};
use crate::hex::hex;
use crate::limits::PROVED;
use crate::listener::{Encrypted, Peer};

/// Cookies of the manner; the script writes the zone's and the theme's, too.
pub(crate) const LANGUAGE_COOKIE: &str = "rf_language";
pub(crate) const THEME_COOKIE: &str = "rf_theme";
const ZONE_COOKIE: &str = "rf_zone";
/// The customer that the pages are about, of those whom the visitor sees.
pub(crate) const CUSTOMER_COOKIE: &str = "rf_customer";

/// How somebody reads, signed in or not.
#[derive(Clone, Debug)]
pub(crate) struct Reader {
    pub language: Language,
    pub zone: TimeZone,
    /// `light`, `dark`, or what the system says.
    pub theme: &'static str,
    /// Under whose name the portal appears.
    pub look: Look,
    /// The path that was asked for.
    pub path: String,
    /// The same with its query.
    pub here: String,
    /// What was done just now: the end of a key of a sentence.
    pub done: Option<String>,
    /// The other end of the connection.
    pub address: IpAddr,
    /// The browser's cookies travel under TLS alone.
    pub secure: bool,
    customer: Option<CustomerId>,
}

/// Somebody signed in.
#[derive(Clone, Debug)]
pub(crate) struct Visitor {
    pub by: By,
    pub who: Arc<SignedInAs>,
    pub reader: Arc<Reader>,
    pub csrf: String,
    /// The customer that the pages are about.
    pub customer: Option<Chosen>,
}

/// A customer, chosen or one's own.
#[derive(Clone, Debug, serde::Serialize)]
pub(crate) struct Chosen {
    pub id: String,
    pub name: String,
    /// One's own: there is nothing to choose.
    pub own: bool,
}

impl Reader {
    pub fn of(parts: &Parts) -> Self {
        let cookie = |name| cookie(&parts.headers, name);
        let language = cookie(LANGUAGE_COOKIE).and_then(Language::from_code).unwrap_or_else(|| {
            let accepted = parts.headers.get(ACCEPT_LANGUAGE).and_then(|value| value.to_str().ok());
            Language::accepted(accepted.unwrap_or_default())
        });
        let query = parts.uri.query().unwrap_or_default();
        let done = query.split('&').find_map(|pair| pair.strip_prefix("done="));
        let is_code = |text: &&str| text.len() <= 40 && text.bytes().all(|byte| byte.is_ascii_lowercase() || byte == b'-');
        Self {
            language,
            zone: cookie(ZONE_COOKIE).map_or(TimeZone::UTC, |zone| clock::zone(&zone.replace("%2F", "/"))),
            theme: match cookie(THEME_COOKIE) {
                Some("light") => "light",
                Some("dark") => "dark",
                _ => "system",
            },
            look: Look::default(),
            path: parts.uri.path().to_owned(),
            here: parts.uri.path_and_query().map_or_else(String::new, ToString::to_string),
            done: done.filter(is_code).map(str::to_owned),
            address: parts.extensions.get::<Peer>().map_or(IpAddr::from([0, 0, 0, 0]), |peer| peer.0.ip()),
            secure: secure(parts),
            customer: cookie(CUSTOMER_COOKIE).and_then(|id| id.parse().ok()).map(CustomerId),
        }
    }

    /// The name of the cookie of a session; browsers let nobody else write one of this prefix.
    pub fn session_cookie(&self) -> &'static str {
        session_cookie(self.secure)
    }

    /// The text of a `Set-Cookie` for `seconds`; 0 takes it away.
    pub fn cookie(&self, name: &str, value: &str, seconds: i64, script_may_read: bool) -> String {
        let secure = if self.secure { "; Secure" } else { "" };
        let hidden = if script_may_read { "" } else { "; HttpOnly" };
        format!("{name}={value}; Path=/; Max-Age={seconds}; SameSite=Lax{hidden}{secure}")
    }
}

impl Visitor {
    /// Whoever this session belongs to, if it is one.
    pub async fn recognise(headers: &HeaderMap, reader: Arc<Reader>, app: &App) -> Result<Option<Self>, Failure> {
        let Some(cookie) = cookie(headers, reader.session_cookie()) else { return Ok(None) };
        let Some(who) = recognise(&app.admin, cookie, (app.clock)()).await? else { return Ok(None) };
        let csrf = csrf(cookie);
        let customer = customer(app, &who.by, reader.customer).await?;
        Ok(Some(Self { by: who.by.clone(), who: Arc::new(who), reader, csrf, customer }))
    }

    /// Whether a form carries this session's token.
    pub fn csrf_matches(&self, shown: &str) -> bool {
        self.csrf.as_bytes().ct_eq(shown.as_bytes()).into()
    }

    /// Whether the role may do that somewhere in its branch: what is not possible anywhere is not shown.
    pub fn may(&self, action: Action) -> bool {
        may(self.by.actor, action, &self.by.branch(), &Policy::default())
    }

    /// The id of the customer that was chosen among several. One's own needs no choosing: the branch is the bound already, and whoever works
    /// at one site has less than the customer.
    pub fn chosen(&self) -> Option<String> {
        self.customer.as_ref().filter(|customer| !customer.own).map(|customer| customer.id.clone())
    }

    /// Refuses a page to roles that may do that nowhere in their branch.
    pub fn must(&self, action: Action) -> Result<(), Failure> {
        if self.may(action) { Ok(()) } else { Err(Error::Forbidden.into()) }
    }

    /// The customer that lists are narrowed to. Who works at one site sees nothing but that site anyway, and asks for no whole customer.
    pub fn customer_id(&self) -> Option<String> {
        let at_site = matches!(self.by.scope(), Node::Site(_));
        self.customer.as_ref().filter(|_| !at_site).map(|customer| customer.id.clone())
    }

    /// A sentence in the visitor's language.
    pub fn say(&self, key: &str) -> String {
        self.reader.language.say(key, None)
    }

    /// The same with words in its gaps.
    pub fn say_with(&self, key: &str, words: &[(&str, &str)]) -> String {
        let args: FluentArgs<'_> = words.iter().copied().collect();
        self.reader.language.say(key, Some(&args))
    }

    /// Sends people to give their password again, unless they did a short while ago.
    pub fn proved_lately(&self) -> Result<(), Failure> {
        let lately = self.by.now.since(self.who.session.proved) < PROVED;
        if lately { Ok(()) } else { Err(Failure::Prove(self.reader.here.clone())) }
    }
}

impl Visitor {
    /// The same for a form, which cannot be sent again: the way leads back to the page that it stood on.
    pub fn proved_for(&self, page: &str) -> Result<(), Failure> {
        self.proved_lately().map_err(|failure| match failure {
            Failure::Prove(_) => Failure::Prove(page.to_owned()),
            other => other,
        })
    }
}

impl FromRequestParts<App> for Visitor {
    type Rejection = Failure;

    async fn from_request_parts(parts: &mut Parts, _: &App) -> Result<Self, Failure> {
        // The frame around all pages has looked already.
        if let Some(visitor) = parts.extensions.get::<Self>() {
            return Ok(visitor.clone());
        }
        let here = parts.uri.path_and_query().map_or_else(String::new, ToString::to_string);
        // A form cannot be sent again after the sign-in, but the page that it stood on can be looked at.
        Err(Failure::SignIn(if parts.method == http::Method::GET { here } else { "/".to_owned() }))
    }
}

impl FromRequestParts<App> for Reader {
    type Rejection = Failure;

    async fn from_request_parts(parts: &mut Parts, _: &App) -> Result<Self, Failure> {
        Ok(parts.extensions.get::<Arc<Self>>().map_or_else(|| Self::of(parts), |reader| Self::clone(reader)))
    }
}

/// The name of a session's cookie.
pub(crate) fn session_cookie(secure: bool) -> &'static str {
    if secure { "__Host-rf_session" } else { "rf_session" }
}

/// The value of a cookie.
pub(crate) fn cookie<'a>(headers: &'a HeaderMap, name: &str) -> Option<&'a str> {
    let mut all = headers.get_all(COOKIE).iter().filter_map(|header| header.to_str().ok()).flat_map(|header| header.split(';'));
    all.find_map(|pair| pair.trim().strip_prefix(name)?.strip_prefix('='))
}

/// The token that forms of a session carry. It follows from the cookie, which no other site knows.
pub(crate) fn csrf(cookie: &str) -> String {
    let digest = Sha256::digest(format!("form\0{cookie}"));
    hex(&digest[..16])
}

/// Over TLS, here or at a proxy in front of us. A browser that lies about it harms its own cookies alone.
pub(crate) fn secure(parts: &Parts) -> bool {
    let ours = parts.extensions.get::<Encrypted>().is_some_and(|encrypted| encrypted.0);
    ours || parts.headers.get("x-forwarded-proto").is_some_and(|scheme| scheme.as_bytes().eq_ignore_ascii_case(b"https"))
}

/// One's own customer, or the chosen one if it is in one's branch.
async fn customer(app: &App, by: &By, chosen: Option<CustomerId>) -> Result<Option<Chosen>, Failure> {
    let own = match by.scope() {
        Node::Operator | Node::Reseller(_) => None,
        node @ (Node::Customer(_) | Node::Site(_)) => Some(node),
    };
    Ok(match (own, chosen) {
        (Some(node), _) => tree::chosen(&app.admin, by, node).await?.map(|(id, name)| Chosen { id, name, own: true }),
        (None, Some(id)) => tree::chosen(&app.admin, by, Node::Customer(id)).await?.map(|(id, name)| Chosen { id, name, own: false }),
        (None, None) => None,
    })
}

#[cfg(test)]
mod tests {
    use http::HeaderValue;

    use super::*;

    #[test]
    fn a_cookie_is_found_by_its_whole_name() {
        let mut headers = HeaderMap::new();
        headers.append(COOKIE, HeaderValue::from_static("xrf_session=no; rf_session=yes; rf_sessions=no"));
        headers.append(COOKIE, HeaderValue::from_static("other=1"));
        assert_eq!(cookie(&headers, "rf_session"), Some("yes"));
        assert_eq!(cookie(&headers, "other"), Some("1"));
        assert_eq!(cookie(&headers, "rf"), None);
    }

    #[test]
    fn the_token_of_a_form_follows_from_the_cookie_and_tells_nothing_of_it() {
        assert_eq!(csrf("a").len(), 32);
        assert_ne!(csrf("a"), csrf("b"));
    }
}
