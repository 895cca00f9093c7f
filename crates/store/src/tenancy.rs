//! Resellers, customers and sites. Names are unique below one parent; ids come from the caller.

use domain::Time;
use domain::role::Target;
use domain::tenancy::{CustomerId, Node, Place, ResellerId, ResellerKind, SiteId};

use crate::db::{Db, Row, statements};
use crate::limits::NAME_BYTES_MAX;
use crate::page::{Cursor, Page, anywhere, fetch_count, page};
use crate::scope::{Bounds, Scope, id, opt_id, opt_uuid, uuid};
use crate::trunk::touch_routes;
use crate::{Result, StoreError, look, menu_password};

/// A reseller.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reseller {
    /// Its id.
    pub id: ResellerId,
    /// Its name, unique on the platform.
    pub name: String,
    /// How it appears to its customers.
    pub kind: ResellerKind,
    /// When it was added.
    pub created: Time,
    /// Counts changes of this row, for optimistic updates; starts at 1.
    pub version: i64,
}

/// A customer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Customer {
    /// Its id.
    pub id: CustomerId,
    /// Its reseller; the operator's own customer if absent.
    pub reseller: Option<ResellerId>,
    /// Its name, unique below its reseller.
    pub name: String,
    /// When it was added.
    pub created: Time,
    /// Counts changes of this row, for optimistic updates; starts at 1.
    pub version: i64,
}

/// A site of a customer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Site {
    /// Its id.
    pub id: SiteId,
    /// Its customer.
    pub customer: CustomerId,
    /// Its name, unique within the customer.
    pub name: String,
    /// Country, two capital letters: which emergency numbers hold.
    pub country: Option<String>,
    /// The number that emergency calls show, E.164.
    pub caller_number: Option<String>,
    /// Where it is, for an emergency call, in words.
    pub location: Option<String>,
    /// When it was added.
    pub created: Time,
    /// Counts changes of this row, for optimistic updates; starts at 1.
    pub version: i64,
}

