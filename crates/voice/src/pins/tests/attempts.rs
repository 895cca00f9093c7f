//! PINs that an engine passes on.

use std::sync::Arc;

use domain::{Secret, Span};
use store::testing::Cluster;

use super::world::{NOW, World, address, mac};
use crate::accounts::Accounts;
use crate::pins::{Attempt, AttemptAnswer, AttemptError, AttemptResult, Strangers, Who};

const HOME: &str = "198.51.100.7";

fn attempt(who: Who, pin: &str, session: &str, number: u32) -> Attempt {
    Attempt { who, pin: Secret::from(pin), session: session.to_owned(), attempt: number }
}

fn answer(result: AttemptResult, attempts_left: Option<u32>) -> AttemptAnswer {
    AttemptAnswer { result, attempts_left }
}

impl World {
    fn account(&self, number: u8, seed: u64) -> Who {
        Who::Account { name: self.keys.token(&self.claim(number, seed)), source: Some(address(HOME)) }
    }
}

#[tokio::test]
async fn an_attempt_is_counted_once_on_any_node() {
    let world = World::new().await;
    // Another node: its own memory, the same database.
    let strangers: Arc<dyn Strangers> = Arc::<super::world::Table>::default();
    let ring = store::KeyRing::generate(&mut domain::chance::Seeded::new(1));
    let options = store::Options::new(world.directory.path());
    let again = store::Store::open("sqlite:test.db", &ring, Box::new(domain::chance::Seeded::new(3)), options).await.unwrap();
    let keys = Arc::clone(&world.keys);
    let other = crate::pins::PinDesk::at_pace(super::world::AT_ONCE, again, keys, strangers, crate::pins::Metrics::default());
    for number in [1, 201] {
        let session = format!("call-{number}");
        let wrong = attempt(world.account(number, 1), "000000", &session, 1);
        let first = answer(AttemptResult::Wrong, Some(2));
        for _ in 0..3 {
            assert_eq!(world.desk.attempt(&wrong, NOW).await.unwrap(), first);
            assert_eq!(other.attempt(&wrong, NOW).await.unwrap(), first);
        }
        let next = Attempt { attempt: 2, ..wrong.clone() };
        assert_eq!(world.desk.attempt(&next, NOW).await.unwrap(), answer(AttemptResult::Wrong, Some(1)));
        let third = Attempt { attempt: 3, ..wrong.clone() };
        assert_eq!(world.desk.attempt(&third, NOW).await.unwrap(), answer(AttemptResult::Failed, Some(0)));
        assert_eq!(world.desk.attempt(&wrong, NOW).await.unwrap(), first, "what was said stays said");
        let later = NOW + Span::hours(25);
        assert_eq!(world.desk.attempt(&wrong, later).await.unwrap().result, AttemptResult::Wrong, "for a day");
    }
    assert_eq!(world.device(1).await.device.auth.tries[0].rounds, 1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_same_attempt_at_once_is_one() {
    the_same_attempt_at_once_is_one_on(World::new().await).await;
    the_same_attempt_at_once_is_one_on(World::on_postgres(&Cluster::start()).await).await;
}

async fn the_same_attempt_at_once_is_one_on(world: World) {
    for number in [1, 201] {
        let wrong = attempt(world.account(number, 1), "000000", &format!("call-{number}"), 1);
        let all = (0..16).map(|_| {
            let (desk, one) = (world.desk.clone(), wrong.clone());
            tokio::spawn(async move { desk.attempt(&one, NOW).await.unwrap() })
        });
        for one in all.collect::<Vec<_>>() {
            assert_eq!(one.await.unwrap(), answer(AttemptResult::Wrong, Some(2)));
        }
    }
}

#[tokio::test]
async fn a_right_pin_clears_the_account_and_the_digits_are_kept_nowhere() {
    let world = World::new().await;
    let pin = world.pin(1).await;
    let right = attempt(world.account(1, 1), &pin, "call", 1);
    assert_eq!(world.desk.attempt(&right, NOW).await.unwrap(), answer(AttemptResult::Ok, None));
    assert!(world.device(1).await.device.auth.used_claim(&world.claim(1, 1)).unwrap().cleared.is_some());
    assert_eq!(world.topics().await, ["device.authenticated", "device.refetch"]);
    let kept = world.store.read(|db| store::pin_attempt::find(db, "call", 1, NOW)).await.unwrap().unwrap();
    assert!(!format!("{kept:?}").contains(&pin) && !format!("{right:?}").contains(&pin));
}

#[tokio::test]
async fn a_mac_and_an_address_name_the_one_phone_that_waits_there() {
    let world = World::new().await;
    let pin = world.pin(1).await;
    let (home, by_mac) = (address(HOME), |number| Who::Phone { mac: mac(number), source: address(HOME) });
    let nobody = answer(AttemptResult::Expired, None);
    for number in [1, 201] {
        assert_eq!(world.desk.attempt(&attempt(by_mac(number), &pin, &format!("none-{number}"), 1), NOW).await.unwrap(), nobody);
    }
    let claims = [1, 201].map(|number| world.claim(number, 1));
    world.change(1, move |device| device.auth.note_fetch(claims[0], home, "", NOW)).await;
    let stranger = domain::pin::Caller { claim: claims[1], address: home, model: "" };
    world.strangers.change(mac(201), &mut |one| one.note_use(stranger, NOW));
    for number in [1, 201] {
        let told = world.desk.attempt(&attempt(by_mac(number), "000000", &format!("wrong-{number}"), 1), NOW).await.unwrap();
        assert_eq!(told, answer(AttemptResult::Wrong, Some(2)));
    }
    assert_eq!(world.desk.attempt(&attempt(by_mac(1), &pin, "right", 1), NOW).await.unwrap(), answer(AttemptResult::Ok, None));
    assert!(world.device(1).await.device.auth.used_claim(&claims[0]).unwrap().cleared.is_some());
    // Somebody else with the same MAC behind the same address: nobody can say who keyed it in.
    let impostor = world.claim(2, 5);
    let owner = world.claim(2, 6);
    world
        .change(2, move |device| {
            device.auth.note_fetch(owner, home, "", NOW);
            device.auth.note_fetch(impostor, home, "", NOW);
        })
        .await;
    let pin = world.pin(2).await;
    assert_eq!(world.desk.attempt(&attempt(by_mac(2), &pin, "two", 1), NOW).await.unwrap(), nobody);
}

#[tokio::test]
async fn what_cannot_be_is_refused_and_not_counted() {
    let world = World::new().await;
    let who = world.account(1, 1);
    let refused = [
        attempt(who.clone(), "12345", "call", 1),
        attempt(who.clone(), "1234567", "call", 1),
        attempt(who.clone(), "12345a", "call", 1),
        attempt(who.clone(), "000000", "", 1),
        attempt(who.clone(), "000000", &"s".repeat(201), 1),
        attempt(Who::Account { name: "1001".to_owned(), source: None }, "000000", "call", 1),
    ];
    for one in refused {
        let error = world.desk.attempt(&one, NOW).await.unwrap_err();
        assert!(matches!(error, AttemptError::Invalid(_)), "{error}");
    }
    world.desk.attempt(&attempt(who, "000000", "call", 1), NOW).await.unwrap();
    let other = attempt(world.account(2, 1), "000000", "call", 1);
    assert!(matches!(world.desk.attempt(&other, NOW).await, Err(AttemptError::Mismatch)));
    assert!(world.device(2).await.device.auth.wrong_pins.is_empty());
}

#[tokio::test]
async fn an_account_is_told_until_ten_minutes_after_another_was_taken_up() {
    let world = World::new().await;
    let accounts = Accounts::new("phones.example.com", Arc::clone(&world.keys));
    for number in [1, 201] {
        let name = world.keys.token(&world.claim(number, 1));
        let account = world.desk.account(&accounts, &name, NOW).await.unwrap().unwrap();
        assert_eq!((account.realm.as_str(), account.ends, account.ha1_md5.expose().len()), ("phones.example.com", None, 32));
        assert!(!format!("{account:?}").contains(account.ha1_sha256.expose()));
    }
    let other = world.claim(1, 2);
    world
        .change(1, move |device| {
            device.auth.live = Some(domain::device::Live { login: domain::login::Login::of(other), since: NOW, window_due: None });
        })
        .await;
    let (ended, kept) = (world.keys.token(&world.claim(1, 1)), world.keys.token(&other));
    let ends = NOW + Span::minutes(10);
    let told = world.desk.account(&accounts, &ended, ends - Span::seconds(1)).await.unwrap().unwrap();
    assert_eq!(told.ends, Some(ends));
    assert!(world.desk.account(&accounts, &ended, ends).await.unwrap().is_none());
    assert!(world.desk.account(&accounts, &kept, ends).await.unwrap().is_some());
    assert!(world.desk.account(&accounts, "1001", NOW).await.unwrap().is_none());
}
