//! The lines of a phone as people see and change them. A password goes in, and never out.

use std::collections::BTreeMap;

use domain::role::{Action, Target, may};
use domain::settings::Line;
use domain::{Secret, settings::Transport};
use serde::Serialize;
use store::Db;

use super::update::{DeviceChange, update};
use super::view::DeviceView;
use super::{load, parse_mac};
use crate::admin::{Admin, By, Error, line};

/// A line, without its password.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct LineView {
    /// From 1.
    pub number: usize,
    /// The user of its address.
    pub user: String,
    /// The name that it proves itself with, if that is not the user.
    pub auth_user: Option<String>,
    /// Where it registers.
    pub server: String,
    /// The server's port.
    pub port: Option<u16>,
    /// `udp`, `tcp` or `tls`.
    pub transport: &'static str,
    /// Where its requests go first.
    pub outbound_proxy: Option<String>,
    /// The number that people dial.
    pub extension: Option<String>,
    /// The name on the display.
    pub name: Option<String>,
}

/// A line as somebody wants it.
#[derive(Clone, Debug, Default)]
pub struct LineEdit {
    /// The number of the line that it was; a new one if absent.
    pub was: Option<usize>,
    /// Fields by their names, as on the command line. An empty password keeps the one that is there.
    pub fields: BTreeMap<&'static str, Secret<String>>,
}

/// The lines of a phone.
pub async fn lines(admin: &Admin, by: &By, mac: &str) -> Result<Vec<LineView>, Error> {
    let (mac, by) = (parse_mac(mac)?, by.clone());
    let look = move |db: &Db| {
        load(db, &by, mac, Action::ViewDevices)?;
        Ok(store::device::setup(db, &by.scope(), mac)?.lines.into_iter().zip(1..).map(|(line, number)| view(line, number)).collect())
    };
    admin.read(look).await
}

/// Puts lines in place of those that are there; `expected`: only this version of the phone.
///
/// Whoever may not see passwords may not send a kept one elsewhere either: with another server the password is given anew.
pub async fn edit_lines(admin: &Admin, by: &By, mac: &str, edits: Vec<LineEdit>, expected: Option<i64>) -> Result<DeviceView, Error> {
    let (parsed, by_too) = (parse_mac(mac)?, by.clone());
    let look = move |db: &Db| {
        let (stored, policy) = load(db, &by_too, parsed, Action::EditDevices)?;
        let reveals = may(by_too.actor, Action::RevealPassword, &Target::from(stored.device.place), &policy);
        Ok((store::device::setup(db, &by_too.scope(), parsed)?.lines, stored.version, reveals))
    };
    let (kept, version, reveals) = admin.read(look).await?;
    let lines = edits.iter().map(|edit| read(edit, &kept, reveals)).collect::<Result<Vec<_>, _>>()?;
    let change = DeviceChange { lines: Some(lines), ..DeviceChange::default() };
    update(admin, by, mac, change, Some(expected.unwrap_or(version))).await
}

fn read(edit: &LineEdit, kept: &[Line], reveals: bool) -> Result<Line, Error> {
    let was = edit.was.and_then(|number| kept.get(number.checked_sub(1)?));
    let mut next = line::empty();
    let given = |key: &str| edit.fields.get(key).map(Secret::expose).filter(|value| !value.is_empty());
    for (key, value) in &edit.fields {
        if !value.expose().is_empty() {
            line::set(&mut next, key, value.expose())?;
        }
    }
    if let Some(was) = was {
        next.settings.clone_from(&was.settings);
        if given("password").is_none() {
            let elsewhere = next.server != was.server || next.outbound_proxy != was.outbound_proxy;
            if elsewhere && !reveals {
                return Err(Error::invalid("line", "line: with another server, give the password anew"));
            }
            next.password = was.password.clone();
        }
    }
    line::check(&next)?;
    Ok(next)
}

fn view(line: Line, number: usize) -> LineView {
    LineView {
        number,
        user: line.user,
        auth_user: line.auth_user,
        server: line.server,
        port: line.port,
        transport: match line.transport {
            Transport::Udp => "udp",
            Transport::Tcp => "tcp",
            Transport::Tls => "tls",
        },
        outbound_proxy: line.outbound_proxy,
        extension: line.extension,
        name: line.name,
    }
}
