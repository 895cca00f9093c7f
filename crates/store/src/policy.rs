//! What nodes of the tenancy tree say: policy keys and settings. Inheritance itself is `domain`'s.

use std::collections::BTreeMap;

use domain::policy::{Inherited, Patch, PolicyError};
use domain::settings::{LAYER_ENTRIES_MAX, Layer, SettingError, Settings, check_setting};
use domain::tenancy::{CustomerId, Node, ResellerId, SiteId};

use crate::db::{Db, Row, statements};
use crate::scope::{Bounds, Scope, id, node_columns, opt_uuid, uuid};
use crate::tenancy::{customer, reseller, site, touch_customer, touch_platform};
use crate::{Result, StoreError};

statements! {
    PATCH = "select key, value from policy where node_kind = $1 and node = $2 order by key";
    CLEAR_PATCH = "delete from policy where node_kind = $1 and node = $2";
    ADD_KEY = "insert into policy (node_kind, node, key, value) values ($1, $2, $3, $4)";
    RESELLERS = "select distinct r.id, r.name from policy p join reseller r on r.id = p.node
        where p.node_kind = 'reseller' and (r.id = $1 or $1 is null) order by r.name";
    CUSTOMERS = "select distinct c.id, c.reseller, c.name from policy p join customer c on c.id = p.node
        where p.node_kind = 'customer' and (c.reseller = $1 or $1 is null) and (c.id = $2 or $2 is null) order by c.name";
    SITES = "select distinct s.id, s.customer, c.reseller, s.name from policy p join site s on s.id = p.node
        join customer c on c.id = s.customer
        where p.node_kind = 'site' and (c.reseller = $1 or $1 is null) and (c.id = $2 or $2 is null) and (s.id = $3 or $3 is null)
        order by s.name";
    SETTINGS = "select key, value from setting where node_kind = $1 and node = $2 order by key";
    CLEAR_SETTINGS = "delete from setting where node_kind = $1 and node = $2";
    ADD_SETTING = "insert into setting (node_kind, node, key, value) values ($1, $2, $3, $4)";
    MODEL_SETTINGS = "select key, value from model_setting where name = $1 order by key";
    CLEAR_MODEL_SETTINGS = "delete from model_setting where name = $1";
    ADD_MODEL_SETTING = "insert into model_setting (name, key, value) values ($1, $2, $3)";
}

/// The keys that one node sets.
pub fn patch(db: &Db, scope: &Scope, node: Node) -> Result<Patch> {
    visible(db, scope, node)?;
    load_patch(db, node)
}

/// Replaces the keys that one node sets. Refused, with the domain's reason, if a key is wrong, or if this node or any below it would ask
/// nothing of a phone.
pub fn save_patch(db: &Db, scope: &Scope, node: Node, patch: &Patch) -> Result<()> {
    visible(db, scope, node)?;
    patch.check()?;
    let (kind, owner) = node_columns(&node);
    db.exec(CLEAR_PATCH, &[kind.into(), id(&owner)])?;
    for (key, value) in &patch.0 {
        db.exec(ADD_KEY, &[kind.into(), id(&owner), key.into(), value.into()])?;
    }
    check_branch(db, node)?;
    touch(db, node)
}

/// The policy in force at a node, with the layer of each key.
pub fn inherited(db: &Db, scope: &Scope, node: Node) -> Result<Inherited> {
    visible(db, scope, node)?;
    let mut patches = BTreeMap::new();
    Ok(in_force(db, &chain_of(db, node)?, &mut patches)??)
}

/// The settings that a node sets. Those of a device are with its lines.
pub fn settings(db: &Db, scope: &Scope, of: Node) -> Result<Settings> {
    visible(db, scope, of)?;
    let (kind, owner) = node_columns(&of);
    db.all(SETTINGS, &[kind.into(), id(&owner)], entry).map(|rows| rows.into_iter().collect())
}

/// Replaces the settings of a node. Refused, with the domain's reason, if one cannot stand in a phone's file.
pub fn save_settings(db: &Db, scope: &Scope, of: Node, settings: &Settings) -> Result<()> {
    visible(db, scope, of)?;
    check_settings(settings)?;
    let (kind, owner) = node_columns(&of);
    db.exec(CLEAR_SETTINGS, &[kind.into(), id(&owner)])?;
    for (key, value) in settings {
        db.exec(ADD_SETTING, &[kind.into(), id(&owner), key.into(), value.into()])?;
    }
    touch(db, of)
}

/// The settings of all phones of a brand (`yealink`) or a model (`yealink/T46S`). The operator's.
pub fn model_settings(db: &Db, scope: &Scope, name: &str) -> Result<Settings> {
    visible(db, scope, Node::Operator)?;
    db.all(MODEL_SETTINGS, &[name.into()], entry).map(|rows| rows.into_iter().collect())
}

/// Replaces the settings of a brand or a model.
pub fn save_model_settings(db: &Db, scope: &Scope, name: &str, settings: &Settings) -> Result<()> {
    visible(db, scope, Node::Operator)?;
    check_settings(settings)?;
    db.exec(CLEAR_MODEL_SETTINGS, &[name.into()])?;
    for (key, value) in settings {
        db.exec(ADD_MODEL_SETTING, &[name.into(), key.into(), value.into()])?;
    }
    touch_platform(db)
}

