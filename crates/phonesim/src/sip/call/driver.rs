//! What runs a call, from INVITE to BYE.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::{mpsc, oneshot, watch};
use tokio::time::{Instant, sleep_until};
use wire::sdp::Direction;

use super::description::Description;
use super::dialog::Dialog;
use super::{CallOptions, CallState, Control, End, Side};
use crate::limits::{SIP_CHALLENGES_MAX, SIP_WAITING_MAX};
use crate::sip::agent::{Agent, InboundRequest, Responses, Shared, SipAccount};
use crate::sip::message::Message;
use crate::sip::sound::Sound;

/// How long a phone lets it ring (RFC 3261, "The INVITE is Accepted").
const RINGS: Duration = Duration::from_mins(3);

/// The task of one call.
pub(super) struct Driver {
    agent: Agent,
    account: SipAccount,
    options: CallOptions,
    dialog: Arc<Mutex<Dialog>>,
    sound: Sound,
    description: Description,
    state: watch::Sender<CallState>,
    control: mpsc::Receiver<Control>,
    inbox: mpsc::Receiver<InboundRequest>,
}

/// What keeps an established call alive besides requests.
struct Standing {
    /// More copies of the answer to our INVITE, each of which wants its ACK.
    answers: Option<(Responses, Message)>,
    /// Our own answer, repeated until its ACK comes.
    unconfirmed: Option<(InboundRequest, Message)>,
}

impl Driver {
    pub fn new(
        agent: Agent,
        account: SipAccount,
        options: CallOptions,
        dialog: Arc<Mutex<Dialog>>,
        sound: Sound,
        state: watch::Sender<CallState>,
        control: mpsc::Receiver<Control>,
    ) -> Self {
        let shared = agent.shared();
        let (sender, inbox) = mpsc::channel(SIP_WAITING_MAX);
        let call_id = dialog.lock().unwrap_or_else(PoisonError::into_inner).call_id.clone();
        shared.table().begin_call(&call_id, sender);
        let description = Description {
            address: shared.shown().ip(),
            port: sound.port,
            codecs: options.codecs.clone(),
            telephone_events: options.telephone_events,
            session: shared.number() >> 1,
            version: 0,
        };
        Self { agent, account, options, dialog, sound, description, state, control, inbox }
    }

    /// A call that we make.
    pub async fn call(mut self) {
        let end = match self.invite().await {
            Ok(standing) => self.talk(standing).await,
            Err(end) => end,
        };
        self.state.send_replace(CallState::Ended(end));
    }

    /// A call that came.
    pub async fn ring(mut self, inbound: InboundRequest) {
        let end = match self.wait_for_owner(inbound).await {
            Ok(standing) => self.talk(standing).await,
            Err(end) => end,
        };
        self.state.send_replace(CallState::Ended(end));
    }

    /// Sends the INVITE, as often as it is challenged.
    async fn invite(&mut self) -> Result<Standing, End> {
        let shared = self.shared();
        let offer = self.description.offer(Direction::SendRecv);
        let mut request = self.dialog().request("INVITE").with("Contact", &shared.contact(&self.account));
        request = request.with("Allow", "INVITE, ACK, BYE, CANCEL, OPTIONS, INFO, NOTIFY").with_body("application/sdp", offer);
        for (name, value) in &self.options.fields {
            request = request.with(name, value);
        }
        shared.answer_unasked(&mut request, &self.account.login);
        for _ in 0..=SIP_CHALLENGES_MAX {
            let (sent, responses) = shared.begin(request.clone());
            let (response, responses) = self.attempt(&sent, responses).await?;
            let status = response.status().unwrap_or_default();
            shared.tell_sent(&sent, Some(status));
            if (200..300).contains(&status) {
                return self.established(&sent, &response, responses).await;
            }
            self.confirm_refusal(&sent, &response).await;
            if !shared.answer_challenge(&mut request, &response, &self.account.login) {
                return Err(End { by: Side::Them, status: Some(status), reason: reason(&response) });
            }
            let count = request.cseq().map_or(0, |(count, _)| count);
            self.dialog().counted(count);
        }
        Err(End { by: Side::Them, status: Some(401), reason: None })
    }

