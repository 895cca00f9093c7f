//! The tenancy tree by its names, as people write them. Where a name may stand, the id may as well.

use domain::policy::Policy;
use domain::role::Target;
use domain::tenancy::{CustomerId, Node, Place, ResellerId, SiteId};
use serde::Serialize;
use store::Db;
use store::Scope;
use store::tenancy::{self, Customer, Site};
use uuid::Uuid;

use super::{Admin, By, Error, Named};

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
        return match (&names.site, &names.reseller) {
            (Some(site), _) => site_by_id(db, scope, site),
            (None, None) => Ok(Found { node: Node::Operator, target: Target::default() }),
            (None, Some(name)) => {
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
    let found = id_of(name).map_or_else(|| tenancy::customer_by_name(db, scope, name), |id| tenancy::customer(db, scope, CustomerId(id)));
    found.named(|| format!("customer {name:?}"))
}

pub(crate) fn find_site(db: &Db, scope: &Scope, customer: &Customer, name: &str) -> Result<Site, Error> {
    let found = match id_of(name) {
        Some(id) => tenancy::site(db, scope, SiteId(id))
            .and_then(|site| if site.customer == customer.id { Ok(site) } else { Err(store::StoreError::NotFound) }),
        None => tenancy::site_by_name(db, scope, customer.id, name),
    };
    found.named(|| format!("site {name:?} of customer {:?}", customer.name))
}

/// A site without its customer: only its id says which.
fn site_by_id(db: &Db, scope: &Scope, text: &str) -> Result<Found, Error> {
    let unknown = || Error::NotFound(format!("site {text:?}"));
    let site = tenancy::site(db, scope, SiteId(id_of(text).ok_or_else(unknown)?)).named(|| format!("site {text:?}"))?;
    let reseller = tenancy::customer(db, &Scope::Operator, site.customer)?.reseller;
    Ok(Found { node: Node::Site(site.id), target: Target { reseller, customer: Some(site.customer), site: Some(site.id) } })
}

/// An id as lists show it: 36 characters, so that hardly any name looks like one.
fn id_of(text: &str) -> Option<Uuid> {
    (text.len() == 36).then(|| text.parse().ok()).flatten()
}

pub(crate) fn reseller_id(db: &Db, scope: &Scope, name: &str) -> Result<ResellerId, Error> {
    let found = id_of(name).map_or_else(|| tenancy::reseller_by_name(db, scope, name), |id| tenancy::reseller(db, scope, ResellerId(id)));
    Ok(found.named(|| format!("reseller {name:?}"))?.id)
}

/// The policy in force at a node.
pub(crate) fn policy_at(db: &Db, node: Node) -> Result<Policy, Error> {
    Ok(store::policy::inherited(db, &Scope::Operator, node)?.policy)
}

/// Id and name of the customer at a node, or above it; nothing if it is not in the actor's branch.
pub(crate) async fn chosen(admin: &Admin, by: &By, node: Node) -> Result<Option<(String, String)>, Error> {
    let scope = by.scope();
    let found = admin.read(move |db| {
        let id = match node {
            Node::Site(id) => tenancy::site(db, &scope, id)?.customer,
            Node::Customer(id) => tenancy::customer(db, &scope, id)?.id,
            Node::Operator | Node::Reseller(_) => return Err(Error::NotFound("customer".into())),
        };
        // Whoever works at one site knows the customer above it by name.
        Ok(tenancy::customer(db, &Scope::Operator, id)?)
    });
    match found.await {
        Ok(customer) => Ok(Some((customer.id.0.to_string(), customer.name))),
        Err(Error::NotFound(_)) => Ok(None),
        Err(error) => Err(error),
    }
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
