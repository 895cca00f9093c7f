//! The phone as a telephone: what its config says is registered, called from, and obeyed when told to fetch.

mod habits;
mod station;

use std::collections::{BTreeMap, BTreeSet, HashMap, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use domain::settings::Transport;
use tokio::sync::{Notify, OwnedMutexGuard, mpsc, oneshot, watch};
use tokio::task::JoinHandle;
use tokio::time::Instant;

pub use self::habits::{Called, Dialled, Notified, Telephony};
use self::station::Station;
use crate::display::{Account, Display};
use crate::firmware::{Firmware, Unit};
use crate::flash::Flash;
use crate::identity::Identity;
use crate::limits::CALLS_KEPT;
use crate::phone::{Outcome, Phone};
use crate::sip::{Agent, Call, CallState, SipAccount, SipError};
use crate::transcript::{Journal, Transcript};

/// What can be seen of a telephone from outside.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct View {
    /// What stands on its display.
    pub display: Display,
    /// The lines that its config wants registered.
    pub lines: BTreeSet<u16>,
    /// Those that are.
    pub registered: BTreeSet<u16>,
    /// Passes over the provisioning server, ended.
    pub fetches: u64,
    /// How the last one ended.
    pub outcome: Option<Outcome>,
    /// How often it was told to fetch, obeyed or not.
    pub notified: u64,
    /// How often it was called.
    pub called: u64,
    /// Calls that it is in.
    pub calls: usize,
    /// Servers that it has left: every line there has taken its leave.
    pub left: u64,
}

impl View {
    /// Whether it has lines and all are registered.
    pub fn is_registered(&self) -> bool {
        !self.lines.is_empty() && self.lines == self.registered
    }
}

/// What was waited for did not come; what there was instead.
#[derive(Debug, thiserror::Error)]
#[error("it did not come to that: {view:?}\n{transcript}")]
pub struct TooLong {
    view: View,
    transcript: Transcript,
}

/// Why there is no call.
#[derive(Debug, thiserror::Error)]
pub enum DialError {
    /// No such line, or none at all.
    #[error("the phone has no such line")]
    NoLine,
    /// Lifting the handset gives a dialling tone, and nothing is dialled.
    #[error("the phone waits for a number")]
    DialTone,
    /// The dial plan lets this number not through.
    #[error("the phone does not dial this number")]
    Barred,
    /// No call could be begun.
    #[error(transparent)]
    Sip(#[from] SipError),
}

/// A phone that is on. Its tasks end when this is dropped, as if its power were cut.
#[derive(Debug)]
pub struct Telephone {
    shared: Arc<Shared>,
    commands: mpsc::Sender<Command>,
    task: JoinHandle<()>,
}

#[derive(Debug)]
enum Command {
    Boot(oneshot::Sender<Outcome>),
    Resync(oneshot::Sender<Outcome>),
    Settle(oneshot::Sender<()>),
    Leave(oneshot::Sender<()>),
}

/// What the telephone's tasks have in common.
#[derive(Debug)]
struct Shared {
    phone: Arc<tokio::sync::Mutex<Phone>>,
    journal: Journal,
    view: watch::Sender<View>,
    /// It was told to fetch; and whether to restart for that.
    told: Notify,
    restart: Mutex<bool>,
    lines: Mutex<BTreeMap<u16, Line>>,
    taken: Mutex<VecDeque<Call>>,
    /// The phone's habits, as of the last time it settled.
    telephony: Mutex<Telephony>,
    /// Its settings as of then: what is dialled and asked meanwhile must not wait for the end of a pass.
    settled: Mutex<Arc<Settled>>,
}

/// A phone's settings, read by its firmware.
#[derive(Debug)]
struct Settled {
    identity: Identity,
    flash: Flash,
}

impl Settled {
    fn of(phone: &Phone) -> Arc<Self> {
        Arc::new(Self { identity: phone.identity.clone(), flash: phone.flash().clone() })
    }

    fn unit(&self) -> Unit<'_> {
        Unit { identity: &self.identity, flash: &self.flash }
    }

    fn firmware(&self) -> &'static dyn Firmware {
        self.identity.brand.firmware()
    }
}

/// A line that can be called from.
#[derive(Clone, Debug)]
struct Line {
    agent: Agent,
    account: SipAccount,
}

impl Telephone {
    /// Takes a phone as it is: what its flash says is registered at once. Must be called inside a runtime.
    pub fn new(phone: Phone) -> Self {
        let view = View {
            display: phone.display(),
            lines: BTreeSet::new(),
            registered: BTreeSet::new(),
            fetches: 0,
            outcome: None,
            notified: 0,
            called: 0,
            calls: 0,
            left: 0,
        };
        let telephony = Mutex::new(phone.behaviour.telephony.clone());
        let settled = Mutex::new(Settled::of(&phone));
        let shared = Arc::new(Shared {
            phone: Arc::new(tokio::sync::Mutex::new(phone)),
            journal: Journal::default(),
            view: watch::channel(view).0,
            told: Notify::new(),
            restart: Mutex::default(),
            lines: Mutex::default(),
            taken: Mutex::default(),
            telephony,
            settled,
        });
        let (commands, ordered) = mpsc::channel(8);
        let task = tokio::spawn(Running { shared: Arc::clone(&shared), stations: HashMap::new() }.run(ordered));
        Self { shared, commands, task }
    }

