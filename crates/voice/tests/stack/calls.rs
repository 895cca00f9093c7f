//! Calls over UDP: transactions and dialogs.

use std::fmt::Write as _;

use voice::stack::{CallEvent, Cancelled, Ended, LegEvent, Reply, Request, SendError, Target, Transport};

use super::house::House;
use super::peer::{Peer, SDP, invite, request};

const ANSWER: &str = "v=0\r\no=- 2 2 IN IP4 127.0.0.1\r\ns=-\r\n";

/// Sets up a call; gives both ends and the tag of ours.
async fn talk(house: &mut House, peer: &Peer, call_id: &str) -> (voice::stack::Leg, String) {
    peer.send(invite(call_id, &format!("z9hG4bK{call_id}"))).await;
    let leg = house.call().await.accept(ANSWER).await.unwrap();
    let ok = peer.final_response().await;
    assert_eq!((ok.status(), ok.sdp()), (200, Some(ANSWER.as_bytes())));
    let tag = ok.to_tag().unwrap().to_owned();
    peer.send(request("ACK", call_id, &format!("z9hG4bKack{call_id}"), 1, &tag, "")).await;
    (leg, tag)
}

#[tokio::test]
async fn a_request_gets_one_answer_however_often_it_comes() {
    let mut house = House::open().await;
    let peer = Peer::of(house.udp()).await;
    let register = request("REGISTER", "r", "z9hG4bKr", 1, "", "");
    peer.send(&register).await;
    let first = peer.bytes().await;
    peer.send(&register).await;
    assert_eq!(peer.bytes().await, first);
    let (message, flow) = house.requests.recv().await.unwrap();
    assert_eq!((message.method(), flow.peer().port()), ("REGISTER", peer.port()));
    assert!(house.requests.try_recv().is_err(), "decided once");
    let top = message.header("Via").unwrap();
    assert!(top.ends_with(&format!(";rport={};received=127.0.0.1", peer.port())), "{top}");
}

#[tokio::test]
async fn an_invite_sent_again_gets_the_same_answer() {
    let mut house = House::open().await;
    let peer = Peer::of(house.udp()).await;
    peer.send(invite("a", "z9hG4bKa")).await;
    assert_eq!(peer.receive().await.status(), 100);
    let _leg = house.call().await.accept(ANSWER).await.unwrap();
    let first = peer.bytes().await;
    peer.send(invite("a", "z9hG4bKa")).await;
    // Repeated by the clock or for the repeated INVITE: the same bytes.
    assert_eq!(peer.bytes().await, first);
    assert!(house.calls.try_recv().is_err(), "one call");
}

#[tokio::test]
async fn a_lost_ack_repeats_the_200_and_then_ends_the_call() {
    let mut house = House::open().await;
    let peer = Peer::of(house.udp()).await;
    peer.send(invite("b", "z9hG4bKb")).await;
    let mut leg = house.call().await.accept(ANSWER).await.unwrap();
    let first = peer.final_response().await;
    let mut repeated = 0;
    let bye = loop {
        let message = peer.receive().await;
        if message.is_request() {
            break message;
        }
        assert_eq!((message.status(), message.to_tag()), (200, first.to_tag()));
        repeated += 1;
    };
    assert!(repeated >= 4, "{repeated}");
    assert_eq!(bye.method(), "BYE");
    assert!(matches!(leg.next().await, LegEvent::Ended(Ended::Unacknowledged)));
    peer.answer(&bye, 200).await;
}

#[tokio::test]
async fn bye_goes_to_the_source_and_comes_back_when_it_was_answered() {
    let mut house = House::open().await;
    let peer = Peer::of(house.udp()).await;
    let (leg, _) = talk(&mut house, &peer, "c").await;
    let bye = tokio::spawn(leg.bye());
    let request = peer.request("BYE").await;
    assert_eq!(request.uri(), "sip:abc@10.9.8.7:5099", "addressed as the phone said, sent to where it is");
    assert_eq!(request.to_tag(), Some("phone"));
    assert!(!bye.is_finished());
    peer.answer(&request, 200).await;
    assert!(bye.await.unwrap());
}

