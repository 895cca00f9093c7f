//! Webhooks and what they are sent, on both engines.

use domain::role::Target;
use domain::{Secret, Span, Time};
use uuid::Uuid;

use crate::event::{self, Event, NewEvent};
use crate::tests::fixture::{NOW, World, on_both};
use crate::tests::tree::{AT_NORTH, DIRECT, OFFICE, RESELLER, RIVAL, SCOPES, SIBLING, place_of};
use crate::webhook::{self, Due, Outcome, State, Webhook};
use crate::{Result, Scope, Store, StoreError, tenancy};

on_both! {
    each_scope_sees_its_webhooks
    events_are_made_deliveries_once
    a_delivery_is_held_by_one_node
    a_slow_webhook_leaves_room_for_others
    what_fails_is_tried_again_and_given_up
    a_webhook_that_fails_for_days_is_disabled
    a_secret_is_sealed_anew
    what_was_sent_can_be_sent_again
}

const LEASE: Span = Span::minutes(1);

fn hook(number: u128, of: Target, kinds: &[&str]) -> Webhook {
    Webhook {
        id: Uuid::from_u128(number),
        of,
        url: format!("https://hooks.example.com/{number}"),
        label: String::new(),
        kinds: kinds.iter().map(|kind| (*kind).to_owned()).collect(),
        created: NOW,
        enabled: true,
        disabled_because: None,
        failing_since: None,
        version: 1,
    }
}

async fn add(store: &Store, number: u128, of: Target, kinds: &[&str]) -> Uuid {
    let hook = hook(number, of, kinds);
    let secret = Secret::new(number.to_be_bytes().to_vec());
    store.write(move |db| webhook::add(db, &Scope::Operator, &hook, &secret)).await.unwrap();
    Uuid::from_u128(number)
}

async fn happen(store: &Store, of: Target, kind: &'static str) {
    store.write(move |db| event::tell(db, NOW, kind, NewEvent { of, mac: None, data: serde_json::json!({}) })).await.unwrap();
}

async fn fan_out(store: &Store) -> usize {
    store.write(|db| webhook::fan_out(db, |event: &Event| format!("event {}", event.id), NOW)).await.unwrap()
}

async fn claim(store: &Store, owner: u128, now: Time) -> Option<Due> {
    // On PostgreSQL two who reach for the same row at once leave one with nothing; it asks again, as the job does.
    store.write(move |db| webhook::claim(db, Uuid::from_u128(owner), now, LEASE)).await.unwrap()
}

async fn settle(store: &Store, due: &Due, owner: u128, outcome: Outcome, now: Time) -> bool {
    let delivery = due.delivery.clone();
    store.write(move |db| webhook::settle(db, &delivery, Uuid::from_u128(owner), &outcome, now)).await.unwrap()
}

async fn kinds(store: &Store, hook: Uuid) -> Vec<String> {
    let all = store.read(move |db| webhook::deliveries(db, &Scope::Operator, hook, 100)).await.unwrap();
    let mut kinds: Vec<_> = all.into_iter().map(|delivery| delivery.kind).collect();
    kinds.sort();
    kinds
}

fn failure(again: Option<Time>) -> Outcome {
    Outcome::Failed { status: Some(500), error: "status 500".into(), again, gone: false }
}

async fn each_scope_sees_its_webhooks(world: World) {
    let world = world.with_tree().await;
    let of = |customer| Target { site: None, ..place_of(customer).into() };
    let all = [Target::default(), of(OFFICE), of(SIBLING), of(DIRECT), AT_NORTH.into()];
    for (number, target) in (1..).zip(all) {
        add(&world.store, number, target, &[]).await;
    }
    let seen = |scope| world.store.read(move |db| webhook::list(db, &scope));
    for (scope, customers) in SCOPES {
        let theirs: Vec<_> =
            seen(scope).await.unwrap().into_iter().filter(|hook| hook.of.site.is_none()).filter_map(|hook| hook.of.customer).collect();
        let expected: Vec<_> = customers.iter().copied().filter(|customer| [OFFICE, SIBLING, DIRECT].contains(customer)).collect();
        assert_eq!(theirs, expected, "{scope:?}");
    }
    let rival = Scope::Reseller(RIVAL);
    let office = Uuid::from_u128(2);
    assert!(matches!(world.store.read(move |db| webhook::one(db, &rival, office)).await, Err(StoreError::NotFound)));
    assert!(matches!(world.store.write(move |db| webhook::remove(db, &rival, office)).await, Err(StoreError::NotFound)));
    let foreign = hook(9, place_of(OFFICE).into(), &[]);
    let added = world.store.write(move |db| webhook::add(db, &rival, &foreign, &Secret::new(vec![1])));
    assert!(matches!(added.await, Err(StoreError::NotFound)));
    // A customer that goes takes its webhooks with it.
    world.store.write(|db| crate::device::remove(db, &Scope::Operator, crate::tests::tree::mac(2))).await.unwrap();
    world.store.write(|db| tenancy::remove_customer(db, &Scope::Operator, SIBLING)).await.unwrap();
    assert_eq!(seen(Scope::Operator).await.unwrap().len(), 4);
}

