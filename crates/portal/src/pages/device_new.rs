//! *Add phone*: what it is, where it stands, its first line; then its MAC and PIN, large.

use axum::extract::{Path, State};
use domain::Secret;
use domain::role::Action;
use minijinja::context;
use serde::{Deserialize, Serialize};

use super::answer::{Answer, see_other};
use super::device::again;
use super::device_acts::places;
use super::form::{Posted, Query};
use super::phone::{Phone, wrong};
use super::template::view;
use super::visitor::Visitor;
use super::wrong::Wrong;
use crate::App;
use crate::admin::device::{self, NewDevice};
use crate::admin::redirect::{Label, brands_that_need};
use crate::admin::tree::NodeNames;
use crate::admin::{Error, line};

/// A phone as it is typed.
#[derive(Default, Deserialize, Serialize)]
pub(crate) struct Form {
    #[serde(default)]
    mac: String,
    #[serde(default)]
    model: String,
    #[serde(default)]
    customer: String,
    #[serde(default)]
    site: String,
    #[serde(default)]
    label: String,
    #[serde(default)]
    user: String,
    #[serde(default, skip_serializing)]
    password: Option<Secret<String>>,
    #[serde(default)]
    server: String,
    #[serde(default)]
    extension: String,
    #[serde(default)]
    name: String,
    /// It may live by a trusted network or a suspension alone.
    #[serde(default)]
    by_trust: String,
    #[serde(default)]
    serial: String,
    #[serde(default)]
    mac_id: String,
}

/// The blank form; what the last phone had stands in it already.
pub(crate) async fn ask(State(app): State<App>, visitor: Visitor, Query(form): Query<Form>) -> Answer {
    if !visitor.may(Action::EditDevices) {
        return Err(Error::Forbidden.into());
    }
    page(&app, &visitor, form, None).await
}

async fn page(app: &App, visitor: &Visitor, mut form: Form, refused: Option<Wrong>) -> Answer {
    if let Some(customer) = visitor.customer.as_ref().filter(|_| form.customer.is_empty()) {
        form.customer.clone_from(&customer.name);
    }
    let of = Some(form.customer.clone()).filter(|customer| !customer.is_empty());
    let places = places(app, visitor, of).await?;
    let catalogue = app.admin.catalogue.current();
    let models = catalogue.brands().iter().flat_map(|brand| {
        brand.models().iter().map(
            |model| context! { path => format!("{}/{}", brand.name(), model.name), name => format!("{} {}", brand.display(), model.name) },
        )
    });
    let of = |brands: Vec<&str>| {
        let shown = brands.into_iter().filter_map(|brand| catalogue.brand(brand)).map(brands::Brand::display);
        shown.collect::<Vec<_>>().join(", ")
    };
    let context = context! {
        form => view(&form),
        places => view(places),
        models => models.collect::<Vec<_>>(),
        serial_brands => of(brands_that_need("serial")),
        mac_id_brands => of(brands_that_need("mac_id")),
    };
    again(visitor, "device_new.html", refused, context)
}

/// Adds it.
pub(crate) async fn add(State(app): State<App>, visitor: Visitor, Posted(form): Posted<Form>) -> Answer {
    if !visitor.may(Action::EditDevices) {
        return Err(Error::Forbidden.into());
    }
    match add_as_typed(&app, &visitor, &form).await {
        Ok(mac) => Ok(see_other(&format!("/devices/{mac}/added"))),
        Err(error) => page(&app, &visitor, form, Some(wrong(&visitor, error)?)).await,
    }
}

async fn add_as_typed(app: &App, visitor: &Visitor, form: &Form) -> Result<String, Error> {
    let given = |text: &str| Some(text.trim().to_owned()).filter(|text| !text.is_empty());
    // One's own customer, or the chosen one if its name was not typed over.
    let chosen = visitor.customer.as_ref().filter(|chosen| chosen.own || chosen.name == form.customer.trim());
    let customer = chosen.map(|chosen| chosen.id.clone()).or_else(|| given(&form.customer));
    let place = NodeNames { reseller: None, customer, site: given(&form.site) };
    let new = NewDevice {
        mac: form.mac.trim().to_owned(),
        place,
        model: model(&form.model),
        label: form.label.clone(),
        lines: first_line(form)?.into_iter().collect(),
        by_trust: form.by_trust == "yes",
        printed: Label { serial: given(&form.serial), mac_id: given(&form.mac_id) },
        ..NewDevice::default()
    };
    Ok(device::add(&app.admin, &visitor.by, new).await?.mac)
}

/// `yealink/T54W`; people write `Yealink T54W`, too.
fn model(typed: &str) -> String {
    let typed = typed.trim();
    match typed.split_once(' ').filter(|_| !typed.contains('/')) {
        Some((brand, model)) => format!("{}/{}", brand.to_lowercase(), model.trim()),
        None => typed.to_owned(),
    }
}

/// None if all of it is blank.
fn first_line(form: &Form) -> Result<Option<domain::settings::Line>, Error> {
    let fields = [("user", &form.user), ("server", &form.server), ("extension", &form.extension), ("name", &form.name)];
    let no_password = form.password.as_ref().is_none_or(|password| password.expose().is_empty());
    if fields.iter().all(|(_, value)| value.trim().is_empty()) && no_password {
        return Ok(None);
    }
    let mut first = line::empty();
    for (key, value) in fields {
        if !value.trim().is_empty() {
            line::set(&mut first, key, value.trim())?;
        }
    }
    first.password = form.password.clone().unwrap_or_else(|| Secret::from(""));
    line::check(&first)?;
    Ok(Some(first))
}

/// MAC and PIN of the phone that was just added, for whoever hangs it up.
pub(crate) async fn added(State(app): State<App>, visitor: Visitor, Path(mac): Path<String>) -> Answer {
    let phone = Phone::of(&app, &visitor, &mac).await?;
    let pin = if phone.may(Action::RevealPin) { device::show(&app.admin, &visitor.by, &phone.device.mac).await?.pin } else { None };
    let outlook = device::outlook(&app.admin, &visitor.by, &phone.device.mac).await?;
    visitor.show("device_added.html", context! { pin, outlook => view(outlook), ..phone.context("") })
}

#[cfg(test)]
mod tests {
    #[test]
    fn a_model_is_read_as_people_write_it() {
        for (typed, path) in [(" yealink/T54W ", "yealink/T54W"), ("Yealink T54W", "yealink/T54W"), ("T54W", "T54W"), ("", "")] {
            assert_eq!(super::model(typed), path);
        }
    }
}
