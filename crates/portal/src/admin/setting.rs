//! Settings of a place, a brand, a model or one phone: the layers that a phone's file is made from.

use std::collections::{BTreeMap, BTreeSet};

use ::brands::Catalogue;
use domain::effect::Effect;
use domain::role::Action;
use domain::settings::{Settings, check_setting};
use domain::tenancy::Node;
use serde::Serialize;
use store::Db;
use store::device::Setup;

use super::device::{carry_out, each_kind, load, node_of, parse_mac};
use super::policy::subject;
use super::telling::tell;
use super::tree::{Found, NodeNames, find, policy_at};
use super::{Admin, By, Error, before, handset};

/// What stands where a secret would.
pub(crate) const MASK: &str = "********";

/// Whose settings.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Of {
    /// A node of the tenancy tree.
    Node(NodeNames),
    /// All phones of a brand (`yealink`) or a model (`yealink/T46S`).
    Kind(String),
    /// One phone, by its MAC.
    Device(String),
}

/// One setting as it is shown.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct SettingView {
    /// Its key.
    pub key: String,
    /// Its value; masked if it is a secret.
    pub value: String,
}

/// One setting in force for a phone, and who set it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct InForce {
    /// Its key.
    pub key: String,
    /// Its value; masked if it is a secret.
    pub value: String,
    /// The layer that set it.
    pub layer: String,
}

/// All settings in force for a phone, each with the layer that it comes from.
pub async fn in_force(admin: &Admin, by: &By, mac: &str) -> Result<Vec<InForce>, Error> {
    let (mac, by, admin_too) = (parse_mac(mac)?, by.clone(), admin.clone());
    let look = move |db: &Db| {
        let (stored, _) = load(db, &by, mac, Action::ViewDevices)?;
        let setup = store::device::setup(db, &by.scope(), mac)?;
        let context = store::context::load(db, Some(stored.device.place.customer))?;
        let settings = super::brands::in_force(&admin_too, &context, &stored, &setup);
        let secret = |key: &str| is_secret(&admin_too.catalogue.current(), key);
        let shown = |(key, held): (&str, &domain::settings::Sourced)| InForce {
            key: key.to_owned(),
            value: if secret(key) { MASK.to_owned() } else { held.value.clone() },
            layer: held.layer.to_string(),
        };
        Ok(settings.iter().map(shown).collect())
    };
    admin.read(look).await
}

/// Whether any brand keeps a secret under this key.
pub(crate) fn is_secret(catalogue: &Catalogue, key: &str) -> bool {
    catalogue.brands().iter().any(|brand| brand.is_secret_setting(key))
}

/// A layer that was found.
enum Layer {
    Node(Found),
    Kind(String),
    Device(domain::Mac),
}

/// What one layer sets.
pub async fn show(admin: &Admin, by: &By, of: Of) -> Result<Vec<SettingView>, Error> {
    let (by, catalogue) = (by.clone(), admin.catalogue.current());
    admin
        .read(move |db| {
            let layer = reach(db, &by, &catalogue, &of, Action::ViewDevices)?;
            Ok(views(&catalogue, &read(db, &by, &layer)?))
        })
        .await
}

/// Sets keys of one layer, `KEY=VALUE` each; an empty value takes the key out of it. The phones that it reaches are told to fetch; where
/// nothing changed for many of them, none is.
pub async fn set(admin: &Admin, by: &By, of: Of, entries: Vec<String>) -> Result<Vec<SettingView>, Error> {
    let entries = entries.iter().map(|entry| read_entry(entry)).collect::<Result<BTreeMap<_, _>, _>>()?;
    let (by, catalogue) = (by.clone(), admin.catalogue.current());
    admin
        .write(move |db| {
            let layer = reach(db, &by, &catalogue, &of, Action::EditDevices)?;
            let touched = brands_touched(db, &by, &layer)?;
            let held = read(db, &by, &layer)?;
            let mut settings = held.clone();
            for (key, value) in &entries {
                if value.is_empty() {
                    settings.remove(key);
                } else {
                    check(&catalogue, &touched, key, value)?;
                    settings.insert(key.clone(), value.clone());
                }
            }
            check_handsets(db, &by, &catalogue, &layer, &mut settings)?;
            if let Layer::Device(mac) = &layer {
                before::note(db, &by, &catalogue, *mac, |setup| setup.settings.clone_from(&settings))?;
            }
            save(db, &by, &layer, &settings)?;
            tell_many(db, &by, &layer, &changed(&held, &settings))?;
            let (node, subject) = named(db, &by, &layer)?;
            // Keys alone: values may be secrets.
            let keys: Vec<&str> = entries.keys().map(String::as_str).collect();
            by.audit(db, node, "settings.changed", &subject, &keys.join(", "))?;
            Ok(views(&catalogue, &settings))
        })
        .await
}

