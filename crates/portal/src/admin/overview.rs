//! What somebody sees first: their phones in numbers, who waits, and what a person should look at. Every number ends somewhere, so that it
//! costs a large platform no more than a small one.

use domain::device::State;
use domain::policy::Policy;
use domain::role::{Action, Role};
use domain::tenancy::Node;
use serde::Serialize;
use store::{Db, Scope, seen, sightings, traffic};

use super::device::{self, Which};
use super::knock::{self, KnockView};
use super::part::Part;
use super::tree::find_customer;
use super::trunk::{self, TrunkView};
use super::{Admin, By, Error};
use crate::limits::{CHART_MINUTES, OVERVIEW_COUNT_MAX, OVERVIEW_ROWS, UNCONFIRMED_LOOKED_MAX, WAITING_WITHIN};

/// The phones in this state.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct StateCount {
    /// needed, failed, blocked, successful.
    pub state: &'static str,
    /// How many.
    pub count: u64,
    /// There are more than are counted.
    pub more: bool,
}

/// Flags of one kind.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct FlagCount {
    /// A code of `attention`.
    pub kind: &'static str,
    /// How many phones have it.
    pub count: i64,
    /// There may be more.
    pub more: bool,
}

/// A phone that came by a moment ago and is not cleared.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct WaitingView {
    /// Its MAC.
    pub mac: String,
    /// Brand and model.
    pub model: String,
    /// What people call it.
    pub label: String,
    /// needed, failed, blocked.
    pub state: &'static str,
    /// From where.
    pub address: Option<String>,
    /// When it was served last.
    pub at: String,
}

/// All of it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Overview {
    /// By state.
    pub states: Vec<StateCount>,
    /// All phones.
    pub all: u64,
    /// What a person should look at, only kinds that there are.
    pub flags: Vec<FlagCount>,
    /// Who waits, the latest first.
    pub waiting: Vec<WaitingView>,
    /// More wait.
    pub more_wait: bool,
    /// Fetches in each of the last sixty minutes, oldest first.
    pub fetches: Vec<i64>,
    /// Trunks, for those who may see them; those that are down first.
    pub trunks: Option<Vec<TrunkView>>,
    /// Phones in no inventory, and how many; the operator's alone.
    pub unknown: Option<(Vec<KnockView>, i64)>,
}

/// Flags that are kept as such.
const RAISED: [&str; 3] = ["came_back_without_login", "identity_mismatch", "still_uses_global"];

/// The overview of one's branch, or of one customer in it.
pub async fn read(admin: &Admin, by: &By, customer: Option<String>) -> Result<Overview, Error> {
    by.may(Action::ViewDevices, &by.branch(), &Policy::default())?;
    let counted = {
        let (by, customer) = (by.clone(), customer.clone());
        admin.store.report(move |db| Ok(count(db, &by, customer.as_deref()))).await??
    };
    let unconfirmed = unconfirmed(admin, by, customer.clone()).await?;
    let flags = [unconfirmed].into_iter().chain(counted.flags).filter(|flag| flag.count > 0).collect();
    let trunks = match (&customer, by.actor.role) {
        // One customer's pages are about its phones.
        (Some(_), _) | (None, Role::Installer) => None,
        (None, _) => Some(trunks(admin, by).await?),
    };
    let is_operators = by.actor.node == Node::Operator && customer.is_none();
    let unknown = if is_operators { Some(knock::list(admin, by, OVERVIEW_ROWS).await?) } else { None };
    let Counted { states, waiting, more_wait, fetches, .. } = counted;
    let all = states.iter().map(|state| state.count).sum();
    Ok(Overview { states, all, flags, waiting, more_wait, fetches, trunks, unknown })
}

struct Counted {
    states: Vec<StateCount>,
    flags: Vec<FlagCount>,
    waiting: Vec<WaitingView>,
    more_wait: bool,
    fetches: Vec<i64>,
}

fn count(db: &Db, by: &By, customer: Option<&str>) -> Result<Counted, Error> {
    let scope: Scope = match customer {
        Some(name) => Node::Customer(find_customer(db, &by.scope(), name)?.id),
        None => by.scope(),
    };
    let found = store::device::counts(db, &scope, &store::device::Filter::default(), by.now)?;
    let states = [
        (State::Needed, found.needed),
        (State::Failed, found.failed),
        (State::Blocked, found.blocked),
        (State::Successful, found.successful),
    ];
    let states =
        states.into_iter().map(|(state, found)| StateCount { state: state.code(), count: found.number, more: found.more }).collect();
    let flag = |kind: &'static str| {
        let count = sightings::count_of_kind(db, &scope, kind, OVERVIEW_COUNT_MAX)?;
        Ok::<_, Error>(FlagCount { kind, count, more: count == OVERVIEW_COUNT_MAX })
    };
    let flags = RAISED.into_iter().map(flag).collect::<Result<_, _>>()?;
    let mut waiting = seen::waiting(db, &scope, by.now - WAITING_WITHIN, by.now, OVERVIEW_ROWS + 1)?;
    let more_wait = waiting.len() > usize::try_from(OVERVIEW_ROWS).unwrap_or_default();
    waiting.truncate(usize::try_from(OVERVIEW_ROWS).unwrap_or_default());
    let waiting = waiting.into_iter().map(view).collect();
    Ok(Counted { states, flags, waiting, more_wait, fetches: traffic::by_minute(db, &scope, by.now, CHART_MINUTES)? })
}

fn view(one: seen::Waiting) -> WaitingView {
    WaitingView {
        mac: one.mac.to_string(),
        model: one.model,
        label: one.label,
        state: one.state.code(),
        address: one.address.map(|address| address.to_string()),
        at: one.at.rfc3339(),
    }
}

/// Deliveries that nobody took up follow from what is sealed in each phone: the first of those that are not cleared are looked at.
async fn unconfirmed(admin: &Admin, by: &By, customer: Option<String>) -> Result<FlagCount, Error> {
    let which = Which { customer, attention: true, ..Which::default() };
    let part = Part { limit: UNCONFIRMED_LOOKED_MAX, ..Part::default() };
    let found = device::part(admin, by, which, part).await?;
    let kind = "delivery_not_confirmed";
    let count = found.items.iter().filter(|device| device.attention.contains(&kind)).count();
    Ok(FlagCount { kind, count: i64::try_from(count).unwrap_or_default(), more: found.next.is_some() })
}

async fn trunks(admin: &Admin, by: &By) -> Result<Vec<TrunkView>, Error> {
    let mut all = trunk::list(admin, by).await?;
    all.sort_by_key(|trunk| trunk.state != "down");
    all.truncate(usize::try_from(OVERVIEW_ROWS).unwrap_or_default());
    Ok(all)
}
