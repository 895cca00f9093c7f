//! Registrations of claims, and the flows over which their phones can be reached.
//!
//! A contact is where a phone says it is; the way back is always the flow it came over. Nothing here waits for the store: who speaks was
//! proved by arithmetic, and what the store knows of a phone is learned beside it.

mod asked;
mod known;
mod learning;
mod table;
mod tending;

use std::net::IpAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use domain::claim::Claim;
use domain::{Chance, Mac, Time};
use ipnet::IpNet;
use tokio::sync::mpsc;

use self::asked::Fault;
use self::known::Knowledge;
pub use self::known::{Known, KnownDevice};
pub use self::learning::{Learning, Notice};
pub use self::table::Contact;
use self::table::{Refused, Table};
pub use self::tending::tend;
use crate::accounts::{Accounts, Proof, Shown};
use crate::limits::{EXPIRES_MIN, FLOW_TIMER_SECONDS, LOOKUPS_WAITING_MAX};
use crate::stack::address::{list, user};
use crate::stack::{Flow, FlowId, Inbound, Message, Reply};

/// The registrar of one node.
#[derive(Debug)]
pub struct Registrar {
    accounts: Arc<Accounts>,
    table: Mutex<Table>,
    knowledge: Knowledge,
    lookups: mpsc::Sender<Mac>,
}

impl Registrar {
    /// An empty one, and what learns for it: to be run beside it.
    pub fn new(accounts: Arc<Accounts>) -> (Arc<Self>, Learning) {
        let (lookups, asked) = mpsc::channel(LOOKUPS_WAITING_MAX);
        let registrar = Arc::new(Self { accounts, table: Mutex::default(), knowledge: Knowledge::default(), lookups });
        (Arc::clone(&registrar), Learning::new(registrar, asked))
    }

    /// The accounts it believes.
    pub fn accounts(&self) -> &Arc<Accounts> {
        &self.accounts
    }

    /// Carries out a REGISTER and answers it.
    pub async fn register(&self, inbound: Inbound, now: Time, chance: &mut (dyn Chance + Send)) {
        let reply = self.answer(inbound.message(), inbound.flow(), now, chance);
        inbound.reply(reply).await;
    }

    /// The answer to a REGISTER, which has then been carried out.
    pub fn answer(&self, message: &Message, flow: &Flow, now: Time, chance: &mut dyn Chance) -> Reply {
        let claim = match self.accounts.prove(message, flow, now) {
            Proof::Claim(claim) => claim,
            proof @ (Proof::Nothing | Proof::Wrong | Proof::Stale) => {
                return self.accounts.challenge(proof == Proof::Stale, flow, now, chance);
            }
        };
        let own = self.accounts.user(&claim);
        if user(message.to().uri) != Some(&own) || user(message.from().uri) != Some(&own) {
            return Reply::new(403);
        }
        let ends = self.knowledge.account_ends(&claim);
        if ends.is_some_and(|ends| ends <= now) {
            self.table().end_claim(&claim);
            return Reply::new(403);
        }
        let registration = match asked::read(message, flow, claim, ends, now) {
            Ok(registration) => registration,
            Err(Fault::Malformed(what)) => return Reply::new(400).reason(&format!("Bad {what}")),
            Err(Fault::TooBrief) => return Reply::new(423).header("Min-Expires", &EXPIRES_MIN.to_string()),
        };
        let contacts = {
            let mut table = self.table();
            match table.register(&registration, now) {
                Ok(()) => {
                    if let Some(known) = self.knowledge.of(claim.mac) {
                        table.learn(claim.mac, known.device.is_some());
                    }
                    table.of_claim(&claim, now)
                }
                Err(Refused::OutOfOrder) => return Reply::new(500).reason("CSeq Out Of Order"),
                Err(Refused::Full) => return Reply::new(503).header("Retry-After", "60"),
            }
        };
        self.look_up(claim.mac, now);
        accepted(message, flow, &contacts, now)
    }

    /// The contacts over which a phone can be reached, whatever its claims.
    pub fn contacts_of(&self, mac: Mac, now: Time) -> Vec<Contact> {
        self.table().of_mac(mac, now)
    }

    /// The contacts of one claim.
    pub fn contacts_of_claim(&self, claim: &Claim, now: Time) -> Vec<Contact> {
        self.table().of_claim(claim, now)
    }

    /// The claims with which a phone is registered here.
    pub fn claims_of(&self, mac: Mac) -> Vec<Claim> {
        self.table().claims_of(mac).into_iter().collect()
    }

    /// Whether a phone is registered here.
    pub fn is_registered(&self, mac: Mac) -> bool {
        self.table().has(mac)
    }

    /// Whether each of these phones is registered here, in their order.
    pub fn registered(&self, macs: &[Mac], now: Time) -> Vec<bool> {
        let table = self.table();
        macs.iter().map(|mac| table.has_living(*mac, now)).collect()
    }

    /// There was news of a phone: what is known of it is looked up anew, if it is registered here.
    pub fn refresh(&self, mac: Mac) {
        self.knowledge.outdate(mac);
        if self.is_registered(mac) {
            // A full queue means that the next registration asks.
            let _ = self.lookups.try_send(mac);
        }
    }

    /// All phones that are registered here.
    pub fn macs(&self) -> Vec<Mac> {
        self.table().macs()
    }

    /// The phones that are registered here from an address in this network.
    pub fn macs_in(&self, network: &IpNet) -> Vec<Mac> {
        self.table().macs_in(network).into_iter().collect()
    }

