//! Snom's SRAPS and Gigaset's GRAPE.

use domain::Secret;
use phonesim::services::sraps::{Habit, Maker, Sraps};
use phonesim::services::{Emulator, Fault};
use redirect::{Entry, Failure, Kind, Listed, Outcome, Service, Standing, Target};
use serde_json::json;

use crate::support::{aimed, mac, open};

const KEY: [(&str, &str); 2] = [("key_id", "key-1"), ("secret", "hidden-secret")];
const DOOR: &str = "https://phones.example.com:8443/cfg/g/hidden-token/";
const OTHER_DOOR: &str = "https://phones.example.net:8443/cfg/g/hidden-other/";
const MAC: &str = "000413aabb01";

type Played = Emulator<Sraps>;

async fn snom() -> (Played, Box<dyn Service>) {
    start(Kind::SnomSraps, Maker::Snom).await
}

async fn start(kind: Kind, maker: Maker) -> (Played, Box<dyn Service>) {
    let emulator = Emulator::start(Sraps::new(maker, "key-1", "hidden-secret")).await.unwrap();
    let client = open(kind, &emulator, "", &KEY);
    (emulator, client)
}

fn to(mac: &str, address: &str) -> Entry {
    aimed(mac, Target::Address(Secret::new(address.to_owned())))
}

fn device(mac: &str) -> Entry {
    to(mac, DOOR)
}

fn ours(mac: &str, address: &str) -> Standing {
    Standing::Ours(Listed { mac: mac.parse().unwrap(), target: Some(Secret::new(address.to_owned())), asked: None })
}

fn url(emulator: &Played, mac: &str) -> Option<String> {
    use phonesim::services::Provider as _;
    emulator.provider().directions(mac.parse().unwrap()).map(|directions| directions.url)
}

#[tokio::test]
async fn a_device_comes_moves_and_goes() {
    for (kind, maker, mac) in [(Kind::SnomSraps, Maker::Snom, MAC), (Kind::GigasetGrape, Maker::Gigaset, "7c2f80aabb01")] {
        let (emulator, client) = start(kind, maker).await;
        assert_eq!(client.verify().await, Ok(()));
        assert_eq!(client.look_up(&device(mac)).await, Ok(Standing::NotVisible));
        assert_eq!(client.register(&[device(mac)]).await, Ok(vec![Outcome::Done]));
        assert_eq!(url(&emulator, mac).as_deref(), Some(DOOR));
        assert_eq!(client.look_up(&device(mac)).await, Ok(ours(mac, DOOR)));
        assert_eq!(client.retarget(&[to(mac, OTHER_DOOR)]).await, Ok(vec![Outcome::Done]));
        assert_eq!(client.look_up(&device(mac)).await, Ok(ours(mac, OTHER_DOOR)));
        for _ in 0..2 {
            assert_eq!(client.unregister(&[device(mac)]).await, Ok(vec![Outcome::Done]));
        }
        assert_eq!((url(&emulator, mac), client.look_up(&device(mac)).await), (None, Ok(Standing::NotVisible)));
    }
}

#[tokio::test]
async fn what_is_found_out_is_found_out_once() {
    let (emulator, client) = snom().await;
    for n in 0..3 {
        let entry = device(&mac("000413", n).to_string());
        assert_eq!(client.register(&[entry]).await, Ok(vec![Outcome::Done]));
    }
    let count = |path: &str| emulator.calls().iter().filter(|call| call.path.starts_with(path)).count();
    assert_eq!((count("/tokens/"), count("/settings/"), emulator.count()), (1, 2, 1 + 1 + 2 + 3));
}

#[tokio::test]
async fn wrong_keys_and_wrong_clocks_are_told_apart() {
    let (emulator, client) = snom().await;
    for wrong in [[KEY[0], ("secret", "hidden-other")], [("key_id", "key-2"), KEY[1]]] {
        assert_eq!(open(Kind::SnomSraps, &emulator, "", &wrong).verify().await, Err(Failure::Auth));
    }
    let quoted = open(Kind::SnomSraps, &emulator, "", &[("key_id", "a\"b"), KEY[1]]).verify().await.unwrap_err();
    assert_eq!(quoted.code(), "refused");
    for skew in [-120, 120] {
        emulator.skew(skew);
        let late = client.verify().await.unwrap_err();
        assert!(late.to_string().contains("clock"), "{late}");
    }
    emulator.skew(30);
    assert_eq!(client.verify().await, Ok(()));
}

