//! RTP: playing prompts, hearing keys, relaying emergency calls; on threads of its own.
//!
//! A [`Talk`] is a call with us, a [`Relay`] stands between two others. Both are handles: sockets, pacing and packets
//! are on a thread that looks after all sessions every 5 ms, as a timer and a waking for each of a thousand calls cost
//! more than the packets do. Dropping a handle closes its ports.

mod bridge;
mod counters;
mod engine;
mod latch;
mod outside;
mod player;
mod ports;
mod relay;
mod srtp;
mod talk;

use std::{
    fmt, io,
    net::IpAddr,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
};

use thiserror::Error;
use wire::sdp::{self, SrtpKey};

use self::{bridge::Bridge, engine::Engine, outside::Clock, player::Player, ports::Pools};
pub use self::{
    counters::{Metrics, Statistics},
    ports::{Place, PortRange},
    relay::{Relay, Side},
    talk::{NotRelayed, Talk, TalkEvent},
};
pub use wire::sdp::Srtp;

/// What a kind of session is called in metrics.
const CALLS: &str = "call";
const RELAYS: &str = "relay";

/// How media are opened.
#[derive(Debug, Clone)]
pub struct MediaOptions {
    /// At most one of each address family. Offers of a family that is not here are refused.
    pub places: Vec<Place>,
    /// The ports used in each family.
    pub ports: PortRange,
    /// Pairs of ports of each family that only emergency calls may take.
    pub reserved: usize,
    /// Threads for calls with us, at least 1. Relays have one more, so that no crowd of calls makes them late.
    pub threads: usize,
}

/// What is known of a telephone besides its description of the session.
#[derive(Debug, Clone, Copy)]
pub struct Surroundings {
    /// Where its signalling comes from.
    pub peer: IpAddr,
    /// Whether the signalling is encrypted; keys in clear are refused otherwise.
    pub secure: bool,
    /// What the listener thinks of SRTP, if the signalling is encrypted.
    pub srtp: Srtp,
}

impl Surroundings {
    fn policy(&self) -> Srtp {
        if self.secure { self.srtp } else { Srtp::Off }
    }
}

/// Why there is no session.
#[derive(Debug, Error)]
pub enum Refusal {
    /// The description cannot be read.
    #[error(transparent)]
    Malformed(#[from] sdp::Malformed),
    /// Nothing in the offer can be taken.
    #[error(transparent)]
    Offer(#[from] sdp::Refusal),
    /// An answer came to nothing that was offered.
    #[error("nothing was offered that this could answer")]
    NoOffer,
    /// All ports are in use.
    #[error("all RTP ports are in use")]
    Full,
    /// A port could not be opened.
    #[error("an RTP port cannot be opened: {0}")]
    Network(#[from] io::Error),
}

impl Refusal {
    /// The status of the SIP answer.
    pub fn status(&self) -> u16 {
        match self {
            Self::Malformed(_) => 400,
            Self::Offer(_) | Self::NoOffer => 488,
            Self::Full => 503,
            Self::Network(_) => 500,
        }
    }
}

/// All of the media of a node. Clones share it; its threads end with the last clone and session.
#[derive(Clone)]
pub struct Media {
    inner: Arc<Inner>,
}

struct Inner {
    clock: Clock,
    pools: Pools,
    players: Vec<Engine<Player>>,
    bridges: Engine<Bridge>,
    next: AtomicUsize,
    metrics: Metrics,
}

impl Media {
    /// Starts the threads. No port is opened before there is a session.
    pub fn open(options: &MediaOptions) -> io::Result<Self> {
        Self::open_counted(options, &Metrics::default())
    }

    /// [`Media::open`], with counters that are registered already.
    pub fn open_counted(options: &MediaOptions, metrics: &Metrics) -> io::Result<Self> {
        let clock = Clock::start();
        let calls = metrics.sessions(CALLS);
        let players = (0..options.threads.max(1)).map(|at| Engine::start(&format!("rtp-{at}"), clock, calls.clone()));
        let inner = Inner {
            clock,
            players: players.collect::<io::Result<_>>()?,
            bridges: Engine::start("rtp-relay", clock, metrics.sessions(RELAYS))?,
            pools: Pools::new(options),
            next: AtomicUsize::new(0),
            metrics: metrics.clone(),
        };
        Ok(Self { inner: Arc::new(inner) })
    }

    /// Answers a telephone's offer, and begins to send silence to it.
    pub fn answer(&self, offer: &[u8], phone: &Surroundings) -> Result<Talk, Refusal> {
        Talk::begin(self, offer, phone)
    }

    /// Takes the offer of an emergency call (or of the call back to it) and makes the one for the other side, which
    /// answers from behind `callee`. Without an offer G.711 is offered, and the answer passed on is the offer.
    pub fn relay(&self, offer: &[u8], caller: &Surroundings, callee: &Surroundings) -> Result<Relay, Refusal> {
        Relay::offered_by(self, offer, caller, callee)
    }

    /// How many sessions there are: calls with us, and relays.
    pub fn sessions(&self) -> (i64, i64) {
        (self.inner.metrics.sessions(CALLS).get(), self.inner.metrics.sessions(RELAYS).get())
    }

    /// The counts of all sessions since the start, those that ended among them.
    pub fn statistics(&self) -> Statistics {
        self.inner.metrics.read()
    }

    fn player(&self) -> &Engine<Player> {
        let players = &self.inner.players;
        &players[self.inner.next.fetch_add(1, Ordering::Relaxed) % players.len()]
    }
}

impl fmt::Debug for Media {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Media").field("sessions", &self.sessions()).finish_non_exhaustive()
    }
}

/// One side of a session as its descriptions name it.
#[derive(Clone, Debug)]
struct End {
    around: Surroundings,
    address: IpAddr,
    port: u16,
    session: u64,
    version: u64,
    key: SrtpKey,
    suite: Option<sdp::Suite>,
}

impl End {
    fn new(around: &Surroundings, address: IpAddr, port: u16) -> Self {
        // RFC 8866 wants a number that fits into 63 bits.
        let session = u64::from(u32::from_be_bytes(outside::random()));
        Self { around: *around, address, port, session, version: 0, key: SrtpKey::new(outside::random()), suite: None }
    }

    /// Calls `write` for a new version of the description.
    fn describe<T>(&mut self, srtp: Srtp, write: impl FnOnce(&sdp::Ours<'_>) -> T) -> T {
        self.version += 1;
        let addresses = [self.address];
        let Self { port, session, version, key, .. } = &*self;
        write(&sdp::Ours { addresses: &addresses, port: *port, session: *session, version: *version, srtp, key })
    }

    /// Agrees on a suite. Another one than before takes a new key, as no key may serve in two ways.
    fn settle(&mut self, suite: Option<sdp::Suite>) {
        if self.suite.is_some() && suite.is_some() && self.suite != suite {
            self.key = SrtpKey::new(outside::random());
        }
        self.suite = suite.or(self.suite);
    }
}

#[cfg(test)]
mod tests;
