//! The lines of one server: registered, kept so, and reached through one socket or connection.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::watch;
use tokio::task::{JoinHandle, JoinSet};
use tokio::time::{Instant, sleep, sleep_until};
use wire::auth::{self, Credentials};
use wire::challenge::Offer;
use wire::digest::{Algorithm, Rules, Verifier, verify_sip};

use super::{Called, Line, Notified, Shared, Telephony, lock};
use crate::address::Login;
use crate::display::Account;
use crate::firmware::{Then, Told};
use crate::phone::Phone;
use crate::sip::{Agent, AgentOptions, CallOptions, Granted, InboundRequest, Incoming, Registration, SipAccount, SipError, user_of};

/// After a lost connection, before the next is opened.
const REOPEN: Duration = Duration::from_millis(200);

/// The task of one server's lines; it ends with its last line, and at once when this is dropped while it has some.
#[derive(Debug)]
pub(super) struct Station {
    accounts: watch::Sender<Vec<Account>>,
    task: Option<JoinHandle<()>>,
}

impl Station {
    pub fn start(shared: &Arc<Shared>, phone: &Phone, account: &Account) -> Self {
        let behaviour = &phone.behaviour;
        let telephony = behaviour.telephony.clone();
        let options = AgentOptions {
            user_agent: phone.firmware().sip_user_agent(phone.unit()),
            behind_nat: telephony.behind_nat,
            strongest: behaviour.strongest,
            timers: telephony.timers,
            journal: Some(shared.journal.clone()),
            ..AgentOptions::new(behaviour.client.clone(), &account.server, account.port, account.transport)
        };
        let (accounts, wanted) = watch::channel(Vec::new());
        let room = Room { shared: Arc::clone(shared), options, telephony, wanted, lines: Vec::new(), jobs: JoinSet::new(), count: 0 };
        Self { accounts, task: Some(tokio::spawn(room.run())) }
    }

    /// These accounts, and no others.
    pub fn serve(&self, accounts: Vec<Account>) {
        self.accounts.send_if_modified(|own| {
            let is_new = *own != accounts;
            *own = accounts;
            is_new
        });
    }

    /// Lets it take leave of its server by itself.
    pub fn let_go(&mut self) -> bool {
        // Bounded by SIP's own time limit.
        drop(self.task.take());
        true
    }

    /// Waits until it has taken leave.
    pub async fn ended(mut self) {
        if let Some(task) = self.task.take() {
            drop(task.await);
        }
    }
}

impl Drop for Station {
    fn drop(&mut self) {
        if let Some(task) = &self.task {
            task.abort();
        }
    }
}

/// One line.
struct Registered {
    id: u64,
    account: Account,
    /// Away while a request is under way.
    registration: Option<Registration>,
    due: Option<Instant>,
    is_up: bool,
    is_leaving: bool,
}

struct Done {
    id: u64,
    registration: Registration,
    result: Result<Granted, SipError>,
}

struct Room {
    shared: Arc<Shared>,
    options: AgentOptions,
    telephony: Telephony,
    wanted: watch::Receiver<Vec<Account>>,
    lines: Vec<Registered>,
    jobs: JoinSet<Done>,
    count: u64,
}

impl Room {
    async fn run(mut self) {
        loop {
            match Agent::open(self.options.clone()).await {
                Ok((agent, incoming)) => {
                    if self.serve(&agent, incoming).await {
                        return self.left();
                    }
                    self.lost();
                    sleep(REOPEN).await;
                }
                Err(error) => {
                    self.shared.journal.note(format!("SIP server {}: {error}", self.options.host));
                    tokio::select! {
                        () = sleep(self.telephony.retry) => {}
                        changed = self.wanted.changed() => if changed.is_err() || self.wanted.borrow_and_update().is_empty() { return },
                    }
                }
            }
        }
    }

    /// Until all lines have left (true), or the connection is lost.
    async fn serve(&mut self, agent: &Agent, mut incoming: Incoming) -> bool {
        self.reconcile(agent);
        let mut keep_alive = Instant::now() + self.telephony.keep_alive.unwrap_or_default();
        // Nobody says any more what is wanted: what was said last holds.
        let mut is_final = false;
        let mut had_lines = false;
        loop {
            had_lines |= !self.lines.is_empty();
            if self.lines.is_empty() && self.jobs.is_empty() && (had_lines || is_final) {
                return true;
            }
            self.register_what_is_due();
            let next = self.lines.iter().filter_map(|line| line.due).min();
            tokio::select! {
                request = incoming.recv() => match request {
                    Some(request) => self.asked(agent, request).await,
                    None => return false,
                },
                changed = self.wanted.changed(), if !is_final => {
                    is_final = changed.is_err();
                    self.reconcile(agent);
                }
                Some(Ok(done)) = self.jobs.join_next() => self.done(done),
                () = sleep_until(next.unwrap_or_else(Instant::now)), if next.is_some() => {}
                () = sleep_until(keep_alive), if self.telephony.keep_alive.is_some() => {
                    // A lost way is noticed by the next registration.
                    drop(agent.keep_alive().await);
                    keep_alive = Instant::now() + self.telephony.keep_alive.unwrap_or_default();
                }
            }
        }
    }

