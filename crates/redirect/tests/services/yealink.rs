//! Yealink's management cloud.

use domain::{Mac, Secret};
use phonesim::services::ymcs::Ymcs;
use phonesim::services::{Emulator, Fault};
use redirect::{Account, Failure, Kind, Outcome, Road, Service, Standing, Target};

use crate::support::{DOOR, PASSWORD, account, chance, clock, entry, open, profile};

const KEY: &str = "key-1";
const SECRET: &str = "secret-of-the-key-1";
const FIELDS: &[(&str, &str)] = &[("key_id", KEY), ("secret", SECRET)];
const BY_MAC: &[(&str, &str)] = &[("key_id", KEY), ("secret", SECRET), ("without_serial", "yes")];
const OTHER: Outcome = Outcome::OwnedByOther { owner: None };

struct Desk {
    emulator: Emulator<Ymcs>,
    service: Box<dyn Service>,
    server: String,
}

/// The service, with a server that is there already.
async fn desk(fields: &[(&str, &str)]) -> Desk {
    let emulator = Emulator::start(Ymcs::new(KEY, SECRET)).await.unwrap();
    emulator.provider().options.without_serial = fields.len() == BY_MAC.len();
    let service = open(Kind::YealinkYmcs, &emulator, "", fields);
    let server = service.ensure_profile(&profile("rf-1"), false).await.unwrap();
    emulator.forget_calls();
    Desk { emulator, service, server }
}

fn mac(number: u64) -> Mac {
    format!("001565{number:06x}").parse().unwrap()
}

impl Desk {
    fn entry(&self, number: u64) -> redirect::Entry {
        entry(mac(number), Some(&format!("S{number}")), &self.server)
    }

    fn entries(&self, numbers: std::ops::Range<u64>) -> Vec<redirect::Entry> {
        numbers.map(|number| self.entry(number)).collect()
    }

    /// Paths of the calls so far.
    fn calls(&self) -> Vec<String> {
        let calls = self.emulator.calls();
        calls.iter().map(|call| format!("{} {}", call.path.trim_start_matches("/v2/").trim_start_matches("rps/"), call.status)).collect()
    }

    async fn registered(fields: &[(&str, &str)], count: u64) -> Self {
        let desk = desk(fields).await;
        let outcomes = desk.service.register(&desk.entries(0..count)).await.unwrap();
        assert!(outcomes.iter().all(Outcome::is_done), "{outcomes:?}");
        desk.emulator.forget_calls();
        desk
    }

    async fn stands(&self, number: u64) -> Option<String> {
        match self.service.look_up(&self.entry(number)).await.unwrap() {
            Standing::Ours(listed) => Some(listed.target.unwrap().expose().clone()),
            Standing::NotVisible => None,
            other => panic!("{other:?}"),
        }
    }
}

#[tokio::test]
async fn an_account_is_verified() {
    let desk = desk(FIELDS).await;
    assert_eq!(desk.service.verify().await, Ok(()));
    let wrong = open(Kind::YealinkYmcs, &desk.emulator, "", &[("key_id", KEY), ("secret", "guess")]);
    assert_eq!(wrong.verify().await, Err(Failure::Auth));
    desk.emulator.provider().options.forbidden = true;
    assert!(matches!(desk.service.verify().await, Err(Failure::NotPermitted { .. })));
    desk.emulator.provider().options.forbidden = false;
    // A kept token would still do; the test of an account must not take it for proof.
    desk.emulator.provider().reacquire("another");
    assert_eq!(desk.service.verify().await, Err(Failure::Auth));
}

#[tokio::test]
async fn one_token_serves_until_its_end() {
    let desk = desk(FIELDS).await;
    for number in 0..3 {
        assert_eq!(desk.stands(number).await, None);
    }
    assert_eq!(desk.calls(), ["listDevices 200"; 3]);
    desk.emulator.forget_calls();
    desk.emulator.provider().expire_tokens();
    // It ended early: renewed once, and the write, of which nothing was done, sent again.
    assert_eq!(desk.service.register(&desk.entries(0..1)).await, Ok(vec![Outcome::Done]));
    assert_eq!(desk.calls(), ["addDevices 401", "token 200", "addDevices 200"]);
    // One that ends within a minute is not used for a second call.
    desk.emulator.provider().expire_tokens();
    desk.emulator.provider().live_for(30);
    desk.stands(0).await;
    desk.emulator.forget_calls();
    desk.stands(0).await;
    assert_eq!(desk.calls(), ["token 200", "listDevices 200"]);
}

