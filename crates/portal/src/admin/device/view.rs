//! A phone as people and programs see it.

use std::sync::Arc;

use brands::Catalogue;
use domain::channel::front_file_key;
use domain::device::{Auth, LoginState, State};
use domain::policy::Policy;
use domain::role::{Action, Target, may};
use domain::{Mac, Time};
use serde::Serialize;
use store::Db;
use store::device::Stored;
use store::seen::{Seen, Served};
use utoipa::ToSchema;

use super::{load, node_of, parse_mac};
use crate::admin::handset::{self, HandsetView};
use crate::admin::tree::names;
use crate::admin::{Admin, By, Error};

/// A phone, in the shape of interfaces.md.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct DeviceView {
    /// Twelve lower-case digits.
    pub mac: String,
    /// Brand.
    pub brand: String,
    /// Model, without the brand.
    pub model: String,
    /// Its customer.
    pub customer: String,
    /// Its site.
    pub site: Option<String>,
    /// What people call it.
    pub label: String,
    /// The numbers that its lines are dialled by, first to last.
    pub extensions: Vec<String>,
    /// needed, failed, blocked, successful.
    pub state: &'static str,
    /// none, pending, confirmed, unconfirmed, rotating.
    #[schema(value_type = String, example = "none")]
    pub login_state: LoginState,
    /// The switch *allow global password (one time)*.
    pub allow_global_password: bool,
    /// The PIN, until take-up, for whom it may concern.
    pub pin: Option<String>,
    /// When a suspension ends.
    pub suspended_until: Option<String>,
    /// When `failed` ends.
    pub failed_until: Option<String>,
    /// When it was added.
    pub created: String,
    /// The latest full configuration.
    pub last_fetch: Option<String>,
    /// Where that went.
    pub last_address: Option<String>,
    /// How: `https`, `http`, or `http-encrypted` for an encrypted file over plain HTTP.
    pub transport: Option<String>,
    /// The firmware that the phone showed.
    pub firmware: Option<String>,
    /// Wrong PINs in a row, in the worst network.
    pub wrong_tries: u32,
    /// Rounds of them, in the worst network.
    pub rounds: u32,
    /// Bodies that used this phone's name.
    pub claims: usize,
    /// Switched off by an admin.
    pub disabled: bool,
    /// What a person should look at.
    pub attention: Vec<&'static str>,
    /// The handsets of a DECT base; absent in lists.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub handsets: Option<Vec<HandsetView>>,
    /// Counts its changes.
    #[serde(skip)]
    pub version: i64,
}

/// The password of a phone's first encrypted files.
#[derive(Clone, Serialize)]
pub struct ProfileKeyView {
    /// Twelve lower-case digits.
    pub mac: String,
    /// As it is typed.
    pub profile_key: String,
}

/// One request of a phone, in the shape of interfaces.md.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
#[schema(as = DeviceRequestView)]
pub struct RequestView {
    /// When it came.
    pub time: String,
    /// From where.
    pub address: String,
    /// GET, HEAD, PUT or POST.
    pub method: String,
    /// The file's name.
    pub file: String,
    /// The HTTP status.
    pub status: u16,
    /// What it proved.
    pub evidence: String,
    /// What it got.
    pub decision: String,
    /// Why.
    pub reason: String,
    /// Bytes of the body.
    pub bytes: u64,
    /// How it travelled: `https`, `http`, `http-encrypted`, `sip`; empty for requests older than this field.
    pub transport: String,
}

/// Shows one phone, its PIN included where the role permits (audited).
pub async fn show(admin: &Admin, by: &By, mac: &str) -> Result<DeviceView, Error> {
    let (mac, by, viewer) = (parse_mac(mac)?, by.clone(), Viewer::new(admin));
    admin.write(move |db| viewer.reveal(db, &by, mac)).await
}

