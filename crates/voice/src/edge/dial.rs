//! Connections that we open: to trunks and proxies. One that is up is used again.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use rustls::pki_types::ServerName;
use tokio::net::TcpStream;
use tokio::time::timeout;
use tokio_rustls::TlsConnector;

use super::flow::Door;
use super::streams::{Connection, Shared};
use super::{Config, Destination, Flow, FlowGone, Transport};
use crate::limits::DIALLED_MAX;

/// The connections that are up.
#[derive(Default)]
pub(super) struct Dialled {
    flows: Mutex<HashMap<Destination, Flow>>,
}

impl Dialled {
    pub(super) async fn flow_to(
        &self,
        config: &Config,
        to: &Destination,
        advertised: Option<String>,
        shared: &Arc<Shared>,
    ) -> Result<Flow, FlowGone> {
        {
            let mut flows = self.flows();
            flows.retain(|_, flow| flow.is_open());
            if let Some(flow) = flows.get(to) {
                return Ok(flow.clone());
            }
        }
        let opened = timeout(config.limits.dial, open(config, to, advertised, shared)).await;
        let flow = opened.map_err(|_| FlowGone)??;
        let mut flows = self.flows();
        if flows.len() < DIALLED_MAX {
            flows.insert(to.clone(), flow.clone());
        }
        Ok(flow)
    }

    pub(super) fn forget(&self, to: &Destination) {
        self.flows().remove(to);
    }

    fn flows(&self) -> MutexGuard<'_, HashMap<Destination, Flow>> {
        self.flows.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

async fn open(config: &Config, to: &Destination, advertised: Option<String>, shared: &Arc<Shared>) -> Result<Flow, FlowGone> {
    let Destination { transport, address: peer, ref name } = *to;
    let failed = |error: std::io::Error| {
        tracing::debug!(%error, %peer, "cannot connect");
        FlowGone
    };
    let stream = TcpStream::connect(peer).await.map_err(failed)?;
    let local = stream.local_addr().map_err(failed)?;
    let _ = stream.set_nodelay(true);
    let advertised = advertised.unwrap_or_else(|| local.to_string());
    let door = Arc::new(Door { transport, bound: local, advertised });
    let connection = Connection::new(door, local, peer);
    let (flow, shared) = (connection.flow.clone(), Arc::clone(shared));
    if transport == Transport::Tls {
        let tls = config.client_tls.clone().ok_or(FlowGone)?;
        let name = match name {
            Some(name) => ServerName::try_from(name.clone()).map_err(|_| FlowGone)?,
            None => ServerName::from(peer.ip()),
        };
        let stream = TlsConnector::from(tls).connect(name, stream).await.map_err(failed)?;
        tokio::spawn(async move { connection.live(&shared, stream).await });
    } else {
        tokio::spawn(async move { connection.live(&shared, stream).await });
    }
    Ok(flow)
}
