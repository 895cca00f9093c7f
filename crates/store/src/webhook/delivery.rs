//! What webhooks are sent. A delivery waits, is tried by one node at a time, and ends as delivered or failed.

use domain::{Secret, Span, Time};
use sha2::{Digest, Sha256};
use uuid::Uuid;

use super::{Webhook, arrived, failed, list, one, secret};
use crate::db::{Db, Row, statements};
use crate::event::{self, Event, Filter, Reader};
use crate::limits::{DELIVERIES_WAITING_MAX, DELIVERY_DAYS, DELIVERY_ERROR_BYTES_MAX, DELIVERY_FLIGHTS_MAX, EVENTS_FANNED_MAX, PAGE_MAX};
use crate::outbox::outbox_last;
use crate::scope::{Scope, id, uuid};
use crate::{Result, StoreError};

/// How far a delivery has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum State {
    /// It will be tried.
    Waiting,
    /// It arrived.
    Delivered,
    /// It did not, and is not tried again by itself.
    Failed,
}

impl State {
    /// Its code.
    pub fn code(self) -> &'static str {
        match self {
            Self::Waiting => "waiting",
            Self::Delivered => "delivered",
            Self::Failed => "failed",
        }
    }
}

/// One thing that a webhook is sent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Delivery {
    /// Its id, the same whenever it is tried.
    pub id: Uuid,
    /// To whom.
    pub webhook: Uuid,
    /// The event's type.
    pub kind: String,
    /// What is sent.
    pub body: String,
    /// When it was made.
    pub created: Time,
    /// How far it has come.
    pub state: State,
    /// How often it was tried.
    pub tries: i64,
    /// When it is tried next.
    pub due: Option<Time>,
    /// The latest answer's status.
    pub status: Option<i64>,
    /// What went wrong the last time.
    pub error: Option<String>,
    /// When it ended.
    pub done: Option<Time>,
}

/// A delivery that this node holds, with what is needed to try it.
#[derive(Clone, Debug)]
pub struct Due {
    /// It.
    pub delivery: Delivery,
    /// Where to.
    pub url: String,
    /// What it is signed with.
    pub secret: Secret<Vec<u8>>,
}

/// What came of a try.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// It arrived.
    Arrived(u16),
    /// It did not.
    Failed {
        /// The answer's status, if there was an answer.
        status: Option<u16>,
        /// What went wrong, without a secret.
        error: String,
        /// When to try again; never if absent.
        again: Option<Time>,
        /// The other side wants no more.
        gone: bool,
    },
}

statements! {
    ENQUEUE = "insert into webhook_delivery (id, webhook, type, body, created, state, tries, due) values ($1, $2, $3, $4, $5, 'waiting', 0, $5)
        on conflict (id) do nothing";
    BEHIND = "select count(*) as behind from webhook w where w.enabled = $1
        and exists (select 1 from event e join event_cursor c on c.name = 'webhooks' where e.id > c.at)";
    ANY_DUE = "select count(*) as due from webhook w where exists (select 1 from webhook_delivery d where d.webhook = w.id and d.due <= $1
        and (d.leased_until is null or d.leased_until <= $1))";
    WAITING = "select count(*) as waiting from webhook_delivery where webhook = $1 and due is not null";
    // The outer repeat of the lease test is what makes this safe on PostgreSQL; see the jobs.
    CLAIM = "update webhook_delivery set owner = $1, leased_until = $2, tries = tries + 1
        where id = (select d.id from webhook w join webhook_delivery d on d.id =
            (select x.id from webhook_delivery x where x.webhook = w.id and x.due <= $3 and (x.leased_until is null or x.leased_until <= $3)
            order by x.due, x.id limit 1)
            where w.enabled and (select count(*) from webhook_delivery l where l.webhook = w.id and l.leased_until > $3) < $4
            order by d.due, d.id limit 1)
        and (leased_until is null or leased_until <= $3)
        returning id, webhook, type, body, created, state, tries, due, status, error, done";
    CLAIM_ONE = "update webhook_delivery set owner = $1, leased_until = $2, tries = tries + 1
        where id = $3 and (leased_until is null or leased_until <= $4)
        returning id, webhook, type, body, created, state, tries, due, status, error, done";
    SETTLE = "update webhook_delivery set owner = null, leased_until = null, state = $1, due = $2, status = $3, error = $4, done = $5
        where id = $6 and owner = $7";
    REPLAY = "update webhook_delivery set state = 'waiting', tries = 0, due = $1, done = null where id = $2
        and (leased_until is null or leased_until <= $1)";
    GIVE_UP = "update webhook_delivery set state = 'failed', due = null, done = $1 where webhook = $2 and due is not null";
    ONE = "select id, webhook, type, body, created, state, tries, due, status, error, done from webhook_delivery
        where id = $1 and webhook = $2";
    NEWEST = "select id, webhook, type, body, created, state, tries, due, status, error, done from webhook_delivery where webhook = $1
        order by created desc, id desc limit $2";
    PRUNE = "delete from webhook_delivery where done < $1";
}

