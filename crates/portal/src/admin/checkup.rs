//! A look at everything that is kept: does it all read, and do the policies make sense?

use domain::policy::{CertificatePolicy, PlainHttp, Policy};
use domain::role::Action;
use domain::tenancy::Node;
use store::device::Filter;
use store::{Db, Scope, tenancy};

use super::tree::policy_at;
use super::trusting::Phone;
use super::{Admin, By, Error, trusting};
use crate::limits::PAGE_MAX;

/// What was found.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Checkup {
    /// Customers.
    pub customers: usize,
    /// Devices, all of whose sealed values opened.
    pub devices: usize,
    /// Places whose policy would ask nothing of a phone.
    pub asking_nothing: Vec<String>,
    /// Places whose policy looks at certificates of phones.
    pub asking_certificates: Vec<String>,
    /// Places that let phones use plain HTTP.
    pub using_plain_http: Vec<String>,
    /// Customers whose `login` or `pin` differs from the platform's, by name.
    pub differing: Vec<String>,
    /// Phones that live by trusted network or suspension alone.
    pub living_by_trust: Vec<Phone>,
}

/// Reads everything once.
pub async fn read(admin: &Admin, by: &By) -> Result<Checkup, Error> {
    by.may_platform(Action::OperatePlatform)?;
    let (now, catalogue) = (by.now, admin.catalogue.current());
    admin
        .store
        .report(move |db| {
            let mut checkup = Checkup::default();
            let looked = customers(db, &mut checkup).and_then(|()| sites(db, &mut checkup));
            let mut after = None;
            loop {
                let page = store::device::list(db, &Scope::Operator, &Filter::default(), now, after.as_ref(), PAGE_MAX)?;
                checkup.devices += page.items.len();
                match page.next {
                    Some(next) => after = Some(next),
                    None => break,
                }
            }
            let trusting = looked.and_then(|()| trusting::below(db, &catalogue, Node::Operator));
            Ok(trusting.map(|phones| Checkup { living_by_trust: phones.into_iter().collect(), ..checkup }))
        })
        .await?
}

fn customers(db: &Db, checkup: &mut Checkup) -> Result<(), Error> {
    let platform = policy_at(db, Node::Operator)?;
    note_policy(checkup, &platform, "the platform");
    let mut after = None;
    loop {
        let page = tenancy::customers(db, &Scope::Operator, "", after.as_ref(), PAGE_MAX)?;
        for customer in &page.items {
            checkup.customers += 1;
            let policy = policy_at(db, Node::Customer(customer.id))?;
            note_policy(checkup, &policy, &format!("customer {}", customer.name));
            if (policy.login, policy.pin) != (platform.login, platform.pin) {
                checkup.differing.push(customer.name.clone());
            }
        }
        match page.next {
            Some(next) => after = Some(next),
            None => return Ok(()),
        }
    }
}

fn sites(db: &Db, checkup: &mut Checkup) -> Result<(), Error> {
    let mut after = None;
    loop {
        let page = tenancy::sites(db, &Scope::Operator, None, "", after.as_ref(), PAGE_MAX)?;
        for site in &page.items {
            note_policy(checkup, &policy_at(db, Node::Site(site.id))?, &format!("site {}", site.name));
        }
        match page.next {
            Some(next) => after = Some(next),
            None => return Ok(()),
        }
    }
}

fn note_policy(checkup: &mut Checkup, policy: &Policy, place: &str) {
    if policy.asks_nothing() {
        checkup.asking_nothing.push(place.to_owned());
    }
    if policy.certificate != CertificatePolicy::Off {
        checkup.asking_certificates.push(place.to_owned());
    }
    if policy.plain_http != PlainHttp::Refuse {
        checkup.using_plain_http.push(place.to_owned());
    }
}
