//! Right, wrong, locked, reset, many at once.

use domain::chance::Seeded;
use domain::device::State;
use domain::pin::PinAnswer;
use domain::{Secret, Span};
use store::StoreError;
use store::testing::Cluster;

use super::world::{NOW, World, address};
use crate::pins::Told;

const HOME: &str = "198.51.100.7";

#[tokio::test]
async fn a_right_pin_clears_the_claim_and_tells_the_phone() {
    let world = World::new().await;
    let calling = world.calling(1, 1, HOME);
    assert_eq!(world.desk.opening(&calling, NOW).await.unwrap().standing, None);
    let pin = world.pin(1).await;
    assert_eq!(world.enter(&calling, &pin, NOW).await, Told::Pin(PinAnswer::Right));
    let auth = world.device(1).await.device.auth;
    assert_eq!(auth.used_claim(&calling.claim).unwrap().cleared, Some(NOW));
    let outbox = world.outbox().await;
    assert_eq!(outbox.iter().map(|message| message.topic.as_str()).collect::<Vec<_>>(), ["device.authenticated", "device.refetch"]);
    assert!(outbox[0].payload.contains(HOME) && outbox[1].payload.contains("001565000001"));
    assert!(outbox.iter().all(|message| !message.payload.contains(&pin)));
}

#[tokio::test]
async fn three_wrong_pins_fail_for_half_an_hour_and_three_rounds_block() {
    let world = World::new().await;
    let calling = world.calling(1, 1, HOME);
    let (wrong, right) = (world.wrong(1).await, world.pin(1).await);
    let mut now = NOW;
    for round in 1..=3 {
        assert_eq!(world.enter(&calling, &wrong, now).await, Told::Pin(PinAnswer::Wrong { left: 2 }));
        assert_eq!(world.enter(&calling, &wrong, now).await, Told::Pin(PinAnswer::Wrong { left: 1 }));
        let until = now + Span::minutes(30);
        if round == 3 {
            assert_eq!(world.enter(&calling, &wrong, now).await, Told::Pin(PinAnswer::Blocked));
            break;
        }
        let failed = PinAnswer::Failed { until };
        assert_eq!(world.enter(&calling, &wrong, now).await, Told::Pin(failed));
        assert_eq!(world.device(1).await.device.auth.state(now), State::Failed);
        let last = until - Span::seconds(1);
        assert_eq!(world.enter(&calling, &right, last).await, Told::Pin(failed), "the right one is not taken either");
        assert_eq!(world.desk.opening(&calling, last).await.unwrap().standing, Some(failed));
        assert_eq!(world.desk.opening(&calling, until).await.unwrap().standing, None, "it ends by itself");
        now = until;
    }
    assert_eq!(world.enter(&calling, &right, now + Span::days(1)).await, Told::Pin(PinAnswer::Blocked));
    let elsewhere = world.calling(1, 2, "203.0.113.9");
    assert_eq!(world.enter(&elsewhere, &right, now).await, Told::Pin(PinAnswer::Right), "another network's phone is not locked out");
    let topics = world.topics().await;
    let count = |topic: &str| topics.iter().filter(|one| *one == topic).count();
    let counted = ["device.pin_wrong", "device.failed", "device.blocked", "device.authenticated", "device.refetch"].map(count);
    assert_eq!(counted, [9, 2, 1, 1, 4]);
}

