//! Poly Zero Touch.

use std::collections::BTreeSet;
use std::time::Duration;

use domain::{Mac, Secret};
use phonesim::services::poly_zero_touch::{Again, Next, PolyZeroTouch};
use phonesim::services::{Emulator, Fault, Provider};
use redirect::{Failure, Kind, Outcome, Service, Standing, Target};

use crate::support::{DOOR, PASSWORD, account, entry, open, profile};

const KEY: &str = "key-of-the-partner-account";
const FIELDS: &[(&str, &str)] = &[("api_key", KEY)];
const OTHER: Outcome = Outcome::OwnedByOther { owner: None };

struct Desk {
    emulator: Emulator<PolyZeroTouch>,
    service: Box<dyn Service>,
    profile: String,
}

/// The service, with a profile that is there already.
async fn desk() -> Desk {
    let emulator = Emulator::start(PolyZeroTouch::new(KEY)).await.unwrap();
    let service = open(Kind::PolyZeroTouch, &emulator, "/v1", FIELDS);
    let profile = service.ensure_profile(&profile("rf-1"), false).await.unwrap();
    emulator.forget_calls();
    Desk { emulator, service, profile }
}

fn mac(number: u64) -> Mac {
    format!("64167f{number:06x}").parse().unwrap()
}

impl Desk {
    fn entry(&self, number: u64) -> redirect::Entry {
        entry(mac(number), None, &self.profile)
    }

    async fn registered(count: u64) -> Self {
        let desk = desk().await;
        for number in 0..count {
            assert_eq!(desk.service.register(&[desk.entry(number)]).await, Ok(vec![Outcome::Done]));
        }
        desk.emulator.forget_calls();
        desk
    }

    async fn register(&self, number: u64) -> Outcome {
        self.service.register(&[self.entry(number)]).await.unwrap().remove(0)
    }

    async fn stands(&self, number: u64) -> Option<String> {
        match self.service.look_up(&self.entry(number)).await.unwrap() {
            Standing::Ours(listed) => Some(listed.target.unwrap().expose().clone()),
            Standing::NotVisible => None,
            other => panic!("{other:?}"),
        }
    }

    fn calls(&self) -> Vec<String> {
        self.emulator
            .calls()
            .iter()
            .map(|call| format!("{} {} {}", call.method, call.path.trim_start_matches("/v1/"), call.status))
            .collect()
    }
}

#[tokio::test]
async fn an_account_is_verified() {
    let desk = desk().await;
    assert_eq!(desk.service.verify().await, Ok(()));
    assert_eq!(desk.calls(), ["GET profiles 200"]);
    let wrong = open(Kind::PolyZeroTouch, &desk.emulator, "/v1", &[("api_key", "guess")]);
    for status in [401, 403] {
        desk.emulator.provider().options.key_status = status;
        assert_eq!(wrong.verify().await, Err(Failure::Auth));
    }
}

#[tokio::test]
async fn a_profile_is_made_once_and_written_when_it_differs() {
    let desk = desk().await;
    assert_eq!(desk.service.ensure_profile(&profile("rf-1"), false).await.as_ref(), Ok(&desk.profile));
    assert_eq!(desk.calls(), ["GET profiles 200".to_owned(), format!("GET profiles/{} 200", desk.profile)], "nothing is written");
    assert_ne!(desk.service.ensure_profile(&profile("rf-12"), false).await.as_ref(), Ok(&desk.profile));

    let mut changed = profile("rf-1");
    changed.password = "leaflet-password-2".into();
    let password = |desk: &Desk| desk.emulator.provider().profiles()[&desk.profile].password.clone();
    desk.service.ensure_profile(&changed, false).await.unwrap();
    assert_eq!(password(&desk), PASSWORD, "a password cannot be read back, and is written when it is told to be");
    desk.service.ensure_profile(&changed, true).await.unwrap();
    assert_eq!(password(&desk), "leaflet-password-2");
    // Somebody switched it off by hand.
    desk.emulator.provider().profiles().get_mut(&desk.profile).unwrap().enabled = false;
    desk.service.ensure_profile(&changed, false).await.unwrap();
    assert!(desk.emulator.provider().profiles()[&desk.profile].enabled);
    changed.user = "x".repeat(65);
    desk.emulator.forget_calls();
    assert!(matches!(desk.service.ensure_profile(&changed, false).await, Err(Failure::Refused { .. })));
    assert_eq!(desk.emulator.count(), 0, "what does not fit is not sent");
}

#[tokio::test]
async fn a_profile_is_removed_when_nobody_has_it() {
    let desk = Desk::registered(1).await;
    assert!(matches!(desk.service.remove_profile(&desk.profile).await, Err(Failure::Refused { .. })));
    desk.service.unregister(&[desk.entry(0)]).await.unwrap();
    assert_eq!(desk.service.remove_profile(&desk.profile).await, Ok(()));
    assert_eq!(desk.service.remove_profile(&desk.profile).await, Ok(()), "absent is done");
    assert_eq!(desk.service.remove_profile("../devices").await, Ok(()), "an id that is none is nobody's");
}

