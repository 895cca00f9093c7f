//! What is told and kept of emergency calls: at once if the store lives, later if it does not.

use std::collections::VecDeque;
use std::net::IpAddr;
use std::sync::{Mutex, MutexGuard, PoisonError};

use domain::emergency::Outcome;
use domain::{Mac, Time};
use serde_json::json;
use store::call::Call;
use store::event::{self, NewEvent};
use store::{Db, Result};
use tokio::sync::Notify;
use uuid::Uuid;

use crate::limits::RECORDS_WAITING_MAX;

/// The topic of events about emergency calls.
pub const EMERGENCY_CALL: &str = "emergency.call";
/// The topic of events about trunks that stopped answering.
pub const TRUNK_DOWN: &str = "trunk.down";
/// The topic of events about trunks that answer again.
pub const TRUNK_UP: &str = "trunk.up";

/// One emergency call, as far as it has come.
#[derive(Clone, Debug)]
pub struct Record {
    /// Its id: the same for its begin and its end.
    pub id: Uuid,
    /// Whose, if that is known.
    pub mac: Option<Mac>,
    /// Whether that was proved.
    pub proved: bool,
    /// When it came.
    pub started: Time,
    /// When it ended, and how.
    pub ended: Option<(Time, Outcome)>,
    /// From where.
    pub source: IpAddr,
    /// The emergency number.
    pub number: String,
    /// The number that was shown.
    pub shown: Option<String>,
    /// Where the site says it is.
    pub location: Option<String>,
    /// The trunk that took it.
    pub trunk: Option<String>,
}

/// Something for the store.
#[derive(Clone, Debug)]
pub enum Entry {
    /// An emergency call began or ended.
    Call(Box<Record>),
    /// A trunk's health changed.
    Trunk {
        /// When.
        at: Time,
        /// Its name.
        name: String,
        /// Whether it answers now.
        up: bool,
        /// In which words.
        detail: String,
    },
}

/// What waits for the store; bounded, the oldest go first.
#[derive(Debug, Default)]
pub struct Waiting {
    entries: Mutex<VecDeque<Entry>>,
    more: Notify,
}

impl Waiting {
    /// Keeps an entry until it is written. It stands in the log in any case.
    pub fn push(&self, entry: Entry) {
        entry.log();
        let mut entries = self.entries();
        if entries.len() >= RECORDS_WAITING_MAX {
            entries.pop_front();
            tracing::error!("the store has been away for long: the record of an emergency call is in this log only");
        }
        entries.push_back(entry);
        drop(entries);
        self.more.notify_one();
    }

    /// Comes back when there may be something to write.
    pub async fn more(&self) {
        self.more.notified().await;
    }

    /// The first that wait now.
    pub fn peek(&self, count: usize) -> Vec<Entry> {
        self.entries().iter().take(count).cloned().collect()
    }

    /// The first `count` have been written.
    pub fn written(&self, count: usize) {
        let mut entries = self.entries();
        let count = count.min(entries.len());
        entries.drain(..count);
    }

    fn entries(&self) -> MutexGuard<'_, VecDeque<Entry>> {
        self.entries.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Entry {
    /// Writes it, with its event.
    pub fn write(&self, db: &Db) -> Result<()> {
        match self {
            Self::Call(record) => record.write(db),
            Self::Trunk { at, name, up, detail } => {
                let topic = if *up { TRUNK_UP } else { TRUNK_DOWN };
                let told = NewEvent { of: store::trunk::owner_of(db, name)?, mac: None, data: json!({ "trunk": name, "detail": detail }) };
                event::tell(db, *at, topic, told)
            }
        }
    }

    fn log(&self) {
        match self {
            Self::Call(record) => {
                let mac = record.mac.map(|mac| mac.to_string());
                let result = record.ended.map_or("started", |(_, outcome)| outcome.code());
                tracing::warn!(
                    call = %record.id, mac, proved = record.proved, source = %record.source, number = record.number, shown = record.shown,
                    location = record.location, trunk = record.trunk, result, "emergency call"
                );
            }
            Self::Trunk { name, up: true, detail, .. } => tracing::warn!(trunk = name, detail, "the trunk answers again"),
            Self::Trunk { name, detail, .. } => tracing::error!(trunk = name, detail, "the trunk does not answer"),
        }
    }
}

impl Record {
    fn write(&self, db: &Db) -> Result<()> {
        let at = self.ended.map_or(self.started, |(ended, _)| ended);
        let of = self.mac.map(|mac| event::place_of(db, mac)).transpose()?.unwrap_or_default();
        event::tell(db, at, EMERGENCY_CALL, NewEvent { of, mac: self.mac, data: self.payload() })?;
        let (Some(mac), Some((ended, outcome))) = (self.mac, self.ended) else { return Ok(()) };
        let call = Call {
            mac,
            started: self.started,
            ended,
            source: self.source,
            account: String::new(),
            dialled: self.number.clone(),
            prompts: Vec::new(),
            result: format!("emergency_{outcome}"),
        };
        store::call::note(db, self.id, &call).map(drop)
    }

    fn payload(&self) -> serde_json::Value {
        json!({
            "call": self.id,
            "mac": self.mac.map(|mac| mac.to_string()),
            "proved": self.proved,
            "started": self.started.rfc3339(),
            "ended": self.ended.map(|(ended, _)| ended.rfc3339()),
            "result": self.ended.map_or("started", |(_, outcome)| outcome.code()),
            "source": self.source,
            "number": self.number,
            "shown": self.shown,
            "location": self.location,
            "trunk": self.trunk,
        })
    }
}
