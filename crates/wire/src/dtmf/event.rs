//! Telephone events in RTP (RFC 4733): one key for each press, however its packets arrive.

use super::Key;
use crate::{
    limits::{DTMF_EVENT_CLOSED_MS, DTMF_EVENT_LATE_MS},
    rtp::Header,
};

/// Ticks of the clock of 8000 Hz that a new press of the same key is away at least: 30 ms, while phones pause 40.
const PAUSE_TICKS: i32 = 240;

/// Ticks that a late packet may lie behind, with the clock of 8000 Hz.
const LATE_TICKS: i32 = (8 * DTMF_EVENT_LATE_MS) as i32;

/// One packet's payload.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Event {
    /// The key.
    pub key: Key,
    /// Whether the key is up again.
    pub end: bool,
    /// Power below 0 dBm0, in dB: 0 to 63.
    pub attenuation: u8,
    /// How long the key has been down, in ticks.
    pub duration: u16,
}

impl Event {
    /// Reads a payload; none if it is too short, or for no key. Bytes behind the first event are left alone.
    pub fn parse(payload: &[u8]) -> Option<Self> {
        let [code, flags, d0, d1] = *payload.first_chunk()?;
        let key = Key::of_event(code)?;
        Some(Self { key, end: flags & 0x80 != 0, attenuation: flags & 0x3F, duration: u16::from_be_bytes([d0, d1]) })
    }

    /// The payload.
    pub fn payload(&self) -> [u8; 4] {
        let [d0, d1] = self.duration.to_be_bytes();
        [self.key.event(), u8::from(self.end) << 7 | (self.attenuation & 0x3F), d0, d1]
    }
}

/// Tells presses from packets.
///
/// A press is known by its source and timestamp, so updates, the end and its repeats add nothing, and any of them
/// may be lost. Besides, three habits of phones are borne: a timestamp that moves on during a press, one that never
/// moves, and a press so long that it is sent in pieces.
#[derive(Debug, Default)]
pub struct Decoder {
    last: Option<Press>,
}

#[derive(Debug)]
struct Press {
    key: Key,
    ssrc: u32,
    begin: u32,
    timestamp: u32,
    /// How far the press is known to reach.
    until: u32,
    duration: u16,
    /// Its end was heard.
    ended: bool,
    heard_ms: u64,
}

impl Decoder {
    /// Takes a packet whose payload type was negotiated for events; `now_ms` of any clock that never goes back.
    /// Gives the key once, with the first packet of its press that arrives.
    pub fn push(&mut self, header: &Header, payload: &[u8], now_ms: u64) -> Option<Key> {
        let event = Event::parse(payload)?;
        if let Some(last) = self.last.as_mut().filter(|last| last.ssrc == header.ssrc) {
            match last.relation(header.timestamp, event, now_ms) {
                Relation::Late => return None,
                Relation::Same => {
                    last.go_on(header.timestamp, event, now_ms);
                    return None;
                }
                Relation::New => {}
            }
        }
        self.last = Some(Press {
            key: event.key,
            ssrc: header.ssrc,
            begin: header.timestamp,
            timestamp: header.timestamp,
            until: header.timestamp.wrapping_add(u32::from(event.duration)),
            duration: event.duration,
            ended: event.end,
            heard_ms: now_ms,
        });
        Some(event.key)
    }
}

enum Relation {
    Same,
    Late,
    New,
}

impl Press {
    fn relation(&self, timestamp: u32, event: Event, now_ms: u64) -> Relation {
        let silent_ms = now_ms.saturating_sub(self.heard_ms);
        let ahead = distance(self.timestamp, timestamp);
        if ahead < 0 {
            let is_late = ahead > -LATE_TICKS && silent_ms < DTMF_EVENT_LATE_MS;
            return if is_late { Relation::Late } else { Relation::New };
        }
        if event.key != self.key {
            // The time of this phone stands still; a late end must not bring the key before back.
            return if ahead == 0 && event.end { Relation::Late } else { Relation::New };
        }
        if ahead == 0 {
            let begins_again = !event.end && event.duration < self.duration && silent_ms > DTMF_EVENT_CLOSED_MS;
            return if begins_again { Relation::New } else { Relation::Same };
        }
        // SIPp lets time go on by 400 ticks for a press of 1600, so the next press seems to lie within this one.
        if self.ended && !event.end && event.duration < self.duration {
            return Relation::New;
        }
        let beyond = distance(self.until, timestamp);
        if beyond <= 0 || (beyond <= PAUSE_TICKS && event.duration >= self.duration) { Relation::Same } else { Relation::New }
    }

