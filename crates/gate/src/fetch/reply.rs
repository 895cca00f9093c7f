//! From a decision to bytes: which body the renderer is asked for, and what goes out if it cannot be had.

use std::sync::Arc;

use brands::{Body, Brand, Catalogue, Door as ConfigDoor, Entry, FileForm, FileKind, Firmware, Model, Notice, Order, RestrictedAccount};
use domain::admission::{self, Answer as Admitted};
use domain::channel::at_host;
use domain::claim::{Claim, PlatformKeys};
use domain::evidence::path_secret;
use domain::extra::with_addresses;
use domain::login::Login;
use domain::phonebook::Person;
use domain::settings::{Line, Resolved, Transport};
use domain::{Mac, Secret, Span};
use http::HeaderValue;

use crate::answer::Answer;
use crate::path::{Door as PathDoor, SecretKind};

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
    /// The door through which it is asked for.
    pub door: &'a PathDoor,
}

/// What only the full config tells.
#[derive(Debug)]
pub struct Content {
    /// The device's lines.
    pub lines: Vec<Line>,
    /// The settings in force.
    pub settings: Arc<Resolved>,
    /// The config names the customer's phone book, if the brand has one.
    pub phonebook: bool,
    /// The host by which the phone's reseller is known, if it has one of its own. Told to phones that proved themselves alone: a restricted
    /// config that named it would tell which MACs are known, and whose.
    pub host: Option<String>,
}

/// Why there is no body.
#[derive(Debug, thiserror::Error)]
pub enum ReplyError {
    /// The renderer refused a value.
    #[error("rendering: {0}")]
    Render(#[from] brands::RenderError),
    /// The brand has no encrypted files.
    #[error("the file has to be encrypted, and the brand has no form for that")]
    NoForm,
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
    way: &Way<'_>,
) -> Result<Option<Answer>, ReplyError> {
    let public = matches!(asked.file, FileKind::Boot | FileKind::Common);
    if public {
        return file(catalogue, asked, Body::PublicIn { folder: &way.folder(asked.door) }, None).map(Some);
    }
    if asked.file != FileKind::Carrier {
        return Ok(None);
    }
    let Way { face, keys, .. } = way;
    let language = asked.language.unwrap_or(&face.language);
    let key = way.file_key.as_ref();
    match admitted {
        Admitted::Public | Admitted::Challenge { .. } => Ok(None),
        Admitted::Full { login, poll } => {
            let content = content.ok_or(ReplyError::NoContent)?;
            let language = content.settings.value("language").unwrap_or(language);
            let home = Home::at(&at_host(way.base(), content.host.as_deref()), login, *poll, asked.brand, way);
            // Where files leave encrypted the phone book does not leave at all.
            let named = content.phonebook && key.is_none();
            let phonebook = asked.mac.filter(|_| named).and_then(|mac| asked.brand.phonebook_name(mac, asked.model));
            let settings = with_addresses(&content.settings, &home.url, phonebook.as_deref());
            let body = Body::Full { lines: &content.lines, settings: &settings, door: home.door(), language };
            file(catalogue, asked, body, key).map(Some)
        }
        Admitted::Signpost { claim, poll } => {
            let home = Home::of(&Login::of(*claim), *poll, asked.brand, way);
            file(catalogue, asked, Body::Signpost { door: home.door(), language }, key).map(Some)
        }
        Admitted::Restricted { claim, notice, poll } => {
            let home = Home::of(&Login::of(*claim), *poll, asked.brand, way);
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
                door: home.door(),
                language,
            };
            file(catalogue, asked, body, key).map(Some)
        }
    }
}

/// A phone book.
pub fn phonebook(catalogue: &Catalogue, asked: Asked<'_>, title: &str, people: Vec<Person>) -> Result<Answer, ReplyError> {
    let entries: Vec<Entry> = people.into_iter().map(|person| Entry { name: person.name, number: person.number }).collect();
    file(catalogue, asked, Body::Phonebook { title, entries: &entries }, None)
}

/// How an answer travels, and what the platform's part of it is made from.
pub struct Way<'a> {
    /// How the platform appears.
    pub face: &'a Face,
    /// The platform's keys.
    pub keys: &'a PlatformKeys,
    /// Over TLS.
    pub tls: bool,
    /// The password of the file, where it leaves encrypted.
    pub file_key: Option<Secret<String>>,
}

impl Way<'_> {
    /// The phones' address as the phone reached us: one that came in clear may know no other way.
    fn base(&self) -> &str {
        self.face.http_url.as_ref().filter(|_| !self.tls).unwrap_or(&self.face.https_url)
    }

    /// The address behind which the phone asks. It tells nobody anything new, for the phone has just named it.
    fn folder(&self, door: &PathDoor) -> String {
        let base = self.base();
        match door {
            PathDoor::Front => format!("{base}/cfg/"),
            PathDoor::Own(handle) => format!("{base}/cfg/d/{handle}/"),
            PathDoor::Secret(SecretKind::Login, secret) => format!("{base}/cfg/k/{}/", secret.expose()),
            PathDoor::Secret(SecretKind::GlobalLogin, token) => format!("{base}/cfg/g/{}/", token.expose()),
        }
    }
}

/// Where a config sends its phone, with which login.
struct Home {
    url: String,
    user: String,
    password: Secret<String>,
    poll_seconds: u32,
    file_key: Option<Secret<String>>,
}

impl Home {
    fn of(login: &Login, poll: Span, brand: &Brand, way: &Way<'_>) -> Self {
        Self::at(way.base(), login, poll, brand, way)
    }

    fn at(base: &str, login: &Login, poll: Span, brand: &Brand, way: &Way<'_>) -> Self {
        let Way { keys, file_key, .. } = way;
        Self {
            url: door_url(base, &login.claim, brand, keys),
            user: login.user(keys),
            password: login.password(keys),
            poll_seconds: u32::try_from(poll.as_seconds()).unwrap_or(u32::MAX),
            file_key: file_key.as_ref().map(|_| keys.file_key(&login.claim)),
        }
    }

    fn door(&self) -> ConfigDoor<'_> {
        let Self { url, user, password, poll_seconds, file_key } = self;
        ConfigDoor { url, user, password, poll_seconds: *poll_seconds, file_key: file_key.as_ref() }
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

/// Renders a file, and encrypts it where it has a password.
fn file(catalogue: &Catalogue, asked: Asked<'_>, body: Body<'_>, key: Option<&Secret<String>>) -> Result<Answer, ReplyError> {
    let order = Order { brand: asked.brand, model: asked.model, firmware: asked.firmware, mac: asked.mac, file: asked.file, body };
    let rendered = catalogue.render(&order)?;
    let Some(key) = key else {
        let content_type = HeaderValue::from_str(rendered.content_type).unwrap_or(HeaderValue::from_static("text/plain"));
        return Ok(Answer::file(content_type, rendered.bytes).tagged());
    };
    let sealed = match asked.brand.encrypted_file().ok_or(ReplyError::NoForm)? {
        FileForm::OpensslAes256CbcMd5 => wire::openssl::seal(key.expose(), &rendered.bytes),
    };
    let answer = Answer::file(HeaderValue::from_static("application/octet-stream"), sealed).tagged();
    Ok(Answer { sealed: true, ..answer })
}

fn shown(notice: admission::Notice) -> Notice {
    match notice {
        admission::Notice::Needed => Notice::Needed,
        admission::Notice::Failed => Notice::Failed,
        admission::Notice::Blocked => Notice::Blocked,
        admission::Notice::ResetNeeded => Notice::ResetNeeded,
    }
}