    /// The claim that was proved on this flow; none if it is a proxy's, or several phones share it.
    pub fn proved_flow(&self, flow: &Flow, now: Time) -> Option<Claim> {
        let contacts = self.table().of_flow(flow.id(), now);
        let claim = contacts.first()?.claim;
        contacts.iter().all(|contact| contact.claim == claim && contact.path.is_empty()).then_some(claim)
    }

    /// Whether this claim is registered over this flow.
    pub fn is_proved_on(&self, flow: &Flow, claim: &Claim, now: Time) -> bool {
        self.table().of_flow(flow.id(), now).iter().any(|contact| contact.claim == *claim)
    }

    /// What the store said of a registered phone when it was last asked: where it stands, or that nobody added it. None: not yet.
    pub fn known(&self, mac: Mac) -> Option<Arc<Known>> {
        self.knowledge.of(mac)
    }

    /// Whether the throw-away account of this claim has ended: another one was taken up, and the time after that is over.
    pub fn is_ended(&self, claim: &Claim, now: Time) -> bool {
        self.knowledge.account_ends(claim).is_some_and(|ends| ends <= now)
    }

    /// A connection has ended, and with it what was reached over it.
    pub fn flow_closed(&self, flow: FlowId) {
        self.table().close(flow);
    }

    /// A contact has turned out to be dead. One that was registered again since stays.
    pub fn drop_contact(&self, contact: &Contact) {
        self.table().drop_contact(contact);
    }

    /// Removes what has ended, and what was reached over connections that have.
    pub fn sweep(&self, now: Time) {
        let mut table = self.table();
        table.sweep(now);
        table.close_ended();
    }

    /// How many contacts there are.
    pub fn len(&self) -> usize {
        self.table().len()
    }

    /// Whether nobody is registered.
    pub fn is_empty(&self) -> bool {
        self.table().is_empty()
    }

    /// Asks for what the store knows of a phone, if that is not known or old. Never waits.
    fn look_up(&self, mac: Mac, now: Time) {
        if self.knowledge.is_due(mac, now) {
            // A full queue means that the next registration asks again.
            let _ = self.lookups.try_send(mac);
        }
    }

    /// Takes in what the store said.
    fn learn(&self, mac: Mac, known: Known) {
        let added = known.device.is_some();
        self.knowledge.learn(mac, known);
        let mut table = self.table();
        table.learn(mac, added);
        for claim in table.claims_of(mac) {
            if let Some(ends) = self.knowledge.account_ends(&claim) {
                table.cap(&claim, ends);
            }
        }
    }

    fn table(&self) -> MutexGuard<'_, Table> {
        self.table.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
impl Registrar {
    /// Puts a contact in without a REGISTER, for ten minutes.
    pub(crate) fn enrol(&self, claim: Claim, flow: &Flow, uri: &str, now: Time) {
        let until = Some(now + domain::Span::minutes(10));
        let wanted = table::Wanted { uri: uri.to_owned(), identity: table::Identity::Address(uri.to_owned()), until };
        let registration = table::Registration {
            claim,
            flow: flow.clone(),
            call_id: uri.to_owned(),
            cseq: 1,
            path: Vec::new(),
            agent: "Yealink SIP-T46S 66.86.0.15".to_owned(),
            address: flow.peer().ip(),
            asked: table::Asked::Contacts(vec![wanted]),
        };
        self.table().register(&registration, now).expect("a test registers in order");
    }
}

impl Accounts {
    /// Judges the digest of a request.
    pub fn prove(&self, message: &Message, flow: &Flow, now: Time) -> Proof {
        self.judge(shown(message, flow), now)
    }

    /// Judges the digest of an emergency call: a nonce that is too old, or used, is no reason for doubt.
    pub fn prove_emergency(&self, message: &Message, flow: &Flow, now: Time) -> Proof {
        self.judge_emergency(shown(message, flow), now)
    }

    /// The 401 that asks who speaks. `stale`: only the nonce was of no use.
    pub fn challenge(&self, stale: bool, flow: &Flow, now: Time, chance: &mut dyn Chance) -> Reply {
        let challenges = self.challenges(stale, flow.peer().ip(), now, chance);
        challenges.iter().fold(Reply::new(401), |reply, challenge| reply.header("WWW-Authenticate", challenge))
    }
}

fn shown<'a>(message: &'a Message, flow: &Flow) -> Shown<'a, impl Iterator<Item = &'a str>> {
    let source: IpAddr = flow.peer().ip();
    Shown { method: message.method(), authorization: message.all("Authorization"), secure: flow.is_secure(), source }
}

/// 200 with all contacts of the claim, the time of day for phones without a clock, and the path as it was read (RFC 3327). A phone that
/// knows RFC 5626 is told on a stream how long it may be silent.
fn accepted(message: &Message, flow: &Flow, contacts: &[Contact], now: Time) -> Reply {
    let mut reply = Reply::new(200).header("Date", &date(now)).header("Supported", "path");
    let outbound = message.all("Supported").flat_map(list).any(|tag| tag.eq_ignore_ascii_case("outbound"));
    if outbound && flow.transport().is_reliable() && contacts.iter().any(Contact::is_instance) {
        reply = reply.header("Require", "outbound").header("Flow-Timer", &FLOW_TIMER_SECONDS.to_string());
    }
    for contact in contacts {
        reply = reply.header("Contact", &asked::shown(contact, now));
    }
    for path in message.all("Path") {
        reply = reply.header("Path", path);
    }
    reply
}

fn date(now: Time) -> String {
    let at = jiff::Timestamp::from_millisecond(now.millis()).unwrap_or_default();
    jiff::fmt::rfc2822::DateTimePrinter::new().timestamp_to_rfc9110_string(&at).unwrap_or_default()
}

#[cfg(test)]
mod tests;