#[tokio::test]
async fn a_device_is_registered_with_its_profile() {
    let desk = Desk::registered(1).await;
    let directions = desk.emulator.provider().directions(mac(0)).unwrap();
    assert_eq!((directions.url.as_str(), directions.user.as_str(), directions.password.as_str()), (DOOR, "phone", PASSWORD));
    assert_eq!(desk.stands(0).await, Some(desk.profile.clone()));
}

#[tokio::test]
async fn each_refusal_has_its_outcome() {
    let desk = Desk::registered(1).await;
    desk.emulator.provider().add_foreign(mac(1));
    assert_eq!(desk.register(0).await, Outcome::AlreadyOurs);
    assert_eq!(desk.register(1).await, OTHER);
    let mut bad = desk.entry(2);
    bad.mac = "000413000002".parse().unwrap();
    let mut gone = desk.entry(3);
    gone.target = Target::Profile("prof-0".to_owned());
    let mut address = desk.entry(4);
    address.target = Target::Address(Secret::from(DOOR));
    // Each is one call of its own; what one comes to stops nobody behind it.
    let outcomes = desk.service.register(&[bad, gone, address, desk.entry(5)]).await.unwrap();
    assert_eq!(outcomes[..2], [Outcome::InvalidMac, Outcome::InvalidProfile]);
    assert!(matches!(outcomes[2], Outcome::Refused { .. }));
    assert_eq!(outcomes[3], Outcome::Done);
}

#[tokio::test]
async fn registering_again_is_read_however_it_is_answered() {
    for (again, same, other) in [
        (Again::Conflict, Outcome::AlreadyOurs, Outcome::AlreadyOurs),
        (Again::Keeps, Outcome::Done, Outcome::AlreadyOurs),
        (Again::Moves, Outcome::Done, Outcome::Done),
    ] {
        let desk = Desk::registered(1).await;
        desk.emulator.provider().options.again = again;
        assert_eq!(desk.register(0).await, same, "{again:?}");
        let second = desk.service.ensure_profile(&profile("rf-2"), false).await.unwrap();
        let mut entry = desk.entry(0);
        entry.target = Target::Profile(second.clone());
        assert_eq!(desk.service.register(std::slice::from_ref(&entry)).await, Ok(vec![other]), "{again:?}");
        assert_eq!(desk.service.retarget(&[entry]).await, Ok(vec![Outcome::Done]));
        assert_eq!(desk.stands(0).await, Some(second));
    }
}

#[tokio::test]
async fn a_device_is_sent_elsewhere_by_removing_it_first() {
    let desk = Desk::registered(1).await;
    let second = desk.service.ensure_profile(&profile("rf-2"), false).await.unwrap();
    desk.emulator.forget_calls();
    let to = |number: u64, profile: &str| redirect::Entry { target: Target::Profile(profile.to_owned()), ..desk.entry(number) };
    // Nothing is removed for a profile that is not there, nor for the one that it has.
    assert_eq!(desk.service.retarget(&[to(0, "prof-0")]).await, Ok(vec![Outcome::InvalidProfile]));
    assert_eq!(desk.service.retarget(&[desk.entry(0)]).await, Ok(vec![Outcome::Done]));
    assert_eq!(desk.service.retarget(&[to(7, &second)]).await, Ok(vec![Outcome::NotFound]));
    assert!(!desk.calls().iter().any(|call| call.starts_with("DELETE")), "{:?}", desk.calls());
    assert_eq!(desk.service.retarget(&[to(0, &second)]).await, Ok(vec![Outcome::Done]));
    assert_eq!(desk.stands(0).await, Some(second));
}

#[tokio::test]
async fn a_move_that_ends_halfway_is_uncertain() {
    let desk = Desk::registered(1).await;
    let second = desk.service.ensure_profile(&profile("rf-2"), false).await.unwrap();
    let entry = redirect::Entry { target: Target::Profile(second.clone()), ..desk.entry(0) };
    let moved = async |fault: Fault, call: &str| {
        desk.emulator.fail_next(call, fault);
        desk.service.retarget(std::slice::from_ref(&entry)).await
    };
    for (fault, call) in [(Fault::LostCall, "GET /v1/devices/"), (Fault::Broken(500), "GET /v1/profiles/")] {
        assert!(!moved(fault, call).await.unwrap_err().leaves_doubt(), "what is asked before writes nothing");
    }
    assert!(moved(Fault::LostCall, "DELETE /v1/devices/").await.unwrap_err().leaves_doubt());
    assert_eq!(desk.stands(0).await, Some(desk.profile.clone()));
    // Removed, and whether it was registered again nobody knows: once it was not, once it was.
    assert_eq!(moved(Fault::LostCall, "POST /v1/devices").await, Ok(vec![Outcome::Uncertain]));
    assert_eq!(desk.stands(0).await, None);
    desk.service.register(&[desk.entry(0)]).await.unwrap();
    assert_eq!(moved(Fault::LostAnswer, "POST /v1/devices").await, Ok(vec![Outcome::Uncertain]));
    assert_eq!(desk.stands(0).await, Some(second));
}

