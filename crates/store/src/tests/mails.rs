//! Mail that waits, and to whom alerts go, on both engines.

use domain::role::{Actor, Role};
use domain::{Span, Time};
use uuid::Uuid;

use crate::correspondence::{self, Correspondence};
use crate::mail::{self, Letter, Mail};
use crate::people::{self, Account};
use crate::tests::fixture::{NOW, World, on_both};
use crate::tests::tree::{AT_NORTH, DIRECT, OFFICE, RESELLER, place_of};
use crate::{Scope, Store, StoreError};

on_both! {
    a_mail_is_tried_by_one_node_until_it_is_sent
    a_letter_is_sealed_and_sealed_anew
    alerts_go_to_those_who_wish_them_in_their_branch
}

fn letter(text: &str) -> Letter {
    Letter { to: "somebody@example.com".into(), from_name: None, subject: "Hello".into(), text: text.into() }
}

async fn add(store: &Store, number: u128) {
    store.write(move |db| mail::add(db, Uuid::from_u128(number), &letter("secret-link-7"), NOW)).await.unwrap();
}

async fn claim(store: &Store, owner: u128, now: Time) -> Option<Mail> {
    store.write(move |db| mail::claim(db, Uuid::from_u128(owner), now, Span::minutes(2))).await.unwrap()
}

async fn a_mail_is_tried_by_one_node_until_it_is_sent(world: World) {
    add(&world.store, 1).await;
    let other = world.second().await;
    let (left, right) = tokio::join!(claim(&world.store, 1, NOW), claim(&other, 2, NOW));
    assert!(left.is_some() != right.is_some());
    let owner = if left.is_some() { 1 } else { 2 };
    let later = NOW + Span::minutes(5);
    world.store.write(move |db| mail::retry(db, Uuid::from_u128(1), Uuid::from_u128(owner), later)).await.unwrap();
    assert!(claim(&world.store, 1, NOW + Span::minutes(4)).await.is_none());
    assert!(world.store.read(move |db| mail::any_due(db, later)).await.unwrap());
    let again = claim(&world.store, 3, later).await.unwrap();
    assert_eq!((again.letter, again.tries), (letter("secret-link-7"), 2));
    world.store.write(move |db| mail::finish(db, Uuid::from_u128(1), Uuid::from_u128(owner))).await.unwrap();
    assert!(!world.store.read(move |db| mail::any_due(db, later)).await.unwrap(), "the third holds it");
    world.store.write(|db| mail::finish(db, Uuid::from_u128(1), Uuid::from_u128(3))).await.unwrap();
    assert!(claim(&world.store, 1, NOW + Span::days(1)).await.is_none());
    add(&world.store, 2).await;
    assert_eq!(world.store.write(|db| mail::prune(db, NOW + Span::days(4))).await.unwrap(), 1);
}

async fn a_letter_is_sealed_and_sealed_anew(world: World) {
    add(&world.store, 1).await;
    let stored = &crate::db::Sql { name: "", text: "select letter from mail" };
    let stored = world.store.read(move |db| db.one(stored, &[], |row| Ok(row.bytes(0)?.to_vec()))).await.unwrap();
    assert!(!stored.windows(6).any(|part| part == b"secret"));
    let mut ring = world.ring.clone();
    ring.add(&mut domain::chance::Seeded::new(9)).unwrap();
    let second = world.open(&ring, world.options()).await.unwrap();
    assert!(second.reseal().await.unwrap() > 0);
    assert_eq!(second.reseal().await.unwrap(), 0);
    assert_eq!(claim(&second, 1, NOW).await.unwrap().letter, letter("secret-link-7"));
}

async fn alerts_go_to_those_who_wish_them_in_their_branch(world: World) {
    let world = world.with_tree().await;
    let people = [
        (1, Role::Operator, Scope::Operator),
        (2, Role::Reseller, Scope::Reseller(RESELLER)),
        (3, Role::CustomerAdmin, Scope::Customer(OFFICE)),
        (4, Role::CustomerAdmin, Scope::Customer(DIRECT)),
        (5, Role::Auditor, Scope::Operator),
    ];
    for (number, role, node) in people {
        let (id, name, actor) = (Uuid::from_u128(number), format!("user-{number}"), Actor::new(role, node).unwrap());
        let account = Account { id, name, actor, password_hash: "x".into(), created: NOW, disabled: false, version: 1 };
        let to = Correspondence { email: Some(format!("{number}@example.com")), language: "de".into(), alerts: number != 5 };
        let added = world.store.write(move |db| {
            people::add_account(db, &Scope::Operator, &account)?;
            assert_eq!(correspondence::of(db, &Scope::Operator, id)?, Correspondence::default());
            correspondence::set(db, &Scope::Operator, id, &to)
        });
        added.await.unwrap();
    }
    let told = |about: domain::role::Target| {
        let read = world.store.read(move |db| correspondence::readers(db, &about));
        async { read.await.unwrap().into_iter().map(|reader| reader.email).collect::<Vec<_>>() }
    };
    assert_eq!(told(AT_NORTH.into()).await, ["1@example.com", "2@example.com", "3@example.com"]);
    assert_eq!(told(place_of(DIRECT).into()).await, ["1@example.com", "4@example.com"]);
    let rival = Scope::Customer(DIRECT);
    let read = world.store.read(move |db| correspondence::of(db, &rival, Uuid::from_u128(3))).await;
    assert!(matches!(read, Err(StoreError::NotFound)));
}
