//! How long an answer may take: [`ANSWER`] from the request's head on. A file of somebody who has shown who they are may take longer to
//! arrive over a slow line, so each piece of it that has come renews the time, up to [`UPLOAD`] in all. A line that brings less than a piece
//! in the time of an answer is given up like any other, so that nobody holds a connection by trickling.

use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, ready};

use axum::body::{Body, Bytes};
use http::Request;
use hyper::body::{Body as HttpBody, Frame, SizeHint};
use tokio::time::{Instant, sleep_until};

use crate::limits::{ANSWER, UPLOAD, UPLOAD_PIECE_BYTES};

/// The time of one answer. Clones share it.
#[derive(Clone, Debug)]
pub(crate) struct Patience(Arc<Mutex<Due>>);

#[derive(Debug)]
struct Due {
    begun: Instant,
    at: Instant,
}

impl Patience {
    /// Begins with the request.
    pub fn begin() -> Self {
        let begun = Instant::now();
        Self(Arc::new(Mutex::new(Due { begun, at: begun + ANSWER })))
    }

    /// Comes back when the time is up.
    pub async fn over(&self) {
        loop {
            let at = self.due().at;
            sleep_until(at).await;
            // Renewed meanwhile: there is more.
            if self.due().at == at {
                return;
            }
        }
    }

    fn renew(&self, whole: bool) {
        let mut due = self.due();
        let (now, last) = (Instant::now(), due.begun + UPLOAD);
        // What has arrived is still to be worked on.
        due.at = if whole { now + ANSWER } else { last.min(now + ANSWER) };
    }

    fn due(&self) -> MutexGuard<'_, Due> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A request whose body may take its time; whoever asks for this knows who sends it.
pub(crate) fn arriving(request: Request<Body>) -> Request<Body> {
    let Some(patience) = request.extensions().get::<Patience>().cloned() else { return request };
    request.map(|body| Body::new(Arriving { body, patience, unseen: 0 }))
}

/// A body that renews the time of its answer as it arrives.
struct Arriving {
    body: Body,
    patience: Patience,
    /// Bytes since the time was renewed.
    unseen: usize,
}

impl HttpBody for Arriving {
    type Data = Bytes;
    type Error = axum::Error;

    fn poll_frame(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, axum::Error>>> {
        let frame = ready!(Pin::new(&mut self.body).poll_frame(context));
        self.unseen += frame.as_ref().and_then(|frame| frame.as_ref().ok()?.data_ref().map(Bytes::len)).unwrap_or_default();
        let whole = frame.is_none() || self.body.is_end_stream();
        if whole || self.unseen >= UPLOAD_PIECE_BYTES {
            self.patience.renew(whole);
            self.unseen = 0;
        }
        Poll::Ready(frame)
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}
