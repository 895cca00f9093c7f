//! Following one source: its SSRC is pinned, its sequence numbers are extended, its packets are put into order.

use super::Header;
use crate::limits::{RTP_DROPOUT_MAX, RTP_REORDER_PACKETS, RTP_TAKEOVER_PACKETS};

/// Decides which packets belong to the call.
///
/// The first source counts at once. Another one (a phone begins a new stream after hold), or the same one far away in
/// its numbers, takes over only with [`RTP_TAKEOVER_PACKETS`] consecutive packets during which the present one is
/// silent. So strays and guesses never move the call, and there is memory for one candidate only.
#[derive(Debug, Default)]
pub struct Receiver {
    pinned: Option<Source>,
    candidate: Option<Candidate>,
}

#[derive(Debug)]
struct Source {
    ssrc: u32,
    highest: u64,
}

#[derive(Debug)]
struct Candidate {
    ssrc: u32,
    next: u16,
    seen: u32,
}

impl Receiver {
    /// The packet's place in the whole stream, rising by one for each packet sent; none if the packet does not belong
    /// to the call (yet). Repeated packets get the same place again. After a take-over places go on, far above all before.
    pub fn accept(&mut self, header: &Header) -> Option<u64> {
        let Some(source) = &mut self.pinned else {
            // Room below, for packets that come before the first one in order.
            let highest = (1 << 16) + u64::from(header.sequence);
            self.pinned = Some(Source { ssrc: header.ssrc, highest });
            return Some(highest);
        };
        let ahead = header.sequence.wrapping_sub(source.highest as u16).cast_signed();
        if header.ssrc == source.ssrc && ahead.unsigned_abs() <= RTP_DROPOUT_MAX {
            self.candidate = None;
            let place = source.highest.saturating_add_signed(i64::from(ahead));
            source.highest = source.highest.max(place);
            return Some(place);
        }
        let follows = |candidate: &&Candidate| candidate.ssrc == header.ssrc && candidate.next == header.sequence;
        let seen = 1 + self.candidate.as_ref().filter(follows).map_or(0, |candidate| candidate.seen);
        if seen < RTP_TAKEOVER_PACKETS {
            self.candidate = Some(Candidate { ssrc: header.ssrc, next: header.sequence.wrapping_add(1), seen });
            return None;
        }
        self.candidate = None;
        let highest = (source.highest & !0xFFFF) + (2 << 16) + u64::from(header.sequence);
        *source = Source { ssrc: header.ssrc, highest };
        Some(highest)
    }

    /// The source that counts now.
    pub fn ssrc(&self) -> Option<u32> {
        self.pinned.as_ref().map(|source| source.ssrc)
    }
}

/// What comes out of a [`Reorder`] window, in the order of sending.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Item<T> {
    /// The next packet.
    Packet(T),
    /// So many packets did not come in time, at least 1.
    Lost(u64),
}

/// Puts packets into order, without a clock: a missing packet is waited for until [`RTP_REORDER_PACKETS`] later ones
/// are there.
#[derive(Debug)]
pub struct Reorder<T> {
    slots: [Option<T>; RTP_REORDER_PACKETS as usize],
    next: Option<u64>,
}

impl<T> Default for Reorder<T> {
    fn default() -> Self {
        Self { slots: std::array::from_fn(|_| None), next: None }
    }
}

impl<T> Reorder<T> {
    /// Takes the packet of that place (see [`Receiver::accept`]) and gives out all whose turn has come. Repeated and
    /// late ones are dropped.
    pub fn push(&mut self, place: u64, packet: T, mut out: impl FnMut(Item<T>)) {
        let mut next = *self.next.get_or_insert(place);
        if place < next {
            return;
        }
        let mut lost = 0;
        let oldest_kept = (place + 1).saturating_sub(RTP_REORDER_PACKETS);
        while next < oldest_kept {
            match self.slot(next).take() {
                Some(packet) => {
                    report(&mut lost, &mut out);
                    out(Item::Packet(packet));
                    next += 1;
                }
                None if self.slots.iter().all(Option::is_none) => {
                    lost += oldest_kept - next;
                    next = oldest_kept;
                }
                None => {
                    lost += 1;
                    next += 1;
                }
            }
        }
        report(&mut lost, &mut out);
        self.slot(place).get_or_insert(packet);
        while let Some(packet) = self.slot(next).take() {
            out(Item::Packet(packet));
            next += 1;
        }
        self.next = Some(next);
    }

    fn slot(&mut self, place: u64) -> &mut Option<T> {
        &mut self.slots[(place % RTP_REORDER_PACKETS) as usize]
    }
}