#[tokio::test]
async fn devices_are_removed_and_absent_is_done() {
    let desk = Desk::registered(1).await;
    desk.emulator.provider().add_foreign(mac(2));
    let entries: Vec<_> = (0..3).map(|number| desk.entry(number)).collect();
    assert_eq!(desk.service.unregister(&entries).await, Ok(vec![Outcome::Done; 3]), "ours, nobody's, another's");
    assert!(desk.emulator.provider().devices().is_empty());
}

#[tokio::test]
async fn a_lookup_survives_every_spelling() {
    let desk = Desk::registered(1).await;
    desk.emulator.provider().add_foreign(mac(1));
    for (field, capitals) in [("profile", true), ("profileid", false), ("profileId", true)] {
        desk.emulator.provider().options.profile_field = field;
        desk.emulator.provider().options.capitals = capitals;
        assert_eq!(desk.stands(0).await, Some(desk.profile.clone()), "{field}");
    }
    assert_eq!(desk.service.look_up(&desk.entry(1)).await, Ok(Standing::NotVisible), "foreign");
    assert_eq!(desk.service.look_up(&desk.entry(2)).await, Ok(Standing::NotVisible), "nobody's");
    desk.emulator.provider().options.shows_foreign = true;
    assert_eq!(desk.service.look_up(&desk.entry(1)).await, Ok(Standing::Foreign { owner: None }));
}

#[tokio::test]
async fn the_list_goes_over_pages() {
    let desk = Desk::registered(120).await;
    for next in [Next::Cursor, Next::Address] {
        desk.emulator.provider().options.next = next;
        desk.emulator.forget_calls();
        let (mut found, mut cursor) = (BTreeSet::new(), None);
        loop {
            let page = desk.service.list(cursor.as_deref()).await.unwrap();
            assert!(page.items.iter().all(|listed| listed.target.as_ref().is_some_and(|target| *target.expose() == desk.profile)));
            found.extend(page.items.iter().map(|listed| listed.mac));
            cursor = page.next;
            if cursor.is_none() {
                break;
            }
        }
        assert_eq!((found.len(), desk.emulator.count()), (120, 3), "{next:?}");
    }
}

#[tokio::test]
async fn a_next_page_elsewhere_is_not_fetched() {
    let desk = Desk::registered(60).await;
    desk.emulator.provider().options.next = Next::Elsewhere;
    assert!(matches!(desk.service.list(None).await, Err(Failure::Protocol { .. })));
    // Nor one that leads to itself, for ever.
    desk.emulator.provider().options.next = Next::Itself;
    let first = desk.service.list(None).await.unwrap().next.unwrap();
    assert!(matches!(desk.service.list(Some(&first)).await, Err(Failure::Protocol { .. })));
}

#[tokio::test]
async fn a_write_whose_answer_is_lost_is_looked_up() {
    for (number, fault) in [Fault::LostAnswer, Fault::Malformed].into_iter().enumerate() {
        let desk = desk().await;
        desk.emulator.fail_next("/v1/devices", fault);
        let number = number as u64;
        let failure = desk.service.register(&[desk.entry(number)]).await.unwrap_err();
        assert!(failure.leaves_doubt(), "{failure:?}");
        assert_eq!(desk.emulator.count(), 1, "sent once");
        assert_eq!(desk.stands(number).await, Some(desk.profile.clone()));
    }
    // The second of a row: the first one's outcome stays.
    let desk = desk().await;
    desk.emulator.provider().add_foreign(mac(0));
    desk.emulator.fail_next(&format!("/v1/devices/{}", mac(1)), Fault::LostAnswer);
    let entries: Vec<_> = (0..3).map(|number| desk.entry(number)).collect();
    assert_eq!(desk.service.unregister(&entries).await, Ok(vec![Outcome::Done, Outcome::Uncertain, Outcome::Uncertain]));
}

#[tokio::test]
async fn a_pause_is_told() {
    let desk = desk().await;
    desk.emulator.fail_next("/v1/devices", Fault::TooMany(Some(30)));
    let failure = desk.service.register(&[desk.entry(0)]).await.unwrap_err();
    assert_eq!(failure, Failure::RateLimited { pause: Some(Duration::from_secs(30)) });
    desk.emulator.fail_next("/v1/devices", Fault::Broken(503));
    assert!(desk.service.register(&[desk.entry(0)]).await.unwrap_err().leaves_doubt());
}

#[tokio::test]
async fn no_secret_is_in_what_is_said() {
    let desk = desk().await;
    desk.emulator.provider().options.echoes = true;
    let failure = desk.service.ensure_profile(&profile("rf-2"), false).await.unwrap_err();
    let account = account(Kind::PolyZeroTouch, &desk.emulator.base(), FIELDS);
    let said = format!("{failure} {failure:?} {account:?} {:?}", desk.emulator.provider());
    assert!(failure.to_string().contains("refused:"), "{failure}");
    for secret in [KEY, PASSWORD, "phones.example.com"] {
        assert!(!said.contains(secret), "{said}");
    }
}
