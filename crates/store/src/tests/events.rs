//! Events for listeners outside: who sees which, that none is lost, and that none is told twice.

use domain::Span;
use domain::effect::{Effect, Event as Cause, TYPES};
use domain::net::site_network;
use domain::trust::{Window, WindowChange};

use crate::event::{self, Filter, Reader};
use crate::outbox::outbox_after;
use crate::sightings::{self, Attention};
use crate::tests::fixture::{NOW, World, on_both};
use crate::tests::tree::{AT_NORTH, DIRECT, OFFICE, SCOPES, SIBLING, STRANGER, mac, phone, place_of};
use crate::{Scope, Store, effect, trust};

on_both! {
    an_event_is_written_with_its_cause_or_not_at_all
    everybody_sees_the_events_of_their_branch
    whoever_was_away_goes_on_where_they_were
    old_events_go_and_the_reader_can_tell
    a_window_that_ended_is_told_once
    a_mismatch_is_told_when_it_is_new
    a_reader_moves_on_once
}

const FROM: [u8; 4] = [198, 51, 100, 7];

async fn happen(store: &Store, number: u8, effects: Vec<Effect>) {
    let place = match number {
        1 => AT_NORTH,
        2 => place_of(SIBLING),
        3 => place_of(STRANGER),
        _ => place_of(DIRECT),
    };
    store.write(move |db| effect::carry_out(db, &phone(number, place), &effects, NOW)).await.unwrap();
}

fn failed() -> Vec<Effect> {
    vec![Effect::Event(Cause::Failed { address: FROM.into() })]
}

async fn seen(store: &Store, scope: Scope, filter: Filter, cursor: i64) -> Vec<event::Event> {
    store.read(move |db| event::after(db, &scope, &filter, cursor, 500)).await.unwrap().0
}

