//! What an agent waits for, and what it has answered.

use std::collections::{HashMap, VecDeque};

use tokio::sync::mpsc;

use crate::limits::SIP_ANSWERS_KEPT;
use crate::sip::agent::InboundRequest;
use crate::sip::message::{Message, tag_of};

/// Transactions, calls and answers of one agent.
#[derive(Debug, Default)]
pub(in crate::sip) struct Table {
    turns: u64,
    closed: bool,
    transactions: HashMap<String, mpsc::Sender<Message>>,
    calls: HashMap<String, mpsc::Sender<InboundRequest>>,
    /// By transaction; no bytes while the answer is still being thought about.
    answers: VecDeque<(String, Option<Vec<u8>>)>,
    /// By refused INVITE, for refusals that come again.
    acks: VecDeque<(String, Vec<u8>)>,
}

/// What to do with a message.
pub(super) enum Arrived {
    /// Nothing more.
    Taken,
    /// It came again: send the same answer.
    Again(Vec<u8>),
    /// It belongs to no call that is known.
    Unknown,
    /// It belongs to this call.
    Call(mpsc::Sender<InboundRequest>),
    /// It belongs to nothing yet.
    New,
}

/// The name of a transaction. A CANCEL has the branch of its INVITE, and ends it.
pub(super) fn key(branch: &str, method: &str) -> String {
    format!("{branch} {method}")
}

impl Table {
    pub fn begin_transaction(&mut self, key: &str, sender: mpsc::Sender<Message>) {
        if !self.closed {
            self.transactions.insert(key.to_owned(), sender);
        }
    }

    pub fn end_transaction(&mut self, key: &str) {
        self.transactions.remove(key);
    }

    pub fn begin_call(&mut self, call_id: &str, sender: mpsc::Sender<InboundRequest>) {
        if !self.closed {
            self.calls.insert(call_id.to_owned(), sender);
        }
    }

    pub fn end_call(&mut self, call_id: &str) {
        self.calls.remove(call_id);
    }

    pub fn turn(&mut self) -> u64 {
        self.turns += 1;
        self.turns
    }

    pub(super) fn arrived(&mut self, message: &Message) -> Arrived {
        let Some(branch) = message.branch() else { return Arrived::Taken };
        let key = key(branch, message.method());
        if message.status().is_some() {
            if let Some(waiting) = self.transactions.get(&key) {
                // What does not fit is one of many repeats.
                drop(waiting.try_send(message.clone()));
                return Arrived::Taken;
            }
            let is_refusal = message.status().is_some_and(|status| status >= 300);
            let ack = self.acks.iter().find(|(own, _)| is_refusal && *own == key);
            return ack.map_or(Arrived::Taken, |(_, bytes)| Arrived::Again(bytes.clone()));
        }
        let is_ack = message.method() == "ACK";
        if let Some((_, answer)) = self.answers.iter().find(|(own, _)| *own == key) {
            return answer.clone().map_or(Arrived::Taken, Arrived::Again);
        }
        if !is_ack {
            self.remember(key, None);
        }
        match self.calls.get(message.call_id()) {
            Some(call) => Arrived::Call(call.clone()),
            None if is_ack => Arrived::Taken,
            None if message.header("To").and_then(tag_of).is_some() || message.method() == "CANCEL" => Arrived::Unknown,
            None => Arrived::New,
        }
    }

    pub(super) fn answered(&mut self, request: &Message, bytes: &[u8]) {
        let Some(key) = request.branch().map(|branch| key(branch, request.method())) else { return };
        match self.answers.iter_mut().find(|(own, _)| *own == key) {
            Some((_, answer)) => *answer = Some(bytes.to_vec()),
            None => self.remember(key, Some(bytes.to_vec())),
        }
    }

    /// A refused INVITE was confirmed with these bytes.
    pub fn confirmed(&mut self, invite: &Message, bytes: &[u8]) {
        let Some(branch) = invite.branch() else { return };
        if self.acks.len() == SIP_ANSWERS_KEPT {
            self.acks.pop_front();
        }
        self.acks.push_back((key(branch, "INVITE"), bytes.to_vec()));
    }

    pub(super) fn forget(&mut self, request: &Message) {
        let Some(key) = request.branch().map(|branch| key(branch, request.method())) else { return };
        self.answers.retain(|(own, _)| *own != key);
    }

    /// Whoever waits for something is told that nothing comes any more.
    pub(super) fn close(&mut self) {
        self.closed = true;
        self.transactions.clear();
        self.calls.clear();
    }

    fn remember(&mut self, key: String, answer: Option<Vec<u8>>) {
        if self.answers.len() == SIP_ANSWERS_KEPT {
            self.answers.pop_front();
        }
        self.answers.push_back((key, answer));
    }
}
