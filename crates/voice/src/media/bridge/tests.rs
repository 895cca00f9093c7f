//! A relay's packets by a clock that the test owns.

use std::net::{Ipv4Addr, UdpSocket};

use proptest::prelude::*;
use wire::{rtp::Header, sdp::Suite};

use super::*;
use crate::media::{MediaOptions, Place, PortRange, Statistics, outside::Clock, ports::Pools, ports::Purpose};

const LOCALHOST: IpAddr = IpAddr::V4(Ipv4Addr::LOCALHOST);

fn secured(key: u8) -> Secured {
    Secured { tag: 1, suite: Suite::Tag80, theirs: SrtpKey::new([key; 30]) }
}

/// A relay whose sides are told to send to one socket each; `keys` are of the sides that use SRTP.
fn bridge(keys: [Option<u8>; 2]) -> (Bridge, [UdpSocket; 2], Counters) {
    let place = Place { bind: LOCALHOST, advertised: LOCALHOST };
    let options = MediaOptions { places: vec![place], ports: PortRange { from: 0, to: 0 }, reserved: 0, threads: 1 };
    let (pools, clock) = (Pools::new(&options), Clock::start());
    let leg = || Some(Leg::new(pools.take(LOCALHOST, Purpose::Emergency, clock).unwrap(), LOCALHOST));
    let counters = Counters::default();
    let mut bridge = Bridge::new([leg(), leg()], counters.clone());
    let phones = [(); 2].map(|()| UdpSocket::bind((LOCALHOST, 0)).unwrap());
    for (side, (phone, key)) in [Side::Caller, Side::Callee].into_iter().zip(phones.iter().zip(keys)) {
        phone.set_nonblocking(true).unwrap();
        let remote = phone.local_addr().ok();
        bridge.agree(side, &Terms { signalling: LOCALHOST, remote, secured: key.map(secured), key: SrtpKey::new([9; 30]) });
    }
    (bridge, phones, counters)
}

fn packet(ssrc: u32, sequence: u16) -> Vec<u8> {
    Header { marker: false, payload_type: 8, sequence, timestamp: 0, ssrc }.packet(&[5; 160])
}

#[test]
fn a_trunk_that_changes_its_source_is_followed_and_a_flood_of_sources_makes_no_states() {
    let (mut bridge, [phone, trunk], counters) = bridge([Some(5), None]);
    let from = trunk.local_addr().unwrap();
    let mut ours = Unprotect::new(secured(9));
    let mut heard = |now: Moment, packets: &[Vec<u8>]| {
        for packet in packets {
            bridge.pass(Side::Callee, from, packet, now);
        }
        let mut buffer = [0; 2000];
        let received = std::iter::from_fn(|| phone.recv(&mut buffer).ok().map(|length| buffer[..length].to_vec()));
        received.filter(|bytes| ours.packet(bytes).is_some()).count()
    };
    let run = |ssrc: u32, from: u16, count: u16| (from..from + count).map(|sequence| packet(ssrc, sequence)).collect::<Vec<_>>();
    assert_eq!(heard(0, &run(1, 0, 10)), 10);
    assert_eq!(heard(2_000_000, &run(2, 0, 10)), 6, "a new source counts from its fifth packet on");
    let flood: Vec<_> = (100..400).map(|ssrc| packet(ssrc, 7)).collect();
    assert_eq!(heard(4_000_000, &flood), 0);
    assert_eq!(heard(6_000_000, &run(2, 10, 10)), 10);
    assert_eq!(counters.read().packets_in, 330);
}

#[test]
fn rtcp_ends_where_srtp_is() {
    let report = [&[0x80, 200, 0, 6][..], &[7; 24]].concat();
    for (keys, expected) in [([None, None], 2), ([Some(5), None], 0), ([None, Some(5)], 0)] {
        let (mut bridge, phones, counters) = bridge(keys);
        for (side, phone) in [Side::Caller, Side::Callee].into_iter().zip(&phones) {
            bridge.pass_control(side, phone.local_addr().unwrap(), &report, 0);
        }
        assert_eq!(counters.read().control, expected, "{keys:?}");
    }
}

#[test]
fn rtcp_of_strangers_and_floods_stay_out() {
    let report = [&[0x80, 200, 0, 6][..], &[7; 24]].concat();
    let (mut bridge, [phone, _], counters) = bridge([None, None]);
    bridge.pass_control(Side::Caller, "192.0.2.66:4001".parse().unwrap(), &report, 0);
    assert_eq!(counters.read().wrong_source, 1);
    for _ in 0..100 {
        bridge.pass_control(Side::Caller, phone.local_addr().unwrap(), &report, 1_000_000);
    }
    let counts = counters.read();
    assert_eq!((counts.control, counts.limited), (u64::from(RTCP_PACKETS_PER_SECOND), 100 - u64::from(RTCP_PACKETS_PER_SECOND)));
}

#[test]
fn a_side_that_is_not_here_yet_is_no_trouble() {
    let (mut bridge, [_, trunk], counters) = bridge([None, None]);
    bridge.legs[0] = None;
    bridge.pass(Side::Callee, trunk.local_addr().unwrap(), &packet(1, 1), 0);
    bridge.pass(Side::Caller, trunk.local_addr().unwrap(), &packet(1, 1), 0);
    bridge.step(5_000, &mut [0; RTP_PACKET_BYTES_MAX + 1]);
    assert_eq!((counters.read().packets_in, counters.read().packets_out), (1, 0));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn no_datagrams_panic(
        datagrams in proptest::collection::vec(
            (0..6u8, any::<bool>(), 0..2_000_000u64, 0x80..=0xBFu8, any::<u8>(), proptest::collection::vec(any::<u8>(), 0..300)),
            0..60,
        ),
        keys in any::<[bool; 2]>(),
    ) {
        let (mut bridge, phones, counters) = bridge(keys.map(|is_secured| is_secured.then_some(5)));
        let mut theirs = Protect::new(&SrtpKey::new([5; 30]), Suite::Tag80);
        let (mut now, count) = (0, datagrams.len() as u64);
        for (from, is_trunk, later, flags, kind, mut bytes) in datagrams {
            now += later;
            let side = if is_trunk { Side::Callee } else { Side::Caller };
            let own = phones[side as usize].local_addr().unwrap();
            let from = if from < 4 { own } else { SocketAddr::new([192, 0, 2, from].into(), 4000) };
            if later % 8 > 0 {
                bytes.splice(0..0, [flags, kind]);
            }
            // Some are authentic, so that what lies behind is reached, too.
            if keys[side as usize] && later % 2 == 0 && let Ok(packet) = Packet::parse(&bytes) {
                bytes = theirs.packet(&packet.header.packet(packet.payload)).unwrap().to_vec();
            }
            if later % 5 == 0 {
                bridge.pass_control(side, from, &bytes, now);
            } else {
                bridge.pass(side, from, &bytes, now);
            }
        }
        let Statistics { packets_in, wrong_source, ignored, limited, control, .. } = counters.read();
        prop_assert!(packets_in + wrong_source + ignored + limited + control <= count);
    }
}
