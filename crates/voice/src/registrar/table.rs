//! The contacts of all claims: who is registered, over which flow, until when. Time is an argument.

use std::collections::{BTreeSet, HashMap, HashSet};
use std::hash::Hash;
use std::net::IpAddr;

use domain::claim::Claim;
use domain::net::{pin_network, site_network};
use domain::{Mac, Time};
use ipnet::IpNet;

use crate::limits::{CONTACTS_MAX, CONTACTS_PER_ADDRESS_MAX, CONTACTS_PER_CLAIM_MAX, CONTACTS_PER_MAC_MAX, LATE_LEAVE};
use crate::stack::{Flow, FlowId};

/// One contact of a phone.
#[derive(Clone, Debug)]
pub struct Contact {
    /// Whose account registered it.
    pub claim: Claim,
    /// The address that the phone gave. Never used to find the way back.
    pub uri: String,
    /// The flow it came over, and over which its phone is reached.
    pub flow: Flow,
    /// The proxies between, nearest to us first, as routes.
    pub path: Vec<String>,
    /// The phone's `User-Agent`.
    pub agent: String,
    /// The phone's public address, as far as it is known.
    pub address: IpAddr,
    /// When it ends.
    pub expires: Time,
    pub(super) identity: Identity,
    call_id: String,
    cseq: u32,
    refreshed: Time,
}

/// What makes a later registration the same contact: an instance and its number (RFC 5626), or the address.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Identity {
    /// `+sip.instance` and `reg-id`.
    Instance(String, u32),
    /// The address in one spelling.
    Address(String),
}

/// A contact that is asked for.
#[derive(Clone, Debug)]
pub struct Wanted {
    /// Its address.
    pub uri: String,
    /// What makes it the same.
    pub identity: Identity,
    /// When it shall end; none: at once.
    pub until: Option<Time>,
}

/// A registration that was proved.
#[derive(Clone, Debug)]
pub struct Registration {
    /// Whose.
    pub claim: Claim,
    /// Over which flow.
    pub flow: Flow,
    /// Its `Call-ID`.
    pub call_id: String,
    /// Its `CSeq`.
    pub cseq: u32,
    /// The proxies between.
    pub path: Vec<String>,
    /// Who says it is.
    pub agent: String,
    /// The phone's public address.
    pub address: IpAddr,
    /// What it asks for.
    pub asked: Asked,
}

/// What a registration asks for.
#[derive(Clone, Debug)]
pub enum Asked {
    /// These contacts, or their end; none at all asks what there is.
    Contacts(Vec<Wanted>),
    /// The end of all of them.
    Nothing,
}

/// Why a registration changes nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Refused {
    /// A newer one of the same call was here already.
    OutOfOrder,
    /// There is no room, and nobody there who should go first.
    Full,
}

/// Who goes first when there is no room: those of whom nothing is proved, the longest unheard among them.
type Standing = (bool, Time, u64);

/// All contacts.
#[derive(Debug, Default)]
pub struct Table {
    contacts: HashMap<u64, Contact>,
    by_claim: HashMap<Claim, Vec<u64>>,
    by_mac: HashMap<Mac, Vec<u64>>,
    by_flow: HashMap<FlowId, BTreeSet<u64>>,
    by_address: HashMap<IpNet, BTreeSet<Standing>>,
    by_standing: BTreeSet<Standing>,
    by_end: BTreeSet<(Time, u64)>,
    /// Phones that somebody added, as far as it was learned.
    known: HashSet<Mac>,
    next: u64,
}

