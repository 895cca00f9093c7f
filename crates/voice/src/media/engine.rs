//! A thread that looks after many sessions: every 5 ms it steps those whose turn has come.

use std::{
    collections::HashMap,
    io,
    panic::{AssertUnwindSafe, catch_unwind},
    sync::{
        atomic::{AtomicU64, Ordering},
        mpsc::{Receiver, RecvTimeoutError, SyncSender, sync_channel},
    },
    thread,
    time::Duration,
};

use prometheus_client::metrics::gauge::Gauge;
use wire::limits::RTP_PACKET_BYTES_MAX;

use super::outside::{Clock, Moment};
use crate::limits::{RTP_COMMANDS_MAX, RTP_TICK_MICROS};

/// Room for one datagram, and one byte by which a longer one is known.
pub(super) type Buffer = [u8; RTP_PACKET_BYTES_MAX + 1];

/// What has turns.
pub(super) trait Session: Send + 'static {
    /// Does what is due, and tells when the next turn is.
    fn step(&mut self, now: Moment, buffer: &mut Buffer) -> Moment;
}

enum Command<S> {
    Add(u64, Box<S>),
    Act(u64, Box<dyn FnOnce(&mut S) + Send>),
    Take(u64, Box<dyn FnOnce(Box<S>) + Send>),
    Remove(u64),
}

/// A thread of sessions of one kind.
#[derive(Debug)]
pub(super) struct Engine<S> {
    commands: SyncSender<Command<S>>,
    sessions: Gauge,
    next_id: AtomicU64,
}

impl<S: Session> Engine<S> {
    /// Starts the thread. It ends with the engine and the last [`Hold`]. The gauge counts sessions.
    pub(super) fn start(name: &str, clock: Clock, sessions: Gauge) -> io::Result<Self> {
        let (commands, inbox) = sync_channel(RTP_COMMANDS_MAX);
        thread::Builder::new().name(name.to_owned()).spawn(move || run(&inbox, clock))?;
        Ok(Self { commands, sessions, next_id: AtomicU64::new(0) })
    }

    /// Gives a session to the thread.
    pub(super) fn add(&self, session: S) -> Hold<S> {
        let id = self.next_id.fetch_add(1, Ordering::Relaxed);
        self.sessions.inc();
        let hold = Hold { id, commands: self.commands.clone(), sessions: self.sessions.clone() };
        hold.send(Command::Add(id, Box::new(session)));
        hold
    }
}

/// A session on its thread; dropping it ends the session.
#[derive(Debug)]
pub(super) struct Hold<S> {
    id: u64,
    commands: SyncSender<Command<S>>,
    sessions: Gauge,
}

impl<S> Hold<S> {
    /// Has something done to the session on its thread, in the order of calling.
    pub(super) fn act(&self, act: impl FnOnce(&mut S) + Send + 'static) {
        self.send(Command::Act(self.id, Box::new(act)));
    }

    /// Takes the session off its thread.
    pub(super) fn take(self, with: impl FnOnce(Box<S>) + Send + 'static) {
        self.send(Command::Take(self.id, Box::new(with)));
    }

    /// Waits until all that was asked for before has been done.
    #[cfg(test)]
    pub(super) async fn settled(&self) {
        let (sender, done) = tokio::sync::oneshot::channel();
        self.act(move |_| sender.send(()).unwrap());
        done.await.unwrap();
    }

    fn send(&self, command: Command<S>) {
        // The thread ends only when nobody can send any more, unless it panicked: then there is nothing left to tell.
        let _ = self.commands.send(command);
    }
}

impl<S> Drop for Hold<S> {
    fn drop(&mut self) {
        self.send(Command::Remove(self.id));
        self.sessions.dec();
    }
}

struct Turn<S> {
    due: Moment,
    session: Box<S>,
}

type Turns<S> = HashMap<u64, Turn<S>>;

