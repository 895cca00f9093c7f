//! Calls and relays over real sockets on the loopback interface.

mod relays;

use std::{
    net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr},
    sync::Arc,
    time::Duration,
};

use tokio::{net::UdpSocket, time::timeout};
use wire::{
    dtmf::{Key, Method, event::Event},
    g711::Codec,
    rtp::{Header, Packet},
    sdp::{Direction, Secured, Session},
};

use super::{
    srtp::{Protect, Unprotect},
    *,
};
use crate::prompts::Clip;

/// Longer than any wait of these tests on a busy machine.
const LONG: Duration = Duration::from_secs(10);

fn media() -> Media {
    media_with(PortRange { from: 0, to: 0 }, 0)
}

fn media_with(ports: PortRange, reserved: usize) -> Media {
    let place = |ip: IpAddr| Place { bind: ip, advertised: ip };
    let places = vec![place(Ipv4Addr::LOCALHOST.into()), place(Ipv6Addr::LOCALHOST.into())];
    Media::open(&MediaOptions { places, ports, reserved, threads: 1 }).unwrap()
}

fn near(ip: impl Into<IpAddr>) -> Surroundings {
    Surroundings { peer: ip.into(), secure: false, srtp: Srtp::Off }
}

/// A telephone's RTP socket.
struct Phone {
    rtp: UdpSocket,
    sequence: u16,
    to: SocketAddr,
}

impl Phone {
    async fn at(ip: impl Into<IpAddr>) -> Self {
        let rtp = UdpSocket::bind((ip.into(), 0)).await.unwrap();
        let to = rtp.local_addr().unwrap();
        Self { rtp, sequence: 0, to }
    }

    fn address(&self) -> SocketAddr {
        self.rtp.local_addr().unwrap()
    }

    fn offer(&self, media: &str) -> String {
        let address = self.address();
        let family = if address.is_ipv4() { "IP4" } else { "IP6" };
        let media = media.replace("PORT", &address.port().to_string());
        format!("v=0\r\no=- 1 1 IN {family} {ip}\r\ns=-\r\nc=IN {family} {ip}\r\nt=0 0\r\n{media}", ip = address.ip())
    }

    /// Learns from a description where to send.
    fn learn(&mut self, body: &str) -> Session {
        let session = Session::parse(body.as_bytes()).unwrap();
        let sound = session.media.iter().find(|media| media.port != 0).unwrap();
        self.to = SocketAddr::new(sound.address.unwrap(), sound.port);
        session
    }

    async fn send(&mut self, payload_type: u8, timestamp: u32, payload: &[u8]) {
        let header = Header { marker: false, payload_type, sequence: self.sequence, timestamp, ssrc: 7 };
        self.sequence = self.sequence.wrapping_add(1);
        self.rtp.send_to(&header.packet(payload), self.to).await.unwrap();
    }

    async fn receive(&self) -> Vec<u8> {
        let mut buffer = [0; 2000];
        let (length, _) = timeout(LONG, self.rtp.recv_from(&mut buffer)).await.expect("a packet comes").unwrap();
        buffer[..length].to_vec()
    }

    /// Payloads of so many packets.
    async fn payloads(&self, packets: usize) -> Vec<Vec<u8>> {
        let mut payloads = Vec::new();
        while payloads.len() < packets {
            let bytes = self.receive().await;
            payloads.push(Packet::parse(&bytes).unwrap().payload.to_vec());
        }
        payloads
    }
}

const PCMA: &str = "m=audio PORT RTP/AVP 8 96\r\na=rtpmap:96 telephone-event/8000\r\n";

async fn talk(media: &Media, offer: &str) -> (Phone, Talk) {
    let mut phone = Phone::at(Ipv4Addr::LOCALHOST).await;
    let talk = media.answer(phone.offer(offer).as_bytes(), &near(Ipv4Addr::LOCALHOST)).unwrap();
    phone.learn(talk.answer());
    (phone, talk)
}

#[tokio::test]
async fn a_prompt_arrives_whole_between_silence() {
    let (phone, mut talk) = talk(&media(), PCMA).await;
    let silence = vec![Codec::Pcma.silence(); 160];
    assert_eq!(phone.payloads(2).await, vec![silence.clone(); 2]);
    let clip = |from: i16| Arc::new(Clip::from_pcm8k(&(0..800).map(|at| (from + at) * 20).collect::<Vec<_>>()));
    let clips = vec![clip(0), clip(500), clip(-700)];
    talk.play(clips.clone());
    assert_eq!(timeout(LONG, talk.next()).await.unwrap(), TalkEvent::Played);
    let heard: Vec<u8> = phone.payloads(30).await.concat();
    let said: Vec<u8> = clips.iter().flat_map(|clip| clip.coded(Codec::Pcma).to_vec()).collect();
    let heard: Vec<u8> = heard.chunks(160).skip_while(|frame| **frame == silence[..]).take(15).flatten().copied().collect();
    assert_eq!(heard, said);
}

