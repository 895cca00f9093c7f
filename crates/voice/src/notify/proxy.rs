//! Phones that are live are registered elsewhere: they are told through the operator's own proxy, once in the whole cluster.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use domain::Mac;
use domain::net::site_network;
use domain::settings::Line;
use store::{Db, Store, StoreError};
use tokio::sync::{Semaphore, mpsc};
use uuid::Uuid;

use super::record::Recorder;
use super::{Parts, Tell, Told, form};
use crate::limits::{NOTIFIES_AT_ONCE_MAX, NOTIFY_ROWS_MAX, PROXY_NOTIFIES_PER_SECOND_MAX, PROXY_RESYNC_LEASE};
use crate::stack::{Target, Transport};

/// A wish of the outbox: its message's number, and the phone.
pub(super) type Wish = (i64, Mac);

/// Tells live phones until nobody wishes any more.
pub(super) async fn run<T: Tell>(parts: Arc<Parts<T>>, proxy: String, recorder: Recorder, mut wishes: mpsc::Receiver<Wish>) {
    let seats = Arc::new(Semaphore::new(NOTIFIES_AT_ONCE_MAX));
    while let Some((id, mac)) = wishes.recv().await {
        let lines = match lines(&parts, id, mac).await {
            Ok(lines) if lines.is_empty() => continue,
            Ok(lines) => lines,
            Err(error) => {
                tracing::warn!(%mac, %error, "could not look up a phone to be told through the proxy");
                continue;
            }
        };
        let Ok(Some(address)) = tokio::net::lookup_host(&proxy).await.map(|mut found| found.next()) else {
            tracing::warn!(%proxy, "sip.resync_proxy cannot be found: a phone was not told to fetch");
            continue;
        };
        for (at, line) in lines.iter().enumerate() {
            let Ok(seat) = Arc::clone(&seats).acquire_owned().await else { return };
            let telling = tell(Arc::clone(&parts), recorder.clone(), mac, uri(line), address, at < NOTIFY_ROWS_MAX);
            tokio::spawn(async move {
                telling.await;
                drop(seat);
            });
            tokio::time::sleep(Duration::from_secs(1) / PROXY_NOTIFIES_PER_SECOND_MAX).await;
        }
    }
}

async fn tell<T: Tell>(parts: Arc<Parts<T>>, recorder: Recorder, mac: Mac, uri: String, proxy: SocketAddr, shown: bool) {
    let form = form::form(&parts.catalogue.current(), None, parts.registrar.known(mac).as_deref());
    let target = Target::Address { transport: Transport::Udp, address: proxy };
    let told = Told::read(parts.teller.tell(target, form::request(&form, &uri, &[])).await);
    recorder.note(mac, proxy.ip(), "proxy", told, shown, (parts.clock)());
}

/// The lines of a live phone, or of one that was reset while it may still have them, if it is this node that has to tell it.
async fn lines<T: Tell>(parts: &Parts<T>, id: i64, mac: Mac) -> Result<Vec<Line>, StoreError> {
    let now = (parts.clock)();
    if parts.quiet.in_peace(mac, now) {
        return Ok(Vec::new());
    }
    let network = site_network(std::net::Ipv4Addr::UNSPECIFIED.into());
    let Some(found) = parts.store.read(move |db| store::device::fetch(db, mac, &network, now)).await? else { return Ok(Vec::new()) };
    let device = &found.stored.device;
    let may_have_lines = device.auth.live.is_some() || device.auth.reset_at.is_some();
    if device.disabled || !may_have_lines {
        return Ok(Vec::new());
    }
    let lines = found.setup(&parts.store)?.lines;
    if lines.is_empty() || !is_ours(&parts.store, parts.node, id, now).await? {
        return Ok(Vec::new());
    }
    Ok(lines)
}

/// Takes the message for this node; another that was quicker has told.
async fn is_ours(store: &Store, node: Uuid, id: i64, now: domain::Time) -> Result<bool, StoreError> {
    store.write(move |db: &Db| store::job::lease(db, &format!("resync {id}"), node, now, PROXY_RESYNC_LEASE)).await
}

fn uri(line: &Line) -> String {
    let bare_v6 = line.server.contains(':') && !line.server.starts_with('[') && line.server.parse::<std::net::Ipv6Addr>().is_ok();
    let host = if bare_v6 { format!("[{}]", line.server) } else { line.server.clone() };
    let port = line.port.map_or_else(String::new, |port| format!(":{port}"));
    format!("sip:{}@{host}{port}", line.user)
}
