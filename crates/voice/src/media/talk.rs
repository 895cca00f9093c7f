//! A call with us: its descriptions, what is said, what is heard.

use std::{fmt, sync::Arc};

use tokio::sync::{mpsc, oneshot};
use wire::{
    dtmf::{Key, Method},
    sdp::{self, Chosen, Session, Srtp, answer},
};

use super::{
    End, Media, Refusal, Statistics, Surroundings,
    counters::Counters,
    engine::Hold,
    player::{Player, Terms},
    ports::{Lease, Purpose},
    relay::Relay,
};
use crate::{limits::RTP_EVENTS_MAX, prompts::Clip};

/// What happens in a call.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TalkEvent {
    /// A key was pressed, told once for each press.
    Key(Key, Method),
    /// All that was to be said has been said.
    Played,
}

/// A call with us. Dropping it closes its port.
pub struct Talk {
    media: Media,
    pub(super) hold: Hold<Player>,
    end: End,
    chosen: Chosen,
    body: String,
    events: mpsc::Receiver<TalkEvent>,
    counters: Counters,
}

/// An emergency number was keyed in, but no relay can be made; the call with us goes on.
#[derive(Debug)]
pub struct NotRelayed {
    /// The call.
    pub talk: Talk,
    /// Why.
    pub refusal: Refusal,
}

impl Talk {
    pub(super) fn begin(media: &Media, offer: &[u8], phone: &Surroundings) -> Result<Self, Refusal> {
        if offer.is_empty() {
            return Self::ask(media, phone);
        }
        let offer = Session::parse(offer)?;
        let addresses = media.inner.pools.advertised();
        // What can be taken is settled before a port is, as most that is refused is refused for this.
        let mut end = End::new(phone, addresses.first().copied().unwrap_or(phone.peer), 0);
        let chosen = end.describe(phone.policy(), |ours| sdp::choose(&offer, &sdp::Ours { addresses: &addresses, ..*ours }))?;
        let lease = media.inner.pools.take(chosen.address, Purpose::Call, media.inner.clock)?;
        (end.address, end.port, end.version) = (chosen.address, lease.port, 0);
        let answer = end.describe(phone.policy(), |ours| answer(&offer, ours))?;
        end.settle(answer.chosen.secured.as_ref().map(|secured| secured.suite));
        Ok(Self::start(media, lease, end, answer.chosen, answer.body, false))
    }

    /// The telephone called without an offer: ours goes out, and its answer need not be seen.
    fn ask(media: &Media, phone: &Surroundings) -> Result<Self, Refusal> {
        // The key would stand in the answer.
        let srtp = Some(phone.policy()).filter(|srtp| *srtp != Srtp::Required).ok_or(sdp::Refusal::Srtp)?;
        let is_ipv4 = phone.peer.to_canonical().is_ipv4();
        let address = media.inner.pools.advertised().into_iter().find(|address| address.is_ipv4() == is_ipv4);
        let lease = media.inner.pools.take(address.ok_or(sdp::Refusal::Family)?, Purpose::Call, media.inner.clock)?;
        let mut end = End::new(phone, lease.address, lease.port);
        let body = end.describe(srtp, |ours| sdp::offer(lease.address, ours));
        let session = Session::parse(body.as_bytes())?;
        let chosen = end.describe(srtp, |ours| sdp::choose(&session, ours))?;
        Ok(Self::start(media, lease, end, Chosen { remote: None, ..chosen }, body, true))
    }

    fn start(media: &Media, lease: Lease, end: End, chosen: Chosen, body: String, is_open: bool) -> Self {
        let (sender, events) = mpsc::channel(RTP_EVENTS_MAX);
        let counters = Counters::among(&media.inner.metrics);
        let terms = terms(&end, &chosen, is_open);
        let hold = media.player().add(Player::new(lease, &terms, counters.clone(), sender));
        Self { media: media.clone(), hold, end, chosen, body, events, counters }
    }

    /// Our answer, as last said. With SRTP it holds our key: a secret.
    pub fn answer(&self) -> &str {
        &self.body
    }

    /// What was agreed.
    pub fn chosen(&self) -> &Chosen {
        &self.chosen
    }

    /// Says these after what is being said, in packets without a break.
    pub fn play(&self, clips: Vec<Arc<Clip>>) {
        self.hold.act(move |player| player.play(clips));
    }

    /// Stops speaking at once. No [`TalkEvent::Played`] comes for what was cut off.
    pub fn silence(&self) {
        self.hold.act(Player::silence);
    }

    /// The next thing that happens. May be dropped and called again.
    pub async fn next(&mut self) -> TalkEvent {
        match self.events.recv().await {
            Some(event) => event,
            // The call was taken off its thread.
            None => std::future::pending().await,
        }
    }

    /// Answers another offer of the telephone (hold, another address or key) with our new description. Asked without an
    /// offer, the present terms are offered again.
    pub fn update(&mut self, offer: &[u8]) -> Result<&str, Refusal> {
        if offer.is_empty() {
            let sound = sdp::agreed(&Chosen { remote: None, ..self.chosen.clone() });
            let suite = self.chosen.secured.as_ref().map(|secured| secured.suite);
            let address = self.end.address;
            self.body = self.end.describe(Srtp::Off, |ours| sdp::pass_offer(&sound, address, suite, ours));
            return Ok(&self.body);
        }
        let offer = Session::parse(offer)?;
        let policy = self.end.around.policy();
        let chosen = self.end.describe(policy, |ours| sdp::choose(&offer, ours))?;
        self.end.version -= 1;
        self.end.settle(chosen.secured.as_ref().map(|secured| secured.suite));
        let answer = self.end.describe(policy, |ours| answer(&offer, ours))?;
        let terms = terms(&self.end, &answer.chosen, false);
        self.hold.act(move |player| player.agree(&terms));
        (self.chosen, self.body) = (answer.chosen, answer.body);
        Ok(&self.body)
    }

    /// Prepares to put the call through, as what was keyed in is an emergency number: the trunk is offered the codec in
    /// use. Meanwhile we can go on speaking; [`Relay::join`] then brings the telephone to the trunk.
    pub fn reach(&self, trunk: &Surroundings) -> Result<Relay, Refusal> {
        Relay::for_talk(&self.media, &self.end, &self.chosen, trunk)
    }

    /// [`Talk::reach`] and [`Relay::join`] at once: the telephone hears nothing until the trunk speaks.
    pub async fn into_relay(self, trunk: &Surroundings) -> Result<Relay, Box<NotRelayed>> {
        match self.reach(trunk) {
            Ok(mut relay) => {
                relay.join(self).await;
                Ok(relay)
            }
            Err(refusal) => Err(Box::new(NotRelayed { talk: self, refusal })),
        }
    }

    /// Takes the call off its thread; none if it ended there by a fault of ours.
    pub(super) async fn leave(self) -> Option<(Player, End)> {
        let (sender, player) = oneshot::channel();
        self.hold.take(move |player| drop(sender.send(player)));
        player.await.ok().map(|player| (*player, self.end))
    }

    /// The call's counts so far.
    pub fn statistics(&self) -> Statistics {
        self.counters.read()
    }
}

impl fmt::Debug for Talk {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Talk").field("port", &self.end.port).finish_non_exhaustive()
    }
}

fn terms(end: &End, chosen: &Chosen, is_open: bool) -> Terms {
    Terms { chosen: chosen.clone(), is_open, signalling: end.around.peer, key: end.key.clone() }
}
