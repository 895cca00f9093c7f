//! `devices`: the phones.

use axum::Json;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use domain::Secret;
use domain::device::State as DeviceState;
use domain::settings::{Line, Settings};
use http::StatusCode;
use http::header::{CONTENT_DISPOSITION, CONTENT_TYPE};
use serde::Deserialize;
use utoipa::{IntoParams, ToSchema};

use super::answer::{Created, Tagged};
use super::extract::{Asked, Expected, Flag, Named, Two, Unpacked, default_limit};
use super::flow::flow;
use crate::App;
use crate::admin::brands::{self, Preview, RenderedView};
use crate::admin::device::{self, CallView, CountsView, DeviceChange, DeviceView, NewDevice, RequestView, Which};
use crate::admin::export::Export;
use crate::admin::part::{Listing, Part};
use crate::admin::redirect::Label;
use crate::admin::tree::NodeNames;
use crate::admin::{Error, line};
use crate::auth::Bearer;
use crate::problem::Problem;

/// Which phones.
#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct DevicesQuery {
    /// The beginning of a MAC (in any spelling), of an extension, of a word of the label and what follows it, of a model with or without its
    /// brand, or of the address of the last fetch; or the last four to six digits of the MAC.
    #[serde(default)]
    #[param(required = false, max_length = 100)]
    q: String,
    /// Of this customer: its name or id.
    #[param(required = false, value_type = String)]
    customer: Option<String>,
    /// Of this site of the customer: its name or id.
    #[param(required = false, value_type = String)]
    site: Option<String>,
    /// In one of these states, separated by commas: `needed`, `failed`, `blocked`, `successful`.
    #[serde(default)]
    #[param(required = false, value_type = String, example = "needed,failed,blocked")]
    state: States,
    /// Of this brand and model.
    #[param(required = false, value_type = String, example = "yealink/T46S")]
    model: Option<String>,
    /// With something that a person should look at.
    #[serde(default)]
    #[param(required = false, value_type = bool)]
    attention: Flag,
    /// At most so many; with `q`, `model` or `attention` it may be fewer though there is a next part.
    #[serde(default = "default_limit")]
    #[param(required = false, minimum = 1, maximum = 500, default = 100)]
    limit: usize,
    /// The `next` of the part before.
    #[param(required = false, value_type = String)]
    cursor: Option<String>,
}

/// Which phones are counted.
#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct CountsQuery {
    /// Of this customer: its name or id.
    #[param(required = false, value_type = String)]
    customer: Option<String>,
    /// Of this site of the customer: its name or id.
    #[param(required = false, value_type = String)]
    site: Option<String>,
}

/// Which phones of an export.
#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct ExportQuery {
    /// Of this customer: its name or id.
    #[param(required = false, value_type = String)]
    customer: Option<String>,
    /// In one of these states, separated by commas.
    #[serde(default)]
    #[param(required = false, value_type = String, example = "needed,failed,blocked")]
    state: States,
}

/// States, separated by commas; any if empty.
#[derive(Default)]
pub(crate) struct States(Vec<DeviceState>);

impl<'de> Deserialize<'de> for States {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        const ALL: [DeviceState; 4] = [DeviceState::Needed, DeviceState::Failed, DeviceState::Blocked, DeviceState::Successful];
        let text = String::deserialize(deserializer)?;
        let known = |word: &str| {
            let found = ALL.into_iter().find(|state| state.code() == word.trim());
            found.ok_or_else(|| serde::de::Error::custom("state: needed, failed, blocked, successful, separated by commas"))
        };
        text.split(',').filter(|word| !word.is_empty()).map(known).collect::<Result<_, _>>().map(Self)
    }
}

/// A phone to add.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct NewDeviceBody {
    /// Its MAC, in any spelling.
    #[schema(example = "0015651a2b3c")]
    mac: String,
    /// Brand and model.
    #[schema(example = "yealink/T46S")]
    model: String,
    /// Its customer: name or id.
    customer: String,
    /// Its site: name or id.
    site: Option<String>,
    /// What people call it.
    #[serde(default)]
    label: String,
    /// Its lines, first to last.
    #[serde(default)]
    lines: Vec<LineBody>,
    /// Settings of this phone alone.
    #[serde(default)]
    #[schema(value_type = BTreeMap<String, String>)]
    settings: Settings,
    /// It may live by a trusted network or a suspension alone, if no PIN can be keyed in on it.
    #[serde(default)]
    lives_by_trust: bool,
    /// Its serial number, where its maker's redirect service asks for it.
    serial: Option<String>,
    /// The four characters behind the MAC on a Gigaset label.
    mac_id: Option<String>,
}

