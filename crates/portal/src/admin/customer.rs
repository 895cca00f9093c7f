//! Customers.

use std::collections::BTreeMap;

use domain::policy::Patch;
use domain::role::{Action, Target};
use domain::tenancy::{CustomerId, Node};
use serde::Serialize;
use store::Db;
use store::Scope;
use store::tenancy::{self, Customer};
use utoipa::ToSchema;

use super::part::{Listing, Part};
use super::tree::{check_name, policy_at, reseller_id};
use super::{Admin, By, Error, Named, new_id, still};
use crate::limits::PAGE_MAX;

/// A customer to add.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct NewCustomer {
    /// Its name.
    pub name: String,
    /// Its reseller; the operator's own customer without one.
    pub reseller: Option<String>,
    /// Policy keys that it sets, as written: `login`, `pin`.
    pub policy: BTreeMap<String, String>,
}

/// A customer as it is shown.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct CustomerView {
    /// Its id.
    pub id: String,
    /// Its name.
    pub name: String,
    /// Its reseller.
    pub reseller: Option<String>,
    /// The policy in force: must the first contact show the global login?
    pub login: String,
    /// The policy in force: does the first full configuration need the PIN?
    pub pin: String,
    /// When it was added, RFC 3339.
    pub created: String,
    /// Counts its changes.
    #[serde(skip)]
    pub version: i64,
}

/// Adds a customer.
pub async fn add(admin: &Admin, by: &By, new: NewCustomer) -> Result<CustomerView, Error> {
    let (id, name, by) = (CustomerId(new_id(by.now)), check_name("customer", &new.name)?, by.clone());
    admin
        .write(move |db| {
            let reseller = match (&new.reseller, by.scope()) {
                (Some(name), scope) => Some(reseller_id(db, &scope, name)?),
                (None, Scope::Reseller(own)) => Some(own),
                (None, _) => None,
            };
            let above = reseller.map_or(Node::Operator, Node::Reseller);
            let target = Target { reseller, ..Target::default() };
            by.may(Action::EditCustomers, &target, &policy_at(db, above)?)?;
            let customer = Customer { id, reseller, name: name.clone(), created: by.now, version: 1 };
            tenancy::add_customer(db, &by.scope(), &customer).named(|| format!("customer {name:?}"))?;
            if !new.policy.is_empty() {
                store::policy::save_patch(db, &by.scope(), Node::Customer(id), &Patch(new.policy.clone()))?;
            }
            by.audit(db, Node::Customer(id), "customer.created", &name, "")?;
            view(db, &customer)
        })
        .await
}

/// All customers in scope, by name.
pub async fn list(admin: &Admin, by: &By) -> Result<Vec<CustomerView>, Error> {
    let scope = by.scope();
    admin
        .read(move |db| {
            let (mut found, mut after) = (Vec::new(), None);
            loop {
                let page = tenancy::customers(db, &scope, "", after.as_ref(), PAGE_MAX)?;
                for customer in &page.items {
                    found.push(view(db, customer)?);
                }
                match page.next {
                    Some(next) => after = Some(next),
                    None => return Ok(found),
                }
            }
        })
        .await
}

/// Part of the customers in scope, by name.
pub async fn part(admin: &Admin, by: &By, part: Part) -> Result<Listing<CustomerView>, Error> {
    let (scope, after) = (by.scope(), part.cursor()?);
    let look = move |db: &Db| {
        let page = tenancy::customers(db, &scope, &part.query, after.as_ref(), part.limit)?;
        Listing::of(page, |customer| view(db, &customer))
    };
    admin.read(look).await
}

/// One customer.
pub async fn show(admin: &Admin, by: &By, id: CustomerId) -> Result<CustomerView, Error> {
    let scope = by.scope();
    admin.read(move |db| view(db, &one(db, &scope, id)?)).await
}

/// Gives a customer another name; `expected`: only this version of it.
pub async fn rename(admin: &Admin, by: &By, id: CustomerId, name: &str, expected: Option<i64>) -> Result<CustomerView, Error> {
    let (name, by) = (check_name("customer", name)?, by.clone());
    admin
        .write(move |db| {
            let kept = editable(db, &by, id)?;
            still(expected, kept.version)?;
            let mut changed = Customer { name: name.clone(), ..kept };
            changed.version = tenancy::save_customer(db, &by.scope(), &changed).named(|| format!("customer {name:?}"))?;
            by.audit(db, Node::Customer(id), "customer.changed", &name, "")?;
            view(db, &changed)
        })
        .await
}

/// Removes a customer that has neither sites nor phones, with its policy and its trust.
pub async fn remove(admin: &Admin, by: &By, id: CustomerId) -> Result<(), Error> {
    let by = by.clone();
    admin
        .write(move |db| {
            let kept = editable(db, &by, id)?;
            tenancy::remove_customer(db, &by.scope(), id).named(|| format!("customer {:?}", kept.name))?;
            by.audit(db, kept.reseller.map_or(Node::Operator, Node::Reseller), "customer.deleted", &kept.name, "")
        })
        .await
}

fn one(db: &Db, scope: &Scope, id: CustomerId) -> Result<Customer, Error> {
    tenancy::customer(db, scope, id).named(|| format!("customer {}", id.0))
}

fn editable(db: &Db, by: &By, id: CustomerId) -> Result<Customer, Error> {
    let kept = one(db, &by.scope(), id)?;
    let target = Target { reseller: kept.reseller, customer: Some(id), site: None };
    by.may(Action::EditCustomers, &target, &policy_at(db, Node::Customer(id))?)?;
    Ok(kept)
}

fn view(db: &Db, customer: &Customer) -> Result<CustomerView, Error> {
    let policy = policy_at(db, Node::Customer(customer.id))?;
    let reseller = customer.reseller.map(|id| tenancy::reseller(db, &Scope::Operator, id)).transpose()?;
    let value = |key| policy.value(key).unwrap_or_default();
    Ok(CustomerView {
        id: customer.id.0.to_string(),
        name: customer.name.clone(),
        reseller: reseller.map(|reseller| reseller.name),
        login: value("login"),
        pin: value("pin"),
        created: customer.created.rfc3339(),
        version: customer.version,
    })
}
