//! Where phones stand with this node at the moment: registered, or in a call that asks for their PIN. Kept in memory alone, so another node's
//! phones are not known here.

use std::sync::Arc;

use domain::{Mac, Time};

use crate::notify::Quiet;
use crate::registrar::Registrar;

/// Where a phone stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Presence {
    /// Not here.
    Away,
    /// Registered with a throw-away account.
    Registered,
    /// In a call.
    InCall,
}

/// Who is here. Clones look at the same.
#[derive(Clone)]
pub struct Presences {
    registrar: Arc<Registrar>,
    quiet: Arc<Quiet>,
}

impl Presences {
    pub(crate) fn new(registrar: Arc<Registrar>, quiet: Arc<Quiet>) -> Self {
        Self { registrar, quiet }
    }

    /// Of each of these phones, in their order.
    pub fn of(&self, macs: &[Mac], now: Time) -> Vec<Presence> {
        let speaking = self.quiet.speaking();
        let registered = self.registrar.registered(macs, now);
        let one = |(mac, registered): (&Mac, bool)| match (speaking.contains(mac), registered) {
            (true, _) => Presence::InCall,
            (false, true) => Presence::Registered,
            (false, false) => Presence::Away,
        };
        macs.iter().zip(registered).map(one).collect()
    }
}

impl std::fmt::Debug for Presences {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Presences(..)")
    }
}