#[tokio::test]
async fn each_device_has_its_outcome() {
    let (emulator, client) = snom().await;
    let (foreign, strange) = ("000413aabb02", "001565aabb03");
    emulator.provider().add_foreign(foreign.parse().unwrap());
    let entries = [device(MAC), device(foreign), device(strange), to("000413aabb04", "ftp//hidden"), device("000413aabb05")];
    let owned = Outcome::OwnedByOther { owner: None };
    let expected = vec![Outcome::Done, owned.clone(), Outcome::InvalidMac, Outcome::InvalidAddress, Outcome::Done];
    assert_eq!(client.register(&entries).await, Ok(expected));
    assert_eq!(client.retarget(&[device(foreign)]).await, Ok(vec![owned.clone()]));
    assert_eq!(client.unregister(&[device(foreign), device(MAC)]).await, Ok(vec![owned, Outcome::Done]));
    assert_eq!(emulator.provider().endpoint_count(), 1);
    let profile = aimed(MAC, Target::Profile("1".to_owned()));
    assert_eq!(client.register(&[profile]).await.unwrap_err().code(), "refused");
}

#[tokio::test]
async fn a_key_that_may_not_write_is_told() {
    let (emulator, client) = snom().await;
    emulator.provider().habits.push(Habit::ReadsOnly);
    assert_eq!(client.verify().await, Ok(()));
    assert_eq!(client.register(&[device(MAC)]).await.unwrap_err().code(), "not_permitted");
}

#[tokio::test]
async fn what_a_person_entered_there_stays_when_the_address_moves() {
    let (emulator, client) = snom().await;
    emulator.provider().add_by_hand(MAC.parse().unwrap(), "Lobby", "https://old.example.com/");
    assert_eq!(client.retarget(&[device(MAC)]).await, Ok(vec![Outcome::Done]));
    let endpoint = emulator.provider().endpoint(MAC.parse().unwrap()).cloned().unwrap();
    assert_eq!((&endpoint["name"], &endpoint["provisioning_profile"]), (&json!("Lobby"), &json!("profile-1")));
    assert_eq!(url(&emulator, MAC).as_deref(), Some(DOOR));
}

#[tokio::test]
async fn all_pages_are_read() {
    for habits in [vec![], vec![Habit::ListsInObjects]] {
        let (emulator, client) = snom().await;
        emulator.provider().habits = habits;
        emulator.provider().page_max = 500;
        for n in 0..7 {
            emulator.provider().add_by_hand(mac("000413", n), "x", DOOR);
        }
        assert_eq!(client.look_up(&device("000413000003")).await, Ok(ours("000413000003", DOOR)));
        emulator.provider().page_max = 3;
        let (mut found, mut cursor, mut pages) = (Vec::new(), None, 0);
        loop {
            let page = client.list(cursor.as_deref()).await.unwrap();
            found.extend(page.items);
            (cursor, pages) = (page.next, pages + 1);
            if cursor.is_none() {
                break;
            }
        }
        let expected: Vec<_> =
            (0..7).map(|n| Listed { mac: mac("000413", n), target: Some(Secret::new(DOOR.to_owned())), asked: None }).collect();
        assert_eq!((found, pages), (expected, 3));
    }
}

#[tokio::test]
async fn what_public_sources_leave_open_may_be_either_way() {
    let (emulator, client) = start(Kind::GigasetGrape, Maker::Gigaset).await;
    emulator.provider().habits = vec![Habit::NoSingleReads, Habit::NoEcho, Habit::OtherSection];
    let (here, absent) = ("7c2f80aabb01", "7c2f80aabb02");
    assert_eq!(client.register(&[device(here)]).await, Ok(vec![Outcome::Done]));
    assert_eq!(client.retarget(&[to(here, OTHER_DOOR)]).await, Ok(vec![Outcome::Done]));
    assert_eq!(client.look_up(&device(here)).await, Ok(ours(here, OTHER_DOOR)));
    assert_eq!(client.look_up(&device(absent)).await, Ok(Standing::NotVisible));
}