    /// One INVITE up to its final answer. Hanging up meanwhile sends CANCEL, as soon as somebody has shown that he listens.
    async fn attempt(&mut self, sent: &Message, mut responses: Responses) -> Result<(Message, Responses), End> {
        let shared = self.shared();
        let timers = shared.options.timers;
        let (bytes, to) = (sent.to_bytes(), shared.link.server);
        shared.send(&bytes, to).await.map_err(End::network)?;
        let (mut wait, mut deadline) = (timers.t1, Instant::now() + timers.give_up);
        let mut again = Instant::now() + wait;
        let (mut is_heard, mut is_hung_up) = (false, false);
        loop {
            tokio::select! {
                response = responses.next() => {
                    let response = response.ok_or(End::of(Side::Network))?;
                    let status = response.status().unwrap_or_default();
                    if status >= 200 {
                        return Ok((response, responses));
                    }
                    if !is_heard {
                        (is_heard, deadline) = (true, Instant::now() + RINGS);
                        if is_hung_up {
                            (again, wait) = (Instant::now(), timers.t1);
                        }
                    }
                    self.progress(status, &response);
                }
                control = self.control.recv(), if !is_hung_up => {
                    if matches!(control, None | Some(Control::HangUp)) {
                        (is_hung_up, again, wait) = (true, Instant::now(), timers.t1);
                        deadline = Instant::now() + timers.give_up;
                    }
                }
                () = sleep_until(again), if is_hung_up && is_heard => {
                    shared.send(&cancel(sent).to_bytes(), to).await.map_err(End::network)?;
                    (wait, again) = (wait * 2, Instant::now() + wait);
                }
                () = sleep_until(again), if !is_heard && !shared.link.is_reliable() => {
                    shared.send(&bytes, to).await.map_err(End::network)?;
                    wait *= 2;
                    again = Instant::now() + wait;
                }
                () = sleep_until(deadline) => return Err(End::of(if is_hung_up { Side::Us } else { Side::Network })),
            }
        }
    }

    fn progress(&mut self, status: u16, response: &Message) {
        self.state.send_replace(CallState::Proceeding(status));
        if let Some(agreed) = Some(response.body()).filter(|body| !body.is_empty()).and_then(|body| self.description.accepted(body)) {
            self.sound.agree(agreed);
        }
    }

    async fn established(&mut self, sent: &Message, response: &Message, responses: Responses) -> Result<Standing, End> {
        let shared = self.shared();
        self.dialog().established(response);
        let count = sent.cseq().map_or(1, |(count, _)| count);
        let ack = self.confirm(count).await.map_err(End::network)?;
        if let Some(agreed) = self.description.accepted(response.body()) {
            self.sound.agree(agreed);
        } else if self.sound.agreed().is_none() {
            let (bye, to) = self.dialog().next(&shared, "BYE");
            drop(self.agent.converse(bye, to, &self.account.login).await);
            return Err(End::of(Side::Us));
        }
        self.state.send_replace(CallState::Answered);
        Ok(Standing { answers: Some((responses, ack)), unconfirmed: None })
    }

    /// ACK of an answer.
    async fn confirm(&self, count: u32) -> Result<Message, crate::sip::agent::SipError> {
        let shared = self.shared();
        let (ack, to) = self.dialog().confirmation(&shared, count);
        // Nobody answers an ACK: its transaction is only begun for its `Via`.
        let (ack, _) = shared.begin(ack);
        shared.send(&ack.to_bytes(), to).await?;
        Ok(ack)
    }

    /// ACK of a refusal: part of the same transaction.
    async fn confirm_refusal(&self, sent: &Message, response: &Message) {
        let shared = self.shared();
        let mut ack = cancel(sent).renamed("ACK");
        ack.set("To", response.header("To").unwrap_or_default());
        let bytes = ack.to_bytes();
        shared.table().confirmed(sent, &bytes);
        drop(shared.send(&bytes, shared.link.server).await);
    }

