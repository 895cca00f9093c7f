//! A node's policy as a form shows it: what each key is set to here, what it would be without that, and the way down to the node.

use domain::policy::{DEFAULTS, Policy};
use domain::role::{Action, Target, may};
use domain::tenancy::{CustomerId, Node};
use serde::Serialize;
use store::{Db, Scope};

use crate::admin::tree::{Found, NodeNames, find, names, policy_at};
use crate::admin::{Admin, By, Error};

/// A node's policy.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Sheet {
    /// All keys, in the order of the documentation.
    pub keys: Vec<Key>,
    /// The nodes of one's branch down to this one.
    pub way: Vec<Step>,
    /// Whether the actor may change it.
    pub editable: bool,
}

/// A key at a node.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Key {
    /// Its name.
    pub key: &'static str,
    /// What this node sets.
    pub own: Option<String>,
    /// What counts where it sets nothing.
    pub above: String,
    /// Which layer says so, or `default`.
    pub above_from: String,
    /// What it takes, in words.
    pub allowed: String,
    /// The words it takes, if it takes nothing else.
    pub words: Vec<String>,
}

/// A node on the way.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Step {
    /// `operator`, `reseller`, `customer` or `site`.
    pub level: &'static str,
    /// Its id; the operator has none.
    pub id: Option<String>,
    /// Its name; the operator has none.
    pub name: Option<String>,
}

/// The policy of a node, for a form.
pub async fn sheet(admin: &Admin, by: &By, at: NodeNames) -> Result<Sheet, Error> {
    let by = by.clone();
    admin
        .read(move |db| {
            let found = find(db, &by.scope(), &at)?;
            let policy = policy_at(db, found.node)?;
            by.may(Action::ViewPolicy, &found.target, &policy)?;
            let editable = may(by.actor, Action::EditPolicy, &found.target, &policy);
            Ok(Sheet { keys: keys(db, &by, found)?, way: way(db, &by, found)?, editable })
        })
        .await
}

fn keys(db: &Db, by: &By, found: Found) -> Result<Vec<Key>, Error> {
    let own = store::policy::patch(db, &by.scope(), found.node)?;
    // What is above is not in everybody's branch, but it counts in it.
    let above = above(found).map(|node| store::policy::inherited(db, &Scope::Operator, node)).transpose()?;
    let entry = |(key, default): &(&'static str, &str)| {
        let source = above.as_ref().and_then(|above| above.source(key));
        let value = above.as_ref().and_then(|above| above.policy.value(key));
        let allowed = Policy::allowed(key).unwrap_or_default();
        let words: Vec<String> = allowed.split(" | ").map(str::to_owned).collect();
        Key {
            key,
            own: own.0.get(*key).cloned(),
            above: value.unwrap_or_else(|| (*default).to_owned()),
            above_from: source.map_or_else(|| "default".to_owned(), |layer| layer.to_string()),
            words: if words.len() > 1 { words } else { Vec::new() },
            allowed,
        }
    };
    Ok(DEFAULTS.iter().map(entry).collect())
}

/// The node above; none above the operator.
fn above(found: Found) -> Option<Node> {
    let reseller = found.target.reseller.map_or(Node::Operator, Node::Reseller);
    match found.node {
        Node::Operator => None,
        Node::Reseller(_) => Some(Node::Operator),
        Node::Customer(_) => Some(reseller),
        Node::Site(_) => Some(found.target.customer.map_or(reseller, Node::Customer)),
    }
}

fn way(db: &Db, by: &By, found: Found) -> Result<Vec<Step>, Error> {
    let Target { reseller, customer, site } = found.target;
    let names = names(db, found.node)?;
    let steps = [
        (Target::default(), "operator", None, None),
        (Target { reseller, ..Target::default() }, "reseller", reseller.map(|id| id.0), names.reseller),
        (Target { reseller, customer, site: None }, "customer", customer.map(|CustomerId(id)| id), names.customer),
        (found.target, "site", site.map(|id| id.0), names.site),
    ];
    // A level that this way skips has no id; nodes above one's branch are not named.
    let within = steps.into_iter().filter(|(target, level, id, _)| target.within(by.actor.node) && (*level == "operator" || id.is_some()));
    Ok(within.map(|(_, level, id, name)| Step { level, id: id.map(|id| id.to_string()), name }).collect())
}
