//! What the store says of registered phones, learned beside the registration and never on its way.

use domain::claim::{Claim, account_ends};
use domain::tenancy::Place;
use domain::{Mac, Time};
use quick_cache::sync::Cache;

use crate::limits::{KNOWN_FOR, KNOWN_PHONES_MAX};

/// What is known of a phone.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Known {
    /// When it was learned.
    pub at: Time,
    /// The phone as somebody added it; none if nobody did.
    pub device: Option<KnownDevice>,
}

/// A phone that somebody added.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KnownDevice {
    /// Where it stands.
    pub place: Place,
    /// Brand and model, `yealink/T46S`.
    pub model: String,
    /// The claim that was taken up, and when.
    pub taken_up: Option<(Claim, Time)>,
}

/// What is known of all phones. Bounded: the least used is forgotten, and learned again when it registers.
#[derive(Debug)]
pub struct Knowledge {
    phones: Cache<Mac, std::sync::Arc<Known>>,
}

impl Default for Knowledge {
    fn default() -> Self {
        Self { phones: Cache::new(KNOWN_PHONES_MAX) }
    }
}

impl Knowledge {
    /// What was learned of a phone, however long ago.
    pub fn of(&self, mac: Mac) -> Option<std::sync::Arc<Known>> {
        self.phones.get(&mac)
    }

    /// Whether it is time to ask the store.
    pub fn is_due(&self, mac: Mac, now: Time) -> bool {
        self.phones.get(&mac).is_none_or(|known| now.since(known.at) >= KNOWN_FOR)
    }

    /// What is known is old: it still counts, until something newer is learned.
    pub fn outdate(&self, mac: Mac) {
        if let Some(known) = self.phones.get(&mac) {
            self.phones.insert(mac, std::sync::Arc::new(Known { at: Time::from_millis(0), ..Known::clone(&known) }));
        }
    }

    /// Notes what was learned.
    pub fn learn(&self, mac: Mac, known: Known) {
        self.phones.insert(mac, std::sync::Arc::new(known));
    }

    /// When the account of a claim ends; none as long as nothing is known that would end it.
    pub fn account_ends(&self, claim: &Claim) -> Option<Time> {
        let known = self.phones.get(&claim.mac)?;
        let (taken_up, since) = known.device.as_ref()?.taken_up?;
        account_ends(claim, &taken_up, since)
    }
}
