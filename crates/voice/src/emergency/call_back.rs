//! The emergency service calls back: the only call that ever reaches a restricted phone.

use domain::emergency::{Dialled, Outcome};
use tokio::time::{Instant, sleep_until};

use super::join::join;
use super::recent::Caller;
use super::{Emergency, PHONE_SRTP};
use crate::limits::CALL_BACK_RINGING;
use crate::media::{Srtp, Surroundings};
use crate::stack::address::user;
use crate::stack::{CallEvent, InboundCall, OutboundCall, Reply, Request, Target};

impl Emergency {
    /// Takes a trunk's call to a number that was shown within the last hour; gives any other back.
    pub(super) async fn take_back(&self, call: InboundCall) -> Result<(), InboundCall> {
        let source = call.flow().peer().ip();
        if !self.resolver.is_trunk(source, &self.table.current().trunks) {
            return Err(call);
        }
        let Some(Dialled::Number(number)) = Dialled::read(call.message().uri()) else { return Err(call) };
        let Some(phone) = self.recent.of(&number, self.now()) else { return Err(call) };
        tracing::warn!(%source, mac = phone.mac.map(|mac| mac.to_string()), "an emergency call is called back");
        let outcome = self.call_back(call, phone).await;
        self.metrics.count_back(outcome);
        tracing::warn!(%source, %outcome, "a call back has ended");
        Ok(())
    }

    async fn call_back(&self, mut call: InboundCall, phone: Caller) -> Outcome {
        let phone = self.now_at(phone);
        if let Some(mac) = phone.mac {
            (self.on_call)(mac, self.now());
        }
        let trunk = Surroundings { peer: call.flow().peer().ip(), secure: call.flow().is_secure(), srtp: Srtp::Off };
        let there = Surroundings { peer: phone.flow.peer().ip(), secure: phone.flow.is_secure(), srtp: PHONE_SRTP };
        let mut relay = match self.media.relay(call.offer().unwrap_or_default(), &trunk, &there) {
            Ok(relay) => relay,
            Err(refusal) => {
                call.reject(Reply::new(refusal.status())).await;
                return Outcome::Failed;
            }
        };
        let request = invitation(&call, &phone).sdp(relay.offer().to_owned());
        let mut outbound: OutboundCall = self.stack.invite(Target::Flow(phone.flow.clone()), request).await;
        let ends = Instant::now() + CALL_BACK_RINGING;
        loop {
            let event = tokio::select! {
                biased;
                () = call.cancelled() => return Outcome::Cancelled,
                event = outbound.next() => event,
                () = sleep_until(ends) => {
                    call.reject(Reply::new(480)).await;
                    return Outcome::Failed;
                }
            };
            match event {
                CallEvent::Progress { status: 100, .. } => {}
                CallEvent::Progress { status, sdp } => {
                    let answer = sdp.and_then(|sdp| relay.answered(&sdp).ok());
                    call.ring(status, answer.map(Into::into)).await;
                }
                CallEvent::Answered { leg, sdp } => {
                    let Ok(answer) = relay.answered(&sdp) else {
                        leg.bye().await;
                        call.reject(Reply::new(488)).await;
                        return Outcome::Failed;
                    };
                    let Ok(near) = call.accept(answer).await else {
                        leg.bye().await;
                        return Outcome::Cancelled;
                    };
                    join(near, leg, relay).await;
                    if let Some(mac) = phone.mac {
                        (self.on_call)(mac, self.now());
                    }
                    return Outcome::Answered;
                }
                CallEvent::Failed { status } => {
                    call.reject(Reply::new(status.max(400))).await;
                    return if matches!(status, 486 | 600) { Outcome::Busy } else { Outcome::Failed };
                }
            }
        }
    }

    /// Where the phone is now: where it called from, or registered since if that way is closed.
    fn now_at(&self, phone: Caller) -> Caller {
        let contacts = phone.mac.map(|mac| self.registrar.contacts_of(mac, self.now())).unwrap_or_default();
        let same = contacts.iter().find(|contact| contact.flow.id() == phone.flow.id());
        let newer = same.or(contacts.last()).filter(|_| same.is_some() || !phone.flow.is_open());
        match newer {
            Some(contact) => Caller { flow: contact.flow.clone(), contact: contact.uri.clone(), ..phone },
            None => phone,
        }
    }
}

/// The phone rings with the number of whoever calls.
fn invitation(call: &InboundCall, phone: &Caller) -> Request {
    let from = call.message().from();
    let number = user(from.uri).unwrap_or("anonymous");
    let target = if phone.contact.is_empty() { format!("sip:{}", phone.flow.peer()) } else { phone.contact.clone() };
    Request::new("INVITE", &target).header("From", &format!("<sip:{number}@{}>", call.flow().local())).header("Priority", "psap-callback")
}