#[tokio::test]
async fn a_live_device_needs_a_reset_and_a_reset_takes_a_new_pin() {
    let world = World::new().await;
    let calling = world.calling(1, 1, HOME);
    let old = world.pin(1).await;
    assert_eq!(world.enter(&calling, &world.wrong(1).await, NOW).await, Told::Pin(PinAnswer::Wrong { left: 2 }));
    // In the middle of a call.
    world.change(1, |device| *device = domain::admin::reset(device, NOW, &mut Seeded::new(77)).device).await;
    let new = world.pin(1).await;
    assert_ne!(old, new);
    assert_eq!(world.enter(&calling, &old, NOW).await, Told::Pin(PinAnswer::Wrong { left: 2 }), "counters began anew");
    assert_eq!(world.enter(&calling, &new, NOW).await, Told::Pin(PinAnswer::Right));
    let claim = world.claim(1, 9);
    world
        .change(1, move |device| {
            device.auth.pin = None;
            device.auth.live = Some(domain::device::Live { login: domain::login::Login::of(claim), since: NOW, window_due: None });
        })
        .await;
    assert_eq!(world.desk.opening(&calling, NOW).await.unwrap().standing, Some(PinAnswer::ResetNeeded));
    assert_eq!(world.enter(&calling, &new, NOW).await, Told::Pin(PinAnswer::ResetNeeded));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn of_two_right_pins_at_once_one_claim_is_cleared() {
    of_two_right_pins_at_once_one_claim_is_cleared_on(World::new().await).await;
    of_two_right_pins_at_once_one_claim_is_cleared_on(World::on_postgres(&Cluster::start()).await).await;
}

async fn of_two_right_pins_at_once_one_claim_is_cleared_on(world: World) {
    let pin = Secret::from(world.pin(1).await.as_str());
    let callings = [world.calling(1, 1, HOME), world.calling(1, 2, "203.0.113.9")];
    let (one, two) = tokio::join!(world.desk.enter(&callings[0], &pin, NOW), world.desk.enter(&callings[1], &pin, NOW));
    assert_eq!((one.unwrap(), two.unwrap()), (Told::Pin(PinAnswer::Right), Told::Pin(PinAnswer::Right)));
    let auth = world.device(1).await.device.auth;
    assert_eq!(auth.used.iter().filter(|used| used.cleared.is_some()).count(), 1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn wrong_pins_at_once_are_counted_each() {
    wrong_pins_at_once_are_counted_each_on(World::new().await).await;
    wrong_pins_at_once_are_counted_each_on(World::on_postgres(&Cluster::start()).await).await;
}

async fn wrong_pins_at_once_are_counted_each_on(world: World) {
    let wrong = world.wrong(1).await;
    // Each from a network of its own, so that no lock of a network stops the count.
    let tries = (0..29_u8).map(|number| {
        let (desk, pin) = (world.desk.clone(), Secret::from(wrong.as_str()));
        let calling = world.calling(1, number.into(), &format!("198.51.{number}.7"));
        tokio::spawn(async move { desk.enter(&calling, &pin, NOW).await.unwrap() })
    });
    for tried in tries.collect::<Vec<_>>() {
        assert_eq!(tried.await.unwrap(), Told::Pin(PinAnswer::Wrong { left: 2 }));
    }
    let auth = world.device(1).await.device.auth;
    assert_eq!((auth.wrong_pins.len(), auth.tries.len(), auth.blocked_everywhere), (29, 29, false));
    let last = world.calling(1, 99, "203.0.113.7");
    assert_eq!(world.enter(&last, &wrong, NOW).await, Told::Pin(PinAnswer::Blocked), "thirty a day block it everywhere");
    let right = world.pin(1).await;
    assert_eq!(world.enter(&world.calling(1, 100, HOME), &right, NOW).await, Told::Pin(PinAnswer::Blocked));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn sixty_four_wrong_pins_of_one_phone_at_once_are_three() {
    sixty_four_wrong_pins_of_one_phone_at_once_are_three_on(World::new().await).await;
    sixty_four_wrong_pins_of_one_phone_at_once_are_three_on(World::on_postgres(&Cluster::start()).await).await;
}

async fn sixty_four_wrong_pins_of_one_phone_at_once_are_three_on(world: World) {
    let wrong = world.wrong(1).await;
    let tries = (0..64_u8).map(|number| {
        let (desk, pin) = (world.desk.clone(), Secret::from(wrong.as_str()));
        // Many addresses of one network: no limit of a source comes first.
        let calling = world.calling(1, 1, &format!("198.51.100.{number}"));
        tokio::spawn(async move { desk.enter(&calling, &pin, NOW).await.unwrap() })
    });
    let mut told = Vec::new();
    for tried in tries.collect::<Vec<_>>() {
        told.push(tried.await.unwrap());
    }
    let wrong = told.iter().filter(|told| matches!(told, Told::Pin(PinAnswer::Wrong { .. }))).count();
    let failed = told.iter().filter(|told| matches!(told, Told::Pin(PinAnswer::Failed { .. }))).count();
    assert_eq!((wrong, failed), (2, 62));
    let auth = world.device(1).await.device.auth;
    assert_eq!((auth.wrong_pins.len(), auth.tries[0].rounds), (3, 1));
}

#[tokio::test]
async fn too_many_wrong_pins_of_a_source_are_busy_unless_it_was_served_before() {
    let world = World::new().await;
    let wrong = world.wrong(200).await;
    let mut told = Vec::new();
    for number in 0..70_u8 {
        told.push(world.enter(&world.calling(100 + number, 1, HOME), &wrong, NOW).await);
    }
    assert!(told[..60].iter().all(|told| matches!(told, Told::Pin(PinAnswer::Wrong { left: 2 }))));
    assert!(told[60..].iter().all(|told| *told == Told::Busy));
    let right = world.pin(1).await;
    let calling = world.calling(1, 1, HOME);
    assert_eq!(world.enter(&calling, &right, NOW).await, Told::Busy);
    assert!(world.device(1).await.device.auth.wrong_pins.is_empty(), "not counted");
    let served = domain::net::site_network(address(HOME));
    world.store.write(move |db| store::trust::note_address(db, &served, super::world::CUSTOMER, NOW)).await.unwrap();
    assert_eq!(world.enter(&calling, &right, NOW).await, Told::Pin(PinAnswer::Right));
}

#[tokio::test]
async fn without_the_store_nothing_is_right_and_nothing_counts() {
    let world = World::new().await;
    let (calling, right) = (world.calling(1, 1, HOME), Secret::from(world.pin(1).await.as_str()));
    world.store.close().await;
    assert!(matches!(world.desk.enter(&calling, &right, NOW).await, Err(StoreError::Unavailable(_))));
    assert!(world.device(1).await.device.auth.used_claim(&calling.claim).is_none());
    let unknown = world.calling(200, 1, HOME);
    assert!(matches!(world.desk.enter(&unknown, &right, NOW).await, Err(StoreError::Unavailable(_))), "nor for a MAC nobody added");
}

#[tokio::test]
async fn what_the_policy_says_later_holds_at_once() {
    let world = World::new().await;
    let calling = world.calling(1, 1, HOME);
    assert_eq!(world.desk.opening(&calling, NOW).await.unwrap().standing, None);
    let stricter = domain::policy::Patch([("login".to_owned(), "required".to_owned())].into());
    let node = domain::tenancy::Node::Customer(super::world::CUSTOMER);
    world.store.write(move |db| store::policy::save_patch(db, &store::Scope::Operator, node, &stricter)).await.unwrap();
    assert_eq!(world.desk.opening(&calling, NOW).await.unwrap().standing, Some(PinAnswer::ResetNeeded));
}
