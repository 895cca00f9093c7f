//! What a phone's page says of its brand's redirect service, and what can be done about it there.

use axum::extract::{Path, State};
use domain::Secret;
use domain::role::Action;
use serde::{Deserialize, Serialize};

use super::answer::{Answer, back};
use super::device::{Reveals, overview};
use super::device_advanced::yes_or_no;
use super::failure::Failure;
use super::form::Posted;
use super::phone::{Phone, wrong};
use super::sign_in::Nothing;
use super::visitor::Visitor;
use crate::App;
use crate::admin::Error;
use crate::admin::redirect::{self, Label, StandingView};

/// Where the panel stands on the page.
const PANEL: &str = "#redirect";

/// What the panel shows.
#[derive(Serialize)]
pub(super) struct Panel {
    #[serde(flatten)]
    standing: StandingView,
    /// The address for entering by hand may be asked for.
    gives_address: bool,
}

/// How the phone stands.
pub(super) async fn panel(app: &App, visitor: &Visitor, phone: &Phone) -> Result<Panel, Failure> {
    let standing = redirect::standing(&app.admin, &visitor.by, &phone.device.mac).await?;
    let gives_address = phone.may(Action::AllowGlobal) && visitor.may(Action::EditRedirects);
    Ok(Panel { standing, gives_address })
}

/// Serial number and MAC-ID as they are typed.
#[derive(Deserialize)]
pub(crate) struct Typed {
    serial: Option<String>,
    mac_id: Option<String>,
}

/// Keeps what stands on the label.
pub(crate) async fn set_label(State(app): State<App>, visitor: Visitor, Path(mac): Path<String>, Posted(typed): Posted<Typed>) -> Answer {
    let phone = Phone::of(&app, &visitor, &mac).await?;
    let label = Label { serial: typed.serial, mac_id: typed.mac_id };
    match redirect::set_label(&app.admin, &visitor.by, &phone.device.mac, label).await {
        Ok(_) => Ok(back(&format!("{}{PANEL}", phone.page("")), "label-kept")),
        Err(error) => refused(&app, &visitor, &phone, error).await,
    }
}

/// The mark.
#[derive(Deserialize)]
pub(crate) struct Mark {
    by_hand: String,
}

/// Marks the phone as registered by hand, or takes the mark away.
pub(crate) async fn mark(State(app): State<App>, visitor: Visitor, Path(mac): Path<String>, Posted(form): Posted<Mark>) -> Answer {
    let phone = Phone::of(&app, &visitor, &mac).await?;
    let is_by_hand = yes_or_no(&form.by_hand)?;
    match redirect::mark_by_hand(&app.admin, &visitor.by, &phone.device.mac, is_by_hand).await {
        Ok(_) => Ok(back(&format!("{}{PANEL}", phone.page("")), if is_by_hand { "by-hand" } else { "not-by-hand" })),
        Err(error) => refused(&app, &visitor, &phone, error).await,
    }
}

/// Shows the PIN that the service hands out; audited.
pub(crate) async fn show_pin(
    State(app): State<App>,
    visitor: Visitor,
    Path(mac): Path<String>,
    Posted(Nothing {}): Posted<Nothing>,
) -> Answer {
    let phone = Phone::of(&app, &visitor, &mac).await?;
    phone.must(Action::RevealPin)?;
    visitor.proved_for(&phone.page(""))?;
    let shown = redirect::pin(&app.admin, &visitor.by, &phone.device.mac).await?;
    reveal(&app, &visitor, &phone, shown, |service_pin| Reveals { service_pin, ..Reveals::default() }).await
}

/// Shows the address for entering by hand; audited.
pub(crate) async fn show_address(
    State(app): State<App>,
    visitor: Visitor,
    Path(mac): Path<String>,
    Posted(Nothing {}): Posted<Nothing>,
) -> Answer {
    let phone = Phone::of(&app, &visitor, &mac).await?;
    phone.must(Action::AllowGlobal)?;
    visitor.must(Action::EditRedirects)?;
    visitor.proved_for(&phone.page(""))?;
    match redirect::address(&app.admin, &visitor.by, &phone.device.mac).await {
        Ok(address) => reveal(&app, &visitor, &phone, Some(address), |address| Reveals { address, ..Reveals::default() }).await,
        Err(error) => refused(&app, &visitor, &phone, error).await,
    }
}

/// The page, with what was wrong.
async fn refused(app: &App, visitor: &Visitor, phone: &Phone, error: Error) -> Answer {
    overview(app, visitor, phone, Reveals { wrong: Some(wrong(visitor, error)?), ..Reveals::default() }).await
}

async fn reveal(
    app: &App,
    visitor: &Visitor,
    phone: &Phone,
    secret: Option<Secret<String>>,
    as_what: fn(Option<String>) -> Reveals,
) -> Answer {
    overview(app, visitor, phone, as_what(secret.map(|secret| secret.expose().clone()))).await
}
