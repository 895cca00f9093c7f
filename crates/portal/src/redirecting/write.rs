//! Writes: noted before they leave, sent once, and noted again when their answer is there.

use domain::role::Target;
use domain::tenancy::Place;
use domain::{Span, Time};
use redirect::diff::Mark;
use redirect::{Failure, Outcome};
use serde_json::json;
use store::redirect::{Kept, State};
use store::{Db, Scope, StoreError};

use super::pass::{Halt, Job, Pass};
use crate::limits::{REDIRECT_DOUBT_PAUSE, REDIRECT_DOUBTS_MAX, REDIRECT_FOREIGN_PAUSE, REDIRECT_PAUSE_MAX, REDIRECT_REFUSED_PAUSE};

/// A call that writes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Write {
    Register,
    Retarget,
    Unregister,
}

impl Write {
    fn state(self) -> State {
        if self == Self::Unregister { State::Removing } else { State::Writing }
    }
}

impl Pass {
    /// Sends writes, as many devices in a call as the service takes; one that fails stops no other.
    pub(super) async fn carry_out(&mut self, write: Write, jobs: Vec<Job>) -> Result<(), Halt> {
        let mut jobs = jobs;
        while !jobs.is_empty() {
            let rest = jobs.split_off(jobs.len().min(self.kind.capabilities().bulk_max));
            let again = self.send(write, jobs).await?;
            jobs = rest;
            // Of what was there already, or was not there after all: the other write, at once.
            let other = if write == Write::Register { Write::Retarget } else { Write::Register };
            if !again.is_empty() {
                Box::pin(self.carry_out_once(other, again)).await?;
            }
        }
        Ok(())
    }

    /// The same without a third turn: whoever is told both "there" and "not there" is tried again later.
    async fn carry_out_once(&mut self, write: Write, jobs: Vec<Job>) -> Result<(), Halt> {
        let mut jobs = jobs;
        while !jobs.is_empty() {
            let rest = jobs.split_off(jobs.len().min(self.kind.capabilities().bulk_max));
            for job in self.send(write, jobs).await? {
                self.record_refusal(&job, &Outcome::refused("the service says both that it has the device and that it has not")).await?;
            }
            jobs = rest;
        }
        Ok(())
    }

    /// One call; the jobs that need the other write.
    async fn send(&mut self, write: Write, jobs: Vec<Job>) -> Result<Vec<Job>, Halt> {
        self.hold().await?;
        self.note(&jobs, write.state()).await?;
        let entries: Vec<_> = jobs.iter().map(|job| job.entry.clone()).collect();
        let answer = match write {
            Write::Register => self.service.register(&entries).await,
            Write::Retarget => self.service.retarget(&entries).await,
            Write::Unregister => self.service.unregister(&entries).await,
        };
        match answer {
            Ok(outcomes) => {
                self.doubts = 0;
                let id = self.account.id;
                let now = (self.clock)();
                self.admin.store.write(move |db| store::redirect::worked(db, id, now)).await?;
                self.record(write, jobs, outcomes).await
            }
            Err(Failure::Refused { said }) if jobs.len() == 1 => self.record(write, jobs, vec![Outcome::Refused { said }]).await,
            Err(Failure::Refused { .. }) => {
                // One of them, perhaps: each by itself, so that it stops no other.
                let mut again = Vec::new();
                for job in jobs {
                    again.extend(Box::pin(self.send(write, vec![job])).await?);
                }
                Ok(again)
            }
            Err(failure) if failure.leaves_doubt() => {
                for job in &jobs {
                    self.doubt(job, write.state(), failure.code()).await?;
                }
                self.doubts += 1;
                if self.doubts >= REDIRECT_DOUBTS_MAX { Err(Halt::Service(failure)) } else { Ok(Vec::new()) }
            }
            Err(failure) => {
                self.restore(&jobs).await?;
                Err(Halt::Service(failure))
            }
        }
    }

    /// Says that a write is about to leave.
    async fn note(&self, jobs: &[Job], state: State) -> Result<(), StoreError> {
        let (id, now) = (self.account.id, (self.clock)());
        let rows: Vec<_> = jobs.iter().map(|job| (job.mac, Kept { again: None, code: None, said: None, ..row(job, state, now) })).collect();
        self.admin.store.write(move |db| rows.iter().try_for_each(|(mac, kept)| store::redirect::put(db, id, *mac, kept))).await
    }