statements! {
    ADD_RESELLER = "insert into reseller (id, name, kind, created, version) values ($1, $2, $3, $4, 1)";
    SAVE_RESELLER = "update reseller set name = $1, kind = $2, version = version + 1 where id = $3 and version = $4 returning version";
    RESELLER = "select id, name, kind, created, version from reseller where id = $1 and (id = $2 or $2 is null)";
    RESELLER_BY_NAME = "select id, name, kind, created, version from reseller where name = $1 and (id = $2 or $2 is null)";
    RESELLERS = "select id, name, kind, created, version from reseller
        where (name, id) > ($1, $2) and (id = $3 or $3 is null) and lower(name) like $4 escape '\\' order by name, id limit $5";
    DROP_RESELLER = "delete from reseller where id = $1";
    DROP_RESELLER_RULES = "delete from policy where node_kind = 'reseller' and node = $1";
    DROP_RESELLER_SETTINGS = "delete from setting where node_kind = 'reseller' and node = $1";

    ADD_CUSTOMER = "insert into customer (id, reseller, name, created, version, revision) values ($1, $2, $3, $4, 1, 1)";
    SAVE_CUSTOMER = "update customer set name = $1, reseller = $2, version = version + 1, revision = revision + 1
        where id = $3 and version = $4 returning version";
    CUSTOMER = "select id, reseller, name, created, version from customer
        where id = $1 and (reseller = $2 or $2 is null) and (id = $3 or $3 is null)";
    CUSTOMERS_BY_NAME = "select id, reseller, name, created, version from customer
        where name = $1 and (reseller = $2 or $2 is null) and (id = $3 or $3 is null) limit 2";
    CUSTOMERS = "select id, reseller, name, created, version from customer
        where (name, id) > ($1, $2) and (reseller = $3 or $3 is null) and (id = $4 or $4 is null)
        and lower(name) like $5 escape '\\' order by name, id limit $6";
    DROP_CUSTOMER = "delete from customer where id = $1";
    DROP_CUSTOMER_RULES = "delete from policy where node_kind = 'customer' and node = $1";
    DROP_CUSTOMER_SETTINGS = "delete from setting where node_kind = 'customer' and node = $1";
    DROP_CUSTOMER_NETWORKS = "delete from trusted_network where customer = $1";
    DROP_CUSTOMER_WINDOWS = "delete from trust_window where customer = $1";
    DROP_CUSTOMER_ADDRESSES = "delete from site_address where customer = $1";
    DROP_CUSTOMER_CONTACTS = "delete from contact where customer = $1";

    ADD_SITE = "insert into site (id, customer, name, country, caller_number, location, created, version) values ($1, $2, $3, $4, $5, $6, $7, 1)";
    SAVE_SITE = "update site set name = $1, country = $2, caller_number = $3, location = $4, version = version + 1
        where id = $5 and version = $6 returning version";
    SITE = "select s.id, s.customer, s.name, s.country, s.caller_number, s.location, s.created, s.version
        from site s join customer c on c.id = s.customer
        where s.id = $1 and (c.reseller = $2 or $2 is null) and (s.customer = $3 or $3 is null) and (s.id = $4 or $4 is null)";
    SITE_BY_NAME = "select s.id, s.customer, s.name, s.country, s.caller_number, s.location, s.created, s.version
        from site s join customer c on c.id = s.customer
        where s.customer = $1 and s.name = $2 and (c.reseller = $3 or $3 is null) and (s.customer = $4 or $4 is null)
        and (s.id = $5 or $5 is null)";
    SITES = "select s.id, s.customer, s.name, s.country, s.caller_number, s.location, s.created, s.version
        from site s join customer c on c.id = s.customer
        where (s.name, s.id) > ($1, $2) and (s.customer = $3 or $3 is null) and (c.reseller = $4 or $4 is null)
        and (s.customer = $5 or $5 is null) and (s.id = $6 or $6 is null) and lower(s.name) like $7 escape '\\'
        order by s.name, s.id limit $8";
    DROP_SITE = "delete from site where id = $1";
    DROP_SITE_RULES = "delete from policy where node_kind = 'site' and node = $1";
    DROP_SITE_SETTINGS = "delete from setting where node_kind = 'site' and node = $1";

    TOUCH_CUSTOMER = "update customer set revision = revision + 1 where id = $1";
    TOUCH_PLATFORM = "update platform set revision = revision + 1 where id = 1";
}

/// Adds a reseller. Only the operator does.
pub fn add_reseller(db: &Db, scope: &Scope, reseller: &Reseller) -> Result<()> {
    inside(scope, Target::default())?;
    named(&reseller.name)?;
    let args = [id(&reseller.id.0), (&reseller.name).into(), kind_code(reseller.kind).into(), reseller.created.into()];
    db.exec(ADD_RESELLER, &args)?;
    touch_platform(db)
}

/// Saves a reseller's name and kind if its version is still the same; returns the new version.
pub fn save_reseller(db: &Db, scope: &Scope, reseller: &Reseller) -> Result<i64> {
    named(&reseller.name)?;
    self::reseller(db, scope, reseller.id)?;
    let args = [(&reseller.name).into(), kind_code(reseller.kind).into(), id(&reseller.id.0), reseller.version.into()];
    let version = db.opt(SAVE_RESELLER, &args, |row| row.int(0))?.ok_or_else(|| db.conflict())?;
    touch_platform(db)?;
    Ok(version)
}

/// One reseller.
pub fn reseller(db: &Db, scope: &Scope, wanted: ResellerId) -> Result<Reseller> {
    db.one(RESELLER, &[id(&wanted.0), opt_id(own_reseller(scope).as_ref())], read_reseller)
}

/// The reseller of a name.
pub fn reseller_by_name(db: &Db, scope: &Scope, name: &str) -> Result<Reseller> {
    db.one(RESELLER_BY_NAME, &[name.into(), opt_id(own_reseller(scope).as_ref())], read_reseller)
}

