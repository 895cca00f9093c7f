//! One look at an account: what is to be done for each device, and the doing of it.

use std::collections::HashMap;
use std::sync::Arc;

use domain::tenancy::ResellerId;
use domain::{Mac, Time};
use redirect::diff::{self, Mark, Settled, Step};
use redirect::{Carrier, Entry, Failure, Kind, Service, Standing};
use store::redirect::{Account, Kept, Situation, State};
use store::{Db, StoreError};
use uuid::Uuid;

use super::aim::{self, Aim, claimed};
use super::write::Write;
use crate::admin::Admin;
use crate::limits::{REDIRECT_LEASE, REDIRECT_PAUSE, REDIRECT_PAUSE_MAX};

/// The lease on all work for redirect services.
pub(super) const LEASE: &str = "redirect";

/// What a pass looks at, besides what is due.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Extent {
    /// Every device, and every few hours the service's own list.
    All,
    /// These devices.
    Some(Vec<Mac>),
}

/// Why a pass ended early.
#[derive(Debug)]
pub(super) enum Halt {
    /// The store does not answer.
    Store(StoreError),
    /// The service does not, or refuses the account.
    Service(Failure),
    /// Another node has taken over.
    Superseded,
}

impl From<StoreError> for Halt {
    fn from(error: StoreError) -> Self {
        Self::Store(error)
    }
}

/// A device with what is to be written for it.
#[derive(Clone, Debug)]
pub(super) struct Job {
    pub mac: Mac,
    pub mark: Mark,
    pub entry: Entry,
    pub kept: Option<Kept>,
    /// The profile that the entry names, should the service not know it any more.
    pub profile: Option<String>,
    pub reseller: Option<ResellerId>,
}

/// One look at an account.
pub(super) struct Pass {
    pub admin: Admin,
    pub account: Account,
    pub kind: Kind,
    pub service: Arc<dyn Service>,
    pub clock: fn() -> Time,
    /// Calls in a row whose answers were lost.
    pub doubts: u32,
    node: Uuid,
    aims: HashMap<Option<ResellerId>, Result<Aim, &'static str>>,
}

impl Pass {
    pub fn new(admin: Admin, account: Account, kind: Kind, service: Arc<dyn Service>, node: Uuid, clock: fn() -> Time) -> Self {
        Self { admin, account, kind, service, clock, doubts: 0, node, aims: HashMap::new() }
    }

    /// Looks, writes, and notes what came of it; whether it came to its end.
    pub async fn run(mut self, extent: Extent) -> bool {
        let ended = self.go(extent).await;
        let (id, now) = (self.account.id, (self.clock)());
        let noted = match ended {
            Ok(()) => return true,
            Err(Halt::Superseded) => return false,
            Err(Halt::Store(error)) => Err(error),
            Err(Halt::Service(failure)) => {
                let again = now + self.pause(&failure, now);
                let (code, said) = (failure.code(), failure.to_string());
                tracing::warn!(service = %self.kind, account = %id, code, "a redirect service: {said}");
                self.admin.store.write(move |db| store::redirect::failed(db, id, code, &said, now, again)).await
            }
        };
        if let Err(error) = noted {
            tracing::warn!(%error, "redirect services wait for the store");
        }
        false
    }

    /// How long a service is left alone: as long as it has failed already, within bounds, or as long as it asks.
    fn pause(&self, failure: &Failure, now: Time) -> domain::Span {
        let lasted = self.account.failed_since.map_or(REDIRECT_PAUSE, |since| now.since(since));
        let asked = match failure {
            Failure::RateLimited { pause: Some(pause) } => domain::Span::seconds(i64::try_from(pause.as_secs()).unwrap_or(60)),
            _ => REDIRECT_PAUSE,
        };
        lasted.clamp(REDIRECT_PAUSE, REDIRECT_PAUSE_MAX).max(asked)
    }

    async fn go(&mut self, extent: Extent) -> Result<(), Halt> {
        let revision = self.admin.store.read(store::context::platform_revision).await?;
        self.look_at_due().await?;
        match extent {
            Extent::Some(macs) => self.look_at(macs).await?,
            Extent::All => {
                self.look_at_all().await?;
                if self.account.leaving {
                    return self.end_account().await;
                }
                self.compare_if_due().await?;
                let account = self.account.clone();
                self.admin.store.write(move |db| store::redirect::passed(db, &account, revision)).await?;
            }
        }
        Ok(())
    }

    async fn look_at_due(&mut self) -> Result<(), Halt> {
        let (id, now) = (self.account.id, (self.clock)());
        let due = self.admin.store.read(move |db| store::redirect::due(db, id, now)).await?;
        self.look_at(due).await
    }

