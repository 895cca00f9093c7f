//! The telephone's side of a call by a clock that the test owns.

use std::{
    f64::consts::TAU,
    net::{Ipv4Addr, UdpSocket},
};

use proptest::prelude::*;
use tokio::sync::mpsc;
use wire::{
    dtmf::{Key, event::Event},
    limits::RTP_PACKET_BYTES_MAX,
    rtp::Header,
    sdp::{Secured, Suite},
};

use super::*;
use crate::media::{MediaOptions, Place, PortRange, Statistics, outside::Clock, ports::Pools, ports::Purpose};

const LOCALHOST: IpAddr = IpAddr::V4(Ipv4Addr::LOCALHOST);

/// A player and the socket of its telephone.
struct Call {
    player: Player,
    phone: UdpSocket,
    events: mpsc::Receiver<TalkEvent>,
    counters: Counters,
    sequence: u16,
    now: Moment,
}

/// What the telephone says, before a test changes it.
fn terms(phone: SocketAddr) -> Terms {
    let chosen = Chosen {
        place: 0,
        address: LOCALHOST,
        codec: Codec::Pcma,
        payload_type: 8,
        event: Some(96),
        ptime_ms: 20,
        direction: Direction::SendRecv,
        remote: Some(phone),
        secured: None,
    };
    Terms { chosen, is_open: false, signalling: LOCALHOST, key: SrtpKey::new([9; 30]) }
}

fn call(change: impl FnOnce(&mut Terms)) -> Call {
    let place = Place { bind: LOCALHOST, advertised: LOCALHOST };
    let options = MediaOptions { places: vec![place], ports: PortRange { from: 0, to: 0 }, reserved: 0, threads: 1 };
    let lease = Pools::new(&options).take(LOCALHOST, Purpose::Call, Clock::start()).unwrap();
    let phone = UdpSocket::bind((LOCALHOST, 0)).unwrap();
    phone.set_nonblocking(true).unwrap();
    let (sender, events) = mpsc::channel(RTP_EVENTS);
    let mut terms = terms(phone.local_addr().unwrap());
    change(&mut terms);
    let counters = Counters::default();
    let player = Player::new(lease, &terms, counters.clone(), sender);
    Call { player, phone, events, counters, sequence: 100, now: 1_000_000 }
}

const RTP_EVENTS: usize = crate::limits::RTP_EVENTS_MAX;

impl Call {
    fn address(&self) -> SocketAddr {
        self.phone.local_addr().unwrap()
    }

    /// Lets time pass in ticks.
    fn pass(&mut self, milliseconds: u64) {
        let mut buffer = [0; RTP_PACKET_BYTES_MAX + 1];
        for _ in 0..milliseconds / 5 {
            self.now += 5_000;
            self.player.step(self.now, &mut buffer);
        }
    }

    fn packet(&mut self, payload_type: u8, timestamp: u32, payload: &[u8]) -> Vec<u8> {
        self.sequence = self.sequence.wrapping_add(1);
        Header { marker: false, payload_type, sequence: self.sequence, timestamp, ssrc: 7 }.packet(payload)
    }

    /// A packet from the telephone's own address.
    fn hear(&mut self, payload_type: u8, timestamp: u32, payload: &[u8]) {
        let packet = self.packet(payload_type, timestamp, payload);
        self.player.hear(self.address(), &packet, self.now);
    }

    fn press(&mut self, payload_type: u8, timestamp: u32, key: char, end: bool) {
        let event = Event { key: Key::named(key).unwrap(), end, attenuation: 10, duration: 400 };
        self.hear(payload_type, timestamp, &event.payload());
    }

    /// What the telephone received.
    fn received(&self) -> Vec<Vec<u8>> {
        let mut buffer = [0; 2000];
        std::iter::from_fn(|| self.phone.recv(&mut buffer).ok().map(|length| buffer[..length].to_vec())).collect()
    }

    fn keys(&mut self) -> String {
        let mut keys = String::new();
        while let Ok(event) = self.events.try_recv() {
            match event {
                TalkEvent::Key(key, Method::Event) => keys.push(key.name()),
                TalkEvent::Key(key, method) => keys.extend([format!("{method:?}"), key.name().to_string()]),
                TalkEvent::Played => keys.push('.'),
            }
        }
        keys
    }

