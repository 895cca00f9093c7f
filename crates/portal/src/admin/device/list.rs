//! Phones in lists.

use std::collections::BTreeMap;
use std::collections::btree_map::Entry;

use domain::device::State;
use domain::policy::Policy;
use domain::role::{Action, Target, may};
use domain::tenancy::{Node, Place};
use serde::Serialize;
use store::Db;
use store::Scope;
use store::device::{Count, Filter, Kind, Listed};
use utoipa::ToSchema;

use super::node_of;
use super::view::{DeviceView, Viewer};
use crate::admin::part::{Listing, Part};
use crate::admin::tree::{find_customer, find_site, policy_at};
use crate::admin::{Admin, By, Error};
use crate::limits::{ATTENTION_LOOKED_MAX, PAGE_MAX};

/// Which phones. The default is all in scope.
#[derive(Clone, Debug, Default)]
pub struct Which {
    /// Of this customer.
    pub customer: Option<String>,
    /// Of this site of the customer.
    pub site: Option<String>,
    /// In one of these states.
    pub states: Vec<State>,
    /// Of this brand and model, `yealink/T46S`.
    pub model: Option<String>,
    /// With something that a person should look at.
    pub attention: bool,
}

/// How many phones there are.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, ToSchema)]
pub struct CountView {
    /// So many were counted.
    pub number: u64,
    /// There are more than that.
    pub more: bool,
}

/// How many phones there are in each state, and how many want attention.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, ToSchema)]
pub struct CountsView {
    /// Not yet authenticated.
    pub needed: CountView,
    /// Locked for a while, for wrong PINs.
    pub failed: CountView,
    /// Locked until a reset.
    pub blocked: CountView,
    /// Authenticated.
    pub successful: CountView,
    /// With something that a person should look at, in whatever state.
    pub attention: CountView,
    /// All of them.
    pub all: CountView,
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

/// Part of the phones, without their PINs: by customer and MAC, or as `query` finds them. It may be shorter than asked for and still have a
/// next part.
pub async fn part(admin: &Admin, by: &By, which: Which, part: Part) -> Result<Listing<DeviceView>, Error> {
    part_as(admin, by, which, part, |_, _, view| view).await
}

/// The same, each with whether this actor may do that to it.
pub async fn part_allowing(admin: &Admin, by: &By, which: Which, part: Part, action: Action) -> Result<Listing<(DeviceView, bool)>, Error> {
    let actor = by.actor;
    part_as(admin, by, which, part, move |place, policy, view| (view, may(actor, action, &Target::from(place), policy))).await
}

async fn part_as<T, F>(admin: &Admin, by: &By, which: Which, part: Part, row: F) -> Result<Listing<T>, Error>
where
    T: Send + 'static,
    F: Fn(Place, &Policy, DeviceView) -> T + Send + 'static,
{
    let (by, viewer, mut after) = (by.clone(), Viewer::new(admin), part.cursor()?);
    admin
        .read(move |db| {
            let filter = filter(db, &by, &which, Action::ViewDevices)?;
            let (filter, mut policies) = (Filter { query: part.query.clone(), ..filter }, Policies::default());
            let (mut items, mut looked) = (Vec::new(), 0);
            // Of those that may want attention some do not: then it looks on for a while.
            loop {
                let page = store::device::list(db, &by.scope(), &filter, by.now, after.as_ref(), part.limit - items.len())?;
                looked += page.items.len().max(1);
                for listed in page.items {
                    let place = listed.stored.device.place;
                    let policy = policies.at(db, node_of(place))?;
                    let view = viewer.of_listed(&by, listed, policy);
                    if !which.attention || !view.attention.is_empty() {
                        items.push(row(place, policy, view));
                    }
                }
                after = page.next;
                if !which.attention || after.is_none() || items.len() == part.limit || looked >= ATTENTION_LOOKED_MAX {
                    return Ok(Listing { items, next: after.map(|next| next.to_string()) });
                }
            }
        })
        .await
}

/// How many phones a customer, a site, or all in scope have, by state. Numbers end somewhere and then say that there are more.
pub async fn counts(admin: &Admin, by: &By, which: Which) -> Result<CountsView, Error> {
    let (by, viewer) = (by.clone(), Viewer::new(admin));
    admin
        .read(move |db| {
            let filter = filter(db, &by, &which, Action::ViewDevices)?;
            let counted = store::device::counts(db, &by.scope(), &filter, by.now)?;
            let view = |count: Count| CountView { number: count.number, more: count.more };
            Ok(CountsView {
                needed: view(counted.needed),
                failed: view(counted.failed),
                blocked: view(counted.blocked),
                successful: view(counted.successful),
                attention: wanting_attention(db, &by, &filter, &viewer)?,
                all: view(counted.all),
            })
        })
        .await
}

fn wanting_attention(db: &Db, by: &By, filter: &Filter, viewer: &Viewer) -> Result<CountView, Error> {
    let filter = Filter { customer: filter.customer, site: filter.site, attention: true, ..Filter::default() };
    let (mut policies, mut counted, mut looked, mut after) = (Policies::default(), 0, 0, None);
    loop {
        let page = store::device::list(db, &by.scope(), &filter, by.now, after.as_ref(), PAGE_MAX)?;
        looked += page.items.len().max(1);
        for listed in page.items {
            let policy = policies.at(db, node_of(listed.stored.device.place))?;
            counted += u64::from(!viewer.of_listed(by, listed, policy).attention.is_empty());
        }
        after = page.next;
        if after.is_none() || looked >= ATTENTION_LOOKED_MAX {
            return Ok(CountView { number: counted, more: after.is_some() });
        }
    }
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
fn each(db: &Db, by: &By, which: &Which, action: Action, mut take: impl FnMut(Listed) -> Result<(), Error>) -> Result<(), Error> {
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

/// The first phones, and whether there are more. Refused if the role may not do that to them.
pub(super) fn first(db: &Db, by: &By, which: &Which, action: Action, count: usize) -> Result<(Vec<Listed>, bool), Error> {
    let filter = filter(db, by, which, action)?;
    let (mut found, mut after) = (Vec::new(), None);
    loop {
        let page = store::device::list(db, &by.scope(), &filter, by.now, after.as_ref(), PAGE_MAX.min(count - found.len()))?;
        found.extend(page.items);
        match page.next {
            Some(next) if found.len() < count => after = Some(next),
            next => return Ok((found, next.is_some())),
        }
    }
}

/// What is wished, in the store's words. Refused if the role may not do that to these phones.
pub(crate) fn filter(db: &Db, by: &By, which: &Which, action: Action) -> Result<Filter, Error> {
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
    Ok(Filter {
        customer: customer.map(|customer| customer.id),
        site,
        states: which.states.clone(),
        model: which.model.clone(),
        attention: which.attention,
        ..Filter::default()
    })
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
