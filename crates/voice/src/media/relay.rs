//! A call between two others: each is told our port, and what one says goes to the other.

use std::fmt;

use wire::sdp::{Chosen, Media as Sound, Passed, Session, Srtp, SrtpKey, Suite, agreed, offer, pass_answer, pass_offer, pick};

use super::{
    End, Media, Refusal, Statistics, Surroundings,
    bridge::{Bridge, Leg, Terms},
    counters::Counters,
    engine::Hold,
    ports::{Lease, Purpose},
    talk::Talk,
};

/// A relay takes SRTP and plain RTP from everybody: an emergency call is not refused for its keys.
const EITHER: Srtp = Srtp::Preferred;

/// One of the two telephones of a relay.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Side {
    /// Who made the first offer.
    Caller,
    /// Who is called.
    Callee,
}

impl Side {
    /// The other one.
    #[must_use]
    pub fn other(self) -> Self {
        match self {
            Self::Caller => Self::Callee,
            Self::Callee => Self::Caller,
        }
    }
}

/// A relay between two telephones; a trunk is one, too. Dropping it closes its ports. It never ends by itself.
pub struct Relay {
    media: Media,
    pub(super) hold: Hold<Bridge>,
    ends: [End; 2],
    /// The SRTP that each side uses now.
    suites: [Option<Suite>; 2],
    /// What each side said of its sound.
    sounds: [Option<Sound>; 2],
    pending: Option<Pending>,
    offer: String,
    counters: Counters,
}

/// An offer that was passed on. It stays after its answer, as an answer may be said again and otherwise (183, then 200).
#[derive(Clone)]
struct Pending {
    by: Side,
    /// None if there was no offer: then the answer is passed on as one.
    offer: Option<(Session, Passed)>,
    /// The SRTP that is asked of the other side.
    suite: Option<Suite>,
    /// The last answer, and what was made of it.
    answered: Option<(Session, String)>,
}

impl Relay {
    pub(super) fn offered_by(media: &Media, body: &[u8], caller: &Surroundings, callee: &Surroundings) -> Result<Self, Refusal> {
        let (offer, is_ipv4) = if body.is_empty() {
            (None, caller.peer.to_canonical().is_ipv4())
        } else {
            let session = Session::parse(body)?;
            let passed = pick(&session, EITHER)?;
            let is_ipv4 = passed.is_ipv4.unwrap_or(caller.peer.to_canonical().is_ipv4());
            (Some((session, passed)), is_ipv4)
        };
        let (near, far) = (lease(media, is_ipv4)?, lease(media, callee.peer.to_canonical().is_ipv4())?);
        let ends = [End::new(caller, near.address, near.port), End::new(callee, far.address, far.port)];
        let legs = [Some(Leg::new(near, caller.peer)), Some(Leg::new(far, callee.peer))];
        let mut relay = Self::begin(media, legs, ends);
        relay.pass_on(Side::Caller, offer);
        Ok(relay)
    }

    /// A relay whose telephone is still with us.
    pub(super) fn for_talk(media: &Media, phone: &End, chosen: &Chosen, trunk: &Surroundings) -> Result<Self, Refusal> {
        let far = lease(media, trunk.peer.to_canonical().is_ipv4())?;
        let ends = [phone.clone(), End::new(trunk, far.address, far.port)];
        let mut relay = Self::begin(media, [None, Some(Leg::new(far, trunk.peer))], ends);
        relay.suites[0] = chosen.secured.as_ref().map(|secured| secured.suite);
        let sound = agreed(chosen);
        let passed = Passed { place: 0, remote: chosen.remote, is_ipv4: Some(chosen.address.is_ipv4()), secured: chosen.secured.clone() };
        relay.pass_on(Side::Caller, Some((Session { media: vec![sound] }, passed)));
        Ok(relay)
    }

    /// Brings the telephone of a call that was with us to this relay, which [`Talk::reach`] made for it.
    pub async fn join(&mut self, talk: Talk) {
        let Some((player, end)) = talk.leave().await else { return };
        self.ends[Side::Caller as usize] = end;
        let leg = Leg::of(player);
        self.hold.act(move |bridge| bridge.replace(Side::Caller, leg));
    }

    fn begin(media: &Media, legs: [Option<Leg>; 2], ends: [End; 2]) -> Self {
        let counters = Counters::among(&media.inner.metrics);
        let hold = media.inner.bridges.add(Bridge::new(legs, counters.clone()));
        Self { media: media.clone(), hold, ends, suites: [None; 2], sounds: [None, None], pending: None, offer: String::new(), counters }
    }

    /// The offer for the other side of the one that offered last. With SRTP it holds our key: a secret.
    pub fn offer(&self) -> &str {
        &self.offer
    }