    /// Rings until the owner picks up, hangs up, or the caller gives up.
    async fn wait_for_owner(&mut self, inbound: InboundRequest) -> Result<Standing, End> {
        let shared = self.shared();
        let tag = self.dialog().own_tag().to_owned();
        let ringing = Message::response(inbound.message(), 180, "Ringing", &tag).with("Contact", &shared.contact(&self.account));
        drop(shared.send(&ringing.to_bytes(), inbound.from()).await);
        self.state.send_replace(CallState::Proceeding(180));
        loop {
            tokio::select! {
                control = self.control.recv() => match control {
                    Some(Control::PickUp) => return self.pick_up(inbound, &tag).await,
                    Some(Control::Hold(_, done)) => drop(done.send(Err(End::of(Side::Us)))),
                    None | Some(Control::HangUp) => {
                        inbound.respond(&Message::response(inbound.message(), 486, "Busy Here", &tag)).await;
                        return Err(End::of(Side::Us));
                    }
                },
                request = self.inbox.recv() => {
                    let request = request.ok_or(End::of(Side::Network))?;
                    if request.message().method() == "CANCEL" {
                        request.reply(200, "OK", &[]).await;
                        inbound.respond(&Message::response(inbound.message(), 487, "Request Terminated", &tag)).await;
                        return Err(End { reason: reason(request.message()), ..End::of(Side::Them) });
                    }
                    request.reply(481, "Call/Transaction Does Not Exist", &[]).await;
                }
            }
        }
    }

    async fn pick_up(&mut self, inbound: InboundRequest, tag: &str) -> Result<Standing, End> {
        let offer = inbound.message().body();
        let described = if offer.is_empty() { Some((self.description.offer(Direction::SendRecv), None)) } else { self.answer_offer(offer) };
        let Some((body, agreed)) = described else {
            inbound.respond(&Message::response(inbound.message(), 488, "Not Acceptable Here", tag)).await;
            return Err(End { status: Some(488), ..End::of(Side::Us) });
        };
        if let Some(agreed) = agreed {
            self.sound.agree(agreed);
        }
        let answer = Message::response(inbound.message(), 200, "OK", tag)
            .with("Contact", &self.shared().contact(&self.account))
            .with_body("application/sdp", body);
        inbound.respond(&answer).await;
        self.state.send_replace(CallState::Answered);
        Ok(Standing { answers: None, unconfirmed: Some((inbound, answer)) })
    }

    fn answer_offer(&mut self, offer: &[u8]) -> Option<(String, Option<crate::sip::sound::Agreed>)> {
        self.description.answer(offer).map(|(body, agreed)| (body, Some(agreed)))
    }

    /// Both sides can speak, until one has enough.
    async fn talk(&mut self, mut standing: Standing) -> End {
        let shared = self.shared();
        let mut again = Instant::now() + shared.options.timers.t1;
        loop {
            let copy = async {
                match &mut standing.answers {
                    Some((responses, ack)) => responses.next().await.map(|response| (response, ack.clone())),
                    None => std::future::pending().await,
                }
            };
            tokio::select! {
                request = self.inbox.recv() => {
                    let Some(request) = request else { return End::of(Side::Network) };
                    if request.message().method() == "ACK" {
                        self.confirmed(&mut standing, &request);
                    } else if let Some(end) = self.answer(&request).await {
                        return end;
                    }
                }
                copy = copy => match copy {
                    Some((response, ack)) if response.status().is_some_and(|status| status >= 200) => {
                        let to = self.dialog().hop(&shared);
                        drop(shared.send(&ack.to_bytes(), to).await);
                    }
                    Some(_) => {}
                    None => return End::of(Side::Network),
                },
                control = self.control.recv() => match control {
                    None | Some(Control::HangUp) => return self.bye().await,
                    Some(Control::PickUp) => {}
                    Some(Control::Hold(on, done)) => self.hold(on, done).await,
                },
                () = sleep_until(again), if standing.unconfirmed.is_some() && !shared.link.is_reliable() => {
                    if let Some((inbound, answer)) = &standing.unconfirmed {
                        inbound.respond(answer).await;
                    }
                    again = Instant::now() + shared.options.timers.t2;
                }
            }
        }
    }

    /// The ACK of our answer; it holds the other side's answer if we made the offer.
    fn confirmed(&self, standing: &mut Standing, ack: &InboundRequest) {
        standing.unconfirmed = None;
        let body = ack.message().body();
        if let Some(agreed) = Some(body).filter(|body| !body.is_empty()).and_then(|body| self.description.accepted(body)) {
            self.sound.agree(agreed);
        }
    }