    fn go_on(&mut self, timestamp: u32, event: Event, now_ms: u64) {
        let reach = self.begin.wrapping_add(u32::from(event.duration));
        self.until = later(self.until, later(reach, timestamp));
        self.timestamp = timestamp;
        self.duration = self.duration.max(event.duration);
        self.ended |= event.end;
        self.heard_ms = now_ms;
    }
}

/// Ticks from one timestamp to another over the wrap; negative if the other is before.
fn distance(from: u32, to: u32) -> i32 {
    to.wrapping_sub(from).cast_signed()
}

fn later(one: u32, other: u32) -> u32 {
    if distance(one, other) > 0 { other } else { one }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// When it arrives, its timestamp, key, end, duration.
    type Sent = (u64, u32, char, bool, u16);

    fn heard(packets: &[Sent]) -> String {
        let mut decoder = Decoder::default();
        let keys = packets.iter().filter_map(|&(now_ms, timestamp, key, end, duration)| {
            let event = Event { key: Key::named(key).unwrap(), end, attenuation: 10, duration };
            let header = Header { marker: false, payload_type: 101, sequence: 0, timestamp, ssrc: 1 };
            decoder.push(&header, &event.payload(), now_ms)
        });
        keys.map(Key::name).collect()
    }

    /// A press as RFC 4733 section 2.5.1 sends it: an update every 20 ms, the end three times.
    fn press(start_ms: u64, timestamp: u32, key: char, length: u16) -> Vec<Sent> {
        let updates = (1..=length / 160).map(|at| (start_ms + 20 * u64::from(at), timestamp, key, false, at * 160));
        let end = (start_ms + u64::from(length / 8), timestamp, key, true, length);
        updates.chain([end; 3]).collect()
    }

    #[test]
    fn a_press_counts_once_whatever_is_lost_of_it() {
        let whole = [press(0, 1000, '1', 800), press(200, 2600, '1', 800), press(400, 4200, '#', 800)].concat();
        assert_eq!(heard(&whole), "11#");
        let each = press(0, 1000, '1', 800).len();
        // Every set of packets of the second press that leaves one of them.
        for kept in 1..1u32 << each {
            let packets: Vec<_> = whole
                .iter()
                .enumerate()
                .filter(|(at, _)| !(each..2 * each).contains(at) || kept >> (at - each) & 1 == 1)
                .map(|(_, packet)| *packet)
                .collect();
            assert_eq!(heard(&packets), "11#", "{kept:b}");
        }
    }

    #[test]
    fn late_packets_bring_no_key_back() {
        assert_eq!(
            heard(&[(0, 1000, '1', false, 160), (200, 2600, '2', false, 160), (210, 1000, '1', true, 800), (220, 2600, '2', true, 800)]),
            "12"
        );
        assert_eq!(heard(&[(0, 1000, '1', true, 800), (5, 1000, '1', false, 480), (6, 1000, '1', false, 640)]), "1");
        let wrap = u32::MAX - 100;
        assert_eq!(heard(&[(0, wrap, '1', false, 160), (200, 1500, '1', false, 160), (210, wrap, '1', true, 800)]), "11");
    }

    #[test]
    fn a_timestamp_that_moves_during_the_press_is_borne() {
        let moving = |start_ms: u64, begin: u32, key: char| {
            (0..8u16).map(move |at| (start_ms + 20 * u64::from(at), begin + 160 * u32::from(at), key, at >= 5, 160 * (at + 1).min(6)))
        };
        let twice: Vec<_> = moving(0, 1000, '5').chain(moving(260, 3080, '5')).chain(moving(520, 5160, '6')).collect();
        assert_eq!(heard(&twice), "556");
    }

    #[test]
    fn a_timestamp_that_never_moves_is_borne() {
        let still: Vec<_> =
            [(0, '1'), (200, '2'), (400, '2'), (600, '1')].into_iter().flat_map(|(start, key)| press(start, 0, key, 640)).collect();
        assert_eq!(heard(&still), "1221");
        assert_eq!(heard(&[(0, 0, '1', false, 160), (100, 0, '2', false, 160), (101, 0, '1', true, 800)]), "12");
    }

    #[test]
    fn a_clock_slower_than_the_presses_is_borne() {
        let slow: Vec<_> = [(0, 24_000, '1'), (250, 24_400, '0'), (500, 24_800, '3'), (750, 25_200, '3'), (1000, 25_600, '3')]
            .into_iter()
            .flat_map(|(start, timestamp, key)| press(start, timestamp, key, 1600))
            .collect();
        assert_eq!(heard(&slow), "10333");
    }

    #[test]
    fn a_press_in_pieces_is_one() {
        let pieces =
            [(0, 0, '7', false, 160), (8190, 0, '7', false, u16::MAX), (8200, 65535, '7', false, 160), (8300, 65535, '7', true, 960)];
        assert_eq!(heard(&pieces), "7");
        assert_eq!(heard(&[(0, 0, '7', true, 320), (80, 640, '7', true, 320)]), "77", "40 ms down, 40 ms up");
    }

    #[test]
    fn a_stream_that_begins_anew_is_heard() {
        assert_eq!(heard(&[(0, 90_000, '1', true, 800), (1000, 5, '2', true, 800)]), "12", "a jump back over 10 s");
        assert_eq!(heard(&[(0, 9_000, '1', true, 800), (20_000, 5, '2', true, 800)]), "12", "after a long time");
    }

    #[test]
    fn another_source_is_another_press() {
        let mut decoder = Decoder::default();
        let payload = Event { key: Key::STAR, end: true, attenuation: 0, duration: 1 }.payload();
        let header = |ssrc| Header { marker: false, payload_type: 101, sequence: 0, timestamp: 5, ssrc };
        let pressed = [1, 1, 2].map(|ssrc| decoder.push(&header(ssrc), &payload, 0).is_some());
        assert_eq!(pressed, [true, false, true]);
    }

    #[test]
    fn payloads_are_read_and_written() {
        let event = Event::parse(&[11, 0x8A, 0x03, 0x20, 0xFF]).unwrap();
        assert_eq!(event, Event { key: Key::POUND, end: true, attenuation: 10, duration: 800 });
        assert_eq!(event.payload(), [11, 0x8A, 0x03, 0x20]);
        assert_eq!(Event::parse(&[16, 0, 0, 0]), None, "flash");
        assert_eq!(Event::parse(&[1, 0, 0]), None);
        assert_eq!(Event::parse(&[]), None);
    }

    proptest! {
        /// Presses of random keys, lengths and pauses; packets lost, doubled, and up to 60 ms late.
        #[test]
        fn what_was_pressed_is_heard(
            presses in proptest::collection::vec((0..12u8, 40..400u16, 40..400u16), 1..8),
            start in any::<u32>(),
            fates in proptest::collection::vec((0..10u8, 0..10u8, 0..4u64), 400),
        ) {
            let (mut now_ms, mut packets, mut expected) = (0, Vec::new(), String::new());
            let mut fates = fates.into_iter();
            for (code, down_ms, up_ms) in presses {
                let key = Key::of_event(code).unwrap().name();
                let timestamp = start.wrapping_add((8 * now_ms) as u32);
                expected.push(key);
                let sent = press(now_ms, timestamp, key, 8 * down_ms);
                let last = sent.len() - 1;
                for (at, packet) in sent.into_iter().enumerate() {
                    let Some((lost, doubled, late)) = fates.next() else { break };
                    let arrives = (packet.0 + 20 * late, packet.1, packet.2, packet.3, packet.4);
                    // One packet of a press at least arrives, and in time.
                    if at == last {
                        packets.push(packet);
                    } else if lost > 3 {
                        packets.push(arrives);
                    }
                    if doubled == 0 {
                        packets.push((arrives.0 + 5, arrives.1, arrives.2, arrives.3, arrives.4));
                    }
                }
                now_ms += u64::from(down_ms) + u64::from(up_ms);
            }
            prop_assume!(fates.next().is_some());
            packets.sort_by_key(|packet| packet.0);
            prop_assert_eq!(heard(&packets), expected);
        }

        #[test]
        fn no_packets_panic(packets in proptest::collection::vec((any::<u32>(), any::<[u8; 4]>(), any::<u64>()), 0..50)) {
            let mut decoder = Decoder::default();
            let keys = packets.iter().filter(|(timestamp, payload, now_ms)| {
                let header = Header { marker: false, payload_type: 101, sequence: 0, timestamp: *timestamp, ssrc: 0 };
                decoder.push(&header, payload, *now_ms).is_some()
            });
            prop_assert!(keys.count() <= packets.len());
        }
    }
}
