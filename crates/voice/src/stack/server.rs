//! Server transactions (RFC 3261 section 17.2, RFC 6026): a request seen again gets the same answer again.

use std::cmp::Reverse;
use std::collections::{BinaryHeap, HashMap};
use std::hash::{BuildHasher, RandomState};
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use tokio::sync::watch;
use tokio::time::Instant;

use super::address::{list, parameter};
use super::message::Message;
use crate::edge::Flow;
use crate::limits::TRANSACTIONS_MAX;

/// What tells one transaction from another: 128 bits of keyed hashes, so that no stranger can make two meet.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(super) struct Key(u64, u64);

/// The transactions that are being decided or still remembered.
pub(super) struct Table {
    live: HashMap<Key, Entry>,
    ends: BinaryHeap<Reverse<(Instant, Key)>>,
    hashers: [RandomState; 2],
}

struct Entry {
    stage: Stage,
    ends: Option<Instant>,
    cancelled: Option<Arc<Canceller>>,
}

enum Stage {
    Trying,
    Proceeding(Bytes),
    /// A final answer; for an INVITE one of 300 and above, until it is acknowledged.
    Completed(Bytes),
    /// An INVITE answered by 2xx; its repetition is the dialog's.
    Accepted(Bytes),
    Confirmed,
}

/// What ends an INVITE that is not answered yet.
pub(super) struct Canceller {
    pub(super) request: Message,
    pub(super) flow: Flow,
    pub(super) tag: String,
    /// Turns true when it was cancelled.
    pub(super) told: watch::Sender<bool>,
}

/// What a CANCEL finds.
pub(super) enum Cancellable {
    /// No such INVITE.
    Unknown,
    /// It is answered: too late.
    Answered,
    /// It waits.
    Waiting(Arc<Canceller>),
}

/// What a request is to the table.
pub(super) enum Seen {
    New,
    /// Seen before; what was answered last, if anything.
    Again(Option<Bytes>),
}

impl Table {
    pub(super) fn new() -> Self {
        Self { live: HashMap::new(), ends: BinaryHeap::new(), hashers: [RandomState::new(), RandomState::new()] }
    }

    /// The key of a request; ACK and CANCEL have that of their INVITE.
    pub(super) fn key(&self, request: &Message, flow: &Flow) -> Key {
        let via = request.header("Via").and_then(|field| list(field).next()).unwrap_or_default();
        let sent_by = via.split(';').next().unwrap_or_default();
        let method = match request.method() {
            "ACK" | "CANCEL" => "INVITE",
            method => method,
        };
        let branch = parameter(via, "branch").filter(|branch| branch.starts_with("z9hG4bK"));
        let number = request.cseq().map_or(0, |(number, _)| number);
        // Without the cookie the branch of RFC 2543 says nothing; the request is known by its own names.
        let old = branch.is_none().then(|| (request.call_id(), request.from_tag(), number, via));
        // Datagrams are repeated from where they came; over connections an ACK may come by another one.
        let port = (!flow.transport().is_reliable()).then(|| flow.peer().port());
        let names = (branch, sent_by, method, old, flow.peer().ip(), port, flow.transport());
        Key(self.hashers[0].hash_one(names), self.hashers[1].hash_one(names))
    }

    /// Whether it is known.
    pub(super) fn holds(&self, key: Key) -> bool {
        self.live.contains_key(&key)
    }

    /// Begins a transaction, unless the request was seen before.
    pub(super) fn begin(&mut self, key: Key, cancelled: Option<Arc<Canceller>>) -> Seen {
        if let Some(entry) = self.live.get(&key) {
            return Seen::Again(match &entry.stage {
                Stage::Proceeding(bytes) | Stage::Completed(bytes) | Stage::Accepted(bytes) => Some(bytes.clone()),
                Stage::Trying | Stage::Confirmed => None,
            });
        }
        if self.live.len() >= TRANSACTIONS_MAX {
            self.forget_one();
        }
        self.live.insert(key, Entry { stage: Stage::Trying, ends: None, cancelled });
        Seen::New
    }

    /// Notes a provisional answer. False if there is a final one already: it is not to be sent.
    pub(super) fn proceed(&mut self, key: Key, bytes: &Bytes) -> bool {
        let Some(entry) = self.live.get_mut(&key) else { return false };
        let is_open = matches!(entry.stage, Stage::Trying | Stage::Proceeding(_));
        if is_open {
            entry.stage = Stage::Proceeding(bytes.clone());
        }
        is_open
    }

    /// Notes the final answer and how long it is remembered. False if there was one already: this one is not to be sent.
    pub(super) fn finish(&mut self, key: Key, bytes: &Bytes, is_accepted: bool, now: Instant, remembered: Duration) -> bool {
        let Some(entry) = self.live.get_mut(&key) else { return false };
        if !matches!(entry.stage, Stage::Trying | Stage::Proceeding(_)) {
            return false;
        }
        if remembered.is_zero() {
            self.live.remove(&key);
            return true;
        }
        entry.stage = if is_accepted { Stage::Accepted(bytes.clone()) } else { Stage::Completed(bytes.clone()) };
        entry.cancelled = None;
        self.end_at(key, now + remembered);
        true
    }

    /// An ACK came: nothing is repeated any more. False if no refused INVITE waits for it.
    pub(super) fn acknowledge(&mut self, key: Key, now: Instant, remembered: Duration) -> bool {
        let Some(entry) = self.live.get_mut(&key) else { return false };
        match entry.stage {
            Stage::Completed(_) => {
                entry.stage = Stage::Confirmed;
                self.end_at(key, now + remembered);
                true
            }
            Stage::Confirmed => true,
            _ => false,
        }
    }

    /// Whether a refusal still waits for its ACK.
    pub(super) fn is_unacknowledged(&self, key: Key) -> bool {
        self.live.get(&key).is_some_and(|entry| matches!(entry.stage, Stage::Completed(_)))
    }

    /// Whether an INVITE can be cancelled.
    pub(super) fn cancellable(&self, key: Key) -> Cancellable {
        match self.live.get(&key).map(|entry| &entry.cancelled) {
            None => Cancellable::Unknown,
            Some(None) => Cancellable::Answered,
            Some(Some(canceller)) => Cancellable::Waiting(Arc::clone(canceller)),
        }
    }

    /// Forgets what has ended.
    pub(super) fn sweep(&mut self, now: Instant) {
        while self.ends.peek().is_some_and(|Reverse((ends, _))| *ends <= now) {
            self.forget_one();
        }
        if self.live.len() * 4 < self.live.capacity() {
            self.live.shrink_to(self.live.len() * 2);
            self.ends.shrink_to(self.ends.len() * 2);
        }
    }

    fn end_at(&mut self, key: Key, ends: Instant) {
        if let Some(entry) = self.live.get_mut(&key) {
            entry.ends = Some(ends);
            self.ends.push(Reverse((ends, key)));
        }
    }

    /// The one nearest to its end, unless its end has been moved since.
    fn forget_one(&mut self) {
        while let Some(Reverse((ends, key))) = self.ends.pop() {
            if self.live.get(&key).is_some_and(|entry| entry.ends == Some(ends)) {
                self.live.remove(&key);
                return;
            }
        }
    }
}
