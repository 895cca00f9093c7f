//! What a registrar needs from time to time: what has ended goes, and ways through NATs are kept open by an OPTIONS now and then, spread
//! out and bounded.

use std::sync::Arc;
use std::time::Duration;

use domain::{Span, Time};
use tokio::sync::Semaphore;

use super::asked::behind_nat;
use super::{Contact, Registrar};
use crate::limits::{KEEP_ALIVES_PER_SECOND_MAX, KEEP_ALIVES_WAITING_MAX, REGISTRATIONS_SWEPT_EVERY};
use crate::stack::{Request, Stack, Target, Transport};

/// Tends it until it is dropped. `keep_alive`: how often a way through a NAT is used, if phones need that.
pub async fn tend(registrar: Arc<Registrar>, stack: Stack, keep_alive: Option<Span>, clock: fn() -> Time) {
    let sweeping = async {
        loop {
            tokio::time::sleep(REGISTRATIONS_SWEPT_EVERY).await;
            registrar.sweep(clock());
        }
    };
    match keep_alive {
        Some(every) => drop(tokio::join!(sweeping, keep_open(&registrar, &stack, every, clock))),
        None => sweeping.await,
    }
}

async fn keep_open(registrar: &Registrar, stack: &Stack, every: Span, clock: fn() -> Time) {
    let seats = Arc::new(Semaphore::new(KEEP_ALIVES_WAITING_MAX));
    loop {
        let ways = registrar.table().one_per_flow(clock(), needs);
        let pause = pause(ways.len(), every);
        for (flow, uri) in ways {
            tokio::time::sleep(pause).await;
            // With too many that do not answer, this round passes some over.
            let Ok(seat) = Arc::clone(&seats).try_acquire_owned() else { continue };
            let stack = stack.clone();
            tokio::spawn(async move {
                let request = Request::new("OPTIONS", &uri);
                // Whatever comes back, or nothing: the way was used. A phone that is gone does not register again.
                let _ = stack.request(Target::Flow(flow), request).await;
                drop(seat);
            });
        }
        tokio::time::sleep(pause).await;
    }
}

/// Whether only we keep this contact's way open: UDP, not behind a proxy, and a NAT between.
fn needs(contact: &Contact) -> bool {
    contact.flow.transport() == Transport::Udp && contact.path.is_empty() && behind_nat(&contact.uri, contact.flow.peer().ip())
}

/// Between two questions, so that they fill the time and do not pass the rate.
fn pause(ways: usize, every: Span) -> Duration {
    let every = Duration::from_millis(every.millis().unsigned_abs());
    let rate = Duration::from_secs(1) / KEEP_ALIVES_PER_SECOND_MAX;
    (every / u32::try_from(ways + 1).unwrap_or(u32::MAX)).max(rate)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn questions_are_spread_over_the_time_and_bounded() {
        let every = Span::seconds(25);
        assert_eq!(pause(0, every), Duration::from_secs(25));
        assert_eq!(pause(4, every), Duration::from_secs(5));
        assert_eq!(pause(100_000, every), Duration::from_micros(2_500));
    }
}
