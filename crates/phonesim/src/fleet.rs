//! Many phones switched on at once.

use std::sync::Arc;

use tokio::sync::Semaphore;
use tokio::task::JoinSet;

use crate::limits::FLEET_CONCURRENCY_MAX;
use crate::phone::{Outcome, Phone};
use crate::transcript::Transcript;

/// A phone after its boot.
#[derive(Debug)]
pub struct Booted {
    /// It.
    pub phone: Phone,
    /// How its boot ended.
    pub outcome: Outcome,
    /// What it did.
    pub transcript: Transcript,
}

/// Boots all phones, at most `concurrency` (1 to [`FLEET_CONCURRENCY_MAX`]) at a time. They come back in their order.
pub async fn boot_all(phones: Vec<Phone>, concurrency: usize) -> Vec<Booted> {
    let turns = Arc::new(Semaphore::new(concurrency.clamp(1, FLEET_CONCURRENCY_MAX)));
    let mut running = JoinSet::new();
    for (at, mut phone) in phones.into_iter().enumerate() {
        let turns = Arc::clone(&turns);
        running.spawn(async move {
            let _turn = turns.acquire_owned().await.expect("nobody closes the semaphore");
            let mut transcript = Transcript::default();
            let outcome = phone.boot(&mut transcript).await;
            (at, Booted { phone, outcome, transcript })
        });
    }
    let mut booted = running.join_all().await;
    booted.sort_unstable_by_key(|(at, _)| *at);
    booted.into_iter().map(|(_, booted)| booted).collect()
}
