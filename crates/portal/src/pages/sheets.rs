//! Sheets and labels to print: MAC, PIN, name, and a code that opens the phone's page.

use axum::extract::State;
use minijinja::{Value, context};
use serde::Deserialize;

use super::answer::Answer;
use super::form::Query;
use super::qr::qr;
use super::template::view;
use super::visitor::Visitor;
use crate::App;
use crate::admin::Error;
use crate::admin::device::{self, Which, Why};

/// Which phones, and on what.
#[derive(Deserialize)]
pub(crate) struct Asked {
    /// A site, or a customer, by its id.
    #[serde(default)]
    site: String,
    /// These phones alone.
    #[serde(default)]
    mac: Vec<String>,
    /// `label`: one on each page.
    #[serde(default)]
    form: String,
    /// Phones that are in service already, too.
    #[serde(default)]
    all: String,
}

/// The sheet.
pub(crate) async fn show(State(app): State<App>, visitor: Visitor, Query(asked): Query<Asked>) -> Answer {
    let which = match (asked.site.is_empty(), asked.mac.is_empty(), &visitor.customer) {
        (false, _, _) => device::day_place(&app.admin, &visitor.by, &asked.site).await?.which,
        (true, false, _) => Which::default(),
        (true, true, Some(customer)) => device::day_place(&app.admin, &visitor.by, &customer.id).await?.which,
        (true, true, None) => return Err(Error::invalid("site", "say which site's or which phones' labels").into()),
    };
    let (mut rows, more) = device::day(&app.admin, &visitor.by, which, &asked.mac, Why::Sheet).await?;
    if asked.all.is_empty() && asked.mac.is_empty() {
        rows.retain(|row| row.tab != "done");
    }
    let address = app.public_url.trim_end_matches('/');
    let label = |row: &device::DayView| {
        let picture = Value::from_safe_string(qr(&format!("{address}/devices/{}", row.device.mac)));
        context! { device => view(&row.device), picture }
    };
    let labels: Vec<Value> = rows.iter().map(label).collect();
    let query = |form: &str, all: &str| {
        let mut pairs: Vec<(&str, &str)> = asked.mac.iter().map(|mac| ("mac", mac.as_str())).collect();
        pairs.extend([("site", asked.site.as_str()), ("form", form), ("all", all)].into_iter().filter(|(_, value)| !value.is_empty()));
        serde_html_form::to_string(&pairs).unwrap_or_default()
    };
    let context = context! {
        labels,
        more,
        single => asked.form == "label",
        all => !asked.all.is_empty(),
        chosen => !asked.mac.is_empty(),
        as_sheet => query("", &asked.all),
        as_labels => query("label", &asked.all),
        with_all => query(&asked.form, if asked.all.is_empty() { "yes" } else { "" }),
    };
    visitor.show("sheets.html", context)
}