/// Shows one phone without its PIN, which leaves no trace in the audit.
pub async fn look(admin: &Admin, by: &By, mac: &str) -> Result<DeviceView, Error> {
    let (mac, by, viewer) = (parse_mac(mac)?, by.clone(), Viewer::new(admin));
    admin.read(move |db| viewer.view(db, &by, mac)).await
}

/// The password of the files that a phone fetches at the front door over plain HTTP, for whoever types it into the phone's rule. Shown to
/// those who may see its PIN, and audited like it.
pub async fn profile_key(admin: &Admin, by: &By, mac: &str) -> Result<ProfileKeyView, Error> {
    let (mac, by, catalogue, keys) = (parse_mac(mac)?, by.clone(), admin.catalogue.current(), Arc::clone(&admin.keys));
    admin
        .write(move |db| {
            let (stored, _) = load(db, &by, mac, Action::RevealPin)?;
            let device = &stored.device;
            if catalogue.model(&device.model).is_none_or(|(brand, _)| brand.encrypted_file().is_none()) {
                let what = format!("{}: phones of this brand open no encrypted files", device.model);
                return Err(Error::refused("no_encrypted_files", what));
            }
            by.audit(db, node_of(device.place), "reveal-profile-key", &mac.to_string(), "")?;
            let key = front_file_key(&keys, mac, Some(device));
            Ok(ProfileKeyView { mac: mac.to_string(), profile_key: key.expose().clone() })
        })
        .await
}

/// What a phone asked and what it was told, newest first.
pub async fn requests(admin: &Admin, by: &By, mac: &str) -> Result<Vec<RequestView>, Error> {
    let (mac, by) = (parse_mac(mac)?, by.clone());
    admin
        .read(move |db| {
            load(db, &by, mac, Action::ViewDevices)?;
            let requests = store::seen::requests(db, &by.scope(), mac)?;
            let view = |request: store::seen::Request| RequestView {
                time: request.time.rfc3339(),
                address: request.address.to_string(),
                method: request.method,
                file: request.file,
                status: request.status,
                evidence: request.evidence,
                decision: request.decision,
                reason: request.reason.clone(),
                bytes: request.bytes,
                transport: request.transport,
            };
            Ok(requests.into_iter().map(view).collect())
        })
        .await
}

/// Makes views inside a transaction.
#[derive(Clone)]
pub(crate) struct Viewer {
    catalogue: Arc<Catalogue>,
}

impl Viewer {
    pub fn new(admin: &Admin) -> Self {
        Self { catalogue: admin.catalogue.current() }
    }

    /// A phone without its PIN.
    pub fn view(&self, db: &Db, by: &By, mac: Mac) -> Result<DeviceView, Error> {
        let (stored, policy) = load(db, by, mac, Action::ViewDevices)?;
        self.of(db, by, stored, &policy)
    }

    /// A phone with its PIN, if the role may see it; that it was shown is audited.
    pub fn reveal(&self, db: &Db, by: &By, mac: Mac) -> Result<DeviceView, Error> {
        let (stored, policy) = load(db, by, mac, Action::ViewDevices)?;
        let place = stored.device.place;
        let pin = stored.device.auth.pin.clone().filter(|_| may(by.actor, Action::RevealPin, &Target::from(place), &policy));
        let mut view = self.of(db, by, stored, &policy)?;
        if let Some(pin) = pin {
            by.audit(db, node_of(place), Action::RevealPin.code(), &mac.to_string(), "")?;
            view.pin = Some(pin.reveal().to_owned());
        }
        Ok(view)
    }

    fn of(&self, db: &Db, by: &By, stored: Stored, policy: &Policy) -> Result<DeviceView, Error> {
        let mac = stored.device.mac;
        let names = names(db, node_of(stored.device.place))?;
        let seen = store::seen::seen(db, &by.scope(), mac)?;
        let noticed = store::sightings::attention(db, &by.scope(), mac)?;
        let noticed: Vec<String> = noticed.into_iter().map(|attention| attention.kind).collect();
        let setup = store::device::setup(db, &by.scope(), mac)?;
        let (handsets, extensions) = (Some(handset::views(&setup.settings)), setup.extensions());
        let view = self.assemble(
            by,
            stored,
            policy,
            Names { customer: names.customer.unwrap_or_default(), site: names.site },
            seen.as_ref(),
            &noticed,
        );
        Ok(DeviceView { extensions, handsets, ..view })
    }

