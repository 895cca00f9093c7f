//! A phone's settings, each with the layer that it comes from; those of the phone alone are changed here.

use axum::extract::{Path, State};
use domain::role::Action;
use minijinja::context;
use serde::{Deserialize, Serialize};

use super::answer::{Answer, back};
use super::device::again;
use super::form::Posted;
use super::phone::{Phone, wrong};
use super::template::view;
use super::visitor::Visitor;
use super::wrong::Wrong;
use crate::App;
use crate::admin::setting::{self, Of};
use crate::admin::{Error, brands};

/// *Settings*.
pub(crate) async fn show(State(app): State<App>, visitor: Visitor, Path(mac): Path<String>) -> Answer {
    let phone = Phone::of(&app, &visitor, &mac).await?;
    page(&app, &visitor, &phone, &Setting::default(), None).await
}

/// One setting of this phone alone.
#[derive(Default, Deserialize, Serialize)]
pub(crate) struct Setting {
    #[serde(default)]
    key: String,
    /// Taken out of the phone's layer if empty.
    #[serde(default)]
    #[serde(skip_serializing)]
    value: String,
}

/// Sets it.
pub(crate) async fn save(State(app): State<App>, visitor: Visitor, Path(mac): Path<String>, Posted(form): Posted<Setting>) -> Answer {
    let phone = Phone::of(&app, &visitor, &mac).await?;
    phone.must(Action::EditDevices)?;
    match set(&app, &visitor, &phone, &form).await {
        Ok(()) => Ok(back(&phone.page("settings"), if form.value.trim().is_empty() { "setting-removed" } else { "setting-saved" })),
        Err(error) => page(&app, &visitor, &phone, &form, Some(wrong(&visitor, error)?)).await,
    }
}

async fn set(app: &App, visitor: &Visitor, phone: &Phone, form: &Setting) -> Result<(), Error> {
    if form.key.contains('=') {
        return Err(Error::invalid("setting", "a setting's name holds no ="));
    }
    let entry = format!("{}={}", form.key.trim(), form.value.trim());
    setting::set(&app.admin, &visitor.by, Of::Device(phone.device.mac.clone()), vec![entry]).await.map(drop)
}

async fn page(app: &App, visitor: &Visitor, phone: &Phone, form: &Setting, refused: Option<Wrong>) -> Answer {
    let all = setting::in_force(&app.admin, &visitor.by, &phone.device.mac).await?;
    let known = brands::known_settings(&app.admin, &phone.model());
    let context = context! { settings => view(all), known => view(known), form => view(form), ..phone.context("settings") };
    again(visitor, "device_settings.html", refused, context)
}
