//! Live updates: events as they happen, as server-sent events, for the API and for pages.
//!
//! One task of a process follows the outbox, its own commits and those of other processes, and wakes the streams. A stream then reads what
//! is new for it, its scope in the WHERE clause. So nothing that a listener may not see is ever in its hands, and one that is slow, or was
//! away, reads on from where it was.

mod presence;

use std::collections::HashMap;
use std::convert::Infallible;
use std::fmt;
use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll};

use axum::body::{Body, Bytes};
use axum::response::{IntoResponse, Response};
use domain::effect::TYPES;
use http::StatusCode;
use http::header::{CACHE_CONTROL, CONTENT_TYPE};
use hyper::body::Frame;
use store::event::Filter;
use store::{News, Store};
use tokio::sync::{mpsc, watch};
use tokio::time::{sleep, timeout};
use uuid::Uuid;

pub use self::presence::Watched;
use crate::App;
use crate::admin::{By, event};
use crate::limits::{
    EVENT_PAGE, HEARTBEAT, STREAM_LINES_WAITING, STREAM_RETRY_MS, STREAM_STALLED, STREAMS_MAX, STREAMS_PER_CALLER_MAX, WAKE_PAUSE,
};
use crate::problem::Problem;

/// Whether whoever listens still may: asked before anything is sent.
pub type Still = Box<dyn Fn() -> Pin<Box<dyn Future<Output = bool> + Send>> + Send + Sync>;

/// Who listens.
pub struct Listener {
    /// Who they are: their branch and role.
    pub by: By,
    /// What their streams are counted by: the id of a token or of an account.
    pub key: Uuid,
    /// Whether they still may, such as whether the token or session still exists.
    pub still: Still,
}

impl fmt::Debug for Listener {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Listener").field("by", &self.by).field("key", &self.key).finish_non_exhaustive()
    }
}

/// All streams of this process.
#[derive(Debug)]
pub struct Live {
    /// The number of the newest message; whoever waits for it looks for events of its own.
    newest: watch::Sender<i64>,
    closing: watch::Sender<bool>,
    /// Whether a task follows the outbox: as long as anybody listens.
    following: Mutex<bool>,
    streams: Mutex<HashMap<Uuid, usize>>,
}

impl Default for Live {
    fn default() -> Self {
        Self { newest: watch::Sender::new(0), closing: watch::Sender::new(false), following: Mutex::default(), streams: Mutex::default() }
    }
}

/// Answers with the events of a listener's branch, from the one after `last` on; without it, with those to come.
pub async fn stream(app: &App, who: Listener, filter: Filter, last: Option<i64>) -> Result<Response, Problem> {
    stream_with(app, who, filter, last, None).await
}

/// The same, and an event `presence` without a number whenever one of the watched phones registers here, leaves, calls or hangs up.
pub async fn stream_with(
    app: &App,
    who: Listener,
    filter: Filter,
    last: Option<i64>,
    watched: Option<Watched>,
) -> Result<Response, Problem> {
    event::may_listen(&who.by)?;
    let place = app.live.take_place(who.key)?;
    // Woken from here on: what happens while the place is looked up is not missed.
    let woken = app.live.subscribe(&app.admin.store);
    let (cursor, missed) = event::start(&app.admin, last).await?;
    let (lines, body) = mpsc::channel(STREAM_LINES_WAITING);
    let closing = app.live.closing.subscribe();
    let stream = Stream { app: app.clone(), who, filter, cursor, lines, woken, closing, watched, _place: place };
    tokio::spawn(stream.run(missed));
    let headers = [(CONTENT_TYPE, "text/event-stream"), (CACHE_CONTROL, "no-store")];
    // Proxies that gather answers would turn "now" into "later"; this is how the most common one is told.
    let unbuffered = [("x-accel-buffering", "no")];
    Ok((headers, unbuffered, Body::new(Lines(body))).into_response())
}

impl Live {
    /// Ends all streams, so that their connections end.
    pub(crate) fn close(&self) {
        self.closing.send_replace(true);
    }

    fn take_place(self: &Arc<Self>, key: Uuid) -> Result<Place, Problem> {
        let mut streams = self.streams.lock().unwrap_or_else(PoisonError::into_inner);
        let all: usize = streams.values().sum();
        let of_caller = streams.entry(key).or_default();
        if all >= STREAMS_MAX || *of_caller >= STREAMS_PER_CALLER_MAX {
            if *of_caller == 0 {
                streams.remove(&key);
            }
            return Err(too_many());
        }
        *of_caller += 1;
        Ok(Place { live: Arc::clone(self), key })
    }

    fn subscribe(self: &Arc<Self>, store: &Store) -> watch::Receiver<i64> {
        let mut following = self.following.lock().unwrap_or_else(PoisonError::into_inner);
        let receiver = self.newest.subscribe();
        if !*following {
            *following = true;
            tokio::spawn(follow(Arc::clone(self), store.clone()));
        }
        receiver
    }

