//! RTP (RFC 3550): reading and writing packets, following one source, and putting its packets into order.

mod receiver;

use thiserror::Error;

pub use self::receiver::{Item, Receiver, Reorder};
use crate::limits::RTP_PACKET_BYTES_MAX;

const HEADER_BYTES: usize = 12;

/// Why bytes are no RTP packet.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum Malformed {
    /// Longer than [`RTP_PACKET_BYTES_MAX`].
    #[error("the packet exceeds the limit")]
    TooLong,
    /// Shorter than its headers or its padding say.
    #[error("the packet is cut short")]
    Short,
    /// Another version than 2; STUN and ZRTP look like this.
    #[error("the packet is not RTP version 2")]
    Version,
    /// A control packet on the media port (RFC 5761).
    #[error("the packet is RTCP")]
    Control,
}

/// A packet, borrowed from the datagram that held it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Packet<'a> {
    /// What goes in front of the payload, without lists of sources and extensions.
    pub header: Header,
    /// How many contributing sources were listed; 0 to 15.
    pub contributors: u8,
    /// The header extension: its profile, and its words as bytes.
    pub extension: Option<(u16, &'a [u8])>,
    /// The payload without padding; may be empty.
    pub payload: &'a [u8],
}

/// The fixed header.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Header {
    /// Set on the first packet after silence, and on the first of a telephone event.
    pub marker: bool,
    /// 0 to 127.
    pub payload_type: u8,
    /// Counts packets, wraps.
    pub sequence: u16,
    /// Counts samples, wraps.
    pub timestamp: u32,
    /// The source.
    pub ssrc: u32,
}

impl<'a> Packet<'a> {
    /// Reads one datagram.
    pub fn parse(datagram: &'a [u8]) -> Result<Self, Malformed> {
        if datagram.len() > RTP_PACKET_BYTES_MAX {
            return Err(Malformed::TooLong);
        }
        let (fixed, mut rest) = datagram.split_first_chunk::<HEADER_BYTES>().ok_or(Malformed::Short)?;
        let [flags, kind, s0, s1, t0, t1, t2, t3, ssrc @ ..] = *fixed;
        if flags >> 6 != 2 {
            return Err(Malformed::Version);
        }
        if (192..=223).contains(&kind) {
            return Err(Malformed::Control);
        }
        let contributors = flags & 15;
        rest = rest.get(4 * usize::from(contributors)..).ok_or(Malformed::Short)?;
        let extension = if flags & 0x10 == 0 { None } else { Some(take_extension(&mut rest)?) };
        if flags & 0x20 != 0 {
            let padding = usize::from(*rest.last().ok_or(Malformed::Short)?);
            let kept = rest.len().checked_sub(padding).filter(|_| padding > 0).ok_or(Malformed::Short)?;
            rest = &rest[..kept];
        }
        let header = Header {
            marker: kind & 0x80 != 0,
            payload_type: kind & 0x7F,
            sequence: u16::from_be_bytes([s0, s1]),
            timestamp: u32::from_be_bytes([t0, t1, t2, t3]),
            ssrc: u32::from_be_bytes(ssrc),
        };
        Ok(Self { header, contributors, extension, payload: rest })
    }
}

impl Header {
    /// The packet's bytes, without contributors, extension or padding.
    pub fn packet(&self, payload: &[u8]) -> Vec<u8> {
        let mut packet = Vec::with_capacity(HEADER_BYTES + payload.len());
        packet.push(0x80);
        packet.push(u8::from(self.marker) << 7 | (self.payload_type & 0x7F));
        packet.extend_from_slice(&self.sequence.to_be_bytes());
        packet.extend_from_slice(&self.timestamp.to_be_bytes());
        packet.extend_from_slice(&self.ssrc.to_be_bytes());
        packet.extend_from_slice(payload);
        packet
    }
}

/// Numbers the packets of one source that we are.
#[derive(Debug, Clone)]
pub struct Sender {
    next: Header,
}

impl Sender {
    /// Begins a stream; all three numbers should be random (RFC 3550 section 5.1).
    pub fn new(ssrc: u32, sequence: u16, timestamp: u32) -> Self {
        Self { next: Header { marker: true, payload_type: 0, sequence, timestamp, ssrc } }
    }

    /// The next packet of sound, `samples` long; the first one carries the marker.
    pub fn packet(&mut self, payload_type: u8, samples: u32, payload: &[u8]) -> Vec<u8> {
        let packet = Header { payload_type, ..self.next }.packet(payload);
        self.next.marker = false;
        self.next.sequence = self.next.sequence.wrapping_add(1);
        self.pass(samples);
        packet
    }

    /// The next packet without its time going on: repeats and updates of a telephone event share the time of its begin.
    pub fn still(&mut self, payload_type: u8, marker: bool, payload: &[u8]) -> Vec<u8> {
        self.next.marker = marker;
        self.packet(payload_type, 0, payload)
    }

    /// Lets time go on without a packet.
    pub fn pass(&mut self, samples: u32) {
        self.next.timestamp = self.next.timestamp.wrapping_add(samples);
    }
}