impl Table {
    /// Applies a registration: all of it or nothing.
    ///
    /// # Errors
    ///
    /// [`Refused`].
    pub fn register(&mut self, registration: &Registration, now: Time) -> Result<(), Refused> {
        self.sweep(now);
        let held = self.by_claim.get(&registration.claim).cloned().unwrap_or_default();
        let wanted = match &registration.asked {
            Asked::Contacts(wanted) => last_of_each(wanted),
            Asked::Nothing => held.iter().filter_map(|id| self.contacts.get(id)).map(Wanted::end).collect(),
        };
        let same = |wanted: &Wanted| held.iter().copied().find(|id| self.contacts[id].identity == wanted.identity);
        let changes: Vec<_> = wanted.iter().map(|wanted| (same(wanted), wanted)).collect();
        let stale = |contact: &Contact| contact.call_id == registration.call_id && contact.cseq >= registration.cseq;
        if changes.iter().filter_map(|(id, _)| *id).any(|id| stale(&self.contacts[&id])) {
            return Err(Refused::OutOfOrder);
        }
        // A phone that registers anew under another Call-ID takes leave under the old one; which comes first is chance.
        let newer = |contact: &Contact| contact.call_id != registration.call_id && now.since(contact.refreshed) < LATE_LEAVE;
        let mut placed = Vec::new();
        for (id, wanted) in changes {
            if wanted.until.is_none() && id.is_some_and(|id| newer(&self.contacts[&id])) {
                continue;
            }
            if let Some(id) = id {
                self.remove(id);
            }
            if let Some(until) = wanted.until {
                placed.push(self.insert(Contact::new(registration, wanted, until, now)));
            }
        }
        self.make_room(registration);
        let kept = placed.iter().any(|id| self.contacts.contains_key(id));
        if placed.is_empty() || kept { Ok(()) } else { Err(Refused::Full) }
    }

    /// The contacts of a claim.
    pub fn of_claim(&self, claim: &Claim, now: Time) -> Vec<Contact> {
        self.living(self.by_claim.get(claim), now)
    }

    /// The contacts of a phone, whatever its claims.
    pub fn of_mac(&self, mac: Mac, now: Time) -> Vec<Contact> {
        self.living(self.by_mac.get(&mac), now)
    }

    /// The contacts on a flow.
    pub fn of_flow(&self, flow: FlowId, now: Time) -> Vec<Contact> {
        self.living(self.by_flow.get(&flow), now)
    }

    /// Whether a phone has a contact.
    pub fn has(&self, mac: Mac) -> bool {
        self.by_mac.contains_key(&mac)
    }

    /// Whether a phone has a contact that has not ended.
    pub fn has_living(&self, mac: Mac, now: Time) -> bool {
        let ids = self.by_mac.get(&mac).map(Vec::as_slice).unwrap_or_default();
        ids.iter().filter_map(|id| self.contacts.get(id)).any(|contact| now < contact.expires)
    }

    /// Flow and address of one contact for each flow, of those that are chosen.
    pub fn one_per_flow(&self, now: Time, chosen: impl Fn(&Contact) -> bool) -> Vec<(Flow, String)> {
        let last = self.by_flow.values().filter_map(|ids| self.contacts.get(ids.last()?));
        let living = last.filter(|contact| now < contact.expires && chosen(contact));
        living.map(|contact| (contact.flow.clone(), contact.uri.clone())).collect()
    }

    /// All phones with a contact.
    pub fn macs(&self) -> Vec<Mac> {
        self.by_mac.keys().copied().collect()
    }

    /// Phones that are registered from an address in this network.
    pub fn macs_in(&self, network: &IpNet) -> HashSet<Mac> {
        let inside = |at: &&IpNet| network.contains(&at.addr()) || at.contains(&network.addr());
        let at = self.by_address.keys().filter(inside).flat_map(|at| &self.by_address[at]);
        let contacts = at.filter_map(|(_, _, id)| self.contacts.get(id));
        contacts.filter(|contact| network.contains(&domain::net::canonical(contact.address))).map(|contact| contact.claim.mac).collect()
    }

    /// Removes what was reached over flows that have ended.
    pub fn close_ended(&mut self) {
        let is_over = |ids: &BTreeSet<u64>| ids.first().and_then(|id| self.contacts.get(id)).is_some_and(|contact| !contact.flow.is_open());
        let over: Vec<_> = self.by_flow.iter().filter(|(_, ids)| is_over(ids)).map(|(flow, _)| *flow).collect();
        for flow in over {
            self.close(flow);
        }
    }

    /// A flow is gone, and with it what was reached over it. Returns how many contacts.
    pub fn close(&mut self, flow: FlowId) -> usize {
        let ids = self.by_flow.get(&flow).cloned().unwrap_or_default();
        for id in &ids {
            self.remove(*id);
        }
        ids.len()
    }

