//! Grandstream's Device Management System.

use domain::{Mac, Secret, Time};
use phonesim::services::gdms::{Credentials, Gdms, Habit, SITES};
use phonesim::services::{Directions, Emulator, Fault, Provider as _};
use redirect::{Entry, Failure, Kind, Listed, Outcome, Profile, Service, Standing, Target};

use crate::support::{mac, open};

const ACCOUNT: [(&str, &str); 4] =
    [("user", "operator"), ("password", "hidden-password"), ("client_id", "100001"), ("client_secret", "hidden-client")];
const OUI: &str = "000b82";

type Played = Emulator<Gdms>;

async fn start() -> (Played, Box<dyn Service>) {
    start_with(&[]).await
}

async fn start_with(more: &[(&str, &str)]) -> (Played, Box<dyn Service>) {
    let text = |n: usize| ACCOUNT[n].1.to_owned();
    let credentials = Credentials { user: text(0), password: text(1), client_id: text(2), client_secret: text(3) };
    let mut service = Gdms::new(credentials);
    for n in 0..30 {
        service.make(mac(OUI, n), &serial(n));
    }
    let emulator = Emulator::start(service).await.unwrap();
    let client = open(Kind::GrandstreamGdms, &emulator, "", &[&ACCOUNT[..], more].concat());
    (emulator, client)
}

fn serial(n: usize) -> String {
    format!("20EZTEST{n:04}")
}

fn to(n: usize, door: &str, password: &str) -> Entry {
    let (name, user, password) = ("ringfence".to_owned(), "global".to_owned(), Secret::new(password.to_owned()));
    let profile = Profile { name, door: door.to_owned(), user, password };
    Entry { mac: mac(OUI, n), serial: Some(serial(n)), mac_id: None, target: Target::Config(Box::new(profile)) }
}

fn device(n: usize) -> Entry {
    to(n, "https://phones.example.com:8443/cfg/", "hidden<login>&")
}

fn devices(numbers: std::ops::Range<usize>) -> Vec<Entry> {
    numbers.map(device).collect()
}

fn told(emulator: &Played, n: usize) -> Option<Directions> {
    emulator.provider().directions(mac(OUI, n))
}

fn directions(url: &str, password: &str) -> Directions {
    Directions { url: url.to_owned(), user: "global".to_owned(), password: password.to_owned() }
}

fn ours(mac: Mac) -> Standing {
    Standing::Ours(Listed { mac, target: None, asked: Some(Time::from_millis(1_790_000_000_000)) })
}

fn count(emulator: &Played, path: &str) -> usize {
    emulator.calls().iter().filter(|call| call.path.ends_with(path)).count()
}

#[tokio::test]
async fn a_device_comes_moves_and_goes() {
    let (emulator, client) = start().await;
    assert_eq!(client.verify().await, Ok(()));
    assert_eq!(client.look_up(&device(1)).await, Ok(Standing::NotVisible));
    assert_eq!(client.register(&[device(1)]).await, Ok(vec![Outcome::Done]));
    assert_eq!(told(&emulator, 1), Some(directions("https://phones.example.com:8443/cfg/", "hidden<login>&")));
    assert_eq!(client.look_up(&device(1)).await, Ok(ours(mac(OUI, 1))));
    let moved = to(1, "https://phones.example.net/cfg/", "hidden-next");
    assert_eq!(client.retarget(&[moved]).await, Ok(vec![Outcome::Done]));
    assert_eq!(told(&emulator, 1), Some(directions("https://phones.example.net/cfg/", "hidden-next")));
    for _ in 0..2 {
        assert_eq!(client.unregister(&[device(1)]).await, Ok(vec![Outcome::Done]));
    }
    assert_eq!((told(&emulator, 1), client.look_up(&device(1)).await), (None, Ok(Standing::NotVisible)));
    assert_eq!(client.retarget(&[device(1)]).await, Ok(vec![Outcome::NotFound]));
}

#[tokio::test]
async fn many_are_added_in_one_call_and_signed_in_once() {
    let (emulator, client) = start().await;
    assert_eq!(client.register(&devices(0..20)).await, Ok(vec![Outcome::Done; 20]));
    let counts = ["oauth/token", "org/list", "site/list", "device/add", "config/xml"].map(|path| count(&emulator, path));
    assert_eq!((counts, emulator.count()), ([1, 1, 1, 1, 20], 24));
    assert_eq!(client.unregister(&devices(0..20)).await, Ok(vec![Outcome::Done; 20]));
    assert_eq!((count(&emulator, "device/delete"), emulator.provider().device_count()), (1, 0));
}

