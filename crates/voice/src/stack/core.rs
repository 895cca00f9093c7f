//! Where messages meet transactions and dialogs.

use std::collections::HashMap;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use bytes::Bytes;
use tokio::sync::{mpsc, watch};
use tokio::time::Instant;

use super::Handler;
use super::address::{list, parameter};
use super::call::{Inbound, InboundCall};
use super::dialog::{Dialog, DialogKey};
use super::message::Message;
use super::outgoing::Reply;
use super::server::{Cancellable, Canceller, Key, Seen, Table};
use super::text::response;
use super::token::token;
use crate::edge::{Flow, Sink};
use crate::limits::{DIALOGS_MAX, HANDLERS_MAX, REFUSALS_REPEATED_MAX, RETRY_AFTER, SWEEP_EVERY};

/// The intervals of RFC 3261 table 4. Tests take shorter ones.
#[derive(Clone, Copy, Debug)]
pub struct Timers {
    /// The time of a round trip.
    pub t1: Duration,
    /// The longest interval between repetitions.
    pub t2: Duration,
    /// How long a message may live in the network.
    pub t4: Duration,
}

impl Default for Timers {
    fn default() -> Self {
        Self { t1: Duration::from_millis(500), t2: Duration::from_secs(4), t4: Duration::from_secs(5) }
    }
}

impl Timers {
    /// When a transaction gives up.
    pub(super) fn give_up(&self) -> Duration {
        self.t1 * 64
    }
}

/// Says of a request's address whether it is that of an emergency call.
pub type IsEmergency = Arc<dyn Fn(&str) -> bool + Send + Sync>;

/// What the transactions and dialogs of one stack share.
pub(crate) struct Core {
    pub(super) timers: Timers,
    /// The host in From of our own requests.
    pub(super) host: String,
    is_emergency: IsEmergency,
    servers: Mutex<Table>,
    /// Who waits for responses, by branch and method.
    clients: Mutex<HashMap<(String, String), mpsc::Sender<Message>>>,
    dialogs: Mutex<HashMap<DialogKey, Arc<Dialog>>>,
    /// None before the stack serves, and when it is closed: what it holds may hold the stack.
    handler: Mutex<Option<Arc<dyn Dispatch>>>,
    deciding: AtomicUsize,
    /// Refusals that are repeated until they are acknowledged.
    repeating: Arc<AtomicUsize>,
    is_draining: AtomicBool,
}

/// A handler whose futures run as tasks.
trait Dispatch: Send + Sync {
    fn request(self: Arc<Self>, inbound: Inbound);
    fn call(self: Arc<Self>, call: InboundCall);
}

impl<H: Handler> Dispatch for H {
    fn request(self: Arc<Self>, inbound: Inbound) {
        tokio::spawn(async move { Handler::request(&*self, inbound).await });
    }

    fn call(self: Arc<Self>, call: InboundCall) {
        tokio::spawn(async move { Handler::call(&*self, call).await });
    }
}

impl Core {
    pub(super) fn new(host: String, timers: Timers, is_emergency: IsEmergency) -> Arc<Self> {
        Arc::new(Self {
            timers,
            host,
            is_emergency,
            servers: Mutex::new(Table::new()),
            clients: Mutex::default(),
            dialogs: Mutex::default(),
            handler: Mutex::default(),
            deciding: AtomicUsize::new(0),
            repeating: Arc::default(),
            is_draining: AtomicBool::new(false),
        })
    }

    /// Names who decides.
    pub(super) fn hand_to<H: Handler>(&self, handler: Arc<H>) {
        *self.handler() = Some(handler);
    }

    /// Nobody decides any more.
    pub(super) fn let_go(&self) {
        // Taken out first: what is dropped may come back here.
        let handler = self.handler().take();
        drop(handler);
    }

