//! Who makes an emergency call, as far as that can be known without making him wait.

use std::net::IpAddr;
use std::sync::{Mutex, MutexGuard, PoisonError};

use domain::claim::Claim;
use domain::emergency::counted_network;
use domain::{Chance, Mac, Time};
use ipnet::IpNet;

use crate::accounts::Proof;
use crate::limits::{CHALLENGED_MAX, CHALLENGED_MEMORY};
use crate::registrar::Registrar;
use crate::stack::address::{Address, list, user};
use crate::stack::{Flow, Message, Reply};

/// Who calls.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Standing {
    /// The phone that the call's account names.
    pub mac: Option<Mac>,
    /// Whether it is proved.
    pub proved: bool,
}

/// What comes of looking at a call.
#[derive(Debug)]
pub enum Look {
    /// It can be told who calls.
    Known(Standing),
    /// It is worth asking once.
    Ask(Reply),
}

/// Callers that were asked who they are a moment ago.
#[derive(Debug, Default)]
pub struct Challenged {
    asked: Mutex<Vec<(IpNet, Mac, Time)>>,
}

impl Challenged {
    /// Looks at an INVITE: a proved registration of its flow or its digest proves it. One that names an account and shows nothing, or what
    /// is too old, is asked once; what is wrong is put through without proof.
    pub fn look(&self, registrar: &Registrar, message: &Message, flow: &Flow, now: Time, chance: &mut dyn Chance) -> Look {
        let accounts = registrar.accounts();
        let named = named(registrar, message);
        let registered = match &named {
            Some(claim) => registrar.is_proved_on(flow, claim, now).then_some(*claim),
            None => registrar.proved_flow(flow, now),
        };
        let proof = match registered {
            Some(claim) => Proof::Claim(claim),
            None => accounts.prove_emergency(message, flow, now),
        };
        match (proof, named) {
            (Proof::Claim(claim), _) => {
                // His next call may be asked again.
                self.forget(flow.peer().ip(), claim.mac);
                Look::Known(Standing { mac: Some(claim.mac), proved: true })
            }
            (Proof::Nothing | Proof::Stale, Some(claim)) if self.may_ask(flow.peer().ip(), claim.mac, now) => {
                Look::Ask(accounts.challenge(proof == Proof::Stale, flow, now, chance))
            }
            _ => Look::Known(Standing { mac: named.map(|claim| claim.mac), proved: false }),
        }
    }

    fn forget(&self, source: IpAddr, mac: Mac) {
        let network = counted_network(source);
        self.asked().retain(|(from, of, _)| (*from, *of) != (network, mac));
    }

    /// Whether this caller was not asked within the last half minute; he is now.
    fn may_ask(&self, source: IpAddr, mac: Mac, now: Time) -> bool {
        let network = counted_network(source);
        let mut asked = self.asked();
        asked.retain(|(.., at)| now.since(*at) < CHALLENGED_MEMORY);
        if asked.len() >= CHALLENGED_MAX || asked.iter().any(|(from, of, _)| (*from, *of) == (network, mac)) {
            return false;
        }
        asked.push((network, mac, now));
        true
    }

    fn asked(&self) -> MutexGuard<'_, Vec<(IpNet, Mac, Time)>> {
        self.asked.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The claim whose account From or Contact names. That alone proves nothing.
pub fn named(registrar: &Registrar, message: &Message) -> Option<Claim> {
    let contacts = message.all("Contact").flat_map(list).map(|contact| Address::parse(contact).uri);
    std::iter::once(message.from().uri).chain(contacts).find_map(|uri| registrar.accounts().claim(user(uri)?))
}
