//! Phones in lists.

use std::collections::BTreeMap;
use std::collections::btree_map::Entry;

use domain::device::State;
use domain::policy::Policy;
use domain::role::{Action, Target};
use domain::tenancy::Node;
use store::Db;
use store::Scope;
use store::device::{Filter, Kind, Listed};

use super::node_of;
use super::view::{DeviceView, Viewer};
use crate::admin::part::{Listing, Part};
use crate::admin::tree::{find_customer, find_site, policy_at};
use crate::admin::{Admin, By, Error};
use crate::limits::PAGE_MAX;

/// Which phones. The default is all in scope.
#[derive(Clone, Debug, Default)]
pub struct Which {
    /// Of this customer.
    pub customer: Option<String>,
    /// Of this site of the customer.
    pub site: Option<String>,
    /// In one of these states.
    pub states: Vec<State>,
}

/// Phones by customer and MAC, without their PINs.
pub async fn list(admin: &Admin, by: &By, which: Which) -> Result<Vec<DeviceView>, Error> {
    let (by, viewer) = (by.clone(), Viewer::new(admin));
    let found = admin.store.report(move |db| {
        let (mut found, mut policies) = (Vec::new(), Policies::default());
        let walked = each(db, &by, &which, Action::ViewDevices, |listed| {
            let policy = policies.at(db, node_of(listed.stored.device.place))?;
            found.push(viewer.of_listed(&by, listed, policy));
            Ok(())
        });
        Ok(walked.map(|()| found))
    });
    found.await?
}

/// Part of the phones by customer and MAC, without their PINs; `query` stands in MAC, label or model.
pub async fn part(admin: &Admin, by: &By, which: Which, part: Part) -> Result<Listing<DeviceView>, Error> {
    let (by, viewer, after) = (by.clone(), Viewer::new(admin), part.cursor()?);
    let found = admin.store.report(move |db| {
        Ok(filter(db, &by, &which, Action::ViewDevices).and_then(|filter| {
            let (filter, mut policies) = (Filter { query: part.query.clone(), ..filter }, Policies::default());
            let page = store::device::list(db, &by.scope(), &filter, by.now, after.as_ref(), part.limit)?;
            Listing::of(page, |listed| {
                let policy = policies.at(db, node_of(listed.stored.device.place))?;
                Ok(viewer.of_listed(&by, listed, policy))
            })
        }))
    });
    found.await?
}

/// The policies met on a walk, each worked out once.
#[derive(Default)]
pub(crate) struct Policies(BTreeMap<Node, Policy>);

impl Policies {
    pub fn at(&mut self, db: &Db, node: Node) -> Result<&Policy, Error> {
        match self.0.entry(node) {
            Entry::Occupied(known) => Ok(known.into_mut()),
            Entry::Vacant(place) => Ok(place.insert(policy_at(db, node)?)),
        }
    }
}

/// Walks over phones, page by page. Refused if the role may not do that to them.
pub(crate) fn each(
    db: &Db,
    by: &By,
    which: &Which,
    action: Action,
    mut take: impl FnMut(Listed) -> Result<(), Error>,
) -> Result<(), Error> {
    let filter = filter(db, by, which, action)?;
    let mut after = None;
    loop {
        let page = store::device::list(db, &by.scope(), &filter, by.now, after.as_ref(), PAGE_MAX)?;
        page.items.into_iter().try_for_each(&mut take)?;
        match page.next {
            Some(next) => after = Some(next),
            None => return Ok(()),
        }
    }
}

/// What is wished, in the store's words. Refused if the role may not do that to these phones.
fn filter(db: &Db, by: &By, which: &Which, action: Action) -> Result<Filter, Error> {
    if which.customer.is_none() && which.site.is_some() {
        return Err(Error::invalid("site", "site: name its customer, too"));
    }
    let customer = which.customer.as_deref().map(|name| find_customer(db, &by.scope(), name)).transpose()?;
    let (node, target) = match &customer {
        Some(customer) => {
            let target = Target { reseller: customer.reseller, customer: Some(customer.id), site: None };
            (Node::Customer(customer.id), target)
        }
        None => (by.scope(), by.branch()),
    };
    by.may(action, &target, &policy_at(db, node)?)?;
    let site = match (&which.site, &customer) {
        (Some(name), Some(customer)) => Some(find_site(db, &by.scope(), customer, name)?.id),
        _ => None,
    };
    Ok(Filter { customer: customer.map(|customer| customer.id), site, states: which.states.clone(), ..Filter::default() })
}

/// Walks over what phones a branch has, without opening anything.
pub(crate) fn each_kind(db: &Db, branch: Scope, mut take: impl FnMut(Kind) -> Result<(), Error>) -> Result<(), Error> {
    let mut after = None;
    loop {
        let kinds = store::device::kinds(db, &branch, after, PAGE_MAX)?;
        let last = kinds.last().map(|kind| kind.mac).filter(|_| kinds.len() == PAGE_MAX);
        kinds.into_iter().try_for_each(&mut take)?;
        match last {
            Some(last) => after = Some(last),
            None => return Ok(()),
        }
    }
}
