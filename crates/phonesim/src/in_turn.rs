//! A pass that asks for one file after the other and takes each over as it comes: what several brands do.

use std::collections::VecDeque;
use std::fmt;

use crate::address::Address;
use crate::firmware::{Ask, Came, Ended, Fetched, Got, Pass, Step, Work};
use crate::limits::INCLUDES_MAX;

/// What a file was good for.
#[derive(Debug, Default)]
pub(crate) struct Taken {
    /// Whether it changed anything.
    pub changed: bool,
    /// Files that it names, to be fetched next.
    pub further: Vec<Address>,
    /// Whether the files that the pass would ask for otherwise are no longer wanted.
    pub last: bool,
}

/// Reads a file and takes it over; the error says why the phone throws it away whole.
pub(crate) type Take<E> = fn(&mut Work<'_>, &Fetched) -> Result<Taken, E>;

/// The files, in the order in which they are asked for. One that is not there is passed over.
pub(crate) struct InTurn<E> {
    waiting: VecDeque<Ask>,
    take: Take<E>,
    further: usize,
    ended: Ended,
}

impl<E> InTurn<E> {
    pub(crate) fn over(asks: impl IntoIterator<Item = Ask>, take: Take<E>) -> Self {
        Self { waiting: asks.into_iter().collect(), take, further: 0, ended: Ended::NothingThere }
    }
}

impl<E: fmt::Display + Send> Pass for InTurn<E> {
    fn next(&mut self, work: &mut Work<'_>, came: Came) -> Step {
        match came.one() {
            None | Some(Got::Missing(_)) => {}
            Some(Got::File(fetched)) => match (self.take)(work, &fetched) {
                Ok(taken) => {
                    work.note(if taken.changed { "applies its settings" } else { "has all of its settings" });
                    self.ended = self.ended.max(if taken.changed { Ended::Applied } else { Ended::Unchanged });
                    if taken.last {
                        self.waiting.clear();
                    }
                    for at in taken.further.into_iter().rev().take(INCLUDES_MAX.saturating_sub(self.further)) {
                        self.further += 1;
                        self.waiting.push_front(Ask::get(at));
                    }
                }
                Err(why) => {
                    work.refuses(&fetched.at, why);
                    self.ended = self.ended.max(Ended::Bad);
                }
            },
            Some(got) => return Step::End(got.stop().unwrap_or(Ended::Failed)),
        }
        match self.waiting.pop_front() {
            Some(ask) => Step::Ask(vec![ask]),
            None => Step::End(self.ended),
        }
    }
}