/// Checks a layer of settings by the domain's rules.
pub(crate) fn check_settings(settings: &Settings) -> Result<()> {
    if settings.len() > LAYER_ENTRIES_MAX {
        return Err(StoreError::Refused(SettingError::TooMany.to_string()));
    }
    settings.iter().try_for_each(|(key, value)| check_setting(key, value)).map_err(|error| StoreError::Refused(error.to_string()))
}

/// The layer that a node's policy and settings stand in.
pub(crate) fn layer_of(node: &Node) -> Layer {
    match node {
        Node::Operator => Layer::Operator,
        Node::Reseller(_) => Layer::Reseller,
        Node::Customer(_) => Layer::Customer,
        Node::Site(_) => Layer::Site,
    }
}

/// A node and those above it, the operator first, with a name for messages.
struct Chain {
    nodes: Vec<Node>,
    place: String,
}

fn check_branch(db: &Db, node: Node) -> Result<()> {
    let mut patches = BTreeMap::new();
    let mut chains = vec![chain_of(db, node)?];
    chains.extend(chains_below(db, node)?);
    for chain in &chains {
        let inherited = in_force(db, chain, &mut patches)??;
        inherited.policy.check(&chain.place)?;
    }
    Ok(())
}

/// The nodes below that set something themselves: all others inherit what is checked already.
fn chains_below(db: &Db, node: Node) -> Result<Vec<Chain>> {
    let bounds = Bounds::of(&node);
    let chain = |reseller: Option<ResellerId>, below: &[Node], place: String| {
        let above = [Some(Node::Operator), reseller.map(Node::Reseller)];
        Chain { nodes: above.into_iter().flatten().chain(below.iter().copied()).collect(), place }
    };
    let mut chains = Vec::new();
    if node == Node::Operator {
        chains.extend(db.all(RESELLERS, &[bounds.reseller()], |row| {
            Ok(chain(Some(ResellerId(uuid(row, 0)?)), &[], format!("reseller {}", row.text(1)?)))
        })?);
    }
    if matches!(node, Node::Operator | Node::Reseller(_)) {
        chains.extend(db.all(CUSTOMERS, &[bounds.reseller(), bounds.customer()], |row| {
            let customer = Node::Customer(CustomerId(uuid(row, 0)?));
            Ok(chain(opt_uuid(row, 1)?.map(ResellerId), &[customer], format!("customer {}", row.text(2)?)))
        })?);
    }
    chains.extend(db.all(SITES, &[bounds.reseller(), bounds.customer(), bounds.site()], |row| {
        let (site, customer) = (Node::Site(SiteId(uuid(row, 0)?)), Node::Customer(CustomerId(uuid(row, 1)?)));
        Ok(chain(opt_uuid(row, 2)?.map(ResellerId), &[customer, site], format!("site {}", row.text(3)?)))
    })?);
    Ok(chains)
}

fn chain_of(db: &Db, node: Node) -> Result<Chain> {
    let all = Scope::Operator;
    let mut nodes = vec![node];
    let place = match node {
        Node::Operator => "the platform".to_owned(),
        Node::Reseller(wanted) => format!("reseller {}", reseller(db, &all, wanted)?.name),
        Node::Customer(wanted) => {
            let kept = customer(db, &all, wanted)?;
            nodes.extend(kept.reseller.map(Node::Reseller));
            format!("customer {}", kept.name)
        }
        Node::Site(wanted) => {
            let kept = site(db, &all, wanted)?;
            nodes.push(Node::Customer(kept.customer));
            nodes.extend(customer(db, &all, kept.customer)?.reseller.map(Node::Reseller));
            format!("site {}", kept.name)
        }
    };
    if node != Node::Operator {
        nodes.push(Node::Operator);
    }
    nodes.reverse();
    Ok(Chain { nodes, place })
}

fn in_force(db: &Db, chain: &Chain, known: &mut BTreeMap<Node, Patch>) -> Result<Result<Inherited, PolicyError>> {
    for node in &chain.nodes {
        if !known.contains_key(node) {
            known.insert(*node, load_patch(db, *node)?);
        }
    }
    Ok(Inherited::from_chain(chain.nodes.iter().map(|node| (layer_of(node), &known[node]))))
}

fn load_patch(db: &Db, node: Node) -> Result<Patch> {
    let (kind, owner) = node_columns(&node);
    db.all(PATCH, &[kind.into(), id(&owner)], entry).map(|rows| Patch(rows.into_iter().collect()))
}

fn visible(db: &Db, scope: &Scope, node: Node) -> Result<()> {
    match node {
        Node::Operator if *scope == Scope::Operator => Ok(()),
        Node::Operator => Err(StoreError::NotFound),
        Node::Reseller(wanted) => reseller(db, scope, wanted).map(drop),
        Node::Customer(wanted) => customer(db, scope, wanted).map(drop),
        Node::Site(wanted) => site(db, scope, wanted).map(drop),
    }
}

fn touch(db: &Db, node: Node) -> Result<()> {
    match node {
        Node::Operator | Node::Reseller(_) => touch_platform(db),
        Node::Customer(customer) => touch_customer(db, customer),
        Node::Site(wanted) => touch_customer(db, site(db, &Scope::Operator, wanted)?.customer),
    }
}

impl From<PolicyError> for StoreError {
    fn from(error: PolicyError) -> Self {
        Self::Refused(error.to_string())
    }
}

fn entry(row: &Row<'_>) -> Result<(String, String)> {
    Ok((row.text(0)?.to_owned(), row.text(1)?.to_owned()))
}