    fn counts(&self) -> Statistics {
        self.counters.read()
    }
}

fn clip(samples: usize, level: i16) -> Arc<Clip> {
    Arc::new(Clip::from_pcm8k(&vec![level; samples]))
}

#[test]
fn packets_keep_their_pace_and_their_count() {
    for (ptime_ms, per_second) in [(10, 100), (20, 50), (30, 33), (40, 25), (60, 16)] {
        let mut call = call(|terms| terms.chosen.ptime_ms = ptime_ms);
        call.pass(1000);
        let received = call.received();
        let headers: Vec<_> = received.iter().map(|bytes| Packet::parse(bytes).unwrap().header).collect();
        assert!((per_second..=per_second + 1).contains(&headers.len()), "{ptime_ms} ms: {}", headers.len());
        assert!(received.iter().all(|bytes| bytes.len() == 12 + 8 * usize::from(ptime_ms)));
        for pair in headers.windows(2) {
            assert_eq!(pair[1].sequence, pair[0].sequence.wrapping_add(1));
            assert_eq!(pair[1].timestamp, pair[0].timestamp.wrapping_add(8 * u32::from(ptime_ms)));
        }
        assert!(headers[0].marker && !headers[1].marker);
        assert_eq!(call.counts().gaps_out, 0);
    }
}

#[test]
fn after_a_stall_little_is_sent_at_once_and_the_time_goes_on() {
    let mut call = call(|_| ());
    call.pass(100);
    let before = call.received();
    call.now += 1_000_000;
    call.pass(5);
    let burst = call.received();
    assert_eq!(burst.len(), 1);
    let [last, first] = [before.last(), burst.first()].map(|bytes| Packet::parse(bytes.unwrap()).unwrap().header);
    assert_eq!(first.sequence, last.sequence.wrapping_add(1));
    assert!(first.timestamp.wrapping_sub(last.timestamp) >= 8000, "one second was left out");
    assert_eq!(call.counts().gaps_out, 1);
    call.now += 60_000;
    call.pass(5);
    assert_eq!(call.received().len(), 3, "a short stall is made good");
    call.pass(1000);
    assert_eq!(call.received().len(), 50);
}

#[test]
fn clips_follow_each_other_and_end_is_told_once() {
    for (codec, payload_type, ptime_ms) in [(Codec::Pcma, 8, 20), (Codec::Pcmu, 100, 30), (Codec::Pcma, 8, 10), (Codec::Pcmu, 0, 60)] {
        let mut call = call(|terms| {
            (terms.chosen.codec, terms.chosen.payload_type, terms.chosen.ptime_ms) = (codec, payload_type, ptime_ms);
        });
        let clips = [clip(800, 1000), clip(160, -3000), clip(1600, 20_000)];
        call.player.play(clips.to_vec());
        call.player.play(vec![clip(480, 9)]);
        call.pass(600);
        let received = call.received();
        let heard: Vec<u8> = received.iter().flat_map(|bytes| Packet::parse(bytes).unwrap().payload.to_vec()).collect();
        let mut said: Vec<u8> = clips.iter().chain([&clip(480, 9)]).flat_map(|clip| clip.coded(codec).to_vec()).collect();
        assert_eq!(heard[..said.len()], said, "{codec:?} {ptime_ms}");
        said.resize(heard.len(), codec.silence());
        assert_eq!(heard, said);
        assert_eq!(call.keys(), ".");
        assert!(received.iter().all(|bytes| Packet::parse(bytes).unwrap().header.payload_type == payload_type));
    }
}

#[test]
fn silence_stops_at_once_and_nothing_to_say_is_said_at_once() {
    let mut call = call(|_| ());
    call.player.play(vec![clip(8000, 1000)]);
    call.pass(100);
    assert!(call.received().len() > 3);
    call.player.silence();
    call.pass(100);
    let silent = call.received();
    assert!(silent.len() > 3 && silent.iter().all(|bytes| bytes[12..] == [Codec::Pcma.silence(); 160]));
    assert_eq!(call.keys(), "");
    call.player.play(vec![]);
    call.player.play(vec![clip(0, 0)]);
    assert_eq!(call.keys(), "..");
}