    /// Ends a contact, unless it was registered again since.
    pub fn drop_contact(&mut self, contact: &Contact) {
        let same = |held: &Contact| held.identity == contact.identity && held.refreshed == contact.refreshed;
        let id = self.by_claim.get(&contact.claim).and_then(|ids| ids.iter().copied().find(|id| same(&self.contacts[id])));
        if let Some(id) = id {
            self.remove(id);
        }
    }

    /// The account of a claim has ended. Returns how many contacts went.
    pub fn end_claim(&mut self, claim: &Claim) -> usize {
        let ids = self.by_claim.get(claim).cloned().unwrap_or_default();
        for id in &ids {
            self.remove(*id);
        }
        ids.len()
    }

    /// The account of a claim ends then, if not before.
    pub fn cap(&mut self, claim: &Claim, ends: Time) {
        for id in self.by_claim.get(claim).cloned().unwrap_or_default() {
            let Some(contact) = self.contacts.get_mut(&id).filter(|contact| contact.expires > ends) else { continue };
            self.by_end.remove(&(contact.expires, id));
            contact.expires = ends;
            self.by_end.insert((ends, id));
        }
    }

    /// The claims with which a phone is registered.
    pub fn claims_of(&self, mac: Mac) -> HashSet<Claim> {
        self.by_mac.get(&mac).into_iter().flatten().map(|id| self.contacts[id].claim).collect()
    }

    /// It was learned whether somebody added this phone: if so its contacts are not the first to go.
    pub fn learn(&mut self, mac: Mac, added: bool) {
        let ids = self.by_mac.get(&mac).cloned().unwrap_or_default();
        if ids.is_empty() || added == self.known.contains(&mac) {
            return;
        }
        let contacts: Vec<_> = ids.iter().map(|id| (*id, self.take_standing(*id))).collect();
        if added {
            self.known.insert(mac)
        } else {
            self.known.remove(&mac)
        };
        for (id, network) in contacts {
            self.give_standing(id, network);
        }
    }

    /// Removes what has ended.
    pub fn sweep(&mut self, now: Time) {
        while let Some(&(_, id)) = self.by_end.first().filter(|(end, _)| *end <= now) {
            self.remove(id);
        }
    }

    /// How many contacts there are.
    pub fn len(&self) -> usize {
        self.contacts.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.contacts.is_empty()
    }