#[tokio::test]
async fn wrong_credentials_are_told() {
    let (emulator, _) = start().await;
    for wrong in 0..4 {
        let mut account = ACCOUNT;
        account[wrong].1 = "hidden-wrong";
        assert_eq!(open(Kind::GrandstreamGdms, &emulator, "", &account).verify().await, Err(Failure::Auth), "{wrong}");
    }
}

#[tokio::test]
async fn devices_go_to_the_site_that_is_named() {
    let [(main, _), (branch, name)] = SITES;
    let id = branch.to_string();
    for (fields, expected) in [
        (vec![], main),
        (vec![("site", name)], branch),
        (vec![("site", "branch"), ("organization", "example")], branch),
        (vec![("site", id.as_str()), ("organization", "71")], branch),
    ] {
        for habits in [vec![], vec![Habit::LooseShapes]] {
            let (emulator, client) = start_with(&fields).await;
            emulator.provider().habits = habits;
            assert_eq!(client.register(&[device(1)]).await, Ok(vec![Outcome::Done]), "{fields:?}");
            assert_eq!(emulator.provider().site(mac(OUI, 1)), Some(expected), "{fields:?}");
        }
    }
    for fields in [[("site", "Nowhere")], [("organization", "Nobody")]] {
        let (_emulator, client) = start_with(&fields).await;
        assert_eq!(client.verify().await.unwrap_err().code(), "refused", "{fields:?}");
    }
}

#[tokio::test]
async fn each_device_has_its_outcome() {
    for (habits, foreign) in [
        (vec![], Outcome::OwnedByOther { owner: None }),
        (vec![Habit::TellsNumbers], Outcome::refused("30098")),
        (vec![Habit::RefusesWhole], Outcome::OwnedByOther { owner: None }),
        (vec![Habit::ForeignExists], Outcome::OwnedByOther { owner: None }),
    ] {
        let (emulator, client) = start().await;
        emulator.provider().habits.clone_from(&habits);
        emulator.provider().add_foreign(mac(OUI, 2), &serial(2));
        emulator.provider().add_by_hand(mac(OUI, 3), &serial(3));
        let mut entries = devices(1..9);
        entries[3].serial = Some("20EZOTHER".to_owned());
        entries[4].serial = None;
        entries[5] = to(6, "tel:hidden", "hidden");
        entries[6].target = Target::Profile("1".to_owned());
        let outcomes = client.register(&entries).await.unwrap();
        let expected = [
            Outcome::Done,
            foreign,
            Outcome::Done,
            Outcome::InvalidSerial,
            Outcome::MissingSerial,
            Outcome::InvalidAddress,
            Outcome::InvalidProfile,
            Outcome::Done,
        ];
        assert_eq!(outcomes, expected, "{habits:?}");
        let have = |n| told(&emulator, n).is_some();
        assert_eq!((1..9).filter(|n| have(*n)).collect::<Vec<_>>(), [1, 3, 8], "{habits:?}");
    }
}

#[tokio::test]
async fn what_exists_and_cannot_be_looked_up_stays_in_doubt() {
    let (emulator, client) = start().await;
    emulator.provider().add_by_hand(mac(OUI, 1), &serial(1));
    emulator.fail_next("/v1.0.0/device/list", Fault::LostAnswer);
    assert_eq!(client.register(&devices(1..3)).await, Ok(vec![Outcome::Uncertain, Outcome::Uncertain]));
    assert_eq!(client.register(&devices(1..3)).await, Ok(vec![Outcome::Done, Outcome::Done]));
}

#[tokio::test]
async fn absent_is_gone_however_it_is_told() {
    let (emulator, client) = start().await;
    client.register(&devices(1..3)).await.unwrap();
    emulator.provider().habits = vec![Habit::RemovesAllOrNone];
    let outcomes = client.unregister(&devices(0..3)).await.unwrap();
    assert_eq!(outcomes.iter().map(Outcome::code).collect::<Vec<_>>(), ["done", "refused", "refused"]);
    assert_eq!(client.unregister(&devices(1..3)).await, Ok(vec![Outcome::Done; 2]));
    emulator.provider().habits = vec![Habit::NoRemoval];
    assert_eq!(client.unregister(&devices(0..1)).await.unwrap_err().code(), "refused");
}

