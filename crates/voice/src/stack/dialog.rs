//! Dialogs (RFC 3261 section 12): what belongs to a call that was answered.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use bytes::Bytes;
use tokio::sync::{Notify, mpsc, watch};
use tokio::time::{Instant, sleep, timeout};

use super::address::{Address, list};
use super::client;
use super::core::{Core, Exchange};
use super::leg::{Answerer, Ended, InfoBody, LegEvent};
use super::message::Message;
use super::outgoing::{Credentials, Reply};
use super::text::{ALLOW, Draft};
use crate::edge::{Flow, FlowGone};
use crate::limits::{ACK_PATIENCE, LEG_EVENTS_MAX, RETRY_AFTER};

/// Call-ID, our tag, the other side's tag.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) struct DialogKey {
    call_id: String,
    ours: String,
    theirs: String,
}

impl DialogKey {
    /// The dialog that a request of the other side belongs to; none if it names none.
    pub(super) fn of_request(request: &Message) -> Option<Self> {
        let ours = request.to_tag()?.to_owned();
        Some(Self { call_id: request.call_id().to_owned(), ours, theirs: request.from_tag().to_owned() })
    }
}

pub(super) struct Dialog {
    pub(super) core: Arc<Core>,
    pub(super) key: DialogKey,
    /// From and To of our requests.
    local: String,
    remote: String,
    routes: Vec<String>,
    pub(super) contact: String,
    credentials: Option<Credentials>,
    state: Mutex<State>,
    events: mpsc::Sender<LegEvent>,
    acknowledged: Notify,
}

struct State {
    /// The request address of our requests.
    target: String,
    flow: Flow,
    cseq: u32,
    their_cseq: u32,
    /// Our last session description.
    sdp: Bytes,
    /// An INVITE of ours is under way.
    is_asking: bool,
    /// An INVITE or UPDATE of theirs waits for its answer.
    is_asked: bool,
    /// The number of the INVITE whose 2xx waits for its ACK.
    unacknowledged: Option<u32>,
    has_ended: bool,
}

/// What is wrong with a re-INVITE of ours.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum ReinviteError {
    /// Refused with that status; the session stays as it was.
    #[error("refused with {0}")]
    Refused(u16),
    /// The other side did not answer, or the call has ended.
    #[error("the call is gone")]
    Gone,
}

impl Dialog {
    /// The dialog of a call that we take. `contact` is ours; `sdp` what we answer.
    pub(super) fn of_caller(exchange: &Exchange, contact: String, sdp: Bytes) -> (Arc<Self>, mpsc::Receiver<LegEvent>) {
        let request = &exchange.request;
        let key = DialogKey { call_id: request.call_id().to_owned(), ours: exchange.tag.clone(), theirs: request.from_tag().to_owned() };
        let number = request.cseq().map_or(0, |(number, _)| number);
        let target = target_of(request).unwrap_or_else(|| request.from().uri.to_owned());
        let local = format!("{};tag={}", request.header("To").unwrap_or_default(), exchange.tag);
        let remote = request.header("From").unwrap_or_default().to_owned();
        let routes = request.all("Record-Route").flat_map(list).map(str::to_owned).collect();
        let state = State { target, flow: exchange.flow.clone(), cseq: 0, their_cseq: number, sdp, ..State::new(&exchange.flow) };
        Self::keep(Parts { core: &exchange.core, key, local, remote, routes, contact, credentials: None, state })
    }

    /// The dialog of a call that we made, from its INVITE and the 2xx.
    pub(super) fn of_callee(
        core: &Arc<Core>,
        draft: &Draft,
        answer: &Message,
        flow: &Flow,
        contact: String,
        credentials: Option<Credentials>,
    ) -> (Arc<Self>, mpsc::Receiver<LegEvent>) {
        let theirs = answer.to_tag().unwrap_or_default().to_owned();
        let key = DialogKey { call_id: draft.call_id.clone(), ours: answer.from_tag().to_owned(), theirs };
        let mut routes: Vec<_> = answer.all("Record-Route").flat_map(list).map(str::to_owned).collect();
        routes.reverse();
        let target = target_of(answer).unwrap_or_else(|| draft.uri.clone());
        let remote = answer.header("To").unwrap_or_default().to_owned();
        let sdp = draft.body.as_ref().map(|(_, sdp)| sdp.clone()).unwrap_or_default();
        let state = State { target, cseq: draft.cseq, sdp, ..State::new(flow) };
        Self::keep(Parts { core, key, local: draft.from.clone(), remote, routes, contact, credentials, state })
    }