/// What is changed of a phone; what is absent stays.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct DeviceChangeBody {
    /// Brand and model.
    model: Option<String>,
    /// What people call it.
    label: Option<String>,
    /// All of its lines.
    lines: Option<Vec<LineBody>>,
    /// All settings of this phone alone.
    #[schema(value_type = Option<BTreeMap<String, String>>)]
    settings: Option<Settings>,
    /// Switched off: it is served like a phone that nobody knows.
    disabled: Option<bool>,
    /// It may live by a trusted network or a suspension alone.
    #[serde(default)]
    lives_by_trust: bool,
}

/// A telephone line.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct LineBody {
    /// The user of its address.
    user: String,
    /// Its password; never shown again.
    password: String,
    /// Where it registers, with or without a port.
    #[schema(example = "sip.example.com")]
    server: String,
    /// The number that people dial.
    extension: Option<String>,
    /// The name on the display.
    name: Option<String>,
    /// The name that it proves itself with, if that is not the user.
    auth_user: Option<String>,
    /// The server's port.
    port: Option<u16>,
    /// `udp`, `tcp` or `tls`.
    transport: Option<String>,
    /// Where its requests go first.
    outbound_proxy: Option<String>,
}

impl LineBody {
    fn read(self) -> Result<Line, Error> {
        let mut read = line::empty();
        let port = self.port.map(|port| port.to_string());
        let fields = [
            ("user", Some(self.user)),
            ("server", Some(self.server)),
            ("extension", self.extension),
            ("name", self.name),
            ("auth_user", self.auth_user),
            ("port", port),
            ("transport", self.transport),
            ("outbound_proxy", self.outbound_proxy),
        ];
        for (key, value) in fields {
            value.map_or(Ok(()), |value| line::set(&mut read, key, &value))?;
        }
        read.password = Secret::new(self.password);
        Ok(read)
    }
}

fn lines(bodies: Vec<LineBody>) -> Result<Vec<Line>, Error> {
    bodies.into_iter().map(LineBody::read).collect()
}

/// Phones, by customer and MAC, or as `q` finds them. Their PINs stand in each one's own address.
#[utoipa::path(get, path = "/devices", params(DevicesQuery), responses((status = 200, body = Listing<DeviceView>)))]
pub(crate) async fn list(State(app): State<App>, bearer: Bearer, Asked(asked): Asked<DevicesQuery>) -> Result<impl IntoResponse, Problem> {
    let (states, attention) = (asked.state.0, asked.attention.0);
    let which = Which { customer: asked.customer, site: asked.site, states, model: asked.model, attention };
    let part = Part { query: asked.q, after: asked.cursor, limit: asked.limit };
    Ok(Json(device::part(&app.admin, &bearer.by, which, part).await?))
}

/// How many phones there are in each state, and how many want attention. Numbers end somewhere, and then say that there are more.
#[utoipa::path(get, path = "/device-counts", params(CountsQuery), responses((status = 200, body = CountsView)))]
pub(crate) async fn counts(State(app): State<App>, bearer: Bearer, Asked(asked): Asked<CountsQuery>) -> Result<impl IntoResponse, Problem> {
    let which = Which { customer: asked.customer, site: asked.site, ..Which::default() };
    Ok(Json(device::counts(&app.admin, &bearer.by, which).await?))
}

/// Adds a phone. The answer has its PIN, for roles that may see it.
#[utoipa::path(post, path = "/devices", request_body = NewDeviceBody, responses((status = 201, body = DeviceView)))]
pub(crate) async fn create(
    State(app): State<App>,
    bearer: Bearer,
    Unpacked(body): Unpacked<NewDeviceBody>,
) -> Result<impl IntoResponse, Problem> {
    let new = NewDevice {
        mac: body.mac,
        place: NodeNames { reseller: None, customer: Some(body.customer), site: body.site },
        model: body.model,
        label: body.label,
        lines: lines(body.lines)?,
        settings: body.settings,
        by_trust: body.lives_by_trust,
        printed: Label { serial: body.serial, mac_id: body.mac_id },
    };
    let added = device::add(&app.admin, &bearer.by, new).await?;
    let shown = device::show(&app.admin, &bearer.by, &added.mac).await?;
    let version = shown.version;
    Ok(Created::at(format!("devices/{}", shown.mac), shown).tagged(version))
}

/// Whether to show what is audited.
#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct ShowQuery {
    /// Shows the PIN, which the audit notes; on unless it is switched off. A program that polls switches it off.
    #[serde(default = "shown")]
    #[param(required = false, value_type = bool, default = true)]
    pin: Flag,
}

fn shown() -> Flag {
    Flag(true)
}

/// One phone.
#[utoipa::path(get, path = "/devices/{mac}", params(("mac" = String, Path, description = "MAC in any spelling"), ShowQuery),
    responses((status = 200, body = DeviceView)))]