#[tokio::test]
async fn all_pages_are_read() {
    for habits in [vec![], vec![Habit::LooseShapes]] {
        let (emulator, client) = start().await;
        emulator.provider().habits = habits;
        client.register(&devices(0..7)).await.unwrap();
        emulator.provider().page_max = 3;
        let (mut found, mut cursor, mut pages) = (Vec::new(), None, 0);
        loop {
            let page = client.list(cursor.as_deref()).await.unwrap();
            found.extend(page.items.into_iter().map(|item| item.mac));
            (cursor, pages) = (page.next, pages + 1);
            if cursor.is_none() {
                break;
            }
        }
        assert_eq!((found, pages), ((0..7).map(|n| mac(OUI, n)).collect(), 3));
        assert!(matches!(client.look_up(&device(6)).await, Ok(Standing::Ours(_))));
        assert_eq!(client.look_up(&device(8)).await, Ok(Standing::NotVisible));
    }
    let (_emulator, client) = start().await;
    assert_eq!(client.list(Some("x")).await.unwrap_err().code(), "refused");
}

#[tokio::test]
async fn an_ended_token_is_renewed_once() {
    for habits in [vec![], vec![Habit::TellsTokenInFrame]] {
        let (emulator, client) = start().await;
        emulator.provider().habits = habits;
        client.verify().await.unwrap();
        emulator.provider().end_tokens();
        assert_eq!(client.register(&[device(1)]).await, Ok(vec![Outcome::Done]));
        assert_eq!(count(&emulator, "oauth/token"), 2);
        emulator.skew(3700);
        // A token that a wrong clock has end at once: not a third time.
        let failure = client.look_up(&device(1)).await.unwrap_err();
        assert_eq!((failure.code(), count(&emulator, "oauth/token")), ("refused", 3), "{failure}");
    }
}

#[tokio::test]
async fn a_wrong_clock_is_told() {
    let (emulator, client) = start().await;
    emulator.skew(-600);
    let failure = client.verify().await.unwrap_err();
    assert!(failure.to_string().contains("timestamp"), "{failure}");
}

#[tokio::test]
async fn a_lost_answer_leaves_a_doubt_that_a_lookup_ends() {
    for fault in [Fault::LostAnswer, Fault::Malformed] {
        let (emulator, client) = start().await;
        client.look_up(&device(1)).await.unwrap();
        emulator.forget_calls();
        emulator.fail_next("/v1.0.0/device/add", fault);
        let failure = client.register(&devices(1..3)).await.unwrap_err();
        assert!(failure.leaves_doubt(), "{failure:?}");
        assert_eq!(emulator.count(), 1, "a write is sent once");
        assert_eq!(client.look_up(&device(1)).await, Ok(ours(mac(OUI, 1))));
        assert_eq!(client.retarget(&devices(1..3)).await, Ok(vec![Outcome::Done; 2]));

        emulator.fail_next("/v1.0.0/device/config", fault);
        assert_eq!(client.register(&devices(3..5)).await, Ok(vec![Outcome::Uncertain; 2]));
        assert_eq!(client.look_up(&device(4)).await, Ok(ours(mac(OUI, 4))));
    }
}

#[tokio::test]
async fn pauses_and_breakdowns_are_told() {
    let (emulator, client) = start().await;
    emulator.fail_next("/oauth", Fault::TooMany(Some(7)));
    let pause = Some(std::time::Duration::from_secs(7));
    assert_eq!(client.register(&[device(1)]).await, Err(Failure::RateLimited { pause }));
    emulator.fail_next("/oauth", Fault::Broken(500));
    assert_eq!(client.register(&[device(1)]).await, Err(Failure::Broken { status: 500 }));
    emulator.fail_next("/v1.0.0/site", Fault::Malformed);
    assert_eq!(client.register(&[device(1)]).await.unwrap_err().code(), "protocol");
    assert_eq!(client.register(&[device(1)]).await, Ok(vec![Outcome::Done]));
    emulator.fail_next("/v1.0.0/device/config", Fault::TooMany(None));
    assert_eq!(client.retarget(&[device(1)]).await, Err(Failure::RateLimited { pause: None }));
}

#[tokio::test]
async fn no_failure_tells_a_secret() {
    let (emulator, client) = start().await;
    let mut said = vec![format!("{:?}", device(1))];
    for path in ["/oauth", "/v1.0.0/org", "/v1.0.0/device/add"] {
        for fault in [Fault::LostAnswer, Fault::Malformed, Fault::Broken(500), Fault::TooMany(None)] {
            emulator.provider().end_tokens();
            emulator.fail_next(path, fault);
            let failure = open(Kind::GrandstreamGdms, &emulator, "", &ACCOUNT).register(&[device(1)]).await.unwrap_err();
            said.extend([failure.to_string(), format!("{failure:?}")]);
        }
    }
    said.push(format!("{:?}", client.register(&[to(2, "https://phones.example.com/", "hidden blank")]).await));
    assert!(said.iter().all(|said| !said.contains("hidden")), "{said:?}");
}
