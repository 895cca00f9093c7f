//! Setting up a call over the trunks, one after the other, until one takes it.

use std::net::SocketAddr;
use std::sync::Arc;

use bytes::Bytes;
use domain::emergency::{AfterRefusal, Shown, Trunk, after_refusal, order};
use domain::settings::Transport as Kind;
use tokio::time::{Instant, sleep_until};

use super::Emergency;
use super::health::Found;
use super::places::Spot;
use super::routes::Routes;
use super::seats::Channel;
use crate::media::{Refusal, Relay, Srtp, Surroundings, Talk};
use crate::stack::{CallEvent, InboundCall, Leg, LegEvent, OutboundCall, Request, Target, Transport};

/// What a trunk is asked for.
#[derive(Clone, Debug)]
pub struct Wanted {
    /// The emergency number.
    pub number: String,
    /// Who is shown.
    pub shown: Shown,
    /// Whether the caller is proved.
    pub proved: bool,
    /// Where he is, if proved.
    pub spot: Option<Spot>,
}

/// The caller's side while trunks are dialled.
pub enum Near<'c> {
    /// An INVITE that waits for its answer.
    Ringing(&'c mut InboundCall, Surroundings),
    /// An answered call whose caller keyed the number into the prompt, and his sound until it is relayed.
    Up(&'c mut Leg, &'c mut Option<Talk>),
}

/// How dialling ended.
pub enum Dialled {
    /// Somebody answered.
    Answered(Box<Answered>),
    /// The called side was busy, in this word.
    Busy(u16),
    /// The caller gave up.
    Gone,
    /// No trunk took it.
    Failed,
}

/// A call that somebody answered.
pub struct Answered {
    /// His side.
    pub leg: Leg,
    /// The media between.
    pub relay: Relay,
    /// The description for the caller.
    pub sdp: String,
    /// The trunk's channel, held as long as this is.
    pub channel: Channel,
    /// The trunk's name.
    pub trunk: String,
}

/// How one attempt ended.
enum Attempt {
    Answered(Leg, String),
    Busy(u16),
    Gone,
    /// What the trunk did wrong; none if it is not to blame.
    Next(Option<String>),
}

impl Emergency {
    /// Dials until a trunk takes the call or all have been tried.
    pub(super) async fn dial(&self, near: &mut Near<'_>, wanted: &Wanted) -> Dialled {
        let routes = self.table.current();
        let mut relay = None;
        for trunk in self.trunks_for(&routes, wanted) {
            let Some(channel) = self.seats.channel(trunk, wanted.proved) else {
                tracing::warn!(trunk = trunk.name, "all channels for callers without proof are taken");
                continue;
            };
            for address in self.resolver.addresses(trunk).await {
                match self.attempt(near, &mut relay, trunk, address, wanted).await {
                    Attempt::Answered(leg, sdp) => {
                        let Some(relay) = relay else { return Dialled::Failed };
                        return Dialled::Answered(Box::new(Answered { leg, relay, sdp, channel, trunk: trunk.name.clone() }));
                    }
                    Attempt::Busy(status) => return Dialled::Busy(status),
                    Attempt::Gone => return Dialled::Gone,
                    Attempt::Next(why) => tracing::warn!(trunk = trunk.name, %address, why, "an emergency call goes to the next trunk"),
                }
            }
        }
        Dialled::Failed
    }

