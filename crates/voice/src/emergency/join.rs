//! Two answered legs and the relay between them: what one side wants, the other is asked for, until one hangs up.

use crate::media::{Relay, Side};
use crate::stack::{Answerer, Leg, LegEvent, ReinviteError};

/// Keeps two legs together. Ends when one of them does, the other one being told; no silence, cap or limit ends it.
pub async fn join(mut caller: Leg, mut callee: Leg, mut relay: Relay) {
    loop {
        let (side, event) = tokio::select! {
            event = caller.next() => (Side::Caller, event),
            event = callee.next() => (Side::Callee, event),
        };
        match event {
            // Keys go as RTP through the relay; this one is answered already.
            LegEvent::Info { .. } => {}
            LegEvent::Offer { sdp, answerer } => {
                let other = if side == Side::Caller { &callee } else { &caller };
                pass_on(&mut relay, side, &sdp, answerer, other).await;
            }
            LegEvent::Ended(_) => {
                let other = if side == Side::Caller { callee } else { caller };
                other.bye().await;
                return;
            }
        }
    }
}

/// Passes an offer within the call (hold, another address) to the other side, and its answer back. Without one all stays as it was.
async fn pass_on(relay: &mut Relay, by: Side, sdp: &[u8], answerer: Answerer, other: &Leg) {
    let offer = match relay.offered(by, sdp) {
        Ok(offer) => offer.to_owned(),
        Err(refusal) => return answerer.refuse(refusal.status()),
    };
    let answered = other.reinvite(offer).await;
    let status = match answered {
        Ok(sdp) => match relay.answered(&sdp) {
            Ok(answer) => return answerer.accept(answer),
            Err(refusal) => refusal.status(),
        },
        Err(ReinviteError::Refused(status)) => status,
        Err(ReinviteError::Gone) => 481,
    };
    relay.refused();
    answerer.refuse(status);
}
