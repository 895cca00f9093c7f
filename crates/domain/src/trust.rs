//! Stand-ins for the PIN: permanent networks, temporary windows, suspension (authentication.md section 7).

use std::net::IpAddr;

use ipnet::IpNet;
use serde::{Deserialize, Serialize};

use crate::claim::Claim;
use crate::device::{Device, State};
use crate::limits::SEEN_STEP;
use crate::net::{NetworkError, canonical, is_private, overlaps_private, parse_network, pin_network, site_network};
use crate::policy::{Policy, TemporaryTrust, TrustLive};
use crate::tenancy::CustomerId;
use crate::time::Time;

/// What stands in for the PIN.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum StandIn {
    /// A permanent trusted network.
    Permanent,
    /// A temporary window.
    Temporary,
    /// A suspension.
    Suspension,
}

/// A temporary trusted network: opened by a PIN, renewed by full configs, closed by time or by hand.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Window {
    /// Whose devices it serves.
    pub customer: CustomerId,
    /// The site's address (IPv4 /32, IPv6 /64).
    pub network: IpNet,
    /// When it opened.
    pub opened: Time,
    /// When it ends.
    pub ends: Time,
    /// The latest PIN success that stands behind it.
    pub pin_success: Time,
    /// The MAC whose PIN that was.
    pub opened_by: crate::mac::Mac,
}

/// What a full config does to its site's window. The two differ in what they stand on: an extension on a window that is open, so that
/// one that was closed meanwhile stays closed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum WindowChange {
    /// There was none, or one that had ended.
    Opened(Window),
    /// There was one, and it opened when this one says. Its end and its PIN success only ever move on.
    Extended(Window),
}

impl WindowChange {
    /// The window as it is then.
    pub fn window(&self) -> &Window {
        match self {
            Self::Opened(window) | Self::Extended(window) => window,
        }
    }
}

/// All trust of one customer.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Trust {
    /// Permanent networks.
    pub permanent: Vec<IpNet>,
    /// Temporary windows, ended ones among them at will.
    pub windows: Vec<Window>,
}

impl Trust {
    /// Whether the address lies in a permanent network.
    pub fn is_permanent(&self, address: IpAddr) -> bool {
        let address = canonical(address);
        self.permanent.iter().any(|network| network.contains(&address))
    }

    /// The window for that address, open or ended.
    pub fn window(&self, customer: CustomerId, address: IpAddr) -> Option<&Window> {
        let network = site_network(address);
        self.windows.iter().find(|window| window.customer == customer && window.network == network)
    }
}

/// The stand-in that serves this device for a request from there, if any.
///
/// `claim` is the body that asks; none at the front door, where the body is not known yet.
pub fn stand_in(device: &Device, claim: Option<&Claim>, address: IpAddr, policy: &Policy, trust: &Trust, now: Time) -> Option<StandIn> {
    let live = device.auth.live.is_some();
    if suspended_for(device, claim, now) {
        return Some(StandIn::Suspension);
    }
    if trust.is_permanent(address) && !(live && policy.trust_live == TrustLive::None) {
        return Some(StandIn::Permanent);
    }
    let window = trust.window(device.place.customer, address).filter(|_| policy.temporary_trust != TemporaryTrust::Off)?;
    let later_than_reset = device.auth.reset_at.is_none_or(|reset| window.pin_success > reset);
    let for_live = !live || policy.trust_live == TrustLive::All;
    // Blocked for the network that asks: a stranger elsewhere who keys in wrong PINs must not shut the owner out.
    let network = claim.map_or_else(|| pin_network(address), |claim| device.auth.claim_network(claim, address));
    let serves = now < window.ends && later_than_reset && for_live && device.auth.state_for(network, now) != State::Blocked;
    serves.then_some(StandIn::Temporary)
}

/// A suspension serves one body: the one it is bound to, or the first that comes.
fn suspended_for(device: &Device, claim: Option<&Claim>, now: Time) -> bool {
    let Some(suspension) = device.auth.suspension.filter(|suspension| now < suspension.until) else { return false };
    match (suspension.claim, claim) {
        (None, _) => true,
        (Some(bound), Some(claim)) => bound == *claim,
        // At the front door the bound body can only be one that retries the hand-over which bound it.
        (Some(bound), None) => device
            .auth
            .pending
            .as_ref()
            .is_some_and(|pending| pending.open(now) && pending.login.as_ref().is_some_and(|login| login.claim == bound)),
    }
}

