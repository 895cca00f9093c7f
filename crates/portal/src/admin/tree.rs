//! The tenancy tree by its names, as people write them.

use domain::policy::Policy;
use domain::role::Target;
use domain::tenancy::{Node, Place, ResellerId};
use serde::Serialize;
use store::Db;
use store::Scope;
use store::tenancy::{self, Customer, Site};

use super::{Admin, Error, Named};

/// A node by its names; the operator without any.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct NodeNames {
    /// The reseller; helps where two resellers have customers of one name.
    pub reseller: Option<String>,
    /// The customer.
    pub customer: Option<String>,
    /// Its site.
    pub site: Option<String>,
}

impl NodeNames {
    /// A customer alone.
    pub fn customer(name: impl Into<String>) -> Self {
        Self { customer: Some(name.into()), ..Self::default() }
    }
}

/// A node that was found, with its place in the tree.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Found {
    /// The node.
    pub node: Node,
    /// It and what is above it.
    pub target: Target,
}

impl Admin {
    /// The names of a node and of those above it.
    pub async fn node_names(&self, node: Node) -> Result<NodeNames, Error> {
        self.read(move |db| names(db, node)).await
    }
}

/// Finds the node of these names inside a scope.
pub(crate) fn find(db: &Db, scope: &Scope, names: &NodeNames) -> Result<Found, Error> {
    if names.customer.is_none() {
        return match &names.reseller {
            None => Ok(Found { node: Node::Operator, target: Target::default() }),
            Some(name) => {
                let id = reseller_id(db, scope, name)?;
                Ok(Found { node: Node::Reseller(id), target: Target { reseller: Some(id), ..Target::default() } })
            }
        };
    }
    let (place, _) = find_place(db, scope, names)?;
    let node = place.node();
    Ok(Found { node, target: place.into() })
}

/// Finds a customer, and its site if one is named.
pub(crate) fn find_place(db: &Db, scope: &Scope, names: &NodeNames) -> Result<(Place, Customer), Error> {
    let name = names.customer.as_deref().unwrap_or_default();
    let within = match &names.reseller {
        Some(reseller) => Scope::Reseller(reseller_id(db, scope, reseller)?),
        None => *scope,
    };
    let customer = find_customer(db, &within, name)?;
    let site = names.site.as_deref().map(|site| find_site(db, scope, &customer, site)).transpose()?;
    let place = Place { reseller: customer.reseller, customer: customer.id, site: site.map(|site| site.id) };
    Ok((place, customer))
}

/// The customer of a name. Somebody of one site finds the customer above it by its name, too.
pub(crate) fn find_customer(db: &Db, scope: &Scope, name: &str) -> Result<Customer, Error> {
    tenancy::customer_by_name(db, scope, name).named(|| format!("customer {name:?}"))
}

pub(crate) fn find_site(db: &Db, scope: &Scope, customer: &Customer, name: &str) -> Result<Site, Error> {
    tenancy::site_by_name(db, scope, customer.id, name).named(|| format!("site {name:?} of customer {:?}", customer.name))
}

pub(crate) fn reseller_id(db: &Db, scope: &Scope, name: &str) -> Result<ResellerId, Error> {
    Ok(tenancy::reseller_by_name(db, scope, name).named(|| format!("reseller {name:?}"))?.id)
}

/// The policy in force at a node.
pub(crate) fn policy_at(db: &Db, node: Node) -> Result<Policy, Error> {
    Ok(store::policy::inherited(db, &Scope::Operator, node)?.policy)
}

/// The names of a node and of those above it.
pub(crate) fn names(db: &Db, node: Node) -> Result<NodeNames, Error> {
    let all = Scope::Operator;
    let customer_names = |customer: Customer| {
        let reseller = customer.reseller.map(|id| tenancy::reseller(db, &all, id)).transpose()?.map(|reseller| reseller.name);
        Ok::<_, Error>(NodeNames { reseller, customer: Some(customer.name), site: None })
    };
    match node {
        Node::Operator => Ok(NodeNames::default()),
        Node::Reseller(id) => Ok(NodeNames { reseller: Some(tenancy::reseller(db, &all, id)?.name), ..NodeNames::default() }),
        Node::Customer(id) => customer_names(tenancy::customer(db, &all, id)?),
        Node::Site(id) => {
            let site = tenancy::site(db, &all, id)?;
            let names = customer_names(tenancy::customer(db, &all, site.customer)?)?;
            Ok(NodeNames { site: Some(site.name), ..names })
        }
    }
}

/// A name as people give it: trimmed, not empty, without line breaks.
pub(crate) fn check_name(what: &'static str, name: &str) -> Result<String, Error> {
    let name = name.trim();
    let fits = !name.is_empty() && name.len() <= crate::limits::NAME_BYTES_MAX && !name.chars().any(char::is_control);
    if fits { Ok(name.to_owned()) } else { Err(Error::invalid("name", format!("{what}: a name has 1 to 100 bytes without line breaks"))) }
}
