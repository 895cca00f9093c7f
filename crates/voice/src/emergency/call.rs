//! From an INVITE, or a number keyed into the prompt, to a call with the emergency service.

use std::net::IpAddr;

use domain::claim::Claim;
use domain::emergency::{Outcome, shown};
use domain::{Chance, Mac};
use tokio::time::{sleep, timeout};
use uuid::Uuid;

use super::dial::{Answered, Dialled, Near, Wanted};
use super::join::join;
use super::places::{Learned, Spot};
use super::recent::Caller;
use super::record::{Entry, Record};
use super::seats::Unproved;
use super::standing::{Look, Standing, named};
use super::{Emergency, PHONE_SRTP};
use crate::edge::SystemChance;
use crate::limits::{CALL_GOES_ON, UNCLAIMED_WAIT};
use crate::media::{Relay, Surroundings, Talk};
use crate::stack::address::Address;
use crate::stack::{Flow, InboundCall, Leg, Message, Reply};

/// What came of a number that was keyed into the prompt.
#[derive(Debug)]
pub enum PutThrough {
    /// Somebody answered, and the call is over; or the caller hung up before.
    Ended,
    /// Nobody took it, or the called side is busy.
    Unreachable(Box<Left>),
}

/// What is left of a call that could not be put through.
#[derive(Debug)]
pub struct Left {
    /// The caller is still there.
    pub leg: Leg,
    /// His sound; none if it was relayed already and cannot be had back.
    pub talk: Option<Talk>,
}

/// A call that is being looked after.
struct Tended {
    record: Record,
    wanted: Wanted,
    back: Caller,
    /// Held as long as a call without proof lasts.
    _seat: Option<Unproved>,
}

impl Emergency {
    /// Takes a call if it is for the emergency services, or their call back; gives it back otherwise. Comes back when the call is over.
    ///
    /// To be asked of every INVITE before anything else.
    pub async fn take(&self, call: InboundCall) -> Result<(), InboundCall> {
        let hint = self.hint(call.message(), call.flow());
        if let Some(number) = self.number_of(call.message(), hint) {
            self.emergency(call, &number).await;
            return Ok(());
        }
        match hint {
            None => self.take_back(call).await,
            Some(_) => Err(call),
        }
    }

    /// Puts an answered call through, whose caller keyed an emergency number into the prompt. `claim` is what proved the call, `contact`
    /// the address that its INVITE gave.
    pub async fn put_through(&self, mut leg: Leg, talk: Talk, number: &str, claim: Option<Claim>, contact: &str) -> PutThrough {
        let (flow, mut talk) = (leg.flow(), Some(talk));
        let standing = Standing { mac: claim.map(|claim| claim.mac), proved: claim.is_some() };
        if self.is_unclaimed(standing.mac).await {
            self.metrics.count(Outcome::Unclaimed);
            return PutThrough::Unreachable(Box::new(Left { leg, talk }));
        }
        let Some(mut tended) = self.begin(standing, number, &flow, contact) else {
            return PutThrough::Unreachable(Box::new(Left { leg, talk }));
        };
        let dialled = self.dial(&mut Near::Up(&mut leg, &mut talk), &tended.wanted).await;
        match dialled {
            Dialled::Answered(answered) => {
                let Answered { leg: callee, relay, sdp: _, channel, trunk } = *answered;
                tended.record.trunk = Some(trunk);
                self.look_after(&tended, leg, callee, relay).await;
                drop(channel);
                self.end(tended, Outcome::Answered);
                PutThrough::Ended
            }
            Dialled::Gone => {
                self.end(tended, Outcome::Cancelled);
                PutThrough::Ended
            }
            Dialled::Busy(_) => {
                self.end(tended, Outcome::Busy);
                PutThrough::Unreachable(Box::new(Left { leg, talk }))
            }
            Dialled::Failed => {
                self.end(tended, Outcome::Failed);
                PutThrough::Unreachable(Box::new(Left { leg, talk }))
            }
        }
    }

    async fn emergency(&self, mut call: InboundCall, number: &str) {
        let flow = call.flow().clone();
        let standing = match self.challenged.look(&self.registrar, call.message(), &flow, self.now(), &mut SystemChance) {
            Look::Ask(reply) => return call.reject(reply).await,
            Look::Known(standing) => standing,
        };
        if self.is_unclaimed(standing.mac).await {
            self.metrics.count(Outcome::Unclaimed);
            tracing::warn!(source = %flow.peer(), number, "an emergency call of a phone that nobody added was refused (emergency_unclaimed=no)");
            return call.reject(Reply::new(403)).await;
        }
        let contact = call.message().header("Contact").map(|contact| Address::parse(contact).uri.to_owned()).unwrap_or_default();
        let Some(mut tended) = self.begin(standing, number, &flow, &contact) else { return call.reject(busy_here()).await };
        let caller = Surroundings { peer: flow.peer().ip(), secure: flow.is_secure(), srtp: PHONE_SRTP };
        let dialled = self.dial(&mut Near::Ringing(&mut call, caller), &tended.wanted).await;
        let outcome = match dialled {
            Dialled::Answered(answered) => {
                let Answered { leg: callee, relay, sdp, channel, trunk } = *answered;
                tended.record.trunk = Some(trunk);
                let outcome = if let Ok(leg) = call.accept(sdp).await {
                    self.look_after(&tended, leg, callee, relay).await;
                    Outcome::Answered
                } else {
                    // He was quicker than we: the service must not stay on the line with nobody.
                    callee.bye().await;
                    Outcome::Cancelled
                };
                drop(channel);
                outcome
            }
            Dialled::Busy(status) => {
                call.reject(Reply::new(status)).await;
                Outcome::Busy
            }
            // Dropped, it says 487.
            Dialled::Gone => Outcome::Cancelled,
            Dialled::Failed => {
                call.reject(busy_here()).await;
                Outcome::Failed
            }
        };
        self.end(tended, outcome);
    }

