//! Power cuts, and stops, while phones fetch for the first time and while people administer.

use std::collections::HashSet;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use domain::Chance as _;
use domain::chance::Seeded;
use phonesim::{Login, Outcome, Phone, Transcript};
use tokio::sync::{Mutex, Notify};
use tokio::task::JoinSet;
use tokio::time::sleep;

use crate::fleet::{import, mac};
use crate::house::{CUSTOMER, Given, House, OFFICE, is_full};

const PHONES: usize = 200;
const AT_ONCE: usize = 24;
const KILLS: usize = 10;
/// More boots than any phone needs, should every kill hit it.
const BOOTS_MAX: usize = 400;

/// What the phones tell the killer.
#[derive(Default)]
struct Progress {
    passes: AtomicUsize,
    more: Notify,
}

impl Progress {
    fn one_more(&self) {
        self.passes.fetch_add(1, Ordering::Relaxed);
        self.more.notify_one();
    }
}

/// A phone at the end, and every login that it was ever given.
struct Survivor {
    phone: Phone,
    logins: HashSet<String>,
}

#[tokio::test(flavor = "multi_thread")]
async fn kills_at_random_moments_leave_every_phone_with_exactly_one_login() {
    let seed = std::env::var("RINGFENCE_TEST_SEED").ok().map_or_else(|| u64::from(std::process::id()), |text| text.parse().unwrap());
    println!("RINGFENCE_TEST_SEED={seed}");
    let mut house = House::logging("info").await;
    import(&house, 0..PHONES).await;

    let progress = Arc::new(Progress::default());
    let queue = Arc::new(Mutex::new((0..PHONES).map(|number| house.phone(&mac(number), OFFICE, Some(&house.global))).collect::<Vec<_>>()));
    let mut running = JoinSet::new();
    for _ in 0..AT_ONCE {
        running.spawn(work(Arc::clone(&queue), Arc::clone(&progress)));
    }
    let hit = kill_often(&mut house, &progress, seed).await;
    let survivors: Vec<Survivor> = running.join_all().await.into_iter().flatten().collect();
    assert_eq!(survivors.len(), PHONES);
    println!("{hit} of {KILLS} kills hit while phones were fetching");
    assert!(hit >= KILLS / 2, "the kills came too late to prove anything: {hit}");

    check_survivors(&house, &survivors).await;
    house.cli(&["audit", "verify"]).await;
    let database = rusqlite::Connection::open(house.data().join("ringfence.db")).unwrap();
    let integrity: String = database.query_row("pragma integrity_check", [], |row| row.get(0)).unwrap();
    assert_eq!(integrity, "ok");
    house.close().await;
}

/// Kills and restarts the server, each time after a random number of passes and a random moment more. How often phones were still
/// fetching then.
async fn kill_often(house: &mut House, progress: &Progress, seed: u64) -> usize {
    let mut chance = Seeded::new(seed);
    let mut below = |bound: u64| {
        let mut bytes = [0; 8];
        chance.fill(&mut bytes);
        u64::from_le_bytes(bytes) % bound
    };
    // Each phone needs two passes; the last kill falls before the last of them.
    let share = (2 * PHONES / (KILLS + 1)) as u64;
    let mut hit = 0;
    for kill in 0..KILLS as u64 {
        let due = usize::try_from(kill * share + below(share) + 1).unwrap();
        while progress.passes.load(Ordering::Relaxed) < due {
            progress.more.notified().await;
        }
        sleep(Duration::from_micros(below(30_000))).await;
        let before = progress.passes.load(Ordering::Relaxed);
        hit += usize::from(before < 2 * PHONES);
        house.kill().await;
        house.serve().await;
    }
    hit
}

async fn work(queue: Arc<Mutex<Vec<Phone>>>, progress: Arc<Progress>) -> Vec<Survivor> {
    let mut done = Vec::new();
    loop {
        let Some(phone) = queue.lock().await.pop() else { return done };
        done.push(come_up(phone, &progress).await);
    }
}

