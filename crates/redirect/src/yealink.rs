//! Yealink Management Cloud Service, version 2, its redirection part: JSON over REST with tokens.
//!
//! A *server* is the profile: a name, an address and a login that all its phones get. A device has an address and a login of its own
//! too, which win over the server's; none is ever set here, so that a new global login is one write. No call tells of other accounts'
//! devices: that one is somebody else's is learned by registering it.

mod devices;
mod servers;
mod session;
mod words;

use async_trait::async_trait;
use domain::{Mac, Secret};
use serde_json::{Value, json};

use self::session::Session;
use crate::account::Credentials;
use crate::kind::Kind;
use crate::limits::YMCS_PAGE;
use crate::loose::{number, text};
use crate::outcome::{Failure, Outcome};
use crate::road::{Line, Reply};
use crate::row::{Row, in_turn};
use crate::service::{Entry, Page, Profile, Service, Standing};

/// An account at the service.
#[derive(Debug)]
pub(crate) struct Ymcs {
    session: Session,
    /// Yealink has allowed the account to name devices by their MAC alone.
    without_serial: bool,
}

impl Ymcs {
    pub fn new(line: Line, credentials: &Credentials) -> Self {
        let session = Session::new(line, credentials.get("key_id").to_owned(), credentials.get("secret").into());
        Self { session, without_serial: credentials.is_on("without_serial") }
    }
}

/// Devices of one call.
fn bulk_max() -> usize {
    Kind::YealinkYmcs.capabilities().bulk_max
}

#[async_trait]
impl Service for Ymcs {
    async fn verify(&self) -> Result<(), Failure> {
        // A kept token would prove a key that has been replaced since. The list shows that the key may use this part of the service.
        self.session.forget().await;
        self.page(0, 1, json!({})).await.map(drop)
    }

    async fn ensure_profile(&self, profile: &Profile, rewrite: bool) -> Result<String, Failure> {
        self.ensure_server(profile, rewrite).await.map_err(|failure| failure.without(&profile.password))
    }

    async fn remove_profile(&self, id: &str) -> Result<(), Failure> {
        self.remove_server(id).await
    }

    async fn register(&self, entries: &[Entry]) -> Result<Vec<Outcome>, Failure> {
        self.add_all(entries).await
    }

    async fn retarget(&self, entries: &[Entry]) -> Result<Vec<Outcome>, Failure> {
        in_turn(entries.iter().map(|entry| self.move_one(entry))).await
    }

    async fn unregister(&self, devices: &[Entry]) -> Result<Vec<Outcome>, Failure> {
        let mut row = Row::default();
        for batch in devices.chunks(bulk_max()) {
            if !row.add(self.remove(batch).await)? {
                break;
            }
        }
        Ok(row.finish(devices.len()))
    }

    async fn look_up(&self, device: &Entry) -> Result<Standing, Failure> {
        Ok(self.find(device.mac).await?.map_or(Standing::NotVisible, |found| Standing::Ours(found.listed())))
    }

    async fn list(&self, cursor: Option<&str>) -> Result<Page, Failure> {
        let skip = cursor.map_or(Ok(0), str::parse).map_err(|_| Failure::refused("no page begins there"))?;
        let rows = self.page(skip, YMCS_PAGE, json!({})).await?;
        let end = u64::saturating_add(skip, rows.items.len() as u64);
        let more = !rows.items.is_empty() && rows.total.map_or(rows.items.len() as u64 == YMCS_PAGE, |total| end < total);
        let items = rows.items.iter().filter_map(devices::Found::read).map(devices::Found::listed).collect();
        Ok(Page { items, next: more.then(|| end.to_string()) })
    }

    async fn device_pins(&self, macs: &[Mac]) -> Result<Vec<Option<Secret<String>>>, Failure> {
        let mut pins = Vec::with_capacity(macs.len());
        for batch in macs.chunks(bulk_max()) {
            let asked: Vec<_> = batch.iter().map(Mac::to_string).collect();
            let reply = self.session.post("v2/rps/listDevicePins", &json!({ "macs": asked })).await?;
            let rows = Rows::read(&reply)?.items;
            let pin = |mac: &Mac| {
                let row = rows.iter().find(|row| text(&row["mac"]).parse().ok().as_ref() == Some(mac))?;
                Some(text(&row["pin"])).filter(|pin| !pin.is_empty()).map(Secret::new)
            };
            pins.extend(batch.iter().map(pin));
        }
        Ok(pins)
    }
}

impl Ymcs {
    /// A page of the account's devices.
    async fn page(&self, skip: u64, limit: u64, filter: Value) -> Result<Rows, Failure> {
        let ask = json!({ "skip": skip, "limit": limit, "autoCount": true, "filter": filter });
        Rows::read(&self.session.post("v2/rps/listDevices", &ask).await?)
    }
}

/// Rows of a list.
struct Rows {
    items: Vec<Value>,
    total: Option<u64>,
}

impl Rows {
    /// An array, or a page with one in it; an empty page holds `null` instead.
    fn read(reply: &Reply) -> Result<Self, Failure> {
        let mut body: Value = reply.json()?;
        if let Value::Array(items) = body {
            return Ok(Self { items, total: None });
        }
        let total = number(&body["total"]).and_then(|total| u64::try_from(total).ok());
        match body.get_mut("data").map(Value::take) {
            Some(Value::Array(items)) => Ok(Self { items, total }),
            Some(Value::Null) => Ok(Self { items: Vec::new(), total: Some(0) }),
            None if total == Some(0) => Ok(Self { items: Vec::new(), total }),
            _ => Err(Failure::protocol("a list without rows")),
        }
    }
}
