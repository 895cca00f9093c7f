//! Every brand's whole life against the program as it is shipped: simulated phones that behave as the real ones do, and read by
//! themselves what they are served. What comes of it is the table in `docs/matrix.md`, which is compared with what is committed.
//!
//! * A brand is one row in [`play::all`].
//! * `BRANDS_ONLY=yealink,cisco` plays only these, and looks only at their rows.
//! * `BRANDS_BLESS=1` writes the table anew, if every story that is told in it came to its end.

#![expect(clippy::unwrap_used, reason = "whatever goes wrong in a test ends it")]

#[path = "../support/house.rs"]
#[expect(dead_code, reason = "some of it is for tests of one brand")]
mod house;

mod maker;
mod matrix;
mod play;
mod stories;

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::rc::Rc;

use tokio::sync::Semaphore;
use tokio::task::LocalSet;

use crate::play::{Cell, Play};

/// Houses that are open at the same time: each is a server that writes down everything it does.
const HOUSES: usize = 3;

/// What came of one brand's stories.
type Told = Rc<RefCell<Life>>;

#[derive(Clone, Debug, Default)]
struct Life {
    /// Those that came to their end, in the order in which they were told.
    cells: Vec<Cell>,
    /// What it costs when a phone in service is switched on.
    boot: Option<Boot>,
}

/// An ordinary boot of a phone in service.
#[derive(Clone, Copy, Debug)]
struct Boot {
    requests: usize,
    challenges: usize,
    not_found: usize,
    bytes: usize,
}

#[tokio::test(flavor = "multi_thread")]
async fn every_brand_lives_through_every_story() {
    let only = std::env::var("BRANDS_ONLY").ok();
    let is_wanted = |play: &Play| only.as_ref().is_none_or(|only| only.split(',').any(|name| play.model.starts_with(name)));
    let plays: Vec<&'static Play> = play::all().iter().filter(|play| is_wanted(play)).collect();
    assert!(!plays.is_empty(), "no brand has such a name: {only:?}");
    // A story that fails must not keep the others from being told.
    let told = LocalSet::new().run_until(tell(&plays)).await;
    let failures: Vec<_> = told.values().filter_map(|(_, failure)| failure.clone()).collect();
    assert!(failures.is_empty(), "{} of {} brands do not get to their end:\n{}", failures.len(), plays.len(), failures.join("\n"));
    let rows: Vec<_> = plays.iter().map(|play| (*play, &told[play.title].0)).collect();
    matrix::compare(&rows, only.is_some());
}

/// What each brand came to, by title: what holds, and why there is no more.
async fn tell(plays: &[&'static Play]) -> BTreeMap<&'static str, (Life, Option<String>)> {
    let houses = Rc::new(Semaphore::new(HOUSES));
    let begin = |play: &'static Play| {
        let (told, houses) = (Told::default(), Rc::clone(&houses));
        let running = tokio::task::spawn_local({
            let told = Rc::clone(&told);
            async move {
                let _open = houses.acquire().await.expect("nobody closes it");
                stories::tell(play, &told).await;
            }
        });
        (play, told, running)
    };
    let begun: Vec<_> = plays.iter().map(|play| begin(play)).collect();
    let mut all = BTreeMap::new();
    for (play, told, running) in begun {
        let failure = running.await.err().map(|error| {
            let why = error.try_into_panic().ok();
            let why = why.as_ref().and_then(|why| why.downcast_ref::<String>().cloned()).unwrap_or_default();
            let (last, all) = (told.borrow().cells.last().copied(), told.borrow().cells.len());
            format!("── {} ({}), after {all} stories, the last of them {last:?}:\n{why}\n", play.title, play.model)
        });
        all.insert(play.title, (told.borrow().clone(), failure));
    }
    all
}