#[tokio::test]
async fn a_bye_that_nobody_answers_is_given_up() {
    let mut house = House::open().await;
    let peer = Peer::of(house.udp()).await;
    let (leg, _) = talk(&mut house, &peer, "c2").await;
    assert!(!leg.bye().await);
}

#[tokio::test]
async fn the_phone_hangs_up() {
    let mut house = House::open().await;
    let peer = Peer::of(house.udp()).await;
    let (mut leg, tag) = talk(&mut house, &peer, "d").await;
    peer.send(request("BYE", "d", "z9hG4bKd2", 2, &tag, "")).await;
    assert_eq!(peer.final_response().await.status(), 200);
    assert!(matches!(leg.next().await, LegEvent::Ended(Ended::HungUp)));
    assert!(leg.bye().await, "there is nothing left to do");
    peer.send(request("INFO", "d", "z9hG4bKd3", 3, &tag, "")).await;
    assert_eq!(peer.final_response().await.status(), 481);
}

#[tokio::test]
async fn a_dropped_call_is_hung_up() {
    let mut house = House::open().await;
    let peer = Peer::of(house.udp()).await;
    let (leg, _) = talk(&mut house, &peer, "e").await;
    drop(leg);
    let bye = peer.request("BYE").await;
    peer.answer(&bye, 200).await;
}

#[tokio::test]
async fn keys_come_by_info_and_are_answered() {
    let mut house = House::open().await;
    let peer = Peer::of(house.udp()).await;
    let (mut leg, tag) = talk(&mut house, &peer, "f").await;
    let body = "Content-Type: application/dtmf-relay\r\n\r\nSignal=5\r\nDuration=160\r\n";
    peer.send(request("INFO", "f", "z9hG4bKf2", 2, &tag, body)).await;
    assert_eq!(peer.final_response().await.status(), 200);
    let LegEvent::Info { content_type, body } = leg.next().await else { panic!("an INFO") };
    assert_eq!((content_type.as_str(), &body[..]), ("application/dtmf-relay", &b"Signal=5\r\nDuration=160\r\n"[..]));
    assert_eq!(format!("{body:?}"), "InfoBody(..)");
}

#[tokio::test]
async fn cancel_before_the_answer() {
    let mut house = House::open().await;
    let peer = Peer::of(house.udp()).await;
    peer.send(invite("g", "z9hG4bKg")).await;
    let mut call = house.call().await;
    call.ring(180, None).await;
    peer.send(request("CANCEL", "g", "z9hG4bKg", 1, "", "")).await;
    call.cancelled().await;
    let mut seen = Vec::new();
    while seen.len() < 2 {
        let message = peer.final_response().await;
        let pair = (message.method().to_owned(), message.status());
        if !seen.contains(&pair) {
            seen.push(pair);
        }
    }
    seen.sort();
    assert_eq!(seen, [("CANCEL".to_owned(), 200), ("INVITE".to_owned(), 487)]);
    assert_eq!(call.accept(ANSWER).await.unwrap_err(), Cancelled);
}

#[tokio::test]
async fn cancel_after_the_answer_changes_nothing() {
    let mut house = House::open().await;
    let peer = Peer::of(house.udp()).await;
    let (mut leg, tag) = talk(&mut house, &peer, "h").await;
    peer.send(request("CANCEL", "h", "z9hG4bKh", 1, "", "")).await;
    assert_eq!(peer.final_response().await.status(), 200);
    peer.send(request("BYE", "h", "z9hG4bKh2", 2, &tag, "")).await;
    assert!(matches!(leg.next().await, LegEvent::Ended(Ended::HungUp)));
}