/// Resellers by name; `query` stands anywhere in the name.
pub fn resellers(db: &Db, scope: &Scope, query: &str, after: Option<&Cursor>, limit: usize) -> Result<Page<Reseller>> {
    let (start, own, pattern) = (after.cloned().unwrap_or_else(Cursor::start), own_reseller(scope), anywhere(query));
    let args = [(&start.name).into(), id(&start.id), opt_id(own.as_ref()), (&pattern).into(), fetch_count(limit).into()];
    let rows = db.all(RESELLERS, &args, read_reseller)?;
    Ok(page(rows, limit, |row| Cursor { id: row.id.0, name: row.name.clone() }))
}

/// Removes a reseller. One with customers or global logins is [`StoreError::InUse`].
pub fn remove_reseller(db: &Db, scope: &Scope, wanted: ResellerId) -> Result<()> {
    inside(scope, Target::default())?;
    reseller(db, scope, wanted)?;
    db.exec(DROP_RESELLER_RULES, &[id(&wanted.0)])?;
    db.exec(DROP_RESELLER_SETTINGS, &[id(&wanted.0)])?;
    look::remove(db, wanted)?;
    db.exec(DROP_RESELLER, &[id(&wanted.0)])?;
    touch_platform(db)
}

/// Adds a customer below a reseller or the operator.
pub fn add_customer(db: &Db, scope: &Scope, customer: &Customer) -> Result<()> {
    inside(scope, Target { reseller: customer.reseller, ..Target::default() })?;
    named(&customer.name)?;
    let reseller = customer.reseller.map(|reseller| reseller.0);
    let args = [id(&customer.id.0), opt_id(reseller.as_ref()), (&customer.name).into(), customer.created.into()];
    db.exec(ADD_CUSTOMER, &args).map(drop)
}

/// Saves a customer's name and reseller if its version is still the same; returns the new version.
pub fn save_customer(db: &Db, scope: &Scope, customer: &Customer) -> Result<i64> {
    named(&customer.name)?;
    let kept = self::customer(db, scope, customer.id)?;
    if kept.reseller != customer.reseller {
        inside(scope, Target { reseller: customer.reseller, ..Target::default() })?;
    }
    let reseller = customer.reseller.map(|reseller| reseller.0);
    let args = [(&customer.name).into(), opt_id(reseller.as_ref()), id(&customer.id.0), customer.version.into()];
    let version = db.opt(SAVE_CUSTOMER, &args, |row| row.int(0))?.ok_or_else(|| db.conflict())?;
    if kept.reseller != customer.reseller {
        crate::device::moved_to_reseller(db, customer.id, reseller.as_ref())?;
        // Its phones may belong to another account of a redirect service.
        touch_platform(db)?;
    }
    Ok(version)
}

/// One customer.
pub fn customer(db: &Db, scope: &Scope, wanted: CustomerId) -> Result<Customer> {
    let bounds = Bounds::above_sites(scope);
    db.one(CUSTOMER, &[id(&wanted.0), bounds.reseller(), bounds.customer()], read_customer)
}

/// The customer of a name. [`StoreError::Ambiguous`] if several resellers have one of that name.
pub fn customer_by_name(db: &Db, scope: &Scope, name: &str) -> Result<Customer> {
    let bounds = Bounds::above_sites(scope);
    let mut found = db.all(CUSTOMERS_BY_NAME, &[name.into(), bounds.reseller(), bounds.customer()], read_customer)?;
    if found.len() > 1 {
        return Err(StoreError::Ambiguous);
    }
    found.pop().ok_or(StoreError::NotFound)
}

/// Customers by name; `query` stands anywhere in the name.
pub fn customers(db: &Db, scope: &Scope, query: &str, after: Option<&Cursor>, limit: usize) -> Result<Page<Customer>> {
    let (start, bounds, pattern) = (after.cloned().unwrap_or_else(Cursor::start), Bounds::above_sites(scope), anywhere(query));
    let args = [(&start.name).into(), id(&start.id), bounds.reseller(), bounds.customer(), (&pattern).into(), fetch_count(limit).into()];
    let rows = db.all(CUSTOMERS, &args, read_customer)?;
    Ok(page(rows, limit, |row| Cursor { id: row.id.0, name: row.name.clone() }))
}