    /// Keeps both sides together until one hangs up. All the while its phone is left alone, and can be called back.
    async fn look_after(&self, tended: &Tended, caller: Leg, callee: Leg, relay: Relay) {
        let call = join(caller, callee, relay);
        tokio::pin!(call);
        loop {
            tokio::select! {
                () = &mut call => return,
                () = sleep(CALL_GOES_ON) => self.remember(tended),
            }
        }
    }

    /// Whose phone this seems to be: enough to choose its country's numbers.
    fn hint(&self, message: &Message, flow: &Flow) -> Option<Mac> {
        let claim = named(&self.registrar, message).or_else(|| self.registrar.proved_flow(flow, self.now()));
        claim.map(|claim| claim.mac)
    }

    /// Whether nobody added this phone, as far as that can be told within 300 ms, and such phones may not call.
    async fn is_unclaimed(&self, mac: Option<Mac>) -> bool {
        let Some(mac) = mac.filter(|_| !self.table.current().unclaimed) else { return false };
        match self.places.of(mac) {
            Learned::At(_) => false,
            // Somebody may have added it since, and nobody told us as it is not registered here.
            Learned::Nothing | Learned::NotAdded => self.ask(mac).await == Learned::NotAdded,
        }
    }

    /// Asks the store where a phone stands. It may take its time, or be gone: the call does not wait for that.
    async fn ask(&self, mac: Mac) -> Learned {
        let Some(store) = self.store.clone() else { return Learned::Nothing };
        // A task of its own: reading may block its thread.
        let asked = tokio::spawn(async move { store.read(move |db| store::trunk::place_of(db, mac)).await });
        let Ok(Ok(Ok(found))) = timeout(UNCLAIMED_WAIT, asked).await else { return Learned::Nothing };
        self.places.learn(mac, found.map(|(customer, site)| Spot { customer, site }));
        self.places.of(mac)
    }

    /// Begins to look after a call; none if its address has all calls without proof that it may have.
    fn begin(&self, standing: Standing, number: &str, flow: &Flow, contact: &str) -> Option<Tended> {
        let source: IpAddr = flow.peer().ip().to_canonical();
        let seat = if standing.proved { None } else { Some(self.seats.unproved(source)) };
        let Some(seat) = seat.map_or(Some(None), |seat| seat.map(Some)) else {
            self.metrics.count(Outcome::Refused);
            tracing::error!(%source, number, "too many emergency calls without proof: one was refused");
            return None;
        };
        // What an account merely names must not change anything of its phone.
        let mac = standing.mac.filter(|_| standing.proved);
        let routes = self.table.current();
        let spot = self.spot(mac);
        let site = routes.site(spot);
        let shown = shown(standing.proved, site.and_then(|site| site.caller_number.as_deref()), self.caller_number.as_deref());
        let record = Record {
            id: call_id(),
            mac,
            proved: standing.proved,
            started: self.now(),
            ended: None,
            source,
            number: number.to_owned(),
            shown: shown.number.clone(),
            location: site.and_then(|site| site.location.clone()),
            trunk: None,
        };
        let wanted = Wanted { number: number.to_owned(), shown, proved: standing.proved, spot };
        let back = Caller { mac, flow: flow.clone(), contact: contact.to_owned() };
        let tended = Tended { record, wanted, back, _seat: seat };
        self.metrics.up.inc();
        self.remember(&tended);
        self.waiting.push(Entry::Call(Box::new(tended.record.clone())));
        Some(tended)
    }

    /// The phone of this call is left alone, and can be called back, for an hour from now.
    fn remember(&self, tended: &Tended) {
        let now = self.now();
        if let Some(mac) = tended.back.mac {
            (self.on_call)(mac, now);
        }
        if let Some(number) = &tended.wanted.shown.number {
            self.recent.note(number, tended.back.clone(), now);
        }
    }

    /// The call is over: for its record.
    fn end(&self, tended: Tended, outcome: Outcome) {
        self.remember(&tended);
        self.metrics.up.dec();
        self.metrics.count(outcome);
        if outcome == Outcome::Failed {
            tracing::error!(call = %tended.record.id, "an emergency call could not be put through: no trunk took it");
        }
        let record = Record { ended: Some((self.now(), outcome)), ..tended.record };
        self.waiting.push(Entry::Call(Box::new(record)));
    }
}

fn busy_here() -> Reply {
    Reply::new(503).header("Retry-After", "5")
}

pub(super) fn call_id() -> Uuid {
    let mut bytes = [0; 16];
    SystemChance.fill(&mut bytes);
    uuid::Builder::from_random_bytes(bytes).into_uuid()
}
