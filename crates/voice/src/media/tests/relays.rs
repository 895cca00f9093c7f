//! Calls between two others.

use super::*;

/// What telephones offer that can do more than we: the relay does not care.
const WIDE: &str = "m=audio PORT RTP/AVP 96 8 13 101\r\na=rtpmap:96 opus/48000/2\r\na=fmtp:96 useinbandfec=1\r\n\
    a=rtpmap:101 telephone-event/8000\r\na=fmtp:101 0-15\r\nm=video 4002 RTP/AVP 97\r\n";

/// Two telephones and the relay between them.
struct Between {
    phone: Phone,
    trunk: Phone,
    relay: Relay,
}

async fn between(phone_at: impl Into<IpAddr>, trunk_at: impl Into<IpAddr>) -> Between {
    let (mut phone, mut trunk) = (Phone::at(phone_at).await, Phone::at(trunk_at).await);
    let [caller, callee] = [near(phone.address().ip()), near(trunk.address().ip())];
    let mut relay = media().relay(phone.offer(WIDE).as_bytes(), &caller, &callee).unwrap();
    let offer = trunk.learn(relay.offer());
    assert_eq!(offer.media.len(), 1, "video stays here");
    assert_eq!(offer.media[0].formats, ["96", "8", "13", "101"]);
    let answer = relay.answered(trunk.offer(PCMA).as_bytes()).unwrap();
    relay.hold.settled().await;
    let answer = phone.learn(&answer);
    assert_eq!((answer.media[0].formats.join(" "), answer.media[1].port), ("8 96".to_owned(), 0));
    Between { phone, trunk, relay }
}

impl Between {
    /// A packet of each kind goes from one to the other, and back.
    async fn assert_both_hear(&mut self) {
        for (payload_type, payload) in [(8, vec![0xD5; 160]), (13, vec![0x40]), (101, vec![5, 0x8A, 1, 0x90]), (96, vec![1; 300])] {
            self.phone.send(payload_type, 160, &payload).await;
            assert_same(&self.trunk.receive().await, payload_type, &payload);
            self.trunk.send(payload_type, 320, &payload).await;
            assert_same(&self.phone.receive().await, payload_type, &payload);
        }
    }
}

fn assert_same(bytes: &[u8], payload_type: u8, payload: &[u8]) {
    let packet = Packet::parse(bytes).unwrap();
    assert_eq!((packet.header.payload_type, packet.payload), (payload_type, payload));
}

#[tokio::test]
async fn whatever_one_says_the_other_hears() {
    let mut call = between(Ipv4Addr::LOCALHOST, Ipv4Addr::LOCALHOST).await;
    call.assert_both_hear().await;
    // The last packet is counted after it was sent.
    while call.relay.statistics().packets_out < 8 {
        tokio::task::yield_now().await;
    }
    let counts = call.relay.statistics();
    assert_eq!((counts.packets_in, counts.packets_out, counts.wrong_source), (8, 8, 0));
}

#[tokio::test]
async fn a_phone_with_ipv6_reaches_a_trunk_with_ipv4() {
    let mut call = between(Ipv6Addr::LOCALHOST, Ipv4Addr::LOCALHOST).await;
    assert!(call.phone.to.is_ipv6() && call.trunk.to.is_ipv4());
    call.assert_both_hear().await;
}

#[tokio::test]
async fn rtcp_passes_beside() {
    let mut call = between(Ipv4Addr::LOCALHOST, Ipv4Addr::LOCALHOST).await;
    call.assert_both_hear().await;
    let report = [&[0x80, 200, 0, 6][..], &[7; 24]].concat();
    let above = |to: SocketAddr| SocketAddr::new(to.ip(), to.port() + 1);
    // RTCP comes from any port of the address; what answers it goes there.
    let (near, far) = (Phone::at(Ipv4Addr::LOCALHOST).await, Phone::at(Ipv4Addr::LOCALHOST).await);
    far.rtp.send_to(&report, above(call.trunk.to)).await.unwrap();
    while call.relay.statistics().control < 1 {
        tokio::task::yield_now().await;
    }
    near.rtp.send_to(&report, above(call.phone.to)).await.unwrap();
    assert_eq!(far.receive().await, report);
    far.rtp.send_to(&report, above(call.trunk.to)).await.unwrap();
    assert_eq!(near.receive().await, report);
    for junk in [&report[..4], &[0x80, 8, 0, 1, 0, 0, 0, 0, 0], &[0; 1600]] {
        near.rtp.send_to(junk, above(call.phone.to)).await.unwrap();
    }
    near.rtp.send_to(&report, above(call.phone.to)).await.unwrap();
    assert_eq!(far.receive().await, report, "and nothing else");
}

