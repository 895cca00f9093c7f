//! The order of Yealink's files: boot files first, which decide alone if there is one; else common file and device file.

use std::collections::VecDeque;

use super::{File, Generation, config_files};
use crate::address::Address;
use crate::firmware::{Came, Ended, Fetched, Got, Pass, Step, Work};
use crate::limits::INCLUDES_MAX;

/// A pass over one server.
pub(super) struct BootThenFiles {
    server: Address,
    stage: Stage,
    /// Asked for, and not answered yet.
    asked: Option<Asked>,
    waiting: VecDeque<Asked>,
    /// What a boot file named, as it came.
    included: Vec<Fetched>,
    overwrite: bool,
    ended: Ended,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Stage {
    /// Boot files, then config files where there are none.
    Looking,
    /// What a boot file named, and nothing else; all of it is taken together. Where the pass stops before the last of them,
    /// nothing is taken: with `overwrite_mode` a part would wipe what the rest sets.
    Included,
}

struct Asked {
    at: Address,
    is_boot: bool,
}

impl BootThenFiles {
    pub fn over(server: &Address) -> Self {
        Self {
            server: server.clone(),
            stage: Stage::Looking,
            asked: None,
            waiting: VecDeque::new(),
            included: Vec::new(),
            overwrite: false,
            ended: Ended::NothingThere,
        }
    }

    fn begin(&mut self, work: &Work<'_>) {
        if names_a_file(&self.server) {
            return self.waiting.push_back(Asked { at: self.server.clone(), is_boot: false });
        }
        let slash = work.behaviour.slash;
        let boot = Generation::of(work.identity).boot_files(work.identity).into_iter().map(|name| (name, true));
        let files = config_files(work.identity).into_iter().map(|name| (name, false));
        for (name, is_boot) in boot.chain(files) {
            self.waiting.push_back(Asked { at: self.server.file(&name, slash), is_boot });
        }
    }

    /// A boot file is there: from now on only what it names.
    fn include(&mut self, work: &mut Work<'_>, boot: &Fetched) -> Result<(), Ended> {
        let file = read(work, boot)?;
        self.stage = Stage::Included;
        self.overwrite = file.overwrite;
        self.waiting.clear();
        for include in file.includes.iter().take(INCLUDES_MAX) {
            match boot.at.reference(include) {
                Ok(at) => self.waiting.push_back(Asked { at, is_boot: false }),
                Err(_) => work.note("passes over an include whose address cannot be used"),
            }
        }
        Ok(())
    }

    fn came(&mut self, work: &mut Work<'_>, asked: &Asked, fetched: Fetched) -> Result<(), Ended> {
        match self.stage {
            Stage::Looking if asked.is_boot => return self.include(work, &fetched),
            Stage::Looking => self.ended = self.ended.max(take(work, &[fetched], false)),
            Stage::Included => self.included.push(fetched),
        }
        Ok(())
    }

    fn end(&self, work: &mut Work<'_>) -> Ended {
        match self.stage {
            Stage::Looking => self.ended,
            Stage::Included if self.included.is_empty() => Ended::NothingThere,
            Stage::Included => take(work, &self.included, self.overwrite),
        }
    }
}

impl Pass for BootThenFiles {
    fn next(&mut self, work: &mut Work<'_>, came: Came) -> Step {
        match (came.one(), self.asked.take()) {
            (None, _) | (_, None) => self.begin(work),
            (Some(Got::File(fetched)), Some(asked)) => {
                if let Err(ended) = self.came(work, &asked, fetched) {
                    return Step::End(ended);
                }
            }
            (Some(got), Some(_)) => {
                if let Some(ended) = got.stop() {
                    return Step::End(ended);
                }
            }
        }
        match self.waiting.pop_front() {
            Some(next) => {
                let at = next.at.clone();
                self.asked = Some(next);
                Step::get(at)
            }
            None => Step::End(self.end(work)),
        }
    }
}

fn read(work: &mut Work<'_>, fetched: &Fetched) -> Result<File, Ended> {
    File::read(&fetched.body, &work.identity.model).map_err(|why| {
        work.refuses(&fetched.at, why);
        Ended::Bad
    })
}

/// Applies files together. Those whose MD5 is known are not applied again; with `overwrite` all are, if one is new.
fn take(work: &mut Work<'_>, fetched: &[Fetched], overwrite: bool) -> Ended {
    let mut files = Vec::new();
    let mut marks = Vec::new();
    for one in fetched {
        let file = match read(work, one) {
            Ok(file) => file,
            Err(ended) => return ended,
        };
        let (name, md5) = (one.at.file_name().to_owned(), one.md5());
        let known = work.flash.was_applied(&name, &md5);
        if overwrite || !known {
            files.push(file);
        }
        marks.push((name, md5, known));
    }
    if marks.iter().all(|(.., known)| *known) {
        work.note("has applied just this before");
        return Ended::Unchanged;
    }
    let parameters: usize = files.iter().map(|file| file.settings.len()).sum();
    Generation::of(work.identity).apply(work.flash, &files, overwrite);
    let mode = if overwrite { ", all others go back to the factory's values" } else { "" };
    work.note(format!("applies {parameters} parameters{mode}"));
    for (name, md5, _) in marks {
        work.flash.remember_applied(name, md5);
    }
    Ended::Applied
}

/// Whether the server's address is a file's. The vendor's exact rule is unknown; this one takes the names that phones use.
fn names_a_file(server: &Address) -> bool {
    [".cfg", ".boot"].iter().any(|ending| server.file_name().to_ascii_lowercase().ends_with(ending))
}
