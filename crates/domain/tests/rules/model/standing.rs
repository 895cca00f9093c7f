//! What a claim is worth, and what takes the PIN's place, as the model has it.

use domain::Time;
use domain::net::{pin_network, site_network};
use domain::policy::{CertificatePolicy, TemporaryTrust, TrustLive};

use super::reference::{Model, Origin, asks_login, asks_pin};
use crate::world::{UNKNOWN, ip};

/// Why a claim earns the full config.
pub enum Earns {
    /// The PIN cleared it then; that may open a window.
    ByPin(Time),
    Otherwise,
}

impl Earns {
    pub fn pin_success(self) -> Option<Time> {
        if let Self::ByPin(when) = self { Some(when) } else { None }
    }
}

impl Model {
    pub fn in_date(&self, global: usize) -> bool {
        let global = &self.globals[global];
        !global.revoked && global.until.is_none_or(|until| until > self.now)
    }

    pub fn covers(&self, global: usize, device: usize) -> bool {
        // The reseller's customer is the first.
        !self.globals[global].reseller || self.devices[device].customer == 0 || device == UNKNOWN
    }

    /// Whether the claim lacks what comes before the PIN.
    pub fn lacks(&self, at: usize, login: usize) -> bool {
        let (made, policy) = (&self.logins[login], self.policy(at));
        let anywhere = at == UNKNOWN || self.devices[at].disabled;
        let counts = anywhere || !made.spent;
        let global = made.global.is_some_and(|global| !self.globals[global].revoked && (anywhere || self.covers(global, at)));
        let certificate = counts && made.certificate;
        let first = counts && global || (certificate && policy.certificate == CertificatePolicy::Accept);
        (asks_login(policy) && !first) || (policy.certificate == CertificatePolicy::Require && !certificate)
    }

    /// Row 5: whether, and how, the claim earns the full config.
    pub fn counts(&self, at: usize, login: usize, address: &'static str) -> Option<Earns> {
        let (device, made) = (&self.devices[at], &self.logins[login]);
        let pin = asks_pin(self.policy(at));
        let cleared = device.cleared.filter(|(claim, _)| *claim == login).map(|(_, when)| when);
        let by = if let Some(when) = cleared.filter(|_| pin) { Earns::ByPin(when) } else { Earns::Otherwise };
        let granted = matches!(made.origin, Origin::ByHand | Origin::Successor);
        let waits = device.delivery.as_ref().is_some_and(|delivery| delivery.login == Some(login));
        if granted && waits {
            return Some(by);
        }
        let earned = device.earned.contains(&login);
        let enough = if pin {
            (earned && made.origin == Origin::HandedOver { stood_in: true }) || self.stands_in(at, Some(login), address)
        } else {
            earned
        };
        (!self.lacks(at, login) && (cleared.is_some() || enough)).then_some(by)
    }

    /// Whether something takes the PIN's place: the network, or an admin's suspension for this body.
    pub fn stands_in(&self, at: usize, login: Option<usize>, address: &str) -> bool {
        let (device, customer) = (&self.devices[at], self.customer(at));
        let (live, trust_live) = (device.live.is_some(), customer.policy.trust_live);
        let permanent = customer.permanent.iter().any(|network| network.contains(&ip(address))) && (!live || trust_live != TrustLive::None);
        let network = login.map_or(pin_network(ip(address)), |login| self.network_of(at, login, address));
        let temporary = customer.policy.temporary_trust != TemporaryTrust::Off
            && (!live || trust_live == TrustLive::All)
            && self.state(at, network) != "blocked"
            && customer.windows.iter().any(|window| {
                window.network == site_network(ip(address))
                    && window.ends > self.now
                    && device.reset_at.is_none_or(|reset| window.success > reset)
            });
        permanent || temporary || self.suspended(at, login)
    }

    /// A suspension serves the body it is bound to, or the first that comes; at the front door the one that was just handed a login.
    pub fn suspended(&self, at: usize, login: Option<usize>) -> bool {
        let device = &self.devices[at];
        device.suspension.filter(|(until, _)| *until > self.now).is_some_and(|(_, bound)| match (bound, login) {
            (None, _) => true,
            (Some(bound), Some(login)) => bound == login,
            (Some(bound), None) => device.delivery.as_ref().is_some_and(|delivery| delivery.open && delivery.login == Some(bound)),
        })
    }
}