/// The reader of events begins with what comes next.
pub(super) fn begin(db: &Db) -> Result<()> {
    let (from, to) = (event::cursor(db, Reader::Webhooks)?, outbox_last(db)?);
    event::advance(db, Reader::Webhooks, from, to).map(drop)
}

/// Makes deliveries of the next events; how many events were looked at. `body` writes an event as it is sent.
pub fn fan_out(db: &Db, body: impl Fn(&Event) -> String, now: Time) -> Result<usize> {
    let hooks: Vec<Webhook> = list(db, &Scope::Operator)?.into_iter().filter(|hook| hook.enabled).collect();
    if hooks.is_empty() {
        return Ok(0);
    }
    let from = event::cursor(db, Reader::Webhooks)?;
    let (events, upto) = event::after(db, &Scope::Operator, &Filter::default(), from, EVENTS_FANNED_MAX)?;
    if events.is_empty() || !event::advance(db, Reader::Webhooks, from, upto)? {
        return Ok(0);
    }
    for hook in &hooks {
        let wanted = |event: &&Event| event.of.within(hook.node()) && (hook.kinds.is_empty() || hook.kinds.contains(&event.kind));
        let wanted: Vec<&Event> = events.iter().filter(wanted).collect();
        let waiting = if wanted.is_empty() { 0 } else { db.one(WAITING, &[id(&hook.id)], |row| row.int(0))? };
        // Whoever has been away so long learns of the rest by asking for the state of things.
        let room = usize::try_from(DELIVERIES_WAITING_MAX - waiting).unwrap_or(0);
        for event in wanted.into_iter().take(room) {
            enqueue(db, delivery_id(hook.id, event.id), hook.id, &event.kind, &body(event), now)?;
        }
    }
    Ok(events.len())
}

/// Whether there are events that nobody has made deliveries of, and somebody who wants them.
pub fn behind(db: &Db) -> Result<bool> {
    db.one(BEHIND, &[true.into()], |row| Ok(row.int(0)? > 0))
}

/// Whether a delivery is due.
pub fn any_due(db: &Db, now: Time) -> Result<bool> {
    db.one(ANY_DUE, &[now.into()], |row| Ok(row.int(0)? > 0))
}

/// Adds a delivery; nothing happens if its id is there already.
pub fn enqueue(db: &Db, delivery: Uuid, webhook: Uuid, kind: &str, body: &str, now: Time) -> Result<()> {
    db.exec(ENQUEUE, &[id(&delivery), id(&webhook), kind.into(), body.into(), now.into()]).map(drop)
}

/// Claims the delivery that is longest due, for a span; a webhook has a few in flight at once. Nobody else gets it before the span ends.
pub fn claim(db: &Db, owner: Uuid, now: Time, span: Span) -> Result<Option<Due>> {
    let claimed = db.opt(CLAIM, &[id(&owner), (now + span).into(), now.into(), DELIVERY_FLIGHTS_MAX.into()], read)?;
    claimed.map(|delivery| due(db, delivery)).transpose()
}

/// Claims one delivery, due or not; nothing if another node holds it.
pub fn claim_one(db: &Db, wanted: Uuid, owner: Uuid, now: Time, span: Span) -> Result<Option<Due>> {
    let claimed = db.opt(CLAIM_ONE, &[id(&owner), (now + span).into(), id(&wanted), now.into()], read)?;
    claimed.map(|delivery| due(db, delivery)).transpose()
}