#[tokio::test]
async fn a_refusal_is_repeated_until_it_is_acknowledged() {
    let mut house = House::open().await;
    let peer = Peer::of(house.udp()).await;
    peer.send(invite("i", "z9hG4bKi")).await;
    house.call().await.reject(Reply::new(486)).await;
    let first = peer.final_response().await;
    let again = peer.final_response().await;
    assert_eq!((first.status(), again.status()), (486, 486));
    peer.send(request("ACK", "i", "z9hG4bKi", 1, first.to_tag().unwrap(), "")).await;
    // Whatever was on its way comes before the answer to OPTIONS; then there is silence.
    peer.send(request("OPTIONS", "i2", "z9hG4bKi2", 1, "", "")).await;
    while peer.receive().await.method() != "OPTIONS" {}
    tokio::time::sleep(super::house::TIMERS.t2 * 2).await;
    peer.expect_liveness("silence after the ACK").await;
}

#[tokio::test]
async fn what_belongs_to_no_call_is_481() {
    let house = House::open().await;
    let peer = Peer::of(house.udp()).await;
    for (at, method) in ["INVITE", "BYE", "INFO", "UPDATE", "PRACK", "OPTIONS", "NOTIFY"].into_iter().enumerate() {
        peer.send(request(method, "j", &format!("z9hG4bKj{at}"), 1, "nobody", "")).await;
        assert_eq!((peer.receive().await.status(), method), (481, method));
    }
    peer.send(request("CANCEL", "j", "z9hG4bKjj", 1, "", "")).await;
    assert_eq!(peer.receive().await.status(), 481);
    peer.send(request("ACK", "j", "z9hG4bKjk", 1, "nobody", "")).await;
    peer.expect_liveness("an ACK of nothing").await;
}

#[tokio::test]
async fn hold_and_refresh() {
    let mut house = House::open().await;
    let peer = Peer::of(house.udp()).await;
    let (mut leg, tag) = talk(&mut house, &peer, "k").await;
    let offer = format!("Content-Type: application/sdp\r\n\r\n{SDP}a=sendonly\r\n");
    peer.send(request("INVITE", "k", "z9hG4bKk2", 2, &tag, &offer)).await;
    let LegEvent::Offer { sdp, answerer } = leg.next().await else { panic!("an offer") };
    assert!(sdp.ends_with(b"a=sendonly\r\n"));
    // While it waits, another one is told to come back.
    peer.send(request("UPDATE", "k", "z9hG4bKk3", 3, &tag, &offer)).await;
    let busy = peer.final_response().await;
    assert_eq!((busy.status(), busy.method()), (500, "UPDATE"));
    assert!(busy.header("Retry-After").is_some());
    answerer.accept("held");
    let ok = peer.final_response().await;
    assert_eq!((ok.status(), ok.method(), ok.body()), (200, "INVITE", &b"held"[..]));
    peer.send(request("ACK", "k", "z9hG4bKk4", 2, &tag, "")).await;
    // Without an offer the session is told again, as it is.
    peer.send(request("INVITE", "k", "z9hG4bKk5", 4, &tag, "")).await;
    let ok = loop {
        let response = peer.final_response().await;
        if response.cseq() == Some((4, "INVITE")) {
            break response;
        }
    };
    assert_eq!((ok.status(), ok.body()), (200, &b"held"[..]));
    peer.send(request("ACK", "k", "z9hG4bKk6", 4, &tag, "")).await;
    peer.send(request("UPDATE", "k", "z9hG4bKk7", 5, &tag, "")).await;
    assert_eq!(peer.final_response().await.status(), 200);
    // An old number is out of order.
    peer.send(request("INFO", "k", "z9hG4bKk8", 3, &tag, "")).await;
    assert_eq!(peer.final_response().await.status(), 500);
    // An offer that nobody takes is refused.
    peer.send(request("UPDATE", "k", "z9hG4bKk9", 6, &tag, &offer)).await;
    drop(leg.next().await);
    assert_eq!(peer.final_response().await.status(), 488);
}

