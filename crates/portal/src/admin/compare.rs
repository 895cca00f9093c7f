//! What a phone would fetch now, beside what it fetched last.
//!
//! What it fetched is made anew from what the phone was set to then (see [`super::before`]) and from the platform as it is today. What was
//! set above the phone since is told by its time; what a new version of the server changes, and the phone book, are not looked at.

use domain::Mac;
use domain::role::Action;
use domain::tenancy::{Node, Place};
use serde::Serialize;
use store::Db;
use store::device::{Setup, Stored};

use super::brands::{Preview, within};
use super::device::{load, parse_mac};
use super::policy::subject;
use super::{Admin, By, Error, before};

mod diff;

pub use self::diff::{Kind, Row};

/// The comparison.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Comparison {
    /// When the phone last fetched its full configuration; nothing can be compared with if it never did.
    pub last_fetch: Option<String>,
    /// The first change of the phone's own lines and settings after that.
    pub changed: Option<String>,
    /// Lines that are gone or new, with some around them.
    pub rows: Vec<Row>,
    /// Secrets that were changed: settings' keys, `line 1` and so on.
    pub secrets: Vec<String>,
    /// What was set above the phone since.
    pub above: Vec<Above>,
}

/// Settings or a policy that were changed above the phone.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Above {
    /// When.
    pub time: String,
    /// `settings` or `policy`.
    pub what: &'static str,
    /// Whose.
    pub of: String,
}

/// Compares a phone's own file with what it fetched last. Secrets are masked.
pub async fn compare(admin: &Admin, by: &By, mac: &str) -> Result<Comparison, Error> {
    let (mac, by, admin_too) = (parse_mac(mac)?, by.clone(), admin.clone());
    let look = move |db: &Db| {
        let (stored, policy) = load(db, &by, mac, Action::ViewDevices)?;
        let Some(served) = before::last_full(db, &by, &stored.device)? else { return Ok(Comparison::default()) };
        let kept = before::kept(db, &by, mac)?.filter(|(kept, _)| kept.at > served.at);
        let mut found = Comparison { last_fetch: Some(served.at.rfc3339()), ..Comparison::default() };
        found.above = above(db, mac, &stored, served.at)?;
        if let Some((kept, was)) = kept {
            found.changed = Some(kept.at.rfc3339());
            let file = |stored: &Stored, setup: &Setup| {
                let preview = Preview { why: true, ..Preview::default() };
                let lines = within(db, &admin_too, &by, (stored, setup), &policy, &preview)?.lines.unwrap_or_default();
                Ok::<_, Error>(lines.into_iter().map(|line| line.text).collect::<Vec<_>>())
            };
            let now = file(&stored, &store::device::setup(db, &by.scope(), mac)?)?;
            let mut then = stored;
            then.device.model = was.model;
            let then = file(&then, &Setup { lines: was.lines, settings: was.settings })?;
            found.rows = diff::rows(&then, &now);
            found.secrets = was.secrets.into_iter().collect();
        }
        Ok(found)
    };
    admin.read(look).await
}

/// Compares two texts.
pub(crate) fn texts(before: &str, now: &str) -> Vec<Row> {
    let lines = |text: &str| text.lines().map(str::to_owned).collect::<Vec<_>>();
    diff::rows(&lines(before), &lines(now))
}

/// What was changed at the nodes above a phone, and for its brand and model: the latest of each.
fn above(db: &Db, mac: Mac, stored: &Stored, after: domain::Time) -> Result<Vec<Above>, Error> {
    let model = &stored.device.model;
    let kinds = [model.as_str(), model.split('/').next().unwrap_or_default()];
    let mut found: Vec<Above> = Vec::new();
    for node in chain(stored.device.place) {
        let own = subject(db, node)?;
        for kept in store::audit::since(db, node, after, ["settings.changed", Action::EditPolicy.code()], 500)? {
            let of = kept.entry.subject;
            let counts = of == own || (node == Node::Operator && kinds.contains(&of.as_str()));
            let what = if kept.entry.action == Action::EditPolicy.code() { "policy" } else { "settings" };
            if counts && of != mac.to_string() && !found.iter().any(|known| known.of == of && known.what == what) {
                found.push(Above { time: kept.entry.at.rfc3339(), what, of });
            }
        }
    }
    Ok(found)
}

fn chain(place: Place) -> impl Iterator<Item = Node> {
    let nodes =
        [place.site.map(Node::Site), Some(Node::Customer(place.customer)), place.reseller.map(Node::Reseller), Some(Node::Operator)];
    nodes.into_iter().flatten()
}
