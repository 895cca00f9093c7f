//! Client transactions (RFC 3261 section 17.1): our requests, repeated until they are answered or given up.

use std::sync::Arc;

use bytes::Bytes;
use domain::Secret;
use tokio::sync::{mpsc, watch};
use tokio::time::{Instant, sleep_until};
use wire::challenge::{Challenge, DigestChallenge};

use super::core::Core;
use super::message::Message;
use super::outgoing::Credentials;
use super::text::Draft;
use super::token::token;
use crate::edge::{Flow, turned};
use crate::limits::{RESPONSES_WAITING_MAX, RINGING_MAX};

/// Why a request of ours got no answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum SendError {
    /// The flow's connection has ended, or the target cannot be reached.
    #[error("the flow is gone")]
    FlowGone,
    /// No final answer in time.
    #[error("no answer in time")]
    Timeout,
}

/// One request on its way. Dropped, it listens no more.
pub(super) struct Transaction {
    core: Arc<Core>,
    pub(super) flow: Flow,
    branch: String,
    method: String,
    bytes: Bytes,
    responses: mpsc::Receiver<Message>,
}

impl Transaction {
    /// Sends a request under a new branch.
    pub(super) fn begin(core: &Arc<Core>, flow: &Flow, draft: &Draft) -> Result<Self, SendError> {
        Self::begin_as(core, flow, draft, format!("z9hG4bK{}", token()))
    }

    fn begin_as(core: &Arc<Core>, flow: &Flow, draft: &Draft, branch: String) -> Result<Self, SendError> {
        let (sender, responses) = mpsc::channel(RESPONSES_WAITING_MAX);
        let bytes = draft.bytes(flow, &branch);
        core.await_responses(&branch, &draft.method, sender);
        let this = Self { core: Arc::clone(core), flow: flow.clone(), branch, method: draft.method.clone(), bytes, responses };
        this.send()?;
        Ok(this)
    }

    fn send(&self) -> Result<(), SendError> {
        self.flow.send(&self.bytes).map_err(|_| SendError::FlowGone)
    }

    /// The next response. Until the first one the request is repeated on UDP; `deadline` ends the wait.
    pub(super) async fn response(&mut self, repeat: &mut Repeat, deadline: Instant) -> Result<Message, SendError> {
        loop {
            let repeats = repeat.at.filter(|_| !self.flow.transport().is_reliable());
            let flow = self.flow.clone();
            tokio::select! {
                biased;
                response = self.responses.recv() => return response.ok_or(SendError::FlowGone),
                () = flow.gone() => return Err(SendError::FlowGone),
                () = sleep_until(deadline) => return Err(SendError::Timeout),
                () = sleep_until(repeats.unwrap_or(deadline)), if repeats.is_some() => {
                    self.send()?;
                    repeat.double();
                }
            }
        }
    }

    /// Answers each repeated final response with the same ACK until no more can come.
    pub(super) async fn keep_acknowledging(mut self, ack: Bytes) {
        let ends = Instant::now() + self.core.timers.give_up();
        let mut never = Repeat::never();
        while let Ok(response) = self.response(&mut never, ends).await {
            if response.status() >= 200 && self.flow.send(&ack).is_err() {
                return;
            }
        }
    }
}

impl Drop for Transaction {
    fn drop(&mut self) {
        self.core.forget_responses(&self.branch, &self.method);
    }
}

/// When a request is sent again.
pub(super) struct Repeat {
    at: Option<Instant>,
    interval: std::time::Duration,
    longest: std::time::Duration,
}

impl Repeat {
    fn never() -> Self {
        Self { at: None, interval: std::time::Duration::ZERO, longest: std::time::Duration::ZERO }
    }

    fn of(core: &Core, is_invite: bool) -> Self {
        let timers = core.timers;
        let longest = if is_invite { timers.give_up() } else { timers.t2 };
        Self { at: Some(Instant::now() + timers.t1), interval: timers.t1, longest }
    }

    fn double(&mut self) {
        self.interval = (self.interval * 2).min(self.longest);
        self.at = Some(Instant::now() + self.interval);
    }

    fn stop(&mut self) {
        self.at = None;
    }

    /// A provisional response slows the repetition of all but INVITE.
    fn slow_down(&mut self) {
        self.interval = self.longest;
    }
}

/// Sends a request that is no INVITE, and waits for its final answer. A challenge is answered once.
pub(super) async fn ask(core: &Arc<Core>, flow: &Flow, draft: &mut Draft, credentials: Option<&Credentials>) -> Result<Message, SendError> {
    let first = ask_once(core, flow, draft).await?;
    if credentials.is_some_and(|credentials| authorize(draft, &first, credentials)) {
        return ask_once(core, flow, draft).await;
    }
    Ok(first)
}