    fn living<'a>(&self, ids: Option<impl IntoIterator<Item = &'a u64>>, now: Time) -> Vec<Contact> {
        let contacts = ids.into_iter().flatten().filter_map(|id| self.contacts.get(id));
        contacts.filter(|contact| now < contact.expires).cloned().collect()
    }

    fn insert(&mut self, contact: Contact) -> u64 {
        let id = self.next;
        self.next += 1;
        self.by_claim.entry(contact.claim).or_default().push(id);
        self.by_mac.entry(contact.claim.mac).or_default().push(id);
        self.by_flow.entry(contact.flow.id()).or_default().insert(id);
        self.by_end.insert((contact.expires, id));
        let network = site_network(contact.address);
        self.contacts.insert(id, contact);
        self.give_standing(id, network);
        id
    }

    fn remove(&mut self, id: u64) {
        if !self.contacts.contains_key(&id) {
            return;
        }
        self.take_standing(id);
        let Some(contact) = self.contacts.remove(&id) else { return };
        self.by_end.remove(&(contact.expires, id));
        forget(&mut self.by_claim, &contact.claim, id);
        if let Some(ids) = self.by_flow.get_mut(&contact.flow.id()) {
            ids.remove(&id);
            if ids.is_empty() {
                self.by_flow.remove(&contact.flow.id());
            }
        }
        forget(&mut self.by_mac, &contact.claim.mac, id);
        if !self.by_mac.contains_key(&contact.claim.mac) {
            self.known.remove(&contact.claim.mac);
        }
    }

    fn standing(&self, id: u64) -> Standing {
        let contact = &self.contacts[&id];
        let grounds = contact.claim.grounds;
        let proved = grounds.global.is_some() || grounds.certificate || self.known.contains(&contact.claim.mac);
        (proved, contact.refreshed, id)
    }

    fn give_standing(&mut self, id: u64, network: IpNet) {
        let standing = self.standing(id);
        self.by_standing.insert(standing);
        self.by_address.entry(network).or_default().insert(standing);
    }

    fn take_standing(&mut self, id: u64) -> IpNet {
        let standing = self.standing(id);
        let network = site_network(self.contacts[&id].address);
        self.by_standing.remove(&standing);
        if let Some(standings) = self.by_address.get_mut(&network) {
            standings.remove(&standing);
            if standings.is_empty() {
                self.by_address.remove(&network);
            }
        }
        network
    }

    /// Lets go what is beyond a limit, nearest first: the claim's, the phone's, the address's, everybody's.
    fn make_room(&mut self, newcomer: &Registration) {
        let oldest = |table: &Self, ids: &[u64]| ids.iter().copied().min_by_key(|id| (table.contacts[id].refreshed, *id));
        while let Some(ids) = self.by_claim.get(&newcomer.claim).filter(|ids| ids.len() > CONTACTS_PER_CLAIM_MAX) {
            let Some(id) = oldest(self, ids) else { break };
            self.remove(id);
        }
        while let Some(ids) = self.by_mac.get(&newcomer.claim.mac).filter(|ids| ids.len() > CONTACTS_PER_MAC_MAX) {
            let Some(id) = self.one_of_the_crowd(ids) else { break };
            self.remove(id);
        }
        let network = site_network(newcomer.address);
        while let Some(standings) = self.by_address.get(&network).filter(|standings| standings.len() > CONTACTS_PER_ADDRESS_MAX) {
            let Some(&(_, _, id)) = standings.first() else { break };
            self.remove(id);
        }
        while self.by_standing.len() > CONTACTS_MAX {
            let Some(&(_, _, id)) = self.by_standing.first() else { break };
            self.remove(id);
        }
    }

    /// The longest unheard contact of the network that has the most of them: a stranger who registers claim after claim for a MAC pushes
    /// out his own, not the owner's.
    fn one_of_the_crowd(&self, ids: &[u64]) -> Option<u64> {
        let network = |id: &u64| pin_network(self.contacts[id].address);
        let crowd = |id: &u64| ids.iter().filter(|other| network(other) == network(id)).count();
        ids.iter().copied().max_by_key(|id| {
            let (proved, refreshed, id) = self.standing(*id);
            (crowd(&id), std::cmp::Reverse((proved, refreshed, id)))
        })
    }
}

impl Contact {
    /// Whether the phone told itself apart by an instance (RFC 5626).
    pub fn is_instance(&self) -> bool {
        matches!(self.identity, Identity::Instance(..))
    }

    fn new(registration: &Registration, wanted: &Wanted, expires: Time, now: Time) -> Self {
        Self {
            claim: registration.claim,
            uri: wanted.uri.clone(),
            flow: registration.flow.clone(),
            path: registration.path.clone(),
            agent: registration.agent.clone(),
            address: registration.address,
            expires,
            identity: wanted.identity.clone(),
            call_id: registration.call_id.clone(),
            cseq: registration.cseq,
            refreshed: now,
        }
    }
}

impl Wanted {
    fn end(contact: &Contact) -> Self {
        Self { uri: contact.uri.clone(), identity: contact.identity.clone(), until: None }
    }
}

/// What a message names twice counts as it was named last.
fn last_of_each(wanted: &[Wanted]) -> Vec<Wanted> {
    let named_later = |at: usize| wanted[at + 1..].iter().any(|later| later.identity == wanted[at].identity);
    (0..wanted.len()).filter(|at| !named_later(*at)).map(|at| wanted[at].clone()).collect()
}

fn forget<K: Eq + Hash>(index: &mut HashMap<K, Vec<u64>>, key: &K, id: u64) {
    if let Some(ids) = index.get_mut(key) {
        ids.retain(|held| *held != id);
        if ids.is_empty() {
            index.remove(key);
        }
    }
}

#[cfg(test)]
mod tests;
