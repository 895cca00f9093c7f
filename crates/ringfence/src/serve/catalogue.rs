//! Files of brands that somebody changes while the server runs: in force on every node within a second.

use std::time::Duration;

use portal::admin::{Admin, template};
use store::template::TOPIC;
use store::{News, OutboxReader};
use tokio::sync::watch;

/// How long to wait for a store that could not be read.
const RETRY: Duration = Duration::from_secs(1);

/// Follows the outbox until the server stops.
pub async fn follow(admin: Admin, mut stopped: watch::Receiver<bool>) {
    tokio::select! {
        // A closed channel means that the server is gone.
        _ = stopped.wait_for(|stopped| *stopped) => {}
        () = for_ever(&admin) => {}
    }
}

async fn for_ever(admin: &Admin) {
    loop {
        // Whatever was changed before the cursor is taken up now; what comes after it is told.
        if let Ok(cursor) = admin.store.read(store::outbox::outbox_last).await {
            take_up_news(admin, admin.store.outbox_reader(cursor)).await;
        }
        tokio::time::sleep(RETRY).await;
    }
}

/// Comes back when the store could not be read.
async fn take_up_news(admin: &Admin, mut reader: OutboxReader) {
    let mut changed = true;
    loop {
        if changed && let Err(error) = template::take_up(admin).await {
            tracing::warn!(%error, "the files of brands could not be read; those at hand stay");
            return;
        }
        changed = match reader.next().await {
            Ok(News::Missed) => true,
            Ok(News::Messages(messages)) => messages.iter().any(|message| message.topic == TOPIC),
            Err(_) => return,
        };
    }
}
