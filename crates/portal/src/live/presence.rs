//! What a stream follows besides events: where the phones of a place stand with this node. Nothing of that is kept, so nobody leaves a message
//! when it changes; a stream whose page shows it looks into memory every few seconds and says that something is different.

use std::future::pending;

use domain::Mac;
use tokio::time::{Interval, MissedTickBehavior, interval};

use crate::App;
use crate::admin::device::{Which, day_macs};
use crate::admin::{By, Error};
use crate::limits::PRESENCE_LOOK;
use crate::telephone::Presence;

/// The phones of a place.
#[derive(Debug)]
pub struct Watched {
    which: Which,
    macs: Vec<Mac>,
    last: Vec<Presence>,
    looks: Interval,
}

impl Watched {
    /// Begins with nobody there: what came between the page and its stream is told, too.
    pub async fn open(app: &App, by: &By, which: Which) -> Result<Self, Error> {
        let mut looks = interval(PRESENCE_LOOK);
        looks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let mut watched = Self { which, macs: Vec::new(), last: Vec::new(), looks };
        watched.renew(app, by).await?;
        Ok(watched)
    }

    /// Something happened in the branch: there may be other phones.
    pub(super) async fn renew(&mut self, app: &App, by: &By) -> Result<(), Error> {
        let macs = day_macs(&app.admin, by, self.which.clone()).await?;
        if macs != self.macs {
            self.last = vec![Presence::Away; macs.len()];
            self.macs = macs;
        }
        Ok(())
    }

    /// Comes back when a phone stands elsewhere than before; never without a telephone face or anything to watch.
    pub(super) async fn changed(watched: Option<&mut Self>, app: &App) {
        let (Some(watched), Some(telephone)) = (watched, app.telephone.as_deref()) else { return pending().await };
        loop {
            watched.looks.tick().await;
            let found = telephone.presence(&watched.macs, (app.clock)());
            if found != watched.last {
                watched.last = found;
                return;
            }
        }
    }
}
