//! `devices/{mac}/…`: what an admin does to a phone. Each gives the phone as it is afterwards.

use std::net::IpAddr;

use axum::extract::State;
use domain::{Secret, Span};
use serde::Deserialize;
use utoipa::ToSchema;

use super::answer::Tagged;
use super::extract::{MayBe, Named, Unpacked};
use crate::App;
use crate::admin::Error;
use crate::admin::device::{self, DeviceView};
use crate::admin::tree::NodeNames;
use crate::auth::Bearer;
use crate::limits::SPAN_SECONDS_MAX;
use crate::problem::Problem;

type Answer = Result<Tagged<DeviceView>, Problem>;

fn now(view: DeviceView) -> Tagged<DeviceView> {
    Tagged(view.version, view)
}

/// At once no login of the phone earns anything; it gets a new PIN, and all counters are zero.
#[utoipa::path(post, path = "/devices/{mac}/reset-authentication", params(("mac" = String, Path, description = "MAC in any spelling")),
    responses((status = 200, body = DeviceView)))]
pub(crate) async fn reset(State(app): State<App>, bearer: Bearer, Named(mac): Named) -> Answer {
    Ok(now(device::reset(&app.admin, &bearer.by, &mac).await?))
}

/// For how long, and which one.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct SuspendBody {
    /// For so long; as long as the policy says without it.
    #[schema(minimum = 1, maximum = 31_536_000)]
    seconds: Option<u32>,
    /// Where the phone that is meant asked from, if several claim to be this one.
    #[schema(value_type = Option<String>)]
    address: Option<IpAddr>,
}

/// Serves this one phone without proof, for a while.
#[utoipa::path(post, path = "/devices/{mac}/suspend-authentication", params(("mac" = String, Path, description = "MAC in any spelling")),
    request_body = SuspendBody, responses((status = 200, body = DeviceView)))]
pub(crate) async fn suspend(State(app): State<App>, bearer: Bearer, Named(mac): Named, MayBe(body): MayBe<SuspendBody>) -> Answer {
    let lasts = body.seconds.map(span).transpose()?;
    Ok(now(device::suspend(&app.admin, &bearer.by, &mac, lasts, body.address).await?))
}

/// Ends a suspension.
#[utoipa::path(delete, path = "/devices/{mac}/suspend-authentication", params(("mac" = String, Path, description = "MAC in any spelling")),
    responses((status = 200, body = DeviceView)))]
pub(crate) async fn end_suspension(State(app): State<App>, bearer: Bearer, Named(mac): Named) -> Answer {
    Ok(now(device::end_suspension(&app.admin, &bearer.by, &mac).await?))
}

/// The switch *allow global password (one time)*.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct AllowBody {
    /// Yes or no.
    allow: bool,
    /// Clears the phone's login as well, which is recommended with yes: the old one would compete with the new.
    #[serde(default)]
    clear_login: bool,
}

/// Lets the global password in once more, or no longer: the lock icon.
#[utoipa::path(post, path = "/devices/{mac}/allow-global-password", params(("mac" = String, Path, description = "MAC in any spelling")),
    request_body = AllowBody, responses((status = 200, body = DeviceView)))]
pub(crate) async fn allow(State(app): State<App>, bearer: Bearer, Named(mac): Named, Unpacked(body): Unpacked<AllowBody>) -> Answer {
    Ok(now(match body {
        AllowBody { allow: true, clear_login: true } => device::clear_and_allow_global(&app.admin, &bearer.by, &mac).await?,
        AllowBody { allow: false, clear_login: true } => {
            return Err(Error::invalid("body", "clear_login goes with allow: true; DELETE devices/{mac}/login clears it alone").into());
        }
        AllowBody { allow, .. } => device::allow_global(&app.admin, &bearer.by, &mac, allow).await?,
    }))
}

/// Lets the second claimant have the hand-over; what the first was given ends.
#[utoipa::path(post, path = "/devices/{mac}/allow-second-claimant", params(("mac" = String, Path, description = "MAC in any spelling")),
    responses((status = 200, body = DeviceView)))]