fn report<T>(lost: &mut u64, out: &mut impl FnMut(Item<T>)) {
    if *lost > 0 {
        out(Item::Lost(std::mem::take(lost)));
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn header(ssrc: u32, sequence: u16) -> Header {
        Header { marker: false, payload_type: 8, sequence, timestamp: 0, ssrc }
    }

    #[test]
    fn places_go_on_over_the_wrap_and_back() {
        let mut receiver = Receiver::default();
        let first = receiver.accept(&header(1, 65534)).unwrap();
        let places = [65535, 1, 0, 2, 65533, 2].map(|sequence| receiver.accept(&header(1, sequence)).unwrap());
        assert_eq!(places.map(|place| i128::from(place) - i128::from(first)), [1, 3, 2, 4, -1, 4]);
    }

    #[test]
    fn a_stray_source_never_gets_in_but_a_steady_one_does() {
        let mut receiver = Receiver::default();
        let first = receiver.accept(&header(1, 10)).unwrap();
        for sequence in 0..1000u16 {
            assert_eq!(receiver.accept(&header(u32::from(sequence) + 2, sequence)), None, "random sources");
        }
        for sequence in 0..1000u16 {
            assert_eq!(receiver.accept(&header(2, sequence)), None, "as long as the first one speaks");
            assert!(receiver.accept(&header(1, 11 + sequence)).is_some());
        }
        let turns: Vec<_> = (0..RTP_TAKEOVER_PACKETS as u16).map(|sequence| receiver.accept(&header(2, sequence))).collect();
        assert!(
            turns
                .split_last()
                .is_some_and(|(last, before)| last.is_some_and(|place| place > first + 1010) && before.iter().all(Option::is_none))
        );
        assert_eq!(receiver.ssrc(), Some(2));
    }

    #[test]
    fn a_far_jump_must_be_meant() {
        let mut receiver = Receiver::default();
        let first = receiver.accept(&header(1, 0)).unwrap();
        assert_eq!(receiver.accept(&header(1, 20_000)), None);
        assert_eq!(receiver.accept(&header(1, 1)), Some(first + 1), "one stray number changes nothing");
        for sequence in 0..RTP_TAKEOVER_PACKETS as u16 - 1 {
            assert_eq!(receiver.accept(&header(1, 20_000 + sequence)), None);
        }
        assert!(receiver.accept(&header(1, 20_000 + RTP_TAKEOVER_PACKETS as u16 - 1)).is_some_and(|place| place > first + 100_000));
    }

    fn ordered(places: &[u64]) -> Vec<Item<u64>> {
        let mut reorder = Reorder::default();
        let mut items = Vec::new();
        for place in places {
            reorder.push(*place, *place, |item| items.push(item));
        }
        items
    }

    #[test]
    fn order_is_restored_inside_the_window_and_gaps_are_told() {
        use Item::{Lost, Packet};
        assert_eq!(ordered(&[5, 7, 6, 6, 8, 5]), [Packet(5), Packet(6), Packet(7), Packet(8)]);
        assert_eq!(ordered(&[5, 4, 6]), [Packet(5), Packet(6)], "nothing before the first");
        let gap = ordered(&[1, 3, 4, 5, 6, 7, 8, 9, 10, 2, 11]);
        assert_eq!(gap[..3], [Packet(1), Lost(1), Packet(3)]);
        assert_eq!(gap.last(), Some(&Packet(11)));
        let far = 1 << 40;
        assert_eq!(ordered(&[1, 3, far])[..], [Packet(1), Lost(1), Packet(3), Lost(far - RTP_REORDER_PACKETS + 1 - 4)]);
        assert!(ordered(&[0, u64::MAX - 1]).len() == 2, "the end of all places is far");
    }

    proptest! {
        #[test]
        fn each_packet_comes_once_in_order_and_all_are_accounted_for(steps in proptest::collection::vec((0..12u64, 0..5u64), 1..200)) {
            let places: Vec<_> = steps.iter().enumerate().map(|(at, (jitter, skip))| at as u64 + jitter + skip * skip).collect();
            let mut expected = places[0];
            for item in ordered(&places) {
                match item {
                    Item::Packet(place) => {
                        prop_assert_eq!(place, expected);
                        expected += 1;
                    }
                    Item::Lost(count) => {
                        prop_assert!(count > 0);
                        expected += count;
                    }
                }
            }
            prop_assert!(expected <= places.iter().max().unwrap() + 1);
            prop_assert!(expected + RTP_REORDER_PACKETS > *places.iter().max().unwrap());
        }
    }
}
