//! Where a telephone really is. Behind NAT its description is mistaken, so what it sends tells; but not to everybody.

use std::net::{IpAddr, SocketAddr};

use wire::{limits::RTP_TAKEOVER_PACKETS, rtp::Header};

use super::outside::Moment;
use crate::limits::{RTP_LATCH_SILENT_MICROS, RTP_LATCH_WIDE_PACKETS, RTP_LATCH_WIDE_SILENT_MICROS, RTP_UNHEARD_MICROS};

/// The source that counts, and where packets go.
///
/// The first packet counts at once if it comes from the address of the signalling or of the description; from anywhere
/// else some consistent packets are needed. Afterwards another source counts only with consistent packets while the
/// present one is silent (or exactly from where the description says), and only if its address is one of these or the present one's (NAT that chose a new port).
#[derive(Debug)]
pub(super) struct Latch {
    signalling: IpAddr,
    stated: Option<SocketAddr>,
    /// Whether any address may take over from a source that is silent for long: a lost emergency call weighs more.
    is_wide: bool,
    present: Option<Present>,
    candidate: Option<Candidate>,
    /// The source that counted before the telephone moved: what was under way then does not count at once.
    former: Option<SocketAddr>,
    since: Option<Moment>,
}

#[derive(Debug)]
struct Present {
    from: SocketAddr,
    is_trusted: bool,
    heard: Moment,
}

#[derive(Debug)]
struct Candidate {
    from: SocketAddr,
    ssrc: u32,
    next: u16,
    seen: u32,
}

impl Latch {
    pub(super) fn new(signalling: IpAddr, stated: Option<SocketAddr>, is_wide: bool) -> Self {
        Self { signalling: signalling.to_canonical(), stated, is_wide, present: None, candidate: None, former: None, since: None }
    }

    /// The telephone said (again) where it is. A new address is waited for anew; until it is heard, packets go there.
    pub(super) fn state(&mut self, signalling: IpAddr, stated: Option<SocketAddr>) {
        self.signalling = signalling.to_canonical();
        if stated.is_some() && stated != self.stated {
            let former = self.present.as_ref().map(|present| present.from);
            *self = Self { former, ..Self::new(signalling, stated, self.is_wide) };
        }
    }

    /// Allows any address to take over from a source that is silent for long.
    pub(super) fn widen(&mut self) {
        self.is_wide = true;
    }

    /// Whether this source counts now.
    pub(super) fn is_present(&self, from: SocketAddr) -> bool {
        self.present.as_ref().is_some_and(|present| present.from == from)
    }

    /// Whether packets from there are likely to be the telephone's, so that strangers do not use up its share of our time.
    pub(super) fn knows(&self, from: SocketAddr) -> bool {
        self.present.as_ref().map_or_else(|| self.is_named(from.ip()), |present| present.from == from)
    }

    fn is_named(&self, ip: IpAddr) -> bool {
        ip == self.signalling || self.stated.is_some_and(|stated| stated.ip() == ip)
    }

    /// Whether a packet counts. What is authentic by its key may come from anywhere.
    pub(super) fn accept(&mut self, from: SocketAddr, header: &Header, is_authentic: bool, now: Moment) -> bool {
        let is_trusted = is_authentic || self.is_named(from.ip());
        let needed = match &mut self.present {
            Some(present) if present.from == from => {
                present.heard = now;
                return true;
            }
            None if is_trusted && self.former != Some(from) => 1,
            None => RTP_TAKEOVER_PACKETS,
            Some(present) => {
                let silent = now.saturating_sub(present.heard);
                let is_near = is_trusted || from.ip() == present.from.ip();
                if is_trusted && !present.is_trusted || self.stated == Some(from) || is_near && silent >= RTP_LATCH_SILENT_MICROS {
                    RTP_TAKEOVER_PACKETS
                } else if self.is_wide && silent >= RTP_LATCH_WIDE_SILENT_MICROS {
                    RTP_LATCH_WIDE_PACKETS
                } else {
                    return false;
                }
            }
        };
        if self.consistent(from, header) < needed {
            return false;
        }
        self.candidate = None;
        self.present = Some(Present { from, is_trusted, heard: now });
        true
    }