    /// Begins lines that are new, and ends those that are wanted no more.
    fn reconcile(&mut self, agent: &Agent) {
        let wanted = self.wanted.borrow_and_update().clone();
        // What only the display shows needs no new registration.
        for line in self.lines.iter_mut().filter(|line| !line.is_leaving) {
            if let Some(account) = wanted.iter().find(|account| is_same_login(account, &line.account)) {
                line.account.clone_from(account);
                if let Some(shared) = lock(&self.shared.lines).get_mut(&account.slot) {
                    shared.account = sip_account(account);
                }
            }
        }
        for line in self.lines.iter_mut().filter(|line| !line.is_leaving && !wanted.contains(&line.account)) {
            line.is_leaving = true;
            line.due = Some(Instant::now());
            if is_held(&self.shared, &line.account) {
                lock(&self.shared.lines).remove(&line.account.slot);
            }
        }
        for account in wanted {
            if self.lines.iter().any(|line| !line.is_leaving && line.account == account) {
                continue;
            }
            self.count += 1;
            let own = sip_account(&account);
            let line = Line { agent: agent.clone(), account: own.clone() };
            lock(&self.shared.lines).insert(account.slot, line);
            self.lines.push(Registered {
                id: self.count,
                account,
                registration: Some(Registration::new(agent, own)),
                due: Some(Instant::now()),
                is_up: false,
                is_leaving: false,
            });
        }
        self.show();
    }

    fn register_what_is_due(&mut self) {
        let now = Instant::now();
        self.lines.retain_mut(|line| {
            // Never registered, so nothing is to be taken back.
            if line.is_leaving && !line.is_up && line.registration.is_some() {
                return false;
            }
            if line.due.is_none_or(|due| due > now) {
                return true;
            }
            let Some(mut registration) = line.registration.take() else {
                line.due = None;
                return true;
            };
            line.due = None;
            let (id, seconds) = (line.id, if line.is_leaving { 0 } else { self.telephony.expires });
            self.jobs.spawn(async move {
                let result = registration.register(seconds).await;
                Done { id, registration, result }
            });
            true
        });
    }

    fn done(&mut self, done: Done) {
        let Some(at) = self.lines.iter().position(|line| line.id == done.id) else { return };
        let line = &mut self.lines[at];
        let was_up = line.is_up;
        line.is_up = done.result.as_ref().is_ok_and(|granted| !granted.expires.is_zero());
        line.registration = Some(done.registration);
        let wait = match &done.result {
            // Half of the time leaves room for a server that is busy.
            Ok(granted) => granted.expires.max(Duration::from_secs(1)) / 2,
            Err(_) => self.telephony.retry,
        };
        line.due = Some(Instant::now() + wait);
        if line.is_leaving {
            // It had asked to leave already if it was up before this answer; a failure is not asked about again.
            if was_up || !line.is_up {
                self.lines.remove(at);
            } else {
                self.lines[at].due = Some(Instant::now());
            }
        }
        self.show();
    }

    /// The connection is gone, and with it every registration.
    fn lost(&mut self) {
        self.shared.journal.note(format!("SIP server {}: the connection has ended", self.options.host));
        self.jobs.abort_all();
        self.jobs = JoinSet::new();
        self.lines.clear();
        let own = self.wanted.borrow().iter().map(|account| account.slot).collect::<Vec<_>>();
        lock(&self.shared.lines).retain(|slot, _| !own.contains(slot));
        self.shared.view.send_modify(|view| view.registered.retain(|slot| !own.contains(slot)));
    }

    /// Its lines have all gone.
    fn left(&self) {
        self.shared.journal.note(format!("has no line at {} any more", self.options.host));
        self.shared.view.send_modify(|view| view.left += 1);
    }

