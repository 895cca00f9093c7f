//! Trunks, and what else the routing table of emergency calls is made from. That table lives in memory: a call asks nothing here.

use domain::emergency::{Owner, Trunk, TrunkId, TrunkLogin};
use domain::role::Target;
use domain::tenancy::{CustomerId, ResellerId, SiteId};
use domain::{Mac, Secret, Time};

use crate::db::{Arg, Db, Row, statements};
use crate::limits::{ROUTE_SITES_PAGE, TRUNK_DETAIL_BYTES_MAX, TRUNKS_MAX};
use crate::scope::{Bounds, Scope, id, opt_id, opt_uuid, uuid};
use crate::seal::Place;
use crate::tenancy::{customer, inside, site};
use crate::{Result, StoreError};

/// A trunk as it is kept.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Kept {
    /// The trunk.
    pub trunk: Trunk,
    /// When it was added.
    pub created: Time,
    /// What was found when it was last looked at; nothing if it never was.
    pub state: Option<TrunkState>,
}

/// Whether a trunk answers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TrunkState {
    /// It does.
    pub up: bool,
    /// Since then.
    pub since: Time,
    /// Last looked at then.
    pub checked: Time,
    /// What it said, or why not.
    pub detail: String,
}

/// Counters that move with everything the routing table is made from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RouteRevision {
    /// Trunks and sites.
    pub routes: i64,
    /// Policies of the platform.
    pub platform: i64,
}

/// What an emergency call needs to know of a site.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RouteSite {
    /// The site.
    pub id: SiteId,
    /// Country, two capital letters.
    pub country: Option<String>,
    /// The number that it shows, E.164.
    pub caller_number: Option<String>,
    /// Where it is, in words.
    pub location: Option<String>,
}

statements! {
    ADD = "insert into trunk (id, name, uri, customer, site, priority, username, password, channels, reserved, test_number, created)
        values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12)";
    COUNT = "select count(*) as trunks from trunk";
    LIST = "select t.id, t.name, t.uri, t.customer, t.site, t.priority, t.username, t.password, t.channels, t.reserved, t.test_number,
        t.created, s.up, s.since, s.checked, s.detail
        from trunk t left join customer c on c.id = t.customer left join trunk_state s on s.trunk = t.id
        where (c.reseller = $1 or $1 is null) and (t.customer = $2 or $2 is null) and (t.site = $3 or $3 is null)
        and (t.name = $4 or $4 is null) order by t.name";
    DROP = "delete from trunk where id = $1";
    DROP_STATE = "delete from trunk_state where trunk = $1";
    KNOWN = "select count(*) as known from trunk where id = $1";
    NOTE = "insert into trunk_state (trunk, up, since, checked, detail) values ($1, $2, $3, $4, $5)
        on conflict (trunk) do update set up = excluded.up, since = excluded.since, checked = excluded.checked, detail = excluded.detail";
    REVISION = "select r.revision, p.revision as platform from route_head r, platform p where r.id = 1 and p.id = 1";
    OWNER = "select t.customer, t.site, c.reseller from trunk t left join customer c on c.id = t.customer where t.name = $1";
    TOUCH = "update route_head set revision = revision + 1 where id = 1";
    SITES = "select id, country, caller_number, location from site where id > $1 order by id limit $2";
    PLACE = "select customer, site from device where mac = $1";
}

/// Adds a trunk to whatever its owner names, which must lie in the scope.
pub fn add(db: &Db, scope: &Scope, trunk: &Trunk, created: Time) -> Result<()> {
    let (customer_id, site_id) = owner_columns(db, scope, trunk.owner)?;
    if db.one(COUNT, &[], |row| row.int(0))? >= TRUNKS_MAX {
        return Err(StoreError::TooLarge { what: "trunks", max: usize::try_from(TRUNKS_MAX).expect("a small constant") });
    }
    let sealed = trunk.login.as_ref().map(|login| db.seal(place(&trunk.id), login.password.expose().as_bytes())).transpose()?;
    let uri = trunk.address.to_string();
    db.exec(
        ADD,
        &[
            id(&trunk.id.0),
            (&trunk.name).into(),
            (&uri).into(),
            opt_id(customer_id.as_ref()),
            opt_id(site_id.as_ref()),
            i64::from(trunk.priority).into(),
            trunk.login.as_ref().map(|login| &login.user).into(),
            sealed.as_ref().map_or(Arg::Null, |sealed| Arg::Bytes(sealed)),
            trunk.channels.map_or(Arg::Null, |channels| Arg::Int(channels.into())),
            i64::from(trunk.reserved).into(),
            trunk.test_number.as_ref().into(),
            created.into(),
        ],
    )?;
    touch_routes(db)
}

/// All trunks in scope, by name. Those of the operator are the operator's alone to see.
pub fn list(db: &Db, scope: &Scope) -> Result<Vec<Kept>> {
    let bounds = Bounds::of(scope);
    db.all(LIST, &[bounds.reseller(), bounds.customer(), bounds.site(), Arg::Null], |row| read(db, row))
}

/// The trunk of a name.
pub fn by_name(db: &Db, scope: &Scope, name: &str) -> Result<Kept> {
    let bounds = Bounds::of(scope);
    db.one(LIST, &[bounds.reseller(), bounds.customer(), bounds.site(), name.into()], |row| read(db, row))
}