    fn handler(&self) -> MutexGuard<'_, Option<Arc<dyn Dispatch>>> {
        self.handler.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Sweeps out what has ended, until the stack is gone.
    pub(super) async fn sweep(self: Arc<Self>) {
        let weak = Arc::downgrade(&self);
        drop(self);
        let mut ticks = tokio::time::interval(SWEEP_EVERY);
        loop {
            ticks.tick().await;
            let Some(core) = weak.upgrade() else { return };
            core.servers().sweep(Instant::now());
        }
    }

    /// From now on new calls are refused, emergency calls excepted.
    pub(super) fn drain(&self) {
        self.is_draining.store(true, Ordering::Relaxed);
    }

    /// All dialogs there are.
    pub(super) fn dialogs_now(&self) -> Vec<Arc<Dialog>> {
        self.dialogs().values().cloned().collect()
    }

    /// Whether no call is in progress or being set up, and nothing is being decided.
    pub(super) fn is_quiet(&self) -> bool {
        self.dialogs().is_empty() && self.deciding.load(Ordering::Relaxed) == 0
    }

    pub(super) fn keep_dialog(&self, dialog: &Arc<Dialog>) {
        self.dialogs().insert(dialog.key.clone(), Arc::clone(dialog));
    }

    pub(super) fn forget_dialog(&self, key: &DialogKey) {
        self.dialogs().remove(key);
    }

    pub(super) fn await_responses(&self, branch: &str, method: &str, sender: mpsc::Sender<Message>) {
        self.clients().insert((branch.to_owned(), method.to_owned()), sender);
    }

    pub(super) fn forget_responses(&self, branch: &str, method: &str) {
        self.clients().remove(&(branch.to_owned(), method.to_owned()));
    }

    fn servers(&self) -> MutexGuard<'_, Table> {
        self.servers.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn clients(&self) -> MutexGuard<'_, HashMap<(String, String), mpsc::Sender<Message>>> {
        self.clients.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn dialogs(&self) -> MutexGuard<'_, HashMap<DialogKey, Arc<Dialog>>> {
        self.dialogs.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn dialog_of(&self, request: &Message) -> Option<Arc<Dialog>> {
        let key = DialogKey::of_request(request)?;
        self.dialogs().get(&key).cloned()
    }

    fn response(&self, response: Message) {
        let via = response.header("Via").and_then(|field| list(field).next()).unwrap_or_default();
        let (Some(branch), method) = (parameter(via, "branch"), response.method()) else { return };
        let waiting = self.clients().get(&(branch.to_owned(), method.to_owned())).cloned();
        if let Some(waiting) = waiting {
            // Whoever has a full queue of unread responses has enough of them.
            let _ = waiting.try_send(response);
        }
    }

    fn ack(self: &Arc<Self>, ack: &Message, flow: &Flow) {
        let remembered = if flow.transport().is_reliable() { Duration::ZERO } else { self.timers.t4 };
        let is_of_refusal = {
            let mut servers = self.servers();
            let key = servers.key(ack, flow);
            servers.acknowledge(key, Instant::now(), remembered)
        };
        if !is_of_refusal && let Some(dialog) = self.dialog_of(ack) {
            dialog.acknowledged(ack, flow);
        }
    }

    fn cancel(self: &Arc<Self>, cancel: &Message, flow: &Flow) {
        let (key, cancelled) = {
            let servers = self.servers();
            let key = servers.key(cancel, flow);
            (key, servers.cancellable(key))
        };
        match cancelled {
            Cancellable::Unknown => reply_at_once(cancel, flow, &Reply::new(481)),
            Cancellable::Answered => reply_at_once(cancel, flow, &Reply::new(200)),
            Cancellable::Waiting(canceller) => {
                reply_at_once(cancel, flow, &Reply::new(200));
                self.terminate(key, &canceller);
            }
        }
    }