    pub(super) async fn look_at(&mut self, macs: Vec<Mac>) -> Result<(), Halt> {
        if macs.is_empty() {
            return Ok(());
        }
        let (kind, account) = (self.kind, self.account.clone());
        let found = self.admin.store.read(move |db| {
            let one = |mac: &Mac| store::redirect::wanted_one(db, claimed(kind, &account), *mac).transpose();
            macs.iter().filter_map(one).collect::<Result<Vec<_>, _>>()
        });
        let found = found.await?;
        self.work(found).await
    }

    /// What should be there, and then what should not, a page at a time.
    async fn look_at_all(&mut self) -> Result<(), Halt> {
        type Look = fn(&Db, store::redirect::Claimed<'_>, &str) -> Result<Vec<Situation>, StoreError>;
        for look in [store::redirect::wanted as Look, store::redirect::left as Look] {
            let mut after = String::new();
            loop {
                let (kind, account, from) = (self.kind, self.account.clone(), after.clone());
                let page = self.admin.store.read(move |db| look(db, claimed(kind, &account), &from)).await?;
                let Some(last) = page.last() else { break };
                after = last.mac.to_string();
                self.work(page).await?;
            }
        }
        Ok(())
    }

    /// Nothing of ours is left at the service: its profiles go, and the account.
    async fn end_account(&mut self) -> Result<(), Halt> {
        let id = self.account.id;
        let counts = self.admin.store.read(move |db| store::redirect::counts(db, id)).await?;
        if counts.listed + counts.waiting + counts.refused > 0 {
            let until = (self.clock)() + REDIRECT_PAUSE;
            return Ok(self.admin.store.write(move |db| store::redirect::wait(db, id, until)).await?);
        }
        for (_, remote, _) in self.admin.store.read(move |db| store::redirect::profiles(db, id)).await? {
            self.service.remove_profile(&remote).await.map_err(Halt::Service)?;
        }
        tracing::info!(service = %self.kind, account = %id, "an account at a redirect service has ended");
        Ok(self.admin.store.write(move |db| store::redirect::remove(db, id)).await?)
    }

    /// Decides about devices, and does what was decided.
    async fn work(&mut self, situations: Vec<Situation>) -> Result<(), Halt> {
        let now = (self.clock)();
        let mut todo = Todo::default();
        for situation in situations {
            if is_waiting(&situation, now) {
                continue;
            }
            let job = match situation.wanted {
                None => Some(removal(&situation)),
                Some(reseller) => self.registration(&situation, reseller).await?,
            };
            let Some(job) = job else { continue };
            let wanted = situation.wanted.map(|_| job.mark);
            match diff::step(wanted, job.kept.as_ref().map(known).as_ref(), now) {
                Step::LookUp => todo.in_doubt.push((wanted, job)),
                step => todo.push(step, job),
            }
        }
        self.settle(&mut todo).await?;
        for (write, jobs) in [
            (Write::Unregister, std::mem::take(&mut todo.unregister)),
            (Write::Register, std::mem::take(&mut todo.register)),
            (Write::Retarget, std::mem::take(&mut todo.retarget)),
        ] {
            self.carry_out(write, jobs).await?;
        }
        self.forget(todo.forget).await
    }

    /// What is to be written for a device that the account should have; nothing if there is nothing to send it with, which is noted.
    async fn registration(&mut self, situation: &Situation, reseller: Option<ResellerId>) -> Result<Option<Job>, Halt> {
        let mac = situation.mac;
        match self.aim(reseller).await? {
            Ok(aim) => {
                let (mark, entry) = (aim.mark(), aim.entry(&self.admin, mac, &situation.identity));
                let profile = aim.remote.is_some().then(|| aim.profile.name.clone());
                Ok(Some(Job { mac, mark, entry, kept: situation.kept.clone(), profile, reseller }))
            }
            Err(code) => {
                self.note_no_way(situation, code).await?;
                Ok(None)
            }
        }
    }

    /// There is nothing to send a device with. What is listed stays; what is due is put off, as only people can change that.
    async fn note_no_way(&self, situation: &Situation, code: &'static str) -> Result<(), Halt> {
        let now = (self.clock)();
        let kept = match &situation.kept {
            Some(kept) if kept.state == State::Listed => return Ok(()),
            Some(kept) if kept.state == State::Refused && kept.code.as_deref() == Some(code) && kept.again.is_none() => return Ok(()),
            Some(kept) if kept.state != State::Refused => Kept { again: Some(now + REDIRECT_PAUSE_MAX), ..kept.clone() },
            _ => Kept { code: Some(code.to_owned()), ..Kept::new(State::Refused, 0, now) },
        };
        let (id, mac) = (self.account.id, situation.mac);
        Ok(self.admin.store.write(move |db| store::redirect::put(db, id, mac, &kept)).await?)
    }

    /// Where the phones of a reseller are sent; the service's profile says so when this returns.
    pub(super) async fn aim(&mut self, reseller: Option<ResellerId>) -> Result<Result<Aim, &'static str>, Halt> {
        if let Some(known) = self.aims.get(&reseller) {
            return Ok(known.clone());
        }
        let (admin, kind, account, now) = (self.admin.clone(), self.kind, self.account.clone(), (self.clock)());
        let found = self.admin.store.read(move |db| aim::aim(db, &admin, kind, &account, reseller, now)).await?;
        let found = match found {
            Ok(aim) if self.kind.capabilities().carrier == Carrier::Profile => Ok(self.with_profile(aim).await?),
            other => other,
        };
        self.aims.insert(reseller, found.clone());
        Ok(found)
    }