/// Removes a customer with its policy, settings and trust. One with sites or devices is [`StoreError::InUse`].
pub fn remove_customer(db: &Db, scope: &Scope, wanted: CustomerId) -> Result<()> {
    let kept = customer(db, scope, wanted)?;
    inside(scope, Target { reseller: kept.reseller, ..Target::default() })?;
    for statement in [
        DROP_CUSTOMER_RULES,
        DROP_CUSTOMER_SETTINGS,
        DROP_CUSTOMER_NETWORKS,
        DROP_CUSTOMER_WINDOWS,
        DROP_CUSTOMER_ADDRESSES,
        DROP_CUSTOMER_CONTACTS,
    ] {
        db.exec(statement, &[id(&wanted.0)])?;
    }
    menu_password::forget(db, Node::Customer(wanted))?;
    db.exec(DROP_CUSTOMER, &[id(&wanted.0)]).map(drop)
}

/// Adds a site to a customer.
pub fn add_site(db: &Db, scope: &Scope, site: &Site) -> Result<()> {
    customer(db, scope, site.customer)?;
    named(&site.name)?;
    let args = [
        id(&site.id.0),
        id(&site.customer.0),
        (&site.name).into(),
        site.country.as_ref().into(),
        site.caller_number.as_ref().into(),
        site.location.as_ref().into(),
        site.created.into(),
    ];
    db.exec(ADD_SITE, &args)?;
    touch_routes(db)?;
    touch_customer(db, site.customer)
}

/// Saves a site's name and particulars if its version is still the same; returns the new version.
pub fn save_site(db: &Db, scope: &Scope, site: &Site) -> Result<i64> {
    named(&site.name)?;
    let kept = self::site(db, scope, site.id)?;
    let args = [
        (&site.name).into(),
        site.country.as_ref().into(),
        site.caller_number.as_ref().into(),
        site.location.as_ref().into(),
        id(&site.id.0),
        site.version.into(),
    ];
    let version = db.opt(SAVE_SITE, &args, |row| row.int(0))?.ok_or_else(|| db.conflict())?;
    touch_routes(db)?;
    touch_customer(db, kept.customer)?;
    Ok(version)
}

/// One site.
pub fn site(db: &Db, scope: &Scope, wanted: SiteId) -> Result<Site> {
    let bounds = Bounds::of(scope);
    db.one(SITE, &[id(&wanted.0), bounds.reseller(), bounds.customer(), bounds.site()], read_site)
}

/// A customer's site of a name.
pub fn site_by_name(db: &Db, scope: &Scope, customer: CustomerId, name: &str) -> Result<Site> {
    let bounds = Bounds::of(scope);
    db.one(SITE_BY_NAME, &[id(&customer.0), name.into(), bounds.reseller(), bounds.customer(), bounds.site()], read_site)
}

/// Sites by name, of one customer or of all in scope; `query` stands anywhere in the name.
pub fn sites(
    db: &Db,
    scope: &Scope,
    customer: Option<CustomerId>,
    query: &str,
    after: Option<&Cursor>,
    limit: usize,
) -> Result<Page<Site>> {
    let (start, bounds, pattern) = (after.cloned().unwrap_or_else(Cursor::start), Bounds::of(scope), anywhere(query));
    let customer = customer.map(|customer| customer.0);
    let args = [
        (&start.name).into(),
        id(&start.id),
        opt_id(customer.as_ref()),
        bounds.reseller(),
        bounds.customer(),
        bounds.site(),
        (&pattern).into(),
        fetch_count(limit).into(),
    ];
    let rows = db.all(SITES, &args, read_site)?;
    Ok(page(rows, limit, |row| Cursor { id: row.id.0, name: row.name.clone() }))
}

