//! Registrations as phones make them.

use std::sync::Arc;
use std::time::Duration;

use domain::Span;
use voice::stack::Transport;
use wire::digest::Algorithm;

use crate::house::{House, MAC, clock, pass};
use crate::phone::Phone;

fn contacts(house: &House) -> usize {
    house.registrar.contacts_of(MAC.parse().unwrap(), clock()).len()
}

#[tokio::test]
async fn a_phone_registers_again_and_goes() {
    let house = House::open().await;
    for (transport, seed) in [(Transport::Udp, 1), (Transport::Tcp, 2)] {
        let mut phone = Phone::new(&house, transport, seed).await;
        let contact = phone.contact();
        for algorithm in [Algorithm::Md5, Algorithm::Sha256] {
            let answer = phone.register_with(algorithm, &format!("Contact: {contact};expires=90\r\n")).await;
            assert_eq!((answer.status(), answer.header("Contact")), (200, Some(format!("{contact};expires=90").as_str())));
            assert!(answer.header("Date").is_some_and(|date| date.ends_with("GMT")));
        }
        assert_eq!(contacts(&house), 1);
        let answer = phone.register("Contact: *\r\nExpires: 0\r\n").await;
        assert_eq!((answer.status(), answer.header("Contact")), (200, None));
        assert_eq!(contacts(&house), 0);
    }
}

#[tokio::test]
async fn eleven_handsets_are_ten_contacts() {
    let house = House::open().await;
    let mut base = Phone::new(&house, Transport::Udp, 1).await;
    for handset in 0..11 {
        let contact = format!("Contact: <sip:{}@10.9.8.7:{}>\r\n", base.user, 5060 + handset);
        assert_eq!(base.register(&contact).await.status(), 200);
        pass(Span::seconds(1));
    }
    let listed = base.register("").await;
    let uris: Vec<_> = listed.all("Contact").collect();
    assert_eq!(uris.len(), 10, "{uris:?}");
    assert!(!uris.iter().any(|uri| uri.contains(":5060>")), "the oldest went");
}

#[tokio::test]
async fn what_was_reached_over_a_connection_goes_with_it() {
    let house = House::open().await;
    let mut phone = Phone::new(&house, Transport::Tcp, 1).await;
    phone.registered().await;
    assert_eq!(contacts(&house), 1);
    phone.close().await;
    while contacts(&house) > 0 {
        tokio::time::sleep(Duration::from_millis(10)).await;
        house.registrar.sweep(clock());
    }
}

#[tokio::test]
async fn the_account_ends_ten_minutes_after_another_claim_was_taken_up() {
    let house = House::open().await;
    house.add(domain::device::Auth::new(&mut domain::chance::Seeded::new(3))).await;
    let (mut impostor, mut owner) = (Phone::new(&house, Transport::Udp, 1).await, Phone::new(&house, Transport::Udp, 2).await);
    impostor.registered().await;
    owner.registered().await;
    pass(Span::seconds(1));
    house.take_up(owner.claim).await;
    while house.registrar.known(owner.claim.mac).is_none_or(|known| known.device.as_ref().is_none_or(|device| device.taken_up.is_none())) {
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    pass(Span::minutes(9));
    impostor.registered().await;
    pass(Span::minutes(1));
    assert!(house.registrar.contacts_of_claim(&impostor.claim, clock()).is_empty());
    let refused = impostor.register(&format!("Contact: {}\r\n", impostor.contact())).await;
    assert_eq!(refused.status(), 403);
    owner.registered().await;
}

#[tokio::test]
async fn with_the_store_dead_phones_register_all_the_same() {
    let house = House::open().await;
    for name in ["test.db", "test.db-wal"] {
        let path = house.directory.path().join(name);
        if let Ok(length) = std::fs::metadata(&path).map(|file| file.len()) {
            std::fs::write(&path, vec![0xa5; usize::try_from(length).unwrap()]).unwrap();
        }
    }
    let broken = house.store.read(|db| store::device::by_mac(db, &store::Scope::Operator, MAC.parse().unwrap())).await;
    assert!(matches!(broken, Err(error) if !matches!(error, store::StoreError::NotFound)), "the store is dead");
    let mut phone = Phone::new(&house, Transport::Udp, 1).await;
    phone.registered().await;
    assert_eq!(contacts(&house), 1);
}

#[tokio::test]
async fn a_way_through_a_nat_is_kept_open() {
    let house = House::open().await;
    let (mut hidden, mut plain) = (Phone::new(&house, Transport::Udp, 1).await, Phone::new(&house, Transport::Tcp, 2).await);
    hidden.registered().await;
    plain.registered().await;
    let every = Some(Span::from_millis(100));
    tokio::spawn(voice::registrar::tend(Arc::clone(&house.registrar), house.stack.clone(), every, clock));
    for _ in 0..2 {
        let asked = hidden.receive().await;
        assert_eq!((asked.method(), asked.is_request()), ("OPTIONS", true));
        hidden.answer(&asked, 200, "").await;
    }
    let quiet = tokio::time::timeout(Duration::from_millis(300), plain.receive()).await;
    assert!(quiet.is_err(), "a stream needs nothing");
}
