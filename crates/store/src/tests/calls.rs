//! Calls and PIN attempts, on both engines.

use domain::Span;
use uuid::Uuid;

use crate::call::{self, Call};
use crate::pin_attempt::{self, Kept};
use crate::tests::fixture::{NOW, World, on_both};
use crate::tests::tree::{AT_NORTH, NORTH, OFFICE, SCOPES, mac, phone, setup};
use crate::{Scope, StoreError, device};

on_both! {
    calls_are_remembered_newest_first_and_bounded
    an_attempt_is_kept_once_and_for_a_day
}

fn call(number: u8, at: i64) -> Call {
    Call {
        mac: mac(number),
        started: NOW + Span::seconds(at),
        ended: NOW + Span::seconds(at + 20),
        source: "2001:db8::7".parse().unwrap(),
        account: "example-account".into(),
        dialled: format!("*89{}", "é".repeat(100)),
        prompts: vec!["enter_code".into(); 100],
        result: "right".into(),
    }
}

async fn calls_are_remembered_newest_first_and_bounded(world: World) {
    let world = world.with_tree().await;
    let note = |number: u8, at: u8| {
        let noted =
            move |db: &crate::Db| call::note(db, Uuid::from_u128((u128::from(number) << 8) + u128::from(at)), &call(number, at.into()));
        world.store.write(noted)
    };
    for at in 0..60 {
        assert!(note(1, at).await.unwrap());
    }
    assert!(note(1, 59).await.unwrap(), "the same call again");
    assert!(note(2, 0).await.unwrap());
    assert!(!note(99, 0).await.unwrap(), "nobody added it: nothing is written");
    for (scope, customers) in SCOPES {
        let seen = world.store.read(move |db| call::of_device(db, &scope, mac(1))).await.unwrap();
        let visible = customers.contains(&OFFICE) || scope == Scope::Site(NORTH);
        assert_eq!(seen.len(), if visible { 50 } else { 0 }, "{scope:?}");
    }
    let seen = world.store.read(|db| call::of_device(db, &Scope::Operator, mac(1))).await.unwrap();
    let times: Vec<_> = seen.iter().map(|call| call.started.since(NOW).as_seconds()).collect();
    assert_eq!(times, (10..60).rev().collect::<Vec<_>>());
    let (first, written) = (&seen[0], call(1, 59));
    assert!(first.dialled.len() <= 80 && written.dialled.starts_with(&first.dialled));
    assert_eq!(first.prompts.len(), 64);
    assert_eq!((first.source, &first.account, first.ended), (written.source, &written.account, written.ended));
    world.store.write(|db| device::remove(db, &Scope::Operator, mac(1))).await.unwrap();
    world.store.write(|db| device::add(db, &Scope::Operator, &phone(1, AT_NORTH), &setup(), NOW)).await.unwrap();
    assert!(world.store.read(|db| call::of_device(db, &Scope::Operator, mac(1))).await.unwrap().is_empty());
}

async fn an_attempt_is_kept_once_and_for_a_day(world: World) {
    let kept = Kept { subject: "0015650000ff 192.0.2.1".into(), result: "wrong".into(), attempts_left: Some(2) };
    let keep = |session: &'static str, attempt, now| {
        let kept = kept.clone();
        world.store.write(move |db| pin_attempt::keep(db, session, attempt, &kept, now))
    };
    let find = |session: &'static str, attempt, now| world.store.read(move |db| pin_attempt::find(db, session, attempt, now));
    keep("s", 1, NOW).await.unwrap();
    assert!(matches!(keep("s", 1, NOW).await, Err(StoreError::Exists)));
    keep("s", 2, NOW).await.unwrap();
    keep("t", 1, NOW + Span::hours(1)).await.unwrap();
    assert_eq!(find("s", 1, NOW + Span::hours(24)).await.unwrap(), Some(kept.clone()));
    assert_eq!(find("s", 3, NOW).await.unwrap(), None);
    let later = NOW + Span::hours(24) + Span::seconds(1);
    assert_eq!(find("s", 1, later).await.unwrap(), None);
    keep("s", 1, later).await.expect("the old answer makes room");
    assert_eq!(find("t", 1, later).await.unwrap(), Some(kept.clone()));
    assert_eq!(world.store.write(move |db| pin_attempt::prune(db, later + Span::hours(23))).await.unwrap(), 1);
    let long: &'static str = Box::leak("s".repeat(201).into_boxed_str());
    assert!(matches!(keep(long, 1, NOW).await, Err(StoreError::TooLarge { .. })));
}