/// Who fetched a full config, from where, and how that bears on windows.
#[derive(Clone, Copy, Debug)]
pub struct Fetch {
    /// From there.
    pub address: IpAddr,
    /// A PIN success to open a window with, if this fetch may open one.
    pub pin_success: Option<Time>,
    /// The brand's phones renew windows.
    pub renews: bool,
    /// Another customer's devices fetched from this address within 30 days.
    pub address_shared: bool,
}

/// The window as it is after this full config: opened, renewed, or `None` for no change.
pub fn window_after(device: &Device, fetch: Fetch, policy: &Policy, trust: &Trust, now: Time) -> Option<WindowChange> {
    let address = canonical(fetch.address);
    let private = is_private(address) && !policy.trust_private.is_yes();
    let shared = fetch.address_shared && !policy.trust_shared.is_yes();
    if policy.temporary_trust == TemporaryTrust::Off || private || shared {
        return None;
    }
    let open = trust.window(device.place.customer, address).filter(|window| now < window.ends);
    let opened = open.map_or(now, |window| window.opened);
    let ends = policy.trust_cap.0.map_or(now + policy.trust_window, |cap| (now + policy.trust_window).min(opened + cap));
    match (open, fetch.pin_success) {
        (None, Some(pin_success)) => Some(WindowChange::Opened(Window {
            customer: device.place.customer,
            network: site_network(address),
            opened,
            ends,
            pin_success,
            opened_by: device.mac,
        })),
        (Some(window), Some(pin_success)) if pin_success > window.pin_success => {
            let ends = ends.max(window.ends);
            Some(WindowChange::Extended(Window { ends, pin_success, opened_by: device.mac, ..window.clone() }))
        }
        (Some(window), _) if fetch.renews && ends >= window.ends + SEEN_STEP => {
            Some(WindowChange::Extended(Window { ends, ..window.clone() }))
        }
        _ => None,
    }
}

/// Why a permanent network is refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum TrustError {
    /// Not a network.
    #[error(transparent)]
    Form(#[from] NetworkError),
    /// Too wide.
    #[error("the prefix is shorter than the policy's min_prefix ({v4} for IPv4, {v6} for IPv6); use --force if you mean it")]
    TooWide {
        /// IPv4 bits.
        v4: u8,
        /// IPv6 bits.
        v6: u8,
    },
    /// Private.
    #[error("private and loopback ranges name no site on the Internet; use --force if your phones really come from there")]
    Private,
}

/// Reads and checks a permanent network; `force` waves width and privacy through.
pub fn permanent_network(text: &str, policy: &Policy, force: bool) -> Result<IpNet, TrustError> {
    let network = parse_network(text)?;
    let min = policy.min_prefix;
    let wide = network.prefix_len() < if network.addr().is_ipv4() { min.v4 } else { min.v6 };
    match () {
        () if force => Ok(network),
        () if wide => Err(TrustError::TooWide { v4: min.v4, v6: min.v6 }),
        () if overlaps_private(&network) => Err(TrustError::Private),
        () => Ok(network),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn permanent_networks_are_checked() {
        let policy = Policy::default();
        assert_eq!(permanent_network("198.51.100.7/24", &policy, false).unwrap().to_string(), "198.51.100.0/24");
        assert_eq!(permanent_network("198.51.0.0/16", &policy, false), Err(TrustError::TooWide { v4: 24, v6: 48 }));
        assert_eq!(permanent_network("2001:db8::/32", &policy, false), Err(TrustError::TooWide { v4: 24, v6: 48 }));
        assert_eq!(permanent_network("10.0.0.0/24", &policy, false), Err(TrustError::Private));
        assert!(permanent_network("10.0.0.0/8", &policy, true).is_ok());
        assert!(permanent_network("office", &policy, true).is_err());
    }
}