    /// Another trunk is tried: the same offer for one that answers from behind `callee`.
    pub fn redirect(&mut self, callee: &Surroundings) -> Result<&str, Refusal> {
        let far = lease(&self.media, callee.peer.to_canonical().is_ipv4())?;
        self.ends[Side::Callee as usize] = End::new(callee, far.address, far.port);
        self.suites[Side::Callee as usize] = None;
        let leg = Leg::new(far, callee.peer);
        self.hold.act(move |bridge| bridge.replace(Side::Callee, leg));
        let offer = self.pending.take().and_then(|pending| pending.offer);
        self.pass_on(Side::Caller, offer);
        Ok(&self.offer)
    }

    /// A side offers anew (hold, another address or key); gives the offer for the other. Nothing changes before that is
    /// answered. Asked without an offer, the other side is offered what it knows, and its answer becomes the offer.
    pub fn offered(&mut self, by: Side, body: &[u8]) -> Result<&str, Refusal> {
        let offer = if body.is_empty() {
            None
        } else {
            let session = Session::parse(body)?;
            let passed = pick(&session, EITHER)?;
            Some((session, passed))
        };
        self.pass_on(by, offer);
        Ok(&self.offer)
    }

    /// The other side answered; gives the answer for the side that offered. May be called for each of several answers,
    /// provisional ones and the last. With SRTP it holds our key: a secret.
    pub fn answered(&mut self, body: &[u8]) -> Result<String, Refusal> {
        let answer = Session::parse(body)?;
        let Pending { by, offer, suite, answered } = self.pending.clone().ok_or(Refusal::NoOffer)?;
        // A final answer mostly says what a provisional one said, and then must not be another version of it.
        if let Some((_, body)) = answered.filter(|(before, _)| *before == answer) {
            return Ok(body);
        }
        let theirs = pick(&answer, if suite.is_some() { Srtp::Required } else { Srtp::Off })?;
        let sound = &answer.media[theirs.place];
        let passed = self.settle(by.other(), &theirs);
        let body = match &offer {
            Some((session, taken)) => {
                let other = self.settle(by, taken);
                self.apply(by, other);
                self.sounds[by as usize] = session.media.get(taken.place).cloned();
                let address = self.ends[by as usize].address;
                self.ends[by as usize].describe(Srtp::Off, |ours| pass_answer(session, taken, sound, address, ours))
            }
            None => self.write_offer(by, Some(sound), self.suites[by as usize]),
        };
        self.apply(by.other(), passed);
        self.sounds[by.other() as usize] = Some(sound.clone());
        if let Some(pending) = &mut self.pending {
            pending.answered = Some((answer, body.clone()));
        }
        Ok(body)
    }

    /// The side that has to answer refused. What was agreed before goes on.
    pub fn refused(&mut self) {
        self.pending = None;
    }

    /// The relay's counts so far, both directions together.
    pub fn statistics(&self) -> Statistics {
        self.counters.read()
    }

    fn pass_on(&mut self, by: Side, offer: Option<(Session, Passed)>) {
        let to = by.other();
        let is_required = self.ends[to as usize].around.policy() == Srtp::Required;
        let suite = self.suites[to as usize].or(is_required.then_some(Suite::Tag80));
        let offered = offer.as_ref().and_then(|(session, passed)| session.media.get(passed.place));
        let sound = offered.or(self.sounds[by as usize].as_ref()).cloned();
        self.offer = self.write_offer(to, sound.as_ref(), suite);
        self.pending = Some(Pending { by, offer, suite, answered: None });
    }

    fn write_offer(&mut self, to: Side, sound: Option<&Sound>, suite: Option<Suite>) -> String {
        let end = &mut self.ends[to as usize];
        let address = end.address;
        let srtp = if suite.is_some() { Srtp::Required } else { Srtp::Off };
        end.describe(srtp, |ours| match sound {
            Some(sound) => pass_offer(sound, address, suite, ours),
            None => offer(address, ours),
        })
    }

    /// What a side's packets are from now on.
    fn settle(&mut self, side: Side, passed: &Passed) -> Terms {
        let end = &mut self.ends[side as usize];
        end.settle(passed.secured.as_ref().map(|secured| secured.suite));
        self.suites[side as usize] = passed.secured.as_ref().map(|secured| secured.suite);
        let key: SrtpKey = end.key.clone();
        Terms { signalling: end.around.peer, remote: passed.remote, secured: passed.secured.clone(), key }
    }

    fn apply(&self, side: Side, terms: Terms) {
        self.hold.act(move |bridge| bridge.agree(side, &terms));
    }
}

impl fmt::Debug for Relay {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Relay").field("ports", &self.ends.each_ref().map(|end| end.port)).finish_non_exhaustive()
    }
}

fn lease(media: &Media, is_ipv4: bool) -> Result<Lease, Refusal> {
    let addresses = media.inner.pools.advertised();
    let address = addresses.into_iter().find(|address| address.is_ipv4() == is_ipv4).ok_or(wire::sdp::Refusal::Family)?;
    media.inner.pools.take(address, Purpose::Emergency, media.inner.clock)
}
