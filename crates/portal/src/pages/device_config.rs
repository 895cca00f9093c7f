//! A phone's files as it would get them now, line by line with where each comes from, and what changed since it fetched last.

use axum::extract::{Path, State};
use minijinja::context;
use serde::{Deserialize, Serialize};

use super::answer::Answer;
use super::device::again;
use super::form::Query;
use super::phone::{Phone, wrong};
use super::template::view;
use super::visitor::Visitor;
use crate::App;
use crate::admin::brands::{self, Preview};
use crate::admin::compare::{Comparison, compare};

/// Which file.
#[derive(Deserialize, Serialize)]
pub(crate) struct Wanted {
    #[serde(default)]
    file: String,
    /// As the phone gets it before it is cleared.
    #[serde(default)]
    restricted: String,
}

/// *Config*.
pub(crate) async fn show(State(app): State<App>, visitor: Visitor, Path(mac): Path<String>, Query(asked): Query<Wanted>) -> Answer {
    let phone = Phone::of(&app, &visitor, &mac).await?;
    let (admin, by, mac) = (&app.admin, &visitor.by, phone.device.mac.as_str());
    let files = brands::files(admin, by, mac).await?;
    let file = Some(asked.file.clone()).filter(|file| !file.is_empty());
    let preview = Preview { file, restricted: asked.restricted == "yes", why: true };
    let (rendered, refused) = match brands::render(admin, by, mac, preview).await {
        Ok(rendered) => (Some(rendered), None),
        Err(error) => (None, Some(wrong(&visitor, error)?)),
    };
    // A file that cannot be made now cannot be compared either.
    let comparison = if refused.is_none() { compare(admin, by, mac).await? } else { Comparison::default() };
    let context = context! {
        files => view(files),
        asked => view(asked),
        rendered => view(rendered),
        comparison => view(comparison),
        ..phone.context("config")
    };
    again(&visitor, "device_config.html", refused, context)
}