/// Notes what came of a try, unless the claim was lost meanwhile; whether the webhook was disabled by it.
pub fn settle(db: &Db, tried: &Delivery, owner: Uuid, outcome: &Outcome, now: Time) -> Result<bool> {
    let (state, again, status, error) = match outcome {
        Outcome::Arrived(status) => (State::Delivered, None, Some(*status), None),
        Outcome::Failed { status, error, again: Some(again), gone: false } => (State::Waiting, Some(*again), *status, Some(error)),
        Outcome::Failed { status, error, .. } => (State::Failed, None, *status, Some(error)),
    };
    let done = if state == State::Waiting { None } else { Some(now) };
    let error = error.map(|error| &error[..error.floor_char_boundary(DELIVERY_ERROR_BYTES_MAX)]);
    let status = status.map(i64::from);
    let args = [state.code().into(), again.into(), status.into(), error.into(), done.into(), id(&tried.id), id(&owner)];
    if db.exec(SETTLE, &args)? == 0 {
        return Ok(false);
    }
    let Outcome::Failed { error, gone, .. } = outcome else { return arrived(db, tried.webhook).map(|()| false) };
    let disabled = failed(db, tried.webhook, *gone, error, now)?;
    if disabled {
        drop_waiting(db, tried.webhook, now)?;
    }
    Ok(disabled)
}

/// Gives up what a webhook has not been sent.
pub fn drop_waiting(db: &Db, webhook: Uuid, now: Time) -> Result<()> {
    db.exec(GIVE_UP, &[now.into(), id(&webhook)]).map(drop)
}

/// Has a delivery tried again, with all its tries.
pub fn replay(db: &Db, scope: &Scope, webhook: Uuid, wanted: Uuid, now: Time) -> Result<Delivery> {
    delivery(db, scope, webhook, wanted)?;
    if db.exec(REPLAY, &[now.into(), id(&wanted)])? == 0 {
        return Err(StoreError::Refused("this delivery is being tried at this moment".into()));
    }
    delivery(db, scope, webhook, wanted)
}

/// One delivery of a webhook in scope.
pub fn delivery(db: &Db, scope: &Scope, webhook: Uuid, wanted: Uuid) -> Result<Delivery> {
    one(db, scope, webhook)?;
    db.one(ONE, &[id(&wanted), id(&webhook)], read)
}

/// The latest deliveries of a webhook in scope, newest first.
pub fn deliveries(db: &Db, scope: &Scope, webhook: Uuid, limit: usize) -> Result<Vec<Delivery>> {
    one(db, scope, webhook)?;
    let limit = i64::try_from(limit.clamp(1, PAGE_MAX)).expect("PAGE_MAX is small");
    db.all(NEWEST, &[id(&webhook), limit.into()], read)
}

/// Removes deliveries that ended more than a week ago.
pub fn prune(db: &Db, now: Time) -> Result<u64> {
    db.exec(PRUNE, &[(now - Span::days(DELIVERY_DAYS)).into()])
}

/// The same for the same event on every node, so that it is made once.
fn delivery_id(webhook: Uuid, event: i64) -> Uuid {
    let hash = Sha256::new().chain_update(webhook.as_bytes()).chain_update(event.to_be_bytes()).finalize();
    let first = std::array::from_fn(|at| hash[at]);
    ::uuid::Builder::from_custom_bytes(first).into_uuid()
}

fn due(db: &Db, delivery: Delivery) -> Result<Due> {
    let url = one(db, &Scope::Operator, delivery.webhook)?.url;
    Ok(Due { url, secret: secret(db, delivery.webhook)?, delivery })
}

fn read(row: &Row<'_>) -> Result<Delivery> {
    let number = uuid(row, 0)?;
    let state = match row.text(5)? {
        "waiting" => State::Waiting,
        "delivered" => State::Delivered,
        "failed" => State::Failed,
        _ => return Err(StoreError::Damaged { table: "webhook_delivery", column: "state", row: number.to_string() }),
    };
    Ok(Delivery {
        id: number,
        webhook: uuid(row, 1)?,
        kind: row.text(2)?.to_owned(),
        body: row.text(3)?.to_owned(),
        created: Time::from_millis(row.int(4)?),
        state,
        tries: row.int(6)?,
        due: row.opt_int(7)?.map(Time::from_millis),
        status: row.opt_int(8)?,
        error: row.opt_text(9)?.map(str::to_owned),
        done: row.opt_int(10)?.map(Time::from_millis),
    })
}
