//! The branches that somebody or a token can be put into, as the choices of a form: one's own, those right below, the chosen customer and its sites.

use domain::tenancy::Node;
use serde::Serialize;

use super::failure::Failure;
use super::visitor::Visitor;
use crate::App;
use crate::admin::tree::NodeNames;
use crate::admin::{Error, reseller, site};

/// One choice.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct Branch {
    /// As the form sends it: `reseller:` and an id; empty for the whole platform.
    pub value: String,
    /// `operator`, `reseller`, `customer` or `site`.
    pub level: &'static str,
    /// Its name; the platform has none.
    pub name: String,
}

/// The choices of this visitor.
pub(crate) async fn branches(app: &App, visitor: &Visitor) -> Result<Vec<Branch>, Failure> {
    let mut found = Vec::new();
    match visitor.by.scope() {
        Node::Operator => {
            found.push(Branch { value: String::new(), level: "operator", name: String::new() });
            let resellers = reseller::list(&app.admin, &visitor.by).await?;
            found.extend(resellers.into_iter().map(|kept| branch("reseller", &kept.id, kept.name)));
        }
        node @ Node::Reseller(id) => {
            let names = app.admin.node_names(node).await?;
            found.push(branch("reseller", &id.0.to_string(), names.reseller.unwrap_or_default()));
        }
        Node::Customer(_) | Node::Site(_) => {}
    }
    if let Some(customer) = &visitor.customer {
        found.push(branch("customer", &customer.id, customer.name.clone()));
        let sites = site::list(&app.admin, &visitor.by, Some(customer.id.clone())).await?;
        found.extend(sites.into_iter().map(|kept| branch("site", &kept.id, kept.name)));
    }
    Ok(found)
}

fn branch(level: &'static str, id: &str, name: String) -> Branch {
    Branch { value: format!("{level}:{id}"), level, name }
}

/// The choice that is marked at first: the customer that the pages are about.
pub(crate) fn nearest(visitor: &Visitor) -> String {
    visitor.customer.as_ref().map_or_else(String::new, |customer| format!("customer:{}", customer.id))
}

/// What a form sent, as names.
pub(crate) fn names(value: &str) -> Result<NodeNames, Error> {
    let unknown = || Error::invalid("role", "this branch cannot be read; choose one of the list");
    if value.is_empty() {
        return Ok(NodeNames::default());
    }
    let (level, id) = value.split_once(':').ok_or_else(unknown)?;
    let id = Some(id.to_owned());
    match level {
        "reseller" => Ok(NodeNames { reseller: id, ..NodeNames::default() }),
        "customer" => Ok(NodeNames { customer: id, ..NodeNames::default() }),
        "site" => Ok(NodeNames { site: id, ..NodeNames::default() }),
        _ => Err(unknown()),
    }
}
