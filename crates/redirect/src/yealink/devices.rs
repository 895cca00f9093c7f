//! Devices: added and removed a hundred a call, moved one by one.

use std::collections::{BTreeMap, VecDeque};

use domain::{Mac, Secret, Time};
use serde_json::{Value, json};

use super::words::{Bulk, Of, Refusal, outcome};
use super::{Ymcs, bulk_max};
use crate::limits::YMCS_SERIAL_BYTES_MAX;
use crate::loose::{number, segment, text};
use crate::outcome::{Failure, No, Outcome};
use crate::service::{Entry, Listed, Target};

/// A device of the account as a list shows it.
pub(super) struct Found {
    mac: Mac,
    id: String,
    server: String,
    own_address: String,
    asked: Option<Time>,
}

impl Found {
    pub fn read(row: &Value) -> Option<Self> {
        let asked = number(&row["lastConnected"]).filter(|millis| *millis > 0).map(Time::from_millis);
        let (server, own_address) = (text(&row["serverId"]), text(&row["uniqueServerUrl"]));
        Some(Self { mac: text(&row["mac"]).parse().ok()?, id: text(&row["id"]), server, own_address, asked })
    }

    /// An address of its own wins over the server's, so it is where the phone is sent.
    pub fn listed(self) -> Listed {
        let target = if self.own_address.is_empty() { self.server } else { self.own_address };
        Listed { mac: self.mac, target: Some(target).filter(|target| !target.is_empty()).map(Secret::new), asked: self.asked }
    }
}

/// How one of a batch is sent, and how it is known in the answer.
struct Sent<'a> {
    server: &'a str,
    mac: String,
    serial: &'a str,
}

impl Sent<'_> {
    fn names(&self) -> Vec<&str> {
        vec![&self.mac, self.serial]
    }
}

impl Ymcs {
    /// A device of the account. The search takes parts of a MAC too, so the whole one is compared here.
    pub(super) async fn find(&self, mac: Mac) -> Result<Option<Found>, Failure> {
        let rows = self.page(0, 20, json!({ "mac": mac.to_string() })).await?;
        Ok(rows.items.iter().filter_map(Found::read).find(|found| found.mac == mac))
    }

    pub(super) async fn add_all(&self, entries: &[Entry]) -> Result<Vec<Outcome>, Failure> {
        let mut outcomes: Vec<_> = entries.iter().map(|entry| self.sent(entry).err()).collect();
        let fit: Vec<_> = (0..entries.len()).filter(|at| outcomes[*at].is_none()).collect();
        let mut batches: VecDeque<_> = fit.chunks(bulk_max()).map(<[_]>::to_vec).collect();
        let mut servers = BTreeMap::new();
        let mut written = false;
        while let Some(batch) = batches.pop_front() {
            let sent: Vec<_> = batch.iter().filter_map(|at| self.sent(&entries[*at]).ok()).collect();
            let came = match self.add(&sent).await {
                Ok(came) => Ok(came.into_iter().map(Some).collect()),
                Err(No::Refused(refusal)) => self.after(&refusal, &sent, &mut servers).await,
                Err(No::Failed(failure)) => Err(failure),
            };
            match came {
                Ok(came) => {
                    let open: Vec<_> = batch.iter().zip(&came).filter(|(_, came)| came.is_none()).map(|(at, _)| *at).collect();
                    written |= open.is_empty();
                    // One of them is wrong for all: found by halves, it stops nobody else.
                    let halves = if open.len() == batch.len() { open.len().div_ceil(2) } else { open.len() };
                    open.chunks(halves.max(1)).rev().for_each(|half| batches.push_front(half.to_vec()));
                    batch.into_iter().zip(came).for_each(|(at, came)| outcomes[at] = came);
                }
                Err(failure) if !written => return Err(failure),
                Err(_) => break,
            }
        }
        Ok(outcomes.into_iter().map(|outcome| outcome.unwrap_or(Outcome::Uncertain)).collect())
    }

