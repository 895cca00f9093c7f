//! The order of Poly's files: the updater reads the master and what it names, then the application does all of it again and looks for
//! what the phone itself has put there.

use super::file::{File, Master, NotAFile};
use super::{Poly, Program, agent, text};
use crate::address::{Address, Slash};
use crate::firmware::{Ask, Came, Cause, Ended, Fetched, Firmware as _, Got, Pass, Step, Work};

/// A start, or a look for news.
pub(super) struct Masters {
    server: Address,
    program: Program,
    /// Masters that are still to be tried, the next one last.
    untried: Vec<Address>,
    stage: Stage,
    ended: Ended,
    restarts: u8,
}

/// After that many in a row it is left alone with what it has: its files contradict each other.
const RESTARTS_MAX: u8 = 3;

/// What was asked for last.
enum Stage {
    Begin,
    Master(Address),
    /// The master's configuration files, and behind them firmware if there is any.
    Files(usize),
    /// What the phone has put there, and a phone book. None of it need be there.
    Own,
    Log,
}

impl Masters {
    pub fn over(server: &Address, cause: Cause) -> Self {
        let program = if cause == Cause::Boot { Program::Updater } else { Program::Application };
        Self { server: server.clone(), program, untried: Vec::new(), stage: Stage::Begin, ended: Ended::NothingThere, restarts: 0 }
    }

    /// The server's address may itself name a master.
    fn begin(&mut self, work: &Work<'_>) -> Step {
        let file = |name: &str| self.server.file(name, Slash::One);
        self.untried = vec![file("000000000000.cfg"), file(&format!("{}.cfg", work.identity.mac_in_names()))];
        let own = self.server.file_name();
        if own.len() >= 5 && is_master(own) {
            let folder = |name: &str| self.server.reference(name).unwrap_or_else(|_| self.server.clone());
            let mac = format!("{}.cfg", work.identity.mac_in_names());
            self.untried = vec![folder("000000000000.cfg"), folder(&mac), self.server.clone()];
        }
        self.master(work).unwrap_or(Step::End(Ended::NothingThere))
    }

    fn master(&mut self, work: &Work<'_>) -> Option<Step> {
        let master = self.untried.pop()?;
        self.stage = Stage::Master(master.clone());
        Some(Step::Ask(vec![self.ask(work, master)]))
    }

    fn ask(&self, work: &Work<'_>, at: Address) -> Ask {
        Ask { agent: Some(agent(work.unit(), self.program)), ..Ask::get(at) }
    }

    /// All that the master names, at the same time.
    fn named(&mut self, work: &mut Work<'_>, master: &Fetched) -> Step {
        let named = match Master::read(&master.body, &work.identity.mac.to_string()) {
            Ok(named) => named,
            Err(why) => return Self::refuse(work, &master.at, why),
        };
        let files: Vec<_> = named.files.iter().filter_map(|file| master.at.reference(file).ok()).collect();
        if files.is_empty() {
            work.note("the master names no file");
            return Step::End(Ended::NothingThere);
        }
        self.stage = Stage::Files(files.len());
        let firmware = named.firmware.filter(|_| self.program == Program::Updater);
        let firmware = firmware.and_then(|file| master.at.reference(&file).ok());
        Step::Ask(files.into_iter().chain(firmware).map(|at| self.ask(work, at)).collect())
    }

    fn refuse(work: &mut Work<'_>, at: &Address, why: NotAFile) -> Step {
        work.refuses(at, why);
        work.note("Config file error");
        Step::End(Ended::Bad)
    }

    /// Reads the files and takes them over, the updater what belongs into flash.
    fn take(&mut self, work: &mut Work<'_>, got: Vec<Got>) -> Step {
        let mut files = Vec::new();
        for got in got {
            match got {
                Got::File(fetched) => match File::read(&fetched.body) {
                    Ok(file) => files.push(file),
                    Err(why) => return Self::refuse(work, &fetched.at, why),
                },
                Got::Missing(_) => {}
                got => return Step::End(got.stop().unwrap_or(Ended::Failed)),
            }
        }
        if files.is_empty() {
            return Step::End(Ended::NothingThere);
        }
        let before = work.flash.settings().clone();
        // What stands further left counts, so it is written last.
        for (key, value) in files.iter().rev().flat_map(File::flash) {
            work.flash.set(key, value);
        }
        if *work.flash.settings() != before && self.program == Program::Updater {
            return self.restart(work);
        }
        if self.program == Program::Updater {
            self.program = Program::Application;
            return self.begin(work);
        }
        work.flash.retain(|key| key.starts_with("device."));
        for (key, value) in files.iter().rev().flat_map(File::others) {
            work.flash.set(key, value);
        }
        let changed = *work.flash.settings() != before;
        work.note(if changed { "applies its files" } else { "finds nothing new" });
        self.ended = if changed || self.restarts > 0 { Ended::Applied } else { Ended::Unchanged };
        self.own(work)
    }

    /// What was written into flash makes it start again, at the server that stands there now.
    fn restart(&mut self, work: &mut Work<'_>) -> Step {
        work.note("writes its flash and restarts");
        self.restarts += 1;
        if self.restarts > RESTARTS_MAX {
            return Step::End(Ended::Applied);
        }
        let stored = Poly.provisioning(work.unit()).url.and_then(|url| url.parse().ok());
        self.server = stored.unwrap_or_else(|| self.server.clone());
        self.begin(work)
    }

    fn own(&mut self, work: &Work<'_>) -> Step {
        self.stage = Stage::Own;
        let mac = work.identity.mac_in_names();
        let names = ["-license.cfg", "-phone.cfg", "-web.cfg", "-directory.xml"].map(|end| format!("{mac}{end}"));
        Step::Ask(names.iter().map(|name| self.ask(work, self.beside(name))).collect())
    }

    fn log(&mut self, work: &Work<'_>) -> Step {
        if text(work.unit(), "feature.logUpload.enabled") == Some("0") {
            return Step::End(self.ended);
        }
        self.stage = Stage::Log;
        let at = self.beside(&format!("{}-app.log", work.identity.mac_in_names()));
        Step::Ask(vec![Ask { agent: Some(agent(work.unit(), self.program)), ..Ask::put(at, "application log\n") }])
    }

    /// A file in the server's folder.
    fn beside(&self, name: &str) -> Address {
        let is_file = is_master(self.server.file_name());
        let beside = if is_file { self.server.reference(name).ok() } else { None };
        beside.unwrap_or_else(|| self.server.file(name, Slash::One))
    }
}

fn is_master(name: &str) -> bool {
    name.strip_suffix(".cfg").is_some()
}

impl Pass for Masters {
    fn next(&mut self, work: &mut Work<'_>, came: Came) -> Step {
        let got = match came {
            Came::Start => return self.begin(work),
            Came::All(got) => got,
        };
        match std::mem::replace(&mut self.stage, Stage::Begin) {
            Stage::Begin => Step::End(Ended::Failed),
            Stage::Master(at) => match got.into_iter().next() {
                Some(Got::File(fetched)) => self.named(work, &Fetched { at, ..fetched }),
                Some(Got::Missing(_)) => self.master(work).unwrap_or(Step::End(Ended::NothingThere)),
                got => Step::End(got.and_then(|got| got.stop()).unwrap_or(Ended::Failed)),
            },
            Stage::Files(count) => self.take(work, got.into_iter().take(count).collect()),
            Stage::Own => self.log(work),
            Stage::Log => Step::End(self.ended),
        }
    }
}