    /// The trunks in their order; those that are full for proved callers last.
    fn trunks_for<'r>(&self, routes: &'r Arc<Routes>, wanted: &Wanted) -> Vec<&'r Trunk> {
        let (customer, site) = (wanted.spot.map(|spot| spot.customer), wanted.spot.and_then(|spot| spot.site));
        let ordered = order(&routes.trunks, customer, site, |id| self.watch.of(id));
        let (full, free): (Vec<&Trunk>, Vec<&Trunk>) = ordered.into_iter().partition(|trunk| trunk.is_full(self.seats.calls(trunk.id)));
        free.into_iter().chain(full).collect()
    }

    async fn attempt(
        &self,
        near: &mut Near<'_>,
        relay: &mut Option<Relay>,
        trunk: &Trunk,
        address: SocketAddr,
        wanted: &Wanted,
    ) -> Attempt {
        let callee = Surroundings { peer: address.ip(), secure: trunk.address.transport == Kind::Tls, srtp: Srtp::Off };
        let offer = match self.offer(near, relay, &callee) {
            Ok(offer) => offer,
            Err(refusal) => return Attempt::Next(Some(refusal.to_string())),
        };
        let request = invitation(trunk, &wanted.number, &wanted.shown).header("Priority", "emergency").sdp(offer);
        let (transport, name) = (transport(trunk.address.transport), trunk.address.host.clone());
        let target = Target::Host { transport, address, name };
        let mut deadline = Some(Instant::now() + self.waits.silence);
        let mut outbound = tokio::select! {
            biased;
            () = near.gone() => return Attempt::Gone,
            outbound = self.stack.invite(target, request) => outbound,
            () = expiry(deadline) => return self.no_answer(trunk, "it cannot be reached"),
        };
        let Some(relay) = relay else { return Attempt::Next(None) };
        let mut early = Bytes::new();
        loop {
            let event = tokio::select! {
                biased;
                () = near.gone() => return give_up(&outbound),
                event = outbound.next() => event,
                () = expiry(deadline) => {
                    outbound.cancel();
                    return self.no_answer(trunk, if early.is_empty() { "it does not answer" } else { "it does not get on" });
                }
            };
            match event {
                CallEvent::Progress { status: 100, .. } => deadline = deadline.map(|_| Instant::now() + self.waits.trying),
                CallEvent::Progress { status, sdp } => {
                    deadline = None;
                    if let Some(sdp) = &sdp {
                        early.clone_from(sdp);
                    }
                    near.progress(relay, status, sdp).await;
                }
                CallEvent::Answered { leg, sdp } => {
                    self.note(trunk, true, "answered a call");
                    // A 200 without a description means the one that came early.
                    let sdp = if sdp.is_empty() { early } else { sdp };
                    return match relay.answered(&sdp) {
                        Ok(answer) => {
                            near.hand_over(relay).await;
                            Attempt::Answered(leg, answer)
                        }
                        Err(refusal) => {
                            leg.bye().await;
                            Attempt::Next(Some(refusal.to_string()))
                        }
                    };
                }
                CallEvent::Failed { status } => return self.refused(trunk, status),
            }
        }
    }

    /// The relay's offer for this trunk. The first attempt opens the relay, later ones turn it.
    fn offer(&self, near: &Near<'_>, relay: &mut Option<Relay>, callee: &Surroundings) -> Result<String, Refusal> {
        if let Some(relay) = relay {
            return Ok(relay.redirect(callee)?.to_owned());
        }
        let opened = match near {
            Near::Ringing(call, caller) => self.media.relay(call.offer().unwrap_or_default(), caller, callee)?,
            Near::Up(_, talk) => talk.as_ref().ok_or(Refusal::NoOffer)?.reach(callee)?,
        };
        Ok(relay.insert(opened).offer().to_owned())
    }

    fn refused(&self, trunk: &Trunk, status: u16) -> Attempt {
        match after_refusal(status) {
            AfterRefusal::Tell => Attempt::Busy(status),
            AfterRefusal::NextTrunk => {
                let found = super::health::judge(status, "to a call");
                // A refusal says nothing of whether the trunk is there, but for the words of the dead.
                if !found.up {
                    self.note(trunk, false, &found.detail);
                }
                Attempt::Next(Some(format!("it refused with {status}")))
            }
        }
    }

    fn no_answer(&self, trunk: &Trunk, what: &str) -> Attempt {
        self.note(trunk, false, &format!("{what} a call"));
        Attempt::Next(Some(what.to_owned()))
    }

    pub(super) fn note(&self, trunk: &Trunk, up: bool, detail: &str) {
        self.found(trunk, &Found { up, detail: detail.to_owned() });
    }
}

impl Near<'_> {
    /// Comes back when the caller gave up.
    async fn gone(&mut self) {
        match self {
            Self::Ringing(call, _) => call.cancelled().await,
            Self::Up(leg, _) => loop {
                match leg.next().await {
                    LegEvent::Ended(_) => return,
                    // The description of the other side is not known yet: soon.
                    LegEvent::Offer { answerer, .. } => answerer.refuse(491),
                    LegEvent::Info { .. } => {}
                }
            },
        }
    }

    /// Tells the caller how far it is, with early media if there are any.
    async fn progress(&mut self, relay: &mut Relay, status: u16, sdp: Option<Bytes>) {
        let answer = sdp.and_then(|sdp| relay.answered(&sdp).ok());
        if answer.is_some() {
            self.hand_over(relay).await;
        }
        if let Self::Ringing(call, _) = self {
            call.ring(status, answer.map(Bytes::from)).await;
        }
    }

    /// From now on a caller who was with us hears the trunk.
    async fn hand_over(&mut self, relay: &mut Relay) {
        if let Self::Up(_, talk) = self
            && let Some(talk) = talk.take()
        {
            relay.join(talk).await;
        }
    }
}

/// How a trunk's transport is called by the stack.
pub(super) fn transport(kind: Kind) -> Transport {
    match kind {
        Kind::Udp => Transport::Udp,
        Kind::Tcp => Transport::Tcp,
        Kind::Tls => Transport::Tls,
    }
}

/// The INVITE for a trunk, without its body.
pub(super) fn invitation(trunk: &Trunk, number: &str, shown: &Shown) -> Request {
    let host = trunk.address.host_port();
    let own = trunk.login.as_ref().map(|login| login.user.split('@').next().unwrap_or_default());
    let user = shown.number.as_deref().or(own).unwrap_or("anonymous");
    let display = shown.display.map_or_else(String::new, |display| format!("\"{display}\" "));
    let mut request = Request::new("INVITE", &trunk.address.uri(number)).header("From", &format!("{display}<sip:{user}@{host}>"));
    if let Some(number) = shown.number.as_ref().filter(|_| shown.asserted) {
        request = request.header("P-Asserted-Identity", &format!("<sip:{number}@{host}>"));
    }
    match &trunk.login {
        Some(login) => request.credentials(&login.user, login.password.clone()),
        None => request,
    }
}

fn give_up(outbound: &OutboundCall) -> Attempt {
    outbound.cancel();
    Attempt::Gone
}

async fn expiry(deadline: Option<Instant>) {
    match deadline {
        Some(deadline) => sleep_until(deadline).await,
        None => std::future::pending().await,
    }
}