#[tokio::test]
async fn early_media_is_heard_and_the_last_answer_counts() {
    let (mut phone, mut early, mut last) =
        (Phone::at(Ipv4Addr::LOCALHOST).await, Phone::at(Ipv4Addr::LOCALHOST).await, Phone::at(Ipv4Addr::LOCALHOST).await);
    let around = near(Ipv4Addr::LOCALHOST);
    let mut relay = media().relay(phone.offer(WIDE).as_bytes(), &around, &around).unwrap();
    early.learn(relay.offer());
    last.learn(relay.offer());
    phone.learn(&relay.answered(early.offer(PCMA).as_bytes()).unwrap());
    relay.hold.settled().await;
    early.send(8, 0, &[1; 160]).await;
    assert_same(&phone.receive().await, 8, &[1; 160]);
    let again = relay.answered(early.offer(PCMA).as_bytes()).unwrap();
    assert!(again.contains(" 1 IN IP4"), "the same said again is the same version");
    let again = relay.answered(last.offer(PCMA).as_bytes()).unwrap();
    assert!(again.contains(" 2 IN IP4"));
    relay.hold.settled().await;
    let port = phone.to;
    phone.learn(&again);
    assert_eq!(phone.to, port);
    phone.send(8, 0, &[2; 160]).await;
    assert_same(&last.receive().await, 8, &[2; 160]);
    last.send(8, 0, &[3; 160]).await;
    assert_same(&phone.receive().await, 8, &[3; 160]);
}

#[tokio::test]
async fn either_side_can_hold_and_move() {
    let mut call = between(Ipv4Addr::LOCALHOST, Ipv4Addr::LOCALHOST).await;
    call.assert_both_hear().await;
    let direction = |body: &str| Session::parse(body.as_bytes()).unwrap().media[0].direction;
    for by in [Side::Caller, Side::Callee] {
        let (holder, held) = if by == Side::Caller { (&call.phone, &call.trunk) } else { (&call.trunk, &call.phone) };
        let offer = call.relay.offered(by, holder.offer(&format!("{PCMA}a=sendonly\r\n")).as_bytes()).unwrap();
        assert_eq!(direction(offer), Direction::SendOnly);
        let answer = call.relay.answered(held.offer(&format!("{PCMA}a=recvonly\r\n")).as_bytes()).unwrap();
        call.relay.hold.settled().await;
        assert_eq!(direction(&answer), Direction::RecvOnly);
    }
    call.assert_both_hear().await;
    let moved = Phone::at(Ipv4Addr::LOCALHOST).await;
    call.relay.offered(Side::Callee, moved.offer(PCMA).as_bytes()).unwrap();
    call.phone.send(8, 0, &[4; 160]).await;
    assert_same(&call.trunk.receive().await, 8, &[4; 160]);
    call.relay.answered(call.phone.offer(PCMA).as_bytes()).unwrap();
    call.relay.hold.settled().await;
    call.phone.send(8, 0, &[5; 160]).await;
    assert_same(&moved.receive().await, 8, &[5; 160]);
}

#[tokio::test]
async fn a_side_that_asks_for_an_offer_gets_one() {
    let mut call = between(Ipv4Addr::LOCALHOST, Ipv4Addr::LOCALHOST).await;
    let formats = |body: &str| Session::parse(body.as_bytes()).unwrap().media[0].formats.join(" ");
    assert_eq!(formats(call.relay.offered(Side::Caller, b"").unwrap()), "96 8 13 101", "what the phone said before");
    call.relay.refused();
    assert_eq!(formats(call.relay.offered(Side::Callee, b"").unwrap()), "8 96", "what the trunk said before");
    let offer = call.relay.answered(call.phone.offer(PCMA).as_bytes()).unwrap();
    call.relay.hold.settled().await;
    assert_eq!(formats(&offer), "8 96");
    call.assert_both_hear().await;
}

#[tokio::test]
async fn what_is_refused_changes_nothing() {
    let mut call = between(Ipv4Addr::LOCALHOST, Ipv4Addr::LOCALHOST).await;
    call.relay.offered(Side::Caller, Phone::at(Ipv4Addr::LOCALHOST).await.offer(PCMA).as_bytes()).unwrap();
    call.relay.refused();
    assert!(matches!(call.relay.answered(call.trunk.offer(PCMA).as_bytes()), Err(Refusal::NoOffer)));
    assert!(call.relay.offered(Side::Caller, b"junk").is_err());
    call.assert_both_hear().await;
}