async fn events_are_made_deliveries_once(world: World) {
    let world = world.with_tree().await;
    happen(&world.store, AT_NORTH.into(), "device.reset").await;
    let all = add(&world.store, 1, Target::default(), &[]).await;
    let reseller = add(&world.store, 2, Target { reseller: Some(RESELLER), ..Target::default() }, &["device.failed"]).await;
    let direct = add(&world.store, 3, place_of(DIRECT).into(), &[]).await;
    for (of, kind) in [(AT_NORTH.into(), "device.failed"), (AT_NORTH.into(), "device.reset"), (Target::default(), "trunk.down")] {
        happen(&world.store, of, kind).await;
    }
    let other = world.second().await;
    let (left, right) = tokio::join!(fan_out(&world.store), fan_out(&other));
    assert_eq!(left + right, 3);
    assert_eq!(fan_out(&world.store).await, 0);
    assert_eq!(kinds(&world.store, all).await, ["device.failed", "device.reset", "trunk.down"], "what was before it was added is past");
    assert_eq!(kinds(&world.store, reseller).await, ["device.failed"]);
    assert_eq!(kinds(&world.store, direct).await, [""; 0]);
}

async fn a_delivery_is_held_by_one_node(world: World) {
    let world = world.with_tree().await;
    add(&world.store, 1, Target::default(), &[]).await;
    happen(&world.store, Target::default(), "trunk.down").await;
    fan_out(&world.store).await;
    let other = world.second().await;
    let (left, right) = tokio::join!(claim(&world.store, 1, NOW), claim(&other, 2, NOW));
    assert!(left.is_some() != right.is_some(), "{left:?} {right:?}");
    let (held, owner) = left.map_or_else(|| (right.unwrap(), 2), |due| (due, 1));
    assert_eq!((held.url.as_str(), held.secret.expose().as_slice()), ("https://hooks.example.com/1", &1_u128.to_be_bytes()[..]));
    assert!(claim(&world.store, 3, NOW + Span::seconds(59)).await.is_none());
    // That node died: another takes over, and what the dead one still says counts for nothing.
    let again = claim(&world.store, 3, NOW + Span::minutes(1)).await.unwrap();
    assert_eq!((again.delivery.id, again.delivery.tries), (held.delivery.id, 2));
    settle(&world.store, &held, owner, failure(None), NOW).await;
    settle(&world.store, &again, 3, Outcome::Arrived(204), NOW).await;
    let (hook, wanted) = (again.delivery.webhook, again.delivery.id);
    let kept = world.store.read(move |db| webhook::delivery(db, &Scope::Operator, hook, wanted)).await.unwrap();
    assert_eq!((kept.state, kept.status, kept.due), (State::Delivered, Some(204), None));
    assert!(claim(&world.store, 1, NOW + Span::days(1)).await.is_none());
}

async fn a_slow_webhook_leaves_room_for_others(world: World) {
    let world = world.with_tree().await;
    let slow = add(&world.store, 1, Target::default(), &["trunk.down"]).await;
    let quick = add(&world.store, 2, Target::default(), &["trunk.up"]).await;
    for _ in 0..6 {
        happen(&world.store, Target::default(), "trunk.down").await;
    }
    happen(&world.store, Target::default(), "trunk.up").await;
    fan_out(&world.store).await;
    let mut claimed = Vec::new();
    while let Some(due) = claim(&world.store, 1, NOW).await {
        claimed.push(due.delivery.webhook);
    }
    assert_eq!((claimed.iter().filter(|of| **of == slow).count(), claimed.iter().filter(|of| **of == quick).count()), (4, 1));
}

