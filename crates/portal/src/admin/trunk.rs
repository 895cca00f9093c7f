//! Trunks: where emergency calls go out.

use domain::emergency::{Dialled, Owner, Trunk, TrunkAddress, TrunkId, TrunkLogin};
use domain::role::{Action, Target};
use domain::tenancy::Node;
use domain::{Secret, Time};
use serde::Serialize;
use store::trunk::{self, Kept};
use store::{Db, Scope};
use utoipa::ToSchema;

use super::tree::{NodeNames, check_name, find, names, policy_at};
use super::{Admin, By, Error, Named, new_id};
use crate::limits::{LOGIN_BYTES_MAX, TRUNK_CHANNELS_MAX};

/// A trunk to add.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct NewTrunk {
    /// Its name.
    pub name: String,
    /// Where it is: `sip:trunk.example.com`, `sip:192.0.2.5:5080;transport=tcp`.
    pub uri: String,
    /// User and password, if it asks for them.
    pub login: Option<(String, Secret<String>)>,
    /// Whose calls it carries: everybody's without a customer.
    pub place: NodeNames,
    /// The lower one is tried first.
    pub priority: u16,
    /// Calls at once; unbounded if absent.
    pub channels: Option<u32>,
    /// Channels kept for proved callers.
    pub reserved: u32,
    /// What a test may dial.
    pub test_number: Option<String>,
}

/// A trunk as it is shown; its password never is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct TrunkView {
    /// Its name.
    pub name: String,
    /// Where it is.
    pub uri: String,
    /// The user, if it asks for one.
    pub user: Option<String>,
    /// Whose calls it carries; everybody's if absent.
    pub customer: Option<String>,
    /// The site whose calls it carries.
    pub site: Option<String>,
    /// The lower one is tried first.
    pub priority: u16,
    /// Calls at once.
    pub channels: Option<u32>,
    /// Channels kept for proved callers.
    pub reserved: u32,
    /// What a test may dial.
    pub test_number: Option<String>,
    /// `up`, `down`, or `unknown` while no server has looked.
    pub state: &'static str,
    /// Since when, RFC 3339.
    pub since: Option<String>,
    /// Last looked at, RFC 3339.
    pub checked: Option<String>,
    /// What it said, or why not.
    pub detail: Option<String>,
    /// When it was added, RFC 3339.
    pub created: String,
}

/// Adds a trunk.
pub async fn add(admin: &Admin, by: &By, new: NewTrunk) -> Result<TrunkView, Error> {
    let checked = check(admin, by.now, &new)?;
    let by = by.clone();
    admin
        .write(move |db| {
            let found = find(db, &by.scope(), &new.place)?;
            let owner = match found.node {
                Node::Operator => Owner::Operator,
                Node::Customer(id) => Owner::Customer(id),
                Node::Site(id) => Owner::Site(id),
                Node::Reseller(_) => return Err(Error::invalid("trunk", "a trunk is the operator's, a customer's or a site's")),
            };
            by.may(Action::EditTrunks, &found.target, &policy_at(db, found.node)?)?;
            let trunk = Trunk { owner, ..checked.clone() };
            trunk::add(db, &by.scope(), &trunk, by.now).named(|| format!("trunk {:?}", trunk.name))?;
            by.audit(db, found.node, "trunk.created", &trunk.name, &trunk.address.to_string())?;
            view(db, &Kept { trunk, created: by.now, state: None })
        })
        .await
}

/// Trunks in scope by name.
pub async fn list(admin: &Admin, by: &By) -> Result<Vec<TrunkView>, Error> {
    let by = by.clone();
    admin
        .read(move |db| {
            let kept = trunk::list(db, &by.scope())?;
            kept.iter().map(|one| see(db, &by, one).and_then(|()| view(db, one))).collect()
        })
        .await
}

/// One trunk.
pub async fn show(admin: &Admin, by: &By, name: String) -> Result<TrunkView, Error> {
    let by = by.clone();
    admin
        .read(move |db| {
            let kept = trunk::by_name(db, &by.scope(), &name).named(|| format!("trunk {name:?}"))?;
            see(db, &by, &kept)?;
            view(db, &kept)
        })
        .await
}

/// Removes a trunk. Calls that it carries go on.
pub async fn remove(admin: &Admin, by: &By, name: String) -> Result<(), Error> {
    let by = by.clone();
    admin
        .write(move |db| {
            let (kept, node) = editable(db, &by, &name)?;
            trunk::remove(db, &by.scope(), &name)?;
            by.audit(db, node, "trunk.removed", &name, &kept.trunk.address.to_string())
        })
        .await
}

/// A trunk with its password, for a test from this machine.
pub async fn for_test(admin: &Admin, by: &By, name: String) -> Result<Trunk, Error> {
    let by = by.clone();
    admin
        .write(move |db| {
            let (kept, node) = editable(db, &by, &name)?;
            by.audit(db, node, "trunk.tested", &name, "")?;
            Ok(kept.trunk)
        })
        .await
}

