//! Telling phones to fetch.
//!
//! Every change of what a phone would be served leaves a message in the outbox, in the transaction that made it. Every node follows the
//! outbox and tells the flows it has: all claims of the phone, as each fetches with its own login and gets what that earns.

mod due;
mod form;
mod news;
mod proxy;
mod quiet;
mod record;
mod sought;

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use brands::InForce;
use domain::claim::Claim;
use domain::tenancy::CustomerId;
use domain::{Mac, Span, Time};
use ipnet::IpNet;
use store::outbox::outbox_last;
use store::{News, Store};
use tokio::sync::{Semaphore, mpsc};
use tokio::task::JoinSet;
use uuid::Uuid;

use self::due::Due;
pub use self::form::Told;
use self::news::Piece;
pub use self::quiet::{CallGuard, Hold, Quiet};
pub use self::record::NotifyMetrics;
use self::record::Recorder;
use self::sought::Sought;
use crate::limits::{
    LOOK_FOR_ABSENT, NEWS_WAITING_MAX, NOTIFIES_AT_ONCE_MAX, NOTIFIES_PER_PHONE_MAX, NOTIFIES_PER_SECOND_OF_ALL, NOTIFY_PATIENCE,
    NOTIFY_ROWS_MAX, PROXY_RESYNCS_WAITING_MAX,
};
use crate::registrar::{Contact, Notice, Registrar};
use crate::stack::{Message, Request, SendError, Stack, Target};

/// Before the outbox is asked again after an error.
const AFTER_ERROR: Duration = Duration::from_secs(1);

/// Who carries a NOTIFY to a phone: the stack, or in a test somebody who notes it.
pub trait Tell: Send + Sync + 'static {
    /// Sends it and waits for the final answer.
    fn tell(&self, target: Target, request: Request) -> impl Future<Output = Result<Message, SendError>> + Send;
}

impl Tell for Stack {
    fn tell(&self, target: Target, request: Request) -> impl Future<Output = Result<Message, SendError>> + Send {
        self.request(target, request)
    }
}

/// What telling needs.
pub struct Parts<T> {
    /// Where the outbox is.
    pub store: Store,
    /// Who is registered.
    pub registrar: Arc<Registrar>,
    /// Who is to be left alone.
    pub quiet: Arc<Quiet>,
    /// What each brand understands.
    pub catalogue: InForce,
    /// Who carries it.
    pub teller: T,
    /// What is counted.
    pub metrics: NotifyMetrics,
    /// Who wants to know where phones stand.
    pub notice: Arc<dyn Notice>,
    /// `sip.resync_proxy`, `host:port`; none: phones that are live are not told.
    pub resync_proxy: Option<String>,
    /// This node.
    pub node: Uuid,
    /// The time of day.
    pub clock: fn() -> Time,
}

/// Follows the outbox and tells phones, until it is dropped.
pub async fn run<T: Tell>(parts: Parts<T>) {
    let parts = Arc::new(parts);
    let (recorder, rows) = Recorder::new(parts.metrics.clone());
    let (wishes, wished) = mpsc::channel(PROXY_RESYNCS_WAITING_MAX);
    let (news, heard) = mpsc::channel(NEWS_WAITING_MAX);
    // Ends with this future, whatever ends it.
    let mut beside = JoinSet::new();
    beside.spawn(record::write(parts.store.clone(), rows));
    beside.spawn(follow(parts.store.clone(), news));
    if let Some(proxy) = parts.resync_proxy.clone() {
        beside.spawn(proxy::run(Arc::clone(&parts), proxy, recorder.clone(), wished));
    }
    Notifier::new(parts, recorder, wishes).run(heard).await;
}

/// Passes on what is new in the outbox. While the store is down it waits; nothing is lost by that.
async fn follow(store: Store, news: mpsc::Sender<News>) {
    let start = loop {
        match store.read(outbox_last).await {
            Ok(last) => break last,
            Err(error) => tracing::warn!(%error, "the outbox cannot be read; phones are told later"),
        }
        tokio::time::sleep(AFTER_ERROR).await;
    };
    let mut reader = store.outbox_reader(start);
    loop {
        match reader.next().await {
            Ok(one) => {
                if news.send(one).await.is_err() {
                    return;
                }
            }
            Err(error) => {
                tracing::warn!(%error, "the outbox cannot be read; phones are told later");
                tokio::time::sleep(AFTER_ERROR).await;
            }
        }
    }
}

