//! A call that we make: to a trunk, or back to a phone after an emergency call.

use std::fmt;
use std::sync::Arc;

use bytes::Bytes;
use tokio::sync::{mpsc, watch};

use super::client::{self, Final};
use super::core::Core;
use super::dialog::Dialog;
use super::leg::Leg;
use super::message::Message;
use super::outgoing::Credentials;
use super::text::Draft;
use crate::edge::Flow;
use crate::limits::RESPONSES_WAITING_MAX;

/// A call of ours that is being set up. Dropped, it is cancelled.
pub struct OutboundCall {
    events: mpsc::Receiver<CallEvent>,
    cancel: watch::Sender<bool>,
}

/// What happened to a call that we make.
#[derive(Debug)]
pub enum CallEvent {
    /// A provisional answer (100 to 199).
    Progress {
        /// Its status.
        status: u16,
        /// Early media.
        sdp: Option<Bytes>,
    },
    /// The call was taken, and is acknowledged.
    Answered {
        /// The call.
        leg: Leg,
        /// The answer to our offer; empty if there is none.
        sdp: Bytes,
    },
    /// The call was refused, or nobody answered: 408 after the last repetition, 503 if the target cannot be reached.
    Failed {
        /// The status.
        status: u16,
    },
}

impl OutboundCall {
    pub(super) fn begin(core: Arc<Core>, flow: Flow, draft: Draft, contact: String, credentials: Option<Credentials>) -> Self {
        let (sender, events) = mpsc::channel(RESPONSES_WAITING_MAX);
        let (cancel, cancelled) = watch::channel(false);
        tokio::spawn(async move { Caller { core, flow, contact, credentials, sender }.call(draft, cancelled).await });
        Self { events, cancel }
    }

    pub(super) fn failed(status: u16) -> Self {
        let (sender, events) = mpsc::channel(1);
        let _ = sender.try_send(CallEvent::Failed { status });
        Self { events, cancel: watch::Sender::new(false) }
    }

    /// What happens next. After [`CallEvent::Answered`] and [`CallEvent::Failed`] nothing more does: it is 487.
    pub async fn next(&mut self) -> CallEvent {
        self.events.recv().await.unwrap_or(CallEvent::Failed { status: 487 })
    }

    /// Gives up. [`OutboundCall::next`] still tells how it ended; a callee who was quicker gets our BYE.
    pub fn cancel(&self) {
        self.cancel.send_replace(true);
    }
}

impl Drop for OutboundCall {
    fn drop(&mut self) {
        self.cancel();
    }
}

impl fmt::Debug for OutboundCall {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("OutboundCall(..)")
    }
}

struct Caller {
    core: Arc<Core>,
    flow: Flow,
    contact: String,
    credentials: Option<Credentials>,
    sender: mpsc::Sender<CallEvent>,
}

impl Caller {
    async fn call(self, draft: Draft, mut cancelled: watch::Receiver<bool>) {
        let on_progress = |response: &Message| {
            let sdp = response.sdp().map(Bytes::copy_from_slice);
            // Progress that nobody reads may get lost; the end is not.
            let _ = self.sender.try_send(CallEvent::Progress { status: response.status(), sdp });
        };
        let answered = client::invite(&self.core, &self.flow, draft, self.credentials.as_ref(), &mut cancelled, on_progress).await;
        let event = match answered {
            Ok(Final { response, transaction: Some(transaction), draft }) => {
                let (dialog, events) =
                    Dialog::of_callee(&self.core, &draft, &response, &self.flow, self.contact.clone(), self.credentials.clone());
                dialog.acknowledge(transaction, &draft);
                let leg = Leg::new(dialog, events);
                if *cancelled.borrow() {
                    leg.bye().await;
                    CallEvent::Failed { status: 487 }
                } else {
                    CallEvent::Answered { leg, sdp: response.sdp().map(Bytes::copy_from_slice).unwrap_or_default() }
                }
            }
            Ok(Final { response, .. }) => CallEvent::Failed { status: response.status() },
            Err(client::SendError::Timeout) => CallEvent::Failed { status: 408 },
            Err(client::SendError::FlowGone) => CallEvent::Failed { status: 503 },
        };
        // If nobody listens any more, an answered leg is dropped here, and ends by our BYE.
        let _ = self.sender.send(event).await;
    }
}
