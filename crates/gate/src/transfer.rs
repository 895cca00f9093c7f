//! Bodies: those in memory, and files that are read while they are sent.

use std::fmt;
use std::io;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use bytes::{Bytes, BytesMut};
use http_body_util::Full;
use hyper::body::{Body, Frame, SizeHint};
use tokio::fs::File;
use tokio::io::{AsyncRead, ReadBuf};
use tokio::sync::OwnedSemaphorePermit;
use tokio::time::{Sleep, sleep};

use crate::limits::TRANSFER_CHUNK_BYTES;

/// Part of an open file on its way to a phone: at most one chunk of it is in memory.
pub struct Transfer {
    file: File,
    bytes: u64,
    sent: u64,
    /// One of the few transfers at a time; given back when this one ends, however it ends.
    _seat: OwnedSemaphorePermit,
    deadline: Pin<Box<Sleep>>,
    ended: Option<Ended>,
}

/// Told once, how many bytes were handed to the connection.
type Ended = Box<dyn FnOnce(u64) + Send + Sync>;

impl Transfer {
    /// Sends so many bytes from where the file stands, in so much time.
    pub fn new(file: File, bytes: u64, seat: OwnedSemaphorePermit, time: Duration) -> Self {
        Self { file, bytes, sent: 0, _seat: seat, deadline: Box::pin(sleep(time)), ended: None }
    }

    /// How many bytes are to be sent.
    pub fn bytes(&self) -> u64 {
        self.bytes
    }

    /// What is to be done at the end: told how many bytes went out.
    pub fn on_end(&mut self, ended: impl FnOnce(u64) + Send + Sync + 'static) {
        self.ended = Some(Box::new(ended));
    }

    fn poll_chunk(&mut self, cx: &mut Context<'_>) -> Poll<Option<io::Result<Bytes>>> {
        let left = self.bytes - self.sent;
        if left == 0 {
            return Poll::Ready(None);
        }
        if self.deadline.as_mut().poll(cx).is_ready() {
            return Poll::Ready(Some(Err(io::ErrorKind::TimedOut.into())));
        }
        let most = usize::try_from(left).unwrap_or(usize::MAX).min(TRANSFER_CHUNK_BYTES);
        let mut chunk = BytesMut::zeroed(most);
        let mut buffer = ReadBuf::new(&mut chunk);
        match Pin::new(&mut self.file).poll_read(cx, &mut buffer) {
            Poll::Pending => return Poll::Pending,
            Poll::Ready(Err(error)) => return Poll::Ready(Some(Err(error))),
            Poll::Ready(Ok(())) => {}
        }
        let read = buffer.filled().len();
        if read == 0 {
            // It was cut while it was being sent. The phone must not take what it has for the whole.
            return Poll::Ready(Some(Err(io::ErrorKind::UnexpectedEof.into())));
        }
        self.sent += read as u64;
        chunk.truncate(read);
        Poll::Ready(Some(Ok(chunk.freeze())))
    }
}

impl Drop for Transfer {
    fn drop(&mut self) {
        if let Some(ended) = self.ended.take() {
            ended(self.sent);
        }
    }
}

impl fmt::Debug for Transfer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Transfer").field("bytes", &self.bytes).field("sent", &self.sent).finish_non_exhaustive()
    }
}

/// What hyper sends.
#[derive(Debug)]
pub(crate) enum Payload {
    /// From memory.
    Whole(Full<Bytes>),
    /// From a file.
    File(Transfer),
}

impl Body for Payload {
    type Data = Bytes;
    type Error = io::Error;

    fn poll_frame(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, io::Error>>> {
        match self.get_mut() {
            Self::Whole(body) => Pin::new(body).poll_frame(cx).map_err(|never| match never {}),
            Self::File(transfer) => transfer.poll_chunk(cx).map(|chunk| chunk.map(|chunk| chunk.map(Frame::data))),
        }
    }

    fn is_end_stream(&self) -> bool {
        match self {
            Self::Whole(body) => body.is_end_stream(),
            Self::File(transfer) => transfer.sent == transfer.bytes,
        }
    }

    fn size_hint(&self) -> SizeHint {
        match self {
            Self::Whole(body) => body.size_hint(),
            Self::File(transfer) => SizeHint::with_exact(transfer.bytes - transfer.sent),
        }
    }
}