#[tokio::test]
async fn another_trunk_is_offered_the_same() {
    let mut phone = Phone::at(Ipv4Addr::LOCALHOST).await;
    let mut second = Phone::at(Ipv6Addr::LOCALHOST).await;
    let around = near(Ipv4Addr::LOCALHOST);
    let mut relay = media().relay(phone.offer(WIDE).as_bytes(), &around, &around).unwrap();
    let first = Session::parse(relay.offer().as_bytes()).unwrap();
    let again = second.learn(relay.redirect(&near(Ipv6Addr::LOCALHOST)).unwrap());
    assert_eq!(first.media[0].formats, again.media[0].formats);
    assert!(second.to.is_ipv6());
    phone.learn(&relay.answered(second.offer(PCMA).as_bytes()).unwrap());
    relay.hold.settled().await;
    let trunk = second;
    Between { phone, trunk, relay }.assert_both_hear().await;
}

#[tokio::test]
async fn a_phone_without_an_offer_gets_the_trunks() {
    let (mut phone, mut trunk) = (Phone::at(Ipv4Addr::LOCALHOST).await, Phone::at(Ipv4Addr::LOCALHOST).await);
    let around = near(Ipv4Addr::LOCALHOST);
    let mut relay = media().relay(b"", &around, &around).unwrap();
    assert_eq!(trunk.learn(relay.offer()).media[0].formats, ["8", "0", "101"]);
    let offer = phone.learn(&relay.answered(trunk.offer(PCMA).as_bytes()).unwrap());
    relay.hold.settled().await;
    assert_eq!(offer.media[0].formats, ["8", "96"]);
    phone.send(8, 0, &[6; 160]).await;
    assert_same(&trunk.receive().await, 8, &[6; 160]);
    let mut call = Between { phone, trunk, relay };
    call.assert_both_hear().await;
}

#[tokio::test]
async fn a_stranger_does_not_steal_a_relayed_call() {
    let mut call = between(Ipv4Addr::LOCALHOST, Ipv4Addr::LOCALHOST).await;
    call.assert_both_hear().await;
    let mut stranger = Phone::at(Ipv4Addr::LOCALHOST).await;
    stranger.to = call.phone.to;
    for _ in 0..60 {
        stranger.send(8, 0, &[0xEE; 160]).await;
        call.phone.send(8, 0, &[1; 160]).await;
        assert_same(&call.trunk.receive().await, 8, &[1; 160]);
    }
    call.assert_both_hear().await;
    while call.relay.statistics().wrong_source < 60 {
        tokio::task::yield_now().await;
    }
    assert!(stranger.rtp.try_recv(&mut [0; 2000]).is_err());
}

/// The telephone's two directions.
struct Keys {
    seal: Protect,
    open: Unprotect,
}

impl Keys {
    fn of(answer: &Session) -> Self {
        let theirs = Session::parse(SAVP.replace("PORT", "9").as_bytes()).unwrap().media[0].crypto[0].clone();
        let ours = answer.media[0].crypto[0].clone();
        assert_eq!((ours.tag, ours.suite), (theirs.tag, theirs.suite));
        let open = Unprotect::new(Secured { tag: ours.tag, suite: ours.suite, theirs: ours.key });
        Self { seal: Protect::new(&theirs.key, theirs.suite), open }
    }

    /// Sound goes from a telephone with SRTP to a trunk without, and back.
    async fn assert_both_hear(&mut self, phone: &mut Phone, trunk: &mut Phone) {
        for fill in 0..3 {
            let plain = Header { marker: false, payload_type: 8, sequence: phone.sequence, timestamp: 5, ssrc: 9 }.packet(&[fill; 160]);
            phone.sequence += 1;
            phone.rtp.send_to(&self.seal.packet(&plain).unwrap(), phone.to).await.unwrap();
            assert_eq!(trunk.receive().await, plain);
            trunk.send(8, 0, &[fill; 160]).await;
            assert_same(&self.open.packet(&phone.receive().await).expect("authentic"), 8, &[fill; 160]);
        }
        phone.send(8, 0, &[0xEE; 160]).await;
    }
}

#[tokio::test]
async fn srtp_towards_the_phone_and_none_towards_the_trunk() {
    let (mut phone, mut trunk) = (Phone::at(Ipv4Addr::LOCALHOST).await, Phone::at(Ipv4Addr::LOCALHOST).await);
    // Even where nobody wants SRTP an emergency call is not refused for it.
    let around = near(Ipv4Addr::LOCALHOST);
    let mut relay = media().relay(phone.offer(SAVP).as_bytes(), &around, &around).unwrap();
    let offer = trunk.learn(relay.offer());
    assert_eq!((offer.media[0].profile.as_str(), offer.media[0].crypto.len()), ("RTP/AVP", 0));
    let mut keys = Keys::of(&phone.learn(&relay.answered(trunk.offer(PCMA).as_bytes()).unwrap()));
    relay.hold.settled().await;
    keys.assert_both_hear(&mut phone, &mut trunk).await;
    // The trunk offers anew: the telephone is asked for SRTP, with the key it has.
    let offer = relay.offered(Side::Callee, trunk.offer(&format!("{PCMA}a=sendonly\r\n")).as_bytes()).unwrap();
    let offer = Session::parse(offer.as_bytes()).unwrap();
    assert_eq!((offer.media[0].profile.as_str(), offer.media[0].crypto.len()), ("RTP/SAVP", 1));
    let answer = relay.answered(phone.offer(SAVP).as_bytes()).unwrap();
    relay.hold.settled().await;
    assert!(!answer.contains("crypto") && answer.contains("RTP/AVP"));
    keys.assert_both_hear(&mut phone, &mut trunk).await;
    assert!(!format!("{relay:?}").contains("inline"));
}