    /// How many packets in a row came from there.
    fn consistent(&mut self, from: SocketAddr, header: &Header) -> u32 {
        let Header { ssrc, sequence, .. } = *header;
        let follows = |candidate: &&Candidate| candidate.from == from && candidate.ssrc == ssrc && candidate.next == sequence;
        let seen = 1 + self.candidate.as_ref().filter(follows).map_or(0, |candidate| candidate.seen);
        self.candidate = Some(Candidate { from, ssrc, next: sequence.wrapping_add(1), seen });
        seen
    }

    /// Where packets go: to the source that counts, or where the description says until one is heard.
    pub(super) fn target(&mut self, now: Moment) -> Option<SocketAddr> {
        if let Some(present) = &self.present {
            return Some(present.from);
        }
        let stated = self.stated.filter(|stated| is_usable(stated, self.signalling))?;
        let since = *self.since.get_or_insert(now);
        // A description can name somebody who asked for nothing; he is left alone after a while.
        let is_heard_of = stated.ip() == self.signalling || self.is_wide || now.saturating_sub(since) < RTP_UNHEARD_MICROS;
        is_heard_of.then_some(stated)
    }

    /// The source that counts, if there is one yet.
    #[cfg(test)]
    pub(super) fn present(&self) -> Option<SocketAddr> {
        self.present.as_ref().map(|present| present.from)
    }
}

/// Packets that may be looked at: so many in each second.
#[derive(Debug)]
pub(super) struct Budget {
    per_second: u32,
    second: Moment,
    taken: u32,
}

impl Budget {
    pub(super) fn new(per_second: u32) -> Self {
        Self { per_second, second: 0, taken: 0 }
    }

    pub(super) fn take(&mut self, now: Moment) -> bool {
        let second = now / 1_000_000;
        if second != self.second {
            (self.second, self.taken) = (second, 0);
        }
        self.taken = self.taken.saturating_add(1);
        self.taken <= self.per_second
    }
}

/// Whether it makes sense to send there: a private address is the telephone's own name for itself behind NAT, unless its
/// signalling comes from a private address, too.
fn is_usable(stated: &SocketAddr, signalling: IpAddr) -> bool {
    let ip = stated.ip();
    let is_one = !ip.is_unspecified() && !ip.is_multicast() && stated.port() != 0 && ip != IpAddr::from([255; 4]);
    is_one && (ip == signalling || !is_private(ip) || is_private(signalling))
}