async fn an_event_is_written_with_its_cause_or_not_at_all(world: World) {
    let world = world.with_tree().await;
    let undone = world.store.write(|db| {
        effect::carry_out(db, &phone(1, AT_NORTH), &failed(), NOW)?;
        Err::<(), _>(crate::StoreError::NotFound)
    });
    undone.await.unwrap_err();
    happen(&world.store, 1, failed()).await;
    let told = seen(&world.store, Scope::Operator, Filter::default(), 0).await;
    let sent = world.store.read(|db| outbox_after(db, 0)).await.unwrap();
    assert_eq!((told.len(), told[0].id, told[0].kind.as_str()), (1, sent[0].id, "device.failed"), "the number of its message");
    assert_eq!((told[0].mac, told[0].at, told[0].of), (Some(mac(1)), NOW, AT_NORTH.into()));
    assert_eq!(told[0].data.to_string(), r#"{"address":"198.51.100.7"}"#);
}

async fn everybody_sees_the_events_of_their_branch(world: World) {
    let world = world.with_tree().await;
    for number in 1..=4 {
        happen(&world.store, number, failed()).await;
    }
    for (scope, customers) in SCOPES {
        let told = seen(&world.store, scope, Filter::default(), 0).await;
        let theirs: Vec<_> = told.iter().filter_map(|event| event.of.customer).collect();
        let expected = if customers.is_empty() { &[OFFICE][..] } else { customers };
        assert_eq!(theirs, expected, "{scope:?}");
        let of_one = Filter { mac: Some(mac(1)), ..Filter::default() };
        let of_one = seen(&world.store, scope, of_one, 0).await.len();
        assert_eq!(of_one, usize::from(expected.contains(&OFFICE)), "{scope:?}");
    }
}

async fn whoever_was_away_goes_on_where_they_were(world: World) {
    let world = world.with_tree().await;
    happen(&world.store, 1, failed()).await;
    happen(&world.store, 1, vec![Effect::Event(Cause::Reset), Effect::Refetch]).await;
    happen(&world.store, 1, vec![Effect::Event(Cause::Created)]).await;
    let all = seen(&world.store, Scope::Operator, Filter::default(), 0).await;
    assert_eq!(all.iter().map(|event| event.kind.as_str()).collect::<Vec<_>>(), ["device.failed", "device.reset", "device.created"]);
    assert_eq!(seen(&world.store, Scope::Operator, Filter::default(), all[0].id).await, all[1..]);
    let only = Filter { kinds: vec!["device.created".into()], ..Filter::default() };
    let last = all[2].id;
    let (events, upto) = world.store.read(move |db| event::after(db, &Scope::Operator, &only, 0, 500)).await.unwrap();
    assert_eq!((events, upto), (vec![all[2].clone()], last), "what is not wanted has been looked at all the same");
}

async fn old_events_go_and_the_reader_can_tell(world: World) {
    let world = world.with_tree().await;
    happen(&world.store, 1, failed()).await;
    assert_eq!(world.store.write(|db| event::prune(db, NOW + Span::days(7))).await.unwrap(), 0, "not before its time");
    assert_eq!(world.store.write(|db| event::prune(db, NOW + Span::days(8))).await.unwrap(), 1);
    assert_eq!(world.store.read(event::pruned).await.unwrap(), 1);
    assert_eq!(seen(&world.store, Scope::Operator, Filter::default(), 0).await, []);
}

async fn a_window_that_ended_is_told_once(world: World) {
    let world = world.with_tree().await;
    let window = Window {
        customer: OFFICE,
        network: site_network(FROM.into()),
        opened: NOW,
        ends: NOW + Span::hours(1),
        pin_success: NOW,
        opened_by: mac(1),
    };
    let opened = vec![Effect::Window(WindowChange::Opened(window.clone())), Effect::Event(Cause::TrustOpened)];
    happen(&world.store, 1, opened).await;
    assert!(!world.store.read(|db| event::windows_ended(db, NOW)).await.unwrap());
    let (other, later) = (world.second().await, NOW + Span::hours(2));
    assert!(world.store.read(move |db| event::windows_ended(db, later)).await.unwrap());
    let tell = |store: Store| async move { store.write(move |db| event::tell_ended(db, later)).await };
    let (left, right) = tokio::join!(tell(world.store.clone()), tell(other));
    assert_eq!(left.unwrap() + right.unwrap(), 1);
    let told = seen(&world.store, Scope::Customer(OFFICE), Filter::default(), 0).await;
    let told: Vec<_> = told.iter().map(|event| (event.kind.as_str(), event.data["network"].as_str(), event.at)).collect();
    let network = Some("198.51.100.7/32");
    assert_eq!(told, [("trust.opened", network, NOW), ("trust.closed", network, window.ends)]);

    let again = Window { opened: later, ends: later + Span::hours(1), ..window };
    let network = again.network;
    world
        .store
        .write(move |db| {
            trust::keep_window(db, &WindowChange::Opened(again.clone()), later)?;
            trust::close_window(db, &Scope::Operator, OFFICE, &network)?;
            event::tell_closed(db, OFFICE, &network, "somebody", later)
        })
        .await
        .unwrap();
    assert_eq!(world.store.write(move |db| event::tell_ended(db, later + Span::hours(2))).await.unwrap(), 0, "closed by hand");
    let last = seen(&world.store, Scope::Customer(OFFICE), Filter::default(), 0).await.pop().unwrap();
    assert_eq!((last.kind.as_str(), last.data["by"].as_str()), ("trust.closed", Some("somebody")));
}

async fn a_mismatch_is_told_when_it_is_new(world: World) {
    let world = world.with_tree().await;
    let raise = |kind: &'static str, number| {
        let flag = Attention { mac: mac(number), kind: kind.into(), at: NOW, address: Some(FROM.into()) };
        world.store.write(move |db| sightings::raise(db, &flag))
    };
    for (kind, number) in [("came_back_without_login", 1), ("identity_mismatch", 1), ("identity_mismatch", 1), ("identity_mismatch", 99)] {
        raise(kind, number).await.unwrap();
    }
    let told = seen(&world.store, Scope::Operator, Filter::default(), 0).await;
    assert_eq!(told.iter().map(|event| (event.kind.as_str(), event.mac)).collect::<Vec<_>>(), [("device.identity_mismatch", Some(mac(1)))]);
    assert!(told.iter().all(|event| TYPES.contains(&event.kind.as_str())));
}

async fn a_reader_moves_on_once(world: World) {
    let step = |from, to| world.store.write(move |db| event::advance(db, Reader::Webhooks, from, to));
    assert!(step(0, 5).await.unwrap());
    assert!(!step(0, 6).await.unwrap(), "another node was there");
    assert_eq!(world.store.read(|db| event::cursor(db, Reader::Webhooks)).await.unwrap(), 5);
    assert_eq!(world.store.read(|db| event::cursor(db, Reader::Alerts)).await.unwrap(), 0, "each for itself");
}