fn run<S: Session>(inbox: &Receiver<Command<S>>, clock: Clock) {
    let mut turns: Turns<S> = HashMap::new();
    let mut buffer = [0; RTP_PACKET_BYTES_MAX + 1];
    let mut tick = 0;
    loop {
        if turns.is_empty() {
            let Ok(command) = inbox.recv() else { return };
            obey(&mut turns, command);
            tick = clock.now();
        }
        loop {
            let now = clock.now();
            if now >= tick {
                break;
            }
            match inbox.recv_timeout(Duration::from_micros(tick - now)) {
                Ok(command) => obey(&mut turns, command),
                Err(RecvTimeoutError::Timeout) => break,
                Err(RecvTimeoutError::Disconnected) => return,
            }
        }
        let now = clock.now();
        turns.retain(|_, turn| turn.due > now || survives(|| turn.due = turn.session.step(now, &mut buffer)));
        tick = (tick + RTP_TICK_MICROS).max(now);
    }
}

/// A session that panics ends; the other calls of its thread do not.
fn survives(act: impl FnOnce()) -> bool {
    let is_sound = catch_unwind(AssertUnwindSafe(act)).is_ok();
    if !is_sound {
        tracing::error!("a media session panicked and was ended");
    }
    is_sound
}

fn obey<S>(turns: &mut Turns<S>, command: Command<S>) {
    match command {
        Command::Add(id, session) => drop(turns.insert(id, Turn { due: 0, session })),
        Command::Act(id, act) => {
            if let Some(turn) = turns.get_mut(&id) {
                turn.due = 0;
                if !survives(|| act(&mut turn.session)) {
                    turns.remove(&id);
                }
            }
        }
        Command::Take(id, with) => {
            if let Some(turn) = turns.remove(&id) {
                with(turn.session);
            }
        }
        Command::Remove(id) => drop(turns.remove(&id)),
    }
}

#[cfg(test)]
mod tests {
    use tokio::sync::mpsc::{UnboundedSender, unbounded_channel};

    use super::*;

    /// Tells of each turn, until its last one, in which it panics.
    struct Teller {
        turns: UnboundedSender<u32>,
        number: u32,
        left: u32,
    }

    impl Session for Teller {
        fn step(&mut self, now: Moment, _: &mut Buffer) -> Moment {
            assert!(self.left > 0, "a session with a fault");
            self.left -= 1;
            self.turns.send(self.number).unwrap();
            now
        }
    }

    #[tokio::test]
    async fn a_session_that_panics_ends_alone() {
        let (sender, mut turns) = unbounded_channel();
        let sessions = Gauge::default();
        let engine = Engine::start("test", Clock::start(), sessions.clone()).unwrap();
        let teller = |number: u32, left: u32| Teller { turns: sender.clone(), number, left };
        let (_faulty, sound) = (engine.add(teller(1, 3)), engine.add(teller(2, u32::MAX)));
        let worse = engine.add(teller(3, u32::MAX));
        worse.act(|_| panic!("a command with a fault"));
        let (mut heard, mut of_sound) = ([0; 4], 0);
        while of_sound < 10 {
            let number = turns.recv().await.unwrap();
            heard[number as usize] += 1;
            of_sound = heard[2];
        }
        sound.settled().await;
        assert_eq!(heard[1], 3);
        assert_eq!(sessions.get(), 3, "as long as they are held");
        drop((worse, sound));
        assert_eq!(sessions.get(), 1);
    }

    #[tokio::test]
    async fn a_thread_without_sessions_wakes_for_the_next_one() {
        let (sender, mut turns) = unbounded_channel();
        let engine = Engine::start("test", Clock::start(), Gauge::default()).unwrap();
        for number in 1..4 {
            let hold = engine.add(Teller { turns: sender.clone(), number, left: u32::MAX });
            while turns.recv().await != Some(number) {}
            drop(hold);
        }
    }
}
