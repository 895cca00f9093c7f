//! One side of a call that was answered.

use std::fmt;
use std::sync::Arc;

use bytes::Bytes;
use tokio::sync::{mpsc, watch};

use super::core::Exchange;
use super::dialog::{Dialog, ReinviteError};
use crate::edge::Flow;

/// A dialog, begun by the other side or by us. Dropped while the call is up, it ends by our BYE.
pub struct Leg {
    dialog: Arc<Dialog>,
    events: mpsc::Receiver<LegEvent>,
}

/// What happened to a call.
#[derive(Debug)]
pub enum LegEvent {
    /// An INFO, already answered by 200. `Debug` shows no body, as a key may stand there.
    Info {
        /// The body's kind without its parameters.
        content_type: String,
        /// The body.
        body: InfoBody,
    },
    /// The other side wants another session: hold, resume, another address.
    Offer {
        /// Its description.
        sdp: Vec<u8>,
        /// Takes our answer; dropped, it refuses.
        answerer: Answerer,
    },
    /// The call is over.
    Ended(Ended),
}

/// The body of an INFO: bytes that `Debug` does not show.
#[derive(Clone, PartialEq, Eq)]
pub struct InfoBody(pub Bytes);

impl std::ops::Deref for InfoBody {
    type Target = [u8];

    fn deref(&self) -> &[u8] {
        &self.0
    }
}

impl fmt::Debug for InfoBody {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("InfoBody(..)")
    }
}

/// Why a call is over.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ended {
    /// The other side hung up.
    HungUp,
    /// We hung up.
    ByUs,
    /// Our answer was never acknowledged.
    Unacknowledged,
}

impl Leg {
    pub(super) fn new(dialog: Arc<Dialog>, events: mpsc::Receiver<LegEvent>) -> Self {
        Self { dialog, events }
    }

    /// What happens next. After the end it is the end again.
    pub async fn next(&mut self) -> LegEvent {
        if self.events.is_empty() && self.dialog.has_ended() {
            return LegEvent::Ended(Ended::ByUs);
        }
        self.events.recv().await.unwrap_or(LegEvent::Ended(Ended::ByUs))
    }

    /// The way to the other side, as last seen.
    pub fn flow(&self) -> Flow {
        self.dialog.flow()
    }

    /// Hangs up; comes back when the BYE was answered or given up. Whether it was answered; true if the other side had hung up.
    pub async fn bye(self) -> bool {
        Arc::clone(&self.dialog).bye().await
    }

    /// Offers another session description (hold, another address); gives the answer.
    ///
    /// # Errors
    ///
    /// [`ReinviteError`] if the other side refuses or is gone.
    pub async fn reinvite(&self, sdp: impl Into<Bytes>) -> Result<Bytes, ReinviteError> {
        self.dialog.reinvite(sdp.into()).await
    }
}

impl Drop for Leg {
    fn drop(&mut self) {
        if !self.dialog.has_ended() {
            match tokio::runtime::Handle::try_current() {
                Ok(runtime) => drop(runtime.spawn(Arc::clone(&self.dialog).bye())),
                Err(_) => self.dialog.forget(),
            }
        }
    }
}

impl fmt::Debug for Leg {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Leg").field("flow", &self.flow()).finish_non_exhaustive()
    }
}

/// Takes the answer to an offer made within a call. Dropped, it refuses by 488.
pub struct Answerer {
    exchange: Exchange,
    dialog: Arc<Dialog>,
    cancelled: Option<watch::Receiver<bool>>,
    is_answered: bool,
}

impl Answerer {
    pub(super) fn new(exchange: Exchange, dialog: Arc<Dialog>, cancelled: Option<watch::Receiver<bool>>) -> Self {
        Self { exchange, dialog, cancelled, is_answered: false }
    }

    /// Accepts with our description.
    pub fn accept(mut self, sdp: impl Into<Bytes>) {
        self.is_answered = true;
        self.dialog.answer(&mut self.exchange, Some(sdp.into()), 200);
    }

    /// Refuses with a status of 400 or above; the session stays as it was.
    pub fn refuse(mut self, status: u16) {
        self.is_answered = true;
        self.dialog.answer(&mut self.exchange, None, status.max(400));
    }

    /// Whether the other side took the offer back.
    pub fn is_cancelled(&self) -> bool {
        self.cancelled.as_ref().is_some_and(|cancelled| *cancelled.borrow())
    }
}

impl Drop for Answerer {
    fn drop(&mut self) {
        if !self.is_answered {
            self.dialog.answer(&mut self.exchange, None, 488);
        }
    }
}

impl fmt::Debug for Answerer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Answerer(..)")
    }
}