/// Whose calls the trunk of a name carries; everybody's if it is the operator's, or gone.
pub fn owner_of(db: &Db, name: &str) -> Result<Target> {
    let found = db.opt(OWNER, &[name.into()], |row| {
        Ok(Target {
            reseller: opt_uuid(row, 2)?.map(ResellerId),
            customer: opt_uuid(row, 0)?.map(CustomerId),
            site: opt_uuid(row, 1)?.map(SiteId),
        })
    })?;
    Ok(found.unwrap_or_default())
}

/// Removes the trunk of a name.
pub fn remove(db: &Db, scope: &Scope, name: &str) -> Result<()> {
    let kept = by_name(db, scope, name)?;
    db.exec(DROP_STATE, &[id(&kept.trunk.id.0)])?;
    db.exec(DROP, &[id(&kept.trunk.id.0)])?;
    touch_routes(db)
}

/// Keeps what was found. A trunk that was removed meanwhile is passed over.
pub fn note_state(db: &Db, of: TrunkId, state: &TrunkState) -> Result<()> {
    if db.one(KNOWN, &[id(&of.0)], |row| row.int(0))? == 0 {
        return Ok(());
    }
    let mut end = state.detail.len().min(TRUNK_DETAIL_BYTES_MAX);
    while !state.detail.is_char_boundary(end) {
        end -= 1;
    }
    let detail = &state.detail[..end];
    db.exec(NOTE, &[id(&of.0), state.up.into(), state.since.into(), state.checked.into(), detail.into()]).map(drop)
}

/// Whether the routing table still holds.
pub fn revision(db: &Db) -> Result<RouteRevision> {
    db.one(REVISION, &[], |row| Ok(RouteRevision { routes: row.int(0)?, platform: row.int(1)? }))
}

/// Up to 1000 sites of the whole platform after that one, by id: the routing table's.
pub fn sites_after(db: &Db, after: SiteId) -> Result<Vec<RouteSite>> {
    let text = |row: &Row<'_>, at| Ok::<_, StoreError>(row.opt_text(at)?.map(str::to_owned));
    db.all(SITES, &[id(&after.0), ROUTE_SITES_PAGE.into()], |row| {
        Ok(RouteSite { id: SiteId(uuid(row, 0)?), country: text(row, 1)?, caller_number: text(row, 2)?, location: text(row, 3)? })
    })
}

/// Where the phone of a MAC stands; nothing for one that nobody added. Sees all tenants: the voice edge's alone.
pub fn place_of(db: &Db, mac: Mac) -> Result<Option<(CustomerId, Option<SiteId>)>> {
    db.opt(PLACE, &[(&mac.to_string()).into()], |row| Ok((CustomerId(uuid(row, 0)?), opt_uuid(row, 1)?.map(SiteId))))
}

/// Notes a change that the routing table must learn of.
pub(crate) fn touch_routes(db: &Db) -> Result<()> {
    db.exec(TOUCH, &[]).map(drop)
}

pub(crate) fn place(of: &TrunkId) -> Place<'_> {
    Place { table: "trunk", column: "password", row: of.0.as_bytes() }
}

fn owner_columns(db: &Db, scope: &Scope, owner: Owner) -> Result<(Option<uuid::Uuid>, Option<uuid::Uuid>)> {
    match owner {
        Owner::Operator => inside(scope, Target::default()).map(|()| (None, None)),
        Owner::Customer(of) => Ok((Some(customer(db, scope, of)?.id.0), None)),
        Owner::Site(of) => {
            let found = site(db, scope, of)?;
            Ok((Some(found.customer.0), Some(found.id.0)))
        }
    }
}

fn read(db: &Db, row: &Row<'_>) -> Result<Kept> {
    let trunk_id = TrunkId(uuid(row, 0)?);
    let name = row.text(1)?.to_owned();
    let damaged = |column| StoreError::Damaged { table: "trunk", column, row: name.clone() };
    let login = match (row.opt_text(6)?, row.opt_bytes(7)?) {
        (Some(user), Some(sealed)) => {
            let password = db.open(place(&trunk_id), sealed)?;
            let password = std::str::from_utf8(&password).map_err(|_| damaged("password"))?;
            Some(TrunkLogin { user: user.to_owned(), password: Secret::from(password) })
        }
        _ => None,
    };
    let owner = match (opt_uuid(row, 3)?, opt_uuid(row, 4)?) {
        (_, Some(site)) => Owner::Site(SiteId(site)),
        (Some(customer), None) => Owner::Customer(CustomerId(customer)),
        (None, None) => Owner::Operator,
    };
    let channels = row.opt_int(8)?.map(|channels| u32::try_from(channels).map_err(|_| damaged("channels"))).transpose()?;
    let state = match row.opt_int(13)? {
        None => None,
        Some(since) => Some(TrunkState {
            up: row.bool(12)?,
            since: Time::from_millis(since),
            checked: Time::from_millis(row.int(14)?),
            detail: row.text(15)?.to_owned(),
        }),
    };
    let trunk = Trunk {
        id: trunk_id,
        address: row.text(2)?.parse().map_err(|_| damaged("uri"))?,
        login,
        owner,
        priority: u16::try_from(row.int(5)?).map_err(|_| damaged("priority"))?,
        channels,
        reserved: u32::try_from(row.int(9)?).map_err(|_| damaged("reserved"))?,
        test_number: row.opt_text(10)?.map(str::to_owned),
        name: name.clone(),
    };
    Ok(Kept { trunk, created: Time::from_millis(row.int(11)?), state })
}