pub(crate) async fn read(
    State(app): State<App>,
    bearer: Bearer,
    Named(mac): Named,
    Asked(ShowQuery { pin }): Asked<ShowQuery>,
) -> Result<impl IntoResponse, Problem> {
    let found = match pin {
        Flag(true) => device::show(&app.admin, &bearer.by, &mac).await?,
        Flag(false) => device::look(&app.admin, &bearer.by, &mac).await?,
    };
    Ok(Tagged(found.version, found))
}

/// Changes model, label, lines, settings, or whether it is switched on.
#[utoipa::path(patch, path = "/devices/{mac}", params(("mac" = String, Path, description = "MAC in any spelling")),
    request_body = DeviceChangeBody, responses((status = 200, body = DeviceView)))]
pub(crate) async fn update(
    State(app): State<App>,
    bearer: Bearer,
    Named(mac): Named,
    Expected(version): Expected,
    Unpacked(body): Unpacked<DeviceChangeBody>,
) -> Result<impl IntoResponse, Problem> {
    let change = DeviceChange {
        model: body.model,
        label: body.label,
        lines: body.lines.map(lines).transpose()?,
        settings: body.settings,
        disabled: body.disabled,
        by_trust: body.lives_by_trust,
    };
    let changed = device::update(&app.admin, &bearer.by, &mac, change, version).await?;
    Ok(Tagged(changed.version, changed))
}

/// Removes a phone.
#[utoipa::path(delete, path = "/devices/{mac}", params(("mac" = String, Path, description = "MAC in any spelling")),
    responses((status = 204)))]
pub(crate) async fn delete(State(app): State<App>, bearer: Bearer, Named(mac): Named) -> Result<impl IntoResponse, Problem> {
    device::delete(&app.admin, &bearer.by, &mac).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// How a file is shown.
#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct ConfigQuery {
    /// As the phone gets it before it is cleared.
    #[serde(default)]
    #[param(required = false, value_type = bool)]
    restricted: Flag,
    /// Each line with where it came from, secrets masked; without it the whole file, passwords included, which the audit notes.
    #[serde(default)]
    #[param(required = false, value_type = bool)]
    why: Flag,
}

/// A file as the phone would get it now.
#[utoipa::path(get, path = "/devices/{mac}/configs/{file}",
    params(("mac" = String, Path, description = "MAC in any spelling"), ("file" = String, Path, description = "The file's name"), ConfigQuery),
    responses((status = 200, body = RenderedView)))]
pub(crate) async fn config(
    State(app): State<App>,
    bearer: Bearer,
    Two(mac, file): Two<String, String>,
    Asked(asked): Asked<ConfigQuery>,
) -> Result<impl IntoResponse, Problem> {
    // With `why` the secrets are masked.
    if !asked.why.0 {
        bearer.proved()?;
    }
    let preview = Preview { file: Some(file), restricted: asked.restricted.0, why: asked.why.0 };
    Ok(Json(brands::render(&app.admin, &bearer.by, &mac, preview).await?))
}

/// What the phone asked and what it was told, newest first.
#[utoipa::path(get, path = "/devices/{mac}/requests", params(("mac" = String, Path, description = "MAC in any spelling")),
    responses((status = 200, body = Listing<RequestView>)))]
pub(crate) async fn requests(State(app): State<App>, bearer: Bearer, Named(mac): Named) -> Result<impl IntoResponse, Problem> {
    Ok(Json(Listing::whole(device::requests(&app.admin, &bearer.by, &mac).await?)))
}

/// The phone's telephone calls for its PIN, newest first; never a digit.
#[utoipa::path(get, path = "/devices/{mac}/calls", params(("mac" = String, Path, description = "MAC in any spelling")),
    responses((status = 200, body = Listing<CallView>)))]
pub(crate) async fn calls(State(app): State<App>, bearer: Bearer, Named(mac): Named) -> Result<impl IntoResponse, Problem> {
    Ok(Json(Listing::whole(device::calls(&app.admin, &bearer.by, &mac).await?)))
}

/// Phones as CSV, with the PINs of those that are not authenticated yet, for roles that may see them.
#[utoipa::path(get, path = "/devices.csv", params(ExportQuery), responses((status = 200, content_type = "text/csv", body = String)))]
pub(crate) async fn csv(State(app): State<App>, bearer: Bearer, Asked(asked): Asked<ExportQuery>) -> Result<Response, Problem> {
    let which = Which { customer: asked.customer, states: asked.state.0, ..Which::default() };
    let export = Export::begin(&app.admin, &bearer.by, which).await?;
    let headers = [(CONTENT_TYPE, "text/csv; charset=utf-8"), (CONTENT_DISPOSITION, "attachment; filename=\"devices.csv\"")];
    Ok((headers, flow(export).await?).into_response())
}
