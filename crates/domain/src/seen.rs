//! What was seen of a device's requests: for people who help, never for decisions.
//!
//! Kept apart from the device, because unproved traffic may write here: bounded, batched, and lost without harm.

use std::collections::{BTreeMap, VecDeque};
use std::net::IpAddr;

use serde::{Deserialize, Serialize};

use crate::effect::Attention;
use crate::limits::REQUESTS_KEPT_MAX;
use crate::reason::Reason;
use crate::time::Time;

/// One request, as `device requests` shows it. Never a secret: the file's name stands here, not the path it came by.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RequestRecord {
    /// When it came.
    pub time: Time,
    /// From where.
    pub address: IpAddr,
    /// GET, HEAD, PUT or POST.
    pub method: String,
    /// The file's name.
    pub file: String,
    /// The HTTP status.
    pub status: u16,
    /// What it proved: nothing, stale, wrong, global, claim or own; `+certificate` behind it.
    pub evidence: String,
    /// What it got: challenge, public, full, signpost, restricted, not_found, unavailable.
    pub decision: String,
    /// Why.
    pub reason: Reason,
    /// Bytes of the body.
    pub bytes: u64,
}

/// All that is remembered of a device's requests.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Seen {
    /// The latest full config.
    pub last_fetch: Option<Time>,
    /// Where it went.
    pub last_address: Option<IpAddr>,
    /// The firmware that the phone showed.
    pub firmware: Option<String>,
    /// Brand and model that it showed.
    pub model: Option<String>,
    /// What an admin should look at, since when.
    pub attention: BTreeMap<Attention, Time>,
    /// The latest requests, oldest first.
    pub requests: VecDeque<RequestRecord>,
}

impl Seen {
    /// Adds one request.
    pub fn record(&mut self, request: RequestRecord) {
        if self.requests.len() >= REQUESTS_KEPT_MAX {
            self.requests.pop_front();
        }
        self.requests.push_back(request);
    }

    /// A full config went out: the phone is well, and what made somebody look is over.
    pub fn fetched(&mut self, now: Time, address: IpAddr) {
        self.last_fetch = Some(now);
        self.last_address = Some(address);
        self.attention.clear();
    }

    /// Lays what was seen since over what is stored.
    pub fn merge(&mut self, newer: Self) {
        if let (Some(at), Some(address)) = (newer.last_fetch, newer.last_address) {
            self.fetched(at, address);
        }
        self.firmware = newer.firmware.or_else(|| self.firmware.take());
        self.model = newer.model.or_else(|| self.model.take());
        for (attention, since) in newer.attention {
            self.attention.entry(attention).or_insert(since);
        }
        newer.requests.into_iter().for_each(|request| self.record(request));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn request(number: i64) -> RequestRecord {
        RequestRecord {
            time: Time::from_millis(number),
            address: "198.51.100.7".parse().unwrap(),
            method: "GET".into(),
            file: "001565000001.cfg".into(),
            status: 401,
            evidence: "nothing".into(),
            decision: "challenge".into(),
            reason: Reason::LoginRequired,
            bytes: 0,
        }
    }

    #[test]
    fn the_log_is_a_ring() {
        let mut seen = Seen::default();
        (0..200).for_each(|number| seen.record(request(number)));
        assert_eq!(seen.requests.len(), REQUESTS_KEPT_MAX);
        assert_eq!(seen.requests.back().unwrap().time, Time::from_millis(199));
    }

    #[test]
    fn a_full_config_settles_what_came_before_it_and_nothing_after() {
        let (at, address) = (Time::from_millis(5), "198.51.100.7".parse().unwrap());
        let mut stored = Seen { attention: BTreeMap::from([(Attention::CameBackWithoutLogin, at)]), ..Seen::default() };
        let mut newer = Seen::default();
        newer.fetched(at, address);
        newer.attention.insert(Attention::IdentityMismatch, at);
        stored.merge(newer);
        assert_eq!(stored.attention.keys().collect::<Vec<_>>(), [&Attention::IdentityMismatch]);
        assert_eq!(stored.last_fetch, Some(at));
    }
}