#[tokio::test]
async fn a_clock_that_is_off_is_told_from_a_wrong_key() {
    let desk = desk(FIELDS).await;
    desk.emulator.skew(3600);
    let failure = desk.service.verify().await.unwrap_err();
    assert!(matches!(&failure, Failure::Refused { said } if said.starts_with("500401")), "{failure:?}");
}

#[tokio::test]
async fn a_nonce_that_repeats_is_refused() {
    let emulator = Emulator::start(Ymcs::new(KEY, SECRET)).await.unwrap();
    let road = Road::new(&[emulator.authority()], clock, |bytes| bytes.fill(7)).unwrap().in_a_hurry();
    let service = account(Kind::YealinkYmcs, &emulator.base(), FIELDS).open(&road);
    let failure = service.verify().await.unwrap_err();
    assert!(matches!(&failure, Failure::Refused { said } if said.starts_with("500403")), "{failure:?}");
}

#[tokio::test]
async fn a_server_is_made_once_and_written_when_it_differs() {
    let desk = desk(FIELDS).await;
    let same = desk.service.ensure_profile(&profile("rf-1"), false).await.unwrap();
    assert_eq!(same, desk.server);
    assert_eq!(desk.calls(), ["listServers 200".to_owned(), format!("servers/{same} 200")], "nothing is written");
    // A name of which ours is a part is another one.
    let longer = desk.service.ensure_profile(&profile("rf-12"), false).await.unwrap();
    assert_ne!(longer, same);
    assert_eq!(desk.service.ensure_profile(&profile("rf-1"), false).await.unwrap(), same);

    let mut changed = profile("rf-1");
    changed.password = "leaflet-password-2".into();
    desk.service.ensure_profile(&changed, false).await.unwrap();
    assert_eq!(desk.password(), PASSWORD, "a password cannot be read back, and is written when it is told to be");
    desk.service.ensure_profile(&changed, true).await.unwrap();
    assert_eq!(desk.password(), "leaflet-password-2");
    changed.door = "https://phones.example.net:8443/cfg/".to_owned();
    desk.service.ensure_profile(&changed, false).await.unwrap();
    let door = desk.emulator.provider().servers().find(|(id, _)| *id == same).map(|(_, server)| server.url.clone());
    assert_eq!(door, Some(changed.door));
}

impl Desk {
    fn password(&self) -> String {
        let provider = self.emulator.provider();
        provider.servers().find(|(id, _)| *id == self.server).map(|(_, server)| server.password.clone()).unwrap()
    }
}

#[tokio::test]
async fn a_server_that_does_not_fit_is_not_sent() {
    let desk = desk(FIELDS).await;
    let mut long = profile("a-name-of-21-letters-");
    assert!(matches!(desk.service.ensure_profile(&long, false).await, Err(Failure::Refused { .. })));
    long.name = "rf-2".to_owned();
    long.password = Secret::new("x".repeat(33));
    assert!(matches!(desk.service.ensure_profile(&long, false).await, Err(Failure::Refused { .. })));
    assert_eq!(desk.emulator.count(), 0);
    desk.emulator.provider().add_foreign_server("rf-3");
    assert!(matches!(desk.service.ensure_profile(&profile("rf-3"), false).await, Err(Failure::Refused { .. })));
}

#[tokio::test]
async fn a_server_is_removed_when_nobody_has_it() {
    let desk = Desk::registered(FIELDS, 1).await;
    assert!(matches!(desk.service.remove_profile(&desk.server).await, Err(Failure::Refused { .. })));
    desk.service.unregister(&desk.entries(0..1)).await.unwrap();
    assert_eq!(desk.service.remove_profile(&desk.server).await, Ok(()));
    assert_eq!(desk.service.remove_profile(&desk.server).await, Ok(()), "absent is done");
}

#[tokio::test]
async fn devices_are_registered_a_hundred_a_call() {
    let desk = desk(FIELDS).await;
    let outcomes = desk.service.register(&desk.entries(0..250)).await.unwrap();
    assert_eq!(outcomes, vec![Outcome::Done; 250]);
    assert_eq!(desk.calls(), ["addDevices 200"; 3]);
    let told = desk.emulator.provider().device(mac(7)).cloned().unwrap();
    assert_eq!((told.serial.as_str(), &told.server_id, told.own_url.as_str()), ("S7", &desk.server, ""));
    let directions = phonesim::services::Provider::directions(&*desk.emulator.provider(), mac(7)).unwrap();
    assert_eq!((directions.url.as_str(), directions.user.as_str(), directions.password.as_str()), (DOOR, "phone", PASSWORD));
}

