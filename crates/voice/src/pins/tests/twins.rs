//! A MAC that somebody added and one that nobody added hear the same.

use domain::device::State;
use domain::pin::PinAnswer;
use domain::{Span, Time};

use super::world::{NOW, World};
use crate::pins::{Opening, Told};

/// Added, and its twin that nobody added.
const TWINS: [u8; 2] = [1, 201];

async fn both(world: &World, seed: u64, from: &str, now: Time) -> [(Opening, Told); 2] {
    let mut heard = Vec::new();
    for number in TWINS {
        let calling = world.calling(number, seed, from);
        let standing = world.desk.opening(&calling, now).await.unwrap();
        heard.push((standing, world.enter(&calling, "000000", now).await));
    }
    heard.try_into().unwrap()
}

#[tokio::test]
async fn every_answer_is_the_same_until_blocked() {
    let world = World::new().await;
    assert_ne!(world.pin(1).await, "000000");
    let mut now = NOW;
    let mut answers = Vec::new();
    // Calls from two networks, of two bodies each, over hours: wrong PINs, locks, their ends, and at last the block everywhere.
    for step in 0..90_u64 {
        let (seed, from) = [(1, "198.51.100.7"), (2, "203.0.113.9"), (3, "198.51.100.8"), (4, "192.0.2.4")][(step % 4) as usize];
        let [known, unknown] = both(&world, seed, from, now).await;
        assert_eq!(known, unknown, "step {step}");
        answers.push(known.1);
        now = now + Span::minutes(if step % 9 == 8 { 31 } else { 1 });
    }
    assert!(answers.contains(&Told::Pin(PinAnswer::Wrong { left: 1 })));
    assert!(answers.iter().any(|told| matches!(told, Told::Pin(PinAnswer::Failed { .. }))));
    assert_eq!(answers.last(), Some(&Told::Pin(PinAnswer::Blocked)));
    let network = domain::net::pin_network(super::world::address("198.51.100.7"));
    let stranger = crate::pins::Strangers::stranger(&*world.strangers, super::world::mac(201)).unwrap();
    assert_eq!(stranger.state_for(network, now), State::Blocked);
    assert_eq!(world.device(1).await.device.auth.state_for(network, now), State::Blocked);
}

#[tokio::test]
async fn an_unknown_mac_writes_nothing() {
    let world = World::new().await;
    let calling = world.calling(201, 1, "198.51.100.7");
    for _ in 0..3 {
        world.enter(&calling, "000000", NOW).await;
    }
    assert!(world.topics().await.is_empty());
    assert!(matches!(world.desk.opening(&calling, NOW).await.unwrap().standing, Some(PinAnswer::Failed { .. })));
}

#[tokio::test]
async fn a_disabled_device_is_heard_like_an_unknown_one() {
    let world = World::new().await;
    let disable = |db: &store::Db| {
        let mut stored = store::device::by_mac(db, &store::Scope::Operator, super::world::mac(1))?;
        stored.device.disabled = true;
        store::device::save(db, &stored, NOW)
    };
    let pin = world.pin(1).await;
    world.store.write(disable).await.unwrap();
    let calling = world.calling(1, 1, "198.51.100.7");
    assert_eq!(world.enter(&calling, &pin, NOW).await, Told::Pin(PinAnswer::Wrong { left: 2 }), "even the right PIN");
}

#[tokio::test]
async fn the_language_of_a_device_is_for_who_proved_more_than_a_mac() {
    use domain::claim::Grounds;
    use domain::login::GlobalId;
    use domain::settings::Settings;
    use domain::tenancy::Node;

    let world = World::new().await;
    let language = |tag: &str| Settings::from([("language".to_owned(), tag.to_owned())]);
    let (ours, theirs) = (language("de"), language("nl"));
    let set = move |db: &store::Db| {
        store::policy::save_settings(db, &store::Scope::Operator, Node::Operator, &ours)?;
        store::policy::save_settings(db, &store::Scope::Operator, Node::Customer(super::world::CUSTOMER), &theirs)
    };
    world.store.write(set).await.unwrap();
    let mut calling = world.calling(1, 1, "198.51.100.7");
    let opening = world.desk.opening(&calling, NOW).await.unwrap();
    assert_eq!((opening.device_language, opening.operator_language.as_deref()), (None, Some("de")));
    calling.claim.grounds = Grounds { global: Some(GlobalId(1)), ..Grounds::default() };
    let opening = world.desk.opening(&calling, NOW).await.unwrap();
    assert_eq!(opening.device_language.as_deref(), Some("nl"));
}