pub(crate) async fn allow_second(State(app): State<App>, bearer: Bearer, Named(mac): Named) -> Answer {
    Ok(now(device::allow_second_claimant(&app.admin, &bearer.by, &mac).await?))
}

/// Tells the phone to fetch, if it can be told.
#[utoipa::path(post, path = "/devices/{mac}/resync", params(("mac" = String, Path, description = "MAC in any spelling")),
    responses((status = 200, body = DeviceView)))]
pub(crate) async fn resync(State(app): State<App>, bearer: Bearer, Named(mac): Named) -> Answer {
    Ok(now(device::resync(&app.admin, &bearer.by, &mac).await?))
}

/// User and password for a phone.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct LoginBody {
    /// 1 to 64 printable characters without spaces and `:`.
    user: String,
    /// 12 to 64 printable characters without spaces.
    password: String,
}

/// Sets the phone's login by hand. The old one stays valid until the new one is used, and 15 minutes more.
#[utoipa::path(put, path = "/devices/{mac}/login", params(("mac" = String, Path, description = "MAC in any spelling")),
    request_body = LoginBody, responses((status = 200, body = DeviceView)))]
pub(crate) async fn set_login(State(app): State<App>, bearer: Bearer, Named(mac): Named, Unpacked(body): Unpacked<LoginBody>) -> Answer {
    Ok(now(device::set_login(&app.admin, &bearer.by, &mac, &body.user, &Secret::new(body.password)).await?))
}

/// Clears the phone's login; the switch *allow global password* stays as it is.
#[utoipa::path(delete, path = "/devices/{mac}/login", params(("mac" = String, Path, description = "MAC in any spelling")),
    responses((status = 200, body = DeviceView)))]
pub(crate) async fn clear_login(State(app): State<App>, bearer: Bearer, Named(mac): Named) -> Answer {
    Ok(now(device::clear_login(&app.admin, &bearer.by, &mac).await?))
}

/// Gives a live phone a new login at its next fetch.
#[utoipa::path(post, path = "/devices/{mac}/rotate-login", params(("mac" = String, Path, description = "MAC in any spelling")),
    responses((status = 200, body = DeviceView)))]
pub(crate) async fn rotate_login(State(app): State<App>, bearer: Bearer, Named(mac): Named) -> Answer {
    Ok(now(device::rotate_login(&app.admin, &bearer.by, &mac).await?))
}

/// Where a phone goes.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct MoveBody {
    /// The customer: name or id.
    customer: String,
    /// Its site: name or id.
    site: Option<String>,
    /// It may come to live by a trusted network or a suspension alone.
    #[serde(default)]
    lives_by_trust: bool,
}

/// Moves a phone. To another customer means a reset.
#[utoipa::path(post, path = "/devices/{mac}/move", params(("mac" = String, Path, description = "MAC in any spelling")),
    request_body = MoveBody, responses((status = 200, body = DeviceView)))]
pub(crate) async fn relocate(State(app): State<App>, bearer: Bearer, Named(mac): Named, Unpacked(body): Unpacked<MoveBody>) -> Answer {
    let to = NodeNames { reseller: None, customer: Some(body.customer), site: body.site };
    Ok(now(device::relocate(&app.admin, &bearer.by, &mac, to, body.lives_by_trust).await?))
}

/// Which phone comes in another's place.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct ReplaceBody {
    /// The new phone's MAC, in any spelling.
    mac: String,
}

/// Puts another phone in this one's place: lines and settings stay, authentication begins anew.
#[utoipa::path(post, path = "/devices/{mac}/replace", params(("mac" = String, Path, description = "MAC in any spelling")),
    request_body = ReplaceBody, responses((status = 200, body = DeviceView)))]
pub(crate) async fn replace(State(app): State<App>, bearer: Bearer, Named(mac): Named, Unpacked(body): Unpacked<ReplaceBody>) -> Answer {
    Ok(now(device::replace(&app.admin, &bearer.by, &mac, &body.mac).await?))
}

fn span(seconds: u32) -> Result<Span, Error> {
    if seconds > SPAN_SECONDS_MAX {
        return Err(Error::invalid("duration", format!("seconds: at most {SPAN_SECONDS_MAX}, which is a year")));
    }
    Ok(Span::seconds(seconds.into()))
}