    /// Answers a cancelled INVITE by 487, unless its final answer was quicker.
    fn terminate(self: &Arc<Self>, key: Key, canceller: &Canceller) {
        let bytes = response(&canceller.request, &Reply::new(487), &canceller.tag);
        let is_first = self.servers().finish(key, &bytes, false, Instant::now(), self.timers.give_up());
        if is_first {
            canceller.told.send_replace(true);
            let _ = canceller.flow.send(&bytes);
            self.repeat_refusal(key, &canceller.flow, bytes);
        }
    }

    fn repeat_refusal(self: &Arc<Self>, key: Key, flow: &Flow, bytes: Bytes) {
        if flow.transport().is_reliable() {
            return;
        }
        // Who asks for a call may lie about his address; then each of his datagrams would bring ten to somebody else.
        if let Some(place) = Repeating::take(&self.repeating) {
            tokio::spawn(repeat_refusal(Arc::clone(self), key, flow.clone(), bytes, place));
        }
    }

    fn request(self: &Arc<Self>, request: Message, flow: &Flow) {
        let is_invite = request.method() == "INVITE";
        let dialog = if request.to_tag().is_some() && request.method() != "REGISTER" {
            let Some(dialog) = self.dialog_of(&request) else {
                return reply_at_once(&request, flow, &Reply::new(481));
            };
            Some(dialog)
        } else {
            None
        };
        let tag = token();
        let canceller = is_invite.then(|| {
            let (request, flow, tag) = (request.clone(), flow.clone(), tag.clone());
            Arc::new(Canceller { request, flow, tag, told: watch::Sender::new(false) })
        });
        let cancelling = canceller.as_ref().map(|canceller| canceller.told.subscribe());
        let (key, seen) = {
            let mut servers = self.servers();
            let key = servers.key(&request, flow);
            (key, servers.begin(key, canceller))
        };
        if let Seen::Again(answered) = seen {
            if let Some(answer) = answered {
                let _ = flow.send(&answer);
            }
            return;
        }
        let mut exchange = Exchange::new(Arc::clone(self), request, flow.clone(), key, tag);
        if let Some(dialog) = dialog {
            return dialog.request(exchange, cancelling);
        }
        let is_emergency = is_invite && (self.is_emergency)(exchange.request.uri());
        let is_full = exchange.is_crowded || (is_invite && self.dialogs().len() >= DIALOGS_MAX);
        let is_refused = is_full || (is_invite && self.is_draining.load(Ordering::Relaxed));
        let handler = self.handler().clone().filter(|_| is_emergency || !is_refused);
        let Some(handler) = handler else {
            exchange.respond(&busy());
            return;
        };
        match cancelling {
            Some(cancelling) => {
                exchange.respond(&Reply::new(100));
                handler.call(InboundCall::new(exchange, cancelling));
            }
            None => handler.request(Inbound::new(exchange)),
        }
    }
}

impl Sink for Core {
    fn take(self: Arc<Self>, message: Message, flow: &Flow) {
        match (message.is_request(), message.method()) {
            (false, _) => self.response(message),
            (true, "ACK") => self.ack(&message, flow),
            (true, "CANCEL") => self.cancel(&message, flow),
            (true, _) => self.request(message, flow),
        }
    }

    fn refuse_busy(&self, request: &Message, flow: &Flow) {
        reply_at_once(request, flow, &busy());
    }

    fn is_exempt(&self, message: &Message, flow: &Flow) -> bool {
        if !message.is_request() || message.method() == "ACK" {
            return true;
        }
        if message.method() == "INVITE" && (self.is_emergency)(message.uri()) {
            return true;
        }
        let is_known = {
            let servers = self.servers();
            servers.holds(servers.key(message, flow))
        };
        is_known || self.dialog_of(message).is_some()
    }
}

/// Answers without remembering.
fn reply_at_once(request: &Message, flow: &Flow, reply: &Reply) {
    let _ = flow.send(&response(request, reply, &token()));
}

fn busy() -> Reply {
    Reply::new(503).header("Retry-After", &RETRY_AFTER.to_string())
}