/// Removes a site with its policy and settings. One with devices is [`StoreError::InUse`].
pub fn remove_site(db: &Db, scope: &Scope, wanted: SiteId) -> Result<()> {
    let kept = site(db, scope, wanted)?;
    db.exec(DROP_SITE_RULES, &[id(&wanted.0)])?;
    db.exec(DROP_SITE_SETTINGS, &[id(&wanted.0)])?;
    menu_password::forget(db, Node::Site(wanted))?;
    db.exec(DROP_SITE, &[id(&wanted.0)])?;
    touch_routes(db)?;
    touch_customer(db, kept.customer)
}

/// Proves that a place exists, fits together and may be seen.
pub fn check_place(db: &Db, scope: &Scope, place: &Place) -> Result<()> {
    inside(scope, Target::from(*place))?;
    let customer = db.one(CUSTOMER, &[id(&place.customer.0), crate::db::Arg::Null, crate::db::Arg::Null], read_customer)?;
    let site_fits = match place.site {
        Some(wanted) => site(db, scope, wanted)?.customer == place.customer,
        None => true,
    };
    if customer.reseller == place.reseller && site_fits { Ok(()) } else { Err(StoreError::NotFound) }
}

/// Notes a change that bears on one customer's phones.
pub(crate) fn touch_customer(db: &Db, customer: CustomerId) -> Result<()> {
    db.exec(TOUCH_CUSTOMER, &[id(&customer.0)]).map(drop)
}

/// Notes a change that bears on the phones of several customers.
pub(crate) fn touch_platform(db: &Db) -> Result<()> {
    db.exec(TOUCH_PLATFORM, &[]).map(drop)
}

/// "Not found" unless the target lies in the scope.
pub(crate) fn inside(scope: &Scope, target: Target) -> Result<()> {
    if target.within(*scope) { Ok(()) } else { Err(StoreError::NotFound) }
}

fn named(name: &str) -> Result<()> {
    match name {
        _ if name.len() > NAME_BYTES_MAX => Err(StoreError::TooLarge { what: "bytes in a name", max: NAME_BYTES_MAX }),
        _ if name.trim() != name || name.is_empty() || name.chars().any(char::is_control) => {
            Err(StoreError::Setup("a name is not empty and has no line breaks or spaces at its ends".into()))
        }
        _ => Ok(()),
    }
}

/// Which reseller's row a scope sees: all, its own, or (below a reseller) none.
fn own_reseller(scope: &Scope) -> Option<uuid::Uuid> {
    match scope {
        Scope::Operator => None,
        Scope::Reseller(own) => Some(own.0),
        Scope::Customer(_) | Scope::Site(_) => Some(uuid::Uuid::nil()),
    }
}

fn kind_code(kind: ResellerKind) -> &'static str {
    match kind {
        ResellerKind::WhiteLabel => "white-label",
        ResellerKind::Channel => "channel",
    }
}

fn read_reseller(row: &Row<'_>) -> Result<Reseller> {
    let kind = match row.text(2)? {
        "white-label" => ResellerKind::WhiteLabel,
        _ => ResellerKind::Channel,
    };
    let (name, created) = (row.text(1)?.to_owned(), Time::from_millis(row.int(3)?));
    Ok(Reseller { id: ResellerId(uuid(row, 0)?), name, kind, created, version: row.int(4)? })
}

fn read_customer(row: &Row<'_>) -> Result<Customer> {
    Ok(Customer {
        id: CustomerId(uuid(row, 0)?),
        reseller: opt_uuid(row, 1)?.map(ResellerId),
        name: row.text(2)?.to_owned(),
        created: Time::from_millis(row.int(3)?),
        version: row.int(4)?,
    })
}

fn read_site(row: &Row<'_>) -> Result<Site> {
    let optional = |at| Ok::<_, StoreError>(row.opt_text(at)?.map(str::to_owned));
    Ok(Site {
        id: SiteId(uuid(row, 0)?),
        customer: CustomerId(uuid(row, 1)?),
        name: row.text(2)?.to_owned(),
        country: optional(3)?,
        caller_number: optional(4)?,
        location: optional(5)?,
        created: Time::from_millis(row.int(6)?),
        version: row.int(7)?,
    })
}