fn read_entry(entry: &str) -> Result<(String, String), Error> {
    let (key, value) = entry.split_once('=').ok_or_else(|| Error::invalid("setting", "write KEY=VALUE; KEY= takes a key out"))?;
    let (key, value) = (key.trim().to_owned(), value.trim().to_owned());
    check_setting(&key, &value).map_err(|error| Error::invalid("setting", error))?;
    Ok((key, value))
}

fn reach(db: &Db, by: &By, catalogue: &Catalogue, of: &Of, action: Action) -> Result<Layer, Error> {
    match of {
        Of::Node(names) => {
            let found = find(db, &by.scope(), names)?;
            by.may(action, &found.target, &policy_at(db, found.node)?)?;
            Ok(Layer::Node(found))
        }
        Of::Kind(name) => {
            by.may_platform(Action::OperatePlatform)?;
            let brand = catalogue.brand(name).map(|brand| brand.name().to_owned());
            let model = || catalogue.model(name).map(|(brand, model)| format!("{}/{}", brand.name(), model.name));
            let unknown = || Error::invalid("model", format!("unknown brand or model {name:?}; `ringfence brands list` names them"));
            Ok(Layer::Kind(brand.or_else(model).ok_or_else(unknown)?))
        }
        Of::Device(mac) => {
            let mac = parse_mac(mac)?;
            load(db, by, mac, action)?;
            Ok(Layer::Device(mac))
        }
    }
}

fn read(db: &Db, by: &By, layer: &Layer) -> Result<Settings, Error> {
    Ok(match layer {
        Layer::Node(found) => store::policy::settings(db, &by.scope(), found.node)?,
        Layer::Kind(name) => store::policy::model_settings(db, &by.scope(), name)?,
        Layer::Device(mac) => store::device::setup(db, &by.scope(), *mac)?.settings,
    })
}

fn save(db: &Db, by: &By, layer: &Layer, settings: &Settings) -> Result<(), Error> {
    match layer {
        Layer::Node(found) => store::policy::save_settings(db, &by.scope(), found.node, settings)?,
        Layer::Kind(name) => store::policy::save_model_settings(db, &by.scope(), name, settings)?,
        Layer::Device(mac) => {
            let (stored, _) = load(db, by, *mac, Action::EditDevices)?;
            let lines = store::device::setup(db, &by.scope(), *mac)?.lines;
            let setup = Setup { lines, settings: settings.clone() };
            store::device::save_setup(db, &by.scope(), *mac, &setup, stored.version)?;
            carry_out(db, by, &stored.device, &[Effect::Refetch])?;
        }
    }
    Ok(())
}

/// The keys that one of them has and the other has not, or has with another value.
fn changed(before: &Settings, after: &Settings) -> BTreeSet<String> {
    let differs = |key: &&String| before.get(*key) != after.get(*key);
    before.keys().chain(after.keys()).filter(differs).cloned().collect()
}

/// Tells the phones that share a layer to fetch; one phone's own is told with what is saved of it. A raw parameter is none of other brands'
/// phones.
fn tell_many(db: &Db, by: &By, layer: &Layer, changed: &BTreeSet<String>) -> Result<(), Error> {
    let concerns = |brand: &str| changed.iter().any(|key| key.strip_prefix("raw.").is_none_or(|raw| brand_of(raw, '.') == brand));
    if changed.is_empty() {
        return Ok(());
    }
    match layer {
        Layer::Device(_) => Ok(()),
        Layer::Node(found) => tell(db, found.node, by.now, |kind| concerns(brand_of(&kind.model, '/'))),
        Layer::Kind(name) => tell(db, Node::Operator, by.now, |kind| {
            let brand = brand_of(&kind.model, '/');
            (name == brand || *name == kind.model) && concerns(brand)
        }),
    }
}

/// The brand that a model's name or a raw parameter's begins with.
fn brand_of(name: &str, mark: char) -> &str {
    name.split(mark).next().unwrap_or_default()
}

