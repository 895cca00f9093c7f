//! Sessions, wrong sign-ins and second factors, on both engines.

use domain::role::Actor;
use domain::{Secret, Span, Time};
use uuid::Uuid;

use crate::Scope;
use crate::people::{self, Account};
use crate::second_factor::{self, Factor};
use crate::session::{self, Session, Tries};
use crate::tests::fixture::{NOW, World, on_both};

on_both! {
    a_session_ends_by_time_by_idleness_and_by_hand
    nobody_has_more_sessions_than_the_limit
    whoever_is_removed_is_signed_out
    tries_are_counted_until_they_are_forgotten
    a_code_is_taken_once
}

const WHO: Uuid = Uuid::from_u128(7);
const IDLE: Span = Span::hours(12);

async fn account(world: &World) {
    let account = Account {
        id: WHO,
        name: "support".into(),
        actor: Actor::OPERATOR,
        password_hash: "hash".into(),
        created: NOW,
        disabled: false,
        version: 1,
    };
    world.store.write(move |db| people::add_account(db, &Scope::Operator, &account)).await.unwrap();
}

fn session(id: u8, begun: Time) -> Session {
    Session {
        id: [id; 32],
        account: WHO,
        half: false,
        begun,
        seen: begun,
        proved: begun,
        ends: begun + Span::days(7),
        address: "2001:db8::1".parse().unwrap(),
        agent: "é".repeat(150),
    }
}

async fn begin(world: &World, session: Session) {
    world.store.write(move |db| session::begin(db, &session)).await.unwrap();
}

async fn found(world: &World, id: u8, now: Time) -> Option<Session> {
    world.store.read(move |db| session::find(db, &[id; 32], now, IDLE)).await.unwrap()
}

async fn a_session_ends_by_time_by_idleness_and_by_hand(world: World) {
    account(&world).await;
    begin(&world, session(1, NOW)).await;
    let kept = found(&world, 1, NOW).await.unwrap();
    assert_eq!(kept, Session { agent: "é".repeat(100), ..session(1, NOW) }, "the agent is cut between characters");
    assert_eq!(found(&world, 1, NOW + IDLE).await, None);
    world.store.write(|db| session::note_use(db, &[1; 32], NOW + Span::days(6))).await.unwrap();
    assert!(found(&world, 1, NOW + Span::days(6)).await.is_some());
    world.store.write(|db| session::note_use(db, &[1; 32], NOW + Span::days(7))).await.unwrap();
    assert_eq!(found(&world, 1, NOW + Span::days(7)).await, None);
    assert_eq!(world.store.write(|db| session::prune(db, NOW + Span::days(8), IDLE)).await.unwrap(), 1);

    begin(&world, session(2, NOW)).await;
    assert!(!world.store.write(|db| session::end(db, Uuid::from_u128(8), &[2; 32])).await.unwrap(), "somebody else's");
    assert!(world.store.write(|db| session::end(db, WHO, &[2; 32])).await.unwrap());
    assert_eq!(found(&world, 2, NOW).await, None);
}

async fn nobody_has_more_sessions_than_the_limit(world: World) {
    account(&world).await;
    for n in 0..30 {
        begin(&world, session(n, NOW + Span::minutes(n.into()))).await;
    }
    let open = world.store.read(|db| session::of(db, WHO, NOW + Span::hours(1))).await.unwrap();
    let ids: Vec<u8> = open.iter().map(|session| session.id[0]).collect();
    assert_eq!(ids, (10..30).rev().collect::<Vec<u8>>());
    world.store.write(|db| session::end_all(db, WHO, Some(&[12; 32]))).await.unwrap();
    assert_eq!(world.store.read(|db| session::of(db, WHO, NOW)).await.unwrap().len(), 1);
}

async fn whoever_is_removed_is_signed_out(world: World) {
    account(&world).await;
    begin(&world, session(1, NOW)).await;
    let factor = Factor { secret: Secret::new(vec![5; 20]), confirmed: false, last_step: 0 };
    world.store.write(move |db| second_factor::set(db, WHO, &factor)).await.unwrap();
    world.store.write(|db| second_factor::set_codes(db, WHO, &[[9; 32]])).await.unwrap();
    world.store.write(|db| people::remove_account(db, &Scope::Operator, WHO)).await.unwrap();
    assert_eq!(found(&world, 1, NOW).await, None);
    assert_eq!(world.store.read(|db| people::account_of_session(db, WHO)).await.unwrap(), None);
    let refused = world.store.write(|db| session::begin(db, &session(2, NOW))).await;
    assert!(refused.is_err(), "nobody is signed in without an account");
}

async fn tries_are_counted_until_they_are_forgotten(world: World) {
    let key = [3; 32];
    let read = async || world.store.read(move |db| session::tries(db, &key)).await.unwrap();
    assert_eq!(read().await, Tries::default());
    let shut = Tries { wrong: 6, shut_until: Some(NOW + Span::minutes(1)) };
    world.store.write(move |db| session::note_tries(db, &key, shut, NOW)).await.unwrap();
    assert_eq!(read().await, shut);
    world.store.write(move |db| session::forget_tries(db, &key)).await.unwrap();
    assert_eq!(read().await, Tries::default());
}

async fn a_code_is_taken_once(world: World) {
    account(&world).await;
    let factor = Factor { secret: Secret::new(vec![5; 20]), confirmed: false, last_step: 0 };
    let kept = factor.clone();
    world.store.write(move |db| second_factor::set(db, WHO, &kept)).await.unwrap();
    assert_eq!(world.store.read(|db| second_factor::find(db, WHO)).await.unwrap(), Some(factor));
    let take = async |step| world.store.write(move |db| second_factor::take(db, WHO, step)).await.unwrap();
    assert!(take(100).await);
    assert!(!take(100).await, "twice");
    assert!(!take(99).await, "an older one");
    assert!(world.store.read(|db| second_factor::find(db, WHO)).await.unwrap().unwrap().confirmed);

    world.store.write(|db| second_factor::set_codes(db, WHO, &[[1; 32], [2; 32]])).await.unwrap();
    let spend = async |code: u8| world.store.write(move |db| second_factor::use_code(db, WHO, &[code; 32])).await.unwrap();
    assert!(spend(1).await);
    assert!(!spend(1).await);
    assert_eq!(world.store.read(|db| second_factor::codes_left(db, WHO)).await.unwrap(), 1);
}
