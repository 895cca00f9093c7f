//! The one face of all services.

use async_trait::async_trait;
use domain::{Mac, Secret, Time};

use crate::outcome::{Failure, Outcome};

/// A redirect service, spoken to with one account.
///
/// Calls that write are sent once: whoever gets a [`Failure`] that leaves doubt, or [`Outcome::Uncertain`], looks the device up before
/// it writes again.
#[async_trait]
pub trait Service: Send + Sync {
    /// The cheapest call that proves the account's credentials.
    async fn verify(&self) -> Result<(), Failure>;

    /// Sees to it that a profile of this name exists and says this; its id at the service. Only for [`crate::Carrier::Profile`].
    ///
    /// `rewrite`: it may be there with other content that cannot be read back (a password): write it anew.
    async fn ensure_profile(&self, profile: &Profile, rewrite: bool) -> Result<String, Failure> {
        let _ = (profile, rewrite);
        Err(Failure::refused("this service has no profiles"))
    }

    /// Removes a profile that no device needs; absent is done. Only for [`crate::Carrier::Profile`].
    async fn remove_profile(&self, id: &str) -> Result<(), Failure> {
        let _ = id;
        Ok(())
    }

    /// Registers devices, at most [`crate::Capabilities::bulk_max`]; one outcome for each, in their order.
    async fn register(&self, entries: &[Entry]) -> Result<Vec<Outcome>, Failure>;

    /// Sends devices of our account elsewhere, at most [`crate::Capabilities::bulk_max`]; one outcome for each, in their order.
    ///
    /// Unless said otherwise, the service takes a registration in place of the one before.
    async fn retarget(&self, entries: &[Entry]) -> Result<Vec<Outcome>, Failure> {
        self.register(entries).await
    }

    /// Removes devices of our account, at most [`crate::Capabilities::bulk_max`]; absent is done. One outcome for each, in their order.
    async fn unregister(&self, devices: &[Entry]) -> Result<Vec<Outcome>, Failure>;

    /// What the service says of a device.
    async fn look_up(&self, device: &Entry) -> Result<Standing, Failure>;

    /// The devices of our account, a page at a time.
    async fn list(&self, cursor: Option<&str>) -> Result<Page, Failure>;

    /// The device PINs that the service hands out, in the order asked; none where there is none. Only if [`crate::Capabilities::device_pin`].
    async fn device_pins(&self, macs: &[Mac]) -> Result<Vec<Option<Secret<String>>>, Failure> {
        Ok(vec![None; macs.len()])
    }
}

/// What the service tells every phone that is registered with it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Profile {
    /// At most 20 characters, letters, digits and `-` (the strictest service's rule).
    pub name: String,
    /// The front door: `https://phones.example.com:8443/cfg/`.
    pub door: String,
    /// User of the global login.
    pub user: String,
    /// The global one-time password.
    pub password: Secret<String>,
}

/// A device as a service is told of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    /// Its MAC.
    pub mac: Mac,
    /// The serial number, where it is known.
    pub serial: Option<String>,
    /// The characters behind the MAC on a Gigaset label, where they are known.
    pub mac_id: Option<String>,
    /// Where the phone is to go.
    pub target: Target,
}

/// Where a phone is to go, in the way that the service carries it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Target {
    /// As the profile of this id says.
    Profile(String),
    /// To an address of its own, which holds the global login as a secret path.
    Address(Secret<String>),
    /// By a configuration of its own that the service hands over.
    Config(Box<Profile>),
}

/// What a service says of a device.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Standing {
    /// Nobody has it.
    Free,
    /// Our account has it.
    Ours(Listed),
    /// Another account has it.
    Foreign {
        /// Whose, if the service says.
        owner: Option<String>,
    },
    /// Our account does not have it; whether another has, the service does not show.
    NotVisible,
}

/// A device in our account, as the service lists it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Listed {
    /// Its MAC.
    pub mac: Mac,
    /// Where it is sent, if the list says: a profile's id or an address. Addresses may hold a secret.
    /// None proves nothing: after a write in several steps that broke, it may be where it was before.
    pub target: Option<Secret<String>>,
    /// When the phone last asked the service, if it says.
    pub asked: Option<Time>,
}

/// Some of the devices of an account.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Page {
    /// These.
    pub items: Vec<Listed>,
    /// Where the next page begins; none on the last.
    pub next: Option<String>,
}
