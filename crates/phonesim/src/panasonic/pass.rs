//! The order of Panasonic's files: the one that leads to the others, then standard, product, master. What an earlier one sets counts.

use std::collections::BTreeSet;

use super::{PATHS, file, fill, is_utg, text};
use crate::address::Address;
use crate::firmware::{Ask, Came, Ended, Fetched, Got, Pass, Step, Work};

/// A fetch.
pub(super) struct Paths {
    entry: Address,
    http_10: bool,
    /// Which of [`PATHS`] comes next; none before the entry file.
    at: Option<usize>,
    /// Whom the file belongs to that was asked for, if it was one of [`PATHS`].
    fetched: BTreeSet<String>,
    /// Set by an earlier file of this fetch.
    named: BTreeSet<String>,
    ended: Ended,
}

impl Paths {
    pub fn from(entry: &Address, http_10: bool) -> Self {
        let (fetched, named) = (BTreeSet::new(), BTreeSet::new());
        Self { entry: entry.clone(), http_10, at: None, fetched, named, ended: Ended::NothingThere }
    }

    fn ask(&mut self, at: Address) -> Step {
        self.fetched.insert(at.target());
        Step::Ask(vec![Ask { http_10: self.http_10, ..Ask::get(at) }])
    }

    /// The next file that a path names and that was not fetched yet.
    fn follow(&mut self, work: &mut Work<'_>) -> Step {
        while let Some(key) = self.at.and_then(|at| PATHS.get(at)) {
            self.at = self.at.map(|at| at + 1);
            let path = text(work.unit(), key).map(|path| fill(work.unit(), path));
            let Some(at) = path.and_then(|path| path.parse::<Address>().ok()) else { continue };
            if !self.fetched.contains(&at.target()) {
                return self.ask(at);
            }
        }
        Step::End(self.ended)
    }

    /// Takes a file over. The entry file of a model counts least: whatever it says, a later one may say otherwise.
    fn take(&mut self, work: &mut Work<'_>, fetched: &Fetched) -> Result<(), Ended> {
        let parameters = file::read(&fetched.body, &work.identity.model).map_err(|why| {
            work.refuses(&fetched.at, why);
            Ended::Bad
        })?;
        let before = work.flash.settings().clone();
        let is_entry = fetched.at.file_name().starts_with("KX-");
        for (name, value) in parameters {
            if self.named.contains(&name) {
                continue;
            }
            work.flash.set(&name, &value);
            if !is_entry {
                self.named.insert(name);
            }
        }
        let changed = *work.flash.settings() != before;
        work.note(if changed { "applies its parameters" } else { "has all of its parameters" });
        self.ended = self.ended.max(if changed { Ended::Applied } else { Ended::Unchanged });
        Ok(())
    }
}

impl Pass for Paths {
    fn next(&mut self, work: &mut Work<'_>, came: Came) -> Step {
        match came.one() {
            None => return self.ask(self.entry.clone()),
            Some(Got::File(fetched)) => {
                if let Err(ended) = self.take(work, &fetched) {
                    return Step::End(ended);
                }
                // A phone's own file has named itself for the next time; only a model's leads on at once.
                let leads_on = fetched.at.file_name().starts_with("KX-");
                self.at = self.at.or(Some(usize::from(!leads_on && !is_utg(work.identity))));
            }
            // Any failed download keeps what there is.
            Some(Got::Missing(_)) => return Step::End(self.ended),
            Some(got) => return Step::End(got.stop().unwrap_or(Ended::Failed)),
        }
        self.follow(work)
    }
}
