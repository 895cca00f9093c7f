//! A stream with deadlines: nobody may keep a connection by doing nothing, or almost nothing.

use std::io;
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU8, Ordering};
use std::task::{Context, Poll};
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::task::coop::unconstrained;
use tokio::time::{Instant, Sleep, sleep_until};

use crate::limits::{LINGER_BYTES_MAX, Limits};
use crate::metrics::Cut;

/// Where a connection stands; shared between the stream and the service on top of it.
#[derive(Debug, Default)]
pub(crate) struct Pace {
    phase: AtomicU8,
    unread: AtomicBool,
    /// A deadline has passed, in the phase that is still there.
    overdue: AtomicBool,
}

/// A request's head is on its way (or, on a new connection, due).
const HEAD: u8 = 0;
/// A request is being read to its end and decided; its own limits hold.
const SERVING: u8 = 1;
/// The answer was handed over.
const ANSWERED: u8 = 2;
/// Between two requests.
const IDLE: u8 = 3;

impl Pace {
    /// A request's head has come.
    pub(crate) fn serving(&self) {
        self.phase.store(SERVING, Ordering::Relaxed);
    }

    /// Its answer is given.
    pub(crate) fn answered(&self) {
        self.phase.store(ANSWERED, Ordering::Relaxed);
    }

    /// Why the stream ended itself, if it did. (hyper takes an error between two requests for a proper end.)
    pub(crate) fn cut(&self) -> Option<Cut> {
        let idle = self.phase.load(Ordering::Relaxed) == IDLE;
        self.overdue.load(Ordering::Relaxed).then_some(if idle { Cut::Idle } else { Cut::Slow })
    }

    /// The request was refused before it was read: read and drop the rest, or a reset would overtake the refusal.
    pub(crate) fn leaves_unread(&self) {
        self.unread.store(true, Ordering::Relaxed);
    }
}

/// The stream. A deadline that passes is an error of kind `TimedOut`.
pub(crate) struct Patient<S> {
    stream: S,
    pace: Arc<Pace>,
    limits: Limits,
    reading: Alarm,
    writing: Alarm,
    /// Our side is closed; what still comes is counted and dropped.
    lingered: Option<usize>,
}

impl<S> Patient<S> {
    pub(crate) fn new(stream: S, pace: Arc<Pace>, limits: Limits) -> Self {
        Self { stream, pace, limits, reading: Alarm::default(), writing: Alarm::default(), lingered: None }
    }
}

impl<S: AsyncRead + Unpin> AsyncRead for Patient<S> {
    fn poll_read(self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        let this = self.get_mut();
        let before = buf.filled().len();
        let read = Pin::new(&mut this.stream).poll_read(cx, buf);
        let mut phase = this.pace.phase.load(Ordering::Relaxed);
        if phase == ANSWERED {
            phase = this.enter(IDLE);
        }
        if read.is_ready() {
            if phase == IDLE && buf.filled().len() > before {
                this.enter(HEAD);
            }
            return read;
        }
        let patience = match phase {
            SERVING => return Poll::Pending,
            IDLE => this.limits.idle,
            _ => this.limits.head,
        };
        this.reading.poll(cx, patience).map(|late| Err(this.overdue(late)))
    }
}

impl<S> Patient<S> {
    fn overdue(&self, late: io::Error) -> io::Error {
        self.pace.overdue.store(true, Ordering::Relaxed);
        late
    }

    fn poll_send(&mut self, cx: &mut Context<'_>) -> Poll<io::Error> {
        self.writing.poll(cx, self.limits.send).map(|late| self.overdue(late))
    }

    fn enter(&mut self, phase: u8) -> u8 {
        self.pace.phase.store(phase, Ordering::Relaxed);
        self.reading.deadline = None;
        phase
    }
}

impl<S: AsyncRead + AsyncWrite + Unpin> AsyncWrite for Patient<S> {
    fn poll_write(self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &[u8]) -> Poll<io::Result<usize>> {
        let this = self.get_mut();
        match Pin::new(&mut this.stream).poll_write(cx, buf) {
            Poll::Pending => this.poll_send(cx).map(Err),
            ready @ Poll::Ready(_) => ready,
        }
    }

    fn poll_write_vectored(self: Pin<&mut Self>, cx: &mut Context<'_>, bufs: &[io::IoSlice<'_>]) -> Poll<io::Result<usize>> {
        let this = self.get_mut();
        match Pin::new(&mut this.stream).poll_write_vectored(cx, bufs) {
            Poll::Pending => this.poll_send(cx).map(Err),
            ready @ Poll::Ready(_) => ready,
        }
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    fn poll_flush(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let this = self.get_mut();
        match Pin::new(&mut this.stream).poll_flush(cx) {
            Poll::Pending => this.poll_send(cx).map(Err),
            ready @ Poll::Ready(_) => {
                this.writing.deadline = None;
                ready
            }
        }
    }

    fn poll_shutdown(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let this = self.get_mut();
        if this.lingered.is_none() {
            match Pin::new(&mut this.stream).poll_shutdown(cx) {
                Poll::Pending => return this.poll_send(cx).map(Err),
                Poll::Ready(result) => result?,
            }
            this.lingered = Some(0);
            this.reading.deadline = None;
        }
        // A head without a request behind it is one that hyper refused.
        let refused = this.pace.phase.load(Ordering::Relaxed) == HEAD || this.pace.unread.load(Ordering::Relaxed);
        if refused && !this.pace.overdue.load(Ordering::Relaxed) { this.poll_linger(cx).map(Ok) } else { Poll::Ready(Ok(())) }
    }
}

impl<S: AsyncRead + Unpin> Patient<S> {
    /// Reads and drops until the other side ends, or a bound is reached.
    fn poll_linger(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        let mut scratch = [0; 8192];
        loop {
            let mut buf = ReadBuf::new(&mut scratch);
            let Poll::Ready(read) = Pin::new(&mut self.stream).poll_read(cx, &mut buf) else {
                return self.reading.poll(cx, self.limits.linger).map(drop);
            };
            let dropped = self.lingered.unwrap_or_default() + buf.filled().len();
            self.lingered = Some(dropped);
            if read.is_err() || buf.filled().is_empty() || dropped > LINGER_BYTES_MAX {
                return Poll::Ready(());
            }
        }
    }
}

/// One deadline. Its timer is touched only when it has rung or would ring too late, so that a busy connection does not pay the
/// timer wheel for each request.
#[derive(Default)]
struct Alarm {
    deadline: Option<Instant>,
    /// Once polled it wakes the connection's task, which never changes, until it has rung.
    timer: Option<Pin<Box<Sleep>>>,
}

impl Alarm {
    /// Rings when `patience` has passed since the first call after `deadline` was cleared.
    fn poll(&mut self, cx: &mut Context<'_>, patience: Duration) -> Poll<io::Error> {
        let deadline = *self.deadline.get_or_insert_with(|| Instant::now() + patience);
        let timer = match &mut self.timer {
            Some(timer) if !timer.is_elapsed() && timer.deadline() <= deadline => return Poll::Pending,
            Some(timer) => {
                if timer.deadline() != deadline {
                    timer.as_mut().reset(deadline);
                }
                timer
            }
            None => self.timer.insert(Box::pin(sleep_until(deadline))),
        };
        // Unconstrained: a task without budget would go without the timer's wake-up too.
        pin!(unconstrained(timer.as_mut())).poll(cx).map(|()| io::ErrorKind::TimedOut.into())
    }
}
