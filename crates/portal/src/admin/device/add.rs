//! Adding a phone, and changing what it is set to.

use brands::{Body, Capability, Catalogue, Door, FileKind, Order};
use domain::device::{Auth, Device};
use domain::effect::{Effect, Event};
use domain::policy::Policy;
use domain::role::{Action, Target};
use domain::settings::{Layer, Line, Resolved, Settings};
use domain::tenancy::{DeviceId, Place};
use domain::{Mac, Secret};
use store::Db;
use store::device::{Setup, Stored};

use super::view::{DeviceView, Viewer};
use super::{carry_out, load, node_of, parse_mac};
use crate::admin::redirect::Label;
use crate::admin::tree::{NodeNames, find_place, policy_at};
use crate::admin::{Admin, By, Error, Named, before, handset, line, new_id, trusting};
use crate::edge::SystemChance;
use crate::limits::LABEL_BYTES_MAX;

/// A phone to add.
#[derive(Clone, Debug, Default)]
pub struct NewDevice {
    /// Its MAC, in any spelling.
    pub mac: String,
    /// Its customer, and its site if it has one.
    pub place: NodeNames,
    /// Brand and model, `yealink/T46S`.
    pub model: String,
    /// What people call it.
    pub label: String,
    /// Its lines, first to last.
    pub lines: Vec<Line>,
    /// Settings of this phone alone.
    pub settings: Settings,
    /// It may live by trusted network or suspension alone, if no PIN can be keyed in on it.
    pub by_trust: bool,
    /// What stands on its label besides the MAC, where its maker's redirect service asks for it.
    pub printed: Label,
}

/// A phone whose values fit together and can stand in its files.
#[derive(Clone, Debug)]
pub(crate) struct Checked {
    pub mac: Mac,
    pub place: NodeNames,
    pub model: String,
    pub label: String,
    pub setup: Setup,
    /// Serial number and MAC-ID; what is none stays as it is.
    pub printed: Label,
    /// Whether a PIN can be keyed in on it, as far as anybody knows.
    reaches_the_voice: bool,
    by_trust: bool,
}

impl Checked {
    /// Refuses a phone that would live by stand-ins alone, unless that is meant.
    pub(crate) fn check_trust(&self, policy: &Policy) -> Result<(), Error> {
        let asks = policy.lives_by_trust(self.reaches_the_voice) && !self.by_trust;
        if asks { Err(trusting::refused(&[(self.mac, self.model.clone())])) } else { Ok(()) }
    }
}

/// Adds a phone.
pub async fn add(admin: &Admin, by: &By, new: NewDevice) -> Result<DeviceView, Error> {
    let (checked, by, viewer) = (check(&admin.catalogue.current(), new)?, by.clone(), Viewer::new(admin));
    admin
        .write(move |db| {
            let place = find_place(db, &by.scope(), &checked.place)?.0;
            add_within(db, &by, &checked, place)?;
            viewer.view(db, &by, checked.mac)
        })
        .await
}

/// Refuses what the catalogue does not know, and what the brand's files cannot carry.
pub(crate) fn check(catalogue: &Catalogue, new: NewDevice) -> Result<Checked, Error> {
    let mac = parse_mac(&new.mac)?;
    let Some((brand, model)) = catalogue.model(&new.model) else {
        return Err(Error::invalid("model", format!("unknown model {:?}; `ringfence brands list` names them", new.model)));
    };
    let label = new.label.trim();
    if label.len() > LABEL_BYTES_MAX || label.chars().any(|c| c.is_control() || turns_direction(c)) {
        return Err(Error::invalid(
            "label",
            "label: at most 100 bytes without line breaks, or characters that turn the direction of writing",
        ));
    }
    new.lines.iter().try_for_each(line::check)?;
    for (key, value) in new.settings.iter().chain(new.lines.iter().flat_map(|line| &line.settings)) {
        domain::settings::check_setting(key, value).map_err(|error| Error::invalid("setting", error))?;
        let code = if brand.is_default_password(key, value) { "default_password" } else { "setting" };
        brand.check_setting(key, value).map_err(|error| Error::invalid(code, error))?;
    }
    handset::check(&new.settings, model)?;
    let printed = new.printed.checked()?;
    let settings = Resolved::from_layers([(Layer::Device, &new.settings)]);
    // Rendered once for trial: what the brand's file format refuses is refused now, not when the phone asks.
    let door =
        Door { url: "https://phones.example.com/cfg/d/x/", user: "x", password: &Secret::from("x"), poll_seconds: 3600, file_key: None };
    let body = Body::Full { lines: &new.lines, settings: &settings, door, language: "en" };
    let order = Order { brand, model, firmware: None, mac: Some(mac), file: FileKind::Carrier, body };
    catalogue.render(&order).map_err(|error| Error::invalid(code_of(&error), error))?;
    Ok(Checked {
        mac,
        place: new.place,
        model: format!("{}/{}", brand.name(), model.name),
        label: label.to_owned(),
        setup: Setup { lines: new.lines, settings: new.settings },
        printed,
        reaches_the_voice: model.two_factor != Capability::No,
        by_trust: new.by_trust,
    })
}

/// Characters that show what follows in another order than it stands: a label could pass for another.
pub(crate) fn turns_direction(c: char) -> bool {
    matches!(c, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

/// Adds a checked phone inside a transaction.
pub(crate) fn add_within(db: &Db, by: &By, checked: &Checked, place: Place) -> Result<(), Error> {
    let policy = policy_at(db, node_of(place))?;
    by.may(Action::EditDevices, &Target::from(place), &policy)?;
    checked.check_trust(&policy)?;
    let device = Device {
        id: DeviceId(new_id(by.now)),
        mac: checked.mac,
        place,
        model: checked.model.clone(),
        label: checked.label.clone(),
        disabled: false,
        created: by.now,
        auth: Auth::new(&mut SystemChance),
    };
    store::device::add(db, &by.scope(), &device, &checked.setup, by.now).named(|| format!("device {}", checked.mac))?;
    checked.printed.keep(db, checked.mac, by.now)?;
    carry_out(db, by, &device, &[Effect::Event(Event::Created)])?;
    by.audit(db, node_of(place), "device.created", &checked.mac.to_string(), &checked.model)
}

/// Changes model, label, lines and settings of a phone that is there already; where it stands and how it proves itself stay.
pub(crate) fn update_within(db: &Db, by: &By, catalogue: &Catalogue, checked: &Checked) -> Result<(), Error> {
    let (stored, policy) = load(db, by, checked.mac, Action::EditDevices)?;
    if stored.device.model != checked.model {
        checked.check_trust(&policy)?;
    }
    let device = Device { model: checked.model.clone(), label: checked.label.clone(), ..stored.device };
    let stored = Stored { device, version: stored.version };
    before::note(db, by, catalogue, checked.mac, |setup| setup.clone_from(&checked.setup))?;
    let version = store::device::save(db, &stored, by.now)?;
    store::device::save_setup(db, &by.scope(), checked.mac, &checked.setup, version)?;
    checked.printed.keep(db, checked.mac, by.now)?;
    carry_out(db, by, &stored.device, &[Effect::Refetch])?;
    by.audit(db, node_of(stored.device.place), "device.changed", &checked.mac.to_string(), &checked.model)
}

fn code_of(error: &brands::RenderError) -> &'static str {
    match error {
        brands::RenderError::TooManyLines { .. } => "too_many_lines",
        _ => "value",
    }
}
