//! Webhooks: who is sent events, what they are sent, and what came of it.
//!
//! Deliveries are made from events by whichever node comes first, and each is held by one node while that tries it.

use domain::role::Target;
use domain::tenancy::{CustomerId, Node, ResellerId, SiteId};
use domain::{Secret, Span, Time};
use uuid::Uuid;

use crate::db::{Arg, Db, Row, statements};
use crate::limits::{LABEL_BYTES_MAX, WEBHOOK_FAILING_DAYS, WEBHOOK_URL_BYTES_MAX, WEBHOOKS_MAX};
use crate::scope::{Bounds, Scope, id, opt_id, opt_uuid, uuid};
use crate::seal::Place;
use crate::{Result, StoreError};

mod delivery;

#[cfg(test)]
pub(crate) use delivery::STATEMENTS as DELIVERY_STATEMENTS;
pub use delivery::{
    Delivery, Due, Outcome, State, any_due, behind, claim, claim_one, deliveries, delivery, drop_waiting, enqueue, fan_out, prune, replay,
    settle,
};

/// Somebody who is sent events.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Webhook {
    /// Its id.
    pub id: Uuid,
    /// Whose events, with what is above it.
    pub of: Target,
    /// Where they are sent.
    pub url: String,
    /// What people call it.
    pub label: String,
    /// Types of events; all if empty.
    pub kinds: Vec<String>,
    /// When it was added.
    pub created: Time,
    /// Events are sent.
    pub enabled: bool,
    /// Why not, if nobody asked for that.
    pub disabled_because: Option<String>,
    /// Since when no delivery has arrived.
    pub failing_since: Option<Time>,
    /// Counts changes by people; starts at 1.
    pub version: i64,
}

impl Webhook {
    /// Whose branch it hears.
    pub fn node(&self) -> Node {
        match (self.of.site, self.of.customer, self.of.reseller) {
            (Some(site), _, _) => Node::Site(site),
            (None, Some(customer), _) => Node::Customer(customer),
            (None, None, Some(reseller)) => Node::Reseller(reseller),
            (None, None, None) => Node::Operator,
        }
    }
}

statements! {
    COUNT = "select count(*) as webhooks from webhook";
    ENABLED = "select count(*) as enabled from webhook where enabled = $1";
    ADD = "insert into webhook (id, reseller, customer, site, url, label, types, secret, created, enabled, version)
        values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, 1)";
    LIST = "select id, reseller, customer, site, url, label, types, created, enabled, disabled_because, failing_since, version from webhook
        where (reseller = $1 or $1 is null) and (customer = $2 or $2 is null) and (site = $3 or $3 is null) and (id = $4 or $4 is null)
        order by created, id";
    SAVE = "update webhook set url = $1, label = $2, types = $3, enabled = $4, disabled_because = $5, failing_since = $6,
        version = version + 1 where id = $7 and version = $8 returning version";
    SET_SECRET = "update webhook set secret = $1 where id = $2";
    SECRET = "select secret from webhook where id = $1";
    DROP = "delete from webhook where id = $1";
    ARRIVED = "update webhook set failing_since = null where id = $1 and failing_since is not null";
    FAILED = "update webhook set failing_since = $1 where id = $2 and failing_since is null";
    DISABLE = "update webhook set enabled = $1, disabled_because = $2 where id = $3 and enabled = $4 and (failing_since < $5 or $6)";
}

/// Adds a webhook for a branch that the scope holds.
pub fn add(db: &Db, scope: &Scope, webhook: &Webhook, secret: &Secret<Vec<u8>>) -> Result<()> {
    if !webhook.of.within(*scope) {
        return Err(StoreError::NotFound);
    }
    check(webhook)?;
    let max = usize::try_from(WEBHOOKS_MAX).expect("a small constant");
    if db.one(COUNT, &[], |row| row.int(0))? >= WEBHOOKS_MAX {
        return Err(StoreError::TooLarge { what: "webhooks", max });
    }
    begin(db)?;
    let Target { reseller, customer, site } = webhook.of;
    let (reseller, customer, site) = (reseller.map(|of| of.0), customer.map(|of| of.0), site.map(|of| of.0));
    let sealed = db.seal(place(&webhook.id), secret.expose())?;
    let kinds = webhook.kinds.join(" ");
    let args = [
        id(&webhook.id),
        opt_id(reseller.as_ref()),
        opt_id(customer.as_ref()),
        opt_id(site.as_ref()),
        (&webhook.url).into(),
        (&webhook.label).into(),
        (&kinds).into(),
        (&sealed).into(),
        webhook.created.into(),
        webhook.enabled.into(),
    ];
    db.exec(ADD, &args).map(drop)
}