#[tokio::test]
async fn our_own_offer_and_glare() {
    let mut house = House::open().await;
    let peer = Peer::of(house.udp()).await;
    let (leg, tag) = talk(&mut house, &peer, "l").await;
    let leg = std::sync::Arc::new(leg);
    let asking = tokio::spawn({
        let leg = std::sync::Arc::clone(&leg);
        async move { leg.reinvite("ours").await }
    });
    let ours = peer.request("INVITE").await;
    assert_eq!(ours.body(), b"ours");
    let offer = format!("Content-Type: application/sdp\r\n\r\n{SDP}");
    peer.send(request("INVITE", "l", "z9hG4bKl2", 2, &tag, &offer)).await;
    loop {
        let response = peer.receive().await;
        if !response.is_request() {
            assert_eq!(response.status(), 491);
            break;
        }
    }
    peer.send(request("ACK", "l", "z9hG4bKl2", 2, &tag, "")).await;
    peer.answer(&ours, 200).await;
    assert!(peer.request("ACK").await.cseq() == ours.cseq().map(|(number, _)| (number, "ACK")));
    assert!(asking.await.unwrap().is_ok());
}

#[tokio::test]
async fn a_request_of_ours_is_repeated_and_given_up() {
    let house = House::open().await;
    let peer = Peer::of(house.udp()).await;
    let target = Target::Address { transport: Transport::Udp, address: peer.socket.local_addr().unwrap() };
    let notify = Request::new("NOTIFY", "sip:token@192.0.2.1").header("Event", "check-sync").header("Subscription-State", "active");
    let asking = tokio::spawn({
        let (stack, target, notify) = (house.stack.clone(), target.clone(), notify.clone());
        async move { stack.request(target, notify).await }
    });
    let first = peer.request("NOTIFY").await;
    let second = peer.request("NOTIFY").await;
    assert_eq!(first.header("Via"), second.header("Via"));
    assert_eq!((first.header("Event"), first.uri()), (Some("check-sync"), "sip:token@192.0.2.1"));
    peer.answer(&second, 200).await;
    assert_eq!(asking.await.unwrap().unwrap().status(), 200);
    assert_eq!(house.stack.request(target, notify).await.unwrap_err(), SendError::Timeout);
}

#[tokio::test]
async fn a_challenge_is_answered_once() {
    let house = House::open().await;
    let peer = Peer::of(house.udp()).await;
    let target = Target::Address { transport: Transport::Udp, address: peer.socket.local_addr().unwrap() };
    let notify = Request::new("NOTIFY", "sip:token@192.0.2.1").credentials("token", "secret".into());
    let asking = tokio::spawn({
        let stack = house.stack.clone();
        async move { stack.request(target, notify).await }
    });
    for round in 0..2 {
        let request = loop {
            let request = peer.request("NOTIFY").await;
            if request.header("Authorization").is_some() == (round == 1) {
                break request;
            }
        };
        let mut text = "SIP/2.0 401 X\r\n".to_owned();
        for name in ["Via", "From", "To", "Call-ID", "CSeq"] {
            write!(text, "{name}: {}\r\n", request.header(name).unwrap()).unwrap();
        }
        text += "WWW-Authenticate: Digest realm=\"phone\", nonce=\"n\", algorithm=MD5, qop=\"auth\"\r\nContent-Length: 0\r\n\r\n";
        peer.send(text).await;
        if round == 1 {
            assert_eq!(request.cseq(), Some((2, "NOTIFY")));
            assert!(request.header("Authorization").unwrap().starts_with("Digest username=\"token\", realm=\"phone\""));
        }
    }
    assert_eq!(asking.await.unwrap().unwrap().status(), 401);
}