fn take_extension<'a>(rest: &mut &'a [u8]) -> Result<(u16, &'a [u8]), Malformed> {
    let ([p0, p1, w0, w1], after) = rest.split_first_chunk::<4>().ok_or(Malformed::Short)?;
    let bytes = 4 * usize::from(u16::from_be_bytes([*w0, *w1]));
    let (words, payload) = after.split_at_checked(bytes).ok_or(Malformed::Short)?;
    *rest = payload;
    Ok((u16::from_be_bytes([*p0, *p1]), words))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn header() -> impl Strategy<Value = Header> {
        let kind = (0..=127u8, any::<bool>()).prop_filter("RTCP", |(kind, marker)| !(*marker && (64..=95).contains(kind)));
        (kind, any::<u16>(), any::<u32>(), any::<u32>()).prop_map(|((payload_type, marker), sequence, timestamp, ssrc)| Header {
            marker,
            payload_type,
            sequence,
            timestamp,
            ssrc,
        })
    }

    proptest! {
        #[test]
        fn what_is_written_is_read(header in header(), payload in proptest::collection::vec(any::<u8>(), 0..300)) {
            let bytes = header.packet(&payload);
            prop_assert_eq!(Packet::parse(&bytes), Ok(Packet { header, contributors: 0, extension: None, payload: &payload }));
        }

        #[test]
        fn contributors_extension_and_padding_are_taken_off(
            header in header(),
            contributors in 0..=15u8,
            words in proptest::option::of(0..=20u8),
            padding in 0..=40u8,
            payload in proptest::collection::vec(any::<u8>(), 0..50),
        ) {
            let mut bytes = header.packet(&vec![7; 4 * usize::from(contributors)]);
            bytes[0] |= contributors;
            if let Some(words) = words {
                bytes[0] |= 0x10;
                bytes.extend([0xBE, 0xDE, 0, words]);
                bytes.extend(vec![9; 4 * usize::from(words)]);
            }
            bytes.extend(&payload);
            if padding > 0 {
                bytes[0] |= 0x20;
                bytes.extend(vec![0; usize::from(padding) - 1]);
                bytes.push(padding);
            }
            let packet = Packet::parse(&bytes).unwrap();
            prop_assert_eq!(packet.payload, &payload[..]);
            prop_assert_eq!(packet.extension.map(|(profile, bytes)| (profile, bytes.len() / 4)), words.map(|words| (0xBEDE, usize::from(words))));
            prop_assert_eq!(packet.header, header);
        }

        #[test]
        fn no_bytes_panic(bytes in proptest::collection::vec(any::<u8>(), 0..64), flags in 0x80..=0xBFu8) {
            let _ = Packet::parse(&bytes);
            let mut likely = bytes;
            if let Some(first) = likely.first_mut() {
                *first = flags;
            }
            if let Ok(packet) = Packet::parse(&likely) {
                prop_assert!(packet.payload.len() + HEADER_BYTES <= likely.len());
            }
        }
    }

    #[test]
    fn what_is_no_packet_is_refused() {
        let good = Header { marker: false, payload_type: 8, sequence: 1, timestamp: 2, ssrc: 3 }.packet(&[0xD5; 160]);
        let check = |expected, change: &dyn Fn(&mut Vec<u8>)| {
            let mut bytes = good.clone();
            change(&mut bytes);
            assert_eq!(Packet::parse(&bytes), Err(expected));
        };
        check(Malformed::Short, &|bytes| bytes.truncate(11));
        check(Malformed::Short, &Vec::clear);
        check(Malformed::Version, &|bytes| bytes[0] = 0x40);
        check(Malformed::Version, &|bytes| bytes[0] = 0);
        check(Malformed::Control, &|bytes| bytes[1] = 200);
        check(Malformed::Short, &|bytes| (bytes[0] = 0x8F, bytes.truncate(60)).1);
        check(Malformed::Short, &|bytes| bytes[0] = 0x90);
        check(Malformed::Short, &|bytes| (bytes[0] = 0xA0, bytes[171] = 161).1);
        check(Malformed::Short, &|bytes| (bytes[0] = 0xA0, bytes[171] = 0).1);
        check(Malformed::Short, &|bytes| (bytes[0] = 0xA0, bytes.truncate(12)).1);
        check(Malformed::TooLong, &|bytes| bytes.resize(RTP_PACKET_BYTES_MAX + 1, 0));
    }

    #[test]
    fn a_sender_counts_on_over_the_ends_of_its_numbers() {
        let mut sender = Sender::new(7, u16::MAX, u32::MAX - 159);
        let first = sender.packet(8, 160, &[1]);
        let event = sender.still(101, true, &[2]);
        let repeat = sender.still(101, false, &[2]);
        sender.pass(480);
        let last = sender.packet(8, 160, &[3]);
        let seen = [&first, &event, &repeat, &last].map(|bytes| {
            let header = Packet::parse(bytes).unwrap().header;
            (header.payload_type, header.marker, header.sequence, header.timestamp, header.ssrc)
        });
        assert_eq!(seen, [(8, true, u16::MAX, u32::MAX - 159, 7), (101, true, 0, 0, 7), (101, false, 1, 0, 7), (8, false, 2, 480, 7)]);
    }
}