#[tokio::test]
async fn each_of_a_bulk_has_its_own_outcome() {
    for codes_in_texts in [false, true] {
        let desk = Desk::registered(FIELDS, 1).await;
        {
            let mut provider = desk.emulator.provider();
            provider.options.codes_in_texts = codes_in_texts;
            provider.options.checks_serials = true;
            provider.add_foreign(mac(1));
            provider.know_serial(mac(2), "another");
        }
        let mut entries = desk.entries(0..6);
        entries[3].mac = "000413000003".parse().unwrap();
        entries[4].serial = None;
        let outcomes = desk.service.register(&entries).await.unwrap();
        let expected = [Outcome::AlreadyOurs, OTHER, Outcome::InvalidSerial, Outcome::InvalidMac, Outcome::MissingSerial, Outcome::Done];
        assert_eq!(outcomes, expected, "{codes_in_texts}");
    }
}

#[tokio::test]
async fn failures_that_are_not_named_leave_all_of_a_bulk_uncertain() {
    let desk = desk(FIELDS).await;
    desk.emulator.provider().options.unnamed_failures = true;
    desk.emulator.provider().add_foreign(mac(1));
    assert_eq!(desk.service.register(&desk.entries(0..3)).await, Ok(vec![Outcome::Uncertain; 3]));
    assert_eq!((desk.stands(0).await, desk.stands(1).await), (Some(desk.server.clone()), None));
}

#[tokio::test]
async fn one_that_is_refused_for_all_stops_nobody_else() {
    let desk = desk(FIELDS).await;
    desk.emulator.provider().options.whole_batches = true;
    desk.emulator.provider().add_foreign(mac(37));
    let outcomes = desk.service.register(&desk.entries(0..100)).await.unwrap();
    let done = outcomes.iter().filter(|outcome| outcome.is_done()).count();
    assert_eq!((done, &outcomes[37]), (99, &OTHER));
    assert!(desk.emulator.count() < 20, "found by halves: {} calls", desk.emulator.count());
}

#[tokio::test]
async fn a_server_that_is_gone_is_told_of_those_that_were_to_have_it() {
    let desk = desk(FIELDS).await;
    let mut entries = desk.entries(0..10);
    entries[4].target = Target::Profile("0051ff".to_owned());
    entries[5].target = Target::Address(Secret::from(DOOR));
    entries[6].target = Target::Profile("../devices".to_owned());
    let outcomes = desk.service.register(&entries).await.unwrap();
    assert_eq!((&outcomes[4], &outcomes[6]), (&Outcome::InvalidProfile, &Outcome::InvalidProfile));
    assert!(matches!(outcomes[5], Outcome::Refused { .. }));
    assert_eq!(outcomes.iter().filter(|outcome| outcome.is_done()).count(), 7);
}

#[tokio::test]
async fn an_account_that_may_goes_without_serial_numbers() {
    let by_mac = desk(BY_MAC).await;
    let mut entries = by_mac.entries(0..2);
    entries[0].serial = None;
    assert_eq!(by_mac.service.register(&entries).await, Ok(vec![Outcome::Done; 2]));
    assert_eq!(by_mac.calls(), ["addDevicesByMac 200"]);
    // The switch says so, and Yealink does not.
    by_mac.emulator.provider().options.without_serial = false;
    let failure = by_mac.service.register(&entries).await.unwrap_err();
    assert!(matches!(&failure, Failure::NotPermitted { .. }) && !failure.leaves_doubt(), "{failure:?}");
}

#[tokio::test]
async fn devices_are_sent_elsewhere_in_place() {
    let desk = Desk::registered(FIELDS, 2).await;
    let other = desk.service.ensure_profile(&profile("rf-2"), false).await.unwrap();
    let mut entries = desk.entries(0..4);
    for entry in &mut entries {
        entry.target = Target::Profile(other.clone());
    }
    entries[1].target = Target::Profile("0051ff".to_owned());
    entries[3] = desk.entry(0);
    entries[3].target = Target::Profile(other.clone());
    let outcomes = desk.service.retarget(&entries).await.unwrap();
    assert_eq!(outcomes, [Outcome::Done, Outcome::InvalidProfile, Outcome::NotFound, Outcome::Done]);
    assert_eq!((desk.stands(0).await, desk.stands(1).await), (Some(other), Some(desk.server.clone())));
    assert!(!desk.calls().iter().any(|call| call.starts_with("delDevices")));
}