/// Whose audit it is, and how the layer is called there.
fn named(db: &Db, by: &By, layer: &Layer) -> Result<(Node, String), Error> {
    Ok(match layer {
        Layer::Node(found) => (found.node, subject(db, found.node)?),
        Layer::Kind(name) => (Node::Operator, name.clone()),
        Layer::Device(mac) => (node_of(load(db, by, *mac, Action::ViewDevices)?.0.device.place), mac.to_string()),
    })
}

/// The brands whose phones a layer reaches today.
fn brands_touched(db: &Db, by: &By, layer: &Layer) -> Result<BTreeSet<String>, Error> {
    let brand_of = |model: &str| brand_of(model, '/').to_owned();
    let node = match layer {
        Layer::Kind(name) => return Ok(BTreeSet::from([brand_of(name)])),
        Layer::Device(mac) => return Ok(BTreeSet::from([brand_of(&load(db, by, *mac, Action::ViewDevices)?.0.device.model)])),
        Layer::Node(found) => found.node,
    };
    let mut touched = BTreeSet::new();
    each_kind(db, node, |kind| {
        touched.insert(brand_of(&kind.model));
        Ok(())
    })?;
    Ok(touched)
}

/// Refuses a value that a phone of these brands could not be served with, and one that no brand takes. What only phones refuse that are not
/// there is kept: not every brand knows every word.
fn check(catalogue: &Catalogue, touched: &BTreeSet<String>, key: &str, value: &str) -> Result<(), Error> {
    if let Some(brand) = catalogue.brands().iter().find(|brand| brand.is_default_password(key, value)) {
        // Whichever phones are there: a list of default passwords is tried everywhere.
        return Err(Error::invalid(
            "default_password",
            format!("setting {key}: {} phones come with this password, and everybody knows it", brand.display()),
        ));
    }
    if let Some(raw) = key.strip_prefix("raw.") {
        return check_raw(catalogue, raw);
    }
    if handset::key(key).is_some() {
        return Ok(());
    }
    let knowing: Vec<_> = catalogue.brands().iter().filter(|brand| brand.knows_setting(key)).collect();
    if knowing.is_empty() {
        return Err(Error::invalid(
            "setting",
            format!("setting {key}: no brand has it; the guides of the brands name those that there are"),
        ));
    }
    let refused: Vec<_> = knowing.iter().filter_map(|brand| Some((brand.name(), brand.check_setting(key, value).err()?))).collect();
    match refused.iter().find(|(brand, _)| touched.contains(*brand)).or(refused.first().filter(|_| refused.len() == knowing.len())) {
        None => Ok(()),
        Some((brand, why)) => Err(Error::invalid("setting", format!("{brand}: {why}"))),
    }
}

/// Handsets are one base's. Their fields are kept as `device add` keeps them.
fn check_handsets(db: &Db, by: &By, catalogue: &Catalogue, layer: &Layer, settings: &mut Settings) -> Result<(), Error> {
    if settings.keys().all(|key| handset::key(key).is_none()) {
        return Ok(());
    }
    let Layer::Device(mac) = layer else { return Err(Error::invalid("handset", "handsets belong to one base: say --device MAC")) };
    for (key, value) in settings.iter_mut() {
        if let Some((_, field)) = handset::key(key) {
            *value = handset::tidy(field, value)?;
        }
    }
    let model = load(db, by, *mac, Action::ViewDevices)?.0.device.model;
    catalogue.model(&model).map_or(Ok(()), |(_, model)| handset::check(settings, model))
}

fn check_raw(catalogue: &Catalogue, raw: &str) -> Result<(), Error> {
    let wrong = |why: &str| Err(Error::invalid("setting", format!("setting raw.{raw}: {why}")));
    let (name, parameter) = raw.split_once('.').unwrap_or((raw, ""));
    match catalogue.brands().iter().find(|brand| brand.name() == name) {
        None => wrong("there is no such brand; `ringfence brands list` names them"),
        Some(brand) if !brand.takes_raw(parameter) => {
            wrong("that is no parameter of the brand, or one that keeps its phones at this server")
        }
        Some(_) => Ok(()),
    }
}

fn views(catalogue: &Catalogue, settings: &Settings) -> Vec<SettingView> {
    let secret = |key: &str| is_secret(catalogue, key);
    let view = |(key, value): (&String, &String)| SettingView {
        key: key.clone(),
        value: if secret(key) { MASK.to_owned() } else { value.clone() },
    };
    settings.iter().map(view).collect()
}