#[test]
fn the_queue_is_bounded() {
    let mut call = call(|_| ());
    for _ in 0..3 {
        call.player.play(vec![clip(160, 1); RTP_CLIPS_MAX]);
    }
    assert_eq!(call.player.queue.len(), RTP_CLIPS_MAX);
}

#[test]
fn presses_are_told_once_whatever_of_them_is_lost() {
    let mut call = call(|_| ());
    for (timestamp, key, packets) in [(1000, '1', "uuueee"), (3000, '2', "eee"), (5000, '3', "uu"), (7000, '#', "ue"), (9000, '1', "e")] {
        for packet in packets.chars() {
            call.press(96, timestamp, key, packet == 'e');
        }
        call.pass(200);
    }
    assert_eq!(call.keys(), "123#1");
}

#[test]
fn types_that_were_not_agreed_on_are_passed_over() {
    let mut call = call(|_| ());
    for at in 0..20 {
        call.press(97, 160 * at, '0', false);
        call.press(101, 160 * at, '0', true);
    }
    assert_eq!(call.keys(), "");
    assert_eq!((call.counts().ignored, call.counts().packets_in), (40, 0));
    call.press(96, 9000, '5', true);
    assert_eq!(call.keys(), "5");
}

/// 80 ms of a key's tones in packets of 20 ms.
fn tones(key: char) -> Vec<Vec<u8>> {
    let (row, column) = match key {
        '5' => (770.0, 1336.0),
        '#' => (941.0, 1477.0),
        other => panic!("no tones for {other}"),
    };
    let sample = |at: u32| {
        let seconds = f64::from(at) / 8000.0;
        (6000.0 * ((TAU * row * seconds).sin() + (TAU * column * seconds).sin())) as i16
    };
    let codes: Vec<u8> = (0..640).map(|at| Codec::Pcma.encode(sample(at))).collect();
    codes.chunks(160).map(<[u8]>::to_vec).collect()
}

fn sing(call: &mut Call, keys: &str) {
    let mut timestamp = 0;
    for key in keys.chars() {
        let pause = vec![vec![Codec::Pcma.silence(); 160]; 4];
        for payload in tones(key).into_iter().chain(pause) {
            timestamp += 160;
            call.hear(8, timestamp, &payload);
        }
    }
}

#[test]
fn tones_count_only_if_events_were_not_agreed_on() {
    let mut with_events = call(|_| ());
    sing(&mut with_events, "5#");
    assert_eq!(with_events.keys(), "");
    let mut without = call(|terms| terms.chosen.event = None);
    sing(&mut without, "55#");
    assert_eq!(without.keys(), "Inband5Inband5Inband#");
}

#[test]
fn tones_survive_disorder_and_loss_of_packets() {
    let mut call = call(|terms| terms.chosen.event = None);
    let mut packets: Vec<_> = tones('5').into_iter().chain(tones('5')).enumerate().collect();
    packets.extend((8..20).map(|at| (at, vec![Codec::Pcma.silence(); 160])));
    packets.swap(1, 2);
    packets.remove(6);
    for (at, payload) in packets {
        let header = Header { marker: false, payload_type: 8, sequence: at as u16, timestamp: 0, ssrc: 7 };
        let address = call.address();
        call.player.hear(address, &header.packet(&payload), call.now);
    }
    assert_eq!(call.keys(), "Inband5");
}

#[test]
fn hold_stops_sound_and_what_was_being_said_goes_on_after_it() {
    let mut call = call(|_| ());
    let phone = call.address();
    call.player.play(vec![clip(1600, 1000)]);
    call.pass(100);
    let before = call.received().len();
    for direction in [Direction::RecvOnly, Direction::Inactive] {
        let mut held = terms(phone);
        (held.chosen.direction, held.chosen.remote) = (direction, None);
        call.player.agree(&held);
        call.pass(1000);
        assert_eq!(call.received().len(), 0, "{direction:?}");
        call.press(96, 1000 + direction as u32 * 4000, '1', true);
    }
    assert_eq!(call.keys(), "1", "held, but not deaf");
    call.player.agree(&terms(phone));
    call.pass(400);
    let spoken = call.received().iter().filter(|bytes| bytes[12] == Codec::Pcma.encode(1000)).count();
    assert_eq!(before + spoken, 10);
    assert_eq!(call.keys(), ".");
}