/// A request and its answer: answered once, and by 500 if whoever decides gives up.
pub(super) struct Exchange {
    pub(super) core: Arc<Core>,
    pub(super) request: Message,
    pub(super) flow: Flow,
    /// Ours, for the To of the answers.
    pub(super) tag: String,
    key: Key,
    is_settled: bool,
    /// Whether it came into a full house.
    is_crowded: bool,
}

impl Exchange {
    fn new(core: Arc<Core>, request: Message, flow: Flow, key: Key, tag: String) -> Self {
        let is_crowded = core.deciding.fetch_add(1, Ordering::Relaxed) >= HANDLERS_MAX;
        Self { core, request, flow, tag, key, is_settled: false, is_crowded }
    }

    /// Answers. False if there is a final answer already: a CANCEL was quicker.
    pub(super) fn respond(&mut self, reply: &Reply) -> bool {
        self.respond_with(reply).is_some()
    }

    /// Answers, and gives what was sent.
    pub(super) fn respond_with(&mut self, reply: &Reply) -> Option<Bytes> {
        if self.is_settled {
            return None;
        }
        let bytes = response(&self.request, reply, &self.tag);
        if reply.status < 200 {
            return self.core.servers().proceed(self.key, &bytes).then(|| self.send(bytes));
        }
        self.settle();
        let (is_invite, is_reliable) = (self.request.method() == "INVITE", self.flow.transport().is_reliable());
        let is_accepted = is_invite && reply.status < 300;
        let remembered = if is_invite || !is_reliable { self.core.timers.give_up() } else { Duration::ZERO };
        let is_first = self.core.servers().finish(self.key, &bytes, is_accepted, Instant::now(), remembered);
        if !is_first {
            return None;
        }
        if is_invite && !is_accepted {
            self.core.repeat_refusal(self.key, &self.flow, bytes.clone());
        }
        Some(self.send(bytes))
    }

    fn send(&self, bytes: Bytes) -> Bytes {
        // A connection that has ended takes no answer; the phone asks again over the next one.
        let _ = self.flow.send(&bytes);
        bytes
    }

    fn settle(&mut self) {
        if !self.is_settled {
            self.is_settled = true;
            self.core.deciding.fetch_sub(1, Ordering::Relaxed);
        }
    }
}

impl Drop for Exchange {
    fn drop(&mut self) {
        if !self.is_settled {
            self.respond(&Reply::new(500));
        }
    }
}

/// Repeats the refusal of an INVITE until its ACK comes (timers G and H).
async fn repeat_refusal(core: Arc<Core>, key: Key, flow: Flow, bytes: Bytes, _place: Repeating) {
    let timers = core.timers;
    let ends = Instant::now() + timers.give_up();
    let mut interval = timers.t1;
    while Instant::now() + interval < ends {
        tokio::time::sleep(interval).await;
        if !core.servers().is_unacknowledged(key) || flow.send(&bytes).is_err() {
            return;
        }
        interval = (interval * 2).min(timers.t2);
    }
}

/// A place among the refusals that are repeated; free again when dropped.
struct Repeating(Arc<AtomicUsize>);

impl Repeating {
    fn take(repeating: &Arc<AtomicUsize>) -> Option<Self> {
        let place = Self(Arc::clone(repeating));
        (repeating.fetch_add(1, Ordering::Relaxed) < REFUSALS_REPEATED_MAX).then_some(place)
    }
}

impl Drop for Repeating {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_so_many_refusals_are_repeated() {
        let repeating = Arc::default();
        let mut places: Vec<_> = (0..REFUSALS_REPEATED_MAX).map(|_| Repeating::take(&repeating).unwrap()).collect();
        assert!(Repeating::take(&repeating).is_none() && Repeating::take(&repeating).is_none());
        places.pop();
        let _place = Repeating::take(&repeating).unwrap();
        assert!(Repeating::take(&repeating).is_none());
    }
}