#[tokio::test]
async fn what_a_device_has_of_its_own_is_cleared() {
    let desk = Desk::registered(FIELDS, 3).await;
    "https://elsewhere.example.net/".clone_into(&mut desk.emulator.provider().device(mac(0)).unwrap().own_url);
    "somebody".clone_into(&mut desk.emulator.provider().device(mac(1)).unwrap().auth_name);
    assert_eq!(desk.stands(0).await, Some("https://elsewhere.example.net/".to_owned()), "it wins over the server");
    let mut entries = desk.entries(0..2);
    // The service knows it.
    entries[0].serial = None;
    assert_eq!(desk.service.retarget(&entries).await, Ok(vec![Outcome::Done; 2]));
    let mut provider = desk.emulator.provider();
    for number in 0..2 {
        let device = provider.device(mac(number)).unwrap();
        assert_eq!((device.own_url.as_str(), device.auth_name.as_str(), device.serial.clone()), ("", "", format!("S{number}")));
    }
}

#[tokio::test]
async fn a_record_that_is_made_anew_halfway_is_uncertain() {
    let desk = Desk::registered(FIELDS, 1).await;
    "somebody".clone_into(&mut desk.emulator.provider().device(mac(0)).unwrap().auth_name);
    // Without a server to go to, nothing is removed.
    let mut entry = desk.entry(0);
    entry.target = Target::Profile("0051ff".to_owned());
    assert_eq!(desk.service.retarget(&[entry]).await, Ok(vec![Outcome::InvalidProfile]));
    assert!(desk.stands(0).await.is_some());
    desk.emulator.fail_next("/v2/rps/addDevices", Fault::LostCall);
    assert_eq!(desk.service.retarget(&desk.entries(0..1)).await, Ok(vec![Outcome::Uncertain]));
    assert_eq!(desk.stands(0).await, None);
    assert_eq!(desk.service.register(&desk.entries(0..1)).await, Ok(vec![Outcome::Done]));
}

#[tokio::test]
async fn devices_are_removed_and_absent_is_done() {
    for (unnamed, whole) in [(false, false), (true, false), (false, true)] {
        let desk = Desk::registered(FIELDS, 3).await;
        desk.emulator.provider().options.unnamed_failures = unnamed;
        desk.emulator.provider().options.whole_removals = whole;
        // 3 and 4 were never there.
        let outcomes = desk.service.unregister(&desk.entries(1..5)).await.unwrap();
        assert_eq!(outcomes, vec![Outcome::Done; 4], "{unnamed} {whole}");
        assert_eq!(desk.emulator.provider().devices().count(), 1);
    }
}

#[tokio::test]
async fn a_lookup_tells_ours_and_nothing_else() {
    let desk = Desk::registered(FIELDS, 1).await;
    desk.emulator.provider().add_foreign(mac(1));
    desk.emulator.provider().device(mac(0)).unwrap().connected_ms = 1_700_000_000_000;
    let Standing::Ours(listed) = desk.service.look_up(&desk.entry(0)).await.unwrap() else { panic!() };
    assert_eq!((listed.mac, listed.asked.map(domain::Time::millis)), (mac(0), Some(1_700_000_000_000)));
    assert_eq!(listed.target, Some(Secret::from(desk.server.as_str())));
    for number in [1, 2] {
        assert_eq!(desk.service.look_up(&desk.entry(number)).await, Ok(Standing::NotVisible), "foreign, or nobody's");
    }
}

#[tokio::test]
async fn the_list_goes_over_pages() {
    let desk = desk(FIELDS).await;
    let empty = desk.service.list(None).await.unwrap();
    assert_eq!((empty.items.len(), empty.next), (0, None));
    for from in (0..1200).step_by(100) {
        desk.service.register(&desk.entries(from..from + 100)).await.unwrap();
    }
    desk.emulator.forget_calls();
    let (mut found, mut cursor) = (std::collections::BTreeSet::new(), None);
    loop {
        let page = desk.service.list(cursor.as_deref()).await.unwrap();
        found.extend(page.items.iter().map(|listed| listed.mac));
        cursor = page.next;
        if cursor.is_none() {
            break;
        }
    }
    assert_eq!((found.len(), desk.emulator.count()), (1200, 3));
    assert!(matches!(desk.service.list(Some("elsewhere")).await, Err(Failure::Refused { .. })));
}