    /// Answers a request inside the call. An end, if it was one.
    async fn answer(&mut self, request: &InboundRequest) -> Option<End> {
        match request.message().method() {
            "BYE" => {
                request.reply(200, "OK", &[]).await;
                return Some(End { reason: reason(request.message()), ..End::of(Side::Them) });
            }
            "INVITE" | "UPDATE" => self.answer_change(request).await,
            "INFO" | "OPTIONS" | "NOTIFY" => request.reply(200, "OK", &[]).await,
            _ => request.reply(405, "Method Not Allowed", &[]).await,
        }
        None
    }

    async fn answer_change(&mut self, request: &InboundRequest) {
        let message = request.message();
        self.dialog().retarget(message);
        let contact = self.shared().contact(&self.account);
        let offer = message.body();
        let described = if offer.is_empty() { Some((self.description.offer(Direction::SendRecv), None)) } else { self.answer_offer(offer) };
        let Some((body, agreed)) = described else { return request.reply(488, "Not Acceptable Here", &[]).await };
        if let Some(agreed) = agreed {
            self.sound.agree(agreed);
        }
        let answer = Message::response(message, 200, "OK", "").with("Contact", &contact).with_body("application/sdp", body);
        request.respond(&answer).await;
    }

    async fn hold(&mut self, on: bool, done: oneshot::Sender<Result<(), End>>) {
        let shared = self.shared();
        let direction = if on { Direction::SendOnly } else { Direction::SendRecv };
        let offer = self.description.offer(direction);
        let contact = shared.contact(&self.account);
        let (request, to) = self.dialog().next(&shared, "INVITE");
        let request = request.with("Contact", &contact).with_body("application/sdp", offer);
        let answer = self.agent.converse(request, to, &self.account.login).await;
        let result = match answer {
            Ok(answer) if answer.status().is_some_and(|status| status < 300) => {
                let count = answer.cseq().map_or(0, |(count, _)| count);
                self.dialog().counted(count);
                self.dialog().retarget(&answer);
                if let Some(agreed) = self.description.accepted(answer.body()) {
                    self.sound.agree(agreed);
                }
                self.confirm(count).await.map(drop).map_err(End::network)
            }
            Ok(answer) => {
                self.confirm_late(&answer).await;
                Err(End { by: Side::Them, status: answer.status(), reason: reason(&answer) })
            }
            Err(error) => Err(End::network(error)),
        };
        drop(done.send(result));
    }

    /// ACK of a refused change.
    async fn confirm_late(&self, answer: &Message) {
        let shared = self.shared();
        let (mut ack, to) = self.dialog().confirmation(&shared, answer.cseq().map_or(0, |(count, _)| count));
        ack.put_first("Via", answer.header("Via").unwrap_or_default());
        ack.set("To", answer.header("To").unwrap_or_default());
        drop(shared.send(&ack.to_bytes(), to).await);
    }

    /// Ends the call, and waits until the other side has agreed.
    async fn bye(&mut self) -> End {
        let shared = self.shared();
        let (bye, to) = self.dialog().next(&shared, "BYE");
        let (agent, login) = (self.agent.clone(), self.account.login.clone());
        let mut sending = std::pin::pin!(agent.converse(bye, to, &login));
        loop {
            tokio::select! {
                _ = &mut sending => return End::of(Side::Us),
                Some(request) = self.inbox.recv() => match request.message().method() {
                    "ACK" => {}
                    // Both hung up at once.
                    "BYE" => request.reply(200, "OK", &[]).await,
                    _ => request.reply(481, "Call/Transaction Does Not Exist", &[]).await,
                },
            }
        }
    }

    fn shared(&self) -> Arc<Shared> {
        Arc::clone(self.agent.shared())
    }

    fn dialog(&self) -> MutexGuard<'_, Dialog> {
        self.dialog.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Driver {
    fn drop(&mut self) {
        let call_id = self.dialog().call_id.clone();
        self.agent.shared().table().end_call(&call_id);
    }
}

/// The CANCEL of an INVITE.
fn cancel(invite: &Message) -> Message {
    let mut cancel = Message::request("CANCEL", invite.uri());
    for name in ["Via", "Route", "From", "To", "Call-ID", "Max-Forwards", "User-Agent"] {
        for value in invite.all(name) {
            cancel = cancel.with(name, value);
        }
    }
    cancel.with("CSeq", &format!("{} CANCEL", invite.cseq().map_or(0, |(count, _)| count)))
}

fn reason(message: &Message) -> Option<String> {
    message.header("Reason").map(str::to_owned)
}