    fn keep(parts: Parts<'_>) -> (Arc<Self>, mpsc::Receiver<LegEvent>) {
        let (events, received) = mpsc::channel(LEG_EVENTS_MAX);
        let Parts { core, key, local, remote, routes, contact, credentials, state } = parts;
        let dialog = Arc::new(Self {
            core: Arc::clone(core),
            key,
            local,
            remote,
            routes,
            contact,
            credentials,
            state: Mutex::new(state),
            events,
            acknowledged: Notify::new(),
        });
        core.keep_dialog(&dialog);
        (dialog, received)
    }

    pub(super) fn forget(&self) {
        self.core.forget_dialog(&self.key);
    }

    pub(super) fn flow(&self) -> Flow {
        self.state().flow.clone()
    }

    /// Marks the end. False if it had ended before.
    pub(super) fn end(&self) -> bool {
        !std::mem::replace(&mut self.state().has_ended, true)
    }

    pub(super) fn has_ended(&self) -> bool {
        self.state().has_ended
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A request of ours inside the dialog, with the next number, or an ACK with that of its INVITE.
    fn draft(&self, method: &str, number: Option<u32>) -> (Draft, Flow) {
        let mut state = self.state();
        if number.is_none() {
            state.cseq += 1;
        }
        let mut headers: Vec<_> = self.routes.iter().map(|route| ("Route".to_owned(), route.clone())).collect();
        headers.push(("Contact".to_owned(), self.contact.clone()));
        let draft = Draft {
            method: method.to_owned(),
            uri: state.target.clone(),
            from: self.local.clone(),
            to: self.remote.clone(),
            call_id: self.key.call_id.clone(),
            cseq: number.unwrap_or(state.cseq),
            headers,
            body: None,
        };
        (draft, state.flow.clone())
    }

    /// Ends the call from our side, if it has not ended; comes back when the BYE was answered or given up. Whether it was
    /// answered.
    pub(super) async fn bye(self: Arc<Self>) -> bool {
        if !self.end() {
            return true;
        }
        // For whoever waits for news of the call, if that is somebody else.
        self.tell(LegEvent::Ended(Ended::ByUs));
        // A BYE must not overtake our own answer (section 15).
        let _ = timeout(ACK_PATIENCE, self.wait_for_ack()).await;
        self.say_bye().await
    }

    async fn say_bye(&self) -> bool {
        let (mut draft, flow) = self.draft("BYE", None);
        let answered = client::ask(&self.core, &flow, &mut draft, self.credentials.as_ref()).await;
        self.forget();
        answered.is_ok()
    }

    /// A challenged request was sent again under the next number.
    fn count_to(&self, number: u32) {
        let mut state = self.state();
        state.cseq = state.cseq.max(number);
    }

    async fn wait_for_ack(&self) {
        loop {
            let acknowledged = self.acknowledged.notified();
            if self.state().unacknowledged.is_none() {
                return;
            }
            acknowledged.await;
        }
    }

    /// The other side's ACK of a 2xx.
    pub(super) fn acknowledged(&self, ack: &Message, flow: &Flow) {
        let number = ack.cseq().map(|(number, _)| number);
        let mut state = self.state();
        if state.unacknowledged.is_some() && state.unacknowledged == number {
            state.unacknowledged = None;
            state.flow = flow.clone();
            drop(state);
            self.acknowledged.notify_waiters();
        }
    }

    /// A 2xx to this request is about to leave. To be called before it does: its ACK may be back at once.
    pub(super) fn expect_ack(&self, request: &Message) {
        self.state().unacknowledged = request.cseq().map(|(number, _)| number);
    }

    /// Repeats a 2xx, whose ACK is expected, until that comes; without one the call ends (RFC 3261, "The INVITE is Accepted").
    pub(super) fn repeat_until_acknowledged(self: &Arc<Self>, request: &Message, sent: Bytes) {
        let number = request.cseq().map(|(number, _)| number);
        let dialog = Arc::clone(self);
        tokio::spawn(async move {
            let timers = dialog.core.timers;
            let ends = Instant::now() + timers.give_up();
            let mut interval = timers.t1;
            loop {
                let waited = timeout(interval, dialog.wait_for_ack()).await;
                if waited.is_ok() || dialog.state().unacknowledged != number {
                    return;
                }
                if Instant::now() >= ends || dialog.flow().send(&sent) == Err(FlowGone) {
                    break;
                }
                interval = (interval * 2).min(timers.t2);
            }
            dialog.state().unacknowledged = None;
            dialog.acknowledged.notify_waiters();
            if dialog.end() {
                dialog.tell(LegEvent::Ended(Ended::Unacknowledged));
                dialog.say_bye().await;
            }
        });
    }

    fn tell(&self, event: LegEvent) -> bool {
        self.events.try_send(event).is_ok()
    }

    /// A request of the other side inside the dialog.
    pub(super) fn request(self: &Arc<Self>, mut exchange: Exchange, cancelled: Option<watch::Receiver<bool>>) {
        let number = exchange.request.cseq().map_or(0, |(number, _)| number);
        let is_out_of_order = {
            let mut state = self.state();
            let is_late = number < state.their_cseq;
            if !is_late {
                state.their_cseq = number;
                // It knows both tags, so it is the other side: after a new address or connection it is reached there.
                state.flow = exchange.flow.clone();
            }
            is_late
        };
        if is_out_of_order {
            exchange.respond(&Reply::new(500));
            return;
        }
        match exchange.request.method() {
            "BYE" => self.hang_up(exchange),
            "INFO" => self.info(exchange),
            "OPTIONS" => {
                exchange.respond(&Reply::new(200).header("Allow", ALLOW).header("Accept", "application/sdp"));
            }
            "INVITE" | "UPDATE" => self.offer(exchange, cancelled),
            "NOTIFY" => {
                exchange.respond(&Reply::new(489));
            }
            // A PRACK without a reliable provisional answer, a REGISTER inside a call.
            _ => {
                exchange.respond(&Reply::new(481));
            }
        }
    }

    fn hang_up(&self, mut exchange: Exchange) {
        exchange.respond(&Reply::new(200));
        self.state().unacknowledged = None;
        self.acknowledged.notify_waiters();
        // While our own BYE is under way the dialog stays until that is answered.
        if self.end() {
            self.tell(LegEvent::Ended(Ended::HungUp));
            self.forget();
        }
    }

    fn info(&self, mut exchange: Exchange) {
        exchange.respond(&Reply::new(200));
        let request = &exchange.request;
        let content_type = request.content_type().unwrap_or_default().to_owned();
        if !self.tell(LegEvent::Info { content_type, body: InfoBody(request.body_bytes()) }) {
            tracing::debug!("an INFO was dropped: too many wait to be read");
        }
    }

    fn offer(self: &Arc<Self>, mut exchange: Exchange, cancelled: Option<watch::Receiver<bool>>) {
        let is_invite = exchange.request.method() == "INVITE";
        let sdp = exchange.request.sdp().map(<[u8]>::to_vec);
        if sdp.is_none() && !exchange.request.body().is_empty() {
            exchange.respond(&Reply::new(415).header("Accept", "application/sdp"));
            return;
        }
        let retry = RETRY_AFTER.to_string();
        let refusal = {
            let mut state = self.state();
            let refusal = if state.has_ended {
                Some(Reply::new(481))
            } else if state.is_asking {
                Some(Reply::new(491))
            } else if state.is_asked || (is_invite && state.unacknowledged.is_some()) {
                Some(Reply::new(500).header("Retry-After", &retry))
            } else {
                None
            };
            if refusal.is_none() {
                state.is_asked = sdp.is_some();
                if let Some(target) = target_of(&exchange.request) {
                    state.target = target;
                }
            }
            refusal
        };
        if let Some(refusal) = refusal {
            exchange.respond(&refusal);
            return;
        }
        let Some(sdp) = sdp else { return self.refresh(exchange) };
        if is_invite {
            exchange.respond(&Reply::new(100));
        }
        let answerer = Answerer::new(exchange, Arc::clone(self), cancelled);
        // If it is not taken, dropping it refuses the offer.
        self.tell(LegEvent::Offer { sdp, answerer });
    }

    /// A re-INVITE or UPDATE without an offer: the session stays as it is; an INVITE gets our description again.
    fn refresh(self: &Arc<Self>, mut exchange: Exchange) {
        let reply = Reply::new(200).header("Contact", &self.contact);
        let is_invite = exchange.request.method() == "INVITE";
        let reply = if is_invite { reply.header("Allow", ALLOW).sdp(self.state().sdp.clone()) } else { reply };
        self.accept(&mut exchange, &reply, is_invite);
    }

    /// Answers an offer of theirs.
    pub(super) fn answer(self: &Arc<Self>, exchange: &mut Exchange, sdp: Option<Bytes>, status: u16) {
        self.state().is_asked = false;
        let Some(sdp) = sdp else {
            exchange.respond(&Reply::new(status));
            return;
        };
        self.state().sdp = sdp.clone();
        let reply = Reply::new(200).header("Contact", &self.contact).header("Allow", ALLOW).sdp(sdp);
        let is_invite = exchange.request.method() == "INVITE";
        self.accept(exchange, &reply, is_invite);
    }

    /// Sends a 2xx inside the dialog. That to an INVITE is repeated until it is acknowledged.
    fn accept(self: &Arc<Self>, exchange: &mut Exchange, reply: &Reply, is_invite: bool) {
        if is_invite {
            self.expect_ack(&exchange.request);
        }
        match exchange.respond_with(reply) {
            Some(sent) if is_invite => self.repeat_until_acknowledged(&exchange.request, sent),
            None if is_invite => self.state().unacknowledged = None,
            Some(_) | None => {}
        }
    }

    /// Offers another session description; gives the answer. One glare is waited out.
    pub(super) async fn reinvite(self: &Arc<Self>, sdp: Bytes) -> Result<Bytes, ReinviteError> {
        match self.reinvite_once(sdp.clone()).await {
            Err(ReinviteError::Refused(491)) => {
                sleep(self.core.timers.t1 * 2 + std::time::Duration::from_millis(super::token::below(1000))).await;
                self.reinvite_once(sdp).await
            }
            result => result,
        }
    }

    async fn reinvite_once(self: &Arc<Self>, sdp: Bytes) -> Result<Bytes, ReinviteError> {
        {
            let mut state = self.state();
            if state.has_ended {
                return Err(ReinviteError::Gone);
            }
            if state.is_asking || state.is_asked {
                return Err(ReinviteError::Refused(491));
            }
            state.is_asking = true;
        }
        let _asking = Asking(self);
        let (mut draft, flow) = self.draft("INVITE", None);
        draft.body = Some(("application/sdp".to_owned(), sdp.clone()));
        let (_never, mut cancelled) = watch::channel(false);
        let answered = client::invite(&self.core, &flow, draft, self.credentials.as_ref(), &mut cancelled, |_| {}).await;
        let answered = answered.map_err(|_| ReinviteError::Gone)?;
        let status = answered.response.status();
        self.count_to(answered.draft.cseq);
        let Some(transaction) = answered.transaction else {
            return Err(if matches!(status, 408 | 481) { ReinviteError::Gone } else { ReinviteError::Refused(status) });
        };
        {
            let mut state = self.state();
            state.sdp = sdp;
            if let Some(target) = target_of(&answered.response) {
                state.target = target;
            }
        }
        self.acknowledge(transaction, &answered.draft);
        Ok(answered.response.sdp().map(Bytes::copy_from_slice).unwrap_or_default())
    }

    /// Sends the ACK of a 2xx, and again for each repetition of it.
    pub(super) fn acknowledge(&self, transaction: client::Transaction, invite: &Draft) {
        let (mut draft, flow) = self.draft("ACK", Some(invite.cseq));
        // It proves itself as its INVITE did (section 22.1): nobody can challenge it.
        let is_proof = |name: &str| ["Authorization", "Proxy-Authorization"].iter().any(|proof| name.eq_ignore_ascii_case(proof));
        draft.headers.extend(invite.headers.iter().filter(|(name, _)| is_proof(name)).cloned());
        let ack = draft.bytes(&flow, &format!("z9hG4bK{}", super::token::token()));
        let _ = flow.send(&ack);
        tokio::spawn(transaction.keep_acknowledging(ack));
    }
}

/// While it lives, an INVITE of ours is under way.
struct Asking<'a>(&'a Dialog);

impl Drop for Asking<'_> {
    fn drop(&mut self) {
        self.0.state().is_asking = false;
    }
}

struct Parts<'a> {
    core: &'a Arc<Core>,
    key: DialogKey,
    local: String,
    remote: String,
    routes: Vec<String>,
    contact: String,
    credentials: Option<Credentials>,
    state: State,
}

impl State {
    fn new(flow: &Flow) -> Self {
        Self {
            target: String::new(),
            flow: flow.clone(),
            cseq: 0,
            their_cseq: 0,
            sdp: Bytes::new(),
            is_asking: false,
            is_asked: false,
            unacknowledged: None,
            has_ended: false,
        }
    }
}

/// The address in Contact.
fn target_of(message: &Message) -> Option<String> {
    let contact = message.header("Contact").and_then(|field| list(field).next())?;
    Some(Address::parse(contact).uri).filter(|uri| !uri.is_empty() && *uri != "*").map(str::to_owned)
}