fn is_private(ip: IpAddr) -> bool {
    match ip {
        IpAddr::V4(ip) => ip.is_private() || ip.is_loopback() || ip.is_link_local(),
        IpAddr::V6(ip) => ip.is_unique_local() || ip.is_loopback() || ip.is_unicast_link_local(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SIGNALLING: IpAddr = IpAddr::V4(std::net::Ipv4Addr::new(198, 51, 100, 7));

    fn at(address: &str) -> SocketAddr {
        address.parse().unwrap()
    }

    fn header(ssrc: u32, sequence: u16) -> Header {
        Header { marker: false, payload_type: 8, sequence, timestamp: 0, ssrc }
    }

    fn latch() -> Latch {
        Latch::new(SIGNALLING, Some(at("203.0.113.9:4000")), false)
    }

    /// How many of `count` packets in a row are taken.
    fn taken(latch: &mut Latch, from: &str, count: u16, now: Moment) -> usize {
        (0..count).filter(|sequence| latch.accept(at(from), &header(1, *sequence), false, now)).count()
    }

    #[test]
    fn known_addresses_count_at_once_and_others_after_some_packets() {
        assert_eq!(taken(&mut latch(), "198.51.100.7:9", 1, 0), 1, "where the signalling comes from");
        assert_eq!(taken(&mut latch(), "203.0.113.9:9", 1, 0), 1, "where the description says");
        assert_eq!(taken(&mut latch(), "192.0.2.1:9", 4, 0), 0);
        assert_eq!(taken(&mut latch(), "192.0.2.1:9", 5, 0), 1);
        assert!(latch().accept(at("192.0.2.1:9"), &header(1, 1), true, 0), "authentic");
        let mut latch = latch();
        let strays = (0..1000u16).filter(|sequence| latch.accept(at("192.0.2.1:9"), &header(1, sequence * 2), false, 0));
        assert_eq!(strays.count(), 0, "not in a row");
    }

    #[test]
    fn the_source_that_counts_cannot_be_pushed_away() {
        let mut latch = latch();
        assert_eq!(taken(&mut latch, "198.51.100.7:9", 1, 0), 1);
        let now = RTP_LATCH_SILENT_MICROS - 1;
        assert_eq!(taken(&mut latch, "198.51.100.7:10", 100, now), 0, "not while it was heard a moment ago");
        assert_eq!(taken(&mut latch, "203.0.113.9:4001", 100, now), 0);
        assert_eq!(taken(&mut latch, "192.0.2.1:9", 100, u64::MAX), 0, "nor ever from elsewhere");
        assert_eq!(taken(&mut latch, "198.51.100.7:10", 4, RTP_LATCH_SILENT_MICROS), 0, "nor by less than some packets");
        assert_eq!(latch.present(), Some(at("198.51.100.7:9")));
        assert_eq!(taken(&mut latch, "198.51.100.7:10", 10, RTP_LATCH_SILENT_MICROS), 6, "NAT chose another port");
        assert_eq!(latch.target(0), Some(at("198.51.100.7:10")));
    }

    #[test]
    fn a_stranger_who_was_faster_gives_way() {
        let mut latch = latch();
        assert_eq!(taken(&mut latch, "192.0.2.1:9", 5, 0), 1);
        assert_eq!(taken(&mut latch, "198.51.100.7:9", 5, 1), 1);
        assert_eq!(taken(&mut latch, "192.0.2.1:9", 5, 2), 0);
    }

    #[test]
    fn an_emergency_call_finds_its_telephone_again_anywhere() {
        let mut latch = latch();
        latch.widen();
        assert_eq!(taken(&mut latch, "198.51.100.7:9", 1, 0), 1);
        assert_eq!(taken(&mut latch, "192.0.2.1:9", 200, RTP_LATCH_WIDE_SILENT_MICROS - 1), 0);
        assert_eq!(taken(&mut latch, "192.0.2.1:9", 200, RTP_LATCH_WIDE_SILENT_MICROS), 201 - RTP_LATCH_WIDE_PACKETS as usize);
    }

    #[test]
    fn packets_go_where_it_says_until_it_is_heard() {
        let check = |stated: &str, signalling: IpAddr, expected: bool| {
            let mut latch = Latch::new(signalling, Some(at(stated)), false);
            assert_eq!(latch.target(0).is_some(), expected, "{stated}");
        };
        check("203.0.113.9:4000", SIGNALLING, true);
        check("192.168.1.2:4000", SIGNALLING, false);
        check("192.168.1.2:4000", [10, 0, 0, 1].into(), true);
        check("127.0.0.1:4000", SIGNALLING, false);
        check("127.0.0.1:4000", [127, 0, 0, 1].into(), true);
        check("224.0.0.1:4000", SIGNALLING, false);
        check("203.0.113.9:0", SIGNALLING, false);
        check("[fd00::1]:4000", "2001:db8::1".parse().unwrap(), false);
        let mut latch = latch();
        assert!(latch.target(5).is_some() && latch.target(5 + RTP_UNHEARD_MICROS - 1).is_some());
        assert_eq!(latch.target(5 + RTP_UNHEARD_MICROS), None, "somebody who never answers is left alone");
        latch.state(SIGNALLING, Some(at("203.0.113.9:5000")));
        assert_eq!(latch.target(5 + RTP_UNHEARD_MICROS), Some(at("203.0.113.9:5000")), "described anew");
    }

    #[test]
    fn a_new_description_is_waited_for_and_an_old_one_changes_nothing() {
        let mut latch = latch();
        assert_eq!(taken(&mut latch, "198.51.100.7:9", 1, 0), 1);
        latch.state(SIGNALLING, Some(at("203.0.113.9:4000")));
        latch.state(SIGNALLING, None);
        assert_eq!(latch.target(0), Some(at("198.51.100.7:9")));
        latch.state(SIGNALLING, Some(at("203.0.113.10:4000")));
        assert_eq!((latch.present(), latch.target(0)), (None, Some(at("203.0.113.10:4000"))));
        assert_eq!(taken(&mut latch, "198.51.100.7:9", 4, 0), 0, "what was under way");
        assert_eq!(taken(&mut latch, "203.0.113.10:6000", 1, 0), 1);
        assert_eq!(taken(&mut latch, "203.0.113.10:4000", 5, 0), 1, "exactly where it says");
    }
}
