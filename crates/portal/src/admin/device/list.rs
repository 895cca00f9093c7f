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
use crate::admin::tree::{find_customer, policy_at};
use crate::admin::{Admin, By, Error};
use crate::limits::PAGE_MAX;

/// Which phones. The default is all in scope.
#[derive(Clone, Debug, Default)]
pub struct Which {
    /// Of this customer.
    pub customer: Option<String>,
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
    let customer = which.customer.as_deref().map(|name| find_customer(db, &by.scope(), name)).transpose()?;
    let (node, target) = match &customer {
        Some(customer) => {
            let target = Target { reseller: customer.reseller, customer: Some(customer.id), site: None };
            (Node::Customer(customer.id), target)
        }
        None => (by.scope(), own_target(by.scope())),
    };
    by.may(action, &target, &policy_at(db, node)?)?;
    let filter = Filter { customer: customer.map(|customer| customer.id), states: which.states.clone(), ..Filter::default() };
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

/// The actor's own branch as a target.
fn own_target(scope: Scope) -> Target {
    match scope {
        Scope::Operator => Target::default(),
        Scope::Reseller(id) => Target { reseller: Some(id), ..Target::default() },
        Scope::Customer(id) => Target { customer: Some(id), ..Target::default() },
        Scope::Site(id) => Target { site: Some(id), ..Target::default() },
    }
}
