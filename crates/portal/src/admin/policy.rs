//! Policies: what is asked of phones.

pub mod sheet;

use std::collections::{BTreeMap, BTreeSet};

use domain::policy::{DEFAULTS, Patch, Policy};
use domain::role::Action;
use domain::settings::Layer;
use domain::tenancy::Node;
use serde::Serialize;
use store::Db;
use utoipa::ToSchema;

use super::tree::{NodeNames, find, names, policy_at};
use super::{Admin, By, Error, trusting};

/// One key in force.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct PolicyValue {
    /// Its value.
    pub value: String,
    /// The node above that set it, or `default`; absent if this node did.
    pub inherited_from: Option<String>,
}

/// All keys in force.
pub type PolicyView = BTreeMap<String, PolicyValue>;

/// The policy in force at a node.
pub async fn show(admin: &Admin, by: &By, at: NodeNames) -> Result<PolicyView, Error> {
    let by = by.clone();
    admin
        .read(move |db| {
            let found = find(db, &by.scope(), &at)?;
            by.may(Action::ViewPolicy, &found.target, &policy_at(db, found.node)?)?;
            view(db, &by, found.node)
        })
        .await
}

/// Sets keys at a node, `KEY=VALUE` each; an empty value takes the key back to what is inherited. `by_trust`: phones may come to live by
/// trusted network or suspension alone.
pub async fn set(admin: &Admin, by: &By, at: NodeNames, entries: Vec<String>, by_trust: bool) -> Result<PolicyView, Error> {
    let entries = entries.iter().map(|entry| read_entry(entry)).collect::<Result<Vec<_>, _>>()?;
    let (by, catalogue) = (by.clone(), admin.catalogue.current());
    // Only this key can bring a phone there.
    let looks = !by_trust && entries.iter().any(|(key, _)| key == "pin");
    admin
        .write(move |db| {
            let found = find(db, &by.scope(), &at)?;
            by.may(Action::EditPolicy, &found.target, &policy_at(db, found.node)?)?;
            let mut patch = store::policy::patch(db, &by.scope(), found.node)?;
            let before = patch.clone();
            for (key, value) in &entries {
                match value {
                    Some(value) => drop(patch.0.insert(key.clone(), value.clone())),
                    None => drop(patch.0.remove(key)),
                }
            }
            let lived = if looks { trusting::below(db, &catalogue, found.node)? } else { BTreeSet::new() };
            store::policy::save_patch(db, &by.scope(), found.node, &patch)?;
            if looks {
                let live = trusting::below(db, &catalogue, found.node)?;
                let new: Vec<_> = live.difference(&lived).cloned().collect();
                if !new.is_empty() {
                    return Err(trusting::refused(&new));
                }
            }
            by.audit(db, found.node, Action::EditPolicy.code(), &subject(db, found.node)?, &changes(&before, &patch))?;
            view(db, &by, found.node)
        })
        .await
}

/// Checks an entry alone, so that the message can name the key.
fn read_entry(entry: &str) -> Result<(String, Option<String>), Error> {
    let (key, value) = entry.split_once('=').ok_or_else(|| Error::invalid("policy", format!("{entry:?}: write KEY=VALUE")))?;
    let (key, value) = (key.trim(), value.trim());
    let mut scratch = Policy::default();
    let probe = if value.is_empty() { scratch.value(key).unwrap_or_default() } else { value.to_owned() };
    scratch.set(key, &probe).map_err(|error| Error::invalid("policy", error))?;
    Ok((key.to_owned(), (!value.is_empty()).then(|| value.to_owned())))
}

fn view(db: &Db, by: &By, node: Node) -> Result<PolicyView, Error> {
    let inherited = store::policy::inherited(db, &by.scope(), node)?;
    let own = match node {
        Node::Operator => Layer::Operator,
        Node::Reseller(_) => Layer::Reseller,
        Node::Customer(_) => Layer::Customer,
        Node::Site(_) => Layer::Site,
    };
    let entry = |(key, _): &(&str, &str)| {
        let value = inherited.policy.value(key).unwrap_or_default();
        let inherited_from = match inherited.source(key) {
            Some(layer) if layer == own => None,
            Some(layer) => Some(layer.to_string()),
            None => Some("default".to_owned()),
        };
        ((*key).to_owned(), PolicyValue { value, inherited_from })
    };
    Ok(DEFAULTS.iter().map(entry).collect())
}

/// How a node is called in the audit.
pub(crate) fn subject(db: &Db, node: Node) -> Result<String, Error> {
    let names = names(db, node)?;
    let parts = [("reseller", names.reseller), ("customer", names.customer), ("site", names.site)];
    let named: Vec<String> = parts.into_iter().filter_map(|(kind, name)| Some(format!("{kind} {}", name?))).collect();
    Ok(if named.is_empty() { "operator".to_owned() } else { named.join(", ") })
}

fn changes(before: &Patch, after: &Patch) -> String {
    let keys: BTreeSet<&String> = before.0.keys().chain(after.0.keys()).collect();
    let said = |patch: &Patch, key: &String| patch.0.get(key).map_or_else(|| "inherited".to_owned(), Clone::clone);
    let changed = keys.into_iter().filter(|key| before.0.get(*key) != after.0.get(*key));
    let lines: Vec<String> = changed.map(|key| format!("{key}: {} to {}", said(before, key), said(after, key))).collect();
    lines.join("; ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn entries_are_read_or_say_what_is_allowed() {
        assert_eq!(read_entry("pin=required").unwrap(), ("pin".into(), Some("required".into())));
        assert_eq!(read_entry("pin=").unwrap(), ("pin".into(), None));
        for (entry, part) in
            [("pin=maybe", "off | required"), ("pins=off", "no key"), ("pins=", "no key"), ("pin", "KEY=VALUE"), ("resync=1s", "60s")]
        {
            let message = read_entry(entry).unwrap_err().to_string();
            assert!(message.contains(part), "{entry}: {message}");
        }
    }

    #[test]
    fn changes_are_told_key_by_key() {
        let patch = |entries: &[(&str, &str)]| Patch(entries.iter().map(|(key, value)| ((*key).into(), (*value).into())).collect());
        let told = changes(&patch(&[("login", "none"), ("pin", "required")]), &patch(&[("pin", "off"), ("resync", "1h-2h")]));
        assert_eq!(told, "login: none to inherited; pin: required to off; resync: inherited to 1h-2h");
    }
}
