//! Several trunks: who is tried when, and what is known of them.

use std::sync::atomic::Ordering;

use domain::emergency::{Owner, Trunk, TrunkId};
use domain::tenancy::{CustomerId, Place};
use store::Scope;
use uuid::Uuid;
use voice::registrar::Notice;
use voice::stack::{Reply, Transport};

use crate::world::{
    CUSTOMER, Carrier, NOW, OWN_NUMBER, Phone, Platform, SITE, both_hear, eventually, mac, progress, refused, silent, trunk, with_login,
};

async fn platform(folder: &tempfile::TempDir, trunks: Vec<Trunk>) -> (Platform, Phone) {
    let platform = Platform::with_trunks(folder.path(), trunks).await;
    platform.stands(mac(1));
    let phone = Phone::of(&platform, mac(1)).await;
    (platform, phone)
}

/// An address that nobody listens at.
async fn deserted() -> std::net::SocketAddr {
    silent().await.local_addr().unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn the_next_trunk_is_tried_when_one_is_silent_refuses_or_is_not_there() {
    let folder = tempfile::tempdir().unwrap();
    let (mute, mut failing, mut refusing, mut last) = (silent().await, Carrier::open().await, Carrier::open().await, Carrier::open().await);
    let nobody = deserted().await;
    let unreachable = Trunk { address: format!("sip:{nobody};transport=tcp").parse().unwrap(), ..trunk(nobody, 2) };
    let trunks = vec![trunk(mute.local_addr().unwrap(), 1), unreachable, failing.trunk(3), refusing.trunk(4), last.trunk(5)];
    let (platform, mut phone) = platform(&folder, trunks).await;
    let mut call = phone.dial("112").await;
    let mut first = failing.call().await;
    first.ring(183, Some(failing.sound.description().into())).await;
    assert_eq!(progress(&mut call).await.0, 183);
    first.reject(Reply::new(503)).await;
    refusing.call().await.reject(Reply::new(603)).await;
    let (_, _far) = last.answer().await;
    let _near = phone.talk(&mut call).await;
    both_hear(&mut phone.sound, &mut last.sound).await;
    assert_eq!(platform.counted("failed"), 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn busy_is_told_and_no_other_trunk_is_tried() {
    let folder = tempfile::tempdir().unwrap();
    let (mut busy, mut other) = (Carrier::open().await, Carrier::open().await);
    let (platform, phone) = platform(&folder, vec![busy.trunk(1), other.trunk(2)]).await;
    for status in [486, 600] {
        let mut call = phone.dial("112").await;
        busy.call().await.reject(Reply::new(status)).await;
        assert_eq!(refused(&mut call).await, status);
    }
    platform.ended("busy", 2).await;
    other.assert_silent();
}

#[tokio::test(flavor = "multi_thread")]
async fn without_any_trunk_the_phone_is_told_to_try_again() {
    let folder = tempfile::tempdir().unwrap();
    let mut failing = Carrier::open().await;
    let (platform, phone) = platform(&folder, vec![failing.trunk(1)]).await;
    let mut call = phone.dial("112").await;
    failing.call().await.reject(Reply::new(500)).await;
    assert_eq!(refused(&mut call).await, 503);
    platform.ended("failed", 1).await;
    // The events: it began, it failed; and the trunk's words were those of the dead.
    let store = platform.store.clone().unwrap();
    platform.close().await;
    let sent = store.read(|db| store::outbox::outbox_after(db, 0)).await.unwrap();
    let of = |topic: &str| sent.iter().filter(|message| message.topic == topic).map(|message| message.payload.clone()).collect::<Vec<_>>();
    let calls = of("emergency.call");
    assert_eq!(calls.len(), 2);
    assert!(calls[0].contains("\"started\"") && calls[1].contains("\"failed\""), "{calls:?}");
    assert!(calls[0].contains("2nd floor") && calls[0].contains(&mac(1).to_string()) && calls[0].contains("\"112\""), "{calls:?}");
    assert_eq!(of("trunk.down").len(), 1);
    let everything = store::event::Filter::default();
    let (events, _) = store.read(move |db| store::event::after(db, &Scope::Operator, &everything, 0, 100)).await.unwrap();
    let told = |kind: &str| events.iter().filter(|event| event.kind == kind).count();
    assert_eq!((told("emergency.call"), told("trunk.down")), (2, 1), "the same for listeners outside: {events:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_trunk_that_asks_who_calls_is_told() {
    let folder = tempfile::tempdir().unwrap();
    let mut carrier = Carrier::open().await;
    let (_platform, mut phone) = platform(&folder, vec![with_login(carrier.trunk(1))]).await;
    for (status, asks, answers) in [(401, "WWW-Authenticate", "Authorization"), (407, "Proxy-Authenticate", "Proxy-Authorization")] {
        let mut call = phone.dial("112").await;
        let challenge = Reply::new(status).header(asks, r#"Digest realm="trunk.example.com", nonce="abc", algorithm=MD5, qop="auth""#);
        carrier.call().await.reject(challenge).await;
        let (invite, far) = carrier.answer().await;
        let shown = invite.header(answers).expect("it shows who it is");
        assert!(shown.contains(r#"username="office""#) && shown.contains(r#"realm="trunk.example.com""#), "{shown}");
        assert!(!shown.contains("trunk-secret-9"));
        let _near = phone.talk(&mut call).await;
        far.bye().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_trunk_is_reached_over_tcp() {
    let folder = tempfile::tempdir().unwrap();
    let mut carrier = Carrier::open().await;
    let address = format!("sip:{};transport=tcp", carrier.address(Transport::Tcp)).parse().unwrap();
    let over_tcp = Trunk { address, ..carrier.trunk(1) };
    let (_platform, mut phone) = platform(&folder, vec![over_tcp]).await;
    let mut call = phone.dial("112").await;
    let (invite, _far) = carrier.answer().await;
    assert!(invite.header("Via").unwrap().starts_with("SIP/2.0/TCP"));
    let _near = phone.talk(&mut call).await;
    both_hear(&mut phone.sound, &mut carrier.sound).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_trunk_is_reached_over_tls_if_its_certificate_is_for_its_name() {
    let folder = tempfile::tempdir().unwrap();
    let (mut carrier, impostor) = (Carrier::open().await, Carrier::open().await);
    let address = |carrier: &Carrier, host: &str| format!("sips:{host}:{}", carrier.address(Transport::Tls).port()).parse().unwrap();
    // It resolves to the same machine, and shows a certificate that is not for that name.
    let wrong_name = Trunk { address: address(&impostor, "localhost"), ..impostor.trunk(1) };
    let trunks = vec![wrong_name, Trunk { address: address(&carrier, "127.0.0.1"), ..carrier.trunk(2) }];
    let (_platform, mut phone) = platform(&folder, trunks).await;
    let mut call = phone.dial("112").await;
    let (invite, _far) = carrier.answer().await;
    assert!(invite.header("Via").unwrap().starts_with("SIP/2.0/TLS"));
    let _near = phone.talk(&mut call).await;
    both_hear(&mut phone.sound, &mut carrier.sound).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_sites_trunk_comes_before_the_customers_and_the_operators() {
    let folder = tempfile::tempdir().unwrap();
    let (mut operators, mut customers, mut sites) = (Carrier::open().await, Carrier::open().await, Carrier::open().await);
    let trunks = vec![
        operators.trunk(1),
        Trunk { owner: Owner::Customer(CUSTOMER), ..customers.trunk(2) },
        Trunk { owner: Owner::Site(SITE), ..sites.trunk(3) },
    ];
    let (platform, phone) = platform(&folder, trunks).await;
    let mut call = phone.dial("112").await;
    sites.call().await.reject(Reply::new(404)).await;
    customers.call().await.reject(Reply::new(503)).await;
    operators.call().await.reject(Reply::new(486)).await;
    assert_eq!(refused(&mut call).await, 486);
    // For another customer's phone only the operator's is asked, and shown is the operator's number.
    let place = Place { reseller: None, customer: CustomerId(Uuid::from_u128(99)), site: None };
    platform.emergency.stands(mac(2), Some(place));
    let other = Phone::of(&platform, mac(2)).await;
    let mut call = other.dial("112").await;
    let invite = operators.call().await;
    assert!(invite.message().header("P-Asserted-Identity").unwrap().contains(OWN_NUMBER));
    invite.reject(Reply::new(486)).await;
    assert_eq!(refused(&mut call).await, 486);
    customers.assert_silent();
    sites.assert_silent();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_trunk_that_does_not_answer_options_is_tried_last_and_told() {
    let folder = tempfile::tempdir().unwrap();
    let (mut sick, mut well) = (Carrier::open().await, Carrier::open().await);
    sick.options.store(503, Ordering::Relaxed);
    let (platform, phone) = platform(&folder, vec![sick.trunk(1), well.trunk(2)]).await;
    let store = platform.store.clone().unwrap();
    let state = |name: &'static str| {
        let store = store.clone();
        async move { store.read(move |db| store::trunk::by_name(db, &Scope::Operator, name)).await.unwrap().state }
    };
    eventually(|| platform.metrics.trunks_down.get() == 1, "it is seen to be down").await;
    let mut call = phone.dial("112").await;
    well.call().await.reject(Reply::new(500)).await;
    sick.call().await.reject(Reply::new(486)).await;
    assert_eq!(refused(&mut call).await, 486, "down is last, not out");
    platform.close().await;
    let down = state("trunk-1").await.unwrap();
    assert_eq!((down.up, down.detail.as_str(), down.since), (false, "503 Service Unavailable", NOW));
    assert!(state("trunk-2").await.is_some());
    let sent = store.read(|db| store::outbox::outbox_after(db, 0)).await.unwrap();
    assert!(sent.iter().any(|message| message.topic == "trunk.down" && message.payload.contains("trunk-1")));
}

#[tokio::test(flavor = "multi_thread")]
async fn changes_of_trunks_take_effect_while_it_runs() {
    let folder = tempfile::tempdir().unwrap();
    let (mut first, mut second) = (Carrier::open().await, Carrier::open().await);
    let (platform, phone) = platform(&folder, vec![first.trunk(1)]).await;
    let store = platform.store.clone().unwrap();
    let added = Trunk { id: TrunkId(Uuid::from_u128(77)), ..second.trunk(0) };
    store
        .write(move |db| {
            store::trunk::remove(db, &Scope::Operator, "trunk-1")?;
            store::trunk::add(db, &Scope::Operator, &added, NOW)
        })
        .await
        .unwrap();
    eventually(|| platform.emergency.routes().trunks.iter().any(|trunk| trunk.name == "trunk-0"), "the new trunk").await;
    let mut call = phone.dial("112").await;
    second.call().await.reject(Reply::new(486)).await;
    assert_eq!(refused(&mut call).await, 486);
    first.assert_silent();
}