    fn show(&self) {
        let down = self.lines.iter().filter(|line| line.is_leaving || !line.is_up);
        let down: Vec<u16> = down.map(|line| &line.account).filter(|account| is_held(&self.shared, account)).map(|one| one.slot).collect();
        self.shared.view.send_modify(|view| {
            for slot in down {
                view.registered.remove(&slot);
            }
            for line in self.lines.iter().filter(|line| !line.is_leaving && line.is_up) {
                view.registered.insert(line.account.slot);
            }
        });
    }

    async fn asked(&mut self, agent: &Agent, request: InboundRequest) {
        match request.message().method() {
            "NOTIFY" => self.notified(request).await,
            "INVITE" => self.called(agent, request).await,
            "OPTIONS" => request.reply(200, "OK", &[]).await,
            _ => request.reply(405, "Method Not Allowed", &[("Allow", "INVITE, ACK, BYE, CANCEL, OPTIONS, INFO, NOTIFY")]).await,
        }
    }

    async fn notified(&mut self, request: InboundRequest) {
        self.shared.view.send_modify(|view| view.notified += 1);
        let event = request.message().header("Event").unwrap_or_default().to_owned();
        let settled = self.shared.settled();
        let told = settled.firmware().told(settled.unit(), self.slot_of(&request), &event);
        let told = match (self.telephony.notified, told) {
            (Notified::Ignores, _) => return,
            (Notified::Refuses, _) | (_, None) => return request.reply(489, "Bad Event", &[]).await,
            (Notified::AsSet, Some(told)) => told,
            (Notified::Obeys, Some(told)) => Told { challenged: false, ..told },
            (Notified::Challenges, Some(told)) => Told { challenged: true, ..told },
        };
        let realm = settled.firmware().realm();
        if told.challenged && !self.proves_account(&request, realm) {
            let nonce = format!("{:x}", self.count.wrapping_mul(0x9e37_79b9_7f4a_7c15));
            let offer = Offer { realm, nonce: &nonce, algorithms: &[Algorithm::Md5], basic: false, stale: false };
            let values = offer.header_values();
            let fields: Vec<_> = values.iter().map(|value| ("WWW-Authenticate", value.as_str())).collect();
            return request.reply(401, "Unauthorized", &fields).await;
        }
        request.reply(200, "OK", &[]).await;
        match told.then {
            Then::Nothing => return,
            Then::Fetch => {}
            Then::Restart => *lock(&self.shared.restart) = true,
        }
        self.shared.told.notify_one();
    }

    /// The line that a request is for; the first one if none has its user.
    fn slot_of(&self, request: &InboundRequest) -> u16 {
        let user = user_of(request.message().uri());
        let line = self.lines.iter().find(|line| user == Some(line.account.user.as_str())).or_else(|| self.lines.first());
        line.map_or(1, |line| line.account.slot)
    }

    fn proves_account(&self, request: &InboundRequest, realm: &str) -> bool {
        let Some(value) = request.message().header("Authorization") else { return false };
        let Ok(Credentials::Digest(sent)) = auth::parse(value.as_bytes()) else { return false };
        let rules = Rules { allow_rfc2069: true };
        sent.realm == realm
            && self.lines.iter().any(|line| {
                let Account { auth_user, password, .. } = &line.account;
                sent.username == *auth_user && verify_sip(&sent, "NOTIFY", Verifier::Password(password.expose()), rules)
            })
    }

    async fn called(&mut self, agent: &Agent, request: InboundRequest) {
        self.shared.view.send_modify(|view| view.called += 1);
        let options: &CallOptions = &self.telephony.call;
        let Some(line) = self.lines.first().filter(|_| self.telephony.called != Called::Refuses) else {
            return request.reply(486, "Busy Here", &[]).await;
        };
        let Ok(call) = agent.ring(request, &sip_account(&line.account), options).await else { return };
        self.shared.in_call(&call);
        if self.telephony.called == Called::Answers {
            call.answer_soon();
        }
        self.shared.keep(call);
    }
}

/// Whether the account's slot is its own still, or nobody's: one that leaves may find that another server's has moved in.
fn is_held(shared: &Shared, account: &Account) -> bool {
    lock(&shared.lines).get(&account.slot).is_none_or(|line| line.account == sip_account(account))
}

/// Whether a registration of the one is one of the other.
fn is_same_login(one: &Account, other: &Account) -> bool {
    let login = |account: &Account| (account.slot, account.user.clone(), account.auth_user.clone(), account.password.clone());
    login(one) == login(other)
}

fn sip_account(account: &Account) -> SipAccount {
    SipAccount {
        user: account.user.clone(),
        login: Login { user: account.auth_user.clone(), password: account.password.clone() },
        name: account.display_name.clone(),
        line: Some(account.slot),
    }
}