/// Boots a phone until it came up twice: with what the redirect service told it, and with a login of its own.
async fn come_up(mut phone: Phone, progress: &Progress) -> Survivor {
    let mut logins = HashSet::new();
    let mut told = String::new();
    for _ in 0..BOOTS_MAX {
        let with_own = phone.server().is_some_and(|server| server.path.starts_with("/cfg/d/"));
        let mut transcript = Transcript::default();
        let outcome = phone.boot(&mut transcript).await;
        told += &transcript.to_string();
        match outcome {
            Outcome::Configured | Outcome::Unchanged => {
                logins.insert(phone.own_login().expect("a config carries a login").user);
                progress.one_more();
                if with_own {
                    return Survivor { phone, logins };
                }
            }
            // The server is down, or was while this phone asked.
            Outcome::NoAnswer | Outcome::ServerFailed => sleep(Duration::from_millis(50)).await,
            other => panic!("locked out: {other:?}\n{told}"),
        }
    }
    panic!("never came up:\n{told}");
}

async fn check_survivors(house: &House, survivors: &[Survivor]) {
    let all: HashSet<&String> = survivors.iter().flat_map(|survivor| &survivor.logins).collect();
    assert_eq!(all.len(), PHONES, "each phone was given one login, the same in every retry");
    let global: &Login = &house.global;
    for survivor in survivors {
        let (mac, own) = (survivor.phone.identity.mac.to_string(), Given::of_phone(&survivor.phone));
        let answer = house.follow(&own, &mac, OFFICE).await;
        assert!(is_full(&answer, &mac), "{mac}: its own login is refused: {}", answer.status);
        assert_eq!(Given::of(&answer), Some(own), "{mac}: it is given another login");
        let spent = house.front(&mac, OFFICE, Some(global)).await;
        assert_eq!(spent.status, 401, "{mac}: the global password works again");
    }
    for mac in [0, PHONES / 2, PHONES - 1].map(mac) {
        let shown = house.show(&mac).await;
        let state = (&shown["state"], &shown["login_state"], &shown["allow_global_password"]);
        assert_eq!(state, (&"successful".into(), &"confirmed".into(), &false.into()), "{shown}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_told_to_stop_amid_an_office_that_boots_leaves_nobody_behind() {
    let mut house = House::logging("info").await;
    import(&house, 0..PHONES).await;
    let progress = Arc::new(Progress::default());
    let queue = Arc::new(Mutex::new((0..PHONES).map(|number| house.phone(&mac(number), OFFICE, Some(&house.global))).collect::<Vec<_>>()));
    let mut running = JoinSet::new();
    for _ in 0..AT_ONCE {
        running.spawn(work(Arc::clone(&queue), Arc::clone(&progress)));
    }
    for due in [PHONES / 4, PHONES, PHONES + PHONES / 2] {
        while progress.passes.load(Ordering::Relaxed) < due {
            progress.more.notified().await;
        }
        house.stop().await;
        house.serve().await;
    }
    let survivors: Vec<Survivor> = running.join_all().await.into_iter().flatten().collect();
    assert_eq!(survivors.len(), PHONES);
    check_survivors(&house, &survivors).await;
    house.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_import_that_is_killed_is_stored_wholly_or_not_at_all() {
    const ROWS: usize = 2000;
    let house = House::logging("info").await;
    let rows = (0..ROWS).map(|number| format!("yealink,T46S,{},{CUSTOMER}", mac(number)));
    let text = ["vendor,type,mac,customer".to_owned()].into_iter().chain(rows).collect::<Vec<_>>().join("\n");
    let file = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(file.path(), text).unwrap();
    let arguments = ["import", file.path().to_str().unwrap()];
    let mut counts = Vec::new();
    // Later and later, until one comes to its end.
    for step in 1.. {
        let ended = house.run_and_kill(&arguments, Duration::from_millis(15) * step).await;
        let listed = house.cli(&["device", "list"]).await.as_array().map(Vec::len).unwrap();
        assert!(listed == 0 || listed == ROWS, "killed after {} ms: {listed} devices", 15 * step);
        counts.push(listed);
        if ended {
            break;
        }
    }
    println!("devices after each kill: {counts:?}");
    assert_eq!((counts.first(), counts.last()), (Some(&0), Some(&ROWS)));
    house.cli(&["audit", "verify"]).await;
    house.close().await;
}
