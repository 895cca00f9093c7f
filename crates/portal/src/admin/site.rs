//! Sites of customers.

use domain::role::{Action, Target};
use domain::tenancy::{Node, SiteId};
use serde::Serialize;
use store::tenancy::{self, Site};
use store::{Db, Scope};
use utoipa::ToSchema;

use super::part::{Listing, Part};
use super::tree::{check_name, find_customer, policy_at};
use super::{Admin, By, Error, Named, new_id, still};
use crate::limits::{LABEL_BYTES_MAX, PAGE_MAX};

/// A site to add.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct NewSite {
    /// Its customer.
    pub customer: String,
    /// Its name.
    pub name: String,
    /// Two capital letters.
    pub country: Option<String>,
    /// The number that emergency calls show, E.164.
    pub caller_number: Option<String>,
    /// Where it is, in words.
    pub location: Option<String>,
}

/// A site as it is shown.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct SiteView {
    /// Its id.
    pub id: String,
    /// Its customer.
    pub customer: String,
    /// Its name.
    pub name: String,
    /// Two capital letters.
    pub country: Option<String>,
    /// The number that emergency calls show.
    pub caller_number: Option<String>,
    /// Where it is.
    pub location: Option<String>,
    /// When it was added, RFC 3339.
    pub created: String,
    /// Counts its changes.
    #[serde(skip)]
    pub version: i64,
}

/// What is changed of a site; what is absent stays, an empty text takes the value away.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct SiteChange {
    /// Its name.
    pub name: Option<String>,
    /// Two capital letters.
    pub country: Option<String>,
    /// The number that emergency calls show, E.164.
    pub caller_number: Option<String>,
    /// Where it is, in words.
    pub location: Option<String>,
}

/// Adds a site to a customer.
pub async fn add(admin: &Admin, by: &By, new: NewSite) -> Result<SiteView, Error> {
    check(&new)?;
    let (id, name, by) = (SiteId(new_id(by.now)), check_name("site", &new.name)?, by.clone());
    admin
        .write(move |db| {
            let customer = find_customer(db, &by.scope(), &new.customer)?;
            let target = Target { reseller: customer.reseller, customer: Some(customer.id), site: None };
            by.may(Action::EditSites, &target, &policy_at(db, Node::Customer(customer.id))?)?;
            let site = Site {
                id,
                customer: customer.id,
                name: name.clone(),
                country: new.country.clone(),
                caller_number: new.caller_number.clone(),
                location: new.location.clone(),
                created: by.now,
                version: 1,
            };
            tenancy::add_site(db, &by.scope(), &site).named(|| format!("site {name:?} of customer {:?}", customer.name))?;
            by.audit(db, Node::Site(id), "site.created", &name, &customer.name)?;
            Ok(view(&site, &customer.name))
        })
        .await
}

/// Sites in scope by name; of one customer if named.
pub async fn list(admin: &Admin, by: &By, customer: Option<String>) -> Result<Vec<SiteView>, Error> {
    let scope = by.scope();
    admin
        .read(move |db| {
            let customer = customer.map(|name| find_customer(db, &scope, &name)).transpose()?;
            let (mut found, mut after) = (Vec::new(), None);
            loop {
                let page = tenancy::sites(db, &scope, customer.as_ref().map(|customer| customer.id), "", after.as_ref(), PAGE_MAX)?;
                for site in &page.items {
                    found.push(view(site, &tenancy::customer(db, &Scope::Operator, site.customer)?.name));
                }
                match page.next {
                    Some(next) => after = Some(next),
                    None => return Ok(found),
                }
            }
        })
        .await
}

/// Part of the sites in scope, by name; of one customer if named.
pub async fn part(admin: &Admin, by: &By, customer: Option<String>, part: Part) -> Result<Listing<SiteView>, Error> {
    let (scope, after) = (by.scope(), part.cursor()?);
    let look = move |db: &Db| {
        let customer = customer.map(|name| find_customer(db, &scope, &name)).transpose()?.map(|customer| customer.id);
        let page = tenancy::sites(db, &scope, customer, &part.query, after.as_ref(), part.limit)?;
        Listing::of(page, |site| shown(db, &site))
    };
    admin.read(look).await
}

