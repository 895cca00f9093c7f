//! Many phones with one MAC at the same moment, in two networks; and an admin between them.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use phonesim::{Answer, Identity, Request};
use tokio::sync::Barrier;
use tokio::task::JoinSet;

use crate::house::{Given, House, OFFICE, is_full, until};

const RACERS: usize = 64;
const ROUNDS: usize = 8;

fn source(network: usize, host: usize) -> String {
    format!("127.0.{network}.{}", host + 1)
}

#[tokio::test(flavor = "multi_thread")]
async fn of_64_simultaneous_first_fetches_one_network_gets_one_login() {
    let house = House::logging("info").await;
    let mut winners = BTreeSet::new();
    for round in 0..ROUNDS {
        let mac = format!("0015650ace{round:02x}");
        house.add(&mac).await;
        let answers = race(&house, &mac).await;
        let served: BTreeSet<usize> = answers.iter().filter(|(_, answer)| answer.status == 200).map(|(network, _)| *network).collect();
        assert_eq!(served.len(), 1, "round {round}: networks {served:?} were served");
        let winner = *served.first().unwrap();
        winners.insert(winner);
        let logins: Vec<Given> = answers.iter().filter_map(|(_, answer)| Given::of(answer)).collect();
        assert!(!logins.is_empty() && logins.iter().all(|given| *given == logins[0]), "round {round}: several logins");
        for (network, answer) in &answers {
            // The winning network may ask again only so often.
            let refused = answer.status == 401 && !answer.text().contains("line-secret");
            assert!(is_full(answer, &mac) || refused, "round {round}, network {network}: {} {}", answer.status, answer.text());
        }
        assert!(logins.len() <= 10, "round {round}: {} deliveries; the policy allows 10", logins.len());

        house.attention(&mac, "second_claimant").await;
        let loser = house.front(&mac, &source(1 - winner, 200), Some(&house.global)).await;
        assert_eq!(loser.status, 401, "round {round}");
        let taken_up = house.follow(&logins[0], &mac, &source(winner, 0)).await;
        assert!(is_full(&taken_up, &mac), "round {round}: {}", taken_up.status);
        let spent = house.front(&mac, &source(winner, 0), Some(&house.global)).await;
        assert_eq!(spent.status, 401, "round {round}");
    }
    println!("networks that won: {winners:?}");
    house.close().await;
}

/// All connect first; then all ask at once. Which network each is in, and what it was told.
async fn race(house: &House, mac: &str) -> Vec<(usize, Answer)> {
    let start = Arc::new(Barrier::new(RACERS));
    let server = house.address("/cfg");
    let agent = Identity::yealink_t46s(mac.parse().unwrap()).user_agent();
    let mut racers = JoinSet::new();
    for racer in 0..RACERS {
        let (network, host) = (racer % 2, racer / 2);
        let (client, server, start) = (house.client(&source(network, host)), server.clone(), Arc::clone(&start));
        let request = Request::get(&format!("/cfg/{mac}.cfg")).header("User-Agent", &agent);
        let request = request.basic(&house.global.user, house.global.password.expose());
        racers.spawn(async move {
            let mut connection = client.connect(&server).await.unwrap();
            start.wait().await;
            (network, connection.send(request).await.unwrap())
        });
    }
    let answers = racers.join_all().await;
    for (_, answer) in &answers {
        house.keep_answer(answer);
    }
    answers
}

/// Phones that ask without a pause.
const HAMMERS: usize = 8;

#[tokio::test(flavor = "multi_thread")]
async fn no_request_sent_after_a_reset_is_served_by_a_login_from_before_it() {
    let house = Arc::new(House::logging("info").await);
    let mac = "0015650beef0";
    house.add(mac).await;
    for round in 0..5 {
        let given = house.live(&mut house.phone(mac, OFFICE, Some(&house.global))).await;
        let (is_reset, ends) = (Arc::new(AtomicBool::new(false)), Arc::new(AtomicBool::new(false)));
        let (served, refused) = (Arc::new(AtomicUsize::new(0)), Arc::new(AtomicUsize::new(0)));
        let mut hammers = JoinSet::new();
        for _ in 0..HAMMERS {
            let (house, given) = (Arc::clone(&house), given.clone());
            let (is_reset, ends, served, refused) = (Arc::clone(&is_reset), Arc::clone(&ends), Arc::clone(&served), Arc::clone(&refused));
            hammers.spawn(async move {
                while !ends.load(Ordering::SeqCst) {
                    let after = is_reset.load(Ordering::SeqCst);
                    let answer = house.follow(&given, mac, OFFICE).await;
                    match answer.status {
                        200 => assert!(!after, "round {round}: served after the reset"),
                        401 => {}
                        other => panic!("round {round}: {other}"),
                    }
                    let count = if answer.status == 200 { &served } else { &refused };
                    count.fetch_add(1, Ordering::SeqCst);
                }
            });
        }
        until("all are at it", async || served.load(Ordering::SeqCst) > 2 * HAMMERS).await;
        house.cli(&["device", "reset", mac]).await;
        is_reset.store(true, Ordering::SeqCst);
        let before = refused.load(Ordering::SeqCst);
        until("all were refused", async || refused.load(Ordering::SeqCst) > before + 2 * HAMMERS).await;
        ends.store(true, Ordering::SeqCst);
        hammers.join_all().await;
    }
    Arc::into_inner(house).expect("all hammers have ended").close().await;
}