struct Notifier<T> {
    parts: Arc<Parts<T>>,
    recorder: Recorder,
    wishes: mpsc::Sender<proxy::Wish>,
    due: Due,
    /// Phones that were to be told and had no claim registered.
    absent: Sought<Mac>,
    /// Claims whose contact had ended when their time came.
    lapsed: Sought<Claim>,
    seats: Arc<Semaphore>,
    telling: JoinSet<()>,
    told: (mpsc::UnboundedSender<Claim>, mpsc::UnboundedReceiver<Claim>),
    found: (mpsc::Sender<Mac>, mpsc::Receiver<Mac>),
}

impl<T: Tell> Notifier<T> {
    fn new(parts: Arc<Parts<T>>, recorder: Recorder, wishes: mpsc::Sender<proxy::Wish>) -> Self {
        // Each phone that is being told says so once when that is over: as many as there are seats.
        let (told, found) = (mpsc::unbounded_channel(), mpsc::channel(NEWS_WAITING_MAX));
        let seats = Arc::new(Semaphore::new(NOTIFIES_AT_ONCE_MAX));
        let (due, absent, lapsed) = (Due::default(), Sought::default(), Sought::default());
        Self { parts, recorder, wishes, due, absent, lapsed, seats, telling: JoinSet::new(), told, found }
    }

    async fn run(mut self, mut heard: mpsc::Receiver<News>) {
        let mut minute = tokio::time::interval(Duration::from_mins(1));
        let mut looks = tokio::time::interval(LOOK_FOR_ABSENT);
        loop {
            let now = (self.parts.clock)();
            let room = self.seats.available_permits() / NOTIFIES_PER_PHONE_MAX;
            self.tell_due(room, now);
            // Without room only an end of telling makes some.
            let wait = self.due.next().filter(|_| room > 0).map(|at| Duration::from_millis(at.since(now).millis().unsigned_abs()));
            tokio::select! {
                news = heard.recv() => match news {
                    Some(News::Messages(messages)) => messages.iter().for_each(|message| self.hear(message)),
                    Some(News::Missed) => self.want_all(),
                    None => return,
                },
                Some(claim) = self.told.1.recv() => self.due.told(claim, (self.parts.clock)()),
                Some(mac) = self.found.1.recv() => self.want(mac, (self.parts.clock)()),
                () = self.parts.quiet.changed.notified() => self.due.call_ended((self.parts.clock)()),
                _ = looks.tick(), if !(self.absent.is_empty() && self.lapsed.is_empty()) => self.look_for_absent(),
                _ = minute.tick() => self.parts.quiet.sweep((self.parts.clock)()),
                Some(_) = self.telling.join_next(), if !self.telling.is_empty() => {}
                () = tokio::time::sleep(wait.unwrap_or(Duration::MAX)), if wait.is_some() => {}
            }
        }
    }

    fn hear(&mut self, message: &store::Message) {
        let now = (self.parts.clock)();
        let registrar = &self.parts.registrar;
        match news::read(message) {
            Some(Piece::Refetch(mac)) => {
                registrar.refresh(mac);
                self.want(mac, now);
                if self.parts.resync_proxy.is_some() && self.wishes.try_send((message.id, mac)).is_err() {
                    tracing::warn!(%mac, "too many resyncs at once: a phone is not told through the proxy");
                }
            }
            Some(Piece::Network { customer, network, except }) => self.want_network(customer, network, except),
            Some(Piece::Emergency(mac)) => self.parts.quiet.emergency(mac, now),
            Some(Piece::Device(mac)) => registrar.refresh(mac),
            None => {}
        }
    }

    fn want(&mut self, mac: Mac, now: Time) {
        let claims = self.parts.registrar.claims_of(mac);
        if claims.is_empty() {
            self.absent.look_for(mac, now);
        }
        for claim in claims {
            self.due.want(claim, now);
        }
    }

    /// Who has come back is told; who stays away too long fetches at his next poll.
    fn look_for_absent(&mut self) {
        let (now, registrar) = ((self.parts.clock)(), Arc::clone(&self.parts.registrar));
        for mac in self.absent.take_back(now, |mac| registrar.is_registered(*mac)) {
            self.want(mac, now);
        }
        for claim in self.lapsed.take_back(now, |claim| !registrar.contacts_of_claim(claim, now).is_empty()) {
            self.due.want(claim, now);
        }
    }

    /// Messages were missed: whatever changed, everybody asks once.
    fn want_all(&mut self) {
        let now = (self.parts.clock)();
        for (at, mac) in (0_i64..).zip(self.parts.registrar.macs()) {
            self.parts.registrar.refresh(mac);
            for claim in self.parts.registrar.claims_of(mac) {
                self.due.want_at(claim, now + Span::from_millis(at * 1_000 / NOTIFIES_PER_SECOND_OF_ALL));
            }
        }
    }

