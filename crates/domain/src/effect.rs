//! What a decision wants done besides saving the device: data, carried out by the edge in the same transaction.

use std::net::IpAddr;

use crate::claim::Claim;
use crate::trust::WindowChange;

/// Something for the edge to do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Effect {
    /// Tell whoever listens (webhooks, live pages, audit).
    Event(Event),
    /// Tell the phone to fetch: what it would be served has changed.
    Refetch,
    /// Open or extend a temporary trust window.
    Window(WindowChange),
    /// A MAC that nobody knows, or a disabled one, came by (bounded table).
    Knock,
    /// Something an admin should look at; kept apart from the device, because unproved traffic may cause it.
    Notice(Attention),
}

/// Attention flags that unproved traffic can raise. They change nothing of the device.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Attention {
    /// A live device came without its login.
    CameBackWithoutLogin,
    /// A spent global login from the address of the last resync: DHCP still hands it out?
    StillUsesGlobal,
    /// File and User-Agent name different phones.
    IdentityMismatch,
    /// More first contacts from one address than the policy allows.
    MassFirstContact,
}

impl Attention {
    /// The flag's code.
    pub fn code(self) -> &'static str {
        match self {
            Self::CameBackWithoutLogin => "came_back_without_login",
            Self::StillUsesGlobal => "still_uses_global",
            Self::IdentityMismatch => "identity_mismatch",
            Self::MassFirstContact => "mass_first_contact",
        }
    }
}

/// Every type of event that webhooks and live pages may ask for, in the order of a phone's life. Those that no [`Event`] has come from
/// elsewhere: windows that end, flags that unproved traffic raises, emergency calls, trunks.
pub const TYPES: &[&str] = &[
    "device.created",
    "device.first_contact",
    "device.provisioned",
    "device.confirmed",
    "device.authenticated",
    "device.pin_wrong",
    "device.failed",
    "device.blocked",
    "device.reset",
    "device.suspended",
    "device.second_claimant",
    IDENTITY_MISMATCH,
    "trust.opened",
    "trust.extended",
    TRUST_CLOSED,
    "emergency.call",
    "trunk.down",
    "trunk.up",
];

/// A phone named another phone in its User-Agent than in the file that it asked for.
pub const IDENTITY_MISMATCH: &str = "device.identity_mismatch";
/// A trust window ended, or was closed by hand.
pub const TRUST_CLOSED: &str = "trust.closed";

/// What happened, in the vocabulary of interfaces.md. The device is known from where the event stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Event {
    /// It was added.
    Created,
    /// It asked for the first time with a claim.
    FirstContact {
        /// From there.
        address: IpAddr,
    },
    /// Its full config was handed over.
    Provisioned {
        /// To there.
        address: IpAddr,
    },
    /// It came with the login it was given.
    Confirmed {
        /// From there.
        address: IpAddr,
        /// With this claim.
        claim: Claim,
    },
    /// The right PIN was keyed in.
    Authenticated {
        /// From there.
        address: IpAddr,
    },
    /// A wrong PIN was keyed in.
    PinWrong {
        /// From there.
        address: IpAddr,
    },
    /// Three wrong PINs.
    Failed {
        /// From there.
        address: IpAddr,
    },
    /// Too many.
    Blocked {
        /// From there.
        address: IpAddr,
    },
    /// An admin reset it.
    Reset,
    /// An admin suspended its authentication.
    Suspended,
    /// A second phone asked for what was just handed over.
    SecondClaimant {
        /// From there.
        address: IpAddr,
    },
    /// A trust window opened.
    TrustOpened,
    /// A trust window was extended.
    TrustExtended,
}

impl Event {
    /// The event's type as webhooks and live pages see it.
    pub fn code(&self) -> &'static str {
        match self {
            Self::Created => "device.created",
            Self::FirstContact { .. } => "device.first_contact",
            Self::Provisioned { .. } => "device.provisioned",
            Self::Confirmed { .. } => "device.confirmed",
            Self::Authenticated { .. } => "device.authenticated",
            Self::PinWrong { .. } => "device.pin_wrong",
            Self::Failed { .. } => "device.failed",
            Self::Blocked { .. } => "device.blocked",
            Self::Reset => "device.reset",
            Self::Suspended => "device.suspended",
            Self::SecondClaimant { .. } => "device.second_claimant",
            Self::TrustOpened => "trust.opened",
            Self::TrustExtended => "trust.extended",
        }
    }

    /// The address that it speaks of.
    pub fn address(&self) -> Option<IpAddr> {
        match self {
            Self::FirstContact { address }
            | Self::Provisioned { address }
            | Self::Confirmed { address, .. }
            | Self::Authenticated { address }
            | Self::PinWrong { address }
            | Self::Failed { address }
            | Self::Blocked { address }
            | Self::SecondClaimant { address } => Some(*address),
            Self::Created | Self::Reset | Self::Suspended | Self::TrustOpened | Self::TrustExtended => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_event_is_of_a_listed_type() {
        let address = IpAddr::from([198, 51, 100, 7]);
        let events = [
            Event::Created,
            Event::FirstContact { address },
            Event::Provisioned { address },
            Event::Authenticated { address },
            Event::PinWrong { address },
            Event::Failed { address },
            Event::Blocked { address },
            Event::Reset,
            Event::Suspended,
            Event::SecondClaimant { address },
            Event::TrustOpened,
            Event::TrustExtended,
        ];
        for event in events {
            assert!(TYPES.contains(&event.code()), "{}", event.code());
        }
        let mut once = TYPES.to_vec();
        once.sort_unstable();
        once.dedup();
        assert_eq!(once.len(), TYPES.len(), "no type twice");
    }
}