fn see(db: &Db, by: &By, kept: &Kept) -> Result<(), Error> {
    let (node, target) = place(db, kept.trunk.owner)?;
    by.may(Action::ViewPolicy, &target, &policy_at(db, node)?)
}

/// A trunk of that name that this actor may change, and whose it is.
fn editable(db: &Db, by: &By, name: &str) -> Result<(Kept, Node), Error> {
    let kept = trunk::by_name(db, &by.scope(), name).named(|| format!("trunk {name:?}"))?;
    let (node, target) = place(db, kept.trunk.owner)?;
    by.may(Action::EditTrunks, &target, &policy_at(db, node)?)?;
    Ok((kept, node))
}

fn place(db: &Db, owner: Owner) -> Result<(Node, Target), Error> {
    let all = Scope::Operator;
    Ok(match owner {
        Owner::Operator => (Node::Operator, Target::default()),
        Owner::Customer(id) => {
            let reseller = store::tenancy::customer(db, &all, id)?.reseller;
            (Node::Customer(id), Target { reseller, customer: Some(id), site: None })
        }
        Owner::Site(id) => {
            let customer = store::tenancy::site(db, &all, id)?.customer;
            let reseller = store::tenancy::customer(db, &all, customer)?.reseller;
            (Node::Site(id), Target { reseller, customer: Some(customer), site: Some(id) })
        }
    })
}

/// What is asked for, as a trunk of the operator.
fn check(admin: &Admin, now: Time, new: &NewTrunk) -> Result<Trunk, Error> {
    let invalid = |message: &str| Err(Error::invalid("trunk", message));
    let name = check_name("trunk", &new.name)?;
    let address: TrunkAddress = new.uri.parse().map_err(|error| Error::invalid("trunk", format!("{}: {error}", new.uri)))?;
    let printable = |text: &str| (1..=LOGIN_BYTES_MAX).contains(&text.len()) && !text.chars().any(char::is_control);
    // The user stands in addresses, too.
    let plain = |text: &str| printable(text) && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_.+@".contains(&byte));
    match &new.login {
        Some((user, _)) if !plain(user) => return invalid("user: 1 to 128 letters, digits and - _ . + @"),
        Some((_, password)) if !printable(password.expose()) => return invalid("password: 1 to 128 bytes without line breaks"),
        _ => {}
    }
    if new.channels.is_some_and(|channels| !(1..=TRUNK_CHANNELS_MAX).contains(&channels)) {
        return invalid("channels: 1 to 100000");
    }
    if new.reserved > new.channels.unwrap_or(0) {
        return invalid("reserve: at most as many as --channels");
    }
    if let Some(number) = &new.test_number {
        check_test_number(admin, number)?;
    }
    let login = new.login.clone().map(|(user, password)| TrunkLogin { user, password });
    let id = TrunkId(new_id(now));
    let (priority, channels, reserved, test_number) = (new.priority, new.channels, new.reserved, new.test_number.clone());
    Ok(Trunk { id, name, address, login, owner: Owner::Operator, priority, channels, reserved, test_number })
}

/// A test never dials an emergency number of any country, in any spelling.
fn check_test_number(admin: &Admin, number: &str) -> Result<(), Error> {
    let keys = |byte: u8| byte.is_ascii_digit() || byte == b'*' || byte == b'#';
    let digits = number.strip_prefix('+').unwrap_or(number);
    if !(2..=20).contains(&digits.len()) || !digits.bytes().all(keys) {
        return Err(Error::invalid("trunk", "test-number: 2 to 20 digits, such as +4930123456"));
    }
    let is_emergency = admin
        .platform
        .emergency_numbers
        .iter()
        .any(|known| Dialled::read(&format!("tel:{known}")) == Some(Dialled::Number(digits.to_owned())));
    if is_emergency { Err(Error::refused("trunk", format!("test-number: {number} is an emergency number"))) } else { Ok(()) }
}

fn view(db: &Db, kept: &Kept) -> Result<TrunkView, Error> {
    let (trunk, state) = (&kept.trunk, kept.state.as_ref());
    let names = names(db, place(db, trunk.owner)?.0)?;
    Ok(TrunkView {
        name: trunk.name.clone(),
        uri: trunk.address.to_string(),
        user: trunk.login.as_ref().map(|login| login.user.clone()),
        customer: names.customer,
        site: names.site,
        priority: trunk.priority,
        channels: trunk.channels,
        reserved: trunk.reserved,
        test_number: trunk.test_number.clone(),
        state: state.map_or("unknown", |state| if state.up { "up" } else { "down" }),
        since: state.map(|state| state.since.rfc3339()),
        checked: state.map(|state| state.checked.rfc3339()),
        detail: state.map(|state| state.detail.clone()),
        created: kept.created.rfc3339(),
    })
}
