//! Where trunks are: names resolved beforehand, and kept when names cannot be resolved any more.

use std::collections::HashMap;
use std::net::{IpAddr, SocketAddr};
use std::sync::{Mutex, MutexGuard, PoisonError};

use domain::emergency::{Trunk, TrunkId};
use tokio::time::timeout;

use crate::limits::{RESOLVE_WAIT, TRUNK_ADDRESSES_MAX};

/// The last known addresses of trunks.
#[derive(Debug, Default)]
pub struct Resolver {
    known: Mutex<HashMap<TrunkId, Vec<IpAddr>>>,
}

impl Resolver {
    /// Takes what an earlier life knew.
    pub fn remember(&self, addresses: Vec<(TrunkId, Vec<IpAddr>)>) {
        self.known().extend(addresses);
    }

    /// What is known, for the file.
    pub fn all(&self) -> Vec<(TrunkId, Vec<IpAddr>)> {
        self.known().iter().map(|(id, addresses)| (*id, addresses.clone())).collect()
    }

    /// Forgets trunks that are no more.
    pub fn keep(&self, trunks: &[Trunk]) {
        self.known().retain(|id, _| trunks.iter().any(|trunk| trunk.id == *id));
    }

    /// Where a call to this trunk goes: what is known, at once; only a trunk that was never resolved is asked for now.
    pub async fn addresses(&self, trunk: &Trunk) -> Vec<SocketAddr> {
        if let Some(known) = self.known().get(&trunk.id) {
            return known.iter().map(|address| SocketAddr::new(*address, trunk.address.port())).collect();
        }
        self.refresh_or_read(trunk).await
    }

    /// Resolves anew, unless an address stands there already.
    pub async fn refresh_or_read(&self, trunk: &Trunk) -> Vec<SocketAddr> {
        match trunk.address.host.parse::<IpAddr>() {
            Ok(address) => vec![SocketAddr::new(address, trunk.address.port())],
            Err(_) => self.refresh(trunk).await,
        }
    }

    /// Resolves anew. What was known stays if that does not work.
    pub async fn refresh(&self, trunk: &Trunk) -> Vec<SocketAddr> {
        let (host, port) = (trunk.address.host.as_str(), trunk.address.port());
        let found = match timeout(RESOLVE_WAIT, tokio::net::lookup_host((host, port))).await {
            Ok(Ok(found)) => found.map(|address| address.ip()).take(TRUNK_ADDRESSES_MAX).collect(),
            Ok(Err(_)) | Err(_) => Vec::new(),
        };
        let mut known = self.known();
        if !found.is_empty() {
            known.insert(trunk.id, found);
        }
        known.get(&trunk.id).into_iter().flatten().map(|address| SocketAddr::new(*address, port)).collect()
    }

    /// Whether this is the address of one of these trunks.
    pub fn is_trunk(&self, address: IpAddr, trunks: &[Trunk]) -> bool {
        let address = address.to_canonical();
        let known = self.known();
        trunks.iter().any(|trunk| {
            let named = trunk.address.host.parse::<IpAddr>().ok();
            named.iter().chain(known.get(&trunk.id).into_iter().flatten()).any(|one| one.to_canonical() == address)
        })
    }

    fn known(&self) -> MutexGuard<'_, HashMap<TrunkId, Vec<IpAddr>>> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