#[test]
fn a_stranger_gets_nothing_and_presses_nothing() {
    let mut call = call(|_| ());
    call.hear(8, 0, &[0xD5; 160]);
    let stranger = UdpSocket::bind((LOCALHOST, 0)).unwrap();
    stranger.set_nonblocking(true).unwrap();
    for at in 0..500 {
        let event = Event { key: Key::POUND, end: true, attenuation: 10, duration: 400 };
        let header = Header { marker: false, payload_type: 96, sequence: at, timestamp: 4000 * u32::from(at), ssrc: 7 };
        call.player.hear(stranger.local_addr().unwrap(), &header.packet(&event.payload()), call.now);
        if at % 10 == 0 {
            call.hear(8, u32::from(at), &[0xD5; 160]);
            call.pass(20);
        }
    }
    assert_eq!(call.keys(), "");
    assert!(stranger.recv(&mut [0; 2000]).is_err(), "sound stays with the telephone");
    assert!(call.received().len() >= 50);
    let counts = call.counts();
    assert_eq!((counts.wrong_source + counts.limited, counts.packets_in), (500, 51));
}

#[test]
fn a_flood_of_strangers_leaves_the_telephone_its_share() {
    let mut call = call(|_| ());
    call.hear(8, 0, &[0xD5; 160]);
    let stranger: SocketAddr = "192.0.2.66:4000".parse().unwrap();
    for at in 0..10_000 {
        let packet = Header { marker: false, payload_type: 8, sequence: at, timestamp: 0, ssrc: 8 }.packet(&[0; 160]);
        call.player.hear(stranger, &packet, call.now);
    }
    call.press(96, 1000, '7', true);
    assert_eq!(call.keys(), "7");
    assert_eq!(call.counts().limited, 10_000 - u64::from(RTP_STRANGERS_PER_SECOND));
}

#[test]
fn a_telephone_that_answered_our_offer_unseen_chooses_the_codec() {
    let mut call = call(|terms| (terms.is_open, terms.chosen.remote) = (true, None));
    call.pass(100);
    assert_eq!(call.received().len(), 0, "it is not known where it is");
    call.hear(0, 0, &[0xFF; 160]);
    call.pass(100);
    let received = call.received();
    assert!(
        received.len() >= 4 && received.iter().all(|bytes| Packet::parse(bytes).unwrap().header.payload_type == 0 && bytes[12] == 0xFF)
    );
}

fn secured(suite: Suite, key: u8) -> Secured {
    Secured { tag: 1, suite, theirs: SrtpKey::new([key; 30]) }
}

#[test]
fn srtp_both_ways() {
    for suite in [Suite::Tag80, Suite::Tag32] {
        let mut call = call(|terms| terms.chosen.secured = Some(secured(suite, 5)));
        let mut theirs = Protect::new(&SrtpKey::new([5; 30]), suite);
        let mut ours = Unprotect::new(secured(suite, 9));
        let address = call.address();
        for (timestamp, key) in [(1000, '4'), (5000, '2')] {
            let event = Event { key: Key::named(key).unwrap(), end: true, attenuation: 0, duration: 400 };
            let plain = call.packet(96, timestamp, &event.payload());
            call.player.hear(address, &plain, call.now);
            let sealed = theirs.packet(&plain).unwrap();
            call.player.hear(address, &sealed, call.now);
            call.player.hear(address, &sealed, call.now);
        }
        assert_eq!(call.keys(), "42");
        assert_eq!(call.counts().packets_in, 2, "neither what is plain nor what was there before");
        call.player.play(vec![clip(320, 1000)]);
        call.pass(100);
        let opened: Vec<_> = call.received().iter().map(|bytes| ours.packet(bytes).expect("authentic")).collect();
        assert!(opened.len() >= 4);
        assert_eq!(opened[0][12..], [Codec::Pcma.encode(1000); 160]);
    }
}

