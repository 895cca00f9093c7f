//! The order of Cisco's and Linksys' files: `Profile_Rule`, then B, C and D. Each file is applied before the next rule is looked
//! at, and the first failure ends the sequence, whatever was applied until then.

use super::profile::Profile;
use super::rule::{NotARule, Target};
use super::{RULES, macro_value};
use crate::address::Address;
use crate::firmware::{Ask, Came, Ended, Fetched, Got, Pass, Step, Work};

/// A resync.
pub(super) struct Rules {
    /// Where rules lead that name no server.
    server: Address,
    at: usize,
    /// The rule that was followed last, with its key.
    followed: Option<Target>,
    ended: Ended,
}

impl Rules {
    pub fn over(server: &Address) -> Self {
        Self { server: server.clone(), at: 0, followed: None, ended: Ended::NothingThere }
    }

    /// The request of the next rule that leads somewhere.
    fn follow(&mut self, work: &mut Work<'_>) -> Step {
        while let Some(name) = RULES.get(self.at) {
            self.at += 1;
            let unit = work.unit();
            // Of the first rule, the address was found before the pass.
            let rule = super::rule_text(unit, name);
            let asked = Target::of(&rule, &|name| macro_value(unit, name)).and_then(|target| {
                let address = target.as_ref().map(|target| self.address(target)).transpose()?;
                Ok(target.zip(address))
            });
            match asked {
                Ok(None) => {}
                Ok(Some((target, at))) => {
                    let ask = match &target.post {
                        Some(body) => Ask::post(at, body.clone()),
                        None => Ask::get(at),
                    };
                    self.followed = Some(target);
                    return Step::Ask(vec![ask]);
                }
                Err(why) => {
                    work.note(format!("cannot follow {name}: {why}"));
                    return Step::End(Ended::Bad);
                }
            }
        }
        Step::End(self.ended)
    }

    fn address(&self, target: &Target) -> Result<Address, NotARule> {
        if self.at == 1 && !target.url.contains("://") {
            return Ok(Address { login: target.login.clone().or_else(|| self.server.login.clone()), ..self.server.clone() });
        }
        target.address(&self.server)
    }

    fn take(&mut self, work: &mut Work<'_>, fetched: &Fetched) -> Result<(), Ended> {
        let key = self.followed.take().and_then(|target| target.key);
        let profile = Profile::read(&fetched.body, key.as_ref().map(|key| key.expose().as_str())).map_err(|why| {
            work.refuses(&fetched.at, why);
            Ended::Bad
        })?;
        let before = work.flash.settings().clone();
        for (name, value) in &profile.parameters {
            work.flash.set(name, value);
        }
        let changed = *work.flash.settings() != before;
        let news = if changed { "" } else { ", none of them new" };
        work.note(format!("applies {} parameters{news}", profile.parameters.len()));
        self.ended = self.ended.max(if changed { Ended::Applied } else { Ended::Unchanged });
        Ok(())
    }
}

impl Pass for Rules {
    fn next(&mut self, work: &mut Work<'_>, came: Came) -> Step {
        match came.one() {
            None => {}
            Some(Got::File(fetched)) => {
                if let Err(ended) = self.take(work, &fetched) {
                    return Step::End(ended);
                }
            }
            Some(Got::Missing(404)) if work.unit().text("Resync_Fails_On_FNF") == Some("No") => {
                work.note("is told that a missing file is no failure");
            }
            Some(Got::Missing(_)) => return Step::End(Ended::NothingThere),
            Some(got) => return Step::End(got.stop().unwrap_or(Ended::Failed)),
        }
        self.follow(work)
    }
}