#[tokio::test]
async fn the_call_back_to_a_phone_with_srtp_offers_it() {
    let (mut phone, mut trunk) = (Phone::at(Ipv4Addr::LOCALHOST).await, Phone::at(Ipv4Addr::LOCALHOST).await);
    let callee = Surroundings { peer: Ipv4Addr::LOCALHOST.into(), secure: true, srtp: Srtp::Required };
    let mut relay = media().relay(trunk.offer(WIDE).as_bytes(), &near(Ipv4Addr::LOCALHOST), &callee).unwrap();
    let offer = phone.learn(relay.offer());
    assert_eq!(offer.media[0].profile, "RTP/SAVP");
    let answer = SAVP.replace("crypto:3", "crypto:1");
    trunk.learn(&relay.answered(phone.offer(&answer).as_bytes()).unwrap());
    relay.hold.settled().await;
    let theirs = Session::parse(phone.offer(&answer).as_bytes()).unwrap().media[0].crypto[0].clone();
    let ours = offer.media[0].crypto[0].clone();
    let open = Unprotect::new(Secured { tag: 1, suite: ours.suite, theirs: ours.key });
    let mut keys = Keys { seal: Protect::new(&theirs.key, theirs.suite), open };
    keys.assert_both_hear(&mut phone, &mut trunk).await;
}

#[tokio::test]
async fn a_call_with_us_is_put_through() {
    let media = media();
    let (mut phone, talk) = talk(&media, PCMA).await;
    phone.send(8, 0, &[0xD5; 160]).await;
    let mut trunk = Phone::at(Ipv4Addr::LOCALHOST).await;
    let mut relay = talk.reach(&near(Ipv4Addr::LOCALHOST)).unwrap();
    let offer = trunk.learn(relay.offer());
    assert_eq!(offer.media[0].formats, ["8", "96"]);
    assert_eq!(phone.payloads(2).await.len(), 2, "we are still there");
    relay.answered(trunk.offer(PCMA).as_bytes()).unwrap();
    relay.hold.settled().await;
    relay.join(talk).await;
    relay.hold.settled().await;
    assert_eq!(media.sessions(), (0, 1));
    phone.send(8, 0, &[7; 160]).await;
    assert_same(&trunk.receive().await, 8, &[7; 160]);
    trunk.send(8, 0, &[8; 160]).await;
    while phone.payloads(1).await[0] != [8; 160] {}
    let offer = relay.offered(Side::Callee, trunk.offer(PCMA).as_bytes()).unwrap();
    assert_eq!(phone.learn(offer).media[0].direction, Direction::SendRecv);
    drop(relay);
    assert_eq!(media.sessions(), (0, 0));
}

#[tokio::test]
async fn a_call_with_us_over_srtp_is_put_through() {
    let mut phone = Phone::at(Ipv4Addr::LOCALHOST).await;
    let around = Surroundings { peer: Ipv4Addr::LOCALHOST.into(), secure: true, srtp: Srtp::Required };
    let talk = media().answer(phone.offer(SAVP).as_bytes(), &around).unwrap();
    let mut keys = Keys::of(&phone.learn(talk.answer()));
    let mut trunk = Phone::at(Ipv4Addr::LOCALHOST).await;
    let mut relay = talk.into_relay(&near(Ipv4Addr::LOCALHOST)).await.unwrap();
    trunk.learn(relay.offer());
    relay.answered(trunk.offer(PCMA).as_bytes()).unwrap();
    relay.hold.settled().await;
    // What we said before is still under way.
    while phone.rtp.try_recv(&mut [0; 2000]).is_ok() {}
    let plain = Header { marker: false, payload_type: 8, sequence: 1, timestamp: 5, ssrc: 9 }.packet(&[3; 160]);
    phone.rtp.send_to(&keys.seal.packet(&plain).unwrap(), phone.to).await.unwrap();
    assert_eq!(trunk.receive().await, plain);
    trunk.send(8, 0, &[9; 160]).await;
    loop {
        let opened = keys.open.packet(&phone.receive().await).expect("authentic");
        if opened[12..] == [9; 160] {
            break;
        }
    }
}