#[tokio::test]
async fn keys_are_told_and_prompts_can_be_cut() {
    let media = media();
    let (mut phone, mut talk) = talk(&media, PCMA).await;
    talk.play(vec![Arc::new(Clip::from_pcm8k(&vec![1000; 80_000]))]);
    while phone.payloads(1).await[0][0] == Codec::Pcma.silence() {}
    for (timestamp, key) in [(1000, '1'), (5000, '#')] {
        let event = Event { key: Key::named(key).unwrap(), end: true, attenuation: 10, duration: 800 };
        phone.send(97, timestamp, &[0, 0, 0, 160]).await;
        phone.send(96, timestamp, &event.payload()).await;
        let heard = timeout(LONG, talk.next()).await.unwrap();
        assert_eq!(heard, TalkEvent::Key(event.key, Method::Event));
    }
    talk.silence();
    while phone.payloads(1).await[0][0] != Codec::Pcma.silence() {}
    let counts = talk.statistics();
    assert_eq!((counts.packets_in, counts.ignored), (2, 2));
    assert!(counts.packets_out > 2);
    assert_eq!(media.sessions(), (1, 0));
    drop(talk);
    assert_eq!(media.sessions(), (0, 0));
    assert_eq!((media.statistics().packets_in, media.statistics().ignored), (2, 2), "calls that ended count, too");
}

#[tokio::test]
async fn ipv6_is_answered_with_ipv6() {
    let mut phone = Phone::at(Ipv6Addr::LOCALHOST).await;
    let talk = media().answer(phone.offer(PCMA).as_bytes(), &near(Ipv6Addr::LOCALHOST)).unwrap();
    phone.learn(talk.answer());
    assert!(phone.to.is_ipv6() && phone.to.port() % 2 == 0);
    phone.send(8, 0, &[0xD5; 160]).await;
    assert_eq!(phone.payloads(3).await.len(), 3);
}

#[tokio::test]
async fn a_telephone_that_calls_without_an_offer_gets_ours() {
    let mut phone = Phone::at(Ipv4Addr::LOCALHOST).await;
    let mut talk = media().answer(b"", &near(Ipv4Addr::LOCALHOST)).unwrap();
    let offer = phone.learn(talk.answer());
    assert_eq!(offer.media[0].formats, ["8", "0", "101"]);
    phone.send(0, 0, &[0xFF; 160]).await;
    assert_eq!(phone.payloads(2).await[1], [0xFF; 160]);
    let event = Event { key: Key::STAR, end: true, attenuation: 10, duration: 800 };
    phone.send(101, 900, &event.payload()).await;
    assert_eq!(timeout(LONG, talk.next()).await.unwrap(), TalkEvent::Key(Key::STAR, Method::Event));
    let again = Session::parse(talk.update(b"").unwrap().as_bytes()).unwrap();
    assert_eq!(again.media[0].formats, ["8", "101"]);
}

#[tokio::test]
async fn hold_and_a_new_address_are_answered() {
    let (mut phone, mut talk) = talk(&media(), PCMA).await;
    phone.send(8, 0, &[0xD5; 160]).await;
    while talk.statistics().packets_in < 1 {
        tokio::task::yield_now().await;
    }
    let port = phone.to;
    for (attribute, expected) in
        [("a=sendonly", Direction::RecvOnly), ("a=inactive", Direction::Inactive), ("a=sendrecv", Direction::SendRecv)]
    {
        let answer = talk.update(phone.offer(&format!("{PCMA}{attribute}\r\n")).as_bytes()).unwrap();
        assert_eq!(phone.learn(answer).media[0].direction, expected);
    }
    assert_eq!(phone.to, port);
    assert!(talk.answer().contains(" 4 IN IP4"), "each description has its own version");
    let other = Phone::at(Ipv4Addr::LOCALHOST).await;
    talk.update(other.offer(PCMA).as_bytes()).unwrap();
    assert_eq!(other.payloads(2).await.len(), 2, "sound goes to the new address");
    assert!(matches!(talk.update(b"v=0\r\n"), Err(Refusal::Offer(sdp::Refusal::NoSound))));
}

const SAVP: &str = "m=audio PORT RTP/SAVP 8 96\r\na=rtpmap:96 telephone-event/8000\r\n\
    a=crypto:3 AES_CM_128_HMAC_SHA1_80 inline:AQIDBAUGBwgJCgsMDQ4PEBESExQVFhcYGRobHB0e\r\n";

