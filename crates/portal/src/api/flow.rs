//! An answer that is made while it goes out.

use std::pin::Pin;
use std::task::{Context, Poll, ready};

use axum::body::{Body, Bytes};
use hyper::body::Frame;
use tokio::sync::mpsc;

use crate::admin::Error;
use crate::admin::export::Export;

/// Pieces that wait for a slow reader.
const WAITING_MAX: usize = 2;

/// An export as a body. Its first piece is made before the answer begins, so that what refuses it is told as a problem.
pub(crate) async fn flow(mut export: Export) -> Result<Body, Error> {
    let Some(first) = export.piece().await? else { return Ok(Body::empty()) };
    if export.has_ended() {
        return Ok(Body::from(first));
    }
    let (to, from) = mpsc::channel(WAITING_MAX);
    tokio::spawn(async move {
        let mut piece = Some(first);
        while let Some(bytes) = piece {
            // The reader has gone.
            if to.send(Ok(Bytes::from(bytes))).await.is_err() {
                return;
            }
            piece = match export.piece().await {
                Ok(next) => next,
                Err(error) => {
                    tracing::error!(%error, "an export broke off");
                    // Breaks the connection: half a file must not look like a whole one.
                    drop(to.send(Err(Broken)).await);
                    return;
                }
            };
        }
    });
    Ok(Body::new(Pieces(from)))
}

/// The rest of the body could not be made.
#[derive(Clone, Copy, Debug, thiserror::Error)]
#[error("the export broke off")]
struct Broken;

struct Pieces(mpsc::Receiver<Result<Bytes, Broken>>);

impl hyper::body::Body for Pieces {
    type Data = Bytes;
    type Error = Broken;

    fn poll_frame(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, Broken>>> {
        Poll::Ready(ready!(self.0.poll_recv(context)).map(|piece| piece.map(Frame::data)))
    }
}
