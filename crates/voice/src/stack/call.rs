//! What comes in outside a dialog: a request to be answered, or a call to be taken.

use std::fmt;

use bytes::Bytes;
use tokio::sync::watch;

use super::address::list;
use super::core::Exchange;
use super::dialog::Dialog;
use super::leg::Leg;
use super::message::Message;
use super::outgoing::Reply;
use super::text::ALLOW;
use crate::edge::{Flow, turned};

/// A request outside a dialog that is no INVITE. Dropped without an answer, it is answered by 500.
pub struct Inbound {
    exchange: Exchange,
}

impl Inbound {
    pub(super) fn new(exchange: Exchange) -> Self {
        Self { exchange }
    }

    /// The request.
    pub fn message(&self) -> &Message {
        &self.exchange.request
    }

    /// The way it came.
    pub fn flow(&self) -> &Flow {
        &self.exchange.flow
    }

    /// Answers with a final status.
    #[expect(clippy::unused_async, reason = "sending may have to wait in another build of the edge; callers need not change then")]
    pub async fn reply(mut self, reply: Reply) {
        self.exchange.respond(&reply);
    }
}

impl fmt::Debug for Inbound {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Inbound").field("message", self.message()).field("flow", self.flow()).finish()
    }
}

/// An INVITE outside a dialog, already answered by 100. Dropped without an answer, it is answered by 500.
pub struct InboundCall {
    exchange: Exchange,
    cancelled: watch::Receiver<bool>,
}

/// The caller gave up before the answer; he has been told 487.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the call was cancelled")]
pub struct Cancelled;

impl InboundCall {
    pub(super) fn new(exchange: Exchange, cancelled: watch::Receiver<bool>) -> Self {
        Self { exchange, cancelled }
    }

    /// The INVITE.
    pub fn message(&self) -> &Message {
        &self.exchange.request
    }

    /// The way it came.
    pub fn flow(&self) -> &Flow {
        &self.exchange.flow
    }

    /// The caller's session description; none if he wants ours first.
    pub fn offer(&self) -> Option<&[u8]> {
        self.message().sdp()
    }

    /// Comes back when the caller cancelled. He has been told 487.
    pub async fn cancelled(&self) {
        let mut cancelled = self.cancelled.clone();
        turned(&mut cancelled).await;
    }

    /// Whether the caller cancelled.
    pub fn is_cancelled(&self) -> bool {
        *self.cancelled.borrow()
    }

    /// Tells the caller of progress (101 to 199), with early media if there is a description. A caller who wants that acknowledged
    /// (RFC 3262) hears nothing before the answer.
    #[expect(clippy::unused_async, reason = "see Inbound::reply")]
    pub async fn ring(&mut self, status: u16, sdp: Option<Bytes>) {
        if self.message().all("Require").flat_map(list).any(|tag| tag.eq_ignore_ascii_case("100rel")) {
            return;
        }
        let contact = self.contact();
        let reply = Reply::new(status.clamp(101, 199)).header("Contact", &contact);
        let reply = match sdp {
            Some(sdp) => reply.sdp(sdp),
            None => reply,
        };
        self.exchange.respond(&reply);
    }

    /// Takes the call: 200 with our session description, repeated until it is acknowledged.
    ///
    /// # Errors
    ///
    /// [`Cancelled`] if the caller was quicker.
    #[expect(clippy::unused_async, reason = "see Inbound::reply")]
    pub async fn accept(mut self, sdp: impl Into<Bytes>) -> Result<Leg, Cancelled> {
        let (sdp, contact) = (sdp.into(), self.contact());
        let reply = Reply::new(200).header("Contact", &contact).header("Allow", ALLOW).sdp(sdp.clone());
        // In the table before the answer leaves: the ACK may be back at once.
        let (dialog, events) = Dialog::of_caller(&self.exchange, contact, sdp);
        dialog.expect_ack(&self.exchange.request);
        let Some(sent) = self.exchange.respond_with(&reply) else {
            dialog.forget();
            return Err(Cancelled);
        };
        dialog.repeat_until_acknowledged(&self.exchange.request, sent);
        Ok(Leg::new(dialog, events))
    }

    /// Refuses the call with a final status of 300 or above.
    #[expect(clippy::unused_async, reason = "see Inbound::reply")]
    pub async fn reject(mut self, reply: Reply) {
        self.exchange.respond(&reply);
    }

    fn contact(&self) -> String {
        super::contact(self.flow())
    }
}

impl fmt::Debug for InboundCall {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("InboundCall").field("message", self.message()).field("flow", self.flow()).finish()
    }
}