#[tokio::test]
async fn a_call_of_ours_with_early_media() {
    let house = House::open().await;
    let peer = Peer::of(house.udp()).await;
    let target = Target::Address { transport: Transport::Udp, address: peer.socket.local_addr().unwrap() };
    let mut call = house.stack.invite(target, Request::new("INVITE", "sip:112@trunk.example.com").sdp(SDP)).await;
    let invite = peer.request("INVITE").await;
    assert_eq!(invite.sdp(), Some(SDP.as_bytes()));
    peer.answer(&invite, 180).await;
    assert!(matches!(call.next().await, CallEvent::Progress { status: 180, sdp: None }));
    peer.answer(&invite, 200).await;
    let ack = peer.request("ACK").await;
    assert_eq!((ack.cseq(), ack.to_tag()), (Some((1, "ACK")), Some("peer")));
    peer.answer(&invite, 200).await;
    assert_eq!(peer.request("ACK").await.header("Via"), ack.header("Via"), "a repeated 200 is acknowledged again");
    let CallEvent::Answered { leg, .. } = call.next().await else { panic!("answered") };
    let bye = tokio::spawn(leg.bye());
    let request = peer.request("BYE").await;
    assert_eq!((request.cseq(), request.uri()), (Some((2, "BYE")), "sip:112@trunk.example.com"));
    peer.answer(&request, 200).await;
    assert!(bye.await.unwrap());
}

#[tokio::test]
async fn a_call_of_ours_is_refused_cancelled_or_lost() {
    let house = House::open().await;
    let peer = Peer::of(house.udp()).await;
    let target = Target::Address { transport: Transport::Udp, address: peer.socket.local_addr().unwrap() };
    let begin = || house.stack.invite(target.clone(), Request::new("INVITE", "sip:112@trunk.example.com").sdp(SDP));

    let mut call = begin().await;
    let invite = peer.request("INVITE").await;
    peer.answer(&invite, 486).await;
    assert!(matches!(call.next().await, CallEvent::Failed { status: 486 }));
    assert_eq!(peer.request("ACK").await.header("Via"), invite.header("Via"));

    // Cancelled before anything came back: the CANCEL waits for the first sign of life.
    let mut call = begin().await;
    call.cancel();
    let invite = peer.request("INVITE").await;
    peer.answer(&invite, 100).await;
    let cancel = peer.request("CANCEL").await;
    assert_eq!(cancel.header("Via"), invite.header("Via"));
    peer.answer(&cancel, 200).await;
    peer.answer(&invite, 487).await;
    loop {
        match call.next().await {
            CallEvent::Progress { .. } => {}
            CallEvent::Failed { status: 487 } => break,
            other => panic!("{other:?}"),
        }
    }

    // The callee was quicker than our CANCEL: he is acknowledged, and hung up on.
    let call = begin().await;
    let invite = loop {
        let invite = peer.request("INVITE").await;
        if invite.call_id() != cancel.call_id() {
            break invite;
        }
    };
    peer.answer(&invite, 180).await;
    drop(call);
    peer.request("CANCEL").await;
    peer.answer(&invite, 200).await;
    peer.request("ACK").await;
    let bye = peer.request("BYE").await;
    peer.answer(&bye, 200).await;

    let mut call = begin().await;
    assert!(matches!(call.next().await, CallEvent::Failed { status: 408 }), "nobody there");
}

#[tokio::test]
async fn stopping_hangs_up_what_is_left() {
    let mut house = House::open().await;
    let peer = Peer::of(house.udp()).await;
    let (_leg, _) = talk(&mut house, &peer, "m").await;
    let stopping = tokio::spawn({
        let stack = house.stack.clone();
        async move { stack.stop(std::time::Duration::from_millis(300)).await }
    });
    // Drained: a new call is refused, an emergency call is not.
    let refused = loop {
        peer.send(invite("m2", "z9hG4bKm2")).await;
        let message = peer.final_response().await;
        if message.is_request() || message.call_id() == "m2" {
            break message;
        }
    };
    if !refused.is_request() {
        assert_eq!(refused.status(), 503);
    }
    let bye = if refused.is_request() { refused } else { peer.request("BYE").await };
    peer.answer(&bye, 200).await;
    assert!(!stopping.await.unwrap());
}