    /// Nothing was sent: all is as it was.
    async fn restore(&self, jobs: &[Job]) -> Result<(), StoreError> {
        let id = self.account.id;
        let rows: Vec<_> = jobs.iter().map(|job| (job.mac, job.kept.clone())).collect();
        let back = move |db: &Db| {
            rows.iter().try_for_each(|(mac, kept)| match kept {
                Some(kept) => store::redirect::put(db, id, *mac, kept),
                None => store::redirect::drop_row(db, id, *mac),
            })
        };
        self.admin.store.write(back).await
    }

    async fn doubt(&self, job: &Job, state: State, code: &str) -> Result<(), StoreError> {
        let now = (self.clock)();
        let tries = job.kept.as_ref().map_or(0, |kept| kept.tries);
        let again = Some(now + longer(REDIRECT_DOUBT_PAUSE, tries, REDIRECT_PAUSE_MAX));
        self.put(job, Kept { again, tries: tries + 1, code: Some(code.to_owned()), ..row(job, state, now) }).await
    }

    /// A lookup failed: later, and the pass ends if the service is not there at all.
    pub(super) async fn put_off(&mut self, job: &Job, failure: &Failure) -> Result<(), Halt> {
        match failure {
            Failure::Refused { .. } | Failure::Lost | Failure::Protocol { .. } | Failure::Broken { .. } => {
                let state = job.kept.as_ref().map_or(State::Writing, |kept| kept.state);
                self.doubt(job, state, failure.code()).await?;
                self.doubts += 1;
                if self.doubts >= REDIRECT_DOUBTS_MAX { Err(Halt::Service(failure.clone())) } else { Ok(()) }
            }
            _ => Err(Halt::Service(failure.clone())),
        }
    }

    /// Notes the outcomes; the jobs that need the other write.
    async fn record(&mut self, write: Write, jobs: Vec<Job>, outcomes: Vec<Outcome>) -> Result<Vec<Job>, Halt> {
        let (mut again, mut listed) = (Vec::new(), Vec::new());
        // A service that answers for fewer than it was asked leaves the rest in doubt.
        let outcomes = outcomes.into_iter().chain(std::iter::repeat(Outcome::Uncertain));
        for (job, outcome) in jobs.into_iter().zip(outcomes) {
            match (write, outcome) {
                (_, Outcome::Uncertain) => self.doubt(&job, write.state(), "uncertain").await?,
                (Write::Unregister, Outcome::Done | Outcome::NotFound | Outcome::OwnedByOther { .. }) => {
                    let (id, mac) = (self.account.id, job.mac);
                    self.admin.store.write(move |db| store::redirect::drop_row(db, id, mac)).await?;
                }
                (Write::Unregister, refused) => self.record_kept(&job, &refused).await?,
                (Write::Register | Write::Retarget, Outcome::Done) | (Write::Retarget, Outcome::AlreadyOurs) => listed.push(job),
                (Write::Register, Outcome::AlreadyOurs) | (Write::Retarget, Outcome::NotFound) => again.push(job),
                (_, Outcome::InvalidProfile) => self.profile_is_gone(&job).await?,
                (_, refused) => self.record_refusal(&job, &refused).await?,
            }
        }
        self.record_all_listed(listed).await?;
        Ok(again)
    }

    pub(super) async fn record_listed(&self, job: &Job, mark: Mark) -> Result<(), Halt> {
        self.record_all_listed(vec![Job { mark, ..job.clone() }]).await
    }

    async fn record_all_listed(&self, jobs: Vec<Job>) -> Result<(), Halt> {
        if jobs.is_empty() {
            return Ok(());
        }
        let (id, now) = (self.account.id, (self.clock)());
        let macs: Vec<_> = jobs.iter().map(|job| job.mac).collect();
        let rows: Vec<_> = jobs
            .iter()
            .map(|job| (job.mac, Kept { again: None, tries: 0, code: None, said: None, ..row(job, State::Listed, now) }))
            .collect();
        self.admin.store.write(move |db| rows.iter().try_for_each(|(mac, kept)| store::redirect::put(db, id, *mac, kept))).await?;
        if !self.kind.capabilities().device_pin {
            return Ok(());
        }
        // A phone that asks for its PIN waits for whoever holds it; without, it is shown once the next comparison has asked again.
        let Ok(pins) = self.service.device_pins(&macs).await else { return Ok(()) };
        let pins: Vec<_> = macs.into_iter().zip(pins).filter_map(|(mac, pin)| Some((mac, pin?))).collect();
        Ok(self.admin.store.write(move |db| pins.iter().try_for_each(|(mac, pin)| store::redirect::set_pin(db, *mac, pin))).await?)
    }