    /// Whether nobody listens any more, so that nobody need follow.
    fn deserted(&self) -> bool {
        let mut following = self.following.lock().unwrap_or_else(PoisonError::into_inner);
        *following = self.newest.receiver_count() > 0;
        !*following
    }
}

fn too_many() -> Problem {
    let detail = "Too many streams of events are open. Close one, or wait as long as Retry-After says.";
    Problem { retry_after: std::num::NonZeroU32::new(30), ..Problem::new(StatusCode::TOO_MANY_REQUESTS, "limited", detail) }
}

/// Follows the outbox and wakes the streams, as long as there are any.
async fn follow(live: Arc<Live>, store: Store) {
    loop {
        match store.read(store::outbox::outbox_last).await {
            Ok(last) => {
                live.newest.send_replace(last);
                follow_from(&live, &store, last).await;
            }
            Err(error) => tracing::warn!(%error, "live pages wait for the store"),
        }
        if live.deserted() {
            return;
        }
        sleep(WAKE_PAUSE).await;
    }
}

/// Comes back when nobody listens any more, or the store failed.
async fn follow_from(live: &Live, store: &Store, start: i64) {
    let mut reader = store.outbox_reader(start);
    loop {
        let news = tokio::select! {
            () = live.newest.closed() => return,
            news = reader.next() => news,
        };
        let wakes = match news {
            Ok(News::Messages(messages)) => messages.iter().any(|message| TYPES.contains(&message.topic.as_str())),
            Ok(News::Missed) => true,
            Err(error) => return tracing::warn!(%error, "live pages wait for the store"),
        };
        if wakes {
            live.newest.send_replace(reader.cursor());
            // However much happens, a stream reads a few times a second.
            sleep(WAKE_PAUSE).await;
        }
    }
}

/// One of the streams that may be open at once.
#[derive(Debug)]
struct Place {
    live: Arc<Live>,
    key: Uuid,
}

impl Drop for Place {
    fn drop(&mut self) {
        let mut streams = self.live.streams.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(count) = streams.get_mut(&self.key) {
            *count -= 1;
            if *count == 0 {
                streams.remove(&self.key);
            }
        }
    }
}

struct Stream {
    app: App,
    who: Listener,
    filter: Filter,
    cursor: i64,
    lines: mpsc::Sender<Bytes>,
    woken: watch::Receiver<i64>,
    closing: watch::Receiver<bool>,
    watched: Option<Watched>,
    _place: Place,
}

impl Stream {
    /// Ends when the other side is gone, may no longer listen, or we stop; then the connection ends and the other side comes back.
    async fn run(mut self, missed: bool) {
        let gap = if missed { format!("id: {}\nevent: missed\ndata: {{}}\n\n", self.cursor) } else { String::new() };
        let mut open = self.send(format!("retry: {STREAM_RETRY_MS}\n\n{gap}")).await;
        while open {
            open = self.send_new().await && self.wait().await;
        }
    }

    /// Sends what is new; whether it goes on.
    async fn send_new(&mut self) -> bool {
        loop {
            self.woken.borrow_and_update();
            let Ok((events, upto)) = event::after(&self.app.admin, &self.who.by, self.filter.clone(), self.cursor, EVENT_PAGE).await else {
                return false;
            };
            // A token that was revoked hears nothing more, though its stream is open.
            if !events.is_empty() && !(self.who.still)().await {
                return false;
            }
            for event in &events {
                let Ok(data) = serde_json::to_string(event) else { return false };
                if !self.send(format!("id: {}\nevent: {}\ndata: {data}\n\n", event.id, event.kind)).await {
                    return false;
                }
            }
            if let Some(watched) = self.watched.as_mut().filter(|_| !events.is_empty())
                && watched.renew(&self.app, &self.who.by).await.is_err()
            {
                return false;
            }
            if upto == self.cursor {
                return true;
            }
            self.cursor = upto;
        }
    }

    /// Waits for something new, with a sign of life now and then; whether it goes on.
    async fn wait(&mut self) -> bool {
        loop {
            let mut line = ":\n\n";
            tokio::select! {
                changed = self.woken.changed() => return changed.is_ok(),
                () = self.lines.closed() => return false,
                _ = self.closing.wait_for(|closing| *closing) => return false,
                () = sleep(HEARTBEAT) => {}
                () = Watched::changed(self.watched.as_mut(), &self.app) => line = "event: presence\ndata: {}\n\n",
            }
            if !(self.who.still)().await || !self.send(line.to_owned()).await {
                return false;
            }
        }
    }

    /// Hands lines to the connection; false if nobody takes them.
    async fn send(&mut self, text: String) -> bool {
        tokio::select! {
            sent = timeout(STREAM_STALLED, self.lines.send(Bytes::from(text))) => matches!(sent, Ok(Ok(()))),
            _ = self.closing.wait_for(|closing| *closing) => false,
        }
    }
}

/// The body of the answer: what the stream hands over, until it ends.
struct Lines(mpsc::Receiver<Bytes>);

impl hyper::body::Body for Lines {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        self.0.poll_recv(context).map(|chunk| chunk.map(|chunk| Ok(Frame::data(chunk))))
    }
}
