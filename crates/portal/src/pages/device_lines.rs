//! A phone's lines: shown without their passwords, changed all at once.

use std::collections::BTreeMap;

use axum::extract::{Path, State};
use domain::Secret;
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
use crate::admin::device::{self, LineEdit, LineView};
use crate::admin::{Error, brands};

/// *Lines*.
pub(crate) async fn show(State(app): State<App>, visitor: Visitor, Path(mac): Path<String>) -> Answer {
    let phone = Phone::of(&app, &visitor, &mac).await?;
    let lines = device::lines(&app.admin, &visitor.by, &phone.device.mac).await?;
    let rows = lines.into_iter().map(Row::from).collect();
    page(&app, &visitor, &phone, rows, phone.device.version, None)
}

/// Lines as a form sends them: one value of each field for each line. The last may be blank: it is no line.
#[derive(Deserialize)]
pub(crate) struct Form {
    version: i64,
    #[serde(default)]
    was: Vec<String>,
    #[serde(default)]
    user: Vec<String>,
    #[serde(default)]
    auth_user: Vec<String>,
    #[serde(default)]
    password: Vec<Secret<String>>,
    #[serde(default)]
    server: Vec<String>,
    #[serde(default)]
    port: Vec<String>,
    #[serde(default)]
    transport: Vec<String>,
    #[serde(default)]
    outbound_proxy: Vec<String>,
    #[serde(default)]
    extension: Vec<String>,
    #[serde(default)]
    name: Vec<String>,
    /// Numbers of lines that go.
    #[serde(default)]
    remove: Vec<String>,
}

/// A line as the form shows it.
#[derive(Debug, Default, Serialize)]
struct Row {
    was: String,
    user: String,
    auth_user: String,
    server: String,
    port: String,
    transport: String,
    outbound_proxy: String,
    extension: String,
    name: String,
}

impl From<LineView> for Row {
    fn from(line: LineView) -> Self {
        Self {
            was: line.number.to_string(),
            user: line.user,
            auth_user: line.auth_user.unwrap_or_default(),
            server: line.server,
            port: line.port.map(|port| port.to_string()).unwrap_or_default(),
            transport: line.transport.to_owned(),
            outbound_proxy: line.outbound_proxy.unwrap_or_default(),
            extension: line.extension.unwrap_or_default(),
            name: line.name.unwrap_or_default(),
        }
    }
}

impl Form {
    /// What was typed, line by line; without passwords.
    fn rows(&self) -> Result<Vec<Row>, Error> {
        let count = self.user.len();
        let same =
            [&self.was, &self.auth_user, &self.server, &self.port, &self.transport, &self.outbound_proxy, &self.extension, &self.name];
        if same.iter().any(|field| field.len() != count) || self.password.len() != count {
            return Err(Error::invalid("body", "every line has every field"));
        }
        let row = |at: usize| {
            let value = |field: &Vec<String>| field[at].trim().to_owned();
            Row {
                was: value(&self.was),
                user: value(&self.user),
                auth_user: value(&self.auth_user),
                server: value(&self.server),
                port: value(&self.port),
                transport: value(&self.transport),
                outbound_proxy: value(&self.outbound_proxy),
                extension: value(&self.extension),
                name: value(&self.name),
            }
        };
        Ok((0..count).map(row).collect())
    }

    fn edits(&self, rows: &[Row]) -> Vec<LineEdit> {
        let wanted = |(row, _): &(&Row, &Secret<String>)| {
            let blank = row.was.is_empty() && row.user.is_empty() && row.server.is_empty();
            !blank && (row.was.is_empty() || !self.remove.contains(&row.was))
        };
        rows.iter().zip(&self.password).filter(wanted).map(|(row, password)| edit(row, password)).collect()
    }
}

fn edit(row: &Row, password: &Secret<String>) -> LineEdit {
    let fields = [
        ("user", &row.user),
        ("auth_user", &row.auth_user),
        ("server", &row.server),
        ("port", &row.port),
        ("transport", &row.transport),
        ("outbound_proxy", &row.outbound_proxy),
        ("extension", &row.extension),
        ("name", &row.name),
    ];
    let mut fields: BTreeMap<&'static str, Secret<String>> =
        fields.into_iter().map(|(key, value)| (key, Secret::new(value.clone()))).collect();
    fields.insert("password", password.clone());
    LineEdit { was: row.was.parse().ok(), fields }
}

/// Saves them.
pub(crate) async fn save(State(app): State<App>, visitor: Visitor, Path(mac): Path<String>, Posted(form): Posted<Form>) -> Answer {
    let phone = Phone::of(&app, &visitor, &mac).await?;
    phone.must(Action::EditDevices)?;
    let rows = form.rows()?;
    let edits = form.edits(&rows);
    match device::edit_lines(&app.admin, &visitor.by, &phone.device.mac, edits, Some(form.version)).await {
        Ok(_) => Ok(back(&phone.page("lines"), "lines-saved")),
        Err(error) => page(&app, &visitor, &phone, rows, form.version, Some(wrong(&visitor, error)?)),
    }
}

fn page(app: &App, visitor: &Visitor, phone: &Phone, mut rows: Vec<Row>, version: i64, refused: Option<Wrong>) -> Answer {
    let accounts = brands::accounts(&app.admin, &phone.model());
    let blank = rows.last().is_some_and(|row| row.was.is_empty());
    if phone.may(Action::EditDevices) && !blank && rows.len() < accounts {
        rows.push(Row { transport: "udp".into(), ..Row::default() });
    }
    again(visitor, "device_lines.html", refused, context! { rows => view(rows), version, accounts, ..phone.context("lines") })
}