async fn what_fails_is_tried_again_and_given_up(world: World) {
    let world = world.with_tree().await;
    let hook = add(&world.store, 1, Target::default(), &[]).await;
    happen(&world.store, Target::default(), "trunk.down").await;
    fan_out(&world.store).await;
    let first = claim(&world.store, 1, NOW).await.unwrap();
    let again = NOW + Span::seconds(5);
    assert!(!settle(&world.store, &first, 1, failure(Some(again)), NOW).await);
    assert!(claim(&world.store, 1, NOW + Span::seconds(4)).await.is_none());
    let second = claim(&world.store, 1, again).await.unwrap();
    assert_eq!((second.delivery.tries, second.delivery.error.as_deref()), (2, Some("status 500")));
    assert!(!settle(&world.store, &second, 1, failure(None), again).await);
    let all = world.store.read(move |db| webhook::deliveries(db, &Scope::Operator, hook, 9)).await.unwrap();
    assert_eq!((all[0].state, all[0].done), (State::Failed, Some(again)));
    assert_eq!(world.store.write(|db| webhook::prune(db, NOW + Span::days(8))).await.unwrap(), 1);
}

async fn a_webhook_that_fails_for_days_is_disabled(world: World) {
    let world = world.with_tree().await;
    let hook = add(&world.store, 1, Target::default(), &[]).await;
    let mut day = 0;
    for disabled in [false, false, true] {
        let now = NOW + Span::days(day);
        happen(&world.store, Target::default(), "trunk.down").await;
        fan_out(&world.store).await;
        let due = claim(&world.store, 1, now).await.unwrap();
        assert_eq!(settle(&world.store, &due, 1, failure(Some(now + Span::hours(1))), now).await, disabled, "after {day} days");
        day += 3;
    }
    let kept = world.store.read(move |db| webhook::one(db, &Scope::Operator, hook)).await.unwrap();
    assert!(!kept.enabled && kept.disabled_because.unwrap().contains("status 500"));
    assert!(claim(&world.store, 1, NOW + Span::days(30)).await.is_none(), "nothing waits for it any more");

    let gone = add(&world.store, 2, Target::default(), &[]).await;
    happen(&world.store, Target::default(), "trunk.up").await;
    fan_out(&world.store).await;
    let due = claim(&world.store, 1, NOW).await.unwrap();
    let outcome = Outcome::Failed { status: Some(410), error: "status 410".into(), again: None, gone: true };
    assert!(settle(&world.store, &due, 1, outcome, NOW).await, "at once");
    assert!(!world.store.read(move |db| webhook::one(db, &Scope::Operator, gone)).await.unwrap().enabled);
}

async fn a_secret_is_sealed_anew(world: World) {
    let hook = add(&world.store, 7, Target::default(), &[]).await;
    let renewed = Secret::new(b"another".to_vec());
    let stranger = Scope::Reseller(RESELLER);
    let refused: Result<()> = world.store.write(move |db| webhook::set_secret(db, &stranger, hook, &Secret::new(vec![0]))).await;
    assert!(matches!(refused, Err(StoreError::NotFound)));
    world.store.write(move |db| webhook::set_secret(db, &Scope::Operator, hook, &renewed)).await.unwrap();
    let mut ring = world.ring.clone();
    ring.add(&mut domain::chance::Seeded::new(9)).unwrap();
    let second = world.open(&ring, world.options()).await.unwrap();
    assert!(second.reseal().await.unwrap() > 0);
    happen(&second, Target::default(), "trunk.down").await;
    fan_out(&second).await;
    assert_eq!(claim(&second, 1, NOW).await.unwrap().secret.expose(), b"another");
    assert_eq!(second.reseal().await.unwrap(), 0);
}

async fn what_was_sent_can_be_sent_again(world: World) {
    let hook = add(&world.store, 1, Target::default(), &[]).await;
    happen(&world.store, Target::default(), "trunk.down").await;
    fan_out(&world.store).await;
    let due = claim(&world.store, 1, NOW).await.unwrap();
    let wanted = due.delivery.id;
    let replay = |scope: Scope| world.store.write(move |db| webhook::replay(db, &scope, hook, wanted, NOW));
    assert!(matches!(replay(Scope::Operator).await, Err(StoreError::Refused(_))), "it is under way");
    settle(&world.store, &due, 1, Outcome::Arrived(200), NOW).await;
    assert!(matches!(replay(Scope::Customer(OFFICE)).await, Err(StoreError::NotFound)));
    let again = replay(Scope::Operator).await.unwrap();
    assert_eq!((again.state, again.tries, again.id), (State::Waiting, 0, wanted));
    assert_eq!(claim(&world.store, 1, NOW).await.unwrap().delivery.body, due.delivery.body);
}