    /// The view of a row of a list.
    pub fn of_listed(&self, by: &By, listed: store::device::Listed, policy: &Policy) -> DeviceView {
        let names = Names { customer: listed.customer, site: listed.site };
        let view = self.assemble(by, listed.stored, policy, names, listed.seen.as_ref(), &listed.noticed);
        DeviceView { extensions: listed.extensions, ..view }
    }

    fn assemble(&self, by: &By, stored: Stored, policy: &Policy, names: Names, seen: Option<&Seen>, noticed: &[String]) -> DeviceView {
        let (mut device, version) = (stored.device, stored.version);
        device.auth.settle(policy, by.now);
        let auth = &device.auth;
        let (brand, model) = self.model(&device.model);
        let login_state = auth.login_state(policy, by.now);
        let failed = || auth.tries.iter().filter_map(|tries| tries.failed_until).max();
        let state = auth.state(by.now);
        let served = seen.and_then(|seen| seen.served.as_ref());
        DeviceView {
            mac: device.mac.to_string(),
            brand,
            model,
            customer: names.customer,
            site: names.site,
            label: device.label.clone(),
            extensions: Vec::new(),
            state: state.code(),
            login_state,
            allow_global_password: auth.allow_global,
            pin: None,
            suspended_until: auth.suspension.map(|suspension| suspension.until.rfc3339()),
            failed_until: failed().filter(|_| state == State::Failed).map(Time::rfc3339),
            created: device.created.rfc3339(),
            last_fetch: served.map(|served| served.at.rfc3339()),
            last_address: served.map(|served| served.address.to_string()),
            transport: served.map(|served| served.transport.clone()).filter(|transport| !transport.is_empty()),
            firmware: seen.map(|seen| seen.firmware.clone()).filter(|firmware| !firmware.is_empty()),
            wrong_tries: auth.tries.iter().map(|tries| tries.wrong).max().unwrap_or(0),
            rounds: auth.tries.iter().map(|tries| tries.rounds).max().unwrap_or(0),
            claims: auth.used.len(),
            disabled: device.disabled,
            attention: attention(auth, login_state, served, noticed),
            handsets: None,
            version,
        }
    }

    fn model(&self, path: &str) -> (String, String) {
        match self.catalogue.model(path) {
            Some((brand, model)) => (brand.name().to_owned(), model.name.clone()),
            // A brand that was taken out of the catalogue later.
            None => {
                path.split_once('/').map_or_else(|| (path.to_owned(), String::new()), |(brand, model)| (brand.to_owned(), model.to_owned()))
            }
        }
    }
}

struct Names {
    customer: String,
    site: Option<String>,
}

fn attention(auth: &Auth, login_state: LoginState, served: Option<&Served>, noticed: &[String]) -> Vec<&'static str> {
    let elsewhere = |tries: &domain::pin::Tries| {
        let wrong = tries.wrong > 0 || tries.rounds > 0;
        wrong && served.is_none_or(|served| !tries.network.contains(&served.address))
    };
    let several = auth.tries.len() > 1 || served.is_some();
    let flags = [
        ("second_claimant", auth.pending.as_ref().is_some_and(|pending| pending.second_claimant.is_some())),
        ("delivery_not_confirmed", login_state == LoginState::Unconfirmed),
        ("pin_tries_elsewhere", several && auth.tries.iter().any(elsewhere)),
        ("came_back_without_login", false),
        ("identity_mismatch", false),
        ("still_uses_global", false),
    ];
    let raised = |(flag, raised): &(&'static str, bool)| *raised || noticed.iter().any(|kind| kind == flag);
    flags.into_iter().filter(raised).map(|(flag, _)| flag).collect()
}