#[test]
fn a_new_key_is_taken_and_the_same_one_goes_on() {
    let mut call = call(|terms| terms.chosen.secured = Some(secured(Suite::Tag80, 5)));
    let address = call.address();
    let press = |call: &mut Call, theirs: &mut Protect, timestamp| {
        let event = Event { key: Key::STAR, end: true, attenuation: 0, duration: 400 };
        let plain = call.packet(96, timestamp, &event.payload());
        call.player.hear(address, &theirs.packet(&plain).unwrap(), call.now);
        call.keys()
    };
    let mut first = Protect::new(&SrtpKey::new([5; 30]), Suite::Tag80);
    assert_eq!(press(&mut call, &mut first, 1000), "*");
    let mut again = terms(address);
    again.chosen.secured = Some(secured(Suite::Tag80, 5));
    call.player.agree(&again);
    assert_eq!(press(&mut call, &mut first, 5000), "*");
    again.chosen.secured = Some(secured(Suite::Tag80, 6));
    call.player.agree(&again);
    assert_eq!(press(&mut call, &mut first, 9000), "", "the old key is over");
    assert_eq!(press(&mut call, &mut Protect::new(&SrtpKey::new([6; 30]), Suite::Tag80), 13_000), "*");
}

#[test]
fn a_flood_of_sources_makes_no_srtp_states() {
    let mut call = call(|terms| terms.chosen.secured = Some(secured(Suite::Tag80, 5)));
    let address = call.address();
    for ssrc in 0..5000 {
        let mut packet = Header { marker: false, payload_type: 8, sequence: 1, timestamp: 0, ssrc }.packet(&[0; 170]);
        call.player.hear(address, &packet, call.now);
        packet.truncate((ssrc % 200) as usize);
        call.player.hear(address, &packet, call.now);
        call.now += 10_000;
    }
    let states = |call: &Call| call.player.unprotect.as_ref().map(|unprotect| unprotect.states());
    assert_eq!(states(&call), Some(0));
    // Even the telephone itself cannot have as many as it likes.
    for ssrc in 0..100 {
        let packet = Header { marker: false, payload_type: 8, sequence: 1, timestamp: 0, ssrc }.packet(&[0; 160]);
        let sealed = Protect::new(&SrtpKey::new([5; 30]), Suite::Tag80).packet(&packet).unwrap();
        call.player.hear(address, &sealed, call.now);
    }
    assert_eq!(states(&call), Some(crate::limits::SRTP_SOURCES_MAX));
}

/// Anything, and things that look like RTP.
fn datagrams() -> impl Strategy<Value = Vec<(u8, u64, Vec<u8>)>> {
    let bytes = prop_oneof![
        proptest::collection::vec(any::<u8>(), 0..80),
        (0x80..=0xBFu8, any::<u8>(), proptest::collection::vec(any::<u8>(), 0..400)).prop_map(|(flags, kind, mut bytes)| {
            bytes.splice(0..0, [flags, kind]);
            bytes
        }),
        (prop_oneof![Just(8u8), Just(96), Just(13), Just(0)], any::<[u8; 10]>(), proptest::collection::vec(any::<u8>(), 0..600))
            .prop_map(|(kind, rest, payload)| [&[0x80, kind][..], &rest[..], &payload[..]].concat()),
    ];
    proptest::collection::vec((0..4u8, 0..2_000_000u64, bytes), 0..60)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn no_datagrams_panic(datagrams in datagrams(), is_secured in any::<bool>(), has_event in any::<bool>(), is_open in any::<bool>()) {
        let mut call = call(|terms| {
            terms.chosen.secured = is_secured.then(|| secured(Suite::Tag32, 5));
            terms.chosen.event = has_event.then_some(96);
            terms.is_open = is_open;
        });
        let mut theirs = Protect::new(&SrtpKey::new([5; 30]), Suite::Tag32);
        let count = datagrams.len() as u64;
        for (from, later, mut bytes) in datagrams {
            call.now += later;
            let from = if from == 0 { call.address() } else { SocketAddr::new([192, 0, 2, from].into(), 4000) };
            // Some are authentic, so that what lies behind is reached, too.
            if is_secured && later % 2 == 0 && let Ok(packet) = Packet::parse(&bytes) {
                bytes = theirs.packet(&packet.header.packet(packet.payload)).unwrap().to_vec();
            }
            call.player.hear(from, &bytes, call.now);
        }
        call.pass(20);
        let Statistics { packets_in, wrong_source, ignored, limited, .. } = call.counts();
        prop_assert_eq!(packets_in + wrong_source + ignored + limited, count);
    }
}
