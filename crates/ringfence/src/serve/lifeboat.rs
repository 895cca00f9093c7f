//! A start while the store is out of reach: emergency calls are carried by the routes on disk until it is there.

use std::sync::Arc;
use std::time::Duration;

use domain::claim::PlatformKeys;
use portal::edge::{SystemChance, now};
use store::{KeyRing, Options, Sealer, Store, StoreError};
use voice::emergency::Cache;
use voice::service::Provisions;

use super::certificates::Doors;
use super::telephone;
use crate::config::Config;
use crate::data::DataDir;
use crate::failure::Failure;

/// How often the store is looked for.
const LOOK: Duration = Duration::from_secs(5);
/// How often it is asked whether the last emergency call has ended.
const LISTEN: Duration = Duration::from_millis(500);

/// Comes back when the store can be opened and no emergency call is up. At once where there is nothing to carry them by, or where waiting
/// does not help: opening the store then tells why.
pub async fn carry_until_open(data: &DataDir, config: &Config) -> Result<(), Failure> {
    let Ok(ring) = KeyRing::load(&data.key_file()) else { return Ok(()) };
    let Some(error) = look(data, config, &ring).await else { return Ok(()) };
    let cache = || Cache::new(data.path().join(Cache::FILE_NAME), Sealer::new(&ring, Box::new(SystemChance)));
    let Ok(content) = cache().read() else { return Ok(()) };
    let (false, Some(key)) = (content.routes.trunks.is_empty(), content.claims_key) else { return Ok(()) };
    let Ok(keys) = PlatformKeys::new(vec![key]) else { return Ok(()) };
    tracing::error!(%error, "the store is out of reach: until it is there, only emergency calls are carried");
    let ears = telephone::bind(config, &Doors::open(config, &data.tls())?).await?;
    let media = telephone::media(config, &ears.addresses());
    let (keys, caller_number) = (Arc::new(keys), config.emergency.caller_number.clone());
    let provisions = Provisions { keys, media, caller_number, cache: cache(), clock: now };
    let boat = ears.launch(provisions).map_err(|error| Failure::refused(error.to_string()))?;
    while look(data, config, &ring).await.is_some() {
        tokio::time::sleep(LOOK).await;
    }
    while boat.calls() > 0 {
        tokio::time::sleep(LISTEN).await;
    }
    boat.stop().await;
    tracing::warn!("the store is there again");
    Ok(())
}

/// Why the store cannot be opened now, if waiting may help.
async fn look(data: &DataDir, config: &Config, ring: &KeyRing) -> Option<StoreError> {
    match Store::open(config.store_url.expose(), ring, Box::new(SystemChance), Options::new(data.path())).await {
        Ok(store) => {
            store.close().await;
            None
        }
        Err(error @ (StoreError::Unavailable(_) | StoreError::Full | StoreError::Engine(_) | StoreError::Setup(_))) => Some(error),
        Err(_) => None,
    }
}