/// The webhooks in scope, oldest first.
pub fn list(db: &Db, scope: &Scope) -> Result<Vec<Webhook>> {
    let bounds = Bounds::of(scope);
    db.all(LIST, &[bounds.reseller(), bounds.customer(), bounds.site(), Arg::Null], read)
}

/// One of them.
pub fn one(db: &Db, scope: &Scope, wanted: Uuid) -> Result<Webhook> {
    let bounds = Bounds::of(scope);
    db.one(LIST, &[bounds.reseller(), bounds.customer(), bounds.site(), id(&wanted)], read)
}

/// Saves what people may change, if the version is still the same; returns the new version.
pub fn save(db: &Db, scope: &Scope, webhook: &Webhook) -> Result<i64> {
    one(db, scope, webhook.id)?;
    check(webhook)?;
    if webhook.enabled {
        begin(db)?;
    }
    let kinds = webhook.kinds.join(" ");
    let args = [
        (&webhook.url).into(),
        (&webhook.label).into(),
        (&kinds).into(),
        webhook.enabled.into(),
        webhook.disabled_because.as_ref().into(),
        webhook.failing_since.into(),
        id(&webhook.id),
        webhook.version.into(),
    ];
    db.opt(SAVE, &args, |row| row.int(0))?.ok_or_else(|| db.conflict())
}

/// Gives it another secret.
pub fn set_secret(db: &Db, scope: &Scope, wanted: Uuid, secret: &Secret<Vec<u8>>) -> Result<()> {
    one(db, scope, wanted)?;
    let sealed = db.seal(place(&wanted), secret.expose())?;
    db.exec(SET_SECRET, &[(&sealed).into(), id(&wanted)]).map(drop)
}

/// Removes it, and what it has not been sent.
pub fn remove(db: &Db, scope: &Scope, wanted: Uuid) -> Result<()> {
    one(db, scope, wanted)?;
    db.exec(DROP, &[id(&wanted)]).map(drop)
}

/// Where nobody was sent events so far, the first begins with what comes next, not with a week of the past.
fn begin(db: &Db) -> Result<()> {
    if db.one(ENABLED, &[true.into()], |row| row.int(0))? == 0 { delivery::begin(db) } else { Ok(()) }
}

/// A delivery arrived.
fn arrived(db: &Db, webhook: Uuid) -> Result<()> {
    db.exec(ARRIVED, &[id(&webhook)]).map(drop)
}

/// A delivery did not arrive; whether that ends the webhook: it wants no more, or nothing has arrived for days.
fn failed(db: &Db, webhook: Uuid, gone: bool, error: &str, now: Time) -> Result<bool> {
    db.exec(FAILED, &[now.into(), id(&webhook)])?;
    let patience = now - Span::days(WEBHOOK_FAILING_DAYS);
    let because = if gone { "it answered 410: gone".to_owned() } else { format!("nothing arrived for days; last: {error}") };
    let args = [false.into(), (&because).into(), id(&webhook), true.into(), patience.into(), gone.into()];
    Ok(db.exec(DISABLE, &args)? == 1)
}

fn secret(db: &Db, webhook: Uuid) -> Result<Secret<Vec<u8>>> {
    let sealed = db.one(SECRET, &[id(&webhook)], |row| Ok(row.bytes(0)?.to_vec()))?;
    Ok(Secret::new(db.open(place(&webhook), &sealed)?.to_vec()))
}

pub(crate) fn place(of: &Uuid) -> Place<'_> {
    Place { table: "webhook", column: "secret", row: of.as_bytes() }
}

fn check(webhook: &Webhook) -> Result<()> {
    match webhook {
        _ if webhook.url.len() > WEBHOOK_URL_BYTES_MAX => {
            Err(StoreError::TooLarge { what: "bytes in a webhook's address", max: WEBHOOK_URL_BYTES_MAX })
        }
        _ if webhook.label.len() > LABEL_BYTES_MAX => Err(StoreError::TooLarge { what: "bytes in a label", max: LABEL_BYTES_MAX }),
        _ => Ok(()),
    }
}

fn read(row: &Row<'_>) -> Result<Webhook> {
    Ok(Webhook {
        id: uuid(row, 0)?,
        of: Target {
            reseller: opt_uuid(row, 1)?.map(ResellerId),
            customer: opt_uuid(row, 2)?.map(CustomerId),
            site: opt_uuid(row, 3)?.map(SiteId),
        },
        url: row.text(4)?.to_owned(),
        label: row.text(5)?.to_owned(),
        kinds: row.text(6)?.split_whitespace().map(str::to_owned).collect(),
        created: Time::from_millis(row.int(7)?),
        enabled: row.bool(8)?,
        disabled_because: row.opt_text(9)?.map(str::to_owned),
        failing_since: row.opt_int(10)?.map(Time::from_millis),
        version: row.int(11)?,
    })
}
