//! Emergency calls: which numbers they are, over which trunks they go, and whose number they show. When in doubt, the call goes out.

mod numbers;
mod trunk;

use std::fmt;

use ipnet::IpNet;

pub use self::numbers::{Dialled, Numbers, Whereabouts};
pub use self::trunk::{Health, Owner, Trunk, TrunkAddress, TrunkAddressError, TrunkId, TrunkLogin, order};

use crate::net::site_network;
use crate::time::Span;

/// How long after an emergency call its phone can be called back, and is left alone by NOTIFY (authentication.md section 8).
pub const CALL_BACK: Span = Span::minutes(60);
/// Calls of callers without proof that one address may have at once (authentication.md section 8).
pub const UNPROVED_PER_ADDRESS_MAX: usize = 2;
/// What stands beside the number of a caller without proof.
pub const UNVERIFIED: &str = "unverified";

/// What a trunk is told of the caller.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Shown {
    /// The number, E.164; none if neither site nor operator has one.
    pub number: Option<String>,
    /// The name beside it.
    pub display: Option<&'static str>,
    /// Whether the number is asserted (`P-Asserted-Identity`): only for proved callers.
    pub asserted: bool,
}

/// A proved caller shows its site's number, else the operator's; anybody else the operator's, marked.
pub fn shown(proved: bool, of_site: Option<&str>, of_operator: Option<&str>) -> Shown {
    let number = if proved { of_site.or(of_operator) } else { of_operator };
    let number = number.map(str::to_owned);
    Shown { asserted: proved && number.is_some(), display: (!proved).then_some(UNVERIFIED), number }
}

/// The network whose calls without proof are counted together: the IPv4 address itself, the IPv6 /64.
pub fn counted_network(address: std::net::IpAddr) -> IpNet {
    site_network(crate::net::canonical(address))
}

/// What is done after a trunk's final refusal.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AfterRefusal {
    /// The called side answered for itself: the phone hears it.
    Tell,
    /// The next trunk is tried.
    NextTrunk,
}

/// Busy is the called side's own word. Every other refusal is the trunk's, and another trunk may do better.
pub fn after_refusal(status: u16) -> AfterRefusal {
    match status {
        486 | 600 => AfterRefusal::Tell,
        _ => AfterRefusal::NextTrunk,
    }
}

/// How an emergency call ended, for metrics and records.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Outcome {
    /// Somebody answered.
    Answered,
    /// The called side was busy.
    Busy,
    /// The caller gave up before anybody answered.
    Cancelled,
    /// No trunk took it.
    Failed,
    /// Refused: too many without proof from one address, or no channel free for them.
    Refused,
    /// Refused: of a phone that nobody added, where `emergency_unclaimed=no`.
    Unclaimed,
}

impl Outcome {
    /// All of them.
    pub const ALL: &'static [Self] = &[Self::Answered, Self::Busy, Self::Cancelled, Self::Failed, Self::Refused, Self::Unclaimed];

    /// The code in metrics, records and events.
    pub fn code(self) -> &'static str {
        match self {
            Self::Answered => "answered",
            Self::Busy => "busy",
            Self::Cancelled => "cancelled",
            Self::Failed => "failed",
            Self::Refused => "refused",
            Self::Unclaimed => "unclaimed",
        }
    }
}

impl fmt::Display for Outcome {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.code())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_proof_shows_the_sites_number() {
        let site = Some("+4930123456");
        let operator = Some("+4989987654");
        let cases = [
            (true, site, operator, site, None, true),
            (true, None, operator, operator, None, true),
            (true, None, None, None, None, false),
            (false, site, operator, operator, Some(UNVERIFIED), false),
            (false, site, None, None, Some(UNVERIFIED), false),
        ];
        for (proved, of_site, of_operator, number, display, asserted) in cases {
            let expected = Shown { number: number.map(str::to_owned), display, asserted };
            assert_eq!(shown(proved, of_site, of_operator), expected, "{proved} {of_site:?} {of_operator:?}");
        }
    }

    #[test]
    fn only_busy_is_final() {
        let told: Vec<u16> = (300..700).filter(|status| after_refusal(*status) == AfterRefusal::Tell).collect();
        assert_eq!(told, [486, 600]);
    }

    #[test]
    fn calls_are_counted_by_address() {
        let network = |text: &str| counted_network(text.parse().unwrap()).to_string();
        assert_eq!(network("192.0.2.7"), "192.0.2.7/32");
        assert_eq!(network("::ffff:192.0.2.7"), "192.0.2.7/32");
        assert_eq!(network("2001:db8:1:2:3::4"), "2001:db8:1:2::/64");
    }
}
