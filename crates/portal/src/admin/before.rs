//! What a phone was set to when it fetched last. A fetch notes nothing, so that the phones' way stays as short as it is: the first change
//! after a fetch keeps what was there before it, with its secrets masked.

use std::collections::BTreeSet;

use ::brands::Catalogue;
use domain::device::{Device, Origin};
use domain::settings::{Line, Settings};
use domain::{Mac, Secret};
use serde::{Deserialize, Serialize};
use store::Db;
use store::before::Before;
use store::device::Setup;
use store::seen::Served;

use super::setting::{MASK, is_secret};
use super::{By, Error};

/// A former setup, its secrets masked.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Was {
    /// Brand and model.
    pub model: String,
    /// Its lines.
    pub lines: Vec<Line>,
    /// Its own settings.
    pub settings: Settings,
    /// Which secrets were changed since: the settings' keys, and `line 1` and so on. Masked they look alike.
    #[serde(default)]
    pub secrets: BTreeSet<String>,
}

/// Keeps what a phone is set to now, before `change` is saved. Nothing if it never fetched, or nothing changes.
pub(crate) fn note(db: &Db, by: &By, catalogue: &Catalogue, mac: Mac, change: impl FnOnce(&mut Setup)) -> Result<(), Error> {
    let device = store::device::by_mac(db, &by.scope(), mac)?.device;
    let Some(served) = last_full(db, by, &device)? else { return Ok(()) };
    let now = store::device::setup(db, &by.scope(), mac)?;
    let mut next = now.clone();
    change(&mut next);
    if next == now {
        return Ok(());
    }
    let changed = changed_secrets(catalogue, &now, &next);
    let noted = match kept(db, by, mac)? {
        // It has not fetched since: what was kept is still what it has.
        Some((before, was)) if before.at > served.at => {
            let secrets = was.secrets.union(&changed).cloned().collect();
            (before.at, Was { secrets, ..was })
        }
        _ => (by.now, masked(catalogue, device.model, now, changed)),
    };
    let text = serde_json::to_string(&noted.1).map_err(|_| Error::Failed("a former setup cannot be written".into()))?;
    Ok(store::before::keep(db, mac, &Before { at: noted.0, text })?)
}

/// When and where a phone got its configuration last: of a phone that was never handed its full one there is nothing to compare with.
pub(crate) fn last_full(db: &Db, by: &By, device: &Device) -> Result<Option<Served>, Error> {
    let auth = &device.auth;
    let handed =
        auth.live.is_some() || auth.pending.as_ref().is_some_and(|pending| pending.origin == Origin::OneStep && pending.deliveries > 0);
    let seen = if handed { store::seen::seen(db, &by.scope(), device.mac)? } else { None };
    Ok(seen.and_then(|seen| seen.served))
}

/// What was kept, if it reads.
pub(crate) fn kept(db: &Db, by: &By, mac: Mac) -> Result<Option<(Before, Was)>, Error> {
    let before = store::before::find(db, &by.scope(), mac)?;
    Ok(before.and_then(|before| serde_json::from_str(&before.text).ok().map(|was| (before, was))))
}

fn masked(catalogue: &Catalogue, model: String, setup: Setup, secrets: BTreeSet<String>) -> Was {
    let hide = |settings: Settings| settings.into_iter().map(|(key, value)| (key.clone(), hidden(catalogue, &key, value))).collect();
    let line = |line: Line| Line { password: Secret::from(MASK), settings: hide(line.settings.clone()), ..line };
    Was { model, lines: setup.lines.into_iter().map(line).collect(), settings: hide(setup.settings), secrets }
}

fn hidden(catalogue: &Catalogue, key: &str, value: String) -> String {
    if is_secret(catalogue, key) { MASK.to_owned() } else { value }
}

fn changed_secrets(catalogue: &Catalogue, now: &Setup, next: &Setup) -> BTreeSet<String> {
    let keys: BTreeSet<&String> = now.settings.keys().chain(next.settings.keys()).collect();
    let differs = |key: &&String| is_secret(catalogue, key) && now.settings.get(*key) != next.settings.get(*key);
    let settings = keys.into_iter().filter(differs).cloned();
    let lines = now.lines.iter().zip(&next.lines).zip(1..);
    let passwords = lines.filter(|((now, next), _)| now.password != next.password).map(|(_, number)| format!("line {number}"));
    settings.chain(passwords).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn setup(password: &str, menu: &str) -> Setup {
        let line = crate::admin::line::parse(&format!("user=2001,password={password},server=sip.example.com")).unwrap();
        let settings = [("admin_password", menu), ("time_zone", "+1")].map(|(key, value)| (key.to_owned(), value.to_owned()));
        Setup { lines: vec![line], settings: settings.into() }
    }

    #[test]
    fn what_is_kept_holds_no_secret_and_tells_which_changed() {
        let catalogue = Catalogue::embedded();
        let (now, next) = (setup("line-secret-7", "menu-secret-7"), setup("line-secret-8", "menu-secret-8"));
        let was = masked(&catalogue, "yealink/T46S".into(), now.clone(), changed_secrets(&catalogue, &now, &next));
        let text = serde_json::to_string(&was).unwrap();
        assert!(!text.contains("secret-7") && text.contains("time_zone"), "{text}");
        assert_eq!(was.secrets.iter().collect::<Vec<_>>(), ["admin_password", "line 1"]);
        assert_eq!(changed_secrets(&catalogue, &now, &now), BTreeSet::new());
    }
}