    /// Switches it off and on.
    pub async fn boot(&self) -> Outcome {
        self.order(Command::Boot).await.unwrap_or(Outcome::NoServer)
    }

    /// Fetches now.
    pub async fn resync(&self) -> Outcome {
        self.order(Command::Resync).await.unwrap_or(Outcome::NoServer)
    }

    /// The phone itself, for its menu and its habits; no fetch runs meanwhile. [`Telephone::settle`] takes changed accounts over.
    pub async fn phone(&self) -> OwnedMutexGuard<Phone> {
        Arc::clone(&self.shared.phone).lock_owned().await
    }

    /// Registers what its flash says now.
    pub async fn settle(&self) {
        self.order(Command::Settle).await;
    }

    /// What stands on its display.
    pub fn display(&self) -> Display {
        self.shared.view.borrow().display.clone()
    }

    /// All that can be seen.
    pub fn view(&self) -> View {
        self.shared.view.borrow().clone()
    }

    /// Waits until it can be seen so.
    pub async fn wait_for(&self, what: impl FnMut(&View) -> bool) -> Result<View, TooLong> {
        let patience = lock(&self.shared.telephony).patience;
        let mut view = self.shared.view.subscribe();
        match tokio::time::timeout(patience, view.wait_for(what)).await {
            Ok(Ok(view)) => Ok(view.clone()),
            _ => Err(TooLong { view: self.view(), transcript: self.transcript() }),
        }
    }

    /// Waits until its display says this.
    pub async fn shows(&self, text: &str) -> Result<View, TooLong> {
        self.wait_for(|view| view.display.says(text)).await
    }

    /// Waits until all its lines are registered.
    pub async fn registered(&self) -> Result<View, TooLong> {
        self.wait_for(View::is_registered).await
    }

    /// Lifts the handset of the first line: calls what the config says, if it says so.
    pub async fn lift(&self) -> Result<Call, DialError> {
        let slot = self.first_line()?;
        let line = self.line(slot)?;
        let settled = self.shared.settled();
        let number = settled.firmware().dials(settled.unit(), slot, "").ok_or(DialError::DialTone)?;
        self.call(&line, &number).await
    }

    /// Dials on the first line, as the config lets it.
    pub async fn dial(&self, number: &str) -> Result<Call, DialError> {
        self.dial_on(self.first_line()?, number).await
    }

    /// Dials on a line or handset.
    pub async fn dial_on(&self, slot: u16, number: &str) -> Result<Call, DialError> {
        let line = self.line(slot)?;
        let settled = self.shared.settled();
        let is_exempt = match lock(&self.shared.telephony).dialled {
            Dialled::Swallowed => false,
            Dialled::Called => true,
            Dialled::EmergencyCalled => settled.firmware().is_emergency(settled.unit(), number),
        };
        let dialled = if is_exempt { Some(number.to_owned()) } else { settled.firmware().dials(settled.unit(), slot, number) };
        self.call(&line, &dialled.ok_or(DialError::Barred)?).await
    }

    /// The oldest call that came in and was not asked for yet.
    pub fn take_call(&self) -> Option<Call> {
        lock(&self.shared.taken).pop_front()
    }

    /// Everything it did.
    pub fn transcript(&self) -> Transcript {
        self.shared.journal.read()
    }

    /// Everything it did since this was last asked.
    pub fn take_transcript(&self) -> Transcript {
        self.shared.journal.take()
    }

    /// Switches it off in order: its lines are unregistered. Gives the phone back.
    pub async fn switch_off(self) -> OwnedMutexGuard<Phone> {
        self.order(Command::Leave).await;
        self.phone().await
    }

    async fn order<T>(&self, command: impl FnOnce(oneshot::Sender<T>) -> Command) -> Option<T> {
        let (done, told) = oneshot::channel();
        self.commands.send(command(done)).await.ok()?;
        told.await.ok()
    }

    fn first_line(&self) -> Result<u16, DialError> {
        lock(&self.shared.lines).keys().next().copied().ok_or(DialError::NoLine)
    }

    fn line(&self, slot: u16) -> Result<Line, DialError> {
        lock(&self.shared.lines).get(&slot).cloned().ok_or(DialError::NoLine)
    }

    async fn call(&self, line: &Line, number: &str) -> Result<Call, DialError> {
        let options = lock(&self.shared.telephony).call.clone();
        let call = line.agent.call(&line.account, number, &options).await?;
        self.shared.in_call(&call);
        Ok(call)
    }
}

