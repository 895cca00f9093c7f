//! Trusted networks of customers.

use std::net::IpAddr;

use domain::net::{canonical, parse_network, site_network};
use domain::role::{Action, Target};
use domain::tenancy::Node;
use domain::trust::{TrustError, permanent_network};
use serde::Serialize;
use store::Db;
use store::tenancy::Customer;
use store::trust::{self, Network};
use utoipa::ToSchema;

use super::tree::{find_customer, policy_at};
use super::{Admin, By, Error, Named};
use crate::limits::LABEL_BYTES_MAX;

/// A trusted network as it is shown.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct TrustView {
    /// The network, host bits cut off.
    pub network: String,
    /// `permanent` or `temporary`.
    pub kind: &'static str,
    /// When it ends, RFC 3339; permanent ones do not.
    pub ends: Option<String>,
    /// The MAC whose PIN opened it; absent for permanent ones.
    pub opened_by: Option<String>,
    /// What people call it.
    pub label: String,
}

/// A network to trust.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct NewTrust {
    /// Whose devices are served.
    pub customer: String,
    /// Address, prefix, or address/netmask.
    pub network: String,
    /// Although it is wide, or private.
    pub force: bool,
    /// What people call it.
    pub label: String,
}

/// How a network would be kept, before it is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Checked {
    /// The network, host bits cut off.
    pub network: String,
    /// How many addresses it has; IPv6 networks have too many to count.
    pub addresses: Option<u64>,
    /// `wide` or `private`: it is only taken by force.
    pub needs_force: Option<&'static str>,
}

/// Looks how a network would be kept. What is no network at all is refused.
pub async fn check(admin: &Admin, by: &By, customer: String, network: &str) -> Result<Checked, Error> {
    let (by, text) = (by.clone(), network.to_owned());
    admin
        .read(move |db| {
            let customer = editable(db, &by, &customer)?;
            let policy = policy_at(db, Node::Customer(customer.id))?;
            let refused = |error: TrustError| Error::refused("network", format!("{text}: {error}"));
            let network = permanent_network(&text, &policy, true).map_err(refused)?;
            let needs_force = match permanent_network(&text, &policy, false) {
                Err(TrustError::TooWide { .. }) => Some("wide"),
                Err(TrustError::Private) => Some("private"),
                Ok(_) | Err(TrustError::Form(_)) => None,
            };
            let addresses = network.addr().is_ipv4().then(|| 1_u64 << (32 - network.prefix_len()));
            Ok(Checked { network: network.to_string(), addresses, needs_force })
        })
        .await
}

/// Trusts a network for good. One that is trusted already gets the new label.
pub async fn add(admin: &Admin, by: &By, new: NewTrust) -> Result<TrustView, Error> {
    if new.label.len() > LABEL_BYTES_MAX || new.label.chars().any(char::is_control) {
        return Err(Error::invalid("label", "label: at most 100 bytes without line breaks"));
    }
    let by = by.clone();
    admin
        .write(move |db| {
            let customer = editable(db, &by, &new.customer)?;
            let policy = policy_at(db, Node::Customer(customer.id))?;
            let network = permanent_network(&new.network, &policy, new.force)
                .map_err(|error| Error::refused("network", format!("{}: {error}", new.network)))?;
            let kept = Network { network, label: new.label.clone(), created: by.now };
            trust::add_network(db, &by.scope(), customer.id, &kept)?;
            trust::tell(db, customer.id, &network, None, by.now)?;
            by.audit(db, Node::Customer(customer.id), "trust.added", &network.to_string(), if new.force { "forced" } else { "" })?;
            Ok(permanent(&kept))
        })
        .await
}

/// All networks that a customer trusts: permanent ones, and windows that are open now.
pub async fn list(admin: &Admin, by: &By, customer: String) -> Result<Vec<TrustView>, Error> {
    let by = by.clone();
    admin
        .read(move |db| {
            let customer = find_customer(db, &by.scope(), &customer)?;
            by.may(Action::ViewDevices, &target(&customer), &policy_at(db, Node::Customer(customer.id))?)?;
            let networks = trust::networks(db, &by.scope(), customer.id)?;
            let windows = trust::windows(db, &by.scope(), customer.id)?;
            let temporary = windows.iter().filter(|window| by.now < window.ends).map(|window| TrustView {
                network: window.network.to_string(),
                kind: "temporary",
                ends: Some(window.ends.rfc3339()),
                opened_by: Some(window.opened_by.to_string()),
                label: String::new(),
            });
            Ok(networks.iter().map(permanent).chain(temporary).collect())
        })
        .await
}

/// Trusts a permanent network no longer.
pub async fn remove(admin: &Admin, by: &By, customer: String, network: &str) -> Result<(), Error> {
    let network = parse_network(network).map_err(|error| Error::invalid("network", format!("{network}: {error}")))?;
    let by = by.clone();
    admin
        .write(move |db| {
            let customer = editable(db, &by, &customer)?;
            trust::remove_network(db, &by.scope(), customer.id, &network).named(|| format!("trusted network {network}"))?;
            by.audit(db, Node::Customer(customer.id), "trust.removed", &network.to_string(), "")
        })
        .await
}

/// Closes the temporary window of an address.
pub async fn close(admin: &Admin, by: &By, customer: String, address: &str) -> Result<(), Error> {
    // As `trust list` prints it, or the bare address.
    let address: IpAddr = parse_network(address).map_err(|error| Error::invalid("network", format!("{address}: {error}")))?.addr();
    let network = site_network(canonical(address));
    let by = by.clone();
    admin
        .write(move |db| {
            let customer = editable(db, &by, &customer)?;
            trust::close_window(db, &by.scope(), customer.id, &network).named(|| format!("temporary window of {network}"))?;
            store::event::tell_closed(db, customer.id, &network, &by.name, by.now)?;
            by.audit(db, Node::Customer(customer.id), "trust.closed", &network.to_string(), "")
        })
        .await
}

fn editable(db: &Db, by: &By, name: &str) -> Result<Customer, Error> {
    let customer = find_customer(db, &by.scope(), name)?;
    by.may(Action::EditTrust, &target(&customer), &policy_at(db, Node::Customer(customer.id))?)?;
    Ok(customer)
}

fn target(customer: &Customer) -> Target {
    Target { reseller: customer.reseller, customer: Some(customer.id), site: None }
}

fn permanent(network: &Network) -> TrustView {
    TrustView { network: network.network.to_string(), kind: "permanent", ends: None, opened_by: None, label: network.label.clone() }
}
