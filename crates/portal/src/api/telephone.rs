//! `sip-accounts`, `pin-attempts`: for an operator whose own telephone system answers phones that are not cleared.

use std::net::IpAddr;

use axum::Json;
use axum::extract::State;
use axum::response::IntoResponse;
use domain::Secret;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::extract::{Named, Unpacked};
use crate::App;
use crate::admin::{Error, telephone};
use crate::auth::Bearer;
use crate::problem::Problem;
use crate::telephone::{PinAnswer, PinAttempt, Telephone, Who};

/// A throw-away account, as another server needs it to let its phone register.
#[derive(Serialize, ToSchema)]
pub(crate) struct SipAccountView {
    /// Its name.
    name: String,
    /// The realm of both hashes.
    realm: String,
    /// MD5 over user, realm and password.
    ha1_md5: String,
    /// The same with SHA-256.
    ha1_sha256: String,
    /// When it ends, if that is known.
    ends: Option<String>,
    /// What it may do.
    actions: &'static [&'static str],
}

/// How an account is proved. Whoever has this can register as that phone: it is audited.
#[utoipa::path(get, path = "/sip-accounts/{name}", params(("name" = String, Path)), responses((status = 200, body = SipAccountView)))]
pub(crate) async fn account(State(app): State<App>, bearer: Bearer, Named(name): Named) -> Result<impl IntoResponse, Problem> {
    let found = telephone::sip_account(&app.admin, &bearer.by, face(&app)?, &name).await?;
    Ok(Json(SipAccountView {
        name: found.name,
        realm: found.realm,
        ha1_md5: found.ha1_md5.expose().clone(),
        ha1_sha256: found.ha1_sha256.expose().clone(),
        ends: found.ends.map(domain::Time::rfc3339),
        actions: found.actions,
    }))
}

/// A PIN that somebody keyed in elsewhere: by the account that proved itself, or by MAC and source.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct PinAttemptBody {
    /// The account that the phone proved.
    account: Option<String>,
    /// The phone's MAC, where no account was proved; then its source as well.
    mac: Option<String>,
    /// Where the call came from.
    #[schema(value_type = Option<String>)]
    source: Option<IpAddr>,
    /// Six digits.
    #[schema(example = "123456")]
    pin: String,
    /// The other system's name for the call.
    session: String,
    /// Which PIN of the call: the same number of the same session is answered alike, and counted once.
    attempt: u32,
}

/// Takes a PIN.
#[utoipa::path(post, path = "/pin-attempts", request_body = PinAttemptBody, responses((status = 200, body = PinAnswer)))]
pub(crate) async fn pin(
    State(app): State<App>,
    bearer: Bearer,
    Unpacked(body): Unpacked<PinAttemptBody>,
) -> Result<impl IntoResponse, Problem> {
    let attempt = read(body)?;
    Ok(Json(telephone::pin_attempt(&bearer.by, face(&app)?, attempt).await?))
}

fn read(body: PinAttemptBody) -> Result<PinAttempt, Error> {
    let who = match (body.account, body.mac, body.source) {
        (Some(name), None, source) => Who::Account { name, source },
        (None, Some(mac), Some(source)) => {
            Who::Phone { mac: mac.parse().map_err(|error| Error::invalid("mac", format!("mac: {error}")))?, source }
        }
        _ => return Err(Error::invalid("body", "name the account, or mac and source")),
    };
    Ok(PinAttempt { who, pin: Secret::new(body.pin), session: body.session, attempt: body.attempt })
}

fn face(app: &App) -> Result<&dyn Telephone, Error> {
    app.telephone.as_deref().ok_or_else(|| Error::Unavailable("the telephone side is not running".to_owned()))
}
