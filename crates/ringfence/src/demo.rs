//! `demo`: the main job on one machine. A server on loopback, simulated phones, and a story that checks each of its promises.

mod cast;
mod house;
mod maker;
mod screen;
mod story;
mod switchboard;

use std::time::Duration;

use tokio::signal::unix::{Signal, SignalKind, signal};

use self::house::House;
use self::screen::Screen;
use self::story::Story;
use crate::failure::Failure;

/// How long the story may take if nobody stays to read. Most of its 15 seconds somebody speaks.
const ONCE: Duration = Duration::from_secs(27);

/// Tells the story. With `once` it ends there; else the server stays up until Ctrl-C. Refused if a promise was not kept.
pub async fn run(once: bool) -> Result<(), Failure> {
    // Listened for from the very start: whenever the demo is stopped, its directory goes with it.
    let mut stop = Stop::listen()?;
    let house = tokio::select! {
        house = House::open() => house?,
        () = stop.told() => return Err(stopped_early()),
    };
    let mut screen = Screen::stdout();
    let told = tell(&house, &mut screen, once, &mut stop).await;
    let closed = house.close().await;
    told.and(closed)
}

async fn tell(house: &House, screen: &mut Screen, once: bool, stop: &mut Stop) -> Result<(), Failure> {
    let mut story = Story::new(house, screen);
    tokio::select! {
        told = Box::pin(story.tell()) => told?,
        () = tokio::time::sleep(ONCE), if once => return Err(Failure::refused("the story took too long: the server does not answer")),
        () = stop.told() => return Err(stopped_early()),
    }
    let went_well = screen.totals();
    if !once {
        story::around::show(house, screen);
        screen.still_read()?;
        stop.told().await;
        screen.say("The server stops, and its directory is removed.");
    }
    if went_well { Ok(()) } else { Err(Failure::refused("the demo failed: the checks marked ✗ say where")) }
}

fn stopped_early() -> Failure {
    Failure::refused("stopped before the story's end")
}

/// Ctrl-C, a polite kill, or the end of the terminal.
struct Stop {
    interrupt: Signal,
    terminate: Signal,
    hangup: Signal,
}

impl Stop {
    fn listen() -> Result<Self, Failure> {
        let on = |kind| signal(kind).map_err(|error| Failure::refused(format!("cannot listen for signals: {error}")));
        let (interrupt, terminate) = (on(SignalKind::interrupt())?, on(SignalKind::terminate())?);
        Ok(Self { interrupt, terminate, hangup: on(SignalKind::hangup())? })
    }

    async fn told(&mut self) {
        tokio::select! {
            _ = self.interrupt.recv() => {}
            _ = self.terminate.recv() => {}
            _ = self.hangup.recv() => {}
        }
    }
}