impl Drop for Telephone {
    fn drop(&mut self) {
        self.task.abort();
    }
}

impl Shared {
    /// Counts a call until it ends.
    fn in_call(self: &Arc<Self>, call: &Call) {
        let (shared, mut state) = (Arc::clone(self), call.watch());
        self.view.send_modify(|view| view.calls += 1);
        tokio::spawn(async move {
            // A call whose task is gone is over as well.
            drop(state.wait_for(|state| matches!(state, CallState::Ended(_))).await.map(drop));
            shared.view.send_modify(|view| view.calls -= 1);
        });
    }

    fn settled(&self) -> Arc<Settled> {
        Arc::clone(&lock(&self.settled))
    }

    fn keep(&self, call: Call) {
        let mut taken = lock(&self.taken);
        if taken.len() == CALLS_KEPT {
            taken.pop_front();
        }
        taken.push_back(call);
    }
}

/// Where a line is registered.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
struct Place {
    server: String,
    port: Option<u16>,
    transport: &'static str,
}

/// The telephone's own task.
struct Running {
    shared: Arc<Shared>,
    stations: HashMap<Place, Station>,
}

impl Running {
    async fn run(mut self, mut commands: mpsc::Receiver<Command>) {
        self.settle().await;
        let mut is_due = false;
        let mut view = self.shared.view.subscribe();
        loop {
            let (postpones, poll) = {
                let phone = self.shared.phone.lock().await;
                let telephony = &phone.behaviour.telephony;
                (telephony.postpones_in_call, phone.poll_due().filter(|_| telephony.polls))
            };
            let polled = Instant::now() + poll.unwrap_or_default();
            tokio::select! {
                command = commands.recv() => match command {
                    None => return,
                    Some(Command::Boot(done)) => drop(done.send(self.pass(true).await)),
                    Some(Command::Resync(done)) => drop(done.send(self.pass(false).await)),
                    Some(Command::Settle(done)) => {
                        self.settle().await;
                        let _ = done.send(());
                    }
                    Some(Command::Leave(done)) => {
                        self.leave().await;
                        let _ = done.send(());
                        return;
                    }
                },
                () = self.shared.told.notified() => is_due = true,
                () = async { drop(view.wait_for(|view| !postpones || view.calls == 0).await.map(drop)) }, if is_due => {
                    is_due = false;
                    let restart = std::mem::take(&mut *lock(&self.shared.restart));
                    self.pass(restart).await;
                }
                () = tokio::time::sleep_until(polled), if poll.is_some() => {
                    self.shared.journal.note("its poll is due");
                    self.pass(false).await;
                }
            }
        }
    }

    /// Fetches, and does what the config says from then on.
    async fn pass(&mut self, boot: bool) -> Outcome {
        let mut transcript = Transcript::default();
        let outcome = {
            let mut phone = self.shared.phone.lock().await;
            if boot { phone.boot(&mut transcript).await } else { phone.resync(&mut transcript).await }
        };
        self.shared.journal.append(transcript);
        self.settle().await;
        self.shared.view.send_modify(|view| {
            view.fetches += 1;
            view.outcome = Some(outcome);
        });
        outcome
    }

    /// Tells each station which accounts are its own now; new ones are begun, and those without accounts end.
    async fn settle(&mut self) {
        let (places, display) = {
            let phone = self.shared.phone.lock().await;
            lock(&self.shared.telephony).clone_from(&phone.behaviour.telephony);
            *lock(&self.shared.settled) = Settled::of(&phone);
            let mut places: HashMap<Place, Vec<Account>> = HashMap::new();
            let usable = phone.accounts().into_iter().filter(|account| !account.user.is_empty() && !account.server.is_empty());
            for account in usable.take(phone.behaviour.telephony.lines) {
                let place = Place { server: account.server.clone(), port: account.port, transport: name(account.transport) };
                places.entry(place).or_default().push(account);
            }
            for (place, accounts) in &places {
                if !self.stations.contains_key(place) {
                    self.stations.insert(place.clone(), Station::start(&self.shared, &phone, &accounts[0]));
                }
            }
            (places, phone.display())
        };
        self.shared.view.send_modify(|view| {
            view.display = display;
            view.lines = places.values().flatten().map(|account| account.slot).collect();
        });
        for (place, station) in &self.stations {
            station.serve(places.get(place).cloned().unwrap_or_default());
        }
        self.stations.retain(|place, station| places.contains_key(place) || !station.let_go());
    }

    async fn leave(&mut self) {
        for station in self.stations.values() {
            station.serve(Vec::new());
        }
        for (_, station) in self.stations.drain() {
            station.ended().await;
        }
        self.shared.view.send_modify(|view| view.lines.clear());
    }
}

fn name(transport: Transport) -> &'static str {
    match transport {
        Transport::Udp => "udp",
        Transport::Tcp => "tcp",
        Transport::Tls => "tls",
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