    /// A customer's phones in a network. Who is not known yet is looked up first, beside this.
    fn want_network(&mut self, customer: CustomerId, network: IpNet, except: Option<Mac>) {
        let (parts, found) = (Arc::clone(&self.parts), self.found.0.clone());
        self.telling.spawn(async move {
            for mac in parts.registrar.macs_in(&network).into_iter().filter(|mac| Some(*mac) != except) {
                let known = match parts.registrar.known(mac) {
                    Some(known) => known,
                    None => match parts.registrar.ask(&parts.store, &*parts.notice, mac, (parts.clock)()).await {
                        Ok(known) => known,
                        Err(error) => {
                            tracing::warn!(%mac, %error, "could not learn whose phone this is; it is not told");
                            continue;
                        }
                    },
                };
                let is_theirs = known.device.as_ref().is_some_and(|device| device.place.customer == customer);
                if is_theirs && found.send(mac).await.is_err() {
                    return;
                }
            }
        });
    }

    fn tell_due(&mut self, room: usize, now: Time) {
        let parts = Arc::clone(&self.parts);
        for claim in self.due.take(room, now, |claim| hold(&parts, &claim, now)) {
            if parts.registrar.contacts_of_claim(&claim, now).is_empty() {
                self.lapsed.look_for(claim, now);
                self.due.told(claim, now);
                continue;
            }
            let telling = tell_phone(Arc::clone(&self.parts), self.recorder.clone(), Arc::clone(&self.seats), claim);
            let told = Done { claim, told: self.told.0.clone() };
            self.telling.spawn(async move {
                telling.await;
                drop(told);
            });
        }
    }
}

/// Says that a phone was told, however its task ends.
struct Done {
    claim: Claim,
    told: mpsc::UnboundedSender<Claim>,
}

impl Drop for Done {
    fn drop(&mut self) {
        // Nobody listens any more only while everything ends.
        let _ = self.told.send(self.claim);
    }
}

fn hold<T>(parts: &Parts<T>, claim: &Claim, now: Time) -> Hold {
    let pause = || {
        let contacts = parts.registrar.contacts_of_claim(claim, now);
        let form = form::form(&parts.catalogue.current(), contacts.first(), parts.registrar.known(claim.mac).as_deref());
        Span::from_millis(i64::from(form.pause_millis))
    };
    parts.quiet.hold(claim, pause, now)
}

/// Tells all flows of a phone. Comes back when all have answered, or after a while: one that is silent is waited for beside this.
async fn tell_phone<T: Tell>(parts: Arc<Parts<T>>, recorder: Recorder, seats: Arc<Semaphore>, claim: Claim) {
    let mut telling = JoinSet::new();
    for (at, contact) in ways(parts.registrar.contacts_of_claim(&claim, (parts.clock)())).into_iter().enumerate() {
        let Ok(seat) = Arc::clone(&seats).acquire_owned().await else { return };
        let (parts, recorder) = (Arc::clone(&parts), recorder.clone());
        telling.spawn(async move {
            tell_contact(&parts, &recorder, &contact, at < NOTIFY_ROWS_MAX).await;
            drop(seat);
        });
    }
    let all = async { while telling.join_next().await.is_some() {} };
    if tokio::time::timeout(NOTIFY_PATIENCE, all).await.is_err() {
        telling.detach_all();
    }
}

/// The contacts to be told: the newest of each way to the phone.
fn ways(contacts: Vec<Contact>) -> Vec<Contact> {
    let mut newest = HashMap::new();
    for contact in contacts {
        newest.insert((contact.flow.id(), contact.path.clone()), contact);
    }
    newest.into_values().take(NOTIFIES_PER_PHONE_MAX).collect()
}

async fn tell_contact<T: Tell>(parts: &Parts<T>, recorder: &Recorder, contact: &Contact, shown: bool) {
    let mac = contact.claim.mac;
    let form = form::form(&parts.catalogue.current(), Some(contact), parts.registrar.known(mac).as_deref());
    let accounts = parts.registrar.accounts();
    let request = form::request(&form, &contact.uri, &contact.path)
        // Some phones want to know who tells them, and expect their own account.
        .credentials(&accounts.user(&contact.claim), accounts.password(&contact.claim));
    let told = Told::read(parts.teller.tell(Target::Flow(contact.flow.clone()), request).await);
    if told == Told::Gone {
        parts.registrar.drop_contact(contact);
    }
    recorder.note(mac, contact.address, "flow", told, shown, (parts.clock)());
}

#[cfg(test)]
mod tests;
