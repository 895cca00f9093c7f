//! Phones that are told to fetch, over the flow that they registered on.

use domain::Span;
use voice::stack::Transport;
use wire::challenge::{Challenge, Offer, parse};
use wire::digest::{Algorithm, answer};

use crate::house::{House, MAC, clock, pass};
use crate::phone::Phone;

/// A phone that is registered, and a notifier that is sure to follow the outbox.
async fn registered(house: &House, transport: Transport, seed: u64) -> Phone {
    let mut phone = Phone::new(house, transport, seed).await;
    phone.registered().await;
    // The notifier begins with what is sent after it started.
    let probe = async {
        loop {
            house.refetch().await;
            tokio::time::sleep(std::time::Duration::from_millis(50)).await;
            pass(Span::from_millis(100));
        }
    };
    let first = tokio::select! {
        first = phone.notified() => first,
        () = probe => unreachable!("it asks for ever"),
    };
    phone.answer(&first, 200, "").await;
    until(house, "done", 1).await;
    // What was asked for twice is told twice at most.
    while let Ok(again) = tokio::time::timeout(std::time::Duration::from_millis(400), phone.receive()).await {
        pass(Span::from_millis(100));
        phone.answer(&again, 200, "").await;
    }
    phone
}

async fn until(house: &House, result: &'static str, count: u64) {
    while house.metrics.count_of(result) < count {
        tokio::time::sleep(std::time::Duration::from_millis(5)).await;
    }
}

#[tokio::test]
async fn the_flow_is_the_way_whatever_via_and_contact_say() {
    for transport in [Transport::Udp, Transport::Tcp] {
        let house = House::open().await;
        let mut phone = registered(&house, transport, 1).await;
        house.refetch().await;
        let notify = phone.notified().await;
        assert_eq!(notify.uri(), format!("sip:{}@10.9.8.7:5099", phone.user));
        assert_eq!(notify.header("Event"), Some("check-sync;reboot=false"));
        assert_eq!(notify.header("Subscription-State"), Some("terminated"));
        assert!(notify.header("Contact").is_some() && notify.to_tag().is_none(), "outside a dialog");
        let done = house.metrics.count_of("done");
        phone.answer(&notify, 200, "").await;
        until(&house, "done", done + 1).await;
    }
}

#[tokio::test]
async fn a_phone_that_asks_who_tells_it_is_answered_with_its_own_account() {
    for algorithm in [Algorithm::Md5, Algorithm::Sha256] {
        let house = House::open().await;
        let mut phone = registered(&house, Transport::Udp, 1).await;
        house.refetch().await;
        let notify = phone.notified().await;
        let offer = Offer { realm: "T46S", nonce: "abc", algorithms: &[algorithm], basic: false, stale: false }.header_values();
        phone.answer(&notify, 401, &format!("WWW-Authenticate: {}\r\n", offer[0])).await;
        let again = phone.notified().await;
        let Ok(wire::auth::Credentials::Digest(sent)) = wire::auth::parse(again.header("Authorization").unwrap().as_bytes()) else {
            panic!("a digest")
        };
        let [Challenge::Digest(challenge)] = &parse(offer[0].as_bytes()).unwrap()[..] else { panic!("one challenge") };
        let protection = sent.protection.as_ref().unwrap();
        let expected = answer(challenge, &phone.user, &phone.password, "NOTIFY", &sent.uri, protection.nc.value, &protection.cnonce);
        assert!(expected.contains(sent.response.as_str()), "the account's password proves it");
        let done = house.metrics.count_of("done");
        phone.answer(&again, 200, "").await;
        until(&house, "done", done + 1).await;
    }
}

#[tokio::test]
async fn refusal_and_silence_are_told_apart() {
    let house = House::open().await;
    let mut phone = registered(&house, Transport::Udp, 1).await;
    for (status, count) in [(481, 1), (489, 2), (405, 3)] {
        house.refetch().await;
        let notify = phone.notified().await;
        phone.answer(&notify, status, "").await;
        until(&house, "phone_refused", count).await;
    }
    assert!(house.registrar.is_registered(phone.claim.mac));
    house.refetch().await;
    let _unanswered = phone.notified().await;
    until(&house, "flow_gone", 1).await;
    while house.registrar.is_registered(phone.claim.mac) {
        tokio::time::sleep(std::time::Duration::from_millis(5)).await;
    }
}

#[tokio::test]
async fn a_call_and_an_emergency_come_first() {
    let house = House::open().await;
    let mut phone = registered(&house, Transport::Udp, 1).await;
    let mut other = Phone::new(&house, Transport::Udp, 2).await;
    other.registered().await;
    let call = house.quiet.begin_call(phone.claim);
    house.refetch().await;
    let theirs = other.notified().await;
    other.answer(&theirs, 200, "").await;
    let held = tokio::time::timeout(std::time::Duration::from_millis(300), phone.receive()).await;
    assert!(held.is_err(), "it speaks");
    drop(call);
    let notify = phone.notified().await;
    phone.answer(&notify, 200, "").await;

    house.quiet.emergency(MAC.parse().unwrap(), clock());
    house.refetch().await;
    pass(Span::minutes(2));
    let held = tokio::time::timeout(std::time::Duration::from_millis(300), phone.receive()).await;
    assert!(held.is_err(), "58 minutes more");
    phone.registered().await;
    pass(Span::minutes(8));
    phone.registered().await;
    for _ in 0..8 {
        pass(Span::minutes(7));
        phone.registered().await;
    }
    drop(house.quiet.begin_call(other.claim));
    let notify = phone.notified().await;
    phone.answer(&notify, 200, "").await;
}
