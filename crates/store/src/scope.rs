//! What somebody may see: a node of the tenancy tree and all below it. Outside of it everything is "not found".

use domain::tenancy::{CustomerId, Node, ResellerId, SiteId};
use uuid::Uuid;

use crate::db::{Arg, Row};
use crate::{Result, StoreError};

/// The branch of the tenancy tree that a caller acts in.
pub use domain::tenancy::Node as Scope;

/// A scope as three arguments: reseller, customer, site. At most one is set; null means "any".
pub(crate) struct Bounds {
    reseller: Option<Uuid>,
    customer: Option<Uuid>,
    site: Option<Uuid>,
}

impl Bounds {
    /// For rows that stand at a site, such as devices and sites themselves.
    pub fn of(scope: &Scope) -> Self {
        let mut bounds = Self { reseller: None, customer: None, site: None };
        match scope {
            Scope::Operator => {}
            Scope::Reseller(ResellerId(id)) => bounds.reseller = Some(*id),
            Scope::Customer(CustomerId(id)) => bounds.customer = Some(*id),
            Scope::Site(SiteId(id)) => bounds.site = Some(*id),
        }
        bounds
    }

    /// For rows that belong to a customer as a whole: nobody of a site sees them.
    pub fn above_sites(scope: &Scope) -> Self {
        match scope {
            // No customer has the nil id.
            Scope::Site(_) => Self { reseller: None, customer: Some(Uuid::nil()), site: None },
            wider => Self::of(wider),
        }
    }

    pub fn reseller(&self) -> Arg<'_> {
        opt_id(self.reseller.as_ref())
    }

    pub fn customer(&self) -> Arg<'_> {
        opt_id(self.customer.as_ref())
    }

    pub fn site(&self) -> Arg<'_> {
        opt_id(self.site.as_ref())
    }
}

/// An id as an argument.
pub(crate) fn id(uuid: &Uuid) -> Arg<'_> {
    Arg::Bytes(uuid.as_bytes())
}

/// An id that may be absent.
pub(crate) fn opt_id(uuid: Option<&Uuid>) -> Arg<'_> {
    uuid.map_or(Arg::Null, id)
}

/// Reads an id.
pub(crate) fn uuid(row: &Row<'_>, at: usize) -> Result<Uuid> {
    Uuid::from_slice(row.bytes(at)?).map_err(|_| StoreError::Engine(format!("column {at} holds no id")))
}

/// Reads an id that may be absent.
pub(crate) fn opt_uuid(row: &Row<'_>, at: usize) -> Result<Option<Uuid>> {
    if row.is_null(at)? { Ok(None) } else { uuid(row, at).map(Some) }
}

/// A node as it is stored: its kind and its id, nil for the operator.
pub(crate) fn node_columns(node: &Node) -> (&'static str, Uuid) {
    match node {
        Node::Operator => ("operator", Uuid::nil()),
        Node::Reseller(ResellerId(id)) => ("reseller", *id),
        Node::Customer(CustomerId(id)) => ("customer", *id),
        Node::Site(SiteId(id)) => ("site", *id),
    }
}

/// Reads a node from two columns.
pub(crate) fn node(row: &Row<'_>, at: usize) -> Result<Node> {
    let id = uuid(row, at + 1)?;
    match row.text(at)? {
        "operator" => Ok(Node::Operator),
        "reseller" => Ok(Node::Reseller(ResellerId(id))),
        "customer" => Ok(Node::Customer(CustomerId(id))),
        "site" => Ok(Node::Site(SiteId(id))),
        _ => Err(StoreError::Engine(format!("column {at} names no kind of node"))),
    }
}
