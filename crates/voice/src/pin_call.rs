//! The call that asks for the PIN: who may make it, what is said in it, and how it ends.
//!
//! [`Dialogue`](dialogue::Dialogue) decides what is said; here are the things around it: proof, seats, sound, keys, the clock and the
//! record. A call without proof is challenged and gets no further.

mod conversation;
pub mod dialogue;

use std::sync::Arc;

use brands::InForce;
use domain::Time;
use domain::claim::Claim;
use store::Store;

use self::conversation::{Conversation, End};
use crate::accounts::{Accounts, Proof};
use crate::calls::{CallResult, Record, Seats};
use crate::edge::SystemChance;
use crate::emergency::{Emergency, Left, PutThrough};
use crate::media::{Media, Srtp, Surroundings, Talk};
use crate::notify::Quiet;
use crate::pins::{Calling, PinDesk};
use crate::prompts::Library;
use crate::registrar::Registrar;
use crate::stack::address::{Address, user};
use crate::stack::{InboundCall, Leg, Message, Reply};

/// What such calls are made of.
#[derive(Clone)]
pub struct Parts {
    /// Who knows the accounts, and which have ended.
    pub registrar: Arc<Registrar>,
    /// Who takes PINs.
    pub desk: PinDesk,
    /// Who carries the sound.
    pub media: Media,
    /// What is said.
    pub library: Library,
    /// Who puts emergency numbers through that are keyed in.
    pub emergency: Arc<Emergency>,
    /// Who keeps NOTIFY away from a phone that speaks.
    pub quiet: Arc<Quiet>,
    /// Where calls are noted.
    pub store: Store,
    /// What each brand of phone says of itself.
    pub catalogue: InForce,
    /// What the listener thinks of SRTP.
    pub srtp: Srtp,
    /// Where time comes in.
    pub clock: fn() -> Time,
}

/// Calls that ask for a PIN.
#[derive(Clone)]
pub struct PinCalls {
    parts: Parts,
    seats: Seats,
}

/// A call that was proved and has a seat.
struct Caller {
    calling: Calling,
    /// Where the INVITE said that the phone is.
    contact: String,
    /// The INVITE's own `Accept-Language`.
    asked_language: Option<String>,
}

impl PinCalls {
    /// Nobody calls yet.
    pub fn new(parts: Parts) -> Self {
        Self { parts, seats: Seats::default() }
    }

    /// Such calls now.
    pub fn calls(&self) -> usize {
        self.seats.taken()
    }

    /// Takes a call, whatever was dialled; comes back when it is over. Emergency calls go elsewhere before.
    pub async fn take(&self, call: InboundCall) {
        let Parts { registrar, media, quiet, clock, .. } = &self.parts;
        let now = clock();
        let claim = match self.proved(registrar.accounts(), &call, now) {
            Ok(claim) => claim,
            Err(reply) => return call.reject(reply).await,
        };
        let address = call.flow().peer().ip();
        let _seat = match self.seats.take(&claim, address) {
            Ok(seat) => seat,
            Err(full) => return call.reject(Reply::new(full.status()).header("Retry-After", "30")).await,
        };
        let surroundings = Surroundings { peer: address, secure: call.flow().is_secure(), srtp: self.parts.srtp };
        let talk = match media.answer(call.offer().unwrap_or_default(), &surroundings) {
            Ok(talk) => talk,
            Err(refusal) => return call.reject(Reply::new(refusal.status())).await,
        };
        let caller = self.caller(call.message(), claim, address);
        let account = registrar.accounts().user(&claim);
        let record = Record::new(claim, account, address, user(call.message().uri()).unwrap_or_default(), now);
        let answer = talk.answer().to_owned();
        let guard = quiet.begin_call(claim);
        // Cancelled: it was told 487.
        let Ok(leg) = call.accept(answer).await else { return };
        let record = self.converse(caller, leg, talk, record).await;
        // Our BYE was answered: what the phone must fetch, it may be told now.
        drop(guard);
        record.keep(&self.parts.store, clock(), &mut SystemChance).await;
    }

    /// The claim whose digest proves this INVITE, or what is answered instead.
    fn proved(&self, accounts: &Accounts, call: &InboundCall, now: Time) -> Result<Claim, Reply> {
        let claim = match accounts.prove(call.message(), call.flow(), now) {
            Proof::Claim(claim) => claim,
            proof @ (Proof::Nothing | Proof::Stale | Proof::Wrong) => {
                return Err(accounts.challenge(proof == Proof::Stale, call.flow(), now, &mut SystemChance));
            }
        };
        if self.parts.registrar.is_ended(&claim, now) { Err(Reply::new(403)) } else { Ok(claim) }
    }

    fn caller(&self, message: &Message, claim: Claim, address: std::net::IpAddr) -> Caller {
        let catalogue = self.parts.catalogue.current();
        let sighting = catalogue.identify("", message.header("User-Agent"));
        let model = sighting.brand.zip(sighting.model).map(|(brand, model)| format!("{}/{}", brand.name(), model.name));
        let contact = message.header("Contact").map(|contact| Address::parse(contact).uri.to_owned());
        Caller {
            calling: Calling { claim, address: address.to_canonical(), model: model.unwrap_or_default() },
            contact: contact.unwrap_or_default(),
            asked_language: message.header("Accept-Language").map(str::to_owned),
        }
    }

    /// Speaks until it is over; then the call is over, too. What there is to note.
    async fn converse(&self, caller: Caller, leg: Leg, talk: Talk, record: Record) -> Record {
        let claim = caller.calling.claim;
        let contact = caller.contact.clone();
        // Those of every country, for everybody: a site's own would tell which MACs were added, and where they stand.
        let numbers = self.parts.emergency.numbers_for(None);
        let conversation = Conversation::new(&self.parts, caller, numbers, record);
        let (end, mut record) = conversation.run(leg, talk).await;
        match end {
            End::Gone => {}
            End::HangUp(leg) => {
                leg.bye().await;
            }
            End::PutThrough { leg, talk, number } => {
                record.result(CallResult::Emergency);
                let through = self.parts.emergency.put_through(*leg, *talk, &number, Some(claim), &contact).await;
                if let PutThrough::Unreachable(left) = through {
                    self.say_unreachable(*left, &mut record).await;
                }
            }
        }
        record
    }

    /// No trunk took it: the caller must know at once that nobody comes.
    async fn say_unreachable(&self, left: Left, record: &mut Record) {
        let Left { mut leg, talk } = left;
        if let Some(mut talk) = talk {
            record.said(conversation::say_unreachable(&self.parts.library, &mut leg, &mut talk).await);
        }
        leg.bye().await;
    }
}

impl std::fmt::Debug for PinCalls {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("PinCalls").field("calls", &self.calls()).finish_non_exhaustive()
    }
}