async fn ask_once(core: &Arc<Core>, flow: &Flow, draft: &Draft) -> Result<Message, SendError> {
    let mut transaction = Transaction::begin(core, flow, draft)?;
    let deadline = Instant::now() + core.timers.give_up();
    let mut repeat = Repeat::of(core, false);
    loop {
        let response = transaction.response(&mut repeat, deadline).await?;
        if response.status() >= 200 {
            return Ok(response);
        }
        repeat.slow_down();
    }
}

/// The final answer of an INVITE. A refusal is acknowledged already; a 2xx is the dialog's to acknowledge.
pub(super) struct Final {
    pub(super) response: Message,
    /// Still open for repeated answers; none after a refusal.
    pub(super) transaction: Option<Transaction>,
    pub(super) draft: Draft,
}

/// Sends an INVITE and waits for its final answer, telling of provisional ones. `cancelled` turns true when it shall end.
pub(super) async fn invite(
    core: &Arc<Core>,
    flow: &Flow,
    mut draft: Draft,
    credentials: Option<&Credentials>,
    cancelled: &mut watch::Receiver<bool>,
    mut on_progress: impl FnMut(&Message) + Send,
) -> Result<Final, SendError> {
    let first = invite_once(core, flow, &draft, cancelled, &mut on_progress).await?;
    let is_challenge = matches!(first.response.status(), 401 | 407) && !*cancelled.borrow();
    if is_challenge && credentials.is_some_and(|credentials| authorize(&mut draft, &first.response, credentials)) {
        return invite_once(core, flow, &draft, cancelled, &mut on_progress).await;
    }
    Ok(first)
}

async fn invite_once(
    core: &Arc<Core>,
    flow: &Flow,
    draft: &Draft,
    cancelled: &mut watch::Receiver<bool>,
    on_progress: &mut (impl FnMut(&Message) + Send),
) -> Result<Final, SendError> {
    let mut transaction = Transaction::begin(core, flow, draft)?;
    let mut deadline = Instant::now() + core.timers.give_up();
    let mut repeat = Repeat::of(core, true);
    let (mut is_proceeding, mut is_cancelling) = (false, false);
    let response = loop {
        // Nothing may be cancelled that the other side has not shown to know (section 9.1).
        if is_proceeding && !is_cancelling && *cancelled.borrow() {
            is_cancelling = true;
            deadline = Instant::now() + core.timers.give_up();
            cancel(core, flow, draft, &transaction.branch);
        }
        let response = tokio::select! {
            response = transaction.response(&mut repeat, deadline) => response?,
            () = turned(cancelled), if !is_cancelling && !*cancelled.borrow() => continue,
        };
        if response.status() >= 200 {
            break response;
        }
        repeat.stop();
        if !is_cancelling {
            deadline = Instant::now() + RINGING_MAX;
        }
        is_proceeding = true;
        on_progress(&response);
    };
    if response.status() < 300 {
        return Ok(Final { response, transaction: Some(transaction), draft: draft.clone() });
    }
    let ack = draft.companion("ACK", response.header("To").unwrap_or_default()).bytes(flow, &transaction.branch);
    transaction.flow.send(&ack).map_err(|_| SendError::FlowGone)?;
    if !flow.transport().is_reliable() {
        tokio::spawn(transaction.keep_acknowledging(ack));
    }
    Ok(Final { response, transaction: None, draft: draft.clone() })
}

/// Sends a CANCEL and lets it be repeated on its own.
fn cancel(core: &Arc<Core>, flow: &Flow, draft: &Draft, branch: &str) {
    let draft = draft.companion("CANCEL", &draft.to);
    let Ok(mut transaction) = Transaction::begin_as(core, flow, &draft, branch.to_owned()) else { return };
    let (deadline, mut repeat) = (Instant::now() + core.timers.give_up(), Repeat::of(core, false));
    tokio::spawn(async move {
        while let Ok(response) = transaction.response(&mut repeat, deadline).await {
            if response.status() >= 200 {
                return;
            }
        }
    });
}

/// Adds the answer to a challenge. False if there is none that we can answer.
fn authorize(draft: &mut Draft, response: &Message, credentials: &Credentials) -> bool {
    let (asks, answers) = match response.status() {
        401 => ("WWW-Authenticate", "Authorization"),
        407 => ("Proxy-Authenticate", "Proxy-Authorization"),
        _ => return false,
    };
    let Some(challenge) = response.all(asks).find_map(digest_challenge) else { return false };
    let password: &Secret<String> = &credentials.password;
    let value = wire::digest::answer(&challenge, &credentials.user, password.expose(), &draft.method, &draft.uri, 1, &token());
    draft.headers.retain(|(name, _)| !name.eq_ignore_ascii_case(answers));
    draft.headers.push((answers.to_owned(), value));
    draft.cseq += 1;
    true
}

fn digest_challenge(value: &str) -> Option<DigestChallenge> {
    wire::challenge::parse(value.as_bytes()).ok()?.into_iter().find_map(|challenge| match challenge {
        Challenge::Digest(challenge) => Some(challenge),
        Challenge::Basic { .. } => None,
    })
}