/// One site.
pub async fn show(admin: &Admin, by: &By, id: SiteId) -> Result<SiteView, Error> {
    let scope = by.scope();
    admin.read(move |db| shown(db, &one(db, &scope, id)?)).await
}

/// Changes a site; `expected`: only this version of it.
pub async fn update(admin: &Admin, by: &By, id: SiteId, change: SiteChange, expected: Option<i64>) -> Result<SiteView, Error> {
    let name = change.name.as_deref().map(|name| check_name("site", name)).transpose()?;
    let filled = |text: &Option<String>| text.clone().filter(|text| !text.is_empty());
    let (country, caller_number, location) = (filled(&change.country), filled(&change.caller_number), filled(&change.location));
    check(&NewSite { country, caller_number, location, ..NewSite::default() })?;
    let by = by.clone();
    admin
        .write(move |db| {
            let kept = editable(db, &by, id)?;
            still(expected, kept.version)?;
            let value = |new: &Option<String>, old| if new.is_some() { filled(new) } else { old };
            let mut changed = Site {
                name: name.clone().unwrap_or(kept.name),
                country: value(&change.country, kept.country),
                caller_number: value(&change.caller_number, kept.caller_number),
                location: value(&change.location, kept.location),
                ..kept
            };
            changed.version = tenancy::save_site(db, &by.scope(), &changed).named(|| format!("site {:?}", changed.name))?;
            by.audit(db, Node::Site(id), "site.changed", &changed.name, "")?;
            shown(db, &changed)
        })
        .await
}

/// Removes a site that has no phones, with its policy.
pub async fn remove(admin: &Admin, by: &By, id: SiteId) -> Result<(), Error> {
    let by = by.clone();
    admin
        .write(move |db| {
            let kept = editable(db, &by, id)?;
            tenancy::remove_site(db, &by.scope(), id).named(|| format!("site {:?}", kept.name))?;
            by.audit(db, Node::Customer(kept.customer), "site.deleted", &kept.name, "")
        })
        .await
}

fn one(db: &Db, scope: &Scope, id: SiteId) -> Result<Site, Error> {
    tenancy::site(db, scope, id).named(|| format!("site {}", id.0))
}

fn editable(db: &Db, by: &By, id: SiteId) -> Result<Site, Error> {
    let kept = one(db, &by.scope(), id)?;
    let reseller = tenancy::customer(db, &Scope::Operator, kept.customer)?.reseller;
    let target = Target { reseller, customer: Some(kept.customer), site: Some(id) };
    by.may(Action::EditSites, &target, &policy_at(db, Node::Site(id))?)?;
    Ok(kept)
}

fn shown(db: &Db, site: &Site) -> Result<SiteView, Error> {
    Ok(view(site, &tenancy::customer(db, &Scope::Operator, site.customer)?.name))
}

fn check(new: &NewSite) -> Result<(), Error> {
    let country = |text: &String| text.len() == 2 && text.bytes().all(|byte| byte.is_ascii_uppercase());
    let e164 = |text: &String| {
        let digits = text.strip_prefix('+').unwrap_or_default();
        (4..=15).contains(&digits.len()) && digits.bytes().all(|byte| byte.is_ascii_digit()) && !digits.starts_with('0')
    };
    let words = |text: &String| text.len() <= LABEL_BYTES_MAX && !text.chars().any(char::is_control);
    let refuse = |message: &str| Err(Error::invalid("site", message));
    match new {
        _ if !new.country.as_ref().is_none_or(country) => refuse("country: two capital letters, such as DE"),
        _ if !new.caller_number.as_ref().is_none_or(e164) => refuse("caller-number: + and 4 to 15 digits, such as +4930123456"),
        _ if !new.location.as_ref().is_none_or(words) => refuse("location: at most 100 bytes without line breaks"),
        _ => Ok(()),
    }
}

fn view(site: &Site, customer: &str) -> SiteView {
    SiteView {
        id: site.id.0.to_string(),
        customer: customer.to_owned(),
        name: site.name.clone(),
        country: site.country.clone(),
        caller_number: site.caller_number.clone(),
        location: site.location.clone(),
        created: site.created.rfc3339(),
        version: site.version,
    }
}
