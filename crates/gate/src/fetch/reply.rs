//! From a decision to bytes: which body the renderer is asked for, and what goes out if it cannot be had.

use std::sync::Arc;

use brands::{Body, Brand, Catalogue, Door as ConfigDoor, FileKind, Firmware, Model, Notice, Order, RestrictedAccount};
use domain::admission::{self, Answer as Admitted};
use domain::claim::{Claim, PlatformKeys};
use domain::evidence::path_secret;
use domain::login::Login;
use domain::settings::{Line, Resolved, Transport};
use domain::{Mac, Secret, Span};
use http::HeaderValue;

use crate::answer::Answer;

/// How the platform appears in the configs that it serves.
#[derive(Clone, Debug)]
pub struct Face {
    /// The phones' address over HTTPS, without a slash at the end: `https://phones.example.com:8443`.
    pub https_url: String,
    /// The same over plain HTTP, where that is switched on.
    pub http_url: Option<String>,
    /// The realm of all challenges.
    pub realm: String,
    /// The SIP host of restricted accounts.
    pub sip_host: String,
    /// Its port.
    pub sip_port: u16,
    /// How SIP travels to it.
    pub sip_transport: Transport,
    /// The number of the authentication service, `*89`.
    pub service_number: String,
    /// The platform's emergency numbers.
    pub emergency_numbers: Vec<String>,
    /// The language of phones whose settings name none, unless the operator chose one.
    pub language: String,
}

/// Which phone asks for which file, as it will be rendered.
#[derive(Clone, Copy)]
pub struct Asked<'a> {
    /// Its brand.
    pub brand: &'a Brand,
    /// Its model, or the brand's generic one.
    pub model: &'a Model,
    /// Its firmware.
    pub firmware: Option<Firmware>,
    /// Its MAC, if the request named one.
    pub mac: Option<Mac>,
    /// The kind of file.
    pub file: FileKind,
    /// The platform's language, if the operator chose one.
    pub language: Option<&'a str>,
}

/// What only the full config tells.
#[derive(Debug)]
pub struct Content {
    /// The device's lines.
    pub lines: Vec<Line>,
    /// The settings in force.
    pub settings: Arc<Resolved>,
}

/// Why there is no body.
#[derive(Debug, thiserror::Error)]
pub enum ReplyError {
    /// The renderer refused a value.
    #[error("rendering: {0}")]
    Render(#[from] brands::RenderError),
    /// The full config's content is missing.
    #[error("the full config was admitted without its content")]
    NoContent,
    /// Lines and settings cannot be read.
    #[error("reading lines and settings: {0}")]
    Store(#[from] store::StoreError),
}

/// Renders what was admitted. `None` is "not found": this level of trust has nothing under that name.
pub fn render(
    catalogue: &Catalogue,
    asked: Asked<'_>,
    admitted: &Admitted,
    content: Option<&Content>,
    face: &Face,
    keys: &PlatformKeys,
    encrypted: bool,
) -> Result<Option<Answer>, ReplyError> {
    let public = matches!(asked.file, FileKind::Boot | FileKind::Common);
    if public {
        return file(catalogue, asked, Body::Public).map(Some);
    }
    if asked.file != FileKind::Carrier {
        return Ok(None);
    }
    let language = asked.language.unwrap_or(&face.language);
    match admitted {
        Admitted::Public | Admitted::Challenge { .. } => Ok(None),
        Admitted::Full { login, poll } => {
            let content = content.ok_or(ReplyError::NoContent)?;
            let language = content.settings.value("language").unwrap_or(language);
            let way = Way::of(login, *poll, asked.brand, face, keys, encrypted);
            let body = Body::Full { lines: &content.lines, settings: &content.settings, door: way.door(), language };
            file(catalogue, asked, body).map(Some)
        }
        Admitted::Signpost { claim, poll } => {
            let way = Way::of(&Login::of(*claim), *poll, asked.brand, face, keys, encrypted);
            file(catalogue, asked, Body::Signpost { door: way.door(), language }).map(Some)
        }
        Admitted::Restricted { claim, notice, poll } => {
            let way = Way::of(&Login::of(*claim), *poll, asked.brand, face, keys, encrypted);
            let body = Body::Restricted {
                notice: shown(*notice),
                account: RestrictedAccount {
                    user: &keys.token(claim),
                    password: &keys.sip_password(claim),
                    server: &face.sip_host,
                    port: face.sip_port,
                    transport: face.sip_transport,
                },
                service_number: &face.service_number,
                emergency_numbers: &face.emergency_numbers,
                door: way.door(),
                language,
            };
            file(catalogue, asked, body).map(Some)
        }
    }
}

/// Where a config sends its phone, with which login.
struct Way {
    url: String,
    user: String,
    password: Secret<String>,
    poll_seconds: u32,
}

impl Way {
    fn of(login: &Login, poll: Span, brand: &Brand, face: &Face, keys: &PlatformKeys, encrypted: bool) -> Self {
        let base = face.http_url.as_ref().filter(|_| !encrypted).unwrap_or(&face.https_url);
        Self {
            url: door_url(base, &login.claim, brand, keys),
            user: login.user(keys),
            password: login.password(keys),
            poll_seconds: u32::try_from(poll.as_seconds()).unwrap_or(u32::MAX),
        }
    }

    fn door(&self) -> ConfigDoor<'_> {
        ConfigDoor { url: &self.url, user: &self.user, password: &self.password, poll_seconds: self.poll_seconds }
    }
}

/// The own door of a claim; for brands without HTTP authentication the path itself carries the login.
fn door_url(base: &str, claim: &Claim, brand: &Brand, keys: &PlatformKeys) -> String {
    if brand.logs_in_by_path() {
        format!("{base}/cfg/k/{}/", path_secret(keys, claim).expose())
    } else {
        format!("{base}/cfg/d/{}/", keys.token(claim))
    }
}

fn file(catalogue: &Catalogue, asked: Asked<'_>, body: Body<'_>) -> Result<Answer, ReplyError> {
    let order = Order { brand: asked.brand, model: asked.model, firmware: asked.firmware, mac: asked.mac, file: asked.file, body };
    let rendered = catalogue.render(&order)?;
    let content_type = HeaderValue::from_str(rendered.content_type).unwrap_or(HeaderValue::from_static("text/plain"));
    Ok(Answer::file(content_type, rendered.bytes).tagged())
}

fn shown(notice: admission::Notice) -> Notice {
    match notice {
        admission::Notice::Needed => Notice::Needed,
        admission::Notice::Failed => Notice::Failed,
        admission::Notice::Blocked => Notice::Blocked,
        admission::Notice::ResetNeeded => Notice::ResetNeeded,
    }
}