    /// A removal that was refused: the device is there still, and is tried again.
    async fn record_kept(&self, job: &Job, outcome: &Outcome) -> Result<(), StoreError> {
        let now = (self.clock)();
        let tries = job.kept.as_ref().map_or(0, |kept| kept.tries);
        let again = Some(now + longer(REDIRECT_REFUSED_PAUSE, tries, Span::days(1)));
        self.put(job, Kept { again, tries: tries + 1, ..told(job, State::Listed, outcome, now) }).await
    }

    /// The service says no to a device.
    pub(super) async fn record_refusal(&self, job: &Job, outcome: &Outcome) -> Result<(), StoreError> {
        let now = (self.clock)();
        let tries = job.kept.as_ref().map_or(0, |kept| kept.tries);
        let again = match outcome {
            // Only a change of the device helps.
            Outcome::InvalidMac | Outcome::InvalidSerial | Outcome::MissingSerial | Outcome::MissingMacId | Outcome::InvalidAddress => None,
            Outcome::OwnedByOther { .. } | Outcome::NotPermitted => Some(now + REDIRECT_FOREIGN_PAUSE),
            _ => Some(now + longer(REDIRECT_REFUSED_PAUSE, tries, Span::days(1))),
        };
        let kept = Kept { again, tries: tries + 1, ..told(job, State::Refused, outcome, now) };
        let is_new = job.kept.as_ref().is_none_or(|before| before.code != kept.code);
        let conflict = matches!(outcome, Outcome::OwnedByOther { .. }) && is_new;
        let (id, mac, service) = (self.account.id, job.mac, self.kind.name());
        let owner = kept.said.clone();
        self.admin
            .store
            .write(move |db| {
                store::redirect::put(db, id, mac, &kept)?;
                if conflict { tell_conflict(db, mac, service, owner.as_deref(), now) } else { Ok(()) }
            })
            .await
    }

    /// Somebody removed our profile at the service: it is made anew for the next look.
    async fn profile_is_gone(&mut self, job: &Job) -> Result<(), StoreError> {
        let (id, name, now) = (self.account.id, job.profile.clone(), (self.clock)());
        self.forget_aim(job.reseller);
        if let Some(name) = name {
            self.admin.store.write(move |db| store::redirect::drop_profile(db, id, &name)).await?;
        }
        let tries = job.kept.as_ref().map_or(0, |kept| kept.tries);
        let again = Some(now + longer(REDIRECT_DOUBT_PAUSE, tries, REDIRECT_PAUSE_MAX));
        self.put(job, Kept { again, tries: tries + 1, ..told(job, State::Refused, &Outcome::InvalidProfile, now) }).await
    }

    async fn put(&self, job: &Job, kept: Kept) -> Result<(), StoreError> {
        let (id, mac) = (self.account.id, job.mac);
        self.admin.store.write(move |db| store::redirect::put(db, id, mac, &kept)).await
    }
}

/// A row of a job, with what was known of the device before.
fn row(job: &Job, state: State, now: Time) -> Kept {
    let before = job.kept.as_ref();
    Kept { tries: before.map_or(0, |kept| kept.tries), asked: before.and_then(|kept| kept.asked), ..Kept::new(state, job.mark.0, now) }
}

fn told(job: &Job, state: State, outcome: &Outcome, now: Time) -> Kept {
    let said = match outcome {
        Outcome::OwnedByOther { owner } => owner.clone(),
        Outcome::Refused { said } => Some(said.clone()),
        _ => None,
    };
    Kept { code: Some(outcome.code().to_owned()), said, ..row(job, state, now) }
}

/// Twice as long after each try, up to a bound.
fn longer(first: Span, tries: i64, max: Span) -> Span {
    let factor = 1 << tries.clamp(0, 20);
    Span::from_millis(first.millis().saturating_mul(factor)).min(max)
}

fn tell_conflict(db: &Db, mac: domain::Mac, service: &str, owner: Option<&str>, now: Time) -> Result<(), StoreError> {
    // A device that is gone meanwhile is nobody's business any more.
    let Ok(stored) = store::device::by_mac(db, &Scope::Operator, mac) else { return Ok(()) };
    let Place { reseller, customer, site } = stored.device.place;
    let of = Target { reseller, customer: Some(customer), site };
    let data = json!({ "mac": mac.to_string(), "service": service, "owner": owner });
    store::event::tell(db, now, "redirect.conflict", store::event::NewEvent { of, mac: Some(mac), data })
}
