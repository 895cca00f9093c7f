//! What is rarely needed of a phone: its login by hand, *Allow Global Password (one time)*, lines of the brand's own, off and on.

use axum::extract::{Path, State};
use domain::Secret;
use domain::role::Action;
use minijinja::context;
use serde::{Deserialize, Serialize};

use super::answer::{Answer, back, see_other};
use super::ask::{Answered, Question};
use super::device::again;
use super::failure::Failure;
use super::form::Posted;
use super::phone::{Phone, wrong};
use super::sign_in::Nothing;
use super::template::view;
use super::visitor::Visitor;
use super::wrong::Wrong;
use crate::App;
use crate::admin::setting::{self, Of};
use crate::admin::{Error, device};

const TAB: &str = "advanced";

/// *Advanced*.
pub(crate) async fn show(State(app): State<App>, visitor: Visitor, Path(mac): Path<String>) -> Answer {
    let phone = Phone::of(&app, &visitor, &mac).await?;
    page(&app, &visitor, &phone, &Forms::default(), None).await
}

/// What was typed last, without passwords.
#[derive(Default, Serialize)]
struct Forms {
    user: String,
    parameter: String,
}

async fn page(app: &App, visitor: &Visitor, phone: &Phone, forms: &Forms, refused: Option<Wrong>) -> Answer {
    let outlook = device::outlook(&app.admin, &visitor.by, &phone.device.mac).await?;
    let all = setting::show(&app.admin, &visitor.by, Of::Device(phone.device.mac.clone())).await?;
    let prefix = format!("raw.{}.", phone.device.brand);
    let raw: Vec<_> = all.into_iter().filter(|setting| setting.key.starts_with(&prefix)).collect();
    let context = context! { outlook => view(outlook), raw => view(raw), prefix, forms => view(forms), ..phone.context(TAB) };
    again(visitor, "device_advanced.html", refused, context)
}

/// The switch.
#[derive(Deserialize)]
pub(crate) struct Switch {
    allow: String,
}

/// *Allow Global Password (one time)*.
pub(crate) async fn allow(State(app): State<App>, visitor: Visitor, Path(mac): Path<String>, Posted(form): Posted<Switch>) -> Answer {
    let phone = Phone::of(&app, &visitor, &mac).await?;
    let allow = yes_or_no(&form.allow)?;
    device::allow_global(&app.admin, &visitor.by, &phone.device.mac, allow).await?;
    Ok(back(&phone.page(TAB), if allow { "allowed" } else { "not-allowed" }))
}

/// *Yes* or *No* of a form, and nothing else.
pub(crate) fn yes_or_no(text: &str) -> Result<bool, Failure> {
    match text {
        "yes" => Ok(true),
        "no" => Ok(false),
        _ => Err(Error::invalid("body", "this is yes or no").into()),
    }
}

/// User and password.
#[derive(Deserialize)]
pub(crate) struct Login {
    user: String,
    password: Secret<String>,
}

/// Sets user and password by hand.
pub(crate) async fn set_login(State(app): State<App>, visitor: Visitor, Path(mac): Path<String>, Posted(form): Posted<Login>) -> Answer {
    let phone = Phone::of(&app, &visitor, &mac).await?;
    phone.must(Action::SetLogin)?;
    proved(&visitor, &phone)?;
    match device::set_login(&app.admin, &visitor.by, &phone.device.mac, form.user.trim(), &form.password).await {
        Ok(_) => Ok(back(&phone.page(TAB), "login-set")),
        Err(error) => {
            let forms = Forms { user: form.user, ..Forms::default() };
            page(&app, &visitor, &phone, &forms, Some(wrong(&visitor, error)?)).await
        }
    }
}

/// A form cannot be sent again after the password was given: the way leads to the page that it stood on.
fn proved(visitor: &Visitor, phone: &Phone) -> Result<(), Failure> {
    visitor.proved_lately().map_err(|failure| match failure {
        Failure::Prove(_) => Failure::Prove(phone.page(TAB)),
        other => other,
    })
}

/// Asks before the login is cleared.
pub(crate) async fn ask_clear(State(app): State<App>, visitor: Visitor, Path(mac): Path<String>) -> Answer {
    let phone = Phone::of(&app, &visitor, &mac).await?;
    phone.must(Action::SetLogin)?;
    let (title, effects) = (visitor.say("clear-title"), vec![visitor.say("clear-effect")]);
    let (about, action, to) = (phone.about(), phone.page("advanced/login/clear"), phone.page(TAB));
    visitor.ask(Action::SetLogin, &Question { title, about: &about, effects, action, fields: Vec::new(), back: &to })
}

/// Clears it.
pub(crate) async fn clear_login(
    State(app): State<App>,
    visitor: Visitor,
    Path(mac): Path<String>,
    Posted(form): Posted<Answered>,
) -> Answer {
    let phone = Phone::of(&app, &visitor, &mac).await?;
    if !form.yes() {
        return Ok(see_other(&phone.page(TAB)));
    }
    device::clear_login(&app.admin, &visitor.by, &phone.device.mac).await?;
    Ok(back(&phone.page(TAB), "login-cleared"))
}

/// Gives the phone a new login at its next fetch.
pub(crate) async fn rotate(
    State(app): State<App>,
    visitor: Visitor,
    Path(mac): Path<String>,
    Posted(Nothing {}): Posted<Nothing>,
) -> Answer {
    let phone = Phone::of(&app, &visitor, &mac).await?;
    device::rotate_login(&app.admin, &visitor.by, &phone.device.mac).await?;
    Ok(back(&phone.page(TAB), "login-rotated"))
}

/// A line of the brand's own.
#[derive(Deserialize)]
pub(crate) struct Raw {
    parameter: String,
    #[serde(default)]
    value: String,
}

/// Sets or, without a value, takes out a line of the brand's own.
pub(crate) async fn set_raw(State(app): State<App>, visitor: Visitor, Path(mac): Path<String>, Posted(form): Posted<Raw>) -> Answer {
    let phone = Phone::of(&app, &visitor, &mac).await?;
    phone.must(Action::EditDevices)?;
    let (parameter, value) = (form.parameter.trim(), form.value.trim());
    let set = if parameter.is_empty() || parameter.contains('=') {
        Err(Error::invalid("setting", "a parameter's name is not empty and holds no ="))
    } else {
        let entry = format!("raw.{}.{parameter}={value}", phone.device.brand);
        setting::set(&app.admin, &visitor.by, Of::Device(phone.device.mac.clone()), vec![entry]).await
    };
    match set {
        Ok(_) => Ok(back(&phone.page(TAB), if value.is_empty() { "setting-removed" } else { "setting-saved" })),
        Err(error) => {
            let forms = Forms { parameter: form.parameter, ..Forms::default() };
            page(&app, &visitor, &phone, &forms, Some(wrong(&visitor, error)?)).await
        }
    }
}

/// Off, or on again.
#[derive(Deserialize)]
pub(crate) struct Off {
    disabled: String,
}

/// Switches the phone off, or on.
pub(crate) async fn switch(State(app): State<App>, visitor: Visitor, Path(mac): Path<String>, Posted(form): Posted<Off>) -> Answer {
    let phone = Phone::of(&app, &visitor, &mac).await?;
    let disabled = yes_or_no(&form.disabled)?;
    device::disable(&app.admin, &visitor.by, &phone.device.mac, disabled).await?;
    Ok(back(&phone.page(TAB), if disabled { "disabled" } else { "enabled" }))
}