    pub(super) fn forget_aim(&mut self, reseller: Option<ResellerId>) {
        self.aims.remove(&reseller);
    }

    async fn with_profile(&mut self, mut aim: Aim) -> Result<Aim, Halt> {
        let (id, name) = (self.account.id, aim.profile.name.clone());
        let of = name.clone();
        let kept = self.admin.store.read(move |db| store::redirect::profile(db, id, &of)).await?;
        let remote = match kept {
            Some((remote, content)) if content == aim.content.0 => remote,
            // The password cannot be read back: what is there under this name is written anew.
            _ => {
                self.hold().await?;
                let remote = self.service.ensure_profile(&aim.profile, true).await.map_err(Halt::Service)?;
                let (kept, content) = (remote.clone(), aim.content.0);
                self.admin.store.write(move |db| store::redirect::put_profile(db, id, &name, &kept, content)).await?;
                remote
            }
        };
        aim.remote = Some(remote);
        Ok(aim)
    }

    /// Looks up what nobody saw the end of.
    async fn settle(&mut self, todo: &mut Todo) -> Result<(), Halt> {
        for (wanted, job) in std::mem::take(&mut todo.in_doubt) {
            let kept = job.kept.clone().expect("a doubt is about something that is kept");
            self.hold().await?;
            let standing = match self.service.look_up(&job.entry).await {
                Ok(standing) => {
                    self.doubts = 0;
                    standing
                }
                Err(failure) => {
                    self.put_off(&job, &failure).await?;
                    continue;
                }
            };
            let shown = if let Standing::Ours(listed) = &standing { listed.target.clone() } else { None };
            let says_wanted =
                wanted.is_some() && matches!(self.aim(job.reseller).await?, Ok(aim) if aim.is_said(&self.admin, job.mac, shown.as_ref()));
            match diff::settle(wanted, &known(&kept), &standing, says_wanted) {
                Settled::Listed(mark) => self.record_listed(&job, mark).await?,
                Settled::Refused(_, outcome) => self.record_refusal(&job, &outcome).await?,
                Settled::Step(step) => todo.push(step, job),
            }
        }
        Ok(())
    }

    async fn forget(&mut self, macs: Vec<Mac>) -> Result<(), Halt> {
        if macs.is_empty() {
            return Ok(());
        }
        let id = self.account.id;
        Ok(self.admin.store.write(move |db| macs.iter().try_for_each(|mac| store::redirect::drop_row(db, id, *mac))).await?)
    }

    /// Renews the lease before each call; whoever has lost it stops.
    pub(super) async fn hold(&self) -> Result<(), Halt> {
        let (node, now) = (self.node, (self.clock)());
        let held = self.admin.store.write(move |db| store::job::lease(db, LEASE, node, now, REDIRECT_LEASE)).await?;
        if held { Ok(()) } else { Err(Halt::Superseded) }
    }
}

/// What is to be done, sorted.
#[derive(Default)]
struct Todo {
    register: Vec<Job>,
    retarget: Vec<Job>,
    unregister: Vec<Job>,
    in_doubt: Vec<(Option<Mark>, Job)>,
    forget: Vec<Mac>,
}

impl Todo {
    fn push(&mut self, step: Step, job: Job) {
        match step {
            Step::Register => self.register.push(job),
            Step::Retarget => self.retarget.push(job),
            Step::Unregister => self.unregister.push(job),
            Step::Forget => self.forget.push(job.mac),
            Step::Rest | Step::LookUp => {}
        }
    }
}

/// A doubt, or a removal that failed, whose time to be tried again has not come.
fn is_waiting(situation: &Situation, now: Time) -> bool {
    let kept = situation.kept.as_ref();
    kept.is_some_and(|kept| kept.state != State::Refused && kept.again.is_some_and(|again| again > now))
}

fn removal(situation: &Situation) -> Job {
    let mark = situation.kept.as_ref().map_or(0, |kept| kept.mark);
    let entry = aim::bare(situation.mac, &situation.identity);
    Job { mac: situation.mac, mark: Mark(mark), entry, kept: situation.kept.clone(), profile: None, reseller: None }
}

/// A row in the words of the decision.
fn known(kept: &Kept) -> diff::Kept {
    let mark = Mark(kept.mark);
    match kept.state {
        State::Writing => diff::Kept::Writing(mark),
        State::Removing => diff::Kept::Removing,
        State::Listed => diff::Kept::Listed(mark),
        State::Refused => diff::Kept::Refused { mark, again: kept.again },
    }
}