#[tokio::test]
async fn srtp_needs_encrypted_signalling() {
    let phone = Phone::at(Ipv4Addr::LOCALHOST).await;
    let (secured, plain) = (phone.offer(SAVP), phone.offer(PCMA));
    let optional = secured.replace("SAVP", "AVP");
    let check = |offer: &str, secure: bool, srtp: Srtp, expected: Result<bool, u16>| {
        let around = Surroundings { peer: Ipv4Addr::LOCALHOST.into(), secure, srtp };
        let got = media().answer(offer.as_bytes(), &around).map(|talk| talk.answer().contains("a=crypto:3 ")).map_err(|why| why.status());
        assert_eq!(got, expected, "{secure} {srtp:?}\n{offer}");
    };
    for srtp in [Srtp::Off, Srtp::Preferred, Srtp::Required] {
        check(&secured, false, srtp, Err(488));
        check(&plain, false, srtp, Ok(false));
        check(&optional, false, srtp, Ok(false));
    }
    check(&secured, true, Srtp::Off, Err(488));
    check(&secured, true, Srtp::Preferred, Ok(true));
    check(&secured, true, Srtp::Required, Ok(true));
    check(&optional, true, Srtp::Preferred, Ok(true));
    check(&plain, true, Srtp::Preferred, Ok(false));
    check(&plain, true, Srtp::Required, Err(488));
    check("", true, Srtp::Required, Err(488));
    check("INVITE", true, Srtp::Required, Err(400));
}

#[tokio::test]
async fn srtp_by_the_keys_of_the_descriptions() {
    let mut phone = Phone::at(Ipv4Addr::LOCALHOST).await;
    let around = Surroundings { peer: Ipv4Addr::LOCALHOST.into(), secure: true, srtp: Srtp::Required };
    let mut talk = media().answer(phone.offer(SAVP).as_bytes(), &around).unwrap();
    let ours = phone.learn(talk.answer()).media[0].crypto[0].clone();
    let mut open = Unprotect::new(Secured { tag: 3, suite: ours.suite, theirs: ours.key });
    let theirs = Session::parse(phone.offer(SAVP).as_bytes()).unwrap().media[0].crypto[0].clone();
    let mut seal = Protect::new(&theirs.key, theirs.suite);
    let event = Event { key: Key::POUND, end: true, attenuation: 10, duration: 800 };
    let plain = Header { marker: true, payload_type: 96, sequence: 5, timestamp: 5, ssrc: 9 }.packet(&event.payload());
    phone.rtp.send_to(&seal.packet(&plain).unwrap(), phone.to).await.unwrap();
    assert_eq!(timeout(LONG, talk.next()).await.unwrap(), TalkEvent::Key(Key::POUND, Method::Event));
    for _ in 0..3 {
        assert_eq!(open.packet(&phone.receive().await).unwrap()[12..], [Codec::Pcma.silence(); 160]);
    }
    assert!(!format!("{talk:?}").contains("inline"));
}

#[test]
fn ports_run_out_and_emergency_calls_have_some_more() {
    let from = 20_000 + u16::from_be_bytes(outside::random()) % 5_000 * 2;
    let media = media_with(PortRange { from, to: from + 41 }, 20);
    let offer = "v=0\r\nc=IN IP4 127.0.0.1\r\nm=audio 4000 RTP/AVP 8\r\n";
    let mut talks = Vec::new();
    let full = loop {
        match media.answer(offer.as_bytes(), &near(Ipv4Addr::LOCALHOST)) {
            Ok(talk) => talks.push(talk),
            Err(refusal) => break refusal,
        }
    };
    assert!(matches!(full, Refusal::Full | Refusal::Network(_)), "{full}");
    assert!(matches!(talks.len(), 0..=1), "21 pairs, 20 of them kept: {}", talks.len());
    let relay = media.relay(offer.as_bytes(), &near(Ipv4Addr::LOCALHOST), &near(Ipv4Addr::LOCALHOST));
    assert!(relay.is_ok(), "{:?}", relay.err());
    let v6 = "v=0\r\nc=IN IP6 ::1\r\nm=audio 4000 RTP/AVP 8\r\n";
    assert!(media.answer(v6.as_bytes(), &near(Ipv6Addr::LOCALHOST)).is_ok(), "the other family has its own");
}

#[test]
fn a_family_that_is_not_ours_is_refused() {
    let place = Place { bind: Ipv4Addr::LOCALHOST.into(), advertised: Ipv4Addr::LOCALHOST.into() };
    let media = Media::open(&MediaOptions { places: vec![place], ports: PortRange { from: 0, to: 0 }, reserved: 0, threads: 1 }).unwrap();
    let refused = media.answer(b"c=IN IP6 ::1\r\nm=audio 4000 RTP/AVP 8\r\n", &near(Ipv6Addr::LOCALHOST));
    assert!(matches!(refused, Err(Refusal::Offer(sdp::Refusal::Family))));
}