#[tokio::test]
async fn pins_come_in_the_order_asked() {
    let desk = Desk::registered(FIELDS, 3).await;
    desk.emulator.provider().set_pin(mac(0), "1111");
    desk.emulator.provider().set_pin(mac(2), "3333");
    let pins = desk.service.device_pins(&[mac(0), mac(1), mac(2)]).await.unwrap();
    assert_eq!(pins, [Some(Secret::from("1111")), None, Some(Secret::from("3333"))]);
}

#[tokio::test]
async fn a_write_whose_answer_is_lost_is_looked_up() {
    for fault in [Fault::LostAnswer, Fault::Malformed] {
        let desk = desk(FIELDS).await;
        desk.emulator.fail_next("/v2/rps/addDevices", fault);
        let failure = desk.service.register(&desk.entries(0..2)).await.unwrap_err();
        assert!(failure.leaves_doubt(), "{failure:?}");
        assert_eq!(desk.emulator.calls().iter().filter(|call| call.path.ends_with("addDevices")).count(), 1, "sent once");
        assert_eq!(desk.stands(1).await, Some(desk.server.clone()));
    }
    // A later batch: the first one's outcomes stay.
    let desk = desk(FIELDS).await;
    desk.service.register(&desk.entries(900..901)).await.unwrap();
    let mut entries = desk.entries(0..150);
    entries[120].target = Target::Profile(String::from("0051ff"));
    desk.emulator.fail_next("/v2/rps/servers/", Fault::Broken(502));
    let outcomes = desk.service.register(&entries).await.unwrap();
    assert_eq!(outcomes[..100], vec![Outcome::Done; 100]);
    assert_eq!(outcomes[100..], vec![Outcome::Uncertain; 50]);
}

#[tokio::test]
async fn failures_that_leave_no_doubt_leave_none() {
    let desk = desk(FIELDS).await;
    desk.emulator.fail_next("/v2/rps/addDevices", Fault::TooMany(Some(7)));
    let failure = desk.service.register(&desk.entries(0..1)).await.unwrap_err();
    assert_eq!(failure, Failure::RateLimited { pause: Some(std::time::Duration::from_secs(7)) });
    // What came of the call for a token says nothing of the write behind it, which was never sent.
    for fault in [Fault::LostAnswer, Fault::Malformed, Fault::Broken(500)] {
        desk.emulator.provider().expire_tokens();
        desk.emulator.fail_next("/v2/token", fault);
        let failure = desk.service.register(&desk.entries(0..1)).await.unwrap_err();
        assert!(!failure.leaves_doubt(), "{failure:?}");
    }
    desk.emulator.fail_next("/v2/rps/addDevices", Fault::Broken(500));
    assert!(desk.service.register(&desk.entries(0..1)).await.unwrap_err().leaves_doubt());
}

#[tokio::test]
async fn no_secret_is_in_what_is_said() {
    let desk = desk(FIELDS).await;
    desk.emulator.provider().options.echoes = true;
    let failure = desk.service.ensure_profile(&profile("rf-2"), false).await.unwrap_err();
    let road = Road::new(&[desk.emulator.authority()], clock, chance).unwrap();
    let account: Account = account(Kind::YealinkYmcs, &desk.emulator.base(), FIELDS);
    let said = format!("{failure} {failure:?} {account:?} {road:?} {:?} {:?}", profile("rf-2"), desk.emulator.provider());
    assert!(failure.to_string().contains("900400"), "{failure}");
    for secret in [SECRET, PASSWORD, "token-"] {
        assert!(!said.contains(secret), "{said}");
    }
    assert!(!failure.to_string().contains("phones.example.com"), "{failure}");
}

/// A certificate of somebody else's authority: nothing is sent, not even the key.
#[tokio::test]
async fn a_service_that_cannot_be_trusted_is_told_nothing() {
    let emulator = Emulator::start(Ymcs::new(KEY, SECRET)).await.unwrap();
    let other = Emulator::start(Ymcs::new(KEY, SECRET)).await.unwrap();
    let road = Road::new(&[other.authority()], clock, chance).unwrap().in_a_hurry();
    let service = account(Kind::YealinkYmcs, &emulator.base(), FIELDS).open(&road);
    assert!(matches!(service.verify().await, Err(Failure::Unreachable { .. })));
    assert_eq!(emulator.count(), 0);
}