#[tokio::test]
async fn a_lost_answer_leaves_a_doubt_that_a_lookup_ends() {
    for fault in [Fault::LostAnswer, Fault::Malformed] {
        let (emulator, client) = snom().await;
        assert_eq!(client.look_up(&device(MAC)).await, Ok(Standing::NotVisible));
        emulator.forget_calls();
        emulator.fail_next("/companies", fault);
        let failure = client.register(&[device(MAC)]).await.unwrap_err();
        assert!(failure.leaves_doubt(), "{failure:?}");
        assert_eq!(emulator.count(), 1, "a write is sent once");
        assert_eq!(client.look_up(&device(MAC)).await, Ok(ours(MAC, DOOR)));
    }
    let (emulator, client) = snom().await;
    client.look_up(&device(MAC)).await.unwrap();
    emulator.fail_next(&format!("/companies/0a1b2c3d/endpoints/{}", mac("000413", 1)), Fault::LostCall);
    let entries: Vec<_> = (0..3).map(|n| device(&mac("000413", n).to_string())).collect();
    assert_eq!(client.register(&entries).await, Ok(vec![Outcome::Done, Outcome::Uncertain, Outcome::Uncertain]));
    assert_eq!(emulator.provider().endpoint_count(), 1);
}

#[tokio::test]
async fn pauses_and_breakdowns_are_told() {
    let (emulator, client) = snom().await;
    emulator.fail_next("/tokens", Fault::TooMany(Some(7)));
    let pause = Some(std::time::Duration::from_secs(7));
    assert_eq!(client.register(&[device(MAC)]).await, Err(Failure::RateLimited { pause }));
    emulator.fail_next("/settings", Fault::Broken(502));
    assert_eq!(client.register(&[device(MAC)]).await, Err(Failure::Broken { status: 502 }));
    emulator.fail_next("/settings", Fault::Malformed);
    assert_eq!(client.register(&[device(MAC)]).await.unwrap_err().code(), "protocol");
    assert_eq!(client.register(&[device(MAC)]).await, Ok(vec![Outcome::Done]));
}

#[tokio::test]
async fn no_signature_goes_to_another_host() {
    let (emulator, client) = snom().await;
    let (elsewhere, _) = snom().await;
    emulator.provider().company_host = Some(elsewhere.base().replace("https://", ""));
    let failure = client.register(&[device(MAC)]).await.unwrap_err();
    assert_eq!((failure.code(), elsewhere.count()), ("protocol", 0));
    emulator.provider().company_host = None;
    let failure = client.list(Some(&format!("{}/x", elsewhere.base()))).await.unwrap_err();
    assert_eq!((failure.code(), elsewhere.count()), ("protocol", 0));
}

#[tokio::test]
async fn no_failure_tells_a_secret() {
    let (emulator, client) = snom().await;
    let told = client.register(&[to(MAC, "odd:hidden-token")]).await;
    assert_eq!(told, Ok(vec![Outcome::InvalidAddress]));
    let mut said = vec![format!("{told:?} {:?}", device(MAC))];
    for fault in [Fault::LostAnswer, Fault::Malformed, Fault::Broken(500), Fault::TooMany(None)] {
        emulator.fail_next("/companies", fault);
        let failure = client.register(&[device(MAC)]).await.unwrap_err();
        said.extend([failure.to_string(), format!("{failure:?}")]);
    }
    assert_eq!(client.register(&[device(MAC)]).await, Ok(vec![Outcome::Done]));
    emulator.fail_next("/companies", Fault::Malformed);
    said.extend([format!("{:?}", client.look_up(&device(MAC)).await), format!("{:?}", client.list(None).await)]);
    assert!(said.iter().all(|said| !said.contains("hidden")), "{said:?}");
}