    /// What is sent of a device, or why it cannot be.
    fn sent<'a>(&self, entry: &'a Entry) -> Result<Sent<'a>, Outcome> {
        let server = server(entry)?;
        let serial = entry.serial.as_deref().unwrap_or_default();
        match serial.len() {
            _ if self.without_serial => Ok(Sent { server, mac: entry.mac.to_string(), serial: "" }),
            0 => Err(Outcome::MissingSerial),
            1..=YMCS_SERIAL_BYTES_MAX => Ok(Sent { server, mac: entry.mac.to_string(), serial }),
            _ => Err(Outcome::InvalidSerial),
        }
    }

    /// Adds one batch: a bare array, with serial numbers or by MAC.
    async fn add(&self, batch: &[Sent<'_>]) -> Result<Vec<Outcome>, No<Refusal>> {
        let (path, items): (_, Vec<_>) = if self.without_serial {
            let item = |one: &Sent<'_>| json!({ "mac": one.mac, "serverId": one.server });
            ("v2/rps/addDevicesByMac", batch.iter().map(item).collect())
        } else {
            let item = |one: &Sent<'_>| json!({ "mac": one.mac, "sn": one.serial, "serverId": one.server });
            ("v2/rps/addDevices", batch.iter().map(item).collect())
        };
        let result = Bulk::read(&self.session.post(path, &Value::Array(items)).await?, batch.len())?;
        let all: Vec<_> = batch.iter().map(Sent::names).collect();
        let of = |names: &Vec<&str>| match result.of(names, &all) {
            Of::Done => Outcome::Done,
            Of::Failed(said) => outcome(said),
            Of::Unsaid => Outcome::Uncertain,
        };
        Ok(all.iter().map(of).collect())
    }

    /// What the refusal of a whole batch says of each of it; nothing where it must be sent apart from the others to know.
    async fn after(
        &self,
        refusal: &Refusal,
        batch: &[Sent<'_>],
        servers: &mut BTreeMap<String, bool>,
    ) -> Result<Vec<Option<Outcome>>, Failure> {
        let mut came = Vec::with_capacity(batch.len());
        for one in batch {
            if !servers.contains_key(one.server) {
                servers.insert(one.server.to_owned(), self.has_server(one.server).await.map_err(Failure::of_a_read)?);
            }
            came.push(match servers.get(one.server) {
                Some(false) => Some(Outcome::InvalidProfile),
                _ if batch.len() == 1 => Some(refusal.outcome()),
                _ => None,
            });
        }
        Ok(came)
    }

    pub(super) async fn move_one(&self, entry: &Entry) -> Result<Outcome, Failure> {
        let server = match server(entry) {
            Ok(server) => server,
            Err(outcome) => return Ok(outcome),
        };
        let Some(found) = self.find(entry.mac).await.map_err(Failure::of_a_read)? else { return Ok(Outcome::NotFound) };
        let id = segment(&found.id).ok_or_else(|| Failure::protocol("a device without an id"))?;
        let path = format!("v2/rps/devices/{id}");
        let detail: Value = match self.session.look(&path).await {
            Ok(reply) => reply.json()?,
            Err(No::Refused(refusal)) if refusal.is_absence() => return Ok(Outcome::NotFound),
            Err(no) => return Err(Failure::from(no).of_a_read()),
        };
        // Whether an empty text clears what wins over the server, nobody says; a record made anew has none.
        if !found.own_address.is_empty() || !text(&detail["authName"]).is_empty() {
            return self.replace(entry, id, text(&detail["sn"])).await;
        }
        if found.server == server {
            return Ok(Outcome::Done);
        }
        match self.session.patch(&path, &json!({ "serverId": server })).await {
            Ok(_) => Ok(Outcome::Done),
            Err(No::Refused(_)) if !self.has_server(server).await.map_err(Failure::of_a_read)? => Ok(Outcome::InvalidProfile),
            Err(No::Refused(refusal)) => Ok(refusal.outcome()),
            Err(No::Failed(failure)) => Err(failure),
        }
    }

    /// Removes a device's record and makes it anew.
    async fn replace(&self, entry: &Entry, id: &str, serial: String) -> Result<Outcome, Failure> {
        let mut entry = entry.clone();
        entry.serial = entry.serial.or(Some(serial));
        let sent = match self.sent(&entry) {
            Ok(sent) => [sent],
            Err(outcome) => return Ok(outcome),
        };
        // What cannot be made anew is not removed.
        if !self.has_server(sent[0].server).await.map_err(Failure::of_a_read)? {
            return Ok(Outcome::InvalidProfile);
        }
        let reply = self.session.post("v2/rps/delDevices", &json!({ "deviceIdType": "id", "deviceIds": [id] })).await?;
        match Bulk::read(&reply, 1)?.of(&[id, &sent[0].mac], &[vec![id, &sent[0].mac]]) {
            Of::Done => {}
            Of::Failed(said) => return Ok(Outcome::refused(said)),
            Of::Unsaid => return Ok(Outcome::refused("not removed")),
        }
        match self.add(&sent).await {
            Ok(came) => Ok(came.into_iter().next().unwrap_or(Outcome::Uncertain)),
            Err(No::Refused(refusal)) => Ok(refusal.outcome()),
            Err(No::Failed(_)) => Ok(Outcome::Uncertain),
        }
    }

    /// Removes one batch. An absent device is a failure to the service; so whatever failed is looked up.
    pub(super) async fn remove(&self, batch: &[Entry]) -> Result<Vec<Outcome>, Failure> {
        let mut outcomes = vec![Outcome::Uncertain; batch.len()];
        let mut left: Vec<_> = (0..batch.len()).collect();
        loop {
            let macs: Vec<_> = left.iter().map(|at| batch[*at].mac.to_string()).collect();
            let (said, whole) = self.remove_once(&macs).await?;
            let mut there = Vec::new();
            for (at, said) in left.iter().zip(said) {
                let Some(said) = said else {
                    outcomes[*at] = Outcome::Done;
                    continue;
                };
                let Ok(found) = self.find(batch[*at].mac).await else { return Ok(outcomes) };
                outcomes[*at] = if found.is_none() { Outcome::Done } else { Outcome::refused(said) };
                if found.is_some() {
                    there.push(*at);
                }
            }
            // Refused as a whole because of some that are absent: the others are asked for without them.
            if !whole || there.is_empty() || there.len() == left.len() {
                return Ok(outcomes);
            }
            left = there;
        }
    }

    /// What the service says of each that it did not remove, and whether it refused the whole call.
    async fn remove_once(&self, macs: &[String]) -> Result<(Vec<Option<String>>, bool), Failure> {
        let ask = json!({ "deviceIdType": "mac", "deviceIds": macs });
        let reply = match self.session.post("v2/rps/delDevices", &ask).await {
            Ok(reply) => reply,
            Err(No::Refused(refusal)) => return Ok((vec![Some(refusal.said().to_owned()); macs.len()], true)),
            Err(No::Failed(failure)) => return Err(failure),
        };
        let result = Bulk::read(&reply, macs.len())?;
        let all: Vec<_> = macs.iter().map(|mac| vec![mac.as_str()]).collect();
        let of = |names: &Vec<&str>| match result.of(names, &all) {
            Of::Done => None,
            Of::Failed(said) => Some(said.to_owned()),
            Of::Unsaid => Some("not removed".to_owned()),
        };
        Ok((all.iter().map(of).collect(), false))
    }
}

/// The server that a device is to have.
fn server(entry: &Entry) -> Result<&str, Outcome> {
    match &entry.target {
        Target::Profile(id) => segment(id).ok_or(Outcome::InvalidProfile),
        Target::Address(_) | Target::Config(_) => Err(Outcome::refused("phones are sent by a server's record here")),
    }
}
